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
        let names = match &args.name {
            Some(name) => vec![name.clone()],
            None => open(&session.client).await?,
        };
        if names.is_empty() {
            output.say("there is nothing to take down");
        }
        // All are told first, so that they close at the same time.
        for name in &names {
            session.client.down(name).await?;
        }
        follow::within(args.timeout, &shown, watch(&session.client, &names, output)).await
    };
    runtime::command(work).map_err(|failure| follow::interrupted(failure, &shown))
}

/// The names of all clusters that are not closed.
async fn open(client: &Client) -> Result<Vec<String>, Failure> {
    let clusters = client.clusters().await?.clusters;
    Ok(clusters.into_iter().filter(|one| !is_closed(one)).map(|one| one.name).collect())
}

async fn watch(client: &Client, names: &[String], output: &Output) -> Outcome {
    for name in names {
        let mut progress = Progress::new(output);
        let judge = |one: &ClusterStatus| if is_closed(one) { Verdict::Done } else { Verdict::GoOn };
        let closed = follow::until(client, name, &mut progress, judge).await?;
        drop(progress);
        output.result(&closed, || {
            let cost = status::closing(&closed).unwrap_or_else(|| "it never cost anything".to_owned());
            format!("{name}: closed, {cost}")
        })?;
    }
    Ok(Exit::Ok)
}

fn is_closed(one: &ClusterStatus) -> bool {
    matches!(one.state, State::Closed | State::Absent)
}
