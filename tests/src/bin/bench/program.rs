//! The program itself: how fast it answers, how large the daemon is.

use rayakash_testkit::{Error, Home, Process, resident_kib};
use rayakash_tests::report::{say, spread};

/// So often is each command run.
const TIMES: u32 = 21;

/// Prints the figures, with one cluster up.
pub(crate) async fn measure(home: &Home, daemon: Process) -> Result<(), Error> {
    say("\nwith one cluster up             median   least  greatest");
    for (name, words) in [("version", &["version"][..]), ("status", &["status", "quickstart"][..])] {
        let mut each = Vec::new();
        for _ in 0..TIMES {
            let took = home.run(words).await?.expect(0)?.took;
            each.push(i128::try_from(took.as_micros()).unwrap_or(i128::MAX));
        }
        let (median, least, greatest) = spread(&each);
        let shown = |us: i128| format!("{}.{} ms", us / 1_000, us % 1_000 / 100);
        let name = format!("`rayakash {name}`");
        say(&format!("{name:<28} {:>9} {:>7} {:>9}", shown(median), shown(least), shown(greatest)));
    }
    let kib = resident_kib(daemon).ok_or_else(|| Error::Wrong("the daemon does not run".to_owned()))?;
    say(&format!("the daemon's resident memory: {} MiB", kib.div_ceil(1_024)));
    Ok(())
}
