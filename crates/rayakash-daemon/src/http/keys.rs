//! Keys and what they own.

use std::sync::Arc;

use akash_types::{UACT, UAKT};
use akash_wallet::Key;
use akash_wallet::keyfile::KeyFileError;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rayakash_api::error::{Code, Problem};
use rayakash_api::v1;
use rayakash_core::Secret;
use rayakash_ledger::ClusterRow;
use secrecy::{ExposeSecret as _, SecretString};

use super::failure::{Answer, Failure};
use crate::keyring::{KeyError, sandbox_key};
use crate::network::Network;
use crate::service::Service;

fn failed(error: &KeyError) -> Failure {
    let code = match error {
        KeyError::BadName(_) | KeyError::Mnemonic(_) => Code::BadRequest,
        KeyError::Unknown(_) => Code::NotFound,
        KeyError::File(KeyFileError::Exists { .. }) => Code::Conflict,
        KeyError::File(KeyFileError::WrongPassphrase { .. }) => Code::WrongPassphrase,
        KeyError::File(_) | KeyError::Key(_) | KeyError::Io(_) => Code::StateDamaged,
    };
    Problem::from_error(code, error).into()
}

fn hidden(secret: &Secret) -> SecretString {
    SecretString::from(secret.expose().to_owned())
}

fn is_the_contexts(service: &Service, key: &str) -> bool {
    service.context.key.as_deref() == Some(key)
}

/// Deriving a key takes a fraction of a second of pure computing, which must not hold up the loop.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, KeyError> + Send + 'static) -> Answer<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Problem::new(Code::Internal, error.to_string()))?.map_err(|error| failed(&error))
}

/// Any key of this configuration, opened for one purpose and forgotten afterwards. The sandbox's own needs no passphrase.
pub(super) async fn any(service: &Service, name: &str, passphrase: Option<&Secret>) -> Answer<Key> {
    if service.context.network == Network::Sandbox && name == "sandbox" {
        return sandbox_key().map_err(|error| failed(&error));
    }
    let Some(passphrase) = passphrase.map(hidden) else {
        return Err(Problem::new(Code::BadRequest, format!("`{name}` needs its passphrase")).into());
    };
    let (ring, name) = (service.keyring.clone(), name.to_owned());
    apart(move || ring.open(&name, &passphrase)).await
}

pub(crate) async fn wallet(State(service): State<Arc<Service>>) -> Answer<Json<v1::Wallet>> {
    let chain = &service.world().chain;
    let owner = chain.owner().ok_or_else(|| {
        Problem::new(Code::NotFound, "this context has no key yet").hint("`rayakash keys new` makes one")
    })?;
    let at = akash_chain::At::Latest;
    let mut balances = Vec::new();
    for denom in [UACT, UAKT] {
        let amount =
            chain.client().balance(&owner, &denom, at).await.map_err(|error| chain.unavailable(&error))?;
        balances.push(v1::Balance { denom: denom.to_string(), amount: v1::Micro(amount) });
    }
    let funding = match chain.funder() {
        Some(funder) => {
            let funding =
                chain.funding(&owner, funder, at).await.map_err(|error| chain.unavailable(&error))?;
            Some(crate::grants::shown((funder, &owner), &funding))
        }
        None => None,
    };
    Ok(Json(v1::Wallet {
        network: service.context.network.name().to_owned(),
        real_money: service.context.network.real_money(),
        address: owner.to_string(),
        unlocked: chain.key().is_some(),
        balances,
        funding,
    }))
}

pub(crate) async fn list(State(service): State<Arc<Service>>) -> Json<v1::KeyList> {
    let chain = &service.world().chain;
    let in_use = chain.key().map(|key| key.address().to_string());
    let mut keys: Vec<v1::Key> = service
        .keyring
        .list()
        .into_iter()
        .map(|(name, address)| {
            let address = address.map(|address| address.to_string());
            let unlocked = address.is_some() && address == in_use;
            v1::Key { name, address, unlocked, public: false }
        })
        .collect();
    if service.context.key.is_none() {
        keys.push(v1::Key { name: "sandbox".to_owned(), address: in_use, unlocked: true, public: true });
    }
    Json(v1::KeyList { keys })
}

pub(crate) async fn add(
    State(service): State<Arc<Service>>,
    Json(new): Json<v1::NewKey>,
) -> Answer<(StatusCode, Json<v1::MadeKey>)> {
    let (ring, name) = (service.keyring.clone(), new.name.clone());
    let (mnemonic, made) = apart(move || {
        ring.add(&new.name, new.mnemonic.as_ref().map(Secret::expose), &hidden(&new.passphrase))
    })
    .await?;
    let address = service.keyring.address(&name);
    if is_the_contexts(&service, &name) {
        service.world().chain.watch(address.clone());
    }
    let address = address.map(|address| address.to_string());
    let key = v1::Key { name, address, unlocked: false, public: false };
    let mnemonic = made.then(|| Secret::new(mnemonic.phrase().expose_secret()));
    Ok((StatusCode::CREATED, Json(v1::MadeKey { key, mnemonic })))
}

pub(crate) async fn unlock(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    Json(unlock): Json<v1::Unlock>,
) -> Answer<Json<v1::Key>> {
    let (ring, wanted) = (service.keyring.clone(), name.clone());
    let key = apart(move || ring.open(&wanted, &hidden(&unlock.passphrase))).await?;
    let address = key.address().to_string();
    let in_use = is_the_contexts(&service, &name);
    if in_use {
        service.world().chain.unlock(key);
        service.clusters.nudge_all();
    }
    Ok(Json(v1::Key { name, address: Some(address), unlocked: in_use, public: false }))
}

pub(crate) async fn export(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    Json(export): Json<v1::Export>,
) -> Answer<Json<v1::Mnemonic>> {
    let ring = service.keyring.clone();
    let words = apart(move || ring.words(&name, &hidden(&export.passphrase))).await?;
    Ok(Json(v1::Mnemonic { mnemonic: Secret::new(words.phrase().expose_secret()) }))
}

pub(crate) async fn remove(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
) -> Answer<StatusCode> {
    let in_use = is_the_contexts(&service, &name);
    if in_use {
        unused(&service, &name).await?;
    }
    service.keyring.remove(&name).map_err(|error| failed(&error))?;
    if in_use {
        service.world().chain.watch(None);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The context's key can go when nothing hangs on it. Without the key, what runs could never be closed.
async fn unused(service: &Service, key: &str) -> Answer<()> {
    let rows = service.ledger().clusters().await?;
    let live: Vec<String> = rows.into_iter().filter(ClusterRow::is_live).map(|row| row.name).collect();
    if !live.is_empty() {
        let names = live.join(", ");
        let problem = Problem::new(Code::Conflict, format!("`{key}` pays for {names}"));
        return Err(problem.hint("rayakash down --all, and then remove it").still_running(names).into());
    }
    if service.world().chain.key().is_some() {
        let problem = Problem::new(Code::Conflict, format!("`{key}` is unlocked"));
        return Err(problem.hint("rayakash daemon stop, and then remove it").into());
    }
    Ok(())
}
