//! The sandbox's chain over its sockets, by the project's own client and by bare gRPC.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use crate::creation::{creation, paid_by};
use akash_chain::{
    Answer, At, Class, Client, Compatibility, End, Journal as _, MarketFilter, MemoryJournal, Policy, Sender,
};
use akash_proto::akash::{deployment as deployment_proto, market as market_proto};
use akash_sandbox::market::Keyholder;
use akash_sandbox::{Config, Error, Fault, Info, Sandbox, Visit, control, key, run_providers, start};
use akash_types::escrow::{Funding, State as Flow};
use akash_types::msg::{CloseDeployment, CreateBid, CreateLease, CreateProvider, WithdrawLease};
use akash_types::{
    BidState, CloseReason, Coin, Dec, DecCoin, DeploymentState, GroupState, Height, LeaseId, LeaseState, Msg,
    OrderState, Provider, ProviderInfo, UACT, UAKT,
};
use akash_wallet::Allowed;
use cosmos_sdk_proto::cosmos::tx::v1beta1::service_client::ServiceClient as TxClient;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{BroadcastTxRequest, GetTxRequest};
use tokio::net::TcpListener;
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

/// From order to lease; the provider, and the height of the lease.
async fn lease(sandbox: &Sandbox, price: u64) -> (Sender, LeaseId, Height) {
    let tenant = sender(sandbox, &Keyholder::TENANT, Allowed::tenant());
    let provider = sender(sandbox, &Keyholder::PROVIDER_1, Allowed::provider());
    let owner = provider.key().address().clone();
    let bid = creation(1_781_208_244_926).id.group(1).order(1).bid(owner.clone());
    let host_uri = "https://127.0.0.1:8443".into();
    let entry = Provider { owner, host_uri, attributes: vec![], info: ProviderInfo::default() };
    landed(&provider, "register", CreateProvider { provider: entry }, Class::Other).await;
    landed(&tenant, "create", creation(1_781_208_244_926), Class::Create).await;
    let offer = CreateBid {
        id: bid.clone(),
        price: DecCoin::uact(Dec::from_int(price)),
        deposit: Funding::from_balance(Coin::uact(500_000)),
        offer: vec![],
        reclamation_window: None,
    };
    landed(&provider, "bid", offer, Class::Other).await;
    let leased = landed(&tenant, "lease", CreateLease { bid: bid.clone() }, Class::Lease).await;
    (provider, bid.lease(), leased)
}

/// Nobody settles for a hundred blocks: the chain goes on showing the whole deposit.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_told_by_the_height_and_not_by_the_figure() {
    let (_folder, sandbox) = chain().await;
    let client = Client::connect(&[uri(&sandbox)]).unwrap();
    let (provider, lease, leased) = lease(&sandbox, 1_000).await;
    let rate = Dec::from_int(1_000);
    let id = lease.deployment().clone();
    sandbox.market().advance(100).unwrap();
    let tip = client.tip().await.unwrap().height;
    let escrow = client.deployment(&id, At::Height(tip)).await.unwrap().unwrap().escrow;
    assert_eq!((escrow.settled_at, escrow.funds_in(&UACT)), (leased, Dec::from_int(5_000_000)));
    let left = Dec::from_int(5_000_000 - 1_000 * tip.since(leased));
    assert!(tip.since(leased) >= 100);
    assert_eq!(escrow.remaining(&UACT, rate, tip), left);
    assert_eq!(escrow.state, Flow::Open);

    // What the chain itself makes of it when somebody asks for his money.
    let settled = landed(&provider, "withdraw", WithdrawLease { id: lease }, Class::Other).await;
    let after = client.deployment(&id, At::Height(settled)).await.unwrap().unwrap().escrow;
    assert_eq!(after.settled_at, settled);
    assert_eq!(after.funds_in(&UACT), escrow.remaining(&UACT, rate, settled), "as was told before");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_ran_dry_is_read_whole() {
    let (_folder, sandbox) = chain().await;
    let client = Client::connect(&[uri(&sandbox)]).unwrap();
    let (provider, lease, leased) = lease(&sandbox, 10_000).await;
    let id = lease.deployment().clone();
    sandbox.market().advance(510).unwrap();
    let before = client.deployment(&id, At::Latest).await.unwrap().unwrap();
    assert_eq!((before.deployment.state, before.escrow.state), (DeploymentState::Active, Flow::Open));
    let settled = landed(&provider, "withdraw", WithdrawLease { id: lease.clone() }, Class::Other).await;
    let debt = 10_000 * settled.since(leased) - 5_000_000;
    let record = client.deployment(&id, At::Latest).await.unwrap().unwrap();
    assert_eq!(record.deployment.state, DeploymentState::Closed);
    assert_eq!(record.groups[0].state, GroupState::InsufficientFunds);
    assert_eq!(record.escrow.state, Flow::Overdrawn);
    let negative = Dec::ZERO.checked_sub(Dec::from_int(debt)).unwrap();
    assert_eq!(record.escrow.funds_in(&UACT), negative, "what is missing");
    assert!(record.escrow.deposits.is_empty());
    assert_eq!(record.escrow.transferred, [DecCoin::uact(Dec::from_int(5_000_000))]);

    let filter = MarketFilter::deployment(&id);
    assert!(client.leases(&filter, Some(LeaseState::Active), At::Latest).await.unwrap().is_empty());
    let ended = client.leases(&filter, Some(LeaseState::InsufficientFunds), At::Latest).await.unwrap();
    assert_eq!(ended.len(), 1);
    assert_eq!(Some(&ended[0]), client.lease(&lease, At::Latest).await.unwrap().as_ref());
    assert_eq!((ended[0].lease.closed_on, ended[0].lease.reason), (settled, CloseReason::InsufficientFunds));
    let payment = &ended[0].payment;
    assert_eq!((payment.state, payment.unsettled.amount), (Flow::Overdrawn, Dec::from_int(debt)));
    assert_eq!(
        (payment.withdrawn.amount, payment.balance.amount),
        (5_000_000, Dec::ZERO),
        "all that was there"
    );
    sandbox.stop().await;
}

/// A killed node has lost its mempool: who had a transaction in it must send the same bytes again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_node_forgot_lands_after_its_restart() {
    let (folder, sandbox) = chain().await;
    let (info, journal) = (sandbox.info().clone(), Arc::new(MemoryJournal::default()));
    let client = Client::connect(&[uri(&sandbox)]).unwrap();
    let signer = (key(&Keyholder::TENANT).unwrap(), Allowed::tenant());
    let tenant =
        Sender::new(client, signer, info.chain_id.clone(), Arc::clone(&journal) as _, Policy::default());
    sandbox.market().fault(Fault::Halt);
    let work = tenant.carry_out("create", vec![creation(1_781_208_244_926).into()], Class::Create, "");
    let crash = async {
        while sandbox.market().waiting() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let height = sandbox.market().state().height;
        assert!(sandbox.market().state().deployments.is_empty());
        drop(sandbox);
        // Its port is free a moment later; the next start takes it again if it is.
        while TcpListener::bind(info.grpc).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let again = start(config(folder.path(), 0)).await.unwrap();
        assert_eq!(again.grpc(), info.grpc);
        (height, again)
    };
    let both = Box::pin(async { tokio::join!(work, crash) });
    let (end, (before, sandbox)) = tokio::time::timeout(PATIENCE, both).await.expect("it must end");
    let End::Landed { height, hash, .. } = end.unwrap() else { panic!("it must land") };
    assert!(height > before, "no block had it before the end");
    let attempts = journal.of_intent("create").await.unwrap();
    assert_eq!(attempts.iter().map(|a| a.hash).collect::<Vec<_>>(), [hash], "it was signed once");
    let (block, place) = sandbox.market().tx(&hash).unwrap();
    assert_eq!((block.height, &block.txs[place].tx.bytes), (height, &attempts[0].bytes));
    let state = sandbox.market().state();
    let sequence = state.accounts.get(tenant.key().address()).unwrap().sequence;
    assert_eq!((sequence, state.deployments.len()), (1, 1));
    sandbox.stop().await;
}

/// A log with raw bytes of addresses is no UTF-8. A client that cannot read the answer for it would not know that it was refused.
#[tokio::test]
async fn a_refusal_whose_log_is_not_utf8_is_a_refusal() {
    let (_folder, sandbox) = chain().await;
    let nobody = Keyholder::ALL[6].address.parse().unwrap();
    let bytes = paid_by(Some(nobody), &sandbox, creation(1_781_208_244_926), 0);
    let broadcast = Client::connect(&[uri(&sandbox)]).unwrap().broadcast(&bytes).await;
    let [(_, Answer::Rejected(rejection))] = broadcast.answers.as_slice() else { panic!("{broadcast:?}") };
    assert_eq!((rejection.codespace.as_str(), rejection.code), ("sdk", 38), "{rejection}");
    let told = "does not allow to pay fees for ";
    assert!(rejection.log.contains(told) && rejection.log.contains('\u{fffd}'), "{rejection}");
    assert!(broadcast.refused_by_all(|_| true).is_some());

    // A type that wants a text there, as the ordinary crates have it, cannot read the same answer.
    let mut txs = TxClient::new(channel(&sandbox).await);
    let unread = txs.broadcast_tx(BroadcastTxRequest { tx_bytes: bytes, mode: 2 }).await.unwrap_err();
    assert!(unread.message().contains("invalid string value"), "{unread}");
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
