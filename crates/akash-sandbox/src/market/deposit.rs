//! Where the money of a deposit comes from.

use akash_types::escrow::{Deposit, Funding, Source};
use akash_types::{Address, Dec, DecCoin, Rejection};

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
    /// Finds the money for a deposit, source by source; nothing moves yet. Grants do not exist in this model, so that source
    /// gives nothing.
    pub(crate) fn authorize(&self, signer: &Address, funding: &Funding) -> Result<Vec<Deposit>, Rejection> {
        let amount = &funding.amount;
        let Ok(wanted) = i64::try_from(amount.amount) else {
            return Err(refuse::panic("Int64() out of bound"));
        };
        let mut missing = u64::try_from(wanted).unwrap_or(0);
        let mut found = Vec::new();
        if funding.sources.contains(&Source::Balance) {
            let has = u64::try_from(self.state.balance(signer, &amount.denom)).unwrap_or(u64::MAX);
            let taken = has.min(missing);
            if has > 0 {
                found.push(Deposit {
                    owner: signer.clone(),
                    height: self.state.height,
                    source: Source::Balance,
                    balance: DecCoin { denom: amount.denom.clone(), amount: Dec::from_int(taken) },
                });
            }
            missing = missing.saturating_sub(taken);
        }
        if missing > 0 {
            return Err(refuse::plain("deposit invalid: insufficient balance"));
        }
        Ok(found)
    }
}
