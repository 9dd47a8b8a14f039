//! `look FOLDER`: what the chain of the sandbox in that folder says about the account that pays, as JSON. For scripts.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use akash_types::{Dec, DeploymentState, UACT, escrow};
use rayakash_testkit::Chain;
use rayakash_tests::report::{complain, run, say};
use serde_json::json;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        complain("usage: look FOLDER");
        return ExitCode::from(2);
    };
    run(look(PathBuf::from(folder)))
}

/// What is in an escrow and what it has paid: all that was ever put in.
fn put_in(escrow: &escrow::Account) -> u128 {
    let paid = escrow.transferred.iter().find(|coin| coin.denom == UACT).map(|coin| coin.amount);
    let all = escrow.funds_in(&UACT).checked_add(paid.unwrap_or(Dec::ZERO));
    all.and_then(Dec::trunc).unwrap_or(0)
}

async fn look(folder: PathBuf) -> Result<bool, Box<dyn Error>> {
    let now = Chain::of_sandbox(&folder)?.look().await?;
    let state = |state: DeploymentState| match state {
        DeploymentState::Active => "active",
        DeploymentState::Closed => "closed",
        DeploymentState::Unrecognised(_) => "unknown",
    };
    let deployments: Vec<_> = now
        .deployments
        .iter()
        .map(|record| {
            json!({
                "dseq": record.deployment.id.dseq.get(),
                "state": state(record.deployment.state),
                "put_in_uact": put_in(&record.escrow).to_string(),
            })
        })
        .collect();
    say(&json!({
        "height": now.height.0,
        "uact": now.uact.to_string(),
        "uakt": now.uakt.to_string(),
        "open": now.open().count(),
        "deployments": deployments,
    })
    .to_string());
    Ok(true)
}
