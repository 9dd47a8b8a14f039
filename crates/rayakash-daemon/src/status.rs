//! A report, in the words of the API.

use std::collections::BTreeMap;

use rayakash_api::error::Code;
use rayakash_api::v1;
use rayakash_core::blueprint::HEAD_SERVICE;
use rayakash_core::view::Tip;
use rayakash_core::{NO_BID, Waiting, per_hour, usd};
use rayakash_engine::facts::{Books, Fact};
use rayakash_engine::ports::Node;
use rayakash_engine::{NodeView, Report, Summary};

use crate::config::Context;

/// Unix seconds of Unix milliseconds.
fn seconds(ms: u64) -> i64 {
    i64::try_from(ms / 1_000).unwrap_or(i64::MAX)
}

/// Where a cluster stands.
pub(crate) fn of(name: &str, report: &Report, books: &Books, context: &Context) -> v1::ClusterStatus {
    let near = report.near.as_ref();
    let tip = report.tip;
    let closed = books.wish.is_none() && books.opened.iter().all(|opened| opened.finished.is_some());
    let ended = closed && !books.opened.is_empty();
    let open = books.opened.iter().rev().find(|opened| opened.finished.is_none());
    v1::ClusterStatus {
        name: name.to_owned(),
        phase: if ended { "closed".to_owned() } else { report.words.clone() },
        state: if ended { v1::State::Closed } else { state(report.summary) },
        waiting: report.waiting.as_ref().map(|waiting| waiting_of(waiting, report)),
        nodes: near.map(|near| nodes(near, books)).unwrap_or_default(),
        provider: near.map(|near| v1::Provider {
            address: near.lease.provider.to_string(),
            host: near.host_uri.clone(),
        }),
        price_per_block: near.map(|near| near.price.to_string()),
        price_usd_per_hour: near.zip(tip).map(|(near, tip)| usd(per_hour(near.price, &tip))),
        dseq: open.or(books.opened.last()).map(|opened| opened.id.dseq.get()),
        spent_uact: v1::Micro(spent(books, near)),
        refund_uact: ended.then(|| v1::Micro(books.refund())),
        cost_uact: ended.then(|| v1::Micro(books.cost())),
        cost_usd: ended.then(|| usd(books.cost())),
        fees_uakt: v1::Micro(books.fees),
        escrow: near.map(|near| escrow(near, tip)),
        since: seconds(report.since_ms),
        last_error: last_error(report, near),
        last_code: last_code(report),
        ray_version: books.wish.as_ref().map(|wish| wish.cluster.ray.version.clone()),
        network: context.network.name().to_owned(),
        real_money: context.network.real_money(),
        revision: revision(books),
    }
}

/// How often the wish was written.
pub(crate) fn revision(books: &Books) -> u64 {
    let written = books.facts.iter().filter(|fact| matches!(fact, Fact::WishWritten { .. })).count();
    u64::try_from(written).unwrap_or(u64::MAX)
}

fn last_error(report: &Report, near: Option<&NodeView>) -> Option<String> {
    let complaint = near.and_then(|near| near.complaints.last().cloned());
    let failed = report.books.facts.iter().rev().find_map(|fact| match fact {
        Fact::Failed { why, .. } => Some(why.clone()),
        _ => None,
    });
    report.trouble.clone().or(complaint).or_else(|| failed.filter(|_| report.summary != Summary::Ready))
}

/// What kind of thing keeps it from being ready.
fn last_code(report: &Report) -> Option<Code> {
    match report.waiting.as_ref()? {
        Waiting::Budget { .. } | Waiting::Paused => Some(Code::OverBudget),
        Waiting::Locked { .. } => Some(Code::Locked),
        Waiting::ChainStalled { .. } => Some(Code::Unreachable),
        Waiting::BackOff { why, .. } | Waiting::GivenUp { why } if why.starts_with(NO_BID) => {
            Some(Code::NoBid)
        }
        Waiting::GivenUp { .. } => Some(Code::GivenUp),
        Waiting::BackOff { .. } | Waiting::Recovering { .. } => Some(Code::NotReady),
        Waiting::Settling { .. }
        | Waiting::Bids { .. }
        | Waiting::Starting { .. }
        | Waiting::NeedsRestart { .. }
        | Waiting::Draining { .. }
        | Waiting::Closing { .. } => None,
    }
}

/// Finished deployments, and what has left the escrow of the one that runs.
fn spent(books: &Books, near: Option<&NodeView>) -> u128 {
    let running = near.and_then(|near| {
        let opened = books.opened.iter().find(|opened| &opened.id == near.lease.deployment())?;
        Some(opened.deposited.saturating_sub(near.escrow.trunc().unwrap_or(0)))
    });
    books.cost().saturating_add(running.unwrap_or(0))
}

fn escrow(near: &NodeView, tip: Option<Tip>) -> v1::Escrow {
    let balance = near.escrow.trunc().unwrap_or(0);
    let runs_dry_unix = tip.and_then(|tip| {
        let blocks = near.escrow.atoms().checked_div(near.price.atoms())?;
        let ms = u64::try_from(blocks).unwrap_or(0).saturating_mul(tip.block_ms);
        Some(seconds(tip.time_ms.saturating_add(ms)))
    });
    v1::Escrow { balance_uact: v1::Micro(balance), runs_dry_unix }
}

/// The nodes that there should be, head first; those that Ray knows by what it says of them.
fn nodes(near: &NodeView, books: &Books) -> Vec<v1::Node> {
    let head_type = books.wish.as_ref().map_or("head", |wish| wish.cluster.head.as_str());
    let mut listed = Vec::new();
    let services = near.pods.keys().filter(|service| *service == HEAD_SERVICE);
    for service in services.chain(near.pods.keys().filter(|service| *service != HEAD_SERVICE)) {
        let Some(pods) = near.pods.get(service) else { continue };
        let known = near.nodes.iter().filter(|node| service_of(node) == service);
        let mut known: Vec<&Node> = known.collect();
        known.sort_by(|a, b| a.instance.cmp(&b.instance));
        let kind = if service == HEAD_SERVICE { head_type } else { service.trim_start_matches("ray-") };
        for number in 0..pods.wanted {
            let place = usize::try_from(number).unwrap_or(usize::MAX);
            let state = match known.get(place) {
                Some(node) if node.state == "ALIVE" => v1::NodeState::Alive,
                Some(_) => v1::NodeState::Dead,
                None if number < pods.available => v1::NodeState::Starting,
                None => v1::NodeState::Pending,
            };
            let several = pods.wanted > 1;
            let instance =
                if several { format!("{service}-{}", number.saturating_add(1)) } else { service.clone() };
            let role = if service == HEAD_SERVICE { "head" } else { "worker" };
            listed.push(v1::Node { instance, kind: kind.to_owned(), role: role.to_owned(), state });
        }
    }
    listed
}

fn service_of(node: &Node) -> &str {
    node.instance.split('/').nth(3).unwrap_or_default()
}

const fn state(summary: Summary) -> v1::State {
    match summary {
        Summary::Absent => v1::State::Absent,
        Summary::Ordering => v1::State::Ordering,
        Summary::Bidding => v1::State::Bidding,
        Summary::Leasing => v1::State::Leasing,
        Summary::Manifest => v1::State::Manifest,
        Summary::Starting => v1::State::Starting,
        Summary::Ready => v1::State::Ready,
        Summary::Degraded => v1::State::Degraded,
        Summary::Lost => v1::State::Lost,
        Summary::Closing => v1::State::Closing,
        Summary::Waiting => v1::State::Waiting,
    }
}

/// The word for programs, and until when.
fn word(waiting: &Waiting) -> (&'static str, Option<u64>) {
    match waiting {
        Waiting::Settling { .. } => ("settling", None),
        Waiting::Paused => ("paused", None),
        Waiting::Locked { .. } => ("locked", None),
        Waiting::ChainStalled { .. } => ("chain_stalled", None),
        Waiting::Budget { .. } => ("budget", None),
        Waiting::BackOff { until_ms, .. } => ("back_off", Some(*until_ms)),
        Waiting::GivenUp { .. } => ("given_up", None),
        Waiting::Bids { until_ms, .. } => ("bids", Some(*until_ms)),
        Waiting::Starting { until_ms, .. } => ("starting", Some(*until_ms)),
        Waiting::Recovering { until_ms, .. } => ("recovering", Some(*until_ms)),
        Waiting::NeedsRestart { .. } => ("needs_restart", None),
        Waiting::Draining { until_ms } => ("draining", Some(*until_ms)),
        Waiting::Closing { .. } => ("closing", None),
    }
}

pub(crate) fn waiting_of(waiting: &Waiting, report: &Report) -> v1::Waiting {
    let (what, until) = word(waiting);
    let since_ms = match waiting {
        Waiting::Locked { since_ms }
        | Waiting::ChainStalled { since_ms }
        | Waiting::Recovering { since_ms, .. } => *since_ms,
        _ => report.since_ms,
    };
    let detail = match (waiting, &report.trouble) {
        (_, Some(trouble)) => trouble.clone(),
        (Waiting::NeedsRestart { what }, None) => format!("the change {what}"),
        _ => waiting.words(),
    };
    v1::Waiting { what: what.to_owned(), since: seconds(since_ms), until: until.map(seconds), detail }
}

/// Pods of a lease by the names that users see: `ray-worker-1` is the first of its service in the order of pod names.
#[derive(Debug, Default)]
pub(crate) struct PodNames(BTreeMap<String, String>);

impl PodNames {
    pub(crate) fn of(near: &NodeView) -> Self {
        let mut names = BTreeMap::new();
        for (service, pods) in &near.pods {
            let mut hosts: Vec<&str> = near
                .nodes
                .iter()
                .filter(|node| service_of(node) == service)
                .filter_map(|node| node.instance.split('/').nth(4))
                .collect();
            hosts.sort_unstable();
            for (place, host) in hosts.into_iter().enumerate() {
                let shown = if pods.wanted > 1 {
                    format!("{service}-{}", place.saturating_add(1))
                } else {
                    service.clone()
                };
                names.insert(host.to_owned(), shown);
            }
        }
        Self(names)
    }

    /// What users call a pod; its own name when it has no place.
    pub(crate) fn shown<'a>(&'a self, pod: &'a str) -> &'a str {
        self.0.get(pod).map_or(pod, String::as_str)
    }
}
