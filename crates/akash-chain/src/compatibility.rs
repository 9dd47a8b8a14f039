//! Whether a chain is of the kind that this program knows: decided from what a node says of itself, without asking anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use akash_types::{Denom, UACT, UAKT};

/// The major version of the node that the messages of this program are made for. The figures below are those of node v2.1.
const MAJOR: u64 = 2;
/// The modules that money goes through, and the version of their messages that is signed here.
const MODULES: [(&str, &str); 3] = [("deployment", "v1beta4"), ("market", "v1beta5"), ("escrow", "v1")];

/// What a node says of itself and of its chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The chain.
    pub chain_id: String,
    /// The node's version, as `v2.1.0`; empty when it says none.
    pub node_version: String,
    /// The versions in which each module is spoken, by the discovery service. Nodes before v2.1 list no modules, and some endpoints do not
    /// pass the question on: then it is empty.
    pub modules: BTreeMap<String, BTreeSet<String>>,
    /// The currencies in which a deployment's deposit may be made.
    pub deposits: BTreeSet<Denom>,
    /// The currencies in which a bid's deposit may be made.
    pub bid_deposits: BTreeSet<Denom>,
}

/// Something about a chain that this program does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The node is of another major version.
    Version {
        /// What it says.
        found: String,
    },
    /// A module is not spoken in the version that is signed here.
    Module {
        /// Which.
        module: &'static str,
        /// The version that is signed here.
        known: &'static str,
        /// The versions that the node speaks.
        found: Vec<String>,
    },
    /// The market does not take a currency that is paid with here.
    Denom {
        /// Which.
        denom: Denom,
        /// For what it is not taken.
        of: &'static str,
    },
    /// The node says neither its version nor its modules.
    Silent,
    /// The node does not say its version; its modules are known.
    Unversioned,
    /// The node does not list its modules; its version is known.
    Unlisted,
}

/// What is known of a chain, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compatibility {
    unknown: Vec<Unknown>,
}

impl Compatibility {
    /// From what a node says.
    pub fn of(about: &About) -> Self {
        let money = denoms(&about.deposits, "a deployment").chain(denoms(&about.bid_deposits, "a bid"));
        Self { unknown: version(about).into_iter().chain(modules(about)).chain(money).collect() }
    }

    /// All that is not known, harmless or not.
    pub fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// Why nothing may be signed there but what ends something; `None` when anything may. Closing is never forbidden: it is how money comes
    /// back.
    pub fn closes_only(&self) -> Option<String> {
        let grave = self.unknown.iter().filter(|unknown| !unknown.is_harmless());
        let reasons: Vec<String> = grave.map(ToString::to_string).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

impl Unknown {
    /// True when it is only told: what else the node says is enough.
    pub const fn is_harmless(&self) -> bool {
        matches!(self, Self::Unversioned | Self::Unlisted)
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { found } => {
                write!(f, "the node is version {found}, and this program knows v{MAJOR}")
            }
            Self::Module { module, known, found } if found.is_empty() => {
                write!(f, "the node lists no module {module}, and this program speaks its {known}")
            }
            Self::Module { module, known, found } => {
                write!(
                    f,
                    "the node speaks {module} {}, and this program speaks its {known}",
                    found.join(", ")
                )
            }
            Self::Denom { denom, of } => write!(f, "{denom} is not taken as the deposit of {of}"),
            Self::Silent => f.write_str("the node says neither its version nor its modules"),
            Self::Unversioned => f.write_str("the node does not say its version"),
            Self::Unlisted => f.write_str("the node does not list its modules"),
        }
    }
}

fn version(about: &About) -> Option<Unknown> {
    match (about.node_version.as_str(), about.modules.is_empty()) {
        ("", true) => Some(Unknown::Silent),
        ("", false) => Some(Unknown::Unversioned),
        (found, _) if major(found) != Some(MAJOR) => Some(Unknown::Version { found: found.to_owned() }),
        (_, true) => Some(Unknown::Unlisted),
        (_, false) => None,
    }
}

/// 2 of `v2.1.0-rc12`.
fn major(version: &str) -> Option<u64> {
    let (major, _) = version.strip_prefix('v').unwrap_or(version).split_once('.')?;
    major.parse().ok()
}

fn modules(about: &About) -> impl Iterator<Item = Unknown> {
    let listed = if about.modules.is_empty() { &[][..] } else { &MODULES[..] };
    listed.iter().filter_map(|(module, known)| {
        let found = about.modules.get(*module);
        let spoken = found.is_some_and(|versions| versions.contains(*known));
        let found = found.into_iter().flatten().cloned().collect();
        (!spoken).then_some(Unknown::Module { module, known, found })
    })
}

fn denoms(taken: &BTreeSet<Denom>, of: &'static str) -> impl Iterator<Item = Unknown> {
    let missing = [UACT, UAKT].into_iter().filter(|denom| !taken.contains(denom));
    missing.map(move |denom| Unknown::Denom { denom, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> BTreeSet<Denom> {
        BTreeSet::from([UACT, UAKT])
    }

    /// What node v2.1.0 says.
    fn known() -> About {
        let modules = [("deployment", "v1beta4"), ("market", "v1beta5"), ("escrow", "v1"), ("take", "v1")];
        let modules = modules.map(|(module, version)| (module.to_owned(), [version.to_owned()].into()));
        About {
            chain_id: "akashnet-2".to_owned(),
            node_version: "v2.1.0".to_owned(),
            modules: modules.into(),
            deposits: both(),
            bid_deposits: both(),
        }
    }

    fn why<R>(change: impl FnOnce(&mut About) -> R) -> Option<String> {
        let mut about = known();
        let _whatever = change(&mut about);
        Compatibility::of(&about).closes_only()
    }

    #[test]
    fn every_version_of_the_known_major_is_known() {
        for version in ["v2.1.0", "2.0.0", "v2.99.1-rc12", "v2.1.0+rayakash-sandbox.0.1.0"] {
            let mut about = known();
            version.clone_into(&mut about.node_version);
            assert_eq!(Compatibility::of(&about).unknown(), [], "{version}");
        }
    }

    #[test]
    fn another_major_version_closes_only() {
        for version in ["v3.0.0", "v1.38.2", "v20.1.0", "v0.2.0", "v2", "main", "(devel)"] {
            let reason = why(|about| version.clone_into(&mut about.node_version));
            assert_eq!(reason, Some(format!("the node is version {version}, and this program knows v2")));
        }
    }

    #[test]
    fn a_module_of_another_version_closes_only() {
        for (module, known) in MODULES {
            let next = "v9".to_owned();
            let other = why(|a| a.modules.insert(module.to_owned(), [next.clone()].into()));
            let reason = format!("the node speaks {module} v9, and this program speaks its {known}");
            assert_eq!(other, Some(reason));
            let both = [next, known.to_owned()].into();
            assert_eq!(why(|a| a.modules.insert(module.to_owned(), both)), None, "one of two is enough");
            let reason = format!("the node lists no module {module}, and this program speaks its {known}");
            assert_eq!(why(|a| a.modules.remove(module)), Some(reason));
        }
        assert_eq!(why(|a| a.modules.remove("take")), None, "what is never used may be missing");
    }

    #[test]
    fn what_a_node_does_not_say_is_told_and_the_rest_decides() {
        let mut about = About { modules: BTreeMap::new(), ..known() };
        assert_eq!(Compatibility::of(&about).unknown(), [Unknown::Unlisted]);
        assert_eq!(Compatibility::of(&about).closes_only(), None);
        about = About { node_version: String::new(), ..known() };
        assert_eq!(Compatibility::of(&about).unknown(), [Unknown::Unversioned]);
        assert_eq!(Compatibility::of(&about).closes_only(), None);
        about.modules = BTreeMap::new();
        assert_eq!(Compatibility::of(&about).unknown(), [Unknown::Silent]);
        assert!(Compatibility::of(&about).closes_only().is_some());
    }

    #[test]
    fn a_market_without_our_currencies_closes_only() {
        let reason = why(|about| about.deposits.remove(&UACT));
        assert_eq!(reason.as_deref(), Some("uact is not taken as the deposit of a deployment"));
        let reason = why(|about| about.bid_deposits.remove(&UAKT));
        assert_eq!(reason.as_deref(), Some("uakt is not taken as the deposit of a bid"));
    }

    #[test]
    fn every_reason_is_told() {
        let nothing = Compatibility::of(&About::default());
        assert_eq!(nothing.unknown().len(), 5);
        assert_eq!(nothing.closes_only().unwrap().matches("; ").count(), 4);
    }
}
