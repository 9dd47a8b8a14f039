use akash_chain::{At, ChainError, Client, Recovery};
use akash_types::{Height, UAKT};

use crate::node::{CHAIN, Node, key};

#[tokio::test]
async fn a_tip_has_height_time_and_chain() {
    Node::new()
        .run(async |client| {
            let tip = client.tip().await.unwrap();
            assert_eq!((tip.height, tip.time_unix_ms, &*tip.chain_id), (Height(101), 1_010, CHAIN));
            let price = client.node_config().await.unwrap().minimum_gas_price(&UAKT);
            assert_eq!(price, "0.03".parse().unwrap());
        })
        .await;
}

#[tokio::test]
async fn a_pinned_height_reaches_the_node_and_what_is_not_there_is_none() {
    let node = Node::new();
    node.model().sequence.insert(100, 9);
    node.run(async |client| {
        let tenant = key(1);
        let sequence = async |at| client.account(tenant.address(), at).await.unwrap().unwrap().sequence;
        assert_eq!(sequence(At::Latest).await, 9);
        assert_eq!(sequence(At::Height(Height(99))).await, 7);
        assert_eq!(client.account(key(9).address(), At::Latest).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_block_that_is_not_there_yet_is_an_error() {
    Node::new()
        .run(async |client| {
            assert_eq!(client.block(Height(100)).await.unwrap().height, Height(100));
            let error = client.block(Height(999)).await.unwrap_err();
            assert!(matches!(error, ChainError::Refused { .. }), "{error:?}");
            assert_eq!(error.recovery(), Recovery::GiveUp);
        })
        .await;
}

#[tokio::test]
async fn the_next_endpoint_answers_for_a_dead_one_and_none_of_another_chain_does() {
    let good = Node::new();
    let stranger = Node::new();
    stranger.model().chain_id = "other-1".into();
    let down = Node::new();
    down.model().silent = true;
    good.serve(async |good| {
        stranger
            .serve(async |stranger| {
                down.serve(async |down| {
                    let client = Client::connect(&[down.clone(), good.clone()]).unwrap();
                    assert_eq!(client.tip().await.unwrap().height, Height(101));
                    // The first that answers sets the chain; nothing of the other is taken.
                    let client = Client::connect(&[good.clone(), stranger.clone()]).unwrap();
                    assert_eq!(client.tip().await.unwrap().chain_id, CHAIN);
                    assert_eq!(client.broadcast(b"x").await.answers.len(), 1);
                    let client = Client::connect(std::slice::from_ref(&down)).unwrap();
                    let error = client.tip().await.unwrap_err();
                    assert!(matches!(&error, ChainError::Unreachable { endpoint, .. } if *endpoint == down));
                    assert!(matches!(error.recovery(), Recovery::Retry { .. }));
                })
                .await;
            })
            .await;
    })
    .await;
    assert!(stranger.model().broadcasts.is_empty());
}

#[tokio::test]
async fn what_is_no_endpoint_is_said() {
    assert!(matches!(Client::connect(&[]), Err(ChainError::NoEndpoint)));
    let error = Client::connect(&["not a uri".to_owned()]).err().unwrap();
    assert!(matches!(error, ChainError::BadEndpoint { .. }), "{error:?}");
}
