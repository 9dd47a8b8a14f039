//! `cost`.

use super::Outcome;
use crate::args::{By, Cost, Global};
use crate::output::Output;
use crate::status::table;
use crate::{runtime, session};
use clap::ValueEnum as _;
use rayakash_api::error::Exit;
use rayakash_api::v1;

pub(super) fn run(args: &Cost, global: &Global, output: &Output) -> Outcome {
    runtime::command(async {
        let session = session::connect_with_network(global, output).await?;
        let by = word(args.by);
        let cost = session.client.cost(args.name.as_deref(), &by).await?;
        output.result(&cost, || human(&cost))?;
        Ok(Exit::Ok)
    })
}

fn word(by: By) -> String {
    by.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn human(cost: &v1::Cost) -> String {
    if cost.rows.is_empty() {
        return "nothing was spent".to_owned();
    }
    let rows = cost.rows.iter().map(|row| {
        [
            row.key.clone(),
            format!("{} uact", row.paid_uact),
            format!("{} USD", row.paid_usd),
            format!("{} uact", row.escrow_uact),
            format!("{} uakt", row.fees_uakt),
        ]
    });
    let key = cost.by.to_uppercase();
    table([key.as_str(), "PAID", "IN DOLLARS", "IN ESCROW", "FEES"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayakash_api::v1::{CostRow, Micro};

    #[test]
    fn a_row_for_each() {
        let row = CostRow {
            key: "a".into(),
            paid_uact: Micro(43_200),
            paid_usd: "0.0432".into(),
            escrow_uact: "4956800".into(),
            fees_uakt: Micro(7_500),
        };
        let cost = v1::Cost { by: word(By::Cluster), rows: vec![row] };
        assert_eq!(
            human(&cost),
            "CLUSTER  PAID        IN DOLLARS  IN ESCROW     FEES\na        43200 uact  0.0432 USD  4956800 uact  7500 uakt"
        );
        assert_eq!(human(&v1::Cost { rows: Vec::new(), ..cost }), "nothing was spent");
    }
}
