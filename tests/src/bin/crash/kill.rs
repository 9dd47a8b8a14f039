//! `cargo xtask crash up --kill`: the daemon is killed again and again while a cluster comes up, and while it goes down.

use std::pin::pin;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rayakash_testkit::{Error, Program, Ran};
use rayakash_tests::report::{chain_of, complain, say};
use tokio::time::sleep;

use crate::books;
use crate::seed::{NAME, Run, no_daemon};
use crate::strike;

/// Kills in each `up` and in each `down`, so that 200 of them are 20 cycles at least.
const MOST: u64 = 5;
/// The longest that a daemon may live before the next kill. A cluster takes some ten seconds to come up; a close is two transactions.
const LIFE_MS: [u64; 2] = [3_000, 400];
/// A daemon that is killed before it answers has lived no longer than this.
const START_MS: u64 = 120;

/// What the cycles have shown.
#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    /// Those of them before the daemon answered again.
    starting: u64,
    cycles: u64,
    failed: u64,
}

/// Kills at least `count` times, in cycles of `up` and `down` that chance derives from `first`. True when every cycle ended with books
/// equal to the chain's, and a quarter of the kills hit a daemon that was just starting.
pub(crate) async fn kills(
    program: &Program,
    (count, first): (u64, u64),
) -> Result<bool, Box<dyn std::error::Error>> {
    let home = rayakash_testkit::Home::new(program.clone())?;
    let sandbox = home.start_sandbox().await?;
    let chain = rayakash_testkit::Chain::of(&home)?;
    let mut tally = Tally::default();
    say("cycle  kills  while starting  then");
    while tally.kills < count && tally.failed == 0 {
        let seed = first.saturating_add(tally.cycles);
        let mut run = Run::new(program, (&home, sandbox.process()), &chain, seed)?;
        let before = (tally.kills, tally.starting);
        let then = match run.through_a_life(&mut StdRng::seed_from_u64(seed), &mut tally).await {
            Ok(()) => "closed, books equal".to_owned(),
            Err(error) => {
                tally.failed += 1;
                format!("FAILED {}", chain_of(&error))
            }
        };
        say(&format!("{seed:>5}  {:>5}  {:>14}  {then}", tally.kills - before.0, tally.starting - before.1));
        tally.cycles += 1;
        if tally.failed > 0
            && let Err(error) = run.clean_up().await
        {
            complain(&format!("cycle {seed} leaves a cluster behind: {}", chain_of(&error)));
        }
    }
    sandbox.stop().await?;
    let Tally { kills, starting, cycles, failed } = tally;
    say(&format!("{kills} kills, {starting} of them while starting, {cycles} cycles, {failed} failed"));
    let enough = starting.saturating_mul(4) >= kills;
    if !enough {
        complain("fewer than a quarter of the kills hit a daemon that was starting");
    }
    Ok(failed == 0 && enough)
}

impl Run<'_> {
    /// One cluster up and down, with kills all along.
    async fn through_a_life(&mut self, chance: &mut StdRng, tally: &mut Tally) -> Result<(), Error> {
        let before = self.chain.look().await?;
        self.daemon = Some(self.home.start_daemon().await?);
        let ledger = strike::ledger(&self.home.ledger()).await?;
        let [up_ms, down_ms] = LIFE_MS;
        let up = self.up.clone();
        self.through(&up, up_ms, (chance, tally)).await?;
        books::ready(&self.chain.look().await?, &before, &ledger.books()?, &self.status().await?)?;
        let down = ["down".to_owned(), NAME.to_owned()];
        self.through(&down, down_ms, (chance, tally)).await?;
        books::closed(&self.chain.look().await?, &before, &ledger.books()?, &self.status().await?)?;
        self.nothing_runs().await?;
        self.stop_daemon().await
    }

    /// One command, which must end well whatever happens to the daemon meanwhile.
    async fn through(
        &mut self,
        words: &[String; 2],
        life_ms: u64,
        (chance, tally): (&mut StdRng, &mut Tally),
    ) -> Result<(), Error> {
        let Self { home, daemon, .. } = self;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = pin!(home.run(&words));
        let mut kills = 0;
        while kills < MOST {
            let life = sleep(Duration::from_millis(chance.gen_range(0..life_ms)));
            let ended: Option<Ran> = tokio::select! {
                biased;
                ran = &mut command => Some(ran?),
                () = life => None,
            };
            if let Some(ran) = ended {
                tally.kills += kills;
                return ran.expect(0).map(drop);
            }
            daemon.take().ok_or_else(no_daemon)?.kill().await?;
            kills += 1;
            // Two of three lives are cut short before the next one begins.
            if kills < MOST && chance.gen_ratio(2, 3) {
                let starting = home.launch_daemon()?;
                sleep(Duration::from_millis(chance.gen_range(0..START_MS))).await;
                starting.kill().await?;
                kills += 1;
                tally.starting += 1;
            }
            *daemon = Some(home.start_daemon().await?);
        }
        tally.kills += kills;
        command.await?.expect(0).map(drop)
    }
}
