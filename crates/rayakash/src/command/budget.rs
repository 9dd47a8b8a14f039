//! `budget`.

use super::Outcome;
use crate::args::{Budget, Global};
use crate::output::Output;
use crate::{runtime, session};
use rayakash_api::error::Exit;
use rayakash_api::v1::{self, Micro, SetBudget, usd};
use std::fmt::Write as _;

pub(super) fn run(args: &Budget, global: &Global, output: &Output) -> Outcome {
    let change = match args {
        Budget::Show => None,
        Budget::Set { max_usd_per_day } => {
            Some(SetBudget { max_usd_per_day: Some(max_usd_per_day.clone()), paused: None })
        }
        Budget::Pause => Some(SetBudget { paused: Some(true), ..SetBudget::default() }),
        Budget::Resume => Some(SetBudget { paused: Some(false), ..SetBudget::default() }),
    };
    runtime::command(async {
        let session = session::connect_with_network(global, output).await?;
        let budget = match &change {
            None => session.client.budget().await?,
            Some(change) => session.client.set_budget(change).await?,
        };
        output.result(&budget, || human(&budget))?;
        Ok(Exit::Ok)
    })
}

fn human(budget: &v1::Budget) -> String {
    let spending = match (budget.paused, &budget.stopped) {
        (_, Some(why)) => format!("stopped: {why}; closes go on"),
        (true, None) => "paused; closes go on".to_owned(),
        (false, None) => "allowed".to_owned(),
    };
    let cap = budget.per_day_uact.map_or("no cap".to_owned(), |cap| format!("of {}", uact(cap)));
    let left = budget.left_uact.map(|left| format!(", {} left", uact(left))).unwrap_or_default();
    let rows = [
        ("spending", spending),
        ("today", format!("{} deposited, {cap}{left}", uact(budget.today_uact))),
        ("reserved", format!("{} on its way into escrow", uact(budget.reserved_uact))),
        ("fees today", format!("{} uakt of {} uakt", budget.fees_today_uakt, budget.fees_per_day_uakt)),
        (
            "fee reserve",
            format!(
                "{} uakt stay, so that what is open can be closed (deployments: {})",
                budget.fee_reserve_uakt, budget.open_deployments
            ),
        ),
    ];
    let mut text = format!("wallet on {}\n", budget.network);
    for (name, value) in rows {
        // Writing to a String cannot fail.
        let _ok = writeln!(text, "  {name:<11} {value}");
    }
    text
}

fn uact(amount: Micro) -> String {
    format!("{amount} uact ({} USD)", usd(amount.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_reserved_spent_and_left() {
        let budget = v1::Budget {
            network: "sandbox".into(),
            paused: false,
            stopped: None,
            per_day_uact: Some(Micro(10_000_000)),
            set_per_day_uact: None,
            today_uact: Micro(5_000_001),
            left_uact: Some(Micro(4_999_999)),
            reserved_uact: Micro(500_000),
            fees_per_day_uakt: Micro(5_000_000),
            fees_today_uakt: Micro(7_500),
            fee_reserve_uakt: Micro(100_000),
            open_deployments: 2,
        };
        assert_eq!(
            human(&budget),
            "\
wallet on sandbox
  spending    allowed
  today       5000001 uact (5.000001 USD) deposited, of 10000000 uact (10.00 USD), 4999999 uact (4.999999 USD) left
  reserved    500000 uact (0.50 USD) on its way into escrow
  fees today  7500 uakt of 5000000 uakt
  fee reserve 100000 uakt stay, so that what is open can be closed (deployments: 2)
"
        );
        let paused = v1::Budget { paused: true, per_day_uact: None, left_uact: None, ..budget };
        let text = human(&paused);
        assert!(text.contains("paused; closes go on") && text.contains("deposited, no cap\n"), "{text}");
    }
}
