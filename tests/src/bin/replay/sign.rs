//! Signing what a recording shows unsigned, with the keys of the public mnemonic that it was recorded with.

use std::error::Error;

use akash_proto::cosmos::tx::v1beta1::{AuthInfo, TxRaw};
use akash_sandbox::MNEMONIC;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cosmos_sdk_proto::cosmos::tx::v1beta1::SignDoc;
use cosmrs::bip32::DerivationPath;
use cosmrs::crypto::secp256k1::SigningKey;
use prost::Message as _;
use serde_json::{Value, json};

use crate::wire::Rest;

/// Who signs in recordings, in the order of the mnemonic's keys.
pub(crate) const NAMES: [&str; 7] =
    ["validator", "tenant", "provider", "provider2", "treasury", "feeder", "other"];
/// The chain that recordings are made on.
pub(crate) const CHAIN_ID: &str = "local";

/// A key of a recording has sent fewer transactions than this before it.
const MOST_SEQUENCES: u64 = 500;

/// The keys of a recording.
pub(crate) struct Keys(Vec<(String, SigningKey)>);

/// How a transaction is signed, where that is not the ordinary way.
pub(crate) struct Manner {
    pub(crate) account_number: u64,
    pub(crate) sequence: u64,
    pub(crate) chain_id: &'static str,
    /// It was meant to be right, so its bytes are those of the recording.
    pub(crate) ordinary: bool,
}

impl Keys {
    pub(crate) fn derive() -> Result<Self, Box<dyn Error>> {
        let seed = bip39::Mnemonic::parse(MNEMONIC)?.to_seed("");
        let key = |index: usize| -> Result<(String, SigningKey), Box<dyn Error>> {
            let path: Result<DerivationPath, _> = format!("m/44'/118'/0'/0/{index}").parse();
            let path = path.map_err(|e| e.to_string())?;
            let key = SigningKey::derive_from_path(seed, &path).map_err(|e| e.to_string())?;
            let address = key.public_key().account_id("akash").map_err(|e| e.to_string())?;
            Ok((address.to_string(), key))
        };
        (0..NAMES.len()).map(key).collect::<Result<_, _>>().map(Self)
    }

    /// The address of a name.
    pub(crate) fn address(&self, name: &str) -> Result<&str, Box<dyn Error>> {
        self.find(name).map(|(address, _)| address.as_str())
    }

    fn find(&self, name: &str) -> Result<&(String, SigningKey), Box<dyn Error>> {
        let at = NAMES.iter().position(|n| *n == name);
        at.and_then(|at| self.0.get(at)).ok_or_else(|| format!("no key is called `{name}`").into())
    }

    /// How a key signs when nothing is wrong.
    pub(crate) async fn ordinary_manner(&self, rest: &Rest, signer: &str) -> Result<Manner, Box<dyn Error>> {
        let (account_number, sequence) = rest.account(self.address(signer)?).await?;
        Ok(Manner { account_number, sequence, chain_id: CHAIN_ID, ordinary: true })
    }

    /// Signs a transaction as JSON; its bytes.
    pub(crate) async fn sign(
        &self,
        rest: &Rest,
        unsigned: &Value,
        signer: &str,
        manner: &Manner,
    ) -> Result<Vec<u8>, Box<dyn Error>> {
        let (_, key) = self.find(signer)?;
        let mut tx = unsigned.clone();
        let info = json!({
            "public_key": {
                "@type": "/cosmos.crypto.secp256k1.PubKey",
                "key": STANDARD.encode(key.public_key().to_bytes()),
            },
            "mode_info": { "single": { "mode": "SIGN_MODE_DIRECT" } },
            "sequence": manner.sequence.to_string(),
        });
        if let Some(infos) = tx.pointer_mut("/auth_info/signer_infos") {
            *infos = json!([info]);
        }
        let mut raw = TxRaw::decode(rest.encode(&tx).await?.as_slice())?;
        seal(&mut raw, key, manner)?;
        Ok(raw.encode_to_vec())
    }

    /// A transaction's hash.
    pub(crate) fn hash(&self, bytes: &[u8]) -> String {
        akash_sandbox::market::TxHash::of(bytes).to_string()
    }

    /// With which sequence a transaction must be signed to have a hash; `None` when none of the first hundreds will do.
    pub(crate) fn sequence_of(
        &self,
        hash: &str,
        bytes: &[u8],
        signer: &str,
        manner: &Manner,
    ) -> Result<Option<u64>, Box<dyn Error>> {
        let (_, key) = self.find(signer)?;
        let raw = TxRaw::decode(bytes)?;
        for sequence in 0..MOST_SEQUENCES {
            let mut raw = raw.clone();
            let mut auth = AuthInfo::decode(raw.auth_info_bytes.as_slice())?;
            for info in &mut auth.signer_infos {
                info.sequence = sequence;
            }
            raw.auth_info_bytes = auth.encode_to_vec();
            seal(&mut raw, key, manner)?;
            if self.hash(&raw.encode_to_vec()) == hash {
                return Ok(Some(sequence));
            }
        }
        Ok(None)
    }

    /// The key of an address, or one that is not its; an address of nobody has only others.
    pub(crate) fn other_than(&self, address: &str, other: bool) -> Result<&SigningKey, Box<dyn Error>> {
        let own = self.0.iter().find(|(own, _)| own == address).filter(|_| !other);
        let any = || self.0.iter().find(|(own, _)| own != address);
        own.or_else(any).map(|(_, key)| key).ok_or_else(|| "there are no keys".into())
    }

    /// The name of an address.
    pub(crate) fn name_of(&self, address: &str) -> Result<&'static str, Box<dyn Error>> {
        let at = self.0.iter().position(|(own, _)| own == address);
        let name = at.and_then(|at| NAMES.get(at)).copied();
        name.ok_or_else(|| format!("{address} is nobody of the recording").into())
    }

    /// A transfer of one uakt to oneself, unsigned.
    pub(crate) fn transfer(&self, address: &str) -> Value {
        self.unsigned(&json!({
            "@type": "/cosmos.bank.v1beta1.MsgSend",
            "from_address": address,
            "to_address": address,
            "amount": [{ "denom": "uakt", "amount": "1" }],
        }))
    }

    /// A transaction of one message, unsigned.
    pub(crate) fn unsigned(&self, message: &Value) -> Value {
        json!({
            "body": { "messages": [message] },
            "auth_info": {
                "signer_infos": [],
                "fee": { "amount": [{ "denom": "uakt", "amount": "20000" }], "gas_limit": "800000" },
            },
        })
    }
}

/// Signs what is in a transaction.
fn seal(raw: &mut TxRaw, key: &SigningKey, manner: &Manner) -> Result<(), Box<dyn Error>> {
    let document = SignDoc {
        body_bytes: raw.body_bytes.clone(),
        auth_info_bytes: raw.auth_info_bytes.clone(),
        chain_id: manner.chain_id.to_owned(),
        account_number: manner.account_number,
    };
    let signature = key.sign(&document.encode_to_vec()).map_err(|e| e.to_string())?;
    raw.signatures = vec![signature.to_vec()];
    Ok(())
}
