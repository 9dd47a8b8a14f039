//! Which messages a key may sign.

use akash_types::escrow::Scope;
use akash_types::msg::Allowance;
use akash_types::{Coin, Msg, Time};

/// The list of messages that a key may sign, by the part it plays. Whatever is not on it is refused before signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed(Part);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Tenant,
    Provider,
    Treasury,
    Funder,
}

impl Allowed {
    /// What a tenant needs: deployments, leases, deposits into escrow, certificates. No transfers.
    pub const fn tenant() -> Self {
        Self(Part::Tenant)
    }

    /// What a provider needs: its entry, bids, withdrawals, certificates. No transfers.
    pub const fn provider() -> Self {
        Self(Part::Provider)
    }

    /// What moves coins or lets others move them: transfers, grants, AKT into ACT and back.
    pub const fn treasury() -> Self {
        Self(Part::Treasury)
    }

    /// What a cold wallet signs for the key that a service has: grants for deposits into deployments and for fees, each with a limit and an
    /// end, and taking them back. Nothing that moves coins, and no grant that has no bound.
    pub const fn funder() -> Self {
        Self(Part::Funder)
    }

    /// True for a message on the list. A message that is new to the program must be put somewhere here to compile.
    pub fn permits(self, message: &Msg) -> bool {
        match message {
            Msg::CreateDeployment(_)
            | Msg::UpdateDeployment(_)
            | Msg::CloseDeployment(_)
            | Msg::CloseGroup(_)
            | Msg::PauseGroup(_)
            | Msg::StartGroup(_)
            | Msg::CreateLease(_)
            | Msg::CloseLease(_)
            | Msg::AccountDeposit(_) => matches!(self.0, Part::Tenant),
            Msg::CreateBid(_)
            | Msg::CloseBid(_)
            | Msg::WithdrawLease(_)
            | Msg::StartReclaim(_)
            | Msg::CreateProvider(_)
            | Msg::UpdateProvider(_) => matches!(self.0, Part::Provider),
            Msg::CreateCertificate(_) | Msg::RevokeCertificate(_) => {
                matches!(self.0, Part::Tenant | Part::Provider)
            }
            Msg::GrantDeposits(grant) => {
                let scopes = grant.authorization.scopes.as_slice();
                let bounded = is_bounded(&grant.authorization.limits, grant.expires);
                self.grants(bounded && matches!(scopes, [Scope::Deployment]))
            }
            Msg::GrantAllowance(grant) => {
                let Allowance { messages, limits, expires } = &grant.allowance;
                self.grants(is_bounded(limits, *expires) && !messages.is_empty())
            }
            Msg::Revoke(_) | Msg::RevokeAllowance(_) => self.grants(true),
            Msg::Send(_) | Msg::MintAct(_) | Msg::BurnAct(_) => matches!(self.0, Part::Treasury),
            // Of other parties of a chain; the sandbox knows them, no key of ours signs them.
            Msg::DeleteProvider(_)
            | Msg::SignProviderAttributes(_)
            | Msg::DeleteProviderAttributes(_)
            | Msg::AddPriceEntry(_) => false,
        }
    }

    fn grants(self, bounded: bool) -> bool {
        match self.0 {
            Part::Treasury => true,
            Part::Funder => bounded,
            Part::Tenant | Part::Provider => false,
        }
    }
}

/// On the chain, no limit means without one.
fn is_bounded(limits: &[Coin], expires: Option<Time>) -> bool {
    expires.is_some() && !limits.is_empty() && limits.iter().all(|coin| coin.amount > 0)
}

#[cfg(test)]
mod tests {
    use akash_types::Address;
    use akash_types::msg::{DepositAuthorization, GrantAllowance, GrantDeposits, Revoke, Send};

    use super::*;

    #[test]
    fn a_funder_grants_nothing_without_a_limit_and_an_end_and_moves_no_coins() {
        let [granter, grantee] = [1, 2].map(|n| Address::from_bytes(&[n; 20]).unwrap());
        let end = Some(Time::from_millis(1));
        let deposits = |scopes, limits, expires| {
            let authorization = DepositAuthorization::new(scopes, limits);
            let (granter, grantee) = (granter.clone(), grantee.clone());
            Allowed::funder().permits(&GrantDeposits { granter, grantee, authorization, expires }.into())
        };
        let deployments = || vec![Scope::Deployment];
        assert!(deposits(deployments(), vec![Coin::uact(5)], end));
        assert!(!deposits(deployments(), vec![Coin::uact(5)], None));
        assert!(!deposits(deployments(), vec![], end));
        assert!(!deposits(deployments(), vec![Coin::uact(0)], end));
        assert!(!deposits(vec![Scope::Deployment, Scope::Bid], vec![Coin::uact(5)], end));
        assert!(!deposits(vec![], vec![Coin::uact(5)], end));
        let fees = |messages: &[&str], limits, expires| {
            let messages = messages.iter().map(ToString::to_string).collect();
            let allowance = Allowance { messages, limits, expires };
            let (granter, grantee) = (granter.clone(), grantee.clone());
            Allowed::funder().permits(&GrantAllowance { granter, grantee, allowance }.into())
        };
        assert!(fees(&["/a"], vec![Coin::uakt(5)], end));
        assert!(!fees(&[], vec![Coin::uakt(5)], end));
        assert!(!fees(&["/a"], vec![], end));
        assert!(!fees(&["/a"], vec![Coin::uakt(5)], None));
        let (from, to) = (granter.clone(), grantee.clone());
        assert!(!Allowed::funder().permits(&Send { from, to, amount: vec![] }.into()));
        assert!(Allowed::funder().permits(&Revoke { granter, grantee, type_url: String::new() }.into()));
    }

    #[test]
    fn the_key_that_the_service_has_moves_no_coins_and_lets_nobody_else() {
        let [granter, grantee] = [1, 2].map(|n| Address::from_bytes(&[n; 20]).unwrap());
        let send = Msg::from(Send { from: granter.clone(), to: grantee.clone(), amount: vec![] });
        let revoke = Msg::from(Revoke { granter, grantee, type_url: String::new() });
        for message in [send, revoke] {
            let by = |allowed: Allowed| allowed.permits(&message);
            assert_eq!(
                (by(Allowed::tenant()), by(Allowed::provider()), by(Allowed::treasury())),
                (false, false, true)
            );
        }
    }
}
