//! The chain on which a recording began, as far as the recording shows it.
//!
//! A recording may start in the middle of a chain's life. What was there before it is read from what it shows: the height and time of its
//! first block, the sequences that were signed with, providers that bid without having registered, balances that were asked for.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use akash_sandbox::market::{Genesis, Holder, Keyholder};
use akash_types::{Address, Attribute, Coin, Height, Provider, ProviderInfo};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::recording::{Step, number};
use crate::sign::{CHAIN_ID, Keys, NAMES};

/// What a local chain's script sets, where that differs from the defaults.
const MIN_RECLAMATION: u64 = 5;
const STALENESS: Duration = Duration::from_secs(3_600);
const EPOCH: u64 = 2;
const VAULT: u128 = 100_000_000_000_000;

/// What happened before the recording, and between its lines, as a first replay found it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// Coins that an account had more (or less) than at the genesis, by address and currency.
    pub(crate) balances: BTreeMap<(String, String), i128>,
    /// Transactions that a key had sent before, by address.
    pub(crate) sent: BTreeMap<String, u64>,
    /// Transactions that are missing before a line: how many, and whose.
    pub(crate) missing: BTreeMap<usize, (u64, String)>,
}

impl Past {
    /// Whether nothing happened that the recording does not show.
    pub(crate) fn is_empty(&self) -> bool {
        self.balances.is_empty() && self.sent.is_empty() && self.missing.is_empty()
    }
}

/// Whether a recording starts in the middle of a chain's life: a local chain's first transaction is in one of its first blocks.
pub(crate) fn in_the_middle(steps: &[Step]) -> bool {
    steps.iter().find_map(Step::delivered).is_some_and(|first| number(first, "height") > 30)
}

/// The chain's beginning.
pub(crate) fn genesis(steps: &[Step], keys: &Keys, past: &Past) -> Result<Genesis, Box<dyn Error>> {
    let first = steps.iter().find_map(Step::delivered);
    let height = first.map_or(1, |result| number(result, "height"));
    let time_ms = first.map_or_else(|| any_time(steps), |r| seconds(text(r, "timestamp"))) * 1_000;
    let mut accounts = Vec::new();
    let mut names = NAMES;
    // The order of the accounts' numbers: a genesis sorts them.
    names.sort_unstable();
    for name in names {
        let address = keys.address(name)?;
        let holder = Keyholder::ALL.iter().find(|k| k.address == address);
        let mut coins = holder.map_or_else(Vec::new, Keyholder::coins);
        for coin in &mut coins {
            let more = past.balances.get(&(address.to_owned(), coin.denom.to_string())).copied().unwrap_or(0);
            // Below zero it cannot be: then the questions about it will differ.
            coin.amount = coin.amount.saturating_add_signed(more);
        }
        let sent = past.sent.get(address).copied();
        let sequence = sent.unwrap_or_else(|| sequence(steps, name, address));
        accounts.push(Holder { address: address.parse()?, coins, sequence });
    }
    let mut genesis = Genesis::sandbox(CHAIN_ID, time_ms.saturating_sub(2_000));
    genesis.initial_height = Height(height.saturating_sub(2).max(1));
    genesis.accounts = accounts;
    genesis.params.min_reclamation_window = MIN_RECLAMATION;
    genesis.providers = providers(steps, keys)?;
    if converts_coins(steps) {
        genesis.oracle.sources = vec![keys.address("feeder")?.parse()?];
        genesis.oracle.staleness_ns = i64::try_from(STALENESS.as_nanos())?;
        genesis.exchange.min_epoch_blocks = EPOCH;
        genesis.vault = vec![Coin::uakt(vault(steps).unwrap_or(VAULT))];
    }
    Ok(genesis)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Seconds since 1970 of a time; 0 when it is none.
pub(crate) fn seconds(time: &str) -> u64 {
    let at = OffsetDateTime::parse(time, &Rfc3339).map_or(0, OffsetDateTime::unix_timestamp);
    u64::try_from(at).unwrap_or(0)
}

/// Seconds since 1970 as a text.
pub(crate) fn time_text(seconds: i64) -> Result<String, Box<dyn Error>> {
    Ok(OffsetDateTime::from_unix_timestamp(seconds)?.format(&Rfc3339)?)
}

/// The first time that stands anywhere in a recording.
fn any_time(steps: &[Step]) -> u64 {
    fn find(value: &Value) -> Option<u64> {
        let time = value.as_str().map(seconds).filter(|at| *at > 0);
        let item = || value.as_array().and_then(|items| items.iter().find_map(find));
        let field = || value.as_object().and_then(|fields| fields.values().find_map(find));
        time.or_else(item).or_else(field)
    }
    steps.iter().find_map(|step| find(&step.body)).unwrap_or(0)
}

/// The sequence that a key had come to.
fn sequence(steps: &[Step], name: &str, address: &str) -> u64 {
    let mut sent = 0;
    for step in steps {
        let events = step.delivered().and_then(|r| r.get("events")).and_then(Value::as_array);
        let shown = events.into_iter().flatten().find_map(|event| signed_with(event, address));
        if let Some(shown) = shown {
            return shown.saturating_sub(sent);
        }
        if step.text("signer") != name {
            continue;
        }
        if let Some(expected) = between(step.log(), "account sequence mismatch, expected ", ",") {
            return expected.saturating_sub(sent);
        }
        let ordered = step.body.pointer("/unsigned/body/unordered") != Some(&Value::Bool(true));
        sent += u64::from(ordered && step.delivered().is_some());
    }
    0
}

/// The sequence in an event `acc_seq` of an address.
fn signed_with(event: &Value, address: &str) -> Option<u64> {
    let attributes = event.get("attributes").and_then(Value::as_array)?;
    let shown = attributes.iter().find(|a| text(a, "key") == "acc_seq")?;
    let (who, sequence) = text(shown, "value").split_once('/')?;
    if who == address { sequence.parse().ok() } else { None }
}

/// The number between two texts.
pub(crate) fn between(text: &str, before: &str, after: &str) -> Option<u64> {
    let (_, rest) = text.split_once(before)?;
    rest.split(after).next()?.trim().parse().ok()
}

/// The providers that had registered before: whoever bids, changes its entry or registers a second time before it has registered here.
fn providers(steps: &[Step], keys: &Keys) -> Result<Vec<Provider>, Box<dyn Error>> {
    let mut found = Vec::new();
    for name in ["provider", "provider2"] {
        let address = keys.address(name)?;
        if was_there(steps, address) {
            found.push(entry(steps, address.parse()?));
        }
    }
    Ok(found)
}

fn was_there(steps: &[Step], address: &str) -> bool {
    for step in steps {
        let code = step.delivered().or_else(|| step.refused()).map(|a| number(a, "code"));
        for message in step.messages() {
            let kind = text(message, "@type");
            let owner = text(message, "owner") == address;
            let bidder = message.pointer("/id/provider").and_then(Value::as_str) == Some(address);
            match (kind.rsplit('.').next().unwrap_or_default(), code) {
                ("MsgCreateProvider", Some(0)) if owner => return false,
                ("MsgCreateProvider", Some(_)) if owner => return true,
                ("MsgUpdateProvider", Some(0)) if owner => return true,
                ("MsgCreateBid", Some(_)) if bidder => return true,
                _ => {}
            }
        }
    }
    false
}

/// A provider's entry: what it says in the recording, else what a local chain's script registers.
fn entry(steps: &[Step], owner: Address) -> Provider {
    let says = |message: &&Value| {
        text(message, "@type").ends_with(".MsgCreateProvider") && text(message, "owner") == owner.as_str()
    };
    let said = steps.iter().flat_map(Step::messages).find(says);
    let attribute =
        |a: &Value| Attribute { key: text(a, "key").to_owned(), value: text(a, "value").to_owned() };
    let attributes = said.and_then(|m| m.get("attributes")).and_then(Value::as_array).map_or_else(
        || vec![Attribute { key: "region".to_owned(), value: "local".to_owned() }],
        |list| list.iter().map(attribute).collect(),
    );
    Provider {
        owner,
        host_uri: "https://127.0.0.1:8443".to_owned(),
        attributes,
        info: ProviderInfo::default(),
    }
}

/// Whether coins are converted in the recording, AKT into ACT or back: that takes a vault and a price.
fn converts_coins(steps: &[Step]) -> bool {
    let about = |text: &str| text.contains("bme") || text.contains("oracle");
    steps.iter().any(|s| about(s.text("path")) || s.messages().iter().any(|m| about(text(m, "@type"))))
}

/// What the vault held when it was first asked.
fn vault(steps: &[Step]) -> Option<u128> {
    let asked = steps.iter().find(|s| s.text("path").ends_with("/bme/v1/vault"))?;
    let balances = asked.body.pointer("/body/vault_state/balances")?.as_array()?;
    let uakt = balances.iter().find(|b| text(b, "denom") == "uakt")?;
    text(uakt, "amount").parse().ok()
}
