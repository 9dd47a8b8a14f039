//! What the tests send.

use akash_sandbox::market::Keyholder;
use akash_types::escrow::Funding;
use akash_types::msg::CreateDeployment;
use akash_types::{
    Coin, Cpu, Dec, DecCoin, DeploymentId, Dseq, Gpu, GroupSpec, Memory, PlacementRequirements, ResourceUnit,
    Resources, Volume,
};

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
