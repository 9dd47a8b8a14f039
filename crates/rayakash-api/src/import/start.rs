//! Commands of containers: how they start Ray, and what they do before.

use super::env::{is_secret, secret_in};
use super::note::Report;
use super::source::{Item, shown};

/// Which part a container plays in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Head,
    Worker,
}

/// A call of `ray start`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) role: Option<Role>,
    /// Its flags with their values.
    pub(super) flags: Vec<(String, Option<String>)>,
    /// What the script does before.
    pub(super) before: String,
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
/// Words that begin or end something of which a part cannot be carried over.
const CONTROL: [&str; 14] =
    ["if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "{", "}"];

/// What one word or separator of a script is, and where it begins.
struct Word {
    at: usize,
    text: String,
    separator: bool,
}

/// The script of a container: the text that a shell gets, or the words of the command.
pub(super) fn script(words: &[String]) -> String {
    let shell = |word: &String| matches!(word.rsplit('/').next(), Some("sh" | "bash" | "dash" | "zsh"));
    let is_c = |word: &String| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    let given = words.iter().position(is_c).and_then(|at| words.get(at.checked_add(1)?));
    match given {
        Some(script) if words.first().is_some_and(shell) => script.clone(),
        _ => words.join(" "),
    }
}

/// The first `ray start` of a script.
pub(super) fn find(script: &str) -> Option<Start> {
    let words = split(script);
    let is_ray = |word: &Word| !word.separator && (word.text == "ray" || word.text.ends_with("/ray"));
    let pair = words.windows(2).position(|two| match two {
        [ray, start] => is_ray(ray) && !start.separator && start.text == "start",
        _ => false,
    })?;
    let statement = words.get(..pair)?.iter().rposition(|word| word.separator);
    let before =
        statement.and_then(|at| words.get(at)).and_then(|word| script.get(..word.at)).unwrap_or_default();
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
    Some(Start { role, before: before.trim().to_owned(), flags, after })
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

/// Words and separators, as a shell would see them. Quotes are taken off; substitutions stay text.
fn split(script: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut word: Option<(usize, String)> = None;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in script.char_indices() {
        let open = |word: &mut Option<(usize, String)>| word.get_or_insert((at, String::new())).1.len();
        match (quote, c) {
            _ if escaped => {
                escaped = false;
                if c != '\n' {
                    open(&mut word);
                    word.iter_mut().for_each(|(_, text)| text.push(c));
                }
            }
            (None | Some('"'), '\\') => escaped = true,
            (Some(end), c) if c == end => quote = None,
            (None, '"' | '\'') => {
                open(&mut word);
                quote = Some(c);
            }
            (None, c) if c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')') => {
                words.extend(word.take().map(|(at, text)| Word { at, text, separator: false }));
                if c == '\n' || !c.is_whitespace() {
                    separate(&mut words, at, c);
                }
            }
            (_, c) => {
                open(&mut word);
                word.iter_mut().for_each(|(_, text)| text.push(c));
            }
        }
    }
    words.extend(word.map(|(at, text)| Word { at, text, separator: false }));
    words
}

/// Adds a separator, or makes the last one longer: `&&`.
fn separate(words: &mut Vec<Word>, at: usize, c: char) {
    match words.last_mut() {
        Some(last) if last.separator => last.text.push(c),
        _ => words.push(Word { at, text: c.to_string(), separator: true }),
    }
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
    let words = split(&start.before);
    let telling = words.split(|word| word.separator).filter_map(|statement| statement.first());
    let noise = ["sleep", "set", "ulimit", "cd", "exec", "true", ":"];
    if telling.clone().all(|first| noise.contains(&first.text.as_str())) {
        return None;
    }
    let whole = words.iter().all(|word| {
        let plain = word.text.chars().all(|c| matches!(c, ';' | '&' | '\n')) && word.text != "&";
        if word.separator {
            plain
        } else {
            !CONTROL.contains(&word.text.as_str()) && !word.text.starts_with("<<")
        }
    });
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
    if let Some(name) = secret_in(text).or_else(|| secret(&plain)) {
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

/// The name of a secret whose value is a word of its own: `--token abc`, `login abc`.
fn secret(words: &[&str]) -> Option<String> {
    words.windows(2).find_map(|two| match two {
        ["login", key] if is_long(key) => Some("TOKEN".to_owned()),
        [flag, value] if flag.starts_with("--") && !flag.contains('=') && !value.starts_with(['$', '-']) => {
            let name = flag.trim_start_matches('-').replace('-', "_").to_ascii_uppercase();
            is_secret(&name, "").then_some(name)
        }
        _ => None,
    })
}

/// Whether a word is long enough to be a key, and nothing that a person would write.
fn is_long(word: &str) -> bool {
    word.len() >= 16
        && word.chars().all(|c| c.is_ascii_alphanumeric())
        && word.chars().any(|c| c.is_ascii_digit())
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
            "ray start --head;\nsleep infinity\n",
        ] {
            assert!(!find(text).unwrap().after, "{text}");
        }
    }

    #[test]
    fn secrets_in_commands_are_found() {
        let table = [
            ("export WANDB_API_KEY=0123", Some("WANDB_API_KEY")),
            ("curl --token abc https://x", Some("TOKEN")),
            ("huggingface-cli login --token=$HF_TOKEN", None),
            ("wandb login 0123456789abcdef0123", Some("TOKEN")),
            ("wandb login $WANDB_API_KEY", None),
            ("git clone https://me:hunter2@host/x", Some("TOKEN")),
            ("pip install --no-input humanize==4.9.0", None),
            ("export OMP_NUM_THREADS=1", None),
            ("bash -c 'export HF_TOKEN=abc && x'", Some("HF_TOKEN")),
            ("cat >~/.aws/credentials <<E\naws_secret_access_key = abc\nE", Some("AWS_SECRET_ACCESS_KEY")),
            ("curl -H \"Authorization: Bearer abc\" https://x", Some("AUTHORIZATION")),
            ("curl -H \"Authorization: Bearer $T\" https://x", Some("AUTHORIZATION")),
            ("python -c \"print(sorted([2, 1], reverse=True))\"", None),
            ("test \"$TOKEN\" = x", None),
        ];
        for (text, expected) in table {
            let words = split(text);
            let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(secret_in(text).or_else(|| secret(&words)).as_deref(), expected, "{text}");
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
