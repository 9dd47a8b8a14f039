//! Transactions of everybody but the daemon.

use akash_sandbox::Node;
use akash_types::{Coin, Height, Msg};
use akash_wallet::{Allowed, Draft, Key, TxHash};

use crate::Error;

/// Gas for one message, with room.
const GAS: u64 = 600_000;
/// What a unit of it costs, in thousandths of a uakt.
const PRICE: u64 = 25;

/// Signs messages at the account's sequence, `ahead` further, and hands them to the chain.
pub(crate) fn send(
    node: &Node,
    (key, allowed): (&Key, &Allowed),
    messages: Vec<Msg>,
    ahead: u64,
) -> Result<TxHash, Error> {
    let state = node.state();
    let account = state.accounts.get(key.address());
    let account = account.ok_or_else(|| Error::Wrong(format!("no account {}", key.address())))?;
    let count = u64::try_from(messages.len()).unwrap_or(1);
    let gas = GAS.saturating_mul(count);
    let draft = Draft {
        messages,
        memo: String::new(),
        timeout_height: Height(state.height.0.saturating_add(20)),
        gas,
        fee: Coin::uakt(u128::from(gas.saturating_mul(PRICE) / 1_000)),
        account_number: account.number,
        sequence: account.sequence.saturating_add(ahead),
        granter: None,
    };
    let signed = key.sign(&draft, &state.chain_id, allowed);
    let signed = signed.map_err(|refused| Error::Wrong(refused.to_string()))?;
    node.check(&signed.bytes).map_err(|rejection| Error::Wrong(rejection.to_string()))
}
