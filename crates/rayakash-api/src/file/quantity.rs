//! Sizes, times and amounts, as people write them. Integers only.

use super::problems::Refusal;

/// Powers, largest first, so that `Mi` is not read as `M`.
const SIZES: [(&str, u128); 12] = [
    ("Ei", 1 << 60),
    ("Pi", 1 << 50),
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
    ("E", 1_000_000_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("T", 1_000_000_000_000),
    ("G", 1_000_000_000),
    ("M", 1_000_000),
    ("k", 1_000),
];

/// Milliseconds, longest suffix first.
const TIMES: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// The most that an amount may be: a number with more digits could have been rounded by the YAML reader.
const MOST_USD: u128 = 100_000_000;

/// A number of bytes: `1073741824`, `512Mi`, `1.5Gi`, `2G`.
pub(super) fn bytes(text: &str) -> Result<u64, Refusal> {
    let refuse = || Refusal::new(format!("`{text}` is no size")).help(size_help(text));
    let trimmed = text.trim();
    let (number, unit) = SIZES
        .iter()
        .find_map(|(suffix, unit)| trimmed.strip_suffix(suffix).map(|number| (number, *unit)))
        .unwrap_or((trimmed, 1));
    let (digits, places) = decimal(number.trim_end()).ok_or_else(refuse)?;
    let scale = 10_u128.checked_pow(places).ok_or_else(refuse)?;
    let scaled = digits.checked_mul(unit).ok_or_else(refuse)?;
    if scaled % scale != 0 {
        return Err(Refusal::new(format!("`{text}` is no whole number of bytes")).help("use a smaller unit"));
    }
    // What does not fit is above every limit, and is told as such.
    Ok(u64::try_from(scaled / scale).unwrap_or(u64::MAX))
}

/// What was probably meant by `10TB`.
fn size_help(text: &str) -> String {
    let bare = text.trim().trim_end_matches(['b', 'B']).trim_end_matches(['i', 'I']);
    let number = bare.trim_end_matches(|c: char| c.is_alphabetic()).trim();
    let unit = bare.chars().last().filter(|c| "kmgtpeKMGTPE".contains(*c)).map(|c| c.to_ascii_uppercase());
    match (decimal(number), unit) {
        (Some(_), Some(unit)) => format!("did you mean `{number}{unit}i`?"),
        _ => "write bytes, or a number with Ki, Mi, Gi or Ti, such as `4Gi`".to_owned(),
    }
}

/// Milliseconds: `500ms`, `45s`, `10m`, `1h30m`, `2d`.
pub(super) fn millis(text: &str) -> Result<u64, Refusal> {
    let refuse = || {
        let bare = text.trim().parse::<u64>().ok();
        let help = bare.map_or_else(
            || "such as `45s`, `10m` or `6h`".to_owned(),
            |number| format!("with a unit: `{number}s`"),
        );
        Refusal::new(format!("`{text}` is no time")).help(help)
    };
    let mut rest = text.trim();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(refuse)?;
        let (number, tail) = rest.split_at(digits);
        let (unit, tail) = TIMES
            .iter()
            .find_map(|(suffix, unit)| tail.strip_prefix(suffix).map(|tail| (*unit, tail)))
            .ok_or_else(refuse)?;
        let part =
            number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(refuse)?;
        total = total.checked_add(part).ok_or_else(refuse)?;
        rest = tail;
    }
    if text.trim().is_empty() { Err(refuse()) } else { Ok(total) }
}

/// US dollars in uact, exactly: `0.50` is 500,000.
pub(super) fn usd(text: &str) -> Result<u128, Refusal> {
    let refuse = |help: &str| Refusal::new(format!("`{text}` is no amount in US dollars")).help(help);
    let plain = text.trim().trim_start_matches('$');
    let (digits, places) = decimal(plain).ok_or_else(|| refuse("such as `0.50`"))?;
    let missing = 6_u32.checked_sub(places).ok_or_else(|| refuse("six decimals are the finest"))?;
    let uact = 10_u128.checked_pow(missing).and_then(|scale| digits.checked_mul(scale));
    let most = MOST_USD.saturating_mul(1_000_000);
    uact.filter(|uact| *uact <= most).ok_or_else(|| refuse("a hundred million is the most"))
}

/// A number of bytes; none when the text is no size.
pub(crate) fn size(text: &str) -> Option<u64> {
    bytes(text).ok()
}

/// US dollars in uact, exactly; none when the text is no amount with at most six decimals.
pub fn usd_to_uact(text: &str) -> Option<u128> {
    usd(text).ok()
}

/// Milliseconds of a time such as `500ms`, `45s` or `1h30m`; none when the text is no time.
pub fn duration_ms(text: &str) -> Option<u64> {
    millis(text).ok()
}

/// The digits of a decimal number, and how many of them stand behind the point. Zeros at its end do not count.
fn decimal(text: &str) -> Option<(u128, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !number(whole) || !number(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, u32::try_from(fraction.len()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let table = [
            ("0", Ok(0)),
            ("1073741824", Ok(1 << 30)),
            ("512Mi", Ok(512 << 20)),
            ("2Gi", Ok(2 << 30)),
            ("1.5Gi", Ok(3 << 29)),
            ("10 Gi", Ok(10 << 30)),
            ("2G", Ok(2_000_000_000)),
            ("1.000000k", Ok(1000)),
            ("10Ti", Ok(10 << 40)),
            ("99999999Ei", Ok(u64::MAX)),
            ("10TB", Err("did you mean `10Ti`?")),
            ("4gb", Err("did you mean `4Gi`?")),
            ("4GiB", Err("did you mean `4Gi`?")),
            ("1.5", Err("use a smaller unit")),
            ("-1", Err("write bytes, or a number with Ki, Mi, Gi or Ti, such as `4Gi`")),
            ("lots", Err("write bytes, or a number with Ki, Mi, Gi or Ti, such as `4Gi`")),
            ("", Err("write bytes, or a number with Ki, Mi, Gi or Ti, such as `4Gi`")),
            ("1.Gi", Err("write bytes, or a number with Ki, Mi, Gi or Ti, such as `4Gi`")),
        ];
        for (text, expected) in table {
            assert_eq!(
                bytes(text).map_err(|refused| refused.help.unwrap()),
                expected.map_err(str::to_owned),
                "{text}"
            );
        }
    }

    #[test]
    fn times() {
        let table = [
            ("500ms", Some(500)),
            ("45s", Some(45_000)),
            ("10m", Some(600_000)),
            ("6h", Some(21_600_000)),
            ("1h30m", Some(5_400_000)),
            ("2d", Some(172_800_000)),
            ("45", None),
            ("", None),
            ("s", None),
            ("-5s", None),
            ("1.5h", None),
            ("99999999999999999d", None),
        ];
        for (text, expected) in table {
            assert_eq!(millis(text).ok(), expected, "{text}");
        }
        assert_eq!(millis("45").unwrap_err().help.unwrap(), "with a unit: `45s`");
    }

    #[test]
    fn amounts() {
        let table = [
            ("0.50", Some(500_000)),
            ("0.5", Some(500_000)),
            ("6", Some(6_000_000)),
            ("$10", Some(10_000_000)),
            ("0.000001", Some(1)),
            ("0.0000001", None),
            ("100000000", Some(100_000_000_000_000)),
            ("100000000.01", None),
            ("-1", None),
            ("1e3", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(usd_to_uact(text), expected, "{text}");
        }
    }
}
