//! Balances.

use akash_types::msg::Send;
use akash_types::{Address, Coin, Rejection, UACT};

use super::event::{self, Event};
use super::genesis;
use super::refuse::{self, INSUFFICIENT_FUNDS, SEND_DISABLED, UNAUTHORIZED};
use super::run::Run;
use super::state::Account;

impl Run {
    /// Moves coins, with the bank's events. Refuses when the payer has too little.
    pub(crate) fn pay(&mut self, from: &Address, to: &Address, coin: &Coin) -> Result<(), Rejection> {
        let has = self.state.balance(from, &coin.denom);
        let Some(left) = has.checked_sub(coin.amount) else {
            let denom = &coin.denom;
            return Err(
                INSUFFICIENT_FUNDS.because(format!("spendable balance {has}{denom} is smaller than {coin}"))
            );
        };
        self.state.balances.set((from.clone(), coin.denom.clone()), left);
        let had = self.state.balance(to, &coin.denom);
        let Some(sum) = had.checked_add(coin.amount) else {
            return Err(refuse::panic("Int overflow"));
        };
        self.state.balances.set((to.clone(), coin.denom.clone()), sum);
        self.open_account(to);
        self.tell(|| event::transfer(from, to, coin));
        Ok(())
    }

    /// Makes coins out of nothing, for a module's account.
    pub(crate) fn create(&mut self, owner: &Address, coin: &Coin) {
        let sum = self.state.balance(owner, &coin.denom).saturating_add(coin.amount);
        self.state.balances.set((owner.clone(), coin.denom.clone()), sum);
        let with = |key| [(key, owner.to_string()), ("amount", coin.to_string())];
        self.tell(|| [Event::new("coin_received", with("receiver")), Event::new("coinbase", with("minter"))]);
    }

    /// Makes coins of a module's account go away.
    pub(crate) fn destroy(&mut self, owner: &Address, coin: &Coin) -> Result<(), Rejection> {
        let has = self.state.balance(owner, &coin.denom);
        let denom = &coin.denom;
        let left = has.checked_sub(coin.amount).ok_or_else(|| {
            INSUFFICIENT_FUNDS.because(format!("spendable balance {has}{denom} is smaller than {coin}"))
        })?;
        self.state.balances.set((owner.clone(), coin.denom.clone()), left);
        let with = |key| [(key, owner.to_string()), ("amount", coin.to_string())];
        self.tell(|| [Event::new("coin_spent", with("spender")), Event::new("burn", with("burner"))]);
        Ok(())
    }

    /// Receiving coins, or an allowance for fees, opens an account.
    pub(super) fn open_account(&mut self, address: &Address) {
        if self.state.accounts.contains(address) {
            return;
        }
        let number = u64::try_from(self.state.accounts.len()).unwrap_or(u64::MAX);
        self.state.accounts.set(address.clone(), Account { number, sequence: 0, public_key: None });
    }

    /// Sends coins to another account.
    pub(crate) fn send(&mut self, m: &Send) -> Result<(), Rejection> {
        if let Some(coin) = m.amount.iter().find(|c| c.denom == UACT) {
            return Err(SEND_DISABLED.because(format!("{} transfers are currently disabled", coin.denom)));
        }
        if genesis::is_module(&m.to) {
            return Err(UNAUTHORIZED.because(format!("{} is not allowed to receive funds", m.to)));
        }
        for coin in &m.amount {
            self.pay(&m.from, &m.to, coin)?;
        }
        Ok(())
    }
}
