//! What `cargo xtask localnet` believes is an `akash` node: the commands of one, and the sandbox's chain behind `start`. For the tests of that
//! program, on machines without the real binary.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use akash_sandbox::Config;
use akash_sandbox::market::Holder;
use akash_types::Coin;
use rayakash_tests::report::{complain, run};
use serde_json::Value;

/// The lines that are changed before the start, and no more than those.
const CONFIG: &str = "log_level = \"info\"\n[rpc]\nladdr = \"tcp://127.0.0.1:26657\"\npprof_laddr = \"x\"\n[p2p]\nladdr = \"x\"\npex = true\n\
                      [consensus]\ntimeout_propose = \"3s\"\ntimeout_commit = \"5s\"\n";
const APP: &str = "minimum-gas-prices = \"\"\npruning = \"default\"\n[api]\nenable = true\n[grpc]\naddress = \"localhost:9090\"\n";
const GENESIS: &str = r#"{ "chain_id": "", "app_state": { "auth": { "accounts": [] }, "bank": { "balances": [], "supply": [] } } }"#;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [command @ .., "--home", home] = words.as_slice() else {
        complain("no --home at the end");
        return ExitCode::from(2);
    };
    run(carry_out(command, Path::new(home)))
}

async fn carry_out(command: &[&str], home: &Path) -> Result<bool, Box<dyn Error>> {
    let config = home.join("config");
    match command {
        ["genesis", "init", ..] => {
            fs::create_dir_all(&config)?;
            for (name, text) in [("config.toml", CONFIG), ("app.toml", APP), ("genesis.json", GENESIS)] {
                fs::write(config.join(name), text)?;
            }
        }
        ["keys", "add", ..] | ["genesis", "gentx" | "collect", ..] | ["tx", ..] => {}
        ["start"] => serve(&config, home.join("chain")).await?,
        other => return Err(format!("no such command: {}", other.join(" ")).into()),
    }
    Ok(true)
}

/// Serves where `app.toml` says, under the name and with the accounts that the genesis says.
async fn serve(config: &Path, chain: PathBuf) -> Result<(), Box<dyn Error>> {
    let genesis: Value = serde_json::from_slice(&fs::read(config.join("genesis.json"))?)?;
    let app = fs::read_to_string(config.join("app.toml"))?;
    let address = app.lines().find_map(|line| line.strip_prefix("address = \"")?.strip_suffix('"'));
    let mut sandbox = Config::new(chain, config);
    sandbox.grpc = address.ok_or("no address in app.toml")?.parse()?;
    sandbox.genesis.chain_id = text(&genesis, "chain_id");
    sandbox.providers = 0;
    sandbox.genesis.accounts = accounts(&genesis)?;
    let sandbox = akash_sandbox::start(sandbox).await?;
    sandbox.stop_asked().await;
    Ok(())
}

fn accounts(genesis: &Value) -> Result<Vec<Holder>, Box<dyn Error>> {
    let balances =
        genesis.pointer("/app_state/bank/balances").and_then(Value::as_array).ok_or("no balances")?;
    balances.iter().map(funded).collect()
}

fn funded(balance: &Value) -> Result<Holder, Box<dyn Error>> {
    let coins = balance.get("coins").and_then(Value::as_array).ok_or("no coins")?;
    let coin = |coin| {
        let amount = text(coin, "amount").parse()?;
        Ok(Coin { denom: text(coin, "denom").as_str().into(), amount })
    };
    let coins = coins.iter().map(coin).collect::<Result<_, Box<dyn Error>>>()?;
    Ok(Holder { address: text(balance, "address").parse()?, coins, sequence: 0 })
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
