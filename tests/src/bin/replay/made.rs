//! Steps whose request is not in the recording, only its answer: a request is made that the answer fits.
//!
//! Not by the step's name or its place in a file, but by what the answer says: a hash that was not found, an address in a log, a
//! deposit that was too low. Where the answer does not tell enough, the step is excluded. One name is data: where a broadcast is
//! named for its mode, the mode is written nowhere else.

use std::error::Error;

use akash_proto::cosmos::tx::v1beta1::service_client::ServiceClient;
use akash_proto::cosmos::tx::v1beta1::{BroadcastTxRequest, GetTxRequest, SimulateRequest};
use akash_types::Address;
use serde_json::{Value, json};
use tonic::transport::Channel;

use crate::begin::between;
use crate::compare::{compare_answer, compare_response, plain};
use crate::node::Node;
use crate::recording::Step;
use crate::sign::Manner;
use crate::tally::Verdict;

/// What such steps leave for each other.
#[derive(Default)]
pub(crate) struct Remade {
    /// The bytes that were sent last.
    last: Option<Vec<u8>>,
    deployments: u64,
}

/// Who asks, where nothing else is told.
pub(crate) const ANYBODY: &str = "tenant";
/// dseqs of made deployments begin here: as long as all others.
const DSEQ: u64 = 1_900_000_000_000;

pub(crate) type Found = Result<Option<Vec<String>>, Box<dyn Error>>;

impl Node {
    /// Makes a request that the recorded answer fits, when the answer tells enough, and compares.
    pub(crate) async fn remake(&mut self, step: &Step) -> Result<Verdict, Box<dyn Error>> {
        let ways = match step.text("kind") {
            "measure" => return excluded("it holds times of one machine, no answer"),
            "crash" => return excluded("it holds times of one machine while a node was killed, no answer"),
            "tx" => self.remake_broadcast(step).await?,
            "query" => self.remake_query(step).await?,
            "utf8" => self.remake_log(step).await?,
            "grpc" => self.remake_call(step).await?,
            "rpc" => self.remake_rpc(step).await?,
            "ws" => self.remake_event(step).await?,
            odd => Some(vec![format!("a kind of step that nobody knows: `{odd}`")]),
        };
        match ways {
            None => excluded("the recording does not hold the request, and the answer does not tell it"),
            Some(ways) => Ok(ways.into()),
        }
    }

    /// An ordinary transaction that everybody would take in.
    pub(crate) async fn ordinary(&self, name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
        let address = self.keys.address(name)?;
        let manner = self.keys.ordinary_manner(&self.rest, name).await?;
        self.keys.sign(&self.rest, &self.keys.transfer(address), name, &manner).await
    }

    async fn remake_broadcast(&mut self, step: &Step) -> Found {
        if let (Some(first), Some(second)) = (step.get("first"), step.get("second")) {
            let bytes = self.ordinary(ANYBODY).await?;
            let mut ways = self.broadcast_as(first, &bytes).await?;
            ways.extend(self.broadcast_as(second, &bytes).await?);
            self.remade.last = Some(bytes);
            return Ok(Some(ways));
        }
        if let Some(third) = step.get("third") {
            let Some(bytes) = self.remade.last.clone() else { return Ok(None) };
            self.block()?;
            return self.broadcast_as(third, &bytes).await.map(Some);
        }
        let Some(body) = step.get("body") else { return Ok(None) };
        let recorded = json!([step.get("http"), body]);
        if let Some(size) = step.get("size").and_then(Value::as_u64) {
            let bytes = vec![0; usize::try_from(size)?];
            return self.broadcast_as(&recorded, &bytes).await.map(Some);
        }
        let log = body.pointer("/tx_response/raw_log").and_then(Value::as_str).unwrap_or_default();
        if let Some(wire_type) = between(log, "wire type, got ", ":") {
            return self.broadcast_as(&recorded, &garbage(wire_type)?).await.map(Some);
        }
        if step.name().starts_with("BROADCAST_MODE_") {
            let bytes = self.ordinary(ANYBODY).await?;
            let ours = self.rest.broadcast(&bytes, step.name()).await?;
            self.block()?;
            return Ok(Some(compare_broadcast(&recorded, &ours)));
        }
        Ok(None)
    }

    /// Broadcasts, and compares with `[status, body]`.
    async fn broadcast_as(&self, recorded: &Value, bytes: &[u8]) -> Result<Vec<String>, Box<dyn Error>> {
        let ours = self.rest.broadcast(bytes, "BROADCAST_MODE_SYNC").await?;
        Ok(compare_broadcast(recorded, &ours))
    }

    /// A query whose path was not written down.
    async fn remake_query(&mut self, step: &Step) -> Found {
        if let Some(events) = step.get("body").filter(|body| body.is_array()) {
            return self.remake_block_events(events).await;
        }
        let message = step.body.pointer("/body/message").and_then(Value::as_str).unwrap_or_default();
        let status = crate::recording::number(&step.body, "http");
        let hash = if let Some((_, hash)) = message.split_once("tx not found: ") {
            hash.to_owned()
        } else if let Some(odd) =
            message.split_once("encoding/hex: invalid byte: ").and_then(|(_, m)| m.split('\'').nth(1))
        {
            odd.repeat(64)
        } else {
            return Ok(None);
        };
        let ours = self.rest.tx(&hash).await?;
        Ok(Some(compare_answer(status, step.get("body").unwrap_or(&Value::Null), &ours)))
    }

    async fn grpc(&self) -> Result<ServiceClient<Channel>, Box<dyn Error>> {
        Ok(ServiceClient::connect(format!("http://{}", self.grpc_address())).await?)
    }

    /// A log that is not UTF-8, byte for byte over gRPC. It holds the addresses that it is about.
    async fn remake_log(&mut self, step: &Step) -> Found {
        let recorded = hex::decode(step.text("raw_log_hex"))?;
        let text = String::from_utf8_lossy(&recorded).into_owned();
        let mut client = self.grpc().await?;
        let ours = if text.contains("does not allow to pay fees for") {
            let (granter, grantee) = (part(&recorded, 0)?, after(&recorded, b" to pay fees for ")?);
            let name = self.keys.name_of(&grantee)?.to_owned();
            let mut tx = self.keys.transfer(&grantee);
            if let Some(field) = tx.pointer_mut("/auth_info/fee") {
                *field = json!({ "amount": [{ "denom": "uakt", "amount": "20000" }], "gas_limit": "800000", "granter": granter });
            }
            let manner = self.keys.ordinary_manner(&self.rest, &name).await?;
            let tx_bytes = self.keys.sign(&self.rest, &tx, &name, &manner).await?;
            let answer = client.broadcast_tx(BroadcastTxRequest { tx_bytes, mode: 2 }).await?;
            answer.into_inner().tx_response.unwrap_or_default().raw_log
        } else if text.contains("failed to delete grant with key") {
            let (granter, grantee) = (after(&recorded, b" with key \x01\x14")?, after_grantee(&recorded)?);
            let url = text.split('"').next_back().and_then(|t| t.split(": ").next()).unwrap_or_default();
            let name = self.keys.name_of(&granter)?.to_owned();
            let message = json!({
                "@type": "/cosmos.authz.v1beta1.MsgRevoke",
                "granter": granter, "grantee": grantee, "msg_type_url": url,
            });
            let tx = self.keys.unsigned(&message);
            let manner = self.keys.ordinary_manner(&self.rest, &name).await?;
            let tx_bytes = self.keys.sign(&self.rest, &tx, &name, &manner).await?;
            let hash = self.keys.hash(&tx_bytes);
            client.broadcast_tx(BroadcastTxRequest { tx_bytes, mode: 2 }).await?;
            self.block()?;
            let answer = client.get_tx(GetTxRequest { hash }).await?;
            answer.into_inner().tx_response.unwrap_or_default().raw_log
        } else {
            return Ok(None);
        };
        let same = ours == recorded;
        Ok(Some(if same {
            Vec::new()
        } else {
            vec![format!("raw_log: ours {}", String::from_utf8_lossy(&ours))]
        }))
    }

    /// A gRPC call of which only the status was written down.
    async fn remake_call(&mut self, step: &Step) -> Found {
        let mut client = self.grpc().await?;
        let details = step.text("details");
        if details.contains("unsupported return type") {
            // Every mode but sync and async gets this answer.
            let tx_bytes = self.ordinary(ANYBODY).await?;
            let status = client.broadcast_tx(BroadcastTxRequest { tx_bytes, mode: 0 }).await.err();
            return Ok(Some(compare_status(step, status.as_ref())));
        }
        let Some((name, tx, manner)) = self.simulation_of(step).await? else { return Ok(None) };
        let tx_bytes = self.keys.sign(&self.rest, &tx, name, &manner).await?;
        let status = client.simulate(SimulateRequest { tx_bytes, tx: None }).await.err();
        Ok(Some(compare_status(step, status.as_ref())))
    }

    /// The transaction whose simulation ends as the step tells: who signs it, and how.
    async fn simulation_of(
        &mut self,
        step: &Step,
    ) -> Result<Option<(&'static str, Value, Manner)>, Box<dyn Error>> {
        let details = step.text("details").to_owned();
        let tenant = self.keys.address("tenant")?.to_owned();
        let provider = self.keys.address("provider")?.to_owned();
        let mut manner = self.keys.ordinary_manner(&self.rest, "tenant").await?;
        let mut signer = "tenant";
        self.remade.deployments += 1;
        let dseq = DSEQ + self.remade.deployments;
        let bid = |dseq: u64| {
            json!({
                "owner": tenant, "dseq": dseq.to_string(), "gseq": 1, "oseq": 1, "provider": provider, "bseq": 0,
            })
        };
        let message = if let Some(deposit) = between(&details, "Deposit too low - ", " ") {
            deployment(&tenant, dseq, u128::from(deposit))
        } else if details.contains("insufficient balance") {
            deployment(&tenant, dseq, 1_000_000_000_000_000_000)
        } else if details.contains("Invalid Deployment Sequence") {
            deployment(&tenant, 0, 500_000)
        } else if details.contains("bid not found") {
            json!({ "@type": "/akash.market.v1beta5.MsgCreateLease", "bid_id": bid(dseq) })
        } else if details.contains("order not found") {
            json!({ "@type": "/akash.market.v1beta5.MsgCloseLease", "id": bid(dseq) })
        } else if let Some(got) =
            details.split_once("sequence mismatch").and_then(|(_, l)| between(l, ", got ", ":"))
        {
            manner.sequence = got;
            deployment(&tenant, dseq, 500_000)
        } else if details.contains("invalid coin denominations; uact, uakt") {
            let create = self.keys.unsigned(&deployment(&tenant, dseq, 500_000));
            let bytes = self.keys.sign(&self.rest, &create, signer, &manner).await?;
            self.rest.broadcast(&bytes, "BROADCAST_MODE_SYNC").await?;
            self.block()?;
            signer = "provider";
            manner = self.keys.ordinary_manner(&self.rest, signer).await?;
            json!({
                "@type": "/akash.market.v1beta5.MsgCreateBid",
                "id": bid(dseq),
                "price": { "denom": "uakt", "amount": "1.000000000000000000" },
                "deposit": { "amount": { "denom": "uact", "amount": "500000" }, "sources": ["balance"] },
            })
        } else {
            return Ok(None);
        };
        Ok(Some((signer, self.keys.unsigned(&message), manner)))
    }
}

fn excluded(why: &str) -> Result<Verdict, Box<dyn Error>> {
    Ok(Verdict::Excluded(why.to_owned()))
}

/// Compares `[status, body]` with an answer to a broadcast. The bytes are others than the recorded, so their hash does not count.
fn compare_broadcast(recorded: &Value, ours: &(u16, Value)) -> Vec<String> {
    let (status, body) =
        (recorded.get(0).cloned().unwrap_or_default(), recorded.get(1).cloned().unwrap_or_default());
    let (Some(mut wanted), Some(own)) = (body.get("tx_response").cloned(), ours.1.get("tx_response")) else {
        return compare_answer(status.as_u64().unwrap_or(0), &body, ours);
    };
    if let Some(fields) = wanted.as_object_mut() {
        fields.remove("txhash");
    }
    compare_response("check", &wanted, own)
}

fn compare_status(step: &Step, ours: Option<&tonic::Status>) -> Vec<String> {
    // gRPC's names of what a node answers with.
    let codes = [("OK", 0), ("UNKNOWN", 2), ("INVALID_ARGUMENT", 3), ("NOT_FOUND", 5), ("UNAVAILABLE", 14)];
    let number = ours.map_or(0, |status| i32::from(status.code()));
    let code = codes.iter().find(|(_, code)| *code == number).map_or("another", |(name, _)| name);
    let message = ours.map_or("", tonic::Status::message);
    let mut ways = Vec::new();
    if code != step.text("code") {
        ways.push(format!("code: recorded {}, ours {code}: {message}", step.text("code")));
    }
    // Which sequence was expected depends on what the key had sent, which the recording does not show.
    let told = |text: &str| match between(text, "mismatch, expected ", ",") {
        Some(expected) => plain(text).replacen(&format!("expected {expected},"), "expected some,", 1),
        None => plain(text),
    };
    if told(step.text("details")) != told(message) {
        ways.push(format!("details: recorded {:?}, ours {message:?}", step.text("details")));
    }
    ways
}

/// Bytes whose first field has a wire type. Letters: somebody typed them.
pub(crate) fn garbage(wire_type: u64) -> Result<Vec<u8>, Box<dyn Error>> {
    let letter = (b'a'..=b'z').find(|letter| u64::from(letter & 7) == wire_type);
    let letter = letter.ok_or_else(|| format!("there is no wire type {wire_type}"))?;
    Ok(vec![letter; 7])
}

/// A deployment of one small group.
pub(crate) fn deployment(owner: &str, dseq: u64, deposit: u128) -> Value {
    let amount = |bytes: &str| json!({ "val": bytes });
    json!({
        "@type": "/akash.deployment.v1beta4.MsgCreateDeployment",
        "id": { "owner": owner, "dseq": dseq.to_string() },
        "groups": [{
            "name": "g1",
            "requirements": { "signed_by": { "all_of": [], "any_of": [] }, "attributes": [] },
            "resources": [{
                "resource": {
                    "id": 1,
                    "cpu": { "units": amount("500"), "attributes": [] },
                    "memory": { "quantity": amount("536870912"), "attributes": [] },
                    "storage": [{ "name": "default", "quantity": amount("536870912"), "attributes": [] }],
                    "gpu": { "units": amount("0"), "attributes": [] },
                    "endpoints": [{ "kind": "SHARED_HTTP", "sequence_number": 0 }],
                },
                "count": 1,
                "price": { "denom": "uact", "amount": "10.000000000000000000" },
            }],
        }],
        "hash": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "deposit": { "amount": { "denom": "uact", "amount": deposit.to_string() }, "sources": ["balance"] },
    })
}

/// The address whose 20 bytes stand at a place.
fn part(bytes: &[u8], at: usize) -> Result<String, Box<dyn Error>> {
    let raw = bytes.get(at..at + 20).ok_or("the log is too short for an address")?;
    Ok(Address::from_bytes(raw)?.to_string())
}

/// The address that follows a text.
fn after(bytes: &[u8], text: &[u8]) -> Result<String, Box<dyn Error>> {
    let at = bytes.windows(text.len()).position(|window| window == text);
    part(bytes, at.ok_or("the log lacks an address")? + text.len())
}

/// The second address of a grant's key.
fn after_grantee(bytes: &[u8]) -> Result<String, Box<dyn Error>> {
    let text = b" with key \x01\x14";
    let at = bytes.windows(text.len()).position(|window| window == text);
    part(bytes, at.ok_or("the log lacks a key")? + text.len() + 21)
}
