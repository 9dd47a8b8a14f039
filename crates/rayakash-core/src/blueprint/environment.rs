//! The environment of a container.

use std::collections::BTreeMap;

use super::{Drawn, HEAD_SERVICE, Keys, Undrawable, json};
use crate::secret::Secret;
use crate::spec::{Cluster, EnvValue, MAX_ENV_VALUE};

/// Ray gets this share of the RAM volume, so that it never overflows.
const STORE_PERCENT: u64 = 95;

/// `NAME=value` lines: the user's first, ours over them.
pub(super) fn of(
    cluster: &Cluster,
    keys: &Keys,
    secrets: &BTreeMap<String, Secret>,
    one: &Drawn<'_>,
) -> Result<Vec<String>, Undrawable> {
    let mut env = BTreeMap::new();
    for (name, value) in cluster.env.iter().chain(&one.node.env) {
        env.insert(name.clone(), escaped(&plain(value, secrets)?));
    }
    env.extend(ours(cluster, keys, one).into_iter().map(|(name, value)| (name.to_owned(), value)));
    for (name, value) in &env {
        if value.len() > MAX_ENV_VALUE {
            let (service, name) = (one.service.clone(), name.clone());
            return Err(Undrawable::TooLong { service, name, length: value.len(), most: MAX_ENV_VALUE });
        }
    }
    Ok(env.into_iter().map(|(name, value)| format!("{name}={value}")).collect())
}

fn plain(value: &EnvValue, secrets: &BTreeMap<String, Secret>) -> Result<String, Undrawable> {
    match value {
        EnvValue::Plain(text) => Ok(text.clone()),
        EnvValue::Secret(name) => secrets
            .get(name)
            .map(|secret| secret.expose().to_owned())
            .ok_or_else(|| Undrawable::NoSecret { name: name.clone() }),
    }
}

/// Kubernetes expands `$(NAME)` silently when NAME stands earlier in the list; `$$(` is its escape.
fn escaped(text: &str) -> String {
    text.replace("$(", "$$(")
}

fn ours(cluster: &Cluster, keys: &Keys, one: &Drawn<'_>) -> Vec<(&'static str, String)> {
    let mut env = vec![
        ("PYTHONUNBUFFERED", "1".to_owned()),
        ("RAYAKASH", escaped(&settings(cluster, one))),
        ("RAYAKASH_CODE", crate::node::packed().to_owned()),
        ("RAYAKASH_GATE", gate(keys)),
        ("RAY_AUTH_MODE", "token".to_owned()),
        ("RAY_AUTH_TOKEN", keys.ray_token.expose().to_owned()),
        // Kubernetes kills after 30 s; Ray's own default is the same 30 s, and would be killed at the end of its drain.
        ("RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S", "20".to_owned()),
    ];
    if one.head {
        // A crash of Ray then keeps node ids and actors; the supervisor chooses the path.
        env.push(("RAY_gcs_storage", "rocksdb".to_owned()));
    }
    env
}

fn settings(cluster: &Cluster, one: &Drawn<'_>) -> String {
    let own = if one.head { &cluster.setup.head } else { &cluster.setup.worker };
    let store = one.node.object_store / 100 * STORE_PERCENT;
    let role = if one.head { "head" } else { "worker" };
    json::object(&[
        ("role", json::text(role)),
        ("service", json::text(&one.service)),
        ("type", json::text(one.node_type.as_str())),
        ("cpus", one.node.cpus.to_string()),
        ("gpus", one.node.gpus.to_string()),
        ("memory", one.node.memory.to_string()),
        ("store", store.to_string()),
        ("labels", json::text(&labels(one))),
        ("head", json::text(HEAD_SERVICE)),
        ("setup", json::texts(cluster.setup.all.iter().chain(own))),
    ])
}

/// As `ray start --labels` takes them.
fn labels(one: &Drawn<'_>) -> String {
    let labels = one.node.labels.iter().map(|(name, value)| format!("{name}={value}"));
    labels.collect::<Vec<_>>().join(",")
}

fn gate(keys: &Keys) -> String {
    json::object(&[
        ("cert", json::text(&keys.gate_certificate)),
        ("key", json::text(keys.gate_key.expose())),
        ("token", json::text(keys.gate_token.expose())),
    ])
}
