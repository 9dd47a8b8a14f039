//! The first state of a local chain: who has what.

use akash_sandbox::market::Keyholder;
use akash_types::Coin;
use rayakash_testkit::Error;
use serde_json::{Value, json};

/// The chain's name: the one that the context `localnet` pins, and no public network's.
pub(crate) const CHAIN_ID: &str = "local";
/// The account that pays: key 0 of the mnemonic, which is the one that a wallet imports. It is the validator's too.
pub(crate) const TENANT: &Keyholder = &Keyholder::ALL[0];
/// What it may spend in deployments. ACT cannot be sent, so it is there from the beginning.
const TENANT_UACT: u128 = 1_000_000_000_000;

/// Writes the accounts of the sandbox's mnemonic into the genesis that `akash genesis init` made.
///
/// `init` is not given the chain's id, because with one it first asks the internet for its genesis; so that is set here. The supply is
/// counted by the node when it is empty.
pub(crate) fn fund(text: &str) -> Result<String, Error> {
    let mut genesis: Value = serde_json::from_str(text).map_err(|error| foreign(&error.to_string()))?;
    let accounts = Keyholder::ALL.iter().map(|who| {
        json!({
            "@type": "/cosmos.auth.v1beta1.BaseAccount",
            "address": who.address, "pub_key": null, "account_number": "0", "sequence": "0",
        })
    });
    let balances = Keyholder::ALL.iter().map(|who| {
        let mut coins = who.coins();
        if who == TENANT {
            coins.push(Coin::uact(TENANT_UACT));
        }
        // The SDK wants them sorted.
        coins.sort_by(|a, b| a.denom.cmp(&b.denom));
        let coins =
            coins.iter().map(|c| json!({ "denom": c.denom.to_string(), "amount": c.amount.to_string() }));
        json!({ "address": who.address, "coins": coins.collect::<Vec<_>>() })
    });
    *place(&mut genesis, "/chain_id")? = json!(CHAIN_ID);
    *place(&mut genesis, "/app_state/auth/accounts")? = accounts.collect();
    *place(&mut genesis, "/app_state/bank/balances")? = balances.collect();
    *place(&mut genesis, "/app_state/bank/supply")? = json!([]);
    Ok(genesis.to_string())
}

fn place<'a>(genesis: &'a mut Value, pointer: &str) -> Result<&'a mut Value, Error> {
    genesis.pointer_mut(pointer).ok_or_else(|| foreign(&format!("it has no {pointer}")))
}

fn foreign(why: &str) -> Error {
    Error::Wrong(format!("`genesis init` made a genesis.json that is none of Akash's: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = r#"{"chain_id":"x","app_state":{"auth":{"accounts":[],"params":1},"bank":{"balances":[],"supply":[1]}}}"#;

    #[test]
    fn everybody_is_funded_and_nothing_else_changes() {
        let genesis: Value = serde_json::from_str(&fund(EMPTY).unwrap()).unwrap();
        assert_eq!(
            (&genesis["chain_id"], &genesis["app_state"]["auth"]["params"]),
            (&json!("local"), &json!(1))
        );
        assert_eq!(genesis["app_state"]["bank"]["supply"], json!([]));
        let balances = genesis["app_state"]["bank"]["balances"].as_array().unwrap();
        assert_eq!(balances.len(), 7);
        let validator = json!([
            { "denom": "uact", "amount": "1000000000000" },
            { "denom": "uakt", "amount": "100000000000000" },
        ]);
        assert_eq!(balances[0], json!({ "address": TENANT.address, "coins": validator }));
    }

    #[test]
    fn what_is_no_genesis_is_an_error() {
        for garbage in ["", "{}", "[1]", "\u{fffd}", r#"{"chain_id":"x","app_state":{"auth":{}}}"#] {
            assert!(fund(garbage).unwrap_err().to_string().contains("none of Akash's"), "{garbage}");
        }
    }
}
