//! The sandbox's providers without its chain: ordinary clients of a node that somebody else runs.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use akash_chain::{ChainError, Client, Recovery};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::error::Error;
use crate::home::{Home, ProviderInfo};
use crate::provider::Isolation;
use crate::providers::Providers;

/// How long a node may take to come up.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How the chain ids of Akash's public networks begin: `akashnet-2`, `sandbox-2`, `testnet-8`, `edgenet-1`.
const PUBLIC: [&str; 5] = ["akashnet", "mainnet", "sandbox", "testnet", "edgenet"];

/// Providers on a chain of somebody else's, once they are registered and bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The node that they ask.
    pub node: String,
    /// Its chain.
    pub chain_id: String,
    /// The providers.
    pub providers: Vec<ProviderInfo>,
    /// How pods are kept apart: `host` or `namespaces`.
    pub pods: &'static str,
    /// What that lacks, for people.
    pub pods_lack: Option<String>,
}

/// Runs `config.providers` providers on the chain of a node (`http://host:port`) until `until` is done; tells `on_ready` where they are.
///
/// Their keys come from a mnemonic that everybody knows, so a public network is refused, by the chain id that the node says. The accounts
/// ([`crate::market::Keyholder::PROVIDER_1`] and the next) must have uakt and uact there, as the genesis of a local chain gives them.
/// `config.home` is theirs alone; what it says of the chain is not used.
pub async fn run_providers(
    config: Config,
    node: &str,
    on_ready: impl FnOnce(&Visit),
    until: impl Future<Output = ()>,
) -> Result<(), Error> {
    let mut until = pin!(until);
    let home = Home::lock(&config.home)?;
    let cancel = CancellationToken::new();
    // Dropped on any way out: what runs ends with it.
    let _ends = cancel.clone().drop_guard();
    let started = tokio::select! {
        started = start(config, node, &home, &cancel) => started?,
        () = &mut until => return Ok(()),
    };
    let Started { providers, chain_id, isolation, lack } = started;
    let (node, pods) = (node.to_owned(), isolation.word());
    on_ready(&Visit { node, chain_id, providers: providers.info().await, pods, pods_lack: lack });
    until.await;
    providers.stop().await;
    Ok(())
}

struct Started {
    providers: Providers,
    chain_id: String,
    isolation: Isolation,
    lack: Option<String>,
}

async fn start(
    mut config: Config,
    node: &str,
    home: &Home,
    cancel: &CancellationToken,
) -> Result<Started, Error> {
    let chain_id = chain_id(node).await?;
    if is_public(&chain_id) {
        return Err(Error::PublicNetwork { node: node.to_owned(), chain_id });
    }
    config.genesis.chain_id.clone_from(&chain_id);
    let (isolation, lack) = Isolation::choose(config.pods, &home.path().join("probe")).await?;
    let mut ports = home.ports();
    let providers = Providers::start(&config, isolation, node, ports.gateways, cancel.child_token()).await?;
    ports.gateways = providers.ports().await;
    home.remember(ports)?;
    Ok(Started { providers, chain_id, isolation, lack })
}

/// The chain of a node, which may be coming up.
async fn chain_id(node: &str) -> Result<String, Error> {
    let failed = |source: ChainError| Error::Node { node: node.to_owned(), source: source.into() };
    let client = Client::connect(&[node.to_owned()]).map_err(failed)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match client.tip().await {
            Ok(tip) => return Ok(tip.chain_id),
            Err(error) if error.recovery() == Recovery::GiveUp || Instant::now() > deadline => {
                return Err(failed(error));
            }
            Err(_coming_up) => sleep(LOOK_AGAIN).await,
        }
    }
}

/// True when a chain id is that of a public network, or looks like one.
fn is_public(chain_id: &str) -> bool {
    let chain_id = chain_id.to_ascii_lowercase();
    PUBLIC.iter().any(|begin| chain_id.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_networks_are_told_by_their_chain_id() {
        for public in [
            "akashnet-2",
            "sandbox-2",
            "sandbox-01",
            "testnet-8",
            "testnet-oracle",
            "edgenet-1",
            "AKASHNET-3",
        ] {
            assert!(is_public(public), "{public}");
        }
        for local in ["local", "localnet", "rayakash-sandbox", "my-testnet", "dev"] {
            assert!(!is_public(local), "{local}");
        }
    }
}
