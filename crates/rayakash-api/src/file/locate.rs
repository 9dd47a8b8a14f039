//! Where in a text a key or a value stands.
//!
//! The YAML reader tells positions only in its errors. So the text is read once more along the path, and at its end the reading
//! fails on purpose. That is exact in every style of YAML, for aliases and quotes too; mistakes are rare enough to pay for it.

use super::problems::{Path, Step};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What of a mapping's entry is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Its key.
    Key,
    /// Its value.
    Value,
}

/// The byte where the path's end stands, or the nearest thing above it that is in the text.
pub(super) fn offset(text: &str, path: &Path, place: Place) -> usize {
    let mut steps = path.steps();
    let mut place = place;
    loop {
        let walk = Walk { steps, place };
        let failed = walk.deserialize(serde_yaml::Deserializer::from_str(text)).err();
        if let Some(place) = failed.and_then(|error| error.location()) {
            return place.index();
        }
        let Some((_, above)) = steps.split_last() else { return 0 };
        steps = above;
        place = Place::Key;
    }
}

/// Follows the steps and fails where they end.
#[derive(Clone, Copy)]
struct Walk<'a> {
    steps: &'a [Step],
    place: Place,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.steps {
            [] => deserializer.deserialize_any(Here),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the way goes on")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let [Step::Key(wanted), rest @ ..] = self.steps else { return Err(A::Error::custom("here")) };
        let fails = rest.is_empty() && self.place == Place::Key;
        while let Some(found) = map.next_key_seed(KeyIs { wanted, fails })? {
            if found {
                map.next_value_seed(Walk { steps: rest, place: self.place })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let [Step::Item(wanted), rest @ ..] = self.steps else { return Err(A::Error::custom("here")) };
        for _ in 0..*wanted {
            seq.next_element::<IgnoredAny>()?;
        }
        seq.next_element_seed(Walk { steps: rest, place: self.place })?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Whether a key is the wanted one; fails on it when that is the end.
struct KeyIs<'a> {
    wanted: &'a str,
    fails: bool,
}

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        match key == self.wanted {
            true if self.fails => Err(E::custom("here")),
            same => Ok(same),
        }
    }
}

/// Fails on whatever there is: a visitor refuses what it does not know.
struct Here;

impl Visitor<'_> for Here {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Ünïcödé: a comment
top: \"ü\" # 1
block:
  inner:
    - one
    - two: x
  \"quoted key\":   'v'
flow: { a: [ 1, {b: 2} ], c: &anchor { d: 4 } }
alias: *anchor
";

    #[track_caller]
    fn check(path: &Path, place: Place, expected: &str) {
        let at = offset(TEXT, path, place);
        let rest = &TEXT[at..];
        assert!(rest.starts_with(expected), "{path}: {:?} instead of {expected:?}", rest.lines().next());
    }

    #[test]
    fn keys_and_values_are_found_in_every_style() {
        let root = Path::root();
        check(&root.key("top"), Place::Key, "top: \"ü\"");
        check(&root.key("top"), Place::Value, "\"ü\" #");
        check(&root.key("block").key("inner"), Place::Key, "inner:");
        check(&root.key("block").key("inner").item(0), Place::Value, "one");
        check(&root.key("block").key("inner").item(1).key("two"), Place::Value, "x\n");
        check(&root.key("block").key("quoted key"), Place::Key, "\"quoted key\"");
        check(&root.key("block").key("quoted key"), Place::Value, "'v'");
        check(&root.key("flow"), Place::Value, "{ a:");
        check(&root.key("flow").key("a").item(1).key("b"), Place::Value, "2}");
        check(&root.key("flow").key("a").item(1).key("b"), Place::Key, "b: 2");
    }

    #[test]
    fn what_an_alias_names_is_found_where_it_is_written() {
        check(&Path::root().key("alias").key("d"), Place::Value, "4 }");
    }

    #[test]
    fn what_is_not_there_is_found_at_the_nearest_above() {
        check(&Path::root().key("flow").key("c").key("missing"), Place::Value, "c: &anchor");
        check(&Path::root().key("missing"), Place::Key, "top: \"ü\"");
        check(&Path::root().key("block").key("inner").item(7), Place::Value, "inner:");
    }
}
