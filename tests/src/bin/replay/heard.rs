//! Comparing what a recorded gateway said with what ours says, after taking out what no other machine can answer the same.
//!
//! Taken out are: the sizes of the machine, host ports, what the program was built from, the random parts of pods' names, and how
//! often and in which words a process says something. Not taken out are statuses, texts, kinds and codes of frames, names of
//! everything, and how a socket ends.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::compare::differences;
use crate::exchange::{BINARY, CLOSE, End, Exchange, Frame, Heard, PING};

/// Where ours differs.
pub(crate) fn compare(exchange: &Exchange, ours: &Heard) -> Vec<String> {
    let mut ways = Vec::new();
    let recorded = &exchange.heard;
    let (Some(wanted), Some(got)) = (&recorded.answer, &ours.answer) else {
        let said = |heard: &Heard| heard.answer.as_ref().map(|a| a.status);
        if said(recorded) != said(ours) || recorded.end != ours.end {
            let (was, is) = (shown(recorded), shown(ours));
            ways.push(format!("recorded {was}, ours {is}"));
        }
        return ways;
    };
    if wanted.status != got.status {
        let text = String::from_utf8_lossy(&got.body).trim().to_owned();
        ways.push(format!(
            "status: recorded {} `{}`, ours {} `{text}`",
            wanted.status,
            exchange.text(),
            got.status
        ));
        return ways;
    }
    if wanted.header("Content-Type") != got.header("Content-Type") {
        let (was, is) = (wanted.header("Content-Type"), got.header("Content-Type"));
        ways.push(format!("Content-Type: recorded {was:?}, ours {is:?}"));
    }
    if wanted.status == 101 {
        compare_frames(&exchange.path, recorded, ours, &mut ways);
    } else {
        compare_bodies(&exchange.path, &wanted.body, &got.body, &mut ways);
    }
    ways
}

fn shown(heard: &Heard) -> String {
    match (&heard.answer, &heard.end) {
        (Some(answer), _) => format!("status {}", answer.status),
        (None, End::Closed | End::CloseFrame) => "the connection closed without a byte".to_owned(),
        (None, End::Stopped | End::Silent) => "silence".to_owned(),
        (None, End::Alert(alert)) => format!("the TLS alert {alert}"),
    }
}

fn compare_bodies(path: &str, recorded: &[u8], ours: &[u8], ways: &mut Vec<String>) {
    let parsed = |body: &[u8]| serde_json::from_slice::<Value>(body).ok();
    if let (Some(mut recorded), Some(mut ours)) = (parsed(recorded), parsed(ours)) {
        for body in [&mut recorded, &mut ours] {
            plain_body(path, body);
        }
        ways.extend(differences(&recorded, &ours).into_iter().map(|way| format!("body{way}")));
    } else if recorded != ours {
        let (was, is) = (String::from_utf8_lossy(recorded), String::from_utf8_lossy(ours));
        ways.push(format!("body: recorded `{}`, ours `{}`", was.trim(), is.trim()));
    }
}

/// Blanks what only this machine can say.
pub(crate) fn plain_body(path: &str, body: &mut Value) {
    if path == "/version" {
        // Of a build only its shape counts; how many modules it was made of does not.
        blank(body, &|value| match value {
            Value::Null | Value::Object(_) => false,
            Value::Array(items) => items.iter().all(Value::is_string),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        });
    }
    if let Some(inventory) = body.pointer_mut("/cluster/inventory") {
        blank(inventory, &Value::is_number);
    }
    let forwarded = body.get_mut("forwarded_ports").and_then(Value::as_object_mut);
    for port in forwarded.into_iter().flat_map(|f| f.values_mut()).filter_map(Value::as_array_mut).flatten() {
        if let Some(external) = port.get_mut("externalPort") {
            *external = Value::Null;
        }
    }
}

/// Replaces every part that is to be blanked.
fn blank(value: &mut Value, which: &dyn Fn(&Value) -> bool) {
    match value {
        _ if which(value) => *value = Value::from("*"),
        Value::Object(fields) => fields.values_mut().for_each(|field| blank(field, which)),
        Value::Array(items) => items.iter_mut().for_each(|item| blank(item, which)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn compare_frames(path: &str, recorded: &Heard, ours: &Heard, ways: &mut Vec<String>) {
    let theirs = |heard: &Heard| heard.frames.iter().filter(|f| !f.ours).cloned().collect::<Vec<_>>();
    let (was, is) = (theirs(recorded), theirs(ours));
    for (what, find) in
        [("texts", texts as fn(&str, &[Frame]) -> Vec<String>), ("shell", shell), ("control", control)]
    {
        let (was, is) = (find(path, &was), find(path, &is));
        if was == is {
            continue;
        }
        let missing: Vec<&String> = was.iter().filter(|line| !is.contains(line)).collect();
        let extra: Vec<&String> = is.iter().filter(|line| !was.contains(line)).collect();
        match (missing.is_empty(), extra.is_empty()) {
            (true, true) => {
                ways.push(format!("{what}: recorded {} streams, ours {}: {is:?}", was.len(), is.len()));
            }
            _ => ways.push(format!("{what}: only recorded {missing:?}, only ours {extra:?}")),
        }
    }
    if recorded.end != ours.end {
        ways.push(format!("end: recorded {:?}, ours {:?}", recorded.end, ours.end));
    }
}

/// Log lines and events, a text for each pod or object in any order: between two of them there is none.
fn texts(path: &str, frames: &[Frame]) -> Vec<String> {
    let mut streams: Vec<(String, Vec<String>)> = Vec::new();
    for frame in frames.iter().filter(|f| f.kind == 1) {
        let Ok(value) = serde_json::from_slice::<Value>(&frame.payload) else {
            streams.push((String::new(), vec![String::from_utf8_lossy(&frame.payload).into_owned()]));
            continue;
        };
        let name = value.get("name").or_else(|| value.pointer("/object/name")).and_then(Value::as_str);
        let kind = value.pointer("/object/kind").and_then(Value::as_str).unwrap_or_default();
        let key = format!("{kind}/{}", name.unwrap_or_default());
        let line = plain(&value.to_string());
        match streams.iter_mut().find(|(own, _)| *own == key) {
            Some((_, lines)) => lines.push(line),
            None => streams.push((key, vec![line])),
        }
    }
    let is_log = path.contains("/logs");
    let counted = path.contains("tail=");
    let text = |lines: Vec<String>| {
        let count = lines.len();
        let lines =
            if is_log { lines.into_iter().collect::<BTreeSet<_>>().into_iter().collect() } else { lines };
        let text = lines.join(" ");
        if counted { format!("{count} lines: {text}") } else { text }
    };
    let mut all: Vec<String> = streams.into_iter().map(|(_, lines)| text(lines)).collect();
    all.sort();
    all
}

/// What a command said and how it ended: that it said something on a stream, and the result word for word.
fn shell(_: &str, frames: &[Frame]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for frame in frames.iter().filter(|f| f.kind == BINARY) {
        let (code, rest) = frame.payload.split_first().unwrap_or((&0, &[]));
        let line = match code {
            100 => "some standard output".to_owned(),
            101 => "some standard error".to_owned(),
            other => format!("{other}: {}", String::from_utf8_lossy(rest)),
        };
        if !all.contains(&line) {
            all.push(line);
        }
    }
    all.sort();
    all
}

/// Pings, of which there are more the longer it takes, and the close frame.
fn control(_: &str, frames: &[Frame]) -> Vec<String> {
    let pings = frames.iter().any(|f| f.kind == PING).then(|| "pings".to_owned());
    let close = frames.iter().find(|f| f.kind == CLOSE);
    let close = close.map(|f| format!("close {:?} `{}`", f.code, String::from_utf8_lossy(&f.payload)));
    pings.into_iter().chain(close).collect()
}

/// The letters in the made-up parts of Kubernetes' names.
const MADE: &str = "bcdfghjklmnpqrstvwxz2456789";

/// A text without the made-up parts of pods' names, the scheduler's machine and the ids of pods.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' {
            word.push(c);
            continue;
        }
        out.push_str(&plain_word(&word));
        word.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

fn plain_word(word: &str) -> String {
    if word.starts_with("default-scheduler-") {
        return "default-scheduler-*".to_owned();
    }
    let parts: Vec<&str> = word.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    if lengths == [8, 4, 4, 4, 12] && word.chars().all(|c| c == '-' || c.is_ascii_hexdigit()) {
        return "*".to_owned();
    }
    let made = |part: &str| (8..=10).contains(&part.len()) && part.chars().all(|c| MADE.contains(c));
    match parts.as_slice() {
        [service @ .., set, pod] if made(set) && pod.len() == 5 && !service.is_empty() => {
            format!("{}-*-*", service.join("-"))
        }
        [service @ .., set] if made(set) && !service.is_empty() => format!("{}-*", service.join("-")),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::exchange::{Answer, parse};

    #[test]
    fn made_up_parts_of_names_do_not_count_and_names_do() {
        for (text, wanted) in [
            ("Created pod: web-8d674597c-6rx5l", "Created pod: web-*-*"),
            ("replica set ray-head-6d7ccb8654 from 0 to 2", "replica set ray-head-* from 0 to 2"),
            ("default-scheduler-vm", "default-scheduler-*"),
            ("x_y(ee62004c-2ee7-40e6-8dfc-e8fdbf75ccfa)", "x_y(*)"),
            ("deployment-controller", "deployment-controller"),
            ("web worker node1", "web worker node1"),
        ] {
            assert_eq!(plain(text), wanted, "{text}");
        }
    }

    #[test]
    fn sizes_ports_and_builds_are_blanked_and_nothing_else() {
        let mut status = json!({ "cluster": { "leases": 1, "inventory": { "nodes": [{ "name": "node1", "cpu": 5, "classes": ["a"] }] } } });
        plain_body("/status", &mut status);
        assert_eq!(
            status,
            json!({ "cluster": { "leases": 1, "inventory": { "nodes": [{ "name": "node1", "cpu": "*", "classes": ["a"] }] } } })
        );
        let mut lease = json!({ "forwarded_ports": { "web": [{ "port": 1, "externalPort": 2 }] } });
        plain_body("/lease/1/1/1/status", &mut lease);
        assert_eq!(lease, json!({ "forwarded_ports": { "web": [{ "port": 1, "externalPort": null }] } }));
        let mut version = json!({ "akash": { "go": "1", "build_deps": ["a"] }, "kube": null });
        plain_body("/version", &mut version);
        assert_eq!(version, json!({ "akash": { "go": "*", "build_deps": "*" }, "kube": null }));
    }

    fn logs(path: &str, lines: &[(&str, &str)]) -> Vec<String> {
        let frame = |(pod, line): &(&str, &str)| Frame {
            ms: 0,
            ours: false,
            kind: 1,
            code: None,
            payload: json!({ "name": pod, "message": line }).to_string().into_bytes(),
        };
        texts(path, &lines.iter().map(frame).collect::<Vec<_>>())
    }

    #[test]
    fn pods_may_say_a_line_more_often_but_none_may_be_missing() {
        let (one, other) = ("web-8d674597c-6rx5l", "web-75697df97-ll76w");
        let was = logs("/logs", &[(one, "up"), (one, "tick"), (one, "tick")]);
        assert_eq!(was, logs("/logs", &[(other, "tick"), (other, "up")]));
        assert_ne!(was, logs("/logs", &[(other, "tick")]));
        assert_ne!(was, logs("/logs", &[(one, "up"), (other, "tick")]), "two pods are not one");
        assert_ne!(logs("/logs?tail=2", &[(one, "t"), (one, "t")]), logs("/logs?tail=2", &[(one, "t")]));
    }

    #[test]
    fn statuses_texts_and_ends_are_compared_word_for_word() {
        let text = "# client certificate: no; 1 ms\nGET /nope HTTP/1.1\n\n---- response\nHTTP/1.1 404 Not Found\nContent-Length: 5\n\nnope\n\n";
        let recorded = parse("x", text).unwrap();
        let ours = |status, body: &str| Heard {
            answer: Some(Answer { status, headers: Vec::new(), body: body.as_bytes().to_vec() }),
            ..Heard::default()
        };
        assert!(compare(&recorded, &ours(404, "nope\n")).is_empty());
        assert!(!compare(&recorded, &ours(404, "nope")).is_empty());
        assert!(!compare(&recorded, &ours(400, "nope\n")).is_empty());
        assert!(!compare(&recorded, &Heard::default()).is_empty());
    }
}
