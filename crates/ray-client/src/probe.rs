//! The readiness probe: a job that runs a task on every node, with an object in and an object out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::{Error, Job, JobInfo, Ray};

/// Begins the script's line of results.
const MARK: &str = "RAYAKASH-PROBE ";
const LOOK: Duration = Duration::from_millis(200);
/// The script gives its tasks 20 s; before them the job has to start, which takes 10 s on a slow head.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the probe found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Probe {
    /// Whether every node answered.
    pub ok: bool,
    /// One row for each node that was ALIVE then.
    pub nodes: Vec<ProbedNode>,
}

/// How one node answered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProbedNode {
    /// Ray's id of the node.
    pub node_id: String,
    /// The node's own instance id, unless it did not answer.
    pub instance_id: Option<String>,
    /// Its address.
    pub ip: String,
    /// Whether the task ran there and its object came back whole.
    pub ok: bool,
    /// When its answer was there, milliseconds after all tasks were sent.
    pub millis: u64,
    /// Why not.
    pub error: Option<String>,
}

impl Probe {
    /// What keeps the expected instances from being ready, by instance; empty when nothing does.
    #[must_use]
    pub fn failures(&self, expected: &BTreeSet<String>) -> BTreeMap<String, String> {
        let mut failures: BTreeMap<_, _> =
            expected.iter().map(|id| (id.clone(), "not probed".to_owned())).collect();
        for node in self.nodes.iter().filter(|n| n.ok) {
            node.instance_id.as_ref().and_then(|id| failures.remove(id));
        }
        // A node that did not answer has not said who it is either.
        for node in self.nodes.iter().filter(|n| !n.ok) {
            let name = node.instance_id.clone().unwrap_or_else(|| format!("{} ({})", node.node_id, node.ip));
            failures.insert(name, node.error.clone().unwrap_or_default());
        }
        failures
    }
}

impl Ray {
    /// Runs the probe `script` (Python) as a job and gives what it found. Takes some 3 s.
    ///
    /// # Errors
    /// [`Error::NoProbe`] when the job ends, or a minute passes, without a result.
    pub async fn probe(&self, script: &str, submission_id: &str) -> Result<Probe, Error> {
        let code = STANDARD.encode(script);
        let job = Job {
            entrypoint: format!("python -c \"import base64;exec(base64.b64decode('{code}'))\""),
            submission_id: submission_id.to_owned(),
            env: BTreeMap::new(),
            metadata: BTreeMap::new(),
        };
        self.submit(&job).await?;
        let begin = Instant::now();
        loop {
            let info = self.job(submission_id).await?;
            let late = begin.elapsed() > PATIENCE;
            if late && !info.status.terminal() {
                self.stop_job(submission_id).await?;
            }
            if late || info.status.terminal() {
                return read(&self.job_logs(submission_id).await?)
                    .ok_or_else(|| no_probe(submission_id, info));
            }
            sleep(LOOK).await;
        }
    }
}

fn no_probe(submission_id: &str, info: JobInfo) -> Error {
    Error::NoProbe {
        submission_id: submission_id.to_owned(),
        status: info.status.to_string(),
        message: info.message.unwrap_or_default(),
    }
}

/// The output also holds the command itself, so the last such line counts.
fn read(output: &str) -> Option<Probe> {
    output.lines().rev().find_map(|line| serde_json::from_str(line.strip_prefix(MARK)?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded() -> Probe {
        let answer: serde_json::Value =
            serde_json::from_str(include_str!("../tests/fixtures/probe-logs.json")).unwrap();
        read(answer["logs"].as_str().unwrap()).unwrap()
    }

    fn ids(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&n| n.to_owned()).collect()
    }

    #[test]
    fn three_nodes_of_a_real_head() {
        let probe = recorded();
        assert!(probe.ok);
        let expected = ids(&[
            "1700000000000/1/1/ray-head/pod-1",
            "1700000000000/1/1/ray-w/pod-2",
            "1700000000000/1/1/ray-w/pod-3",
        ]);
        assert_eq!(probe.failures(&expected), BTreeMap::new());
        assert_eq!(
            probe.failures(&ids(&["gone"])),
            BTreeMap::from([("gone".to_owned(), "not probed".to_owned())])
        );
    }

    #[test]
    fn a_node_that_did_not_answer() {
        let mut probe = recorded();
        let node = &mut probe.nodes[0];
        (node.ok, node.error, node.instance_id) = (false, Some("no answer within 20 s".to_owned()), None);
        let name = format!("{} ({})", node.node_id, node.ip);
        assert_eq!(probe.failures(&ids(&[])), BTreeMap::from([(name, "no answer within 20 s".to_owned())]));
    }

    #[test]
    fn output_without_a_result() {
        for output in [
            "",
            "RAYAKASH-PROBE",
            "RAYAKASH-PROBE {",
            "x RAYAKASH-PROBE {\"ok\":true,\"nodes\":[]}",
            "RAYAKASH-PROBE {}",
        ] {
            assert_eq!(read(output), None, "{output}");
        }
        assert_eq!(
            read("RAYAKASH-PROBE {\"ok\":false,\"nodes\":[]}\nlater\n"),
            Some(Probe { ok: false, nodes: vec![] })
        );
    }
}
