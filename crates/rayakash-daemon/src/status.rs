//! A report, in the words of the API.

use std::collections::BTreeMap;

use akash_types::Dec;
use rayakash_api::error::Code;
use rayakash_api::v1;
use rayakash_core::blueprint::HEAD_SERVICE;
use rayakash_core::view::{Escrow, Tip};
use rayakash_core::{NO_BID, Waiting, per_hour, usd};
use rayakash_engine::facts::{Books, Fact};
use rayakash_engine::ports::Node;
use rayakash_engine::{NodeView, Report, Summary};

use crate::config::Context;

/// The words for a cluster that was not looked at yet, as [`Report::unknown`] has them.
const LOOKING: &str = "looking";

/// Unix seconds of Unix milliseconds.
fn seconds(ms: u64) -> i64 {
    i64::try_from(ms / 1_000).unwrap_or(i64::MAX)
}

/// Where a cluster stands: by the last report of its loop, by the books as they are now, and by what is wrong at its head.
pub(crate) fn of(
    name: &str,
    report: &Report,
    (books, head): (&Books, Option<String>),
    context: &Context,
) -> v1::ClusterStatus {
    let near = report.near.as_ref();
    let tip = report.tip;
    let (state, phase) = standing(report, books);
    let ended = state == v1::State::Closed;
    let open = books.opened.iter().rev().find(|opened| opened.finished.is_none());
    let waiting = report.waiting.as_ref().filter(|_| phase == report.words);
    v1::ClusterStatus {
        name: name.to_owned(),
        phase,
        state,
        waiting: waiting.map(|waiting| waiting_of(waiting, report)),
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
        exposure: exposure(&report.leases, tip),
        since: seconds(report.since_ms),
        last_error: last_error(report, near, head).filter(|_| state != v1::State::Absent),
        last_code: last_code(report),
        ray_version: books.wish.as_ref().map(|wish| wish.cluster.ray.version.clone()),
        network: context.network.name().to_owned(),
        real_money: context.network.real_money(),
        // Of what is told here: the wish may be newer than the last look.
        revision: revision(&report.books),
    }
}

/// State and words. A report is as old as the last look; a wish that was written or dropped since then shows at once.
fn standing(report: &Report, books: &Books) -> (v1::State, String) {
    let over = books.open.is_empty() && books.opened.iter().all(|opened| opened.finished.is_some());
    match &books.wish {
        None if over && books.opened.is_empty() => (v1::State::Absent, "gone".to_owned()),
        None if over => (v1::State::Closed, "closed".to_owned()),
        // Looked at with the wish, or not yet.
        None if report.books.wish.is_some()
            || (report.books.adopted && !books.adopted)
            || (report.revision == 0 && !books.adopted) =>
        {
            (v1::State::Closing, "closing".to_owned())
        }
        Some(_) if report.summary == Summary::Absent => (v1::State::Waiting, LOOKING.to_owned()),
        _ => (state(report.summary), report.words.clone()),
    }
}

/// How often the wish was written.
pub(crate) fn revision(books: &Books) -> u64 {
    let written = books.facts.iter().filter(|fact| matches!(fact, Fact::WishWritten { .. })).count();
    u64::try_from(written).unwrap_or(u64::MAX)
}

fn last_error(report: &Report, near: Option<&NodeView>, head: Option<String>) -> Option<String> {
    let complaint = near.and_then(|near| near.complaints.last().cloned());
    let failed = report.books.facts.iter().rev().find_map(|fact| {
        let Fact::Failed { why, .. } = fact else { return None };
        Some(why.clone())
    });
    let past = || head.or(failed).filter(|_| report.summary != Summary::Ready);
    report.trouble.clone().or(complaint).or_else(past)
}

/// What kind of thing keeps it from being ready.
fn last_code(report: &Report) -> Option<Code> {
    match report.waiting.as_ref()? {
        Waiting::Budget { .. } | Waiting::Paused => Some(Code::OverBudget),
        Waiting::UnknownVersion { .. } => Some(Code::UnknownVersion),
        Waiting::Frozen(_) => Some(Code::Frozen),
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
        | Waiting::Closing { .. }
        | Waiting::Adopted => None,
    }
}

/// Finished deployments, and what has left the escrow of the one that runs.
fn spent(books: &Books, near: Option<&NodeView>) -> u128 {
    let running = near.and_then(|near| {
        let opened = books.opened.iter().find(|opened| &opened.id == near.lease.deployment())?;
        Some(opened.deposited.saturating_sub(left(near).trunc().unwrap_or(0)))
    });
    books.cost().saturating_add(running.unwrap_or(0))
}

/// What is left in escrow; nothing when it is overdue, or frozen.
fn left(near: &NodeView) -> Dec {
    match near.escrow {
        Escrow::Open(left) => left.max(Dec::ZERO),
        Escrow::Frozen => Dec::ZERO,
    }
}

fn escrow(near: &NodeView, tip: Option<Tip>) -> v1::Escrow {
    let balance = left(near).trunc().unwrap_or(0);
    let runs_dry_unix = tip
        .filter(|_| near.escrow != Escrow::Frozen)
        .and_then(|tip| dry_ms(left(near), near.price, &tip).map(seconds));
    v1::Escrow { balance_uact: v1::Micro(balance), runs_dry_unix }
}

/// What is in the escrows of live leases, and when the last of them is empty. None without a lease.
fn exposure(leases: &[(Escrow, Dec)], tip: Option<Tip>) -> Option<v1::Exposure> {
    let tip = tip.filter(|_| !leases.is_empty())?;
    let mut most = 0_u128;
    let mut until = Some(tip.time_ms);
    for (escrow, price) in leases {
        let Escrow::Open(left) = escrow else {
            until = None;
            continue;
        };
        let left = left.max(&Dec::ZERO);
        most = most.saturating_add(left.ceil().unwrap_or(0));
        until = until.zip(dry_ms(*left, *price, &tip)).map(|(one, other)| one.max(other));
    }
    Some(v1::Exposure { most_uact: v1::Micro(most), most_usd: usd(most), until_unix: until.map(seconds) })
}

/// When so much is used up, Unix milliseconds.
fn dry_ms(left: Dec, price: Dec, tip: &Tip) -> Option<u64> {
    let blocks = left.atoms().checked_div(price.atoms())?;
    let ms = u64::try_from(blocks).unwrap_or(0).saturating_mul(tip.block_ms);
    Some(tip.time_ms.saturating_add(ms))
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
        Waiting::UnknownVersion { .. } => ("unknown_version", None),
        Waiting::Frozen(_) => ("frozen", None),
        Waiting::Adopted => ("adopted", None),
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

/// What is told of a cluster that was adopted.
const ADOPTED: &str = "adopted: it is kept as it is until its escrow runs dry; `rayakash up` with its file takes it over, `rayakash down` ends it";

pub(crate) fn waiting_of(waiting: &Waiting, report: &Report) -> v1::Waiting {
    let (what, until) = word(waiting);
    let since_ms = if let Waiting::Locked { since_ms }
    | Waiting::ChainStalled { since_ms }
    | Waiting::Recovering { since_ms, .. } = waiting
    {
        *since_ms
    } else {
        report.since_ms
    };
    let detail = match (waiting, &report.trouble) {
        (_, Some(trouble)) => trouble.clone(),
        (Waiting::NeedsRestart { what }, None) => format!("the change {what}"),
        (Waiting::Adopted, None) => ADOPTED.to_owned(),
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

#[cfg(test)]
mod tests {
    use akash_types::{Address, Coin, DeploymentId, Dseq};
    use rayakash_engine::facts::{Finished, Intent, Opened, Wish};

    use super::*;

    const FILE: &str = "apiVersion: rayakash/v1\ncluster_name: a\nhead_node_type: h\navailable_node_types:\n  h: { resources: { CPU: 1, memory: 2Gi } }\n";

    fn wanted(times: u64) -> Books {
        let cluster = crate::wish::read(FILE).unwrap();
        let facts = (0..times).map(|at_ms| Fact::WishWritten { at_ms }).collect();
        Books { wish: Some(Wish { cluster, restart: false, written_ms: 0 }), facts, ..Books::default() }
    }

    fn dropped(finished: bool) -> Books {
        let owner = Address::from_bytes(&[1; 20]).unwrap();
        let end = Finished { refund: Coin::uact(7), cost: Coin::uact(3) };
        let opened = Opened {
            id: DeploymentId::new(owner, Dseq::new(7).unwrap()),
            generation: 1,
            deposited: 10,
            finished: finished.then_some(end),
        };
        Books { wish: None, opened: vec![opened], ..wanted(1) }
    }

    fn report(words: &str, summary: Summary, books: Books) -> Report {
        Report { revision: 1, words: words.to_owned(), summary, books, ..Report::unknown(0) }
    }

    #[test]
    fn the_books_correct_a_report_that_is_older() {
        let close = Intent {
            id: "i".to_owned(),
            cluster: "a".to_owned(),
            act: "close-deployment".to_owned(),
            deployment: None,
            generation: 0,
            signs: true,
        };
        let table = [
            ("the same", report("ready", Summary::Ready, wanted(1)), wanted(1), "ready"),
            ("just dropped", report("ready", Summary::Ready, wanted(1)), dropped(false), "closing"),
            ("not looked at yet", Report::unknown(0), dropped(false), "closing"),
            ("wanted, not looked at yet", Report::unknown(0), wanted(1), "looking"),
            ("closing", report("locked", Summary::Waiting, dropped(false)), dropped(false), "locked"),
            ("closed", report("closing", Summary::Closing, dropped(false)), dropped(true), "closed"),
            (
                "closed but for an intent",
                report("settling: x", Summary::Waiting, dropped(true)),
                Books { open: vec![close], ..dropped(true) },
                "settling: x",
            ),
            ("wanted again", report("gone", Summary::Absent, dropped(true)), wanted(2), "looking"),
            ("never there", report("looking", Summary::Waiting, wanted(1)), Books::default(), "gone"),
        ];
        for (what, report, books, phase) in table {
            assert_eq!(standing(&report, &books).1, phase, "{what}");
        }
    }

    fn near(escrow: Escrow) -> NodeView {
        let owner = Address::from_bytes(&[1; 20]).unwrap();
        let id = DeploymentId::new(owner.clone(), Dseq::new(7).unwrap());
        NodeView {
            lease: id.group(1).order(1).bid(owner).lease(),
            host_uri: String::new(),
            ready: true,
            gate: None,
            nodes: Vec::new(),
            pods: BTreeMap::new(),
            complaints: Vec::new(),
            escrow,
            price: Dec::from_int(10),
        }
    }

    #[test]
    fn what_vanishing_now_would_cost_is_in_all_escrows_until_the_last_is_empty() {
        let tip =
            Tip { height: akash_types::Height(5), time_ms: 60_000, block_ms: 6_000, stalled_since_ms: None };
        let open = |left: u64, price: u64| (Escrow::Open(Dec::from_int(left)), Dec::from_int(price));
        let shown = |leases: &[(Escrow, Dec)]| {
            exposure(leases, Some(tip)).map(|e| (e.most_uact.0, e.most_usd, e.until_unix))
        };
        assert_eq!(shown(&[]), None);
        assert_eq!(shown(&[open(100, 10)]), Some((100, "0.0001".to_owned(), Some(120))));
        assert_eq!(shown(&[open(100, 10), open(50, 1)]), Some((150, "0.00015".to_owned(), Some(360))));
        let overdue = (Escrow::Open(Dec::from_atoms(-5)), Dec::from_int(1));
        assert_eq!(shown(&[overdue]), Some((0, "0.00".to_owned(), Some(60))));
        let frozen = (Escrow::Frozen, Dec::from_int(1));
        assert_eq!(shown(&[open(100, 10), frozen]), Some((100, "0.0001".to_owned(), None)));
        assert_eq!(exposure(&[open(1, 1)], None), None);
    }

    #[test]
    fn below_zero_nothing_is_left_and_of_what_is_frozen_nobody_knows_how_long_it_lasts() {
        let tip =
            Tip { height: akash_types::Height(5), time_ms: 60_000, block_ms: 6_000, stalled_since_ms: None };
        let shown = |left| escrow(&near(left), Some(tip));
        let below = Dec::ZERO.checked_sub(Dec::from_int(500_000)).unwrap();
        for (left, balance, dry) in [
            (Escrow::Open(Dec::from_int(100)), 100, Some(120)),
            (Escrow::Open(below), 0, Some(60)),
            (Escrow::Frozen, 0, None),
        ] {
            let told = shown(left);
            assert_eq!((told.balance_uact.0, told.runs_dry_unix), (balance, dry), "{left:?}");
        }
    }

    #[test]
    fn a_status_bears_the_revision_of_what_it_tells() {
        let context = Context {
            name: "sandbox".to_owned(),
            network: crate::Network::Sandbox,
            endpoints: Vec::new(),
            key: None,
            funder: None,
        };
        let old = report("given up: x", Summary::Waiting, wanted(1));
        let shown = of("a", &old, (&wanted(2), Some("reset".to_owned())), &context);
        assert_eq!((shown.revision, shown.last_error.as_deref()), (1, Some("reset")));
    }
}
