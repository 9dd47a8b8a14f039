//! Entries that accounts publish about themselves: certificates and providers.

use akash_proto::akash::{audit::v1 as audit, cert::v1 as cert, provider::v1beta4 as provider};

use crate::malformed::{Field as _, all, required};
use crate::{Address, AuditedAttributes, Malformed, Provider};

/// Publishes a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateCertificate {
    /// Whose; the certificate's common name.
    pub owner: Address,
    /// PEM text, label `CERTIFICATE`.
    pub cert: Vec<u8>,
    /// PEM text, label `EC PUBLIC KEY`.
    pub public_key: Vec<u8>,
}

/// Takes a certificate back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeCertificate {
    /// Whose.
    pub owner: Address,
    /// Its serial number, decimal text.
    pub serial: String,
}

/// Registers a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateProvider {
    /// The entry.
    pub provider: Provider,
}

/// Changes a provider's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateProvider {
    /// The entry.
    pub provider: Provider,
}

/// Asks to have a provider's entry taken away. Node v2.1 answers that it is not implemented (provider/10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteProvider {
    /// Whose.
    pub owner: Address,
}

/// An auditor vouches for attributes of a provider; they are added to those before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignProviderAttributes {
    /// Who vouches for what of whom.
    pub audited: AuditedAttributes,
}

/// An auditor takes back what it vouched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteProviderAttributes {
    /// The provider.
    pub owner: Address,
    /// Who had vouched.
    pub auditor: Address,
    /// For which keys; empty: all.
    pub keys: Vec<String>,
}

impl TryFrom<cert::MsgCreateCertificate> for CreateCertificate {
    type Error = Malformed;

    fn try_from(m: cert::MsgCreateCertificate) -> Result<Self, Malformed> {
        Ok(Self {
            owner: m.owner.parse().field("MsgCreateCertificate", "owner")?,
            cert: m.cert,
            public_key: m.pubkey,
        })
    }
}

impl From<&CreateCertificate> for cert::MsgCreateCertificate {
    fn from(m: &CreateCertificate) -> Self {
        Self { owner: m.owner.to_string(), cert: m.cert.clone(), pubkey: m.public_key.clone() }
    }
}

impl TryFrom<cert::MsgRevokeCertificate> for RevokeCertificate {
    type Error = Malformed;

    fn try_from(m: cert::MsgRevokeCertificate) -> Result<Self, Malformed> {
        let id = required(m.id, "MsgRevokeCertificate", "id")?;
        Ok(Self { owner: id.owner.parse().field("MsgRevokeCertificate", "owner")?, serial: id.serial })
    }
}

impl From<&RevokeCertificate> for cert::MsgRevokeCertificate {
    fn from(m: &RevokeCertificate) -> Self {
        Self { id: Some(cert::Id { owner: m.owner.to_string(), serial: m.serial.clone() }) }
    }
}

/// Both provider messages carry the whole entry, field for field.
macro_rules! provider_entry {
    ($ours:ident, $wire:ty) => {
        impl TryFrom<$wire> for $ours {
            type Error = Malformed;

            fn try_from(m: $wire) -> Result<Self, Malformed> {
                let entry = provider::Provider {
                    owner: m.owner,
                    host_uri: m.host_uri,
                    attributes: m.attributes,
                    info: m.info,
                };
                Ok(Self { provider: entry.try_into()? })
            }
        }

        impl From<&$ours> for $wire {
            fn from(m: &$ours) -> Self {
                let entry = provider::Provider::from(&m.provider);
                Self {
                    owner: entry.owner,
                    host_uri: entry.host_uri,
                    attributes: entry.attributes,
                    info: entry.info,
                }
            }
        }
    };
}

provider_entry!(CreateProvider, provider::MsgCreateProvider);
provider_entry!(UpdateProvider, provider::MsgUpdateProvider);

impl TryFrom<provider::MsgDeleteProvider> for DeleteProvider {
    type Error = Malformed;

    fn try_from(m: provider::MsgDeleteProvider) -> Result<Self, Malformed> {
        Ok(Self { owner: m.owner.parse().field("MsgDeleteProvider", "owner")? })
    }
}

impl From<&DeleteProvider> for provider::MsgDeleteProvider {
    fn from(m: &DeleteProvider) -> Self {
        Self { owner: m.owner.to_string() }
    }
}

impl TryFrom<audit::MsgSignProviderAttributes> for SignProviderAttributes {
    type Error = Malformed;

    fn try_from(m: audit::MsgSignProviderAttributes) -> Result<Self, Malformed> {
        Ok(Self {
            audited: AuditedAttributes {
                owner: m.owner.parse().field("MsgSignProviderAttributes", "owner")?,
                auditor: m.auditor.parse().field("MsgSignProviderAttributes", "auditor")?,
                attributes: all(m.attributes)?,
            },
        })
    }
}

impl From<&SignProviderAttributes> for audit::MsgSignProviderAttributes {
    fn from(m: &SignProviderAttributes) -> Self {
        Self {
            owner: m.audited.owner.to_string(),
            auditor: m.audited.auditor.to_string(),
            attributes: m.audited.attributes.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<audit::MsgDeleteProviderAttributes> for DeleteProviderAttributes {
    type Error = Malformed;

    fn try_from(m: audit::MsgDeleteProviderAttributes) -> Result<Self, Malformed> {
        Ok(Self {
            owner: m.owner.parse().field("MsgDeleteProviderAttributes", "owner")?,
            auditor: m.auditor.parse().field("MsgDeleteProviderAttributes", "auditor")?,
            keys: m.keys,
        })
    }
}

impl From<&DeleteProviderAttributes> for audit::MsgDeleteProviderAttributes {
    fn from(m: &DeleteProviderAttributes) -> Self {
        Self { owner: m.owner.to_string(), auditor: m.auditor.to_string(), keys: m.keys.clone() }
    }
}
