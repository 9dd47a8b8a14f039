//! What the tests send.

use akash_sandbox::market::Keyholder;
use akash_sandbox::{Sandbox, key};
use akash_types::escrow::Funding;
use akash_types::msg::CreateDeployment;
use akash_types::{
    Address, Coin, Cpu, Dec, DecCoin, DeploymentId, Dseq, Gpu, GroupSpec, Height, Memory, Msg,
    PlacementRequirements, ResourceUnit, Resources, Volume,
};
use akash_wallet::{Allowed, Draft};

/// A deployment of the tenant's: one small group.
pub(crate) fn creation(dseq: u64) -> CreateDeployment {
    let id = DeploymentId::new(Keyholder::TENANT.address.parse().unwrap(), Dseq::new(dseq).unwrap());
    let resources = Resources {
        id: 1,
        cpu: Cpu { millis: 500, attributes: vec![] },
        memory: Memory { bytes: 512 << 20, attributes: vec![] },
        storage: vec![Volume { name: "default".into(), bytes: 512 << 20, attributes: vec![] }],
        gpu: Gpu::default(),
        endpoints: vec![],
    };
    let price = DecCoin::uact(Dec::from_int(10_000));
    let units = vec![ResourceUnit { resources, count: 1, price }];
    let requirements = PlacementRequirements::default();
    CreateDeployment {
        id,
        groups: vec![GroupSpec { name: "g1".into(), requirements, units }],
        hash: [7; 32],
        deposit: Funding::from_balance(Coin::uact(5_000_000)),
        reclamation: None,
    }
}

/// The tenant's message in signed bytes; the fee is the granter's, if there is one.
pub(crate) fn paid_by(
    granter: Option<Address>,
    sandbox: &Sandbox,
    message: impl Into<Msg>,
    sequence: u64,
) -> Vec<u8> {
    let draft = Draft {
        messages: vec![message.into()],
        memo: String::new(),
        timeout_height: Height(1_000_000),
        gas: 800_000,
        fee: Coin::uakt(20_000),
        account_number: 1,
        sequence,
        granter,
    };
    let allowed = if sequence == 0 { Allowed::tenant() } else { Allowed::treasury() };
    key(&Keyholder::TENANT).unwrap().sign(&draft, &sandbox.info().chain_id, &allowed).unwrap().bytes
}
