//! Providers' entries on chain.

use akash_proto::akash::{audit::v1 as audit, provider::v1beta4 as wire};

use crate::malformed::{Field as _, all};
use crate::{Address, Attribute, Malformed};

/// A provider's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its account.
    pub owner: Address,
    /// `https://host:port` of its gateway. Text from outside: check before use.
    pub host_uri: String,
    /// What it says of itself.
    pub attributes: Vec<Attribute>,
    /// How to reach people.
    pub info: ProviderInfo,
}

/// How to reach the people of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderInfo {
    /// Mail address.
    pub email: String,
    /// Web site.
    pub website: String,
}

/// What an auditor signed for a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedAttributes {
    /// The provider.
    pub owner: Address,
    /// Who signed.
    pub auditor: Address,
    /// What.
    pub attributes: Vec<Attribute>,
}

impl TryFrom<wire::Provider> for Provider {
    type Error = Malformed;

    fn try_from(p: wire::Provider) -> Result<Self, Malformed> {
        let info = p.info.unwrap_or_default();
        Ok(Self {
            owner: p.owner.parse().field("Provider", "owner")?,
            host_uri: p.host_uri,
            attributes: all(p.attributes)?,
            info: ProviderInfo { email: info.email, website: info.website },
        })
    }
}

impl From<&Provider> for wire::Provider {
    fn from(p: &Provider) -> Self {
        Self {
            owner: p.owner.to_string(),
            host_uri: p.host_uri.clone(),
            attributes: p.attributes.iter().map(Into::into).collect(),
            info: Some(wire::Info { email: p.info.email.clone(), website: p.info.website.clone() }),
        }
    }
}

impl TryFrom<audit::AuditedProvider> for AuditedAttributes {
    type Error = Malformed;

    fn try_from(p: audit::AuditedProvider) -> Result<Self, Malformed> {
        Ok(Self {
            owner: p.owner.parse().field("AuditedProvider", "owner")?,
            auditor: p.auditor.parse().field("AuditedProvider", "auditor")?,
            attributes: all(p.attributes)?,
        })
    }
}

impl From<&AuditedAttributes> for audit::AuditedProvider {
    fn from(p: &AuditedAttributes) -> Self {
        Self {
            owner: p.owner.to_string(),
            auditor: p.auditor.to_string(),
            attributes: p.attributes.iter().map(Into::into).collect(),
        }
    }
}
