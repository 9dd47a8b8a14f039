//! Who is in the cluster: Ray's rows of nodes, read as instances of ours.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// A row of `GET /api/v0/nodes`: one life of one node. A node whose Ray was restarted has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Ray's name of the node (`ray start --node-name`), which our nodes set to their instance id.
    pub instance_id: String,
    /// `RAY_NODE_TYPE_NAME` of the node, or empty.
    pub node_type: String,
    /// Whether Ray holds this life to be going on.
    pub state: NodeState,
    /// When this life began, Unix milliseconds, by the head's clock.
    pub start_time_ms: u64,
    /// Ray's id of this life.
    pub node_id: String,
    /// The address that Ray uses for it.
    pub ip: String,
    /// Whether this is the head.
    pub head: bool,
    /// Why it ended, in Ray's words.
    pub state_message: Option<String>,
}

/// Ray's opinion of a node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum NodeState {
    /// `ALIVE`: Ray has not noticed an end; that takes up to 30 s.
    Alive,
    /// `DEAD`: for ever; a node that comes back has a new row.
    Dead,
    /// A word that this crate does not know.
    Unrecognised(String),
}

impl From<String> for NodeState {
    fn from(word: String) -> Self {
        match word.as_str() {
            "ALIVE" => Self::Alive,
            "DEAD" => Self::Dead,
            _ => Self::Unrecognised(word),
        }
    }
}

/// How the expected instances stand. See [`membership`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// Their newest row is ALIVE and no older one is.
    pub joined: BTreeSet<String>,
    /// Newest row ALIVE, but Ray still holds an older life of the same instance to be going on, and may send tasks there.
    pub settling: BTreeSet<String>,
    /// Newest row not ALIVE, with Ray's reason.
    pub dead: BTreeMap<String, String>,
    /// No row at all.
    pub missing: BTreeSet<String>,
    /// ALIVE and not expected: pods of before an update, for example.
    pub unexpected: BTreeSet<String>,
    /// Ray named no node at all. It does so for a moment after its start: this is no loss of anything.
    pub silent: bool,
}

impl Membership {
    /// Exactly the expected instances are there, each with one life.
    #[must_use]
    pub fn complete(&self) -> bool {
        !self.silent
            && self.settling.is_empty()
            && self.dead.is_empty()
            && self.missing.is_empty()
            && self.unexpected.is_empty()
    }
}

/// Compares Ray's rows with the instances that should be there.
#[must_use]
pub fn membership(rows: &[Instance], expected: &BTreeSet<String>) -> Membership {
    let mut found =
        Membership { silent: rows.is_empty(), missing: expected.clone(), ..Membership::default() };
    for (id, lives) in lives(rows) {
        let standing = Standing::of(&lives);
        if !expected.contains(id) {
            if standing.alive() {
                found.unexpected.insert(id.to_owned());
            }
            continue;
        }
        found.missing.remove(id);
        match standing {
            Standing::Joined => {
                found.joined.insert(id.to_owned());
            }
            Standing::Settling => {
                found.settling.insert(id.to_owned());
            }
            Standing::Dead(reason) => {
                found.dead.insert(id.to_owned(), reason);
            }
        }
    }
    found
}

/// Rows by instance, newest first.
fn lives(rows: &[Instance]) -> BTreeMap<&str, Vec<&Instance>> {
    let mut by_id: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
    for row in rows {
        by_id.entry(&row.instance_id).or_default().push(row);
    }
    for lives in by_id.values_mut() {
        lives.sort_by_key(|row| std::cmp::Reverse(row.start_time_ms));
    }
    by_id
}

enum Standing {
    Joined,
    Settling,
    Dead(String),
}

impl Standing {
    fn of(newest_first: &[&Instance]) -> Self {
        let alive = |row: &&Instance| row.state == NodeState::Alive;
        match newest_first.split_first() {
            Some((newest, older)) if alive(newest) => {
                if older.iter().any(alive) {
                    Self::Settling
                } else {
                    Self::Joined
                }
            }
            Some((newest, _)) => Self::Dead(newest.state_message.clone().unwrap_or_default()),
            None => Self::Dead(String::new()),
        }
    }

    fn alive(&self) -> bool {
        matches!(self, Self::Joined | Self::Settling)
    }
}

/// The answer of `GET /api/v0/nodes?detail=1`.
#[derive(Deserialize)]
pub(crate) struct NodesAnswer {
    result: bool,
    #[serde(default)]
    msg: String,
    data: Option<NodesData>,
}

#[derive(Deserialize)]
struct NodesData {
    result: NodesPage,
}

#[derive(Deserialize)]
struct NodesPage {
    result: Vec<NodeRow>,
}

#[derive(Deserialize)]
struct NodeRow {
    node_id: String,
    node_ip: String,
    #[serde(default)]
    is_head_node: bool,
    state: NodeState,
    state_message: Option<String>,
    node_name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    start_time_ms: u64,
}

impl NodesAnswer {
    /// Ray's own words when it could not list its nodes.
    pub(crate) fn into_instances(self) -> Result<Vec<Instance>, String> {
        match self.data {
            Some(data) if self.result => Ok(data.result.result.into_iter().map(Instance::from).collect()),
            _ => Err(self.msg),
        }
    }
}

impl From<NodeRow> for Instance {
    fn from(mut row: NodeRow) -> Self {
        Self {
            instance_id: row.node_name,
            // Ray makes this label of RAY_NODE_TYPE_NAME.
            node_type: row.labels.remove("ray.io/node-group").unwrap_or_default(),
            state: row.state,
            start_time_ms: row.start_time_ms,
            node_id: row.node_id,
            ip: row.node_ip,
            head: row.is_head_node,
            state_message: row.state_message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "1700000000000/1/1/ray-head/pod-1";
    const TWO: &str = "1700000000000/1/1/ray-w/pod-2";
    const THREE: &str = "1700000000000/1/1/ray-w/pod-3";

    fn rows(answer: &str) -> Vec<Instance> {
        serde_json::from_str::<NodesAnswer>(answer).unwrap().into_instances().unwrap()
    }

    fn ids(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&n| n.to_owned()).collect()
    }

    #[test]
    fn three_nodes_of_a_real_head() {
        let rows = rows(include_str!("../tests/fixtures/nodes.json"));
        let found = membership(&rows, &ids(&[HEAD, TWO, THREE]));
        assert!(found.complete(), "{found:?}");
        assert_eq!(found.joined, ids(&[HEAD, TWO, THREE]));
        let head = rows.iter().find(|r| r.head).unwrap();
        assert_eq!((head.instance_id.as_str(), head.ip.as_str()), (HEAD, "127.77.9.1"));
        assert!(head.start_time_ms > 1_700_000_000_000);
    }

    #[test]
    fn a_second_life_counts_only_once_the_first_is_dead() {
        let expected = ids(&[HEAD, TWO, THREE]);
        // A few seconds after a raylet was killed: two rows ALIVE with one name.
        let early = rows(include_str!("../tests/fixtures/nodes-two-rows.json"));
        let found = membership(&early, &expected);
        assert_eq!((found.settling.clone(), found.complete()), (ids(&[THREE]), false));
        // Half a minute later.
        let late = rows(include_str!("../tests/fixtures/nodes-after.json"));
        assert!(membership(&late, &expected).complete());
        let dead = late.iter().find(|r| r.state == NodeState::Dead).unwrap();
        assert!(dead.state_message.as_deref().unwrap().contains("missing too many heartbeats"));
    }

    #[test]
    fn strangers_the_dead_and_the_missing() {
        let rows = rows(include_str!("../tests/fixtures/nodes.json"));
        let found = membership(&rows, &ids(&[HEAD, TWO, "another"]));
        assert_eq!(
            (found.unexpected.clone(), found.missing.clone(), found.complete()),
            (ids(&[THREE]), ids(&["another"]), false)
        );

        let row = |start, state, why: Option<&str>| Instance {
            instance_id: HEAD.to_owned(),
            node_type: "head".to_owned(),
            state,
            start_time_ms: start,
            node_id: start.to_string(),
            ip: String::new(),
            head: true,
            state_message: why.map(str::to_owned),
        };
        let found = membership(
            &[row(1, NodeState::Alive, None), row(2, NodeState::Dead, Some("drained"))],
            &ids(&[HEAD]),
        );
        assert_eq!(found.dead, BTreeMap::from([(HEAD.to_owned(), "drained".to_owned())]));
        let found = membership(&[row(1, NodeState::Unrecognised("NEW".to_owned()), None)], &ids(&[HEAD]));
        assert!(found.joined.is_empty() && !found.complete());
        let found = membership(&[row(1, NodeState::Dead, None)], &ids(&[]));
        assert!(found.complete(), "a dead stranger is history: {found:?}");
    }

    #[test]
    fn an_empty_list_is_silence() {
        let rows = rows(r#"{"result":true,"msg":"","data":{"result":{"total":0,"result":[]}}}"#);
        let found = membership(&rows, &ids(&[HEAD]));
        assert!(found.silent && !found.complete() && found.missing == ids(&[HEAD]));
    }

    #[test]
    fn a_refusal_in_a_200() {
        let answer: NodesAnswer =
            serde_json::from_str(r#"{"result":false,"msg":"Failed to query","data":null}"#).unwrap();
        assert_eq!(answer.into_instances(), Err("Failed to query".to_owned()));
    }
}
