//! Times as people write and read them.

use std::time::Duration;

/// `500ms`, `45s`, `10m`, `1h30m`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    rayakash_api::file::duration_ms(text)
        .map(Duration::from_millis)
        .ok_or_else(|| "a time such as `45s` or `10m`".to_owned())
}

/// Seconds in at most two units: `45s`, `3m20s`, `6h5m`, `2d1h`.
pub(crate) fn short(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |big: u64, unit: &str, small: u64, small_unit: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{small_unit}") }
    };
    match (days, hours, minutes) {
        (1.., _, _) => two(days, "d", hours % 24, "h"),
        (0, 1.., _) => two(hours, "h", minutes % 60, "m"),
        (0, 0, 1..) => two(minutes, "m", seconds % 60, "s"),
        (0, 0, 0) => format!("{seconds}s"),
    }
}

/// Elapsed time with tenths: `3.2s`.
pub(crate) fn tenths(elapsed: Duration) -> String {
    format!("{}.{}s", elapsed.as_secs(), elapsed.subsec_millis() / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let table = [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (200, "3m20s"),
            (3600, "1h"),
            (21_900, "6h5m"),
            (176_400, "2d1h"),
        ];
        for (seconds, text) in table {
            assert_eq!(short(seconds), text);
        }
        assert_eq!(tenths(Duration::from_millis(3_270)), "3.2s");
        assert_eq!(parse("1h30m"), Ok(Duration::from_secs(5400)));
        assert!(parse("5").is_err());
    }
}
