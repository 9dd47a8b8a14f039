use serde_json::json;

use super::*;
use crate::exchange::parse;

/// An exchange at a second after 19:00:00; the body is what was sent.
fn exchange(second: u64, request: &str, body: &str, status: u16, answer: &str) -> Exchange {
    let (length, answered) = (body.len(), answer.len());
    let text = format!(
        "# client certificate: no; 2 ms\n{request} HTTP/1.1\nContent-Length: {length}\n\n{body}\n---- response\nHTTP/1.1 {status} X\n\
         Date: Tue, 24 Nov 2026 19:00:{second:02} GMT\nContent-Length: {answered}\n\n{answer}\n"
    );
    parse("x", &text).unwrap()
}

fn acts(moments: &[Moment]) -> Vec<Act> {
    moments.iter().map(|(_, act)| act.clone()).collect()
}

#[test]
fn a_deployment_lives_from_its_first_mention_to_the_refusal_that_says_that_it_is_closed() {
    let all = [
        exchange(0, "GET /lease/7/1/1/status", "", 404, ""),
        exchange(1, "PUT /deployment/7/manifest", "[2]", 422, "manifest version validation failed\n"),
        exchange(2, "PUT /deployment/7/manifest", "[1]", 200, ""),
        exchange(3, "GET /lease/7/1/1/status", "", 404, ""),
        exchange(4, "GET /lease/7/1/1/status", "", 200, "{}"),
        exchange(5, "PUT /deployment/7/manifest", "[2]", 200, ""),
        exchange(6, "PUT /deployment/7/manifest", "[2]", 404, "no lease for deployment\n"),
    ];
    assert_eq!(
        acts(&tell(&all, &[], true)),
        [
            Act::Create { dseq: 7, manifest: Some(b"[1]".to_vec()) },
            Act::Lease { dseq: 7, oseq: 1 },
            Act::Ask(0),
            Act::Ask(1),
            Act::Ask(2),
            Act::Ask(3),
            Act::Ask(4),
            Act::Update { dseq: 7, manifest: b"[2]".to_vec() },
            Act::Ask(5),
            Act::Close { dseq: 7 },
            Act::Ask(6),
        ]
    );
}

#[test]
fn a_deployment_that_was_never_found_is_never_made() {
    let all = [
        exchange(
            0,
            "PUT /deployment/9/manifest",
            "[1]",
            500,
            "rpc error: code = NotFound desc = Deployment not found: key not found\n",
        ),
        exchange(1, "GET /lease/1/1/1/status", "", 404, ""),
    ];
    assert_eq!(acts(&tell(&all, &[], true)), [Act::Ask(0), Act::Ask(1)]);
}

#[test]
fn a_lease_with_a_higher_number_follows_one_that_was_closed() {
    let all = [
        exchange(0, "PUT /deployment/7/manifest", "[1]", 200, ""),
        exchange(9, "GET /lease/7/1/2/status", "", 200, "{}"),
        exchange(10, "GET /lease/7/1/1/status", "", 404, ""),
    ];
    let told = acts(&tell(&all, &[], true));
    assert_eq!(
        told[3..],
        [Act::CloseLease { dseq: 7, oseq: 1 }, Act::Lease { dseq: 7, oseq: 2 }, Act::Ask(1), Act::Ask(2),]
    );
}

#[test]
fn facts_tell_of_manifests_that_were_not_written_down_and_of_starts() {
    let all = [
        exchange(2, "PUT /deployment/7/manifest", "[1]", 200, ""),
        exchange(30, "GET /lease/7/1/1/status", "", 200, "{}"),
        exchange(40, "PUT /deployment/7/manifest", "[2]", 404, "no lease for deployment\n"),
    ];
    let facts = [
        json!({ "t": 1.5, "what": "manifest", "tries": [[0.0, 200, ""]] }),
        json!({ "t": 20.25, "what": "manifest", "tries": [[0.0, 404, ""], [0.1, 200, ""]] }),
        json!({ "t": 25.0, "what": "daemon killed and started: status again", "seconds": 0.5 }),
    ];
    let told = acts(&tell(&all, &facts, true));
    assert_eq!(
        told[3..7],
        [
            Act::Update { dseq: 7, manifest: b"[2]".to_vec() },
            Act::Send { dseq: 7, manifest: b"[2]".to_vec() },
            Act::Restart,
            Act::Ask(1),
        ]
    );
}

#[test]
fn leases_that_are_counted_and_not_opened_were_there_before() {
    let all = [exchange(0, "GET /status", "", 200, "{\"cluster\":{\"leases\":1}}")];
    let told = acts(&tell(&all, &[], true));
    assert_eq!(told.len(), 4);
    assert!(matches!(told[0], Act::Create { manifest: None, .. }));
    assert_eq!(told[2..], [Act::Restart, Act::Ask(0)]);
}

#[test]
fn what_ran_is_unknown_where_no_exchange_holds_its_manifest() {
    let shell =
        "# client certificate: no\nGET /lease/9/1/1/shell HTTP/1.1\n\n---- response\nHTTP/1.1 101 X\n\n";
    let all = [
        exchange(0, "GET /lease/7/1/1/status", "", 200, "{}"),
        exchange(1, "PUT /deployment/7/manifest", "[1]", 200, ""),
        exchange(2, "GET /lease/8/1/1/status", "", 200, "{}"),
        exchange(3, "PUT /deployment/8/manifest", "[2]", 422, "manifest version validation failed\n"),
        exchange(4, "GET /lease/8/1/1/status", "", 404, ""),
        parse("x", &format!("{shell}   5 ms  <-  op=2(binary) fin=1 len=5 b'dout\\n'\n")).unwrap(),
        parse("x", &format!("{shell}   5 ms  <-  op=2(binary) fin=1 len=17 b'f{{\"exit_code\":0}}\\n'\n"))
            .unwrap(),
    ];
    assert_eq!(without_manifest(&all), BTreeSet::from([8, 9]));
    let shown: Vec<usize> = (0..all.len()).filter(|n| shows_workload(&all[*n])).collect();
    assert_eq!(shown, [0, 2, 5]);
}
