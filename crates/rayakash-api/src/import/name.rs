//! Names of clusters and node types out of names that others allow.

use crate::secret_looking::shows_secret;
use rayakash_core::spec::TypeName;
use std::collections::BTreeSet;

/// The longest name.
const MOST: usize = 40;

/// The nearest name that a cluster or a node type can have; none when nothing of it remains.
pub(super) fn nearest(text: &str) -> Option<String> {
    join(words(text).iter().map(String::as_str))
}

/// The name of a node type, without the `ray` and the `default` that say nothing here.
pub(super) fn node_type(text: &str) -> String {
    let words = words(text);
    let telling = words.iter().map(String::as_str).filter(|word| !matches!(*word, "ray" | "default"));
    join(telling).or_else(|| nearest(text)).unwrap_or_else(|| "node".to_owned())
}

/// A name that is not taken, and takes it.
pub(super) fn free(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2_u32..).map(|number| {
        let suffix = format!("-{number}");
        let stem: String = wanted.chars().take(MOST.saturating_sub(suffix.len())).collect();
        format!("{}{suffix}", stem.trim_end_matches('-'))
    });
    let name = std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !taken.contains(name));
    let name = name.unwrap_or_else(|| wanted.to_owned());
    taken.insert(name.clone());
    name
}

fn words(text: &str) -> Vec<String> {
    // A name that goes on over the lines below it may hold what they say.
    if shows_secret(text) {
        return Vec::new();
    }
    let lower = text.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> Option<String> {
    let all = words.collect::<Vec<_>>().join("-");
    let from_letter = all.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let cut: String = from_letter.chars().take(MOST).collect();
    let name = cut.trim_end_matches('-');
    name.parse::<TypeName>().is_ok().then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_nearest_that_can_be() {
        let table = [
            ("ray.head.default", "head"),
            ("ray_worker_default", "worker"),
            ("ray-worker2", "worker2"),
            ("ray.worker.gpu", "worker-gpu"),
            ("GPU Node", "gpu-node"),
            ("8xh100", "xh100"),
            ("ray", "ray"),
            ("ünï", "n"),
            ("---", "node"),
            ("", "node"),
        ];
        for (text, expected) in table {
            assert_eq!(node_type(text), expected, "{text}");
        }
        assert_eq!(node_type(&"a".repeat(99)).len(), MOST);
        assert_eq!(nearest("My_Cluster.1"), Some("my-cluster-1".to_owned()));
        assert_eq!(nearest("77"), None);
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let mut taken = BTreeSet::new();
        let names: Vec<_> = (0..3).map(|_| free("worker", &mut taken)).collect();
        assert_eq!(names, ["worker", "worker-2", "worker-3"]);
        let long = "a".repeat(MOST);
        assert_eq!(free(&long, &mut taken), long);
        assert_eq!(free(&long, &mut taken), format!("{}-2", "a".repeat(MOST - 2)));
    }
}
