//! What clusters cost, out of the lines of the double entry. Pure.

use std::collections::BTreeMap;

use rayakash_api::v1;
use rayakash_core::spec::{Cluster, NodeType};
use rayakash_core::usd;
use rayakash_ledger::EntryRow;

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Cluster,
    Node,
    Day,
    Tx,
}

impl By {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Cluster, "cluster"), (Self::Node, "node"), (Self::Day, "day"), (Self::Tx, "tx")];

    pub(crate) fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == word).map(|(by, _)| by)
    }

    pub(crate) fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(by, _)| *by == self).map_or("", |(_, word)| word)
    }
}

/// Sums of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    paid: i128,
    escrow: i128,
    fees: i128,
}

/// The rows, in the order of their keys; transactions in the order in which they were booked.
pub(crate) fn rows(entries: &[EntryRow], by: By) -> Vec<v1::CostRow> {
    let mut places: BTreeMap<(u64, String), Sums> = BTreeMap::new();
    let mut first: BTreeMap<String, u64> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.cluster.is_some()) {
        let key = key(entry, by);
        let place = if by == By::Tx { *first.entry(key.clone()).or_insert(entry.seq) } else { 0 };
        let sums = places.entry((place, key)).or_default();
        let sum = match entry.account.split('/').next() {
            Some("providers") => &mut sums.paid,
            Some("escrow") => &mut sums.escrow,
            Some("fees") => &mut sums.fees,
            _ => continue,
        };
        *sum = sum.saturating_add(entry.amount);
    }
    places.into_iter().map(|((_, key), sums)| row(key, sums)).collect()
}

fn key(entry: &EntryRow, by: By) -> String {
    match by {
        By::Cluster | By::Node => entry.cluster.clone().unwrap_or_default(),
        By::Day => day(entry.time_ms),
        // What a lease earns is paid by no transaction of ours.
        By::Tx => entry.tx.clone().unwrap_or_else(|| {
            let what = entry.posting.split('/').next().unwrap_or_default();
            word(if what == "earned" { "lease" } else { what }).to_owned()
        }),
    }
}

/// What a posting is to people: the end of a deployment brings the rest back.
fn word(posting: &str) -> &str {
    if posting == "end" { "refund" } else { posting }
}

fn row(key: String, sums: Sums) -> v1::CostRow {
    let whole = |amount: i128| u128::try_from(amount).unwrap_or(0);
    v1::CostRow {
        key,
        paid_uact: v1::Micro(whole(sums.paid)),
        paid_usd: usd(whole(sums.paid)),
        escrow_uact: sums.escrow.to_string(),
        fees_uakt: v1::Micro(whole(sums.fees)),
    }
}

/// What a GPU, a core, a GiB of memory and a GiB of disk count when one price for all is split.
const WEIGHTS: [u128; 4] = [200_000, 10_000, 2_500, 50];

/// Splits a cluster's row by nodes. A lease has one price for all of its nodes, so each gets the share that its resources weigh; whole
/// micro-units, and the head takes what rounding leaves. Escrow and fees are of the cluster and stand with the head.
pub(crate) fn by_node(cluster: &Cluster, whole: &v1::CostRow) -> Vec<v1::CostRow> {
    let workers = cluster.workers().flat_map(|(name, node, count)| {
        (1..=count).map(move |number| (format!("worker {name} {number}"), weight(node)))
    });
    let workers: Vec<(String, u128)> = workers.collect();
    let head = cluster.head_type().map_or(1, weight);
    let all = workers.iter().map(|(_, weight)| *weight).fold(head, u128::saturating_add).max(1);
    let mut left = whole.paid_uact.0;
    let mut rows = Vec::new();
    for (name, weight) in workers {
        let share = whole.paid_uact.0.saturating_mul(weight).checked_div(all).unwrap_or(0);
        left = left.saturating_sub(share);
        let sums = Sums { paid: i128::try_from(share).unwrap_or(i128::MAX), ..Sums::default() };
        rows.push(row(format!("{}: {name}", whole.key), sums));
    }
    let head = v1::CostRow {
        key: format!("{}: head", whole.key),
        paid_uact: v1::Micro(left),
        paid_usd: usd(left),
        ..whole.clone()
    };
    rows.insert(0, head);
    rows
}

fn weight(node: &NodeType) -> u128 {
    let gib = |bytes: u64| u128::from(bytes >> 30).max(1);
    let amounts = [
        u128::from(node.gpus),
        u128::from(node.cpus),
        gib(node.memory.saturating_add(node.object_store)),
        gib(node.storage),
    ];
    WEIGHTS
        .iter()
        .zip(amounts)
        .map(|(weight, amount)| weight.saturating_mul(amount))
        .fold(0, u128::saturating_add)
}

/// The postings that moved the wallet, with what it had of the denomination then.
pub(crate) fn history(entries: &[EntryRow]) -> Vec<v1::Posting> {
    let mut balances: BTreeMap<&str, i128> = BTreeMap::new();
    let mut postings = Vec::new();
    for entry in entries {
        let balance = balances.entry(&entry.denom).or_default();
        *balance = balance.saturating_add(entry.amount);
        let what = entry.posting.split('/').next().unwrap_or_default();
        postings.push(v1::Posting {
            at_ms: entry.time_ms,
            height: entry.height,
            what: word(what).to_owned(),
            cluster: entry.cluster.clone(),
            denom: entry.denom.clone(),
            amount: entry.amount.to_string(),
            balance: balance.to_string(),
            tx: entry.tx.clone(),
        });
    }
    postings
}

/// The day of a header time, in UTC: `2026-11-25`.
fn day(time_ms: u64) -> String {
    // Days since 0000-03-01, so that the leap day is the last of its year.
    let days = (time_ms / 86_400_000).saturating_add(719_468);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era
        .saturating_sub(of_era / 1_460)
        .saturating_add(of_era / 36_524)
        .saturating_sub(of_era / 146_096))
        / 365;
    let before =
        year_of_era.saturating_mul(365).saturating_add(year_of_era / 4).saturating_sub(year_of_era / 100);
    let of_year = of_era.saturating_sub(before);
    let month = of_year.saturating_mul(5).saturating_add(2) / 153;
    let of_month = of_year.saturating_sub(month.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let (month, later) = if month < 10 { (month.saturating_add(3), 0) } else { (month.saturating_sub(9), 1) };
    let year = era.saturating_mul(400).saturating_add(year_of_era).saturating_add(later);
    format!("{year:04}-{month:02}-{of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, posting: &str, account: &str, amount: i128, tx: Option<&str>) -> EntryRow {
        EntryRow {
            seq,
            posting: posting.to_owned(),
            account: account.to_owned(),
            denom: if account == "fees" { "uakt" } else { "uact" }.to_owned(),
            amount,
            cluster: Some("a".to_owned()),
            height: seq,
            time_ms: seq * 86_400_000,
            tx: tx.map(str::to_owned),
        }
    }

    fn lines() -> Vec<EntryRow> {
        vec![
            line(1, "deposit/i", "wallet", -600, Some("BB")),
            line(2, "deposit/i", "escrow/x/1", 600, Some("BB")),
            line(3, "fee/1", "fees", 5_000, Some("AA")),
            line(4, "earned/9/x/1", "escrow/x/1", -70, None),
            line(5, "earned/9/x/1", "providers/x/1", 70, None),
        ]
    }

    #[test]
    fn rows_by_what_was_asked() {
        let shown = |by| {
            let rows = rows(&lines(), by);
            let short = |row: &v1::CostRow| {
                format!("{} {} {} {}", row.key, row.paid_uact, row.escrow_uact, row.fees_uakt)
            };
            rows.iter().map(short).collect::<Vec<_>>()
        };
        assert_eq!(shown(By::Cluster), ["a 70 530 5000"]);
        assert_eq!(shown(By::Tx), ["BB 0 600 0", "AA 0 0 5000", "lease 70 -70 0"]);
        assert_eq!(
            shown(By::Day)[1..],
            ["1970-01-03 0 600 0", "1970-01-04 0 0 5000", "1970-01-05 0 -70 0", "1970-01-06 70 0 0"]
        );
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let table = [
            (0, "1970-01-01"),
            (951_782_399_999, "2000-02-28"),
            (951_782_400_000, "2000-02-29"),
            (1_709_164_800_000, "2024-02-29"),
            (1_735_689_599_999, "2024-12-31"),
            (1_795_626_000_000, "2026-11-25"),
        ];
        for (ms, text) in table {
            assert_eq!(day(ms), text);
        }
    }

    #[test]
    fn nodes_share_the_price_to_the_micro_unit() {
        let file = "apiVersion: rayakash/v1\ncluster_name: a\nhead_node_type: h\nmax_workers: 2\navailable_node_types:\n  h: { resources: { CPU: 1, memory: 2Gi } }\n  w: { resources: { CPU: 2, memory: 4Gi }, min_workers: 2, max_workers: 2 }\n";
        let cluster = crate::wish::read(file).unwrap();
        let whole = rows(&lines(), By::Cluster).remove(0);
        let nodes = by_node(&cluster, &whole);
        let keys: Vec<&str> = nodes.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["a: head", "a: worker w 1", "a: worker w 2"]);
        assert_eq!(nodes.iter().map(|row| row.paid_uact.0).sum::<u128>(), 70);
        assert!(nodes[1].paid_uact.0 > nodes[0].paid_uact.0 && nodes[1].paid_uact == nodes[2].paid_uact);
    }

    #[test]
    fn the_wallet_has_a_running_balance_of_each_denomination() {
        let wallet = [
            line(1, "opening/x", "wallet", 1_000, None),
            line(2, "deposit/i", "wallet", -600, Some("BB")),
            line(3, "end/x/1", "wallet", 530, None),
        ];
        let shown: Vec<String> =
            history(&wallet).iter().map(|p| format!("{} {} {}", p.what, p.amount, p.balance)).collect();
        assert_eq!(shown, ["opening 1000 1000", "deposit -600 400", "refund 530 930"]);
    }
}
