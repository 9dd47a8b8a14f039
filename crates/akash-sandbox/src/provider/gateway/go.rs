//! Numbers and truth values as Go's `strconv` reads them, with its error texts.

/// An unsigned number of at most `max`.
pub(super) fn unsigned(text: &str, max: u64) -> Result<u64, String> {
    let refused = |why: &str| format!("strconv.ParseUint: parsing {text:?}: {why}");
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refused("invalid syntax"));
    }
    text.parse().ok().filter(|number| *number <= max).ok_or_else(|| refused("value out of range"))
}

/// A truth value.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_gos() {
        for (text, wanted) in [
            ("7", Ok(7)),
            ("0", Ok(0)),
            ("abc", Err("strconv.ParseUint: parsing \"abc\": invalid syntax")),
            ("-1", Err("strconv.ParseUint: parsing \"-1\": invalid syntax")),
            ("99999999999", Err("strconv.ParseUint: parsing \"99999999999\": value out of range")),
        ] {
            assert_eq!(unsigned(text, u64::from(u32::MAX)), wanted.map_err(str::to_owned), "{text}");
        }
        assert_eq!(boolean("T"), Ok(true));
        assert_eq!(boolean("maybe").unwrap_err(), "strconv.ParseBool: parsing \"maybe\": invalid syntax");
    }
}
