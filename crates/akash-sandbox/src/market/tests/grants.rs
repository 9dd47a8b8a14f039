//! One account pays for another.

use akash_types::escrow::{Scope, Source};
use akash_types::msg::{
    Allowance, CloseDeployment, DEPOSIT_URL, DepositAuthorization, GrantAllowance, GrantDeposits, Revoke,
};

use super::*;

fn grant(w: &World, scopes: Vec<Scope>, limit: u128) -> GrantDeposits {
    GrantDeposits {
        granter: w.address(TREASURY),
        grantee: w.address(OTHER),
        authorization: DepositAuthorization::new(scopes, vec![Coin::uact(limit)]),
        expires: None,
    }
}

fn on_grant(id: &DeploymentId, amount: u128) -> CreateDeployment {
    let mut message = creation(id, amount);
    message.deposit.sources = vec![Source::Grant];
    message
}

fn left(w: &World) -> Option<u128> {
    let grant = w.chain.state().grants.get(&(w.address(TREASURY), w.address(OTHER)))?;
    Some(grant.authorization.limits.first().map_or(0, |c| c.amount))
}

#[test]
fn a_grant_pays_a_deposit_and_is_whole_again_when_the_deployment_ends() {
    let mut w = World::new();
    let id = DeploymentId::new(w.address(OTHER), Dseq::new(1_781_208_270_001).unwrap());
    let none = w.delivered_refusal(OTHER, on_grant(&id, 1_500_000));
    assert_eq!(
        none.log,
        "failed to execute message; message index: 0: deposit invalid: insufficient balance"
    );
    let of_bids = grant(&w, vec![Scope::Bid], 2_000_000);
    w.ok(TREASURY, of_bids);
    w.delivered_refusal(OTHER, on_grant(&id, 1_500_000));
    let of_deployments = grant(&w, vec![Scope::Deployment], 2_000_000);
    w.ok(TREASURY, of_deployments);
    w.delivered_refusal(OTHER, on_grant(&id, 2_500_000));
    let before = w.uact(TREASURY);
    w.ok(OTHER, on_grant(&id, 1_500_000));
    assert_eq!((left(&w), w.uact(TREASURY)), (Some(500_000), before - 1_500_000));
    w.ok(OTHER, CloseDeployment { id });
    assert_eq!((left(&w), w.uact(TREASURY)), (Some(2_000_000), before));
}

#[test]
fn what_a_revoked_grant_has_paid_goes_back_to_who_gave_it() {
    let mut w = World::new();
    let id = DeploymentId::new(w.address(OTHER), Dseq::new(1_781_208_270_002).unwrap());
    let given = grant(&w, vec![Scope::Deployment], 2_000_000);
    w.ok(TREASURY, given);
    let before = w.uact(TREASURY);
    w.ok(OTHER, on_grant(&id, 1_000_000));
    let (granter, grantee) = (w.address(TREASURY), w.address(OTHER));
    let revoke = Revoke { granter, grantee, type_url: DEPOSIT_URL.to_owned() };
    w.ok(TREASURY, revoke.clone());
    assert_eq!(code(&w.delivered_refusal(TREASURY, revoke)), ("authz", 2));
    w.ok(OTHER, CloseDeployment { id });
    assert_eq!((left(&w), w.uact(TREASURY)), (None, before));
}

/// The model's reading: that a grant is whole again was seen on a real node after deployments that had cost nothing. What the
/// escrow gives back is what a grant is raised by, and what a lease has cost is not given back.
#[test]
fn what_a_lease_has_cost_is_not_restored() {
    let mut w = World::with_providers();
    let id = DeploymentId::new(w.address(OTHER), Dseq::new(1_781_208_270_004).unwrap());
    let given = grant(&w, vec![Scope::Deployment], 2_000_000);
    w.ok(TREASURY, given);
    let before = w.uact(TREASURY);
    w.ok(OTHER, on_grant(&id, 1_500_000));
    let bid = w.bid(PROVIDER, &id, "1000");
    w.ok(OTHER, CreateLease { bid });
    w.blocks(4);
    w.ok(OTHER, CloseDeployment { id });
    let cost = 1_000 * 5;
    assert_eq!((left(&w), w.uact(TREASURY)), (Some(2_000_000 - cost), before - cost));
}

#[test]
fn a_grant_without_the_old_limit_is_refused() {
    let mut w = World::new();
    let mut without = grant(&w, vec![Scope::Deployment], 1);
    without.authorization.old_limit = None;
    assert_eq!(code(&w.delivered_refusal(TREASURY, without)), ("sdk", 10));
}

#[test]
fn an_allowance_pays_the_whole_fee_that_is_offered() {
    let mut w = World::new();
    let id = DeploymentId::new(w.address(TENANT), Dseq::new(1_781_208_270_003).unwrap());
    let (granter, grantee) = (w.address(TREASURY), w.address(TENANT));
    let allowance = Allowance { messages: vec![], limits: vec![Coin::uakt(FEE + 1)], expires: None };
    w.ok(TREASURY, GrantAllowance { granter: granter.clone(), grantee, allowance });
    let (mine, theirs) = (w.uakt(TENANT), w.uakt(TREASURY));
    let granted = |w: &World, message: Msg| {
        let mut draft = w.draft(TENANT, vec![message]);
        draft.granter = Some(granter.clone());
        w.sign(TENANT, &draft)
    };
    let bytes = granted(&w, creation(&id, 500_000).into());
    w.chain.check(&bytes).unwrap();
    w.blocks(1);
    assert_eq!((w.uakt(TENANT), w.uakt(TREASURY)), (mine, theirs - FEE));
    let bytes = granted(&w, CloseDeployment { id }.into());
    assert_eq!(code(&w.chain.check(&bytes).unwrap_err()), ("feegrant", 2), "one uakt is left");
}

#[test]
fn an_allowance_for_some_messages_pays_for_no_other() {
    let mut w = World::new();
    let id = DeploymentId::new(w.address(TENANT), Dseq::new(1_781_208_270_005).unwrap());
    let (granter, grantee) = (w.address(TREASURY), w.address(TENANT));
    let messages = vec![Msg::from(CloseDeployment { id: id.clone() }).type_url()];
    let allowance = Allowance { messages, limits: vec![Coin::uakt(FEE * 9)], expires: None };
    w.ok(TREASURY, GrantAllowance { granter: granter.clone(), grantee, allowance });
    let granted = |w: &World, messages: Vec<Msg>| {
        let mut draft = w.draft(TENANT, messages);
        draft.granter = Some(granter.clone());
        w.sign(TENANT, &draft)
    };
    let other: Msg = creation(&id, 500_000).into();
    let bytes = granted(&w, vec![other.clone()]);
    assert_eq!(code(&w.chain.check(&bytes).unwrap_err()), ("feegrant", 6));
    w.ok(TENANT, creation(&id, 500_000));
    let close: Msg = CloseDeployment { id }.into();
    let both = granted(&w, vec![close.clone(), other]);
    assert_eq!(code(&w.chain.check(&both).unwrap_err()), ("feegrant", 6));
    let bytes = granted(&w, vec![close]);
    w.chain.check(&bytes).unwrap();
}
