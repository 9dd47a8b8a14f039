//! Where the life of a cluster is tried: a chain without providers, our providers on it in a process of their own, and a user's home.

use akash_sandbox::market::Keyholder;
use akash_sandbox::{Info, MNEMONIC};
use rayakash_testkit::{Chain, Error, Home, Program, Service};
use rayakash_tests::report::say;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::binaries::Binaries;
use crate::genesis::TENANT;
use crate::node::Node;
use crate::real_provider::RealProvider;

/// A chain, providers, and somebody who wants a cluster. Dropping it ends everything without waiting; [`Stage::end`] waits.
pub(crate) struct Stage {
    /// The user's home, whose context is the chain's.
    pub(crate) home: Home,
    /// The context.
    pub(crate) context: &'static str,
    /// The chain, as the account sees it that pays.
    pub(crate) chain: Chain,
    providers: (Service, Home),
    under: Under,
}

/// What makes the blocks.
enum Under {
    Sandbox { chain: Service, home: Home },
    Localnet { node: Box<Node>, real: Option<RealProvider>, _folder: TempDir },
}

impl Stage {
    /// On a sandbox that has no providers.
    pub(crate) async fn on_sandbox() -> Result<Self, Error> {
        let program = Program::beside()?;
        let under = Home::new(program.clone())?;
        let chain = under.start_sandbox_with(&["--providers", "0"]).await?;
        let info = Info::read(&under.sandbox())
            .ok_or_else(|| Error::Wrong("the sandbox left no note".to_owned()))?;
        let grpc = format!("http://{}", info.grpc);
        say(&format!("chain      {} at {grpc}, a sandbox without providers", info.chain_id));
        let home = Home::new(program.clone())?;
        home.write("config/rayakash.toml", &endpoints("sandbox", &grpc))?;
        Ok(Self {
            providers: providers(&program, &grpc, 2).await?,
            chain: Chain::at(&grpc, Keyholder::TENANT.address)?,
            home,
            context: "sandbox",
            under: Under::Sandbox { chain, home: under },
        })
    }

    /// On a real node; with the real provider too, when that is at hand.
    pub(crate) async fn on_localnet(binaries: Binaries) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("rkln").tempdir_in("/tmp");
        let folder = folder.map_err(Error::io("making a folder for the chain"))?;
        let begin = Instant::now();
        let node = Node::start(&binaries, folder.path()).await?;
        let grpc = node.grpc();
        say(&format!(
            "chain      local at {grpc}, the node of AKASH_BIN, up in {:.1} s",
            begin.elapsed().as_secs_f32()
        ));
        let real = match &binaries.provider {
            Some(provider) => Some(RealProvider::start(provider, &node, folder.path()).await?),
            None => None,
        };
        let program = Program::beside()?;
        // The real one has the second account.
        let ours = if real.is_some() { 1 } else { 2 };
        say(&format!("providers  {ours} of ours, {} real", 2 - ours));
        Ok(Self {
            providers: providers(&program, &grpc, ours).await?,
            chain: Chain::at(&grpc, TENANT.address)?,
            home: home_with_key(&program, &grpc).await?,
            context: "localnet",
            under: Under::Localnet { node: Box::new(node), real, _folder: folder },
        })
    }

    /// Makes the node say that it is another version, as after an upgrade; false for a real one, which cannot.
    pub(crate) async fn upgrade(&self, version: &str) -> Result<bool, Error> {
        let Under::Sandbox { home, .. } = &self.under else { return Ok(false) };
        home.run(&["sandbox", "fault", "version", version]).await?.expect(0)?;
        Ok(true)
    }

    /// Ends all of it; tells the first thing that went wrong, after everything was tried.
    pub(crate) async fn end(self) -> Result<(), Error> {
        let providers = self.providers.0.stop().await;
        let (real, chain) = match self.under {
            Under::Sandbox { chain, home: _home } => (Ok(()), chain.stop().await),
            Under::Localnet { node, real, _folder } => {
                let real = match real {
                    Some(real) => real.stop().await,
                    None => Ok(()),
                };
                (real, node.stop().await)
            }
        };
        providers.and(real).and(chain)
    }
}

async fn providers(program: &Program, node: &str, count: u8) -> Result<(Service, Home), Error> {
    let home = Home::new(program.clone())?;
    Ok((home.start_providers(node, count).await?, home))
}

pub(crate) fn endpoints(context: &str, grpc: &str) -> String {
    format!("[contexts.{context}]\nendpoints = [\"{grpc}\"]\n")
}

/// A home whose key is that of the public mnemonic, as a user of a local chain imports it.
async fn home_with_key(program: &Program, grpc: &str) -> Result<Home, Error> {
    let mut home = Home::new(program.clone())?;
    home.write("config/rayakash.toml", &endpoints("localnet", grpc))?;
    let words = home.write("words", MNEMONIC)?.display().to_string();
    let passphrase = home.write("passphrase", "public as the words are\n")?;
    home.set("RAYAKASH_CONTEXT", "localnet");
    home.set("RAYAKASH_PASSPHRASE_FILE", passphrase);
    let daemon = home.start_daemon().await?;
    home.run(&["keys", "import", "default", "--mnemonic-file", &words]).await?.expect(0)?;
    daemon.stop().await?;
    Ok(home)
}
