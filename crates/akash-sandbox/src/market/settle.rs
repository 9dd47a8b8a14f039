//! The arithmetic of escrow: what is due since the last settlement, and who gets it.
//!
//! Settlement is lazy and truncates: `trunc(rate × blocks)` per payment, taken from the deposits first in, first out. When the
//! account has too little, payments are served in the order of their keys; the first takes all.

use akash_types::escrow::{Account, Payment, State as Flow};
use akash_types::{Coin, Dec, DecCoin, Denom, Rejection, UACT, UAKT};

use super::bme::exchanged;
use super::refuse;
use super::run::Run;

/// A payment in hand while its account is settled.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    /// Boxed, because a list of one has room for four.
    pub(crate) payment: Box<Payment>,
    /// Its state when it was read; tells which of its numbers is due.
    was: Flow,
    /// Whether it must be written back.
    pub(crate) dirty: bool,
}

/// What a settlement found.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) dues: Vec<Due>,
    pub(crate) overdrawn: bool,
}

fn overflow() -> Rejection {
    refuse::panic("Int overflow")
}

fn add(a: Dec, b: Dec) -> Result<Dec, Rejection> {
    a.checked_add(b).ok_or_else(overflow)
}

fn sub(a: Dec, b: Dec) -> Result<Dec, Rejection> {
    a.checked_sub(b).ok_or_else(overflow)
}

/// The whole part of an amount that is not negative.
pub(crate) fn whole(coin: &DecCoin) -> Coin {
    Coin { denom: coin.denom.clone(), amount: coin.amount.trunc().unwrap_or(0) }
}

/// `trunc(rate × blocks)`.
fn accrued(rate: Dec, blocks: u64) -> Result<Dec, Rejection> {
    const ONE: i128 = 1_000_000_000_000_000_000;
    let exact = rate.checked_mul(blocks).ok_or_else(overflow)?.atoms();
    Ok(Dec::from_atoms(exact.saturating_sub(exact.checked_rem(ONE).unwrap_or(0))))
}

/// Adds to the entry of a currency, which is made when it is missing.
pub(crate) fn add_to(list: &mut Vec<DecCoin>, denom: &Denom, amount: Dec) -> Result<(), Rejection> {
    if let Some(entry) = list.iter_mut().find(|c| &c.denom == denom) {
        entry.amount = add(entry.amount, amount)?;
    } else {
        list.push(DecCoin { denom: denom.clone(), amount });
    }
    Ok(())
}

/// Takes an amount out of the deposits and the funds; the funds go below zero when it is not there. Returns what was there.
pub(crate) fn deduct(account: &mut Account, amount: &DecCoin) -> Result<(Dec, bool), Rejection> {
    let denom = &amount.denom;
    if !account.funds.iter().any(|f| &f.denom == denom) {
        return Err(refuse::panic(format!("unknown denom \"{denom}\"")));
    }
    let mut remaining = amount.amount;
    let mut taken = Dec::ZERO;
    for deposit in account.deposits.iter_mut().filter(|d| &d.balance.denom == denom) {
        let part = deposit.balance.amount.min(remaining);
        deposit.balance.amount = sub(deposit.balance.amount, part)?;
        remaining = sub(remaining, part)?;
        taken = add(taken, part)?;
        if remaining.is_zero() {
            break;
        }
    }
    account.deposits.retain(|d| !d.balance.amount.is_zero());
    add_to(&mut account.transferred, denom, taken)?;
    let minus = sub(Dec::ZERO, amount.amount)?;
    add_to(&mut account.funds, denom, minus)?;
    Ok((taken, !remaining.is_zero()))
}

impl Run {
    /// Brings an account up to this block. Writes nothing but the bank: the caller saves the account and the payments.
    pub(crate) fn settle(&mut self, account: &mut Account) -> Result<Settled, Rejection> {
        if account.state == Flow::Closed {
            return Err(refuse::ACCOUNT_CLOSED.into());
        }
        if account.funds.first().is_some_and(|f| f.amount.is_negative()) {
            return Ok(Settled { dues: Vec::new(), overdrawn: true });
        }
        let mut blocks = 0;
        if account.state != Flow::Overdrawn {
            blocks = self.state.height.since(account.settled_at);
            account.settled_at = self.state.height;
        }
        // Within one block open payments are not even looked at: a real node does the same, and a payment can survive its
        // lease because of it.
        let mut dues = self.dues(account, blocks > 0);
        let overdrawn = charge(account, &mut dues, blocks)? && !self.pay_in_akt(account, &mut dues)?;
        if overdrawn {
            account.state = Flow::Overdrawn;
            for due in &mut dues {
                due.payment.state = Flow::Overdrawn;
                due.dirty = true;
                self.pay_out(due)?;
            }
        }
        Ok(Settled { dues, overdrawn })
    }

    /// Pays in AKT what is missing in ACT, while ACT cannot be made and AKT has a price; false when that does not go.
    ///
    /// On a real node this goes once: it leaves the account's ACT below zero, and an account below zero is never settled again.
    fn pay_in_akt(&mut self, account: &mut Account, dues: &mut [Due]) -> Result<bool, Rejection> {
        let (Ok(price), false) = (self.state.oracle.healthy_price(), self.state.exchange.status.mints())
        else {
            return Ok(false);
        };
        let in_akt = |due: &Due| match due.payment.unsettled.amount.trunc() {
            Some(missing) => exchanged(missing, Dec::from_int(1), price),
            None => Err(overflow()),
        };
        let wanted: Vec<u128> = dues.iter().map(in_akt).collect::<Result<_, _>>()?;
        let all = wanted.iter().try_fold(0_u128, |sum, part| sum.checked_add(*part)).ok_or_else(overflow)?;
        let all = Dec::from_int(u64::try_from(all).map_err(|_| overflow())?);
        if dues.iter().any(|due| due.payment.rate.denom != UACT) || account.funds_in(&UAKT) < all {
            return Ok(false);
        }
        for (due, part) in dues.iter_mut().zip(wanted) {
            let amount = Dec::from_int(u64::try_from(part).map_err(|_| overflow())?);
            if part > 0 {
                deduct(account, &DecCoin { denom: UAKT, amount })?;
                self.pay_from_escrow(&due.payment.owner, &Coin::uakt(part))?;
            }
            due.payment.unsettled.amount = Dec::ZERO;
            due.payment.state = Flow::Open;
        }
        Ok(true)
    }

    /// The overdrawn payments, and after them perhaps the open ones, whose key begins with the account's: also those of an account
    /// with a longer number.
    fn dues(&self, account: &Account, open_too: bool) -> Vec<Due> {
        let prefix = account.id.key();
        let payments = self.state.payments.from(prefix.as_str());
        let mut dues: Vec<Due> = payments
            .take_while(|(key, _)| key.starts_with(&prefix))
            .filter(|(_, p)| p.state == Flow::Overdrawn || (open_too && p.state == Flow::Open))
            .map(|(_, p)| Due { payment: Box::new(p.clone()), was: p.state, dirty: false })
            .collect();
        dues.sort_by_key(|due| due.was != Flow::Overdrawn);
        dues
    }

    /// Sends a provider the whole units that it has earned.
    pub(crate) fn pay_out(&mut self, due: &mut Due) -> Result<(), Rejection> {
        let earned = whole(&due.payment.balance);
        if earned.amount == 0 {
            return Ok(());
        }
        self.pay_from_escrow(&due.payment.owner, &earned)?;
        let payment = &mut due.payment;
        payment.withdrawn.amount =
            payment.withdrawn.amount.checked_add(earned.amount).ok_or_else(overflow)?;
        let paid = Dec::from_int(u64::try_from(earned.amount).map_err(|_| overflow())?);
        payment.balance.amount = sub(payment.balance.amount, paid)?;
        due.dirty = true;
        Ok(())
    }
}

/// Charges an account for some blocks; true when it had too little.
fn charge(account: &mut Account, dues: &mut [Due], blocks: u64) -> Result<bool, Rejection> {
    let mut overdrawn = false;
    for due in dues {
        let payment = &mut due.payment;
        let amount = if due.was == Flow::Overdrawn {
            std::mem::take(&mut payment.unsettled.amount)
        } else {
            accrued(payment.rate.amount, blocks)?
        };
        let wanted = DecCoin { denom: payment.rate.denom.clone(), amount };
        let (taken, short) = deduct(account, &wanted)?;
        payment.balance.amount = add(payment.balance.amount, taken)?;
        due.dirty = true;
        if short {
            overdrawn = true;
            payment.state = Flow::Overdrawn;
            payment.unsettled.amount = add(payment.unsettled.amount, sub(amount, taken)?)?;
        } else {
            payment.state = Flow::Open;
        }
    }
    Ok(overdrawn)
}
