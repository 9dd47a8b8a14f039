//! The one place that reads a refusal out of a log's text.
//!
//! A simulation's refusal comes as a gRPC status without codespace and code: `<log> [file.go:line] with gas used: 'N'`. Only those reasons are
//! told apart that this repository reacts to; every other one is `undefined/1` with its text, as the chain itself
//! reports errors without a code.

use akash_types::Rejection;
use tonic::{Code, Status};

/// Ends of logs (node v2.1, `localnet` transcripts), and what they mean.
const KNOWN: [(&str, (&str, u32)); 13] = [
    ("incorrect account sequence", Rejection::WRONG_SEQUENCE),
    ("insufficient funds", Rejection::INSUFFICIENT_FUNDS),
    ("insufficient fee", Rejection::INSUFFICIENT_FEE),
    ("unauthorized", Rejection::UNAUTHORIZED),
    ("unknown address", Rejection::UNKNOWN_ADDRESS),
    ("out of gas", Rejection::OUT_OF_GAS),
    ("tx timeout height", Rejection::TIMED_OUT),
    ("Deployment exists", Rejection::DEPLOYMENT_EXISTS),
    ("Deployment not found", Rejection::DEPLOYMENT_NOT_FOUND),
    ("Deployment closed", Rejection::DEPLOYMENT_CLOSED),
    ("bid not open", Rejection::BID_NOT_OPEN),
    ("order not open", Rejection::ORDER_NOT_OPEN),
    ("order closed", ("market", 24)),
];

/// True when a node refused the simulated transaction itself, and not the question.
pub(crate) fn is_about_transaction(status: &Status) -> bool {
    match status.code() {
        Code::Unknown => !status.message().contains("code 26: invalid height"),
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Unauthenticated
        | Code::Aborted => true,
        Code::Ok
        | Code::Cancelled
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => false,
    }
}

/// The refusal in a simulation's text.
pub(crate) fn read(text: &str) -> Rejection {
    // The bracket names a file of the node's source and differs between builds.
    let log = text.split_once(" with gas used: ").map_or(text, |(log, _)| log);
    let log = match log.rfind(" [") {
        Some(at) if log.ends_with(']') => log.get(..at).unwrap_or(log),
        _ => log,
    };
    let known = KNOWN.iter().find(|(end, _)| log.ends_with(end));
    let (codespace, code) = known.map_or(("undefined", 1), |(_, reason)| *reason);
    Rejection::new(codespace, code, log)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_real_node_are_understood() {
        let cases = [
            (
                "failed to execute message; message index: 0: Deployment closed [cosmos-sdk/baseapp/baseapp.go:1051] with gas used: '48011'",
                Rejection::DEPLOYMENT_CLOSED,
            ),
            (
                "account sequence mismatch, expected 4, got 3: incorrect account sequence [x/y.go:1] with gas used: '0'",
                Rejection::WRONG_SEQUENCE,
            ),
            (
                "spendable balance 1uakt is smaller than 2uakt: insufficient funds: insufficient funds",
                Rejection::INSUFFICIENT_FUNDS,
            ),
            ("something new [a.go:1] with gas used: '1'", ("undefined", 1)),
        ];
        for (text, expected) in cases {
            let rejection = read(text);
            assert!(rejection.is(expected), "{rejection}");
            assert!(!rejection.log.contains("gas used") && !rejection.log.contains('['), "{rejection}");
        }
    }

    #[test]
    fn a_height_that_a_node_lacks_is_no_refusal() {
        let height =
            Status::unknown("codespace sdk code 26: invalid height: cannot query with height in the future");
        assert!(!is_about_transaction(&height));
        assert!(!is_about_transaction(&Status::unavailable("down")));
        assert!(is_about_transaction(&Status::unknown("Deployment exists")));
    }
}
