//! A provider that leaves its lease. Every provider here has a key of the public mnemonic, ours and the real one, so its word can be given
//! for it.

use std::sync::Arc;

use akash_chain::{At, Class, End, MarketFilter, MemoryJournal, Policy, Sender};
use akash_sandbox::market::Keyholder;
use akash_types::msg::CloseBid;
use akash_types::{CloseReason, Dseq, LeaseState};
use akash_wallet::Allowed;
use rayakash_testkit::{Chain, Error};
use rayakash_tests::report::chain_of;

/// Closes the one active lease of the account that pays, signed by its provider. Gives the deployment's number.
pub(crate) async fn lose(chain: &Chain) -> Result<Dseq, Error> {
    let client = chain.client();
    let filter = MarketFilter { owner: Some(chain.tenant().clone()), ..MarketFilter::default() };
    let active = client.leases(&filter, Some(LeaseState::Active), At::Latest).await?;
    let [lease] = active.as_slice() else {
        return Err(Error::Wrong(format!("there are {} active leases, not 1", active.len())));
    };
    let id = &lease.lease.id;
    let provider = id.provider.to_string();
    let holder = Keyholder::ALL.iter().find(|holder| holder.address == provider);
    let holder =
        holder.ok_or_else(|| Error::Wrong(format!("{provider} has no key of the public mnemonic")))?;
    let key = akash_sandbox::key(holder).map_err(|error| Error::Wrong(chain_of(&error)))?;
    let chain_id = client.tip().await?.chain_id;
    let journal = Arc::new(MemoryJournal::default());
    let sender =
        Sender::new(client.clone(), (key, Allowed::provider()), chain_id, journal, Policy::default());
    let close = CloseBid { id: id.bid(), reason: CloseReason::Unstable };
    match sender.carry_out("leave", vec![close.into()], Class::Close, "").await {
        Ok(End::Landed { .. }) => Ok(id.deployment().dseq),
        Ok(end) => Err(Error::Wrong(format!("the provider could not leave its lease: {end:?}"))),
        Err(unsettled) => Err(Error::Wrong(chain_of(&unsettled))),
    }
}
