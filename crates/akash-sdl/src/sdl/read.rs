//! Nodes to the document. Rules that need one value only are checked here, the others in [`crate::plan`].

mod compute;

use std::collections::{BTreeMap, BTreeSet};

use akash_types::{DecCoin, Denom};

use super::{
    Credentials, Expose, HttpOptions, Mount, Params, Placement, Replicas, Sdl, Service, SignedBy, Tee, To,
    Version,
};
use crate::yaml::{Fields, Node};
use crate::{SdlError, duration, quantity};

const SECTIONS: [&str; 7] =
    ["version", "include", "services", "profiles", "deployment", "endpoints", "reclamation"];

/// Reads the whole document.
pub(super) fn document(root: &Node) -> Result<Sdl, SdlError> {
    let top = root.fields_without_merge("the document")?;
    if let Some((key, node)) = top.iter().find(|(key, _)| !SECTIONS.contains(key)) {
        let known = SECTIONS.join(", ");
        return Err(SdlError::at(node.at, format!("`{key}` is no section of SDL ({known})")));
    }
    let profiles = top.fields("profiles")?;
    top.texts("include")?;
    Ok(Sdl {
        version: version(&top, root)?,
        services: each(&top.fields("services")?, service)?,
        compute: each(&profiles.fields("compute")?, compute::profile)?,
        placements: each(&profiles.fields("placement")?, placement)?,
        deployment: each(&top.fields("deployment")?, |name, node| each(&node.fields(name)?, replicas))?,
        endpoints: endpoints(&top.fields("endpoints")?)?,
        reclamation: reclamation(&top)?,
    })
}

/// Every entry of a mapping by its key.
fn each<T>(
    fields: &Fields<'_>,
    mut read: impl FnMut(&str, &Node) -> Result<T, SdlError>,
) -> Result<BTreeMap<String, T>, SdlError> {
    fields.iter().map(|(key, node)| Ok((key.to_owned(), read(key, node)?))).collect()
}

fn version(top: &Fields<'_>, root: &Node) -> Result<Version, SdlError> {
    let Some(node) = top.get("version") else {
        return Err(SdlError::at(root.at, "`version` is missing; write `version: \"2.0\"`"));
    };
    let text = node.text("version")?;
    let bad =
        || SdlError::at(node.at, format!("version `{text}` is not supported; write \"2.0\" or \"2.1\""));
    let plain = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let plain = plain.strip_prefix('v').unwrap_or(plain);
    let parts: Vec<u64> =
        plain.split('.').map(|part| quantity::digits(part).ok_or_else(bad)).collect::<Result<_, _>>()?;
    if parts.len() > 3 {
        return Err(bad());
    }
    let part = |n: usize| parts.get(n).copied().unwrap_or(0);
    match (part(0), part(1), part(2)) {
        (2, 0, 0) => Ok(Version::V2_0),
        newer if newer >= (2, 1, 0) => Ok(Version::V2_1),
        _ => Err(bad()),
    }
}

fn service(name: &str, node: &Node) -> Result<Service, SdlError> {
    let fields = node.fields(name)?;
    for dependency in fields.items("dependencies")? {
        dependency.fields("dependencies")?.text("service")?;
    }
    Ok(Service {
        image: fields.text("image")?,
        command: fields.texts("command")?,
        args: fields.texts("args")?,
        env: fields.texts("env")?,
        expose: fields.items("expose")?.into_iter().map(expose).collect::<Result<_, _>>()?,
        params: fields.get("params").map(params).transpose()?,
        credentials: fields.get("credentials").map(credentials).transpose()?,
    })
}

fn expose(node: &Node) -> Result<Expose, SdlError> {
    let fields = node.fields("expose")?;
    let accept = fields.texts("accept")?;
    let odd = |c: char| !c.is_ascii_alphanumeric() && !"._~*-".contains(c);
    if let (Some(name), Some(at)) =
        (accept.iter().flatten().find(|name| name.contains(odd)), fields.get("accept").map(|n| n.at))
    {
        return Err(SdlError::at(at, format!("`{name}` is no host name")));
    }
    Ok(Expose {
        port: fields.number("port")?,
        external_port: fields.number("as")?,
        proto: fields.text("proto")?,
        to: fields.items("to")?.into_iter().map(to).collect::<Result<_, _>>()?,
        accept,
        http_options: http_options(&fields.fields("http_options")?)?,
    })
}

fn to(node: &Node) -> Result<To, SdlError> {
    let fields = node.fields("to")?;
    http_options(&fields.fields("http_options")?)?;
    Ok(To { service: fields.text("service")?, global: fields.truth("global")?, ip: fields.text("ip")? })
}

fn http_options(fields: &Fields<'_>) -> Result<HttpOptions, SdlError> {
    Ok(HttpOptions {
        max_body_size: fields.number("max_body_size")?,
        proxy_buffer_size: fields.number("proxy_buffer_size")?,
        read_timeout: fields.number("read_timeout")?,
        send_timeout: fields.number("send_timeout")?,
        next_tries: fields.number("next_tries")?,
        next_timeout: fields.number("next_timeout")?,
        next_cases: fields.texts("next_cases")?.unwrap_or_default(),
    })
}

fn params(node: &Node) -> Result<Params, SdlError> {
    let fields = node.fields("params")?;
    let permissions = fields
        .get("permissions")
        .map(|node| Ok::<_, SdlError>(node.fields("permissions")?.texts("read")?.unwrap_or_default()))
        .transpose()?;
    Ok(Params {
        storage: each(&fields.fields("storage")?, |volume, node| {
            let fields = node.fields(volume)?;
            Ok(Mount { mount: fields.text("mount")?, read_only: fields.truth("readOnly")? })
        })?,
        permissions,
        tee: fields.get("tee").map(tee).transpose()?.flatten(),
    })
}

fn tee(node: &Node) -> Result<Option<Tee>, SdlError> {
    match node.text("tee")?.as_str() {
        "" => Ok(None),
        "cpu" => Ok(Some(Tee::Cpu)),
        "cpu-gpu" => Ok(Some(Tee::CpuGpu)),
        other => Err(SdlError::at(node.at, format!("`tee` is `cpu` or `cpu-gpu`, not `{other}`"))),
    }
}

fn credentials(node: &Node) -> Result<Credentials, SdlError> {
    let fields = node.fields("credentials")?;
    Ok(Credentials {
        host: fields.text("host")?,
        email: fields.text("email")?,
        username: fields.text("username")?,
        password: fields.text("password")?,
    })
}

fn placement(name: &str, node: &Node) -> Result<Placement, SdlError> {
    let fields = node.fields(name)?;
    let signed_by = fields.fields("signedBy")?;
    Ok(Placement {
        attributes: each(&fields.fields("attributes")?, |key, node| node.text(key))?,
        signed_by: SignedBy { all_of: signed_by.texts("allOf")?, any_of: signed_by.texts("anyOf")? },
        pricing: each(&fields.fields("pricing")?, price)?,
    })
}

fn price(profile: &str, node: &Node) -> Result<DecCoin, SdlError> {
    let fields = node.fields(profile)?;
    let denom = fields.text("denom")?;
    let first = denom.starts_with(|c: char| c.is_ascii_alphabetic());
    if !first
        || !(3..=128).contains(&denom.len())
        || !denom.bytes().all(|b| b.is_ascii_alphanumeric() || b"/:._-".contains(&b))
    {
        return Err(SdlError::at(node.at, format!("`{denom}` is no currency; write `denom: uact`")));
    }
    let at = fields.get("amount").map_or(node.at, |amount| amount.at);
    let amount = quantity::price(&fields.text("amount")?).map_err(|problem| SdlError::at(at, problem))?;
    Ok(DecCoin { denom: Denom::from(denom.as_str()), amount })
}

fn replicas(name: &str, node: &Node) -> Result<Replicas, SdlError> {
    let fields = node.fields(name)?;
    Ok(Replicas { profile: fields.text("profile")?, count: fields.number("count")? })
}

fn endpoints(fields: &Fields<'_>) -> Result<BTreeSet<String>, SdlError> {
    let mut names = BTreeSet::new();
    for (name, node) in fields.iter() {
        let rest = name.trim_start_matches(|c: char| c.is_ascii_lowercase());
        let tail = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if name.len() < 2 || rest.len() == name.len() || !rest.bytes().all(tail) {
            return Err(SdlError::at(node.at, format!("`{name}` is no name of an endpoint")));
        }
        let kind = node.fields(name)?.text("kind")?;
        if kind != "ip" {
            return Err(SdlError::at(
                node.at,
                format!("endpoint `{name}` must have `kind: ip`, not `{kind}`"),
            ));
        }
        names.insert(name.to_owned());
    }
    Ok(names)
}

fn reclamation(top: &Fields<'_>) -> Result<Option<std::time::Duration>, SdlError> {
    let Some((_, node)) = top.iter().find(|(key, _)| *key == "reclamation") else { return Ok(None) };
    let text = node.fields("reclamation")?.text("min_window")?;
    let bad = || SdlError::at(node.at, format!("`{text}` is no time span above zero; write `24h` or `90m`"));
    duration::parse(&text).map(Some).ok_or_else(bad)
}
