//! `wallet`.

use super::Outcome;
use crate::args::{Global, Wallet};
use crate::output::Output;
use crate::status::table;
use crate::{runtime, session};
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
    }
}

fn human(wallet: &v1::Wallet) -> String {
    let money = if wallet.real_money { "" } else { " (no real money)" };
    let locked = if wallet.unlocked { "" } else { ", locked" };
    let rows = wallet.balances.iter().map(|one| [one.denom.clone(), one.amount.to_string()]);
    format!("{} on {}{money}{locked}\n{}", wallet.address, wallet.network, table(["DENOM", "AMOUNT"], rows))
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
        };
        assert_eq!(human(&wallet), "akash1x on sandbox (no real money)\nDENOM  AMOUNT\nuact   5");
    }
}
