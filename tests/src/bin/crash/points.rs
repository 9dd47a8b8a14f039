//! `cargo xtask crash --all-points` and `--pairs`: a daemon's life ends at every effect of every operation, in a simulated world.

use std::collections::BTreeMap;
use std::error::Error;

use rayakash_testkit::sim::operation::{Operation, Went};
use rayakash_testkit::sim::{Kind, Phase, Point, in_virtual_time, listen};
use rayakash_tests::parallel;
use rayakash_tests::report::{complain, say};

use crate::steps;

/// The seed of every run: the points are what differs.
const SEED: u64 = 1;

/// One run, and where it was cut.
type Cut = (Operation, Vec<Point>);

/// Every effect of every operation, each phase.
pub(crate) fn all() -> Result<bool, Box<dyn Error>> {
    listen();
    let mut sound = true;
    say("operation    effects  before  torn  after  points  nothing lost");
    for operation in Operation::ALL {
        let kinds = rehearse(operation)?;
        let points = points_of(&kinds);
        let cuts = points.iter().map(|point| (operation, vec![*point])).collect();
        let good = tell(carry_out(cuts)?);
        let count = |phase| points.iter().filter(|point| point.phase == phase).count();
        let share = format!("{good}/{}", points.len());
        say(&format!(
            "{:<12} {:>7}  {:>6}  {:>4}  {:>5}  {:>6}  {share}",
            operation.to_string(),
            kinds.len(),
            count(Phase::Before),
            count(Phase::Torn),
            count(Phase::After),
            points.len()
        ));
        sound &= good == points.len() && steps::tell(operation, &kinds);
    }
    Ok(sound)
}

/// `up` and `down`: a second end during the recovery from each first one.
pub(crate) fn pairs() -> Result<bool, Box<dyn Error>> {
    listen();
    let mut sound = true;
    say("operation    first points  pairs  nothing lost");
    for operation in [Operation::Up, Operation::Down] {
        let kinds = rehearse(operation)?;
        let firsts = points_of(&kinds);
        let recoveries = carry_out(firsts.iter().map(|point| (operation, vec![*point])).collect())?;
        let cuts: Vec<Cut> = recoveries
            .iter()
            .flat_map(|((operation, first), went)| {
                let second = went.kinds.get(1).map(|kinds| points_of(kinds)).unwrap_or_default();
                let both = move |second: Point| {
                    let stops: Vec<Point> = first.iter().copied().chain([second]).collect();
                    (*operation, stops)
                };
                second.into_iter().map(both)
            })
            .collect();
        let count = cuts.len();
        let good = tell(carry_out(cuts)?);
        say(&format!("{:<12} {:>12}  {count:>5}  {good}/{count}", operation.to_string(), firsts.len()));
        sound &= good == count;
    }
    Ok(sound)
}

/// Once without an end, to count.
fn rehearse(operation: Operation) -> Result<Vec<Kind>, Box<dyn Error>> {
    let went = in_virtual_time(operation.carry_out(SEED, &[]))?;
    if !went.violations.is_empty() {
        complain(&went.trace.join("\n"));
        return Err(format!("{operation} fails without any crash: {}", went.violations.join("; ")).into());
    }
    Ok(went.kinds.into_iter().next().unwrap_or_default())
}

fn points_of(kinds: &[Kind]) -> Vec<Point> {
    let mut points = Vec::new();
    for (nth, kind) in (1..).zip(kinds) {
        points.push(Point { nth, phase: Phase::Before });
        if kind.is_durable() {
            points.push(Point { nth, phase: Phase::Torn });
        }
        points.push(Point { nth, phase: Phase::After });
    }
    points
}

fn carry_out(cuts: Vec<Cut>) -> Result<Vec<(Cut, Went)>, Box<dyn Error>> {
    let run = |(operation, stops): &Cut| in_virtual_time(operation.carry_out(SEED, stops));
    let went = parallel::map(&cuts, run).into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(cuts.into_iter().zip(went).collect())
}

/// How many ended well; the others are shown, those that failed alike together.
fn tell(runs: Vec<(Cut, Went)>) -> usize {
    let mut good = 0;
    let mut bad: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for ((operation, stops), went) in runs {
        let stopped = went.stops == stops.len();
        if went.violations.is_empty() && stopped {
            good += 1;
            continue;
        }
        let at: Vec<String> = stops.iter().map(ToString::to_string).collect();
        let last = stops.first().and_then(|point| {
            went.kinds.first()?.get(usize::try_from(point.nth).ok()?.checked_sub(1)?).map(ToString::to_string)
        });
        let what = if stopped { went.violations.join("; ") } else { "a point was not reached".to_owned() };
        let shown = format!(
            "{operation}, {} ({}): {what}\n{}",
            at.join(", then "),
            last.unwrap_or_default(),
            went.trace.join("\n")
        );
        let alike: String = what.chars().filter(|c| !c.is_ascii_digit()).take(60).collect();
        bad.entry(alike).or_insert((0, shown)).0 += 1;
    }
    for (count, shown) in bad.values() {
        complain(&format!("{count} like this:\n{shown}\n"));
    }
    good
}
