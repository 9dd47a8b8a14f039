//! A transaction before and after it is signed.

use akash_types::msg::Unreadable;
use akash_types::{Address, Coin, Height, Msg};
use cosmos_sdk_proto::cosmos::crypto::secp256k1::PubKey;
use cosmos_sdk_proto::cosmos::tx::signing::v1beta1::SignMode;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{
    AuthInfo, Fee, ModeInfo, SignDoc, SignerInfo, TxBody, TxRaw, mode_info,
};
use prost::{Message as _, Name as _};

use crate::{Allowed, Key, TxHash};

/// The longest memo that the chain takes, in bytes.
const MEMO_LIMIT: usize = 256;

/// An ordered transaction of one signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it does; all of it or nothing.
    pub messages: Vec<Msg>,
    /// Public text, at most 256 bytes.
    pub memo: String,
    /// The last block that may hold it. Never 0: a transaction without an end can never be proven dead.
    pub timeout_height: Height,
    /// The gas limit.
    pub gas: u64,
    /// What the signer (or the granter) pays, whether the messages succeed or not.
    pub fee: Coin,
    /// The account's number.
    pub account_number: u64,
    /// The account's next sequence number: at most one transaction of each is ever executed.
    pub sequence: u64,
    /// Who pays the fee by a grant, when not the signer.
    pub granter: Option<Address>,
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// As broadcast.
    pub bytes: Vec<u8>,
    /// Its name.
    pub hash: TxHash,
}

/// Why a key did not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is nothing to sign.
    #[error("a transaction without messages is not signed")]
    Empty,
    /// A message is not one that this program knows.
    #[error("message {index} of the transaction cannot be read, so it is not signed")]
    Unreadable {
        /// Its place, from 0.
        index: usize,
        /// Why.
        source: Unreadable,
    },
    /// A message is not on the list.
    #[error("message {index} is {type_url}, which this key may not sign")]
    NotAllowed {
        /// Its place, from 0.
        index: usize,
        /// Its type.
        type_url: String,
    },
    /// A message speaks for another account.
    #[error("message {index} speaks for {signer}, and this key is {key}")]
    ForeignSigner {
        /// Its place, from 0.
        index: usize,
        /// For whom it speaks.
        signer: Address,
        /// Whose key was asked.
        key: Address,
    },
    /// It could stay valid for ever.
    #[error("a transaction without a timeout height is not signed: it could never be proven dead")]
    NoTimeout,
    /// The memo is too long.
    #[error("the memo has {length} bytes, and the chain takes 256")]
    MemoTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The bytes to sign are not the document that was drafted. A defect of this program.
    #[error("the bytes to sign are not the document that was drafted ({part})")]
    Inconsistent {
        /// Which part.
        part: &'static str,
    },
}

impl Draft {
    /// The transaction with an empty signature and no fee, for a node's simulation. The body is byte for byte the one that
    /// [`Key::sign`] signs, so that the gas is that of the real thing.
    pub fn for_simulation(&self, public_key: [u8; 33]) -> Vec<u8> {
        let mut auth_info = self.auth_info(public_key);
        auth_info.fee = Some(Fee::default());
        raw(self.body().encode_to_vec(), auth_info.encode_to_vec(), Vec::new())
    }

    /// The draft of a transaction that was signed, from its bytes; none when they are not what [`Key::sign`] makes.
    pub fn read(bytes: &[u8], account_number: u64) -> Option<Self> {
        let raw = TxRaw::decode(bytes).ok()?;
        let body = TxBody::decode(raw.body_bytes.as_slice()).ok()?;
        let auth = AuthInfo::decode(raw.auth_info_bytes.as_slice()).ok()?;
        let (fee, signer) = (auth.fee?, auth.signer_infos.first()?);
        let granter = Some(fee.granter).filter(|granter| !granter.is_empty());
        Some(Self {
            messages: body.messages.iter().map(Msg::from_any).collect::<Result<_, _>>().ok()?,
            memo: body.memo,
            timeout_height: Height(body.timeout_height),
            gas: fee.gas_limit,
            fee: Coin::try_from(fee.amount.into_iter().next()?).ok()?,
            account_number,
            sequence: signer.sequence,
            granter: granter.map(|granter| granter.parse()).transpose().ok()?,
        })
    }

    fn body(&self) -> TxBody {
        TxBody {
            messages: self.messages.iter().map(Msg::to_any).collect(),
            memo: self.memo.clone(),
            timeout_height: self.timeout_height.0,
            ..TxBody::default()
        }
    }

    fn auth_info(&self, public_key: [u8; 33]) -> AuthInfo {
        let key = PubKey { key: public_key.to_vec() };
        let single = mode_info::Single { mode: SignMode::Direct.into() };
        AuthInfo {
            signer_infos: vec![SignerInfo {
                public_key: Some(cosmos_sdk_proto::Any {
                    type_url: PubKey::type_url(),
                    value: key.encode_to_vec(),
                }),
                mode_info: Some(ModeInfo { sum: Some(mode_info::Sum::Single(single)) }),
                sequence: self.sequence,
            }],
            fee: Some(Fee {
                amount: vec![(&self.fee).into()],
                gas_limit: self.gas,
                payer: String::new(),
                granter: self.granter.as_ref().map(ToString::to_string).unwrap_or_default(),
            }),
            ..AuthInfo::default()
        }
    }
}

impl Key {
    /// Signs a transaction for one chain. The document's bytes are decoded again, and those bytes are signed only when
    /// every message in them is on the list and speaks for this key's account, and when they have a timeout.
    pub fn sign(&self, draft: &Draft, chain_id: &str, allowed: &Allowed) -> Result<Signed, Refused> {
        let document = SignDoc {
            body_bytes: draft.body().encode_to_vec(),
            auth_info_bytes: draft.auth_info(self.public_key()).encode_to_vec(),
            chain_id: chain_id.to_owned(),
            account_number: draft.account_number,
        }
        .encode_to_vec();
        let inspected = self.inspect(&document, draft, *allowed)?;
        let signature = self.sign_bytes(&document).to_vec();
        let bytes = raw(inspected.body_bytes, inspected.auth_info_bytes, signature);
        Ok(Signed { hash: TxHash::of(&bytes), bytes })
    }

    /// The check of what is about to be signed, from its bytes alone; gives back what they say.
    fn inspect(&self, document: &[u8], draft: &Draft, allowed: Allowed) -> Result<SignDoc, Refused> {
        let inconsistent = |part| Refused::Inconsistent { part };
        let document = SignDoc::decode(document).map_err(|_| inconsistent("document"))?;
        let body = TxBody::decode(document.body_bytes.as_slice()).map_err(|_| inconsistent("body"))?;
        let auth = AuthInfo::decode(document.auth_info_bytes.as_slice())
            .map_err(|_| inconsistent("signer and fee"))?;
        if body.messages.is_empty() {
            return Err(Refused::Empty);
        }
        if body.timeout_height == 0 {
            return Err(Refused::NoTimeout);
        }
        if body.memo.len() > MEMO_LIMIT {
            return Err(Refused::MemoTooLong { length: body.memo.len() });
        }
        for (index, any) in body.messages.iter().enumerate() {
            let message = Msg::from_any(any).map_err(|source| Refused::Unreadable { index, source })?;
            if !allowed.permits(&message) {
                return Err(Refused::NotAllowed { index, type_url: any.type_url.clone() });
            }
            if message.signer() != self.address() {
                return Err(Refused::ForeignSigner {
                    index,
                    signer: message.signer().clone(),
                    key: self.address().clone(),
                });
            }
        }
        // Extensions could change what the messages mean; this program never writes any.
        if body != draft.body() {
            return Err(inconsistent("body"));
        }
        if auth != draft.auth_info(self.public_key()) {
            return Err(inconsistent("signer and fee"));
        }
        Ok(document)
    }
}

fn raw(body_bytes: Vec<u8>, auth_info_bytes: Vec<u8>, signature: Vec<u8>) -> Vec<u8> {
    TxRaw { body_bytes, auth_info_bytes, signatures: vec![signature] }.encode_to_vec()
}

#[cfg(test)]
mod tests;
