//! Rules about what is absent: names that may not occur in some part of the tree.

use super::finding::Finding;
use super::source::{Kind, Name};
use super::tree::Tree;

/// A name that is absent from some files.
pub(super) struct Absence {
    pub(super) rule: &'static str,
    /// Whether the rule holds in this file.
    holds_in: fn(&str) -> bool,
    /// Whether the rule holds in test code too.
    in_tests: bool,
    /// Whether this is the name.
    hits: fn(&Name) -> bool,
    advice: &'static str,
}

pub(super) const ABSENCES: &[Absence] = &[
    Absence {
        rule: "core-is-pure",
        holds_in: |path| path.starts_with("crates/rayakash-core/src/"),
        in_tests: false,
        hits: |name| {
            IMPURE.iter().any(|prefix| name.within(prefix)) || CLOCKS.iter().any(|end| name.ends(end))
        },
        advice: "the core has no I/O, clock, chance, async or serde; pass the value in",
    },
    Absence {
        rule: "tasks-have-a-home",
        holds_in: |path| {
            is_product(path) && !is_home(path, &["crates/rayakash-engine/src/tasks", SANDBOX_TASKS])
        },
        in_tests: false,
        hits: spawns,
        advice: "spawn through the tasks module of the engine or of the sandbox, clients return futures and streams",
    },
    Absence {
        rule: "environment-has-a-home",
        holds_in: |path| is_product(path) && !is_home(path, OUTER_WORLD),
        in_tests: false,
        hits: |name| ENVIRONMENT.iter().any(|end| name.ends(end)),
        advice: "the environment is read in config (daemon) and runtime (command line) only; pass the value in",
    },
    Absence {
        rule: "clock-has-a-home",
        holds_in: |path| is_product(path) && !is_home(path, OUTER_WORLD),
        in_tests: false,
        hits: |name| CLOCKS.iter().any(|end| name.ends(end)),
        advice: "the clock is read in a clock module only; ask the Clock port, or use tokio::time for waits",
    },
    Absence {
        rule: "effects-have-a-home",
        holds_in: |path| COUNTED.iter().any(|folder| path.starts_with(folder)) && !is_home(path, EFFECTS),
        in_tests: false,
        hits: |name| WRITES.iter().any(|end| name.ends(end)),
        advice: "durable writes and sockets pass the places that harnesses count",
    },
    Absence {
        rule: "no-wire-above-the-clients",
        holds_in: |path| ABOVE_THE_WIRE.iter().any(|folder| path.starts_with(folder)),
        in_tests: true,
        hits: |name| name.within("akash_proto") || name.within("cosmos_sdk_proto"),
        advice: "wire types end at akash-types, akash-chain and the sandbox; use akash_types",
    },
    Absence {
        rule: "no-float-near-money",
        holds_in: |path| MONEY.iter().any(|folder| path.starts_with(folder)),
        in_tests: false,
        hits: |name| name.kind == Kind::Float || name.ends("f32") || name.ends("f64"),
        advice: "amounts are integers of micro-units, prices are Dec",
    },
    Absence {
        rule: "cli-has-no-domain",
        holds_in: |path| path.starts_with("crates/rayakash/src/"),
        in_tests: true,
        hits: |name| BELOW_THE_API.iter().any(|krate| name.within(krate)),
        advice: "the command line calls a verb of rayakash-api",
    },
    Absence {
        rule: "no-ignored-tests",
        holds_in: |_| true,
        in_tests: true,
        hits: |name| name.kind == Kind::Attribute && name.path == "ignore",
        advice: "make it fast and certain, or move it to a program of rayakash-tests",
    },
    Absence {
        rule: "no-stubs",
        holds_in: |_| true,
        in_tests: true,
        hits: |name| name.kind == Kind::Macro && (name.ends("todo") || name.ends("unimplemented")),
        advice: "write it, or leave out what calls it",
    },
];

const IMPURE: &[&str] = &[
    "async",
    "await",
    "tokio",
    "futures_util",
    "serde",
    "serde_json",
    "rand",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
];
const CLOCKS: &[&str] =
    &["SystemTime::now", "std::time::Instant", "Timestamp::now", "Zoned::now", "OffsetDateTime::now_utc"];
const ENVIRONMENT: &[&str] = &[
    "std::env",
    "env::var",
    "env::var_os",
    "env::vars",
    "env::vars_os",
    "env::set_var",
    "env::remove_var",
    "env::args",
];
const SANDBOX_TASKS: &str = "crates/akash-sandbox/src/tasks";
const OUTER_WORLD: &[&str] = &[
    "crates/rayakash-daemon/src/config",
    "crates/rayakash-daemon/src/clock",
    "crates/akash-sandbox/src/clock",
    "crates/rayakash/src/runtime",
    "crates/rayakash/src/env",
];
const COUNTED: &[&str] = &[
    "crates/rayakash-daemon/src/",
    "crates/rayakash-engine/src/",
    "crates/rayakash-ledger/src/",
    "crates/akash-chain/src/",
    "crates/akash-provider/src/",
];
const EFFECTS: &[&str] = &[
    "crates/rayakash-daemon/src/private",
    "crates/rayakash-daemon/src/keyring",
    "crates/rayakash-daemon/src/listener",
    "crates/rayakash-daemon/src/gate",
    "crates/rayakash-daemon/src/run",
    "crates/rayakash-ledger/src/store",
    "crates/akash-chain/src/client",
    "crates/akash-provider/src/http",
    "crates/akash-provider/src/stream",
];
const WRITES: &[&str] = &[
    "OpenOptions",
    "DirBuilder",
    "File::create",
    "File::options",
    "fs::write",
    "fs::rename",
    "fs::remove_file",
    "fs::remove_dir_all",
    "fs::create_dir_all",
    "sync_all",
    "sync_data",
    "TcpStream",
    "TcpListener",
    "UnixStream",
    "UnixListener",
    "connect_lazy",
];
const ABOVE_THE_WIRE: &[&str] = &[
    "crates/rayakash-core/",
    "crates/rayakash-engine/",
    "crates/rayakash-ledger/",
    "crates/rayakash-api/",
    "crates/rayakash-daemon/",
    "crates/rayakash/",
];
const MONEY: &[&str] = &[
    "crates/akash-types/src/",
    "crates/rayakash-core/src/",
    "crates/rayakash-ledger/src/",
    "crates/akash-chain/src/",
    "crates/akash-sandbox/src/market",
];
const BELOW_THE_API: &[&str] =
    &["akash_chain", "akash_provider", "akash_wallet", "rayakash_engine", "rayakash_ledger"];

/// Everything that a user runs, which leaves out the test kit and xtask.
fn is_product(path: &str) -> bool {
    path.starts_with("crates/") && path.contains("/src/") && !path.starts_with("crates/rayakash-testkit/")
}

/// Whether `path` is one of the modules, as a file or in its folder.
fn is_home(path: &str, homes: &[&str]) -> bool {
    homes
        .iter()
        .any(|home| path.strip_prefix(home).is_some_and(|rest| rest == ".rs" || rest.starts_with('/')))
}

/// A task or a thread. `Command::spawn()` takes no argument and is a process, our own
/// `tasks.spawn(name, future)` takes two, and `self.spawn(…)` is a method of the same file.
fn spawns(name: &Name) -> bool {
    let free = ["tokio::spawn", "task::spawn", "task::spawn_local", "thread::spawn", "runtime::Handle"];
    let method =
        name.kind == Kind::Method(1) && ["spawn", "spawn_on", "spawn_local"].iter().any(|end| name.ends(end));
    method || (name.kind == Kind::Path && free.iter().any(|end| name.ends(end)))
}

/// All findings of all absences.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let pairs =
        ABSENCES.iter().flat_map(|absence| tree.sources().map(move |(path, source)| (absence, path, source)));
    pairs
        .filter(|(absence, path, _)| (absence.holds_in)(path))
        .flat_map(|(absence, path, source)| {
            source
                .names()
                .iter()
                .filter(|name| (absence.hits)(name) && (absence.in_tests || !source.in_tests(name.line)))
                .map(|name| found(absence, path, name))
        })
        .collect()
}

fn found(absence: &Absence, path: &str, name: &Name) -> Finding {
    Finding::new(path, name.line, format!("`{}` stands here, {}", name.path, absence.advice)).of(absence.rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORE: &str = "crates/rayakash-core/src/decide.rs";
    const DAEMON: &str = "crates/rayakash-daemon/src/serve.rs";
    const CLI: &str = "crates/rayakash/src/up.rs";

    /// Rule, file, code that is wrong there.
    const BAD: &[(&str, &str, &str)] = &[
        ("core-is-pure", CORE, "async fn f() {}"),
        ("core-is-pure", CORE, "use std::{fmt, fs};"),
        ("core-is-pure", CORE, "#[derive(serde::Serialize)] struct A;"),
        ("core-is-pure", CORE, "fn f() { let _ = std::time::SystemTime::now(); }"),
        ("tasks-have-a-home", DAEMON, "fn f() { tokio::spawn(g()); }"),
        ("tasks-have-a-home", DAEMON, "fn f(set: &mut JoinSet<()>) { set.spawn(g()); }"),
        (
            "tasks-have-a-home",
            "crates/akash-chain/src/lib.rs",
            "fn f() { tokio::select! { _ = tokio::spawn(g()) => {} } }",
        ),
        ("tasks-have-a-home", "crates/ray-client/src/lib.rs", "fn f() { std::thread::spawn(g); }"),
        ("environment-has-a-home", DAEMON, "fn f() { std::env::var(\"A\"); }"),
        ("environment-has-a-home", DAEMON, "use std::env;"),
        ("clock-has-a-home", DAEMON, "fn f() { jiff::Timestamp::now(); }"),
        ("clock-has-a-home", DAEMON, "use std::time::{Duration, Instant};"),
        ("effects-have-a-home", DAEMON, "fn f() { std::fs::write(path, text); }"),
        ("effects-have-a-home", DAEMON, "fn f(file: &File) { file.sync_all(); }"),
        ("effects-have-a-home", "crates/akash-provider/src/lease.rs", "use tokio::net::TcpStream;"),
        ("effects-have-a-home", "crates/rayakash-ledger/src/wishes.rs", "use std::fs::OpenOptions;"),
        ("no-wire-above-the-clients", DAEMON, "use akash_proto::akash;"),
        ("no-wire-above-the-clients", CLI, "fn f(x: cosmos_sdk_proto::Any) {}"),
        ("no-float-near-money", "crates/akash-types/src/dec.rs", "fn f(x: f64) {}"),
        ("no-float-near-money", "crates/akash-sandbox/src/market/escrow.rs", "const A: X = 1.5;"),
        ("cli-has-no-domain", CLI, "use rayakash_ledger::Store;"),
        ("no-ignored-tests", "tests/it/up.rs", "#[test] #[ignore] fn f() {}"),
        ("no-stubs", CORE, "fn f() { todo!() }"),
        ("no-stubs", "tests/it/up.rs", "fn f() { std::unimplemented!() }"),
    ];

    /// Rule, file, code that looks like it and is right.
    const GOOD: &[(&str, &str, &str)] = &[
        ("core-is-pure", CORE, "/// No std::fs, no serde.\nuse std::time::Duration;"),
        ("core-is-pure", CORE, "#[cfg(test)] mod tests { use std::fs; }"),
        ("core-is-pure", DAEMON, "use std::fs;"),
        ("tasks-have-a-home", "crates/rayakash-engine/src/tasks.rs", "fn f() { tokio::spawn(g()); }"),
        ("tasks-have-a-home", "crates/akash-sandbox/src/tasks.rs", "fn f() { tokio::spawn(g()); }"),
        (
            "tasks-have-a-home",
            DAEMON,
            "fn f() { Command::new(\"ray\").spawn(); tasks.spawn(\"loop\", g()); }",
        ),
        ("tasks-have-a-home", DAEMON, "fn f(&self) { self.spawn(pod); }"),
        (
            "environment-has-a-home",
            "crates/rayakash-daemon/src/config/file.rs",
            "fn f() { std::env::var(\"A\"); }",
        ),
        ("environment-has-a-home", CLI, "const V: &str = env!(\"CARGO_PKG_VERSION\");"),
        ("clock-has-a-home", "crates/akash-sandbox/src/clock.rs", "fn f() { std::time::SystemTime::now(); }"),
        ("clock-has-a-home", DAEMON, "use tokio::time::Instant; fn f() { Instant::now(); }"),
        ("effects-have-a-home", "crates/rayakash-daemon/src/private.rs", "use std::fs::OpenOptions;"),
        ("effects-have-a-home", DAEMON, "fn f() { std::fs::read(path); }"),
        ("no-wire-above-the-clients", "crates/akash-chain/src/query.rs", "use akash_proto::akash;"),
        ("no-float-near-money", "crates/rayakash-api/src/metrics.rs", "fn f(x: f64) {}"),
        (
            "no-float-near-money",
            "crates/akash-types/src/dec.rs",
            "const A: u64 = 0x1f32; const B: &str = \"1.5\";",
        ),
        ("cli-has-no-domain", CLI, "use rayakash_api::Client;"),
        ("no-ignored-tests", CORE, "fn f(ignore: bool) {}"),
        ("no-stubs", CORE, "fn todo() -> bool { todo != 1 }"),
    ];

    fn fired(path: &str, code: &str) -> Vec<String> {
        check(&Tree::of(&[(path, code)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_rule_fires_on_its_bad_examples() {
        for (rule, path, code) in BAD {
            let fired = fired(path, code);
            assert!(
                fired.iter().any(|line| line.contains(&format!(": {rule}: "))),
                "{rule}: {code}: {fired:?}"
            );
        }
    }

    #[test]
    fn each_rule_is_silent_on_its_good_examples() {
        for (rule, path, code) in GOOD {
            let fired = fired(path, code);
            assert!(
                !fired.iter().any(|line| line.contains(&format!(": {rule}: "))),
                "{rule}: {code}: {fired:?}"
            );
        }
    }

    #[test]
    fn no_rule_is_without_examples() {
        for absence in ABSENCES {
            assert!(BAD.iter().any(|(rule, ..)| *rule == absence.rule), "{}", absence.rule);
            assert!(GOOD.iter().any(|(rule, ..)| *rule == absence.rule), "{}", absence.rule);
        }
    }
}
