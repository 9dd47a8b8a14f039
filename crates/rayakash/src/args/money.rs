//! `wallet`, `budget`, `cost`.

use clap::{Subcommand, ValueEnum};

use super::KeyFile;

/// `wallet`.
#[derive(Debug, Subcommand)]
pub(crate) enum Wallet {
    /// Show what the context's key owns.
    Balance,
    /// Show everything that moved it, newest last.
    History,
    /// Say that no other program signs with the key any more: spending, which was frozen, goes on.
    Claim,
    /// Let a hot key, which owns nothing, pay deposits and fees with the coins of a key: up to a limit, until an end.
    Grant(Grant),
    /// Take that back.
    Revoke(Revoke),
}

/// `budget`.
#[derive(Debug, Subcommand)]
pub(crate) enum Budget {
    /// Show caps, what is reserved, spent today, and left.
    Show,
    /// Set a cap. The smaller of it and the one in the configuration holds.
    Set {
        /// US dollars that all clusters together may deposit in 24 hours, such as `10` or `2.50`; `none` takes it away.
        #[arg(long, value_name = "N", required = true)]
        max_usd_per_day: String,
    },
    /// Stop all spending at once. Closes go on.
    Pause,
    /// Let spending go on.
    Resume,
}

/// `cost`.
#[derive(Debug, clap::Args)]
pub(crate) struct Cost {
    /// The cluster; none: all.
    pub(crate) name: Option<String>,
    /// One row for each of these.
    #[arg(long, value_enum, default_value = "cluster")]
    pub(crate) by: By,
}

/// What the rows of `cost` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Clusters.
    Cluster,
    /// Nodes; a lease has one price, which is split by what their resources weigh.
    Node,
    /// Days, in UTC.
    Day,
    /// Transactions; `lease` is what leases earned.
    Tx,
}

/// `wallet grant`.
#[derive(Debug, clap::Args)]
pub(crate) struct Grant {
    /// The key that pays; `sandbox` is the sandbox's own.
    #[command(flatten)]
    pub(crate) key: KeyFile,
    /// The address of the hot key.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: String,
    /// The most that deposits may take, in US dollars; what comes back raises it again.
    #[arg(long, value_name = "N")]
    pub(crate) usd: String,
    /// The most that fees may take, in AKT.
    #[arg(long, value_name = "N")]
    pub(crate) fees_akt: String,
    /// For how many days.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=366))]
    pub(crate) days: u16,
}

/// `wallet revoke`.
#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    /// The key that pays; `sandbox` is the sandbox's own.
    #[command(flatten)]
    pub(crate) key: KeyFile,
    /// The address of the hot key.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: String,
}
