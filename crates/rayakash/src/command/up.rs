//! `up`.

use super::Outcome;
use crate::args::{Global, Up};
use crate::failure::Failure;
use crate::follow::{self, Verdict};
use crate::output::Output;
use crate::progress::Progress;
use crate::session::{self, Session};
use crate::{approve, daemon, file, runtime, spawn, status};
use rayakash_api::client;
use rayakash_api::error::{Code, Exit};
use rayakash_api::v1::{Apply, ClusterStatus, PlanRequest, State};

pub(super) fn run(args: &Up, global: &Global, output: &Output) -> Outcome {
    if args.max_usd.as_deref().is_some_and(|text| rayakash_api::file::usd_to_uact(text).is_none()) {
        return Err(Failure::new(Code::BadRequest, "--max-usd takes US dollars, such as 10 or 2.50"));
    }
    let (text, cluster) = file::cluster(&args.file)?;
    let name = cluster.name.as_str();
    if daemon::is_sandbox(&daemon::config(global)?) {
        spawn::require_python()?;
    }
    let wish = Apply { file: text, restart: args.restart, max_usd: args.max_usd.clone(), yes: false };
    let work = async {
        let session = session::connect_with_network(global, output).await?;
        follow::within(args.timeout, name, converge(&session, name, wish, (global, output))).await
    };
    runtime::command(work).map_err(|failure| follow::interrupted(failure, name))
}

async fn converge(
    session: &Session,
    name: &str,
    mut wish: Apply,
    (global, output): (&Global, &Output),
) -> Outcome {
    let client = &session.client;
    if session.version.network.real_money {
        let asked = PlanRequest { file: wish.file.clone(), max_usd: wish.max_usd.clone() };
        let plan = client.plan(name, &asked).await?;
        wish.yes = approve::spend(&plan, global, output)?;
    }
    let before = match client.cluster(name).await {
        Ok(before) => Some(before),
        Err(client::Error::Refused(problem)) if problem.code == Code::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let now = client.apply(name, &wish).await?;
    if before.is_some_and(|before| before.revision == now.revision) && now.state == State::Ready {
        output.result(&now, || format!("{name}: no changes\n{}", ready(&now)))?;
        return Ok(Exit::Ok);
    }
    let revision = now.revision;
    let mut progress = Progress::new(output);
    let there = follow::until(client, name, &mut progress, |status| judge(status, revision)).await?;
    let elapsed = progress.elapsed();
    drop(progress);
    output.say(&format!("{name} is up after {elapsed}"));
    output.result(&there, || ready(&there))?;
    Ok(Exit::Ok)
}

/// Whether a cluster is up, or will not come up.
fn judge(status: &ClusterStatus, revision: u64) -> Verdict {
    if status.revision < revision {
        return Verdict::Stale;
    }
    match (status.state, &status.waiting) {
        (State::Ready, _) => Verdict::Done,
        (_, Some(waiting)) => stuck(status, &waiting.what).map_or(Verdict::GoOn, |failure| {
            // Money is told in exact figures; what went wrong before is not why it waits.
            let money = ["budget", "paused"].contains(&waiting.what.as_str());
            let past = status.last_error.clone().filter(|_| !money);
            let reason = past.unwrap_or_else(|| waiting.detail.clone());
            Verdict::Failed(failure(reason))
        }),
        // The wish was written, so somebody has dropped it since.
        (State::Closed | State::Absent, None) => Verdict::Failed(Failure::new(
            Code::Conflict,
            format!("`{}` was taken down meanwhile", status.name),
        )),
        _ => Verdict::GoOn,
    }
}

/// What waits for the user, and so ends the watching.
fn stuck(status: &ClusterStatus, what: &str) -> Option<impl FnOnce(String) -> Failure> {
    let name = status.name.clone();
    let tries_again = format!("the daemon tries again until `rayakash down {name}`");
    let (code, hint, running) = match what {
        "budget" => {
            (Code::OverBudget, "raise the cap in the file, or fund the key".to_owned(), Some(tries_again))
        }
        "paused" => (
            Code::OverBudget,
            "`rayakash budget show` says why; `rayakash budget resume` ends a pause".to_owned(),
            Some(format!("the daemon goes on with `{name}` then")),
        ),
        "unknown_version" => (
            Code::UnknownVersion,
            "a newer rayakash may know it".to_owned(),
            Some(format!("the daemon signs only what closes; `rayakash down {name}` does")),
        ),
        "frozen" => (
            Code::Frozen,
            "rayakash doctor says what to do".to_owned(),
            Some(format!("the daemon signs only what closes; it goes on with `{name}` afterwards")),
        ),
        "locked" => (
            Code::Locked,
            "rayakash keys unlock KEY".to_owned(),
            Some(format!("the daemon goes on with `{name}` then")),
        ),
        "given_up" => {
            (status.last_code.unwrap_or(Code::GivenUp), "change the file and run up again".to_owned(), None)
        }
        "back_off" if status.last_code == Some(Code::NoBid) => {
            (Code::NoBid, format!("rayakash events {name}"), Some(tries_again))
        }
        _ => return None,
    };
    Some(move |reason: String| {
        let failure = Failure::new(code, format!("`{name}`: {reason}")).hint(hint);
        match running {
            Some(running) => failure.still_running(running),
            None => failure,
        }
    })
}

/// The nodes, the price, and what to do next.
fn ready(one: &ClusterStatus) -> String {
    let name = &one.name;
    let price = status::price(one).map(|price| format!("price: {price}\n")).unwrap_or_default();
    let waits =
        one.waiting.as_ref().map(|waiting| format!("waiting: {}\n", waiting.detail)).unwrap_or_default();
    let next = [
        format!(
            "rayakash submit {name} -- python -c \"import ray; ray.init(); print(ray.cluster_resources())\""
        ),
        format!("rayakash dashboard {name}"),
        format!("rayakash down {name}"),
    ];
    format!("{}\n\n{price}{waits}next:\n  {}", status::nodes(one), next.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::sample;
    use rayakash_api::v1::Waiting;

    #[test]
    fn what_ends_the_watching() {
        let table = [
            (State::Ready, None, None, Ok(true)),
            (State::Bidding, Some("bids"), None, Ok(false)),
            (State::Waiting, Some("given_up"), None, Err(Code::GivenUp)),
            (State::Waiting, Some("given_up"), Some(Code::NoBid), Err(Code::NoBid)),
            (State::Waiting, Some("back_off"), Some(Code::NoBid), Err(Code::NoBid)),
            (State::Waiting, Some("back_off"), Some(Code::GivenUp), Ok(false)),
            (State::Waiting, Some("budget"), None, Err(Code::OverBudget)),
            (State::Waiting, Some("paused"), None, Err(Code::OverBudget)),
            (State::Waiting, Some("locked"), None, Err(Code::Locked)),
            (State::Waiting, Some("unknown_version"), None, Err(Code::UnknownVersion)),
            (State::Waiting, Some("chain_stalled"), None, Ok(false)),
            (State::Ready, Some("needs_restart"), None, Ok(true)),
            (State::Closed, None, None, Err(Code::Conflict)),
            (State::Absent, None, None, Err(Code::Conflict)),
        ];
        for (state, what, last_code, expected) in table {
            let mut one = sample(state, "p");
            one.last_code = last_code;
            one.waiting =
                what.map(|what| Waiting { what: what.into(), since: 0, until: None, detail: "why".into() });
            let got = match judge(&one, 1) {
                Verdict::Stale => panic!("{state:?} is of this wish"),
                Verdict::GoOn => Ok(false),
                Verdict::Done => Ok(true),
                Verdict::Failed(failure) => Err(failure.problem.code),
            };
            assert_eq!(got, expected, "{state:?} {what:?} {last_code:?}");
        }
        assert!(
            matches!(judge(&sample(State::Ready, "ready"), 2), Verdict::Stale),
            "ready for the wish before"
        );
    }

    #[test]
    fn the_end_names_nodes_price_and_next_commands() {
        let text = ready(&sample(State::Ready, "ready"));
        assert_eq!(
            text,
            "\
NODE          ROLE    TYPE    STATE
ray-head      head    head    alive
ray-worker-0  worker  worker  starting

price: 0.09 USD per hour (12.5 uact per block)
next:
  rayakash submit quickstart -- python -c \"import ray; ray.init(); print(ray.cluster_resources())\"
  rayakash dashboard quickstart
  rayakash down quickstart"
        );
    }
}
