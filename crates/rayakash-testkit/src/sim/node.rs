//! A node, as the daemon reaches it: the sandbox's services in this process, and whatever goes wrong on the way.

use std::sync::Arc;
use std::time::Duration;

use akash_chain::Nearby;
use akash_proto::cosmos::base::abci::v1beta1::TxResponse;
use akash_proto::cosmos::tx::v1beta1::{
    BroadcastTxRequest, BroadcastTxResponse, GetTxResponse, SimulateResponse,
};
use akash_wallet::TxHash;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::GetBlockByHeightRequest;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service as _, StdError, http};
use tonic::service::Routes;

use super::effects::{Effects, Kind};
use super::fault::Fault;
use super::lies;
use super::stage::{Fate, Stage};
use super::wire::{self, Call};

/// The header by which a height is asked for.
const HEIGHT: &str = "x-cosmos-block-height";
/// A height that no chain reaches.
const NEVER: u64 = 1 << 50;

/// One node, as one life of a daemon reaches it.
pub(crate) struct SimNode {
    stage: Arc<Stage>,
    services: Routes,
    number: usize,
    effects: Arc<Effects>,
}

impl SimNode {
    /// The node with a number.
    pub(crate) fn new(stage: &Arc<Stage>, number: usize, effects: &Arc<Effects>) -> Self {
        let services = stage.node.services();
        Self { stage: Arc::clone(stage), services, number, effects: Arc::clone(effects) }
    }
}

impl Nearby for SimNode {
    fn answer(&self, call: http::Request<Body>) -> BoxFuture<http::Response<Body>, StdError> {
        let node = Self {
            stage: Arc::clone(&self.stage),
            services: self.services.clone(),
            number: self.number,
            effects: Arc::clone(&self.effects),
        };
        Box::pin(async move { node.serve(Call::read(call).await?).await })
    }
}

impl SimNode {
    async fn serve(mut self, mut call: Call) -> Result<http::Response<Body>, StdError> {
        if self.effects.is_off() {
            return std::future::pending().await;
        }
        let me = self.number;
        let faults = &self.stage.faults;
        let latency = faults.find(|fault| {
            let Fault::Latency { node, most_ms } = fault else { return None };
            (*node == me).then_some(*most_ms)
        });
        if let Some(most_ms) = latency {
            faults.hit("latency");
            let ms = self.stage.chance.between(0, most_ms);
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        let errors = self.stage.faults.find(|fault| {
            let Fault::RpcErrors { node, permille } = fault else { return None };
            (*node == me).then_some(*permille)
        });
        if errors.is_some_and(|permille| self.stage.chance.permille(permille)) {
            self.stage.faults.hit("rpc errors");
            return Ok(wire::refusal(&Status::unavailable("a simulated fault")));
        }
        if call.is("Service/BroadcastTx") {
            return self.broadcast(call).await;
        }
        let behind = self.behind(&mut call);
        if let Some(view) = behind
            && let Some(asked) = call.message::<GetBlockByHeightRequest>()
            && call.is("Service/GetBlockByHeight")
            && asked.height.unsigned_abs() > view
        {
            return Ok(wire::refusal(&Status::invalid_argument(
                "requested block height is bigger then the chain length",
            )));
        }
        self.ask(call, behind).await
    }

    /// How far the node is, when it is behind; then the call is about that height at most.
    fn behind(&self, call: &mut Call) -> Option<u64> {
        let me = self.number;
        let lag = self.stage.faults.find(|fault| {
            let Fault::Lag { node, blocks } = fault else { return None };
            (*node == me).then_some(*blocks)
        })?;
        self.stage.faults.hit("lag");
        let view = self.stage.node.state().height.0.saturating_sub(lag).max(1);
        let asked = call.parts.headers.get(HEIGHT).and_then(|text| text.to_str().ok()?.parse::<u64>().ok());
        let at = match asked {
            Some(height) if height > view => NEVER,
            Some(height) => height,
            None => view,
        };
        call.parts.headers.insert(HEIGHT, at.into());
        Some(view)
    }

    async fn ask(&mut self, call: Call, behind: Option<u64>) -> Result<http::Response<Body>, StdError> {
        let path = call.path.clone();
        let response = self.services.call(call.forward()).await?;
        let response = if path.ends_with("Service/GetTx")
            && let Some(view) = behind
        {
            wire::rewrite::<GetTxResponse>(response, |found| {
                let height = found.tx_response.as_ref().map_or(0, |tx| tx.height.unsigned_abs());
                if height > view { Err(Status::not_found("tx not found")) } else { Ok(found) }
            })
            .await?
        } else {
            response
        };
        let shown = self.stage.faults.find(|fault| {
            let Fault::GasGrows { shown } = fault else { return None };
            Some(*shown)
        });
        let response = match shown {
            Some(shown) if path.ends_with("Service/Simulate") => {
                self.stage.faults.hit("gas growth");
                wire::rewrite::<SimulateResponse>(response, |mut tried| {
                    if let Some(gas) = &mut tried.gas_info {
                        gas.gas_used = gas.gas_used.saturating_mul(shown) / 100;
                    }
                    Ok(tried)
                })
                .await?
            }
            Some(_) | None => response,
        };
        lies::tell(&self.stage, self.number, &path, response).await
    }

    /// A transaction comes in: this is an effect of the daemon.
    async fn broadcast(&self, call: Call) -> Result<http::Response<Body>, StdError> {
        let ends = self.effects.leave(Kind::Broadcast).await;
        let bytes = call.message::<BroadcastTxRequest>().map(|asked| asked.tx_bytes).unwrap_or_default();
        let answer = self.take_in(&bytes).await;
        if ends {
            self.effects.turn_off();
            return std::future::pending().await;
        }
        Ok(answer.map_or_else(
            |status| wire::refusal(&status),
            |response| wire::answer(&BroadcastTxResponse { tx_response: Some(response) }),
        ))
    }

    async fn take_in(&self, bytes: &[u8]) -> Result<TxResponse, Status> {
        let hash = TxHash::of(bytes);
        self.stage.say(&format!("node {}: broadcast {hash}", self.number));
        let accepted = TxResponse { txhash: hash.to_string(), ..TxResponse::default() };
        match self.fate(hash) {
            Fate::Lands => self.check(bytes, accepted),
            Fate::Lost(_) => Ok(accepted),
            Fate::Late(height) => {
                let stage = Arc::clone(&self.stage);
                let bytes = bytes.to_vec();
                self.stage.tasks.spawn("a late transaction", async move {
                    stage.node.reached(akash_types::Height(height)).await;
                    // Refused by now: then it never comes.
                    let _late = stage.node.check(&bytes);
                });
                Ok(accepted)
            }
            Fate::Silent => {
                let taken = self.check(bytes, accepted)?;
                if taken.code == 0 {
                    let mut tip = self.stage.node.tip();
                    while self.stage.node.tx(&hash).is_none() && tip.changed().await.is_ok() {}
                }
                Err(Status::unavailable("the answer was lost"))
            }
        }
    }

    fn check(&self, bytes: &[u8], accepted: TxResponse) -> Result<TxResponse, Status> {
        match self.stage.node.check(bytes) {
            Ok(_) => Ok(accepted),
            Err(rejection) => Ok(TxResponse {
                codespace: rejection.codespace,
                code: rejection.code,
                raw_log: rejection.log.into_bytes(),
                ..accepted
            }),
        }
    }

    /// What becomes of a transaction: drawn when it is first seen.
    fn fate(&self, hash: TxHash) -> Fate {
        let stage = &self.stage;
        let mut fates = stage.fates.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let fate = *fates.entry(hash).or_insert_with(|| draw(stage, hash));
        if let Fate::Lost(left) = fate {
            let next = left.checked_sub(1).map_or(Fate::Lands, Fate::Lost);
            fates.insert(hash, next);
            return if left == 0 { Fate::Lands } else { fate };
        }
        fate
    }
}

fn draw(stage: &Stage, hash: TxHash) -> Fate {
    let height = stage.node.state().height.0;
    let drawn = stage.faults.find(|fault| {
        if !stage.chance.permille(fault.permille_of_txs()) {
            return None;
        }
        let fate = if matches!(fault, Fault::TxDropped { .. }) {
            Fate::Lost(stage.chance.between(3, 60))
        } else if let Fault::TxLate { blocks, .. } = fault {
            Fate::Late(height.saturating_add(*blocks))
        } else if matches!(fault, Fault::AnswerLost { .. }) {
            Fate::Silent
        } else {
            Fate::Lands
        };
        Some((fault.name(), fate, matches!(fault, Fault::TooEarly { .. })))
    });
    let Some((name, fate, early)) = drawn else { return Fate::Lands };
    stage.faults.hit(name);
    if early {
        stage.node.spoil(hash);
    }
    fate
}
