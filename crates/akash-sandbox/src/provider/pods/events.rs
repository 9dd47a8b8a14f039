//! What happened in a lease, as Kubernetes tells it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Controllers do not name theirs.
    #[serde(rename = "reportingInstance", default, skip_serializing_if = "String::is_empty")]
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
    /// The lease is being closed: nothing new is told.
    frozen: AtomicBool,
}

impl Events {
    /// The events told in `file` so far.
    pub(crate) fn open(namespace: &str, file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let list: Vec<Event> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let (length, _) = watch::channel(list.len());
        Self {
            namespace: namespace.to_owned(),
            file: file.to_owned(),
            list: Mutex::new(list),
            length,
            frozen: AtomicBool::new(false),
        }
    }

    /// The namespace that they are in.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
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
        let by = match reason {
            "Scheduled" => ("default-scheduler", "default-scheduler-node1"),
            _ => ("kubelet", "node1"),
        };
        self.add(kind, ("Pod", pod), by, (reason, note));
    }

    /// Tells what the controller of a service's pods did: to a replica set `service-set`.
    pub(crate) fn of_set(&self, set: &str, reason: &str, note: impl Into<String>) {
        self.add("Normal", ("ReplicaSet", set), ("replicaset-controller", ""), (reason, note.into()));
    }

    /// Tells what the controller of a service did.
    pub(crate) fn of_service(&self, service: &str, note: impl Into<String>) {
        let by = ("deployment-controller", "");
        self.add("Normal", ("Deployment", service), by, ("ScalingReplicaSet", note.into()));
    }

    fn add(&self, kind: &str, about: (&str, &str), by: (&str, &str), what: (&str, String)) {
        if self.frozen.load(Ordering::Acquire) {
            return;
        }
        let object =
            Object { kind: about.0.to_owned(), namespace: self.namespace.clone(), name: about.1.to_owned() };
        let event = Event {
            kind: kind.to_owned(),
            controller: by.0.to_owned(),
            instance: by.1.to_owned(),
            reason: what.0.to_owned(),
            note: what.1,
            object,
        };
        self.append(&event);
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(event);
        self.length.send_replace(list.len());
    }

    /// Nothing new is told from now on: in a namespace that is going away nothing can be made, events neither.
    pub(crate) fn freeze(&self) {
        self.frozen.store(true, Ordering::Release);
    }

    /// The end: whoever listens hears everything once more, as a real cluster tells that each event is deleted.
    pub(crate) fn end(&self) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let again = in_order(&list);
        list.extend(again);
        self.length.send_replace(list.len());
    }

    /// What a list of all events shows, and how many were told: what happens again to one object counts up an event that is there, and
    /// the list is in the order of the events' names, which begin with their objects'.
    pub(crate) fn list(&self) -> (Vec<Event>, usize) {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        (in_order(&list), list.len())
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

    /// Changes when there are more events.
    pub(crate) fn watch(&self) -> watch::Receiver<usize> {
        self.length.subscribe()
    }
}

fn in_order(list: &[Event]) -> Vec<Event> {
    let mut shown: Vec<Event> = Vec::new();
    for event in list {
        if !shown.contains(event) {
            shown.push(event.clone());
        }
    }
    shown.sort_by_key(|event| format!("{}.", event.object.name));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_in_the_order_of_names_and_without_repetitions() {
        let home = tempfile::tempdir().unwrap();
        let events = Events::open("ns", &home.path().join("events"));
        events.of_service("web", "up");
        events.of_set("web-x", "SuccessfulCreate", "one");
        for _ in 0..2 {
            events.normal("web-x-a", "Started", "again");
        }
        events.freeze();
        events.normal("web-x-a", "Killing", "late");
        let (shown, told) = events.list();
        let names: Vec<&str> = shown.iter().map(|event| event.object.name.as_str()).collect();
        assert_eq!((names, told), (vec!["web-x-a", "web-x", "web"], 4));
        assert!(!serde_json::to_string(&shown[2]).unwrap().contains("reportingInstance"));
        events.end();
        assert_eq!(events.since(told), shown, "all of it once more");
    }
}
