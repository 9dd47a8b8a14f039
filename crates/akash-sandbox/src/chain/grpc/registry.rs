//! Queries about certificates, providers and what auditors signed.

use akash_proto::akash::{audit, cert, provider};
use akash_types::AuditedAttributes;
use cosmos_sdk_proto::cosmos::base::query::v1beta1::PageRequest;
use tonic::{Code, Request, Response, Status};

use super::page::{page, passes, passes_text, state_filter};
use super::{answer, refused};
use crate::market::State;
use crate::market::refuse::PROVIDER_NOT_FOUND;

#[tonic::async_trait]
impl cert::v1::query_server::Query for super::Api {
    async fn certificates(
        &self,
        request: Request<cert::v1::QueryCertificatesRequest>,
    ) -> Result<Response<cert::v1::QueryCertificatesResponse>, Status> {
        let state = self.state(&request)?;
        let cert::v1::QueryCertificatesRequest { filter, pagination } = request.into_inner();
        let f = filter.unwrap_or_default();
        let wanted = state_filter(&f.state, &[("valid", 1), ("revoked", 2)])?;
        let items = state.certificates.iter().map(|((owner, serial), certificate)| {
            let fits = passes_text(&f.owner, owner.as_str())
                && passes(&f.serial, serial)
                && wanted.is_none_or(|w| w == certificate.state.to_wire());
            (format!("{owner}/{serial}"), fits.then(|| certificate.into()))
        });
        let (certificates, pagination) = page(items, pagination, wanted.is_some())?;
        Ok(answer(&state, cert::v1::QueryCertificatesResponse { certificates, pagination }))
    }
}

#[tonic::async_trait]
impl provider::v1beta4::query_server::Query for super::Api {
    async fn providers(
        &self,
        request: Request<provider::v1beta4::QueryProvidersRequest>,
    ) -> Result<Response<provider::v1beta4::QueryProvidersResponse>, Status> {
        let state = self.state(&request)?;
        // The only list that a node keeps by the bytes of the addresses, not by their text.
        let mut entries: Vec<_> = state.providers.iter().collect();
        entries.sort_by_cached_key(|(owner, _)| owner.to_bytes());
        let items = entries.into_iter().map(|(owner, entry)| (owner.to_string(), Some(entry.into())));
        let (providers, pagination) = page(items, request.into_inner().pagination, true)?;
        Ok(answer(&state, provider::v1beta4::QueryProvidersResponse { providers, pagination }))
    }

    async fn provider(
        &self,
        request: Request<provider::v1beta4::QueryProviderRequest>,
    ) -> Result<Response<provider::v1beta4::QueryProviderResponse>, Status> {
        let state = self.state(&request)?;
        let owner = request.into_inner().owner;
        let owner = owner.parse().map_err(|_| Status::invalid_argument("invalid address"))?;
        let found = state.providers.get(&owner);
        let found = found.ok_or_else(|| refused(Code::NotFound, PROVIDER_NOT_FOUND))?;
        Ok(answer(&state, provider::v1beta4::QueryProviderResponse { provider: Some(found.into()) }))
    }
}

type Audited = Result<Response<audit::v1::QueryProvidersResponse>, Status>;

fn audited(
    state: &State,
    pagination: Option<PageRequest>,
    wanted: impl Fn(&AuditedAttributes) -> bool,
) -> Audited {
    let items = state
        .audited
        .iter()
        .map(|((owner, auditor), entry)| (format!("{owner}/{auditor}"), wanted(entry).then(|| entry.into())));
    let (providers, _) = page(items, pagination, true)?;
    // A node tells nothing of pages here.
    let pagination = None;
    Ok(answer(state, audit::v1::QueryProvidersResponse { providers, pagination }))
}

#[tonic::async_trait]
impl audit::v1::query_server::Query for super::Api {
    async fn all_providers_attributes(
        &self,
        request: Request<audit::v1::QueryAllProvidersAttributesRequest>,
    ) -> Audited {
        let state = self.state(&request)?;
        audited(&state, request.into_inner().pagination, |_| true)
    }

    async fn provider_attributes(
        &self,
        request: Request<audit::v1::QueryProviderAttributesRequest>,
    ) -> Audited {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        audited(&state, asked.pagination, |entry| entry.owner.as_str() == asked.owner)
    }

    async fn provider_auditor_attributes(
        &self,
        request: Request<audit::v1::QueryProviderAuditorRequest>,
    ) -> Audited {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        audited(&state, None, |entry| {
            entry.owner.as_str() == asked.owner && entry.auditor.as_str() == asked.auditor
        })
    }

    async fn auditor_attributes(
        &self,
        request: Request<audit::v1::QueryAuditorAttributesRequest>,
    ) -> Audited {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        audited(&state, asked.pagination, |entry| entry.auditor.as_str() == asked.auditor)
    }
}
