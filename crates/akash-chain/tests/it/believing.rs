//! Which nodes are believed, about what, and when that takes a second one.

use std::sync::Arc;

use akash_chain::{At, ChainError, Client, End, Evidence, Sender, Unsettled};
use akash_types::Height;
use akash_wallet::TxHash;

use crate::node::{CHAIN, Node, key};
use crate::recorder::Recorder;
use crate::sending::{close, distinct_broadcasts, foreign, log, send, sender, with};

/// Runs a test with a sender on two nodes, of which `first` is asked first.
pub(crate) async fn with_two<T>(
    first: &Node,
    second: &Node,
    test: impl AsyncFnOnce(Sender, Arc<Recorder>) -> T,
) -> T {
    let journal = Recorder::new(Arc::clone(&first.model().log));
    first.run_with(second, async |client| test(sender(client, &journal), Arc::clone(&journal)).await).await
}

/// A journal with the open attempt `a`, planned at 101, that the node has in its mempool and has made no block with.
async fn open(node: &Node) -> Arc<Recorder> {
    node.model().frozen = true;
    node.model().height = 101;
    let journal = with(node, async |sender, journal| {
        assert!(matches!(send(&sender, "a").await, Err(Unsettled::Doubt { .. })));
        journal
    })
    .await;
    node.model().frozen = false;
    journal
}

async fn pursue(client: Client, journal: &Arc<Recorder>) -> Result<End, Unsettled> {
    sender(client, journal).pursue("a").await.map(Option::unwrap)
}

fn why(doubt: Result<End, Unsettled>) -> String {
    let Err(Unsettled::Doubt { why, .. }) = doubt else { panic!("{doubt:?}") };
    why
}

fn is_expired(end: &End) -> bool {
    matches!(end, End::Dead { evidence: Evidence::Expired { .. }, .. })
}

#[tokio::test]
async fn a_death_that_only_the_first_endpoint_sees_is_none() {
    // The other one knows the result, or has only the block so far.
    for (indexed_from, objection) in [
        (0, "the node reports it executed, and its sequence number unused"),
        (u64::MAX, "no other agrees: a block holds it, and the node has no result for it yet"),
    ] {
        let (lost, good) = (Node::new(), Node::new());
        lost.model().lose = usize::MAX;
        (good.model().height, good.model().indexed_from) = (110, indexed_from);
        with_two(&lost, &good, async |sender, _| {
            let why = why(send(&sender, "a").await);
            assert!(why.contains(objection), "{why}");
            assert!(!log(&lost).contains(&"ended".to_owned()));
            // The one that is right can answer alone when the other is gone.
            lost.model().silent = true;
            good.model().make_blocks(100);
            good.model().indexed_from = 0;
            assert!(sender.pursue("a").await.unwrap().unwrap().is_landed());
        })
        .await;
        assert_eq!(good.model().sequence_at(10_000), 8);
    }
}

#[tokio::test]
async fn a_death_waits_for_an_endpoint_that_is_down_or_behind() {
    let (first, second) = (Node::new(), Node::new());
    for node in [&first, &second] {
        node.model().lose = usize::MAX;
    }
    with_two(&first, &second, async |sender, _| {
        (first.model().height, second.model().height) = (101, 101);
        (first.model().frozen, second.model().frozen) = (true, true);
        why(send(&sender, "a").await);
        (first.model().frozen, second.model().silent) = (false, true);
        let down = why(send(&sender, "a").await);
        assert!(down.contains("does not answer"), "{down}");
        (second.model().silent, second.model().frozen) = (false, true);
        let behind = why(send(&sender, "a").await);
        assert!(behind.contains("no other agrees: it may still happen"), "{behind}");
        (second.model().height, second.model().frozen) = (114, false);
        let end = send(&sender, "a").await.unwrap();
        assert!(is_expired(&end), "{end:?}");
    })
    .await;
}

#[tokio::test]
async fn an_unused_number_past_the_timeout_is_death_when_the_blocks_are_long_gone() {
    let node = Node::new();
    let journal = open(&node).await;
    node.model().mempool.clear();
    node.model().make_blocks(1_000);
    node.model().pruned_below = 1_000;
    let end = node.run(async |client| pursue(client, &journal).await.unwrap()).await;
    let End::Dead { evidence: Evidence::Expired { from, to, seen_at }, .. } = end else { panic!("{end:?}") };
    assert_eq!((from, to), (Height(101), Height(113)));
    assert!(seen_at > Height(1_100), "{seen_at}");
    // The key is free for the next.
    with(&node, async |sender, _| assert!(send(&sender, "b").await.unwrap().is_landed())).await;
}

#[tokio::test]
async fn what_one_node_has_forgotten_another_is_asked_for() {
    let node = Node::new();
    let journal = open(&node).await;
    node.model().make_blocks(1_000);
    let archive = node.twin();
    (node.model().pruned_below, node.model().indexed_from) = (1_000, u64::MAX);
    let alone = why(node.run(async |client| pursue(client, &journal).await).await);
    assert!(alone.contains("not available, lowest height is 1000"), "{alone}");
    let end = node.run_with(&archive, async |client| pursue(client, &journal).await).await.unwrap();
    assert!(matches!(end, End::Landed { height: Height(102), .. }), "{end:?}");
}

#[tokio::test]
async fn a_culprit_is_found_in_the_blocks_of_another_node() {
    let node = Node::new();
    let journal = open(&node).await;
    node.model().mempool.clear();
    node.model().foreign = Some((104, foreign()));
    node.model().make_blocks(1_000);
    let archive = node.twin();
    node.model().pruned_below = 1_000;
    let end = node.run_with(&archive, async |client| pursue(client, &journal).await).await.unwrap();
    let End::Dead { evidence: Evidence::SequenceUsed { by, from, to, .. }, .. } = end else {
        panic!("{end:?}")
    };
    assert_eq!((from, to), (Height(101), Height(113)));
    assert_eq!(by, Some((Height(104), TxHash::of(&foreign()))));
}

#[tokio::test]
async fn an_account_is_read_at_the_height_that_was_seen_or_not_at_all() {
    let node = Node::new();
    let journal = open(&node).await;
    node.model().make_blocks(30);
    // It landed at 102; the account comes from a node that is behind that, and so does "not found".
    (node.model().state, node.model().indexed_from) = (Some(101), u64::MAX);
    let lagging = why(node.run(async |client| pursue(client, &journal).await).await);
    assert!(lagging.contains("invalid height"), "{lagging}");
    (node.model().state, node.model().indexed_from) = (None, 0);
    let end = node.run(async |client| pursue(client, &journal).await).await.unwrap();
    assert!(end.is_landed(), "{end:?}");
}

#[tokio::test]
async fn nothing_is_planned_on_an_account_that_lags() {
    let node = Node::new();
    node.model().state = Some(100);
    with(&node, async |sender, _| {
        let error = send(&sender, "a").await.unwrap_err();
        let Unsettled::Stalled { source: ChainError::Refused { .. }, .. } = error else {
            panic!("{error:?}")
        };
        assert!(log(&node).is_empty());
        node.model().state = None;
        assert!(send(&sender, "a").await.unwrap().is_landed());
    })
    .await;
}

#[tokio::test]
async fn an_absurd_height_is_not_planned_on_and_leaves_no_trace() {
    let node = Node::new();
    node.model().absurd = Some(1_000_000_000_000);
    with(&node, async |sender, _| {
        let error = send(&sender, "a").await.unwrap_err();
        assert!(matches!(error, Unsettled::Stalled { .. }), "{error:?}");
        assert!(log(&node).is_empty());
        (node.model().absurd, node.model().frozen) = (None, true);
        let doubt = send(&sender, "a").await.unwrap_err();
        let (_, timeout) = doubt.at_stake().unwrap();
        assert!(timeout < Height(1_000), "{timeout}");
        // Nor is it while one is followed.
        node.model().absurd = Some(1_000_000_000_000);
        let absurd = why(send(&sender, "a").await);
        assert!(absurd.contains("bigger then the chain"), "{absurd}");
        (node.model().absurd, node.model().frozen) = (None, false);
        assert!(send(&sender, "a").await.unwrap().is_landed());
    })
    .await;
    assert_eq!(distinct_broadcasts(&node), 1);
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_right_is_left_for_the_next() {
    let (absurd, good) = (Node::new(), Node::new());
    absurd.model().absurd = Some(1_000_000_000_000);
    let end = with_two(&absurd, &good, async |sender, _| send(&sender, "a").await.unwrap()).await;
    assert!(end.is_landed(), "{end:?}");
}

#[tokio::test]
async fn a_close_does_not_wait_for_a_second_endpoint_and_what_spends_does() {
    let (first, silent) = (Node::new(), Node::new());
    silent.model().silent = true;
    with_two(&first, &silent, async |sender, _| {
        let spends = send(&sender, "a").await;
        assert!(matches!(spends, Err(Unsettled::Stalled { .. })), "{spends:?}");
        assert!(close(&sender, "b").await.unwrap().is_landed());
    })
    .await;
}

#[tokio::test]
async fn a_node_that_changes_its_chain_is_signed_nothing_for() {
    let node = Node::new();
    with(&node, async |sender, _| {
        assert!(send(&sender, "a").await.unwrap().is_landed());
        node.model().chain_id = "other-1".into();
        let error = send(&sender, "b").await.unwrap_err();
        let Unsettled::Stalled { source: ChainError::WrongChain { expected, found, .. }, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!((&*expected, &*found), (CHAIN, "other-1"));
    })
    .await;
    assert_eq!(distinct_broadcasts(&node), 1);
}

#[tokio::test]
async fn a_proxy_s_refusal_is_not_the_chain_s_and_the_next_endpoint_is_asked() {
    let page = "<html>no</html>";
    for (status, body) in [(401, ""), (403, ""), (403, page), (404, ""), (500, page), (500, ""), (503, "")] {
        let (proxied, good) = (Node::new(), Node::new());
        proxied.model().http = Some(("/Simulate", status, body));
        let error = with(&proxied, async |sender, _| send(&sender, "a").await.unwrap_err()).await;
        let Unsettled::Stalled { source, .. } = error else { panic!("{error:?}") };
        assert!(matches!(source, ChainError::Unreachable { .. }), "{status}: {source:?}");
        good.model().height = proxied.model().height + 2;
        let end = with_two(&proxied, &good, async |sender, _| send(&sender, "a").await.unwrap()).await;
        assert!(end.is_landed(), "{status}: {end:?}");
    }
}

#[tokio::test]
async fn endpoints_that_show_another_number_at_one_height_are_not_planned_on() {
    let (first, second) = (Node::new(), Node::new());
    second.model().sequence.insert(0, 8);
    second.model().make_blocks(100);
    with_two(&first, &second, async |sender, _| {
        let Err(Unsettled::Stalled { source, .. }) = send(&sender, "a").await else { panic!() };
        assert!(matches!(source, ChainError::Disagree { what: "the account", .. }), "{source:?}");
        assert!(matches!(close(&sender, "b").await, Err(Unsettled::Stalled { .. })));
    })
    .await;
    assert_eq!(distinct_broadcasts(&first), 0);
}

#[tokio::test]
async fn two_of_three_endpoints_are_enough_and_the_third_is_not_asked_first_any_more() {
    let (liar, second, third) = (Node::new(), Node::new(), Node::new());
    liar.model().sequence.insert(0, 8);
    for honest in [&second, &third] {
        honest.model().make_blocks(10);
    }
    let read = |client: Client| async move {
        client
            .account(key(1).address(), At::Height(Height(100)))
            .await
            .map(|account| account.unwrap().sequence)
    };
    liar.serve(async |one| {
        second
            .run_beside(&third, one, async |client| {
                assert_eq!(client.agreed("the account", Height(100), read).await.unwrap(), 7);
                assert_eq!(read(client).await.unwrap(), 7);
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn who_used_a_number_is_found_as_long_as_a_node_has_the_block_and_the_state_after_it() {
    let node = Node::new();
    node.model().foreign = Some((150, foreign()));
    node.model().make_blocks(200);
    let used = async |pruned_below| {
        node.model().pruned_below = pruned_below;
        let span = (Height(1), Height(250));
        node.run(async |client| client.used(key(1).address(), 7, span).await.unwrap()).await
    };
    for pruned_below in [0, 120, 150] {
        let found = used(pruned_below).await.unwrap();
        assert_eq!((found.height, found.hash), (Height(150), TxHash::of(&foreign())), "{pruned_below}");
        assert_eq!(found.memo, "somebody else");
    }
    assert_eq!(used(151).await, None);
}
