//! What happened on the chain around the exchanges of a recording, as the exchanges themselves tell it.
//!
//! - A deployment was there when a manifest for it was judged by more than its form, when a lease of it answered, or when a bid on it
//!   was written down. It is created before the first exchange that names it.
//! - The hash on chain was that of every manifest that was taken, or refused for a reason that is looked at after the hash. Where it
//!   is another than before, the deployment was updated.
//! - A lease with a higher order number that answered came after the tenant closed the one before.
//! - A lease that had answered and then was not found, for good, had been closed.
//! - A fact `manifest` at whose second no exchange sent one stands for an exchange that was not written down: the manifest is the next
//!   one that the hash was right for. A fact that the daemon was started again says so.
//! - Where `/status` counts fewer leases than are open, those that nothing names any more had been closed.
//! - Leases that `/status` counts and nothing opened were there before the recording.

use std::collections::{BTreeMap, BTreeSet};

use akash_sdl::Manifest;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::exchange::{BINARY, Exchange, Frame, millis};

/// A thing that is done or asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A tenant creates a deployment with the hash of this manifest; `None`: nobody knows one.
    Create { dseq: u64, manifest: Option<Vec<u8>> },
    /// It takes the bid on this order.
    Lease { dseq: u64, oseq: u32 },
    /// It updates the hash to that of this manifest.
    Update { dseq: u64, manifest: Vec<u8> },
    /// It closes the lease and keeps the deployment.
    CloseLease { dseq: u64, oseq: u32 },
    /// It closes the deployment.
    Close { dseq: u64 },
    /// It sends a manifest, in an exchange that was not written down.
    Send { dseq: u64, manifest: Vec<u8> },
    /// The provider's daemon ends and starts again.
    Restart,
    /// The exchange with this number.
    Ask(usize),
}

impl Act {
    /// The deployment that it changes.
    pub(crate) const fn dseq(&self) -> Option<u64> {
        match self {
            Self::Create { dseq, .. }
            | Self::Lease { dseq, .. }
            | Self::Update { dseq, .. }
            | Self::CloseLease { dseq, .. }
            | Self::Close { dseq }
            | Self::Send { dseq, .. } => Some(*dseq),
            Self::Restart | Self::Ask(_) => None,
        }
    }
}

/// An act and its Unix second.
pub(crate) type Moment = (u64, Act);

/// What an exchange says about the deployment that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// Nothing.
    None,
    /// The deployment is there; its hash is another than this manifest's.
    Other,
    /// The deployment is there, with the hash of this manifest; whether there is a lease.
    Hash(bool),
    /// The lease is there.
    Alive,
    /// Pods of it are there, which stay for a while when it is closed.
    Pods,
    /// There is no such lease, or not yet, or no more.
    Absent,
}

fn sign(exchange: &Exchange, kubernetes: bool) -> Sign {
    let text = exchange.text();
    if exchange.method == "PUT" {
        return match (exchange.status(), text.as_str()) {
            (200, _) => Sign::Hash(true),
            (404, _) => Sign::Hash(false),
            (422, "manifest version validation failed") => Sign::Other,
            (_, text) if text.contains("cross-validation") || text.contains("unknown deployment group") => {
                Sign::Hash(true)
            }
            _ => Sign::None,
        };
    }
    match exchange.status() {
        200 => Sign::Alive,
        101 if exchange.heard.frames.iter().any(is_of_pods) => Sign::Pods,
        404 if kubernetes => Sign::Absent,
        _ => Sign::None,
    }
}

/// Whether a frame holds a log line, an event or what a command in a container wrote.
fn is_of_pods(frame: &Frame) -> bool {
    let written = || frame.kind == BINARY && matches!(frame.payload.first(), Some(100 | 101));
    !frame.ours && (frame.kind == 1 || written())
}

/// Whether an exchange shows what a manifest made run.
pub(crate) fn shows_workload(exchange: &Exchange) -> bool {
    matches!(sign(exchange, true), Sign::Alive | Sign::Pods)
}

/// Deployments with pods whose manifest is in no exchange: nobody can tell what ran.
pub(crate) fn without_manifest(exchanges: &[Exchange]) -> BTreeSet<u64> {
    let of = |wanted: fn(&Exchange) -> bool| {
        let found = exchanges.iter().filter(move |e| wanted(e));
        found.filter_map(|e| Some(e.names()?.0)).collect::<BTreeSet<u64>>()
    };
    &of(shows_workload) - &of(|exchange| matches!(sign(exchange, true), Sign::Hash(_)))
}

/// When an exchange began, as far as it tells: its answer's date, or its token's.
fn second(exchange: &Exchange, backdated: u64) -> Option<u64> {
    let told = exchange.heard.answer.as_ref().and_then(|answer| answer.header("Date")).and_then(date);
    let took = exchange.heard.ms / 1_000;
    told.map(|at| if exchange.is_socket() { at } else { at.saturating_sub(took) })
        .or_else(|| Some(issued(exchange)? + backdated))
}

fn issued(exchange: &Exchange) -> Option<u64> {
    exchange.claim("nbf")?.as_u64()
}

fn date(text: &str) -> Option<u64> {
    let at = OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok()?;
    u64::try_from(at.unix_timestamp()).ok()
}

/// The Unix second of every exchange; one that does not tell has that of the one before.
pub(crate) fn seconds(exchanges: &[Exchange]) -> Vec<u64> {
    let mut ages: Vec<u64> = exchanges
        .iter()
        .filter_map(|e| date(e.heard.answer.as_ref()?.header("Date")?)?.checked_sub(issued(e)?))
        .collect();
    ages.sort_unstable();
    let backdated = ages.get(ages.len() / 2).copied().unwrap_or(0);
    let mut last = exchanges.iter().find_map(|e| second(e, backdated)).unwrap_or(0);
    let mut all = Vec::with_capacity(exchanges.len());
    for exchange in exchanges {
        last = second(exchange, backdated).unwrap_or(last);
        all.push(last);
    }
    all
}

/// What a manifest's hash on chain is; one that cannot be read stands for itself.
fn hash(manifest: &[u8]) -> Vec<u8> {
    Manifest::from_json(manifest).map_or_else(|_| manifest.to_vec(), |manifest| manifest.hash().to_vec())
}

/// What is known of one deployment on the way through the exchanges.
#[derive(Default)]
struct Known {
    hash: Option<Vec<u8>>,
    oseq: u32,
    open: bool,
    answered: bool,
}

/// The acts of a recording in their order.
pub(crate) fn tell(exchanges: &[Exchange], facts: &[Value], kubernetes: bool) -> Vec<Moment> {
    let times = seconds(exchanges);
    let mut order: Vec<usize> = (0..exchanges.len()).collect();
    order.sort_by_key(|n| times.get(*n).copied());
    let order: Vec<(u64, usize)> =
        order.into_iter().filter_map(|n| Some((times.get(n).copied()?, n))).collect();
    let mut teller = Teller { exchanges, order, kubernetes, known: BTreeMap::new(), moments: Vec::new() };
    let mut told = told_by_facts(exchanges, &times, facts);
    for at in 0..teller.order.len() {
        let Some((second, n)) = teller.order.get(at).copied() else { continue };
        while told.first().is_some_and(|(when, _)| *when <= second) {
            let (when, fact) = told.remove(0);
            teller.fact(when, fact, at);
        }
        teller.before(second, at, n);
        teller.moments.push((second, Act::Ask(n)));
    }
    let before = before(exchanges, &teller.moments);
    before.into_iter().chain(teller.moments).collect()
}

struct Teller<'a> {
    exchanges: &'a [Exchange],
    /// Seconds and numbers of the exchanges in their order.
    order: Vec<(u64, usize)>,
    kubernetes: bool,
    known: BTreeMap<u64, Known>,
    moments: Vec<Moment>,
}

impl<'a> Teller<'a> {
    /// The exchanges about a deployment from a place on: the exchange, its order number, its sign.
    fn later(&self, at: usize, dseq: u64) -> impl Iterator<Item = (&'a Exchange, u32, Sign)> {
        let rest = self.order.iter().skip(at).filter_map(|(_, n)| self.exchanges.get(*n));
        rest.filter_map(move |e| {
            let (own, _, oseq) = e.names()?;
            (own == dseq).then(|| (e, oseq, sign(e, self.kubernetes)))
        })
    }

    /// The next manifest that the hash on chain was right for.
    fn next_hash(&self, at: usize, dseq: u64) -> Option<Vec<u8>> {
        self.later(at, dseq)
            .find(|(_, _, sign)| matches!(sign, Sign::Hash(_)))
            .map(|(e, _, _)| e.body.clone())
    }

    fn is_there(&self, dseq: u64) -> bool {
        self.later(0, dseq)
            .any(|(_, _, sign)| matches!(sign, Sign::Other | Sign::Hash(_) | Sign::Alive | Sign::Pods))
    }

    /// What must have happened before an exchange.
    fn before(&mut self, second: u64, at: usize, n: usize) {
        let Some(exchange) = self.exchanges.get(n) else { return };
        if let Some(counted) = leases(exchange).filter(|_| exchange.path == "/status") {
            self.close_down_to(counted, second, at);
        }
        let Some((dseq, _, oseq)) = exchange.names() else { return };
        if !self.is_there(dseq) {
            return;
        }
        if !self.known.contains_key(&dseq) {
            let manifest = self.next_hash(at, dseq);
            self.moments.push((second, Act::Create { dseq, manifest: manifest.clone() }));
            self.moments.push((second, Act::Lease { dseq, oseq: 1 }));
            self.known.insert(
                dseq,
                Known { hash: manifest.as_deref().map(hash), oseq: 1, open: true, answered: false },
            );
        }
        let sign = sign(exchange, self.kubernetes);
        let lives_on = self.later(at + 1, dseq).any(|(_, later, sign)| match sign {
            Sign::Alive => later == oseq || exchange.method == "PUT",
            Sign::Hash(leased) => leased,
            Sign::None | Sign::Other | Sign::Pods | Sign::Absent => false,
        });
        let Some(known) = self.known.get_mut(&dseq) else { return };
        match sign {
            Sign::Hash(leased) => {
                if known.hash != Some(hash(&exchange.body)) {
                    known.hash = Some(hash(&exchange.body));
                    self.moments.push((second, Act::Update { dseq, manifest: exchange.body.clone() }));
                }
                known.answered |= leased;
                if !leased && known.open {
                    known.open = false;
                    self.moments.push((second, Act::Close { dseq }));
                }
            }
            Sign::Alive => {
                if oseq > known.oseq {
                    self.moments.push((second, Act::CloseLease { dseq, oseq: known.oseq }));
                    self.moments.push((second, Act::Lease { dseq, oseq }));
                    known.oseq = oseq;
                }
                known.answered = true;
            }
            Sign::Absent if known.open && known.answered && oseq == known.oseq && !lives_on => {
                known.open = false;
                self.moments.push((second, Act::Close { dseq }));
            }
            Sign::None | Sign::Other | Sign::Pods | Sign::Absent => {}
        }
    }

    /// Closes deployments that no later exchange names, the oldest first, until no more leases are open than were counted.
    fn close_down_to(&mut self, counted: u64, second: u64, at: usize) {
        let open: Vec<u64> = self.known.iter().filter(|(_, k)| k.open).map(|(dseq, _)| *dseq).collect();
        let done = open.iter().filter(|dseq| self.later(at, **dseq).next().is_none());
        let many = open.len().saturating_sub(usize::try_from(counted).unwrap_or(usize::MAX));
        for dseq in done.take(many).copied().collect::<Vec<_>>() {
            self.known.entry(dseq).and_modify(|known| known.open = false);
            self.moments.push((second, Act::Close { dseq }));
        }
    }

    /// What a fact adds: `None` is a start of the daemon.
    fn fact(&mut self, second: u64, fact: Fact, at: usize) {
        match fact {
            Fact::Restart => self.moments.push((second, Act::Restart)),
            Fact::Manifest => {
                let Some(dseq) = self.moments.iter().rev().find_map(|(_, act)| act.dseq()) else { return };
                let Some(manifest) = self.next_hash(at, dseq) else { return };
                let Some(known) = self.known.get_mut(&dseq).filter(|known| known.open) else { return };
                if known.hash != Some(hash(&manifest)) {
                    known.hash = Some(hash(&manifest));
                    self.moments.push((second, Act::Update { dseq, manifest: manifest.clone() }));
                }
                known.answered = true;
                self.moments.push((second, Act::Send { dseq, manifest }));
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    Manifest,
    Restart,
}

/// What the facts tell beyond the exchanges, with Unix seconds.
fn told_by_facts(exchanges: &[Exchange], times: &[u64], facts: &[Value]) -> Vec<(u64, Fact)> {
    let taken: BTreeSet<u64> = exchanges
        .iter()
        .zip(times)
        .filter(|(e, _)| e.method == "PUT" && e.status() == 200)
        .map(|(_, second)| *second)
        .collect();
    let Some(start) = start_ms(&taken, facts) else { return Vec::new() };
    let mut told = Vec::new();
    for fact in facts {
        let Some(at) = time(fact, "t").map(|t| start + t) else { continue };
        let second = at / 1_000;
        let what = fact.get("what").and_then(Value::as_str).unwrap_or_default();
        if what == "manifest" && was_taken(fact) && !taken.contains(&second) {
            told.push((second, Fact::Manifest));
        } else if what.contains("killed and started") {
            let took = time(fact, "seconds").unwrap_or(0);
            told.push(((at - took) / 1_000, Fact::Restart));
        }
    }
    told.sort_by_key(|(second, _)| *second);
    told
}

fn was_taken(fact: &Value) -> bool {
    let tries = fact.get("tries").and_then(Value::as_array);
    tries.and_then(|tries| tries.last()?.get(1)?.as_u64()) == Some(200)
}

fn time(fact: &Value, key: &str) -> Option<u64> {
    millis(&fact.get(key)?.to_string())
}

/// The Unix millisecond at which the facts' clock began: that at which most of the taken manifests are facts.
fn start_ms(taken: &BTreeSet<u64>, facts: &[Value]) -> Option<u64> {
    let is_sent = |f: &&Value| was_taken(f) || f.get("status").and_then(Value::as_u64) == Some(200);
    let sent: Vec<u64> = facts.iter().filter(is_sent).filter_map(|f| time(f, "t")).collect();
    let candidates = taken.iter().flat_map(|second| {
        let tenths = (0..10).map(move |tenth| second * 1_000 + tenth * 100);
        tenths.flat_map(|at| sent.iter().filter_map(move |t| at.checked_sub(*t)))
    });
    let fits = |start: u64| {
        let seconds: BTreeSet<u64> = sent.iter().map(|t| (start + t) / 1_000).collect();
        seconds.intersection(taken).count()
    };
    // Many starts fit as well as each other; the middle one is the farthest from those that do not.
    let mut rated: Vec<(usize, u64)> = candidates.map(|start| (fits(start), start)).collect();
    rated.sort_unstable();
    let best = rated.last()?.0;
    let best: Vec<u64> = rated.into_iter().filter(|(fit, _)| *fit == best).map(|(_, start)| start).collect();
    best.get(best.len() / 2).copied()
}

/// Leases that `/status` counts and that nothing had opened: they were there before, and the daemon knew them when it started.
fn before(exchanges: &[Exchange], moments: &[Moment]) -> Vec<Moment> {
    let mut open: u64 = 0;
    let mut missing: u64 = 0;
    for (_, act) in moments {
        match act {
            Act::Lease { .. } => open += 1,
            Act::CloseLease { .. } | Act::Close { .. } => open = open.saturating_sub(1),
            Act::Ask(n) => {
                let counted = exchanges.get(*n).filter(|e| e.path == "/status").and_then(leases);
                missing = missing.max(counted.unwrap_or(0).saturating_sub(open));
            }
            Act::Create { .. } | Act::Update { .. } | Act::Send { .. } | Act::Restart => {}
        }
    }
    // Where a story closes less than was closed, `/status` counts fewer: only a recording without leases of its own can tell.
    if missing == 0 || moments.iter().any(|(_, act)| matches!(act, Act::Lease { .. })) {
        return Vec::new();
    }
    let second = moments.first().map_or(0, |(second, _)| *second);
    let opened = (1..=missing).flat_map(|n| {
        let dseq = second * 1_000 + n;
        [(second, Act::Create { dseq, manifest: None }), (second, Act::Lease { dseq, oseq: 1 })]
    });
    opened.chain([(second, Act::Restart)]).collect()
}

fn leases(exchange: &Exchange) -> Option<u64> {
    let status: Value = serde_json::from_slice(&exchange.heard.answer.as_ref()?.body).ok()?;
    status.pointer("/cluster/leases")?.as_u64()
}

#[cfg(test)]
mod tests;
