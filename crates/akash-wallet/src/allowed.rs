//! Which messages a key may sign.

use akash_types::Msg;

/// The list of messages that a key may sign, by the part it plays. Whatever is not on it is refused before signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed(Part);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Tenant,
    Provider,
    Treasury,
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

    /// True for a message on the list. A message that is new to the program must be put somewhere here to compile.
    pub const fn permits(self, message: &Msg) -> bool {
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
            Msg::Send(_)
            | Msg::GrantDeposits(_)
            | Msg::Revoke(_)
            | Msg::GrantAllowance(_)
            | Msg::RevokeAllowance(_)
            | Msg::MintAct(_)
            | Msg::BurnAct(_) => matches!(self.0, Part::Treasury),
            // Of other parties of a chain; the sandbox knows them, no key of ours signs them.
            Msg::DeleteProvider(_)
            | Msg::SignProviderAttributes(_)
            | Msg::DeleteProviderAttributes(_)
            | Msg::AddPriceEntry(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use akash_types::Address;
    use akash_types::msg::{Revoke, Send};

    use super::*;

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
