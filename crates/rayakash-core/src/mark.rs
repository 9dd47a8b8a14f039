//! What a deployment is recognised by from the chain alone: the name of its group. It is public, and says nothing of the user's.

use std::fmt;

/// How a mark begins: the form, and the role. Today a cluster is one deployment, and that is its head's.
const HEAD: &str = "rk1-head-";

/// 80 bits that name one life of a cluster, from its first order to its end. Opaque; all deployments of that life bear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation(pub [u8; 10]);

/// The mark of one deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Which generation of its cluster it is.
    pub generation: u32,
    /// Which life of which cluster.
    pub operation: Operation,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Operation {
    /// From 20 lower-case hexadecimal digits; `None` for any other text.
    pub fn read(text: &str) -> Option<Self> {
        let digits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if text.len() != 20 || !text.chars().all(digits) {
            return None;
        }
        let mut bytes = [0; 10];
        for (place, byte) in bytes.iter_mut().enumerate() {
            let at = place.saturating_mul(2);
            *byte = u8::from_str_radix(text.get(at..at.saturating_add(2))?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// The name of the group, as it stands on chain: `rk1-head-2-00112233445566778899`.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEAD}{}-{}", self.generation, self.operation)
    }
}

impl Mark {
    /// The mark that the name of a group is; `None` for a name that is not exactly one, so that nothing of others is taken for ours.
    pub fn read(group: &str) -> Option<Self> {
        let (generation, operation) = group.strip_prefix(HEAD)?.split_once('-')?;
        let mark = Self { generation: generation.parse().ok()?, operation: Operation::read(operation)? };
        (mark.to_string() == group).then_some(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_is_written_and_nothing_else_is_one() {
        let operation = Operation([0, 1, 2, 3, 4, 5, 6, 7, 0xab, 0xff]);
        let mark = Mark { generation: 2, operation };
        assert_eq!(mark.to_string(), "rk1-head-2-0001020304050607abff");
        assert_eq!(Mark::read(&mark.to_string()), Some(mark));
        for other in [
            "ray",
            "",
            "rk1-head-",
            "rk1-head-2-0001020304050607ABFF",
            "rk1-head-2-0001020304050607abf",
            "rk1-head-2-0001020304050607abff0",
            "rk1-head-02-0001020304050607abff",
            "rk1-head-+2-0001020304050607abff",
            "rk1-head--0001020304050607abff",
            "rk1-worker-2-0001020304050607abff",
            " rk1-head-2-0001020304050607abff",
        ] {
            assert_eq!(Mark::read(other), None, "{other}");
        }
    }
}
