//! `submit`.

use super::Outcome;
use crate::args::{Global, Submit};
use crate::failure::Failure;
use crate::output::Output;
use crate::{runtime, session};
use futures_util::TryStreamExt as _;
use rayakash_api::client::Client;
use rayakash_api::error::Exit;
use rayakash_api::v1::{self, Job, JobState};
use std::cell::RefCell;
use std::time::Duration;

/// How often a job is looked at once its output has ended.
const INTERVAL: Duration = Duration::from_millis(200);
/// How many looks a job may take to end after its output has.
const LOOKS: u32 = 150;

pub(super) fn run(args: &Submit, global: &Global, output: &Output) -> Outcome {
    let submitted = RefCell::new(None);
    let work = async {
        let session = session::connect(global, output).await?;
        let job =
            v1::Submit { entrypoint: shell_line(&args.command), env: args.env.iter().cloned().collect() };
        let id = session.client.submit(&args.name, &job).await?.id;
        output.say(&format!("job {id}"));
        submitted.replace(Some(id.clone()));
        print_logs(&session.client, &args.name, &id, output).await?;
        let job = end_of(&session.client, &args.name, &id).await?;
        judge(&job, output)
    };
    runtime::command(work).map_err(|failure| match submitted.take() {
        // Whatever failed, it was the watching.
        Some(id) => failure.still_running(format!("job {id} goes on")),
        None => failure,
    })
}

/// Prints the output as it comes, colours and all: the user's own program wrote it. In JSON each piece is a value.
async fn print_logs(client: &Client, cluster: &str, id: &str, output: &Output) -> Result<(), Failure> {
    let mut logs = Box::pin(client.job_logs(cluster, id));
    let mut ends_line = true;
    while let Some(piece) = logs.try_next().await? {
        ends_line = piece.text.ends_with('\n') || piece.text.is_empty();
        if output.is_human() { output.raw(&piece.text)? } else { output.item(&piece, String::new)? }
    }
    if !ends_line && output.is_human() {
        output.raw("\n")?;
    }
    Ok(())
}

/// The job once it has ended, or as it is after a while: its output may end a moment before it does.
async fn end_of(client: &Client, cluster: &str, id: &str) -> Result<Job, Failure> {
    let mut job = client.job(cluster, id).await?;
    for _ in 0..LOOKS {
        if !matches!(job.state, JobState::Pending | JobState::Running) {
            break;
        }
        tokio::time::sleep(INTERVAL).await;
        job = client.job(cluster, id).await?;
    }
    Ok(job)
}

fn judge(job: &Job, output: &Output) -> Outcome {
    let exit = match job.state {
        JobState::Succeeded => Exit::Ok,
        JobState::Failed => Exit::JobFailed,
        JobState::Pending | JobState::Running => Exit::JobUnfinished,
        JobState::Stopped => Exit::JobStopped,
    };
    if output.is_human() {
        let message = job.message.as_deref().filter(|_| exit != Exit::Ok);
        let message =
            message.and_then(|text| text.lines().next()).map(|line| format!(": {line}")).unwrap_or_default();
        output.say(&format!("job {} {}{message}", job.id, word(job.state)));
    } else {
        output.item(job, String::new)?;
    }
    Ok(exit)
}

const fn word(state: JobState) -> &'static str {
    match state {
        JobState::Pending => "is still waiting",
        JobState::Running => "still runs",
        JobState::Succeeded => "succeeded",
        JobState::Failed => "failed",
        JobState::Stopped => "was stopped",
    }
}

/// The arguments as one line for a shell, each as it was given.
fn shell_line(arguments: &[String]) -> String {
    arguments.iter().map(|argument| quoted(argument)).collect::<Vec<_>>().join(" ")
}

fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gets_each_argument_as_it_was_given() {
        let arguments = ["echo", "a b", "it's", "$HOME", "", "*", "a\nb", "--x=1", "ü"].map(str::to_owned);
        let line = shell_line(&arguments);
        assert_eq!(line, "echo 'a b' 'it'\\''s' '$HOME' '' '*' 'a\nb' --x=1 'ü'");
        let script = format!("printf '%s|' {line}");
        let said = std::process::Command::new("sh").args(["-c", &script]).output().unwrap().stdout;
        assert_eq!(String::from_utf8(said).unwrap(), "echo|a b|it's|$HOME||*|a\nb|--x=1|ü|");
    }
}
