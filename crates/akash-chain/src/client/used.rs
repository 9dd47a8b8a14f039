//! Which transaction used a sequence number of an account. Nodes need not index that, so it is looked for in the blocks.

use akash_types::{Address, Coin, Height};
use akash_wallet::{TxHash, address_of};
use cosmos_sdk_proto::cosmos::crypto::secp256k1::PubKey;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, TxBody, TxRaw};
use prost::Message as _;

use super::{At, BlockTx, Client};
use crate::ChainError;

/// The transaction that used a sequence number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Its block.
    pub height: Height,
    /// Its name.
    pub hash: TxHash,
    /// Its memo.
    pub memo: String,
    /// The fee that it offered, which was taken.
    pub fee: Option<Coin>,
}

impl Client {
    /// Which transaction used a sequence number of an account, when that happened behind block `after` and not behind `upto`. `None`: no node
    /// that answers has the blocks or the states in between any more, or the number was not used there.
    pub async fn used(
        &self,
        signer: &Address,
        sequence: u64,
        (after, upto): (Height, Height),
    ) -> Result<Option<Used>, ChainError> {
        // The number moves with the block that holds the transaction, and never back: halving finds that block.
        let (mut before, mut by) = (after.0, upto.0);
        while by.saturating_sub(before) > 1 {
            let middle = before.saturating_add(by.saturating_sub(before) / 2);
            match self.account(signer, At::Height(Height(middle))).await {
                Ok(Some(account)) if account.sequence > sequence => by = middle,
                // A state that is not kept any more says nothing of what is older, and what is newer may still be told.
                Ok(_) | Err(ChainError::Refused { .. }) => before = middle,
                Err(error) => return Err(error),
            }
        }
        let block = match self.block(Height(by)).await {
            Ok(block) => block,
            Err(ChainError::Refused { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(block.txs.iter().find_map(|tx| read(tx, block.height, (signer, sequence))))
    }
}

/// A transaction that an account signed with this number; `None` for any other.
fn read(tx: &BlockTx, height: Height, (signer, sequence): (&Address, u64)) -> Option<Used> {
    let raw = TxRaw::decode(tx.bytes.as_slice()).ok()?;
    let auth = AuthInfo::decode(raw.auth_info_bytes.as_slice()).ok()?;
    let signs = auth.signer_infos.iter().filter(|info| info.sequence == sequence).any(|info| {
        let key = info.public_key.as_ref().and_then(|any| PubKey::decode(any.value.as_slice()).ok());
        let key: Option<[u8; 33]> = key.and_then(|key| key.key.try_into().ok());
        key.and_then(|key| address_of(&key).ok()).is_some_and(|address| address == *signer)
    });
    if !signs {
        return None;
    }
    let memo = TxBody::decode(raw.body_bytes.as_slice()).ok()?.memo;
    let fee = auth.fee.and_then(|fee| fee.amount.into_iter().next()).and_then(|coin| coin.try_into().ok());
    Some(Used { height, hash: tx.hash, memo, fee })
}
