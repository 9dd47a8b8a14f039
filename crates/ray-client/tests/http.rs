//! How the client takes what a head, or something in its place, answers.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use ray_client::{Connector, Error, Job, JobStatus, Ray, Recovery, Stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;

/// Connections come out at the other end of a channel, where the test plays the head.
struct Pipe(mpsc::UnboundedSender<DuplexStream>);

#[async_trait::async_trait]
impl Connector for Pipe {
    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        self.0.send(theirs).map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        Ok(Box::new(ours))
    }
}

struct Head(mpsc::UnboundedReceiver<DuplexStream>);

#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code outside of a #[test] function")]
impl Head {
    fn new() -> (Ray, Self) {
        let (send, receive) = mpsc::unbounded_channel();
        (Ray::new(Arc::new(Pipe(send)), "the-token".to_owned().into()), Self(receive))
    }

    /// Reads one request, answers with these bytes, and hangs up. Gives the request.
    async fn serve(&mut self, answer: impl AsRef<[u8]>) -> String {
        let (mut stream, request) = self.request().await;
        // A client that has heard enough hangs up first.
        drop(stream.write_all(answer.as_ref()).await);
        request
    }

    async fn request(&mut self) -> (DuplexStream, String) {
        let mut stream = self.0.recv().await.unwrap();
        let mut got = Vec::new();
        loop {
            let mut chunk = [0; 4096];
            let n = stream.read(&mut chunk).await.unwrap();
            got.extend_from_slice(&chunk[..n]);
            let text = String::from_utf8(got.clone()).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length =
                head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return (stream, text);
            }
        }
    }
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Type: application/json\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn job(env: &[(&str, &str)]) -> Job {
    Job {
        entrypoint: "echo hello".to_owned(),
        submission_id: "j-1".to_owned(),
        env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        metadata: BTreeMap::from([("by".to_owned(), "test".to_owned())]),
    }
}

const RETRY: Recovery = Recovery::Retry { after: Duration::from_secs(1) };

#[tokio::test]
async fn version_with_the_token() {
    let (ray, mut head) = Head::new();
    let (version, request) = tokio::join!(ray.version(), async {
        head.serve(answer("200 OK", include_str!("fixtures/version.json"))).await
    });
    let version = version.unwrap();
    assert_eq!(version.ray, "2.60.0");
    assert!(version.session.starts_with("session_2026-"));
    let lower = request.to_lowercase();
    assert!(lower.starts_with("get /api/version http/1.1\r\n"), "{request}");
    assert!(lower.contains("\r\nauthorization: bearer the-token\r\n"), "{request}");
}

#[tokio::test]
async fn nodes_in_chunks_and_slowly() {
    let (ray, mut head) = Head::new();
    let body = include_str!("fixtures/nodes.json");
    let serve = async {
        let (mut stream, _) = head.request().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
        for piece in body.as_bytes().chunks(100) {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.unwrap();
            stream.write_all(piece).await.unwrap();
            stream.write_all(b"\r\n").await.unwrap();
            tokio::task::yield_now().await;
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    };
    let (nodes, ()) = tokio::join!(ray.instances(), serve);
    assert_eq!(nodes.unwrap().len(), 3);
}

#[tokio::test]
async fn refusals_and_faults() {
    let trace = "Traceback (most recent call last):\n  File \"x\"\nTypeError: JobSubmitRequest.__init__() got an unexpected keyword\n";
    for (raw, want, recovery) in [
        (
            answer("401 Unauthorized", "Unauthorized: Missing authentication token"),
            "Ray refuses the token for GET /api/version (401)",
            Recovery::Refresh,
        ),
        (
            answer("403 Forbidden", "Forbidden"),
            "Ray refuses the token for GET /api/version (403)",
            Recovery::Refresh,
        ),
        (
            answer("404 Not Found", "404: Not Found"),
            "Ray knows nothing of GET /api/version",
            Recovery::GiveUp,
        ),
        (
            answer("400 Bad Request", trace),
            "Ray refuses GET /api/version (400): TypeError: JobSubmitRequest.__init__() got an unexpected keyword",
            Recovery::GiveUp,
        ),
        (
            answer("500 Internal Server Error", "gcs is away"),
            "Ray failed at GET /api/version (500): gcs is away",
            RETRY,
        ),
        (answer("200 OK", "success"), "cannot read Ray's answer to GET /api/version", Recovery::GiveUp),
        (
            answer("200 OK", "{\"version\":\"4\"}"),
            "cannot read Ray's answer to GET /api/version",
            Recovery::GiveUp,
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
            "the connection ended before Ray answered GET /api/version",
            RETRY,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ray_ver".to_vec(),
            "the connection ended before Ray answered GET /api/version",
            RETRY,
        ),
        (Vec::new(), "the connection ended before Ray answered GET /api/version", RETRY),
    ] {
        let (ray, mut head) = Head::new();
        let (got, _) = tokio::join!(ray.version(), head.serve(&raw));
        let error = got.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.recovery()), (want, recovery));
    }
}

#[tokio::test]
async fn a_body_without_end() {
    let (ray, mut head) = Head::new();
    let serve = async {
        let (mut stream, _) = head.request().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await.unwrap();
        while stream.write_all(&[b' '; 64 << 10]).await.is_ok() {}
    };
    let (got, ()) = tokio::join!(ray.version(), serve);
    let error = got.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 16_777_216, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_says_nothing() {
    let (ray, mut head) = Head::new();
    let (got, kept) = tokio::join!(ray.version(), head.request());
    assert!(matches!(got.unwrap_err(), Error::Timeout { seconds: 30, .. }));
    drop(kept);
}

#[tokio::test]
async fn nothing_to_connect_to() {
    let (ray, head) = Head::new();
    drop(head);
    let error = ray.version().await.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.recovery()),
        ("cannot connect to the Ray head for GET /api/version", RETRY)
    );
}

#[tokio::test]
async fn what_is_submitted() {
    let (ray, mut head) = Head::new();
    let taken = answer("200 OK", r#"{"job_id": "j-1", "submission_id": "j-1"}"#);
    let plain = job(&[]);
    let (got, request) = tokio::join!(ray.submit(&plain), head.serve(&taken));
    got.unwrap();
    assert!(request.starts_with("POST /api/jobs/ HTTP/1.1\r\n"), "{request}");
    assert!(
        request.ends_with(r#"{"entrypoint":"echo hello","metadata":{"by":"test"},"submission_id":"j-1"}"#),
        "{request}"
    );
    let with_env = job(&[("A", "1")]);
    let (got, request) = tokio::join!(ray.submit(&with_env), head.serve(&taken));
    got.unwrap();
    assert!(request.contains(r#""runtime_env":{"env_vars":{"A":"1"}}"#), "{request}");
}

#[tokio::test]
async fn a_submission_in_doubt() {
    let (ray, mut head) = Head::new();
    let job = job(&[]);
    let (got, _) = tokio::join!(ray.submit(&job), head.serve(b""));
    assert_eq!(got.unwrap_err().recovery(), Recovery::Look);
    // The same again finds the first.
    let (got, _) = tokio::join!(
        ray.submit(&job),
        head.serve(answer("500 Internal Server Error", include_str!("fixtures/submit-again.txt")))
    );
    let error = got.unwrap_err();
    assert!(matches!(&error, Error::JobExists { submission_id } if submission_id == "j-1"), "{error}");
    assert_eq!(error.recovery(), Recovery::Look);
}

#[tokio::test]
async fn jobs_are_found_and_stopped() {
    let (ray, mut head) = Head::new();
    let (got, request) = tokio::join!(
        ray.job("../x"),
        head.serve(answer("200 OK", include_str!("fixtures/job-running.json")))
    );
    assert_eq!(got.unwrap().status, JobStatus::Running);
    assert!(request.starts_with("GET /api/jobs/%2E%2E%2Fx HTTP/1.1\r\n"), "{request}");
    let (got, _) = tokio::join!(ray.jobs(), head.serve(answer("200 OK", include_str!("fixtures/jobs.json"))));
    assert_eq!(got.unwrap().len(), 3);
    let (got, request) =
        tokio::join!(ray.stop_job("long-1"), head.serve(answer("200 OK", r#"{"stopped": true}"#)));
    assert!(got.unwrap());
    assert!(request.starts_with("POST /api/jobs/long-1/stop HTTP/1.1\r\n"), "{request}");
}

fn looks(status: &str, logs: &str) -> [Vec<u8>; 2] {
    let info = serde_json::json!({"submission_id": "j-1", "status": status, "driver_exit_code": null});
    [answer("200 OK", &info.to_string()), answer("200 OK", &serde_json::json!({"logs": logs}).to_string())]
}

/// Plays these answers, one connection each, and gives what the follower said.
async fn follow(answers: Vec<Vec<u8>>) -> Vec<Result<String, Error>> {
    let (ray, mut head) = Head::new();
    let serve = async {
        for answer in &answers {
            head.serve(answer).await;
        }
        head
    };
    tokio::join!(ray.follow("j-1").collect::<Vec<_>>(), serve).0
}

#[tokio::test(start_paused = true)]
async fn output_as_it_comes() {
    let mut answers = Vec::new();
    for (status, logs) in [
        ("PENDING", ""),
        ("RUNNING", "one\n"),
        ("RUNNING", "one\n"),
        ("RUNNING", "one\ntwö"),
        ("SUCCEEDED", "one\ntwö\nend"),
    ] {
        answers.extend(looks(status, logs));
    }
    // The head restarts in between.
    answers.insert(4, answer("500 Internal Server Error", ""));
    answers.insert(5, Vec::new());
    let got: Vec<String> = follow(answers).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(got, ["one\n", "twö", "\nend"]);
}

#[tokio::test(start_paused = true)]
async fn output_that_begins_anew() {
    let answers = [looks("RUNNING", "long ago"), looks("FAILED", "new")].concat();
    let got: Vec<String> = follow(answers).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(got, ["long ago", "new"]);
}

#[tokio::test(start_paused = true)]
async fn output_of_no_job_and_of_a_lost_head() {
    let got = follow(vec![answer("404 Not Found", "Job nope does not exist")]).await;
    assert!(matches!(got.as_slice(), [Err(Error::NotFound { .. })]), "{got:?}");

    let (ray, head) = Head::new();
    drop(head);
    let got: Result<Vec<String>, Error> = ray.follow("j-1").try_collect().await;
    assert!(matches!(got, Err(Error::Connect { .. })), "{got:?}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_from_submission_to_result() {
    let (ray, mut head) = Head::new();
    let [running, _] = looks("RUNNING", "");
    let [done, _] = looks("SUCCEEDED", "");
    let serve = async {
        let submitted = head.serve(answer("200 OK", r#"{"job_id": "p-1", "submission_id": "p-1"}"#)).await;
        for answer in [running, done, answer("200 OK", include_str!("fixtures/probe-logs.json"))] {
            head.serve(&answer).await;
        }
        submitted
    };
    let (probe, submitted) = tokio::join!(ray.probe("print(1)", "p-1"), serve);
    assert_eq!(probe.unwrap().nodes.len(), 3);
    assert!(submitted.contains("exec(base64.b64decode('cHJpbnQoMSk='))"), "{submitted}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_says_nothing() {
    let (ray, mut head) = Head::new();
    let [failed, logs] = looks("FAILED", "no module named ray");
    let serve = async {
        for answer in [answer("200 OK", "{}"), failed, logs] {
            head.serve(&answer).await;
        }
    };
    let (got, ()) = tokio::join!(ray.probe("import ray", "p-1"), serve);
    assert_eq!(got.unwrap_err().to_string(), "the probe job p-1 is FAILED and printed no result: ");
}
