//! The life of a cluster on whatever chain it is given: every step, from top to bottom.

use std::time::Duration;

use rayakash_testkit::{Error, Ledger, Standing, until};
use rayakash_tests::report::say;
use serde_json::Value;
use tokio::time::Instant;

use crate::books;
use crate::lost_lease;
use crate::stage::Stage;

/// A small cluster, soon ready: one head, no worker.
const FILE: &str = "\
apiVersion: rayakash/v1
cluster_name: local
head_node_type: head
available_node_types:
  head: { resources: { CPU: 1, memory: 2Gi } }
";
const NAME: &str = "local";
/// How long the daemon may take to notice what the node says of itself: it asks every ten seconds.
const NOTICED: Duration = Duration::from_secs(60);
/// How long the daemon may take to bring up a lost cluster elsewhere.
const MOVING: Duration = Duration::from_secs(600);

pub(crate) async fn live(stage: &Stage) -> Result<(), Error> {
    let home = &stage.home;
    let before = stage.chain.look().await?;
    let file = home.write("local.yaml", FILE)?.display().to_string();
    let mut steps = Steps::begin();

    let daemon = home.start_daemon().await?;
    let plan = home.run(&["plan", &file]).await?.expect(20)?;
    has(&plan.out, "open_deployment")?;
    steps.done("plan: one deployment to open");

    home.run(&["up", &file]).await?.expect(0)?;
    let first = ready(stage, &before, 1).await?;
    steps.done("up: ready, books equal");

    submitted(stage).await?;
    steps.done("submit: 42");

    shown(stage, first).await?;
    steps.done("status: ready, with its deployment");

    steps.done(upgraded(stage, &file).await?);

    let lost = lost_lease::lose(&stage.chain).await?;
    let second = moved(stage, first).await?;
    steps.done(&format!("the provider left the lease of {lost}: replaced by {second}"));
    ready(stage, &before, 2).await?;

    daemon.kill().await?;
    let daemon = home.start_daemon().await?;
    home.run(&["up", &file]).await?.expect(0)?;
    let third = ready(stage, &before, 2).await?;
    books::same("the deployment after kill -9", &third, &second)?;
    steps.done("kill -9 of the daemon: the same cluster, books equal");

    home.run(&["down", NAME]).await?.expect(0)?;
    let status = home.run(&["status", NAME, "-o", "json"]).await?.expect(0)?.json()?;
    books::closed(&stage.chain.look().await?, &before, &ledger(stage)?.books()?, &status)?;
    steps.done("down: closed, the books are the chain's to the micro-unit");
    daemon.stop().await
}

/// A job runs, and what it prints comes back.
async fn submitted(stage: &Stage) -> Result<(), Error> {
    let job = stage.home.run(&["submit", NAME, "--", "python", "-c", "print(6 * 7)"]).await?.expect(0)?;
    has(&job.out, "42")
}

/// `status` shows it among the others, and with its deployment.
async fn shown(stage: &Stage, dseq: u64) -> Result<(), Error> {
    has(&stage.home.run(&["status", NAME]).await?.expect(0)?.out, &dseq.to_string())?;
    has(&stage.home.run(&["status"]).await?.expect(0)?.out, NAME)
}

/// The node is another version for a while: a cluster that runs goes on, and says that its chain is not known any more; another one is not
/// even begun. Gives what is to be said.
async fn upgraded(stage: &Stage, file: &str) -> Result<&'static str, Error> {
    if !stage.upgrade("v3.0.0").await? {
        return Ok("an upgraded node: not tried, a real one cannot play it");
    }
    until("status tells of the upgrade", NOTICED, async || {
        let status = stage.home.run(&["status", NAME, "-o", "json"]).await?.json()?;
        let is = |name: &str, word: &str| status.get(name).is_some_and(|value| value == word);
        Ok((is("state", "ready") && is("last_code", "unknown-version")).then_some(()))
    })
    .await?;
    has(&stage.home.run(&["status", NAME]).await?.expect(0)?.out, "version v3.0.0")?;
    let other = FILE.replace("cluster_name: local", "cluster_name: other");
    let other = stage.home.write("other.yaml", &other)?.display().to_string();
    has(&stage.home.run(&["up", &other]).await?.expect(4)?.err, "error[unknown-version]")?;
    // What is as the file says needs nothing, so nothing stands in its way.
    stage.home.run(&["up", file]).await?.expect(0)?;
    stage.upgrade("v2.1.0").await?;
    Ok("the node says v3: told by status, nothing opened; then v2 again")
}

/// A cluster that is up: its number, once the books are compared with what the chain says.
async fn ready(stage: &Stage, before: &Standing, ever_opened: usize) -> Result<u64, Error> {
    let status = stage.home.run(&["status", NAME, "-o", "json"]).await?.expect(0)?.json()?;
    books::ready(&stage.chain.look().await?, (before, ever_opened), &ledger(stage)?.books()?, &status)?;
    dseq(&status)
}

/// Waits until it is ready under another deployment.
async fn moved(stage: &Stage, from: u64) -> Result<u64, Error> {
    until("the lost cluster is ready elsewhere", MOVING, async || {
        let status = stage.home.run(&["status", NAME, "-o", "json"]).await?.json()?;
        let ready = status.get("state").is_some_and(|state| state == "ready");
        Ok(Some(dseq(&status)?).filter(|dseq| ready && *dseq != from))
    })
    .await
}

fn dseq(status: &Value) -> Result<u64, Error> {
    let dseq = status.get("dseq").and_then(Value::as_u64);
    dseq.ok_or_else(|| Error::Wrong(format!("no deployment in {status}")))
}

fn ledger(stage: &Stage) -> Result<Ledger, Error> {
    let path = stage.home.ledger_of(stage.context);
    Ledger::open(&path)?.ok_or_else(|| Error::Wrong(format!("there is no ledger at {}", path.display())))
}

fn has(text: &str, words: &str) -> Result<(), Error> {
    if text.contains(words) { Ok(()) } else { Err(Error::Wrong(format!("no `{words}` in:\n{text}"))) }
}

/// Says each step when it is done, with the time since the one before.
struct Steps(Instant);

impl Steps {
    fn begin() -> Self {
        Self(Instant::now())
    }

    fn done(&mut self, what: &str) {
        say(&format!("[{:>6.1} s] {what}", self.0.elapsed().as_secs_f32()));
        self.0 = Instant::now();
    }
}
