use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use akash_chain::{Answer, Class, Client, End, Evidence, Policy, Sender, Unsettled};
use akash_types::msg::CloseDeployment;
use akash_types::{Coin, DeploymentId, Dseq, Height, Msg, Rejection};
use akash_wallet::{Allowed, TxHash};
use cosmos_sdk_proto::cosmos::tx::v1beta1::{Tx, TxRaw};
use prost::Message as _;

use crate::believing::with_two;
use crate::node::{CHAIN, Node, Verdict, key};
use crate::recorder::Recorder;

fn policy() -> Policy {
    Policy { window: 12, patience: Duration::from_millis(400), ..Policy::default() }
}

pub(crate) fn sender(client: Client, journal: &Arc<Recorder>) -> Sender {
    Sender::new(client, (key(1), Allowed::tenant()), CHAIN, Arc::clone(journal) as _, policy())
}

fn messages() -> Vec<Msg> {
    let id = DeploymentId::new(key(1).address().clone(), Dseq::new(1_795_547_241_570).unwrap());
    vec![CloseDeployment { id }.into()]
}

pub(crate) async fn send(sender: &Sender, intent: &str) -> Result<End, Unsettled> {
    sender.carry_out(intent, messages(), Class::Other, "rk1:x").await
}

pub(crate) async fn close(sender: &Sender, intent: &str) -> Result<End, Unsettled> {
    sender.carry_out(intent, messages(), Class::Close, "rk1:x").await
}

/// Runs a test with a sender on this node.
pub(crate) async fn with<T>(node: &Node, test: impl AsyncFnOnce(Sender, Arc<Recorder>) -> T) -> T {
    let journal = Recorder::new(Arc::clone(&node.model().log));
    node.run(async |client| test(sender(client, &journal), Arc::clone(&journal)).await).await
}

pub(crate) fn log(node: &Node) -> Vec<String> {
    let model = node.model();
    let log = model.log.lock().unwrap();
    log.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

pub(crate) fn distinct_broadcasts(node: &Node) -> usize {
    let mut all = node.model().broadcasts.clone();
    all.sort();
    all.dedup();
    all.len()
}

fn verdict((codespace, code): (&'static str, u32), charged: bool) -> Verdict {
    Verdict { codespace, code, charged }
}

/// The bytes of a transaction of this key at the number 7 that the sender does not know.
pub(crate) fn foreign() -> Vec<u8> {
    let draft = akash_wallet::Draft {
        messages: messages(),
        memo: "somebody else".into(),
        timeout_height: Height(1_000),
        gas: 1,
        fee: Coin::uakt(1),
        account_number: 4,
        sequence: 7,
        granter: None,
    };
    key(1).sign(&draft, CHAIN, &Allowed::tenant()).unwrap().bytes
}

#[tokio::test]
async fn a_transaction_is_journalled_before_it_is_sent_and_lands() {
    let node = Node::new();
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    let End::Landed { hash, fee, gas_used, height } = end else { panic!("{end:?}") };
    assert_eq!(log(&node), ["attempted", "broadcast", "answered", "ended"]);
    let model = node.model();
    let bytes = &model.broadcasts[0];
    assert_eq!(TxHash::of(bytes), hash);
    assert!(model.blocks[&height.0].contains(bytes));
    // 100,000 simulated, 1.4 times that, at the node's minimum of 0.03.
    assert_eq!((fee, gas_used), (Coin::uakt(4_200), 100_000));
    let tx = Tx::decode(&**bytes).unwrap();
    let (body, auth) = (tx.body.unwrap(), tx.auth_info.unwrap());
    assert_eq!((body.memo.as_str(), body.timeout_height), ("rk1:x", 113));
    assert_eq!(auth.signer_infos[0].sequence, 7);
    assert_eq!(auth.fee.unwrap().gas_limit, 140_000);
    assert!(TxRaw::decode(&**bytes).is_ok());
}

#[tokio::test]
async fn an_intent_that_landed_is_not_repeated() {
    let node = Node::new();
    with(&node, async |sender, _| {
        let first = send(&sender, "a").await.unwrap();
        assert_eq!(send(&sender, "a").await.unwrap(), first);
        assert_eq!(sender.pursue("a").await.unwrap(), Some(first));
        assert_eq!(sender.pursue("b").await.unwrap(), None);
        assert!(send(&sender, "b").await.unwrap().is_landed());
    })
    .await;
    assert_eq!(node.model().sequence_at(10_000), 9);
}

#[tokio::test]
async fn a_failure_in_a_block_costs_its_fee_even_with_a_log_that_is_no_text() {
    let node = Node::new();
    node.model().verdicts.push(verdict(("authz", 2), true));
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    let End::Failed { height, rejection, fee, hash } = end else { panic!("{end:?}") };
    assert!(rejection.is(("authz", 2)));
    assert_eq!(rejection.log, "k\u{fffd}\u{fffd}");
    assert!(height.is_some() && hash.is_some());
    assert_eq!(fee, Some(Coin::uakt(4_200)));
}

#[tokio::test]
async fn a_node_that_asks_for_too_much_gets_nothing() {
    let node = Node::new();
    let journal = Recorder::new(Arc::clone(&node.model().log));
    let error = node
        .run(async |client| {
            let mean = Policy { max_fee: 4_199, ..policy() };
            let keys = (key(1), Allowed::tenant());
            let sender = Sender::new(client, keys, CHAIN, Arc::clone(&journal) as _, mean);
            send(&sender, "a").await.unwrap_err()
        })
        .await;
    assert!(matches!(error, Unsettled::TooDear { .. }) && error.at_stake().is_none(), "{error:?}");
    assert!(log(&node).is_empty() && node.model().broadcasts.is_empty());
}

#[tokio::test]
async fn what_a_mempool_lost_is_sent_again_the_same() {
    let node = Node::new();
    node.model().lose = 2;
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    assert!(end.is_landed(), "{end:?}");
    assert_eq!(node.model().broadcasts.len(), 3);
    assert_eq!(distinct_broadcasts(&node), 1);
}

/// "Already done" at the first broadcast: whoever gave the node these bytes, they are on their way.
#[tokio::test]
async fn a_node_that_has_the_bytes_already_is_followed() {
    let node = Node::new();
    node.model().gossip = true;
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    assert!(end.is_landed(), "{end:?}");
    assert_eq!(node.model().sequence_at(10_000), 8);
    assert_eq!(distinct_broadcasts(&node), 1);
}

/// "Already done" when they are sent again, after an interruption.
#[tokio::test]
async fn bytes_that_are_still_in_the_mempool_when_they_are_sent_again_land_once() {
    let node = Node::new();
    node.model().frozen = true;
    with(&node, async |sender, _| {
        let error = send(&sender, "a").await.unwrap_err();
        assert!(matches!(error, Unsettled::Doubt { .. }), "{error:?}");
        assert_eq!(node.model().mempool.len(), 1);
        let error = sender.pursue("a").await.unwrap_err();
        assert!(matches!(error, Unsettled::Doubt { .. }), "{error:?}");
        node.model().frozen = false;
        assert!(sender.pursue("a").await.unwrap().unwrap().is_landed());
    })
    .await;
    assert_eq!(node.model().sequence_at(10_000), 8);
    assert!(node.model().broadcasts.len() > 1);
    assert_eq!(distinct_broadcasts(&node), 1);
}

#[tokio::test]
async fn a_refusal_whose_log_is_no_text_is_a_refusal_and_no_silence() {
    let node = Node::new();
    node.model().check = Some(("feegrant", 2));
    let broadcast = node.run(async |client| client.broadcast(&foreign()).await).await;
    let [(_, Answer::Rejected(rejection))] = broadcast.answers.as_slice() else { panic!("{broadcast:?}") };
    assert!(rejection.is(("feegrant", 2)));
    assert_eq!(rejection.log, "k\u{fffd}\u{fffd}");
}

/// What a close and a withdrawal in one block do to a payment must not happen to two acts of ours.
#[tokio::test]
async fn two_intents_of_a_key_are_never_in_one_block() {
    let node = Node::new();
    let (a, b) = with(&node, async |sender, _| {
        tokio::join!(Box::pin(send(&sender, "a")), Box::pin(send(&sender, "b")))
    })
    .await;
    let (End::Landed { height: a, .. }, End::Landed { height: b, .. }) = (a.unwrap(), b.unwrap()) else {
        panic!("not both")
    };
    assert_ne!(a, b);
}

#[tokio::test]
async fn what_no_block_took_is_dead_after_its_timeout_and_not_before() {
    let node = Node::new();
    node.model().lose = usize::MAX;
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    let End::Dead { evidence: Evidence::Expired { from, to, seen_at }, .. } = end else { panic!("{end:?}") };
    assert_eq!((from, to), (Height(101), Height(113)));
    assert!(seen_at > to);
    assert!(node.model().broadcasts.len() > 3);
    assert_eq!(distinct_broadcasts(&node), 1);
    // The number is free again.
    node.model().lose = 0;
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    assert!(end.is_landed(), "{end:?}");
    assert_eq!(node.model().sequence_at(10_000), 8);
}

#[tokio::test]
async fn a_number_used_by_somebody_else_is_death_with_the_culprit_named() {
    let node = Node::new();
    node.model().lose = usize::MAX;
    node.model().foreign = Some((104, foreign()));
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    let End::Dead { evidence: Evidence::SequenceUsed { by, to, .. }, .. } = end else { panic!("{end:?}") };
    assert_eq!(by, Some((Height(104), TxHash::of(&foreign()))));
    assert!(to < Height(113), "it was known before the timeout: {to}");
}

#[tokio::test]
async fn a_node_that_has_the_block_and_not_the_result_is_waited_for() {
    let node = Node::new();
    // Past the timeout of 113, the node still says "not found" of a transaction that landed.
    node.model().indexed_from = 118;
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    assert!(end.is_landed(), "{end:?}");
    assert!(node.model().height >= 118);
    assert_eq!(node.model().sequence_at(10_000), 8);
}

#[tokio::test]
async fn a_failure_that_was_not_charged_is_followed_until_it_lands() {
    let node = Node::new();
    node.model().verdicts.push(verdict(Rejection::INSUFFICIENT_FUNDS, false));
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    assert!(end.is_landed(), "{end:?}");
    assert_eq!(distinct_broadcasts(&node), 1);
}

#[tokio::test]
async fn a_refused_simulation_is_a_failure_without_an_attempt() {
    let node = Node::new();
    node.model().simulation = Some(
        "failed to execute message; message index: 0: Deployment closed [baseapp.go:1051] with gas used: '48011'",
    );
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    let End::Failed { height: None, rejection, fee: None, hash: None } = end else { panic!("{end:?}") };
    assert!(rejection.is(Rejection::DEPLOYMENT_CLOSED));
    assert!(log(&node).is_empty());
}

#[tokio::test]
async fn a_first_broadcast_that_the_only_node_refuses_is_over() {
    let node = Node::new();
    node.model().check = Some(Rejection::INSUFFICIENT_FEE);
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    let End::Failed { height: None, rejection, fee: None, hash: Some(_) } = end else { panic!("{end:?}") };
    assert!(rejection.is(Rejection::INSUFFICIENT_FEE));
    assert_eq!(log(&node), ["attempted", "broadcast", "answered", "ended"]);
}

#[tokio::test]
async fn a_refusal_is_not_believed_when_another_node_may_have_the_bytes() {
    let (strict, kind) = (Node::new(), Node::new());
    strict.model().check = Some(Rejection::INSUFFICIENT_FEE);
    (kind.model().lose, kind.model().height) = (usize::MAX, 150);
    let end = with_two(&strict, &kind, async |sender, _| send(&sender, "a").await.unwrap()).await;
    // Neither shows a block with it until the timeout.
    assert!(matches!(end, End::Dead { evidence: Evidence::Expired { .. }, .. }), "{end:?}");
}

#[tokio::test]
async fn a_wrong_number_at_the_first_broadcast_is_followed_to_a_proof() {
    let node = Node::new();
    node.model().check = Some(Rejection::WRONG_SEQUENCE);
    node.model().foreign = Some((104, foreign()));
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    let End::Dead { evidence: Evidence::SequenceUsed { by, .. }, .. } = end else { panic!("{end:?}") };
    assert_eq!(by.map(|(height, _)| height), Some(Height(104)));
}

#[tokio::test]
async fn nothing_is_tried_when_the_node_is_silent_from_the_start() {
    let node = Node::new();
    node.model().silent = true;
    let error = with(&node, async |sender, _| send(&sender, "a").await.unwrap_err()).await;
    assert!(matches!(error, Unsettled::Stalled { .. }), "{error:?}");
    assert_eq!(error.at_stake(), None);
    assert!(log(&node).is_empty());
}

#[tokio::test]
async fn a_node_that_stops_making_blocks_leaves_a_doubt_that_is_settled_later() {
    let node = Node::new();
    node.model().frozen = true;
    with(&node, async |sender, _| {
        let error = send(&sender, "a").await.unwrap_err();
        let Unsettled::Doubt { hash, timeout, .. } = &error else { panic!("{error:?}") };
        assert_eq!(error.at_stake(), Some((*hash, *timeout)));
        // Another intent of the key must not start meanwhile.
        let blocked = send(&sender, "b").await.unwrap_err();
        assert!(matches!(&blocked, Unsettled::Blocked { .. }), "{blocked:?}");
        assert_eq!(blocked.at_stake(), None);
        node.model().frozen = false;
        let end = send(&sender, "a").await.unwrap();
        assert!(matches!(&end, End::Landed { hash: landed, .. } if landed == hash), "{end:?}");
    })
    .await;
    assert_eq!(distinct_broadcasts(&node), 1);
}

#[tokio::test]
async fn a_refusal_after_a_restart_ends_nothing() {
    let node = Node::new();
    node.model().frozen = true;
    with(&node, async |sender, _| {
        let error = send(&sender, "a").await.unwrap_err();
        assert!(matches!(error, Unsettled::Doubt { .. }), "{error:?}");
        // The node took the bytes and lost them. Sent again they are refused, which says nothing about other nodes' mempools.
        node.model().mempool.clear();
        node.model().check = Some(Rejection::INSUFFICIENT_FUNDS);
        node.model().frozen = false;
        let end = sender.pursue("a").await.unwrap().unwrap();
        assert!(matches!(end, End::Dead { evidence: Evidence::Expired { .. }, .. }), "{end:?}");
    })
    .await;
    assert!(node.model().broadcasts.len() > 3);
}

#[tokio::test]
async fn a_dropped_future_leaves_an_attempt_that_the_next_call_takes_up() {
    let node = Node::new();
    node.model().frozen = true;
    with(&node, async |sender, _| {
        tokio::select! {
            end = send(&sender, "a") => panic!("{end:?}"),
            () = async {
                while node.model().broadcasts.is_empty() {
                    tokio::task::yield_now().await;
                }
            } => {}
        }
        node.model().frozen = false;
        assert!(send(&sender, "b").await.unwrap().is_landed());
        assert!(sender.pursue("a").await.unwrap().unwrap().is_landed());
    })
    .await;
    assert_eq!(node.model().sequence_at(10_000), 9);
    assert_eq!(distinct_broadcasts(&node), 2);
}

#[tokio::test]
async fn nothing_is_sent_that_cannot_be_journalled() {
    let node = Node::new();
    with(&node, async |sender, journal| {
        journal.full.store(true, Ordering::Relaxed);
        let error = send(&sender, "a").await.unwrap_err();
        assert!(matches!(error, Unsettled::Journal { what: "write the attempt", .. }), "{error:?}");
    })
    .await;
    assert!(node.model().broadcasts.is_empty());
}

#[tokio::test]
async fn an_end_that_cannot_be_journalled_is_found_again() {
    let node = Node::new();
    with(&node, async |sender, journal| {
        let (result, ()) = tokio::join!(send(&sender, "a"), async {
            while node.model().broadcasts.is_empty() {
                tokio::task::yield_now().await;
            }
            journal.full.store(true, Ordering::Relaxed);
        });
        let error = result.unwrap_err();
        assert!(matches!(error, Unsettled::Journal { what: "write the end", .. }), "{error:?}");
        journal.full.store(false, Ordering::Relaxed);
        assert!(send(&sender, "a").await.unwrap().is_landed());
    })
    .await;
    assert_eq!(node.model().sequence_at(10_000), 8);
}

#[tokio::test]
async fn a_node_that_went_back_is_not_planned_on() {
    let node = Node::new();
    with(&node, async |sender, _| {
        assert!(send(&sender, "a").await.unwrap().is_landed());
        node.model().height = 90;
        node.model().frozen = true;
        let error = send(&sender, "b").await.unwrap_err();
        assert!(matches!(error, Unsettled::Behind { .. }), "{error:?}");
    })
    .await;
    assert_eq!(distinct_broadcasts(&node), 1);
}

#[tokio::test]
async fn what_the_key_may_not_sign_is_not_even_simulated() {
    let node = Node::new();
    with(&node, async |sender, _| {
        let other = key(2).address().clone();
        let id = DeploymentId::new(other, Dseq::new(1_795_547_241_570).unwrap());
        let error =
            sender.carry_out("a", vec![CloseDeployment { id }.into()], Class::Close, "").await.unwrap_err();
        assert!(matches!(error, Unsettled::Refused { .. }), "{error:?}");
    })
    .await;
    assert!(log(&node).is_empty());
}

#[tokio::test]
async fn one_of_another_chain_is_refused_before_anything_is_signed() {
    let node = Node::new();
    node.model().chain_id = "other-1".into();
    let error = with(&node, async |sender, _| send(&sender, "a").await.unwrap_err()).await;
    assert!(matches!(error, Unsettled::Stalled { .. }), "{error:?}");
    assert!(log(&node).is_empty());
}

#[tokio::test]
async fn what_ran_out_of_gas_is_sent_with_more_three_times_at_most() {
    let node = Node::new();
    node.model().verdicts = vec![verdict(Rejection::OUT_OF_GAS, true); 2];
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    assert!(end.is_landed(), "{end:?}");
    let gas = |bytes: &Vec<u8>| Tx::decode(&**bytes).unwrap().auth_info.unwrap().fee.unwrap().gas_limit;
    assert_eq!(node.model().broadcasts.iter().map(gas).collect::<Vec<_>>(), [140_000, 224_000, 358_400]);
    let node = Node::new();
    node.model().verdicts = vec![verdict(Rejection::OUT_OF_GAS, true); 9];
    let end = with(&node, async |sender, _| send(&sender, "a").await.unwrap()).await;
    assert!(matches!(end, End::Failed { height: Some(_), .. }), "{end:?}");
    assert_eq!(distinct_broadcasts(&node), 3);
}

#[tokio::test]
async fn what_a_node_finds_too_cheap_later_is_replaced_at_the_same_number() {
    let node = Node::new();
    let journal = Recorder::new(Arc::clone(&node.model().log));
    node.model().frozen = true;
    // The first broadcast is taken and lost; then the node asks for more than twice as much.
    node.model().lose = 1;
    let doubt = node.run(async |client| send(&sender(client, &journal), "a").await).await;
    assert!(matches!(doubt, Err(Unsettled::Doubt { .. })), "{doubt:?}");
    (node.model().frozen, node.model().minimum) = (false, 70);
    let end = node.run(async |client| send(&sender(client, &journal), "a").await.unwrap()).await;
    assert!(end.is_landed(), "{end:?}");
    let mut sent = node.model().broadcasts.clone();
    sent.dedup();
    let auth: Vec<_> = sent.iter().map(|bytes| Tx::decode(&**bytes).unwrap().auth_info.unwrap()).collect();
    let fees: Vec<_> = auth.iter().map(|auth| auth.fee.clone().unwrap().amount[0].amount.clone()).collect();
    assert_eq!(fees, ["4200", "6300", "9450", "9800"], "half more at most, and no more than is asked for");
    assert!(auth.iter().all(|auth| auth.signer_infos[0].sequence == 7));
    let attempts = journal.all().await;
    assert_eq!(attempts.iter().filter(|attempt| attempt.end.as_ref().is_some_and(End::is_landed)).count(), 1);
    assert!(attempts.iter().all(|attempt| attempt.end.is_some()), "{attempts:?}");
    assert_eq!(node.model().sequence_at(10_000), 8);
}

#[tokio::test]
async fn a_close_goes_before_what_waits_longer() {
    let node = Node::new();
    with(&node, async |sender, journal| {
        let (a, b) = (Box::pin(send(&sender, "a")), Box::pin(send(&sender, "b")));
        let (a, b, c) = tokio::join!(a, b, Box::pin(close(&sender, "c")));
        assert!(a.unwrap().is_landed() && b.unwrap().is_landed() && c.unwrap().is_landed());
        let order: Vec<_> = journal.all().await.into_iter().map(|attempt| attempt.intent).collect();
        assert_eq!(order, ["a", "c", "b"]);
    })
    .await;
}
