//! Which reading of the grammar a document asks for.

use crate::quantity;
use crate::sdl::Version;
use crate::yaml::Value;

/// The first `version` decides, wherever it stands; a second is not looked at.
pub(super) fn of(top: Value<'_>) -> Version {
    let pairs = top.bare_pairs(false);
    // Akash looks for the word among keys and values alike, an alias of that name included.
    if let Some((_, value)) = pairs
        .iter()
        .take_while(|(key, _)| *key != "version")
        .find(|(_, value)| value.raw() == "version" || value.alias() == Some("version"))
    {
        value.refuse("nothing but the key may be called `version`");
    }
    let Some((_, value)) = pairs.into_iter().find(|(key, _)| *key == "version") else {
        top.refuse("`version` is missing; write `version: \"2.0\"`");
        return Version::default();
    };
    if value.alias().is_some() {
        value.refuse("`version` cannot be an alias; write `version: \"2.0\"`");
    }
    value.check(parse(value.raw()))
}

/// A semantic version, read with patience: blanks, a `v`, leading zeros and missing parts do not matter.
fn parse(text: &str) -> Result<Version, String> {
    let bad = || format!("version `{text}` is not supported; write \"2.0\" or \"2.1\"");
    let plain = text.trim();
    let plain = plain.strip_prefix('v').unwrap_or(plain);
    let parts: Vec<&str> = plain.splitn(3, '.').collect();
    // What is added to a version needs all its parts.
    let (patch, early) = match parts.get(2) {
        Some(last) => addition(last).ok_or_else(bad)?,
        None => ("0", false),
    };
    let number = |part: Option<&&str>| part.map_or(Some(0), |part| quantity::digits(part));
    let numbers = (number(parts.first()), number(parts.get(1)), quantity::digits(patch));
    let (Some(major), Some(minor), Some(patch)) = numbers else { return Err(bad()) };
    match (major, minor, patch) {
        (2, 0, 0) if !early => Ok(Version::V2_0),
        newer if newer > (2, 1, 0) || (newer == (2, 1, 0) && !early) => Ok(Version::V2_1),
        _ => Err(bad()),
    }
}

/// The patch number, and whether it is marked as early (`-rc1`); what was built (`+x`) does not matter.
fn addition(text: &str) -> Option<(&str, bool)> {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (patch, early) = text.split_once('-').map_or((text, None), |(patch, early)| (patch, Some(early)));
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let number = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    let early_word = |part: &str| word(part) && !(number(part) && part.len() > 1 && part.starts_with('0'));
    let fine = build.is_none_or(|build| build.split('.').all(word))
        && early.is_none_or(|early| early.split('.').all(early_word));
    fine.then_some((patch, early.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_go_reads_them() {
        for text in ["2.0", "2", "2.0.0", "v2.0", " 2.0 ", "02.00", "2.0.0+x", "2.0.0+x-y"] {
            assert_eq!(parse(text), Ok(Version::V2_0), "{text}");
        }
        for text in ["2.1", "2.1.7", "2.2", "3", "20", "2.2.0-rc1", "2.1.1-0"] {
            assert_eq!(parse(text), Ok(Version::V2_1), "{text}");
        }
        for bad in [
            "",
            "1.5",
            "2.0.1",
            "2.0-beta",
            "2.1-0",
            "2.1.",
            "V2.0",
            "2.0.0-0",
            "2.1.0-rc1",
            "abc",
            "2.2.0-01",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
