//! `up`, measured from outside.

use std::time::Duration;

use rayakash_testkit::{Error, Home, Ledger, Process, Record, descendants, until, workspace};
use rayakash_tests::report::ms;
use serde_json::Value;

/// The phases, in their order, as `up` prints them.
pub(crate) const PHASES: [&str; 5] =
    ["ordering", "collecting bids", "leasing", "sending manifest", "starting"];
/// One for the order, one for the bids, one for the lease.
pub(crate) const LEAST_BLOCKS: i128 = 3;

/// One `up`. Times in milliseconds.
pub(crate) struct Up {
    /// From the command's start to its exit.
    pub(crate) total: i128,
    /// From the look that decided to order to the lease.
    pub(crate) blocks: i128,
    pub(crate) block_ms: i128,
    phases: Vec<(String, i128)>,
}

impl Up {
    /// How long a phase took, all its turns together.
    pub(crate) fn phase(&self, name: &str) -> i128 {
        self.phases.iter().filter(|(phase, _)| phase == name).map(|(_, ms)| ms).sum()
    }
}

/// One event, as `events` prints it.
struct Event {
    at_ms: i128,
    kind: String,
    text: String,
    fields: Value,
}

/// Brings the example of the first minute up.
pub(crate) async fn run(home: &Home) -> Result<Up, Error> {
    let since = newest(home)?;
    let file = workspace().join("config/examples/quickstart.yaml").display().to_string();
    let ran = home.run(&["up", &file]).await?.expect(0)?;
    let events = events(home, since).await?;
    Ok(Up {
        total: ms(ran.took),
        blocks: blocks(&events)?,
        block_ms: block_ms(home).await?,
        phases: phases(&events),
    })
}

/// Takes it down, and waits until nothing of it runs.
pub(crate) async fn down(home: &Home, sandbox: Process) -> Result<(), Error> {
    home.run(&["down", "quickstart"]).await?.expect(0)?;
    until("every process of the cluster ends", Duration::from_secs(90), async || {
        Ok(descendants(sandbox).is_empty().then_some(()))
    })
    .await
}

fn newest(home: &Home) -> Result<u64, Error> {
    let newest = Ledger::open(&home.ledger())?.map(|ledger| ledger.newest()).transpose()?.flatten();
    Ok(newest.map_or(0, |record: Record| record.seq))
}

async fn events(home: &Home, since: u64) -> Result<Vec<Event>, Error> {
    let ran = home.run(&["events", "quickstart", "-o", "jsonl"]).await?.expect(0)?;
    let mut events = Vec::new();
    for line in ran.out.lines() {
        let event: Value = serde_json::from_str(line)
            .map_err(|error| Error::Wrong(format!("an event cannot be read: {error}: {line}")))?;
        let field = |name: &str| event.get(name).cloned().unwrap_or_default();
        let text = |name: &str| field(name).as_str().unwrap_or_default().to_owned();
        if field("id").as_u64().is_some_and(|id| id > since) {
            events.push(Event {
                at_ms: field("at_ms").as_i64().unwrap_or_default().into(),
                kind: text("kind"),
                text: text("text"),
                fields: field("fields"),
            });
        }
    }
    Ok(events)
}

/// How long each phase lasted until the next began, up to `ready`.
fn phases(events: &[Event]) -> Vec<(String, i128)> {
    let turns: Vec<&Event> = events.iter().filter(|event| event.kind == "phase").collect();
    let lasted = turns.iter().zip(turns.iter().skip(1));
    lasted
        .map(|(turn, next)| {
            let name = PHASES.iter().find(|name| turn.text.starts_with(**name)).unwrap_or(&"other");
            ((*name).to_owned(), next.at_ms - turn.at_ms)
        })
        .collect()
}

/// From the look that decided to order to the block that made the lease.
fn blocks(events: &[Event]) -> Result<i128, Error> {
    let height = |kind: &str, act: &str| {
        let is_it = |event: &&Event| event.kind == kind && event.fields.get("act").is_some_and(|a| a == act);
        let mut of_act = events.iter().filter(is_it);
        of_act.find_map(|event| event.fields.get("height")?.as_i64()).map(i128::from)
    };
    let ordered = height("intent", "open-deployment");
    let leased = height("settled", "accept-bid");
    ordered
        .zip(leased)
        .map(|(from, to)| to - from)
        .ok_or_else(|| Error::Wrong("the events do not say in which blocks it happened".to_owned()))
}

async fn block_ms(home: &Home) -> Result<i128, Error> {
    let status = home.run(&["sandbox", "status", "-o", "json"]).await?.expect(0)?.json()?;
    status
        .pointer("/status/block_time_ms")
        .and_then(Value::as_i64)
        .map(i128::from)
        .ok_or_else(|| Error::Wrong(format!("no block time in {status}")))
}
