//! Transactions that a recording lacks: a later sequence of their key tells that there were some, and nothing tells what they did.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::begin::Past;
use crate::recording::Step;
use crate::tally::{Judged, Verdict};

/// Excuses questions that came between the last transaction of a key and the one with the later sequence, where their answer is another
/// one and can be: they are about the key's address, or about a deployment that it takes part in.
pub(crate) fn excuse(steps: &[Step], verdicts: &mut [Judged], past: &Past) {
    for (line, (count, address)) in &past.missing {
        let signer = steps.iter().find(|step| step.line == *line).map_or("", |step| step.text("signer"));
        let deployments = deployments_of(steps, address);
        let before = steps.iter().zip(verdicts.iter_mut()).rev().skip_while(|(step, _)| step.line >= *line);
        let in_the_gap =
            before.take_while(|(step, _)| step.text("signer") != signer || step.delivered().is_none());
        for (step, judged) in in_the_gap {
            let may_show = step.get("path").is_some() && is_about(step, address, &deployments);
            if may_show && matches!(judged.verdict, Verdict::Different(_)) {
                judged.verdict = Verdict::Excluded(format!(
                    "it shows what {count} transaction(s) of {address} did that the recording lacks: line {line} is signed with a \
                     later sequence"
                ));
            }
        }
    }
}

/// Whether an address, or one of its deployments, is in a question or its recorded answer.
fn is_about(question: &Step, address: &str, deployments: &BTreeSet<String>) -> bool {
    let asked = question.text("path");
    let of_deployment =
        |part: &str| part.rsplit_once("dseq=").is_some_and(|(_, dseq)| deployments.contains(dseq));
    asked.contains(address)
        || asked.split(['?', '&']).any(of_deployment)
        || question.get("body").is_some_and(|body| holds(body, address))
}

/// The deployments in messages that name an address.
fn deployments_of(steps: &[Step], address: &str) -> BTreeSet<String> {
    let ids = steps.iter().flat_map(Step::messages).filter(|message| holds(message, address));
    let dseqs = ids.filter_map(|message| {
        let id = message.get("id").or_else(|| message.get("bid_id"))?;
        Some(id.get("dseq")?.as_str()?.to_owned())
    });
    dseqs.collect()
}

fn holds(value: &Value, text: &str) -> bool {
    value.to_string().contains(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn excused(path: &str, body: &Value) -> bool {
        let bid = json!({ "id": { "dseq": "7", "provider": "akash1p" } });
        let signed = |signer: &str, message: &Value| json!({ "kind": "tx", "signer": signer, "unsigned": { "body": { "messages": [message] } }, "result": { "height": "5" } });
        let lines = [
            json!({ "kind": "query", "path": "/of/akash1p" }),
            signed("provider", &bid),
            signed("tenant", &bid),
            json!({ "kind": "query", "path": path, "body": body }),
            signed("provider", &bid),
        ];
        let steps: Vec<Step> =
            lines.iter().zip(1..).map(|(body, line)| Step::read(line, &body.to_string())).collect();
        let different = || Judged::from(Verdict::Different(vec!["so".to_owned()]));
        let mut verdicts: Vec<Judged> = steps.iter().map(|_| different()).collect();
        let past = Past { missing: [(5, (1, "akash1p".to_owned()))].into(), ..Past::default() };
        excuse(&steps, &mut verdicts, &past);
        let excluded: Vec<usize> = verdicts
            .iter()
            .zip(1..)
            .filter(|(j, _)| matches!(j.verdict, Verdict::Excluded(_)))
            .map(|(_, n)| n)
            .collect();
        assert!(excluded.is_empty() || excluded == [4], "{excluded:?}");
        !excluded.is_empty()
    }

    #[test]
    fn only_questions_about_the_address_in_the_gap_are_excused() {
        assert!(excused("/balances/akash1p", &json!({})));
        assert!(excused("/bids/list?filters.state=open", &json!({ "bids": [{ "provider": "akash1p" }] })));
        assert!(excused("/deployments/info?id.owner=akash1t&id.dseq=7", &json!({})));
        assert!(!excused("/deployments/info?id.owner=akash1t&id.dseq=77", &json!({})));
        assert!(!excused("/balances/akash1t", &json!({ "balances": [] })));
    }
}
