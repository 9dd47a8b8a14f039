//! Whether to bid on an order, and how much.

use akash_types::{Attribute, Dec, DecCoin, GroupSpec, Resources, UACT};

/// What a provider asks for, per block. Prices add up over all replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pricing {
    /// One thousandth of a core.
    pub cpu_milli: Dec,
    /// One MiB of memory, RAM volumes included.
    pub memory_mib: Dec,
    /// One MiB of other storage.
    pub storage_mib: Dec,
    /// One way in from outside.
    pub endpoint: Dec,
    /// One graphics processor.
    pub gpu: Dec,
}

impl Pricing {
    /// The cheaper provider of the sandbox.
    pub const fn low() -> Self {
        Self::at(4_000, 2_500)
    }

    /// The dearer one.
    pub const fn high() -> Self {
        Self::at(5_000, 3_500)
    }

    /// Prices of cores and memory in millionths of uact; the rest is the same everywhere.
    const fn at(cpu: i128, memory: i128) -> Self {
        Self {
            cpu_milli: micro(cpu),
            memory_mib: micro(memory),
            storage_mib: micro(20),
            endpoint: micro(50_000),
            gpu: micro(200_000_000),
        }
    }

    /// The price of a group per block; `None` when it is beyond all numbers.
    fn price(&self, spec: &GroupSpec) -> Option<Dec> {
        let mut total = Dec::ZERO;
        for unit in &spec.units {
            let resources = &unit.resources;
            let (mut memory, mut storage) = (resources.memory.bytes, 0_u64);
            for volume in &resources.storage {
                let pool = if is_ram(&volume.attributes) { &mut memory } else { &mut storage };
                *pool = pool.checked_add(volume.bytes)?;
            }
            let each = [
                self.cpu_milli.checked_mul(resources.cpu.millis)?,
                self.memory_mib.checked_mul(memory.div_ceil(1 << 20))?,
                self.storage_mib.checked_mul(storage.div_ceil(1 << 20))?,
                self.gpu.checked_mul(resources.gpu.units)?,
            ];
            for part in each {
                total = total.checked_add(part.checked_mul(u64::from(unit.count))?)?;
            }
            let endpoints = u64::try_from(resources.endpoints.len()).ok()?;
            total = total.checked_add(self.endpoint.checked_mul(endpoints)?)?;
        }
        Some(total)
    }
}

const fn micro(millionths: i128) -> Dec {
    Dec::from_atoms(millionths * 1_000_000_000_000)
}

/// What one replica may ask for at most; GPUs are counted for the whole provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capacity {
    pub(crate) cpu_millis: u64,
    pub(crate) memory: u64,
    pub(crate) storage: u64,
    pub(crate) gpus: u64,
}

/// What the sandbox says it has. Leases do not count it down: pods share the machine anyway.
pub(crate) const CAPACITY: Capacity =
    Capacity { cpu_millis: 64_000, memory: 256 << 30, storage: 1 << 40, gpus: 0 };

/// Why there is no bid. Nobody is told; it is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoBid {
    #[error("the provider lacks the attribute {key}={value}")]
    Attribute { key: String, value: String },
    #[error("it must be signed by an auditor")]
    SignedBy,
    #[error("no storage of class {class} (persistent: {persistent})")]
    Storage { class: String, persistent: bool },
    #[error("one replica asks for more than there is: {what}")]
    TooLarge { what: &'static str },
    #[error("the price {price} is above the order's ceiling")]
    Price { price: Dec },
    #[error("the order is not paid in uact at one price")]
    Currency,
}

/// The attributes of a sandbox provider, as registered on chain.
pub fn attributes(name: &str) -> Vec<Attribute> {
    let pairs = [
        ("capabilities/storage/1/class", "ram"),
        ("capabilities/storage/1/persistent", "false"),
        ("host", "rayakash-sandbox"),
        ("name", name),
        ("region", "local"),
        ("tier", "community"),
    ];
    pairs.into_iter().map(|(key, value)| Attribute { key: key.to_owned(), value: value.to_owned() }).collect()
}

/// The price to bid for a group.
pub(crate) fn offer(
    spec: &GroupSpec,
    own: &[Attribute],
    capacity: &Capacity,
    pricing: &Pricing,
) -> Result<DecCoin, NoBid> {
    if let Some(missing) = spec.requirements.attributes.iter().find(|wanted| !own.contains(wanted)) {
        return Err(NoBid::Attribute { key: missing.key.clone(), value: missing.value.clone() });
    }
    let signed_by = &spec.requirements.signed_by;
    if !signed_by.all_of.is_empty() || !signed_by.any_of.is_empty() {
        return Err(NoBid::SignedBy);
    }
    let mut gpus = 0_u64;
    for unit in &spec.units {
        fits(&unit.resources, capacity)?;
        gpus = gpus.saturating_add(unit.resources.gpu.units.saturating_mul(u64::from(unit.count)));
    }
    if gpus > capacity.gpus {
        return Err(NoBid::TooLarge { what: "GPUs" });
    }
    let ceiling = spec.ceiling().filter(|ceiling| ceiling.denom == UACT).ok_or(NoBid::Currency)?;
    let price = pricing.price(spec).ok_or(NoBid::TooLarge { what: "price" })?;
    if price > ceiling.amount || price.is_zero() {
        return Err(NoBid::Price { price });
    }
    Ok(DecCoin::uact(price))
}

fn fits(resources: &Resources, capacity: &Capacity) -> Result<(), NoBid> {
    let (mut memory, mut storage) = (resources.memory.bytes, 0_u64);
    for volume in &resources.storage {
        let class = value(&volume.attributes, "class").unwrap_or("ephemeral");
        let persistent = value(&volume.attributes, "persistent") == Some("true");
        match class {
            "ram" if !persistent => memory = memory.saturating_add(volume.bytes),
            "ephemeral" | "default" if !persistent => storage = storage.saturating_add(volume.bytes),
            _ => return Err(NoBid::Storage { class: class.to_owned(), persistent }),
        }
    }
    let checks = [
        ("CPU", resources.cpu.millis, capacity.cpu_millis),
        ("memory", memory, capacity.memory),
        ("storage", storage, capacity.storage),
    ];
    match checks.into_iter().find(|(_, asked, there)| asked > there) {
        Some((what, ..)) => Err(NoBid::TooLarge { what }),
        None => Ok(()),
    }
}

fn is_ram(attributes: &[Attribute]) -> bool {
    value(attributes, "class") == Some("ram")
}

fn value<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| attribute.key == key).map(|attribute| attribute.value.as_str())
}

#[cfg(test)]
mod tests {
    use akash_types::{
        Cpu, Endpoint, EndpointKind, Gpu, Memory, PlacementRequirements, ResourceUnit, SignedBy, Volume,
    };

    use super::*;

    fn attribute(key: &str, value: &str) -> Attribute {
        Attribute { key: key.into(), value: value.into() }
    }

    fn spec() -> GroupSpec {
        let ram = vec![attribute("class", "ram"), attribute("persistent", "false")];
        let resources = Resources {
            id: 1,
            cpu: Cpu { millis: 1000, attributes: Vec::new() },
            memory: Memory { bytes: 1 << 30, attributes: Vec::new() },
            storage: vec![
                Volume { name: "default".into(), bytes: 1 << 30, attributes: Vec::new() },
                Volume { name: "shm".into(), bytes: 512 << 20, attributes: ram },
            ],
            gpu: Gpu::default(),
            endpoints: vec![Endpoint { kind: EndpointKind::RandomPort, sequence_number: 0 }],
        };
        let price = DecCoin::uact(Dec::from_int(100));
        GroupSpec {
            name: "ray".into(),
            requirements: PlacementRequirements::default(),
            units: vec![ResourceUnit { resources, count: 2, price }],
        }
    }

    #[test]
    fn the_two_providers_bid_differently_and_under_the_ceiling() {
        let ours = attributes("sandbox-1");
        let bid = |pricing| offer(&spec(), &ours, &CAPACITY, &pricing).unwrap().amount;
        // 2 × (1000 × 0.004 + 1536 × 0.0025 + 1024 × 0.00002) + 0.05
        assert_eq!(bid(Pricing::low()), "15.77096".parse().unwrap());
        assert!(bid(Pricing::low()) < bid(Pricing::high()));
        assert!(bid(Pricing::high()) < Dec::from_int(200));
    }

    #[test]
    fn reasons_for_silence() {
        type Change = fn(&mut GroupSpec);
        let cases: [(&str, Change); 8] = [
            ("attribute region=moon", |s| s.requirements.attributes.push(attribute("region", "moon"))),
            ("signed by", |s| {
                s.requirements.signed_by = SignedBy { any_of: vec!["x".into()], ..SignedBy::default() }
            }),
            ("class beta3", |s| s.units[0].resources.storage[0].attributes.push(attribute("class", "beta3"))),
            ("persistent: true", |s| s.units[0].resources.storage[1].attributes[1].value = "true".into()),
            ("memory", |s| s.units[0].resources.memory.bytes = 10 << 40),
            ("GPUs", |s| s.units[0].resources.gpu.units = 1),
            ("ceiling", |s| s.units[0].price = DecCoin::uact(Dec::from_int(1))),
            ("uact", |s| s.units[0].price.denom = "uakt".into()),
        ];
        for (reason, change) in cases {
            let mut spec = spec();
            change(&mut spec);
            let told = offer(&spec, &attributes("x"), &CAPACITY, &Pricing::low()).unwrap_err().to_string();
            let found = told.contains(reason) || reason == "signed by" && told.contains("signed by");
            assert!(found, "{reason}: {told}");
        }
    }
}
