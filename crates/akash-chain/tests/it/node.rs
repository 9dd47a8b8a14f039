//! A node that makes a block for every look at its height, so that tests need no clock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use akash_chain::Client;
use akash_wallet::{Key, Mnemonic, TxHash};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use cosmos_sdk_proto::cosmos::auth::v1beta1::{BaseAccount, QueryAccountRequest, QueryAccountResponse};
use cosmos_sdk_proto::cosmos::base::abci::v1beta1::GasInfo;
use cosmos_sdk_proto::cosmos::base::node::v1beta1 as config;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1 as comet;
use cosmos_sdk_proto::cosmos::tx::v1beta1 as tx;
use cosmos_sdk_proto::tendermint::types::{Block, Data, Header};
use cosmos_sdk_proto::{Any, Timestamp};
use prost::Message;
use prost::Name as _;
use tonic::codec::ProstCodec;
use tonic::{Code, Status};

pub(crate) const CHAIN: &str = "test-1";

/// Key `index` of the public test mnemonic, derived once.
pub(crate) fn key(index: u32) -> Key {
    static KEYS: Mutex<BTreeMap<u32, Key>> = Mutex::new(BTreeMap::new());
    let derive = || {
        let words = format!("{} art", ["abandon"; 23].join(" "));
        Key::derive(&Mnemonic::parse(&words).unwrap(), index).unwrap()
    };
    KEYS.lock().unwrap().entry(index).or_insert_with(derive).clone()
}

/// How a transaction ends in a block.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) codespace: &'static str,
    pub(crate) code: u32,
    /// Whether the sequence moves: `false` is a check that failed at delivery.
    pub(crate) charged: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Executed {
    pub(crate) height: u64,
    pub(crate) verdict: Verdict,
}

/// Everything that the node is made of; tests change it as they like.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) chain_id: String,
    pub(crate) height: u64,
    /// No new blocks.
    pub(crate) frozen: bool,
    /// No answers.
    pub(crate) silent: bool,
    /// The account's next number, from each height on.
    pub(crate) sequence: BTreeMap<u64, u64>,
    pub(crate) blocks: BTreeMap<u64, Vec<Vec<u8>>>,
    pub(crate) executed: BTreeMap<TxHash, Executed>,
    pub(crate) mempool: Vec<Vec<u8>>,
    /// Every broadcast, in order.
    pub(crate) broadcasts: Vec<Vec<u8>>,
    /// Another node gave it the bytes a moment before whoever broadcasts them here.
    pub(crate) gossip: bool,
    /// Accept and forget that many broadcasts.
    pub(crate) lose: usize,
    /// What the check answers.
    pub(crate) check: Option<(&'static str, u32)>,
    /// The least price of a unit of gas, in thousandths of a uakt.
    pub(crate) minimum: u64,
    /// How the next transactions end, before all the others that succeed.
    pub(crate) verdicts: Vec<Verdict>,
    /// Results are not found before this height.
    pub(crate) indexed_from: u64,
    /// Another transaction uses the number in this block.
    pub(crate) foreign: Option<(u64, Vec<u8>)>,
    pub(crate) simulation: Option<&'static str>,
    /// The account's newest state is of this height.
    pub(crate) state: Option<u64>,
    /// Blocks and states below are gone.
    pub(crate) pruned_below: u64,
    /// The height that it tells instead of its own.
    pub(crate) absurd: Option<u64>,
    /// A proxy answers one method, by the end of its path, with an HTTP status and a body.
    pub(crate) http: Option<(&'static str, u16, &'static str)>,
    pub(crate) log: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
pub(crate) struct Node(Arc<Mutex<Model>>);

impl Node {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Model {
            chain_id: CHAIN.into(),
            height: 100,
            frozen: false,
            silent: false,
            sequence: BTreeMap::from([(0, 7)]),
            blocks: BTreeMap::new(),
            executed: BTreeMap::new(),
            mempool: vec![],
            broadcasts: vec![],
            gossip: false,
            lose: 0,
            check: None,
            minimum: 30,
            verdicts: vec![],
            indexed_from: 0,
            foreign: None,
            simulation: None,
            state: None,
            pruned_below: 0,
            absurd: None,
            http: None,
            log: Arc::default(),
        })))
    }

    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.0.lock().unwrap()
    }

    /// Another node of the same chain, as it is now.
    pub(crate) fn twin(&self) -> Self {
        Self(Arc::new(Mutex::new(self.model().clone())))
    }

    /// Serves both while `test` runs with a client that asks this one first.
    pub(crate) async fn run_with<T>(&self, second: &Self, test: impl AsyncFnOnce(Client) -> T) -> T {
        self.serve(async |first| {
            second.serve(async |second| test(Client::connect(&[first, second]).unwrap()).await).await
        })
        .await
    }

    /// The same with an endpoint that is asked first.
    pub(crate) async fn run_beside<T>(
        &self,
        third: &Self,
        first: String,
        test: impl AsyncFnOnce(Client) -> T,
    ) -> T {
        self.serve(async |second| {
            third.serve(async |third| test(Client::connect(&[first, second, third]).unwrap()).await).await
        })
        .await
    }

    /// Serves on a free port while `test` runs.
    pub(crate) async fn serve<T>(&self, test: impl AsyncFnOnce(String) -> T) -> T {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(self.clone());
        tokio::select! {
            stopped = axum::serve(listener, app) => panic!("the node stopped: {stopped:?}"),
            result = test(uri) => result,
        }
    }

    /// Serves while `test` runs with a client.
    pub(crate) async fn run<T>(&self, test: impl AsyncFnOnce(Client) -> T) -> T {
        self.serve(async |uri| test(Client::connect(&[uri]).unwrap()).await).await
    }
}

impl Model {
    pub(crate) fn sequence_at(&self, height: u64) -> u64 {
        self.sequence.range(..=height).next_back().map_or(0, |(_, sequence)| *sequence)
    }

    pub(crate) fn make_blocks(&mut self, count: u64) {
        for _ in 0..count {
            self.make_block();
        }
    }

    fn make_block(&mut self) {
        self.height += 1;
        let height = self.height;
        let mut block = vec![];
        if let Some((_, bytes)) = self.foreign.take_if(|(at, _)| *at == height) {
            self.use_sequence();
            block.push(bytes);
        }
        for bytes in std::mem::take(&mut self.mempool) {
            let sequence = tx::Tx::decode(&*bytes).unwrap().auth_info.unwrap().signer_infos[0].sequence;
            if sequence != self.sequence_at(height) {
                continue;
            }
            let verdict = if self.verdicts.is_empty() {
                Verdict { codespace: "", code: 0, charged: true }
            } else {
                self.verdicts.remove(0)
            };
            if verdict.charged {
                self.use_sequence();
            }
            self.executed.insert(TxHash::of(&bytes), Executed { height, verdict });
            block.push(bytes);
        }
        self.blocks.insert(height, block);
    }

    fn use_sequence(&mut self) {
        let next = self.sequence_at(self.height) + 1;
        self.sequence.insert(self.height, next);
    }

    fn status(&mut self) -> config::StatusResponse {
        if !self.frozen {
            self.make_block();
        }
        // A hundred blocks a second by the chain's clock.
        let (seconds, nanos) = (self.height / 100, self.height % 100 * 10_000_000);
        let timestamp = Some(Timestamp {
            seconds: i64::try_from(seconds).unwrap(),
            nanos: i32::try_from(nanos).unwrap(),
        });
        config::StatusResponse { height: self.absurd.unwrap_or(self.height), timestamp, ..Default::default() }
    }

    fn block(&self, height: u64) -> Result<Block, Status> {
        if height > self.height {
            return Err(Status::invalid_argument("requested block height is bigger then the chain length"));
        }
        if height < self.pruned_below {
            let lowest = self.pruned_below;
            return Err(Status::unknown(format!(
                "height {height} is not available, lowest height is {lowest}"
            )));
        }
        Ok(Block {
            header: Some(Header {
                chain_id: self.chain_id.clone(),
                height: i64::try_from(height).unwrap(),
                ..Default::default()
            }),
            data: Some(Data { txs: self.blocks.get(&height).cloned().unwrap_or_default() }),
            ..Default::default()
        })
    }

    fn account(&self, address: &str, height: Option<u64>) -> Result<QueryAccountResponse, Status> {
        if address != key(1).address().as_str() {
            return Err(Status::not_found(format!("account {address} not found")));
        }
        let newest = self.state.unwrap_or(self.height);
        let height = height.unwrap_or(newest);
        if height > newest {
            let future = "codespace sdk code 26: invalid height: cannot query with height in the future";
            return Err(Status::unknown(future));
        }
        if height < self.pruned_below {
            return Err(Status::unknown(format!(
                "failed to load state at height {height}; version does not exist"
            )));
        }
        let account = BaseAccount {
            address: address.into(),
            pub_key: None,
            account_number: 4,
            sequence: self.sequence_at(height),
        };
        let any = Any { type_url: BaseAccount::type_url(), value: account.encode_to_vec() };
        Ok(QueryAccountResponse { account: Some(any) })
    }

    fn broadcast(&mut self, bytes: Vec<u8>) -> RawTx {
        let hash = TxHash::of(&bytes);
        self.log.lock().unwrap().push(format!("broadcast {hash}"));
        self.broadcasts.push(bytes.clone());
        let mut answer = RawTxResponse { txhash: hash.to_string(), ..Default::default() };
        let has_it = self.mempool.contains(&bytes);
        if self.gossip && !has_it {
            self.mempool.push(bytes.clone());
        }
        if let Some((codespace, code)) = self.check {
            answer.codespace = codespace.into();
            answer.code = code;
            answer.raw_log = LOG_THAT_IS_NO_TEXT.to_vec();
        } else if too_cheap(&bytes, self.minimum) {
            (answer.codespace, answer.code) = ("sdk".into(), 13);
        } else if has_it || self.gossip {
            // Only its own mempool knows; a real node says no more than this.
            (answer.codespace, answer.code) = ("sdk".into(), 19);
        } else if self.lose > 0 {
            self.lose -= 1;
        } else {
            self.mempool.push(bytes);
        }
        RawTx { tx: None, tx_response: Some(answer) }
    }

    fn get_tx(&self, hash: &str) -> Result<RawTx, Status> {
        let hash: TxHash = hash.parse().unwrap();
        let Some(executed) = self.executed.get(&hash).filter(|_| self.height >= self.indexed_from) else {
            return Err(Status::not_found(format!("tx not found: {hash}")));
        };
        let verdict = &executed.verdict;
        let answer = RawTxResponse {
            height: i64::try_from(executed.height).unwrap(),
            txhash: hash.to_string(),
            codespace: verdict.codespace.into(),
            code: verdict.code,
            raw_log: if verdict.code == 0 { vec![] } else { LOG_THAT_IS_NO_TEXT.to_vec() },
            gas_wanted: 140_000,
            gas_used: 100_000,
        };
        Ok(RawTx { tx: None, tx_response: Some(answer) })
    }
}

fn too_cheap(bytes: &[u8], minimum: u64) -> bool {
    let fee = tx::Tx::decode(bytes).unwrap().auth_info.unwrap().fee.unwrap();
    fee.amount[0].amount.parse::<u64>().unwrap() * 1_000 < fee.gas_limit * minimum
}

/// Raw address bytes, as a real node sends them in some logs: no UTF-8.
const LOG_THAT_IS_NO_TEXT: &[u8] = &[b'k', 0xfd, 0xa1];

/// `BroadcastTxResponse` has its answer in field 1, `GetTxResponse` in field 2.
#[derive(Clone, PartialEq, Message)]
struct RawTx {
    #[prost(message, optional, tag = "1")]
    tx: Option<RawTxResponse>,
    #[prost(message, optional, tag = "2")]
    tx_response: Option<RawTxResponse>,
}

#[derive(Clone, PartialEq, Message)]
struct RawTxResponse {
    #[prost(int64, tag = "1")]
    height: i64,
    #[prost(string, tag = "2")]
    txhash: String,
    #[prost(string, tag = "3")]
    codespace: String,
    #[prost(uint32, tag = "4")]
    code: u32,
    #[prost(bytes = "vec", tag = "6")]
    raw_log: Vec<u8>,
    #[prost(int64, tag = "9")]
    gas_wanted: i64,
    #[prost(int64, tag = "10")]
    gas_used: i64,
}

async fn answer(State(node): State<Node>, request: Request) -> Response {
    let proxy = node.model().http;
    if let Some((_, status, body)) = proxy.filter(|(method, ..)| request.uri().path().ends_with(method)) {
        return Response::builder().status(status).body(Body::from(body)).unwrap();
    }
    let pinned = request.headers().get("x-cosmos-block-height").map(|h| h.to_str().unwrap().parse().unwrap());
    match request.uri().path().to_owned().as_str() {
        "/cosmos.base.node.v1beta1.Service/Status" => {
            reply(node, request, |m, _: config::StatusRequest| Ok(m.status())).await
        }
        "/cosmos.base.node.v1beta1.Service/Config" => {
            let minimum_gas_price = format!("0.{:03}uakt,0.5uact", node.model().minimum);
            reply(node, request, move |_, _: config::ConfigRequest| {
                Ok(config::ConfigResponse {
                    minimum_gas_price: minimum_gas_price.clone(),
                    ..Default::default()
                })
            })
            .await
        }
        "/cosmos.base.tendermint.v1beta1.Service/GetLatestBlock" => {
            reply(node, request, |m, _: comet::GetLatestBlockRequest| {
                let block = Some(m.block(m.height)?);
                Ok(comet::GetLatestBlockResponse { block, ..Default::default() })
            })
            .await
        }
        "/cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight" => {
            reply(node, request, |m, q: comet::GetBlockByHeightRequest| {
                let block = Some(m.block(u64::try_from(q.height).unwrap())?);
                Ok(comet::GetBlockByHeightResponse { block, ..Default::default() })
            })
            .await
        }
        "/cosmos.auth.v1beta1.Query/Account" => {
            reply(node, request, move |m, q: QueryAccountRequest| m.account(&q.address, pinned)).await
        }
        "/cosmos.tx.v1beta1.Service/Simulate" => {
            reply(node, request, |m, _: tx::SimulateRequest| {
                if let Some(text) = m.simulation {
                    return Err(Status::unknown(text));
                }
                let gas_info = Some(GasInfo { gas_wanted: u64::MAX, gas_used: 100_000 });
                Ok(tx::SimulateResponse { gas_info, ..Default::default() })
            })
            .await
        }
        "/cosmos.tx.v1beta1.Service/BroadcastTx" => {
            reply(node, request, |m, q: tx::BroadcastTxRequest| {
                let RawTx { tx_response, .. } = m.broadcast(q.tx_bytes);
                Ok(RawTx { tx: tx_response, tx_response: None })
            })
            .await
        }
        "/cosmos.tx.v1beta1.Service/GetTx" => {
            reply(node, request, |m, q: tx::GetTxRequest| m.get_tx(&q.hash)).await
        }
        path => panic!("nobody should ask for {path}"),
    }
}

async fn reply<Q, R>(
    node: Node,
    request: Request,
    handle: impl Fn(&mut Model, Q) -> Result<R, Status> + Clone + Send + 'static,
) -> Response
where
    Q: Message + Default + Send + 'static,
    R: Message + Default + Send + 'static,
{
    let service = tower::service_fn(move |query: tonic::Request<Q>| {
        let (node, handle) = (node.clone(), handle.clone());
        async move {
            let mut model = node.model();
            if model.silent {
                return Err(Status::new(Code::Unavailable, "down"));
            }
            handle(&mut model, query.into_inner()).map(tonic::Response::new)
        }
    });
    let mut grpc = tonic::server::Grpc::new(ProstCodec::<R, Q>::default());
    grpc.unary(service, request).await.map(Body::new)
}
