//! The sandbox's chain over its sockets, by the project's own client and by bare gRPC.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use crate::creation::creation;
use akash_chain::{At, Class, Client, Compatibility, End, MarketFilter, MemoryJournal, Policy, Sender};
use akash_proto::akash::{deployment as deployment_proto, market as market_proto};
use akash_sandbox::market::Keyholder;
use akash_sandbox::{Config, Error, Fault, Info, Sandbox, Visit, control, key, run_providers, start};
use akash_types::escrow::Funding;
use akash_types::msg::{CloseDeployment, CreateBid, CreateLease, CreateProvider};
use akash_types::{
    BidState, Coin, Dec, DecCoin, Height, LeaseState, Msg, OrderState, Provider, ProviderInfo, UACT, UAKT,
};
use akash_wallet::Allowed;
use cosmos_sdk_proto::cosmos::tx::v1beta1::service_client::ServiceClient as TxClient;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{BroadcastTxRequest, GetTxRequest};
use tonic::transport::Channel;
use tonic::{Code, Request};

const PATIENCE: Duration = Duration::from_secs(60);

/// A chain without providers, with fast blocks.
async fn chain() -> (tempfile::TempDir, Sandbox) {
    named_chain("rayakash-sandbox").await
}

async fn named_chain(chain_id: &str) -> (tempfile::TempDir, Sandbox) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), 0);
    config.genesis.chain_id = chain_id.to_owned();
    let sandbox = start(config).await.unwrap();
    (folder, sandbox)
}

fn config(folder: &std::path::Path, providers: usize) -> Config {
    let mut config = Config::new(folder.join("home"), folder.join("cache"));
    config.block_time = Duration::from_millis(50);
    config.providers = providers;
    config
}

fn uri(sandbox: &Sandbox) -> String {
    format!("http://{}", sandbox.grpc())
}

async fn channel(sandbox: &Sandbox) -> Channel {
    Channel::from_shared(uri(sandbox)).unwrap().connect().await.unwrap()
}

fn sender(sandbox: &Sandbox, holder: &Keyholder, allowed: Allowed) -> Sender {
    let client = Client::connect(&[uri(sandbox)]).unwrap();
    let signer = (key(holder).unwrap(), allowed);
    let chain_id = sandbox.info().chain_id.clone();
    Sender::new(client, signer, chain_id, Arc::new(MemoryJournal::default()), Policy::default())
}

async fn landed(sender: &Sender, intent: &str, message: impl Into<Msg>, class: Class) -> Height {
    let work = sender.carry_out(intent, vec![message.into()], class, "");
    match tokio::time::timeout(PATIENCE, work).await.expect("it must end").unwrap() {
        End::Landed { height, .. } => height,
        other => panic!("{intent}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_order_to_refund_through_the_real_client() {
    let (_folder, sandbox) = chain().await;
    let client = Client::connect(&[uri(&sandbox)]).unwrap();
    let tenant = sender(&sandbox, &Keyholder::TENANT, Allowed::tenant());
    let provider = sender(&sandbox, &Keyholder::PROVIDER_1, Allowed::provider());
    let me = tenant.key().address().clone();
    let them = provider.key().address().clone();

    let entry = Provider {
        owner: them.clone(),
        host_uri: "https://127.0.0.1:8443".into(),
        attributes: vec![],
        info: ProviderInfo::default(),
    };
    landed(&provider, "register", CreateProvider { provider: entry.clone() }, Class::Other).await;
    assert_eq!(client.provider(&them, At::Latest).await.unwrap(), Some(entry));
    let creation = creation(1_781_208_244_926);
    let id = creation.id.clone();
    let created = landed(&tenant, "create", creation, Class::Create).await;
    let record = client.deployment(&id, At::Latest).await.unwrap().unwrap();
    assert_eq!(record.groups.len(), 1);
    assert_eq!(record.escrow.funds_in(&UACT), Dec::from_int(5_000_000));

    let bid = id.group(1).order(1).bid(them.clone());
    let price = DecCoin::uact("2.5".parse().unwrap());
    let deposit = Funding::from_balance(Coin::uact(500_000));
    landed(
        &provider,
        "bid",
        CreateBid { id: bid.clone(), price: price.clone(), deposit, offer: vec![], reclamation_window: None },
        Class::Other,
    )
    .await;
    let filter = MarketFilter::deployment(&id);
    let bids = client.bids(&filter, Some(BidState::Open), At::Latest).await.unwrap();
    assert_eq!((bids.len(), &bids[0].price), (1, &price));
    let leased = landed(&tenant, "lease", CreateLease { bid: bid.clone() }, Class::Lease).await;
    let lease = client.lease(&bid.lease(), At::Latest).await.unwrap().unwrap();
    assert_eq!((lease.lease.state, &lease.payment.rate), (LeaseState::Active, &price));
    let closed = landed(&tenant, "close", CloseDeployment { id: id.clone() }, Class::Close).await;

    // What the chain took, to the micro-unit, and what it said at an earlier height.
    let cost = price.amount.checked_mul(closed.since(leased)).unwrap().trunc().unwrap();
    assert_eq!(client.balance(&me, &UACT, At::Latest).await.unwrap(), 1_000_000_000_000 - cost);
    let then = client.balance(&me, &UACT, At::Height(created)).await.unwrap();
    assert_eq!(then, 1_000_000_000_000 - 5_000_000);
    let before = At::Height(Height(created.0 - 1));
    assert!(client.deployment(&id, before).await.unwrap().is_none());
    let orders = client.orders(&filter, Some(OrderState::Closed), At::Latest).await.unwrap();
    assert_eq!(orders.len(), 1);

    // The harness's own view is the same.
    let state = sandbox.market().state();
    let fees: u128 = sandbox
        .market()
        .blocks_from(Height(1))
        .iter()
        .flat_map(|b| &b.txs)
        .filter(|d| d.tx.signers() == [&me])
        .flat_map(|d| &d.outcome.fee)
        .map(|c| c.amount)
        .sum();
    assert!(fees > 0);
    assert_eq!(state.balance(&me, &UAKT), 100_000_000_000 - fees);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_and_refusals_do_not_make_a_second_deployment() {
    let (_folder, sandbox) = chain().await;
    let tenant = sender(&sandbox, &Keyholder::TENANT, Allowed::tenant());
    let faults = [Fault::Refuse, Fault::DropAnswer, Fault::DropAnswerAfterCommit, Fault::Delay { ms: 100 }];
    for (number, fault) in (1..).zip(faults) {
        sandbox.market().fault(fault);
        landed(&tenant, &format!("create {number}"), creation(1_781_208_244_926 + number), Class::Create)
            .await;
    }
    let state = sandbox.market().state();
    assert_eq!(state.deployments.len(), 4);
    let sequence = state.accounts.get(tenant.key().address()).unwrap().sequence;
    assert_eq!(sequence, 4, "each landed in one transaction");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_fail_as_a_nodes_do() {
    let (_folder, sandbox) = chain().await;
    let channel = channel(&sandbox).await;
    let mut txs = TxClient::new(channel.clone());
    let hash = "A".repeat(64);
    let missing = txs.get_tx(GetTxRequest { hash: hash.clone() }).await.unwrap_err();
    assert_eq!(
        (missing.code(), missing.message()),
        (Code::NotFound, format!("tx not found: {hash}").as_str())
    );
    let bad = txs.get_tx(GetTxRequest { hash: "zz".into() }).await.unwrap_err();
    assert_eq!((bad.code(), bad.message()), (Code::Unknown, "encoding/hex: invalid byte: U+007A 'z'"));
    let block = BroadcastTxRequest { tx_bytes: vec![], mode: 1 };
    let bad = txs.broadcast_tx(block).await.unwrap_err();
    assert_eq!(bad.message(), "unsupported return type unspecified; supported types: sync, async");

    use deployment_proto::v1beta4::query_client::QueryClient as Deployments;
    let id = creation(1_781_208_244_926).id;
    let query = deployment_proto::v1beta4::QueryDeploymentRequest { id: Some((&id).into()) };
    let mut deployments = Deployments::new(channel.clone());
    let missing = deployments.deployment(query.clone()).await.unwrap_err();
    let text = "codespace deployment code 4: Deployment not found";
    assert_eq!((missing.code(), missing.message()), (Code::NotFound, text));
    let mut future = Request::new(query);
    future.metadata_mut().insert("x-cosmos-block-height", "999999".parse().unwrap());
    let future = deployments.deployment(future).await.unwrap_err();
    assert_eq!(future.code(), Code::Unknown);
    assert!(future.message().starts_with("codespace sdk code 26: invalid height: "), "{}", future.message());

    use market_proto::v1beta5::query_client::QueryClient as Market;
    use market_proto::v1beta5::{OrderFilters, QueryOrdersRequest};
    let list = |state: &str, owner: &str| QueryOrdersRequest {
        filters: Some(OrderFilters { state: state.into(), owner: owner.into(), ..OrderFilters::default() }),
        pagination: None,
    };
    let mut market = Market::new(channel);
    let bad = market.orders(list("nonsense", "")).await.unwrap_err();
    assert_eq!((bad.code(), bad.message()), (Code::InvalidArgument, "invalid state value"));
    let none = market.orders(list("", "nobody")).await.unwrap();
    let tip = sandbox.market().state().height.0;
    let height: u64 =
        none.metadata().get("x-cosmos-block-height").unwrap().to_str().unwrap().parse().unwrap();
    assert!(height <= tip && height + 20 > tip, "answers name their height");
    assert!(none.into_inner().orders.is_empty());
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn controls() {
    let (folder, sandbox) = chain().await;
    let home = folder.path().join("home");
    let controls = control::Client::of_home(&home).unwrap();
    let before = controls.status().await.unwrap();
    assert_eq!((before.pid, before.chain_id.as_str()), (std::process::id(), "rayakash-sandbox"));
    controls.fault(Fault::Halt).await.unwrap();
    let halted = controls.status().await.unwrap();
    assert!(halted.halted);
    let advanced = controls.advance(1_000).await.unwrap();
    assert_eq!(advanced.height, halted.height + 1_000, "only what was asked for");
    assert!(controls.advance(1_000_000).await.is_err());
    let later = advanced.time_ms + 86_400_000;
    controls.set_time(later).await.unwrap();
    assert!(controls.set_time(1).await.is_err());
    controls.fault(Fault::Resume).await.unwrap();
    sandbox.market().reached(Height(advanced.height + 1)).await;
    assert!(controls.status().await.unwrap().time_ms >= later);

    let second = start(config(folder.path(), 0)).await.unwrap_err();
    assert!(matches!(second, Error::Running { pid: Some(_), .. }), "{second}");
    controls.stop().await.unwrap();
    tokio::time::timeout(PATIENCE, sandbox.stop_asked()).await.unwrap();
    let (info, height) = (sandbox.info().clone(), sandbox.market().state().height);
    sandbox.stop().await;
    assert_eq!(Info::read(&home), None);
    assert!(controls.status().await.is_err());

    // The next start is at the same place and goes on.
    let again = start(config(folder.path(), 0)).await.unwrap();
    assert_eq!((again.grpc(), again.control()), (info.grpc, info.control));
    assert!(again.market().state().height >= height);
    drop(again);
    assert_eq!(Info::read(&home), None, "dropping stops too");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_providers_bid_and_differ() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = start(config(folder.path(), 2)).await.unwrap();
    let client = Client::connect(&[uri(&sandbox)]).unwrap();
    let providers = client.providers(At::Latest).await.unwrap();
    let known: Vec<String> = sandbox.info().providers.iter().map(|p| p.host_uri.clone()).collect();
    assert_eq!(providers.len(), 2);
    assert!(providers.iter().all(|p| known.contains(&p.host_uri)));
    let tenant = sender(&sandbox, &Keyholder::TENANT, Allowed::tenant());
    let creation = creation(1_781_208_244_926);
    let filter = MarketFilter::deployment(&creation.id);
    landed(&tenant, "create", creation, Class::Create).await;
    let bids = tokio::time::timeout(PATIENCE, async {
        loop {
            let bids = client.bids(&filter, Some(BidState::Open), At::Latest).await.unwrap();
            if bids.len() == 2 {
                return bids;
            }
            let next = sandbox.market().state().height.plus(1);
            sandbox.market().reached(next).await;
        }
    });
    let bids = bids.await.expect("both bid");
    assert_ne!(bids[0].price, bids[1].price);

    let controls = control::Client::new(sandbox.control());
    controls.kill_provider(0).await.unwrap();
    assert!(controls.kill_provider(0).await.is_err(), "it is dead");
    assert!(controls.kill_provider(7).await.is_err());
    let before = sandbox.info().providers.clone();
    assert_eq!(sandbox.providers().info().await, before[1..]);
    controls.start_provider(0).await.unwrap();
    assert_eq!(sandbox.providers().info().await, before, "it is back where it was");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_node_says_what_it_is_and_after_an_upgrade_that_it_is_another() {
    let (_folder, sandbox) = chain().await;
    let client = Client::connect(&[uri(&sandbox)]).unwrap();
    let about = client.about().await.unwrap();
    assert_eq!(about.chain_id, sandbox.info().chain_id);
    assert_eq!(Compatibility::of(&about).unknown(), [], "{about:?}");
    sandbox.market().fault(Fault::Version { version: "v3.0.0".to_owned() });
    let after = Compatibility::of(&client.about().await.unwrap()).closes_only().unwrap();
    assert_eq!(after, "the node is version v3.0.0, and this program knows v2");
    sandbox.stop().await;
}

#[tokio::test]
async fn providers_without_a_chain_of_their_own_bid_on_anothers() {
    let (folder, sandbox) = named_chain("local").await;
    let client = Client::connect(&[uri(&sandbox)]).unwrap();
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let visiting = Config::new(folder.path().join("visiting"), folder.path().join("cache"));
    let node = uri(&sandbox);
    let visit = run_providers(visiting, &node, |visit| ready.send(visit.clone()).unwrap(), async move {
        drop(stopped.await);
    });
    let bidding = async {
        let visit: Visit = is_ready.await.unwrap();
        assert_eq!(
            (visit.chain_id.as_str(), visit.node.as_str(), visit.providers.len()),
            ("local", &*node, 2)
        );
        let tenant = sender(&sandbox, &Keyholder::TENANT, Allowed::tenant());
        let creation = creation(1_781_208_244_926);
        let filter = MarketFilter::deployment(&creation.id);
        landed(&tenant, "create", creation, Class::Create).await;
        while client.bids(&filter, Some(BidState::Open), At::Latest).await.unwrap().len() < 2 {
            sandbox.market().reached(sandbox.market().state().height.plus(1)).await;
        }
        stop.send(()).unwrap();
    };
    let both = Box::pin(async { tokio::join!(visit, bidding) });
    tokio::time::timeout(PATIENCE, both).await.expect("both bid").0.unwrap();
    sandbox.stop().await;
}

#[tokio::test]
async fn providers_with_public_keys_refuse_a_public_network() {
    for chain_id in ["akashnet-2", "sandbox-2", "testnet-8"] {
        let (folder, sandbox) = named_chain(chain_id).await;
        let visiting = Config::new(folder.path().join("visiting"), folder.path().join("cache"));
        let node = uri(&sandbox);
        let visit = run_providers(visiting, &node, |_| panic!("they went there"), std::future::pending());
        let refused = visit.await.unwrap_err();
        assert!(
            matches!(&refused, Error::PublicNetwork { chain_id: found, .. } if found == chain_id),
            "{refused}"
        );
        let client = Client::connect(&[uri(&sandbox)]).unwrap();
        assert!(client.providers(At::Latest).await.unwrap().is_empty(), "nothing was signed");
        sandbox.stop().await;
    }
}
