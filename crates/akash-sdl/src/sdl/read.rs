//! Nodes to the document. Rules that need one value only are checked here, the others in [`crate::plan`].

mod compute;
mod version;

use std::collections::BTreeMap;

use akash_types::{DecCoin, Denom};

use super::{
    Credentials, Expose, HttpOptions, Mount, Params, Placement, Replicas, Sdl, Service, SignedBy, Tee, To,
};
use crate::error::Found;
use crate::yaml::{Fields, Node, Value};
use crate::{duration, quantity};

const SECTIONS: [&str; 7] =
    ["version", "include", "services", "profiles", "deployment", "endpoints", "reclamation"];

/// Reads the whole document. A section that is written twice adds to the first, as in Akash's reader.
pub(super) fn document(root: &Node, found: &Found) -> Sdl {
    let top = Value::new(root, found);
    let mut sdl = Sdl { version: version::of(top), ..Sdl::default() };
    for (key, section) in top.bare_pairs(true) {
        match key {
            "version" => {}
            "include" => drop(section.texts(key)),
            "services" => add(&mut sdl.services, section, key, service),
            "profiles" => {
                let profiles = section.fields(key).known(&["compute", "placement"]);
                for (kind, profiles) in profiles.iter() {
                    match kind {
                        "compute" => add(&mut sdl.compute, profiles, kind, compute::profile),
                        "placement" => add(&mut sdl.placements, profiles, kind, placement),
                        _ => {}
                    }
                }
            }
            "deployment" => {
                add(&mut sdl.deployment, section, key, |name, node| each(&node.fields(name), replicas));
            }
            "endpoints" => {
                if section.is_null() {
                    sdl.endpoints.clear();
                }
                sdl.endpoints.extend(each(&section.fields(key), endpoint).into_keys());
            }
            "reclamation" => sdl.reclamation = reclamation(section),
            other => section.refuse(format!("`{other}` is no section of SDL ({})", SECTIONS.join(", "))),
        }
    }
    sdl
}

/// Adds the entries of a mapping; null takes away what is there.
fn add<T>(
    known: &mut BTreeMap<String, T>,
    section: Value<'_>,
    what: &str,
    read: impl FnMut(&str, Value<'_>) -> T,
) {
    if section.is_null() {
        known.clear();
    }
    known.extend(each(&section.fields(what), read));
}

/// Every entry of a mapping by its key.
fn each<T>(fields: &Fields<'_>, mut read: impl FnMut(&str, Value<'_>) -> T) -> BTreeMap<String, T> {
    fields.iter().map(|(key, value)| (key.to_owned(), read(key, value))).collect()
}

fn service(name: &str, value: Value<'_>) -> Service {
    let known = ["image", "command", "args", "env", "expose", "params", "credentials"];
    let fields = value.fields(name).known(&known);
    for dependency in fields.items("dependencies") {
        dependency.fields("dependencies").text("service");
    }
    Service {
        image: fields.text("image"),
        command: fields.texts("command"),
        args: fields.texts("args"),
        env: fields.texts("env"),
        expose: fields.items("expose").into_iter().map(expose).collect(),
        params: fields.get("params").map(params),
        credentials: fields.get("credentials").map(credentials),
    }
}

fn expose(value: Value<'_>) -> Expose {
    let fields = value.fields("expose").known(&["port", "as", "proto", "to", "accept", "http_options"]);
    let accept = fields.get("accept").map(|list| {
        let names = list.items("accept").into_iter().map(|item| (item, item.text("accept")));
        names.map(|(item, name)| host(item, name)).collect()
    });
    Expose {
        port: fields.number("port"),
        external_port: fields.number("as"),
        proto: fields.text("proto"),
        to: fields.items("to").into_iter().map(to).collect(),
        accept,
        http_options: http_options(fields.fields("http_options")),
    }
}

fn host(item: Value<'_>, name: String) -> String {
    if name.contains(|c: char| !c.is_ascii_alphanumeric() && !"._~*-".contains(c)) {
        item.refuse(format!("`{name}` is no host name"));
    }
    name
}

fn to(value: Value<'_>) -> To {
    let fields = value.fields("to").known(&["service", "global", "ip"]);
    http_options(fields.fields("http_options"));
    To { service: fields.text("service"), global: fields.truth("global"), ip: fields.text("ip") }
}

fn http_options(fields: Fields<'_>) -> HttpOptions {
    let fields = fields.known(&[
        "max_body_size",
        "proxy_buffer_size",
        "read_timeout",
        "send_timeout",
        "next_tries",
        "next_timeout",
        "next_cases",
    ]);
    HttpOptions {
        max_body_size: fields.number("max_body_size"),
        proxy_buffer_size: fields.number("proxy_buffer_size"),
        read_timeout: fields.number("read_timeout"),
        send_timeout: fields.number("send_timeout"),
        next_tries: fields.number("next_tries"),
        next_timeout: fields.number("next_timeout"),
        next_cases: fields.texts("next_cases").unwrap_or_default(),
    }
}

fn params(value: Value<'_>) -> Params {
    let fields = value.fields("params").known(&["storage", "permissions", "tee"]);
    let mount = |volume: &str, value: Value<'_>| {
        let fields = value.fields(volume).known(&["mount", "readOnly"]);
        Mount { mount: fields.text("mount"), read_only: fields.truth("readOnly") }
    };
    Params {
        storage: each(&fields.fields("storage"), mount),
        permissions: fields
            .get("permissions")
            .map(|value| value.fields("permissions").known(&["read"]).texts("read").unwrap_or_default()),
        tee: fields.get("tee").and_then(tee),
    }
}

fn tee(value: Value<'_>) -> Option<Tee> {
    match value.text("tee").as_str() {
        "" => None,
        "cpu" => Some(Tee::Cpu),
        "cpu-gpu" => Some(Tee::CpuGpu),
        other => {
            value.refuse(format!("`tee` is `cpu` or `cpu-gpu`, not `{other}`"));
            None
        }
    }
}

fn credentials(value: Value<'_>) -> Credentials {
    let fields = value.fields("credentials").known(&["host", "email", "username", "password"]);
    Credentials {
        host: fields.text("host"),
        email: fields.text("email"),
        username: fields.text("username"),
        password: fields.text("password"),
    }
}

fn placement(name: &str, value: Value<'_>) -> Placement {
    let fields = value.fields(name).known(&["attributes", "signedBy", "pricing"]);
    let signed_by = fields.fields("signedBy").known(&["allOf", "anyOf"]);
    let prices = fields.fields("pricing");
    Placement {
        attributes: each(&fields.fields("attributes"), |key, value| value.text(key)),
        signed_by: SignedBy { all_of: signed_by.texts("allOf"), any_of: signed_by.texts("anyOf") },
        pricing: prices
            .iter()
            .filter(|(_, value)| !value.is_null())
            .filter_map(|(profile, value)| Some((profile.to_owned(), price(profile, value)?)))
            .collect(),
    }
}

fn price(profile: &str, value: Value<'_>) -> Option<DecCoin> {
    let fields = value.fields(profile).known(&["denom", "amount"]);
    let denom = fields.text("denom");
    let first = denom.starts_with(|c: char| c.is_ascii_alphabetic());
    if !first
        || !(3..=128).contains(&denom.len())
        || !denom.bytes().all(|b| b.is_ascii_alphanumeric() || b"/:._-".contains(&b))
    {
        fields.get("denom").unwrap_or(value).refuse(format!("`{denom}` is no currency; write `denom: uact`"));
    }
    match quantity::price(&fields.text("amount")) {
        Ok(amount) => Some(DecCoin { denom: Denom::from(denom.as_str()), amount }),
        Err(message) => {
            fields.get("amount").unwrap_or(value).refuse(message);
            None
        }
    }
}

fn replicas(name: &str, value: Value<'_>) -> Replicas {
    let fields = value.fields(name).known(&["profile", "count"]);
    Replicas { profile: fields.text("profile"), count: fields.number("count") }
}

fn endpoint(name: &str, value: Value<'_>) {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let tail = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if name.len() < 2 || rest.len() == name.len() || !rest.bytes().all(tail) {
        let rule = "two or more lower-case letters, digits, `-`, `_`, a letter first";
        value.refuse(format!("`{name}` is no name of an endpoint: {rule}"));
    }
    let kind = value.fields(name).known(&["kind"]).text("kind");
    if kind != "ip" {
        value.refuse(format!("endpoint `{name}` must have `kind: ip`, not `{kind}`"));
    }
}

fn reclamation(value: Value<'_>) -> Option<std::time::Duration> {
    let text = value.fields("reclamation").known(&["min_window"]).text("min_window");
    let window = duration::parse(&text);
    if window.is_none() {
        value.refuse(format!("`{text}` is no time span above zero; write `24h` or `90m`"));
    }
    window
}
