//! Commands of containers: how they start Ray, and what they do before.

use super::note::Report;
use super::source::{Item, shown};
use crate::secret_looking::secret_in;
use crate::shell::{Word, split, statements};

/// Which part a container plays in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Head,
    Worker,
}

/// A call of `ray start`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) role: Option<Role>,
    /// Its flags with their values.
    pub(super) flags: Vec<(String, Option<String>)>,
    /// What the script does before.
    before: String,
    /// What separates that from the start.
    joint: String,
    /// Variables that it sets before, with their values.
    pub(super) exports: Vec<(String, String)>,
    /// What it sets before in other ways, in words.
    lost: Vec<String>,
    /// Whether the script does something after.
    pub(super) after: bool,
}

/// Flags of which nothing is lost: addresses, ports, and what every container needs.
const PLUMBING: &[&str] = &[
    "address",
    "autoscaling-config",
    "block",
    "dashboard-agent-grpc-port",
    "dashboard-agent-listen-port",
    "dashboard-grpc-port",
    "dashboard-host",
    "dashboard-port",
    "disable-usage-stats",
    "head",
    "include-dashboard",
    "max-worker-port",
    "metrics-export-port",
    "min-worker-port",
    "node-ip-address",
    "node-manager-port",
    "object-manager-port",
    "port",
    "ray-client-server-port",
    "ray-debugger-external",
    "redis-address",
    "redis-password",
    "redis-port",
    "runtime-env-agent-port",
    "verbose",
    "worker-port-list",
];
/// Flags that the cluster file says in another way, and how.
const ELSEWHERE: [(&str, &str); 6] = [
    ("num-cpus", "Ray is told the node's cores: `resources.CPU`"),
    ("num-gpus", "Ray is told the node's GPUs: `resources.GPU`"),
    ("memory", "Ray is told the node's memory: `resources.memory`"),
    ("object-store-memory", "write `object_store_memory`"),
    ("labels", "write `labels`"),
    ("resources", "write `labels`, and schedule by them"),
];
/// Words of scripts that only wait, so that the container does not end.
const IDLE: [&str; 12] =
    ["sleep", "infinity", "inf", "tail", "-f", "/dev/null", "wait", "while", "true", "do", "done", "exit"];
/// Commands that only say whether something is so.
const TESTS: [&str; 3] = ["[", "[[", "test"];
/// Statements that do nothing in a setup command of their own.
const NOISE: [&str; 11] =
    ["sleep", "set", "ulimit", "cd", "exec", "true", ":", "export", "source", ".", "unset"];
/// Words that begin or end something of which a part cannot be carried over.
const CONTROL: [&str; 14] =
    ["if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "{", "}"];

/// The first `ray start` of a script, of the head before that of a worker.
pub(super) fn find(script: &str) -> Option<Start> {
    let words = split(script);
    let is_ray = |word: &Word| word.text == "ray" || word.text.ends_with("/ray");
    let mut starts = Vec::new();
    let mut from = 0_usize;
    for part in words.chunk_by(|one, next| one.separator == next.separator) {
        let pair = part.windows(2).position(|two| match two {
            [ray, start] => is_ray(ray) && !start.separator && start.text == "start",
            _ => false,
        });
        if let Some(pair) = pair {
            let head = part.iter().skip(pair).any(|word| word.text == "--head");
            starts.push((head, from, from.saturating_add(pair)));
        }
        from = from.saturating_add(part.len());
    }
    let (_, statement, pair) = *starts.iter().find(|(head, ..)| *head).or_else(|| starts.first())?;
    let rest = words.get(pair.saturating_add(2)..).unwrap_or_default();
    let flags = flags(rest.iter().take_while(|word| !word.separator).map(|word| word.text.as_str()));
    let after = rest.iter().skip_while(|word| !word.separator);
    let after = after.filter(|word| !word.separator).any(|word| !IDLE.contains(&word.text.as_str()));
    let has = |name: &str| flags.iter().any(|(flag, _)| flag == name);
    let role = match (has("head"), has("address")) {
        (true, _) => Some(Role::Head),
        (false, true) => Some(Role::Worker),
        (false, false) => None,
    };
    let mut start = Start { role, flags, after, ..Start::default() };
    if let Some((joint, before)) = words.get(..statement).and_then(<[Word]>::split_last) {
        joint.text.clone_into(&mut start.joint);
        start.before(script.get(..joint.at).unwrap_or_default().trim(), before);
    }
    let own = words.get(statement..pair).unwrap_or_default();
    start.export(own.iter().filter(|word| assigned(word).is_some()));
    Some(start)
}

/// The variable that a word sets, and its value.
fn assigned(word: &Word) -> Option<(&str, &str)> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    word.text.split_once('=').filter(|(name, _)| !name.is_empty() && name.chars().all(plain))
}

/// Whether nothing between statements makes one depend on more than the success of those before.
fn in_order(separator: &str) -> bool {
    let rest = separator.replace("&&", "");
    rest.chars().all(|c| matches!(c, ';' | '\n'))
}

/// Whether statements run one after another, whatever they find.
fn is_straight(words: &[Word]) -> bool {
    words.iter().all(|word| {
        if word.separator {
            in_order(&word.text)
        } else {
            !CONTROL.contains(&word.text.as_str()) && !word.text.starts_with("<<")
        }
    })
}

fn first(statement: &[Word]) -> &str {
    statement.first().map(|word| word.text.as_str()).unwrap_or_default()
}

impl Start {
    /// Takes what the script does before. What it exports is for Ray too, and a setup command has a shell of its own.
    fn before(&mut self, text: &str, words: &[Word]) {
        text.clone_into(&mut self.before);
        let tests = |(_, statement): &(&str, &[Word])| TESTS.contains(&first(statement));
        if !is_straight(words) || !in_order(&self.joint) || statements(words).iter().any(tests) {
            return;
        }
        let mut kept = String::new();
        let mut changed = text.contains('#');
        for (separator, statement) in statements(words) {
            match first(statement) {
                "export" if self.export(statement.iter().skip(1)) => {
                    changed = true;
                    continue;
                }
                "source" | "." => self.lost.push(first(statement).to_owned()),
                _ => {}
            }
            if !kept.is_empty() {
                let lines = separator.contains('\n');
                kept.push_str(if separator.contains("&&") {
                    " && "
                } else if lines {
                    "\n"
                } else {
                    "; "
                });
            }
            let ends = statement.first().zip(statement.last());
            kept.push_str(ends.and_then(|(first, last)| text.get(first.at..last.end)).unwrap_or_default());
        }
        if changed {
            self.before = kept;
        }
    }

    /// Takes variables whose values stand there; whether these are all.
    fn export<'a>(&mut self, words: impl Iterator<Item = &'a Word>) -> bool {
        let mut all = true;
        for word in words {
            match assigned(word) {
                Some((name, value)) if !word.expands && !value.starts_with('~') => {
                    self.exports.push((name.to_owned(), value.to_owned()));
                }
                _ => {
                    let name = word.text.split('=').next().unwrap_or_default();
                    self.lost.push(format!("export {name}"));
                    all = false;
                }
            }
        }
        all
    }
}

fn flags<'a>(words: impl Iterator<Item = &'a str>) -> Vec<(String, Option<String>)> {
    let mut flags: Vec<(String, Option<String>)> = Vec::new();
    for word in words {
        match (word.strip_prefix("--"), flags.last_mut()) {
            (Some(flag), _) => {
                let (name, value) =
                    flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
                flags.push((name.to_owned(), value.map(str::to_owned)));
            }
            (None, Some((_, value @ None))) => *value = Some(word.to_owned()),
            (None, _) => {}
        }
    }
    flags
}

/// Says what of a start is not carried over.
pub(super) fn note_rest(start: &Start, item: &Item<'_>, report: &mut Report) {
    if start.after {
        report.note(item, "what stands after `ray start` was left out", "run it as a job: `rayakash submit`");
    }
    for (flag, _) in start.flags.iter().filter(|(flag, _)| !PLUMBING.contains(&flag.as_str())) {
        let elsewhere = ELSEWHERE.iter().find(|(name, _)| name == flag).map(|(_, instead)| *instead);
        let reason = format!("`--{}` of `ray start` was left out", shown(flag));
        report.note(item, reason, elsewhere.unwrap_or("the program starts Ray itself"));
    }
}

/// What a container does before it starts Ray, when that can be a setup command.
pub(super) fn setup(
    start: &Start,
    services: &[&str],
    item: &Item<'_>,
    report: &mut Report,
) -> Option<String> {
    for lost in &start.lost {
        let reason = format!("what `{}` sets before `ray start` does not reach Ray", shown(lost));
        report.note(item, reason, "write variables under `env`");
    }
    let words = split(&start.before);
    let telling: Vec<&str> = statements(&words)
        .into_iter()
        .map(|(_, statement)| first(statement))
        .filter(|first| !NOISE.contains(first))
        .collect();
    let last = telling.last()?;
    let whole = is_straight(&words) && in_order(&start.joint) && !TESTS.contains(last);
    let waits = services.iter().any(|name| start.before.contains(name));
    if !whole || waits {
        let reason = "what stands before `ray start` was left out: it cannot be told apart from the start";
        report.note(item, reason, "what installs software belongs in `setup_commands`");
        return None;
    }
    command(&start.before, item, report)
}

/// A command that runs before Ray starts, unless it shows a secret or replaces Ray.
pub(super) fn command(text: &str, item: &Item<'_>, report: &mut Report) -> Option<String> {
    let words = split(text);
    let plain: Vec<&str> =
        words.iter().filter(|word| !word.separator).map(|word| word.text.as_str()).collect();
    if plain.is_empty() || text.contains('\0') {
        return None;
    }
    if let Some(name) = secret_in(text) {
        report.secret(item, &name);
        let reason = format!("the command was left out: it holds the secret `{}`", shown(&name));
        report.note(item, reason, "take the value from the environment");
        return None;
    }
    if installs_ray(&plain) {
        let reason = "the command was left out: it replaces Ray, which is in the image";
        report.note(
            item,
            reason,
            "install the rest in `setup_commands`, and name the release in `ray.version`",
        );
        return None;
    }
    Some(text.trim_end().to_owned())
}

fn installs_ray(words: &[&str]) -> bool {
    let installs = words.windows(2).any(|two| match two {
        [tool, "install"] => ["pip", "pip3", "uv", "conda", "mamba"].iter().any(|name| tool.ends_with(name)),
        _ => false,
    });
    let is_ray = |word: &&str| {
        let bare = word.split(['[', '=', '<', '>', '~', '!', '@', ';', ' ']).next().unwrap_or(word);
        let file = word.rsplit('/').next().unwrap_or(word);
        bare == "ray" || (file.starts_with("ray-") && file.ends_with(".whl"))
    };
    installs && words.iter().any(is_ray)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::script;

    #[test]
    fn a_start_is_found_in_every_writing() {
        let head = ["ray", "start", "--head", "--port=6380", "--block"].map(str::to_owned);
        let shell = [
            "/bin/sh",
            "-c",
            "pip install humanize &&\\\n  exec ray start --address ray-head:6380 --block; sleep 9",
        ];
        let table = [
            (script(&head), Some((Some(Role::Head), "", 3))),
            (script(&shell.map(str::to_owned)), Some((Some(Role::Worker), "pip install humanize", 2))),
            ("bash run.sh".to_owned(), None),
            ("echo 'ray start --head'".to_owned(), None),
            ("ulimit -n 65536; /opt/bin/ray start".to_owned(), Some((None, "ulimit -n 65536", 0))),
            ("\"ray\" \"start\" '--head'".to_owned(), Some((Some(Role::Head), "", 1))),
            ("ray\nstart".to_owned(), None),
            ("'open".to_owned(), None),
            (
                "# ray start --address=foo:1\npip install x # y\nray start --head".to_owned(),
                Some((Some(Role::Head), "pip install x", 1)),
            ),
            (
                "ray start --address=a:1; ray start --head".to_owned(),
                Some((Some(Role::Head), "ray start --address=a:1", 1)),
            ),
            ("\\".to_owned(), None),
        ];
        for (text, expected) in table {
            let found = find(&text);
            let found = found.as_ref().map(|start| (start.role, start.before.as_str(), start.flags.len()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn what_follows_a_start_is_seen_unless_it_only_waits() {
        for text in [
            "ray start --head && vllm serve x",
            "ray start --head; if a; then b; fi",
            "ray start\npython x.py",
        ] {
            assert!(find(text).unwrap().after, "{text}");
        }
        for text in [
            "ray start --head",
            "ray start --head; tail -f /dev/null",
            "ray start & wait",
            "ray start --block > /tmp/log 2>&1",
            "ray start --head;\nsleep infinity\n",
        ] {
            assert!(!find(text).unwrap().after, "{text}");
        }
    }

    #[test]
    fn what_replaces_ray_is_found() {
        for text in [
            "pip install -U ray[default]==2.9",
            "pip3 install ray",
            "pip install https://x/ray-3.0.whl",
            "uv pip install 'ray>=2'",
        ] {
            let words = split(text);
            assert!(installs_ray(&words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>()), "{text}");
        }
        for text in ["pip install raydp", "pip install xgboost_ray", "ray stop", "echo ray"] {
            let words = split(text);
            assert!(
                !installs_ray(&words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>()),
                "{text}"
            );
        }
    }
}
