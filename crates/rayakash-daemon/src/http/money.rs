//! Money: what may be spent, what was, and what moved the wallet.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use rayakash_api::error::{Code, Problem};
use rayakash_api::file::usd_to_uact;
use rayakash_api::v1;
use rayakash_core::reserve::Purse;
use rayakash_engine::ports::Ledger as _;
use rayakash_ledger::Funds;
use serde::Deserialize;

use super::failure::{Answer, name};
use crate::cost::{self, By};
use crate::service::Service;

/// What takes the cap per day away.
const NO_CAP: &str = "none";

pub(crate) async fn budget(State(service): State<Arc<Service>>) -> Answer<Json<v1::Budget>> {
    Ok(Json(now(&service).await?))
}

pub(crate) async fn set_budget(
    State(service): State<Arc<Service>>,
    Json(change): Json<v1::SetBudget>,
) -> Answer<Json<v1::Budget>> {
    // Read whole before anything is changed.
    let cap = change.max_usd_per_day.as_deref().map(cap).transpose()?;
    if let Some(paused) = change.paused {
        service.ledger().set_paused(paused).await?;
    }
    if let Some(cap) = cap {
        service.ledger().set_max_per_day(cap).await?;
    }
    service.clusters.nudge_all();
    Ok(Json(now(&service).await?))
}

fn cap(text: &str) -> Answer<Option<u128>> {
    if text == NO_CAP {
        return Ok(None);
    }
    let text: String = text.trim().chars().take(40).collect();
    let bad = || {
        let detail =
            format!("max_usd_per_day takes US dollars, such as 10 or 2.50, or `{NO_CAP}`, not `{text}`");
        Problem::new(Code::BadRequest, detail).into()
    };
    usd_to_uact(&text).map(Some).ok_or_else(bad)
}

async fn now(service: &Service) -> Answer<v1::Budget> {
    let chain = &service.world().chain;
    let tip = chain.tip().await.map_err(|error| chain.unavailable(&error))?;
    let Funds { limits, spoken, set_per_day, paused, stopped } = service.ledger().funds(&tip).await?;
    let purse = Purse { limits, spoken, ..Purse::default() };
    Ok(v1::Budget {
        network: service.context.network.name().to_owned(),
        paused,
        stopped: stopped.map(|stopped| stopped.why),
        per_day_uact: limits.max_per_day.map(v1::Micro),
        set_per_day_uact: set_per_day.map(v1::Micro),
        today_uact: v1::Micro(spoken.today),
        left_uact: limits.max_per_day.map(|cap| v1::Micro(cap.saturating_sub(spoken.today))),
        reserved_uact: v1::Micro(spoken.promised),
        fees_per_day_uakt: v1::Micro(limits.max_fees_per_day),
        fees_today_uakt: v1::Micro(spoken.fees_today),
        fee_reserve_uakt: v1::Micro(purse.reserve(0)),
        open_deployments: spoken.open,
    })
}

pub(crate) async fn history(State(service): State<Arc<Service>>) -> Answer<Json<v1::History>> {
    let entries = service.ledger().entries(Some("wallet"), None).await?;
    Ok(Json(v1::History { postings: cost::history(&entries) }))
}

#[derive(Deserialize)]
pub(crate) struct Which {
    cluster: Option<String>,
    by: Option<String>,
}

pub(crate) async fn cost(
    State(service): State<Arc<Service>>,
    Query(which): Query<Which>,
) -> Answer<Json<v1::Cost>> {
    let word = which.by.as_deref().unwrap_or("cluster");
    let by = By::read(word).ok_or_else(|| {
        let word: String = word.chars().take(40).collect();
        Problem::new(Code::BadRequest, format!("`{word}` is none of cluster, node, day, tx"))
    })?;
    let cluster = which.cluster.as_deref().map(name).transpose()?;
    if let Some(cluster) = &cluster {
        super::clusters::known(&service, cluster).await?;
    }
    let of = cluster.as_ref().map(ToString::to_string);
    let entries = service.ledger().entries(None, of.as_deref()).await?;
    let mut rows = Vec::new();
    for row in cost::rows(&entries, by) {
        let wish = match row.key.parse() {
            Ok(name) if by == By::Node => service.ledger().books(&name).await?.wish,
            Ok(_) | Err(_) => None,
        };
        // Of a cluster that is gone nobody knows the nodes any more.
        match wish {
            Some(wish) => rows.extend(cost::by_node(&wish.cluster, &row)),
            None => rows.push(row),
        }
    }
    Ok(Json(v1::Cost { by: by.word().to_owned(), rows }))
}
