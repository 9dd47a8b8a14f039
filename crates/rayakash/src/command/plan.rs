//! `plan`.

use super::Outcome;
use crate::args::{File, Global};
use crate::output::Output;
use crate::session;
use crate::{approve, file, runtime};
use rayakash_api::error::Exit;
use rayakash_api::v1::{Plan, PlanRequest};

pub(super) fn run(args: &File, global: &Global, output: &Output) -> Outcome {
    let (text, cluster) = file::cluster(&args.file)?;
    runtime::command(async {
        let session = session::connect_with_network(global, output).await?;
        let request = PlanRequest { file: text, max_usd: None };
        let plan = session.client.plan(cluster.name.as_str(), &request).await?;
        output.result(&plan, || human(&plan))?;
        let held = plan.waiting.as_ref().is_some_and(|waiting| waiting.what == "budget");
        Ok(match plan.changes.as_slice() {
            [] if held => Exit::Refused,
            [] => Exit::Ok,
            _ => Exit::Changes,
        })
    })
}

fn human(plan: &Plan) -> String {
    if plan.changes.is_empty() {
        let now =
            plan.waiting.as_ref().map(|waiting| format!(" now: {}", waiting.detail)).unwrap_or_default();
        return format!("{}: no changes{now}", plan.name);
    }
    let money = if plan.real_money { "" } else { " (no real money)" };
    let mut text = format!("{} on {}{money}\n", plan.name, plan.network);
    for change in &plan.changes {
        text.push_str(&format!("  {}: {}\n", change.act, change.detail));
    }
    text.push_str(&format!("  {}\n", approve::worst_case(plan)));
    if let Some(deposit) = plan.deposit_uact {
        text.push_str(&format!("  first deposit: {deposit} uact\n"));
    }
    if let Some(waiting) = &plan.waiting {
        text.push_str(&format!("  waiting: {}\n", waiting.detail));
    }
    if plan.needs_restart {
        text.push_str("  what runs stays as it is until `up --restart`\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayakash_api::v1::{Change, Micro, Waiting};

    #[test]
    fn a_plan_says_the_worst_case() {
        let plan = Plan {
            name: "a".into(),
            network: "sandbox".into(),
            real_money: false,
            changes: vec![Change { act: "open_deployment".into(), detail: "1 head, 2 workers".into() }],
            needs_restart: false,
            waiting: None,
            deposit_uact: Some(Micro(5_000_000)),
            most_usd_per_hour: Some("0.50".into()),
            most_usd_total: None,
        };
        assert_eq!(
            human(&plan),
            "a on sandbox (no real money)\n  open_deployment: 1 head, 2 workers\n  at most 0.50 USD per hour, no limit in total\n  first deposit: 5000000 uact\n"
        );
        let held =
            Waiting { what: "budget".into(), since: 0, until: None, detail: "refused by budget".into() };
        let none = Plan { changes: Vec::new(), ..plan };
        assert_eq!(human(&none), "a: no changes");
        assert_eq!(human(&Plan { waiting: Some(held), ..none }), "a: no changes now: refused by budget");
    }
}
