//! What the market and its providers do by themselves, and what becomes of a cluster then.

use std::sync::Arc;

use akash_types::Height;
use rayakash_engine::facts::Fact;

use crate::outside::{BLOCK_MS, READY_MS};
use crate::run::Run;

const MINUTE_MS: u64 = 60_000;

async fn up(label: &str, options: &str) -> Run {
    let mut run = Run::new(label, true);
    run.wish(options, false).await;
    run.until_ready().await;
    run
}

async fn ends_in_order(mut run: Run) {
    run.check_money().await;
    run.down().await;
    run.until_gone().await;
    run.check_end().await;
}

/// Deployments that live, and that were ever made.
fn lives(run: &Run) -> (usize, usize) {
    let market = run.outside.market();
    (market.live(), market.created())
}

fn height(run: &Run) -> Height {
    run.outside.tip().height
}

/// Settlement is lazy: what is overdue is lost only when somebody settles. Until then a deposit saves it.
#[tokio::test(start_paused = true)]
async fn a_daemon_that_slept_past_its_runway_saves_its_cluster() {
    let mut run = up("slept", "note=1 runway=60").await;
    let before = run.outside.market().count("top-up");
    run.away(10 * MINUTE_MS, || {}).await;
    let outside = Arc::clone(&run.outside);
    run.until("topped up", |_| outside.market().count("top-up") > before).await;
    run.until_ready().await;
    // Nothing is overdue any more.
    let now = height(&run);
    outside.market().withdraw(now);
    assert_eq!(lives(&run), (1, 1));
    ends_in_order(run).await;
}

#[tokio::test(start_paused = true)]
async fn an_overdraft_is_entered_as_a_failure_and_another_deployment_opened() {
    let mut run = up("overdrawn", "note=1 runway=60").await;
    let outside = Arc::clone(&run.outside);
    run.away(10 * MINUTE_MS, || outside.market().withdraw(outside.tip().height)).await;
    assert_eq!(outside.market().live(), 0);
    run.until("another", |_| outside.market().live() == 1).await;
    run.until_ready().await;
    let books = run.books().await;
    let dry = |fact: &Fact| matches!(fact, Fact::Failed { why, .. } if why.contains("ran dry"));
    assert!(books.facts.iter().any(dry), "{:?}", books.facts);
    assert_eq!(outside.market().created(), 2);
    ends_in_order(run).await;
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_gives_notice_is_replaced_while_it_serves_and_drained() {
    let mut run = up("notice", "note=1").await;
    let outside = Arc::clone(&run.outside);
    let first = run.engine().reports.borrow().near.clone().unwrap().lease;
    let deadline = outside.now_ms() / 1_000 + 3_600;
    let now = height(&run);
    outside.market().give_notice(deadline, now);
    run.until("a second deployment", |_| outside.market().live() == 2).await;
    // People are led to the one that serves.
    run.for_ms(BLOCK_MS).await;
    assert_eq!(run.engine().reports.borrow().near.as_ref().unwrap().lease, first);
    run.until("one again", |_| outside.market().live() == 1).await;
    run.until_ready().await;
    let second = run.engine().reports.borrow().near.clone().unwrap().lease;
    assert_ne!(second.provider, first.provider, "whoever leaves is not asked again");
    assert_eq!(outside.script().begun("drain-jobs"), 1);
    assert_eq!(lives(&run), (1, 2));
    ends_in_order(run).await;
}

/// Pods of before an update answer for a while, at the same gate and with Ray whole: they are not the new version.
#[tokio::test(start_paused = true)]
async fn an_update_is_not_ready_while_the_pods_of_before_answer() {
    let mut run = up("update", "note=1").await;
    run.wish("note=2", true).await;
    let outside = Arc::clone(&run.outside);
    run.until("updated", |_| outside.market().count("update-deployment") == 1).await;
    let sent = outside.market().count("send-manifest");
    run.until("sent", |_| outside.market().count("send-manifest") > sent).await;
    let sent_ms = outside.now_ms();
    // In memory it would be ready at once: the report shows it before the ledger does.
    run.until("not ready", |engine| !engine.words().starts_with("ready")).await;
    run.until("ready", |engine| engine.words() == "ready").await;
    assert!(outside.now_ms() - sent_ms >= READY_MS, "ready after {} ms", outside.now_ms() - sent_ms);
    let books = run.books().await;
    let versions: Vec<_> = books
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Ready { version, .. } => Some(*version),
            _ => None,
        })
        .collect();
    assert_eq!(versions.len(), 2);
    assert_ne!(versions[0], versions[1]);
    assert_eq!(run.times_unready().await, 0, "a roll-out is no breakdown");
    ends_in_order(run).await;
}

/// Ray comes and goes. `up_ms`: how long it stays each time.
async fn flickers(up_ms: u64, times: u32) -> Run {
    let mut run = up("flicker", "note=1").await;
    let outside = Arc::clone(&run.outside);
    for _ in 0..times {
        for (down, millis) in [(true, 2 * MINUTE_MS), (false, up_ms)] {
            outside.set_ray_down(down);
            run.for_ms(millis).await;
        }
    }
    run
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_comes_and_goes_is_given_up() {
    // Ten minutes of grace from the first breakdown, of which it is up for a third.
    let run = flickers(MINUTE_MS, 4).await;
    assert_eq!(run.outside.market().created(), 2);
    ends_in_order(run).await;
    // One that stays for a while has healed.
    let run = flickers(6 * MINUTE_MS, 4).await;
    assert_eq!(run.outside.market().created(), 1);
    ends_in_order(run).await;
}
