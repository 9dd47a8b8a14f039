//! Every act of the engine and everything that can become of it, over the real ledger and a market that keeps its own books.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

mod market;
mod misfortunes;
mod outside;
mod run;
mod script;
mod wish;

use std::sync::Arc;

use rayakash_core::Waiting;
use rayakash_engine::Summary;

use market::Market;
use outside::{BLOCK_MS, Outside};
use run::{Engine, Process, Run};
use script::Fault;

/// An act goes wrong once, at the `nth` time; the cluster comes up all the same, and goes down.
async fn goes_wrong(act: &'static str, nth: u32, fault: Fault, restart: bool) {
    let label = format!("{act} ({nth}) {fault:?}, {}", if restart { "restart" } else { "no restart" });
    let mut run = Run::new(label.clone(), restart);
    run.outside.script().plan(act, nth, fault);
    run.wish("note=1", false).await;
    run.until_ready().await;
    if act == "update-deployment" {
        run.wish("note=2", true).await;
        run.for_ms(3 * BLOCK_MS).await;
        run.until_ready().await;
    }
    run.for_ms(15_000).await;
    run.check_money().await;
    assert_eq!(run.outside.market().live(), 1, "{label}: one lives");
    run.down().await;
    run.until_gone().await;
    assert!(run.outside.script().is_over(), "{label}: the fault has struck");
    run.check_end().await;
    check_effects(&run, &label, act, fault == Fault::Refused && !restart);
}

/// Each effect as often as it should be. `refused`: the refusal was written down.
fn check_effects(run: &Run, label: &str, act: &str, refused: bool) {
    let market = run.outside.market();
    // A provider that refuses the manifest for good is left, and its deployment with it. A process that dies before it wrote the
    // refusal down asks again, and is not refused then.
    let left = usize::from(refused && act == "send-manifest");
    assert_eq!(market.created(), 1 + left, "{label}: deployments created");
    assert_eq!(market.most_live, 1, "{label}: never two at once");
    assert_eq!(market.count("accept-bid"), market.created(), "{label}: one lease each");
    assert_eq!(market.count("close-deployment"), market.created(), "{label}: one close each");
    let changed = usize::from(act == "update-deployment");
    assert_eq!(market.count("update-deployment"), changed, "{label}: updates");
}

async fn goes_wrong_in_every_way(act: &'static str, nth: u32) {
    for fault in Fault::ALL {
        for restart in [false, true] {
            goes_wrong(act, nth, fault, restart).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn opening_a_deployment_goes_wrong() {
    goes_wrong_in_every_way("open-deployment", 1).await;
}

#[tokio::test(start_paused = true)]
async fn accepting_a_bid_goes_wrong() {
    goes_wrong_in_every_way("accept-bid", 1).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_manifest_goes_wrong() {
    goes_wrong_in_every_way("send-manifest", 1).await;
}

#[tokio::test(start_paused = true)]
async fn the_second_manifest_goes_wrong() {
    goes_wrong_in_every_way("send-manifest", 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_top_up_goes_wrong() {
    goes_wrong_in_every_way("top-up", 1).await;
}

#[tokio::test(start_paused = true)]
async fn an_update_goes_wrong() {
    goes_wrong_in_every_way("update-deployment", 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_goes_wrong() {
    goes_wrong_in_every_way("drain-jobs", 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_close_goes_wrong() {
    goes_wrong_in_every_way("close-deployment", 1).await;
}

/// What becomes of an act during which the user changed his mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    Restart,
}

/// Up and down, held at a moment: before or after something that outlives the process. `None`: there are not so many moments.
async fn held_at(moment: u32, then: Then, down: bool) -> Option<Run> {
    let mut run = Run::new(format!("moment {moment}, down {down}, {then:?}"), then == Then::Restart);
    let outside = Arc::clone(&run.outside);
    outside.script().hold_at(moment);
    run.wish("note=1", false).await;
    let up = || outside.market().count("top-up") > 0 && outside.sends() == [2];
    run.until_plainly("held or ready", |e| outside.is_held() || (e.is(Summary::Ready) && up())).await;
    if !outside.is_held() || down {
        run.down().await;
        run.until_plainly("held or gone", |engine| outside.is_held() || engine.gone).await;
    }
    if !outside.is_held() {
        return None;
    }
    match then {
        Then::GoOn => outside.let_go(),
        Then::Restart => run.interrupt().await,
    }
    if run.books().await.wish.is_some() {
        run.until_ready().await;
        run.check_money().await;
        run.down().await;
    }
    run.until_gone().await;
    run.check_end().await;
    Some(run)
}

/// Nobody can tell where a process dies: it dies everywhere.
#[tokio::test(start_paused = true)]
async fn the_process_dies_at_every_moment() {
    let mut moment = 1;
    while let Some(run) = held_at(moment, Then::Restart, false).await {
        let market = run.outside.market();
        assert_eq!((market.created(), market.most_live), (1, 1), "moment {moment}: one deployment");
        assert_eq!(market.count("accept-bid"), 1, "moment {moment}: one lease");
        moment += 1;
    }
    assert!(moment > 40, "only {moment} moments");
}

/// `down` comes at every moment: before and after each record, and each effect. What is begun is ended, and nothing is left.
async fn down_at_every_moment(then: Then) {
    let mut moment = 1;
    while let Some(run) = held_at(moment, then, true).await {
        let (created, begun) =
            (run.outside.market().created(), run.outside.script().begun("open-deployment"));
        assert!(created <= 1 && begun <= 1, "moment {moment}, {then:?}: {created} created");
        moment += 1;
    }
    assert!(moment > 40, "only {moment} moments");
}

#[tokio::test(start_paused = true)]
async fn the_wish_goes_at_every_moment_and_the_process_goes_on() {
    down_at_every_moment(Then::GoOn).await;
}

#[tokio::test(start_paused = true)]
async fn the_wish_goes_at_every_moment_and_the_process_dies() {
    down_at_every_moment(Then::Restart).await;
}

/// The wish is written anew while the deployment is being opened.
async fn rewritten_while_ordering(options: &str, consent: bool, then: Then) -> Run {
    let mut run =
        Run::new(format!("rewritten: {options}, consent {consent}, {then:?}"), then == Then::Restart);
    let outside = Arc::clone(&run.outside);
    outside.script().plan("open-deployment", 1, Fault::HeldAfter);
    run.wish("note=1", false).await;
    run.until_plainly("held", |_| outside.is_held()).await;
    run.wish(options, consent).await;
    match then {
        Then::GoOn => outside.let_go(),
        Then::Restart => run.interrupt().await,
    }
    run.until_ready().await;
    run.for_ms(30_000).await;
    run.check_money().await;
    run
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_is_rewritten_while_ordering_waits_for_consent_or_is_carried_out() {
    for then in [Then::GoOn, Then::Restart] {
        for (options, consent, deployments, updates) in [
            ("note=1", false, 1, 0),
            ("note=2", false, 1, 0),
            ("note=2", true, 1, 1),
            ("note=1 workers=3", false, 1, 0),
            ("note=1 workers=3", true, 2, 0),
        ] {
            let label = format!("{options}, consent {consent}, {then:?}");
            let mut run = rewritten_while_ordering(options, consent, then).await;
            let waits = options != "note=1" && !consent;
            let words = if waits { "ready (change waits for up --restart)" } else { "ready" };
            assert_eq!(run.engine().words(), words, "{label}");
            assert_eq!(run.outside.market().live(), 1, "{label}: one lives");
            run.down().await;
            run.until_gone().await;
            run.check_end().await;
            let market = run.outside.market();
            assert_eq!(market.created(), deployments, "{label}: deployments created");
            assert_eq!(market.count("update-deployment"), updates, "{label}: updates");
        }
    }
}

/// How the chain fails.
#[derive(Clone, Copy, Debug)]
enum Blackout {
    NoAnswer,
    NoBlocks,
}

/// The chain fails for more than a minute, from some moment of the cluster's life on.
async fn blacked_out(kind: Blackout, from_ms: u64) {
    let label = format!("{kind:?} from {from_ms} ms on");
    let mut run = Run::new(label.clone(), false);
    let outside = Arc::clone(&run.outside);
    let dark = |to| match kind {
        Blackout::NoAnswer => outside.set_unreachable(to),
        Blackout::NoBlocks => outside.set_stalled(to),
    };
    run.wish("note=1 runway=240", false).await;
    run.for_ms(from_ms).await;
    dark(true);
    // What was on its way arrives.
    run.for_ms(30_000).await;
    let before = (outside.market().effects.clone(), outside.script().all_begun());
    // Without blocks nothing is paid, so a dark chain that goes on making them must find enough in escrow.
    run.for_ms(45_000).await;
    assert_eq!((outside.market().effects.clone(), outside.script().all_begun()), before, "{label}: no act");
    let waiting = run.engine().reports.borrow().waiting.clone();
    // A cluster that was seen to be ready is ready, blocks or no blocks.
    let ready = matches!(kind, Blackout::NoBlocks) && run.engine().is(Summary::Ready) && waiting.is_none();
    assert!(ready || matches!(waiting, Some(Waiting::ChainStalled { .. })), "{label}: {waiting:?}");
    dark(false);
    run.until_ready().await;
    run.check_money().await;
    run.down().await;
    run.until_gone().await;
    run.check_end().await;
    assert_eq!(outside.market().created(), 1, "{label}: deployments created");
}

#[tokio::test(start_paused = true)]
async fn while_the_chain_fails_nothing_is_done_and_nothing_lost() {
    for moment in 0..6 {
        blacked_out(Blackout::NoAnswer, moment * 4_500).await;
        blacked_out(Blackout::NoBlocks, moment * 4_500).await;
    }
}

/// The chain stands still and Ray is down: that is written down once, and the grace begins anew once when blocks come again.
#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_down_while_the_chain_stands_still_is_written_down_once() {
    for restart in [false, true] {
        let mut run = Run::new(format!("down and stalled, restart {restart}"), restart);
        let outside = Arc::clone(&run.outside);
        run.wish("note=1", false).await;
        run.until_ready().await;
        outside.set_stalled(true);
        outside.set_ray_down(true);
        run.for_ms(30_000).await;
        run.interrupt().await;
        run.for_ms(30_000).await;
        assert_eq!(run.times_unready().await, 1, "restart {restart}: no blocks");
        outside.set_stalled(false);
        run.for_ms(30_000).await;
        assert_eq!(run.times_unready().await, 2, "restart {restart}: blocks again");
        outside.set_ray_down(false);
        run.until_ready().await;
        run.down().await;
        run.until_gone().await;
        run.check_end().await;
    }
}

/// The answer is lost, then the chain, then the process; none of it makes a second deployment.
#[tokio::test(start_paused = true)]
async fn a_doubt_outlives_a_silent_chain_and_a_restart() {
    for fault in [Fault::AnswerLost, Fault::LostBefore, Fault::HeldAfter] {
        let mut run = Run::new(format!("{fault:?}, silence, restart"), true);
        let outside = Arc::clone(&run.outside);
        outside.script().plan("open-deployment", 1, fault);
        run.wish("note=1", false).await;
        let begun = |outside: &Outside| outside.is_held() || outside.struck() > 0;
        run.until_plainly("in doubt", |_| begun(&outside)).await;
        outside.set_unreachable(true);
        run.interrupt().await;
        run.for_ms(300_000).await;
        let (created, opened) = (outside.market().created(), outside.script().begun("open-deployment"));
        assert_eq!(opened, 1, "{fault:?}: in doubt nothing is done");
        assert!(run.engine().words().starts_with("settling"), "{fault:?}: {}", run.engine().words());
        outside.set_unreachable(false);
        run.until_ready().await;
        run.down().await;
        run.until_gone().await;
        run.check_end().await;
        assert_eq!(outside.market().created(), 1, "{fault:?}: had {created} in the silence");
    }
}

/// Two clusters, and money for one: the other waits and says so, and comes up when the first is gone.
async fn competing(hold: Option<Fault>) {
    let outside = Outside::new(Market::new(500_000, ["12.5", "13.75"]));
    let home = tempfile::tempdir().unwrap();
    let process = Process::start(&outside, &home);
    let names = ["a", "b"].map(|name| name.parse().unwrap());
    for name in &names {
        process.ledger.write_wish(name, &format!("{name} note=1"), false, outside.now_ms()).await.unwrap();
    }
    if let Some(fault) = hold {
        outside.script().plan("open-deployment", 1, fault);
    }
    let [mut a, mut b] = names.clone().map(|name| process.tend(&name));
    let waits = |engine: &Engine| matches!(engine.reports.borrow().waiting, Some(Waiting::Budget { .. }));
    let settled = |one: &Engine, other: &Engine| one.is(Summary::Ready) && waits(other);
    let end_ms = outside.now_ms() + 60_000;
    both(&mut a, &mut b, |_, _| outside.is_held() || outside.now_ms() > end_ms).await;
    if hold.is_some() {
        let end_ms = outside.now_ms() + 60_000;
        both(&mut a, &mut b, |_, _| outside.now_ms() > end_ms).await;
        assert_eq!(
            outside.script().begun("open-deployment"),
            1,
            "{hold:?}: what is on its way is spoken for"
        );
        outside.let_go();
    }
    both(&mut a, &mut b, |a, b| settled(a, b) || settled(b, a)).await;
    assert_eq!((outside.market().created(), outside.script().begun("open-deployment")), (1, 1), "{hold:?}");
    let (first, name) = if a.is(Summary::Ready) { (&mut a, &names[0]) } else { (&mut b, &names[1]) };
    process.ledger.drop_wish(name, outside.now_ms()).await.unwrap();
    first.until(|engine| engine.gone).await.unwrap();
    let second = if a.gone { &mut b } else { &mut a };
    second.until(|engine| engine.is(Summary::Ready)).await.unwrap();
    let market = outside.market();
    assert_eq!(market.uact + market.escrowed() + market.earned(), 500_000, "{hold:?}: money is conserved");
    assert_eq!((market.created(), market.most_live), (2, 1), "{hold:?}: one after the other");
    assert_eq!(market.surprises, [""; 0], "{hold:?}: no refusal");
}

/// Both go on until something is so.
async fn both(a: &mut Engine, b: &mut Engine, done: impl Fn(&Engine, &Engine) -> bool) {
    let mut waited = 0;
    while !done(a, b) {
        waited += 1;
        assert!(waited < 10_000, "it never came: {}, {}", a.words(), b.words());
        let turn = tokio::time::sleep(std::time::Duration::from_millis(500));
        tokio::select! {
            () = turn => {}
            _ = a.until(|engine| engine.gone) => {}
            _ = b.until(|engine| engine.gone) => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_clusters_share_money_that_is_enough_for_one() {
    competing(None).await;
    competing(Some(Fault::HeldBefore)).await;
    competing(Some(Fault::HeldAfter)).await;
}
