//! The gateway over real TLS: who is let in, what becomes of manifests, what can be seen.
//!
//! Statuses and texts are those that a real provider answered (provider afc4dd7).

mod client;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use akash_sdl::{Manifest, Sdl};
use akash_types::{Address, DeploymentId, Dseq, LeaseId};
use akash_wallet::certificate::{Identity, generate};
use async_trait::async_trait;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use self::client::{Tenant, Way};
use super::super::cluster::Cluster;
use super::super::facts::{BoxError, Facts, OnChain, Signer};
use super::super::pods::{Environment, Images, Ingress, Runtime, Shared};
use super::super::timers::Timers;
use super::*;
use crate::clock::unix_millis;
use crate::tasks::Tasks;

const DSEQ: u64 = 1_795_547_241_570;

const SDL: &str = r#"
version: "2.0"
services:
  web:
    image: test/sh
    command: ["/bin/sh", "-c"]
    args: ["echo up on $HOSTNAME; exec sleep 1000"]
    env: ["GREETING=a<b>&c"]
    expose:
      - port: 8080
        as: 9000
        to: [{global: true}]
  worker:
    image: test/sh
    command: ["/bin/sh", "-c"]
    args: ["echo worker; exec sleep 1000"]
    expose:
      - port: 7000
        to: [{service: web}]
profiles:
  compute:
    small:
      resources:
        cpu: {units: 0.1}
        memory: {size: 64Mi}
        storage: {size: 64Mi}
  placement:
    here:
      pricing:
        small: {denom: uact, amount: 100}
deployment:
  web:
    here: {profile: small, count: 1}
  worker:
    here: {profile: small, count: 2}
"#;

/// A chain with one tenant and one deployment.
struct Chain {
    tenant: Tenant,
    silent: Tenant,
    lease: LeaseId,
    hash: Mutex<Vec<u8>>,
    leased: AtomicBool,
}

#[async_trait]
impl Facts for Chain {
    async fn signer(&self, account: &Address) -> Result<Signer, BoxError> {
        Ok(match account {
            account if *account == self.tenant.address => Signer::Key(self.tenant.public_key()),
            account if *account == self.silent.address => Signer::Silent,
            _ => Signer::Unknown,
        })
    }

    async fn deployment(&self, id: &DeploymentId) -> Result<Option<OnChain>, BoxError> {
        let groups = Sdl::parse(SDL)?.groups()?;
        let hash = self.hash.lock().unwrap().clone();
        Ok((id == self.lease.deployment()).then(|| OnChain { hash, groups: vec![(1, groups[0].clone())] }))
    }

    async fn active_leases(&self, _: &DeploymentId) -> Result<Vec<LeaseId>, BoxError> {
        Ok(self.leased.load(Ordering::Acquire).then(|| self.lease.clone()).into_iter().collect())
    }
}

struct House {
    chain: Arc<Chain>,
    book: Arc<Book>,
    way: Way,
    tasks: Tasks,
    _home: TempDir,
}

fn manifest() -> Manifest {
    Sdl::parse(SDL).unwrap().manifest().unwrap()
}

async fn house() -> House {
    house_that_takes(Duration::ZERO).await
}

/// A house whose cluster takes this long for each step to running containers.
async fn house_that_takes(rollout: Duration) -> House {
    let home = TempDir::new().unwrap();
    let tasks = Tasks::under(&CancellationToken::new());
    let tenant = Tenant::new(7);
    let me = Tenant::new(8).address;
    let deployment = DeploymentId::new(tenant.address.clone(), Dseq::new(DSEQ).unwrap());
    let lease = deployment.group(1).order(1).bid(me.clone()).lease();
    let images = Images::new(home.path().join("cache")).with("test/sh", Environment::default());
    let shared = Shared {
        dir: home.path().join("leases"),
        images,
        isolation: crate::provider::Isolation::Host,
        tasks: Tasks::new(),
        ingress: Ingress::default(),
        public_host: "127.0.0.1".into(),
        rollout,
        main_is_first: false,
    };
    let runtime = Runtime::open(shared).unwrap();
    let book = Book::open(&home.path().join("manifests"), Some(runtime), Timers::default()).unwrap();
    let chain = Arc::new(Chain {
        tenant,
        silent: Tenant::new(9),
        lease,
        hash: Mutex::new(manifest().hash().to_vec()),
        leased: AtomicBool::new(false),
    });
    let now = unix_millis() / 1000;
    let identity: Identity = generate(&me, 1, now - 60, now + 3600, &["127.0.0.1".into()]).unwrap();
    let gateway =
        Gateway::new(me, Cluster::default(), Arc::clone(&chain) as Arc<dyn Facts>, Arc::clone(&book));
    let listener = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let way = Way::to(listener.local_addr().unwrap(), &identity);
    tasks.spawn("gateway", serve(tasks.clone(), listener, acceptor(&identity).unwrap(), gateway.router()));
    House { chain, book, way, tasks, _home: home }
}

impl House {
    /// A good token of the tenant, with one change.
    fn token(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let now = unix_millis() / 1000;
        let mut header = json!({ "alg": "ES256K", "typ": "JWT" });
        let mut claims = json!({
            "iss": self.chain.tenant.address.as_str(), "iat": now - 30, "nbf": now - 30, "exp": now + 600, "version": "v1",
            "leases": { "access": "full" },
        });
        change(&mut header, &mut claims);
        format!("Bearer {}", self.chain.tenant.sign(&header, &claims))
    }

    fn good(&self) -> String {
        self.token(|_, _| {})
    }

    async fn put(&self, body: &str) -> (u16, String) {
        self.way.ask("PUT", &format!("/deployment/{DSEQ}/manifest"), Some(&self.good()), body).await
    }

    async fn get(&self, path: &str) -> (u16, String) {
        self.way.ask("GET", path, Some(&self.good()), "").await
    }

    async fn end(self) {
        self.tasks.stop(Duration::from_secs(5)).await;
        self.book.stop().await;
    }
}

#[tokio::test]
async fn public_routes_and_unknown_ones() {
    let house = house().await;
    let me = house.chain.lease.provider.to_string();
    let (status, body) = house.way.ask("GET", "/status", None, "").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["address"], &body["bidengine"]["orders"]), (200, &json!(me), &json!(0)));
    assert_eq!(body["cluster"]["inventory"]["available"]["nodes"][0]["name"], "node1");
    for (method, path, token, wanted) in [
        ("GET", "/address", None, (200, format!("{{\"address\":\"{me}\"}}\n"))),
        ("GET", "/nope", None, (404, "404 page not found\n".into())),
        ("GET", "/validate", None, (404, "404 page not found\n".into())),
        ("POST", "/status", None, (405, String::new())),
        ("GET", "/status", Some("Basic xyz"), (400, "{\"message\":\"invalid authorization header\"}".into())),
    ] {
        assert_eq!(house.way.ask(method, path, token, "").await, wanted, "{method} {path}");
    }
    house.end().await;
}

#[tokio::test]
async fn who_is_let_in() {
    let house = house().await;
    let authenticated = (404, String::new());
    let refused = |status: u16, text: &str| (status, format!("{{\"message\":\"{text}\"}}"));
    let (unauthorized, invalid) = (refused(401, "unauthorized access"), refused(401, "JWT is invalid"));
    let (claims, header) =
        (refused(400, "JWT has invalid claims"), refused(400, "invalid authorization header"));
    let granular = |dseq: u64, scope: &str| {
        let provider = house.chain.lease.provider.as_str();
        json!({ "access": "granular", "permissions": [{ "provider": provider, "access": "granular", "deployments":
            [{ "scope": [scope], "dseq": dseq, "services": ["web"] }] }] })
    };
    let rows: Vec<(&str, Option<String>, &(u16, String))> = vec![
        ("nothing", None, &unauthorized),
        ("no bearer", Some("Token abc".into()), &header),
        ("two words", Some("Bearer a b".into()), &header),
        ("lower case", Some(house.good().replace("Bearer", "bearer")), &authenticated),
        ("garbage", Some("Bearer garbage".into()), &invalid),
        ("other algorithm", Some(house.token(|h, _| h["alg"] = json!("ES256"))), &invalid),
        ("no issuer", Some(house.token(|_, c| drop(c.as_object_mut().unwrap().remove("iss")))), &invalid),
        ("expired", Some(house.token(|_, c| c["exp"] = json!(1_700_000_000))), &claims),
        ("not yet", Some(house.token(|_, c| c["nbf"] = json!(99_999_999_999_u64))), &claims),
        ("issued ahead", Some(house.token(|_, c| c["iat"] = json!(99_999_999_999_u64))), &authenticated),
        ("version", Some(house.token(|_, c| c["version"] = json!("v2"))), &claims),
        ("access", Some(house.token(|_, c| c["leases"] = json!({ "access": "none" }))), &claims),
        ("audience", Some(house.token(|_, c| c["aud"] = json!("x"))), &authenticated),
        ("granular", Some(house.token(|_, c| c["leases"] = granular(1, "status"))), &authenticated),
        ("other deployment", Some(house.token(|_, c| c["leases"] = granular(2, "status"))), &unauthorized),
        ("other scope", Some(house.token(|_, c| c["leases"] = granular(1, "logs"))), &unauthorized),
    ];
    for (what, token, wanted) in rows {
        let found = house.way.ask("GET", "/lease/1/1/1/status", token.as_deref(), "").await;
        assert_eq!(&found, wanted, "{what}");
    }
    for (path, wanted) in [
        ("/lease/abc/1/1/status", (400, "strconv.ParseUint: parsing \"abc\": invalid syntax\n".to_owned())),
        (
            "/lease/1/99999999999/1/status",
            (400, "strconv.ParseUint: parsing \"99999999999\": value out of range\n".into()),
        ),
        ("/lease/0/0/0/status", (404, String::new())),
        ("/lease/1/1/1/manifest", (404, "lease not found\n".into())),
        ("/lease/1/1/1/service/web/status", (404, "kube: lease not found\n".into())),
    ] {
        assert_eq!(house.get(path).await, wanted, "{path}");
    }
    house.end().await;
}

#[tokio::test]
async fn an_account_that_never_signed_is_cut_off_and_one_that_does_not_exist_stops_all_lookups() {
    let house = house().await;
    let path = "/lease/1/1/1/status";
    let of = |tenant: &Tenant| house.token(|_, c| c["iss"] = json!(tenant.address.as_str()));
    let cut = house.way.bytes("GET", path, Some(&of(&house.chain.silent)), "").await;
    assert_eq!(cut, "", "not a byte");
    assert_eq!(house.get(path).await, (404, String::new()), "others are served");
    let unknown = of(&Tenant::new(10));
    let refused = (401, "{\"message\":\"JWT is invalid\"}".to_owned());
    assert_eq!(house.way.ask("GET", path, Some(&unknown), "").await, refused);
    let waits = house.way.bytes("GET", path, Some(&unknown), "");
    assert!(tokio::time::timeout(Duration::from_millis(300), waits).await.is_err(), "nothing any more");
    assert_eq!(house.get(path).await, (404, String::new()), "looked up before");
    assert_eq!(house.way.ask("GET", "/address", None, "").await.0, 200);
    house.end().await;
}

/// Binary frames of a command.
async fn run(house: &House, query: &str) -> Vec<String> {
    let path = format!("/lease/{DSEQ}/1/1/shell?{query}");
    let (frames, end) = house.way.socket(&path, &house.good()).await;
    assert_eq!(end, None, "it ends without a close frame");
    frames
}

#[tokio::test]
async fn commands_are_run_in_containers() {
    let house = house().await;
    house.chain.leased.store(true, Ordering::Release);
    house.book.follow(&[house.chain.lease.clone()].into());
    let id = "podIndex=0&service=web&tty=0&stdin=0&cmd0=id";
    assert_eq!(run(&house, id).await, ["f{\"exit_code\":0}\n"], "there is no lease");
    assert_eq!(house.put(&manifest().to_json()).await.0, 200);
    until("a pod", async || {
        house.get(&format!("/lease/{DSEQ}/1/1/status")).await.1.contains("\"ready_replicas\":2")
            && run(&house, id).await[0].starts_with('d')
    })
    .await;
    for (query, wanted) in [
        ("podIndex=0&service=web&tty=0&stdin=0&cmd0=sh&cmd1=-c&cmd2=exit%203", "f{\"exit_code\":3}\n"),
        (
            "podIndex=0&service=web&tty=0&stdin=0&cmd0=sh&cmd1=-c&cmd2=kill%20-9%20$$",
            "f{\"exit_code\":137}\n",
        ),
        (
            "podIndex=9&service=web&tty=0&stdin=0&cmd0=id",
            "f{\"exit_code\":0,\"message\":\"remote command execute error: pod index out of range: valid range is [0, 0]\"}\n",
        ),
        (
            "podIndex=0&service=no&tty=0&stdin=0&cmd0=id",
            "f{\"exit_code\":0,\"message\":\"kube: no service for that lease\"}\n",
        ),
        (
            "podIndex=0&service=web&tty=0&stdin=0&cmd0=no-such-program",
            "f{\"exit_code\":0,\"message\":\"command could not be executed because it does not exist\"}\n",
        ),
    ] {
        assert_eq!(run(&house, query).await, [wanted], "{query}");
    }
    let both = "podIndex=0&service=web&tty=0&stdin=0&cmd0=sh&cmd1=-c&cmd2=echo%20$GREETING;echo%20err%3E%262"
        .replace(';', "%3B");
    let mut said = run(&house, &both).await;
    said.sort();
    assert_eq!(said, ["da<b>&c\n", "eerr\n", "f{\"exit_code\":0}\n"], "the container's environment");
    let terminal = "podIndex=0&service=web&tty=1&stdin=0&cmd0=sh&cmd1=-c&cmd2=test%20-t%200%20-a%20-t%201%20%26%26%20echo%20yes";
    assert_eq!(run(&house, terminal).await, ["dyes\r\n", "f{\"exit_code\":0}\n"]);
    let missing = "podIndex=0&tty=0&stdin=0&cmd0=id";
    let refused =
        house.way.bytes_of_socket(&format!("/lease/{DSEQ}/1/1/shell?{missing}"), &house.good()).await;
    assert!(refused.starts_with("HTTP/1.1 400 ") && refused.ends_with("\r\n\r\n"), "{refused}");
    house.end().await;
}

#[tokio::test]
async fn verdicts_on_manifests() {
    let house = house().await;
    let good = manifest().to_json();
    let (status, body) = house.way.ask("PUT", "/deployment/4242/manifest", Some(&house.good()), &good).await;
    assert_eq!(body, "rpc error: code = NotFound desc = Deployment not found: key not found\n");
    assert_eq!(status, 500);
    let no_lease = (404, "no lease for deployment\n".to_owned());
    assert_eq!(house.put(&good).await, no_lease, "kept, but not run");
    assert_eq!(house.book.counts().manifests, 2, "one for each deployment that was named, there or not");
    house.chain.leased.store(true, Ordering::Release);
    let renamed = good.replace("\"name\":\"web\"", "\"name\":\"Web_1\"");
    let without_gpu = good.replacen("\"gpu\":{\"units\":{\"val\":\"0\"}},", "", 1);
    assert_ne!(without_gpu, good);
    let rows = [
        ("{", 422, "unexpected EOF"),
        ("", 422, "EOF"),
        ("{}", 422, "json: cannot unmarshal object into Go value of type v2beta3.Manifest"),
        ("[]", 422, "invalid manifest: manifest is empty"),
        (renamed.as_str(), 422, "invalid manifest: service \"Web_1\" name is invalid"),
        (without_gpu.as_str(), 500, "GPU must not be nil"),
        (&good.replace("\"count\":2", "\"count\":3"), 422, "manifest version validation failed"),
    ];
    for (body, status, text) in rows {
        assert_eq!(house.put(body).await, (status, format!("{text}\n")), "{text}");
    }
    let three = Manifest::from_json(good.replace("\"count\":2", "\"count\":3").as_bytes()).unwrap();
    *house.chain.hash.lock().unwrap() = three.hash().to_vec();
    let text = "manifest cross-validation error: group \"here\": service \"worker\": over-utilized replicas (3) > group spec \
                resources count (2)\n";
    assert_eq!(house.put(&three.to_json()).await, (422, text.to_owned()));
    house.end().await;
}

async fn until(what: &str, mut good: impl AsyncFnMut() -> bool) {
    for _ in 0..1000 {
        if good().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("in vain: {what}");
}

#[tokio::test]
async fn from_manifest_to_status_logs_events_and_the_end() {
    let house = house().await;
    house.chain.leased.store(true, Ordering::Release);
    house.book.follow(&[house.chain.lease.clone()].into());
    let lease = format!("/lease/{DSEQ}/1/1");
    let logs = format!("{lease}/logs?follow=false");
    let token = house.good();
    assert_eq!(house.way.socket(&logs, &token).await, (Vec::new(), Some((4001, String::new()))));
    assert_eq!(house.put(&manifest().to_json()).await, (200, String::new()));

    let mut status = Value::Null;
    until("three pods", async || {
        let (code, body) = house.get(&format!("{lease}/status")).await;
        status = serde_json::from_str(&body).unwrap_or_default();
        code == 200
            && status["services"]["web"]["ready_replicas"] == 1
            && status["services"]["worker"]["ready_replicas"] == 2
    })
    .await;
    let port = status["forwarded_ports"]["web"][0]["externalPort"].as_u64().unwrap();
    assert!((30_000..32_768).contains(&port));
    assert_eq!(
        status["forwarded_ports"],
        json!({ "web": [{ "host": "127.0.0.1", "port": 8080, "externalPort": port, "proto": "TCP", "name": "web" }] })
    );
    assert_eq!(
        status["services"]["worker"],
        json!({ "name": "worker", "available": 2, "total": 2, "uris": null, "observed_generation": 1, "replicas": 2,
                "updated_replicas": 2, "ready_replicas": 2, "available_replicas": 2 })
    );
    let (code, body) = house.get(&format!("{lease}/service/worker/status")).await;
    assert_eq!(
        (code, serde_json::from_str::<Value>(&body).unwrap()),
        (200, status["services"]["worker"].clone())
    );
    assert_eq!(house.get(&format!("{lease}/service/no/status")).await.1, "kube: no service for that lease\n");
    let (code, body) = house.get(&format!("{lease}/manifest")).await;
    assert_eq!((code, body.trim()), (200, manifest().to_json().as_str()));

    until("all log lines", async || house.way.socket(&logs, &token).await.0.len() == 3).await;
    let (frames, end) = house.way.socket(&format!("{lease}/logs?service=web&tail=1"), &token).await;
    assert!(
        frames[0].starts_with("{\"message\":\"up on web-") || frames[0].starts_with("{\"name\":\"web-"),
        "{frames:?}"
    );
    assert_eq!((frames.len(), end), (1, None), "it ends without a close frame");
    let none = house.way.socket(&format!("{lease}/logs?service=nosuch"), &token).await;
    assert_eq!(none, (Vec::new(), Some((4000, "no running pods".to_owned()))));
    let (events, end) = house.way.socket(&format!("{lease}/kubeevents"), &token).await;
    assert_eq!(end, Some((1000, String::new())));
    assert_eq!(events.iter().filter(|event| event.contains("\"reason\":\"Started\"")).count(), 3);

    house.chain.leased.store(false, Ordering::Release);
    house.book.follow(&[].into());
    assert_eq!(house.get(&format!("{lease}/status")).await, (404, String::new()));
    assert_eq!(house.put(&manifest().to_json()).await, (404, "no lease for deployment\n".to_owned()));
    until("the end of the namespace", async || {
        house.way.socket(&logs, &token).await.1 == Some((4001, String::new()))
    })
    .await;
    house.end().await;
}

/// As recorded: no word, then two words on what is not there yet, and 200 before anything is ready.
#[tokio::test]
async fn after_a_manifest_three_kinds_of_nothing_come_before_the_pods() {
    let house = house_that_takes(Duration::from_millis(1_500)).await;
    house.chain.leased.store(true, Ordering::Release);
    house.book.follow(&[house.chain.lease.clone()].into());
    let path = format!("/lease/{DSEQ}/1/1/status");
    assert_eq!(house.get(&path).await, (404, String::new()), "nobody has sent a manifest");
    assert_eq!(house.put(&manifest().to_json()).await, (200, String::new()));
    let mut seen: Vec<(u16, String)> = Vec::new();
    until("a status", async || {
        let (status, body) = house.get(&path).await;
        if seen.last().is_none_or(|(_, last)| *last != body) {
            seen.push((status, body));
        }
        status == 200
    })
    .await;
    let (_, status) = seen.pop().unwrap();
    let nothing = ["", "kube: lease not found\n", "kube: no deployments for lease\n"];
    assert_eq!(seen, nothing.map(|body| (404, body.to_owned())));
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["services"]["web"]["ready_replicas"], 0, "the container takes its time as well");
    assert_eq!(status["services"]["worker"]["total"], 2);

    house.chain.leased.store(false, Ordering::Release);
    house.book.follow(&[].into());
    assert_eq!(house.get(&path).await, (404, String::new()), "after the end there is one kind");
    until("the end of the pods", async || house.book.pods(&house.chain.lease).is_none()).await;
    assert_eq!(house.get(&path).await, (404, String::new()));
    house.end().await;
}

/// After an update the old pods go on until they end or are killed. The status tells of the new ones alone.
#[tokio::test]
async fn for_a_while_old_pods_are_in_logs_and_shell() {
    let house = house().await;
    house.chain.leased.store(true, Ordering::Release);
    house.book.follow(&[house.chain.lease.clone()].into());
    let quiet = "echo up on $HOSTNAME; exec sleep 1000";
    let stubborn = "trap '' TERM; echo up on $HOSTNAME; while :; do sleep 1; done";
    assert!(SDL.contains(quiet));
    let before = Sdl::parse(&SDL.replace(quiet, stubborn)).unwrap().manifest().unwrap();
    let lease = format!("/lease/{DSEQ}/1/1");
    let web = async || {
        let (_, body) = house.get(&format!("{lease}/status")).await;
        serde_json::from_str::<Value>(&body).unwrap_or_default()["services"]["web"].take()
    };
    let said = async || {
        let (frames, _) =
            house.way.socket(&format!("{lease}/logs?follow=false&service=web"), &house.good()).await;
        let lines = frames.iter().map(|frame| serde_json::from_str::<Value>(frame).unwrap());
        let mut lines: Vec<_> = lines.map(|line| line["message"].as_str().unwrap().to_owned()).collect();
        lines.sort();
        lines
    };
    let put = async |manifest: &Manifest| {
        *house.chain.hash.lock().unwrap() = manifest.hash().to_vec();
        assert_eq!(house.put(&manifest.to_json()).await, (200, String::new()));
    };
    put(&before).await;
    until("the old pod's word", async || said().await.len() == 1).await;
    let old = said().await;

    put(&manifest()).await;
    let counts = |service: &Value| {
        ["observed_generation", "total", "replicas", "updated_replicas", "ready_replicas", "available"]
            .map(|field| service[field].as_u64().unwrap_or_default())
    };
    until("the new pod", async || counts(&web().await) == [2, 1, 1, 1, 1, 1]).await;
    until("both pods' words", async || said().await.len() == 2).await;
    // It holds: nothing of this ends by itself within its grace.
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(said().await.len(), 2, "the logs have both");
        assert_eq!(counts(&web().await), [2, 1, 1, 1, 1, 1], "the status has the new one");
    }
    assert!(said().await.contains(&old[0]));
    let at = |index: u8| {
        format!("podIndex={index}&service=web&tty=0&stdin=0&cmd0=sh&cmd1=-c&cmd2=echo%20up%20on%20$HOSTNAME")
    };
    let mut names = Vec::new();
    for index in [0, 1] {
        names.push(run(&house, &at(index)).await[0].trim_start_matches('d').trim_end().to_owned());
    }
    names.sort();
    assert_eq!(names, said().await, "a shell can be opened in either");
    let range = |last: u8| {
        let text =
            format!("remote command execute error: pod index out of range: valid range is [0, {last}]");
        [format!("f{{\"exit_code\":0,\"message\":\"{text}\"}}\n")]
    };
    assert_eq!(run(&house, &at(9)).await, range(1));

    // What the end of its grace does.
    let pods = house.book.pods(&house.chain.lease).unwrap().pods();
    let old_pod = pods.iter().find(|pod| old[0].ends_with(&pod.name)).unwrap();
    old_pod.main().unwrap().signal(nix::sys::signal::Signal::SIGKILL);
    until("the end of the old pod", async || run(&house, &at(9)).await == range(0)).await;
    assert_eq!(said().await.len(), 1);
    house.end().await;
}

#[tokio::test]
async fn an_older_look_at_the_chain_does_not_end_a_lease_that_the_gateway_has_just_seen() {
    let house = house().await;
    house.chain.leased.store(true, Ordering::Release);
    assert_eq!(house.put(&manifest().to_json()).await, (200, String::new()));
    house.book.follow(&[].into());
    house.book.follow(&[].into());
    let path = format!("/lease/{DSEQ}/1/1/status");
    until("a status", async || house.get(&path).await.0 == 200).await;
    house.book.follow(&[house.chain.lease.clone()].into());
    assert_eq!(house.get(&path).await.0, 200);
    house.book.follow(&[].into());
    assert_eq!(house.get(&path).await, (404, String::new()), "seen, and then gone");
    house.end().await;
}
