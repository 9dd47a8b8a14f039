//! What this project's wallet makes, one JSON value a line, for `tests/ts-sdk` to compare with what Akash's own client makes.
//!
//! `wallet messages 500 7` signs 500 random messages of every type, from seed 7. `wallet token PROVIDER DSEQ` makes a token.
//! Keys come from the mnemonic that every sandbox publishes.

mod random;
mod sdk;

use std::error::Error;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use akash_sandbox::MNEMONIC;
use akash_types::{Coin, Height, Msg, UAKT};
use akash_wallet::{Allowed, Claims, Draft, Key, Mnemonic, Scope};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rayakash_tests::report::{chain_of, complain, say};
use serde_json::json;

const USAGE: &str = "usage: wallet messages COUNT SEED | wallet token PROVIDER DSEQ";
/// Keys of the mnemonic that sign.
const KEYS: u32 = 4;
const CHAIN: &str = "rayakash-sandbox";

type Done = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["messages", count, seed] => messages(count, seed),
        ["token", provider, dseq] => token(provider, dseq),
        _ => {
            complain(USAGE);
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {}", chain_of(&*error)));
            ExitCode::FAILURE
        }
    }
}

fn key(index: u32) -> Result<Key, Box<dyn Error>> {
    Ok(Key::derive(&Mnemonic::parse(MNEMONIC)?, index)?)
}

fn messages(count: &str, seed: &str) -> Done {
    let count: u32 = count.parse()?;
    let mut random = StdRng::seed_from_u64(seed.parse()?);
    let keys = (0..KEYS).map(key).collect::<Result<Vec<_>, _>>()?;
    for kind in random::KINDS {
        for _ in 0..count {
            let index = random.gen_range(0..keys.len());
            let key = keys.get(index).ok_or("no such key")?;
            let message = random::message(&mut random, kind, key.address());
            let draft = draft(&mut random, message.clone());
            let allowed = [Allowed::tenant(), Allowed::provider(), Allowed::treasury()];
            let allowed =
                allowed.into_iter().find(|list| list.permits(&message)).ok_or("nobody may sign it")?;
            let signed = key.sign(&draft, CHAIN, &allowed)?;
            let line = json!({
                "type": message.type_url(),
                "message": sdk::message(&message),
                "key": index,
                "chainId": CHAIN,
                "accountNumber": draft.account_number,
                "sequence": draft.sequence,
                "gas": draft.gas.to_string(),
                "fee": [sdk::coin(&draft.fee)],
                "granter": draft.granter.as_ref().map(ToString::to_string),
                "memo": draft.memo,
                "timeoutHeight": draft.timeout_height.to_string(),
                "tx": hex::encode(&signed.bytes),
            });
            say(&line.to_string());
        }
    }
    Ok(())
}

/// Everything about a transaction but its message. Numbers that cosmjs takes as JavaScript numbers stay below 2^53.
fn draft(random: &mut StdRng, message: Msg) -> Draft {
    Draft {
        messages: vec![message],
        memo: random::text(random, 60),
        timeout_height: Height(random.gen_range(1..1 << 53)),
        gas: random.gen_range(0..1 << 53),
        fee: Coin { denom: UAKT, amount: random.gen_range(0..1 << 70) },
        account_number: random.gen_range(0..1 << 53),
        sequence: random.gen_range(0..1 << 53),
        granter: random.gen_bool(0.2).then(|| random::address(random)),
    }
}

fn token(provider: &str, dseq: &str) -> Done {
    #[expect(
        clippy::disallowed_methods,
        reason = "a token must hold now, and there is no other clock in a harness"
    )]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = Claims {
        provider: provider.parse()?,
        dseq: dseq.parse()?,
        scopes: vec![Scope::SendManifest, Scope::GetManifest, Scope::Status, Scope::Logs, Scope::Events],
        services: vec!["web".to_owned()],
        issued_at: now,
        lifetime: 600,
    };
    let value = key(1)?.token(&claims).header_value();
    say(&json!({ "token": value.strip_prefix("Bearer ") }).to_string());
    Ok(())
}
