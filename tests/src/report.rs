//! Words of a harness.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// Prints a line of the result.
#[expect(clippy::print_stdout, reason = "the result of a harness goes to stdout, from this one place")]
pub fn say(text: &str) {
    println!("{text}");
}

/// Prints what went wrong.
#[expect(clippy::print_stderr, reason = "what went wrong goes to stderr, from this one place")]
pub fn complain(text: &str) {
    eprintln!("{text}");
}

/// An error and everything behind it, on one line each.
pub fn chain_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("\n  because: {cause}"));
        source = cause.source();
    }
    text
}

/// Runs a harness in a runtime of one thread. Asked to end, it lets go of what it started.
pub fn run(harness: impl Future<Output = Result<bool, Box<dyn Error>>>) -> ExitCode {
    let until_asked = async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            ended = harness => ended,
            _ = terminate.recv() => Err("asked to end".into()),
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Box::from).and_then(|runtime| runtime.block_on(until_asked));
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("error: {}", chain_of(&*error)));
            ExitCode::FAILURE
        }
    }
}

/// `12.34` for 12.34 s; with a sign when it is negative.
pub fn seconds(ms: i128) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let hundredths = (ms.unsigned_abs() + 5) / 10;
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Whole milliseconds.
pub fn ms(duration: Duration) -> i128 {
    i128::try_from(duration.as_millis()).unwrap_or(i128::MAX)
}

/// Median, least and greatest; zeros of nothing.
pub fn spread(values: &[i128]) -> (i128, i128, i128) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = |n: usize| sorted.get(n).copied().unwrap_or(0);
    (at(sorted.len() / 2), at(0), at(sorted.len().saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_two_places_and_a_sign() {
        for (ms, text) in [(0, "0.00"), (12_345, "12.35"), (-1_204, "-1.20"), (999, "1.00"), (5, "0.01")] {
            assert_eq!(seconds(ms), text, "{ms}");
        }
    }

    #[test]
    fn the_spread_is_that_of_the_sorted() {
        assert_eq!(spread(&[5, 1, 3]), (3, 1, 5));
        assert_eq!(spread(&[]), (0, 0, 0));
    }
}
