//! The end of a seed: nothing goes wrong any more, everything that is wanted comes to be, then everything ends, and nothing is lost.

use std::time::Duration;

use rayakash_core::Waiting;
use rayakash_core::spec::Name;
use rayakash_engine::{Report, Summary};
use tokio::time::Instant;

use super::{Ask, Error, Ills, Living, OTHER, Run, cluster, parse};

/// When the faults are over, everything must be as it should be within this time.
const SETTLES: Duration = Duration::from_secs(2 * 3_600);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// A user who is told that spending stopped claims the key, and looks again after so long.
const HEEDS: Duration = Duration::from_secs(60);

impl Run<'_> {
    /// Nothing goes wrong any more: everything that is wanted comes to be, then everything ends, and nothing is lost.
    pub(super) async fn settle(&mut self) -> Result<(), Error> {
        self.calm().await?;
        self.before_the_end()?;
        if let Some(other) = &self.other {
            other.fleet()?.down(&parse(OTHER)?).await?;
            self.until_quiet(&[other]).await?;
        }
        self.come_to_be().await?;
        for number in 0..self.plan.clusters {
            self.ours.fleet()?.down(&parse(&cluster(number))?).await?;
        }
        let living: Vec<&Living> = [&self.ours].into_iter().chain(&self.other).collect();
        self.until_quiet(&living).await?;
        if self.shared {
            tokio::time::sleep(HEEDS).await;
            for living in living {
                living.fleet()?.claim().await?;
            }
        }
        let mut ledgers = Vec::new();
        for living in [Some(&mut self.ours), self.other.as_mut()].into_iter().flatten() {
            if let Some(life) = living.life.take() {
                living.host.bury(life).await?;
            }
            ledgers.push(living.host.ledger());
        }
        self.world.nothing_lost(&ledgers)
    }

    /// Every fault is over, and the daemon lives.
    async fn calm(&mut self) -> Result<(), Error> {
        let stage = self.world.stage.clone();
        stage.say("nothing goes wrong any more");
        let told = [&self.ours]
            .into_iter()
            .chain(&self.other)
            .map(|living| living.host.ills_told())
            .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        for _ in 0..told.0 {
            stage.faults.hit("ENOSPC");
        }
        for _ in 0..told.1 {
            stage.faults.hit("EIO");
        }
        stage.faults.clear();
        self.ours.host.disk_goes_wrong(|ills| *ills = Ills::default());
        self.boot().await?;
        if let Some(life) = &self.ours.life {
            life.effects.spare();
        }
        Ok(())
    }

    /// G7: what is to be closed is closed in time.
    async fn until_quiet(&self, living: &[&Living]) -> Result<(), Error> {
        let deadline = Instant::now() + SETTLES;
        while !living.iter().all(|living| living.is_quiet()) {
            if Instant::now() >= deadline {
                self.world.stage.violated(format!("G7: not closed after 2 h: {}", self.words()));
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// G10: outages alone close nothing.
    fn before_the_end(&self) -> Result<(), Error> {
        if self.plan.outages_only {
            let closed =
                crate::Ledger::open(&self.ours.host.ledger())?.map(|ledger| ledger.closes()).transpose()?;
            if let Some(count) = closed.filter(|count| *count > 0) {
                self.world.stage.violated(format!("G10: {count} closes, and nothing but outages"));
            }
        }
        Ok(())
    }

    /// Waits until what is wanted is ready, or is held by something that time does not change.
    async fn come_to_be(&self) -> Result<(), Error> {
        let (deadline, mut heeds) = (Instant::now() + SETTLES, Instant::now() + HEEDS);
        let wanted: Vec<Name> = self
            .wanted
            .iter()
            .filter(|(_, ask)| matches!(ask, Ask::Up { .. }))
            .map(|(number, _)| parse(&cluster(*number)))
            .collect::<Result<_, _>>()?;
        let is_well =
            |name: &Name| -> Result<bool, Error> { Ok(well(self.ours.fleet()?.report(name).as_ref())) };
        loop {
            let all = wanted.iter().map(is_well).collect::<Result<Vec<_>, _>>()?;
            if all.iter().all(|well| *well) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                self.world.stage.violated(format!("liveness: not ready after 2 h: {}", self.words()));
                return Ok(());
            }
            if Instant::now() >= heeds {
                self.heed(&self.ours).await?;
                heeds = Instant::now() + HEEDS;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The user claims the key when spending is stopped, which it never is while the key is used by one daemon alone.
    pub(super) async fn heed(&self, living: &Living) -> Result<(), Error> {
        let Some(fleet) = living.life.as_ref().and_then(|life| life.fleet.as_ref()) else { return Ok(()) };
        let stage = &self.world.stage;
        let Some(why) = fleet.stopped().await? else { return Ok(()) };
        if !self.shared {
            stage.violated(format!("spending stopped, and nobody else has the key: {why}"));
        }
        fleet.claim().await?;
        stage.say(&format!("claimed: {why}"));
        Ok(())
    }
}

fn well(report: Option<&Report>) -> bool {
    report.is_some_and(|report| {
        report.summary == Summary::Ready
            || matches!(report.waiting, Some(Waiting::GivenUp { .. } | Waiting::Budget { .. }))
    })
}

#[cfg(test)]
mod tests {
    use crate::sim::plan::Asked;
    use crate::sim::{Fault, Plan, Strike, in_virtual_time};

    use super::super::run;
    use super::Ask;

    /// A cluster for half an hour, in which one thing goes wrong.
    fn violations(fault: Fault) -> Vec<String> {
        let plan = Plan {
            seed: 5,
            length_ms: 1_800_000,
            clusters: 1,
            strikes: vec![Strike { at_ms: 0, for_ms: 1_800_000, fault }],
            asked: vec![Asked { at_ms: 60_000, cluster: 0, ask: Ask::Up { note: 1, memory: 2 } }],
            outages_only: false,
        };
        in_virtual_time(run(&plan)).unwrap().violations
    }

    #[test]
    fn one_node_that_lies_about_the_key_stops_nothing_for_good() {
        assert_eq!(violations(Fault::LiesSequence { node: 0 }), Vec::<String>::new());
    }

    #[test]
    fn a_second_signer_stops_spending_until_the_key_is_claimed_and_the_books_hold_what_it_took() {
        assert_eq!(violations(Fault::ForeignSigner), Vec::<String>::new());
        assert_eq!(violations(Fault::SecondDaemon), Vec::<String>::new());
    }
}
