//! The table of refusals that was recorded from a real node: where, codespace, code and text.

use akash_types::escrow::{AccountId, Source};
use akash_types::msg::{
    AccountDeposit, CloseBid, CloseDeployment, CloseGroup, CloseLease, PauseGroup, Send, StartGroup,
    StartReclaim, UpdateDeployment, UpdateProvider, WithdrawLease,
};
use akash_types::{CloseReason, Denom};

use super::*;

/// Where a transaction was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Check,
    Deliver,
}
use At::{Check, Deliver};

/// A message, where it is refused, with which code and text.
type Row<'a, M> = (M, At, (&'a str, u32), &'a str);

impl World {
    #[track_caller]
    fn refused(&mut self, who: usize, row: Row<'_, impl Into<Msg>>) {
        let (message, at, wanted, log) = row;
        let message = message.into();
        let (stage, refusal) = match self.send(who, vec![message.clone()]) {
            Err(refusal) => (Check, refusal),
            Ok(outcome) => (Deliver, outcome.rejection.expect("it must be refused")),
        };
        let text = refusal.log.trim_start_matches("failed to execute message; message index: 0: ");
        assert_eq!((stage, code(&refusal), text), (at, wanted, log), "{message:?}");
    }
}

/// A sound creation with one thing changed.
fn with(id: &DeploymentId, change: impl FnOnce(&mut CreateDeployment)) -> CreateDeployment {
    let mut message = creation(id, 5_000_000);
    change(&mut message);
    message
}

fn with_unit(id: &DeploymentId, change: impl FnOnce(&mut ResourceUnit)) -> CreateDeployment {
    with(id, |m| change(&mut m.groups[0].units[0]))
}

#[test]
fn deposits_of_a_new_deployment() {
    let mut w = World::new();
    let id = &w.deployment(1_781_208_250_001);
    let foo = Denom::from("ufoo");
    let all_in = |denom: Denom| {
        with(id, |m| {
            m.deposit.amount.denom = denom.clone();
            m.groups[0].units[0].price.denom = denom;
        })
    };
    let amount = |n: u128| with(id, |m| m.deposit.amount.amount = n);
    let sources = |list: &[Source]| with(id, |m| m.deposit.sources = list.to_vec());
    let rows = [
        (
            amount(499_999),
            Deliver,
            ("deployment", 20),
            "Deposit too low - 499999 < 500000uact: Deposit invalid",
        ),
        (amount(0), Deliver, ("deployment", 20), "Deposit too low - 0 < 500000uact: Deposit invalid"),
        (
            with(id, |m| m.deposit.amount.denom = UAKT),
            Check,
            ("deployment", 20),
            "Mismatched denominations (uakt != uact): Deposit invalid",
        ),
        (all_in(UAKT), Deliver, ("deployment", 20), "Deposit invalid"),
        (all_in(foo), Deliver, ("undefined", 1), "Deposit invalid: Invalid deposit denomination ufoo"),
        (amount(2_000_000_000_000), Deliver, ("undefined", 1), "deposit invalid: insufficient balance"),
        (amount(1 << 63), Deliver, ("undefined", 111_222), "recovered: Int64() out of bound\nstack:\n"),
        (sources(&[]), Check, ("akash", 4), "empty deposit sources: invalid deposit source"),
        (
            sources(&[Source::Balance, Source::Balance]),
            Check,
            ("akash", 4),
            "duplicate deposit source type 1: invalid deposit source",
        ),
        (
            sources(&[Source::Unrecognised(0)]),
            Check,
            ("akash", 4),
            "empty deposit source type 0: invalid deposit source",
        ),
        (sources(&[Source::Grant]), Deliver, ("undefined", 1), "deposit invalid: insufficient balance"),
    ];
    for row in rows {
        w.refused(TENANT, row);
    }
}

#[test]
fn groups_of_a_new_deployment() {
    let mut w = World::new();
    let id = &w.deployment(1_781_208_250_001);
    let rows = [
        (with(id, |m| m.groups.clear()), Check, ("deployment", 7), "Invalid groups"),
        (
            with(id, |m| m.groups.push(group("g1", 1))),
            Deliver,
            ("deployment", 7),
            "duplicate deployment group name g1: duplicate group name: Invalid groups",
        ),
        (
            with(id, |m| m.groups[0].name.clear()),
            Check,
            ("undefined", 1),
            "empty group spec name denomination",
        ),
        (
            with_unit(id, |u| u.resources.cpu.millis = 5),
            Check,
            ("undefined", 1),
            "error: invalid unit CPU (384000 > 5 > 384000 fails)",
        ),
        (
            with_unit(id, |u| u.resources.storage[0].bytes = 1 << 20),
            Check,
            ("undefined", 1),
            "error: invalid unit storage (35184372088832 > 1048576 > 5242880 fails)",
        ),
        (
            with_unit(id, |u| u.resources.gpu.units = 25),
            Check,
            ("undefined", 1),
            "error: invalid unit GPU (24 > 25 > 24 fails)",
        ),
        (
            with_unit(id, |u| u.count = 0),
            Check,
            ("undefined", 1),
            "invalid total CPU (19200000 > 0 > 0 fails)",
        ),
        (
            with_unit(id, |u| u.price.amount = Dec::from_int(10_000_001)),
            Check,
            ("undefined", 1),
            "group g1: error: invalid unit price (10000000 > 10000001.000000000000000000uact fails)",
        ),
        (
            with_unit(id, |u| u.resources.id = 0),
            Check,
            ("undefined", 1),
            "error: invalid resources ID (> 0 fails)",
        ),
    ];
    for row in rows {
        w.refused(TENANT, row);
    }
    // What one might expect to be refused, and is not.
    let (second, third) = (w.deployment(1_781_208_250_002), w.deployment(1_781_208_250_003));
    w.ok(TENANT, with_unit(&second, |u| u.count = 60));
    w.ok(TENANT, with_unit(&third, |u| u.resources.endpoints.clear()));
}

#[test]
fn what_a_deployment_and_its_groups_are_up_to() {
    let mut w = World::new();
    let id = w.create(1_781_208_250_001, 5_000_000);
    let unknown = w.deployment(1_781_208_259_999);
    w.refused(TENANT, (creation(&id, 5_000_000), Deliver, ("deployment", 3), "Deployment exists"));
    let hash = |id: &DeploymentId| UpdateDeployment { id: id.clone(), hash: [7; 32] };
    w.refused(TENANT, (hash(&id), Deliver, ("deployment", 10), "Invalid: deployment hash"));
    w.refused(TENANT, (hash(&unknown), Deliver, ("deployment", 4), "Deployment not found"));
    let group = id.group(1);
    w.refused(TENANT, (StartGroup { id: group.clone() }, Deliver, ("deployment", 16), "Group open"));
    w.ok(TENANT, PauseGroup { id: group.clone() });
    w.refused(TENANT, (PauseGroup { id: group.clone() }, Deliver, ("deployment", 17), "Group paused"));
    w.refused(TENANT, (CloseGroup { id: id.group(9) }, Deliver, ("deployment", 14), "Group not found"));
    w.ok(TENANT, CloseGroup { id: group.clone() });
    w.refused(TENANT, (StartGroup { id: group }, Deliver, ("deployment", 15), "Group already closed"));
    w.ok(TENANT, CloseDeployment { id: id.clone() });
    w.refused(TENANT, (CloseDeployment { id: id.clone() }, Deliver, ("deployment", 5), "Deployment closed"));
    let deposit = |w: &World, id: &DeploymentId, amount| AccountDeposit {
        signer: w.address(TENANT),
        id: AccountId::of_deployment(id),
        deposit: Funding::from_balance(Coin::uact(amount)),
    };
    let (closed, missing, nothing) = (deposit(&w, &id, 1), deposit(&w, &unknown, 1), deposit(&w, &id, 0));
    w.refused(TENANT, (closed, Deliver, ("escrow", 2), "account closed"));
    w.refused(TENANT, (missing, Deliver, ("escrow", 3), "account not found"));
    w.refused(TENANT, (nothing, Check, ("escrow", 16), "invalid deposit"));
}

#[test]
fn bids() {
    let mut w = World::with_providers();
    let id = w.create(1_781_208_250_020, 5_000_000);
    let bid = id.group(1).order(1).bid(w.address(PROVIDER));
    let price = |price: &str| offer(&bid, price);
    let mut in_uakt = price("1");
    in_uakt.price.denom = UAKT;
    let mut small = price("1");
    small.deposit.amount.amount = 1_000;
    let mut foo = price("1");
    foo.deposit.amount.denom = Denom::from("ufoo");
    let unknown = offer(&id.group(1).order(7).bid(w.address(PROVIDER)), "1");
    let rows = [
        (unknown, Deliver, ("market", 15), "invalid order: order not found"),
        (price("200000.5"), Deliver, ("market", 22), "bid price is invalid"),
        (price("0"), Check, ("market", 19), "invalid bid: zero price"),
        (
            in_uakt,
            Deliver,
            ("undefined", 111_222),
            "recovered: invalid coin denominations; uact, uakt\nstack:\n",
        ),
        (
            small,
            Deliver,
            ("undefined", 1),
            "deposit invalid: minimum:500000uact received:{1000uact [balance]}",
        ),
        (foo, Deliver, ("undefined", 1), "deposit invalid: unsupported denom ufoo"),
    ];
    for row in rows {
        w.refused(PROVIDER, row);
    }
    let stranger = offer(&id.group(1).order(1).bid(w.address(TREASURY)), "1");
    w.refused(TREASURY, (stranger, Deliver, ("market", 30), "unknown provider"));
    let own = offer(&id.group(1).order(1).bid(w.address(TENANT)), "1");
    w.refused(TENANT, (own, Check, ("sdk", 36), "BidID: self-bid: conflict"));
}

#[test]
fn leases() {
    let mut w = World::with_providers();
    let id = w.create(1_781_208_250_020, 5_000_000);
    let bid = id.group(1).order(1).bid(w.address(PROVIDER));
    let lease = bid.lease();
    let price = |price: &str| offer(&bid, price);
    let accept = CreateLease { bid: bid.clone() };
    let withdraw = WithdrawLease { id: lease.clone() };
    let end = CloseLease { id: lease.clone() };
    w.refused(TENANT, (accept.clone(), Deliver, ("market", 18), "invalid bid: bid not found"));
    w.ok(PROVIDER, price("2"));
    w.refused(PROVIDER, (price("3"), Deliver, ("market", 21), "invalid bid: bid exists from provider"));
    w.refused(PROVIDER, (withdraw.clone(), Deliver, ("market", 7), "unknown lease"));
    w.refused(TENANT, (end.clone(), Deliver, ("market", 24), "order closed"));
    w.ok(TENANT, accept.clone());
    w.refused(TENANT, (accept, Deliver, ("market", 12), "bid not open"));
    let late = offer(&id.group(1).order(1).bid(w.address(PROVIDER_2)), "1");
    w.refused(PROVIDER_2, (late, Deliver, ("market", 23), "order active"));
    w.refused(
        PROVIDER,
        (
            CloseBid { id: bid.clone(), reason: CloseReason::Owner },
            Check,
            ("market", 33),
            "value \"1\" range 10000..19999: invalid lease closed reason",
        ),
    );
    w.refused(
        PROVIDER,
        (
            StartReclaim { id: lease, reason: CloseReason::Decommission },
            Deliver,
            ("market", 35),
            "lease does not have reclamation configured",
        ),
    );
    w.ok(TENANT, end.clone());
    w.refused(TENANT, (end, Deliver, ("market", 24), "order closed"));
    w.refused(PROVIDER, (withdraw, Deliver, ("escrow", 7), "payment closed"));
    let again = CloseBid { id: bid, reason: CloseReason::Unspecified };
    w.refused(PROVIDER, (again, Deliver, ("market", 10), "lease not active"));
}

#[test]
fn coins_and_providers() {
    let mut w = World::new();
    let pay = |w: &World, to: &str, coin: Coin| Send {
        from: w.address(OTHER),
        to: to.parse().unwrap(),
        amount: vec![coin],
    };
    let treasury = w.address(TREASURY).to_string();
    let much = pay(&w, &treasury, Coin::uakt(5_000_000));
    w.refused(
        OTHER,
        (
            much,
            Deliver,
            ("sdk", 5),
            "spendable balance 980000uakt is smaller than 5000000uakt: insufficient funds",
        ),
    );
    let act = pay(&w, &treasury, Coin::uact(1));
    w.refused(
        OTHER,
        (act, Deliver, ("bank", 5), "uact transfers are currently disabled: send transactions are disabled"),
    );
    let module = pay(&w, genesis::ESCROW, Coin::uakt(1));
    w.refused(
        OTHER,
        (
            module,
            Deliver,
            ("sdk", 4),
            "akash14pphss726thpwws3yc458hggufynm9x77l4l2u is not allowed to receive funds: unauthorized",
        ),
    );
    let before = w.uakt(TREASURY);
    let some = pay(&w, &treasury, Coin::uakt(5));
    w.ok(OTHER, some);
    assert_eq!(w.uakt(TREASURY), before + 5);

    let provider = w.provider(PROVIDER);
    let owner = &provider.owner;
    let log = format!("id: {owner}: invalid provider: address not found");
    w.refused(PROVIDER, (UpdateProvider { provider: provider.clone() }, Deliver, ("provider", 3), &log));
    w.ok(PROVIDER, CreateProvider { provider: provider.clone() });
    let log = format!("id: {owner}: invalid provider: already exists");
    w.refused(PROVIDER, (CreateProvider { provider: provider.clone() }, Deliver, ("provider", 4), &log));
    let relative = Provider { host_uri: "127.0.0.1".into(), ..provider };
    w.refused(
        PROVIDER,
        (
            UpdateProvider { provider: relative },
            Check,
            ("provider", 2),
            "validating \"127.0.0.1\" for absolute URI: invalid provider: not absolute host uri",
        ),
    );
}

#[test]
fn a_certificate_is_its_owners_and_named_once() {
    let mut w = World::new();
    let owner = w.address(TENANT);
    let made = akash_wallet::certificate::generate(&owner, 7, 0, 2_000_000_000, &[]).unwrap();
    let publish = |owner: &Address| akash_types::msg::CreateCertificate {
        owner: owner.clone(),
        cert: made.cert_pem.clone().into_bytes(),
        public_key: made.public_key_pem.clone().into_bytes(),
    };
    let other = w.address(TREASURY);
    w.refused(TREASURY, (publish(&other), Check, ("cert", 6), "invalid certificate value"));
    w.ok(TENANT, publish(&owner));
    assert!(w.chain.state().certificates.contains(&(owner.clone(), "7".to_owned())));
    w.refused(TENANT, (publish(&owner), Deliver, ("cert", 3), "certificate exists"));
    let revoke = akash_types::msg::RevokeCertificate { owner, serial: "7".into() };
    w.ok(TENANT, revoke.clone());
    w.refused(TENANT, (revoke, Deliver, ("cert", 4), "certificate already revoked"));
}

#[test]
fn all_messages_of_a_transaction_or_none() {
    let mut w = World::new();
    let (first, second) = (w.deployment(1_781_208_250_100), w.deployment(1_781_208_250_101));
    w.ok(TENANT, creation(&second, 5_000_000));
    let before = w.uact(TENANT);
    let both = vec![creation(&first, 5_000_000).into(), creation(&second, 5_000_000).into()];
    let refusal = w.send(TENANT, both).unwrap().rejection.unwrap();
    assert_eq!(refusal.log, "failed to execute message; message index: 1: Deployment exists");
    assert_eq!(w.uact(TENANT), before);
    assert!(!w.chain.state().deployments.contains(&first));
}
