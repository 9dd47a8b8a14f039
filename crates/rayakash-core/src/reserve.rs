//! Whether there is money for an act: caps, balance and fee reserve beside all that is spoken for. Whole micro-units only.

use akash_types::Coin;

use crate::act::{Act, Waiting};

/// What a transaction that closes a deployment is taken to cost as long as none was seen, uakt.
pub const CLOSE_FEE: u128 = 10_000;
/// The fee reserve is so many times what closing everything takes: fees rise when blocks are full, and a close may be tried again.
const RESERVE_TIMES: u128 = 3;

/// Limits of the wallet as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most that all clusters together may deposit in 24 hours of chain time, uact; none: no limit.
    pub max_per_day: Option<u128>,
    /// The most that transactions may cost in 24 hours of chain time, uakt. Closes count, and are never held up by it.
    pub max_fees_per_day: u128,
    /// The least that stays in the wallet for closing what is open, uakt.
    pub fee_reserve: u128,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_per_day: None, max_fees_per_day: 5_000_000, fee_reserve: 100_000 }
    }
}

/// What the books say is spent or spoken for. Days are 24 hours of chain time up to the look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spoken {
    /// Deposits of all clusters that the balance of the look does not show: on their way, or landed after it. uact.
    pub promised: u128,
    /// What the cluster may have cost: finished deployments by their cost, others by all that was put into them or is on its way. uact.
    pub cluster: u128,
    /// Deposited in the last day by all clusters, and on its way. uact.
    pub today: u128,
    /// Deployments that are open, or that are being opened.
    pub open: u64,
    /// Fees that the balance of the look does not show, uakt.
    pub fees_promised: u128,
    /// Fees of the last day, and those on their way. uakt.
    pub fees_today: u128,
    /// The dearest close that was seen, uakt.
    pub dearest_close: Option<u128>,
}

/// All that an act is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purse {
    /// The wallet's balance at the look, uact.
    pub uact: u128,
    /// The same for fees, uakt.
    pub uakt: u128,
    /// The cluster's own cap, uact.
    pub max_total: Option<u128>,
    /// The wallet's limits.
    pub limits: Limits,
    /// What is spent or spoken for.
    pub spoken: Spoken,
}

/// A limit that an act would exceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// What it takes.
    pub need: Coin,
    /// What there is.
    pub have: Coin,
    /// Which limit.
    pub cap: &'static str,
}

impl From<Short> for Waiting {
    fn from(Short { need, have, cap }: Short) -> Self {
        Self::Budget { need, have, cap }
    }
}

impl Spoken {
    /// What one transaction is taken to cost, uakt.
    fn fee(&self) -> u128 {
        self.dearest_close.unwrap_or(CLOSE_FEE)
    }
}

impl Purse {
    /// uakt that have to stay when so many deployments more are open: closing everything, three times over.
    pub fn reserve(&self, more: u64) -> u128 {
        let closes = u128::from(self.spoken.open.saturating_add(more));
        let all = closes.saturating_mul(self.spoken.fee()).saturating_mul(RESERVE_TIMES);
        all.max(self.limits.fee_reserve)
    }

    /// Whether there is money for an act. What does not spend is never refused: a close passes every cap.
    pub fn cover(&self, act: &Act) -> Result<(), Short> {
        if !act.spends() {
            return Ok(());
        }
        let spoken = &self.spoken;
        if act.deposit() > 0 {
            let need = Coin::uact(act.deposit());
            let within = |limit: Option<u128>, spent: u128, cap| {
                let have = limit.map(|limit| limit.saturating_sub(spent));
                at_most(&need, have.map(Coin::uact), cap)
            };
            within(self.max_total, spoken.cluster, "budget.max_usd_total")?;
            within(self.limits.max_per_day, spoken.today, "wallet.max_usd_per_day")?;
            within(Some(self.uact), spoken.promised, "wallet balance")?;
        }
        let fees_left = self.limits.max_fees_per_day.saturating_sub(spoken.fees_today);
        at_most(&Coin::uakt(spoken.fee()), Some(Coin::uakt(fees_left)), "wallet.max_fees_uakt_per_day")?;
        let more = u64::from(matches!(act, Act::OpenDeployment { .. }));
        let uakt = self.uakt.saturating_sub(spoken.fees_promised);
        at_most(&Coin::uakt(self.reserve(more)), Some(Coin::uakt(uakt)), "fee reserve")
    }
}

fn at_most(need: &Coin, have: Option<Coin>, cap: &'static str) -> Result<(), Short> {
    match have {
        Some(have) if need.amount > have.amount => Err(Short { need: need.clone(), have, cap }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use akash_types::{Address, DeploymentId, Dseq};

    use super::*;
    use crate::act::Why;

    fn id() -> DeploymentId {
        DeploymentId::new(Address::from_bytes(&[1; 20]).unwrap(), Dseq::new(7).unwrap())
    }

    fn open(amount: u128) -> Act {
        Act::OpenDeployment {
            id: id(),
            generation: 1,
            groups: vec![],
            version: [0; 32],
            deposit: Coin::uact(amount),
        }
    }

    fn update() -> Act {
        Act::UpdateDeployment { id: id(), version: [0; 32] }
    }

    fn purse() -> Purse {
        Purse { uact: 1_000, uakt: 1_000_000, ..Purse::default() }
    }

    #[test]
    fn each_limit_is_exact_to_the_micro_unit() {
        let spoken = |change: fn(&mut Spoken)| {
            let mut purse = purse();
            change(&mut purse.spoken);
            purse
        };
        let limits = |change: fn(&mut Limits)| {
            let mut purse = purse();
            change(&mut purse.limits);
            purse
        };
        let act = Coin::uact;
        let table = [
            (open(1_000), purse(), None),
            (open(1_001), purse(), Some((act(1_001), act(1_000), "wallet balance"))),
            (open(500), spoken(|s| s.promised = 500), None),
            (open(500), spoken(|s| s.promised = 501), Some((act(500), act(499), "wallet balance"))),
            (open(700), Purse { max_total: Some(700), ..purse() }, None),
            (
                open(700),
                Purse { max_total: Some(699), ..purse() },
                Some((act(700), act(699), "budget.max_usd_total")),
            ),
            (open(700), limits(|l| l.max_per_day = Some(700)), None),
            (
                open(700),
                limits(|l| l.max_per_day = Some(699)),
                Some((act(700), act(699), "wallet.max_usd_per_day")),
            ),
            (update(), limits(|l| l.max_fees_per_day = 10_000), None),
            (
                update(),
                limits(|l| l.max_fees_per_day = 9_999),
                Some((Coin::uakt(10_000), Coin::uakt(9_999), "wallet.max_fees_uakt_per_day")),
            ),
            (
                update(),
                Purse { uakt: 99_999, ..purse() },
                Some((Coin::uakt(100_000), Coin::uakt(99_999), "fee reserve")),
            ),
        ];
        for (act, purse, short) in table {
            let found = purse.cover(&act).err().map(|s| (s.need, s.have, s.cap));
            assert_eq!(found, short, "{act:?} {purse:?}");
        }
    }

    #[test]
    fn what_is_spent_counts_against_every_cap() {
        let mut purse = Purse { max_total: Some(900), ..purse() };
        purse.limits.max_per_day = Some(900);
        purse.spoken.cluster = 400;
        assert_eq!(purse.cover(&open(501)).unwrap_err().cap, "budget.max_usd_total");
        assert_eq!(purse.cover(&open(500)), Ok(()));
        purse.spoken.today = 401;
        assert_eq!(purse.cover(&open(500)).unwrap_err().cap, "wallet.max_usd_per_day");
    }

    #[test]
    fn the_reserve_closes_everything_that_is_open_three_times_over() {
        let mut purse = purse();
        assert_eq!((purse.reserve(0), purse.reserve(1)), (100_000, 100_000));
        purse.spoken.open = 9;
        assert_eq!((purse.reserve(0), purse.reserve(1)), (270_000, 300_000));
        purse.spoken.dearest_close = Some(12_000);
        assert_eq!(purse.reserve(1), 360_000);
        purse.uakt = 359_999;
        assert_eq!(purse.cover(&open(1)).unwrap_err().have, Coin::uakt(359_999));
        assert_eq!(purse.cover(&update()), Ok(()), "an update opens nothing");
    }

    #[test]
    fn a_close_passes_every_cap() {
        let mut broke = Purse { max_total: Some(0), ..Purse::default() };
        broke.limits = Limits { max_per_day: Some(0), max_fees_per_day: 0, fee_reserve: u128::MAX };
        assert_eq!(broke.cover(&Act::CloseDeployment { id: id(), why: Why::Asked }), Ok(()));
        assert!(broke.cover(&open(1)).is_err());
    }
}
