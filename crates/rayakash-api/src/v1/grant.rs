//! One account pays for another: grants for a hot key.

use super::money::Micro;
use super::secret;
use rayakash_core::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/wallet/grant`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// The key that pays, by its name here; `sandbox` is the sandbox's own.
    pub key: String,
    /// What that key's file was encrypted with; none for the sandbox's own.
    #[serde(default, with = "secret::optional", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub passphrase: Option<Secret>,
    /// Who may use it.
    pub grantee: String,
    /// For deposits into deployments, in uact. Refunds raise what is left of it again.
    pub deposits_uact: Micro,
    /// For fees, in uakt.
    pub fees_uakt: Micro,
    /// When both end, Unix seconds.
    pub expires: i64,
    /// The user agreed.
    #[serde(default)]
    pub yes: bool,
}

/// Body of `POST /v1/wallet/revoke`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeRequest {
    /// The key that pays, by its name here; `sandbox` is the sandbox's own.
    pub key: String,
    /// What that key's file was encrypted with; none for the sandbox's own.
    #[serde(default, with = "secret::optional", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub passphrase: Option<Secret>,
    /// Who may use it no longer.
    pub grantee: String,
}

/// What one account lets another use, as the chain has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Funding {
    /// Whose coins.
    pub funder: String,
    /// Who may use them.
    pub grantee: String,
    /// What is left for deposits, in uact; none: no grant. No more than the funder has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposits_uact: Option<Micro>,
    /// Until when, Unix seconds; none: no grant, or one without an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposits_until: Option<i64>,
    /// What is left for fees, in uakt; none: no allowance. No more than the funder has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fees_uakt: Option<Micro>,
    /// Until when, Unix seconds; none: no allowance, or one without an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fees_until: Option<i64>,
}
