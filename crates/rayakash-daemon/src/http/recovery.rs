//! A key that is not safe, deployments that the ledger does not know, and such as nobody wants.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use rayakash_api::error::{Code, Problem};
use rayakash_api::v1;
use rayakash_core::spec::Name;
use rayakash_core::view::Frozen;

use super::failure::{Answer, Failure};
use crate::adopt::{self, AdoptError, Wanted};
use crate::claim;
use crate::service::Service;
use crate::survey::{Seen, Survey};
use crate::wish;

pub(crate) async fn claim(State(service): State<Arc<Service>>) -> Answer<Json<v1::Claim>> {
    Ok(Json(claimed(&service).await?))
}

pub(crate) async fn claim_now(
    State(service): State<Arc<Service>>,
    Json(request): Json<v1::ClaimRequest>,
) -> Answer<Json<v1::Claim>> {
    agreed(&service, request.yes, "a key is claimed")?;
    let world = service.world();
    if !claim::claim(&world.chain, &world.ledger).await? {
        return Err(no_key());
    }
    service.clusters.nudge_all();
    Ok(Json(claimed(&service).await?))
}

pub(crate) async fn adopt(
    State(service): State<Arc<Service>>,
    Json(request): Json<v1::AdoptRequest>,
) -> Answer<Json<v1::DeploymentList>> {
    let names = request.names.iter().map(|(dseq, name)| Ok((*dseq, super::failure::name(name)?)));
    let files = request.files.iter().map(|text| wish::read(text).map_err(Failure::from));
    let wanted = Wanted {
        dseqs: request.dseqs.clone(),
        names: names.collect::<Answer<_>>()?,
        files: files.collect::<Answer<_>>()?,
    };
    let mut survey = survey(&service).await?;
    let asked = wanted.dseqs.iter().chain(wanted.names.keys());
    all_there(&survey, asked)?;
    let done = adopt::adopt(service.world(), &mut survey, &wanted).await.map_err(|error| refused(&error))?;
    let withdrawn = adopt::withdraw(service.world(), &survey).await?;
    adopt::reconciled(service.world(), &survey).await?;
    if done.iter().any(Option::is_some) {
        claim::accept(&service.world().chain, service.ledger()).await?;
    }
    tend(&service, survey.seen.iter());
    let shown = survey.seen.iter().zip(done).map(|(seen, done)| seen.shown(&survey.tip, done));
    let withdrawn = withdrawn.iter().map(ToString::to_string).collect();
    Ok(Json(v1::DeploymentList { withdrawn, ..list(&service, shown.collect()) }))
}

pub(crate) async fn garbage(State(service): State<Arc<Service>>) -> Answer<Json<v1::DeploymentList>> {
    let survey = survey(&service).await?;
    let unwanted = survey.seen.iter().filter(|seen| seen.held.as_ref().is_none_or(|held| !held.kept));
    Ok(Json(list(&service, unwanted.map(|seen| seen.shown(&survey.tip, None)).collect())))
}

pub(crate) async fn collect(
    State(service): State<Arc<Service>>,
    Json(request): Json<v1::GcRequest>,
) -> Answer<Json<v1::DeploymentList>> {
    agreed(&service, request.yes, "deployments are closed")?;
    let mut survey = survey(&service).await?;
    all_there(&survey, request.dseqs.iter())?;
    let named = |seen: &Seen| request.dseqs.contains(&seen.dseq());
    if let Some(kept) =
        survey.seen.iter().find(|seen| named(seen) && seen.held.as_ref().is_some_and(|h| h.kept))
    {
        let cluster = kept.held.as_ref().map_or("", |held| held.cluster.as_str());
        let problem =
            Problem::new(Code::Conflict, format!("deployment {} is wanted by `{cluster}`", kept.dseq()));
        return Err(problem.hint(format!("rayakash down {cluster}")).into());
    }
    let closes = |seen: &Seen| if request.dseqs.is_empty() { seen.is_garbage() } else { named(seen) };
    for seen in survey.seen.iter().filter(|seen| closes(seen)) {
        let name = match &seen.held {
            Some(held) => super::failure::name(&held.cluster)?,
            // Without a wish and without an adoption a cluster is taken down.
            None => super::failure::name(&format!("gc-{}", seen.dseq()))?,
        };
        service.ledger().adopt(&name, &seen.found(&survey.tip), &survey.tip, false).await?;
    }
    adopt::refresh(service.world(), &mut survey).await?;
    adopt::reconciled(service.world(), &survey).await?;
    let closing: Vec<&Seen> = survey.seen.iter().filter(|seen| closes(seen)).collect();
    tend(&service, closing.iter().copied());
    let shown = closing.iter().map(|seen| seen.shown(&survey.tip, Some("closing")));
    Ok(Json(list(&service, shown.collect())))
}

async fn survey(service: &Service) -> Answer<Survey> {
    Survey::of(&service.world().chain, service.ledger()).await?.ok_or_else(no_key)
}

/// What was named must be there: a wrong number is not passed over in silence.
fn all_there<'a>(survey: &Survey, mut asked: impl Iterator<Item = &'a u64>) -> Answer<()> {
    let missing = asked.find(|dseq| survey.seen.iter().all(|seen| seen.dseq() != **dseq));
    missing.map_or(Ok(()), |dseq| {
        let detail = format!("this key has no open deployment {dseq}");
        Err(Problem::new(Code::NotFound, detail).hint("`rayakash gc` and `rayakash adopt` list them").into())
    })
}

fn tend<'a>(service: &Service, seen: impl Iterator<Item = &'a Seen>) {
    let names = seen.filter_map(|seen| seen.held.as_ref()?.cluster.parse::<Name>().ok());
    for name in names {
        service.clusters.tend(&name);
    }
    service.clusters.nudge_all();
}

fn list(service: &Service, deployments: Vec<v1::OpenDeployment>) -> v1::DeploymentList {
    let network = service.context.network;
    let (network, real_money) = (network.name().to_owned(), network.real_money());
    v1::DeploymentList { network, real_money, deployments, withdrawn: Vec::new() }
}

/// Why nothing is spent with the key, as a look and the books show it now.
async fn claimed(service: &Service) -> Answer<v1::Claim> {
    let network = service.context.network;
    let look = service.world().chain.look_at(&[]).await?;
    let missing = service.ledger().funds(&look.tip).await?.stopped.map(|stopped| v1::Frozen {
        what: "spending stopped: money is missing".to_owned(),
        seen: stopped.why,
        remedy: "`rayakash wallet claim` books it as foreign, and goes on".to_owned(),
    });
    Ok(v1::Claim {
        address: service.world().chain.owner().ok_or_else(no_key)?.to_string(),
        network: network.name().to_owned(),
        real_money: network.real_money(),
        frozen: look.frozen.as_ref().map(frozen_of).or(missing),
    })
}

pub(super) fn frozen_of(frozen: &Frozen) -> v1::Frozen {
    let (what, remedy) = (frozen.words().to_owned(), frozen.remedy().to_owned());
    v1::Frozen { what, seen: frozen.seen(), remedy }
}

/// With real money nothing of this happens unless somebody agreed.
fn agreed(service: &Service, yes: bool, what: &str) -> Answer<()> {
    if yes || !service.context.network.real_money() {
        return Ok(());
    }
    Err(Problem::new(Code::NotApproved, format!("{what}, and nobody agreed to it")).into())
}

fn no_key() -> Failure {
    Problem::new(Code::NotFound, "this context has no key yet").hint("`rayakash keys new` makes one").into()
}

fn refused(error: &AdoptError) -> Failure {
    let (code, hint) = match error {
        AdoptError::Locked => (Code::Locked, Some("rayakash keys unlock KEY")),
        AdoptError::Taken { .. } => (Code::Conflict, Some("give it another name: --name DSEQ=NAME")),
        AdoptError::Name(_) => (Code::BadRequest, None),
        AdoptError::Unavailable(_) => (Code::Unreachable, None),
        AdoptError::Ledger(_) | AdoptError::Io(_) => (Code::StateDamaged, None),
    };
    let problem = Problem::from_error(code, error);
    hint.map_or(problem.clone(), |hint| problem.hint(hint)).into()
}
