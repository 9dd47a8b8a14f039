//! The first state of a chain: who has what.

use std::sync::LazyLock;

use akash_types::{Address, Certificate, Coin, Height, Provider, Rejection};

use super::bme::Exchange;
use super::oracle::Oracle;
use super::refuse::panic;
use super::state::{Account, Params, State};

/// The account that collects fees.
pub(crate) const FEE_COLLECTOR: &str = "akash17xpfvakm2amg962yls6f84z3kell8c5lazw8j8";
/// The account that holds every deposit.
pub(crate) const ESCROW: &str = "akash14pphss726thpwws3yc458hggufynm9x77l4l2u";
/// The account that AKT and ACT are exchanged in: its uakt is what covers ACT.
pub(crate) const BME: &str = "akash1klpwzlvfnw7j8gtdd0cuu9vaw9ermsmd37sg55";
/// The accounts of modules: nobody can send them coins.
const MODULES: [&str; 4] = [FEE_COLLECTOR, ESCROW, "akash10d07y265gmmuvt4z0w9aw880jnsr700jhe7z0f", BME];

/// The address of a module's account, read once: every transaction needs one of these.
pub(crate) fn module(text: &'static str) -> Result<Address, Rejection> {
    static READ: LazyLock<Vec<(&str, Address)>> =
        LazyLock::new(|| MODULES.iter().filter_map(|m| Some((*m, m.parse().ok()?))).collect());
    let found = READ.iter().find(|(name, _)| *name == text);
    found
        .map(|(_, address)| address.clone())
        .ok_or_else(|| panic(format!("the module {text} has no address")))
}

/// True for an account of a module.
pub(crate) fn is_module(address: &Address) -> bool {
    MODULES.contains(&address.as_str())
}

/// Who has what when a chain begins.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// The chain's name; part of every signature.
    pub chain_id: String,
    /// The time of the genesis, milliseconds since 1970.
    pub time_ms: u64,
    /// The height of the first block.
    pub initial_height: Height,
    /// Accounts in the order of their numbers.
    pub accounts: Vec<Holder>,
    /// Providers that are registered already.
    pub providers: Vec<Provider>,
    /// Certificates that are published already, with their owners.
    pub certificates: Vec<(Address, Certificate)>,
    /// The rules that governance sets.
    pub params: Params,
    /// Who feeds the price of AKT, and how; without sources there is none.
    pub oracle: Oracle,
    /// The exchange of AKT and ACT.
    pub exchange: Exchange,
    /// What covers the ACT that there is.
    pub vault: Vec<Coin>,
}

/// An account when a chain begins.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Whose.
    pub address: Address,
    /// What it has.
    pub coins: Vec<Coin>,
    /// How many transactions it has sent on a chain that this one carries on.
    pub sequence: u64,
}

/// A key of the sandbox's public mnemonic ("abandon" 23 times, then "art") that the genesis funds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyholder {
    /// What it is for.
    pub name: &'static str,
    /// Its number in the mnemonic.
    pub index: u32,
    /// Its address.
    pub address: &'static str,
    uakt: u128,
    uact: u128,
}

impl Keyholder {
    /// Everybody that a sandbox's genesis funds, as the scripts for a real local node do.
    pub const ALL: [Self; 7] = [
        Self::new("validator", 0, "akash1r5v5srda7xfth3hn2s26txvrcrntldjuks2uw9", 100_000_000_000_000, 0),
        Self::TENANT,
        Self::PROVIDER_1,
        Self::PROVIDER_2,
        Self::new(
            "treasury",
            4,
            "akash10r76rulzhgdq7dyy3ghv2ayldh5rtupheruk6n",
            100_000_000_000_000,
            1_000_000_000_000,
        ),
        Self::new("feeder", 5, "akash173ms9d8fgshgzn5cm032vy9fcl3ra9437t7et2", 100_000_000_000, 0),
        Self::new("other", 6, "akash13043xv8w67e04raegka4ceqrsywglks78yykpf", 1_000_000, 0),
    ];
    /// The key that a user of the sandbox pays with: 100,000 AKT and 1,000,000 ACT.
    pub const TENANT: Self = Self::new(
        "tenant",
        1,
        "akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v",
        100_000_000_000,
        1_000_000_000_000,
    );
    /// The first provider's key.
    pub const PROVIDER_1: Self = Self::new(
        "provider-1",
        2,
        "akash1pdsv0s32065drerxxdyltpk5tq0h8d2vtzs685",
        100_000_000_000,
        1_000_000_000,
    );
    /// The second provider's key.
    pub const PROVIDER_2: Self = Self::new(
        "provider-2",
        3,
        "akash16nq4tacyd4d7xkfl7xvwnvkhw45rja92kzgwcm",
        100_000_000_000,
        1_000_000_000,
    );

    const fn new(name: &'static str, index: u32, address: &'static str, uakt: u128, uact: u128) -> Self {
        Self { name, index, address, uakt, uact }
    }

    /// What it has when the chain begins.
    pub fn coins(&self) -> Vec<Coin> {
        [Coin::uact(self.uact), Coin::uakt(self.uakt)].into_iter().filter(|c| c.amount > 0).collect()
    }
}

impl Genesis {
    /// The sandbox's own: everybody in [`Keyholder::ALL`].
    pub fn sandbox(chain_id: &str, time_ms: u64) -> Self {
        let holder = |who: &Keyholder| {
            Some(Holder { address: who.address.parse().ok()?, coins: who.coins(), sequence: 0 })
        };
        Self {
            chain_id: chain_id.to_owned(),
            time_ms,
            initial_height: Height(1),
            accounts: Keyholder::ALL.iter().filter_map(holder).collect(),
            providers: Vec::new(),
            certificates: Vec::new(),
            params: Params::default(),
            oracle: Oracle::default(),
            exchange: Exchange::default(),
            vault: Vec::new(),
        }
    }

    /// The state before the first block.
    pub fn state(&self) -> State {
        let mut state = State {
            chain_id: self.chain_id.clone(),
            height: Height(self.initial_height.0.saturating_sub(1)),
            time_ms: self.time_ms,
            params: self.params.clone(),
            oracle: self.oracle.clone(),
            exchange: self.exchange.clone(),
            ..State::default()
        };
        let modules = MODULES.iter().filter_map(|m| {
            let coins = if *m == BME { self.vault.clone() } else { Vec::new() };
            Some(Holder { address: m.parse().ok()?, coins, sequence: 0 })
        });
        for (number, holder) in (0..).zip(self.accounts.iter().cloned().chain(modules)) {
            let Holder { address, coins, sequence } = holder;
            state.accounts.set(address.clone(), Account { number, sequence, public_key: None });
            for coin in coins {
                state.balances.set((address.clone(), coin.denom), coin.amount);
            }
        }
        for provider in &self.providers {
            state.providers.set(provider.owner.clone(), provider.clone());
        }
        for (owner, certificate) in &self.certificates {
            state.certificates.set((owner.clone(), certificate.serial.clone()), certificate.clone());
        }
        state
    }
}
