//! The document to YAML.

use super::{Compute, Expose, Gpu, Params, Placement, Sdl, Service, StorageClass, Version, Volume};
use crate::yaml::Writer;

pub(super) fn document(sdl: &Sdl) -> String {
    let mut out = Writer::default();
    out.raw("version", if sdl.version == Version::V2_0 { "\"2.0\"" } else { "\"2.1\"" });
    out.map("services", |out| {
        for (name, each) in &sdl.services {
            out.map(name, |out| service(out, each));
        }
    });
    out.map("profiles", |out| {
        out.map("compute", |out| {
            for (name, each) in &sdl.compute {
                out.map(name, |out| out.map("resources", |out| compute(out, each)));
            }
        });
        out.map("placement", |out| {
            for (name, each) in &sdl.placements {
                out.map(name, |out| placement(out, each));
            }
        });
    });
    out.map("deployment", |out| {
        for (service, placements) in &sdl.deployment {
            out.map(service, |out| {
                for (placement, replicas) in placements {
                    out.map(placement, |out| {
                        out.text("profile", &replicas.profile);
                        out.raw("count", &replicas.count.to_string());
                    });
                }
            });
        }
    });
    if !sdl.endpoints.is_empty() {
        out.map("endpoints", |out| {
            for name in &sdl.endpoints {
                out.map(name, |out| out.text("kind", "ip"));
            }
        });
    }
    if let Some(window) = sdl.reclamation {
        out.map("reclamation", |out| out.text("min_window", &format!("{}ns", window.as_nanos())));
    }
    out.finish()
}

fn service(out: &mut Writer, service: &Service) {
    out.text("image", &service.image);
    let lists = [("command", &service.command), ("args", &service.args), ("env", &service.env)];
    for (key, list) in lists {
        if let Some(list) = list {
            out.texts(key, list);
        }
    }
    if !service.expose.is_empty() {
        out.list("expose", &service.expose, expose);
    }
    if let Some(wanted) = &service.params {
        out.map("params", |out| params(out, wanted));
    }
    if let Some(credentials) = &service.credentials {
        out.map("credentials", |out| {
            out.text("host", &credentials.host);
            out.text("email", &credentials.email);
            out.text("username", &credentials.username);
            out.text("password", &credentials.password);
        });
    }
}

fn expose(out: &mut Writer, expose: &Expose) {
    out.raw("port", &expose.port.to_string());
    number(out, "as", expose.external_port);
    if !expose.proto.is_empty() {
        out.text("proto", &expose.proto);
    }
    if let Some(accept) = &expose.accept {
        out.texts("accept", accept);
    }
    let http = &expose.http_options;
    if *http != super::HttpOptions::default() {
        out.map("http_options", |out| {
            number(out, "max_body_size", http.max_body_size);
            number(out, "proxy_buffer_size", http.proxy_buffer_size);
            number(out, "read_timeout", http.read_timeout);
            number(out, "send_timeout", http.send_timeout);
            number(out, "next_tries", http.next_tries);
            number(out, "next_timeout", http.next_timeout);
            if !http.next_cases.is_empty() {
                out.texts("next_cases", &http.next_cases);
            }
        });
    }
    out.list("to", &expose.to, |out, to| {
        out.raw("global", if to.global { "true" } else { "false" });
        if !to.service.is_empty() {
            out.text("service", &to.service);
        }
        if !to.ip.is_empty() {
            out.text("ip", &to.ip);
        }
    });
}

fn number(out: &mut Writer, key: &str, value: u32) {
    if value != 0 {
        out.raw(key, &value.to_string());
    }
}

fn params(out: &mut Writer, params: &Params) {
    if !params.storage.is_empty() {
        out.map("storage", |out| {
            for (volume, mount) in &params.storage {
                out.map(volume, |out| {
                    out.text("mount", &mount.mount);
                    if mount.read_only {
                        out.raw("readOnly", "true");
                    }
                });
            }
        });
    }
    if let Some(read) = &params.permissions {
        out.map("permissions", |out| out.texts("read", read));
    }
    if let Some(tee) = params.tee {
        out.text("tee", tee.as_str());
    }
}

fn compute(out: &mut Writer, compute: &Compute) {
    out.map("cpu", |out| {
        out.text("units", &format!("{}m", compute.cpu_millis));
        if let Some(arch) = &compute.arch {
            out.map("attributes", |out| out.text("arch", arch));
        }
    });
    out.map("memory", |out| out.raw("size", &size(compute.memory)));
    if compute.gpu != Gpu::default() {
        out.map("gpu", |out| gpu(out, &compute.gpu));
    }
    out.list("storage", &compute.storage, volume);
}

fn gpu(out: &mut Writer, gpu: &Gpu) {
    out.raw("units", &gpu.units.to_string());
    out.map("attributes", |out| {
        out.map("vendor", |out| {
            out.list("nvidia", &gpu.models, |out, model| {
                out.text("model", &model.model);
                if let Some(ram) = model.ram_gib {
                    out.raw("ram", &format!("{ram}Gi"));
                }
                if let Some(interface) = model.interface {
                    out.text("interface", interface.as_str());
                }
            });
        });
    });
}

fn volume(out: &mut Writer, volume: &Volume) {
    out.text("name", &volume.name);
    out.raw("size", &size(volume.bytes));
    let persistent = match (volume.class, volume.persistent) {
        (None, None) => return,
        // Akash takes `true` without a class for class `default`; and `false` with one for a mistake, but not `off`.
        (None, Some(true)) => "yes",
        (Some(StorageClass::Ram) | None, _) => "false",
        (Some(_), Some(true)) => "true",
        (Some(_), _) => "off",
    };
    out.map("attributes", |out| {
        if let Some(class) = volume.class {
            out.text("class", class.as_str());
        }
        out.raw("persistent", persistent);
    });
}

/// In the largest unit that keeps it whole; Akash reads numbers as doubles, exact up to 2^53.
fn size(bytes: u64) -> String {
    let units = [(40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")];
    let fits = units.iter().find(|(shift, _)| bytes != 0 && bytes.trailing_zeros() >= *shift);
    fits.map_or_else(|| bytes.to_string(), |(shift, unit)| format!("{}{unit}", bytes >> shift))
}

fn placement(out: &mut Writer, placement: &Placement) {
    if !placement.attributes.is_empty() {
        out.map("attributes", |out| {
            for (key, value) in &placement.attributes {
                out.text(key, value);
            }
        });
    }
    let signed = &placement.signed_by;
    if signed.all_of.is_some() || signed.any_of.is_some() {
        out.map("signedBy", |out| {
            for (key, list) in [("allOf", &signed.all_of), ("anyOf", &signed.any_of)] {
                if let Some(list) = list {
                    out.texts(key, list);
                }
            }
        });
    }
    out.map("pricing", |out| {
        for (profile, price) in &placement.pricing {
            out.map(profile, |out| {
                out.text("denom", price.denom.as_str());
                out.raw("amount", &price.amount.to_string());
            });
        }
    });
}
