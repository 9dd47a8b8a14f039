//! From a manifest's group to what pods need to know.

use akash_sdl::manifest;

use super::pods::{Expose, Service, Workload};

/// The workload of a lease on this group.
pub(crate) fn workload(group: &manifest::Group) -> Workload {
    Workload { services: group.services.iter().map(|s| (s.name.clone(), service(s))).collect() }
}

fn service(service: &manifest::Service) -> Service {
    Service {
        image: service.image.clone(),
        command: service.command.clone().unwrap_or_default(),
        args: service.args.clone().unwrap_or_default(),
        env: service.env.clone().unwrap_or_default(),
        count: service.count,
        memory: memory(&service.resources),
        shm: shm(service),
        ram: ram_volumes(&service.resources).next().is_some(),
        expose: service.expose.iter().filter_map(expose).collect(),
    }
}

/// A container may use its memory and its RAM volumes.
fn memory(resources: &manifest::Resources) -> u64 {
    let memory = resources.memory.as_ref().map_or(0, |memory| memory.size.val);
    ram_volumes(resources).map(|volume| volume.size.val).fold(memory, u64::saturating_add)
}

/// The RAM volume at `/dev/shm`, 0 where there is none.
fn shm(service: &manifest::Service) -> u64 {
    let mounts = service.params.iter().flat_map(|params| params.storage.iter().flatten());
    let names: Vec<_> = mounts.filter(|m| m.mount == "/dev/shm").map(|m| &m.name).collect();
    ram_volumes(&service.resources)
        .find(|volume| names.contains(&&volume.name))
        .map_or(0, |volume| volume.size.val)
}

fn ram_volumes(resources: &manifest::Resources) -> impl Iterator<Item = &manifest::Volume> {
    let is_ram =
        |volume: &&manifest::Volume| volume.attributes.iter().any(|a| a.key == "class" && a.value == "ram");
    resources.storage.iter().flatten().filter(is_ram)
}

/// `None` for a port that no machine has; the manifest's own rules refuse it before.
fn expose(expose: &manifest::Expose) -> Option<Expose> {
    Some(Expose {
        port: u16::try_from(expose.port).ok()?,
        external: u16::try_from(expose.outside()).ok()?,
        udp: expose.proto == "UDP",
        global: expose.global,
        hosts: expose.hosts.clone().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ram_volumes_are_memory_one_is_shm_and_ports_default_to_the_containers() {
        let body = br#"[{"name":"g","services":[{"name":"s","image":"i","command":["c"],"args":null,"env":["A=1"],
            "resources":{"id":1,"cpu":{"units":{"val":"1000"}},"memory":{"size":{"val":"1000"}},
              "storage":[{"name":"default","size":{"val":"7"}},{"name":"shm","size":{"val":"200"},
                "attributes":[{"key":"class","value":"ram"},{"key":"persistent","value":"false"}]}],
              "gpu":{"units":{"val":"0"}},"endpoints":[]},
            "count":2,"params":{"storage":[{"name":"shm","mount":"/dev/shm","readOnly":false}]},"expose":[{"port":8443,"externalPort":0,"proto":"TCP","service":"","global":true}]}]}]"#;
        let manifest = akash_sdl::Manifest::from_json(body).unwrap();
        let workload = workload(&manifest.0[0]);
        let service = &workload.services["s"];
        assert_eq!((service.memory, service.shm, service.count), (1200, 200, 2));
        assert_eq!(service.command, ["c"]);
        let port = &service.expose[0];
        assert_eq!((port.port, port.external, port.is_node_port()), (8443, 8443, true));
    }
}
