//! Every open deployment of the key, at one height, beside what the ledger has of them.

use akash_chain::{At, DeploymentRecord, MarketFilter};
use akash_types::{Address, Dec, DeploymentState, Lease, LeaseState, OrderState, UACT};
use rayakash_api::v1;
use rayakash_core::view::Tip;
use rayakash_core::{Mark, per_hour, usd};
use rayakash_engine::ports::Unavailable;
use rayakash_ledger::{Found, Held, Ledger};

use crate::chain::ChainAdapter;

/// All of them, oldest first.
pub(crate) struct Survey {
    pub(crate) owner: Address,
    pub(crate) tip: Tip,
    /// The account's next sequence number: all of its transactions below it are in what was seen.
    pub(crate) sequence: u64,
    pub(crate) seen: Vec<Seen>,
}

/// One of them.
pub(crate) struct Seen {
    pub(crate) record: DeploymentRecord,
    /// What our own groups are recognised by.
    pub(crate) mark: Option<Mark>,
    /// What the ledger has of it.
    pub(crate) held: Option<Held>,
    lease: Option<Lease>,
    ordered: bool,
}

impl Survey {
    /// Looks. `None`: there is no key.
    pub(crate) async fn of(chain: &ChainAdapter, ledger: &Ledger) -> Result<Option<Self>, Unavailable> {
        let Some(owner) = chain.owner() else { return Ok(None) };
        let failed = |error: akash_chain::ChainError| chain.unavailable(&error);
        let tip = chain.tip().await.map_err(failed)?;
        let at = At::Height(tip.height);
        let client = chain.client();
        let sequence = chain.sequence(&owner, tip.height).await?;
        let active = client.deployments(&owner, Some(DeploymentState::Active), at).await;
        let mine = MarketFilter { owner: Some(owner.clone()), ..MarketFilter::default() };
        let mut leases = Vec::new();
        for state in [LeaseState::Active, LeaseState::Reclaiming] {
            let more = client.leases(&mine, Some(state), at).await.map_err(failed)?;
            leases.extend(more.into_iter().map(|record| record.lease));
        }
        let orders = client.orders(&mine, Some(OrderState::Open), at).await.map_err(failed)?;
        // The ledger last: what is signed meanwhile is in it, and not yet on chain.
        let held = ledger.held().await?;
        let seen = active.map_err(failed)?.into_iter().map(|record| {
            let id = &record.deployment.id;
            Seen {
                mark: record.groups.iter().find_map(|group| Mark::read(&group.spec.name)),
                held: held.iter().find(|held| held.id == *id).cloned(),
                lease: leases.iter().find(|lease| lease.id.deployment() == id).cloned(),
                ordered: orders.iter().any(|order| order.id.deployment() == id),
                record,
            }
        });
        let mut seen: Vec<Seen> = seen.collect();
        seen.sort_by_key(Seen::dseq);
        Ok(Some(Self { owner, tip, sequence, seen }))
    }
}

impl Seen {
    pub(crate) fn dseq(&self) -> u64 {
        self.record.deployment.id.dseq.get()
    }

    /// True for a deployment of the same life of the same cluster, and for itself.
    pub(crate) fn is_kin(&self, other: &Self) -> bool {
        match (self.mark, other.mark) {
            (Some(own), Some(other)) => own.operation == other.operation,
            _ => self.dseq() == other.dseq(),
        }
    }

    /// Nobody wants it: it bears our mark and is in no books, or its cluster was taken down.
    pub(crate) fn is_garbage(&self) -> bool {
        match &self.held {
            Some(held) => !held.kept,
            None => self.mark.is_some(),
        }
    }

    /// What is to be entered of it.
    pub(crate) fn found(&self, tip: &Tip) -> Found {
        Found {
            id: self.record.deployment.id.clone(),
            generation: self.mark.map_or(1, |mark| mark.generation),
            deposited: self.deposited(),
            lease: self.lease.as_ref().map(|lease| {
                let since_ms = tip.time_ms.saturating_sub(tip.since_ms(lease.created_at));
                (lease.id.clone(), since_ms, self.record.deployment.hash)
            }),
        }
    }

    /// Of a deposit what is left is still there and the rest was paid out: together they are whole micro-units again.
    fn deposited(&self) -> u128 {
        let escrow = &self.record.escrow;
        let mut paid = escrow.transferred.iter().filter(|coin| coin.denom == UACT).map(|coin| coin.amount);
        let all = paid.try_fold(escrow.funds_in(&UACT), Dec::checked_add);
        all.and_then(Dec::trunc).unwrap_or(0)
    }

    /// For the answer.
    pub(crate) fn shown(&self, tip: &Tip, done: Option<&str>) -> v1::OpenDeployment {
        let price = self.lease.as_ref().map(|lease| lease.price.amount);
        let left = self.record.escrow.remaining(&UACT, price.unwrap_or(Dec::ZERO), tip.height);
        let state = match (&self.lease, self.ordered) {
            (Some(_), _) => "leased",
            (None, true) => "order open",
            (None, false) => "no lease",
        };
        v1::OpenDeployment {
            dseq: self.dseq(),
            ours: self.mark.is_some(),
            cluster: self.held.as_ref().map(|held| held.cluster.clone()),
            wanted: self.held.as_ref().is_some_and(|held| held.kept),
            state: state.to_owned(),
            provider: self.lease.as_ref().map(|lease| lease.id.provider.to_string()),
            price_usd_per_hour: price.map(|price| usd(per_hour(price, tip))),
            deposited_uact: v1::Micro(self.deposited()),
            left_uact: v1::Micro(left.max(Dec::ZERO).trunc().unwrap_or(0)),
            done: done.map(str::to_owned),
        }
    }
}
