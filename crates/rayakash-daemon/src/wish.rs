//! A wish as the ledger keeps it: the cluster file as it was written, and above it what the command line added.

use rayakash_api::file::{Invalid, parse, usd_to_uact};
use rayakash_core::spec::Cluster;

/// Begins the line that carries `--max-usd`. It is a comment to YAML, so what is kept is still a cluster file.
const CAP_MARK: &str = "# rayakash up --max-usd ";

/// The text to keep.
pub(crate) fn text(file: &str, max_usd: Option<&str>) -> String {
    max_usd.map_or_else(|| file.to_owned(), |cap| format!("{CAP_MARK}{cap}\n{file}"))
}

/// What a kept text wants. The smaller of the file's cap and the command line's holds.
pub(crate) fn read(text: &str) -> Result<Cluster, Invalid> {
    let (cap, file) = match text.strip_prefix(CAP_MARK).and_then(|rest| rest.split_once('\n')) {
        Some((cap, file)) => (usd_to_uact(cap), file),
        None => (None, text),
    };
    let mut cluster = parse(file)?;
    let caps = [cluster.budget.max_total, cap];
    cluster.budget.max_total = caps.into_iter().flatten().min();
    Ok(cluster)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "apiVersion: rayakash/v1\ncluster_name: a\nhead_node_type: head\navailable_node_types:\n  head: { resources: { CPU: 1, memory: 2Gi } }\nbudget: { max_usd_total: 10 }\n";

    #[test]
    fn the_smaller_cap_holds() {
        let total = |cap| read(&text(FILE, cap)).unwrap().budget.max_total;
        assert_eq!(total(None), Some(10_000_000));
        assert_eq!(total(Some("2.5")), Some(2_500_000));
        assert_eq!(total(Some("99")), Some(10_000_000));
    }
}
