//! The cluster file as a person would write it.

use super::Kind;
use super::draft::{Draft, Market, Node};
use super::env::Env;
use super::image::Ray;
use super::size;
use super::source::is_printable;
use std::fmt::Write as _;

/// The file. Everything that comes from the source is quoted where YAML needs it.
pub(super) fn cluster_file(draft: &Draft, source: Kind) -> String {
    let mut out = header(draft, source);
    line(&mut out, "apiVersion: rayakash/v1");
    let rename = match source {
        _ if draft.named => "",
        Kind::AkashSdl => "    # an SDL names no cluster; choose what you like",
        Kind::RayLauncher => "    # the file names none; choose what you like",
    };
    line(&mut out, &format!("cluster_name: {}{rename}", scalar(&draft.name)));
    line(&mut out, &format!("head_node_type: {}", scalar(&draft.head.name)));
    types(&mut out, draft);
    let numbers = [
        ("max_workers", draft.max_workers.map(|number| number.to_string())),
        ("idle_timeout_minutes", draft.idle_timeout_minutes.map(|number| number.to_string())),
        ("upscaling_speed", draft.upscaling_speed.clone()),
    ];
    for (key, value) in numbers {
        if let Some(value) = value {
            line(&mut out, &format!("{key}: {value}"));
        }
    }
    let mut rest = String::new();
    ray(&mut rest, &draft.ray);
    env(&mut rest, &draft.env, "");
    let setup = &draft.setup;
    let lists = [
        ("setup_commands", &setup.all),
        ("head_setup_commands", &setup.head),
        ("worker_setup_commands", &setup.worker),
    ];
    for (key, list) in lists {
        commands(&mut rest, key, list);
    }
    market(&mut rest, &draft.market);
    if !rest.is_empty() {
        out.push('\n');
        out.push_str(&rest);
    }
    out
}

fn header(draft: &Draft, source: Kind) -> String {
    let from = match source {
        Kind::AkashSdl => "an Akash SDL",
        Kind::RayLauncher => "a file of Ray's cluster launcher",
    };
    let workers =
        draft.head.min_workers.saturating_add(draft.workers.iter().map(|node| node.min_workers).sum());
    let many = if workers == 1 { "worker" } else { "workers" };
    format!(
        "# A Ray head and {workers} {many}, made by `rayakash import` from {from}.\n\
         # Where money is real, add `budget`: the most that the cluster may cost.\n"
    )
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn types(out: &mut String, draft: &Draft) {
    line(out, "available_node_types:");
    let all: Vec<&Node> = std::iter::once(&draft.head).chain(&draft.workers).collect();
    let is_short = |node: &&Node| {
        node.models.is_empty()
            && node.storage.is_none()
            && node.object_store.is_none()
            && node.labels.is_empty()
            && node.env.is_empty()
    };
    if all.iter().all(is_short) {
        let widest = all.iter().map(|node| scalar(&node.name).len()).max().unwrap_or_default();
        for node in all {
            let name = format!("{}:", scalar(&node.name));
            let counts: String =
                counts(node).iter().map(|(key, count)| format!(", {key}: {count}")).collect();
            let width = widest.saturating_add(1);
            line(out, &format!("  {name:width$} {{ resources: {}{counts} }}", resources(node)));
        }
    } else {
        all.into_iter().for_each(|node| block(out, node));
    }
}

fn resources(node: &Node) -> String {
    let gpu = if node.gpus == 0 { String::new() } else { format!(", GPU: {}", node.gpus) };
    format!("{{ CPU: {}{gpu}, memory: {} }}", node.cpus, size::written(node.memory))
}

fn counts(node: &Node) -> Vec<(&'static str, u32)> {
    let least = (node.min_workers > 0).then_some(("min_workers", node.min_workers));
    let most = node.max_workers.filter(|most| *most != node.min_workers).map(|most| ("max_workers", most));
    least.into_iter().chain(most).collect()
}

fn block(out: &mut String, node: &Node) {
    line(out, &format!("  {}:", scalar(&node.name)));
    line(out, &format!("    resources: {}", resources(node)));
    if !node.models.is_empty() {
        let models: Vec<String> = node.models.iter().map(|model| flow(model)).collect();
        line(out, &format!("    gpu: [{}]", models.join(", ")));
    }
    for (key, bytes) in [("object_store_memory", node.object_store), ("storage", node.storage)] {
        if let Some(bytes) = bytes {
            line(out, &format!("    {key}: {}", size::written(bytes)));
        }
    }
    for (key, count) in counts(node) {
        line(out, &format!("    {key}: {count}"));
    }
    if !node.labels.is_empty() {
        let labels = node.labels.iter().map(|(key, value)| format!("{}: {}", flow(key), flow(value)));
        line(out, &format!("    labels: {{ {} }}", labels.collect::<Vec<_>>().join(", ")));
    }
    env(out, &node.env, "    ");
}

fn pairs(out: &mut String, key: &str, pairs: &[(String, String)], indent: &str) {
    if !pairs.is_empty() {
        line(out, &format!("{indent}{key}:"));
    }
    for (key, value) in pairs {
        line(out, &format!("{indent}  {}: {}", scalar(key), scalar(value)));
    }
}

fn ray(out: &mut String, ray: &Ray) {
    let parts = [("version", &ray.version), ("python", &ray.python), ("image", &ray.image)];
    let given: Vec<String> = parts
        .into_iter()
        .filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}: {}", flow(value))))
        .collect();
    if !given.is_empty() {
        line(out, &format!("ray: {{ {} }}", given.join(", ")));
    }
}

/// Variables; secrets as comments, because this release refuses them in the file.
fn env(out: &mut String, env: &Env, indent: &str) {
    pairs(out, "env", &env.plain, indent);
    if !env.secret.is_empty() {
        if env.plain.is_empty() {
            line(out, &format!("{indent}# env:"));
        }
        let indent = if env.plain.is_empty() { format!("{indent}#  ") } else { format!("{indent}  #") };
        line(out, &format!("{indent} Secrets, left out with their values; this release refuses them here."));
        for name in &env.secret {
            line(out, &format!("{indent} {name}: {{ secret: {name} }}"));
        }
    }
}

fn commands(out: &mut String, key: &str, list: &[String]) {
    if !list.is_empty() {
        line(out, &format!("{key}:"));
    }
    for command in list {
        line(out, &item(command));
    }
}

/// A command: on one line, or as a block.
fn item(command: &str) -> String {
    let has_blocks_form =
        |line: &str| line.trim_end() == line && line.chars().all(|c| c != '\t' && is_printable(c));
    let starts_plain = !command.starts_with([' ', '\n']);
    if command.contains('\n') && starts_plain && command.split('\n').all(has_blocks_form) {
        let lines = command
            .split('\n')
            .map(|line| if line.is_empty() { String::new() } else { format!("    {line}") });
        return format!("  - |-\n{}", lines.collect::<Vec<_>>().join("\n"));
    }
    format!("  - {}", scalar(command))
}

fn market(out: &mut String, market: &Market) {
    if *market == Market::default() {
        return;
    }
    line(out, "market:");
    if let Some(uact) = market.max_price {
        line(
            out,
            &format!("  max_price: {}    # US dollars per hour, for all nodes together", dollars(uact)),
        );
    }
    if !market.audited.is_empty() {
        line(out, &format!("  providers: {{ audited: [{}] }}", market.audited.join(", ")));
    }
    pairs(out, "attributes", &market.attributes, "  ");
}

/// Micro-dollars as decimal text.
fn dollars(uact: u128) -> String {
    let (whole, rest) = (uact / 1_000_000, uact % 1_000_000);
    let mut text = format!("{whole}");
    if rest > 0 {
        let digits = format!("{rest:06}");
        let shortest = digits.trim_end_matches('0');
        // Writing to a String cannot fail.
        let _ok = write!(text, ".{shortest:0<2}");
    }
    text
}

/// A text as a YAML value that is read as exactly this text.
fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// The same within braces, where more is special.
fn flow(text: &str) -> String {
    let special = text.contains([',', '[', ']', '{', '}', ':', '?']);
    if is_plain(text) && !special { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_' | '$');
    let word = |c: char| c.is_ascii_graphic() || c == ' ';
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    text.starts_with(first)
        && text.trim_end() == text
        && text.chars().all(word)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !reserved.contains(&text.to_ascii_lowercase().as_str())
        || is_version(text)
}

/// Three numbers with two points are no number.
fn is_version(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split('.').count() == 3 && text.split('.').all(number)
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let code = u32::from(c);
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            // Writing to a String cannot fail.
            _ if code <= 0xff => out.push_str(&format!("\\x{code:02X}")),
            _ => out.push_str(&format!("\\u{code:04X}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a YAML reader makes of a text.
    fn read(yaml: &str) -> serde_yaml::Value {
        serde_yaml::from_str(yaml).unwrap_or_else(|error| panic!("{yaml:?}: {error}"))
    }

    #[test]
    fn texts_are_quoted_where_they_must_be() {
        let table = [
            ("1", "\"1\""),
            ("1.5", "\"1.5\""),
            ("2.60.0", "2.60.0"),
            ("true", "\"true\""),
            ("No", "\"No\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("pip install --no-input x", "pip install --no-input x"),
            ("https://example.com/x", "https://example.com/x"),
            ("say \"hi\"", "say \"hi\""),
            ("\"hi\"", "\"\\\"hi\\\"\""),
            ("", "\"\""),
            ("~", "\"~\""),
            ("a\u{202e}b", "\"a\\u202Eb\""),
            ("a\u{7}", "\"a\\x07\""),
        ];
        for (text, expected) in table {
            assert_eq!(scalar(text), expected);
            assert_eq!(read(expected), serde_yaml::Value::from(text));
        }
        assert_eq!(flow("a:b"), "\"a:b\"");
    }

    #[test]
    fn amounts_are_written_as_people_do() {
        let table =
            [(500_000, "0.50"), (1_250_000, "1.25"), (6_000_000, "6"), (1, "0.000001"), (1_100_000, "1.10")];
        for (uact, expected) in table {
            assert_eq!(dollars(uact), expected);
        }
    }

    proptest! {
        #[test]
        fn every_text_is_read_as_it_was(text in "\\PC*|[ -~\n\t\u{85}\u{2028}#:'\"]*", word in any::<String>()) {
            for text in [&text, &word] {
                prop_assert_eq!(&read(&format!("- {}\n", scalar(text)))[0], &serde_yaml::Value::from(text.as_str()));
                prop_assert_eq!(&read(&format!("{{ a: {} }}", flow(text)))["a"], &serde_yaml::Value::from(text.as_str()));
                let command = text.trim_end();
                prop_assert_eq!(&read(&format!("{}\n", item(command)))[0], &serde_yaml::Value::from(command));
            }
        }
    }
}
