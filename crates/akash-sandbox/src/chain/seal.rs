//! Blocks as CometBFT makes them: hashed, chained to the one before, signed by the chain's only validator.
//!
//! The model knows what a block did. Everything here follows from that and from the chain's name, so nothing of it is kept on
//! disk: it is computed when a block is made and again at a start, block after block, since each block names the one before; 160 bytes of each
//! are kept.
//!
//! Hashes are CometBFT 0.38's: <https://docs.cometbft.com/v0.38/spec/core/data_structures>.

use std::sync::{Arc, Mutex, PoisonError};

use akash_types::{Height, Time};
use cosmos_sdk_proto::tendermint::abci::ExecTxResult;
use cosmos_sdk_proto::tendermint::google::protobuf::Timestamp;
use cosmos_sdk_proto::tendermint::types::{
    Block, BlockId, BlockIdFlag, Commit, CommitSig, Data, EvidenceList, HashedParams, Header, PartSetHeader,
};
use cosmos_sdk_proto::tendermint::version::Consensus;
use ed25519_consensus::SigningKey;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tendermint::merkle::simple_hash_from_byte_vectors;
use tendermint::validator::{Info, Set};
use tendermint::{PublicKey, block, vote};

use crate::market::{self, Delivered};

/// The version of the block format.
const BLOCK_PROTOCOL: u64 = 11;
/// Blocks are gossiped in parts of so many bytes; their Merkle root is part of a block's id.
const PART_BYTES: usize = 65_536;
/// CometBFT's limit for a block.
pub(super) const MAX_BLOCK_BYTES: i64 = 22_020_096;
/// No limit.
pub(super) const MAX_BLOCK_GAS: i64 = -1;
/// The validator's share: all of it.
pub(super) const VOTING_POWER: u32 = 10;

/// A block as a node gives it away.
#[derive(Clone, Debug)]
pub(super) struct Sealed {
    pub(super) id: BlockId,
    pub(super) block: Block,
    /// The validator's signature under it; part of the next block.
    pub(super) commit: Commit,
}

/// What cannot be computed from a block of the model alone: what depends on all blocks before.
#[derive(Clone, Debug)]
struct Mark {
    id: BlockId,
    signature: [u8; 64],
}

/// A block of the model with its mark.
type Marked<'a> = (&'a market::Block, &'a Mark);

/// Who seals the blocks, and the marks of those that are sealed.
#[derive(Debug)]
pub(super) struct Seals {
    validator: Validator,
    chain_id: String,
    /// The height of the chain's first block.
    first: Height,
    marks: Mutex<Vec<Mark>>,
}

/// The chain's only validator. Its key follows from the chain's name: everybody may know it, as all keys of a sandbox.
#[derive(Debug)]
pub(super) struct Validator {
    key: SigningKey,
    pub(super) info: Info,
    /// Of the set of validators that is this one.
    pub(super) hash: Vec<u8>,
}

impl Validator {
    fn new(chain_id: &str) -> Self {
        let seed: [u8; 32] = Sha256::digest(format!("rayakash sandbox validator of {chain_id}")).into();
        let key = SigningKey::from(seed);
        let info = Info::new(PublicKey::from_ed25519_consensus(key.verification_key()), VOTING_POWER.into());
        let hash = Set::without_proposer(vec![info.clone()]).hash().as_bytes().to_vec();
        Self { key, info, hash }
    }
}

impl Seals {
    pub(super) fn new(chain_id: &str, first: Height) -> Self {
        let marks = Mutex::default();
        Self { validator: Validator::new(chain_id), chain_id: chain_id.to_owned(), first, marks }
    }

    pub(super) const fn validator(&self) -> &Validator {
        &self.validator
    }

    /// A block as a node gives it away, and all blocks before it sealed if they are not yet.
    pub(super) fn seal(
        &self,
        height: Height,
        block: impl Fn(Height) -> Option<Arc<market::Block>>,
    ) -> Option<Sealed> {
        let place = usize::try_from(height.0.checked_sub(self.first.0)?).ok()?;
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut index = marks.len().min(place);
        let mut before = match index.checked_sub(1) {
            None => None,
            Some(sealed) => Some(block(self.height_of(sealed))?),
        };
        loop {
            let this = block(self.height_of(index))?;
            let last = before.as_deref().zip(index.checked_sub(1).and_then(|i| marks.get(i)));
            let whole = self.whole(&this, last);
            let mark = match marks.get(index) {
                Some(mark) => mark.clone(),
                None => self.mark(&this, &whole)?,
            };
            if index == marks.len() {
                marks.push(mark.clone());
            }
            if index == place {
                return Some(Sealed { commit: self.commit((&this, &mark)), id: mark.id, block: whole });
            }
            before = Some(this);
            index = index.saturating_add(1);
        }
    }

    /// The height of the block whose mark has a place.
    fn height_of(&self, place: usize) -> Height {
        self.first.plus(u64::try_from(place).unwrap_or(u64::MAX))
    }

    /// The height of a block by its hash, among those that are sealed.
    pub(super) fn find(&self, hash: &[u8]) -> Option<Height> {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let place = marks.iter().rposition(|mark| mark.id.hash == hash)?;
        Some(self.height_of(place))
    }

    fn whole(&self, block: &market::Block, before: Option<Marked<'_>>) -> Block {
        let last_commit = before.map_or_else(first_commit, |marked| self.commit(marked));
        Block {
            header: Some(self.header(block, before, &last_commit)),
            data: Some(Data { txs: block.txs.iter().map(|d| d.tx.bytes.clone()).collect() }),
            evidence: Some(EvidenceList::default()),
            last_commit: Some(last_commit),
        }
    }

    /// `None` cannot happen: every part is well formed by construction.
    fn mark(&self, block: &market::Block, whole: &Block) -> Option<Mark> {
        let header = block::Header::try_from(whole.header.clone()?).ok()?;
        let bytes = whole.encode_to_vec();
        let parts: Vec<&[u8]> = bytes.chunks(PART_BYTES).collect();
        let part_set_header =
            PartSetHeader { total: u32::try_from(parts.len()).ok()?, hash: root(&parts).to_vec() };
        let id = BlockId { hash: header.hash().as_bytes().to_vec(), part_set_header: Some(part_set_header) };
        let vote = self.vote(block, &id)?.into_signable_vec(self.chain_id.parse().ok()?);
        Some(Mark { id, signature: self.validator.key.sign(&vote).to_bytes() })
    }

    fn header(&self, block: &market::Block, before: Option<Marked<'_>>, last_commit: &Commit) -> Header {
        let signatures: Vec<_> = last_commit.signatures.iter().map(prost::Message::encode_to_vec).collect();
        let results: Vec<_> = before.iter().flat_map(|(b, _)| &b.txs).map(deterministic).collect();
        let nothing = Sha256::digest([]).to_vec();
        Header {
            version: Some(Consensus { block: BLOCK_PROTOCOL, app: 0 }),
            chain_id: self.chain_id.clone(),
            height: block.height.to_wire(),
            time: Some(Time::from_millis(block.time_ms).into()),
            last_block_id: Some(before.map_or_else(no_id, |(_, mark)| mark.id.clone())),
            last_commit_hash: root(&signatures).to_vec(),
            data_hash: root(&hashes(block)).to_vec(),
            validators_hash: self.validator.hash.clone(),
            next_validators_hash: self.validator.hash.clone(),
            consensus_hash: consensus_hash(),
            // What the application was after the block before; the SDK says this before there is one.
            app_hash: before.map_or_else(|| nothing.clone(), |(b, _)| b.app_hash.to_vec()),
            last_results_hash: root(&results).to_vec(),
            evidence_hash: nothing,
            proposer_address: self.validator.info.address.as_bytes().to_vec(),
        }
    }

    /// What the validator signs about a block.
    fn vote(&self, block: &market::Block, id: &BlockId) -> Option<vote::Vote> {
        Some(vote::Vote {
            vote_type: vote::Type::Precommit,
            height: block.height.to_wire().try_into().ok()?,
            round: 0_u8.into(),
            block_id: Some(id.clone().try_into().ok()?),
            timestamp: Some(Timestamp::from(Time::from_millis(block.time_ms)).try_into().ok()?),
            validator_address: self.validator.info.address,
            validator_index: 0_u32.try_into().ok()?,
            signature: None,
            extension: Vec::new(),
            extension_signature: None,
        })
    }

    fn commit(&self, (block, mark): Marked<'_>) -> Commit {
        let signature = CommitSig {
            block_id_flag: BlockIdFlag::Commit.into(),
            validator_address: self.validator.info.address.as_bytes().to_vec(),
            timestamp: Some(Time::from_millis(block.time_ms).into()),
            signature: mark.signature.to_vec(),
        };
        let (height, block_id) = (block.height.to_wire(), Some(mark.id.clone()));
        Commit { height, round: 0, block_id, signatures: vec![signature] }
    }
}

/// The leaves of a block's data: the hashes of its transactions.
pub(super) fn hashes(block: &market::Block) -> Vec<[u8; 32]> {
    block.txs.iter().map(|d| d.tx.hash.0).collect()
}

fn root(leaves: &[impl AsRef<[u8]>]) -> [u8; 32] {
    simple_hash_from_byte_vectors::<Sha256>(leaves)
}

/// The part of a transaction's result on which all nodes agree.
fn deterministic(delivered: &Delivered) -> Vec<u8> {
    let outcome = &delivered.outcome;
    let signed = |gas: u64| i64::try_from(gas).unwrap_or(i64::MAX);
    let result = ExecTxResult {
        code: outcome.rejection.as_ref().map_or(0, |r| r.code),
        data: outcome.data.clone().into(),
        gas_wanted: signed(outcome.gas_wanted),
        gas_used: signed(outcome.gas_used),
        ..ExecTxResult::default()
    };
    result.encode_to_vec()
}

fn consensus_hash() -> Vec<u8> {
    let params = HashedParams { block_max_bytes: MAX_BLOCK_BYTES, block_max_gas: MAX_BLOCK_GAS };
    Sha256::digest(params.encode_to_vec()).to_vec()
}

/// What the first block names as the one before.
fn no_id() -> BlockId {
    BlockId { hash: Vec::new(), part_set_header: Some(PartSetHeader::default()) }
}

fn first_commit() -> Commit {
    Commit { block_id: Some(no_id()), ..Commit::default() }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::market::{Chain, Genesis};

    fn chain() -> (Seals, Chain) {
        let mut chain = Chain::new(&Genesis::sandbox("local", 1_000));
        for n in 1..=3 {
            let proposal = chain.propose(1_000 + n * 500);
            let _block = chain.commit(proposal);
        }
        (Seals::new("local", Height(1)), chain)
    }

    #[test]
    fn each_block_names_and_commits_to_the_one_before() {
        let (seals, chain) = chain();
        let sealed = |height| seals.seal(Height(height), |h| chain.block(h).cloned());
        let third = sealed(3).unwrap();
        let second = sealed(2).unwrap();
        let header = third.block.header.clone().unwrap();
        assert_eq!(header.last_block_id, Some(second.id.clone()));
        assert_eq!(header.app_hash, chain.blocks_from(Height(0))[1].app_hash);
        assert_eq!(third.block.last_commit, Some(second.commit.clone()));
        assert_eq!(seals.find(&second.id.hash), Some(Height(2)));
        assert_eq!(seals.find(&[0; 32]), None);
        assert!(sealed(0).is_none() && sealed(4).is_none());
        let again = Seals::new("local", Height(1)).seal(Height(2), |h| chain.block(h).cloned()).unwrap();
        assert_eq!(
            (again.id, again.commit),
            (second.id, second.commit),
            "it does not depend on who asks when"
        );
    }

    #[test]
    fn the_validators_signature_holds() {
        let (seals, chain) = chain();
        let second = seals.seal(Height(2), |h| chain.block(h).cloned()).unwrap();
        let bytes: [u8; 64] = second.commit.signatures[0].signature.clone().try_into().unwrap();
        let key = seals.validator.key.verification_key();
        let holds = |height| {
            let vote = seals.vote(chain.block(height).unwrap(), &second.id).unwrap();
            key.verify(&bytes.into(), &vote.into_signable_vec("local".parse().unwrap())).is_ok()
        };
        assert!(holds(Height(2)) && !holds(Height(3)));
    }

    /// Header 685 of a real local node (v2.1, CometBFT 0.38), and the result of the only transaction of its block 684.
    #[test]
    fn hashes_are_a_real_nodes() {
        let upper = |bytes: &[u8]| hex::encode_upper(bytes);
        let (seals, chain) = chain();
        let header = seals.seal(Height(1), |h| chain.block(h).cloned()).unwrap().block.header.unwrap();
        let nothing = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
        assert_eq!(upper(&header.data_hash), nothing);
        assert_eq!(upper(&header.evidence_hash), nothing);
        let consensus = "048091BC7DDC283F77BFBF91D73C44DA58C3DF8A9CBC867405D8B7F3DAADA22F";
        assert_eq!(upper(&header.consensus_hash), consensus);
        let data = "EjcKNS9ha2FzaC5kZXBsb3ltZW50LnYxYmV0YTQuTXNnQ3JlYXRlRGVwbG95bWVudFJlc3BvbnNl";
        let result = ExecTxResult {
            data: STANDARD.decode(data).unwrap().into(),
            gas_wanted: 800_000,
            gas_used: 136_035,
            ..ExecTxResult::default()
        };
        let results = root(&[result.encode_to_vec()]);
        assert_eq!(upper(&results), "BDAA033B09ADC7298E301F2EF937852BC84DE8032E39C375E439256F03DDAB9B");
    }
}
