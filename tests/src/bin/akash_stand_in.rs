//! What `cargo xtask localnet` believes is an `akash` node: the commands of one, and the sandbox's chain behind `start`. For the tests of that
//! program, on machines without the real binary.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use akash_sandbox::Config;
use rayakash_tests::report::{complain, run};

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
        ["keys", "add", ..] | ["genesis", "gentx" | "collect", ..] => {}
        ["start"] => serve(&config, home.join("chain")).await?,
        other => return Err(format!("no such command: {}", other.join(" ")).into()),
    }
    Ok(true)
}

/// Serves where `app.toml` says, under the name that the genesis says.
async fn serve(config: &Path, chain: PathBuf) -> Result<(), Box<dyn Error>> {
    let genesis: serde_json::Value = serde_json::from_slice(&fs::read(config.join("genesis.json"))?)?;
    let app = fs::read_to_string(config.join("app.toml"))?;
    let address = app.lines().find_map(|line| line.strip_prefix("address = \"")?.strip_suffix('"'));
    let mut sandbox = Config::new(chain, config);
    sandbox.grpc = address.ok_or("no address in app.toml")?.parse()?;
    sandbox.chain_id = genesis["chain_id"].as_str().ok_or("no chain_id")?.to_owned();
    sandbox.providers = 0;
    let sandbox = akash_sandbox::start(sandbox).await?;
    sandbox.stop_asked().await;
    Ok(())
}
