//! Ports to entries of the manifest and to endpoints of the group.

use std::collections::BTreeMap;

use akash_types::{Endpoint, EndpointKind};

use super::Use;
use crate::error::{Found, Problem};
use crate::manifest as m;
use crate::manifest::check::sort_key;
use crate::sdl::{Expose, HttpOptions, Protocol, Sdl, To};

/// Numbers of leased addresses by name.
pub(super) type Addresses = BTreeMap<String, u32>;

/// Akash sorts the names of all uses and numbers them; a name keeps its last number. Uses within the lease count too,
/// under the empty name.
pub(super) fn addresses(sdl: &Sdl) -> Addresses {
    let services = sdl.deployment.keys().filter_map(|name| sdl.services.get(name));
    let mut names: Vec<&str> = services
        .flat_map(|service| &service.expose)
        .flat_map(|expose| &expose.to)
        .filter(|to| !to.global || !to.ip.is_empty())
        .map(|to| to.ip.as_str())
        .collect();
    names.sort_unstable();
    names.into_iter().zip(1..).map(|(name, number)| (name.to_owned(), number)).collect()
}

/// One entry for each port and peer, sorted.
pub(super) fn expose(used: &Use<'_>, addresses: &Addresses, found: &Found) -> Vec<m::Expose> {
    let nobody = [To::default()];
    let mut entries = vec![];
    for (number, expose) in used.service.expose.iter().enumerate() {
        let path = ["services", used.name, "expose", &number.to_string()];
        let broken = |problem| found.add(Problem::rule(&path, problem));
        let protocol = protocol(&expose.proto).unwrap_or_else(|| {
            broken(format!("`proto` is tcp or udp, not `{}`", expose.proto));
            Protocol::Tcp
        });
        let proto = match protocol {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        };
        let http_options = http_options(&expose.http_options, broken);
        let peers = if expose.to.is_empty() { nobody.as_slice() } else { &expose.to };
        for to in peers {
            entries.push(entry(expose, to, (proto, &http_options), addresses));
        }
    }
    entries.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    // Akash sorts longer lists unstably: equal keys could come out in another order there.
    let ambiguous = |pair: &[m::Expose]| match pair {
        [a, b] => sort_key(a) == sort_key(b) && a != b,
        _ => false,
    };
    if entries.len() > 12 && entries.windows(2).any(ambiguous) {
        let problem =
            "more than 12 ports, and two of them alike in port, protocol and peer: the order is not defined";
        found.add(Problem::rule(&["services", used.name, "expose"], problem));
    }
    entries
}

pub(super) fn protocol(text: &str) -> Option<Protocol> {
    match text.to_ascii_lowercase().as_str() {
        "" | "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        _ => None,
    }
}

fn entry(
    expose: &Expose,
    to: &To,
    (proto, http_options): (&str, &m::HttpOptions),
    addresses: &Addresses,
) -> m::Expose {
    let leased = to.global && !to.ip.is_empty();
    m::Expose {
        port: expose.port,
        external_port: expose.external_port,
        proto: proto.to_owned(),
        service: to.service.clone(),
        global: to.global,
        hosts: expose.accept.clone(),
        http_options: http_options.clone(),
        ip: to.ip.clone(),
        endpoint_sequence_number: addresses.get(&to.ip).copied().filter(|_| leased).unwrap_or(0),
    }
}

fn http_options(options: &HttpOptions, broken: impl Fn(String)) -> m::HttpOptions {
    const MIB: u32 = 1 << 20;
    let limits = [
        ("max_body_size", options.max_body_size, 100 * MIB),
        ("proxy_buffer_size", options.proxy_buffer_size, MIB),
        ("read_timeout", options.read_timeout, 60_000),
        ("send_timeout", options.send_timeout, 60_000),
    ];
    for (what, value, most) in limits.into_iter().filter(|(_, value, most)| value > most) {
        broken(format!("`{what}` is {most} at most, not {value}"));
    }
    let cases = ["error", "timeout", "500", "502", "503", "504", "403", "404", "429", "off"];
    for case in options.next_cases.iter().filter(|case| !cases.contains(&case.as_str())) {
        broken(format!("`next_cases` has no case `{case}` ({})", cases.join(", ")));
    }
    if options.next_cases.len() > 1 && options.next_cases.iter().any(|case| case == "off") {
        broken("`next_cases` has `off` beside other cases".to_owned());
    }
    let or = |value: u32, default: u32| if value == 0 { default } else { value };
    let default_cases = || vec!["error".to_owned(), "timeout".to_owned()];
    m::HttpOptions {
        max_body_size: or(options.max_body_size, MIB),
        read_timeout: or(options.read_timeout, 60_000),
        send_timeout: or(options.send_timeout, 60_000),
        next_tries: or(options.next_tries, 3),
        next_timeout: options.next_timeout,
        next_cases: if options.next_cases.is_empty() { default_cases() } else { options.next_cases.clone() },
        proxy_buffer_size: options.proxy_buffer_size,
    }
}

/// What the group promises the outside world.
pub(super) fn endpoints(expose: &[m::Expose]) -> Vec<Endpoint> {
    let mut endpoints = vec![];
    for entry in expose.iter().filter(|entry| entry.global) {
        let kind = if entry.is_ingress() { EndpointKind::SharedHttp } else { EndpointKind::RandomPort };
        endpoints.push(Endpoint { kind, sequence_number: 0 });
        if !entry.ip.is_empty() {
            let sequence_number = entry.endpoint_sequence_number;
            endpoints.push(Endpoint { kind: EndpointKind::LeasedIp, sequence_number });
        }
    }
    endpoints
}
