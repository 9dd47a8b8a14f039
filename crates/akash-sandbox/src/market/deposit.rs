//! Where the money of a deposit comes from.

use akash_types::escrow::{Deposit, Funding, Scope, Source};
use akash_types::{Address, Dec, DecCoin, Denom, Rejection};

use super::refuse::{self, INVALID_DEPOSIT_SOURCE};
use super::run::Run;

/// Checks that need no state: the list of sources.
pub(crate) fn check(funding: &Funding) -> Result<(), Rejection> {
    if funding.sources.is_empty() {
        return Err(INVALID_DEPOSIT_SOURCE.because("empty deposit sources"));
    }
    let mut seen = Vec::new();
    for source in &funding.sources {
        let number = source.to_wire();
        if matches!(source, Source::Unrecognised(_)) {
            return Err(INVALID_DEPOSIT_SOURCE.because(format!("empty deposit source type {number}")));
        }
        if seen.contains(source) {
            return Err(INVALID_DEPOSIT_SOURCE.because(format!("duplicate deposit source type {number}")));
        }
        seen.push(*source);
    }
    Ok(())
}

impl Run {
    /// Finds the money for a deposit, source by source in the given order. No coin moves yet; grants are used.
    pub(crate) fn authorize(
        &mut self,
        signer: &Address,
        scope: Scope,
        funding: &Funding,
    ) -> Result<Vec<Deposit>, Rejection> {
        let amount = &funding.amount;
        let Ok(wanted) = i64::try_from(amount.amount) else {
            return Err(refuse::panic("Int64() out of bound"));
        };
        let mut missing = u64::try_from(wanted).unwrap_or(0);
        let mut found = Vec::new();
        for source in &funding.sources {
            let parts = match source {
                Source::Balance => self.out_of_balance(signer, &amount.denom, missing),
                Source::Grant => self.out_of_grants(signer, scope, &amount.denom, missing),
                Source::Unrecognised(_) => Vec::new(),
            };
            for (owner, taken) in parts {
                missing = missing.saturating_sub(taken);
                let balance = DecCoin { denom: amount.denom.clone(), amount: Dec::from_int(taken) };
                found.push(Deposit { owner, height: self.state.height, source: *source, balance });
            }
        }
        if missing > 0 {
            return Err(refuse::plain("deposit invalid: insufficient balance"));
        }
        Ok(found)
    }

    fn out_of_balance(&self, signer: &Address, denom: &Denom, wanted: u64) -> Vec<(Address, u64)> {
        let has = u64::try_from(self.state.balance(signer, denom)).unwrap_or(u64::MAX);
        if has == 0 || wanted == 0 { Vec::new() } else { vec![(signer.clone(), has.min(wanted))] }
    }
}
