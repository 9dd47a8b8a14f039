//! Comparing a recorded answer with ours, after taking out what no other machine can answer the same.

use serde_json::Value;

use crate::wire::Answer;

/// Collects where two values differ, as `path: recorded … ours …`.
pub(crate) fn differences(recorded: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk("", recorded, ours, &mut found);
    found
}

fn walk(at: &str, recorded: &Value, ours: &Value, found: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            for (key, value) in recorded {
                let inner = format!("{at}/{key}");
                match ours.get(key) {
                    Some(own) => walk(&inner, value, own, found),
                    None => found.push(format!("{inner}: recorded {}, ours has no such field", short(value))),
                }
            }
            for key in ours.keys().filter(|key| !recorded.contains_key(*key)) {
                found.push(format!("{at}/{key}: only ours has this field"));
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            if recorded.len() != ours.len() {
                found.push(format!("{at}: recorded {} items, ours {}", recorded.len(), ours.len()));
            }
            for (n, (value, own)) in recorded.iter().zip(ours).enumerate() {
                walk(&format!("{at}/{n}"), value, own, found);
            }
        }
        (recorded, ours) if same(at, recorded, ours) => {}
        (recorded, ours) => found.push(format!("{at}: recorded {}, ours {}", short(recorded), short(ours))),
    }
}

fn same(at: &str, recorded: &Value, ours: &Value) -> bool {
    let (Value::String(recorded), Value::String(ours)) = (recorded, ours) else {
        return recorded == ours;
    };
    // The key of the next page is opaque: a client can only hand it back.
    if at.ends_with("/next_key") {
        return true;
    }
    recorded == ours || plain(recorded) == plain(ours)
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 160 {
        return text;
    }
    let start: String = text.chars().take(157).collect();
    format!("{start}…")
}

/// A text without what differs from machine to machine: the source line in a simulation's error, a Go stack, the fraction of a second
/// in a block's time.
pub(crate) fn plain(text: &str) -> String {
    let text = text.split("\nstack:").next().unwrap_or_default();
    let text = match text.rfind(" [") {
        Some(at) if text[at..].contains("] with gas used: '") => &text[..at],
        _ => text,
    };
    let text = match text.split_once("out of gas in location: ") {
        // Gas is modelled, not counted: where and at how much it ran out differs, how much there was does not.
        Some((before, rest)) => match (rest.split_once("; "), rest.rsplit_once(": ")) {
            (Some((_, wanted)), Some((_, after))) => {
                let wanted = wanted.split(", gasUsed").next().unwrap_or_default();
                format!("{before}out of gas; {wanted}: {after}")
            }
            _ => text.to_owned(),
        },
        None => text.to_owned(),
    };
    without_fractions(&text)
}

/// `18:48:39.325901695` becomes `18:48:39`: a recording knows its blocks' times to the second.
fn without_fractions(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('.') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let of_a_time = before.len() >= 6
            && before.is_char_boundary(before.len() - 6)
            && before[before.len() - 6..]
                .chars()
                .enumerate()
                .all(|(n, c)| if n % 3 == 0 { c == ':' } else { c.is_ascii_digit() });
        kept.push_str(before);
        if !(of_a_time && digits > 0) {
            kept.push('.');
            kept.push_str(&after[..digits]);
        }
        rest = &after[digits..];
    }
    kept.push_str(rest);
    kept
}

/// Compares a whole answer: status and body.
pub(crate) fn compare_answer(status: u64, recorded: &Value, ours: &Answer) -> Vec<String> {
    let mut ways = Vec::new();
    if status != u64::from(ours.0) {
        ways.push(format!("status: recorded {status}, ours {}", ours.0));
    }
    ways.extend(differences(recorded, &ours.1));
    ways
}

/// Compares a simulation, recorded as `[status, body]`. Gas is counted apart.
pub(crate) fn compare_simulation(recorded: &Value, ours: &Answer) -> Vec<String> {
    let status = recorded.get(0).and_then(Value::as_u64).unwrap_or(0);
    let mut wanted = recorded.get(1).cloned().unwrap_or_default();
    let mut own = ours.1.clone();
    for body in [&mut wanted, &mut own] {
        if let Some(gas) = body.pointer_mut("/gas_info/gas_used") {
            *gas = Value::Null;
        }
    }
    let ways = compare_answer(status, &wanted, &(ours.0, own));
    ways.into_iter().map(|way| format!("simulate: {way}")).collect()
}

/// Compares what a recording holds of a transaction's answer. Gas is counted apart.
pub(crate) fn compare_response(at: &str, recorded: &Value, ours: &Value) -> Vec<String> {
    let mut ways = Vec::new();
    for (key, wanted) in recorded.as_object().into_iter().flatten() {
        let own = ours.get(key).cloned().unwrap_or_default();
        match key.as_str() {
            // A summary's words for `raw_log`, and where it was refused; gas is counted apart; empty lists that a real node adds.
            "stage" | "gas_used" | "logs" | "tx" | "height" if at == "check" => {}
            "gas_used" => {}
            "log" => {
                let own = ours.get("raw_log").and_then(Value::as_str).unwrap_or_default();
                if plain(wanted.as_str().unwrap_or_default()) != plain(own) {
                    ways.push(format!("{at}: log: recorded {wanted}, ours {own:?}"));
                }
            }
            "events" => ways.extend(compare_events(at, wanted, &own)),
            _ => ways.extend(differences(wanted, &own).into_iter().map(|way| format!("{at}: {key}{way}"))),
        }
    }
    ways
}

/// Compares events. Some recordings have left out those of the bank and of the checks, all of them: then ours are left out too.
fn compare_events(at: &str, recorded: &Value, ours: &Value) -> Vec<String> {
    let list = |events: &Value| events.as_array().cloned().unwrap_or_default();
    let of_akash = |event: &Value| {
        event.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("akash."))
    };
    let recorded = list(recorded);
    let reduced = recorded.iter().all(of_akash);
    let ours = list(ours).into_iter().filter(|event| !reduced || of_akash(event));
    let bare = |event: Value| {
        let mut event = event;
        let attributes = event.get_mut("attributes").and_then(Value::as_array_mut);
        for attribute in attributes.into_iter().flatten().filter_map(Value::as_object_mut) {
            attribute.remove("index");
        }
        event
    };
    let recorded: Vec<Value> = recorded.into_iter().map(bare).collect();
    let ours: Vec<Value> = ours.map(bare).collect();
    let found = differences(&Value::Array(recorded), &Value::Array(ours));
    found.into_iter().map(|way| format!("{at}: events{way}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_named_with_its_place() {
        let recorded = json!({ "a": [{ "b": "1" }, { "b": "2" }], "c": null });
        let ours = json!({ "a": [{ "b": "1" }, { "b": "3" }], "d": 1 });
        assert_eq!(
            differences(&recorded, &ours),
            [
                "/a/1/b: recorded \"2\", ours \"3\"",
                "/c: recorded null, ours has no such field",
                "/d: only ours has this field",
            ]
        );
        assert!(differences(&json!([1]), &json!([1, 2])).len() == 1);
    }

    #[test]
    fn the_source_line_of_a_simulation_and_a_stack_do_not_count() {
        let go = "Deposit invalid [chain-sdk/go/node/deployment/v1beta4/params.go:58] with gas used: '64582'";
        assert_eq!(plain(go), plain("Deposit invalid [sandbox] with gas used: '1'"));
        assert_ne!(plain("a [b]"), plain("a [c]"));
        assert_eq!(plain("recovered: x\nstack:\ngoroutine 1"), "recovered: x");
    }

    #[test]
    fn where_and_at_how_much_gas_ran_out_does_not_count() {
        let node = "out of gas in location: WriteFlat; gasWanted: 20000, gasUsed: 20988: out of gas";
        assert_eq!(plain(node), "out of gas; gasWanted: 20000: out of gas");
    }

    #[test]
    fn times_are_compared_to_the_second() {
        assert_eq!(plain("at 2026-11-24T18:48:39.325901695Z"), "at 2026-11-24T18:48:39Z");
        assert_eq!(plain("2026-11-24 18:40:08.177 +0000 UTC"), "2026-11-24 18:40:08 +0000 UTC");
        assert_eq!(plain("price 0.500 and 1.5"), "price 0.500 and 1.5");
    }

    #[test]
    fn the_key_of_a_page_is_opaque_but_there_or_not() {
        let page = |key: Value| json!({ "pagination": { "next_key": key } });
        assert!(differences(&page(json!("AA")), &page(json!("BB"))).is_empty());
        assert!(!differences(&page(json!("AA")), &page(json!(null))).is_empty());
    }

    #[test]
    fn an_answer_is_its_status_and_its_body() {
        let ours = (404, json!({ "message": "no" }));
        assert!(compare_answer(404, &json!({ "message": "no" }), &ours).is_empty());
        assert_eq!(compare_answer(200, &json!({}), &ours).len(), 2);
    }

    #[test]
    fn the_gas_of_a_simulation_does_not_count_and_its_events_do() {
        let body = |gas: &str, event: &str| json!({ "gas_info": { "gas_used": gas }, "result": { "events": [event] } });
        let recorded = json!([200, body("7", "a")]);
        assert!(compare_simulation(&recorded, &(200, body("9", "a"))).is_empty());
        assert_eq!(
            compare_simulation(&recorded, &(200, body("9", "b"))),
            ["simulate: /result/events/0: recorded \"a\", ours \"b\""]
        );
        assert!(!compare_simulation(&recorded, &(400, body("7", "a"))).is_empty());
    }

    #[test]
    fn of_a_response_counts_what_was_recorded_except_gas() {
        let ours = json!({ "code": 5, "raw_log": "poor", "gas_used": "2", "height": "3", "txhash": "AB", "data": "" });
        let same = json!({ "code": 5, "log": "poor", "gas_used": "1", "height": "3" });
        assert!(compare_response("result", &same, &ours).is_empty());
        let other = json!({ "code": 4, "log": "rich", "height": "2", "tx": {} });
        assert_eq!(compare_response("result", &other, &ours).len(), 4);
        // In a refusal neither height nor transaction means anything.
        assert_eq!(
            compare_response("check", &other, &ours),
            ["check: code: recorded 4, ours 5", "check: log: recorded \"rich\", ours \"poor\""]
        );
    }

    #[test]
    fn events_of_the_bank_count_where_the_recording_has_any() {
        let event = |kind: &str, index: bool| json!({ "type": kind, "attributes": [{ "key": "a", "value": "b", "index": index }] });
        let ours = json!([event("tx", true), event("akash.a", true), event("transfer", true)]);
        let reduced = json!([event("akash.a", false)]);
        assert!(compare_events("result", &reduced, &ours).is_empty());
        let whole = json!([event("tx", false), event("akash.a", false), event("transfer", false)]);
        assert!(compare_events("result", &whole, &ours).is_empty());
        let some = json!([event("tx", false), event("akash.a", false)]);
        assert_eq!(compare_events("result", &some, &ours), ["result: events: recorded 2 items, ours 3"]);
    }
}
