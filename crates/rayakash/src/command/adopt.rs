//! `adopt`.

use super::Outcome;
use super::gc::human;
use crate::args::{Adopt, Global};
use crate::output::Output;
use crate::{file, runtime, session};
use rayakash_api::error::Exit;
use rayakash_api::v1::{AdoptRequest, DeploymentList};

pub(super) fn run(args: &Adopt, global: &Global, output: &Output) -> Outcome {
    let files = args.file.iter().map(|path| file::cluster(path).map(|(text, _)| text));
    let request = AdoptRequest {
        dseqs: args.dseqs.clone(),
        names: args.name.iter().cloned().collect(),
        files: files.collect::<Result<_, _>>()?,
    };
    runtime::command(async {
        let session = session::connect_with_network(global, output).await?;
        let list = session.client.adopt(&request).await?;
        output.result(&list, || human(&list))?;
        for hint in hints(&list) {
            output.say(&hint);
        }
        Ok(Exit::Ok)
    })
}

/// What to type next.
fn hints(list: &DeploymentList) -> Vec<String> {
    let adopted = list.deployments.iter().filter(|one| one.done.as_deref() == Some("adopted"));
    let mut names: Vec<&str> = adopted.filter_map(|one| one.cluster.as_deref()).collect();
    names.dedup();
    let gone = |name: &String| {
        format!(
            "{name}: the chain shows it closed, so it is not wanted any more; `rayakash up` makes it anew"
        )
    };
    let mut hints: Vec<String> = list.withdrawn.iter().map(gone).collect();
    if let Some(first) = names.first() {
        hints.push(format!(
            "adopted clusters are kept as they are until their escrow runs dry; `rayakash up FILE` with the file of `{first}` takes it over, \
             `rayakash down {first}` ends it"
        ));
    }
    if list.deployments.iter().any(|one| !one.ours && one.cluster.is_none()) {
        hints.push(
            "what does not bear our mark was left alone; `rayakash adopt DSEQ` adopts it all the same"
                .to_owned(),
        );
    }
    hints
}
