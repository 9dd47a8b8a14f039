//! Messages as Akash's TypeScript client takes them: its field names, 64-bit numbers as texts, bytes as `{ "$hex": … }`.
//!
//! Written from the client's types and not from the wire, so that a comparison of bytes says something.

use akash_types::escrow::{AccountId, Funding, Scope};
use akash_types::{
    Attribute, BidId, Coin, DecCoin, DeploymentId, Endpoint, GroupId, GroupSpec, LeaseId, Msg, OrderId,
    Provider, ResourceUnit, Resources, Volume,
};
use serde_json::{Value, json};

/// A message.
pub(crate) fn message(message: &Msg) -> Value {
    match message {
        Msg::CreateDeployment(m) => json!({
            "id": deployment(&m.id),
            "groups": list(&m.groups, group),
            "hash": bytes(&m.hash),
            "deposit": funding(&m.deposit),
        }),
        Msg::UpdateDeployment(m) => json!({ "id": deployment(&m.id), "hash": bytes(&m.hash) }),
        Msg::CloseDeployment(m) => json!({ "id": deployment(&m.id) }),
        Msg::CloseGroup(m) => json!({ "id": group_id(&m.id) }),
        Msg::PauseGroup(m) => json!({ "id": group_id(&m.id) }),
        Msg::StartGroup(m) => json!({ "id": group_id(&m.id) }),
        Msg::CreateBid(m) => {
            json!({ "id": bid(&m.id), "price": dec_coin(&m.price), "deposit": funding(&m.deposit), "resourcesOffer": [] })
        }
        Msg::CloseBid(m) => json!({ "id": bid(&m.id), "reason": m.reason.to_wire() }),
        Msg::CreateLease(m) => json!({ "bidId": bid(&m.bid) }),
        Msg::CloseLease(m) => json!({ "id": lease(&m.id), "reason": 0 }),
        Msg::WithdrawLease(m) => json!({ "id": lease(&m.id) }),
        Msg::StartReclaim(m) => json!({ "id": lease(&m.id), "reason": m.reason.to_wire() }),
        Msg::AccountDeposit(m) => {
            json!({ "signer": m.signer.as_str(), "id": account(&m.id), "deposit": funding(&m.deposit) })
        }
        Msg::CreateCertificate(m) => {
            json!({ "owner": m.owner.as_str(), "cert": bytes(&m.cert), "pubkey": bytes(&m.public_key) })
        }
        Msg::RevokeCertificate(m) => json!({ "id": { "owner": m.owner.as_str(), "serial": m.serial } }),
        Msg::CreateProvider(m) => provider(&m.provider),
        Msg::UpdateProvider(m) => provider(&m.provider),
        Msg::Send(m) => {
            json!({ "fromAddress": m.from.as_str(), "toAddress": m.to.as_str(), "amount": list(&m.amount, coin) })
        }
        // What the generator does not make: the sandbox knows these, the product does not send them.
        Msg::DeleteProvider(_)
        | Msg::SignProviderAttributes(_)
        | Msg::DeleteProviderAttributes(_)
        | Msg::GrantDeposits(_)
        | Msg::Revoke(_)
        | Msg::GrantAllowance(_)
        | Msg::RevokeAllowance(_)
        | Msg::MintAct(_)
        | Msg::BurnAct(_)
        | Msg::AddPriceEntry(_) => Value::Null,
    }
}

/// Whole coins.
pub(crate) fn coin(coin: &Coin) -> Value {
    json!({ "denom": coin.denom.as_str(), "amount": coin.amount.to_string() })
}

fn list<T>(items: &[T], one: impl Fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(one).collect()
}

fn bytes(bytes: &[u8]) -> Value {
    json!({ "$hex": hex::encode(bytes) })
}

/// Quantities travel as decimal text in bytes.
fn quantity(number: u64) -> Value {
    json!({ "val": bytes(number.to_string().as_bytes()) })
}

fn dec_coin(coin: &DecCoin) -> Value {
    json!({ "denom": coin.denom.as_str(), "amount": coin.amount.to_string() })
}

fn funding(funding: &Funding) -> Value {
    let sources: Vec<_> = funding.sources.iter().map(|source| source.to_wire()).collect();
    json!({ "amount": coin(&funding.amount), "sources": sources })
}

fn account(id: &AccountId) -> Value {
    let scope = match id.scope {
        Scope::Deployment => 1,
        Scope::Bid => 2,
        Scope::Unrecognised(number) => number,
    };
    json!({ "scope": scope, "xid": id.xid })
}

fn deployment(id: &DeploymentId) -> Value {
    json!({ "owner": id.owner.as_str(), "dseq": id.dseq.to_string() })
}

fn group_id(id: &GroupId) -> Value {
    let DeploymentId { owner, dseq } = &id.deployment;
    json!({ "owner": owner.as_str(), "dseq": dseq.to_string(), "gseq": id.gseq })
}

fn of_provider(order: &OrderId, provider: &str) -> Value {
    let DeploymentId { owner, dseq } = order.deployment();
    json!({
        "owner": owner.as_str(),
        "dseq": dseq.to_string(),
        "gseq": order.group.gseq,
        "oseq": order.oseq,
        "provider": provider,
        "bseq": 0,
    })
}

fn bid(id: &BidId) -> Value {
    of_provider(&id.order, id.provider.as_str())
}

fn lease(id: &LeaseId) -> Value {
    of_provider(&id.order, id.provider.as_str())
}

fn attribute(attribute: &Attribute) -> Value {
    json!({ "key": attribute.key, "value": attribute.value })
}

fn provider(provider: &Provider) -> Value {
    json!({
        "owner": provider.owner.as_str(),
        "hostUri": provider.host_uri,
        "attributes": list(&provider.attributes, attribute),
        "info": { "email": provider.info.email, "website": provider.info.website },
    })
}

fn group(group: &GroupSpec) -> Value {
    let signed_by = &group.requirements.signed_by;
    json!({
        "name": group.name,
        "requirements": {
            "signedBy": { "allOf": signed_by.all_of, "anyOf": signed_by.any_of },
            "attributes": list(&group.requirements.attributes, attribute),
        },
        "resources": list(&group.units, unit),
    })
}

fn unit(unit: &ResourceUnit) -> Value {
    json!({ "resource": resources(&unit.resources), "count": unit.count, "price": dec_coin(&unit.price) })
}

fn resources(resources: &Resources) -> Value {
    let Resources { id, cpu, memory, storage, gpu, endpoints } = resources;
    json!({
        "id": id,
        "cpu": { "units": quantity(cpu.millis), "attributes": list(&cpu.attributes, attribute) },
        "memory": { "quantity": quantity(memory.bytes), "attributes": list(&memory.attributes, attribute) },
        "storage": list(storage, volume),
        "gpu": { "units": quantity(gpu.units), "attributes": list(&gpu.attributes, attribute) },
        "endpoints": list(endpoints, endpoint),
    })
}

fn volume(volume: &Volume) -> Value {
    json!({
        "name": volume.name,
        "quantity": quantity(volume.bytes),
        "attributes": list(&volume.attributes, attribute),
    })
}

fn endpoint(endpoint: &Endpoint) -> Value {
    json!({ "kind": endpoint.kind.to_wire(), "sequenceNumber": endpoint.sequence_number })
}
