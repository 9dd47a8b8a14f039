//! What the sandbox's chain does in a second: messages of the market model alone, transactions from the check to the block, and queries
//! over gRPC, with many deployments in the market.

use std::error::Error;
use std::time::Duration;

use akash_proto::akash::deployment::v1beta4::query_client::QueryClient;
use akash_proto::akash::deployment::v1beta4::{
    DeploymentFilters, QueryDeploymentRequest, QueryDeploymentsRequest,
};
use akash_sandbox::market::{Chain, Genesis, Keyholder, State, apply};
use akash_sandbox::{Config, Sandbox};
use akash_types::escrow::Funding;
use akash_types::msg::{CloseDeployment, CreateBid, CreateDeployment, CreateLease, WithdrawLease};
use akash_types::{
    Address, BidId, Coin, Cpu, Dec, DecCoin, DeploymentId, Dseq, Gpu, GroupSpec, Memory, Msg,
    PlacementRequirements, Provider, ProviderInfo, ResourceUnit, Resources, Volume,
};
use akash_wallet::{Allowed, Draft, Key};
use rayakash_tests::report::say;
use tokio::time::Instant;
use tonic::transport::Channel;

const DEFAULT: u64 = 10_000;
/// The first dseq; all have as many digits.
const DSEQ: u64 = 1_900_000_000_000;
/// Transactions of a block.
const BLOCK: usize = 100;
/// So many transactions are signed and sent.
const SIGNED: u64 = 2_000;
/// So long each kind of query is asked.
const ASKED: Duration = Duration::from_secs(3);
/// So many clients ask at once.
const CLIENTS: usize = 4;

/// How many deployments were asked for; `None`: the words are not about this bench.
pub(crate) fn wanted(words: &[&str]) -> Option<u64> {
    match words {
        ["chain"] => Some(DEFAULT),
        ["chain", "--deployments", number] => number.parse().ok().filter(|n| *n > 0),
        _ => None,
    }
}

/// Measures, and prints a line for each figure.
pub(crate) async fn bench(deployments: u64) -> Result<bool, Box<dyn Error>> {
    say(&format!("a market of {deployments} deployments, in one thread unless told otherwise"));
    model(deployments)?;
    transactions()?;
    queries(deployments).await?;
    Ok(true)
}

fn owner() -> Result<Address, Box<dyn Error>> {
    Ok(Keyholder::TENANT.address.parse()?)
}

fn provider() -> Result<Address, Box<dyn Error>> {
    Ok(Keyholder::PROVIDER_1.address.parse()?)
}

fn deployment(n: u64) -> Result<DeploymentId, Box<dyn Error>> {
    Ok(DeploymentId::new(owner()?, Dseq::new(DSEQ + n).ok_or("a dseq")?))
}

fn bid(n: u64) -> Result<BidId, Box<dyn Error>> {
    Ok(deployment(n)?.group(1).order(1).bid(provider()?))
}

fn create(n: u64) -> Result<CreateDeployment, Box<dyn Error>> {
    let resources = Resources {
        id: 1,
        cpu: Cpu { millis: 500, attributes: vec![] },
        memory: Memory { bytes: 512 << 20, attributes: vec![] },
        storage: vec![Volume { name: "default".into(), bytes: 512 << 20, attributes: vec![] }],
        gpu: Gpu::default(),
        endpoints: vec![],
    };
    let unit = ResourceUnit { resources, count: 1, price: DecCoin::uact(Dec::from_int(10)) };
    let requirements = PlacementRequirements::default();
    Ok(CreateDeployment {
        id: deployment(n)?,
        groups: vec![GroupSpec { name: "g1".into(), requirements, units: vec![unit] }],
        hash: [7; 32],
        deposit: Funding::from_balance(Coin::uact(500_000)),
        reclamation: None,
    })
}

fn offer(n: u64) -> Result<CreateBid, Box<dyn Error>> {
    Ok(CreateBid {
        id: bid(n)?,
        price: DecCoin::uact(Dec::from_int(2)),
        deposit: Funding::from_balance(Coin::uact(500_000)),
        offer: vec![],
        reclamation_window: None,
    })
}

/// A chain whose tenant and provider can pay for everything.
fn genesis() -> Result<Genesis, Box<dyn Error>> {
    let mut genesis = Genesis::sandbox("local", 1_000_000);
    for holder in &mut genesis.accounts {
        holder.coins = vec![Coin::uact(1 << 60), Coin::uakt(1 << 60)];
    }
    genesis.providers = vec![Provider {
        owner: provider()?,
        host_uri: "https://127.0.0.1:8443".into(),
        attributes: vec![],
        info: ProviderInfo::default(),
    }];
    Ok(genesis)
}

/// The model alone: every message of a deployment's life, one after the other over all deployments.
fn model(deployments: u64) -> Result<(), Box<dyn Error>> {
    type Step = fn(u64) -> Result<Msg, Box<dyn Error>>;
    let steps: [(&str, Step); 5] = [
        ("CreateDeployment", |n| Ok(create(n)?.into())),
        ("CreateBid", |n| Ok(offer(n)?.into())),
        ("CreateLease", |n| Ok(CreateLease { bid: bid(n)? }.into())),
        ("WithdrawLease", |n| Ok(WithdrawLease { id: bid(n)?.lease() }.into())),
        ("CloseDeployment", |n| Ok(CloseDeployment { id: deployment(n)? }.into())),
    ];
    let mut state: State = genesis()?.state();
    let mut all = Duration::ZERO;
    for (name, message) in steps {
        state.height = state.height.plus(10);
        let messages: Vec<Msg> = (0..deployments).map(message).collect::<Result<_, _>>()?;
        let began = Instant::now();
        for message in &messages {
            state = apply(&state, message).map_err(|e| format!("{name}: {e}"))?;
        }
        let took = began.elapsed();
        all += took;
        tell(&format!("model, {name}"), deployments, took, "messages");
    }
    tell("model, all messages", deployments * 5, all, "messages");
    Ok(())
}

/// Transactions of one message: checked with their signature, put into blocks of a hundred, carried out.
fn transactions() -> Result<(), Box<dyn Error>> {
    let mut chain = Chain::new(&genesis()?);
    let key = akash_sandbox::key(&Keyholder::TENANT)?;
    let signed: Vec<Vec<u8>> = (0..SIGNED).map(|n| sign(&chain, &key, n)).collect::<Result<_, _>>()?;
    let (mut checked, mut carried_out) = (Duration::ZERO, Duration::ZERO);
    for block in signed.chunks(BLOCK) {
        let began = Instant::now();
        for tx in block {
            chain.check(tx).map_err(|e| e.to_string())?;
        }
        checked += began.elapsed();
        let began = Instant::now();
        let proposal = chain.propose(chain.state().time_ms + 1_000);
        chain.commit(proposal);
        carried_out += began.elapsed();
    }
    tell("transactions, checked", SIGNED, checked, "transactions");
    tell("transactions, carried out", SIGNED, carried_out, "transactions");
    tell("transactions, both", SIGNED, checked + carried_out, "transactions");
    Ok(())
}

fn sign(chain: &Chain, key: &Key, n: u64) -> Result<Vec<u8>, Box<dyn Error>> {
    let account = chain.state().accounts.get(key.address()).ok_or("an account")?;
    let draft = Draft {
        messages: vec![create(n)?.into()],
        memo: String::new(),
        timeout_height: chain.state().height.plus(1_000_000),
        gas: 800_000,
        fee: Coin::uakt(20_000),
        account_number: account.number,
        sequence: account.sequence + n,
        granter: None,
    };
    Ok(key.sign(&draft, "local", &Allowed::tenant()).map_err(|e| e.to_string())?.bytes)
}

/// Queries over gRPC, several clients at once on the machine's cores.
async fn queries(deployments: u64) -> Result<(), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let sandbox = filled(home.path(), deployments).await?;
    let channel = Channel::from_shared(format!("http://{}", sandbox.grpc()))?.connect().await?;
    let one = |n: u64| QueryDeploymentRequest { id: deployment(n % deployments).ok().map(|id| (&id).into()) };
    let asked = ask(&channel, |mut client, n| {
        let query = one(n);
        async move { client.deployment(query).await.map(drop) }
    })
    .await?;
    tell(&format!("queries, one deployment, {CLIENTS} clients"), asked, ASKED, "queries");
    let owner = owner()?.to_string();
    let asked = ask(&channel, |mut client, _| {
        let filters = DeploymentFilters { owner: owner.clone(), dseq: 0, state: "active".to_owned() };
        async move {
            let query = QueryDeploymentsRequest { filters: Some(filters), pagination: None };
            client.deployments(query).await.map(drop)
        }
    })
    .await?;
    tell(&format!("queries, a page of 100, {CLIENTS} clients"), asked, ASKED, "queries");
    sandbox.stop().await;
    Ok(())
}

/// A sandbox with so many deployments.
async fn filled(home: &std::path::Path, deployments: u64) -> Result<Sandbox, Box<dyn Error>> {
    let mut config = Config::new(home.join("sandbox"), home.join("cache"));
    config.genesis = Genesis { chain_id: "local".to_owned(), ..genesis()? };
    config.providers = 0;
    config.block_time = Duration::from_secs(1_000_000);
    let sandbox = akash_sandbox::start(config).await?;
    let chain = Chain::new(&genesis()?);
    let key = akash_sandbox::key(&Keyholder::TENANT)?;
    for n in 0..deployments {
        let tx = sign(&chain, &key, n)?;
        sandbox.market().check(&tx).map_err(|e| e.to_string())?;
        if n % 1_000 == 999 {
            sandbox.market().make_block()?;
        }
    }
    sandbox.market().make_block()?;
    Ok(sandbox)
}

/// Asks for a while with several clients; how many answers came.
async fn ask<F, A>(channel: &Channel, question: F) -> Result<u64, Box<dyn Error>>
where
    F: Fn(QueryClient<Channel>, u64) -> A,
    A: Future<Output = Result<(), tonic::Status>>,
{
    let until = Instant::now() + ASKED;
    let client = |first: u64| {
        let (channel, question) = (channel.clone(), &question);
        async move {
            let mut answers = 0;
            while Instant::now() < until {
                question(QueryClient::new(channel.clone()), first + answers * 7).await?;
                answers += 1;
            }
            Ok::<u64, tonic::Status>(answers)
        }
    };
    let (a, b, c, d) = tokio::try_join!(client(0), client(1_000), client(2_000), client(3_000))?;
    Ok(a + b + c + d)
}

fn tell(what: &str, count: u64, took: Duration, unit: &str) {
    let nanos = took.as_nanos().max(1);
    let rate = u128::from(count) * 1_000_000_000 / nanos;
    let each = nanos / u128::from(count.max(1));
    say(&format!(
        "{what:<44} {rate:>9} {unit} a second, {:>6}.{:02} \u{b5}s each",
        each / 1_000,
        each % 1_000 / 10
    ));
}
