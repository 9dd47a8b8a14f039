//! What messages cost, close to what a real node of v2.1 charges.

use akash_types::Msg;

/// Checking any transaction before its messages run.
pub(crate) const ANTE: u64 = 40_000;
/// The first transaction of an account stores its public key.
pub(crate) const FIRST_TRANSACTION: u64 = 6_000;
/// Remembering the timeout of a transaction without a sequence, less what a sequence costs.
pub(crate) const NONCE: u64 = 1_000;
/// Every byte of the transaction.
pub(crate) const BYTE: u64 = 10;
/// What a failing message burns before it fails.
pub(crate) const FAILURE: u64 = 3_000;
/// Opening an escrow account and moving the deposit.
pub(crate) const ACCOUNT_OPEN: u64 = 35_000;
/// Closing an escrow account and moving what is left.
pub(crate) const ACCOUNT_CLOSE: u64 = 40_000;
/// Opening an order.
pub(crate) const ORDER_OPEN: u64 = 35_000;
/// Ending a lease with its payment.
pub(crate) const LEASE_END: u64 = 140_000;
/// Marking a bid as lost.
pub(crate) const BID_LOST: u64 = 27_000;

/// What a message burns besides what it sets in motion.
pub(crate) const fn of(message: &Msg) -> u64 {
    match message {
        Msg::CreateDeployment(_) => 29_000,
        Msg::UpdateDeployment(_) => 10_000,
        Msg::CloseDeployment(_) => 6_000,
        Msg::CloseGroup(_) | Msg::PauseGroup(_) => 62_000,
        Msg::StartGroup(_) => 27_000,
        Msg::CreateBid(_) => 42_000,
        Msg::CloseBid(_) => 30_000,
        Msg::CreateLease(_) => 117_000,
        Msg::CloseLease(_) => 2_000,
        Msg::WithdrawLease(_) => 52_000,
        Msg::StartReclaim(_) => 33_000,
        Msg::AccountDeposit(_) => 40_000,
        Msg::CreateCertificate(_) => 43_000,
        Msg::RevokeCertificate(_) => 25_000,
        Msg::CreateProvider(_) | Msg::UpdateProvider(_) => 20_000,
        Msg::Send(_) => 28_000,
        Msg::DeleteProvider(_) => 9_000,
        Msg::SignProviderAttributes(_) | Msg::DeleteProviderAttributes(_) => 22_000,
        Msg::GrantDeposits(_) => 25_000,
        Msg::Revoke(_) | Msg::RevokeAllowance(_) => 15_000,
        Msg::GrantAllowance(_) => 19_000,
        Msg::MintAct(_) | Msg::BurnAct(_) => 40_000,
        Msg::AddPriceEntry(_) => 20_000,
    }
}
