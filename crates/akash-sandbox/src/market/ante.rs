//! What happens to a transaction before its messages: limits, fee, signature, sequence.

use akash_types::{Address, BadAddress, Coin, Rejection, Time, UAKT};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cosmos_sdk_proto::cosmos::crypto::secp256k1::PubKey;
use cosmos_sdk_proto::cosmos::tx::v1beta1::mode_info::Sum;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{SignDoc, SignerInfo};
use prost::{Message as _, Name as _};

use super::event::{coins, rfc3339};
use super::gas;
use super::genesis::{self, FEE_COLLECTOR};
use super::refuse::{
    INSUFFICIENT_FEE, INSUFFICIENT_FUNDS, INVALID_ADDRESS, INVALID_PUBKEY, INVALID_REQUEST, MEMO_TOO_LARGE,
    NO_SIGNATURES, OUT_OF_GAS, TIMEOUT_HEIGHT, TX_TIMEOUT, UNAUTHORIZED, UNKNOWN_ADDRESS, WRONG_SEQUENCE,
};
use super::run::Run;
use super::state::Account;
use super::tx::Tx;

/// The least price of gas, as the node's configuration tells it: 0.0025 uakt.
pub const MINIMUM_GAS_PRICE: &str = "0.002500000000000000uakt";
/// Gas for one uakt at the least price.
const GAS_PER_UAKT: u64 = 400;
const MAX_MEMO: usize = 256;
const MODE_DIRECT: i32 = 1;
/// How far ahead the timeout of a transaction without a sequence may be: ten minutes.
const MAX_UNORDERED_NS: i64 = 600_000_000_000;

/// Why a transaction is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It wants into the mempool: the only time that its signature is verified, and that the node asks for its own least
    /// price.
    Check,
    /// It is in a block, which holds only what was checked.
    Deliver,
    /// Somebody asks what it would do: no signature, no gas limit, any fee.
    Simulate,
}

/// The checks in a node's order; takes the fee and counts the sequence up.
pub(crate) fn run(run: &mut Run, tx: &Tx, mode: Mode) -> Result<(), Rejection> {
    let height = run.state.height.0;
    if tx.timeout_height != 0 && height > tx.timeout_height {
        return Err(
            TIMEOUT_HEIGHT.because(format!("block height: {height}, timeout height: {}", tx.timeout_height))
        );
    }
    if let Some(timeout) = tx.timeout.filter(|t| *t < run.state.time()) {
        let (now, timeout) = (go_time(run.state.time()), go_time(timeout));
        return Err(TX_TIMEOUT.because(format!("block time: {now}, timeout timestamp: {timeout}")));
    }
    let memo = tx.memo.len();
    if memo > MAX_MEMO {
        return Err(MEMO_TOO_LARGE
            .because(format!("maximum number of characters is {MAX_MEMO} but received {memo} characters")));
    }
    burn_gas(run, tx, mode)?;
    if mode == Mode::Check {
        check_fee(tx)?;
    }
    take_fee(run, tx)?;
    check_signers(run, tx, mode)
}

fn burn_gas(run: &mut Run, tx: &Tx, mode: Mode) -> Result<(), Rejection> {
    let size = u64::try_from(tx.bytes.len()).unwrap_or(u64::MAX);
    run.burn(gas::ANTE);
    run.burn(size.saturating_mul(gas::BYTE));
    let first =
        tx.signers().first().and_then(|s| run.state.accounts.get(s)).is_some_and(|a| a.public_key.is_none());
    if first {
        run.burn(gas::FIRST_TRANSACTION);
    }
    if mode == Mode::Simulate { Ok(()) } else { within_limit(run, tx, "WriteFlat") }
}

/// Refuses when more gas was burnt than the transaction allows.
pub(crate) fn within_limit(run: &Run, tx: &Tx, place: &str) -> Result<(), Rejection> {
    let (wanted, used) = (tx.gas_limit, run.gas);
    if used <= wanted {
        return Ok(());
    }
    Err(OUT_OF_GAS.because(format!("out of gas in location: {place}; gasWanted: {wanted}, gasUsed: {used}")))
}

fn check_fee(tx: &Tx) -> Result<(), Rejection> {
    let required = Coin::uakt(u128::from(tx.gas_limit.div_ceil(GAS_PER_UAKT)));
    let offered = tx.fee.iter().find(|c| c.denom == UAKT).map_or(0, |c| c.amount);
    if offered >= required.amount && (tx.fee.iter().all(|c| c.denom == UAKT) || tx.gas_limit == 0) {
        return Ok(());
    }
    Err(INSUFFICIENT_FEE.because(format!("insufficient fees; got: {} required: {required}", coins(&tx.fee))))
}

fn take_fee(run: &mut Run, tx: &Tx) -> Result<(), Rejection> {
    let signers = tx.signers();
    let Some(first) = signers.first().copied() else {
        return Err(NO_SIGNATURES.into());
    };
    let mut payer = first.clone();
    if !tx.payer.is_empty() && tx.payer != first.as_str() {
        return Err(INVALID_REQUEST.because("a fee payer other than the first signer is not supported"));
    }
    if !tx.granter.is_empty() && tx.granter != first.as_str() {
        payer = tx.granter.parse().map_err(|e: BadAddress| INVALID_ADDRESS.because(e.to_string()))?;
        run.use_allowance(&payer, first, tx)?;
    }
    if !run.state.accounts.contains(&payer) {
        return Err(UNKNOWN_ADDRESS.because(format!("fee payer address: {payer} does not exist")));
    }
    let collector: Address = genesis::module(FEE_COLLECTOR)?;
    for coin in tx.fee.iter().filter(|c| c.amount > 0) {
        run.pay(&payer, &collector, coin).map_err(|e| INSUFFICIENT_FUNDS.because(e.log))?;
    }
    run.emit_with("tx", || [("fee", coins(&tx.fee)), ("fee_payer", payer.to_string())]);
    Ok(())
}

fn check_signers(run: &mut Run, tx: &Tx, mode: Mode) -> Result<(), Rejection> {
    let signers = tx.signers();
    if tx.signatures.is_empty() {
        return Err(NO_SIGNATURES.into());
    }
    if tx.signatures.len() != signers.len() || tx.signer_infos.len() != signers.len() {
        let (expected, got) = (signers.len(), tx.signatures.len());
        return Err(UNAUTHORIZED.because(format!("wrong number of signers; expected {expected}, got {got}")));
    }
    for (index, ((signer, info), signature)) in
        signers.into_iter().zip(&tx.signer_infos).zip(&tx.signatures).enumerate()
    {
        let account = run.state.accounts.get(signer).cloned();
        let mut account =
            account.ok_or_else(|| UNKNOWN_ADDRESS.because(format!("account {signer} does not exist")))?;
        set_public_key(&mut account, signer, info, index)?;
        if tx.unordered {
            use_nonce(run, tx, signer, info)?;
        } else if account.sequence != info.sequence {
            let (expected, got) = (account.sequence, info.sequence);
            return Err(
                WRONG_SEQUENCE.because(format!("account sequence mismatch, expected {expected}, got {got}"))
            );
        }
        if mode == Mode::Check {
            verify(tx, &account, info, signature, &run.state.chain_id)?;
        }
        if !tx.unordered {
            run.emit_with("tx", || [("acc_seq", format!("{signer}/{}", account.sequence))]);
            account.sequence = account.sequence.saturating_add(1);
        }
        run.emit_with("tx", || [("signature", STANDARD.encode(signature))]);
        run.state.accounts.set(signer.clone(), account);
    }
    Ok(())
}

/// A transaction without a sequence is unique by its signer and its timeout, until that is over.
fn use_nonce(run: &mut Run, tx: &Tx, signer: &Address, info: &SignerInfo) -> Result<(), Rejection> {
    let Some(timeout) = tx.timeout else {
        return Err(INVALID_REQUEST.because("unordered transaction must have timeout_timestamp set"));
    };
    if info.sequence != 0 {
        return Err(INVALID_REQUEST.because("sequence is not allowed for unordered transactions"));
    }
    if timeout.0.saturating_sub(run.state.time().0) > MAX_UNORDERED_NS {
        return Err(INVALID_REQUEST.because("unordered tx ttl exceeds 10m0s"));
    }
    let nonce = (signer.clone(), timeout);
    if run.state.nonces.contains(&nonce) {
        let ns = timeout.0;
        return Err(INVALID_REQUEST.because(format!(
            "failed to add unordered nonce: sender {signer} has already used timeout {ns}"
        )));
    }
    run.burn(gas::NONCE);
    run.state.nonces.set(nonce, ());
    Ok(())
}

/// A time as Go prints it: `2026-11-24 18:40:08.177367413 +0000 UTC`.
fn go_time(time: Time) -> String {
    let text = rfc3339(time);
    text.trim_end_matches('Z').replace('T', " ") + " +0000 UTC"
}

/// The key in the transaction must be the signer's; an account keeps the first that it shows.
fn set_public_key(
    account: &mut Account,
    signer: &Address,
    info: &SignerInfo,
    index: usize,
) -> Result<(), Rejection> {
    let Some(any) = &info.public_key else {
        return Ok(());
    };
    let other = || {
        INVALID_PUBKEY
            .because(format!("pubKey does not match signer address {signer} with signer index: {index}"))
    };
    if any.type_url != PubKey::type_url() {
        return Err(INVALID_PUBKEY.because(format!("{} is not supported", any.type_url)));
    }
    let key = PubKey::decode(any.value.as_slice()).map_err(|_| other())?.key;
    let key: [u8; 33] = key.try_into().map_err(|_| other())?;
    if akash_wallet::address_of(&key).ok().as_ref() != Some(signer) {
        return Err(other());
    }
    account.public_key = account.public_key.or(Some(key));
    Ok(())
}

fn verify(
    tx: &Tx,
    account: &Account,
    info: &SignerInfo,
    signature: &[u8],
    chain_id: &str,
) -> Result<(), Rejection> {
    let number = account.number;
    let Some(key) = account.public_key else {
        return Err(INVALID_PUBKEY.because("account pubkey is not set"));
    };
    let mode = info.mode_info.as_ref().and_then(|m| m.sum.as_ref());
    if !matches!(mode, Some(Sum::Single(single)) if single.mode == MODE_DIRECT) {
        let sequence = account.sequence;
        return Err(UNAUTHORIZED.because(format!(
            "signature verification failed; please verify account number ({number}), sequence ({sequence}) and chain-id \
             ({chain_id})"
        )));
    }
    let document = SignDoc {
        body_bytes: tx.body_bytes.clone(),
        auth_info_bytes: tx.auth_info_bytes.clone(),
        chain_id: chain_id.to_owned(),
        account_number: number,
    };
    if akash_wallet::verify_signature(&key, &document.encode_to_vec(), signature) {
        return Ok(());
    }
    Err(UNAUTHORIZED.because(format!(
        "signature verification failed; please verify account number ({number}) and chain-id ({chain_id}): (unable to \
         verify single signer signature)"
    )))
}
