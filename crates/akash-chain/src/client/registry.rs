//! What accounts publish about themselves and each other: providers, certificates, audits.

use akash_proto::akash::audit::v1 as audit;
use akash_proto::akash::cert::v1 as cert;
use akash_proto::akash::provider::v1beta4 as provider;
use akash_types::{Address, AuditedAttributes, Certificate, CertificateState, Provider};

use super::{At, Client, MESSAGE_LIMIT, optional, page, read, required};
use crate::ChainError;

impl Client {
    /// A provider's entry; `None` when it has none.
    pub async fn provider(&self, owner: &Address, at: At) -> Result<Option<Provider>, ChainError> {
        let what = "read the provider";
        let query = provider::QueryProviderRequest { owner: owner.to_string() };
        let answer = self
            .ask(what, at, query, |channel, query| async move {
                provider::query_client::QueryClient::new(channel).provider(query).await
            })
            .await;
        let Some(answer) = optional(answer)? else { return Ok(None) };
        let entry = required(what, answer.provider, "QueryProviderResponse", "provider")?;
        read(what, entry.try_into()).map(Some)
    }

    /// Every provider's entry.
    pub async fn providers(&self, at: At) -> Result<Vec<Provider>, ChainError> {
        let what = "list the providers";
        let answers = page::all(what, |pagination| async move {
            let query = provider::QueryProvidersRequest { pagination };
            let answer = self
                .ask(what, at, query, |channel, query| async move {
                    provider::query_client::QueryClient::new(channel)
                        .max_decoding_message_size(MESSAGE_LIMIT)
                        .providers(query)
                        .await
                })
                .await?;
            Ok((answer.providers, answer.pagination))
        })
        .await?;
        Ok(page::sound(what, answers))
    }

    /// What auditors signed for a provider.
    pub async fn audited(&self, owner: &Address, at: At) -> Result<Vec<AuditedAttributes>, ChainError> {
        let what = "list what auditors signed for the provider";
        let query = audit::QueryProviderAttributesRequest { owner: owner.to_string(), pagination: None };
        let answer = self
            .ask(what, at, query, |channel, query| async move {
                audit::query_client::QueryClient::new(channel)
                    .max_decoding_message_size(MESSAGE_LIMIT)
                    .provider_attributes(query)
                    .await
            })
            .await;
        Ok(optional(answer)?.map(|answer| page::sound(what, answer.providers)).unwrap_or_default())
    }

    /// An account's certificates, all of them, or the one with a serial number (decimal text), or those in a state.
    pub async fn certificates(
        &self,
        owner: &Address,
        serial: Option<&str>,
        state: Option<CertificateState>,
        at: At,
    ) -> Result<Vec<Certificate>, ChainError> {
        let what = "list the certificates";
        let state = match state {
            None | Some(CertificateState::Unrecognised(_)) => "",
            Some(CertificateState::Valid) => "valid",
            Some(CertificateState::Revoked) => "revoked",
        };
        let filter = cert::CertificateFilter {
            owner: owner.to_string(),
            serial: serial.unwrap_or_default().to_owned(),
            state: state.to_owned(),
        };
        let answers = page::all(what, |pagination| {
            let query = cert::QueryCertificatesRequest { filter: Some(filter.clone()), pagination };
            async move {
                let answer = self
                    .ask(what, at, query, |channel, query| async move {
                        cert::query_client::QueryClient::new(channel)
                            .max_decoding_message_size(MESSAGE_LIMIT)
                            .certificates(query)
                            .await
                    })
                    .await?;
                Ok((answer.certificates, answer.pagination))
            }
        })
        .await?;
        Ok(page::sound(what, answers))
    }
}
