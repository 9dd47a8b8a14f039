//! CometBFT's RPC of the sandbox's chain, over its socket. What cosmjs makes of it is tested in `tests/ts-sdk`.

use std::time::Duration;

use crate::creation::{creation, paid_by};
use akash_sandbox::market::Keyholder;
use akash_sandbox::{Config, Fault, Sandbox, start};
use akash_types::msg::Send;
use akash_types::{Coin, Msg};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const PATIENCE: Duration = Duration::from_secs(60);
const RECORDED: &str = include_str!("../../../../tests/fixtures/real-node/rpc.jsonl");

/// A chain without providers that makes a block when it is told to.
async fn chain() -> (tempfile::TempDir, Sandbox) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(folder.path().join("home"), folder.path().join("cache"));
    config.providers = 0;
    config.block_time = Duration::from_millis(20);
    let sandbox = start(config).await.unwrap();
    (folder, sandbox)
}

async fn http(sandbox: &Sandbox, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(sandbox.info().rpc).await.unwrap();
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

async fn get(sandbox: &Sandbox, address: &str) -> Value {
    serde_json::from_str(&http(sandbox, &format!("GET {address}"), "").await.1).unwrap()
}

async fn post(sandbox: &Sandbox, request: &Value) -> Value {
    serde_json::from_str(&http(sandbox, "POST /", &request.to_string()).await.1).unwrap()
}

async fn ask(sandbox: &Sandbox, method: &str, params: Value) -> Value {
    post(sandbox, &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })).await
}

fn signed(sandbox: &Sandbox, message: impl Into<Msg>, sequence: u64) -> Vec<u8> {
    paid_by(None, sandbox, message, sequence)
}

fn payment() -> Send {
    let from = Keyholder::TENANT.address.parse().unwrap();
    Send { from, to: Keyholder::ALL[6].address.parse().unwrap(), amount: vec![Coin::uakt(7)] }
}

fn recorded(name: &str) -> Value {
    let lines = RECORDED.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut named = lines.filter(|line| line["name"].as_str().unwrap().starts_with(name));
    named.next().unwrap_or_else(|| panic!("nothing is recorded as {name}"))["body"].take()
}

/// The same fields of the same kinds, all the way down; of lists the first items are compared, unless ours is empty.
fn same_shape(real: &Value, ours: &Value, place: &str) {
    match (real, ours) {
        (Value::Object(real), Value::Object(ours)) => {
            let keys = |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
            if place.ends_with(".result.events") && place.matches('.').count() == 2 {
                // Which events there are says the model's own comparison with a real node.
                return;
            }
            let (mut left, mut right) = (keys(real), keys(ours));
            left.sort();
            right.sort();
            assert_eq!(left, right, "{place}");
            for (name, value) in real {
                same_shape(value, &ours[name], &format!("{place}.{name}"));
            }
        }
        (Value::Array(real), Value::Array(ours)) => {
            if let (Some(real), Some(ours)) = (real.first(), ours.first()) {
                same_shape(real, ours, &format!("{place}[]"));
            }
        }
        _ => assert_eq!(
            std::mem::discriminant(real),
            std::mem::discriminant(ours),
            "{place}: {real} and {ours}"
        ),
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn socket(sandbox: &Sandbox) -> Socket {
    connect_async(format!("ws://{}/websocket", sandbox.info().rpc)).await.unwrap().0
}

async fn say(socket: &mut Socket, id: u64, method: &str, params: Value) {
    let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    socket.send(Message::text(request.to_string())).await.unwrap();
}

async fn hear(socket: &mut Socket) -> Value {
    let message = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
    serde_json::from_str(message.unwrap().unwrap().to_text().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_like_a_real_nodes() {
    let (_folder, sandbox) = chain().await;
    let mut socket = socket(&sandbox).await;
    let about = "tm.event='Tx' AND akash.deployment.v1.EventDeploymentCreated.id CONTAINS '\"dseq\":\"1781208310500\"'";
    say(&mut socket, 1, "subscribe", json!({ "query": about })).await;
    assert_eq!(hear(&mut socket).await, json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));

    let bytes = signed(&sandbox, creation(1_781_208_310_500), 0);
    let tx = STANDARD.encode(&bytes);
    let commit = ask(&sandbox, "broadcast_tx_commit", json!({ "tx": tx })).await;
    same_shape(&recorded("broadcast_tx_commit"), &commit, "commit");
    let height = commit["result"]["height"].as_str().unwrap().to_owned();
    let event = hear(&mut socket).await;
    same_shape(&recorded("Tx event"), &event, "tx");
    assert_eq!(event["result"]["events"]["tx.height"], json!([height]));
    assert_eq!(event["result"]["data"]["value"]["TxResult"]["tx"], json!(tx));
    let results = ask(&sandbox, "block_results", json!({ "height": height })).await;
    same_shape(&recorded("block_results"), &results, "block_results");
    assert_eq!(results["result"]["txs_results"][0], commit["result"]["tx_result"]);
    say(&mut socket, 2, "unsubscribe_all", json!({})).await;
    assert_eq!(hear(&mut socket).await["id"], 2);
    say(&mut socket, 3, "subscribe", json!(["tm.event='NewBlockHeader'"])).await;
    assert_eq!(hear(&mut socket).await["result"], json!({}));
    same_shape(&recorded("NewBlockHeader"), &hear(&mut socket).await, "header");

    let again = ask(&sandbox, "broadcast_tx_sync", json!({ "tx": tx })).await;
    assert_eq!(again, recorded("broadcast_tx_sync duplicate"));
    let sent =
        ask(&sandbox, "broadcast_tx_sync", json!([STANDARD.encode(signed(&sandbox, payment(), 1))])).await;
    same_shape(&recorded("broadcast_tx_sync"), &sent, "sync");
    let garbage = ask(&sandbox, "broadcast_tx_sync", json!({ "tx": STANDARD.encode(b"\x00garbage") })).await;
    same_shape(&recorded("broadcast_tx_sync garbage"), &garbage, "garbage");
    assert_eq!(
        (garbage["result"]["code"].as_u64(), garbage["result"]["codespace"].as_str()),
        (Some(2), Some("sdk"))
    );
    let unknown = ask(&sandbox, "tx", json!({ "hash": STANDARD.encode([0; 32]), "prove": true })).await;
    assert_eq!(unknown, recorded("tx unknown"));
}

#[tokio::test(flavor = "multi_thread")]
async fn three_roads_lead_to_one_answer() {
    let (_folder, sandbox) = chain().await;
    sandbox.market().fault(Fault::Halt);
    let by_get = get(&sandbox, "/block?height=1").await;
    let by_post = ask(&sandbox, "block", json!({ "height": "1" })).await;
    let mut socket = socket(&sandbox).await;
    say(&mut socket, 1, "block", json!(["1"])).await;
    assert_eq!((by_get["id"].as_i64(), by_post["id"].as_i64()), (Some(-1), Some(1)));
    assert_eq!(by_get["result"], by_post["result"]);
    assert_eq!(by_post, hear(&mut socket).await);
    let batch = json!([
        { "jsonrpc": "2.0", "id": "a", "method": "health" },
        { "jsonrpc": "2.0", "method": "health" },
        { "jsonrpc": "2.0", "id": 7, "method": "subscribe", "params": ["tm.event='Tx'"] },
        { "jsonrpc": "2.0", "id": 8, "method": "block", "params": { "height": "none" } },
    ]);
    let answers = post(&sandbox, &batch).await;
    assert_eq!(answers[0], json!({ "jsonrpc": "2.0", "id": "a", "result": {} }));
    let no_method = json!({ "code": -32601, "message": "Method not found" });
    assert_eq!(answers[1], json!({ "jsonrpc": "2.0", "id": 7, "error": no_method }), "only over a WebSocket");
    assert_eq!((answers[2]["error"]["code"].as_i64(), answers.as_array().unwrap().len()), (Some(-32602), 3));
    let (status, text) = http(&sandbox, "POST /", "{").await;
    assert!(status == 500 && text.contains("-32700"), "{status} {text}");
    let (status, text) = http(&sandbox, "GET /block?height=1000000", "").await;
    assert!(status == 500 && text.contains("less than or equal to the current blockchain height"), "{text}");
    assert_eq!(http(&sandbox, "GET /no_such_method", "").await.0, 404);
    socket.close(None).await.unwrap();
    let last = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
    assert!(matches!(last, Some(Ok(Message::Close(_)))), "a wish to close is answered: {last:?}");
    assert!(http(&sandbox, "GET /", "").await.1.contains("/abci_query?path=_&data=_&height=_&prove=_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_found_by_what_they_did() {
    let (_folder, sandbox) = chain().await;
    let mut hashes = Vec::new();
    for (sequence, message) in
        [Msg::from(creation(1_781_208_310_500)), payment().into(), payment().into()].into_iter().enumerate()
    {
        let bytes = signed(&sandbox, message, sequence.try_into().unwrap());
        let landed = ask(&sandbox, "broadcast_tx_commit", json!({ "tx": STANDARD.encode(bytes) })).await;
        assert_eq!(landed["result"]["tx_result"]["code"], 0, "{landed}");
        hashes.push(landed["result"]["hash"].as_str().unwrap().to_owned());
    }
    let search = async |query: &str, more: &str| {
        let query = query.replace(' ', "%20").replace('=', "%3D").replace('>', "%3E");
        let mut found = get(&sandbox, &format!("/tx_search?query=%22{query}%22{more}")).await;
        let txs = found["result"]["txs"].take();
        let found: Vec<_> =
            txs.as_array().unwrap().iter().map(|tx| tx["hash"].as_str().unwrap().to_owned()).collect();
        found
    };
    assert_eq!(search("message.action='/cosmos.bank.v1beta1.MsgSend'", "").await, hashes[1..]);
    assert_eq!(search("tx.height>0", "&order_by=%22desc%22&per_page=2&page=2").await, hashes[..1]);
    assert_eq!(search(&format!("tx.hash='{}'", hashes[2]), "").await, hashes[2..]);
    assert!(
        search("transfer.amount>7 AND message.module='bank'", "").await.len() == 2,
        "the fee is a transfer too"
    );
    let wrong = ask(&sandbox, "tx_search", json!({ "query": "tx.height>0", "page": "9" })).await;
    assert_eq!(wrong["error"]["data"], "page should be within [1, 1] range, given 9");

    let one = get(&sandbox, &format!("/tx?hash=0x{}&prove=true", hashes[1])).await;
    let height = one["result"]["height"].as_str().unwrap();
    let header = &get(&sandbox, &format!("/header?height={height}")).await["result"]["header"];
    assert_eq!(one["result"]["proof"]["root_hash"], header["data_hash"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_answers_whatever_grpc_does() {
    let (_folder, sandbox) = chain().await;
    let query = async |path: &str, data: &[u8], height: u64| {
        let params = json!({ "path": path, "data": hex::encode(data), "height": height.to_string() });
        ask(&sandbox, "abci_query", params).await["result"]["response"].take()
    };
    let tenant = format!("\n\x2c{}", Keyholder::TENANT.address);
    let balances = query("/cosmos.bank.v1beta1.Query/AllBalances", tenant.as_bytes(), 1).await;
    let bytes = STANDARD.decode(balances["value"].as_str().unwrap()).unwrap();
    assert!(bytes.windows(4).any(|word| word == b"uact"), "{balances}");
    assert_eq!((balances["code"].as_u64(), balances["height"].as_str()), (Some(0), Some("1")));
    let future = query("/cosmos.bank.v1beta1.Query/AllBalances", tenant.as_bytes(), 1_000_000).await;
    assert_eq!((future["code"].as_u64(), future["codespace"].as_str()), (Some(26), Some("sdk")));
    let nobody = Keyholder::TENANT.address.replace('v', "w");
    let nobody = query("/cosmos.auth.v1beta1.Query/Account", format!("\n\x2c{nobody}").as_bytes(), 0).await;
    assert_eq!(nobody["code"], 6, "{nobody}");
    let none = query("/no.such.Query/Thing", b"", 0).await;
    assert_eq!(
        (none["code"].as_u64(), &none["log"]),
        (Some(6), &json!("unknown query path: unknown request"))
    );
    let version = query("/app/version", b"", 0).await;
    assert!(STANDARD.decode(version["value"].as_str().unwrap()).unwrap().starts_with(b"v2.1"));
    let tried = query("/app/simulate", &signed(&sandbox, creation(1_781_208_310_500), 0), 0).await;
    let tried: Value =
        serde_json::from_slice(&STANDARD.decode(tried["value"].as_str().unwrap()).unwrap()).unwrap();
    let answer = json!([{ "@type": "/akash.deployment.v1beta4.MsgCreateDeploymentResponse" }]);
    assert_eq!(tried["result"]["msg_responses"], answer);
    let info = get(&sandbox, "/abci_info").await;
    assert_eq!(info["result"]["response"]["data"], "akash");
    let akash = get(&sandbox, "/akash").await;
    assert_eq!(akash["result"]["client_info"]["api_version"], "v1beta3");
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_end_when_they_are_told_to() {
    let (_folder, sandbox) = chain().await;
    sandbox.market().fault(Fault::Halt);
    let mut socket = socket(&sandbox).await;
    let error = |value: &Value| value["error"]["data"].as_str().unwrap_or_default().to_owned();
    say(&mut socket, 1, "unsubscribe", json!({ "query": "tm.event='NewBlock'" })).await;
    assert_eq!(error(&hear(&mut socket).await), "subscription not found");
    for (n, query) in
        ["tm.event='NewBlock'", "a.b='1'", "a.b='2'", "a.b='3'", "a.b='4'"].into_iter().enumerate()
    {
        say(&mut socket, n as u64, "subscribe", json!({ "query": query })).await;
        assert_eq!(hear(&mut socket).await["result"], json!({}), "{query}");
    }
    say(&mut socket, 9, "subscribe", json!({ "query": "a.b='5'" })).await;
    assert_eq!(error(&hear(&mut socket).await), "max_subscriptions_per_client 5 reached");
    say(&mut socket, 9, "unsubscribe", json!({ "query": "a.b='1'" })).await;
    assert_eq!(hear(&mut socket).await["result"], json!({}));
    say(&mut socket, 9, "subscribe", json!({ "query": "tm.event='NewBlock'" })).await;
    assert_eq!(error(&hear(&mut socket).await), "already subscribed");
    let height = sandbox.market().make_block().unwrap().height;
    let told = hear(&mut socket).await;
    assert_eq!(told["id"], 0);
    let block = &told["result"]["data"]["value"];
    assert_eq!(block["block"]["header"]["height"], height.to_string());
    let asked = get(&sandbox, &format!("/block?height={height}")).await;
    assert_eq!(asked["result"], json!({ "block_id": block["block_id"], "block": block["block"] }));
    let hash = block["block_id"]["hash"].as_str().unwrap();
    let by_hash = get(&sandbox, &format!("/block_by_hash?hash=0x{hash}")).await;
    assert_eq!(by_hash["result"], asked["result"]);
    sandbox.stop().await;
    assert!(tokio::time::timeout(PATIENCE, socket.next()).await.unwrap().is_none_or(|end| end.is_err()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_not_utf8_is_told_in_json_all_the_same() {
    let (_folder, sandbox) = chain().await;
    let granter = Keyholder::ALL[6].address.parse().unwrap();
    let tx = STANDARD.encode(paid_by(Some(granter), &sandbox, creation(1_781_208_310_500), 0));
    let refused = ask(&sandbox, "broadcast_tx_sync", json!({ "tx": tx })).await;
    let (result, log) = (&refused["result"], refused["result"]["log"].as_str().unwrap());
    assert_eq!((&result["codespace"], &result["code"]), (&json!("sdk"), &json!(38)), "{refused}");
    assert!(log.contains("does not allow to pay fees for") && log.contains('\u{fffd}'), "{log}");
}
