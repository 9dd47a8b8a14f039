//! Random messages: every field anything that the chain's types can hold.

use akash_types::escrow::{AccountId, Funding, Source};
use akash_types::msg::{
    AccountDeposit, CloseBid, CloseDeployment, CloseGroup, CloseLease, CreateBid, CreateCertificate,
    CreateDeployment, CreateLease, CreateProvider, PauseGroup, RevokeCertificate, Send, StartGroup,
    UpdateDeployment, UpdateProvider, WithdrawLease,
};
use akash_types::{
    Address, Attribute, BidId, CloseReason, Coin, Cpu, Dec, DecCoin, Denom, DeploymentId, Dseq, Endpoint,
    EndpointKind, Gpu, GroupId, GroupSpec, Memory, Msg, PlacementRequirements, Provider, ProviderInfo,
    ResourceUnit, Resources, SignedBy, UACT, UAKT, Volume,
};
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

/// A message's type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    CreateDeployment,
    UpdateDeployment,
    CloseDeployment,
    CloseGroup,
    PauseGroup,
    StartGroup,
    CreateBid,
    CloseBid,
    CreateLease,
    CloseLease,
    WithdrawLease,
    AccountDeposit,
    CreateCertificate,
    RevokeCertificate,
    CreateProvider,
    UpdateProvider,
    Send,
}

/// Every type that Akash's client (1.0.0-alpha.25) knows too; it has no `MsgLeaseStartReclaim` yet.
pub(crate) const KINDS: [Kind; 17] = [
    Kind::CreateDeployment,
    Kind::UpdateDeployment,
    Kind::CloseDeployment,
    Kind::CloseGroup,
    Kind::PauseGroup,
    Kind::StartGroup,
    Kind::CreateBid,
    Kind::CloseBid,
    Kind::CreateLease,
    Kind::CloseLease,
    Kind::WithdrawLease,
    Kind::AccountDeposit,
    Kind::CreateCertificate,
    Kind::RevokeCertificate,
    Kind::CreateProvider,
    Kind::UpdateProvider,
    Kind::Send,
];

/// A message that `me` signs.
pub(crate) fn message(random: &mut StdRng, kind: Kind, me: &Address) -> Msg {
    let me = me.clone();
    match kind {
        Kind::CreateDeployment => CreateDeployment {
            id: deployment(random, me),
            groups: some(random, 3, group),
            hash: random.r#gen(),
            deposit: funding(random),
            reclamation: None,
        }
        .into(),
        Kind::UpdateDeployment => {
            UpdateDeployment { id: deployment(random, me), hash: random.r#gen() }.into()
        }
        Kind::CloseDeployment => CloseDeployment { id: deployment(random, me) }.into(),
        Kind::CloseGroup => CloseGroup { id: group_id(random, me) }.into(),
        Kind::PauseGroup => PauseGroup { id: group_id(random, me) }.into(),
        Kind::StartGroup => StartGroup { id: group_id(random, me) }.into(),
        Kind::CreateBid => {
            let id = bid_of(random, me);
            let (price, deposit) = (price(random), funding(random));
            CreateBid { id, price, deposit, offer: Vec::new(), reclamation_window: None }.into()
        }
        Kind::CloseBid => CloseBid { id: bid_of(random, me), reason: reason(random) }.into(),
        Kind::CreateLease => CreateLease { bid: bid_for(random, me) }.into(),
        Kind::CloseLease => CloseLease { id: bid_for(random, me).lease() }.into(),
        Kind::WithdrawLease => WithdrawLease { id: bid_of(random, me).lease() }.into(),
        Kind::AccountDeposit => {
            AccountDeposit { signer: me, id: account(random), deposit: funding(random) }.into()
        }
        Kind::CreateCertificate => {
            CreateCertificate { owner: me, cert: bytes(random), public_key: bytes(random) }.into()
        }
        Kind::RevokeCertificate => RevokeCertificate { owner: me, serial: text(random, 40) }.into(),
        Kind::CreateProvider => CreateProvider { provider: provider(random, me) }.into(),
        Kind::UpdateProvider => UpdateProvider { provider: provider(random, me) }.into(),
        Kind::Send => Send { from: me, to: address(random), amount: some(random, 3, coin) }.into(),
    }
}

fn some<T>(random: &mut StdRng, most: usize, mut make: impl FnMut(&mut StdRng) -> T) -> Vec<T> {
    (0..random.gen_range(0..=most)).map(|_| make(random)).collect()
}

/// Any text of at most so many bytes, empty ones and other scripts included.
pub(crate) fn text(random: &mut StdRng, most: usize) -> String {
    let mut text = String::new();
    while random.gen_bool(0.93) {
        let next = match random.gen_range(0..10) {
            0 => random.r#gen::<char>(),
            1 => *['<', '&', '"', '\\', '\n', 'é', '\u{2028}', '\0'].choose(random).unwrap_or(&'a'),
            _ => char::from(random.gen_range(b'!'..=b'~')),
        };
        if text.len().saturating_add(next.len_utf8()) > most {
            break;
        }
        text.push(next);
    }
    text
}

fn bytes(random: &mut StdRng) -> Vec<u8> {
    some(random, 1200, |random| random.r#gen())
}

/// An account of 20 bytes.
pub(crate) fn address(random: &mut StdRng) -> Address {
    loop {
        if let Ok(address) = Address::from_bytes(&random.r#gen::<[u8; 20]>()) {
            return address;
        }
    }
}

/// Small numbers as often as large ones.
fn number(random: &mut StdRng) -> u64 {
    let bits = random.gen_range(0..64_u32);
    random.r#gen::<u64>().checked_shr(bits).unwrap_or_default()
}

fn small(random: &mut StdRng) -> u32 {
    u32::try_from(number(random) >> 32).unwrap_or(u32::MAX)
}

/// Up to 2^63 - 1: Akash's client reads larger ones as negative.
fn deployment(random: &mut StdRng, owner: Address) -> DeploymentId {
    DeploymentId::new(owner, Dseq::new(number(random) >> 1).unwrap_or(Dseq::MIN))
}

fn group_id(random: &mut StdRng, owner: Address) -> GroupId {
    deployment(random, owner).group(small(random))
}

/// A bid that `me` made.
fn bid_of(random: &mut StdRng, me: Address) -> BidId {
    let owner = address(random);
    group_id(random, owner).order(small(random)).bid(me)
}

/// A bid that was made to `me`.
fn bid_for(random: &mut StdRng, me: Address) -> BidId {
    let provider = address(random);
    group_id(random, me).order(small(random)).bid(provider)
}

fn account(random: &mut StdRng) -> AccountId {
    let owner = address(random);
    if random.gen_bool(0.5) {
        AccountId::of_deployment(&deployment(random, owner))
    } else {
        AccountId::of_bid(&bid_of(random, owner))
    }
}

fn denom(random: &mut StdRng) -> Denom {
    match random.gen_range(0..4) {
        0 => UAKT,
        1 => Denom::from("ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1"),
        _ => UACT,
    }
}

fn coin(random: &mut StdRng) -> Coin {
    let amount = u128::from(number(random)).saturating_mul(u128::from(number(random)));
    Coin { denom: denom(random), amount }
}

/// A price of at most 18 fractional digits, 0 included.
fn price(random: &mut StdRng) -> DecCoin {
    let whole = i128::from(number(random) >> 8).saturating_mul(1_000_000_000_000_000_000);
    let atoms = whole.saturating_add(i128::from(number(random) % 1_000_000_000_000_000_000));
    let atoms = if random.gen_bool(0.1) { 0 } else { atoms };
    DecCoin { denom: denom(random), amount: Dec::from_atoms(atoms) }
}

fn funding(random: &mut StdRng) -> Funding {
    let sources =
        some(random, 2, |random| if random.gen_bool(0.5) { Source::Balance } else { Source::Grant });
    Funding { amount: coin(random), sources }
}

fn reason(random: &mut StdRng) -> CloseReason {
    let all = [CloseReason::None, CloseReason::Unstable, CloseReason::Decommission, CloseReason::Unspecified];
    *all.choose(random).unwrap_or(&CloseReason::None)
}

fn attribute(random: &mut StdRng) -> Attribute {
    Attribute { key: text(random, 30), value: text(random, 30) }
}

fn attributes(random: &mut StdRng) -> Vec<Attribute> {
    some(random, 3, attribute)
}

fn provider(random: &mut StdRng, owner: Address) -> Provider {
    Provider {
        owner,
        host_uri: text(random, 60),
        attributes: attributes(random),
        info: ProviderInfo { email: text(random, 20), website: text(random, 20) },
    }
}

fn group(random: &mut StdRng) -> GroupSpec {
    let auditors = |random: &mut StdRng| some(random, 2, |random| address(random).to_string());
    GroupSpec {
        name: text(random, 20),
        requirements: PlacementRequirements {
            signed_by: SignedBy { all_of: auditors(random), any_of: auditors(random) },
            attributes: attributes(random),
        },
        units: some(random, 3, |random| ResourceUnit {
            resources: resources(random),
            count: small(random),
            price: price(random),
        }),
    }
}

fn resources(random: &mut StdRng) -> Resources {
    let volume = |random: &mut StdRng| Volume {
        name: text(random, 10),
        bytes: number(random),
        attributes: attributes(random),
    };
    let kinds = [EndpointKind::SharedHttp, EndpointKind::RandomPort, EndpointKind::LeasedIp];
    let endpoint = |random: &mut StdRng| Endpoint {
        kind: *kinds.choose(random).unwrap_or(&EndpointKind::SharedHttp),
        sequence_number: small(random),
    };
    Resources {
        id: small(random),
        cpu: Cpu { millis: number(random), attributes: attributes(random) },
        memory: Memory { bytes: number(random), attributes: attributes(random) },
        storage: some(random, 2, volume),
        gpu: Gpu { units: number(random), attributes: attributes(random) },
        endpoints: some(random, 3, endpoint),
    }
}
