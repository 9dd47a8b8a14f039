//! The YAML of Ray's cluster launcher, `ray up`.

mod docker;
mod node;

use super::draft::{Draft, Market, Node};
use super::env::Env;
use super::note::Report;
use super::size::{count, scaled};
use super::source::{Item, shown};
use super::start::{self, Role};
use super::{image, name};
use rayakash_core::spec;

/// The cluster; none when something was refused.
pub(super) fn read(root: &Item<'_>, report: &mut Report) -> Option<Draft> {
    let (name, named) = cluster_name(root, report);
    let (head, workers) = match root.get("available_node_types") {
        Some(types) => typed(root, &types, report)?,
        None => untyped(root, report),
    };
    let least: u32 = workers.iter().chain([&head]).map(|node| node.min_workers).fold(0, u32::saturating_add);
    let mut draft = Draft {
        name,
        named,
        head,
        workers,
        max_workers: max_workers(root, least, report),
        idle_timeout_minutes: idle(root, report),
        upscaling_speed: speed(root, report),
        ray: image::choose(&docker::images(root), report),
        env: Env::default(),
        setup: setup(root, report),
        market: Market::default(),
    };
    let [all, head, workers] = docker::OPTIONS.map(|list| docker::env(root, list, report));
    draft.head.env = all.over(&head);
    draft.workers.iter_mut().for_each(|node| node.env = all.over(&workers));
    note_rest(root, report);
    draft.check(&root.key("available_node_types"), report);
    draft.name_types();
    draft.gather_env();
    Some(draft)
}

fn cluster_name(root: &Item<'_>, report: &mut Report) -> (String, bool) {
    let Some(item) = root.get("cluster_name") else { return ("ray".to_owned(), false) };
    let text = item.text().unwrap_or_default();
    if text.parse::<spec::Name>().is_ok() {
        return (text, true);
    }
    let nearest = name::nearest(&text).unwrap_or_else(|| "ray".to_owned());
    let reason = format!("`{}` was made `{nearest}`: lower-case letters, digits and `-`", shown(&text));
    report.note(&item, reason, "");
    (nearest, true)
}

/// The head and the workers of the node types.
fn typed(root: &Item<'_>, types: &Item<'_>, report: &mut Report) -> Option<(Node, Vec<Node>)> {
    let all = types.entries();
    let wanted = root.key("head_node_type").text();
    let is_head = |name: &str| wanted.as_ref().is_some_and(|wanted| wanted == name);
    if !all.iter().any(|(name, _)| is_head(name)) {
        let names: Vec<_> = all.iter().take(8).map(|(name, _)| format!("`{}`", shown(name))).collect();
        let item = root.get("head_node_type").unwrap_or_else(|| types.clone());
        let message = match &wanted {
            Some(wanted) => format!("there is no node type `{}` for the head", shown(wanted)),
            None => "`head_node_type` is missing".to_owned(),
        };
        report.refuse(&item, message, &format!("name one of {}", names.join(", ")));
        return None;
    }
    let mut head = None;
    let mut workers = Vec::new();
    for (name, item) in all {
        let role = if is_head(&name) { Role::Head } else { Role::Worker };
        let node = node::read(&name, &item, role, report);
        match role {
            Role::Head => head = node,
            Role::Worker => workers.extend(node),
        }
    }
    Some((head?, workers))
}

/// One head, and workers that are all the same: the form before there were node types, and of machines of one's own.
fn untyped(root: &Item<'_>, report: &mut Report) -> (Node, Vec<Node>) {
    let ips = root.key("provider").key("worker_ips").items().len();
    let wanted = root.get("min_workers").or_else(|| root.get("initial_workers"));
    let number = wanted.as_ref().and_then(|item| count(&item.text()?));
    let workers = number.unwrap_or_else(|| u32::try_from(ips).unwrap_or(u32::MAX));
    let item = wanted.or_else(|| root.get("provider")).unwrap_or_else(|| root.clone());
    let reason = "there is no `available_node_types`: every node is given 2 CPU and 4Gi";
    report.note(&item, reason, "correct `resources` and `min_workers`");
    if workers > super::draft::MOST_NODES {
        report.refuse(
            &item,
            format!("{workers} workers are too many"),
            "50 nodes of a type are the limit of Akash",
        );
    }
    for key in ["head_node", "worker_nodes"] {
        if let Some(given) = root.get(key).filter(|given| !given.is_empty()) {
            node::note_machine(&given, report);
        }
    }
    let node = |name: &str, min_workers| Node { name: name.to_owned(), min_workers, ..node::unknown() };
    let workers = if workers == 0 { Vec::new() } else { vec![node("worker", workers)] };
    (node("head", 0), workers)
}

fn max_workers(root: &Item<'_>, least: u32, report: &mut Report) -> Option<u32> {
    let item = root.get("max_workers")?;
    let text = item.text().unwrap_or_default();
    match count(&text) {
        Some(most) if most == least => None,
        Some(most) if most > least => Some(most),
        Some(most) => {
            let reason =
                format!("`max_workers` is {most}, less than the {least} of `min_workers`, and was left out");
            report.note(&item, reason, "");
            None
        }
        None => {
            report.refuse(&item, format!("`{}` is no number of workers", shown(&text)), "a whole number");
            None
        }
    }
}

fn idle(root: &Item<'_>, report: &mut Report) -> Option<u32> {
    let item = root.get("idle_timeout_minutes")?;
    let text = item.text().unwrap_or_default();
    let minutes = scaled(&text, 1).and_then(|minutes| u32::try_from(minutes).ok());
    if minutes.is_none() {
        report.note(&item, format!("`{}` is no number of minutes, and was left out", shown(&text)), "");
    }
    minutes
}

fn speed(root: &Item<'_>, report: &mut Report) -> Option<String> {
    let item = root.get("upscaling_speed")?;
    let text = item.text().unwrap_or_default();
    if scaled(&text, 1).is_none() {
        report.note(&item, format!("`{}` is no speed, and was left out", shown(&text)), "");
        return None;
    }
    Some(text)
}

fn setup(root: &Item<'_>, report: &mut Report) -> spec::Setup {
    let mut read = |key: &str| {
        let mut commands = Vec::new();
        for item in root.key(key).items() {
            match item.text() {
                Some(text) => commands.extend(start::command(&text, &item, report)),
                None => report.note(&item, "this is no command, and was left out", ""),
            }
        }
        commands
    };
    let all = read("setup_commands");
    spec::Setup { all, head: read("head_setup_commands"), worker: read("worker_setup_commands") }
}

/// Keys that are carried over, or looked at elsewhere.
const TAKEN: [&str; 15] = [
    "available_node_types",
    "cluster_name",
    "docker",
    "head_node",
    "head_node_type",
    "head_setup_commands",
    "idle_timeout_minutes",
    "initial_workers",
    "max_workers",
    "min_workers",
    "provider",
    "setup_commands",
    "upscaling_speed",
    "worker_nodes",
    "worker_setup_commands",
];

/// Keys that have no place in a cluster file, why, and what to do instead.
const LEFT_OUT: [(&str, &str, &str); 9] = [
    (
        "auth",
        "there is no SSH: nodes are reached through the daemon",
        "use `rayakash submit`, `logs` and `forward`",
    ),
    (
        "file_mounts",
        "files of this machine are not copied to nodes",
        "fetch them in `setup_commands`, or give jobs a working directory",
    ),
    ("cluster_synced_files", "files of the head are not copied to workers", "fetch them in `setup_commands`"),
    ("file_mounts_sync_continuously", "files of this machine are not copied to nodes", ""),
    ("rsync_exclude", "files of this machine are not copied to nodes", ""),
    ("rsync_filter", "files of this machine are not copied to nodes", ""),
    (
        "initialization_commands",
        "these run on the machine around the container, which is the provider's",
        "what the container needs belongs in `setup_commands`",
    ),
    ("head_start_ray_commands", "the program starts Ray itself", ""),
    ("worker_start_ray_commands", "the program starts Ray itself", ""),
];

fn note_rest(root: &Item<'_>, report: &mut Report) {
    for (key, item) in root.entries() {
        let is_off = item.text().is_some_and(|text| text == "false");
        let old = ["head_node", "initial_workers", "min_workers", "worker_nodes"].contains(&key.as_str());
        if old && !item.is_empty() && root.get("available_node_types").is_some() {
            report.note(&item, format!("`{key}` was left out: the node types say it"), "");
        }
        if item.is_empty() || is_off || TAKEN.contains(&key.as_str()) {
            continue;
        }
        match LEFT_OUT.iter().find(|(known, ..)| *known == key) {
            Some((_, reason, instead)) => report.note(&item, *reason, *instead),
            None => {
                report.note(&item, format!("`{}` has no meaning here, and was left out", shown(&key)), "");
            }
        }
        if key.ends_with("_start_ray_commands") {
            note_start(&item, report);
        }
    }
    if let Some(provider) = root.get("provider") {
        let kind =
            provider.key("type").text().map(|kind| format!(" of `{}`", shown(&kind))).unwrap_or_default();
        let reason = format!("the machines{kind} were left out: nodes are bought on Akash");
        report.note(&provider, reason, "`market` chooses providers");
    }
    docker::note_rest(root, report);
}

/// Flags of `ray start` by which more than the plumbing is set.
fn note_start(list: &Item<'_>, report: &mut Report) {
    for item in list.items() {
        if let Some(start) = item.text().and_then(|text| start::find(&text)) {
            start::note_rest(&start, &item, report);
        }
    }
}
