//! Clusters: look, wish, take down, plan.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rayakash_api::error::{Code, Problem};
use rayakash_api::v1;
use rayakash_core::spec::{Cluster, Name};
use rayakash_core::view::{Manifest, Placement, View};
use rayakash_core::{Act, Mark, Secret, blueprint, ceiling_per_block, per_hour, usd};
use rayakash_engine::facts::{Books, Wish};
use rayakash_engine::{Report, preview};

use super::failure::{self, Answer, Failure, books, name, no_cluster};
use crate::clock::SystemClock;
use crate::service::Service;
use crate::world::Rehearsal;
use crate::{status, wish};

pub(crate) async fn list(State(service): State<Arc<Service>>) -> Answer<Json<v1::ClusterList>> {
    let mut clusters = Vec::new();
    for row in service.ledger().clusters().await.map_err(Failure::from)? {
        if let Ok(name) = row.name.parse::<Name>() {
            // One cluster's damage hides no other.
            let shown = status_of(&service, &name).await;
            clusters.push(shown.unwrap_or_else(|failure| unreadable(&service, &name, failure)));
        }
    }
    Ok(Json(v1::ClusterList { clusters }))
}

pub(crate) async fn status(
    State(service): State<Arc<Service>>,
    Path(text): Path<String>,
) -> Answer<Json<v1::ClusterStatus>> {
    let name = name(&text)?;
    known(&service, &name).await?;
    Ok(Json(status_of(&service, &name).await?))
}

pub(crate) async fn apply(
    State(service): State<Arc<Service>>,
    Path(text): Path<String>,
    Json(apply): Json<v1::Apply>,
) -> Answer<Json<v1::ClusterStatus>> {
    let name = name(&text)?;
    let kept = wish::text(&apply.file, apply.max_usd.as_deref());
    let kept = kept.map_err(|bad| Problem::from_error(Code::BadRequest, &bad))?;
    let cluster = wish::read(&kept)?;
    if cluster.name != name {
        let detail = format!("the file is for cluster `{}`, the request for `{name}`", cluster.name);
        return Err(Problem::new(Code::BadRequest, detail).into());
    }
    permitted(&service, &cluster, apply.yes)?;
    drawable(&service, &cluster)?;
    let books = books(&service, &name).await?;
    let stuck = books.history().gave_up.is_some() || !books.history().tries.is_empty();
    let before = service.ledger().wish_text(&name).await.map_err(Failure::from)?;
    if before.as_deref() != Some(kept.as_str()) || apply.restart || stuck {
        known_chain(&service, &name).await?;
        let at_ms = SystemClock.now_ms();
        let written = service.ledger().write_wish(&name, &kept, apply.restart, at_ms).await;
        written.map_err(Failure::from)?;
    }
    service.clusters.tend(&name);
    let written = status::revision(&failure::books(&service, &name).await?);
    // What the report is about may still be the wish before; the answer names this one.
    let now = status_of(&service, &name).await?;
    Ok(Json(v1::ClusterStatus { revision: written, ..now }))
}

pub(crate) async fn remove(
    State(service): State<Arc<Service>>,
    Path(text): Path<String>,
) -> Answer<(StatusCode, Json<v1::ClusterStatus>)> {
    let name = name(&text)?;
    // Dropped unread: a wish that cannot be read any more can still be withdrawn.
    if service.ledger().drop_wish(&name, SystemClock.now_ms()).await?.is_none() {
        known(&service, &name).await?;
    }
    service.clusters.tend(&name);
    Ok((StatusCode::ACCEPTED, Json(status_of(&service, &name).await?)))
}

pub(crate) async fn token(
    State(service): State<Arc<Service>>,
    Path(text): Path<String>,
) -> Answer<Json<v1::Token>> {
    let name = name(&text)?;
    let books = known(&service, &name).await?;
    if books.wish.is_none() {
        return Err(
            Problem::new(Code::NotFound, format!("`{name}` is closed and has no token any more")).into()
        );
    }
    let token: Secret = service.world().vault.keys_of(&name)?.ray_token;
    Ok(Json(v1::Token { token }))
}

pub(crate) async fn plan(
    State(service): State<Arc<Service>>,
    Path(text): Path<String>,
    Json(request): Json<v1::PlanRequest>,
) -> Answer<Json<v1::Plan>> {
    let name = name(&text)?;
    let text = wish::text(&request.file, request.max_usd.as_deref());
    let cluster = wish::read(&text.map_err(|bad| Problem::from_error(Code::BadRequest, &bad))?)?;
    if cluster.name != name {
        let detail = format!("the file is for cluster `{}`, the request for `{name}`", cluster.name);
        return Err(Problem::new(Code::BadRequest, detail).into());
    }
    drawable(&service, &cluster)?;
    // Read before, so that damage to our own disk is told apart from a chain that does not answer.
    books(&service, &name).await?;
    let wish = Wish { cluster: cluster.clone(), restart: true, written_ms: SystemClock.now_ms() };
    let rehearsal = Rehearsal::of(&service.world);
    let seen = preview(&rehearsal, wish, &service.clusters.settings).await?;
    if let Some(why) = &seen.seen.view.unknown {
        return Err(unknown_version(why, &name));
    }
    let differs = |act: &&Act| !is_upkeep(act, &seen.seen.view);
    let changes: Vec<v1::Change> = seen.decision.acts.iter().filter(differs).map(change).collect();
    let restarts = |act: &Act| {
        matches!(act, Act::UpdateDeployment { .. })
            || (matches!(act, Act::OpenDeployment { .. }) && !seen.seen.view.placements.is_empty())
    };
    let deposit = seen.decision.acts.iter().find_map(|act| {
        let Act::OpenDeployment { deposit, .. } = act else { return None };
        Some(v1::Micro(deposit.amount))
    });
    let report = Report::unknown(SystemClock.now_ms());
    let hourly = per_hour(ceiling_per_block(&cluster, &seen.seen.view.tip).amount, &seen.seen.view.tip);
    Ok(Json(v1::Plan {
        name: name.to_string(),
        network: service.context.network.name().to_owned(),
        real_money: service.context.network.real_money(),
        needs_restart: seen.decision.acts.iter().any(restarts),
        changes,
        waiting: seen.decision.waiting.as_ref().map(|waiting| status::waiting_of(waiting, &report)),
        deposit_uact: deposit,
        most_usd_per_hour: Some(usd(hourly)),
        most_usd_total: cluster.budget.max_total.map(usd),
    }))
}

/// What the daemon does anyway, now and then, for a cluster that is as it should be: a provider gets its manifest once more.
fn is_upkeep(act: &Act, view: &View) -> bool {
    let Act::SendManifest { version, .. } = act else { return false };
    let current = view.current().map(|placed| &placed.at);
    matches!(current, Some(Placement::Leased(leased)) if leased.manifest == Manifest::Accepted(*version))
}

fn change(act: &Act) -> v1::Change {
    v1::Change { act: act.name().replace('-', "_"), detail: act.detail() }
}

/// What is on record; an error when nothing is.
pub(super) async fn known(service: &Service, name: &Name) -> Answer<Books> {
    let books = books(service, name).await?;
    let nothing = books.wish.is_none() && books.opened.is_empty() && books.facts.is_empty();
    if nothing { Err(no_cluster(name)) } else { Ok(books) }
}

async fn status_of(service: &Service, name: &Name) -> Answer<v1::ClusterStatus> {
    let books = books(service, name).await?;
    Ok(shown(service, name, Some(&books)))
}

/// Where a cluster stands by its last report, and by its books when they can be read.
fn shown(service: &Service, name: &Name, books: Option<&Books>) -> v1::ClusterStatus {
    let report = service.clusters.report(name).unwrap_or_else(|| Report::unknown(SystemClock.now_ms()));
    let head = report.near.as_ref().and_then(|near| service.world().heads.trouble(&near.lease));
    status::of(name.as_str(), &report, (books.unwrap_or(&report.books), head), &service.context)
}

/// A cluster whose books cannot be read.
fn unreadable(service: &Service, name: &Name, failure: Failure) -> v1::ClusterStatus {
    v1::ClusterStatus {
        state: v1::State::Waiting,
        phase: "its books cannot be read".to_owned(),
        last_code: Some(failure.0.code),
        last_error: Some(failure.0.detail),
        ..shown(service, name, None)
    }
}

/// Real money is spent only with a cap, and only when somebody agreed.
fn permitted(service: &Service, cluster: &Cluster, yes: bool) -> Answer<()> {
    if !service.context.network.real_money() {
        return Ok(());
    }
    if cluster.budget.max_per_hour.is_none() || cluster.budget.max_total.is_none() {
        let detail =
            "on a network with real money the file must set budget.max_usd_per_hour and budget.max_usd_total";
        return Err(Problem::new(Code::OverBudget, detail).into());
    }
    if yes {
        Ok(())
    } else {
        Err(Problem::new(Code::NotApproved, "this spends real money and nobody agreed to it").into())
    }
}

/// A wish that would spend on a chain that is not known is not written down. A chain that does not answer now is waited for later.
async fn known_chain(service: &Service, name: &Name) -> Answer<()> {
    let asked = service.world().chain.closes_only().await;
    asked.ok().flatten().map_or(Ok(()), |why| Err(unknown_version(&why, name)))
}

fn unknown_version(why: &str, name: &Name) -> Failure {
    let problem = Problem::new(Code::UnknownVersion, format!("{why}; only what closes is signed there"));
    problem.hint(format!("a newer rayakash may know it; `rayakash down {name}` closes what runs")).into()
}

/// What would fail later fails now, before anything is written down.
fn drawable(service: &Service, cluster: &Cluster) -> Answer<()> {
    let keys = service.world().vault.keys_or_throwaway(&cluster.name)?;
    let tip = rayakash_core::view::Tip {
        height: akash_types::Height(1),
        time_ms: 0,
        block_ms: service.context.network.block_ms(),
        stalled_since_ms: None,
    };
    let ceiling = ceiling_per_block(cluster, &tip);
    let none = std::collections::BTreeMap::new();
    let invalid =
        |error: blueprint::Undrawable| Failure::from(Problem::new(Code::InvalidFile, error.to_string()));
    let group = Mark { generation: 1, operation: keys.operation }.to_string();
    blueprint::draw(cluster, &keys, &none, ceiling.amount, &group).map(drop).map_err(invalid)
}
