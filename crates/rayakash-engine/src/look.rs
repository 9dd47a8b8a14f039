//! One look: the chain at one height, then the provider, then Ray; and where the cluster stands, derived from that.

use std::collections::BTreeMap;

use akash_types::{
    Address, BidState, CloseReason, Coin, Dec, DeploymentState, Lease, LeaseId, LeaseState, OrderState, UACT,
    escrow,
};
use rayakash_core::spec::Name;
use rayakash_core::view::{
    Bidding, Closed, Doubt, History, Leased, Loss, Manifest, Offer, Placed, Placement, Pods, Ray, Role, Tip,
    Version, View,
};

use crate::facts::{Books, Opened};
use crate::ports::{ChainLook, Gate, HeadLook, LeaseLook, Node, Record, Unavailable, World};

/// What one look at a cluster found.
#[derive(Clone, Debug)]
pub struct Placing {
    /// What `decide` sees.
    pub view: View,
    /// The chain's minimum deposit, uact.
    pub min_deposit: u128,
    /// The newest generation from close by, for people.
    pub near: Option<NodeView>,
}

/// A leased deployment from close by.
#[derive(Clone, Debug)]
pub struct NodeView {
    /// The lease.
    pub lease: LeaseId,
    /// The provider's gateway.
    pub host_uri: String,
    /// Where the gate is reached from outside.
    pub gate: Option<(String, u16)>,
    /// Every node that Ray knows of.
    pub nodes: Vec<Node>,
    /// Containers per service.
    pub pods: BTreeMap<String, Pods>,
    /// What the provider's events complain about.
    pub complaints: Vec<String>,
    /// What is left in escrow now, uact.
    pub escrow: Dec,
    /// Per block, uact.
    pub price: Dec,
}

pub(crate) async fn look(world: &dyn World, cluster: &Name, books: &Books) -> Result<Placing, Unavailable> {
    let unfinished: Vec<&Opened> = books.opened.iter().filter(|opened| opened.finished.is_none()).collect();
    let ids: Vec<_> = unfinished.iter().map(|opened| opened.id.clone()).collect();
    let mut chain = world.chain().look(&ids).await?;
    chain.wallet.paused = books.paused;
    let history = books.history();
    let looking = Looking { world, cluster, history: &history };
    let mut placements = Vec::new();
    let mut near = None;
    for opened in unfinished {
        let record = chain.deployments.get(&opened.id);
        let (at, close_by) = match record {
            Some(record) => looking.place(&Standing { record, opened, chain: &chain }).await?,
            // We know that it landed, so this node is behind.
            None => (Placement::InDoubt(behind(opened)), None),
        };
        near = close_by.or(near);
        placements.push(Placed { role: Role::Head, generation: opened.generation, at });
    }
    let view = View { tip: chain.tip, wallet: chain.wallet, unknown: chain.unknown, placements, history };
    Ok(Placing { view, min_deposit: chain.min_deposit, near })
}

fn behind(opened: &Opened) -> Doubt {
    let act = format!("waiting for the node to show deployment {}", opened.id.dseq);
    Doubt { intent: String::new(), act, tx: None, dead_at: None }
}

/// A state that this program does not know decides nothing.
fn unknown(what: &str, state: i32) -> Placement {
    let act = format!("the chain shows a {what} in state {state}, which this program does not know");
    Placement::InDoubt(Doubt { intent: String::new(), act, tx: None, dead_at: None })
}

/// Whose deployments are looked at, and with what.
struct Looking<'a> {
    world: &'a dyn World,
    cluster: &'a Name,
    history: &'a History,
}

/// A deployment that is on chain, and what we know of it.
struct Standing<'a> {
    record: &'a Record,
    opened: &'a Opened,
    chain: &'a ChainLook,
}

impl Looking<'_> {
    async fn place(&self, standing: &Standing<'_>) -> Result<(Placement, Option<NodeView>), Unavailable> {
        let Standing { record, opened, chain } = standing;
        match record.deployment.state {
            DeploymentState::Active => {}
            DeploymentState::Closed => return Ok((closed(record, opened), None)),
            DeploymentState::Unrecognised(state) => return Ok((unknown("deployment", state), None)),
        }
        if let Some(order) = record.order.as_ref().filter(|order| order.state == OrderState::Open) {
            let ceiling = order.spec.ceiling().unwrap_or(akash_types::DecCoin::uact(Dec::ZERO));
            let offers = record.bids.iter().map(|bid| offer(bid, record)).collect();
            let deployment = opened.id.clone();
            let bidding = Bidding { deployment, opened: order.created_at, ceiling, offers };
            return Ok((Placement::Bidding(bidding), None));
        }
        match &record.lease {
            Some(lease) if lease.state == LeaseState::Active => {
                let (leased, near) = self.leased(standing, lease).await?;
                Ok((Placement::Leased(Box::new(leased)), Some(near)))
            }
            Some(lease) if lease.state == LeaseState::Reclaiming => {
                let deadline_ms =
                    lease.reclamation.map_or(chain.tip.time_ms, |r| r.deadline.saturating_mul(1_000));
                Ok((Placement::Reclaiming { lease: lease.id.clone(), deadline_ms }, None))
            }
            Some(Lease { state: LeaseState::Unrecognised(state), .. }) => {
                Ok((unknown("lease", *state), None))
            }
            other => Ok((lost(opened, other.as_ref()), None)),
        }
    }

    async fn leased(
        &self,
        standing: &Standing<'_>,
        lease: &Lease,
    ) -> Result<(Leased, NodeView), Unavailable> {
        let Standing { record, chain, .. } = standing;
        let version = record.deployment.hash;
        let host_uri = record.providers.get(&lease.id.provider).and_then(|facts| facts.host_uri.clone());
        let host_uri = host_uri.unwrap_or_default();
        let manifest = manifest(self.history, &lease.id);
        let (said, trouble) = self.ask_provider(&manifest, &lease.id, &host_uri).await;
        let vault = self.world.vault();
        let gate = match &said.gate {
            Some(gate) => {
                vault.keep_gate(self.cluster, &lease.id, gate).await?;
                Some(gate.clone())
            }
            None => vault.gate(self.cluster, &lease.id).await,
        };
        let pods = self.pods(version, &said.available).await;
        let head = self.ask_head(&lease.id, gate.as_ref(), &pods, trouble).await;
        let escrow = remaining(record, lease, &chain.tip);
        let near = NodeView {
            lease: lease.id.clone(),
            host_uri,
            gate,
            nodes: head.nodes,
            pods: pods.clone(),
            complaints: said.complaints,
            escrow,
            price: lease.price.amount,
        };
        let leased = Leased {
            lease: lease.id.clone(),
            since: lease.created_at,
            price: lease.price.clone(),
            version,
            groups: record.groups.iter().map(|group| group.spec.clone()).collect(),
            manifest,
            pods,
            ray: head.ray,
            escrow,
        };
        Ok((leased, near))
    }

    /// What the provider says, and why it says nothing. Before the first manifest there is nothing to ask about.
    async fn ask_provider(
        &self,
        manifest: &Manifest,
        lease: &LeaseId,
        host_uri: &str,
    ) -> (LeaseLook, String) {
        match manifest {
            Manifest::Accepted(_) => match self.world.providers().look(lease, host_uri).await {
                Ok(said) => (said, "the provider has not opened the port yet".to_owned()),
                Err(error) => (LeaseLook::default(), error.to_string()),
            },
            Manifest::Unsent | Manifest::Refused(_) => (LeaseLook::default(), "no manifest yet".to_owned()),
        }
    }

    async fn pods(&self, version: Version, available: &BTreeMap<String, u32>) -> BTreeMap<String, Pods> {
        let services = self.world.vault().services(self.cluster, version).await.unwrap_or_else(|error| {
            // Without its manifest a cluster is never ready again, but it can still be closed.
            tracing::error!(cluster = %self.cluster, error = %error, "the manifest is lost");
            BTreeMap::new()
        });
        let pods = |(service, wanted): (String, u32)| {
            let available = available.get(&service).copied().unwrap_or(0);
            (service, Pods { wanted, available })
        };
        services.into_iter().map(pods).collect()
    }

    async fn ask_head(
        &self,
        lease: &LeaseId,
        gate: Option<&(String, u16)>,
        expected: &BTreeMap<String, Pods>,
        trouble: String,
    ) -> HeadLook {
        match gate {
            Some(address) => {
                self.world.head().look(&Gate { cluster: self.cluster, lease, address, expected }).await
            }
            None => HeadLook { ray: Ray::Unreachable(trouble), nodes: Vec::new() },
        }
    }
}

fn offer(bid: &akash_types::Bid, record: &Record) -> Offer {
    let facts = record.providers.get(&bid.id.provider).cloned().unwrap_or_default();
    let auditors = facts.audits.iter().map(|audit| audit.auditor.to_string()).collect();
    let mut bid = bid.clone();
    if record.order.as_ref().is_none_or(|order| order.id != bid.id.order) {
        // A losing bid of an earlier order may stay open for ever.
        bid.state = BidState::Closed;
    }
    Offer { bid, auditors, reachable: facts.certified && facts.host_uri.is_some() }
}

fn closed(record: &Record, opened: &Opened) -> Placement {
    let transferred = record.escrow.transferred.iter().find(|coin| coin.denom == UACT);
    let cost = transferred.map_or(0, |coin| coin.amount.trunc().unwrap_or(0)).min(opened.deposited);
    let end = Closed {
        refund: Coin::uact(opened.deposited.saturating_sub(cost)),
        cost: Coin::uact(cost),
        dry: record.escrow.state == escrow::State::Overdrawn,
    };
    Placement::Closing { deployment: opened.id.clone(), since: record.escrow.settled_at, closed: Some(end) }
}

fn lost(opened: &Opened, lease: Option<&Lease>) -> Placement {
    let loss = lease.map_or(Loss::Unstable, |lease| match (lease.state, lease.reason) {
        (LeaseState::InsufficientFunds, _) | (_, CloseReason::InsufficientFunds) => Loss::Unfunded,
        (_, CloseReason::ManifestTimeout) => Loss::ManifestLate,
        (_, CloseReason::Unstable) => Loss::Unstable,
        _ if lease.reclamation.is_some_and(|r| r.deadline > 0) => Loss::Expired,
        (_, reason) => Loss::ClosedByProvider(reason),
    });
    let provider: Option<Address> = lease.map(|lease| lease.id.provider.clone());
    Placement::Lost { deployment: opened.id.clone(), provider, loss }
}

fn manifest(history: &History, lease: &LeaseId) -> Manifest {
    let Some(facts) = history.leases.get(lease) else { return Manifest::Unsent };
    match (&facts.refused, facts.sends.last()) {
        (Some(why), _) => Manifest::Refused(why.clone()),
        (None, Some((version, _))) => Manifest::Accepted(*version),
        (None, None) => Manifest::Unsent,
    }
}

fn remaining(record: &Record, lease: &Lease, tip: &Tip) -> Dec {
    record.escrow.remaining(&UACT, lease.price.amount, tip.height)
}
