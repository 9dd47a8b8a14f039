//! Durations as Go writes them: `24h`, `1h30m`, `300ms`.

use std::time::Duration;

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration above zero.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut nanos: u64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let scale = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        nanos = nanos.checked_add(part(number, scale)?)?;
        rest = tail;
    }
    (nanos > 0 && i64::try_from(nanos).is_ok()).then_some(Duration::from_nanos(nanos))
}

fn part(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // Eighteen digits are finer than a nanosecond of any unit.
    let digits = format!("{:0<18}", fraction.get(..fraction.len().min(18))?);
    let share = u128::from(scale).checked_mul(digits.parse().ok()?)? / 1_000_000_000_000_000_000;
    whole.checked_mul(scale)?.checked_add(u64::try_from(share).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, millis) in
            [("24h", 86_400_000), ("1h30m", 5_400_000), ("300ms", 300), ("+1.5s", 1500), (".5s", 500)]
        {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "0", "0s", "-1h", "1d", "60", "1", "h", "1..5h", "+"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
