//! Reaching into a cluster that runs.

use rayakash_api::error::{Code, Problem};
use rayakash_core::spec::Name;
use rayakash_engine::NodeView;

use super::failure::{Answer, no_cluster};
use crate::service::Service;

/// The lease of a cluster from close by.
pub(super) async fn near(service: &Service, name: &Name) -> Answer<NodeView> {
    let report = service.clusters.first_report(name).await.ok_or_else(|| no_cluster(name))?;
    report.near.ok_or_else(|| {
        Problem::new(Code::NotReady, format!("`{name}` has no running nodes: {}", report.words))
            .hint(format!("`rayakash status {name}` shows what it waits for"))
            .into()
    })
}

/// Where its gate is.
pub(super) async fn gate(service: &Service, name: &Name) -> Answer<(String, u16)> {
    near(service, name).await?.gate.ok_or_else(|| {
        Problem::new(Code::NotReady, format!("the head of `{name}` cannot be reached yet"))
            .hint(format!("`rayakash status {name}` shows what it waits for"))
            .into()
    })
}
