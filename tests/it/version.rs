//! A node that is upgraded while something of ours is open: from then on only what closes is signed, and everybody is told.

use std::time::Duration;

use rayakash_testkit::{Chain, until};

use crate::home::{home, must};

/// A cluster that nobody offers at this price, and a window for bids that is longer than a test: its deployment stays open.
const OPEN: &str = "\
apiVersion: rayakash/v1
cluster_name: open
head_node_type: head
available_node_types:
  head: { resources: { CPU: 1, memory: 2Gi } }
budget: { max_usd_per_hour: 0.0001 }
market: { bid_window: { min: 60s, max: 120s } }
";

#[tokio::test]
async fn after_an_upgrade_nothing_is_opened_and_down_still_closes() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let chain = Chain::of(&home).unwrap();
    let before = chain.look().await.unwrap();
    let file = home.write("open.yaml", OPEN).unwrap().display().to_string();
    let other = OPEN.replace("cluster_name: open", "cluster_name: other");
    let other = home.write("other.yaml", &other).unwrap().display().to_string();
    let known = must(home.run(&["daemon", "status"]).await, 0);
    assert!(known.out.contains("node        ok: version v2.1.0+rayakash-sandbox"), "{}", known.out);
    must(home.run(&["up", &file, "--timeout", "3s"]).await, 11);
    assert_eq!(chain.look().await.unwrap().open().count(), 1);

    must(home.run(&["sandbox", "fault", "version", "v3.0.0"]).await, 0);
    let told = until("status tells of the upgrade", Duration::from_secs(60), async || {
        let status = home.run(&["status", "open", "-o", "json"]).await?.json()?;
        Ok((status["waiting"]["what"] == "unknown_version").then_some(status))
    });
    let told = told.await.unwrap();
    assert_eq!(told["last_code"], "unknown-version");
    let detail = told["waiting"]["detail"].as_str().unwrap();
    assert!(detail.contains("the node is version v3.0.0, and this program knows v2"), "{detail}");
    let health = must(home.run(&["daemon", "status"]).await, 10);
    assert!(health.out.contains("node        NOT OK: the node is version v3.0.0"), "{}", health.out);
    for command in ["plan", "up"] {
        let refused = must(home.run(&[command, &other]).await, 4);
        assert!(
            refused.err.contains("error[unknown-version]") && refused.err.contains("v3.0.0"),
            "{}",
            refused.err
        );
        assert_eq!(refused.out, "");
    }
    must(home.run(&["status", "other"]).await, 12);

    let down = must(home.run(&["down", "open"]).await, 0);
    assert!(down.out.contains("open: closed, cost 0 uact"), "{}", down.out);
    let after = chain.look().await.unwrap();
    assert_eq!((after.opened_since(&before).len(), after.open().count()), (1, 0));
    assert_eq!(after.uact, before.uact);
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}
