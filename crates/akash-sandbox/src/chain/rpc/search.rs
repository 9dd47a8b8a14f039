//! Looking for transactions and blocks by what happened in them.

use akash_types::Height;
use serde_json::{Value, json};

use super::args::Args;
use super::envelope::Failure;
use super::event_query::{Events, Query};
use super::{Rpc, block, tx};
use crate::market::{Block, Delivered, Event};

const DEFAULT_PER_PAGE: i64 = 30;
const MOST_PER_PAGE: i64 = 100;

/// Events as queries know them.
pub(super) fn known(happened: &[Event]) -> Events {
    let mut events = Events::new();
    for event in happened {
        for (key, value) in &event.attributes {
            events.entry(format!("{}.{key}", event.kind)).or_default().push(value.clone());
        }
    }
    events
}

/// What is known about a block: its height, and what happened outside of its transactions.
pub(super) fn events_of_block(block: &Block) -> Events {
    let mut events = known(&block.events);
    events.insert("block.height".to_owned(), vec![block.height.to_string()]);
    events
}

/// What is known about a transaction.
pub(super) fn events_of_tx(block: &Block, delivered: &Delivered) -> Events {
    let mut events = known(&delivered.outcome.events);
    let own = [
        ("tm.event", "Tx".to_owned()),
        ("tx.hash", delivered.tx.hash.to_string()),
        ("tx.height", block.height.to_string()),
    ];
    for (key, value) in own {
        events.entry(key.to_owned()).or_default().push(value);
    }
    events
}

/// `tx_search`.
pub(super) fn txs(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let (query, prove) = (query(args)?, args.flag("prove")?);
    let blocks = rpc.node.blocks_from(Height(0));
    let mut found = Vec::new();
    for block in &blocks {
        for (place, delivered) in block.txs.iter().enumerate() {
            if query.matches(&events_of_tx(block, delivered)) {
                found.push((block, place));
            }
        }
    }
    let (page, total) = page(found, args)?;
    let txs = page.iter().filter_map(|(block, place)| tx::found(block, *place, prove)).collect::<Vec<_>>();
    Ok(json!({ "txs": txs, "total_count": total.to_string() }))
}

/// `block_search`.
pub(super) fn blocks(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let query = query(args)?;
    let mut found = rpc.node.blocks_from(Height(0));
    found.retain(|block| query.matches(&events_of_block(block)));
    let (page, total) = page(found, args)?;
    let blocks = page.into_iter().map(|block| Ok(block::with_id(&rpc.sealed(block.height)?)));
    let blocks = blocks.collect::<Result<Vec<_>, Failure>>()?;
    Ok(json!({ "blocks": blocks, "total_count": total.to_string() }))
}

fn query(args: &Args) -> Result<Query, Failure> {
    let text = args.text("query")?;
    Query::parse(&text).map_err(|error| Failure::internal(format!("failed to parse query {text:?}: {error}")))
}

/// The part of what was found, oldest first, that is asked for, and how much was found.
fn page<T>(mut found: Vec<T>, args: &Args) -> Result<(Vec<T>, usize), Failure> {
    match args.text("order_by")?.as_str() {
        "" | "asc" => {}
        "desc" => found.reverse(),
        _ => return Err(Failure::internal("expected order_by to be either `asc` or `desc` or empty")),
    }
    let per_page = args.number("per_page")?.filter(|n| *n > 0).unwrap_or(DEFAULT_PER_PAGE).min(MOST_PER_PAGE);
    let per_page = usize::try_from(per_page).unwrap_or(1);
    let total = found.len();
    let pages = total.div_ceil(per_page).max(1);
    let asked = args.number("page")?.unwrap_or(1);
    let page = usize::try_from(asked).ok().filter(|page| (1..=pages).contains(page));
    let page = page.ok_or_else(|| {
        Failure::internal(format!("page should be within [1, {pages}] range, given {asked}"))
    })?;
    let skipped = page.saturating_sub(1).saturating_mul(per_page);
    Ok((found.into_iter().skip(skipped).take(per_page).collect(), total))
}
