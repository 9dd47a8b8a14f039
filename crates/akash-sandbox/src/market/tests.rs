//! The rules of the market, row by row, through signed transactions and blocks.

mod ante;
mod escrow;
mod exchange;
mod grants;
mod hazards;
mod life;
mod recorded;
mod refusals;

use std::sync::LazyLock;

use akash_types::escrow::Funding;
use akash_types::msg::{CreateBid, CreateDeployment, CreateLease, CreateProvider};
use akash_types::{
    Address, BidId, Coin, Cpu, Dec, DecCoin, DeploymentId, Dseq, Endpoint, EndpointKind, Gpu, GroupSpec,
    Height, LeaseId, Memory, Msg, PlacementRequirements, Provider, ProviderInfo, Rejection, ResourceUnit,
    Resources, UACT, UAKT, Volume,
};
use akash_wallet::{Allowed, Draft, Key};

use super::*;

const GAS: u64 = 800_000;
const FEE: u128 = 20_000;
/// Nothing moves by itself: blocks come when a test says so.
const BLOCK_MS: u64 = 6_000;

/// A chain with everybody's keys.
struct World {
    chain: Chain,
    keys: &'static [Key],
}

/// Deriving a key takes a while; these never change.
static KEYS: LazyLock<Vec<Key>> =
    LazyLock::new(|| Keyholder::ALL.iter().map(|holder| crate::key(holder).unwrap()).collect());

/// Who of [`Keyholder::ALL`].
const TENANT: usize = 1;
const PROVIDER: usize = 2;
const PROVIDER_2: usize = 3;
const TREASURY: usize = 4;
const OTHER: usize = 6;

impl World {
    fn new() -> Self {
        let mut world = Self { chain: Chain::new(&Genesis::sandbox("local", 1_000_000)), keys: &KEYS };
        world.blocks(1);
        world
    }

    /// With the two providers registered.
    fn with_providers() -> Self {
        let mut world = Self::new();
        for who in [PROVIDER, PROVIDER_2] {
            let provider = world.provider(who);
            world.ok(who, CreateProvider { provider });
        }
        world
    }

    fn provider(&self, who: usize) -> Provider {
        Provider {
            owner: self.address(who),
            host_uri: "https://127.0.0.1:8443".into(),
            attributes: vec![],
            info: ProviderInfo::default(),
        }
    }

    fn address(&self, who: usize) -> Address {
        self.keys[who].address().clone()
    }

    fn blocks(&mut self, count: u64) {
        for _ in 0..count {
            let time = self.chain.state().time_ms + BLOCK_MS;
            let proposal = self.chain.propose(time);
            self.chain.commit(proposal);
        }
    }

    /// What the account would send next, not signed yet. Counts what already waits in the mempool.
    fn draft(&self, who: usize, messages: Vec<Msg>) -> Draft {
        let state = self.chain.state();
        let account = state.accounts.get(self.keys[who].address()).unwrap();
        Draft {
            messages,
            memo: String::new(),
            timeout_height: state.height.plus(20),
            gas: GAS,
            fee: Coin::uakt(FEE),
            account_number: account.number,
            sequence: account.sequence,
            granter: None,
        }
    }

    fn sign(&self, who: usize, draft: &Draft) -> Vec<u8> {
        let lists = [Allowed::tenant(), Allowed::provider(), Allowed::treasury()];
        let fits = |list: &Allowed| draft.messages.iter().all(|m| list.permits(m));
        let list = lists.into_iter().find(fits).unwrap();
        self.keys[who].sign(draft, "local", &list).unwrap().bytes
    }

    /// Broadcasts; a block is not made.
    fn broadcast(&mut self, who: usize, messages: Vec<Msg>) -> Result<TxHash, Rejection> {
        let draft = self.draft(who, messages);
        let bytes = self.sign(who, &draft);
        self.chain.check(&bytes)
    }

    /// Broadcasts and makes the block.
    fn send(&mut self, who: usize, messages: Vec<Msg>) -> Result<Outcome, Rejection> {
        let hash = self.broadcast(who, messages)?;
        self.blocks(1);
        Ok(self.outcome(&hash))
    }

    fn outcome(&self, hash: &TxHash) -> Outcome {
        self.chain.tx(hash).unwrap().1.outcome.clone()
    }

    fn ok(&mut self, who: usize, message: impl Into<Msg>) -> Outcome {
        let outcome = self.send(who, vec![message.into()]).unwrap();
        assert_eq!(outcome.rejection, None);
        outcome
    }

    /// Refused in a block: the fee is gone and the sequence used.
    fn delivered_refusal(&mut self, who: usize, message: impl Into<Msg>) -> Rejection {
        let before = self.chain.state().accounts.get(&self.address(who)).unwrap().sequence;
        let outcome = self.send(who, vec![message.into()]).unwrap();
        let after = self.chain.state().accounts.get(&self.address(who)).unwrap().sequence;
        assert_eq!(after, before + 1, "a failed transaction uses its sequence");
        outcome.rejection.expect("it must be refused")
    }

    fn uact(&self, who: usize) -> u128 {
        self.chain.state().balance(&self.address(who), &UACT)
    }

    fn uakt(&self, who: usize) -> u128 {
        self.chain.state().balance(&self.address(who), &UAKT)
    }

    fn height(&self) -> Height {
        self.chain.state().height
    }

    fn deployment(&self, dseq: u64) -> DeploymentId {
        DeploymentId::new(self.address(TENANT), Dseq::new(dseq).unwrap())
    }

    /// A deployment of one group at most `10` a replica and block.
    fn create(&mut self, dseq: u64, deposit: u128) -> DeploymentId {
        let id = self.deployment(dseq);
        self.ok(TENANT, creation(&id, deposit));
        id
    }

    fn bid(&mut self, who: usize, id: &DeploymentId, price: &str) -> BidId {
        let bid = id.group(1).order(1).bid(self.address(who));
        self.ok(who, offer(&bid, price));
        bid
    }

    /// Everything up to a lease with the first provider.
    fn lease(&mut self, dseq: u64, deposit: u128, price: &str) -> LeaseId {
        let id = self.create(dseq, deposit);
        let bid = self.bid(PROVIDER, &id, price);
        self.ok(TENANT, CreateLease { bid: bid.clone() });
        bid.lease()
    }
}

fn dec(text: &str) -> Dec {
    text.parse().unwrap()
}

fn creation(id: &DeploymentId, deposit: u128) -> CreateDeployment {
    CreateDeployment {
        id: id.clone(),
        groups: vec![group("g1", 100_000)],
        hash: [7; 32],
        deposit: Funding::from_balance(Coin::uact(deposit)),
        reclamation: None,
    }
}

fn offer(bid: &BidId, price: &str) -> CreateBid {
    CreateBid {
        id: bid.clone(),
        price: DecCoin::uact(dec(price)),
        deposit: Funding::from_balance(Coin::uact(500_000)),
        offer: vec![],
        reclamation_window: None,
    }
}

/// Two small replicas.
fn group(name: &str, price: u64) -> GroupSpec {
    let resources = Resources {
        id: 1,
        cpu: Cpu { millis: 500, attributes: vec![] },
        memory: Memory { bytes: 512 << 20, attributes: vec![] },
        storage: vec![Volume { name: "default".into(), bytes: 512 << 20, attributes: vec![] }],
        gpu: Gpu::default(),
        endpoints: vec![Endpoint { kind: EndpointKind::SharedHttp, sequence_number: 0 }],
    };
    let unit = ResourceUnit { resources, count: 2, price: DecCoin::uact(Dec::from_int(price)) };
    GroupSpec { name: name.into(), requirements: PlacementRequirements::default(), units: vec![unit] }
}

fn code(rejection: &Rejection) -> (&str, u32) {
    (&rejection.codespace, rejection.code)
}
