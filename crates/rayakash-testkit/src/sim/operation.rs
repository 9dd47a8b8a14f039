//! What a user or the world asks of a cluster, done with the daemon's life ending at chosen effects.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use akash_types::DeploymentId;
use rayakash_core::spec::Name;
use rayakash_engine::{Report, Summary};

use super::effects::{Kind, Point};
use super::fault::Fault;
use super::host::{Host, Life};
use super::stage::Setup;
use super::world::{World, scratch};
use crate::Error;

/// So long an operation may take, its recovery included.
const PATIENCE: Duration = Duration::from_secs(3 * 3_600);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long a dead daemon stays away.
const AWAY: Duration = Duration::from_secs(20);
/// The cluster.
const NAME: &str = "c";

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `up`, until it is ready.
    Up,
    /// `down` of a cluster in which jobs run, until it is closed and in the books.
    Down,
    /// A deposit into an escrow that runs low.
    TopUp,
    /// The provider closes the lease; another one takes over.
    Replace,
    /// Another manifest in the same lease.
    Update,
    /// Another size: a second deployment, and the end of the first.
    BlueGreen,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::TopUp => "top-up",
            Self::Replace => "replace",
            Self::Update => "update",
            Self::BlueGreen => "blue/green",
        })
    }
}

/// How an operation went.
#[derive(Clone, Debug)]
pub struct Went {
    /// Its effects, life by life, those before it began left out.
    pub kinds: Vec<Vec<Kind>>,
    /// How many of the chosen points were reached.
    pub stops: usize,
    /// Promises that were broken; empty: nothing lost.
    pub violations: Vec<String>,
    /// What happened, the last lines.
    pub trace: Vec<String>,
    /// The hash of all that happened.
    pub hash: String,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Up, Self::Down, Self::TopUp, Self::Replace, Self::Update, Self::BlueGreen];

    /// Carries it out; one life after the other ends at these points, each counted from the life's begin (the first from the begin of
    /// the operation).
    pub async fn carry_out(self, seed: u64, stops: &[Point]) -> Result<Went, Error> {
        let folder = scratch()?;
        let world = World::begin(Setup { seed, busy: self == Self::Down })?;
        let host = Host::new(&world.stage, folder.path(), ("a", seed), 1)?;
        let mut run = Run { of: self, world, host, before: Before::default(), kinds: Vec::new(), stops: 0 };
        let outcome = run.play(stops).await;
        if let Err(error) = outcome {
            run.world.stage.violated(format!("it did not come to its end: {error}"));
        }
        run.world.end().await;
        let stage = &run.world.stage;
        Ok(Went {
            kinds: run.kinds,
            stops: run.stops,
            violations: stage.violations(),
            trace: stage.trace.last(),
            hash: stage.trace.hash(),
        })
    }
}

/// How things stood when an operation began.
#[derive(Default)]
struct Before {
    deposited: u128,
    hash: Option<[u8; 32]>,
    /// Effects of the life.
    effects: usize,
}

struct Run {
    of: Operation,
    world: World,
    host: Host,
    before: Before,
    kinds: Vec<Vec<Kind>>,
    stops: usize,
}

/// A cluster file: its environment and its size change.
fn file(note: &str, memory: &str) -> String {
    format!(
        "apiVersion: rayakash/v1\ncluster_name: {NAME}\nhead_node_type: head\navailable_node_types:\n  head: {{ resources: {{ CPU: 1, memory: \
         {memory} }} }}\n  worker: {{ resources: {{ CPU: 1, memory: 1Gi }}, min_workers: 2 }}\nenv: {{ NOTE: \"{note}\" \
         }}\nescrow: {{ runway: 30m, target: 1h }}\n"
    )
}

fn name() -> Result<Name, Error> {
    NAME.parse().map_err(|error| Error::Wrong(format!("{error}")))
}

impl Run {
    async fn play(&mut self, stops: &[Point]) -> Result<(), Error> {
        let mut stops: VecDeque<Point> = stops.iter().copied().collect();
        let mut life = self.host.boot(None).await?;
        if self.of != Operation::Up {
            self.ask(&life, false).await?;
            self.until(&life, |run, report| run.is_ready(report)).await?;
        }
        self.remember(&life)?;
        if let Some(stop) = stops.pop_front() {
            life.effects.stop_in(stop.nth, stop.phase);
        }
        let mut asked = self.trigger(&life).await.is_ok();
        while !self.until(&life, Self::is_reached).await? {
            self.stops += 1;
            life = self.again(life, stops.pop_front()).await?;
            // Whoever had no answer asks again.
            if !asked {
                asked = self.trigger(&life).await.is_ok();
            }
        }
        self.world.stage.faults.clear();
        self.note(&life);
        if self.of != Operation::Down {
            fleet(&life)?.down(&name()?).await?;
            self.until(&life, |run, _| run.is_gone()).await?;
        }
        if let Some(report) = fleet(&life)?.report(&name()?)
            && super::canary::sings(format!("{report:?}").as_bytes())
        {
            self.world.stage.violated("(f) a secret stands in a report".to_owned());
        }
        self.host.bury(life).await?;
        self.world.nothing_lost(&[self.host.ledger()])
    }

    /// Puts the daemon that died into the ground and starts the next.
    async fn again(&mut self, life: Life, stop: Option<Point>) -> Result<Life, Error> {
        self.note(&life);
        self.host.bury(life).await?;
        tokio::time::sleep(AWAY).await;
        self.before.effects = 0;
        self.host.boot(stop).await
    }

    fn note(&mut self, life: &Life) {
        self.kinds.push(life.effects.kinds().split_off(self.before.effects));
    }

    fn remember(&mut self, life: &Life) -> Result<(), Error> {
        let report = fleet(life)?.report(&name()?);
        let opened = report.as_ref().and_then(|report| report.books.opened.last());
        self.before = Before {
            deposited: opened.map_or(0, |opened| opened.deposited),
            hash: opened.and_then(|opened| self.hash(&opened.id)),
            effects: usize::try_from(life.effects.count()).unwrap_or(usize::MAX),
        };
        Ok(())
    }

    fn hash(&self, id: &DeploymentId) -> Option<[u8; 32]> {
        self.world.stage.node.state().deployments.get(id).map(|found| found.hash)
    }

    /// Asks for the cluster as it is at first, or as the operation changes it.
    async fn ask(&self, life: &Life, changed: bool) -> Result<(), Error> {
        let text = match self.of {
            Operation::Update if changed => file("two", "2Gi"),
            Operation::BlueGreen if changed => file("one", "3Gi"),
            Operation::Up
            | Operation::Down
            | Operation::TopUp
            | Operation::Replace
            | Operation::Update
            | Operation::BlueGreen => file("one", "2Gi"),
        };
        Ok(fleet(life)?.up(&name()?, &text, changed).await?)
    }

    /// Begins the operation. An error: nobody acknowledged it.
    async fn trigger(&self, life: &Life) -> Result<(), Error> {
        match self.of {
            Operation::Up => self.ask(life, false).await,
            Operation::Down => Ok(fleet(life)?.down(&name()?).await?),
            // The escrow runs low by itself.
            Operation::TopUp => Ok(()),
            Operation::Replace => {
                for provider in 0..self.world.stage.providers.len() {
                    let lessor = self.lessor() == Some(provider);
                    if lessor {
                        self.world.stage.faults.begin(provider, Fault::ProviderCloses { provider });
                        self.world.stage.faults.begin(provider + 100, Fault::ProviderReclaims { provider });
                    }
                }
                Ok(())
            }
            Operation::Update | Operation::BlueGreen => self.ask(life, true).await,
        }
    }

    /// The provider of the newest lease.
    fn lessor(&self) -> Option<usize> {
        let state = self.world.stage.node.state();
        let newest = state.leases.iter().map(|(id, _)| id).max_by_key(|id| id.deployment().dseq)?;
        self.world.stage.trader(&newest.provider).map(|(number, _)| number)
    }

    /// Waits until something is so. False: the daemon died before.
    async fn until(&self, life: &Life, is: impl Fn(&Self, Option<&Report>) -> bool) -> Result<bool, Error> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if life.effects.is_off() {
                return Ok(false);
            }
            let report = fleet(life)?.report(&name()?);
            if is(self, report.as_ref()) {
                return Ok(true);
            }
            if tokio::time::Instant::now() >= deadline {
                let words = report.map_or_else(
                    || "nothing".to_owned(),
                    |report| {
                        format!("{}, {:?}", report.words, report.near.map(|near| (near.escrow, near.price)))
                    },
                );
                return Err(Error::Late { what: format!("{} ({words})", self.of), patience: PATIENCE });
            }
            tokio::select! {
                biased;
                () = life.effects.over() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    fn is_ready(&self, report: Option<&Report>) -> bool {
        report.is_some_and(|report| report.summary == Summary::Ready && report.books.open.is_empty())
    }

    /// Nothing is wanted and nothing is there, in the ledger's words.
    fn is_gone(&self) -> bool {
        crate::Ledger::open(&self.host.ledger())
            .ok()
            .flatten()
            .and_then(|ledger| ledger.is_quiet().ok())
            .unwrap_or(false)
    }

    fn is_reached(&self, report: Option<&Report>) -> bool {
        if self.of == Operation::Down {
            return self.is_gone();
        }
        let Some(report) = report.filter(|report| self.is_ready(Some(report))) else { return false };
        let Some(newest) = report.books.opened.last() else { return false };
        let first_is_over = report.books.opened.first().is_some_and(|opened| opened.finished.is_some());
        match self.of {
            Operation::Up | Operation::Down => true,
            Operation::TopUp => newest.deposited > self.before.deposited,
            Operation::Replace | Operation::BlueGreen => first_is_over && report.books.opened.len() > 1,
            Operation::Update => self.hash(&newest.id) != self.before.hash,
        }
    }
}

fn fleet(life: &Life) -> Result<&rayakash_daemon::Fleet, Error> {
    life.fleet.as_ref().ok_or_else(|| Error::Wrong("the daemon did not start".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::in_virtual_time;

    #[test]
    fn operations_come_to_their_end_and_the_same_seed_is_the_same_run() {
        for operation in [Operation::Up, Operation::Down, Operation::Update] {
            let once = || in_virtual_time(operation.carry_out(1, &[])).unwrap();
            let (went, again) = (once(), once());
            assert_eq!(went.violations, Vec::<String>::new(), "{operation}:\n{}", went.trace.join("\n"));
            assert_eq!(went.hash, again.hash, "{operation}");
        }
    }

    #[test]
    fn a_life_that_ends_in_a_torn_record_is_followed_by_one_that_loses_nothing() {
        let kinds = in_virtual_time(Operation::Up.carry_out(1, &[])).unwrap().kinds;
        let intent = kinds[0].iter().position(|kind| *kind == Kind::Ledger("write down an intent".into()));
        let nth = u64::try_from(intent.unwrap()).unwrap() + 1;
        let torn = Point { nth, phase: crate::sim::Phase::Torn };
        let went = in_virtual_time(Operation::Up.carry_out(1, &[torn])).unwrap();
        assert_eq!((went.stops, went.violations, went.kinds.len()), (1, Vec::new(), 2));
    }
}
