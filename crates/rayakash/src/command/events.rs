//! `events`.

use super::Outcome;
use crate::args::{Events, Global};
use crate::output::Output;
use crate::{runtime, session};
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use rayakash_api::client;
use rayakash_api::error::{Code, Exit};
use rayakash_api::v1::Event;

pub(super) fn run(args: &Events, global: &Global, output: &Output) -> Outcome {
    let work = async {
        let session = session::connect(global, output).await?;
        if let Some(name) = &args.name {
            // A stream of a cluster that does not exist would only be silent.
            session.client.cluster(name).await?;
        }
        let wanted = client::Events { cluster: args.name.as_deref(), after: Some(0), follow: args.follow };
        let mut events = Box::pin(session.client.events(&wanted));
        while let Some(event) = events.try_next().await? {
            output.item(&event, || human(&event, args.name.is_none()))?;
        }
        Ok(Exit::Ok)
    };
    match runtime::command(work) {
        Err(failure) if args.follow && failure.problem.code == Code::Interrupted => Ok(Exit::Ok),
        other => other,
    }
}

fn human(event: &Event, with_name: bool) -> String {
    let at = Timestamp::from_millisecond(event.at_ms).map(|at| format!("{at:.3}")).unwrap_or_default();
    let name =
        event.cluster.as_deref().filter(|_| with_name).map(|name| format!("{name}: ")).unwrap_or_default();
    let line = format!("{at}  {name}{:<12}  {}", event.kind, event.text);
    let detail = event.fields.get("detail").and_then(|detail| detail.as_str()).unwrap_or_default();
    // A choice names every bid; each gets a line. What is said in the line already is not said again.
    let more = detail
        .lines()
        .flat_map(|line| line.split("; "))
        .filter(|more| !more.trim().is_empty() && *more != event.text);
    [line].into_iter().chain(more.map(|more| format!("    {more}"))).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line_and_its_detail_below() {
        let event = Event {
            id: 1,
            at_ms: 1_700_000_000_123,
            cluster: Some("a".into()),
            kind: "phase".into(),
            text: "ordering".into(),
            fields: std::collections::BTreeMap::new(),
        };
        assert_eq!(human(&event, false), "2023-11-14T22:13:20.123Z  phase         ordering");
        assert_eq!(human(&event, true), "2023-11-14T22:13:20.123Z  a: phase         ordering");
        let detail =
            serde_json::json!("ordering\nakash1x: too dear; akash1z: no certificate\n\nakash1y: taken");
        let detailed = Event { fields: [("detail".to_owned(), detail)].into(), ..event };
        assert_eq!(
            human(&detailed, false),
            "2023-11-14T22:13:20.123Z  phase         ordering\n    akash1x: too dear\n    akash1z: no certificate\n    akash1y: taken"
        );
    }
}
