//! The node itself: its newest block, any block, its settings.

use akash_types::{Dec, DecCoin, Denom, Height, Malformed};
use akash_wallet::TxHash;
use cosmos_sdk_proto::Timestamp;
use cosmos_sdk_proto::cosmos::base::node::v1beta1::service_client::ServiceClient as ConfigClient;
use cosmos_sdk_proto::cosmos::base::node::v1beta1::{ConfigRequest, StatusRequest};
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::service_client::ServiceClient as NodeClient;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::{self as wire, GetBlockByHeightRequest};
use cosmos_sdk_proto::tendermint::types::Block as CometBlock;

use super::{At, Client, MESSAGE_LIMIT, read};
use crate::ChainError;

/// The newest block whose effects the node has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height.
    pub height: Height,
    /// Its time: the chain's clock, Unix milliseconds.
    pub time_unix_ms: u64,
    /// The chain.
    pub chain_id: String,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its height.
    pub height: Height,
    /// Its time, Unix milliseconds.
    pub time_unix_ms: u64,
    /// The chain.
    pub chain_id: String,
    /// What is in it, those that failed included.
    pub txs: Vec<BlockTx>,
}

/// A transaction in a block. Whether it succeeded is not in the block: see [`Client::tx`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockTx {
    /// Its name.
    pub hash: TxHash,
    /// As broadcast.
    pub bytes: Vec<u8>,
}

/// A node's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeConfig {
    /// The least prices per unit of gas; a fee in any one of these currencies is enough. Differs between nodes.
    pub minimum_gas_prices: Vec<DecCoin>,
}

impl NodeConfig {
    /// The least price in a currency; zero when the node names none.
    pub fn minimum_gas_price(&self, denom: &Denom) -> Dec {
        self.minimum_gas_prices.iter().find(|p| &p.denom == denom).map_or(Dec::ZERO, |p| p.amount)
    }
}

impl Client {
    /// The newest block whose effects the node has.
    pub async fn tip(&self) -> Result<Tip, ChainError> {
        let what = "read the newest height";
        let status = self
            .ask(what, At::Latest, StatusRequest {}, |channel, query| async move {
                ConfigClient::new(channel).status(query).await
            })
            .await?;
        Ok(Tip {
            height: Height(status.height),
            time_unix_ms: milliseconds(status.timestamp),
            // The answer came from a node that was asked for its chain before.
            chain_id: self.chain_id.get().cloned().unwrap_or_default(),
        })
    }

    /// A block, of any endpoint that has it; an error when none does (yet, or any more).
    pub async fn block(&self, height: Height) -> Result<Block, ChainError> {
        let what = "read a block";
        let query = GetBlockByHeightRequest { height: height.to_wire() };
        let answer = self
            .ask_around(what, query, |channel, query| async move {
                NodeClient::new(channel)
                    .max_decoding_message_size(MESSAGE_LIMIT)
                    .get_block_by_height(query)
                    .await
            })
            .await?;
        let block = read(what, read_block(answer.block, answer.sdk_block))?;
        if block.height != height {
            let other = format!("block {} was asked for, {} came", height, block.height);
            return read(what, Err(Malformed::new("Block", "height", other)));
        }
        Ok(block)
    }

    /// The settings of the node that answers.
    pub async fn node_config(&self) -> Result<NodeConfig, ChainError> {
        let what = "read the node's least gas price";
        let config = self
            .ask(what, At::Latest, ConfigRequest {}, |channel, query| async move {
                ConfigClient::new(channel).config(query).await
            })
            .await?;
        let prices = config.minimum_gas_price.split(',').map(str::trim).filter(|price| !price.is_empty());
        let minimum_gas_prices = read(what, prices.map(price).collect())?;
        Ok(NodeConfig { minimum_gas_prices })
    }
}

/// Reads `0.025uakt`.
fn price(text: &str) -> Result<DecCoin, Malformed> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (amount, denom) = text.split_at(end);
    let amount = amount.parse().map_err(|e| Malformed::new("ConfigResponse", "minimum_gas_price", e))?;
    Ok(DecCoin { denom: denom.into(), amount })
}

/// The chain of the newest block.
pub(super) fn chain_id(
    block: Option<CometBlock>,
    sdk_block: Option<wire::Block>,
) -> Result<String, Malformed> {
    read_block(block, sdk_block).map(|block| block.chain_id)
}

/// Nodes send a block twice, in an old form and in the SDK's; either is enough.
fn read_block(block: Option<CometBlock>, sdk_block: Option<wire::Block>) -> Result<Block, Malformed> {
    let missing = |field| Malformed::new("Block", field, "missing");
    let (chain_id, height, time, data) = if let Some(block) = block {
        let header = block.header.ok_or_else(|| missing("header"))?;
        (header.chain_id, header.height, header.time, block.data)
    } else {
        let block = sdk_block.ok_or_else(|| missing("block"))?;
        let header = block.header.ok_or_else(|| missing("header"))?;
        (header.chain_id, header.height, header.time, block.data)
    };
    let txs = data.map(|data| data.txs).unwrap_or_default();
    Ok(Block {
        height: Height::from_wire(height),
        time_unix_ms: milliseconds(time),
        chain_id,
        txs: txs.into_iter().map(|bytes| BlockTx { hash: TxHash::of(&bytes), bytes }).collect(),
    })
}

fn milliseconds(time: Option<Timestamp>) -> u64 {
    let time = time.unwrap_or_default();
    let seconds = u64::try_from(time.seconds).unwrap_or(0);
    seconds.saturating_mul(1000).saturating_add(u64::try_from(time.nanos).unwrap_or(0) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gas_prices_are_read_as_nodes_write_them() {
        assert_eq!(
            price("0.025uakt").unwrap(),
            DecCoin { denom: "uakt".into(), amount: "0.025".parse().unwrap() }
        );
        assert!(price("uakt").is_err());
        let config = NodeConfig { minimum_gas_prices: vec![price("0.0025uakt").unwrap()] };
        assert_eq!(config.minimum_gas_price(&akash_types::UAKT), "0.0025".parse().unwrap());
        assert_eq!(config.minimum_gas_price(&akash_types::UACT), Dec::ZERO);
    }
}
