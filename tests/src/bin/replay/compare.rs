//! Comparing a recorded answer with ours, after taking out what no other machine can answer the same.

use serde_json::Value;

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
}
