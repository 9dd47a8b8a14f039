//! Mistakes in a file, with the line that has them.

use rayakash_api::file::Diagnostic;
use std::fmt::Write as _;
use std::path::Path;

/// All of them, one under the other.
pub(crate) fn render(file: Option<&Path>, all: &[Diagnostic], label: &str) -> String {
    let name = match file {
        Some(file) if file != Path::new("-") => file.display().to_string(),
        _ => "<stdin>".to_owned(),
    };
    let mut text = String::new();
    for found in all {
        let number = found.line.to_string();
        let margin = " ".repeat(number.len());
        let source = printable(&found.source);
        let shown = source.chars().count();
        // Writing to a String cannot fail.
        let _ok = writeln!(text, "{label}: {}", printable(&found.message));
        let _ok = writeln!(
            text,
            "{margin}--> {name}:{}:{}\n{margin} |\n{number} | {source}",
            found.line, found.column
        );
        if found.column <= shown.saturating_add(1) {
            let width = found.len.min(shown.saturating_add(1).saturating_sub(found.column)).max(1);
            let indent = " ".repeat(found.column.saturating_sub(1));
            let _ok = writeln!(text, "{margin} | {indent}{}", "^".repeat(width));
        }
        if let Some(help) = &found.help {
            let _ok = writeln!(text, "{margin} = help: {}", printable(help));
        }
        text.push('\n');
    }
    text
}

/// What stands in a file is hostile: nothing of it may steer the terminal. One character stays one.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c.is_control() {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayakash_api::file::parse;

    #[test]
    fn a_mistake_is_shown_under_its_line() {
        let text = "apiVersion: rayakash/v1\ncluster_name: a\nhead_node_type: h\navailable_node_types:\n  h: { resources: { CPU: 0, memory: 2Gi } }\nmax_worker: 1 # ünï\tcode\n";
        let invalid = parse(text).unwrap_err();
        assert_eq!(
            render(Some(Path::new("c.yaml")), &invalid.diagnostics, "error"),
            "\
error: `available_node_types.h.resources.CPU` must be at least 1, not 0
 --> c.yaml:5:26
  |
5 |   h: { resources: { CPU: 0, memory: 2Gi } }
  |                          ^

error: unknown key `max_worker`
 --> c.yaml:6:1
  |
6 | max_worker: 1 # ünï code
  | ^^^^^^^^^^
  = help: did you mean `max_workers`?

"
        );
    }

    #[test]
    fn a_file_cannot_steer_the_terminal() {
        let invalid = parse("apiVersion: \x1b[31mred").unwrap_err();
        let shown = render(None, &invalid.diagnostics, "error");
        assert!(!shown.contains('\x1b') && shown.contains("<stdin>:1:13"), "{shown}");
    }
}
