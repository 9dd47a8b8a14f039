//! `token`.

use super::Outcome;
use crate::args::{Global, Name};
use crate::output::Output;
use crate::{runtime, session};
use rayakash_api::error::Exit;

pub(super) fn run(args: &Name, global: &Global, output: &Output) -> Outcome {
    runtime::command(async {
        let session = session::connect(global, output).await?;
        let token = session.client.token(&args.name).await?;
        output.result(&token, || token.token.expose().to_owned())?;
        Ok(Exit::Ok)
    })
}
