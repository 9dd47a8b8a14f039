//! A service of the SDL.

use super::super::env::Env;
use super::super::image::is_public_ray;
use super::super::note::Report;
use super::super::size::count;
use super::super::source::{Item, shown};
use super::super::start::{self, Start};
use super::role::Roles;
use crate::shell::script;

/// More services than any honest file has.
const MOST: usize = 200;

/// A service, and what tells which part it plays.
pub(super) struct Service<'a> {
    pub(super) name: String,
    pub(super) item: Item<'a>,
    pub(super) image: String,
    pub(super) start: Option<Start>,
}

impl<'a> Service<'a> {
    /// All services, in the order of the text; none when there are too many.
    pub(super) fn all(root: &Item<'a>, report: &mut Report) -> Option<Vec<Self>> {
        let given = root.key("services").entries();
        if given.len() > MOST {
            let message = format!("{} services are more than a deployment can have", given.len());
            report.refuse(&root.key("services"), message, &format!("{MOST} are the limit here"));
            return None;
        }
        let read = |(name, item): (String, Item<'a>)| {
            let image = item.get("image").and_then(|image| image.text()).unwrap_or_default();
            // `cmd` is no key of SDL, but it tells what was meant.
            let real = words(&item, &["command", "args"]);
            let meant = words(&item, &["cmd"]);
            let start = start::find(&script(&real)).or_else(|| start::find(&script(&meant)));
            Self { name, item, image, start }
        };
        Some(given.into_iter().map(read).collect())
    }

    /// Where its command stands, or else the service itself.
    pub(super) fn command(&self) -> Item<'a> {
        let found = ["command", "args", "cmd"].iter().find_map(|key| self.item.get(key));
        found.unwrap_or_else(|| self.item.clone())
    }

    /// Its variables.
    pub(super) fn env(&self, report: &mut Report) -> Env {
        let mut env = Env::default();
        let given = self.item.key("env");
        given.items().iter().for_each(|item| env.entry(item, report));
        // The script runs in the container, so that what it sets is over the container's.
        for (name, value) in self.start.iter().flat_map(|start| &start.exports) {
            env.set(name, value, &self.command(), report);
        }
        env
    }

    /// Whether its image can only be fetched with an account.
    pub(super) fn is_private(&self) -> bool {
        self.item.get("credentials").is_some_and(|given| !given.is_empty()) && !is_public_ray(&self.image)
    }

    /// The hosts of which its variables say that Ray's head is there.
    pub(super) fn addresses(&self) -> Vec<String> {
        let items = self.item.key("env").items();
        let texts = items.iter().filter_map(Item::text);
        let hosts = texts.filter_map(|text| {
            let (name, value) = text.split_once('=')?;
            let host = value.split(':').next().unwrap_or(value);
            name.starts_with("RAY_ADDRESS").then(|| host.to_owned())
        });
        hosts.collect()
    }

    /// The ports that it exposes.
    pub(super) fn ports(&self) -> Vec<u32> {
        let items = self.item.key("expose").items();
        items.iter().filter_map(|item| item.get("port")?.text()).filter_map(|text| count(&text)).collect()
    }
}

fn words(item: &Item<'_>, keys: &[&str]) -> Vec<String> {
    keys.iter().flat_map(|key| item.key(key).items()).filter_map(|item| item.text()).collect()
}

/// Ray's own ports: of the head, of nodes and of their agents.
fn is_rays(port: u32) -> bool {
    matches!(port, 6379 | 6380 | 8265 | 10001)
        || (8076..=8079).contains(&port)
        || (10002..=19999).contains(&port)
}

/// Says what of the services and of the document has no place in a cluster file.
pub(super) fn note_rest<'a>(
    root: &Item<'a>,
    services: &[Service<'a>],
    roles: &Roles<'_, 'a>,
    report: &mut Report,
) {
    for service in roles.all() {
        for port in service.item.key("expose").items() {
            note_port(&port, services, report);
        }
        note_keys(service, report);
    }
    let known = ["version", "services", "profiles", "deployment"];
    for (key, item) in
        root.entries().iter().filter(|(key, item)| !known.contains(&key.as_str()) && !item.is_empty())
    {
        let reason = match key.as_str() {
            "endpoints" => "leased IP addresses were left out: nothing of a cluster is public",
            "reclamation" => {
                "`reclamation` was left out: the program moves away when a provider gives notice"
            }
            _ => "this key has no meaning here",
        };
        report.note(item, reason, "");
    }
}

fn note_port(item: &Item<'_>, services: &[Service<'_>], report: &mut Report) {
    let port = item.get("port").and_then(|port| count(&port.text()?)).unwrap_or_default();
    for to in item.key("to").items() {
        if to
            .get("global")
            .and_then(|global| global.text())
            .is_some_and(|text| text == "true" || text == "yes")
        {
            let (reason, instead) = if is_rays(port) {
                let reach =
                    if matches!(port, 8265 | 10001) { "reach it with `rayakash forward`" } else { "" };
                (format!("port {port} was left out: nothing of Ray is public"), reach)
            } else {
                (
                    format!("port {port} was left out: nodes have no public ports"),
                    "run what serves there as a service of its own",
                )
            };
            report.note(item, reason, instead);
        }
        let peers = to.get("service").and_then(|peer| peer.text()).unwrap_or_default();
        for peer in peers.split(',').map(str::trim).filter(|peer| !peer.is_empty()) {
            if !services.iter().any(|service| service.name == peer) {
                let reason = format!("there is no service `{}`, so no node of it", shown(peer));
                report.note(&to, reason, "add to `min_workers` if there should be one");
            }
        }
    }
    for key in ["accept", "http_options"] {
        if let Some(given) = item.get(key).filter(|given| !given.is_empty()) {
            report.note(&given, format!("`{key}` was left out: nodes have no public ports"), "");
        }
    }
}

fn note_keys(service: &Service<'_>, report: &mut Report) {
    let taken = ["image", "command", "args", "env", "expose"];
    for (key, item) in
        service.item.entries().iter().filter(|(key, item)| !taken.contains(&key.as_str()) && !item.is_empty())
    {
        match key.as_str() {
            "params" => note_params(item, report),
            "credentials" => {
                let why = if service.is_private() {
                    "this release has none for registries"
                } else {
                    "Ray's own image needs none"
                };
                report.note(item, format!("the account of a private registry was left out: {why}"), "");
            }
            "cmd" => report.note(
                item,
                "`cmd` is no key of SDL, so Akash never ran it",
                "the program starts Ray itself",
            ),
            "dependencies" | "depends_on" | "depends-on" => {
                report.note(item, format!("`{key}` was left out: workers wait for the head"), "");
            }
            _ => report.note(item, format!("`{}` is no key of SDL, and was left out", shown(key)), ""),
        }
    }
    let command = service.command();
    if service.start.is_none() && command.shown() != service.item.shown() && service.item.get("cmd").is_none()
    {
        let instead = "what it installs belongs in `setup_commands`";
        report.note(&command, "the command was left out: the program starts Ray itself", instead);
    }
}

fn note_params(params: &Item<'_>, report: &mut Report) {
    for (key, item) in params.entries().iter().filter(|(key, _)| key != "storage") {
        report.note(item, format!("`params.{}` was left out: nodes have none", shown(key)), "");
    }
}
