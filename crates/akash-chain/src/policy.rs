//! How transactions are made: window, gas, price.

use std::time::Duration;

use akash_types::{Coin, Dec};

/// What a transaction does, as far as sending it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Opens a deployment, whose number makes a second one impossible.
    Create,
    /// Accepts bids.
    Lease,
    /// Changes what exists.
    Update,
    /// Puts money into escrow.
    Deposit,
    /// Ends what costs money.
    Close,
    /// Anything else that a second execution does not repeat.
    Other,
}

impl Class {
    /// Whose turn comes first when several wait for the key: the lowest. What stops payments goes before everything.
    pub(crate) const fn lane(self) -> u8 {
        match self {
            Self::Close => 0,
            Self::Deposit => 1,
            Self::Lease => 2,
            Self::Update => 3,
            Self::Create => 4,
            Self::Other => 5,
        }
    }
}

/// The figures by which a [`crate::Sender`] works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Blocks that a transaction may take.
    pub window: u64,
    /// The same for closes, which are decided anew sooner.
    pub closing_window: u64,
    /// Blocks between two broadcasts of the same bytes.
    pub rebroadcast: u64,
    /// The least price per unit of gas, in uakt; a node's own minimum counts when it is higher.
    pub gas_price: Dec,
    /// The highest fee for one transaction, in uakt. Gas and price are what a node says, and a node may lie or be broken.
    pub max_fee: u128,
    /// How long to go on without any new block before giving the question back to the caller.
    pub patience: Duration,
}

impl Default for Policy {
    /// Windows of 20 and 10 blocks, a broadcast each 2 blocks, 0.025 uakt (what Akash's own tools pay), at most half an AKT, 30 seconds.
    fn default() -> Self {
        Self {
            window: 20,
            closing_window: 10,
            rebroadcast: 2,
            gas_price: Dec::from_atoms(25_000_000_000_000_000),
            max_fee: 500_000,
            patience: Duration::from_secs(30),
        }
    }
}

impl Policy {
    /// Blocks that a transaction of a class may take.
    pub const fn window(&self, class: Class) -> u64 {
        match class {
            Class::Close => self.closing_window,
            Class::Create | Class::Lease | Class::Update | Class::Deposit | Class::Other => self.window,
        }
    }

    /// The gas limit for a simulated use: settlement writes more the later it happens, so what settles gets twice, the rest 1.4 times.
    pub const fn gas(class: Class, simulated: u64) -> u64 {
        match class {
            Class::Close | Class::Deposit => simulated.saturating_mul(2),
            Class::Create | Class::Lease | Class::Update | Class::Other => {
                simulated.saturating_mul(14).div_ceil(10)
            }
        }
    }

    /// The gas limit after a transaction with this one ran out of gas in a block.
    pub const fn more_gas(limit: u64) -> u64 {
        limit.saturating_mul(16).div_ceil(10)
    }

    /// The fee of a replacement: what is asked for, and at most half more than the last one offered.
    pub fn dearer(last: &Coin, asked: &Coin) -> Coin {
        Coin::uakt(asked.amount.min(last.amount.saturating_mul(3).div_ceil(2)))
    }

    /// The fee for a gas limit at a node with this minimum price, rounded up to whole uakt.
    pub fn fee(&self, gas: u64, node_minimum: Dec) -> Result<Coin, TooDear> {
        let price = self.gas_price.max(node_minimum);
        let amount = price.checked_mul(gas).and_then(|fee| fee.ceil());
        let fitting = amount.filter(|amount| *amount <= self.max_fee);
        fitting.map(Coin::uakt).ok_or(TooDear { gas, price, most: self.max_fee })
    }
}

/// A fee above [`Policy::max_fee`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node wants {gas} gas at {price} uakt each, and no fee may be above {most} uakt")]
pub struct TooDear {
    /// The gas limit, from what the node simulated.
    pub gas: u64,
    /// The price per unit, in uakt.
    pub price: Dec,
    /// The highest fee, in uakt.
    pub most: u128,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gas_is_simulated_gas_and_a_margin_rounded_up() {
        for (class, simulated, gas) in [
            (Class::Create, 145_403, 203_565),
            (Class::Lease, 161_000, 225_400),
            (Class::Other, 1, 2),
            (Class::Close, 270_001, 540_002),
            (Class::Deposit, 83_000, 166_000),
        ] {
            assert_eq!(Policy::gas(class, simulated), gas, "{class:?}");
        }
    }

    #[test]
    fn fees_are_rounded_up_and_never_under_the_node_s_minimum() {
        let policy = Policy::default();
        let price = |text: &str| text.parse::<Dec>().unwrap();
        for (gas, minimum, fee) in [
            (200_000, "0", 5_000),
            (200_001, "0.0025", 5_001),
            (200_000, "0.03", 6_000),
            (1, "0", 1),
            (0, "0", 0),
        ] {
            assert_eq!(policy.fee(gas, price(minimum)), Ok(Coin::uakt(fee)), "{gas} {minimum}");
        }
    }

    #[test]
    fn no_fee_is_above_the_highest_whatever_the_node_says() {
        let policy = Policy::default();
        for (gas, minimum, fits) in [
            (20_000_000, "0", true),
            (20_000_001, "0", false),
            (200_000, "2.5", true),
            (200_000, "2.500001", false),
            (u64::MAX, "0", false),
            (u64::MAX, "100000000", false),
        ] {
            let minimum = minimum.parse::<Dec>().unwrap();
            let price = minimum.max(policy.gas_price);
            let expected =
                if fits { Ok(Coin::uakt(500_000)) } else { Err(TooDear { gas, price, most: 500_000 }) };
            assert_eq!(policy.fee(gas, minimum), expected, "{gas} {minimum}");
        }
    }

    #[test]
    fn closes_have_the_short_window() {
        let policy = Policy::default();
        for class in [Class::Create, Class::Lease, Class::Update, Class::Deposit, Class::Close, Class::Other]
        {
            assert_eq!(policy.window(class), if class == Class::Close { 10 } else { 20 });
        }
    }
}
