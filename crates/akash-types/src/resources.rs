//! What one replica of a service gets.

use akash_proto::akash::base::attributes::v1 as attributes;
use akash_proto::akash::base::resources::v1beta4 as wire;

use crate::Malformed;
use crate::group::Attribute;
use crate::malformed::{Field as _, all, required};

/// The resources of one replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Unique in the group, from 1.
    pub id: u32,
    /// Processors.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Memory,
    /// Volumes; at least one. Those mounted nowhere are the container's own disk.
    pub storage: Vec<Volume>,
    /// Graphics processors; always there, also with 0 units.
    pub gpu: Gpu,
    /// Ways in from outside.
    pub endpoints: Vec<Endpoint>,
}

/// Processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// Thousandths of a core.
    pub millis: u64,
    /// What kind.
    pub attributes: Vec<Attribute>,
}

/// Memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Bytes.
    pub bytes: u64,
    /// What kind.
    pub attributes: Vec<Attribute>,
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// `default` for the container's own disk.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// `class`, `persistent`.
    pub attributes: Vec<Attribute>,
}

/// Graphics processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gpu {
    /// Whole devices.
    pub units: u64,
    /// Vendors and models that would do.
    pub attributes: Vec<Attribute>,
}

/// A way in from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// What kind.
    pub kind: EndpointKind,
    /// Which leased IP; 0 for the other kinds.
    pub sequence_number: u32,
}

/// Kinds of endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointKind {
    /// Through the provider's HTTP ingress.
    SharedHttp,
    /// A port of the provider's choice between 30000 and 32767.
    RandomPort,
    /// An address of its own.
    LeasedIp,
    /// One that this program does not know.
    Unrecognised(i32),
}

impl EndpointKind {
    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::SharedHttp => 0,
            Self::RandomPort => 1,
            Self::LeasedIp => 2,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(kind: i32) -> Self {
        match kind {
            0 => Self::SharedHttp,
            1 => Self::RandomPort,
            2 => Self::LeasedIp,
            n => Self::Unrecognised(n),
        }
    }
}

/// Quantities travel as the ASCII digits of a whole number; empty bytes make Akash's own code panic.
fn quantity(value: Option<wire::ResourceValue>, message: &'static str) -> Result<u64, Malformed> {
    let bytes = required(value, message, "quantity")?.val;
    let digits = std::str::from_utf8(&bytes).field(message, "quantity")?;
    digits.parse().field(message, "quantity")
}

fn digits(quantity: u64) -> Option<wire::ResourceValue> {
    Some(wire::ResourceValue { val: quantity.to_string().into_bytes() })
}

fn write(list: &[Attribute]) -> Vec<attributes::Attribute> {
    list.iter().map(Into::into).collect()
}

impl TryFrom<wire::Resources> for Resources {
    type Error = Malformed;

    fn try_from(r: wire::Resources) -> Result<Self, Malformed> {
        let cpu = required(r.cpu, "Resources", "cpu")?;
        let memory = required(r.memory, "Resources", "memory")?;
        let gpu = required(r.gpu, "Resources", "gpu")?;
        Ok(Self {
            id: r.id,
            cpu: Cpu { millis: quantity(cpu.units, "CPU")?, attributes: all(cpu.attributes)? },
            memory: Memory {
                bytes: quantity(memory.quantity, "Memory")?,
                attributes: all(memory.attributes)?,
            },
            storage: all(r.storage)?,
            gpu: Gpu { units: quantity(gpu.units, "GPU")?, attributes: all(gpu.attributes)? },
            endpoints: r
                .endpoints
                .into_iter()
                .map(|e| Endpoint {
                    kind: EndpointKind::from_wire(e.kind),
                    sequence_number: e.sequence_number,
                })
                .collect(),
        })
    }
}

impl TryFrom<wire::Storage> for Volume {
    type Error = Malformed;

    fn try_from(s: wire::Storage) -> Result<Self, Malformed> {
        Ok(Self { name: s.name, bytes: quantity(s.quantity, "Storage")?, attributes: all(s.attributes)? })
    }
}

impl From<&Resources> for wire::Resources {
    fn from(r: &Resources) -> Self {
        let volume = |v: &Volume| wire::Storage {
            name: v.name.clone(),
            quantity: digits(v.bytes),
            attributes: write(&v.attributes),
        };
        Self {
            id: r.id,
            cpu: Some(wire::Cpu { units: digits(r.cpu.millis), attributes: write(&r.cpu.attributes) }),
            memory: Some(wire::Memory {
                quantity: digits(r.memory.bytes),
                attributes: write(&r.memory.attributes),
            }),
            storage: r.storage.iter().map(volume).collect(),
            gpu: Some(wire::Gpu { units: digits(r.gpu.units), attributes: write(&r.gpu.attributes) }),
            endpoints: r
                .endpoints
                .iter()
                .map(|e| wire::Endpoint { kind: e.kind.to_wire(), sequence_number: e.sequence_number })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Resources {
        Resources {
            id: 1,
            cpu: Cpu { millis: 500, attributes: vec![] },
            memory: Memory { bytes: 1 << 30, attributes: vec![] },
            storage: vec![Volume { name: "default".into(), bytes: 1 << 30, attributes: vec![] }],
            gpu: Gpu::default(),
            endpoints: vec![Endpoint { kind: EndpointKind::RandomPort, sequence_number: 0 }],
        }
    }

    #[test]
    fn quantities_are_ascii_digits_and_no_gpu_is_still_written() {
        let wire = wire::Resources::from(&sample());
        assert_eq!(wire.cpu.as_ref().unwrap().units.as_ref().unwrap().val, b"500");
        assert_eq!(wire.gpu.as_ref().unwrap().units.as_ref().unwrap().val, b"0");
        assert_eq!(Resources::try_from(wire).unwrap(), sample());
    }

    #[test]
    fn an_empty_quantity_is_refused() {
        let mut wire = wire::Resources::from(&sample());
        wire.cpu = Some(wire::Cpu { units: Some(wire::ResourceValue { val: vec![] }), attributes: vec![] });
        assert_eq!(Resources::try_from(wire).unwrap_err().message, "CPU");
    }
}
