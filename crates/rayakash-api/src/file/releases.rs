//! Which Ray and Python there are. A file that names another is refused before anything is spent on it.

/// The releases of Ray from the first with token authentication to the newest that the program was tested with, sorted.
pub(crate) const RAY: [&str; 15] = [
    "2.52.0", "2.52.1", "2.53.0", "2.54.0", "2.54.1", "2.55.0", "2.55.1", "2.56.0", "2.56.1", "2.57.0",
    "2.57.1", "2.58.0", "2.58.1", "2.59.0", "2.60.0",
];

/// The Python versions that those releases have images for.
pub(crate) const PYTHON: [&str; 4] = ["3.10", "3.11", "3.12", "3.13"];

/// A release as numbers.
fn numbers(text: &str) -> Option<[u32; 3]> {
    let parts: Vec<u32> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

/// Why a text names no release that can be used; none when it does.
pub(crate) fn refuse_ray(version: &str) -> Option<(String, String)> {
    if RAY.contains(&version) {
        return None;
    }
    let (first, last) = (RAY.first().copied().unwrap_or_default(), RAY.last().copied().unwrap_or_default());
    if matches!(version, "latest" | "nightly" | "master") {
        return Some((
            format!("`{version}` moves: it is another Ray tomorrow"),
            format!("write a release, such as `{last}`"),
        ));
    }
    let Some([major, minor, patch]) = numbers(version) else {
        return Some((
            format!("`{version}` is not a release of Ray"),
            format!("a release has three numbers, such as `{last}`"),
        ));
    };
    if numbers(first).is_some_and(|first| [major, minor, patch] < first) {
        let why = format!(
            "Ray before {first} has no token authentication, and its dashboard would run anybody's code"
        );
        return Some((format!("Ray {version} is too old"), why));
    }
    let line = format!("{major}.{minor}.");
    let same: Vec<_> = RAY
        .iter()
        .filter(|release| release.starts_with(&line))
        .map(|release| format!("`{release}`"))
        .collect();
    let help = match same.as_slice() {
        [] => format!("known are {first} to {last}"),
        some => format!("of that line there is {}", some.join(", ")),
    };
    Some((format!("there is no Ray {version}"), help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_the_default() {
        assert!(RAY.is_sorted_by_key(|release| numbers(release).unwrap()));
        assert!(RAY.contains(&rayakash_core::spec::RAY_VERSION));
        assert!(PYTHON.contains(&rayakash_core::spec::RAY_PYTHON));
    }

    #[test]
    fn what_does_not_exist_is_told_with_what_does() {
        let table = [
            ("2.60.0", None),
            ("2.60.9", Some(("there is no Ray 2.60.9", "of that line there is `2.60.0`"))),
            ("9.9.9", Some(("there is no Ray 9.9.9", "known are 2.52.0 to 2.60.0"))),
            (
                "latest",
                Some(("`latest` moves: it is another Ray tomorrow", "write a release, such as `2.60.0`")),
            ),
            (
                "2.60",
                Some(("`2.60` is not a release of Ray", "a release has three numbers, such as `2.60.0`")),
            ),
            (
                "v2.60.0",
                Some(("`v2.60.0` is not a release of Ray", "a release has three numbers, such as `2.60.0`")),
            ),
        ];
        for (version, expected) in table {
            let refused = refuse_ray(version);
            let refused = refused.as_ref().map(|(message, help)| (message.as_str(), help.as_str()));
            assert_eq!(refused, expected, "{version}");
        }
        assert!(refuse_ray("2.51.2").unwrap().0.contains("too old"));
    }
}
