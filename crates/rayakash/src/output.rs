//! The only way to stdout and stderr: results there, talk here.

use crate::args::{Format, Global};
use crate::diagnostics;
use crate::failure::Failure;
use crate::printable::printable;
use crate::runtime;
use rayakash_api::error::Code;
use rayakash_api::file::Diagnostic;
use serde::Serialize;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

/// How this run writes.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    format: Format,
    /// Whether stderr is a terminal that may be drawn on.
    pub(crate) live: bool,
    color: bool,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        let live = io::stderr().is_terminal();
        Self { format: global.output, live, color: live && !runtime::no_color() }
    }

    /// Whether results are for people.
    pub(crate) fn is_human(&self) -> bool {
        self.format == Format::Human
    }

    /// The result of a command. For people it is made printable: much of it comes from strangers.
    pub(crate) fn result<T: Serialize>(&self, value: &T, human: impl FnOnce() -> String) -> io::Result<()> {
        match self.format {
            Format::Human => write_out(&printable(&human())),
            Format::Json => write_out(&json(serde_json::to_string_pretty(value))?),
            Format::Jsonl => write_out(&json(serde_json::to_string(value))?),
            Format::Yaml => write_out(&serde_yaml::to_string(value).map_err(io::Error::other)?),
        }
    }

    /// Many results at once, for programs: one list, or a line for each.
    pub(crate) fn list<T: Serialize>(&self, values: &[T]) -> io::Result<()> {
        match self.format {
            Format::Human | Format::Json | Format::Yaml => self.result(&values, String::new),
            Format::Jsonl => values.iter().try_for_each(|value| self.item(value, String::new)),
        }
    }

    /// One of many results, as they come.
    pub(crate) fn item<T: Serialize>(&self, value: &T, human: impl FnOnce() -> String) -> io::Result<()> {
        match self.format {
            Format::Human => write_out(&printable(&human())),
            Format::Json | Format::Jsonl => write_out(&json(serde_json::to_string(value))?),
            Format::Yaml => {
                write_out(&format!("---\n{}", serde_yaml::to_string(value).map_err(io::Error::other)?))
            }
        }
    }

    /// A result that is JSON whatever the reader is, byte for byte.
    pub(crate) fn json(&self, json: &str) -> io::Result<()> {
        match self.format {
            Format::Human | Format::Json | Format::Jsonl => write_out(json),
            Format::Yaml => {
                self.result(&self::json(serde_json::from_str::<serde_json::Value>(json))?, String::new)
            }
        }
    }

    /// What in a file will hardly be what was meant.
    pub(crate) fn warn(&self, file: &Path, all: &[Diagnostic]) {
        let (bold, plain) = if self.color { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
        if !all.is_empty() {
            write_err(diagnostics::render(Some(file), all, &format!("{bold}warning{plain}")).trim_end());
        }
    }

    /// Text as it is, for results that are text in every format.
    pub(crate) fn text(&self, text: &str) -> io::Result<()> {
        write_out(text)
    }

    /// A piece of text as it is, controls and all, and without a line end of its own.
    pub(crate) fn raw(&self, text: &str) -> io::Result<()> {
        write_all(text)
    }

    /// Talk, made printable.
    pub(crate) fn say(&self, text: &str) {
        write_err(&printable(text));
    }

    /// How the command failed. JSON formats get the problem on stdout too, so that a program need not read words.
    pub(crate) fn failure(&self, failure: &Failure) {
        let problem = &failure.problem;
        if !self.is_human() && problem.code != Code::Interrupted {
            let _gone = self.item(&**problem, String::new);
        }
        write_err(&self.described(failure));
    }

    fn described(&self, failure: &Failure) -> String {
        let problem = &failure.problem;
        let (bold, plain) = if self.color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let mut text = if problem.diagnostics.is_empty() {
            format!("{bold}error{plain}[{}]: {}\n", problem.code, printable(&problem.detail))
        } else {
            diagnostics::render(failure.file.as_deref(), &problem.diagnostics, &format!("{bold}error{plain}"))
        };
        let named =
            [("hint", &problem.hint), ("cost", &problem.cost), ("still running", &problem.still_running)];
        for cause in &problem.cause {
            text.push_str(&format!("  because: {}\n", printable(cause)));
        }
        for (name, value) in named {
            if let Some(value) = value {
                text.push_str(&format!("  {name}: {}\n", printable(value)));
            }
        }
        text.trim_end().to_owned()
    }
}

fn json<T>(text: serde_json::Result<T>) -> io::Result<T> {
    text.map_err(io::Error::other)
}

fn write_err(text: &str) {
    // There is nobody to tell that stderr is gone.
    let _gone = writeln!(io::stderr().lock(), "{text}");
}

/// Writes text, and a line end when it has none.
fn write_out(text: &str) -> io::Result<()> {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    write_all(&format!("{text}{end}"))
}

/// A reader that went away (`| head`) is no failure.
fn write_all(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayakash_api::error::Problem;

    #[test]
    fn a_failure_says_what_it_cost_and_what_to_do() {
        let output = Output { format: Format::Human, live: false, color: false };
        let io = io::Error::other("disk\x1b[31m full");
        let problem = Problem::new(Code::Rejected, "the chain\x1b[2J rejected it")
            .because(Some(&io))
            .cost("0.1 AKT in fees");
        let problem = problem.still_running("nothing").hint("run it again");
        assert_eq!(
            output.described(&problem.into()),
            "error[rejected]: the chain rejected it\n  because: disk full\n  hint: run it again\n  cost: 0.1 AKT in fees\n  still running: nothing"
        );
    }
}
