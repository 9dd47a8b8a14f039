//! Clusters in words and tables.

use crate::duration::short;
use crate::runtime;
use comfy_table::{Table, presets};
use jiff::Timestamp;
use rayakash_api::v1::{ClusterStatus, Exposure, Micro, State, usd};
use std::fmt::Write as _;

/// A table without lines, as `ps` has it.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    for row in rows {
        table.add_row(row.to_vec());
    }
    let text = table.to_string();
    text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect::<Vec<_>>().join("\n")
}

/// All clusters.
pub(crate) fn list(clusters: &[ClusterStatus]) -> String {
    if clusters.is_empty() {
        return "no clusters".to_owned();
    }
    let rows = clusters.iter().map(|one| {
        let price =
            one.price_usd_per_hour.as_ref().map_or_else(|| "-".to_owned(), |price| format!("{price} USD/h"));
        [
            one.name.clone(),
            one.phase.clone(),
            nodes_alive(one),
            price,
            money(one.spent_uact, "uact"),
            one.network.clone(),
        ]
    });
    let table = table(["NAME", "PHASE", "NODES", "PRICE", "SPENT", "NETWORK"], rows);
    match all_at_risk(clusters, runtime::now()) {
        Some(risk) => format!("{table}\n\n{risk}"),
        None => table,
    }
}

fn nodes_alive(one: &ClusterStatus) -> String {
    if one.nodes.is_empty() {
        return "-".to_owned();
    }
    let alive = one.nodes.iter().filter(|node| node.state.as_str() == "alive").count();
    format!("{alive}/{}", one.nodes.len())
}

/// The nodes of a cluster.
pub(crate) fn nodes(one: &ClusterStatus) -> String {
    let rows = one.nodes.iter().map(|node| {
        [node.instance.clone(), node.role.clone(), node.kind.clone(), node.state.as_str().to_owned()]
    });
    table(["NODE", "ROLE", "TYPE", "STATE"], rows)
}

/// One cluster in detail.
pub(crate) fn detail(one: &ClusterStatus) -> String {
    let now = runtime::now();
    let ago = |since: i64| short(u64::try_from(now.saturating_sub(since)).unwrap_or(0));
    let ahead = |until: i64| short(u64::try_from(until.saturating_sub(now)).unwrap_or(0));
    let mut rows = vec![("phase", format!("{} for {}", one.phase, ago(one.since)))];
    if let Some(waiting) = &one.waiting {
        let until = waiting.until.map(|until| format!(", at most {} more", ahead(until))).unwrap_or_default();
        rows.push(("waiting", format!("{} for {}{until}", waiting.detail, ago(waiting.since))));
    }
    let network =
        if one.real_money { one.network.clone() } else { format!("{} (no real money)", one.network) };
    rows.push(("network", network));
    rows.extend(one.ray_version.as_ref().map(|version| ("ray", version.clone())));
    rows.extend(
        one.provider.as_ref().map(|provider| ("provider", format!("{} {}", provider.address, provider.host))),
    );
    rows.extend(one.dseq.map(|dseq| ("deployment", dseq.to_string())));
    rows.extend(price(one).map(|price| ("price", price)));
    rows.push(("spent", format!("{} and {} in fees", both(one.spent_uact), money(one.fees_uakt, "uakt"))));
    if let Some(escrow) = &one.escrow {
        let dry = escrow.runs_dry_unix.map(|at| format!(", lasts {}", ahead(at))).unwrap_or_default();
        rows.push(("escrow", format!("{}{dry}", both(escrow.balance_uact))));
    }
    rows.extend(one.exposure.as_ref().map(|exposure| ("at risk", at_risk(exposure, now))));
    rows.extend(closing(one).map(|closing| ("closed", closing)));
    rows.extend(one.last_error.as_ref().map(|error| ("last error", error.clone())));
    let mut text = format!("{}\n", one.name);
    for (name, value) in rows {
        // Writing to a String cannot fail.
        let _ok = writeln!(text, "  {name:<11} {value}");
    }
    if !one.nodes.is_empty() {
        text.push_str(&format!("\n{}\n", nodes(one)));
    }
    text
}

/// What is lost at worst when nobody tends the cluster any more.
fn at_risk(exposure: &Exposure, now: i64) -> String {
    let until = exposure.until_unix.map_or_else(
        || ", and nobody knows until when".to_owned(),
        |until| {
            let at = Timestamp::from_second(until).map(|at| format!(", until {at}")).unwrap_or_default();
            format!("{at} (in {})", short(u64::try_from(until.saturating_sub(now)).unwrap_or(0)))
        },
    );
    format!("if this service vanished now, at most {} more would be spent{until}", both(exposure.most_uact))
}

/// The same for all clusters together; none when nothing runs.
fn all_at_risk(clusters: &[ClusterStatus], now: i64) -> Option<String> {
    let exposures: Vec<&Exposure> = clusters.iter().filter_map(|one| one.exposure.as_ref()).collect();
    let most = exposures.iter().map(|one| one.most_uact.0).fold(0, u128::saturating_add);
    let until: Option<Vec<i64>> = exposures.iter().map(|one| one.until_unix).collect();
    let until_unix = until.and_then(|all| all.into_iter().max());
    let all = Exposure { most_uact: Micro(most), most_usd: usd(most), until_unix };
    (!exposures.is_empty()).then(|| at_risk(&all, now))
}

/// Price per hour, and per block as the chain has it.
pub(crate) fn price(one: &ClusterStatus) -> Option<String> {
    let per_block = one.price_per_block.as_ref().map(|price| format!("{price} uact per block"));
    match (&one.price_usd_per_hour, per_block) {
        (Some(hour), Some(block)) => Some(format!("{hour} USD per hour ({block})")),
        (Some(hour), None) => Some(format!("{hour} USD per hour")),
        (None, block) => block,
    }
}

/// The final cost, once a cluster is closed.
pub(crate) fn closing(one: &ClusterStatus) -> Option<String> {
    let cost = one.cost_uact.filter(|_| matches!(one.state, State::Closed | State::Absent))?;
    let refund =
        one.refund_uact.map(|refund| format!(", {} back", money(refund, "uact"))).unwrap_or_default();
    Some(format!("cost {}{refund}, {} in fees", both(cost), money(one.fees_uakt, "uakt")))
}

/// An amount of uact, and the same in dollars.
fn both(amount: Micro) -> String {
    format!("{} ({} USD)", money(amount, "uact"), usd(amount.0))
}

fn money(amount: Micro, denom: &str) -> String {
    format!("{amount} {denom}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rayakash_api::v1::{Escrow, Node, NodeState, Provider, Waiting};

    /// A cluster as the daemon tells it.
    pub(crate) fn sample(state: State, phase: &str) -> ClusterStatus {
        let node = |instance: &str, kind: &str, role: &str, state| Node {
            instance: instance.into(),
            kind: kind.into(),
            role: role.into(),
            state,
        };
        ClusterStatus {
            name: "quickstart".into(),
            phase: phase.into(),
            state,
            waiting: None,
            nodes: vec![
                node("ray-head", "head", "head", NodeState::Alive),
                node("ray-worker-0", "worker", "worker", NodeState::Starting),
            ],
            provider: Some(Provider { address: "akash1p".into(), host: "https://127.0.0.1:1".into() }),
            price_per_block: Some("12.5".into()),
            price_usd_per_hour: Some("0.09".into()),
            dseq: Some(1_700_000_000_000),
            spent_uact: Micro(43_200),
            refund_uact: None,
            cost_uact: None,
            cost_usd: None,
            fees_uakt: Micro(7_500),
            escrow: Some(Escrow { balance_uact: Micro(5_000_000), runs_dry_unix: None }),
            exposure: Some(Exposure {
                most_uact: Micro(5_000_000),
                most_usd: "5.00".into(),
                until_unix: None,
            }),
            since: i64::MAX,
            last_error: None,
            last_code: None,
            ray_version: Some("2.60.0".into()),
            network: "sandbox".into(),
            real_money: false,
            revision: 1,
        }
    }

    #[test]
    fn a_cluster_in_detail() {
        let mut one = sample(State::Bidding, "collecting bids (2)");
        one.waiting =
            Some(Waiting { what: "bids".into(), since: i64::MAX, until: Some(0), detail: "2 bids".into() });
        let expected = "\
quickstart
  phase       collecting bids (2) for 0s
  waiting     2 bids for 0s, at most 0s more
  network     sandbox (no real money)
  ray         2.60.0
  provider    akash1p https://127.0.0.1:1
  deployment  1700000000000
  price       0.09 USD per hour (12.5 uact per block)
  spent       43200 uact (0.0432 USD) and 7500 uakt in fees
  escrow      5000000 uact (5.00 USD)
  at risk     if this service vanished now, at most 5000000 uact (5.00 USD) more would be spent, and nobody knows until when

NODE          ROLE    TYPE    STATE
ray-head      head    head    alive
ray-worker-0  worker  worker  starting
";
        assert_eq!(detail(&one), expected);
    }

    #[test]
    fn what_vanishing_would_cost_in_all() {
        let one = |most, until_unix| {
            let mut one = sample(State::Ready, "ready");
            one.exposure = Some(Exposure { most_uact: Micro(most), most_usd: usd(most), until_unix });
            one
        };
        let none = ClusterStatus { exposure: None, ..sample(State::Closed, "closed") };
        let text = all_at_risk(&[one(5, Some(60)), none.clone(), one(7, Some(120))], 0).unwrap();
        assert_eq!(
            text,
            "if this service vanished now, at most 12 uact (0.000012 USD) more would be spent, until 1970-01-01T00:02:00Z (in 2m)"
        );
        assert!(
            all_at_risk(&[one(5, Some(60)), one(7, None)], 0).unwrap().ends_with("nobody knows until when")
        );
        assert_eq!(all_at_risk(&[none], 0), None);
    }

    #[test]
    fn the_final_cost_is_in_both_units() {
        let mut one = sample(State::Closed, "closed");
        one.cost_uact = Some(Micro(12_345));
        one.refund_uact = Some(Micro(4_987_655));
        let expected = "cost 12345 uact (0.012345 USD), 4987655 uact back, 7500 uakt in fees";
        assert_eq!(closing(&one).as_deref(), Some(expected));
        one.state = State::Closing;
        assert_eq!(closing(&one), None, "nothing is final before it is closed");
    }

    #[test]
    fn a_list_has_a_line_each() {
        let text = list(&[sample(State::Ready, "ready")]);
        assert_eq!(
            text,
            "NAME        PHASE  NODES  PRICE       SPENT       NETWORK\nquickstart  ready  1/2    0.09 USD/h  43200 uact  sandbox\n\nif this service vanished now, at most 5000000 uact (5.00 USD) more would be spent, and nobody knows until when"
        );
        assert_eq!(list(&[]), "no clusters");
    }
}
