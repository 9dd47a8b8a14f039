//! Sizes and numbers as people write them, and back. Integers only.

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) bytes: u64,
    /// Whether Akash and the cluster file read the text in the same way.
    pub(super) proper: bool,
}

const UNITS: [&str; 6] = ["k", "m", "g", "t", "p", "e"];

/// `10Gi`, `10Gb`, `10 GB`, `10gib`, `10737418240`. A `b` at the end means nothing, an `i` binary.
pub(super) fn size(text: &str) -> Option<Size> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let bare = unit.trim().to_ascii_lowercase();
    let bare = bare.strip_suffix('b').unwrap_or(&bare);
    let (letter, base) = bare.strip_suffix('i').map_or((bare, 1000_u128), |letter| (letter, 1024));
    let power = match UNITS.iter().position(|unit| *unit == letter) {
        Some(at) => u32::try_from(at).ok()?.checked_add(1)?,
        None if letter.is_empty() && base == 1000 => 0,
        None => return None,
    };
    let bytes = scaled(number, base.checked_pow(power)?)?;
    let proper = crate::file::bytes(text).is_some_and(|read| u128::from(read) == bytes);
    Some(Size { bytes: u64::try_from(bytes).unwrap_or(u64::MAX), proper })
}

/// Thousandths of a core: `2`, `0.5`, `500m`.
pub(super) fn millis(text: &str) -> Option<u64> {
    let text = text.trim();
    let millis = text.strip_suffix('m').map_or_else(|| scaled(text, 1000), |number| scaled(number, 1))?;
    Some(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// A decimal number times `unit`, rounded up.
pub(super) fn scaled(text: &str, unit: u128) -> Option<u128> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !number(whole) || !number(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    Some(digits.checked_mul(unit)?.div_ceil(scale))
}

/// A count: a number from 0, whole.
pub(super) fn count(text: &str) -> Option<u32> {
    let text = text.trim();
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

/// A number of bytes as the cluster file has it, in the unit that makes it shortest.
pub(super) fn written(bytes: u64) -> String {
    let units = [
        (1_u64 << 40, "Ti"),
        (1 << 30, "Gi"),
        (1 << 20, "Mi"),
        (1 << 10, "Ki"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1000, "k"),
        (1, ""),
    ];
    let fits = units.iter().filter(|(unit, _)| bytes.is_multiple_of(*unit));
    let texts = fits.map(|(unit, name)| format!("{}{name}", bytes / unit));
    texts.min_by_key(String::len).unwrap_or_else(|| bytes.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let table = [
            ("10Gi", Some((10 << 30, true))),
            ("10G", Some((10_000_000_000, true))),
            ("10Gb", Some((10_000_000_000, false))),
            ("10 GB", Some((10_000_000_000, false))),
            ("1020Gb", Some((1_020_000_000_000, false))),
            ("4gib", Some((4 << 30, false))),
            ("4gi", Some((4 << 30, false))),
            ("1.5Gi", Some((3 << 29, true))),
            ("512M", Some((512_000_000, true))),
            ("1073741824", Some((1 << 30, true))),
            ("16b", Some((16, false))),
            ("99999999Ei", Some((u64::MAX, false))),
            ("", None),
            ("Gi", None),
            ("i", None),
            ("10Xi", None),
            ("-1Gi", None),
            ("1.2.3", None),
            ("lots", None),
            ("1ü", None),
        ];
        for (text, expected) in table {
            assert_eq!(size(text).map(|size| (size.bytes, size.proper)), expected, "{text}");
        }
    }

    #[test]
    fn cores() {
        let table = [("2", Some(2000)), ("0.5", Some(500)), ("500m", Some(500)), ("1.0001", Some(1001))];
        for (text, expected) in
            table.into_iter().chain([("", None), ("m", None), ("-1", None), ("1e3", None)])
        {
            assert_eq!(millis(text), expected, "{text}");
        }
    }

    #[test]
    fn the_shortest_text_is_written_and_reads_back() {
        let table = [
            (10 << 30, "10Gi"),
            (10_000_000_000, "10G"),
            (1_020_000_000_000, "1020G"),
            (3 << 29, "1536Mi"),
            (1 << 40, "1Ti"),
            (1001, "1001"),
        ];
        for (bytes, expected) in table {
            assert_eq!(written(bytes), expected);
            assert_eq!(crate::file::bytes(expected), Some(bytes));
        }
    }
}
