//! Finds the daemon, or starts it; and the sandbox before it, when that is the context's network.

use crate::args::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::{daemon, sandbox, spawn};
use rayakash_api::client::{Client, Error, Recovery};
use rayakash_api::error::{Code, Exit};
use rayakash_api::v1::Version;
use rayakash_daemon::Config;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a daemon may take until it answers.
const DAEMON: Duration = Duration::from_secs(30);
/// How long a sandbox may take until it answers; its providers register first.
const SANDBOX: Duration = Duration::from_secs(60);
/// How long another process may take that was faster than the one we started.
const RIVAL: Duration = Duration::from_secs(5);
/// How long somebody who holds the place gets to come or go before the next start.
const AGAIN: Duration = Duration::from_millis(500);
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
        Err(error) if error.recovery() == Recovery::Retry => {
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
    let log = config.paths.daemon_log();
    let spawn = || spawn::detached(&arguments, &log);
    let started = spawn()?;
    output.say(&format!("started the daemon (log: {})", log.display()));
    let answers = || async { client.version().await.ok() };
    wait("the daemon", (started, &spawn), DAEMON, answers).await
}

async fn start_sandbox(global: &Global, output: &Output, config: &Config) -> Result<(), Failure> {
    let home = config.paths.sandbox();
    if sandbox::running(&home).await.is_some() {
        return Ok(());
    }
    let (arguments, log) = (own(global, &["sandbox", "run", "--detached"]), config.paths.sandbox_log());
    let spawn = || spawn::detached(&arguments, &log);
    let started = spawn()?;
    output.say(&format!("started the sandbox: no real money (log: {})", log.display()));
    let answers = || async { sandbox::running(&home).await.map(drop) };
    wait("the sandbox", (started, &spawn), SANDBOX, answers).await
}

/// Arguments for this program in the same home.
fn own(global: &Global, words: &[&str]) -> Vec<String> {
    let home = global.home.iter().flat_map(|home| ["--home".to_owned(), home.display().to_string()]);
    words.iter().map(ToString::to_string).chain(home).collect()
}

/// Waits until what was started answers. When it ends early another command may have been faster, so its twin gets a moment. When it
/// ends because another holds its place, that one may be about to come or about to go: then it is started again until somebody answers.
async fn wait<T, F: Future<Output = Option<T>>>(
    what: &str,
    (mut started, again): (spawn::Detached, &impl Fn() -> Result<spawn::Detached, Failure>),
    patience: Duration,
    answers: impl Fn() -> F,
) -> Result<T, Failure> {
    let mut deadline = Instant::now() + patience;
    let mut ended = None;
    loop {
        if let Some(answer) = answers().await {
            return Ok(answer);
        }
        if let (None, Some(status)) = (ended, started.ended()) {
            if !taken(status) {
                deadline = deadline.min(Instant::now() + RIVAL);
            }
            ended = Some((status, Instant::now()));
        }
        if ended.is_some_and(|(status, at)| taken(status) && at.elapsed() >= AGAIN)
            && Instant::now() < deadline
        {
            started = again()?;
            ended = None;
        }
        if Instant::now() >= deadline {
            let how = ended
                .map_or_else(|| "does not answer".to_owned(), |(status, _)| format!("ended with {status}"));
            let failure = Failure::new(Code::NoDaemon, format!("{what} {how}\n{}", started.tail()));
            return Err(failure.hint(format!("its log is {}", started.log.display())));
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Whether a process ended because another holds its place.
fn taken(status: ExitStatus) -> bool {
    let held = [Exit::State, Exit::Conflict].map(|exit| i32::from(exit.number()));
    status.code().is_some_and(|code| held.contains(&code))
}
