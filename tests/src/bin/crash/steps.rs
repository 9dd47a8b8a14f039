//! The steps of an operation that must each have a point, and which effect of it stands for which.

use rayakash_testkit::sim::Kind;
use rayakash_testkit::sim::operation::Operation;
use rayakash_tests::report::say;

/// A step, and the effects of a kind that it takes: the so-manieth one.
struct Step {
    name: &'static str,
    kind: &'static str,
    nth: usize,
}

const fn step(name: &'static str, kind: &'static str, nth: usize) -> Step {
    Step { name, kind, nth }
}

const INTENT: &str = "ledger: write down an intent";
const SETTLED: &str = "ledger: settle an intent";
const ENTERED: &str = "ledger: enter an act";
const FACT: &str = "ledger: write down a fact";
const WISH: &str = "ledger: write down a wish";

fn steps(operation: Operation) -> &'static [Step] {
    const UP: &[Step] = &[
        step("accept", WISH, 1),
        step("keys", "file: keys", 1),
        step("keep the manifest", "file: manifest", 1),
        step("reserve, choose dseq, hash", INTENT, 1),
        step("create with the first deposit", "broadcast", 1),
        step("orders (created)", SETTLED, 1),
        step("choose bid", INTENT, 2),
        step("lease", "broadcast", 2),
        step("leased", SETTLED, 2),
        step("manifest", "manifest", 1),
        step("Ray join", "probe", 1),
        step("ready, running", FACT, 1),
    ];
    const DOWN: &[Step] = &[
        step("accept, mark", "ledger: drop a wish", 1),
        step("drain", "drain", 1),
        step("close", "broadcast", 1),
        step("verify closed", SETTLED, 2),
        step("reconcile the refund", ENTERED, 1),
        step("forget the keys", "remove the folder", 1),
    ];
    const TOP_UP: &[Step] =
        &[step("plan", INTENT, 1), step("deposit", "broadcast", 1), step("verify", SETTLED, 1)];
    const REPLACE: &[Step] = &[
        step("detect, decide", ENTERED, 1),
        step("close", "broadcast", 1),
        step("order", "broadcast", 2),
        step("lease", "broadcast", 3),
        step("manifest", "manifest", 1),
        step("join", "probe", 1),
        step("ready", FACT, 1),
    ];
    const UPDATE: &[Step] = &[
        step("accept", WISH, 1),
        step("plan", INTENT, 1),
        step("update", "broadcast", 1),
        step("manifest", "manifest", 1),
        step("verify", FACT, 1),
    ];
    const BLUE_GREEN: &[Step] = &[
        step("accept", WISH, 1),
        step("create", "broadcast", 1),
        step("lease", "broadcast", 2),
        step("manifest", "manifest", 1),
        step("join", "probe", 1),
        step("close the old", "broadcast", 3),
        step("reconcile the refund", ENTERED, 1),
    ];
    match operation {
        Operation::Up => UP,
        Operation::Down => DOWN,
        Operation::TopUp => TOP_UP,
        Operation::Replace => REPLACE,
        Operation::Update => UPDATE,
        Operation::BlueGreen => BLUE_GREEN,
    }
}

/// Steps that other plans have and this program has not, with the reason.
fn absent(operation: Operation) -> &'static str {
    match operation {
        Operation::Up => {
            "; not here: mint (a command of its own), first top-up (its money is in the create), attest hardware (no such promise)"
        }
        Operation::Replace => {
            "; not here: close-lease (the provider's close ends it, the deployment is closed)"
        }
        Operation::Down | Operation::TopUp | Operation::Update | Operation::BlueGreen => "",
    }
}

/// Says which steps have points; false when one has none.
pub(crate) fn tell(operation: Operation, kinds: &[Kind]) -> bool {
    let words: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    let has = |step: &Step| words.iter().filter(|word| *word == step.kind).count() >= step.nth;
    let all = steps(operation);
    let missing: Vec<&str> = all.iter().filter(|step| !has(step)).map(|step| step.name).collect();
    let names: Vec<&str> = all.iter().map(|step| step.name).collect();
    say(&format!("             steps: {}{}", names.join(" · "), absent(operation)));
    if !missing.is_empty() {
        say(&format!("             WITHOUT A POINT: {}", missing.join(" · ")));
    }
    missing.is_empty()
}
