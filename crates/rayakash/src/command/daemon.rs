//! `daemon`.

use super::Outcome;
use crate::args::{Daemon, Global};
use crate::failure::Failure;
use crate::output::Output;
use crate::{daemon, runtime, session, spawn};
use rayakash_api::error::{Code, Exit};
use rayakash_api::v1::{Health, Version};
use serde_json::json;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long a daemon may take to stop: it finishes what it is writing down.
const STOPPING: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(25);

pub(super) fn run(args: &Daemon, global: &Global, output: &Output) -> Outcome {
    match args {
        Daemon::Run(run) => daemon::run(global, run),
        Daemon::Stop => runtime::command(stop(global, output)),
        Daemon::Status => runtime::command(status(global, output)),
    }
}

async fn stop(global: &Global, output: &Output) -> Outcome {
    let Some(session) = session::existing(global).await? else {
        output.say("no daemon runs");
        return Ok(Exit::Ok);
    };
    session.client.shutdown().await?;
    let gone = async {
        // Its locks and files are free only when the process is gone.
        while session.client.version().await.is_ok() || spawn::runs(session.version.pid) {
            sleep(LOOK_AGAIN).await;
        }
    };
    match timeout(STOPPING, gone).await {
        Ok(()) => {
            output.say("the daemon has stopped; clusters go on");
            Ok(Exit::Ok)
        }
        Err(_) => Err(Failure::new(
            Code::TimedOut,
            format!("the daemon, process {}, does not stop", session.version.pid),
        )),
    }
}

async fn status(global: &Global, output: &Output) -> Outcome {
    let Some(session) = session::existing(global).await? else {
        let socket = daemon::config(global)?.paths.socket();
        return Err(Failure::new(Code::NoDaemon, format!("no daemon answers on {}", socket.display())));
    };
    let health = session.client.ready().await?;
    let paths = &session.config.paths;
    let (socket, config) = (paths.socket(), paths.config_file());
    let value = json!({ "daemon": session.version, "health": health, "socket": socket, "config": config });
    output.result(&value, || {
        let places = format!("socket      {}\nconfig      {}\n", socket.display(), config.display());
        format!("{}{places}{}", about(&session.version), checks(&health))
    })?;
    Ok(if health.ok { Exit::Ok } else { Exit::NotReady })
}

fn about(version: &Version) -> String {
    let network = &version.network;
    let chain = network.chain.as_ref().map_or_else(
        || "nothing heard yet".to_owned(),
        |chain| format!("{} at height {} ({})", chain.chain_id, chain.height, chain.endpoint),
    );
    format!(
        "version     {}\nprocess     {}\ncontext     {} ({})\nchain       {chain}\nstate       {}\n",
        version.version, version.pid, network.context, network.network, version.state_dir
    )
}

fn checks(health: &Health) -> String {
    let line = |check: &rayakash_api::v1::Check| {
        let mark = if check.ok { "ok" } else { "NOT OK" };
        format!("{:<11} {mark}: {}\n", check.name, check.detail)
    };
    health.checks.iter().map(line).collect()
}
