//! AKT into ACT and back (burn-mint equilibrium).
//!
//! A request moves its coins to the module's account at once and is carried out at the end of a later block, at the price of then. ACT
//! is one dollar by definition. What is minted from AKT leaves the AKT in the vault as credit, and burning ACT gives it out again.

use std::fmt;

use akash_proto::akash::bme::v1::{self as wire, MsgBurnActResponse, MsgMintActResponse};
use akash_types::msg::{BurnAct, MintAct};
use akash_types::{Address, Coin, Dec, Denom, Rejection, UACT, UAKT};
use prost::Message as _;

use super::event::{Event, Json, decimal, quoted};
use super::genesis::{BME, module};
use super::refuse::{
    EXCHANGE_AMOUNT, EXCHANGE_DENOM, EXCHANGE_UNAUTHORIZED, MINT_HALTED, MINT_HALTED_BY_ORACLE, panic,
};
use super::run::Run;
use super::table::Table;

const ONE: i128 = 1_000_000_000_000_000_000;
const BPS: u32 = 10_000;

/// Whether ACT may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MintStatus {
    /// It may.
    Healthy,
    /// It may, less often.
    Warning,
    /// The vault covers too little of the ACT that there is: ACT may only be burnt.
    HaltedByCollateral,
    /// There is no price to go by: neither.
    HaltedByOracle,
}

/// The exchange of AKT and ACT.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Below so much collateral (1/100 of a percent) ACT is made less often.
    pub warn_bps: u32,
    /// Below so much it is not made at all.
    pub halt_bps: u32,
    /// Requests are carried out every so many blocks.
    pub min_epoch_blocks: u64,
    /// By how much an epoch grows for every ten steps below the warning, percent.
    pub backoff_percent: u32,
    /// What the vault keeps of ACT that it makes, 1/100 of a percent.
    pub mint_spread_bps: u32,
    /// What it keeps of AKT that it gives out.
    pub settle_spread_bps: u32,
    /// How many requests one block carries out.
    pub max_records: u32,
    /// The least that may be made.
    pub min_mint: Vec<Coin>,
    /// How often a request is tried.
    pub max_attempts: u32,
    pub(crate) status: MintStatus,
    pub(crate) next_mint: u64,
    pub(crate) next_burn: u64,
    pub(crate) records: Table<RecordId, Record>,
    pub(crate) burned: [u128; 2],
    pub(crate) minted: [u128; 2],
    /// uakt that ACT was made of and that has not been given out again.
    pub(crate) credit: u128,
}

/// Which request; in the order in which a node lists those of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordId {
    pub(crate) denom: Denom,
    pub(crate) to_denom: Denom,
    pub(crate) source: Address,
    pub(crate) height: u64,
    pub(crate) sequence: u64,
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { denom, to_denom, source, height, sequence } = self;
        write!(f, "{denom}/{to_denom}/{source}/{height}/{sequence}")
    }
}

/// A request, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) owner: Address,
    pub(crate) to: Address,
    pub(crate) burn: Coin,
    pub(crate) state: RecordState,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordState {
    Pending { attempts: u32 },
    Executed(Box<Done>),
    Canceled(&'static str),
}

/// What a request that was carried out has moved. Each with its price in USD.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) burned: Option<(Coin, Dec)>,
    pub(crate) minted: Option<(Coin, Dec)>,
    pub(crate) spread: Option<Coin>,
    pub(crate) credit_issued: Option<(Coin, Dec)>,
    pub(crate) credit_accrued: Option<(Coin, Dec)>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            warn_bps: 9_500,
            halt_bps: 9_000,
            min_epoch_blocks: 10,
            backoff_percent: 10,
            mint_spread_bps: 25,
            settle_spread_bps: 0,
            max_records: 50,
            min_mint: vec![Coin::uact(10_000_000)],
            max_attempts: 3,
            status: MintStatus::HaltedByCollateral,
            next_mint: 0,
            next_burn: 0,
            records: Table::default(),
            burned: [0; 2],
            minted: [0; 2],
            credit: 0,
        }
    }
}

impl Exchange {
    /// The share of ACT that the vault covers.
    pub(crate) fn ratio(vault_uakt: u128, price: Dec, supply_uact: u128) -> Option<Dec> {
        let vault = i128::try_from(vault_uakt).ok()?;
        let value = vault.checked_mul(price.atoms())?;
        let supply = i128::try_from(supply_uact.max(1)).ok()?;
        let (whole, rest) = (value.checked_div(supply)?, value.checked_rem(supply)?);
        // Go's decimals round to the nearest.
        let up = rest.checked_mul(2)? >= supply;
        Some(Dec::from_atoms(whole.checked_add(i128::from(up))?))
    }

    /// Which of a pair of totals is a currency's.
    pub(crate) fn slot(denom: &Denom) -> usize {
        usize::from(denom == &UAKT)
    }
}

impl MintStatus {
    /// The protocol's number.
    pub(crate) const fn to_wire(self) -> i32 {
        match self {
            Self::Healthy => 1,
            Self::Warning => 2,
            Self::HaltedByCollateral => 3,
            Self::HaltedByOracle => 4,
        }
    }

    pub(crate) const fn mints(self) -> bool {
        matches!(self, Self::Healthy | Self::Warning)
    }

    pub(crate) const fn refunds(self) -> bool {
        !matches!(self, Self::HaltedByOracle)
    }
}

/// Checks that need no state.
pub(crate) fn check(owner: &Address, to: &Address, burn: &Coin) -> Result<(), Rejection> {
    if owner != to {
        return Err(EXCHANGE_UNAUTHORIZED.because("owner and to addresses must match"));
    }
    if burn.amount == 0 {
        return Err(EXCHANGE_AMOUNT.because("amount must not be 0"));
    }
    Ok(())
}

/// The account of the module.
pub(crate) fn vault() -> Result<Address, Rejection> {
    module(BME)
}

impl Run {
    /// Asks for ACT.
    pub(crate) fn mint(&mut self, m: &MintAct) -> Result<Vec<u8>, Rejection> {
        let id = self.request(&m.owner, &m.to, &m.burn, [&UAKT, &UACT])?;
        // The status is left out, as a real node leaves it out.
        Ok(MsgMintActResponse { id: Some(id), status: 0 }.encode_to_vec())
    }

    /// Gives ACT back.
    pub(crate) fn burn_act(&mut self, m: &BurnAct) -> Result<Vec<u8>, Rejection> {
        let id = self.request(&m.owner, &m.to, &m.burn, [&UACT, &UAKT])?;
        Ok(MsgBurnActResponse { id: Some(id), status: 0 }.encode_to_vec())
    }

    fn request(
        &mut self,
        owner: &Address,
        to: &Address,
        burn: &Coin,
        [from, into]: [&Denom; 2],
    ) -> Result<wire::LedgerRecordId, Rejection> {
        if &burn.denom != from {
            return Err(EXCHANGE_DENOM.because(format!("unsupported route {} to {into}", burn.denom)));
        }
        let _price = self.state.oracle.healthy_price()?;
        match self.state.exchange.status {
            MintStatus::HaltedByCollateral if into == &UACT => return Err(MINT_HALTED.into()),
            MintStatus::HaltedByOracle => return Err(MINT_HALTED_BY_ORACLE.into()),
            MintStatus::HaltedByCollateral | MintStatus::Healthy | MintStatus::Warning => {}
        }
        self.pay(owner, &vault()?, burn)?;
        let height = self.state.height.0;
        let asked = self.state.exchange.records.iter().filter(|(id, _)| id.height == height).count();
        let id = RecordId {
            denom: from.clone(),
            to_denom: into.clone(),
            source: owner.clone(),
            height,
            sequence: u64::try_from(asked).unwrap_or(u64::MAX).saturating_add(1),
        };
        let told = wire::LedgerRecordId::from(&id);
        let state = RecordState::Pending { attempts: 0 };
        let record = Record { owner: owner.clone(), to: to.clone(), burn: burn.clone(), state };
        self.state.exchange.records.set(id, record);
        Ok(told)
    }

    /// The end of a block: looks whether ACT may be made, and carries out what is due.
    pub(crate) fn end_exchange(&mut self) -> Result<(), Rejection> {
        if self.state.oracle.sources.is_empty() {
            return Ok(());
        }
        self.update_status()?;
        let (height, exchange) = (self.state.height.0, &self.state.exchange);
        let mints = exchange.status.mints() && height >= exchange.next_mint;
        let burns = exchange.status.refunds() && height >= exchange.next_burn;
        let epoch = exchange.min_epoch_blocks;
        if mints {
            let stretched = self.mint_epoch()?;
            self.state.exchange.next_mint = height.saturating_add(stretched);
            self.carry_out(&UAKT)?;
        }
        if burns {
            self.state.exchange.next_burn = height.saturating_add(epoch);
            self.carry_out(&UACT)?;
        }
        Ok(())
    }

    /// The share of ACT that the vault covers, without what still waits to be made into ACT.
    pub(crate) fn collateral(&self) -> Result<Dec, Rejection> {
        let price = self.state.oracle.healthy_price()?;
        let waits = |(id, r): (&RecordId, &Record)| {
            (matches!(r.state, RecordState::Pending { .. }) && id.denom == UAKT).then_some(r.burn.amount)
        };
        let pending: u128 = self.state.exchange.records.iter().filter_map(waits).sum();
        let held = self.state.balance(&vault()?, &UAKT).saturating_sub(pending);
        Exchange::ratio(held, price, self.state.supply(&UACT)).ok_or_else(|| panic("Int overflow"))
    }

    fn update_status(&mut self) -> Result<(), Rejection> {
        let before = self.state.exchange.status;
        let ratio = self.collateral().ok();
        let at_least = |bps: u32| {
            let least = i128::from(bps).saturating_mul(ONE).checked_div(i128::from(BPS)).unwrap_or(i128::MAX);
            ratio.is_some_and(|r| r.atoms() > least)
        };
        let now = if ratio.is_none() {
            MintStatus::HaltedByOracle
        } else if at_least(self.state.exchange.warn_bps) {
            MintStatus::Healthy
        } else if at_least(self.state.exchange.halt_bps) {
            MintStatus::Warning
        } else {
            MintStatus::HaltedByCollateral
        };
        // Before the first price nothing changes.
        if now == before || (ratio.is_none() && self.state.oracle.price.is_none()) {
            return Ok(());
        }
        self.state.exchange.status = now;
        if now.mints() && !before.mints() {
            let epoch = self.mint_epoch()?;
            self.state.exchange.next_mint = self.state.height.0.saturating_add(epoch);
        }
        let name = |s: MintStatus| {
            wire::MintStatus::try_from(s.to_wire())
                .map_or_else(|_| "0".to_owned(), |s| quoted(s.as_str_name()))
        };
        let shown = || quoted(decimal(ratio.unwrap_or(Dec::ZERO)));
        self.emit_with("akash.bme.v1.EventMintStatusChange", || {
            [("collateral_ratio", shown()), ("new_status", name(now)), ("previous_status", name(before))]
        });
        Ok(())
    }

    /// How many blocks lie between two rounds of making ACT: more and more below the warning.
    fn mint_epoch(&self) -> Result<u64, Rejection> {
        const MOST: u64 = 14_400;
        let exchange = &self.state.exchange;
        let mut blocks = i128::from(exchange.min_epoch_blocks).saturating_mul(ONE);
        if exchange.status == MintStatus::Warning {
            let ratio = self.collateral()?.atoms().saturating_mul(BPS.into()).checked_div(ONE).unwrap_or(0);
            let below = i128::from(exchange.warn_bps).saturating_sub(ratio).max(0);
            for _ in 0..below.checked_div(10).unwrap_or(0) {
                let more = blocks.saturating_mul(exchange.backoff_percent.into()).checked_div(100);
                blocks = blocks.saturating_add(more.unwrap_or(0));
            }
        }
        Ok(blocks.checked_div(ONE).and_then(|b| u64::try_from(b).ok()).unwrap_or(MOST).min(MOST))
    }

    /// Carries out the requests that give one currency, oldest first.
    fn carry_out(&mut self, from: &Denom) -> Result<(), Rejection> {
        let exchange = &self.state.exchange;
        let pending = |(id, r): (&RecordId, &Record)| {
            let due = matches!(r.state, RecordState::Pending { .. }) && &id.denom == from;
            due.then(|| (id.clone(), r.clone()))
        };
        let mut due: Vec<_> = exchange.records.iter().filter_map(pending).collect();
        due.sort_by_key(|(id, _)| (id.height, id.sequence));
        due.truncate(usize::try_from(exchange.max_records).unwrap_or(usize::MAX));
        for (id, record) in due {
            self.carry_out_one(id, record)?;
        }
        Ok(())
    }

    fn carry_out_one(&mut self, id: RecordId, mut record: Record) -> Result<(), Rejection> {
        let Ok(akt) = self.state.oracle.healthy_price() else {
            let RecordState::Pending { attempts } = record.state else { return Ok(()) };
            let attempts = attempts.saturating_add(1);
            if attempts >= self.state.exchange.max_attempts {
                return self.cancel(id, record, "max_attempts");
            }
            record.state = RecordState::Pending { attempts };
            self.state.exchange.records.set(id, record);
            return Ok(());
        };
        let dollar = Dec::from_int(1);
        let done = if id.denom == UAKT {
            let amount = exchanged(record.burn.amount, akt, dollar)?;
            let least = self.state.exchange.min_mint.iter().find(|c| c.denom == UACT).map_or(0, |c| c.amount);
            if amount < least {
                return self.cancel(id, record, "minimum_mint");
            }
            self.make_act(&record, amount, akt)?
        } else {
            let amount = exchanged(record.burn.amount, dollar, akt)?;
            if amount == 0 {
                return self.cancel(id, record, "epsilon");
            }
            self.give_akt(&record, amount, akt)?
        };
        self.tell(|| [executed(&id, &record, &done)]);
        record.state = RecordState::Executed(Box::new(done));
        self.state.exchange.records.set(id, record);
        Ok(())
    }

    /// ACT is made; the AKT stays in the vault as credit.
    fn make_act(&mut self, record: &Record, amount: u128, akt: Dec) -> Result<Done, Rejection> {
        let made = Coin::uact(amount);
        let vault = vault()?;
        self.create(&vault, &made);
        let spread = share(amount, self.state.exchange.mint_spread_bps);
        self.pay(&vault, &record.to, &Coin::uact(amount.saturating_sub(spread)))?;
        let exchange = &mut self.state.exchange;
        exchange.credit = exchange.credit.saturating_add(record.burn.amount);
        if let Some(total) = exchange.minted.get_mut(Exchange::slot(&UACT)) {
            *total = total.saturating_add(amount);
        }
        Ok(Done {
            minted: Some((made, Dec::from_int(1))),
            spread: Some(Coin::uact(spread)),
            credit_accrued: Some((record.burn.clone(), akt)),
            ..Done::default()
        })
    }

    /// ACT is burnt; AKT comes out of the vault's credit, and is made as far as that does not reach.
    fn give_akt(&mut self, record: &Record, amount: u128, akt: Dec) -> Result<Done, Rejection> {
        let vault = vault()?;
        self.destroy(&vault, &record.burn)?;
        let issued = amount.min(self.state.exchange.credit);
        let minted = amount.saturating_sub(issued);
        if minted > 0 {
            self.create(&vault, &Coin::uakt(minted));
        }
        let spread = share(amount, self.state.exchange.settle_spread_bps);
        self.pay(&vault, &record.to, &Coin::uakt(amount.saturating_sub(spread)))?;
        let exchange = &mut self.state.exchange;
        exchange.credit = exchange.credit.saturating_sub(issued);
        if let Some(total) = exchange.burned.get_mut(Exchange::slot(&UACT)) {
            *total = total.saturating_add(record.burn.amount);
        }
        if let Some(total) = exchange.minted.get_mut(Exchange::slot(&UAKT)) {
            *total = total.saturating_add(minted);
        }
        let some = |amount: u128| (amount > 0).then(|| (Coin::uakt(amount), akt));
        Ok(Done {
            burned: Some((record.burn.clone(), Dec::from_int(1))),
            minted: some(minted),
            spread: Some(Coin::uakt(spread)),
            credit_issued: some(issued),
            ..Done::default()
        })
    }

    fn cancel(&mut self, id: RecordId, mut record: Record, why: &'static str) -> Result<(), Rejection> {
        self.pay(&vault()?, &record.owner.clone(), &record.burn)?;
        self.emit_with("akash.bme.v1.EventLedgerRecordCanceled", || {
            [
                ("cancel_reason", quoted(why)),
                ("coins_to_burn", record.burn.json()),
                ("denom_to_mint", quoted(&id.to_denom)),
                ("id", id.json()),
                ("owner", quoted(&record.owner)),
                ("to", quoted(&record.to)),
            ]
        });
        record.state = RecordState::Canceled(why);
        self.state.exchange.records.set(id, record);
        Ok(())
    }
}

/// `trunc(amount × from / to)`.
pub(crate) fn exchanged(amount: u128, from: Dec, to: Dec) -> Result<u128, Rejection> {
    let overflow = || panic("Int overflow");
    let value =
        i128::try_from(amount).map_err(|_| overflow())?.checked_mul(from.atoms()).ok_or_else(overflow)?;
    let whole = value.checked_div(to.atoms()).ok_or_else(overflow)?;
    u128::try_from(whole).map_err(|_| overflow())
}

/// So many hundredths of a percent of an amount.
fn share(amount: u128, bps: u32) -> u128 {
    amount.saturating_mul(bps.into()).checked_div(BPS.into()).unwrap_or(0)
}

impl Json for RecordId {
    fn json(&self) -> String {
        format!(
            r#"{{"denom":"{}","to_denom":"{}","source":"{}","height":"{}","sequence":"{}"}}"#,
            self.denom, self.to_denom, self.source, self.height, self.sequence
        )
    }
}

impl From<&RecordId> for wire::LedgerRecordId {
    fn from(id: &RecordId) -> Self {
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Self {
            denom: id.denom.to_string(),
            to_denom: id.to_denom.to_string(),
            source: id.source.to_string(),
            height: signed(id.height),
            sequence: signed(id.sequence),
        }
    }
}

fn executed(id: &RecordId, record: &Record, done: &Done) -> Event {
    let priced = |part: &Option<(Coin, Dec)>| match part {
        Some((coin, price)) => format!(r#"{{"coin":{},"price":"{}"}}"#, coin.json(), decimal(*price)),
        None => "null".to_owned(),
    };
    let attributes = [
        ("burned", priced(&done.burned)),
        ("burned_from", quoted(&record.owner)),
        ("burner", quoted("bme")),
        ("id", id.json()),
        ("minted", priced(&done.minted)),
        ("minted_to", quoted(&record.to)),
        ("minter", quoted("bme")),
        ("remint_credit_accrued", priced(&done.credit_accrued)),
        ("remint_credit_issued", priced(&done.credit_issued)),
        ("spread", done.spread.as_ref().map_or_else(|| "null".to_owned(), Json::json)),
    ];
    Event::new("akash.bme.v1.EventLedgerRecordExecuted", attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_rounded_as_a_node_rounds_it() {
        // A real node's figures (80-bme).
        let ratio = |vault, supply| Exchange::ratio(vault, "0.5".parse().unwrap(), supply).unwrap();
        assert_eq!(decimal(ratio(100_000_000_000_000, 2_002_000_000_000)), "24.975024975024975025");
        assert_eq!(decimal(ratio(100_000_100_000_000, 2_002_050_000_000)), "24.974426213131540171");
    }

    #[test]
    fn an_exchange_is_cut_to_whole_units() {
        let dec = |text: &str| text.parse::<Dec>().unwrap();
        assert_eq!(exchanged(100_000_000, dec("0.5"), dec("1")).unwrap(), 50_000_000);
        assert_eq!(exchanged(5_000_000, dec("1"), dec("0.3")).unwrap(), 16_666_666);
        assert_eq!(share(50_000_000, 25), 125_000);
    }
}
