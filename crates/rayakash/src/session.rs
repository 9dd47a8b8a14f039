//! Finds the daemon, or starts it; and the sandbox before it, when that is the context's network.

use crate::args::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::{daemon, sandbox, spawn};
use rayakash_api::client::{Client, Error};
use rayakash_api::error::Code;
use rayakash_api::v1::Version;
use rayakash_daemon::Config;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a daemon may take until it answers.
const DAEMON: Duration = Duration::from_secs(30);
/// How long a sandbox may take until it answers; its providers register first.
const SANDBOX: Duration = Duration::from_secs(60);
/// How long another process may take that was faster than the one we started.
const RIVAL: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// A daemon that answers.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) version: Version,
    pub(crate) config: Config,
}

/// The daemon; one is started when none answers.
pub(crate) async fn connect(global: &Global, output: &Output) -> Result<Session, Failure> {
    let config = daemon::config(global)?;
    open(global, output, config).await
}

/// The daemon and its network: the sandbox is started even when the daemon, which can wait for it, is there.
pub(crate) async fn connect_with_network(global: &Global, output: &Output) -> Result<Session, Failure> {
    let config = daemon::config(global)?;
    if daemon::is_sandbox(&config) {
        start_sandbox(global, output, &config).await?;
    }
    open(global, output, config).await
}

/// The daemon, when one answers.
pub(crate) async fn existing(global: &Global) -> Result<Option<Session>, Failure> {
    let config = daemon::config(global)?;
    let client = Client::new(config.paths.socket());
    match client.version().await {
        Ok(version) => Ok(Some(Session { client, version, config })),
        Err(Error::NoDaemon { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn open(global: &Global, output: &Output, config: Config) -> Result<Session, Failure> {
    let client = Client::new(config.paths.socket());
    let version = match client.version().await {
        Ok(version) => version,
        // A daemon that is going away breaks connections off; the next one is ours.
        Err(Error::NoDaemon { .. } | Error::Broken { .. }) => {
            if daemon::is_sandbox(&config) {
                start_sandbox(global, output, &config).await?;
            }
            start_daemon(global, output, &config, &client).await?
        }
        Err(error) => return Err(error.into()),
    };
    if version.network.context != config.context.name {
        let (has, wants) = (&version.network.context, &config.context.name);
        let failure =
            Failure::new(Code::Conflict, format!("the daemon works in context `{has}`, not in `{wants}`"));
        return Err(failure.hint("rayakash daemon stop, and run it again; clusters go on meanwhile"));
    }
    Ok(Session { client, version, config })
}

async fn start_daemon(
    global: &Global,
    output: &Output,
    config: &Config,
    client: &Client,
) -> Result<Version, Failure> {
    let context = ["--context".to_owned(), config.context.name.clone()];
    let arguments = [own(global, &["daemon", "run", "--detached"]), context.to_vec()].concat();
    let mut started = spawn::detached(&arguments, &config.paths.daemon_log())?;
    output.say(&format!("started the daemon (log: {})", started.log.display()));
    let answers = || async { client.version().await.ok() };
    wait("the daemon", &mut started, DAEMON, answers).await
}

async fn start_sandbox(global: &Global, output: &Output, config: &Config) -> Result<(), Failure> {
    let home = config.paths.sandbox();
    if sandbox::running(&home).await.is_some() {
        return Ok(());
    }
    let mut started =
        spawn::detached(&own(global, &["sandbox", "run", "--detached"]), &config.paths.sandbox_log())?;
    output.say(&format!("started the sandbox: no real money (log: {})", started.log.display()));
    let answers = || async { sandbox::running(&home).await.map(drop) };
    wait("the sandbox", &mut started, SANDBOX, answers).await
}

/// Arguments for this program in the same home.
fn own(global: &Global, words: &[&str]) -> Vec<String> {
    let home = global.home.iter().flat_map(|home| ["--home".to_owned(), home.display().to_string()]);
    words.iter().map(ToString::to_string).chain(home).collect()
}

/// Waits until what was started answers. When it ends early another command may have been faster, so its twin gets a moment.
async fn wait<T, F: Future<Output = Option<T>>>(
    what: &str,
    started: &mut spawn::Detached,
    patience: Duration,
    answers: impl Fn() -> F,
) -> Result<T, Failure> {
    let mut deadline = Instant::now() + patience;
    let mut ended = None;
    loop {
        if let Some(answer) = answers().await {
            return Ok(answer);
        }
        if ended.is_none() {
            ended = started.ended();
            if ended.is_some() {
                deadline = deadline.min(Instant::now() + RIVAL);
            }
        }
        if Instant::now() >= deadline {
            let how =
                ended.map_or_else(|| "does not answer".to_owned(), |status| format!("ended with {status}"));
            let failure = Failure::new(Code::NoDaemon, format!("{what} {how}\n{}", started.tail()));
            return Err(failure.hint(format!("its log is {}", started.log.display())));
        }
        sleep(LOOK_AGAIN).await;
    }
}
