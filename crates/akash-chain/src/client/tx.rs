//! Transactions: tried, sent, looked up.

use std::fmt::Write as _;
use std::time::Duration;

use akash_proto::cosmos::base::abci::v1beta1::TxResponse;
use akash_proto::cosmos::tx::v1beta1::service_client::ServiceClient;
use akash_proto::cosmos::tx::v1beta1::{BroadcastMode, BroadcastTxRequest, GetTxRequest, SimulateRequest};
use akash_types::{Height, Rejection};
use akash_wallet::TxHash;
use futures_util::future::join_all;

use super::channel::Channel;
use super::{At, Client, Endpoint, MESSAGE_LIMIT, in_time, optional, required};
use crate::error::with_sources;
use crate::{ChainError, refusal};

/// How long one node may keep the others' answers to a broadcast waiting.
const TELLING: Duration = Duration::from_secs(5);

/// What a trial run of a transaction showed. Nothing was executed or paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Simulation {
    /// It would succeed, and use this much gas.
    Gas(u64),
    /// It would be refused.
    Refused(Rejection),
}

/// What became of a transaction that is in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxResult {
    /// The block.
    pub height: Height,
    /// Why it had no effect; `None`: it succeeded.
    pub rejection: Option<Rejection>,
    /// Gas used.
    pub gas_used: u64,
}

/// What the nodes said to a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// By endpoint, one for each.
    pub answers: Vec<(String, Answer)>,
}

/// What one node said to a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is in the node's mempool; whether it will be in a block is open.
    Accepted,
    /// The node's check refused it: it is not in this node's mempool through this call.
    Rejected(Rejection),
    /// Nobody knows whether the node has it.
    Silent {
        /// What happened.
        why: String,
    },
}

impl Broadcast {
    /// A refusal, when each and every node that was asked refused in a way that `counts`: then none of them has it.
    pub fn refused_by_all(&self, counts: impl Fn(&Rejection) -> bool) -> Option<&Rejection> {
        let mut first = None;
        for (_, answer) in &self.answers {
            match answer {
                Answer::Rejected(rejection) if counts(rejection) => first = first.or(Some(rejection)),
                Answer::Accepted | Answer::Rejected(_) | Answer::Silent { .. } => return None,
            }
        }
        first
    }

    /// One line for a journal.
    pub fn summary(&self) -> String {
        let mut line = String::new();
        for (endpoint, answer) in &self.answers {
            let separator = if line.is_empty() { "" } else { "; " };
            // Writing into a String cannot fail.
            let _ = match answer {
                Answer::Accepted => write!(line, "{separator}{endpoint}: accepted"),
                Answer::Rejected(rejection) => write!(line, "{separator}{endpoint}: {rejection}"),
                Answer::Silent { why } => write!(line, "{separator}{endpoint}: no answer ({why})"),
            };
        }
        line
    }
}

impl Client {
    /// Runs a transaction on a node without executing it ([`akash_wallet::Draft::for_simulation`]). The sequence is compared,
    /// the signature is not. On quiet accounts the gas is exactly that of the real run.
    pub async fn simulate(&self, bytes: Vec<u8>) -> Result<Simulation, ChainError> {
        let what = "simulate the transaction";
        let query = SimulateRequest { tx_bytes: bytes, ..SimulateRequest::default() };
        let answer =
            self.ask(what, At::Latest, query, |channel, query| async move {
                service(channel).simulate(query).await
            })
            .await;
        match answer {
            Ok(answer) => {
                let info = required(what, answer.gas_info, "SimulateResponse", "gas_info")?;
                Ok(Simulation::Gas(info.gas_used))
            }
            Err(ChainError::Refused { source, .. }) if refusal::is_about_transaction(&source) => {
                Ok(Simulation::Refused(refusal::read(source.message())))
            }
            Err(error) => Err(error),
        }
    }

    /// Gives a transaction to every endpoint, and reports what each said. An endpoint of another chain is left out.
    pub async fn broadcast(&self, bytes: &[u8]) -> Broadcast {
        let answers = self.endpoints.iter().map(|endpoint| async move {
            let answer = async {
                match self.identify(endpoint, "send the transaction").await {
                    Ok(()) => Some(endpoint.broadcast(bytes).await),
                    Err(ChainError::WrongChain { .. }) => None,
                    Err(error) => Some(Answer::Silent { why: with_sources(&error) }),
                }
            };
            let late = |_| Some(Answer::Silent { why: "no answer within 5 seconds".to_owned() });
            let answer = tokio::time::timeout(TELLING, answer).await.unwrap_or_else(late)?;
            Some((endpoint.name.clone(), answer))
        });
        Broadcast { answers: join_all(answers).await.into_iter().flatten().collect() }
    }

    /// What became of a transaction, of any endpoint that knows it; `None` when none has indexed a block that holds it, which
    /// proves nothing.
    pub async fn tx(&self, hash: &TxHash) -> Result<Option<TxResult>, ChainError> {
        let what = "look up the transaction";
        let query = GetTxRequest { hash: hash.to_string() };
        let answer = self
            .ask_around(what, query, |channel, query| async move { service(channel).get_tx(query).await })
            .await;
        let Some(answer) = optional(answer)? else { return Ok(None) };
        let result = required(what, answer.tx_response, "GetTxResponse", "tx_response")?;
        Ok(Some(TxResult {
            height: Height::from_wire(result.height),
            rejection: rejection(&result),
            gas_used: u64::try_from(result.gas_used).unwrap_or(0),
        }))
    }
}

impl Endpoint {
    async fn broadcast(&self, bytes: &[u8]) -> Answer {
        let query = BroadcastTxRequest { tx_bytes: bytes.to_vec(), mode: BroadcastMode::Sync.into() };
        let mut service = service(self.channel.clone());
        match in_time(service.broadcast_tx(query)).await.map(|answer| answer.into_inner().tx_response) {
            Ok(Some(response)) => rejection(&response).map_or(Answer::Accepted, Answer::Rejected),
            Ok(None) => Answer::Silent { why: "an empty answer".into() },
            Err(status) => Answer::Silent { why: with_sources(&status) },
        }
    }
}

fn service(channel: Channel) -> ServiceClient<Channel> {
    ServiceClient::new(channel).max_decoding_message_size(MESSAGE_LIMIT)
}

/// Why a transaction was refused. Logs need not be UTF-8.
fn rejection(response: &TxResponse) -> Option<Rejection> {
    let log = || String::from_utf8_lossy(&response.raw_log).into_owned();
    (response.code != 0).then(|| Rejection::new(response.codespace.clone(), response.code, log()))
}
