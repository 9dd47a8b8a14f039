//! An Akash SDL of the Ray template's shape: a service for the head, and services for workers.

mod gpu;
mod placement;
mod profile;
mod role;
mod service;

use super::draft::{Draft, MOST_NODES, Node, merge};
use super::env::Env;
use super::note::Report;
use super::size::count;
use super::source::{Item, shown};
use super::start::{self, Role};
use super::{image, name};
use placement::Placements;
use rayakash_core::spec;
use service::Service;

/// What the cluster is called: an SDL has no name for it.
const NAME: &str = "ray";

/// The cluster; none when something was refused.
pub(super) fn read(root: &Item<'_>, report: &mut Report) -> Option<Draft> {
    let services = Service::all(root, report)?;
    let roles = role::of(root, &services, report)?;
    let mut placements = Placements::of(root);
    let head = head(root, roles.head, &mut placements, report);
    let mut workers = Vec::new();
    for worker in &roles.workers {
        workers.extend(self::workers(root, worker, &mut placements, report));
    }
    let mut draft = Draft {
        name: NAME.to_owned(),
        named: false,
        head: head?,
        workers: merge(workers),
        max_workers: None,
        idle_timeout_minutes: None,
        upscaling_speed: None,
        ray: ray(&roles, report),
        env: Env::default(),
        setup: setup(&roles, &services, report),
        market: placements.market(report),
    };
    service::note_rest(root, &services, &roles, report);
    draft.check(&root.key("services"), report);
    draft.name_types();
    draft.gather_env();
    Some(draft)
}

fn ray(roles: &role::Roles<'_, '_>, report: &mut Report) -> image::Ray {
    let images: Vec<Item<'_>> = roles.all().filter_map(|service| service.item.get("image")).collect();
    let ray = image::choose(&images, report);
    let private = roles.all().any(Service::is_private);
    match (ray.image, images.first()) {
        (Some(text), Some(item)) if private => {
            let reason = format!(
                "the image `{}` was left out: it is private, and this release has no accounts of registries",
                shown(&text)
            );
            report.note(item, reason, "install what it adds in `setup_commands`, or make it public");
            image::Ray { image: None, ..ray }
        }
        (image, _) => image::Ray { image, ..ray },
    }
}

/// The head: one node, whatever its count.
fn head<'a>(
    root: &Item<'a>,
    service: &Service<'a>,
    placements: &mut Placements<'a>,
    report: &mut Report,
) -> Option<Node> {
    let mut all = replicas(root, service, Role::Head, report);
    let many: u32 = all.iter().map(|replicas| replicas.count).fold(0, u32::saturating_add);
    if many > 1 {
        let reason = format!("{many} heads were made one: a cluster has one");
        report.note(&service.item, reason, "write a file for each cluster");
    }
    if all.is_empty() {
        if !report.has_refused() {
            let message = format!("no node of `{}` is deployed, and it is the head", shown(&service.name));
            report.refuse(&service.item, message, "write `count: 1` in `deployment`");
        }
        return None;
    }
    // The one that is taken is also the only one that is paid for.
    let only = Replicas { count: 1, ..all.swap_remove(0) };
    let env = service.env(report);
    let head = profile::read(root, service, &only, (Role::Head, &env), report)?;
    placements.add(service, &only, report);
    Some(Node { name: "head".to_owned(), min_workers: 0, ..head })
}

/// The workers of a service, one type for each profile that it is deployed with.
fn workers<'a>(
    root: &Item<'a>,
    service: &Service<'a>,
    placements: &mut Placements<'a>,
    report: &mut Report,
) -> Vec<Node> {
    let env = service.env(report);
    let mut nodes = Vec::new();
    for replicas in replicas(root, service, Role::Worker, report) {
        let Some(node) = profile::read(root, service, &replicas, (Role::Worker, &env), report) else {
            continue;
        };
        placements.add(service, &replicas, report);
        nodes.push(node);
    }
    nodes
}

/// Where and how often a service is deployed.
pub(super) struct Replicas<'a> {
    /// The entry in `deployment`, or the service when there is none.
    item: Item<'a>,
    placement: Option<String>,
    profile: String,
    count: u32,
}

fn replicas<'a>(
    root: &Item<'a>,
    service: &Service<'a>,
    role: Role,
    report: &mut Report,
) -> Vec<Replicas<'a>> {
    let name = &service.name;
    let once = || Replicas { item: service.item.clone(), placement: None, profile: name.clone(), count: 1 };
    let Some(deployment) = root.get("deployment") else {
        report.note(
            &root.key("services"),
            "there is no `deployment`: one node of each service",
            "correct `min_workers`",
        );
        return vec![once()];
    };
    let Some(entry) = deployment.get(name) else {
        if role == Role::Head {
            report.note(&service.item, "the head is not in `deployment`: one is taken all the same", "");
            return vec![once()];
        }
        report.note(
            &service.item,
            format!("`{}` is not in `deployment`, so Akash runs none", shown(name)),
            "",
        );
        return Vec::new();
    };
    let mut all = Vec::new();
    for (placement, item) in entry.entries() {
        let profile = item.get("profile").and_then(|item| item.text()).unwrap_or_else(|| name.clone());
        let Some(count) = number(&item, report) else { continue };
        if count == 0 {
            report.note(&item, "`count` is 0: no node of it", "");
        } else {
            all.push(Replicas { item, placement: Some(placement), profile, count });
        }
    }
    all
}

/// How many; one when the file does not say.
fn number(item: &Item<'_>, report: &mut Report) -> Option<u32> {
    let Some(given) = item.get("count") else {
        report.note(item, "there is no `count`: one is taken", "");
        return Some(1);
    };
    let text = given.text().unwrap_or_default();
    match count(&text) {
        Some(number) if number <= MOST_NODES => Some(number),
        Some(number) => {
            let help = "split the service into several";
            report.refuse(
                &given,
                format!("{number} nodes are too many: {MOST_NODES} are the limit of Akash"),
                help,
            );
            None
        }
        None => {
            report.refuse(
                &given,
                format!("`{}` is no number of nodes", shown(&text)),
                "a whole number from 0",
            );
            None
        }
    }
}

/// What the containers do before they start Ray.
fn setup<'a>(roles: &role::Roles<'_, 'a>, services: &[Service<'a>], report: &mut Report) -> spec::Setup {
    let names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
    let mut read = |service: &Service<'a>| {
        let command = service.command();
        let given = service.start.as_ref()?;
        start::note_rest(given, &command, report);
        start::setup(given, &names, &command, report)
    };
    let head = read(roles.head);
    let workers: Vec<_> = roles.workers.iter().map(|service| read(service)).collect();
    let worker = workers.first().cloned().flatten();
    for (service, _) in roles.workers.iter().zip(&workers).filter(|(_, command)| **command != worker) {
        let reason =
            "what it does before `ray start` was left out: all workers have the same `worker_setup_commands`";
        report.note(&service.command(), reason, "");
    }
    match (head, worker) {
        (Some(head), Some(worker)) if head == worker => spec::Setup { all: vec![head], ..Default::default() },
        (head, worker) => spec::Setup {
            head: head.into_iter().collect(),
            worker: worker.into_iter().collect(),
            ..Default::default()
        },
    }
}

/// The name of a node type for a service.
fn type_name(service: &str) -> String {
    name::node_type(service)
}
