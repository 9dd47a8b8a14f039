//! Which service is Ray's head, and which are its workers.

use super::super::image::speaks_of_ray;
use super::super::note::Report;
use super::super::source::{Item, shown};
use super::super::start::Role;
use super::service::Service;

/// The services of a Ray cluster.
pub(super) struct Roles<'s, 'a> {
    pub(super) head: &'s Service<'a>,
    pub(super) workers: Vec<&'s Service<'a>>,
}

impl<'s, 'a> Roles<'s, 'a> {
    /// The head, and then the workers.
    pub(super) fn all(&self) -> impl Iterator<Item = &'s Service<'a>> {
        std::iter::once(self.head).chain(self.workers.iter().copied())
    }

    /// Whether a service is one of them.
    pub(super) fn has(&self, service: &Service<'a>) -> bool {
        self.all().any(|one| one.name == service.name)
    }
}

/// How much is known of a service's part. What is started counts more than what something is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// It has a name or an image of Ray and a word that tells.
    Name,
    /// It has one of Ray's ports, or the address of another service.
    Wiring,
    /// It calls `ray start`.
    Start,
}

/// The ports of Ray's head: GCS and dashboard.
const HEAD_PORTS: [u32; 3] = [6379, 6380, 8265];

/// Finds the head and the workers; none when there is no head, which is refused.
pub(super) fn of<'s, 'a>(
    root: &Item<'a>,
    services: &'s [Service<'a>],
    report: &mut Report,
) -> Option<Roles<'s, 'a>> {
    let known: Vec<_> = services.iter().map(|service| (service, evidence(service, services))).collect();
    let heads = || {
        known.iter().filter_map(|(service, known)| match known {
            Some((Role::Head, evidence)) => Some((*service, *evidence)),
            _ => None,
        })
    };
    let Some(best) = heads().map(|(_, evidence)| evidence).max() else {
        let help = "looked for `ray start --head`, for an image or a name with `ray` and `head`, and for the ports 6379, 6380 and 8265";
        report.refuse(&root.key("services"), "none of these services is Ray's head", help);
        return None;
    };
    let mut best = heads().filter(|(_, evidence)| *evidence == best).map(|(service, _)| service);
    let head = best.next()?;
    if let Some(second) = best.next() {
        let message =
            format!("`{}` is a head of Ray, and so is `{}`", shown(&second.name), shown(&head.name));
        report.refuse(&second.item, message, "a cluster has one head: write a file for each");
        return None;
    }
    let workers = known.iter().filter(|(_, known)| matches!(known, Some((Role::Worker, _))));
    let roles = Roles { head, workers: workers.map(|(service, _)| *service).collect() };
    for service in services.iter().filter(|service| !roles.has(service)) {
        let reason = format!("`{}` is no node of the Ray cluster, and was left out", shown(&service.name));
        report.note(&service.item, reason, "deploy it by itself");
    }
    Some(roles)
}

fn evidence(service: &Service<'_>, all: &[Service<'_>]) -> Option<(Role, Evidence)> {
    if let Some(start) = &service.start {
        return Some((
            start.role.unwrap_or_else(|| by_name(service).unwrap_or(Role::Worker)),
            Evidence::Start,
        ));
    }
    if !speaks_of_ray(&service.image) && !speaks_of_ray(&service.name) {
        return None;
    }
    if let Some(role) = by_name(service) {
        return Some((role, Evidence::Name));
    }
    let joins = service
        .addresses()
        .iter()
        .any(|host| *host != service.name && all.iter().any(|other| other.name == *host));
    if joins {
        return Some((Role::Worker, Evidence::Wiring));
    }
    let serves = service.ports().iter().any(|port| HEAD_PORTS.contains(port));
    Some(if serves { (Role::Head, Evidence::Wiring) } else { (Role::Worker, Evidence::Name) })
}

/// What its own name says, or else its image's.
fn by_name(service: &Service<'_>) -> Option<Role> {
    let says = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let has = |word: &str| lower.contains(word);
        match (has("head") || has("master"), has("worker")) {
            (true, false) => Some(Role::Head),
            (false, true) => Some(Role::Worker),
            (true, true) | (false, false) => None,
        }
    };
    says(&service.name).or_else(|| says(&service.image))
}
