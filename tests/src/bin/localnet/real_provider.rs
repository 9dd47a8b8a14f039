//! The real provider daemon, beside ours, when its binary and a Kubernetes are at hand.
//!
//! The cluster needs what the provider always needs: its inventory and hostname operators. The flags are those of a run against such a
//! cluster; periods are short, because a test has no patience.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use akash_chain::{At, Client};
use akash_sandbox::market::Keyholder;
use rayakash_testkit::{Error, Process, until};
use tokio::net::TcpStream;

use crate::binaries::Provider;
use crate::cli::Cli;
use crate::genesis::CHAIN_ID;
use crate::group::Group;
use crate::node::{Node, add_key};

/// Its account: the second provider of the mnemonic, which ours then leaves to it.
const ACCOUNT: &Keyholder = &Keyholder::PROVIDER_2;
const KEY: &str = "provider-2";

/// A real provider that is registered and listens. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct RealProvider(Group);

impl RealProvider {
    pub(crate) async fn start(provider: &Provider, node: &Node, folder: &Path) -> Result<Self, Error> {
        let mut akash = node.cli().clone();
        let signing = [
            ("AKASH_NODE", node.rpc()),
            ("AKASH_CHAIN_ID", CHAIN_ID.to_owned()),
            ("AKASH_GAS", "auto".to_owned()),
            ("AKASH_GAS_ADJUSTMENT", "2".to_owned()),
            ("AKASH_GAS_PRICES", "0.025uakt".to_owned()),
            ("AKASH_YES", "true".to_owned()),
        ];
        add_key(&akash, KEY, ACCOUNT.index).await?;
        for (name, value) in signing.clone() {
            akash.set(name, value);
        }
        let gateway = free_port()?;
        register(&akash, gateway, folder).await?;
        let mut daemon = Cli::new("PROVIDER_SERVICES_BIN", &provider.binary, folder, akash.patience())?;
        for (name, value) in signing {
            daemon.set(name, value);
        }
        let group = Group::start(
            daemon.command(&flags(provider, gateway)?.iter().map(String::as_str).collect::<Vec<_>>()),
            &folder.join("provider.log"),
        )?;
        let started = Self(group);
        started.serves(node, gateway, akash.patience()).await?;
        Ok(started)
    }

    pub(crate) const fn process(&self) -> Option<Process> {
        self.0.process()
    }

    /// Lets it run on.
    pub(crate) fn keep(self) {
        self.0.keep();
    }

    pub(crate) async fn stop(self) -> Result<(), Error> {
        self.0.stop().await
    }

    async fn serves(
        &self,
        node: &Node,
        gateway: SocketAddr,
        patience: std::time::Duration,
    ) -> Result<(), Error> {
        let client = Client::connect(&[node.grpc()])?;
        let me =
            ACCOUNT.address.parse().map_err(|_| Error::Wrong(format!("no address: {}", ACCOUNT.address)))?;
        until("the real provider is registered and listens", patience, async || {
            if !self.0.runs() {
                return Err(Error::Wrong(format!("`provider-services run` ended:\n{}", self.0.tail())));
            }
            let known = client.provider(&me, At::Latest).await?.is_some();
            Ok((known && TcpStream::connect(gateway).await.is_ok()).then_some(()))
        })
        .await
    }
}

/// Its certificate and its entry on chain.
async fn register(akash: &Cli, gateway: SocketAddr, folder: &Path) -> Result<(), Error> {
    let entry = folder.join("provider.yaml");
    let text = format!("host: https://{gateway}\nattributes:\n  - key: region\n    value: local\n");
    std::fs::write(&entry, text).map_err(Error::io(format!("writing {}", entry.display())))?;
    akash.run(&["tx", "cert", "generate", "server", "127.0.0.1", "--from", KEY]).await?;
    akash.run(&["tx", "cert", "publish", "server", "--from", KEY]).await?;
    akash.run(&["tx", "provider", "create", &entry.display().to_string(), "--from", KEY]).await
}

fn flags(provider: &Provider, gateway: SocketAddr) -> Result<Vec<String>, Error> {
    let own = [
        ("--kubeconfig", provider.kubeconfig.display().to_string()),
        ("--gateway-listen-address", gateway.to_string()),
        ("--gateway-grpc-listen-address", free_port()?.to_string()),
    ];
    let fixed = [
        ("--from", KEY),
        ("--cluster-k8s", "true"),
        ("--cluster-public-hostname", "127.0.0.1"),
        ("--deployment-ingress-static-hosts", "true"),
        ("--deployment-ingress-domain", "ingress.localhost"),
        ("--deployment-runtime-class", "none"),
        ("--bid-price-strategy", "scale"),
        ("--bid-price-cpu-scale", "0.001"),
        ("--bid-price-memory-scale", "0.001"),
        ("--bid-price-storage-scale", "0.0001"),
        ("--persistent-config-backend", "memory"),
        ("--bid-timeout", "1m"),
    ];
    let all = own.into_iter().chain(fixed.map(|(name, value)| (name, value.to_owned())));
    Ok(["run".to_owned()].into_iter().chain(all.map(|(name, value)| format!("{name}={value}"))).collect())
}

fn free_port() -> Result<SocketAddr, Error> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    free.map_err(Error::io("finding a free port"))
}
