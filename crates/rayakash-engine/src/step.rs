//! One step: finish what has no known end, look, decide, check, carry out.

use rayakash_core::spec::Name;
use rayakash_core::view::{Manifest, Placement, Ray, View};
use rayakash_core::{Decision, Now, Policy, Waiting, Wanted, check, decide, ration};

use crate::afford::afford;
use crate::carry_out::{CarriedOut, carry_out};
use crate::facts::{Books, Fact, Wish};
use crate::look::{Placing, look};
use crate::ports::{Outcome, Unavailable, World};
use crate::preview::draw;
use crate::report::{Report, Summary};

/// What the daemon decided once for all clusters.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What the network and the operator allow.
    pub policy: Policy,
}

/// What a cluster's task keeps in memory between steps. Losing it costs time, never money.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Whether the last look saw the world as it is; not before the first one, nor when it failed or the chain stood still.
    pub(crate) sure: bool,
    /// Since when the chain could not be looked at, Unix milliseconds.
    pub(crate) blind_since_ms: Option<u64>,
    /// The last words that went into the ledger.
    pub(crate) said: String,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Something was done: look again at once.
    AtOnce,
    /// Nothing to do now: look again at the next block, or when nudged.
    Wait,
    /// It went wrong: look again after a growing pause.
    Later,
    /// Nothing is there and nothing is wanted.
    Gone,
}

/// Where reports go.
pub(crate) type Publish<'a> = &'a (dyn Fn(Report) + Send + Sync);

/// Makes one step for one cluster.
///
/// Cancel-safe: what was begun is in the journal, and the next step takes it up.
pub(crate) async fn step(of: &Tended<'_>, memory: &mut Memory, last: &Report, publish: Publish<'_>) -> Next {
    match try_step(of, memory, last, publish).await {
        Ok(next) => next,
        Err(unavailable) => {
            let now_ms = of.world.clock().unix_ms();
            memory.sure = false;
            let since_ms = *memory.blind_since_ms.get_or_insert(now_ms);
            tracing::warn!(cluster = %of.name, error = %unavailable, "cannot look");
            let decision = Decision {
                row: rayakash_core::Row(3),
                acts: Vec::new(),
                waiting: Some(Waiting::ChainStalled { since_ms }),
            };
            let mut report = last.saying(decision.words(), Summary::Waiting, now_ms);
            report.waiting = decision.waiting;
            report.trouble = Some(unavailable.to_string());
            publish(report);
            Next::Later
        }
    }
}

/// One cluster, and what tends it.
pub(crate) struct Tended<'a> {
    pub(crate) world: &'a dyn World,
    pub(crate) name: &'a Name,
    pub(crate) settings: &'a Settings,
}

async fn try_step(
    of: &Tended<'_>,
    memory: &mut Memory,
    last: &Report,
    publish: Publish<'_>,
) -> Result<Next, Unavailable> {
    let books = of.world.ledger().books(of.name).await?;
    if let Some(next) = settle_open(of, &books, last, publish).await? {
        return Ok(next);
    }
    let seen = look(of.world, of.name, &books).await?;
    // A look takes a while, and the user may have written another wish, or none, in the meantime.
    let books = Books { wish: of.world.ledger().books(of.name).await?.wish, ..books };
    memory.blind_since_ms = None;
    let was_sure = std::mem::replace(&mut memory.sure, seen.view.tip.stalled_since_ms.is_none());
    if note_readiness(of, &seen, was_sure).await? {
        // A new fact: decide with it.
        return Ok(Next::AtOnce);
    }
    let policy = Policy { min_deposit: seen.min_deposit, ..of.settings.policy.clone() };
    let wanted = match &books.wish {
        Some(wish) => Some(want(of, wish, &seen.view).await?),
        None => None,
    };
    let now = Now { unix_ms: of.world.clock().unix_ms() };
    let decision = decide(wanted.as_ref(), &seen.view, &policy, now);
    let decision = afford(of.world, of.name, decision, &seen.view).await?;
    if let Err(violation) = check(wanted.as_ref().map(|w| &w.cluster), &seen.view, &decision) {
        tracing::error!(cluster = %of.name, row = decision.row.0, error = %violation, "decision refused");
        let mut report = last.next(&decision, seen, books, now.unix_ms);
        report.trouble = Some(format!("internal: decision of row R{} refused: {violation}", decision.row.0));
        publish(report);
        return Ok(Next::Later);
    }
    tell(of, memory, &decision).await?;
    let report = last.next(&decision, seen.clone(), books.clone(), now.unix_ms);
    publish(report.clone());
    if decision.acts.is_empty() {
        let gone = decision.row.0 == 1;
        return Ok(if gone { Next::Gone } else { Next::Wait });
    }
    act(of, decision, &seen, (&report, publish)).await
}

async fn act(
    of: &Tended<'_>,
    decision: Decision,
    seen: &Placing,
    (report, publish): (&Report, Publish<'_>),
) -> Result<Next, Unavailable> {
    let tip = seen.view.tip;
    let acts = decision.acts.into_iter().map(|act| ((), act)).collect();
    let mut next = Next::AtOnce;
    for ((), act) in ration(acts, seen.view.wallet.uact) {
        match carry_out(of, &act, seen, &tip).await {
            Ok(CarriedOut::Done) => {}
            Ok(CarriedOut::NotDone) => next = Next::Later,
            Ok(CarriedOut::InDoubt) => {
                next = Next::Later;
                break;
            }
            Ok(CarriedOut::NotRecorded(unavailable)) => {
                tracing::warn!(cluster = %of.name, error = %unavailable, "not written down, so not done");
                publish(Report { trouble: Some(unavailable.to_string()), ..report.clone() });
                next = Next::Later;
                break;
            }
            Ok(CarriedOut::Short(short)) => {
                // Another cluster was quicker. What costs nothing is done all the same.
                let waiting = Waiting::from(short);
                let mut held = report.saying(waiting.words(), Summary::Waiting, of.world.clock().unix_ms());
                held.waiting = Some(waiting);
                publish(held);
                next = Next::Wait;
            }
            Err(unavailable) => return Err(unavailable),
        }
    }
    Ok(next)
}

/// R2, carried out: the key's actor follows what was begun earlier. `None`: nothing is open.
async fn settle_open(
    of: &Tended<'_>,
    books: &Books,
    last: &Report,
    publish: Publish<'_>,
) -> Result<Option<Next>, Unavailable> {
    let Some(intent) = books.open.first() else { return Ok(None) };
    let now_ms = of.world.clock().unix_ms();
    publish(last.saying(format!("settling: {}", intent.act), Summary::Waiting, now_ms));
    let outcome = if intent.signs {
        of.world.chain().pursue(intent).await
    } else {
        // A manifest that may or may not have arrived: sending it again is harmless.
        Outcome::NotStarted { why: "interrupted".to_owned() }
    };
    if let Outcome::InDoubt { why, tx, dead_at } = outcome {
        let waiting = Waiting::Settling { act: intent.act.clone(), tx, dead_at };
        let mut report = last.saying(waiting.words(), Summary::Waiting, now_ms);
        report.waiting = Some(waiting);
        report.trouble = Some(why);
        publish(report);
        return Ok(Some(Next::Later));
    }
    let tip = match last.tip {
        Some(tip) => tip,
        // Facts bear header times, also the first one after a restart.
        None => of.world.chain().look(&[]).await?.tip,
    };
    of.world.ledger().settle(intent, &outcome, &tip).await?;
    Ok(Some(Next::AtOnce))
}

/// Writes down when a cluster becomes ready, and when it stops being so. True when something was new.
///
/// `was_sure`: the look before this one saw the world. At the first look that does again, the grace of a cluster that is not ready
/// starts anew: nobody knows how long it has been so.
async fn note_readiness(of: &Tended<'_>, seen: &Placing, was_sure: bool) -> Result<bool, Unavailable> {
    let view = &seen.view;
    let Some(Placement::Leased(leased)) = view.current().map(|placed| &placed.at) else { return Ok(false) };
    let facts = view.history.leases.get(&leased.lease);
    let known = facts.is_some_and(|facts| facts.ready.contains_key(&leased.version));
    let down = facts.is_some_and(|facts| facts.unready_since_ms.is_some());
    let current = leased.manifest == Manifest::Accepted(leased.version);
    // Without a way to the gate nothing was observed.
    let observed = seen.of(&leased.lease).is_some_and(|near| near.gate.is_some());
    let lease = leased.lease.clone();
    let at_ms = view.tip.time_ms;
    let sure = view.tip.stalled_since_ms.is_none();
    let whole = matches!(leased.ray, Ray::Probed { .. });
    let fact = if whole && current && (!known || down) {
        Fact::Ready { lease, version: leased.version, at_ms }
    } else if !whole && known && observed && (!down || (sure && !was_sure)) {
        Fact::Unready { lease, at_ms }
    } else {
        return Ok(false);
    };
    of.world.ledger().note(of.name, &fact).await?;
    Ok(true)
}

/// The wish, and what it becomes at the present block time. Its manifests are kept before anything can name them on chain.
async fn want(of: &Tended<'_>, wish: &Wish, seen: &View) -> Result<Wanted, Unavailable> {
    let (wanted, manifests) = draw(of.world, wish, seen).await?;
    for (version, manifest) in &manifests {
        of.world.vault().keep(of.name, *version, manifest).await?;
    }
    Ok(wanted)
}

/// The timeline: a line for each change of words.
async fn tell(of: &Tended<'_>, memory: &mut Memory, decision: &Decision) -> Result<(), Unavailable> {
    let words = decision.words();
    // Figures that move with every look are for the status, not for the timeline.
    let gist = words.split([':', '(']).next().unwrap_or_default().to_owned();
    if gist != memory.said {
        let detail = decision.acts.iter().map(|act| act.detail()).collect::<Vec<_>>().join("; ");
        of.world.ledger().say(of.name, &words, &detail).await?;
        memory.said = gist;
    }
    Ok(())
}
