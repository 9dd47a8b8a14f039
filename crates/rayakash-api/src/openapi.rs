//! The contract as an OpenAPI document, made from [`ROUTES`] and the types of [`crate::v1`].

use crate::error::{Code, Problem};
use crate::file::Diagnostic;
use crate::routes::{Answer, Method, ROUTES, Route};
use crate::v1;
use utoipa::OpenApi as _;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, OpenApi, Ref, Required, ResponseBuilder};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "rayakash", description = "Ray clusters on the Akash Network. Served on a unix socket."),
    servers((url = "http://localhost")),
    components(schemas(
        Code, Diagnostic, Problem,
        v1::AdoptRequest, v1::Apply, v1::Balance, v1::Budget, v1::Chain, v1::Change, v1::Check, v1::Claim, v1::ClaimRequest, v1::ClusterList,
        v1::ClusterStatus, v1::Cost, v1::CostRow, v1::DeploymentList, v1::Doctor, v1::Escrow, v1::Event, v1::Export, v1::Exposure, v1::Finding, v1::Frozen, v1::Funding,
        v1::GcRequest, v1::GrantRequest, v1::Health, v1::History, v1::Job, v1::JobId, v1::JobLog, v1::JobState, v1::Key, v1::KeyList, v1::Level, v1::LogLine, v1::MadeKey,
        v1::Micro, v1::Mnemonic, v1::Network, v1::NewKey, v1::Node, v1::NodeState, v1::OpenDeployment, v1::Plan, v1::PlanRequest, v1::Posting, v1::Provider,
        v1::RevokeRequest, v1::SetBudget, v1::State, v1::Submit, v1::Token, v1::Unlock, v1::Version, v1::Waiting, v1::Wallet,
    ))
)]
struct Components;

/// The document.
pub fn document() -> OpenApi {
    let mut document = Components::openapi();
    for route in ROUTES {
        let method = match route.method {
            Method::Get => HttpMethod::Get,
            Method::Post => HttpMethod::Post,
            Method::Put => HttpMethod::Put,
            Method::Delete => HttpMethod::Delete,
        };
        document.paths.add_path_operation(route.path, vec![method], operation(route));
    }
    document
}

fn operation(route: &Route) -> OperationBuilder {
    let text = || ObjectBuilder::new().schema_type(Type::String).build();
    let in_path = parameters(route.path).map(|name| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(text()))
    });
    let in_query = route.query.iter().map(|(name, meaning)| {
        let parameter =
            ParameterBuilder::new().name(*name).parameter_in(ParameterIn::Query).required(Required::False);
        parameter.description(Some(*meaning)).schema(Some(text()))
    });
    let body = route.body.map(|name| {
        RequestBodyBuilder::new()
            .content("application/json", schema(name))
            .required(Some(Required::True))
            .build()
    });
    let problem = ResponseBuilder::new()
        .description("It went wrong; `code` says how.")
        .content("application/problem+json", schema("Problem"));
    OperationBuilder::new()
        .summary(Some(route.summary))
        .operation_id(Some(operation_id(route)))
        .description(Some(format!("Scope: `{}`.", route.scope.as_str())))
        .parameters(Some(in_path.chain(in_query).map(ParameterBuilder::build)))
        .request_body(body)
        .response(route.done.0.to_string(), done(route))
        .response("default", problem)
}

fn done(route: &Route) -> ResponseBuilder {
    let response = ResponseBuilder::new().description(route.done.1);
    match route.answer {
        Answer::Json(name) => response.content("application/json", schema(name)),
        Answer::Events(name) => response.content("text/event-stream", schema(name)),
        Answer::Lines(name) => response.content("application/x-ndjson", schema(name)),
        Answer::Document => {
            response.content("application/json", Content::new(Some(ObjectBuilder::new().build())))
        }
        Answer::Empty | Answer::Bytes => response,
    }
}

fn schema(name: &str) -> Content {
    Content::new(Some(Ref::from_schema_name(name)))
}

/// The names in braces.
fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// `get_clusters_name_jobs`: unique, and a name in every language.
fn operation_id(route: &Route) -> String {
    let method = format!("{:?}", route.method).to_lowercase();
    let words = route
        .path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty() && *word != "v1");
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn references(value: &serde_json::Value, found: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(map) => {
                if let Some(name) = map.get("$ref").and_then(|name| name.as_str()) {
                    found.insert(name.to_owned());
                }
                map.values().for_each(|value| references(value, found));
            }
            serde_json::Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = serde_json::to_value(document()).unwrap();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 20);
        for name in found {
            assert!(document.pointer(name.trim_start_matches('#')).is_some(), "{name}");
        }
    }

    #[test]
    fn every_route_is_in_it_with_a_name_of_its_own() {
        let document = serde_json::to_value(document()).unwrap();
        let mut names = BTreeSet::new();
        for route in ROUTES {
            let method = format!("{:?}", route.method).to_lowercase();
            let operation = &document["paths"][route.path][&method];
            assert!(
                operation["description"].as_str().unwrap().contains(route.scope.as_str()),
                "{}",
                route.path
            );
            assert!(operation["responses"][route.done.0.to_string()]["description"].is_string());
            assert!(names.insert(operation_id(route)), "{} twice", operation_id(route));
        }
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["components"]["schemas"]["Micro"]["type"], "string");
    }
}
