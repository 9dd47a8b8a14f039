//! `cargo xtask mutants [SET]`: seeded bugs, each of which a test must find.
//!
//! `tests/mutants/SET.toml` holds replacements of text and the commands that must notice them. Everything happens in a copy of
//! the repository under `target/mutants`, with a target folder of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::{complain, say};

/// A failure, in words.
type Done<T> = Result<T, String>;

/// How long one command may take: a bug can make a test wait for ever.
const PATIENCE: &str = "1200";

/// A replacement of text.
struct Change {
    name: String,
    file: String,
    from: String,
    to: String,
    /// The arguments of cargo that must notice it.
    command: Vec<String>,
    /// Whether a test must fail; without, none may.
    caught: bool,
}

/// What became of the command.
struct Run {
    passed: bool,
    /// The tests that failed.
    failed: Vec<String>,
    /// Whether it came to the tests at all.
    compiled: bool,
}

/// Runs the set that is named, or every set, and says for each change which tests failed.
pub(crate) fn run(root: &Path, mut args: impl Iterator<Item = String>) -> ExitCode {
    let (name, None) = (args.next(), args.next()) else {
        complain(
            "usage: cargo xtask mutants [SET], where tests/mutants/SET.toml is a set; all sets without one",
        );
        return ExitCode::from(2);
    };
    match sets(root, name).and_then(|sets| all(root, &sets)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            complain(&format!("cargo xtask mutants: {problem}"));
            ExitCode::FAILURE
        }
    }
}

/// The changes of one set, or of all.
fn sets(root: &Path, name: Option<String>) -> Done<Vec<Change>> {
    let folder = root.join("tests/mutants");
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut paths = match name {
        Some(name) => vec![folder.join(name).with_extension("toml")],
        None => fs::read_dir(&folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(said)?,
    };
    paths.sort();
    let mut changes = vec![];
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        changes.extend(parse(&text).map_err(|problem| format!("{}: {problem}", path.display()))?);
    }
    Ok(changes)
}

fn all(root: &Path, changes: &[Change]) -> Done<bool> {
    let folder = root.join("target/mutants");
    let copy = folder.join("tree");
    copy_files(root, &copy)?;
    let cargo = |words: &[String]| run_cargo(&copy, &folder.join("target"), words);
    for command in changes.iter().map(|change| &change.command).collect::<BTreeSet<_>>() {
        let untouched = cargo(command)?;
        if !untouched.passed {
            return Err(format!("without a seeded bug these fail: {}", untouched.failed.join(", ")));
        }
    }
    let mut fine = true;
    for change in changes {
        let file = copy.join(&change.file);
        let read = || fs::read_to_string(&file).map_err(|error| format!("{}: {error}", change.file));
        let original = read()?;
        write(&file, &apply(change, &original)?)?;
        let run = cargo(&change.command)?;
        write(&file, &original)?;
        let (as_it_should, line) = verdict(change, &run);
        fine &= as_it_should;
        say(&line);
    }
    let (bugs, controls): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.caught);
    let ending = if fine { "each as it should be" } else { "NOT as it should be" };
    say(&format!("{} seeded bugs, {} controls: {ending}", bugs.len(), controls.len()));
    Ok(fine)
}

/// Whether a change went as it should, and how it went.
fn verdict(change: &Change, run: &Run) -> (bool, String) {
    let name = &change.name;
    if !run.compiled {
        return (false, format!("does not compile  {name}"));
    }
    match (change.caught, run.passed) {
        (true, false) if !run.failed.is_empty() => {
            (true, format!("caught            {name}\n                  by {}", run.failed.join(", ")))
        }
        (true, _) => (false, format!("NOT CAUGHT        {name}")),
        (false, true) => (true, format!("let pass          {name} (control)")),
        (false, false) => (
            false,
            format!("CAUGHT            {name} (control)\n                  by {}", run.failed.join(", ")),
        ),
    }
}

/// The changes of a set. `command` at its head holds for those that name none.
fn parse(text: &str) -> Done<Vec<Change>> {
    let table: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let words = |value: Option<&toml::Value>| -> Option<Vec<String>> {
        let words = value?.as_array()?.iter();
        Some(words.filter_map(toml::Value::as_str).map(str::to_owned).collect())
    };
    let usual = words(table.get("command")).ok_or("`command` is missing")?;
    let mut changes = vec![];
    for (key, caught) in [("mutant", true), ("control", false)] {
        for entry in table.get(key).and_then(toml::Value::as_array).into_iter().flatten() {
            let field = |key: &str| {
                let text = entry.get(key).and_then(toml::Value::as_str);
                text.map(str::to_owned).ok_or_else(|| format!("`{key}` is missing in {entry}"))
            };
            let (name, file, from, to) = (field("name")?, field("file")?, field("from")?, field("to")?);
            let command = words(entry.get("command")).unwrap_or_else(|| usual.clone());
            changes.push(Change { name, file, from, to, command, caught });
        }
    }
    Ok(changes)
}

/// The text with the bug; what is replaced must stand there once.
fn apply(change: &Change, text: &str) -> Done<String> {
    match text.matches(&change.from).count() {
        1 => Ok(text.replace(&change.from, &change.to)),
        n => Err(format!("`{}`: its text stands {n} times in {}; it must be once", change.name, change.file)),
    }
}

/// The files that git knows or would add, anew.
fn copy_files(root: &Path, copy: &Path) -> Done<()> {
    let git = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(git).current_dir(root).output();
    let listed = listed.map_err(|error| format!("git did not start: {error}"))?;
    if copy.exists() {
        fs::remove_dir_all(copy).map_err(|error| format!("{}: {error}", copy.display()))?;
    }
    let names = String::from_utf8_lossy(&listed.stdout);
    for name in names.split('\0').filter(|name| root.join(name).is_file()) {
        let (from, to) = (root.join(name), copy.join(name));
        let made = to.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::copy(&from, &to)).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Done<()> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

fn run_cargo(copy: &Path, target: &Path, words: &[String]) -> Done<Run> {
    let mut cargo = Command::new("timeout");
    cargo.args([PATIENCE, option_env!("CARGO").unwrap_or("cargo")]).args(words);
    cargo.current_dir(copy).env("CARGO_TARGET_DIR", target).env("RUST_BACKTRACE", "0");
    let output = cargo.output().map_err(|error| format!("cargo did not start: {error}"))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(Run {
        passed: output.status.success(),
        failed: failed(&stdout),
        compiled: !stderr.contains("could not compile"),
    })
}

/// The tests that failed, as the test program lists them.
fn failed(stdout: &str) -> Vec<String> {
    let name = |line: &'_ str| line.strip_prefix("test ")?.strip_suffix(" ... FAILED").map(str::to_owned);
    let names: BTreeSet<String> = stdout.lines().filter_map(name).collect();
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seeded_bug_has_its_place() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut seen = 0;
        for entry in fs::read_dir(root.join("tests/mutants")).unwrap() {
            let changes = parse(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
            for change in &changes {
                let text = fs::read_to_string(root.join(&change.file)).unwrap();
                assert_ne!(apply(change, &text).unwrap(), text, "{}", change.name);
            }
            assert!(changes.iter().filter(|change| change.caught).count() >= 10);
            assert!(changes.iter().filter(|change| !change.caught).count() >= 2);
            seen += 1;
        }
        assert!(seen > 0);
    }

    #[test]
    fn what_a_run_says_is_understood() {
        let change = |caught| Change {
            name: "n".to_owned(),
            file: String::new(),
            from: "a".to_owned(),
            to: "b".to_owned(),
            command: vec![],
            caught,
        };
        let run = |passed, compiled, failed: &[&str]| Run {
            passed,
            compiled,
            failed: failed.iter().map(|&name| name.to_owned()).collect(),
        };
        let table = [
            (true, run(false, true, &["t"]), true),
            (true, run(true, true, &[]), false),
            (true, run(false, false, &[]), false),
            // It failed, and no test did: whatever that was, it found nothing.
            (true, run(false, true, &[]), false),
            (false, run(true, true, &[]), true),
            (false, run(false, true, &["t"]), false),
        ];
        for (caught, run, fine) in table {
            assert_eq!(verdict(&change(caught), &run).0, fine);
        }
        assert_eq!(failed("test a::b ... FAILED\ntest c ... ok\ntest a::b ... FAILED\n"), ["a::b"]);
        assert_eq!(apply(&change(true), "xax"), Ok("xbx".to_owned()));
        let set = "command = [\"a\"]\n[[mutant]]\nname = \"n\"\nfile = \"f\"\nfrom = \"x\"\nto = \"y\"\n";
        let own = set.to_owned() + "command = [\"b\", \"c\"]\n";
        assert_eq!(parse(set).unwrap()[0].command, ["a"]);
        assert_eq!(parse(&own).unwrap()[0].command, ["b", "c"]);
        assert!(apply(&change(true), "aa").is_err() && apply(&change(true), "x").is_err());
    }
}
