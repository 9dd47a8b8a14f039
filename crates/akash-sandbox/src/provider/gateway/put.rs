//! `PUT /deployment/{dseq}/manifest`: the verdict, in the real provider's order.

use std::sync::Arc;

use akash_sdl::{Manifest, ManifestError};
use akash_types::{DeploymentId, GroupSpec};
use akash_wallet::Scope;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;

use super::access::{Caller, Numbers};
use super::{Gateway, reply};
use crate::provider::facts::BoxError;

/// Why a manifest is not taken.
#[derive(Debug, thiserror::Error)]
enum Verdict {
    #[error("{0}")]
    Manifest(#[from] ManifestError),
    #[error("manifest version validation failed")]
    Version,
    #[error("rpc error: code = NotFound desc = Deployment not found: key not found")]
    NoDeployment,
    #[error("no lease for deployment")]
    NoLease,
    #[error("{0}")]
    Chain(BoxError),
}

impl Verdict {
    const fn status(&self) -> u16 {
        match self {
            Self::Manifest(problem) => problem.status(),
            Self::Version => 422,
            Self::NoLease => 404,
            Self::NoDeployment | Self::Chain(_) => 500,
        }
    }
}

/// The route. 200 says that the manifest was taken, not that anything runs.
pub(super) async fn manifest(
    State(gateway): State<Arc<Gateway>>,
    Extension(caller): Extension<Caller>,
    Path(numbers): Path<Numbers>,
    body: Bytes,
) -> Response {
    let deployment = match caller.deployment(&gateway.me, &numbers, Scope::SendManifest) {
        Ok(deployment) => deployment,
        Err(refusal) => return refusal,
    };
    match take(&gateway, deployment, &body).await {
        Ok(()) => reply::empty(200),
        Err(verdict) => reply::text(verdict.status(), &verdict.to_string()),
    }
}

/// Decode, rules of the manifest alone, version hash, rules that need the groups on chain, lease. Any attempt for a
/// deployment stops the clock that closes leases without a manifest; without a lease the manifest is kept all the same.
async fn take(gateway: &Gateway, deployment: Option<DeploymentId>, body: &[u8]) -> Result<(), Verdict> {
    let manifest = Manifest::from_json(body)?;
    let deployment = deployment.ok_or(Verdict::NoDeployment)?;
    gateway.book.heard(&deployment);
    let found = gateway.facts.deployment(&deployment).await.map_err(Verdict::Chain)?;
    let on_chain = found.ok_or(Verdict::NoDeployment)?;
    manifest.validate()?;
    if manifest.hash().as_slice() != on_chain.hash {
        return Err(Verdict::Version);
    }
    let groups: Vec<GroupSpec> = on_chain.groups.iter().map(|(_, spec)| spec.clone()).collect();
    manifest.check_against(&groups)?;
    let leases = gateway.facts.active_leases(&deployment).await.map_err(Verdict::Chain)?;
    let names = on_chain.groups.into_iter().map(|(gseq, spec)| (gseq, spec.name)).collect();
    gateway.book.keep(&deployment, manifest, names).map_err(|e| Verdict::Chain(e.into()))?;
    if leases.is_empty() {
        return Err(Verdict::NoLease);
    }
    for lease in leases {
        gateway.book.deploy_early(&lease);
    }
    Ok(())
}
