//! Makes an attempt: looks, simulates, prices, signs. Nothing leaves the machine but the simulation.

use akash_types::{Coin, Height, Msg, Rejection, UAKT};
use akash_wallet::{Draft, Refused};

use super::{Sender, State, Unsettled};
use crate::decision::Rules;
use crate::error::with_sources;
use crate::pace::Patience;
use crate::{Account, At, Attempt, ChainError, Class, Client, Policy, Simulation, TooDear};

/// How often an unanswered question is asked again before the caller is told.
const TRIES: u32 = 4;

/// What an attempt is to bring about.
pub(super) struct Wanted<'a> {
    pub(super) intent: &'a str,
    pub(super) class: Class,
    pub(super) memo: &'a str,
    /// No gas limit below this: an earlier attempt ran out of gas.
    pub(super) least_gas: u64,
}

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

impl From<Refused> for Setback {
    fn from(refused: Refused) -> Self {
        Self::Signing(refused)
    }
}

impl Sender {
    /// A new attempt at the account's next sequence number.
    pub(super) async fn plan(
        &self,
        what: &Wanted<'_>,
        messages: Vec<Msg>,
        state: &mut State,
    ) -> Result<Planned, Unsettled> {
        let intent = what.intent;
        let mut draft = Draft {
            messages,
            memo: what.memo.to_owned(),
            timeout_height: Height::default(),
            gas: 0,
            fee: Coin::uakt(0),
            account_number: 0,
            sequence: 0,
            granter: self.granter.clone(),
        };
        let patience = Patience::new(self.policy.patience);
        let mut tries = 0;
        loop {
            match self.try_plan(what, &mut draft, state).await {
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
        what: &Wanted<'_>,
        draft: &mut Draft,
        state: &mut State,
    ) -> Result<Planned, Setback> {
        let planned = self.height(&self.client, state).await?.ok_or(Setback::Behind)?;
        let Some(account) = self.agreed_account(planned, what.class).await? else {
            let log = format!("account {} does not exist", self.key.address());
            let (codespace, code) = Rejection::UNKNOWN_ADDRESS;
            return Ok(Planned::Refused(Rejection::new(codespace, code, log)));
        };
        draft.account_number = account.number;
        draft.sequence = Rules::ADVISED.number(&[], account.sequence, account.sequence);
        draft.timeout_height = Rules::ADVISED.timeout(planned, self.policy.window(what.class));
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
        draft.gas = Policy::gas(what.class, simulated).max(what.least_gas);
        let minimum = self.client.node_config().await?.minimum_gas_price(&UAKT);
        draft.fee = self.policy.fee(draft.gas, minimum).map_err(Setback::Fee)?;
        Ok(Planned::Attempt(Box::new(self.signed(what.intent, planned, draft)?)))
    }

    /// The account at a height, as two endpoints show it when there are several. What only stops payments does not wait for a second one that
    /// is silent.
    async fn agreed_account(&self, height: Height, class: Class) -> Result<Option<Account>, Setback> {
        let at = At::Height(height);
        let read = |client: Client| async move { client.account(self.key.address(), at).await };
        match self.client.agreed("the account", height, read).await {
            Ok(account) => Ok(account),
            Err(error @ ChainError::Disagree { .. }) => Err(error.into()),
            Err(_) if class == Class::Close => Ok(self.client.account(self.key.address(), at).await?),
            Err(ChainError::Behind { .. } | ChainError::NoEndpoint) => Err(Setback::Behind),
            Err(error) => Err(error.into()),
        }
    }

    /// A dearer attempt with the same number and the same messages, or why there is none.
    pub(super) async fn replacement(&self, last: &Attempt, height: Height) -> Result<Attempt, String> {
        let mut draft = Draft::read(&last.bytes, last.account_number)
            .ok_or_else(|| "the bytes of the attempt cannot be read".to_owned())?;
        let config = self.client.node_config().await.map_err(|error| with_sources(&error))?;
        let asked = self.policy.fee(draft.gas, config.minimum_gas_price(&UAKT));
        draft.fee = Policy::dearer(&last.fee, &asked.map_err(|error| error.to_string())?);
        if draft.fee.amount <= last.fee.amount {
            return Err("a node finds it too cheap, and names no higher price".to_owned());
        }
        let window = last.timeout.since(last.planned);
        draft.timeout_height = Rules::ADVISED.timeout(height, window).max(last.timeout);
        self.signed(&last.intent, height, &draft).map_err(|error| with_sources(&error))
    }

    fn signed(&self, intent: &str, planned: Height, draft: &Draft) -> Result<Attempt, Refused> {
        let signed = self.key.sign(draft, &self.chain_id, &self.allowed)?;
        Ok(Attempt {
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
        })
    }
}
