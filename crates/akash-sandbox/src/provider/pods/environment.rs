//! The environment of a container, as Kubernetes and the provider make it, plus what its place makes necessary.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use akash_types::LeaseId;

use super::place::Place;
use super::workload::{Service, Workload};

/// Name and value pairs in order.
pub(crate) type Variables = BTreeMap<String, String>;

/// What a pod is told about itself.
pub(crate) struct About<'a> {
    pub(crate) lease: &'a LeaseId,
    pub(crate) public_host: &'a str,
    pub(crate) service: &'a Service,
    pub(crate) name: &'a str,
    pub(crate) place: &'a Place,
    pub(crate) tmp: &'a str,
    pub(crate) home: &'a str,
    /// Where `pip install` in the pod writes to: the image's environment is shared and read-only.
    pub(crate) layer: &'a str,
    /// Folders of the image's programs.
    pub(crate) path: &'a [PathBuf],
    pub(crate) links: &'a Variables,
    /// What the lease's pods are told about the head.
    pub(crate) head: &'a Variables,
}

/// The whole environment of a container; nothing of the sandbox's own is inherited.
pub(crate) fn variables(about: &About<'_>) -> Variables {
    let mut vars: Variables = about.links.clone();
    declared(&about.service.env, &mut vars);
    let order = &about.lease.order;
    let akash = [
        ("AKASH_GROUP_SEQUENCE", order.group.gseq.to_string()),
        ("AKASH_DEPLOYMENT_SEQUENCE", order.deployment().dseq.to_string()),
        ("AKASH_ORDER_SEQUENCE", order.oseq.to_string()),
        ("AKASH_OWNER", order.deployment().owner.to_string()),
        ("AKASH_PROVIDER", about.lease.provider.to_string()),
        ("AKASH_CLUSTER_PUBLIC_HOSTNAME", about.public_host.to_owned()),
        ("HOME", about.home.to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("TZ", "UTC".to_owned()),
    ];
    for (name, value) in akash {
        vars.entry(name.to_owned()).or_insert(value);
    }
    let own = [
        ("HOSTNAME", about.name.to_owned()),
        ("PIP_TARGET", about.layer.to_owned()),
        ("PATH", path(about, vars.get("PATH"))),
        ("PYTHONPATH", join(about.layer, vars.get("PYTHONPATH"))),
    ];
    vars.extend(own.map(|(name, value)| (name.to_owned(), value)));
    vars.extend(about.place.told(about.tmp));
    vars.extend(about.head.clone());
    vars
}

fn path(about: &About<'_>, declared: Option<&String>) -> String {
    let mut folders = vec![format!("{}/bin", about.layer)];
    folders.extend(about.path.iter().map(|folder| folder.display().to_string()));
    folders.extend(declared.cloned());
    folders.push("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
    folders.join(":")
}

fn join(first: &str, rest: Option<&String>) -> String {
    rest.map_or_else(|| first.to_owned(), |rest| format!("{first}:{rest}"))
}

/// Adds the manifest's `NAME=value` entries; `$(OTHER)` refers to a service link or an earlier entry.
fn declared(entries: &[String], vars: &mut Variables) {
    for entry in entries {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        let value = expand(value, vars);
        vars.insert(name.to_owned(), value);
    }
}

/// Kubernetes' expansion: `$(NAME)` of a known name, `$$` as an escaped `$`; anything else stays as it is.
pub(crate) fn expand(text: &str, vars: &Variables) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let after = after.strip_prefix('$').unwrap_or(after);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match vars.get(name) {
                Some(value) => out.push_str(value),
                None => out.extend(["$(", name, ")"]),
            }
            rest = after;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The service links of a lease: `<SERVICE>_SERVICE_HOST` and so on for each service that has a name inside the lease.
///
/// A real service spreads connections over its pods; here it names the first one, at the ports that this pod has.
pub(crate) fn links(
    workload: &Workload,
    first: impl Fn(&str) -> Option<(Ipv4Addr, BTreeMap<u16, u16>)>,
) -> Variables {
    let mut vars = Variables::new();
    for (name, service) in &workload.services {
        let named: Vec<_> = service.expose.iter().filter(|e| !e.is_node_port()).collect();
        let Some((ip, ports)) = first(name).filter(|_| !named.is_empty()) else { continue };
        let prefix = name.to_uppercase().replace('-', "_");
        for (index, expose) in named.iter().enumerate() {
            let port = ports.get(&expose.port).copied().unwrap_or(expose.port);
            let protocol = expose.protocol();
            let url = format!("{}://{ip}:{port}", protocol.to_lowercase());
            if index == 0 {
                vars.insert(format!("{prefix}_SERVICE_HOST"), ip.to_string());
                vars.insert(format!("{prefix}_SERVICE_PORT"), port.to_string());
                vars.insert(format!("{prefix}_PORT"), url.clone());
            }
            let external = expose.external;
            vars.insert(format!("{prefix}_SERVICE_PORT_{index}_{external}"), port.to_string());
            let each = format!("{prefix}_PORT_{external}_{protocol}");
            vars.insert(format!("{each}_ADDR"), ip.to_string());
            vars.insert(format!("{each}_PORT"), port.to_string());
            vars.insert(format!("{each}_PROTO"), protocol.to_lowercase());
            vars.insert(each, url);
        }
    }
    vars
}

#[cfg(test)]
mod tests {
    use super::super::workload::Expose;
    use super::*;

    #[test]
    fn expansion_is_that_of_kubernetes() {
        let vars = Variables::from([("A".into(), "1".into()), ("B".into(), "$(A)".into())]);
        for (text, wanted) in [
            ("plain", "plain"),
            ("$(A)", "1"),
            ("x$(A)y$(A)", "x1y1"),
            ("$(NOPE)", "$(NOPE)"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
            ("$A $", "$A $"),
            ("$(A", "$(A"),
            ("$(B)", "$(A)"),
            ("$(hostname)", "$(hostname)"),
        ] {
            assert_eq!(expand(text, &vars), wanted, "{text}");
        }
    }

    #[test]
    fn an_entry_sees_only_earlier_entries() {
        let mut vars = Variables::new();
        declared(&["X=$(Y)".into(), "Y=2".into(), "Z=$(Y)=a=b".into(), "EMPTY".into()], &mut vars);
        assert_eq!(vars["X"], "$(Y)");
        assert_eq!(vars["Z"], "2=a=b");
        assert_eq!(vars["EMPTY"], "");
    }

    #[test]
    fn links_name_the_first_pod_at_its_own_ports() {
        let expose = |port, global| Expose { port, external: port, udp: false, global, hosts: Vec::new() };
        let head =
            Service { count: 1, expose: vec![expose(8443, true), expose(6379, false)], ..Service::default() };
        let workload = Workload { services: BTreeMap::from([("ray-head".into(), head)]) };
        assert_eq!(workload.head(), Some("ray-head"));
        let vars =
            links(&workload, |_| Some((Ipv4Addr::new(127, 77, 0, 9), BTreeMap::from([(6379, 20_000)]))));
        assert_eq!(vars["RAY_HEAD_SERVICE_HOST"], "127.77.0.9");
        assert_eq!(vars["RAY_HEAD_SERVICE_PORT"], "20000");
        assert_eq!(vars["RAY_HEAD_PORT_6379_TCP"], "tcp://127.77.0.9:20000");
        assert!(!vars.keys().any(|name| name.contains("8443")), "a node port is no link of the service");
    }
}
