//! One signed transaction on its way, and how it ended.

use akash_types::{Address, Coin, Height, Rejection};
use akash_wallet::TxHash;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, TxRaw};
use prost::Message as _;

/// A signed transaction that was, or is about to be, given to nodes. Everything needed to send it again and to prove what became
/// of it, also after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The caller's name for what it is to bring about.
    pub intent: String,
    /// Who signed.
    pub signer: Address,
    /// The signer's account number.
    pub account_number: u64,
    /// The sequence number that it uses. The chain executes at most one transaction of each.
    pub sequence: u64,
    /// The height that was seen when it was made: it can only be in a later block.
    pub planned: Height,
    /// The last block that can hold it.
    pub timeout: Height,
    /// Its name.
    pub hash: TxHash,
    /// As broadcast.
    pub bytes: Vec<u8>,
    /// The fee that it offers.
    pub fee: Coin,
    /// How it ended; `None` while it is open.
    pub end: Option<End>,
}

/// How an attempt ended. Each is proven: nothing can happen to the attempt afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was executed.
    Landed {
        /// The block.
        height: Height,
        /// Its name.
        hash: TxHash,
        /// What was paid.
        fee: Coin,
        /// Gas used.
        gas_used: u64,
    },
    /// It was refused and had no effect, except perhaps on the fee and the sequence.
    Failed {
        /// The block that holds it; `None` when it never came so far.
        height: Option<Height>,
        /// Why.
        rejection: Rejection,
        /// What was paid all the same; `None`: nothing.
        fee: Option<Coin>,
        /// Its name; `None` when nothing was signed, because the simulation refused.
        hash: Option<TxHash>,
    },
    /// It can never be executed any more.
    Dead {
        /// Its name.
        hash: TxHash,
        /// Why that is certain.
        evidence: Evidence,
    },
}

/// Why an attempt can never be executed. Both rest on the account's number at one height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The chain is past the timeout, and the number is still unused: nothing with it was executed in any block up to there, and
    /// this attempt cannot be in a later one.
    Expired {
        /// The height at which it was made.
        from: Height,
        /// The last block that could hold it: the timeout.
        to: Height,
        /// The height at which the number was unused.
        seen_at: Height,
    },
    /// Its number was used by another transaction: somebody else signs with this key. Every block that could hold the attempt
    /// was read, and none holds it executed.
    SequenceUsed {
        /// The first block read.
        from: Height,
        /// The last block read.
        to: Height,
        /// The height at which the number was used.
        seen_at: Height,
        /// The transaction with this key and number, and its block, when the blocks read hold one that says so openly.
        by: Option<(Height, TxHash)>,
    },
}

impl End {
    /// True when the messages were executed.
    pub const fn is_landed(&self) -> bool {
        matches!(self, Self::Landed { .. })
    }

    /// True when it never used a sequence number.
    pub const fn is_dead(&self) -> bool {
        matches!(self, Self::Dead { .. })
    }
}

impl Attempt {
    /// The gas limit that it offers a fee for; 0 when its bytes cannot be read.
    pub fn gas(&self) -> u64 {
        let raw = TxRaw::decode(self.bytes.as_slice()).ok();
        let auth = raw.and_then(|raw| AuthInfo::decode(raw.auth_info_bytes.as_slice()).ok());
        auth.and_then(|auth| auth.fee).map_or(0, |fee| fee.gas_limit)
    }
}
