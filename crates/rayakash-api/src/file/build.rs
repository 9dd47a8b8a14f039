//! From the form of the file to the wish: defaults are filled in, and what the schema cannot say is checked.

mod env;
mod labels;
mod market;
mod node;
mod ray;

pub(crate) use env::is_variable;
pub(crate) use labels::is_label;

use super::problems::{Path, Problems, Refusal, nearest};
use super::quantity;
use super::shape;
use rayakash_core::spec;
use std::collections::BTreeMap;

/// The version of the form.
const API_VERSION: &str = "rayakash/v1";
/// Node types in a file: the chain's 20 resource units of a group, less one for the head.
const MOST_TYPES: usize = 19;

/// The wish, unless something is missing or wrong; then `problems` says what.
pub(super) fn cluster(file: &shape::File, problems: &mut Problems) -> Option<spec::Cluster> {
    let root = Path::root();
    if let Some(version) = file.api_version.as_deref().filter(|version| *version != API_VERSION) {
        let help = format!("this program knows `{API_VERSION}`");
        problems.at(
            &root.key("apiVersion"),
            format!("`{version}` is not a version of this form"),
            Some(help),
        );
    }
    let name = file.cluster_name.as_ref().and_then(|text| named(text, &root.key("cluster_name"), problems));
    let head = head_name(file, problems);
    let types = node_types(file, head.as_ref(), problems);
    let max_workers = max_workers(file, &types, problems);
    not_carried_out(file, problems);
    Some(spec::Cluster {
        ray: ray::read(file.ray.as_ref(), problems),
        env: env::read(file.env.as_ref(), &root.key("env"), problems),
        setup: setup(file, problems),
        market: market::read(file.market.as_ref(), problems),
        budget: market::budget(file.budget.as_ref(), problems),
        escrow: escrow(file.escrow.as_ref(), problems),
        lifetime: lifetime(file.lifetime.as_ref(), problems),
        recovery: recovery(file.recovery.as_ref(), problems),
        public_dashboard: file.network.as_ref().and_then(|network| network.public_dashboard).unwrap_or(false),
        name: name?,
        head: head?,
        types,
        max_workers,
    })
}

/// Keys that this release reads and does not carry out. Saying so is better than leaving them out in silence.
fn not_carried_out(file: &shape::File, problems: &mut Problems) {
    let restore =
        file.recovery.as_ref().is_some_and(|given| matches!(given.head, Some(shape::HeadState::Restore)));
    let public = file.network.as_ref().and_then(|network| network.public_dashboard).unwrap_or(false);
    let table = [(restore, "recovery", "head", "restore"), (public, "network", "public_dashboard", "true")];
    for (_, section, key, value) in table.into_iter().filter(|(given, ..)| *given) {
        let message = format!("this release does not carry out `{section}.{key}: {value}`");
        problems.at(&Path::root().key(section).key(key), message, Some("remove it".to_owned()));
    }
}

/// A text as a name.
fn named<T: std::str::FromStr<Err = spec::BadName>>(
    text: &str,
    path: &Path,
    problems: &mut Problems,
) -> Option<T> {
    let read = text.parse().map_err(|bad: spec::BadName| {
        let help = "lower-case letters, digits and `-`, starting with a letter, 40 characters at most";
        Refusal::new(format!("`{}` cannot be a name: {}", bad.text, bad.problem)).help(help)
    });
    problems.take(path, read)
}

/// The head's type, which must be one of the node types.
fn head_name(file: &shape::File, problems: &mut Problems) -> Option<spec::TypeName> {
    let text = file.head_node_type.as_deref()?;
    let path = Path::root().key("head_node_type");
    let types = Path::root().key("available_node_types");
    let known = file.available_node_types.as_ref()?;
    // A type that was found wrong as a whole is there all the same.
    if !known.contains_key(text) && !problems.within(&types.key(text)) {
        let help = match nearest(text, known.keys().map(String::as_str)) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("add `{text}` to `available_node_types`, or name one that is there"),
        };
        problems.at(&path, format!("there is no node type `{text}` for the head"), Some(help));
        return None;
    }
    named(text, &path, problems)
}

fn node_types(
    file: &shape::File,
    head: Option<&spec::TypeName>,
    problems: &mut Problems,
) -> BTreeMap<spec::TypeName, spec::NodeType> {
    let all = Path::root().key("available_node_types");
    let mut types = BTreeMap::new();
    let given = file.available_node_types.iter().flatten();
    for (index, (text, node)) in given.enumerate() {
        let path = all.key(text);
        if index == MOST_TYPES {
            problems.at_key(&path, format!("there are more than {MOST_TYPES} node types"), None);
            break;
        }
        let read = text.parse::<spec::TypeName>().map_err(|bad| bad.problem);
        if let Err(problem) = read {
            problems.at_key(&path, format!("`{text}` cannot be a node type's name: {problem}"), None);
        }
        let is_head = head.is_some_and(|head| head.as_str() == text);
        if let (Ok(name), Some(node)) = (read, node::read(node, is_head, &path, problems)) {
            types.insert(name, node);
        }
    }
    types
}

fn max_workers(
    file: &shape::File,
    types: &BTreeMap<spec::TypeName, spec::NodeType>,
    problems: &mut Problems,
) -> u32 {
    let least = types.values().map(|node| node.min_workers).fold(0, u32::saturating_add);
    let most = file.max_workers.unwrap_or(least);
    if most < least {
        let message = format!("`max_workers` is {most}, but the node types' `min_workers` add up to {least}");
        problems.at(&Path::root().key("max_workers"), message, None);
    }
    most
}

fn setup(file: &shape::File, problems: &mut Problems) -> spec::Setup {
    let mut commands = |list: Option<&Vec<String>>, key: &str| {
        let list = list.cloned().unwrap_or_default();
        for (index, command) in list.iter().enumerate() {
            if command.trim().is_empty() || command.contains('\0') {
                problems.at(&Path::root().key(key).item(index), "this is no command", None);
            }
        }
        list
    };
    spec::Setup {
        all: commands(file.setup_commands.as_ref(), "setup_commands"),
        head: commands(file.head_setup_commands.as_ref(), "head_setup_commands"),
        worker: commands(file.worker_setup_commands.as_ref(), "worker_setup_commands"),
    }
}

/// Whole seconds, at least one; the default when the key is absent.
fn seconds(text: Option<&String>, path: &Path, problems: &mut Problems) -> Option<u64> {
    let read = quantity::millis(text?).and_then(|millis| match millis / 1000 {
        0 => Err(Refusal::new("at least one second")),
        seconds => Ok(seconds),
    });
    problems.take(path, read)
}

fn escrow(given: Option<&shape::Escrow>, problems: &mut Problems) -> spec::Escrow {
    let path = Path::root().key("escrow");
    let default = spec::Escrow::default();
    let Some(given) = given else { return default };
    let runway = seconds(given.runway.as_ref(), &path.key("runway"), problems).unwrap_or(default.runway);
    let target = seconds(given.target.as_ref(), &path.key("target"), problems);
    if target.is_some_and(|target| target < runway) {
        let help = format!("at least the runway, {runway} s");
        problems.at(
            &path.key("target"),
            "the escrow cannot be filled up to less than the runway",
            Some(help),
        );
    }
    spec::Escrow { runway, target: target.unwrap_or_else(|| default.target.max(runway.saturating_mul(2))) }
}

fn lifetime(given: Option<&shape::Lifetime>, problems: &mut Problems) -> spec::Lifetime {
    let path = Path::root().key("lifetime");
    spec::Lifetime {
        max: seconds(given.and_then(|given| given.max.as_ref()), &path.key("max"), problems),
        idle_down: seconds(
            given.and_then(|given| given.idle_down.as_ref()),
            &path.key("idle_down"),
            problems,
        ),
    }
}

fn recovery(given: Option<&shape::Recovery>, problems: &mut Problems) -> spec::Recovery {
    let default = spec::Recovery::default();
    let Some(given) = given else { return default };
    let grace = seconds(given.grace.as_ref(), &Path::root().key("recovery").key("grace"), problems);
    spec::Recovery {
        replace: given.replace.unwrap_or(default.replace),
        max_per_hour: given.max_per_hour.unwrap_or(default.max_per_hour),
        grace: grace.unwrap_or(default.grace),
        head: match given.head {
            Some(shape::HeadState::Restore) => spec::HeadState::Restore,
            Some(shape::HeadState::Memory) | None => spec::HeadState::Memory,
        },
    }
}
