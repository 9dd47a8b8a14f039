//! What a group asks for: attributes, resources, price.

use akash_proto::akash::base::attributes::v1 as attributes;
use akash_proto::akash::deployment::v1beta4 as wire;

use crate::malformed::{all, required};
use crate::{Dec, DecCoin, Malformed, Resources};

/// A named property, of a provider or wanted of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// The name; in a request it may end in `*`.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Auditors whose signature on the attributes is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedBy {
    /// Each of these.
    pub all_of: Vec<String>,
    /// At least one of these.
    pub any_of: Vec<String>,
}

/// What a provider must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacementRequirements {
    /// Who must have signed for it.
    pub signed_by: SignedBy,
    /// What it must say of itself.
    pub attributes: Vec<Attribute>,
}

/// Replicas of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceUnit {
    /// What one replica gets.
    pub resources: Resources,
    /// How many replicas.
    pub count: u32,
    /// The most that one replica may cost per block.
    pub price: DecCoin,
}

/// What a group asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSpec {
    /// Unique in the deployment.
    pub name: String,
    /// What a provider must be.
    pub requirements: PlacementRequirements,
    /// What it must give.
    pub units: Vec<ResourceUnit>,
}

impl GroupSpec {
    /// The order's price ceiling per block: the sum over all replicas. `None` on overflow or mixed currencies.
    pub fn ceiling(&self) -> Option<DecCoin> {
        let denom = self.units.first()?.price.denom.clone();
        let mut amount = Dec::ZERO;
        for unit in &self.units {
            if unit.price.denom != denom {
                return None;
            }
            amount = amount.checked_add(unit.price.amount.checked_mul(u64::from(unit.count))?)?;
        }
        Some(DecCoin { denom, amount })
    }
}

impl TryFrom<attributes::Attribute> for Attribute {
    type Error = Malformed;

    fn try_from(a: attributes::Attribute) -> Result<Self, Malformed> {
        Ok(Self { key: a.key, value: a.value })
    }
}

impl From<&Attribute> for attributes::Attribute {
    fn from(a: &Attribute) -> Self {
        Self { key: a.key.clone(), value: a.value.clone() }
    }
}

impl TryFrom<wire::GroupSpec> for GroupSpec {
    type Error = Malformed;

    fn try_from(spec: wire::GroupSpec) -> Result<Self, Malformed> {
        let requirements = spec.requirements.unwrap_or_default();
        let signed_by = requirements.signed_by.unwrap_or_default();
        Ok(Self {
            name: spec.name,
            requirements: PlacementRequirements {
                signed_by: SignedBy { all_of: signed_by.all_of, any_of: signed_by.any_of },
                attributes: all(requirements.attributes)?,
            },
            units: all(spec.resources)?,
        })
    }
}

impl From<&GroupSpec> for wire::GroupSpec {
    fn from(spec: &GroupSpec) -> Self {
        let wanted = &spec.requirements;
        Self {
            name: spec.name.clone(),
            requirements: Some(attributes::PlacementRequirements {
                signed_by: Some(attributes::SignedBy {
                    all_of: wanted.signed_by.all_of.clone(),
                    any_of: wanted.signed_by.any_of.clone(),
                }),
                attributes: wanted.attributes.iter().map(Into::into).collect(),
            }),
            resources: spec.units.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<wire::ResourceUnit> for ResourceUnit {
    type Error = Malformed;

    fn try_from(unit: wire::ResourceUnit) -> Result<Self, Malformed> {
        Ok(Self {
            resources: required(unit.resource, "ResourceUnit", "resource")?.try_into()?,
            count: unit.count,
            price: required(unit.price, "ResourceUnit", "price")?.try_into()?,
        })
    }
}

impl From<&ResourceUnit> for wire::ResourceUnit {
    fn from(unit: &ResourceUnit) -> Self {
        Self {
            resource: Some((&unit.resources).into()),
            count: unit.count,
            price: Some((&unit.price).into()),
        }
    }
}
