//! Environment variables, and which of them are probably secrets.

use super::note::Report;
use super::source::{Item, shown};
use crate::file::is_variable;
use crate::secret_looking::{is_secret, meant};
use rayakash_core::spec::MAX_ENV_VALUE;

/// Variables of nodes. A name is there once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Env {
    /// In the order of the source.
    pub(super) plain: Vec<(String, String)>,
    /// Names of those that are probably secrets.
    pub(super) secret: Vec<String>,
}

/// Enough variables for any honest file.
const MOST: usize = 500;
/// Variables of the template's own scripts, and of Ray, that say where the head is.
const ADDRESSES: [&str; 4] = ["RAY_ADDRESS", "RAY_ADDRESS_HOST", "RAY_HEAD_IP", "RAY_HEAD_SERVICE_HOST"];
/// A switch of the template's own scripts.
const TEMPLATE: &str = "RAY_MULTIPLE_DEPLOYMENT";

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
