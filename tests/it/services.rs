//! Sandbox and daemon: one of each, found again after a crash.

use std::time::Duration;

use rayakash_testkit::until;

use crate::home::{home, must};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn there_is_one_sandbox_and_one_daemon() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let second = must(home.run(&["sandbox", "run"]).await, 13);
    assert!(second.err.contains("error[conflict]"), "{}", second.err);
    let second = must(home.run(&["daemon", "run"]).await, 7);
    assert!(second.err.contains("error[state-in-use]"), "{}", second.err);

    let status = must(home.run(&["daemon", "status", "-o", "json"]).await, 0).json().unwrap();
    assert_eq!(status["daemon"]["network"]["real_money"], false);
    assert_eq!(status["health"]["ok"], true);
    let other = must(home.run(&["status", "--context", "mainnet"]).await, 13);
    assert!(other.err.contains("works in context `sandbox`"), "{}", other.err);

    must(home.run(&["daemon", "stop"]).await, 0);
    until("the daemon ends", PATIENCE, async || Ok((!daemon.process().runs()).then_some(()))).await.unwrap();
    must(home.run(&["daemon", "status"]).await, 4);
    must(home.run(&["sandbox", "stop"]).await, 0);
    until("the sandbox ends", PATIENCE, async || Ok((!sandbox.process().runs()).then_some(())))
        .await
        .unwrap();
    must(home.run(&["sandbox", "status"]).await, 4);
}

#[tokio::test]
async fn a_sandbox_that_is_killed_is_missed_by_name_and_goes_on_where_it_was() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let before = must(home.run(&["sandbox", "status", "-o", "json"]).await, 0).json().unwrap();
    let height = before["status"]["height"].as_u64().unwrap();
    let endpoint = before["info"]["grpc"].as_str().unwrap();
    sandbox.kill().await.unwrap();
    let missed = until("the daemon misses its chain", PATIENCE, async || {
        let ran = home.run(&["daemon", "status"]).await?;
        Ok((ran.code == Some(10)).then_some(ran))
    });
    let missed = missed.await.unwrap();
    assert!(missed.out.contains("chain       NOT OK") && missed.out.contains(endpoint), "{}", missed.out);

    let sandbox = home.start_sandbox().await.unwrap();
    let after = must(home.run(&["sandbox", "status", "-o", "json"]).await, 0).json().unwrap();
    assert_eq!(after["info"]["grpc"], endpoint, "the same port");
    assert!(after["status"]["height"].as_u64().unwrap() >= height, "the same chain");
    until("the daemon is well again", PATIENCE, async || {
        Ok((home.run(&["daemon", "status"]).await?.code == Some(0)).then_some(()))
    })
    .await
    .unwrap();
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}
