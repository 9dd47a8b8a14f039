//! The rules, and others that are plausible.

use akash_chain::decision::{Death, Failure, Lifetime, Numbering, Outset, Rules, Witnesses};

/// Rules, and whether an intent happens at most once under them.
pub(crate) struct RuleSet {
    pub(crate) name: &'static str,
    pub(crate) rules: Rules,
    pub(crate) safe: bool,
}

const ADVISED: Rules = Rules::ADVISED;
/// Death only when the time is over.
const PATIENT: Rules = Rules { death: Death::ProofAfterTimeout, ..ADVISED };

pub(crate) const RULE_SETS: &[RuleSet] = &[
    safe("the rules of this program", ADVISED),
    safe("no replacement, death after the timeout only", Rules { replacements: 0, ..PATIENT }),
    safe("replacement, death after the timeout only", PATIENT),
    safe("without an order, one journalled nonce per intent", unordered(Numbering::OneNonce)),
    refuted(
        "written down after the broadcast",
        Rules { outset: [Outset::Broadcast, Outset::Record], ..ADVISED },
    ),
    refuted(
        "no timeout, given up and signed again",
        Rules { lifetime: Lifetime::Endless, death: Death::Patience, ..ADVISED },
    ),
    refuted("dead when not found for long by the own clock", Rules { death: Death::Patience, ..ADVISED }),
    refuted("a failure in a block is final", Rules { failure: Failure::InBlock, ..ADVISED }),
    refuted("dead when a lagging index does not know it", Rules { death: Death::Index, ..ADVISED }),
    refuted("one endpoint is believed, and it can lie", Rules { witnesses: Witnesses::One, ..ADVISED }),
    refuted("without an order, a fresh nonce per attempt", unordered(Numbering::FreshNonce)),
];

const fn safe(name: &'static str, rules: Rules) -> RuleSet {
    RuleSet { name, rules, safe: true }
}

const fn refuted(name: &'static str, rules: Rules) -> RuleSet {
    RuleSet { name, rules, safe: false }
}

const fn unordered(numbering: Numbering) -> Rules {
    Rules { numbering, death: Death::Patience, replacements: 0, ..ADVISED }
}
