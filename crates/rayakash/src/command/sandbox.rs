//! `sandbox`.

use super::Outcome;
use crate::args::{Global, Sandbox};
use crate::failure::Failure;
use crate::output::Output;
use crate::{daemon, runtime, sandbox, spawn};
use akash_sandbox::control::{Client, Status};
use akash_sandbox::{Fault, Info};
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
        Sandbox::Run { block_time, providers, detached } => {
            let (block_time, providers, detached) = (*block_time, usize::from(*providers), *detached);
            let settings = sandbox::Settings { block_time, providers, detached, verbose: global.verbose };
            sandbox::run(&paths, settings, |info| output.say(&about(info)))
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

/// `delay 500`, `drop-answer`, …: a fault's word, and milliseconds where it takes some.
fn parse_fault(words: &[String]) -> Result<Fault, Failure> {
    let kind = words.first().map(|word| word.replace('-', "_")).unwrap_or_default();
    let ms = words.get(1).and_then(|word| word.parse::<u64>().ok());
    let value = if ms.is_some() { json!({ "kind": kind, "ms": ms }) } else { json!({ "kind": kind }) };
    serde_json::from_value(value).map_err(|error| {
        let failure =
            Failure::because(Code::BadRequest, format!("`{}` is no fault", words.join(" ")), &error);
        failure.hint("refuse, delay MS, drop-answer, drop-answer-after-commit, halt, resume")
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
    let mut text = format!(
        "sandbox: no real money\nchain       {} at {}\nrpc         http://{}\ntenant      {}\nmnemonic    {}",
        info.chain_id, info.grpc, info.rpc, info.tenant, info.mnemonic
    );
    for provider in &info.providers {
        text.push_str(&format!("\nprovider    {} {}", provider.address, provider.host_uri));
    }
    text
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
        assert_eq!(parse(&["delay"]), None);
        assert_eq!(parse(&["explode"]), None);
    }
}
