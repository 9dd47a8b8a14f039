//! What goes wrong in escrow when two things touch a deployment in one block, as seen on a real node: its clients have to live
//! with it, and a model without it would let them pass.

use akash_types::escrow::State as Flow;
use akash_types::msg::{CloseBid, CloseDeployment, CloseLease, PauseGroup, WithdrawLease};
use akash_types::{CloseReason, LeaseState};

use super::*;

const DSEQ: u64 = 1_781_208_244_926;
/// What each of the two leases costs per block.
const PRICES: [&str; 2] = ["10", "5"];
const BOTH: [usize; 2] = [PROVIDER, PROVIDER_2];

impl World {
    /// A deployment of two groups with a bid for each, the first group's from the first provider.
    fn two_bids(&mut self) -> [BidId; 2] {
        let id = self.deployment(DSEQ);
        let mut creation = creation(&id, 5_000_000);
        creation.groups.push(group("g2", 100_000));
        self.ok(TENANT, creation);
        [0, 1].map(|n| {
            let gseq = u32::try_from(n).unwrap() + 1;
            let bid = id.group(gseq).order(1).bid(self.address(BOTH[n]));
            self.ok(BOTH[n], offer(&bid, PRICES[n]));
            bid
        })
    }

    /// A lease for each group, made in one transaction, and two blocks of earnings.
    fn two_leases(&mut self) -> [LeaseId; 2] {
        let bids = self.two_bids();
        self.all(TENANT, bids.clone().map(|bid| CreateLease { bid }.into()).to_vec());
        self.blocks(2);
        bids.map(|bid| bid.lease())
    }

    /// One transaction in a block of its own.
    fn all(&mut self, who: usize, messages: Vec<Msg>) {
        assert_eq!(self.send(who, messages).unwrap().rejection, None);
    }

    /// Two transactions in one block, in this order.
    fn in_one_block(&mut self, first: (usize, Msg), second: (usize, Msg)) {
        let hashes = [first, second].map(|(who, message)| self.broadcast(who, vec![message]).unwrap());
        self.blocks(1);
        assert_eq!(hashes.map(|hash| self.outcome(&hash).rejection), [None, None]);
    }

    /// Lets blocks pass and withdraws; what that brought.
    fn earns(&mut self, who: usize, lease: &LeaseId, idle: u64) -> u128 {
        self.blocks(idle);
        let before = self.uact(who);
        self.ok(who, WithdrawLease { id: lease.clone() });
        self.uact(who) - before
    }

    fn flow(&self, lease: &LeaseId) -> Flow {
        self.chain.state().payment_of(lease).unwrap().state
    }
}

fn two_close_leases(w: &mut World) -> (LeaseId, usize) {
    let [first, second] = w.two_leases();
    w.all(TENANT, vec![CloseLease { id: first }.into(), CloseLease { id: second.clone() }.into()]);
    (second, 1)
}

fn two_pauses(w: &mut World) -> (LeaseId, usize) {
    let [first, second] = w.two_leases();
    let pause = |lease: LeaseId| PauseGroup { id: lease.order.group }.into();
    w.all(TENANT, vec![pause(first), pause(second.clone())]);
    (second, 1)
}

fn a_new_lease_and_a_close(w: &mut World) -> (LeaseId, usize) {
    let [first, second] = w.two_bids();
    w.ok(TENANT, CreateLease { bid: first.clone() });
    w.blocks(2);
    let close = CloseLease { id: first.lease() };
    w.all(TENANT, vec![CreateLease { bid: second }.into(), close.into()]);
    (first.lease(), 0)
}

fn a_withdrawal_and_a_close(w: &mut World) -> (LeaseId, usize) {
    let lease = w.lease(DSEQ, 5_000_000, PRICES[0]);
    w.blocks(2);
    let withdrawal = WithdrawLease { id: lease.clone() }.into();
    w.in_one_block((PROVIDER, withdrawal), (TENANT, CloseLease { id: lease.clone() }.into()));
    (lease, 0)
}

fn two_close_bids(w: &mut World) -> (LeaseId, usize) {
    let [first, second] = w.two_leases();
    let close = |lease: &LeaseId| CloseBid { id: lease.bid(), reason: CloseReason::Decommission }.into();
    w.in_one_block((PROVIDER, close(&first)), (PROVIDER_2, close(&second)));
    (second, 1)
}

/// The second thing in a block finds the account settled already, and then the open payments are not even looked at.
#[test]
fn a_payment_outlives_its_lease_in_five_ways_and_charges_until_the_deployment_ends() {
    type Way = fn(&mut World) -> (LeaseId, usize);
    let ways: [(&str, Way); 5] = [
        ("two CloseLease in a transaction", two_close_leases),
        ("two PauseGroup in a transaction", two_pauses),
        ("CreateLease and CloseLease in a transaction", a_new_lease_and_a_close),
        ("a withdrawal and CloseLease in a block", a_withdrawal_and_a_close),
        ("two CloseBid in a block", two_close_bids),
    ];
    for (way, happens) in ways {
        let mut w = World::with_providers();
        let (lease, nth) = happens(&mut w);
        let (who, price) = (BOTH[nth], PRICES[nth].parse::<u128>().unwrap());
        assert_eq!(w.chain.state().leases.get(&lease).unwrap().state, LeaseState::Closed, "{way}");
        assert_eq!(w.flow(&lease), Flow::Open, "{way}");
        w.earns(who, &lease, 0);
        let tenant = w.funds(lease.deployment());
        assert_eq!(w.earns(who, &lease, 3), price * 4, "{way}: the provider of a closed lease is paid");
        assert_eq!(w.earns(who, &lease, 0), price, "{way}: and paid again");
        assert!(tenant - w.funds(lease.deployment()) >= price * 5, "{way}: by the tenant");
        w.ok(TENANT, CloseDeployment { id: lease.deployment().clone() });
        assert_eq!(w.flow(&lease), Flow::Closed, "{way}: now it is over");
        let refusal = w.delivered_refusal(who, WithdrawLease { id: lease });
        assert_eq!(code(&refusal), ("escrow", 7), "{way}");
    }
}

/// Two closes with a block between them are what a client does instead.
#[test]
fn a_block_between_two_closes_leaves_no_payment_behind() {
    let mut w = World::with_providers();
    let leases = w.two_leases();
    for lease in &leases {
        w.ok(TENANT, CloseLease { id: lease.clone() });
    }
    assert_eq!(leases.map(|lease| w.flow(&lease)), [Flow::Closed, Flow::Closed]);
}

#[test]
fn a_second_lease_drops_what_the_first_had_earned() {
    let mut w = World::with_providers();
    let [first, second] = w.two_bids();
    w.ok(TENANT, CreateLease { bid: first.clone() });
    let funds = w.funds(first.lease().deployment());
    w.blocks(4);
    w.ok(TENANT, CreateLease { bid: second });
    assert_eq!(funds - w.funds(first.lease().deployment()), 50, "the tenant has paid for five blocks");
    assert_eq!(w.earns(PROVIDER, &first.lease(), 0), 10, "the provider gets the one after them");
}

/// Not only at the start: a group whose lease is replaced takes from the others what they earned in between.
#[test]
fn a_replaced_lease_drops_what_the_other_group_had_earned() {
    let mut w = World::with_providers();
    let [first, second] = w.two_leases();
    w.ok(TENANT, CloseLease { id: first.clone() });
    w.earns(PROVIDER_2, &second, 0);
    let bid = first.order.group.order(2).bid(w.address(PROVIDER));
    w.ok(PROVIDER, offer(&bid, PRICES[0]));
    let funds = w.funds(first.deployment());
    w.blocks(2);
    w.ok(TENANT, CreateLease { bid });
    assert_eq!(funds - w.funds(first.deployment()), 20, "the tenant has paid for four blocks");
    assert_eq!(w.earns(PROVIDER_2, &second, 0), 5, "the provider gets the one after them");
}

#[test]
fn a_withdrawal_beside_the_close_of_a_deployment_leaves_a_payment_open_and_unpaid() {
    let mut w = World::with_providers();
    let (tenant, provider) = (w.uact(TENANT), w.uact(PROVIDER_2));
    let [first, second] = w.two_leases();
    let (id, start) = (first.deployment().clone(), w.chain.state().leases.get(&first).unwrap().created_at);
    let withdrawal = WithdrawLease { id: first }.into();
    w.in_one_block((PROVIDER, withdrawal), (TENANT, CloseDeployment { id: id.clone() }.into()));
    let blocks = u128::from(w.height().since(start));
    assert_eq!(w.chain.state().leases.get(&second).unwrap().state, LeaseState::Closed);
    assert_eq!(w.account(&id).state, Flow::Closed);
    let payment = w.chain.state().payment_of(&second).unwrap();
    assert_eq!((payment.state, payment.balance.amount), (Flow::Open, dec(&(5 * blocks).to_string())));
    assert_eq!(w.uact(PROVIDER_2), provider, "its deposit is back, its pay is not");
    assert_eq!(w.uact(TENANT), tenant - 15 * blocks, "the tenant pays both and has the rest back");
    let refusal = w.delivered_refusal(PROVIDER_2, WithdrawLease { id: second });
    assert_eq!(code(&refusal), ("escrow", 2), "there is no way to it any more");
}
