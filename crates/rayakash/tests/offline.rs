//! The binary without a daemon: what it says, where, and how it ends.
#![expect(clippy::unwrap_used, reason = "what a test cannot do is a failure of the test")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// Runs the program in a hermetic home, with text on stdin.
fn run(arguments: &[&str], stdin: &[u8]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rayakash"))
        .args(arguments)
        .env_remove("RAYAKASH_CONTEXT")
        .env_remove("RAYAKASH_OUTPUT")
        .env_remove("RAYAKASH_PASSPHRASE_FILE")
        .env("NO_COLOR", "1")
        .env("RAYAKASH_HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its input stops reading it.
    let _refused = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert!(left.is_empty(), "{arguments:?} left {left:?}");
    output
}

#[track_caller]
fn check(arguments: &[&str], stdin: &str, code: i32) -> (String, String) {
    let output = run(arguments, stdin.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    (out, err)
}

#[test]
fn version_is_a_line() {
    let (out, err) = check(&["version"], "", 0);
    assert_eq!((out.as_str(), err.as_str()), (concat!("rayakash ", env!("CARGO_PKG_VERSION"), "\n"), ""));
    let (out, _) = check(&["version", "-o", "json"], "", 0);
    assert!(out.contains("\"api\": \"v1\""), "{out}");
    let (out, _) = check(&["version", "-o", "yaml"], "", 0);
    assert!(out.contains("api: v1\n"), "{out}");
}

#[test]
fn help_is_an_answer() {
    let (out, err) = check(&["--help"], "", 0);
    assert!(out.contains("sandbox") && err.is_empty());
}

#[test]
fn completion_names_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let (out, _) = check(&["completion", shell], "", 0);
        assert!(out.contains("forward") && out.contains("dashboard"), "{shell}");
    }
}

#[test]
fn a_wrong_command_line_is_told_on_stderr() {
    for arguments in [
        &["upp"][..],
        &["up"],
        &["down"],
        &["forward", "a", "22"],
        &["submit", "a"],
        &["version", "-o", "xml"],
        &[],
    ] {
        let (out, err) = check(arguments, "", 2);
        assert!(out.is_empty() && (err.contains("--help") || err.contains("Usage")), "{arguments:?}: {err}");
    }
    let (_, err) = check(&["down", "a", "--all"], "", 2);
    assert!(err.contains("cannot be used with"), "{err}");
    let (_, err) = check(&["upp"], "", 2);
    assert!(err.contains("'up'"), "a suggestion: {err}");
}

const FILE: &str = "\
apiVersion: rayakash/v1
cluster_name: quickstart
head_node_type: head
available_node_types:
  head:   { resources: { CPU: 1, memory: 2Gi } }
  worker: { resources: { CPU: 0, memory: 10Ti }, min_worker: 2 }
";

#[test]
fn a_bad_file_is_shown_with_its_lines_and_nothing_is_started() {
    for command in ["up", "plan"] {
        let (out, err) = check(&[command, "-"], FILE, 3);
        assert_eq!(out, "");
        let expected = "\
error: `available_node_types.worker.resources.CPU` must be at least 1, not 0
 --> <stdin>:6:31
  |
6 |   worker: { resources: { CPU: 0, memory: 10Ti }, min_worker: 2 }
  |                               ^

error: `10Ti` is more memory than a node can have
 --> <stdin>:6:42
  |
6 |   worker: { resources: { CPU: 0, memory: 10Ti }, min_worker: 2 }
  |                                          ^^^^
  = help: 2Ti is the limit of Akash

error: unknown key `min_worker` in `available_node_types.worker`
 --> <stdin>:6:50
  |
6 |   worker: { resources: { CPU: 0, memory: 10Ti }, min_worker: 2 }
  |                                                  ^^^^^^^^^^
  = help: did you mean `min_workers`?
";
        assert_eq!(err, expected);
    }
}

#[test]
fn a_bad_file_is_a_problem_in_json() {
    let (out, _) = check(&["plan", "-", "-o", "jsonl"], FILE, 3);
    let problem: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(problem["code"], "invalid-file");
    assert_eq!(problem["diagnostics"][0]["line"], 6);
    assert_eq!(problem["diagnostics"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_no_cluster_file_at_all_is_refused() {
    let bomb = (1..12).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        let m = n - 1;
        format!("{text}a{n}: &a{n} [*a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}]\n")
    });
    for (text, expected) in
        [(bomb.as_str(), "aliases expand"), ("", "empty"), (&"[".repeat(5000), "nested too deep")]
    {
        let (_, err) = check(&["up", "-"], text, 3);
        assert!(err.contains(expected), "{err}");
    }
    let output = run(&["up", "-"], &vec![b'x'; 4_000_000]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("larger than 256 KiB"));
    let (_, err) = check(&["up", "/does/not/exist.yaml"], "", 3);
    assert!(err.contains("No such file"), "{err}");
}

#[test]
fn endless_files_are_refused() {
    let (_, err) = check(&["up", "/dev/zero"], "", 3);
    assert!(err.contains("larger than 256 KiB"), "{err}");
}

#[test]
fn what_runs_nowhere_is_told() {
    let (_, err) = check(&["daemon", "status"], "", 4);
    assert!(err.contains("error[no-daemon]"), "{err}");
    check(&["daemon", "stop"], "", 0);
    let (_, err) = check(&["sandbox", "status"], "", 4);
    assert!(err.contains("rayakash sandbox run"), "{err}");
    check(&["sandbox", "stop"], "", 0);
    let (_, err) = check(&["sandbox", "fault", "explode"], "", 2);
    assert!(err.contains("drop-answer"), "{err}");
    let (_, err) = check(&["status", "--context", "moon"], "", 2);
    assert!(err.contains("moon") && err.contains("mainnet"), "{err}");
}

#[test]
fn secrets_are_never_asked_of_a_pipe() {
    let (_, err) = check(&["keys", "unlock", "a"], "", 2);
    assert!(err.contains("--passphrase-file"), "{err}");
    let (_, err) = check(&["keys", "import", "a"], "abandon art", 2);
    assert!(err.contains("nobody can be asked"), "{err}");
    let (_, err) = check(&["keys", "rm", "a"], "", 9);
    assert!(err.contains("-y"), "{err}");
}

#[test]
fn a_cluster_file_becomes_an_sdl() {
    let file = FILE.replace("CPU: 0", "CPU: 1").replace("10Ti", "1Gi").replace("min_worker:", "min_workers:");
    let (manifest, _) = check(&["sdl", "manifest", "-"], &file, 0);
    assert!(manifest.contains("ray-head") && manifest.contains("ray-worker"), "{manifest}");
    let (groups, _) = check(&["sdl", "groups", "-"], &file, 0);
    assert!(groups.starts_with('['), "{groups}");
    let (hash, _) = check(&["sdl", "hash", "-"], &file, 0);
    assert!(
        hash.trim_end().len() == 64 && hash.trim_end().bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{hash}"
    );
    check(&["sdl", "validate", "-"], &file, 0);
    check(&["sdl", "validate", "-"], "version: \"2.0\"\nservices: 5\n", 3);
}
