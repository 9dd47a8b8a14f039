//! Keys.

use super::secret;
use rayakash_core::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// All keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyList {
    /// In the order of their names.
    pub keys: Vec<Key>,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// Its name here.
    pub name: String,
    /// Its address on the chain; none while it was never unlocked here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether the daemon can sign with it.
    pub unlocked: bool,
    /// Whether everybody knows it: the sandbox's key.
    pub public: bool,
}

/// Body of `POST /v1/keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Its name here.
    pub name: String,
    /// What the key file is encrypted with.
    #[serde(with = "secret")]
    #[schema(value_type = String)]
    pub passphrase: Secret,
    /// The words of an existing key; none: make a new one.
    #[serde(default, with = "secret::optional", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub mnemonic: Option<Secret>,
}

/// A key that was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeKey {
    /// The key.
    pub key: Key,
    /// The words of a new key. They are given this once.
    #[serde(default, with = "secret::optional", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub mnemonic: Option<Secret>,
}

/// Body of `POST /v1/keys/{name}/unlock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unlock {
    /// What the key file was encrypted with.
    #[serde(with = "secret")]
    #[schema(value_type = String)]
    pub passphrase: Secret,
}

/// Body of `POST /v1/keys/{name}/export`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// What the key file was encrypted with; asked again although the key may be unlocked.
    #[serde(with = "secret")]
    #[schema(value_type = String)]
    pub passphrase: Secret,
}

/// The words of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mnemonic {
    /// The words, separated by blanks.
    #[serde(with = "secret")]
    #[schema(value_type = String)]
    pub mnemonic: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_in_the_body_and_not_in_debug() {
        let new = NewKey {
            name: "a".into(),
            passphrase: Secret::new("open sesame"),
            mnemonic: Some(Secret::new("abandon art")),
        };
        let json = serde_json::to_string(&new).unwrap();
        assert_eq!(json, r#"{"name":"a","passphrase":"open sesame","mnemonic":"abandon art"}"#);
        assert_eq!(serde_json::from_str::<NewKey>(&json).unwrap(), new);
        let debug = format!("{new:?}");
        assert!(!debug.contains("sesame") && !debug.contains("abandon"), "{debug}");
    }

    #[test]
    fn words_are_optional() {
        let new: NewKey = serde_json::from_str(r#"{"name":"a","passphrase":"p"}"#).unwrap();
        assert_eq!(new.mnemonic, None);
    }
}
