//! `wallet`.

mod grant;

use super::Outcome;
use crate::args::{Global, Wallet};
use crate::output::Output;
use crate::status::table;
use crate::{approve, runtime, session};
use jiff::Timestamp;
use rayakash_api::error::Exit;
use rayakash_api::v1;

pub(super) fn run(args: &Wallet, global: &Global, output: &Output) -> Outcome {
    match args {
        Wallet::Balance => runtime::command(async {
            let session = session::connect_with_network(global, output).await?;
            let wallet = session.client.wallet().await?;
            output.result(&wallet, || human(&wallet))?;
            Ok(Exit::Ok)
        }),
        Wallet::History => runtime::command(async {
            let session = session::connect_with_network(global, output).await?;
            let history = session.client.wallet_history().await?;
            output.result(&history, || moves(&history))?;
            Ok(Exit::Ok)
        }),
        Wallet::Claim => claim(global, output),
        Wallet::Grant(args) => grant::grant(args, global, output),
        Wallet::Revoke(args) => grant::revoke(args, global, output),
    }
}

/// What claiming means, for who is asked.
const MEANS: &str =
    "claiming says: no other program signs with this key any more, and what it did is known to you";

fn claim(global: &Global, output: &Output) -> Outcome {
    runtime::command(async {
        let session = session::connect_with_network(global, output).await?;
        let before = session.client.claim().await?;
        let Some(frozen) = &before.frozen else {
            output.result(&before, || format!("{}: nothing is frozen, nothing to claim", before.address))?;
            return Ok(Exit::Ok);
        };
        output.say(&format!("{}: {}\n{MEANS}", frozen.what, frozen.seen));
        let yes = approve::agree(before.real_money, (MEANS, &before.address), global, output)?;
        let after = session.client.claim_now(&v1::ClaimRequest { yes }).await?;
        output.result(&after, || claimed(&after))?;
        Ok(if after.frozen.is_some() { Exit::Keys } else { Exit::Ok })
    })
}

fn claimed(claim: &v1::Claim) -> String {
    match &claim.frozen {
        None => format!("{}: claimed, spending goes on", claim.address),
        Some(frozen) => format!("{}: {}: {}; {}", claim.address, frozen.what, frozen.seen, frozen.remedy),
    }
}

/// One line for each movement, newest last.
fn moves(history: &v1::History) -> String {
    if history.postings.is_empty() {
        return "nothing has moved".to_owned();
    }
    let rows = history.postings.iter().map(|one| {
        let at = i64::try_from(one.at_ms).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        // The beginning of a hash is enough to find it; programs get the whole one.
        let tx = one.tx.as_deref().map_or("-", |tx| tx.get(..12).unwrap_or(tx));
        [
            at.map(|at| format!("{at:.0}")).unwrap_or_default(),
            one.height.to_string(),
            one.what.clone(),
            one.cluster.clone().unwrap_or_else(|| "-".to_owned()),
            format!("{} {}", one.amount, one.denom),
            format!("{} {}", one.balance, one.denom),
            tx.to_owned(),
        ]
    });
    table(["TIME", "BLOCK", "WHAT", "CLUSTER", "AMOUNT", "BALANCE", "TX"], rows)
}

fn human(wallet: &v1::Wallet) -> String {
    let money = if wallet.real_money { "" } else { " (no real money)" };
    let locked = if wallet.unlocked { "" } else { ", locked" };
    let rows = wallet.balances.iter().map(|one| [one.denom.clone(), one.amount.to_string()]);
    let funding = wallet.funding.as_ref().map(|one| format!("\n{}", grant::human(one))).unwrap_or_default();
    let balances = table(["DENOM", "AMOUNT"], rows);
    format!("{} on {}{money}{locked}\n{balances}{funding}", wallet.address, wallet.network)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayakash_api::v1::{Balance, Micro};

    #[test]
    fn a_wallet_is_a_table() {
        let wallet = v1::Wallet {
            network: "sandbox".into(),
            real_money: false,
            address: "akash1x".into(),
            unlocked: true,
            balances: vec![Balance { denom: "uact".into(), amount: Micro(5) }],
            funding: None,
        };
        assert_eq!(human(&wallet), "akash1x on sandbox (no real money)\nDENOM  AMOUNT\nuact   5");
    }
}
