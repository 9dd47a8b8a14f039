//! `down`.

use super::Outcome;
use crate::args::{Down, Global};
use crate::failure::Failure;
use crate::follow::{self, Verdict};
use crate::output::Output;
use crate::progress::Progress;
use crate::session;
use crate::{runtime, status};
use rayakash_api::client::Client;
use rayakash_api::error::Exit;
use rayakash_api::v1::{ClusterStatus, State};

pub(super) fn run(args: &Down, global: &Global, output: &Output) -> Outcome {
    let shown = args.name.clone().unwrap_or_else(|| "--all".to_owned());
    let work = async {
        let session = session::connect_with_network(global, output).await?;
        let client = &session.client;
        match &args.name {
            Some(name) => {
                client.down(name).await?;
                follow::within(args.timeout, &shown, one(client, name, output)).await
            }
            None => {
                let told = tell_all(client).await?;
                follow::within(args.timeout, &shown, all(client, told, output)).await
            }
        }
    };
    runtime::command(work).map_err(|failure| follow::interrupted(failure, &shown))
}

async fn one(client: &Client, name: &str, output: &Output) -> Outcome {
    let closed = watch(client, name, output).await?;
    output.result(&closed, || human(&closed))?;
    Ok(Exit::Ok)
}

/// Every cluster that is not closed, and how it took the news. All are told first, so that they close at the same time.
async fn tell_all(client: &Client) -> Result<Vec<(String, Result<(), Failure>)>, Failure> {
    let mut told = Vec::new();
    for one in client.clusters().await?.clusters {
        if !is_closed(&one) {
            let answer = client.down(&one.name).await.map(drop).map_err(Failure::from);
            told.push((one.name, answer));
        }
    }
    Ok(told)
}

/// Waits for each. What goes wrong with one keeps no other from being closed and reported: each of them costs money.
async fn all(client: &Client, told: Vec<(String, Result<(), Failure>)>, output: &Output) -> Outcome {
    if told.is_empty() {
        output.say("there is nothing to take down");
    }
    let (mut closed, mut first) = (Vec::new(), None);
    for (name, answer) in told {
        let end = match answer {
            Ok(()) => watch(client, &name, output).await,
            Err(failure) => Err(failure),
        };
        match end {
            Ok(one) if output.is_human() => output.result(&one, || human(&one))?,
            Ok(one) => closed.push(one),
            Err(failure) => {
                output.say(&format!("{name}: not closed: {}", failure.problem.detail));
                first.get_or_insert(failure);
            }
        }
    }
    if !output.is_human() {
        output.list(&closed)?;
    }
    first.map_or(Ok(Exit::Ok), Err)
}

pub(super) async fn watch(client: &Client, name: &str, output: &Output) -> Result<ClusterStatus, Failure> {
    let mut progress = Progress::new(output);
    let judge = |one: &ClusterStatus| if is_closed(one) { Verdict::Done } else { Verdict::GoOn };
    follow::until(client, name, &mut progress, judge).await
}

fn human(closed: &ClusterStatus) -> String {
    let cost = status::closing(closed).unwrap_or_else(|| "it never cost anything".to_owned());
    format!("{}: closed, {cost}", closed.name)
}

fn is_closed(one: &ClusterStatus) -> bool {
    matches!(one.state, State::Closed | State::Absent)
}
