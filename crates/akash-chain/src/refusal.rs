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

/// What ends the text of a simulation that was refused, before the number.
const GAS_USED: &str = " with gas used: '";

/// True when a node refused the simulated transaction itself, and not the question: only then does it say what was used. Whatever
/// else is refused, a node or a proxy that has a problem of its own says nothing about the transaction.
pub(crate) fn is_about_transaction(status: &Status) -> bool {
    status.code() == Code::Unknown && status.message().contains(GAS_USED)
}

/// True when a node refused because it does not have the height that was asked for, a state's or a block's. Behind one name
/// there can be several nodes, and the next answer may be of one that has it.
pub(crate) fn is_missing_height(status: &Status) -> bool {
    let message = status.message();
    message.contains("code 26: invalid height") || message.contains("requested block height is bigger")
}

/// The refusal in a simulation's text.
pub(crate) fn read(text: &str) -> Rejection {
    // The bracket names a file of the node's source and differs between builds.
    let log = text.split_once(GAS_USED).map_or(text, |(log, _)| log);
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
    fn only_a_simulation_s_own_text_is_a_refusal_of_the_transaction() {
        let refused = "Deployment exists [baseapp.go:1051] with gas used: '48011'";
        assert!(is_about_transaction(&Status::unknown(refused)));
        let proxy = "grpc-status header missing, mapped from HTTP status code 500";
        for status in [
            Status::unknown("codespace sdk code 26: invalid height: cannot query with height in the future"),
            Status::unknown("Deployment exists"),
            Status::unknown(proxy),
            Status::unauthenticated(proxy),
            Status::permission_denied(refused),
            Status::not_found("no such service"),
            Status::unavailable("down"),
        ] {
            assert!(!is_about_transaction(&status), "{status:?}");
        }
    }

    #[test]
    fn a_height_that_a_node_lacks_is_told_from_other_refusals() {
        for (status, missing) in [
            (
                Status::unknown(
                    "codespace sdk code 26: invalid height: cannot query with height in the future",
                ),
                true,
            ),
            (Status::invalid_argument("requested block height is bigger then the chain length"), true),
            (Status::unknown("encoding/hex: invalid byte"), false),
            (Status::not_found("codespace deployment code 4: Deployment not found"), false),
        ] {
            assert_eq!(is_missing_height(&status), missing, "{status:?}");
        }
    }
}
