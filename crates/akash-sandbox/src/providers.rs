//! The sandbox's two providers: started together, killed and started again one by one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use futures_util::future::join_all;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::error::Error;
use crate::home::ProviderInfo;
use crate::market::Keyholder;
use crate::provider::{self, Images, Isolation, Pricing, Provider, ProviderConfig, Timers};
use crate::sandbox::key;

/// The providers of a sandbox. They know the chain by its address only, so it may be a real node.
#[derive(Debug)]
pub struct Providers {
    slots: Mutex<Vec<Slot>>,
    cancel: CancellationToken,
}

#[derive(Debug)]
struct Slot {
    name: &'static str,
    settings: ProviderConfig,
    images: Images,
    timers: Timers,
    running: Option<Provider>,
}

impl Providers {
    /// Starts `config.providers` of them against a node (`http://host:port`), each in a folder of its own under the home.
    /// Their keys ([`Keyholder::PROVIDER_1`], [`Keyholder::PROVIDER_2`]) must have uakt and uact there. `gateways` are the ports
    /// to listen on, 0 for free ones.
    pub async fn start(
        config: &Config,
        isolation: Isolation,
        node: &str,
        gateways: [u16; 2],
        cancel: CancellationToken,
    ) -> Result<Self, Error> {
        let kinds = [(Keyholder::PROVIDER_1, Pricing::low()), (Keyholder::PROVIDER_2, Pricing::high())];
        let images = Images::new(config.cache.clone());
        let images = config.images.iter().fold(images, |all, (name, own)| all.with(name, own.clone()));
        let mut slots = Vec::new();
        for ((holder, pricing), port) in kinds.into_iter().zip(gateways).take(config.providers) {
            let settings = ProviderConfig {
                name: holder.name.to_owned(),
                key: key(&holder)?,
                node: node.to_owned(),
                chain_id: config.genesis.chain_id.clone(),
                home: config.home.join(holder.name),
                cache: config.cache.clone(),
                isolation,
                pricing,
                gateway: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
                cluster: config.cluster.clone(),
            };
            let (images, timers) = (images.clone(), config.timers.clone());
            let mut slot = Slot { name: holder.name, settings, images, timers, running: None };
            slot.start(&cancel).await?;
            slots.push(slot);
        }
        Ok(Self { slots: Mutex::new(slots), cancel })
    }

    /// Where those that run are.
    pub async fn info(&self) -> Vec<ProviderInfo> {
        let slots = self.slots.lock().await;
        let running = slots.iter().filter_map(|s| s.running.as_ref());
        running
            .map(|p| ProviderInfo { address: p.address.to_string(), host_uri: p.host_uri.clone() })
            .collect()
    }

    /// The ports of the gateways, 0 where there is none.
    pub(crate) async fn ports(&self) -> [u16; 2] {
        let mut ports =
            self.slots.lock().await.iter().map(|s| s.settings.gateway.port()).collect::<Vec<_>>().into_iter();
        [ports.next().unwrap_or(0), ports.next().unwrap_or(0)]
    }

    /// Kills a provider and its pods, as a failing machine does; false when there is none with this number, or it is dead.
    pub async fn kill(&self, index: usize) -> bool {
        let killed = self.slots.lock().await.get_mut(index).and_then(|slot| slot.running.take());
        killed.is_some()
    }

    /// Starts a killed provider again, where it was; false when there is none with this number.
    pub async fn restart(&self, index: usize) -> Result<bool, Error> {
        let mut slots = self.slots.lock().await;
        match slots.get_mut(index) {
            Some(slot) if slot.running.is_none() => slot.start(&self.cancel).await.map(|()| true),
            Some(_) => Ok(true),
            None => Ok(false),
        }
    }

    /// Ends all of them and their pods, orderly.
    pub async fn stop(&self) {
        let mut slots = self.slots.lock().await;
        let running = slots.iter_mut().filter_map(|slot| slot.running.take());
        join_all(running.map(Provider::stop)).await;
    }
}

impl Slot {
    async fn start(&mut self, cancel: &CancellationToken) -> Result<(), Error> {
        let (settings, images, timers) = (self.settings.clone(), self.images.clone(), self.timers.clone());
        let started = provider::start_with(settings, images, timers, cancel.child_token()).await;
        let provider = started.map_err(|e| Error::Provider { name: self.name, source: e.into() })?;
        if let Some(port) = provider.host_uri.parse::<http::Uri>().ok().and_then(|uri| uri.port_u16()) {
            self.settings.gateway.set_port(port);
        }
        self.running = Some(provider);
        Ok(())
    }
}
