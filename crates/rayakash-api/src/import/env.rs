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
const WORDS: [&str; 17] = [
    "APIKEY",
    "AUTH",
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
const KEYS: [&str; 14] = [
    "-----BEGIN",
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
    let upper = name.to_ascii_uppercase();
    SERVICES.iter().any(|service| upper.starts_with(service))
        || upper.split('_').any(|word| WORDS.contains(&word))
        || ["APIKEY", "PASSWORD", "SECRET"].iter().any(|word| upper.contains(word))
        || is_key(value)
}

/// Whether a value looks like a key of some service, or has a password in its address.
pub(super) fn is_key(value: &str) -> bool {
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
            for (name, value) in item.entries() {
                self.set(&name, &value.text().unwrap_or_default(), item, report);
            }
            return;
        };
        match text.split_once('=') {
            // What ends with `=` may be a key that is glued to its name.
            Some((name, value)) if !(value.trim_matches('=').is_empty() && meant(name).is_some()) => {
                self.set(name.trim(), value, item, report);
            }
            _ => glued(&text, item, report),
        }
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
            report.secret(item, name);
            report.note(item, format!("`{name}` is probably a secret, and was left out with its value"), "");
            if !self.secret.iter().any(|known| known == name) {
                self.secret.push(name.to_owned());
            }
            self.plain.retain(|(known, _)| known != name);
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

/// The variable that a text begins with, when more is glued to it.
fn meant(text: &str) -> Option<&'static str> {
    let known = ["WANDB_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN"];
    known.into_iter().find(|name| text.starts_with(name) && text.len() > name.len())
}

/// A name without `=`. What stands behind the name may be a key, so that the text is not shown.
fn glued(text: &str, item: &Item<'_>, report: &mut Report) {
    match meant(text) {
        Some(name) => {
            report.secret(item, name);
            let reason =
                format!("the entry has no `=` after `{name}`, which is probably a secret, and was left out");
            report.note(item, reason, "");
        }
        None => {
            let instead = "write `NAME: value` under `env`";
            report.note(item, "the entry has no `=`, so it sets nothing", instead);
        }
    }
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
        ];
        for (name, value) in plain {
            assert!(!is_secret(name, value), "{name}={value}");
        }
    }
}
