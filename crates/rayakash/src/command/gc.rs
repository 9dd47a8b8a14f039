//! `gc`.

use super::Outcome;
use crate::args::{Gc, Global};
use crate::failure::Failure;
use crate::output::Output;
use crate::status::table;
use crate::{approve, follow, runtime, session};
use rayakash_api::client::Client;
use rayakash_api::error::Exit;
use rayakash_api::v1::{DeploymentList, GcRequest, OpenDeployment};

pub(super) fn run(args: &Gc, global: &Global, output: &Output) -> Outcome {
    let work = async {
        let session = session::connect_with_network(global, output).await?;
        let client = &session.client;
        let mut list = client.garbage().await?;
        let garbage = |one: &OpenDeployment| one.ours || one.cluster.is_some();
        let chosen = |one: &OpenDeployment| match args.dseqs.as_slice() {
            [] => garbage(one) || args.list,
            named => named.contains(&one.dseq),
        };
        list.deployments.retain(chosen);
        if args.list || (list.deployments.is_empty() && args.dseqs.is_empty()) {
            output.result(&list, || human(&list))?;
            return Ok(Exit::Ok);
        }
        let what = format!(
            "close {} deployments, which brings back what is left of their deposits",
            list.deployments.len()
        );
        let yes = approve::agree(list.real_money, (&what, &human(&list)), global, output)?;
        let closing = client.collect(&GcRequest { dseqs: args.dseqs.clone(), yes }).await?;
        follow::within(args.timeout, "gc", closed(client, closing, output)).await
    };
    runtime::command(work)
}

/// Watches until the chain shows them closed.
async fn closed(client: &Client, mut list: DeploymentList, output: &Output) -> Outcome {
    for one in &mut list.deployments {
        if let Some(cluster) = &one.cluster {
            super::down::watch(client, cluster, output).await?;
            one.done = Some("closed".to_owned());
        }
    }
    output.result(&list, || human(&list))?;
    Ok::<Exit, Failure>(Exit::Ok)
}

/// A table of deployments.
pub(super) fn human(list: &DeploymentList) -> String {
    if list.deployments.is_empty() {
        return "nothing".to_owned();
    }
    let dash = || "-".to_owned();
    let rows = list.deployments.iter().map(|one| {
        [
            one.dseq.to_string(),
            one.cluster.clone().unwrap_or_else(|| if one.ours { dash() } else { "not ours".to_owned() }),
            one.state.clone(),
            one.price_usd_per_hour.clone().unwrap_or_else(dash),
            one.left_uact.to_string(),
            one.deposited_uact.to_string(),
            one.done.clone().unwrap_or_else(|| if one.wanted { "wanted".to_owned() } else { dash() }),
        ]
    });
    table(["DSEQ", "CLUSTER", "STATE", "USD/H", "LEFT UACT", "PUT IN UACT", "DONE"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayakash_api::v1::Micro;

    #[test]
    fn deployments_are_a_table() {
        let one = OpenDeployment {
            dseq: 7,
            ours: true,
            cluster: None,
            wanted: false,
            state: "leased".into(),
            provider: None,
            price_usd_per_hour: Some("0.50".into()),
            deposited_uact: Micro(500),
            left_uact: Micro(400),
            done: None,
        };
        let foreign = OpenDeployment { dseq: 8, ours: false, ..one.clone() };
        let list = DeploymentList { deployments: vec![one, foreign], ..DeploymentList::default() };
        assert_eq!(
            human(&list),
            "DSEQ  CLUSTER   STATE   USD/H  LEFT UACT  PUT IN UACT  DONE\n\
             7     -         leased  0.50   400        500          -\n\
             8     not ours  leased  0.50   400        500          -"
        );
        assert_eq!(human(&DeploymentList::default()), "nothing");
    }
}
