//! `sandbox`.

use super::Outcome;
use crate::args::{Global, Pods, Sandbox};
use crate::failure::Failure;
use crate::output::Output;
use crate::{daemon, runtime, sandbox, spawn};
use akash_sandbox::control::{Client, Status};
use akash_sandbox::{Fault, Info, MNEMONIC, ProviderInfo, Visit};
use rayakash_api::error::{Code, Exit};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long a sandbox may take to stop: it stops every pod.
const STOPPING: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(25);

pub(super) fn run(args: &Sandbox, global: &Global, output: &Output) -> Outcome {
    let paths = daemon::config(global)?.paths;
    let home = paths.sandbox();
    match args {
        Sandbox::Run(run) => {
            let settings = sandbox::Settings {
                block_time: run.block_time,
                providers: usize::from(run.providers),
                pods: wish(run.pods),
                detached: run.detached,
                verbose: global.verbose,
            };
            match &run.node {
                Some(node) => sandbox::visit(&paths, settings, node, |visit| output.say(&visiting(visit))),
                None => sandbox::run(&paths, settings, |info| output.say(&about(info))),
            }
        }
        Sandbox::Status => runtime::command(status(&home, output)),
        Sandbox::Stop => runtime::command(stop(&home, output)),
        Sandbox::Advance { blocks } => runtime::command(async {
            let (_, client) = required(&home).await?;
            let status = client.advance(*blocks).await.map_err(|error| sandbox::failed(&error))?;
            output.result(&status, || format!("height {}", status.height))?;
            Ok(Exit::Ok)
        }),
        Sandbox::Fault { fault } => {
            let fault = parse_fault(fault)?;
            runtime::command(async {
                let (_, client) = required(&home).await?;
                client.fault(fault).await.map_err(|error| sandbox::failed(&error))?;
                output.say("asked for");
                Ok(Exit::Ok)
            })
        }
    }
}

const fn wish(pods: Pods) -> akash_sandbox::Pods {
    match pods {
        Pods::Auto => akash_sandbox::Pods::Auto,
        Pods::Host => akash_sandbox::Pods::Host,
        Pods::Namespaces => akash_sandbox::Pods::Namespaces,
    }
}

/// `delay 500`, `version v3.0.0`, `drop-answer`, …: a fault's word, and what it takes.
fn parse_fault(words: &[String]) -> Result<Fault, Failure> {
    let kind = words.first().map(|word| word.replace('-', "_")).unwrap_or_default();
    let value = match words.get(1) {
        Some(ms) if kind == "delay" => json!({ "kind": kind, "ms": ms.parse::<u64>().ok() }),
        Some(version) if kind == "version" => json!({ "kind": kind, "version": version }),
        _ => json!({ "kind": kind }),
    };
    serde_json::from_value(value).map_err(|error| {
        let failure =
            Failure::because(Code::BadRequest, format!("`{}` is no fault", words.join(" ")), &error);
        failure.hint("refuse, delay MS, drop-answer, drop-answer-after-commit, halt, resume, version V")
    })
}

async fn required(home: &Path) -> Result<(Info, Client), Failure> {
    sandbox::running(home).await.ok_or_else(|| {
        Failure::new(Code::Unreachable, format!("no sandbox runs from {}", home.display()))
            .hint("rayakash sandbox run")
    })
}

async fn status(home: &Path, output: &Output) -> Outcome {
    let (info, client) = required(home).await?;
    let status = client.status().await.map_err(|error| sandbox::failed(&error))?;
    output.result(&json!({ "info": info, "status": status }), || {
        format!("{}\n{}", about(&info), doing(&status))
    })?;
    Ok(Exit::Ok)
}

async fn stop(home: &Path, output: &Output) -> Outcome {
    let Some((info, client)) = sandbox::running(home).await else {
        output.say("no sandbox runs");
        return Ok(Exit::Ok);
    };
    client.stop().await.map_err(|error| sandbox::failed(&error))?;
    let gone = async {
        // Its note goes after the pods, its lock on the folder with the process.
        while Info::read(home).is_some_and(|note| note.pid == info.pid) || spawn::runs(info.pid) {
            sleep(LOOK_AGAIN).await;
        }
    };
    match timeout(STOPPING, gone).await {
        Ok(()) => {
            output.say("the sandbox has stopped; its state is kept");
            Ok(Exit::Ok)
        }
        Err(_) => {
            Err(Failure::new(Code::TimedOut, format!("the sandbox, process {}, does not stop", info.pid)))
        }
    }
}

fn about(info: &Info) -> String {
    let chain = format!(
        "sandbox: no real money\nchain       {} at {}\nrpc         http://{}\nrest        http://{}\ntenant      {}\nmnemonic    {}",
        info.chain_id, info.grpc, info.rpc, info.rest, info.tenant, info.mnemonic
    );
    chain + &providers(&info.providers) + &pods(&info.pods, info.pods_lack.as_deref())
}

fn pods(apart: &str, lack: Option<&str>) -> String {
    format!("\npods        {apart}{}", lack.map(|lack| format!(", {lack}")).unwrap_or_default())
}

fn visiting(visit: &Visit) -> String {
    let node = format!(
        "providers only, on a chain that is no public network: no real money\nchain       {} at {}\nmnemonic    {MNEMONIC} (public)",
        visit.chain_id, visit.node
    );
    node + &providers(&visit.providers) + &pods(visit.pods, visit.pods_lack.as_deref())
}

fn providers(all: &[ProviderInfo]) -> String {
    let line = |one: &ProviderInfo| format!("\nprovider    {} {}", one.address, one.host_uri);
    all.iter().map(line).collect()
}

fn doing(status: &Status) -> String {
    let blocks =
        if status.halted { "halted".to_owned() } else { format!("every {} ms", status.block_time_ms) };
    format!(
        "height      {}\nblocks      {blocks}\nwaiting     {} transactions",
        status.height, status.waiting
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults() {
        let parse =
            |words: &[&str]| parse_fault(&words.iter().map(ToString::to_string).collect::<Vec<_>>()).ok();
        assert_eq!(parse(&["drop-answer"]), Some(Fault::DropAnswer));
        assert_eq!(parse(&["delay", "500"]), Some(Fault::Delay { ms: 500 }));
        assert_eq!(parse(&["halt"]), Some(Fault::Halt));
        assert_eq!(parse(&["version", "v3.0.0"]), Some(Fault::Version { version: "v3.0.0".to_owned() }));
        assert_eq!(parse(&["delay"]), None);
        assert_eq!(parse(&["delay", "soon"]), None);
        assert_eq!(parse(&["version"]), None);
        assert_eq!(parse(&["explode"]), None);
    }
}
