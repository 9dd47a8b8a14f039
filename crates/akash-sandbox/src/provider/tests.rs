//! A provider on the sandbox's own chain: a tenant's deployments from order to close, seen from both sides.

use std::sync::Arc;
use std::time::Duration;

use akash_chain::{At, Class, Client, MarketFilter, MemoryJournal, Policy, Sender};
use akash_provider::{BoxError, ChainCertificates, Gateway, Identity, LeaseStatus, PutError};
use akash_sdl::Sdl;
use akash_types::escrow::Funding;
use akash_types::msg::{CloseDeployment, CloseLease, CreateDeployment, CreateLease};
use akash_types::{
    Address, BidState, Certificate, CloseReason, Coin, DeploymentId, Dseq, LeaseId, LeaseState, Msg,
};
use akash_wallet::{Allowed, Claims, Key, Scope, Token};
use async_trait::async_trait;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::unix_millis;
use crate::market::Keyholder;
use crate::{Config, Sandbox};

/// One sandbox without providers of its own, one provider of ours, one tenant.
struct World {
    sandbox: Sandbox,
    home: TempDir,
    client: Client,
    tenant: Sender,
    key: Key,
}

struct OnChain(Client);

#[async_trait]
impl ChainCertificates for OnChain {
    async fn certificates(&self, owner: &Address) -> Result<Vec<Certificate>, BoxError> {
        Ok(self.0.certificates(owner, None, None, At::Latest).await?)
    }
}

fn quick() -> Timers {
    Timers { monitor: Duration::from_millis(50), tries: 3, ..Timers::default() }
}

fn sdl(script: &str) -> Sdl {
    Sdl::parse(&format!(
        r#"
version: "2.0"
services:
  web:
    image: test/sh
    command: ["/bin/sh", "-c"]
    args: ["{script}"]
    expose:
      - port: 8080
        as: 9000
        to: [{{global: true}}]
profiles:
  compute:
    small:
      resources:
        cpu: {{units: 0.1}}
        memory: {{size: 64Mi}}
        storage: {{size: 64Mi}}
  placement:
    here:
      pricing:
        small: {{denom: uact, amount: 100}}
deployment:
  web:
    here: {{profile: small, count: 1}}
"#
    ))
    .unwrap()
}

impl World {
    async fn new() -> Self {
        let home = TempDir::new().unwrap();
        let config = Config {
            providers: 0,
            block_time: Duration::from_millis(100),
            ..Config::new(home.path().join("chain"), home.path().join("cache"))
        };
        let sandbox = crate::start(config).await.unwrap();
        let client = Client::connect(&[format!("http://{}", sandbox.grpc())]).unwrap();
        let key = crate::key(&Keyholder::TENANT).unwrap();
        let journal = Arc::new(MemoryJournal::default());
        let chain_id = sandbox.info().chain_id.clone();
        let signer = (key.clone(), Allowed::tenant());
        let tenant = Sender::new(client.clone(), signer, chain_id, journal, Policy::default());
        Self { sandbox, home, client, tenant, key }
    }

    async fn provider(&self, timers: Timers) -> Provider {
        let config = ProviderConfig {
            name: "ours".into(),
            key: crate::key(&Keyholder::PROVIDER_1).unwrap(),
            node: format!("http://{}", self.sandbox.grpc()),
            chain_id: self.sandbox.info().chain_id.clone(),
            home: self.home.path().join("ours"),
            cache: self.home.path().join("cache"),
            isolation: Isolation::Host,
            pricing: Pricing::low(),
            gateway: SocketAddr::from(([127, 0, 0, 1], 0)),
            cluster: Cluster::default(),
        };
        let images = Images::new(config.cache.clone()).with("test/sh", Environment::default());
        start_with(config, images, timers, CancellationToken::new()).await.unwrap()
    }

    async fn send(&self, intent: &str, message: impl Into<Msg>) {
        let end = self.tenant.carry_out(intent, vec![message.into()], Class::Other, "").await.unwrap();
        assert!(end.is_landed(), "{intent}: {end:?}");
    }

    async fn order(&self, dseq: u64, sdl: &Sdl) -> DeploymentId {
        let id = DeploymentId::new(self.key.address().clone(), Dseq::new(dseq).unwrap());
        let deposit = Funding::from_balance(Coin::uact(5_000_000));
        let (groups, hash) = (sdl.groups().unwrap(), sdl.manifest().unwrap().hash());
        self.send(
            &format!("create {dseq}"),
            CreateDeployment { id: id.clone(), groups, hash, deposit, reclamation: None },
        )
        .await;
        id
    }

    async fn lease(&self, id: &DeploymentId) -> LeaseId {
        let filter = MarketFilter::deployment(id);
        let bid = until("a bid", async || {
            self.client.bids(&filter, Some(BidState::Open), At::Latest).await.unwrap().pop()
        })
        .await;
        self.send(&format!("lease {}", bid.id), CreateLease { bid: bid.id.clone() }).await;
        bid.id.lease()
    }

    async fn close(&self, id: &DeploymentId) {
        self.send(&format!("close {id}"), CloseDeployment { id: id.clone() }).await;
    }

    /// Waits until the lease is closed; says why it was.
    async fn closed(&self, lease: &LeaseId) -> CloseReason {
        until("the close of the lease", async || {
            let lease = self.client.lease(lease, At::Latest).await.unwrap().unwrap().lease;
            (lease.state == LeaseState::Closed).then_some(lease.reason)
        })
        .await
    }

    fn gateway(&self, provider: &Provider) -> Gateway {
        let identity = Identity::of_chain(Arc::new(OnChain(self.client.clone())));
        Gateway::new(&provider.host_uri, provider.address.clone(), &identity).unwrap()
    }

    fn token(&self, lease: &LeaseId) -> Token {
        self.key.token(&Claims {
            provider: lease.provider.clone(),
            dseq: lease.deployment().dseq,
            scopes: vec![Scope::SendManifest, Scope::Status],
            services: vec!["web".into()],
            issued_at: unix_millis() / 1000,
            lifetime: 600,
        })
    }

    async fn put(&self, gateway: &Gateway, lease: &LeaseId, sdl: &Sdl) -> Result<(), PutError> {
        gateway.put_manifest(lease.deployment().dseq, &sdl.manifest().unwrap(), &self.token(lease)).await
    }

    async fn ready(&self, gateway: &Gateway, lease: &LeaseId) -> LeaseStatus {
        until("a running pod", async || {
            let status = gateway.lease_status(lease, &self.token(lease)).await.ok()?;
            (status.services["web"].ready_replicas == 1).then_some(status)
        })
        .await
    }
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("in vain: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_from_order_to_close() {
    let world = World::new().await;
    let provider = world.provider(quick()).await;
    let sdl = sdl("exec sleep 1000");
    let id = world.order(1_795_547_241_001, &sdl).await;
    let lease = world.lease(&id).await;
    assert_eq!(lease.provider, provider.address);
    let gateway = world.gateway(&provider);
    assert_eq!(gateway.address().await.unwrap(), provider.address);
    world.put(&gateway, &lease, &sdl).await.unwrap();
    let before = world.ready(&gateway, &lease).await;
    let pods = provider.book.pods(&lease).unwrap().pods();
    let main = pods[0].main().unwrap();

    // A restart in good order: the pod is another one, its node port is the same.
    provider.stop().await;
    assert!(!main.runs());
    let provider = world.provider(quick()).await;
    let gateway = world.gateway(&provider);
    let after = world.ready(&gateway, &lease).await;
    let port = |status: &LeaseStatus| status.forwarded_ports["web"][0].external_port;
    assert_eq!(port(&before), port(&after));
    let main = provider.book.pods(&lease).unwrap().pods()[0].main().unwrap();
    assert!(main.runs());

    world.close(&id).await;
    until("the end of the pods", async || provider.book.pods(&lease).is_none().then_some(())).await;
    assert!(!main.runs());
    provider.stop().await;
    world.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_without_a_manifest_is_given_up() {
    let world = World::new().await;
    let provider = world.provider(Timers { manifest: Duration::from_millis(500), ..quick() }).await;
    let id = world.order(1_795_547_241_002, &sdl("exec sleep 1000")).await;
    let lease = world.lease(&id).await;
    assert_eq!(world.closed(&lease).await, CloseReason::ManifestTimeout);
    provider.stop().await;
    world.sandbox.stop().await;
}

/// The provider remembers what the deployment's first lease ran, and runs it for the second one unasked. It waits for a manifest all
/// the same: whoever sends none, since everything runs, loses the lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_lease_runs_what_was_kept_and_is_given_up_all_the_same() {
    let world = World::new().await;
    let provider = world.provider(Timers { manifest: Duration::from_secs(5), ..Timers::default() }).await;
    let gateway = world.gateway(&provider);
    let sdl = sdl("exec sleep 1000");
    let mut second = Vec::new();
    // The one that sends its manifest again is the older: when the other is given up, its time would be over too.
    for (dseq, sends_again) in [(1_795_547_241_005, true), (1_795_547_241_006, false)] {
        let id = world.order(dseq, &sdl).await;
        let first = world.lease(&id).await;
        world.put(&gateway, &first, &sdl).await.unwrap();
        world.ready(&gateway, &first).await;
        world.send(&format!("end {id}"), CloseLease { id: first.clone() }).await;
        let lease = world.lease(&id).await;
        assert_eq!((&lease.provider, lease.order.oseq), (&first.provider, 2));
        if sends_again {
            world.put(&gateway, &lease, &sdl).await.unwrap();
        }
        world.ready(&gateway, &lease).await;
        second.push(lease);
    }
    assert_eq!(world.closed(&second[1]).await, CloseReason::ManifestTimeout);
    until("the end of the pods", async || provider.book.pods(&second[1]).is_none().then_some(())).await;
    let kept = world.client.lease(&second[0], At::Latest).await.unwrap().unwrap().lease;
    assert_eq!(kept.state, LeaseState::Active);
    world.ready(&gateway, &second[0]).await;
    provider.stop().await;
    world.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_whose_pods_keep_failing_is_given_up() {
    let world = World::new().await;
    let provider = world.provider(quick()).await;
    let sdl = sdl("exit 1");
    let id = world.order(1_795_547_241_003, &sdl).await;
    let lease = world.lease(&id).await;
    world.put(&world.gateway(&provider), &lease, &sdl).await.unwrap();
    assert_eq!(world.closed(&lease).await, CloseReason::Unstable);
    until("the end of the pods", async || provider.book.pods(&lease).is_none().then_some(())).await;
    provider.stop().await;
    world.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bid_that_nobody_takes_is_closed_and_not_made_again() {
    let world = World::new().await;
    let provider = world.provider(Timers { bid: Duration::from_millis(300), ..quick() }).await;
    let id = world.order(1_795_547_241_004, &sdl("exec sleep 1000")).await;
    let filter = MarketFilter::deployment(&id);
    let closed = async || world.client.bids(&filter, Some(BidState::Closed), At::Latest).await.unwrap();
    let bid = until("the end of the bid", async || closed().await.pop()).await;
    let height = world.client.tip().await.unwrap().height;
    until("five more blocks", async || {
        (world.client.tip().await.unwrap().height.0 > height.0 + 5).then_some(())
    })
    .await;
    assert_eq!(world.client.bids(&filter, None, At::Latest).await.unwrap(), closed().await);
    assert_eq!(closed().await, [bid]);
    provider.stop().await;
    world.sandbox.stop().await;
}
