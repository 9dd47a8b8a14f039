//! Strangers' texts, fit for a terminal.

/// Without what steers a terminal: escape sequences and control characters other than line ends and tabs. Log lines, events and errors
/// come from containers, providers and nodes, and a terminal obeys whatever is printed.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => shown.push(c),
            // Colours and cursor movements end with a letter behind their numbers; what else begins with ESC loses its beginning.
            '\u{1b}' if rest.next_if_eq(&'[').is_some() => {
                while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {}
                rest.next_if(|c| matches!(c, '@'..='~'));
            }
            c if c.is_control() => {}
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        let table = [
            ("plain ünï\ttext\n", "plain ünï\ttext\n"),
            ("\u{1b}[36m(task pid=7)\u{1b}[0m done", "(task pid=7) done"),
            ("a\u{1b}[2J\u{1b}[1;1Hb", "ab"),
            ("\u{1b}]0;title\u{7}x", "]0;titlex"),
            ("\u{1b}Px\u{9b}31my\u{9d}z", "Px31myz"),
            ("100%\rdone\u{8}\u{7f}\0", "100%done"),
            ("cut \u{1b}", "cut "),
            ("cut \u{1b}[31", "cut "),
            ("\u{1b}[\nnext", "\nnext"),
        ];
        for (text, expected) in table {
            assert_eq!(printable(text), expected, "{text:?}");
        }
    }
}
