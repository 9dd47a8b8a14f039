//! `logs`.

use super::Outcome;
use crate::args::{Global, Logs};
use crate::output::Output;
use crate::{runtime, session};
use futures_util::TryStreamExt as _;
use rayakash_api::error::{Code, Exit};

pub(super) fn run(args: &Logs, global: &Global, output: &Output) -> Outcome {
    let work = async {
        let session = session::connect(global, output).await?;
        let mut lines = Box::pin(session.client.logs(&args.name, args.node.as_deref(), args.follow));
        while let Some(line) = lines.try_next().await? {
            output.item(&line, || {
                if args.node.is_some() { line.text.clone() } else { format!("{} | {}", line.node, line.text) }
            })?;
        }
        Ok(Exit::Ok)
    };
    match runtime::command(work) {
        Err(failure) if args.follow && failure.problem.code == Code::Interrupted => Ok(Exit::Ok),
        other => other,
    }
}
