//! A small world to decide in: three nodes, 6-second blocks, a full wallet.

use std::collections::BTreeMap;

use akash_types::{
    Address, Bid, BidState, Coin, Cpu, Dec, DecCoin, DeploymentId, Dseq, Gpu, GroupSpec, Height, LeaseId,
    Memory, PlacementRequirements, ResourceUnit, Resources, Volume,
};

use crate::act::{Act, Decision, Row};
use crate::check::Violation;
use crate::spec::{self, Cluster, NodeType};
use crate::view::{
    Bidding, Closed, Escrow, History, LeaseFacts, Leased, Loss, Manifest, Offer, Placed, Placement, Pods,
    Ray, Role, Tip, Version, View, Wallet,
};
use crate::{Drawn, Now, Policy, Wanted, check, decide};

pub(crate) const START_MS: u64 = 1_781_208_244_926;

pub(crate) fn version(n: u8) -> Version {
    [n; 32]
}

pub(crate) fn provider(n: u8) -> Address {
    Address::from_bytes(&[n; 20]).unwrap()
}

fn owner() -> Address {
    provider(200)
}

fn deployment(generation: u8) -> DeploymentId {
    DeploymentId::new(owner(), Dseq::new(START_MS - 1_000 + u64::from(generation)).unwrap())
}

pub(crate) fn lease_of(generation: u8) -> LeaseId {
    deployment(generation).group(1).order(1).bid(provider(1)).lease()
}

pub(crate) fn groups() -> Vec<GroupSpec> {
    let resources = Resources {
        id: 1,
        cpu: Cpu { millis: 1_000, attributes: vec![] },
        memory: Memory { bytes: 1 << 30, attributes: vec![] },
        storage: vec![Volume { name: "default".into(), bytes: 1 << 30, attributes: vec![] }],
        gpu: Gpu::default(),
        endpoints: vec![],
    };
    let price = DecCoin::uact(Dec::from_int(10_000));
    let requirements = PlacementRequirements::default();
    vec![GroupSpec {
        name: "ray".into(),
        requirements,
        units: vec![ResourceUnit { resources, count: 3, price }],
    }]
}

pub(crate) fn offer(n: u8, price: u64) -> Offer {
    let bid = Bid {
        id: deployment(1).group(1).order(1).bid(provider(n)),
        state: BidState::Open,
        price: DecCoin::uact(Dec::from_int(price)),
        created_at: Height(101),
        offer: Vec::new(),
        reclamation_window: None,
    };
    Offer { bid, auditors: vec![], reachable: true }
}

pub(crate) fn bidding(opened: u64, offers: Vec<Offer>) -> Placement {
    let ceiling = DecCoin::uact(Dec::from_int(30_000));
    Placement::Bidding(Bidding { deployment: deployment(1), opened: Height(opened), ceiling, offers })
}

pub(crate) fn leased(generation: u8) -> Placement {
    leased_with(generation, |_| {})
}

pub(crate) fn leased_with(generation: u8, change: impl FnOnce(&mut Leased)) -> Placement {
    let mut leased = Leased {
        lease: lease_of(generation),
        since: Height(100),
        price: DecCoin::uact(Dec::from_int(100)),
        version: version(1),
        groups: groups(),
        manifest: Manifest::Accepted(version(1)),
        pods: BTreeMap::from([("ray-head".to_owned(), Pods { wanted: 3, available: 3 })]),
        ray: Ray::Joined { nodes: 3, trouble: None },
        escrow: Escrow::Open(Dec::from_int(100_000_000)),
        leaves_ms: None,
    };
    change(&mut leased);
    Placement::Leased(Box::new(leased))
}

pub(crate) fn lost(generation: u8, loss: Loss) -> Placement {
    Placement::Lost { deployment: deployment(generation), provider: Some(provider(1)), loss }
}

pub(crate) fn closing(generation: u8, done: bool) -> Placement {
    let closed = done.then(|| Closed { refund: Coin::uact(600), cost: Coin::uact(400), dry: false });
    Placement::Closing { deployment: deployment(generation), since: Height(100), closed }
}

pub(crate) struct World {
    wanted: Option<Wanted>,
    view: View,
}

impl World {
    pub(crate) fn new() -> Self {
        let node = |min_workers| NodeType {
            cpus: 1,
            gpus: 0,
            gpu_models: vec![],
            memory: 1 << 30,
            storage: 10 << 30,
            object_store: spec::MIN_OBJECT_STORE,
            min_workers,
            max_workers: min_workers,
            labels: BTreeMap::new(),
            env: BTreeMap::new(),
        };
        let cluster = Cluster {
            name: "quickstart".parse().unwrap(),
            ray: spec::Ray::default(),
            head: "head".parse().unwrap(),
            types: BTreeMap::from([("head".parse().unwrap(), node(0)), ("worker".parse().unwrap(), node(2))]),
            max_workers: 2,
            env: BTreeMap::new(),
            setup: spec::Setup::default(),
            market: spec::Market::default(),
            budget: spec::Budget::default(),
            escrow: spec::Escrow::default(),
            lifetime: spec::Lifetime::default(),
            recovery: spec::Recovery::default(),
            public_dashboard: false,
        };
        let view = View {
            tip: Tip { height: Height(102), time_ms: START_MS, block_ms: 6_000, stalled_since_ms: None },
            wallet: Wallet {
                owner: owner(),
                uact: 1_000_000_000_000,
                uakt: 1_000_000_000,
                locked_since_ms: None,
                paused: false,
            },
            unknown: None,
            frozen: None,
            placements: vec![],
            history: History::default(),
        };
        let wanted = Wanted {
            cluster,
            here: Drawn { groups: groups(), version: version(1) },
            next: Drawn { groups: groups(), version: version(1) },
            ceiling: DecCoin::uact(Dec::from_int(30_000)),
            restart: false,
            written_ms: START_MS - 60_000,
        };
        Self { wanted: Some(wanted), view }
    }

    pub(crate) const fn now_ms(&self) -> u64 {
        self.view.tip.time_ms
    }

    pub(crate) fn unwanted(mut self) -> Self {
        self.wanted = None;
        self
    }

    pub(crate) fn wish(mut self, change: impl FnOnce(&mut Wanted)) -> Self {
        self.wanted.as_mut().map(change);
        self
    }

    pub(crate) fn view<R>(mut self, change: impl FnOnce(&mut View) -> R) -> Self {
        drop(change(&mut self.view));
        self
    }

    /// Moves the chain to a height, header time with it.
    pub(crate) fn height(self, height: u64) -> Self {
        self.view(|v| {
            v.tip.time_ms = START_MS + height.saturating_sub(102) * 6_000;
            v.tip.height = Height(height);
        })
    }

    pub(crate) fn place(self, generation: u32, at: Placement) -> Self {
        self.view(|v| {
            if let Placement::Leased(leased) = &at {
                // A lease whose manifest was accepted twice, just now.
                let sends = vec![(version(1), START_MS); 2];
                v.history
                    .leases
                    .entry(leased.lease.clone())
                    .or_insert(LeaseFacts { sends, ..LeaseFacts::default() });
                if leased.manifest == Manifest::Unsent {
                    v.history.leases.clear();
                }
            }
            v.history.last_generation = generation;
            v.placements.push(Placed { role: Role::Head, generation, at });
        })
    }

    pub(crate) fn facts(self, change: impl FnOnce(&mut LeaseFacts)) -> Self {
        self.view(|v| change(v.history.leases.values_mut().next_back().unwrap()))
    }

    /// Changes the newest lease.
    pub(crate) fn lease(self, change: impl FnOnce(&mut Leased)) -> Self {
        self.view(|v| {
            let Placement::Leased(leased) = &mut v.placements.last_mut().unwrap().at else {
                panic!("no lease")
            };
            change(leased);
        })
    }

    pub(crate) fn probed(self) -> Self {
        let now_ms = self.now_ms();
        self.lease(|l| l.ray = Ray::Probed { nodes: 3, idle_since_ms: Some(now_ms) })
    }

    /// Ready now and before.
    pub(crate) fn ready(self) -> Self {
        let now_ms = self.now_ms();
        self.probed().facts(|f| {
            f.ready.insert(version(1), now_ms - 1_000);
        })
    }

    /// What is found against acts that somebody decided on.
    pub(crate) fn check(&self, acts: Vec<Act>) -> Result<(), Violation> {
        let decision = Decision { row: Row(0), acts, waiting: None };
        check(self.wanted.as_ref().map(|w| &w.cluster), &self.view, &decision)
    }

    pub(crate) fn ceiling_beside(&self) -> Dec {
        crate::ceiling_beside(&self.wanted.as_ref().unwrap().cluster, &self.view).amount
    }

    pub(crate) fn decide(&self) -> Decision {
        let now = Now { unix_ms: self.now_ms() };
        let decision = decide(self.wanted.as_ref(), &self.view, &Policy::default(), now);
        check(self.wanted.as_ref().map(|w| &w.cluster), &self.view, &decision).expect("check finds nothing");
        decision
    }
}
