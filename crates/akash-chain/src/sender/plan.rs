//! Makes an attempt: looks, simulates, prices, signs. Nothing leaves the machine but the simulation.

use akash_types::{Coin, Height, Msg, Rejection, UAKT};
use akash_wallet::{Draft, Refused};

use super::{Sender, State, Unsettled};
use crate::pace::Patience;
use crate::{At, Attempt, ChainError, Class, Policy, Simulation, TooDear};

/// How often an unanswered question is asked again before the caller is told.
const TRIES: u32 = 4;

/// What came of planning.
pub(super) enum Planned {
    /// A signed transaction.
    Attempt(Box<Attempt>),
    /// The chain would refuse it.
    Refused(Rejection),
}

/// Why there is no plan yet.
enum Setback {
    Chain(ChainError),
    /// The node shows less than was seen before, or is about to show more.
    Behind,
    Signing(Refused),
    Fee(TooDear),
}

impl From<ChainError> for Setback {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl Sender {
    /// A new attempt at the account's next sequence number.
    pub(super) async fn plan(
        &self,
        intent: &str,
        messages: Vec<Msg>,
        (class, memo): (Class, &str),
        state: &mut State,
    ) -> Result<Planned, Unsettled> {
        let mut draft = Draft {
            messages,
            memo: memo.to_owned(),
            timeout_height: Height::default(),
            gas: 0,
            fee: Coin::uakt(0),
            account_number: 0,
            sequence: 0,
            granter: None,
        };
        let patience = Patience::new(self.policy.patience);
        let mut tries = 0;
        loop {
            match self.try_plan(intent, &mut draft, class, state).await {
                Ok(planned) => return Ok(planned),
                Err(Setback::Signing(source)) => {
                    return Err(Unsettled::Refused { intent: intent.to_owned(), source });
                }
                Err(Setback::Fee(source)) => {
                    return Err(Unsettled::TooDear { intent: intent.to_owned(), source });
                }
                Err(Setback::Chain(source)) => {
                    tries += 1;
                    // A height that this node does not have yet needs blocks, not tries.
                    let over = if source.is_missing_height() { patience.is_over() } else { tries >= TRIES };
                    if over {
                        return Err(Unsettled::Stalled { intent: intent.to_owned(), source });
                    }
                }
                Err(Setback::Behind) => {
                    if patience.is_over() {
                        let floor = state.floor.unwrap_or_default();
                        return Err(Unsettled::Behind { intent: intent.to_owned(), floor });
                    }
                }
            }
            tokio::time::sleep(state.pace.interval()).await;
        }
    }

    async fn try_plan(
        &self,
        intent: &str,
        draft: &mut Draft,
        class: Class,
        state: &mut State,
    ) -> Result<Planned, Setback> {
        let planned = self.height(&self.client, state).await?.ok_or(Setback::Behind)?;
        let Some(account) = self.client.account(self.key.address(), At::Height(planned)).await? else {
            let log = format!("account {} does not exist", self.key.address());
            let (codespace, code) = Rejection::UNKNOWN_ADDRESS;
            return Ok(Planned::Refused(Rejection::new(codespace, code, log)));
        };
        draft.account_number = account.number;
        draft.sequence = account.sequence;
        draft.timeout_height = planned.plus(self.policy.window(class));
        // Refused here is refused before anything of it leaves the machine, the simulation included.
        self.key.sign(draft, &self.chain_id, &self.allowed).map_err(Setback::Signing)?;
        let simulated = match self.client.simulate(draft.for_simulation(self.key.public_key())).await? {
            Simulation::Gas(gas) => gas,
            // The node has something of this account in its mempool, or lags: nothing is known against the messages.
            Simulation::Refused(rejection) if rejection.is(Rejection::WRONG_SEQUENCE) => {
                return Err(Setback::Behind);
            }
            Simulation::Refused(rejection) => return Ok(Planned::Refused(rejection)),
        };
        draft.gas = Policy::gas(class, simulated);
        let minimum = self.client.node_config().await?.minimum_gas_price(&UAKT);
        draft.fee = self.policy.fee(draft.gas, minimum).map_err(Setback::Fee)?;
        let signed = self.key.sign(draft, &self.chain_id, &self.allowed).map_err(Setback::Signing)?;
        Ok(Planned::Attempt(Box::new(Attempt {
            intent: intent.to_owned(),
            signer: self.key.address().clone(),
            account_number: draft.account_number,
            sequence: draft.sequence,
            planned,
            timeout: draft.timeout_height,
            hash: signed.hash,
            bytes: signed.bytes,
            fee: draft.fee.clone(),
            end: None,
        })))
    }
}
