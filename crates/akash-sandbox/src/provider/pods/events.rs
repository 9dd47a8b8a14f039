//! What happened in a lease, as Kubernetes tells it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// One event, in the shape of the gateway's `kubeevents` frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(rename = "reportingController")]
    pub(crate) controller: String,
    #[serde(rename = "reportingInstance")]
    pub(crate) instance: String,
    pub(crate) reason: String,
    pub(crate) note: String,
    pub(crate) object: Object,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// The events of one lease; kept in a file beside its pods, so they outlive the sandbox.
#[derive(Debug)]
pub(crate) struct Events {
    namespace: String,
    file: PathBuf,
    list: Mutex<Vec<Event>>,
    length: watch::Sender<usize>,
}

impl Events {
    /// The events told in `file` so far.
    pub(crate) fn open(namespace: &str, file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let list: Vec<Event> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let (length, _) = watch::channel(list.len());
        Self { namespace: namespace.to_owned(), file: file.to_owned(), list: Mutex::new(list), length }
    }

    /// Tells that something normal happened to a pod.
    pub(crate) fn normal(&self, pod: &str, reason: &str, note: impl Into<String>) {
        self.tell("Normal", pod, reason, note.into());
    }

    /// Tells that something went wrong with a pod.
    pub(crate) fn warning(&self, pod: &str, reason: &str, note: impl Into<String>) {
        self.tell("Warning", pod, reason, note.into());
    }

    fn tell(&self, kind: &str, pod: &str, reason: &str, note: String) {
        let by = if reason == "Scheduled" { "default-scheduler" } else { "kubelet" };
        let object = Object { kind: "Pod".into(), namespace: self.namespace.clone(), name: pod.to_owned() };
        let event = Event {
            kind: kind.to_owned(),
            controller: by.to_owned(),
            instance: "node1".to_owned(),
            reason: reason.to_owned(),
            note,
            object,
        };
        self.append(&event);
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(event);
        self.length.send_replace(list.len());
    }

    /// An event that cannot be written is still told to those who listen now.
    fn append(&self, event: &Event) {
        let Ok(mut line) = serde_json::to_vec(event) else { return };
        line.push(b'\n');
        let file = crate::private::options().create(true).append(true).open(&self.file);
        file.and_then(|mut file| file.write_all(&line)).ok();
    }

    /// The events from number `from` on.
    pub(crate) fn since(&self, from: usize) -> Vec<Event> {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.get(from..).unwrap_or_default().to_vec()
    }

    /// Changes when there are more events; ends when the lease is gone.
    pub(crate) fn watch(&self) -> watch::Receiver<usize> {
        self.length.subscribe()
    }
}
