//! Makes a plan that fails smaller.

use std::error::Error;

use rayakash_testkit::sim::seed::run;
use rayakash_testkit::sim::{Plan, in_virtual_time};
use rayakash_tests::report::complain;

/// So many smaller plans are tried.
const MOST: usize = 300;

/// Leaves out parts of a plan as long as it still fails, and prints what is left and how it went.
pub(crate) fn tell(plan: Plan) -> Result<(), Box<dyn Error>> {
    let mut tries = 0;
    let mut fails = |plan: &Plan| -> Result<bool, Box<dyn Error>> {
        tries += 1;
        Ok(tries <= MOST && !in_virtual_time(run(plan))?.violations.is_empty())
    };
    let mut small = shorter(plan, &mut fails)?;
    let mut size = small.strikes.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        while from < small.strikes.len() {
            let mut smaller = small.clone();
            let until = from.saturating_add(size).min(smaller.strikes.len());
            smaller.strikes.drain(from..until);
            if fails(&smaller)? {
                small = smaller;
            } else {
                from = until;
            }
        }
        size /= 2;
    }
    let small = fewer_wishes(small, &mut fails)?;
    let verdict = in_virtual_time(run(&small))?;
    complain(&format!("\nseed {}, as small as it gets ({} s):", small.seed, small.length_ms / 1_000));
    for strike in &small.strikes {
        complain(&format!("  {strike}"));
    }
    for asked in &small.asked {
        complain(&format!("  at {} s cluster c{}: {:?}", asked.at_ms / 1_000, asked.cluster, asked.ask));
    }
    complain(&format!("{}\n{}", verdict.trace.join("\n"), verdict.violations.join("\n")));
    Ok(())
}

type Fails<'a> = &'a mut dyn FnMut(&Plan) -> Result<bool, Box<dyn Error>>;

fn shorter(mut plan: Plan, fails: Fails<'_>) -> Result<Plan, Box<dyn Error>> {
    loop {
        let mut half = plan.clone();
        half.length_ms /= 2;
        half.strikes.retain(|strike| strike.at_ms < half.length_ms);
        half.asked.retain(|asked| asked.at_ms < half.length_ms);
        if half.asked.is_empty() || !fails(&half)? {
            return Ok(plan);
        }
        plan = half;
    }
}

fn fewer_wishes(mut plan: Plan, fails: Fails<'_>) -> Result<Plan, Box<dyn Error>> {
    for place in (0..plan.asked.len()).rev() {
        let mut fewer = plan.clone();
        fewer.asked.remove(place);
        if fails(&fewer)? {
            plan = fewer;
        }
    }
    Ok(plan)
}
