//! A real node: a chain of one validator on this machine, from nothing to its first block in about two seconds.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use akash_chain::Client;
use akash_sandbox::MNEMONIC;
use rayakash_testkit::{Error, Process, until};

use crate::binaries::Binaries;
use crate::cli::Cli;
use crate::genesis::{self, CHAIN_ID};
use crate::group::Group;
use crate::settings::{self, quoted};

/// What the validator stakes.
const STAKE: &str = "5000000000000uakt";

/// A node that makes blocks. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Node {
    group: Group,
    cli: Cli,
    ports: Ports,
}

/// Where it listens, all on loopback.
#[derive(Clone, Copy, Debug)]
struct Ports {
    grpc: SocketAddr,
    rpc: SocketAddr,
    p2p: SocketAddr,
}

impl Node {
    /// Makes a chain in a folder, starts its node, and waits for the first block.
    pub(crate) async fn start(binaries: &Binaries, folder: &Path) -> Result<Self, Error> {
        let cli = Cli::new("AKASH_BIN", &binaries.akash, folder, binaries.patience)?;
        std::fs::create_dir_all(cli.home()).map_err(Error::io(format!("making {}", cli.home().display())))?;
        cli.run(&["genesis", "init", "node0"]).await?;
        let ports = Ports::free()?;
        configure(&cli.home().join("config"), ports)?;
        add_key(&cli, "validator", 0).await?;
        let stake =
            ["genesis", "gentx", "validator", STAKE, "--min-self-delegation", "1", "--chain-id", CHAIN_ID];
        cli.run(&[&stake[..], &["--gas", "200000", "--gas-prices", "0.025uakt", "--yes"]].concat()).await?;
        cli.run(&["genesis", "collect"]).await?;
        let mut command = cli.command(&["start"]);
        command.env("AKASH_HOME", cli.home());
        let node = Self { group: Group::start(command, &folder.join("node.log"))?, cli, ports };
        node.first_block().await?;
        Ok(node)
    }

    /// Its gRPC endpoint.
    pub(crate) fn grpc(&self) -> String {
        format!("http://{}", self.ports.grpc)
    }

    /// Its CometBFT endpoint, which the binaries' own commands ask.
    pub(crate) fn rpc(&self) -> String {
        format!("tcp://{}", self.ports.rpc)
    }

    /// The binary, for commands about this chain.
    pub(crate) const fn cli(&self) -> &Cli {
        &self.cli
    }

    pub(crate) const fn process(&self) -> Option<Process> {
        self.group.process()
    }

    pub(crate) async fn stop(self) -> Result<(), Error> {
        self.group.stop().await
    }

    /// Lets it run on.
    pub(crate) fn keep(self) {
        self.group.keep();
    }

    /// The RPC answers first, and with a height that gRPC does not serve yet; so gRPC itself is waited for.
    async fn first_block(&self) -> Result<(), Error> {
        let client = Client::connect(&[self.grpc()])?;
        until("the node makes its first block", self.cli.patience(), async || {
            if !self.group.runs() {
                let command = "`akash start` ended before the first block";
                return Err(Error::Wrong(format!("{command}:\n{}", self.group.tail())));
            }
            // A node that holds its answer back is not there yet.
            let tip = tokio::time::timeout(Duration::from_secs(2), client.tip()).await;
            Ok(tip.ok().and_then(Result::ok).filter(|tip| tip.height.0 >= 1).map(drop))
        })
        .await
        .map_err(|error| {
            if !matches!(error, Error::Late { .. }) {
                return error;
            }
            Error::Wrong(format!("{error}; its log ends with:\n{}", self.group.tail()))
        })
    }
}

impl Ports {
    /// Free ones. The node cannot be told to choose by itself.
    fn free() -> Result<Self, Error> {
        let listen =
            || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| Ok((free.local_addr()?, free)));
        let failed = |source| Error::Io { what: "finding a free port".to_owned(), source };
        // All held until all are known, so that they differ.
        let (grpc, rpc, p2p) =
            (listen().map_err(failed)?, listen().map_err(failed)?, listen().map_err(failed)?);
        Ok(Self { grpc: grpc.0, rpc: rpc.0, p2p: p2p.0 })
    }
}

/// Adds a key of the public mnemonic to the binary's keyring.
pub(crate) async fn add_key(cli: &Cli, name: &str, index: u32) -> Result<(), Error> {
    let words = cli.home().join("words");
    let made = std::fs::write(&words, format!("{MNEMONIC}\n")).and_then(|()| File::open(&words));
    let input = Stdio::from(made.map_err(Error::io("writing the public mnemonic"))?);
    cli.run_with(&["keys", "add", name, "--recover", "--index", &index.to_string()], input).await
}

fn configure(folder: &Path, ports: Ports) -> Result<(), Error> {
    rewrite(&folder.join("genesis.json"), genesis::fund)?;
    let tcp = |at: SocketAddr| quoted(&format!("tcp://{at}"));
    let config = [
        ("", "log_level", quoted("error")),
        ("rpc", "laddr", tcp(ports.rpc)),
        ("rpc", "pprof_laddr", quoted("")),
        ("p2p", "laddr", tcp(ports.p2p)),
        ("p2p", "pex", "false".to_owned()),
        ("consensus", "timeout_propose", quoted("1s")),
        ("consensus", "timeout_commit", quoted("200ms")),
    ];
    rewrite(&folder.join("config.toml"), |text| settings::change(text, "config.toml", &config))?;
    let app = [
        ("", "minimum-gas-prices", quoted("0.0025uakt")),
        ("", "pruning", quoted("nothing")),
        ("api", "enable", "false".to_owned()),
        ("grpc", "address", quoted(&ports.grpc.to_string())),
    ];
    rewrite(&folder.join("app.toml"), |text| settings::change(text, "app.toml", &app))
}

fn rewrite(path: &Path, change: impl FnOnce(&str) -> Result<String, Error>) -> Result<(), Error> {
    let missing = |source| {
        let what = format!("`genesis init` ended well and left no readable {}", path.display());
        Error::Io { what: format!("{what}: is AKASH_BIN an akash node? Reading it"), source }
    };
    let text = change(&std::fs::read_to_string(path).map_err(missing)?)?;
    std::fs::write(path, text).map_err(Error::io(format!("writing {}", path.display())))
}
