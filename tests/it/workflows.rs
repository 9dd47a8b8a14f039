//! The workflows for GitHub: they are YAML, their shell is shell, and what must always happen does.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rayakash_testkit::workspace;
use serde_yaml::Value;

const USERS: &str = "deploy/ci/ray-cluster.yml";
const OURS: &str = ".github/workflows/ci.yml";

/// All steps of a workflow.
fn steps(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(workspace().join(path)).unwrap();
    let workflow: Value = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let jobs = workflow["jobs"].as_mapping().unwrap_or_else(|| panic!("{path} has no jobs"));
    let steps: Vec<Value> =
        jobs.values().flat_map(|job| job["steps"].as_sequence().expect("steps").clone()).collect();
    assert!(!steps.is_empty());
    steps
}

/// The shell of those that have some, by name.
fn scripts(path: &str) -> Vec<(String, String)> {
    let text = |step: &Value, key: &str| step[key].as_str().map(str::to_owned);
    steps(path).iter().filter_map(|step| Some((text(step, "name")?, text(step, "run")?))).collect()
}

/// What bash finds wrong with a script; nothing when it is shell.
fn complaint(script: &str) -> String {
    let mut bash = Command::new("bash");
    let mut bash = bash.arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    String::from_utf8_lossy(&bash.wait_with_output().unwrap().stderr).into_owned()
}

#[test]
fn every_step_is_shell_and_takes_nothing_from_expressions() {
    assert_ne!(complaint("if true; then"), "", "what is no shell is told");
    for path in [USERS, OURS] {
        let scripts = scripts(path);
        assert!(!scripts.is_empty(), "{path}");
        for (name, script) in scripts {
            assert_eq!(complaint(&script), "", "{path}, {name}");
            // A branch or a file may be named like a command; variables are safe, expressions are pasted in.
            assert!(!script.contains("${{"), "{path}, {name}: use env");
        }
    }
}

#[test]
fn the_cluster_goes_down_however_it_went() {
    let steps = steps(USERS);
    let named = |name: &str| {
        let at = steps.iter().position(|step| step["name"] == *name);
        at.unwrap_or_else(|| panic!("there is no step `{name}`"))
    };
    let condition = |name: &str| steps[named(name)]["if"].as_str().map(str::to_owned);
    for name in ["Down", "Stop everything"] {
        assert_eq!(condition(name).as_deref(), Some("always()"), "{name}");
    }
    for name in ["Collect what failed", "Keep what was collected"] {
        assert_eq!(condition(name).as_deref(), Some("failure()"), "{name}");
    }
    let order = ["Plan", "Up", "Submit", "Collect what failed", "Down", "Stop everything"].map(named);
    assert!(order.is_sorted(), "what explains a failure is read before it goes down: {order:?}");
}

#[test]
fn the_commands_that_users_run_are_in_the_program() {
    let commands = scripts(USERS).into_iter().map(|(_, script)| script).collect::<String>();
    for words in ["plan", "up", "submit", "status", "events", "logs", "down", "daemon stop", "sandbox stop"] {
        assert!(commands.contains(&format!("rayakash {words}")), "{words}");
    }
    assert!(scripts(OURS).iter().any(|(_, script)| script.trim() == "bash .ci/run"));
}
