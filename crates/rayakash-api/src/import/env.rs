//! Environment variables, and which of them are probably secrets.

use super::note::Report;
use super::source::{Item, shown};
use crate::file::is_variable;
use rayakash_core::spec::MAX_ENV_VALUE;

/// Variables of nodes. A name is there once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Env {
    /// In the order of the source.
    pub(super) plain: Vec<(String, String)>,
    /// Names of those that are probably secrets.
    pub(super) secret: Vec<String>,
}

/// Beginnings of variables of storage services and of Weights & Biases. All of them are secrets here, the regions too: they belong together.
const SERVICES: [&str; 6] = ["AWS_", "S3_", "R2_", "B2_", "MINIO_", "WANDB_"];
/// Enough variables for any honest file.
const MOST: usize = 500;
/// Words in the names of secrets.
const WORDS: [&str; 18] = [
    "APIKEY",
    "AUTH",
    "AUTHORIZATION",
    "BEARER",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "KEY",
    "KEYS",
    "MNEMONIC",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PAT",
    "PWD",
    "SECRET",
    "TOKEN",
];
/// Beginnings of values that are keys of some service.
const KEYS: [&str; 13] = [
    "AKIA",
    "ASIA",
    "dckr_pat_",
    "eyJ",
    "ghp_",
    "github_pat_",
    "glpat-",
    "gho_",
    "hf_",
    "nvapi-",
    "sk-",
    "xoxb-",
    "xoxp-",
];
/// Variables of the template's own scripts, and of Ray, that say where the head is.
const ADDRESSES: [&str; 4] = ["RAY_ADDRESS", "RAY_ADDRESS_HOST", "RAY_HEAD_IP", "RAY_HEAD_SERVICE_HOST"];
/// A switch of the template's own scripts.
const TEMPLATE: &str = "RAY_MULTIPLE_DEPLOYMENT";

/// Whether a variable probably holds a secret.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    is_secret_name(name) || secret_in(value).is_some()
}

fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase().replace('-', "_");
    SERVICES.iter().any(|service| upper.starts_with(service))
        || upper.split('_').any(|word| WORDS.contains(&word))
        || ["APIKEY", "PASSWORD", "SECRET"].iter().any(|word| upper.contains(word))
}

/// The name of a secret whose value stands somewhere in a text: `NAME=value`, `"name": "value"`; `TOKEN` for one without a name.
pub(super) fn secret_in(text: &str) -> Option<String> {
    let apart = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',' | ';' | '(' | ')');
    let named = text.char_indices().filter(|(_, c)| matches!(c, '=' | ':')).find_map(|(at, _)| {
        let (before, after) = text.split_at_checked(at)?;
        let before = before.trim_end_matches([' ', '"', '\'']);
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let name = before.rsplit(|c| !part(c)).next().filter(|name| is_secret_name(name))?;
        let expanded =
            before.strip_suffix(name).is_some_and(|rest| rest.ends_with('$') || rest.ends_with("${"));
        let value = after.trim_start_matches(['=', ':', ' ', '"', '\'']);
        let literal = value.starts_with(|c: char| !c.is_whitespace() && !matches!(c, '$' | '<' | '{' | '['));
        (literal && !expanded).then(|| variable(name))
    });
    let key =
        text.contains("-----BEGIN ") || text.split(apart).any(|word| is_key(word) || meant(word).is_some());
    named.or_else(|| key.then(|| "TOKEN".to_owned()))
}

/// Whether a line of a source shows the value of a secret.
pub(super) fn shows_secret(line: &str) -> bool {
    secret_in(line).is_some()
}

/// A name as a variable has it.
fn variable(name: &str) -> String {
    name.trim_matches('-').replace('-', "_").to_ascii_uppercase()
}

/// Whether a value looks like a key of some service, or has a password in its address.
fn is_key(value: &str) -> bool {
    let value = value.trim();
    let password = value.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    });
    password || KEYS.iter().any(|key| value.starts_with(key) && value.len() > key.len())
}

impl Env {
    /// Takes the entry of an SDL's list: `NAME=value`.
    pub(super) fn entry(&mut self, item: &Item<'_>, report: &mut Report) {
        let Some(text) = item.text() else {
            // `- NAME: value` is no SDL either, but it is clear what was meant.
            self.mapping(item, report);
            return;
        };
        if swallows(&text) {
            let message = "this entry takes the lines below into its value: they stand further to the right";
            report.refuse(item, message, "give all entries of the list the same indentation");
            return;
        }
        match text.split_once('=') {
            // What ends with `=` may be a key that is glued to its name.
            Some((name, value)) if !(value.trim_matches('=').is_empty() && meant(name).is_some()) => {
                self.set(name.trim(), value, item, report);
            }
            _ => self.glued(&text, item, report),
        }
    }

    /// Takes a mapping: `NAME: value`, or one variable in the form of Kubernetes.
    pub(super) fn mapping(&mut self, item: &Item<'_>, report: &mut Report) {
        let entries = item.entries();
        let value = item.get("value").or_else(|| item.get("valueFrom"));
        let name = item.get("name").or_else(|| item.get("key")).and_then(|name| name.text());
        let (Some(name), Some(value)) = (name, value) else {
            entries.iter().for_each(|(name, value)| self.value(name, value, report));
            return;
        };
        for (key, other) in &entries {
            if !["name", "key", "value", "valueFrom"].contains(&key.as_str()) {
                let reason = format!("`{}` beside the name of a variable was left out", shown(key));
                report.note(other, reason, "");
            }
        }
        if item.get("value").is_some() {
            self.value(name.trim(), &value, report);
        } else if is_variable(name.trim())
            && (is_secret(name.trim(), "") || value.get("secretKeyRef").is_some())
        {
            self.set_secret(name.trim(), &value, report);
        } else {
            let reason = format!("`{}` was left out: its value is in Kubernetes", shown(&name));
            report.note(&value, reason, "write `NAME: value` under `env`");
        }
    }

    /// Takes a variable whose value stands in an item of its own.
    fn value(&mut self, name: &str, item: &Item<'_>, report: &mut Report) {
        match item.text() {
            Some(value) => self.set(name, &value, item, report),
            None if item.is_null() => self.set(name, "", item, report),
            // A list may be one of secrets: only the name tells.
            None if is_variable(name) && is_secret(name, "") => self.set_secret(name, item, report),
            None => {
                let reason = format!("the value of `{}` is no text, and was left out", shown(name));
                report.note(item, reason, "write it as one text");
            }
        }
    }

    fn set_secret(&mut self, name: &str, item: &Item<'_>, report: &mut Report) {
        report.note(item, format!("`{name}` is probably a secret, and was left out with its value"), "");
        self.hide(name, item, report);
    }

    /// Takes a name without `=`. What stands behind the name may be a key, so that the text is not shown.
    fn glued(&mut self, text: &str, item: &Item<'_>, report: &mut Report) {
        let Some(name) = meant(text) else {
            let instead = "write `NAME: value` under `env`";
            report.note(item, "the entry has no `=`, so it sets nothing", instead);
            return;
        };
        let reason =
            format!("the entry has no `=` after `{name}`, which is probably a secret, and was left out");
        report.note(item, reason, "");
        self.hide(name, item, report);
    }

    /// Keeps the name of a secret.
    fn hide(&mut self, name: &str, item: &Item<'_>, report: &mut Report) {
        report.secret(item, name);
        if !self.secret.iter().any(|known| known == name) {
            self.secret.push(name.to_owned());
        }
        self.plain.retain(|(known, _)| known != name);
    }

    /// Takes a variable, the last of a name.
    pub(super) fn set(&mut self, name: &str, value: &str, item: &Item<'_>, report: &mut Report) {
        if ADDRESSES.contains(&name) {
            report.note(item, format!("`{name}` was left out: nodes are told where the head is"), "");
        } else if name == TEMPLATE {
            report.note(item, format!("`{name}` was left out: only the template's own scripts read it"), "");
        } else if !is_variable(name) {
            report.note(item, format!("`{}` cannot be set on nodes", shown(name)), "");
        } else if is_secret(name, value) {
            self.set_secret(name, item, report);
        } else if value.len() > MAX_ENV_VALUE || value.contains('\0') {
            let instead = "fetch it in `setup_commands`";
            report.note(item, format!("the value of `{name}` is too large for a variable"), instead);
        } else if !self.secret.iter().any(|known| known == name) {
            self.last(name, value, item, report);
        }
    }

    fn last(&mut self, name: &str, value: &str, item: &Item<'_>, report: &mut Report) {
        let full = self.plain.len() >= MOST;
        match self.plain.iter_mut().find(|(known, _)| known == name) {
            Some((_, first)) if first == value => {}
            Some((_, first)) => {
                report.note(item, format!("`{name}` is there twice: the last value is taken"), "");
                value.clone_into(first);
            }
            None if full => {
                report.note(item, format!("more than {MOST} variables; the rest was left out"), "");
            }
            None => self.plain.push((name.to_owned(), value.to_owned())),
        }
    }

    /// These variables, and others over them.
    pub(super) fn over(&self, others: &Self) -> Self {
        let mut env = self.clone();
        env.plain.retain(|(name, _)| !others.plain.iter().any(|(other, _)| other == name));
        env.plain.extend(others.plain.iter().cloned());
        env.secret.extend(others.secret.iter().filter(|name| !self.secret.contains(*name)).cloned());
        env
    }

    /// Takes out what all have, as they have it.
    pub(super) fn common<'a>(mut all: impl Iterator<Item = &'a mut Self>) -> Self {
        let mut every: Vec<&mut Self> = Vec::new();
        let Some(first) = all.next() else { return Self::default() };
        every.extend(all);
        let plain = |one: &(String, String)| every.iter().all(|env| env.plain.contains(one));
        let secret = |one: &String| every.iter().all(|env| env.secret.contains(one));
        let shared = Self {
            plain: first.plain.iter().filter(|one| plain(one)).cloned().collect(),
            secret: first.secret.iter().filter(|one| secret(one)).cloned().collect(),
        };
        for env in every.into_iter().chain([first]) {
            env.plain.retain(|one| !shared.plain.contains(one));
            env.secret.retain(|one| !shared.secret.contains(one));
        }
        shared
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.secret.is_empty()
    }
}

/// Whether an entry goes on with other entries, as YAML reads a list whose lines are not indented alike.
fn swallows(text: &str) -> bool {
    text.split(" - ").skip(1).any(|next| {
        let name = next.split_once('=').map(|(name, _)| name).unwrap_or_default();
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        meant(next).is_some() || (!name.is_empty() && name.chars().all(plain))
    })
}

/// The variable that a text begins with, when more is glued to it.
fn meant(text: &str) -> Option<&'static str> {
    let known = ["WANDB_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN"];
    known.into_iter().find(|name| {
        text.strip_prefix(name).is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['_', '=', ':']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_name_and_by_value() {
        let secret = [
            ("AWS_ACCESS_KEY_ID", ""),
            ("AWS_DEFAULT_REGION", "auto"),
            ("R2_BUCKET_URL", "https://x"),
            ("S3_ENDPOINT_URL", ""),
            ("B2_APPLICATION_KEY", ""),
            ("MINIO_ACCESS_KEY", ""),
            ("WANDB_PROJECT", "x"),
            ("HF_TOKEN", ""),
            ("OPENAI_API_KEY", ""),
            ("openai_apikey", ""),
            ("DB_PASSWORD", ""),
            ("MYSECRET", ""),
            ("GOOGLE_APPLICATION_CREDENTIALS", ""),
            ("DATABASE_URL", "postgres://me:hunter2@db/x"),
            ("WHATEVER", "hf_abcdefgh"),
            ("CERT", "-----BEGIN PRIVATE KEY-----"),
            ("OPTIONS", "--redis-password=abc"),
            ("RUNTIME_ENV", "{\"env_vars\": {\"AWS_SECRET_ACCESS_KEY\": \"abc\"}}"),
            ("HEADERS", "Authorization: Bearer abc"),
        ];
        for (name, value) in secret {
            assert!(is_secret(name, value), "{name}={value}");
        }
        let plain = [
            ("OPENBLAS_NUM_THREADS", "1"),
            ("TOKENIZERS_PARALLELISM", "false"),
            ("NCCL_DEBUG", "INFO"),
            ("MONKEY", "banana"),
            ("URL", "https://example.com/a@b:c"),
            ("URL", "https://me@example.com"),
            ("A", "sk-"),
            ("A", "x=$HF_TOKEN"),
            ("A", "token=$HF_TOKEN"),
            ("A", "${HF_TOKEN:-none}"),
        ];
        for (name, value) in plain {
            assert!(!is_secret(name, value), "{name}={value}");
        }
    }
}
