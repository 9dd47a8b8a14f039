//! What happens while the user waits: a line per phase, and on a terminal a spinner with the running time.

use crate::duration;
use crate::output::Output;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;
use tokio::time::Instant;

/// Shows phases on stderr.
#[derive(Debug)]
pub(crate) struct Progress {
    output: Output,
    start: Instant,
    /// The spinner, on a terminal.
    spinner: Option<ProgressBar>,
    /// The words of the phase that was printed last.
    printed: String,
}

impl Progress {
    /// Starts the clock.
    pub(crate) fn new(output: &Output) -> Self {
        let spinner = output.live.then(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                spinner.set_style(style);
            }
            spinner.enable_steady_tick(Duration::from_millis(120));
            spinner
        });
        Self { output: output.clone(), start: Instant::now(), spinner, printed: String::new() }
    }

    /// The phase is this now. Each is printed once; a count that changes shows in the spinner only.
    pub(crate) fn phase(&mut self, phase: &str) {
        let elapsed = duration::tenths(self.start.elapsed());
        if words(phase) != self.printed {
            words(phase).clone_into(&mut self.printed);
            self.line(&format!("[{elapsed:>6}] {phase}"));
        }
        if let Some(spinner) = &self.spinner {
            spinner.set_message(format!("{phase}  {elapsed}"));
        }
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
