//! Doing on the sandbox's chain what a story tells.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use akash_sandbox::Sandbox;
use akash_sdl::Manifest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::sign::Keys;
use crate::story::Act;
use crate::wire::Rest;

type Failed = Box<dyn Error>;

/// Who deploys in recordings.
const TENANT: &str = "tenant";
/// What the tenant's tool deposits.
const DEPOSIT: &str = "5000000";
/// The ceiling of recorded orders, far above every bid.
const CEILING: &str = "10000.000000000000000000";
/// How long a transaction or a bid is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

/// The tenant's side of a market.
pub(crate) struct Market {
    pub(crate) rest: Rest,
    pub(crate) keys: Arc<Keys>,
    pub(crate) owner: String,
    pub(crate) provider: String,
}

impl Market {
    pub(crate) fn new(sandbox: &Sandbox) -> Result<Self, Failed> {
        let keys = Arc::new(Keys::derive()?);
        let (owner, provider) = (keys.address(TENANT)?.to_owned(), keys.address("provider")?.to_owned());
        Ok(Self { rest: Rest::new(sandbox.info().rest)?, keys, owner, provider })
    }

    /// Sends a transaction of the tenant and waits until a block has taken it.
    async fn send(&self, unsigned: &Value) -> Result<(), Failed> {
        let manner = self.keys.ordinary_manner(&self.rest, TENANT).await?;
        let bytes = self.keys.sign(&self.rest, unsigned, TENANT, &manner).await?;
        let (_, answer) = self.rest.broadcast(&bytes, "BROADCAST_MODE_SYNC").await?;
        let hash =
            answer.pointer("/tx_response/txhash").and_then(Value::as_str).unwrap_or_default().to_owned();
        let until = Instant::now() + PATIENCE;
        loop {
            let (status, told) = self.rest.tx(&hash).await?;
            match told.pointer("/tx_response/code").and_then(Value::as_u64) {
                Some(0) if status == 200 => return Ok(()),
                Some(_) => return Err(format!("the chain refused {unsigned}: {told}").into()),
                None if Instant::now() > until => return Err(format!("not taken: {answer}").into()),
                None => sleep(LOOK).await,
            }
        }
    }

    /// A transfer of the tenant to itself: from then on the chain knows its key.
    pub(crate) async fn show_key(&self) -> Result<(), Failed> {
        self.send(&self.keys.transfer(&self.owner)).await
    }

    /// Does an act of the tenant; others are none of the market's.
    pub(crate) async fn act(&self, act: &Act, groups: &Value) -> Result<(), Failed> {
        let id = |dseq: &u64| json!({ "owner": self.owner, "dseq": dseq.to_string() });
        let message = match act {
            Act::Create { dseq, manifest } => json!({
                "@type": "/akash.deployment.v1beta4.MsgCreateDeployment", "id": id(dseq), "groups": groups,
                "hash": hash(manifest.as_deref())?,
                "deposit": { "amount": { "denom": "uact", "amount": DEPOSIT }, "sources": ["balance"] },
            }),
            Act::Update { dseq, manifest } => json!({
                "@type": "/akash.deployment.v1beta4.MsgUpdateDeployment", "id": id(dseq), "hash": hash(Some(manifest))?,
            }),
            Act::Close { dseq } => {
                json!({ "@type": "/akash.deployment.v1beta4.MsgCloseDeployment", "id": id(dseq) })
            }
            Act::Lease { dseq, oseq } => {
                self.bid(*dseq, *oseq).await?;
                json!({ "@type": "/akash.market.v1beta5.MsgCreateLease", "bid_id": self.bid_id(*dseq, *oseq) })
            }
            Act::CloseLease { dseq, oseq } => json!({
                "@type": "/akash.market.v1beta5.MsgCloseLease", "id": self.bid_id(*dseq, *oseq),
            }),
            Act::Send { .. } | Act::Restart | Act::Ask(_) => return Ok(()),
        };
        self.send(&self.keys.unsigned(&message)).await
    }

    fn bid_id(&self, dseq: u64, oseq: u32) -> Value {
        let (owner, provider) = (&self.owner, &self.provider);
        json!({ "owner": owner, "dseq": dseq.to_string(), "gseq": 1, "oseq": oseq, "provider": provider, "bseq": 0 })
    }

    /// Waits for the provider's bid; as the chain tells it.
    pub(crate) async fn bid(&self, dseq: u64, oseq: u32) -> Result<Value, Failed> {
        let (owner, provider) = (&self.owner, &self.provider);
        let path = format!(
            "/akash/market/v1beta5/bids/info?id.owner={owner}&id.dseq={dseq}&id.gseq=1&id.oseq={oseq}&id.provider={provider}&id.bseq=0"
        );
        let until = Instant::now() + PATIENCE;
        loop {
            let (status, body) = self.rest.get(&path).await?;
            if status == 200 {
                return Ok(body);
            }
            if Instant::now() > until {
                return Err(format!("no bid on {dseq}/1/{oseq}").into());
            }
            sleep(LOOK).await;
        }
    }

    /// The deployment as the chain tells it.
    pub(crate) async fn deployment(&self, dseq: u64) -> Result<Value, Failed> {
        let owner = &self.owner;
        let path = format!("/akash/deployment/v1beta4/deployments/info?id.owner={owner}&id.dseq={dseq}");
        Ok(self.rest.get(&path).await?.1)
    }
}

/// The hash that a deployment has on chain for a manifest; that of nothing when nobody knows one.
fn hash(manifest: Option<&[u8]>) -> Result<String, Failed> {
    let manifest = manifest.map(Manifest::from_json).transpose()?;
    Ok(STANDARD.encode(manifest.map_or([7; 32], |manifest| manifest.hash())))
}

/// The groups that a manifest is for, as a transaction names them.
pub(crate) fn groups_of(manifest: &[u8]) -> Result<Value, Failed> {
    let manifest: Value = serde_json::from_slice(manifest)?;
    let groups = manifest.as_array().into_iter().flatten().map(|group| {
        let mut units: Vec<Value> = Vec::new();
        for service in group.get("services").and_then(Value::as_array).into_iter().flatten() {
            add_unit(&mut units, service);
        }
        group_named(group.get("name").and_then(Value::as_str).unwrap_or_default(), units)
    });
    Ok(groups.collect())
}

/// A group of units that lack their price.
pub(crate) fn group_named(name: &str, mut units: Vec<Value>) -> Value {
    for unit in units.iter_mut().filter_map(Value::as_object_mut) {
        unit.remove("prices");
        if let Some(resources) = unit.remove("resources") {
            unit.insert("resource".into(), resources);
        }
        unit.insert("price".into(), json!({ "denom": "uact", "amount": CEILING }));
    }
    let attributes = json!([{ "key": "region", "value": "local" }]);
    json!({
        "name": name, "resources": units,
        "requirements": { "signed_by": { "all_of": [], "any_of": [] }, "attributes": attributes },
    })
}

/// Services with one resource id share a unit.
fn add_unit(units: &mut Vec<Value>, service: &Value) {
    let at = |path: &str| service.pointer(path).cloned().unwrap_or_default();
    let (id, count) = (at("/resources/id"), at("/count").as_u64().unwrap_or(0));
    if let Some(unit) = units.iter_mut().find(|u| u.pointer("/resource/id") == Some(&id)) {
        let more = unit.get("count").and_then(Value::as_u64).unwrap_or(0) + count;
        unit["count"] = more.into();
        return;
    }
    let volumes = at("/resources/storage");
    let volumes = volumes.as_array().into_iter().flatten().map(|volume| {
        json!({ "name": volume.get("name"), "quantity": volume.get("size"),
                "attributes": volume.get("attributes").cloned().unwrap_or_else(|| json!([])) })
    });
    let kinds = ["SHARED_HTTP", "RANDOM_PORT", "LEASED_IP"];
    let endpoints = at("/resources/endpoints");
    let endpoints = endpoints.as_array().into_iter().flatten().map(|endpoint| {
        let kind =
            endpoint.get("kind").and_then(Value::as_u64).and_then(|k| usize::try_from(k).ok()).unwrap_or(0);
        json!({ "kind": kinds.get(kind), "sequence_number": endpoint.get("sequence_number") })
    });
    let resource = json!({
        "id": id, "endpoints": endpoints.collect::<Vec<_>>(), "storage": volumes.collect::<Vec<_>>(),
        "cpu": { "units": at("/resources/cpu/units"), "attributes": [] },
        "memory": { "quantity": at("/resources/memory/size"), "attributes": [] },
        "gpu": { "units": at("/resources/gpu/units"), "attributes": [] },
    });
    units.push(json!({ "resource": resource, "count": count }));
}
