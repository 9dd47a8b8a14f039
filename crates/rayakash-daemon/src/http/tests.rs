//! The whole daemon, without a chain that answers.

use std::net::TcpListener;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use rayakash_api::routes::{Method, ROUTES};
use rayakash_engine::tasks::Tasks;
use rayakash_ledger::Ledger;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::config::Config;

const FILE: &str = "apiVersion: rayakash/v1\ncluster_name: a\nhead_node_type: h\navailable_node_types:\n  h: { resources: { CPU: 1, memory: 2Gi } }\n";

/// A daemon in a directory of its own.
struct Daemon {
    home: tempfile::TempDir,
    endpoint: String,
    tasks: Tasks,
    service: Arc<Service>,
}

impl Daemon {
    async fn new(prepare: impl AsyncFnOnce(&Config)) -> Self {
        let home = tempfile::tempdir().unwrap();
        // Nobody listens there any more.
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let endpoint = format!("http://{gone}");
        let config = Config::localnet(home.path(), &endpoint);
        crate::private::dir(&config.paths.keys()).unwrap();
        prepare(&config).await;
        let tasks = Tasks::new();
        let service = Arc::new(crate::run::build(&config, &tasks).unwrap());
        Self { home, endpoint, tasks, service }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = router(Arc::clone(&self.service)).oneshot(request.body(body).unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), BODY_LIMIT).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// The router and the route table are two lists of the same thing.
#[test]
fn every_route_of_the_table_is_served_and_no_other() {
    let source = include_str!("../http.rs");
    let served: Vec<&str> = source.lines().filter_map(|line| line.trim().strip_prefix(".route(\"")).collect();
    for route in ROUTES {
        let method = match route.method {
            Method::Get => "get(",
            Method::Post => "post(",
            Method::Put => "put(",
            Method::Delete => "delete(",
        };
        let line = served.iter().find(|line| line.starts_with(&format!("{}\"", route.path)));
        assert!(line.is_some_and(|line| line.contains(method)), "{method} {}", route.path);
    }
    let paths: std::collections::BTreeSet<_> = ROUTES.iter().map(|route| route.path).collect();
    assert_eq!(served.len(), paths.len());
}

#[tokio::test]
async fn a_cap_that_is_no_amount_is_refused_and_nothing_is_written() {
    let daemon = Daemon::new(async |_| {}).await;
    for cap in ["ten", "", "5\nbudget: {}"] {
        let wish = json!({ "file": FILE, "max_usd": cap });
        let (status, problem) = daemon.ask("PUT", "/v1/clusters/a", Some(wish)).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("bad-request")), "{cap}");
    }
    assert_eq!(daemon.ask("GET", "/v1/clusters/a", None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_the_router_refuses_by_itself_is_a_problem_too() {
    let daemon = Daemon::new(async |_| {}).await;
    let no_wish = Some(json!({ "fil": FILE }));
    let table = [
        ("GET", "/v1/events?after=x", None, 400),
        ("DELETE", "/v1/version", None, 405),
        ("PUT", "/v1/clusters/a", no_wish, 422),
    ];
    for (method, path, body, wanted) in table {
        let (status, problem) = daemon.ask(method, path, body).await;
        assert_eq!((status.as_u16(), &problem["code"]), (wanted, &json!("bad-request")), "{method} {path}");
        assert_eq!(problem["status"], wanted, "{method} {path}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{method} {path}");
    }
}

/// The first key is made through a daemon, which may have been given the passphrase already.
#[tokio::test]
async fn a_passphrase_without_a_key_yet_keeps_no_daemon_from_starting() {
    let home = tempfile::tempdir().unwrap();
    let mut config = Config::localnet(home.path(), "http://127.0.0.1:9");
    config.passphrase = Some("correct horse".to_owned().into());
    crate::private::dir(&config.paths.keys()).unwrap();
    let tasks = Tasks::new();
    crate::run::build(&config, &tasks).unwrap();
    tasks.stop().await;
}

#[tokio::test]
async fn a_key_stays_while_it_pays_for_something() {
    let daemon = Daemon::new(async |config: &Config| {
        std::fs::write(config.paths.keys().join("default.json"), "{}").unwrap();
    })
    .await;
    let (status, now) = daemon.ask("PUT", "/v1/clusters/a", Some(json!({ "file": FILE }))).await;
    assert_eq!((status, &now["revision"]), (StatusCode::OK, &json!(1)));
    let (status, problem) = daemon.ask("DELETE", "/v1/keys/default", None).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["detail"], "`default` pays for a");
    assert_eq!(daemon.ask("DELETE", "/v1/clusters/a", None).await.0, StatusCode::ACCEPTED);
    assert_eq!(daemon.ask("DELETE", "/v1/keys/default", None).await.0, StatusCode::NO_CONTENT);
    daemon.tasks.stop().await;
}

#[tokio::test]
async fn a_wish_that_cannot_be_read_any_more_harms_nobody_else_and_can_be_withdrawn() {
    let daemon = Daemon::new(async |config: &Config| {
        let readable = crate::wish::read(FILE).unwrap();
        let ledger = Ledger::open(&config.paths.ledger("localnet"), move |_| Ok(readable.clone())).unwrap();
        ledger.write_wish(&"a".parse().unwrap(), "no cluster file", false, 1).await.unwrap();
    })
    .await;
    daemon.service.clusters.resume().await.unwrap();
    let (status, list) = daemon.ask("GET", "/v1/clusters", None).await;
    assert_eq!((status, &list["clusters"][0]["phase"]), (StatusCode::OK, &json!("its books cannot be read")));
    let (status, now) = daemon.ask("DELETE", "/v1/clusters/a", None).await;
    assert_eq!((status, &now["phase"]), (StatusCode::ACCEPTED, &json!("gone")));
    daemon.tasks.stop().await;
}

#[tokio::test]
async fn a_chain_that_is_gone_is_named_and_a_plan_leaves_nothing_behind() {
    let daemon = Daemon::new(async |_| {}).await;
    let (status, problem) = daemon.ask("POST", "/v1/clusters/a/plan", Some(json!({ "file": FILE }))).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_GATEWAY, &json!("unreachable")));
    assert!(!daemon.home.path().join("state/localnet/clusters/a").exists());
    daemon.ask("PUT", "/v1/clusters/a", Some(json!({ "file": FILE }))).await;
    let told = async {
        loop {
            let (_, status) = daemon.ask("GET", "/v1/clusters/a", None).await;
            let detail = status["waiting"]["detail"].as_str().unwrap_or_default().to_owned();
            if detail.contains(&daemon.endpoint) {
                return status;
            }
            tokio::task::yield_now().await;
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(60), told).await.unwrap();
    assert_eq!(
        (&status["phase"], &status["waiting"]["what"]),
        (&json!("chain stalled"), &json!("chain_stalled"))
    );
    assert!(status["waiting"]["since"].as_i64().unwrap() > 1_700_000_000);
    daemon.tasks.stop().await;
}

#[tokio::test]
async fn a_tunnel_needs_an_upgrade() {
    let daemon = Daemon::new(async |_| {}).await;
    let (status, problem) = daemon.ask("GET", "/v1/clusters/a/tunnel/8265", None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UPGRADE_REQUIRED, &json!("bad-request")));
    assert_eq!(problem["status"], 426);
}
