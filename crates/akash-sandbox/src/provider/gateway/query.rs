//! Queries as Go reads them.

use std::collections::BTreeMap;

/// The first value of each name. A part with a raw `;` in it vanishes.
pub(super) fn read(query: Option<&str>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for part in query.unwrap_or_default().split('&').filter(|part| !part.contains(';')) {
        for (name, value) in form_urlencoded::parse(part.as_bytes()) {
            all.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_semicolon_takes_its_part_with_it_and_the_first_value_counts() {
        let read = read(Some("cmd0=sh&cmd1=-c&cmd2=echo;id&cmd3=a%3Bb&cmd0=x&tty"));
        let pair = |(n, v): (&str, &str)| (n.to_owned(), v.to_owned());
        assert_eq!(read, [("cmd0", "sh"), ("cmd1", "-c"), ("cmd3", "a;b"), ("tty", "")].map(pair).into());
    }
}
