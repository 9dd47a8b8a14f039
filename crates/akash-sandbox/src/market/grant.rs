//! One account pays for another: deposits and fees.

use akash_types::escrow::{Deposit, Scope, Source};
use akash_types::msg::{
    Allowance, DEPOSIT_URL, DepositAuthorization, GrantAllowance, GrantDeposits, Revoke, RevokeAllowance,
};
use akash_types::{Address, Coin, Denom, Msg, Rejection};

use super::event::{quoted, rfc3339};
use super::refuse::{
    FEE_ALLOWANCE_EXPIRED, FEE_LIMIT_EXCEEDED, FEE_MESSAGE_NOT_ALLOWED, GRANT_EXPIRED, GRANT_NOT_FOUND,
    INVALID_COINS, INVALID_REQUEST, NOT_FOUND, raw,
};
use super::run::Run;
use super::settle::whole;
use super::state::Grant;
use super::tx::Tx;

impl Run {
    /// Lets somebody pay deposits with one's coins. The next grant of a pair replaces the one before.
    pub(crate) fn grant_deposits(&mut self, m: &GrantDeposits) -> Result<(), Rejection> {
        let now = self.state.time();
        if let Some(end) = m.expires.filter(|end| *end <= now) {
            let (now, end) = (rfc3339(now), rfc3339(end));
            return Err(GRANT_EXPIRED
                .because(format!("expiration must be after the current block time ({now}), got {end}")));
        }
        if m.authorization.old_limit.is_none() {
            return Err(INVALID_COINS.because("spend limit is not valid"));
        }
        self.save_grant(&m.granter, &m.grantee, m.authorization.clone(), m.expires);
        Ok(())
    }

    fn save_grant(
        &mut self,
        granter: &Address,
        grantee: &Address,
        authorization: DepositAuthorization,
        expires: Option<akash_types::Time>,
    ) {
        let key = (granter.clone(), grantee.clone());
        self.state.grants.set(key, Grant { authorization, expires });
        self.emit_grant("cosmos.authz.v1beta1.EventGrant", granter, grantee, DEPOSIT_URL);
    }

    /// Takes a grant back. What it has paid for goes on; refunds go to the granter.
    pub(crate) fn revoke(&mut self, m: &Revoke) -> Result<(), Rejection> {
        let key = (m.granter.clone(), m.grantee.clone());
        let found = m.type_url == DEPOSIT_URL && self.state.grants.remove(&key);
        if !found {
            let (granter, grantee) = (m.granter.to_bytes(), m.grantee.to_bytes());
            // The key in the node's store: a prefix, then each part after its length.
            let part = |bytes: &[u8]| raw(&[u8::try_from(bytes.len()).unwrap_or(0)]) + &raw(bytes);
            let key = raw(&[1]) + &part(&granter) + &part(&grantee) + &part(m.type_url.as_bytes());
            return Err(GRANT_NOT_FOUND.because(format!("failed to delete grant with key {key}")));
        }
        self.emit_grant("cosmos.authz.v1beta1.EventRevoke", &m.granter, &m.grantee, DEPOSIT_URL);
        Ok(())
    }

    fn emit_grant(&mut self, kind: &'static str, granter: &Address, grantee: &Address, url: &str) {
        self.emit_with(kind, || {
            [("grantee", quoted(grantee)), ("granter", quoted(granter)), ("msg_type_url", quoted(url))]
        });
    }

    /// Takes what is missing of a deposit out of the grants that somebody was given, as far as they go.
    pub(crate) fn out_of_grants(
        &mut self,
        grantee: &Address,
        scope: Scope,
        denom: &Denom,
        wanted: u64,
    ) -> Vec<(Address, u64)> {
        let now = self.state.time();
        let mut missing = wanted;
        let mut found = Vec::new();
        let given: Vec<(Address, Grant)> = self
            .state
            .grants
            .iter()
            .filter(|((_, to), grant)| to == grantee && grant.lives(now))
            .filter(|(_, grant)| grant.authorization.scopes.contains(&scope))
            .map(|((from, _), grant)| (from.clone(), grant.clone()))
            .collect();
        for (granter, Grant { mut authorization, expires }) in given {
            let limits = &mut authorization.limits;
            let Some(limit) = limits.iter_mut().find(|c| &c.denom == denom && c.amount > 0) else { continue };
            let taken = u64::try_from(limit.amount).unwrap_or(u64::MAX).min(missing);
            if taken == 0 {
                break;
            }
            limit.amount = limit.amount.saturating_sub(u128::from(taken));
            limits.retain(|c| c.amount > 0);
            missing = missing.saturating_sub(taken);
            self.save_grant(&granter, grantee, authorization, expires);
            found.push((granter, taken));
        }
        found
    }

    /// Raises a grant again by what comes back of a deposit that it has paid, if it is still there.
    pub(crate) fn restore_grant(&mut self, grantee: &Address, deposit: &Deposit) {
        if deposit.source != Source::Grant {
            return;
        }
        let key = (deposit.owner.clone(), grantee.clone());
        let Some(Grant { mut authorization, expires }) = self.state.grants.get(&key).cloned() else {
            return;
        };
        let back = whole(&deposit.balance);
        match authorization.limits.iter_mut().find(|c| c.denom == back.denom) {
            Some(limit) => limit.amount = limit.amount.saturating_add(back.amount),
            None => authorization.limits.push(back),
        }
        self.save_grant(&deposit.owner, grantee, authorization, expires);
    }

    /// Lets somebody pay fees with one's coins.
    pub(crate) fn grant_allowance(&mut self, m: &GrantAllowance) -> Result<(), Rejection> {
        let key = (m.granter.clone(), m.grantee.clone());
        if self.state.allowances.contains(&key) {
            return Err(INVALID_REQUEST.because("fee allowance already exists"));
        }
        // Who is granted something need not have received anything before.
        self.open_account(&m.grantee);
        self.state.allowances.set(key, m.allowance.clone());
        self.emit_allowance("set_feegrant", &m.granter, &m.grantee);
        Ok(())
    }

    /// Takes an allowance for fees back.
    pub(crate) fn revoke_allowance(&mut self, m: &RevokeAllowance) -> Result<(), Rejection> {
        let key = (m.granter.clone(), m.grantee.clone());
        if !self.state.allowances.remove(&key) {
            return Err(NOT_FOUND.because("fee-grant not found"));
        }
        self.emit_allowance("revoke_feegrant", &m.granter, &m.grantee);
        Ok(())
    }

    /// Takes a fee out of an allowance: the whole fee that is offered, whatever is used of it. Every message must be one that it pays for.
    pub(crate) fn use_allowance(
        &mut self,
        granter: &Address,
        grantee: &Address,
        tx: &Tx,
    ) -> Result<(), Rejection> {
        let because = |rejection: Rejection| {
            let (from, to) = (raw(&granter.to_bytes()), raw(&grantee.to_bytes()));
            let log = format!("{from} does not allow to pay fees for {to}: {}", rejection.log);
            Rejection { log, ..rejection }
        };
        let key = (granter.clone(), grantee.clone());
        let Some(allowance) = self.state.allowances.get(&key).cloned() else {
            return Err(because(NOT_FOUND.because("fee-grant not found")));
        };
        if allowance.expires.is_some_and(|end| end <= self.state.time()) {
            return Err(because(FEE_ALLOWANCE_EXPIRED.because("basic allowance")));
        }
        let pays = |m: &Msg| allowance.messages.is_empty() || allowance.messages.contains(&m.type_url());
        if !tx.messages.iter().all(pays) {
            return Err(because(FEE_MESSAGE_NOT_ALLOWED.into()));
        }
        let Some(left) = reduced(&allowance, &tx.fee) else {
            return Err(because(FEE_LIMIT_EXCEEDED.because("basic allowance")));
        };
        if left.limits.is_empty() && !allowance.limits.is_empty() {
            self.state.allowances.remove(&key);
        } else {
            self.state.allowances.set(key, left);
        }
        self.emit_allowance("use_feegrant", granter, grantee);
        Ok(())
    }

    fn emit_allowance(&mut self, kind: &'static str, granter: &Address, grantee: &Address) {
        self.emit_with(kind, || [("granter", granter.to_string()), ("grantee", grantee.to_string())]);
    }
}

/// What is left of an allowance after a fee; `None` when it is not enough.
fn reduced(allowance: &Allowance, fee: &[Coin]) -> Option<Allowance> {
    let mut left = allowance.clone();
    if allowance.limits.is_empty() {
        return Some(left);
    }
    for coin in fee {
        let limit = left.limits.iter_mut().find(|c| c.denom == coin.denom)?;
        limit.amount = limit.amount.checked_sub(coin.amount)?;
    }
    left.limits.retain(|c| c.amount > 0);
    Some(left)
}
