//! A wish as the ledger keeps it: the cluster file as it was written, and above it what the command line added.

use rayakash_api::file::{Diagnostic, Invalid, parse, usd_to_uact};
use rayakash_core::spec::Cluster;

/// Begins the line that carries `--max-usd`. It is a comment to YAML, so what is kept is still a cluster file.
const CAP_MARK: &str = "# rayakash up --max-usd ";

/// A cap that is no amount. It is refused: without it there would be no cap.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("max_usd takes US dollars, such as 10 or 2.50, not `{0}`")]
pub(crate) struct BadCap(String);

/// The text to keep.
pub(crate) fn text(file: &str, max_usd: Option<&str>) -> Result<String, BadCap> {
    let Some(cap) = max_usd else { return Ok(file.to_owned()) };
    // Without its outer blanks an amount is digits and a point, and stays on its line.
    let cap = cap.trim();
    if usd_to_uact(cap).is_none() {
        return Err(BadCap(cap.chars().take(40).collect()));
    }
    Ok(format!("{CAP_MARK}{cap}\n{file}"))
}

/// What a kept text wants. The smaller of the file's cap and the command line's holds.
pub(crate) fn read(text: &str) -> Result<Cluster, Invalid> {
    let (cap, file) = match text.strip_prefix(CAP_MARK).and_then(|rest| rest.split_once('\n')) {
        Some((cap, file)) => (Some(usd_to_uact(cap).ok_or_else(|| unreadable(cap))?), file),
        None => (None, text),
    };
    let mut cluster = parse(file)?;
    let caps = [cluster.budget.max_total, cap];
    cluster.budget.max_total = caps.into_iter().flatten().min();
    Ok(cluster)
}

fn unreadable(cap: &str) -> Invalid {
    let cap: String = cap.chars().take(40).collect();
    let offset = CAP_MARK.len();
    Invalid {
        diagnostics: vec![Diagnostic {
            message: BadCap(cap.clone()).to_string(),
            line: 1,
            column: offset.saturating_add(1),
            offset,
            len: cap.len(),
            source: format!("{CAP_MARK}{cap}"),
            help: None,
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "apiVersion: rayakash/v1\ncluster_name: a\nhead_node_type: head\navailable_node_types:\n  head: { resources: { CPU: 1, memory: 2Gi } }\nbudget: { max_usd_total: 10 }\n";

    #[test]
    fn the_smaller_cap_holds() {
        let total = |cap| read(&text(FILE, cap).unwrap()).unwrap().budget.max_total;
        assert_eq!(total(None), Some(10_000_000));
        assert_eq!(total(Some("2.5")), Some(2_500_000));
        assert_eq!(total(Some(" $2.5\n")), Some(2_500_000));
        assert_eq!(total(Some("99")), Some(10_000_000));
    }

    #[test]
    fn a_cap_that_cannot_be_read_is_refused_and_never_no_cap() {
        for bad in ["", "ten", "1,5", "-1", "1e9", "5\nbudget: {}", "0.0000001"] {
            assert_eq!(text(FILE, Some(bad)), Err(BadCap(bad.trim().to_owned())), "{bad}");
            let kept = format!("{CAP_MARK}{}\n{FILE}", bad.replace('\n', " "));
            assert!(read(&kept).unwrap_err().to_string().starts_with("line 1: max_usd"), "{bad}");
        }
    }
}
