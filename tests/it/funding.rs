//! A hot key that owns nothing: a cold one pays, up to a limit and until an end.

use std::time::Duration;

use rayakash_testkit::{Chain, Home, Service, until};

use crate::home::{home, must};
use crate::recovery::{deployments, order};

const TENANT: &str = "akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v";

/// A home whose daemon works with a key of its own that owns nothing, on a sandbox whose tenant pays.
async fn hot() -> (Home, Service, Service, String) {
    let mut home = home();
    let passphrase = home.write("passphrase", "open sesame\n").unwrap();
    home.set("RAYAKASH_PASSPHRASE_FILE", passphrase);
    let sandbox = home.start_sandbox().await.unwrap();
    let text = format!(
        "context = \"hot\"\n[contexts.hot]\nnetwork = \"sandbox\"\nkey = \"hot\"\nfunder = \"{TENANT}\"\n"
    );
    home.write("config/rayakash.toml", &text).unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let made = must(home.run(&["keys", "new", "hot", "-o", "json"]).await, 0).json().unwrap();
    must(home.run(&["keys", "unlock", "hot"]).await, 0);
    let address = made["key"]["address"].as_str().unwrap().to_owned();
    (home, sandbox, daemon, address)
}

fn chain_of(home: &Home, address: &str) -> Chain {
    let info = akash_sandbox::Info::read(&home.sandbox()).unwrap();
    Chain::at(&format!("http://{}", info.grpc), address).unwrap()
}

async fn grant(home: &Home, address: &str, usd: &str, code: i32) -> rayakash_testkit::Ran {
    let grant =
        ["wallet", "grant", "sandbox", "--to", address, "--usd", usd, "--fees-akt", "1", "--days", "14"];
    must(home.run(&grant).await, code)
}

#[tokio::test]
async fn a_hot_key_that_owns_nothing_works_with_what_is_granted_and_no_more() {
    let (home, sandbox, daemon, address) = hot().await;
    let (chain, cold) = (chain_of(&home, &address), chain_of(&home, TENANT));
    let before = cold.look().await.unwrap();

    // Nothing is granted yet.
    let doctor = must(home.run(&["doctor"]).await, 1);
    assert!(
        doctor.out.contains("has granted no deposits") && doctor.out.contains("-> rayakash wallet grant"),
        "{}",
        doctor.out
    );
    // A grant has a limit and an end.
    for wrong in [
        &["wallet", "grant", "sandbox", "--to", &address, "--usd", "3", "--fees-akt", "1"][..],
        &["wallet", "grant", "sandbox", "--to", &address, "--usd", "0", "--fees-akt", "1", "--days", "14"],
        &["wallet", "grant", "sandbox", "--to", &address, "--fees-akt", "1", "--days", "14"],
        &["wallet", "grant", "sandbox", "--to", &address, "--usd", "3", "--fees-akt", "1", "--days", "0"],
        &["wallet", "grant", "sandbox", "--to", "akash1x", "--usd", "3", "--fees-akt", "1", "--days", "14"],
    ] {
        must(home.run(wrong).await, 2);
    }
    let granted = grant(&home, &address, "0.75", 0).await;
    assert!(granted.out.contains("750000 uact (0.75 USD) for deposits, until 2"), "{}", granted.out);
    grant(&home, &address, "0.75", 0).await;
    let wallet = must(home.run(&["wallet", "balance", "-o", "json"]).await, 0).json().unwrap();
    assert_eq!(wallet["funding"]["deposits_uact"], "750000");
    must(home.run(&["doctor"]).await, 0);

    // The first deposit fits, the second does not.
    order(&home, &chain, "first").await;
    let open = deployments(&chain).await;
    assert_eq!(open, 1);
    let refused = must(home.run(&["up", &crate::recovery::file(&home, "second")]).await, 9);
    assert!(refused.err.contains("wallet balance"), "{}", refused.err);
    let hot = chain.look().await.unwrap();
    assert_eq!(
        (hot.uact, hot.uakt, deployments(&chain).await),
        (0, 0, 1),
        "it owns nothing, and has a deployment"
    );
    must(home.run(&["down", "--all"]).await, 0);
    let after = cold.look().await.unwrap();
    assert_eq!(after.uact, before.uact, "what came back went to who paid");
    assert!(after.uakt < before.uakt, "and paid the fees");
    assert_eq!(chain.look().await.unwrap().uact, 0);

    // Taken back: nothing more is spent.
    let revoked = must(home.run(&["wallet", "revoke", "sandbox", "--to", &address]).await, 0);
    assert!(revoked.out.contains("nothing for deposits"), "{}", revoked.out);
    must(home.run(&["wallet", "revoke", "sandbox", "--to", &address]).await, 12);
    must(home.run(&["up", &crate::recovery::file(&home, "third")]).await, 9);
    assert_eq!(deployments(&chain).await, 0);
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}

/// The chain would take a deposit out of either grant.
#[tokio::test]
async fn two_funders_of_one_key_spend_nothing() {
    let (home, sandbox, daemon, address) = hot().await;
    let chain = chain_of(&home, &address);
    grant(&home, &address, "5", 0).await;
    order(&home, &chain, "first").await;
    let words = format!("{} art", ["abandon"; 23].join(" "));
    let mnemonic = akash_wallet::Mnemonic::parse(&words).unwrap();
    let treasury = akash_wallet::Key::derive(&mnemonic, 4).unwrap();
    let message = akash_types::msg::GrantDeposits {
        granter: treasury.address().clone(),
        grantee: address.parse().unwrap(),
        authorization: akash_types::msg::DepositAuthorization::new(
            vec![akash_types::escrow::Scope::Deployment],
            vec![akash_types::Coin::uact(5_000_000)],
        ),
        expires: None,
    };
    let journal = std::sync::Arc::new(akash_chain::MemoryJournal::default());
    let (client, allowed) = (chain.client().clone(), akash_wallet::Allowed::treasury());
    let policy = akash_chain::Policy::default();
    let sender = akash_chain::Sender::new(client, (treasury, allowed), "rayakash-sandbox", journal, policy);
    let class = akash_chain::Class::Update;
    assert!(sender.carry_out("x", vec![message.into()], class, "").await.unwrap().is_landed());

    until("it is noticed", Duration::from_secs(20), async || {
        let said = home.run(&["status", "first"]).await?;
        Ok(said.out.contains("frozen: more than one account pays for this key").then_some(()))
    })
    .await
    .unwrap();
    must(home.run(&["up", &crate::recovery::file(&home, "second")]).await, 6);
    assert_eq!(deployments(&chain).await, 1);
    let doctor = must(home.run(&["doctor", "-o", "json"]).await, 1).json().unwrap();
    let problems: Vec<&str> = doctor["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["level"] == "problem")
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(problems, ["grants", "spending"], "{doctor}");
    let warned =
        doctor["findings"].as_array().unwrap().iter().filter(|one| one["level"] == "warning").count();
    assert_eq!(warned, 1, "the second one has no end: {doctor}");
    must(home.run(&["down", "--all"]).await, 0);
    assert_eq!(deployments(&chain).await, 0, "closes go on");
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}
