//! What happens while the user waits: a line per phase, and on a terminal a spinner with the running time.

use crate::duration;
use crate::output::Output;
use crate::printable::printable;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Shows phases on stderr.
#[derive(Debug)]
pub(crate) struct Progress {
    output: Output,
    start: Instant,
    /// The spinner, on a terminal.
    spinner: Option<ProgressBar>,
    /// The words of the phases that were printed.
    printed: BTreeSet<String>,
}

impl Progress {
    /// Starts the clock.
    pub(crate) fn new(output: &Output) -> Self {
        let spinner = output.live.then(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {running}") {
                // Asked for at every tick, so the time goes on between two phases.
                spinner.set_style(style.with_key("running", running));
            }
            spinner.enable_steady_tick(Duration::from_millis(120));
            spinner
        });
        Self { output: output.clone(), start: Instant::now(), spinner, printed: BTreeSet::new() }
    }

    /// The phase is this now. Each is printed once; a count that changes shows in the spinner only.
    pub(crate) fn phase(&mut self, phase: &str) {
        let elapsed = duration::tenths(self.start.elapsed());
        if self.is_new(phase) {
            self.line(&format!("[{elapsed:>6}] {phase}"));
        }
        if let Some(spinner) = &self.spinner {
            spinner.set_message(printable(phase));
        }
    }

    /// Whether a phase is to be printed. What closes begins anew, and then everything is news again.
    fn is_new(&mut self, phase: &str) -> bool {
        let words = words(phase);
        if words == "closing" && !self.printed.contains(words) {
            self.printed.clear();
        }
        self.printed.insert(words.to_owned())
    }

    /// A line that stays.
    pub(crate) fn line(&self, text: &str) {
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| self.output.say(text)),
            None => self.output.say(text),
        }
    }

    /// Seconds since the start, with tenths.
    pub(crate) fn elapsed(&self) -> String {
        duration::tenths(self.start.elapsed())
    }
}

fn running(state: &ProgressState, to: &mut dyn std::fmt::Write) {
    // A terminal that cannot be written to is the spinner's trouble.
    let _gone = to.write_str(&duration::tenths(state.elapsed()));
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

/// A phase without its counts: `starting: 2/3 nodes` and `collecting bids (2)` are the same as with other numbers.
fn words(phase: &str) -> &str {
    phase
        .split(['(', ':'])
        .next()
        .unwrap_or(phase)
        .trim_end()
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '/')
        .trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Args;
    use clap::Parser as _;

    #[test]
    fn a_phase_is_printed_once_until_the_cluster_begins_anew() {
        let output = Output::new(&Args::parse_from(["rayakash", "version"]).global);
        let spinner = None;
        // The clock of a runtime is not needed to decide what is news.
        let mut progress = Progress { output, start: Instant::now(), spinner, printed: BTreeSet::new() };
        let seen = [
            "ordering",
            "collecting bids (1)",
            "collecting bids (2)",
            "ordering",
            "closing",
            "closing",
            "ordering",
        ];
        let printed: Vec<_> = seen.into_iter().filter(|phase| progress.is_new(phase)).collect();
        assert_eq!(printed, ["ordering", "collecting bids (1)", "closing", "ordering"]);
    }

    #[test]
    fn counts_make_no_new_phase() {
        let table = [
            ("collecting bids (2)", "collecting bids"),
            ("starting: 2/3 nodes", "starting"),
            ("degraded 2/3", "degraded"),
            ("ready", "ready"),
            ("no acceptable bid: too dear", "no acceptable bid"),
        ];
        for (phase, expected) in table {
            assert_eq!(words(phase), expected);
        }
    }
}
