//! The node's settings: lines of `config.toml` and `app.toml`, changed where they stand.
//!
//! Only lines that are there are changed, so that a node with other settings is told apart instead of running on its defaults, which
//! listen on public ports.

use rayakash_testkit::Error;

/// A setting: its section, its name, and what it is to be.
pub(crate) type Setting<'a> = (&'a str, &'a str, String);

/// Changes the settings of a TOML file. All of them must be there.
pub(crate) fn change(text: &str, file: &str, settings: &[Setting<'_>]) -> Result<String, Error> {
    let mut section = String::new();
    let mut missing: Vec<&Setting<'_>> = settings.iter().collect();
    let mut changed = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        }
        let name = line.split_once('=').map(|(name, _)| name.trim());
        let found = missing.iter().position(|(of, wanted, _)| *of == section && Some(*wanted) == name);
        match found.map(|at| missing.swap_remove(at)) {
            Some((_, name, value)) => changed.push_str(&format!("{name} = {value}\n")),
            None => changed.push_str(&format!("{line}\n")),
        }
    }
    match missing.first() {
        None => Ok(changed),
        Some((section, name, _)) => Err(Error::Wrong(format!(
            "`genesis init` made a {file} without {name} in [{section}]: is the binary an akash node?"
        ))),
    }
}

/// A text, as TOML has it.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "pruning = \"default\"\n# laddr = 1\n[rpc]\nladdr = \"tcp://0.0.0.0:1\"\n[p2p]\nladdr = \"tcp://0.0.0.0:2\"\n";

    #[test]
    fn a_setting_is_changed_in_its_section_only() {
        let settings = [("p2p", "laddr", quoted("tcp://127.0.0.1:9")), ("", "pruning", quoted("nothing"))];
        let expected = FILE.replace("tcp://0.0.0.0:2", "tcp://127.0.0.1:9").replace("default", "nothing");
        assert_eq!(change(FILE, "config.toml", &settings).unwrap(), expected);
    }

    #[test]
    fn a_setting_that_is_not_there_is_an_error() {
        let error = change(FILE, "config.toml", &[("grpc", "laddr", quoted(""))]).unwrap_err();
        assert!(error.to_string().contains("without laddr in [grpc]"), "{error}");
    }
}
