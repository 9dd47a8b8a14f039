//! Amounts as SDL writes them.
#![expect(
    clippy::float_arithmetic,
    reason = "SDL defines sizes by IEEE doubles; every builder must make the same error"
)]

use akash_types::Dec;

const BINARY: [(&str, u64); 6] =
    [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40), ("Pi", 1 << 50), ("Ei", 1 << 60)];
const DECIMAL: [(&str, u64); 6] = [
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
];

/// Thousandths of a core: `500m`, or cores as a decimal number.
pub(crate) fn cpu(text: &str) -> Result<u32, String> {
    if let Some(millis) = text.strip_suffix('m') {
        return digits(millis).and_then(|n| u32::try_from(n).ok()).ok_or_else(|| {
            format!("`{text}` is no amount of processor: write whole thousandths of a core, such as `500m`")
        });
    }
    scaled(text, 1000)
        // Akash keeps the lower half.
        .and_then(|millis| u32::try_from(millis & u64::from(u32::MAX)).ok())
        .ok_or_else(|| format!("`{text}` is no amount of processor: write `500m` or `0.5`"))
}

/// Bytes, with any suffix.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    suffixed(text, &[BINARY, DECIMAL].concat()).ok_or_else(|| {
        format!("`{text}` is no size: write a number and one of Ki, Mi, Gi, Ti, such as `512Mi` (not `MB` or `gi`)")
    })
}

/// The memory of a graphics processor, in bytes.
pub(crate) fn gpu_memory(text: &str) -> Result<u64, String> {
    suffixed(text, &BINARY).ok_or_else(|| format!("`{text}` is no memory size of a GPU: write `80Gi`"))
}

/// Whole devices.
pub(crate) fn gpu_units(text: &str) -> Result<u64, String> {
    digits(text).ok_or_else(|| format!("`{text}` is no number of GPUs: write a whole number"))
}

/// A price: decimal text with at most 18 digits after the point.
pub(crate) fn price(text: &str) -> Result<Dec, String> {
    let bad = || format!("`{text}` is no price: write a decimal number such as `12.5`");
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(w, f)| (w, Some(f)));
    if fraction == Some("") || unsigned.starts_with('-') || (whole.is_empty() && unsigned.len() == text.len())
    {
        return Err(bad());
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let price: Dec = format!("{whole}.{}", fraction.unwrap_or("0")).parse().map_err(|_| bad())?;
    if price.is_zero() { Err("the price is zero".to_owned()) } else { Ok(price) }
}

/// A whole number in plain digits, without a sign.
pub(crate) fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn suffixed(text: &str, suffixes: &[(&str, u64)]) -> Option<u64> {
    let found = suffixes.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)));
    let (number, factor) = found.unwrap_or((text, 1));
    scaled(number, factor)
}

/// The number times the factor in double precision, then cut: exactly Akash's arithmetic, rounding errors included.
fn scaled(text: &str, factor: u64) -> Option<u64> {
    let number = float(text)?;
    let factor: f64 = factor.to_string().parse().ok()?;
    let value = (number * factor).trunc();
    if value < 0.0 {
        return None;
    }
    // From 2^63 on, what the processor of Akash's builders makes of it.
    if value.is_nan() || value >= 18_446_744_073_709_551_616.0 {
        return Some(1 << 63);
    }
    format!("{value:.0}").trim_start_matches('-').parse().ok()
}

/// A floating-point literal of Go: decimal with `_` between two digits, hexadecimal with a `p`, or a word.
pub(crate) fn float(text: &str) -> Option<f64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let size = match digits.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => Some(f64::INFINITY),
        "nan" => (digits.len() == text.len()).then_some(f64::NAN),
        lower => match lower.strip_prefix("0x") {
            Some(hex) => hexadecimal(hex),
            None => decimal(lower),
        },
    }?;
    Some(if negative { -size } else { size })
}

fn decimal(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    for (i, byte) in bytes.iter().enumerate() {
        let digit = |n: Option<usize>| n.and_then(|n| bytes.get(n)).is_some_and(u8::is_ascii_digit);
        let fine = match byte {
            b'0'..=b'9' | b'.' | b'e' => true,
            b'+' | b'-' => i > 0 && bytes.get(i - 1) == Some(&b'e'),
            b'_' => digit(i.checked_sub(1)) && digit(i.checked_add(1)),
            _ => false,
        };
        if !fine {
            return None;
        }
    }
    text.replace('_', "").parse().ok().filter(|value: &f64| value.is_finite())
}

/// `1.8p3` behind `0x`: digits of which 52 bits are exact, and a power of two.
fn hexadecimal(text: &str) -> Option<f64> {
    let text = text.strip_prefix('_').unwrap_or(text);
    if text.contains("__") || text.starts_with('_') {
        return None;
    }
    let (digits, power) = text.split_once('p')?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if [whole, fraction].iter().any(|part| part.starts_with('_') || part.ends_with('_')) {
        return None;
    }
    let digits = format!("{whole}{fraction}").replace('_', "");
    let fraction = fraction.replace('_', "");
    let unsigned = power.strip_prefix(['+', '-']).unwrap_or(power);
    let fine = digits.len() <= 13 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if !fine || unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mantissa: f64 = u64::from_str_radix(&digits, 16).ok()?.to_string().parse().ok()?;
    let power =
        power.parse::<i32>().ok()?.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    let value = mantissa * 2_f64.powi(power);
    (value.is_finite() && (value != 0.0 || mantissa == 0.0)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_cut_as_go_cuts_them() {
        let cpus: &[(&str, Option<u32>)] = &[
            ("500m", Some(500)),
            ("1.5", Some(1500)),
            ("1.001", Some(1000)),
            (".5", Some(500)),
            ("1e2", Some(100_000)),
            ("1_0", Some(10_000)),
            ("100.5m", None),
            ("-1", None),
            ("-5m", None),
            ("+5m", None),
            ("1k", None),
            ("", None),
            (" 1", None),
            ("0x10", None),
            ("0x1p4", Some(16_000)),
            ("0x1.8p1", Some(3_000)),
            ("4294968", Some(704)),
            ("Inf", Some(0)),
        ];
        for (text, wanted) in cpus {
            assert_eq!(cpu(text).ok(), *wanted, "{text}");
        }
        let sizes: &[(&str, Option<u64>)] = &[
            ("1Gi", Some(1 << 30)),
            ("0.1Gi", Some(107_374_182)),
            ("1e3Mi", Some(1_048_576_000)),
            ("1k", Some(1000)),
            ("1048576", Some(1_048_576)),
            ("1K", None),
            ("1GB", None),
            ("1gi", None),
            ("1 Gi", None),
            ("-1Gi", None),
        ];
        for (text, wanted) in sizes {
            assert_eq!(bytes(text).ok(), *wanted, "{text}");
        }
    }

    #[test]
    fn prices_are_decimals() {
        for (text, wanted) in
            [("1.50", "1.5"), ("001", "1"), ("+5", "5"), ("+.5", "0.5"), ("10000000", "10000000")]
        {
            assert_eq!(price(text).unwrap().to_string(), wanted, "{text}");
        }
        for bad in ["", "0", "0.0", "-1", ".5", "1000.", "1e3", "0x10", "1_000", "0.0000000000000000001", "+"]
        {
            assert!(price(bad).is_err(), "{bad}");
        }
    }
}
