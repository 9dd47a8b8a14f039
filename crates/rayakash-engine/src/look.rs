//! One look: the chain at one height, then the provider, then Ray; and where the cluster stands, derived from that.

use std::collections::BTreeMap;

use akash_types::{
    Address, BidState, CloseReason, Coin, Dec, DeploymentState, GroupState, Lease, LeaseId, LeaseState,
    OrderState, UACT, escrow,
};
use rayakash_core::blueprint::Plan;
use rayakash_core::spec::Name;
use rayakash_core::view::{
    Bidding, Closed, Doubt, Escrow, History, Leased, Loss, Manifest, Offer, Placed, Placement, Pods, Ray,
    Role, Tip, Version, View,
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
    /// Leased deployments from close by, oldest generation first.
    pub close_by: Vec<NodeView>,
}

impl Placing {
    /// A lease from close by.
    pub(crate) fn of(&self, lease: &LeaseId) -> Option<&NodeView> {
        self.close_by.iter().find(|near| &near.lease == lease)
    }

    /// The one that people are led to: the newest that is ready, and as long as none is, the newest.
    pub(crate) fn serving(&self) -> Option<&NodeView> {
        self.close_by.iter().rfind(|near| near.ready).or(self.close_by.last())
    }
}

/// A leased deployment from close by.
#[derive(Clone, Debug)]
pub struct NodeView {
    /// The lease.
    pub lease: LeaseId,
    /// The provider's gateway.
    pub host_uri: String,
    /// A probe ran on all of its nodes.
    pub ready: bool,
    /// Where the gate is reached from outside.
    pub gate: Option<(String, u16)>,
    /// Every node that Ray knows of.
    pub nodes: Vec<Node>,
    /// Containers per service.
    pub pods: BTreeMap<String, Pods>,
    /// What the provider's events complain about.
    pub complaints: Vec<String>,
    /// What it is paid from, uact.
    pub escrow: Escrow,
    /// Per block, uact.
    pub price: Dec,
}

/// What is said of [`Escrow::Frozen`].
const FROZEN: &str = "the escrow ran dry and AKT paid the rest, so it is frozen: the provider earns nothing more and may leave at any moment, \
                      and no deposit helps; `rayakash down` and `rayakash up` make a new one";

pub(crate) async fn look(world: &dyn World, cluster: &Name, books: &Books) -> Result<Placing, Unavailable> {
    let unfinished: Vec<&Opened> = books.opened.iter().filter(|opened| opened.finished.is_none()).collect();
    let ids: Vec<_> = unfinished.iter().map(|opened| opened.id.clone()).collect();
    let mut chain = world.chain().look(&ids).await?;
    chain.wallet.paused = books.paused || books.stopped.is_some();
    let history = books.history();
    let looking = Looking { world, cluster, history: &history };
    let mut placements = Vec::new();
    let mut close_by = Vec::new();
    for opened in unfinished {
        let record = chain.deployments.get(&opened.id);
        let (at, near) = match record {
            Some(record) => looking.place(&Standing { record, opened, chain: &chain }).await?,
            // We know that it landed, so this node is behind.
            None => (Placement::InDoubt(behind(opened)), None),
        };
        close_by.extend(near);
        placements.push(Placed { role: Role::Head, generation: opened.generation, at });
    }
    let ChainLook { tip, wallet, unknown, frozen, .. } = chain;
    let view = View { tip, wallet, unknown, frozen, placements, history };
    Ok(Placing { view, min_deposit: chain.min_deposit, close_by })
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
        let Standing { record, opened, .. } = standing;
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
            Some(lease) if matches!(lease.state, LeaseState::Active | LeaseState::Reclaiming) => {
                let (leased, near) = self.leased(standing, lease).await?;
                Ok((Placement::Leased(Box::new(leased)), Some(near)))
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
        let plan = self.plan(version).await;
        let pods = pods(&plan, &said.available);
        let head = match &gate {
            Some(address) => {
                let (cluster, lease, revision) = (self.cluster, &lease.id, plan.revision.as_str());
                self.world.head().look(&Gate { cluster, lease, address, expected: &pods, revision }).await
            }
            None => HeadLook { ray: Ray::Unreachable(trouble), nodes: Vec::new() },
        };
        let escrow = escrow(record, lease, &chain.tip);
        let mut complaints = said.complaints;
        complaints.extend((escrow == Escrow::Frozen).then(|| FROZEN.to_owned()));
        let near = NodeView {
            lease: lease.id.clone(),
            host_uri,
            ready: matches!(head.ray, Ray::Probed { .. }),
            gate,
            nodes: head.nodes,
            pods: pods.clone(),
            complaints,
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
            leaves_ms: leaves_ms(lease, &chain.tip),
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

    async fn plan(&self, version: Version) -> Plan {
        self.world.vault().plan(self.cluster, version).await.unwrap_or_else(|error| {
            // Without its manifest a cluster is never ready again, but it can still be closed.
            tracing::error!(cluster = %self.cluster, error = %error, "the manifest is lost");
            Plan::default()
        })
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
        dry: ran_dry(record),
    };
    Placement::Closing { deployment: opened.id.clone(), since: record.escrow.settled_at, closed: Some(end) }
}

fn lost(opened: &Opened, lease: Option<&Lease>) -> Placement {
    let loss = lease.map_or(Loss::Unstable, |lease| match (lease.state, lease.reason) {
        (LeaseState::InsufficientFunds, _) | (_, CloseReason::InsufficientFunds) => Loss::Unfunded,
        (_, CloseReason::ManifestTimeout) => Loss::ManifestLate,
        (_, CloseReason::Unstable) => Loss::Unstable,
        (_, CloseReason::Owner) => Loss::ClosedByOwner,
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

/// A deposit after the overdraft may pay the debt: then the account is as closed as any other, and only the groups still tell.
fn ran_dry(record: &Record) -> bool {
    record.escrow.state == escrow::State::Overdrawn
        || record.groups.iter().any(|group| group.state == GroupState::InsufficientFunds)
}

fn escrow(record: &Record, lease: &Lease, tip: &Tip) -> Escrow {
    // Settlement never leaves less than nothing in an account that goes on, but for the one that AKT was paid from.
    if record.escrow.funds_in(&UACT).is_negative() {
        return Escrow::Frozen;
    }
    Escrow::Open(record.escrow.remaining(&UACT, lease.price.amount, tip.height))
}

fn leaves_ms(lease: &Lease, tip: &Tip) -> Option<u64> {
    let gone_by = || lease.reclamation.map_or(tip.time_ms, |notice| notice.deadline.saturating_mul(1_000));
    (lease.state == LeaseState::Reclaiming).then(gone_by)
}

fn pods(plan: &Plan, available: &BTreeMap<String, u32>) -> BTreeMap<String, Pods> {
    let pods = |(service, wanted): (&String, &u32)| {
        let available = available.get(service).copied().unwrap_or(0);
        (service.clone(), Pods { wanted: *wanted, available })
    };
    plan.nodes.iter().map(pods).collect()
}

#[cfg(test)]
mod tests;
