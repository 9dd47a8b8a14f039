//! The JSON Schema of the cluster file, and the comparison of a file with it.
//!
//! The schema says which keys there are and of what kind their values are, so unknown keys, wrong kinds and missing keys are found
//! here, all at once. What is wrong is taken out of the file, so that the rest can be read and checked further.

use super::problems::{Path, Problems, nearest};
use super::shape;
use serde_json::Value as Json;
use serde_yaml::Value;

/// The schema, as `config/schema/cluster.v1.json` has it.
pub fn json_schema() -> Json {
    schemars::schema_for!(shape::File).to_value()
}

/// Keys of Ray's cluster launcher that mean nothing here.
const RAY_ONLY: &[&str] = &[
    "auth",
    "cluster_synced_files",
    "docker",
    "file_mounts",
    "head_start_ray_commands",
    "initialization_commands",
    "node_config",
    "provider",
    "rsync_exclude",
    "rsync_filter",
    "worker_start_ray_commands",
];

/// Compares a document with the schema and takes out what does not fit.
pub(super) fn check(document: &mut Value, problems: &mut Problems) {
    let root = json_schema();
    let fits = Comparison { root: &root, problems }.node(document, &root, &Path::root());
    if !fits {
        *document = Value::Mapping(serde_yaml::Mapping::new());
    }
}

struct Comparison<'a> {
    root: &'a Json,
    problems: &'a mut Problems,
}

impl<'a> Comparison<'a> {
    /// Whether a value may stay.
    fn node(&mut self, value: &mut Value, schema: &'a Json, path: &Path) -> bool {
        let branches = self.branches(schema);
        if value.is_null() && (branches.iter().any(|one| allows(one, "null")) || *path == Path::root()) {
            return false;
        }
        let Some(branch) =
            branches.iter().find(|one| kinds(value).iter().any(|kind| allows(one, kind))).copied()
        else {
            self.wrong_kind(value, &branches, path);
            return false;
        };
        match value {
            Value::Mapping(map) => self.mapping(map, branch, path),
            Value::Sequence(items) => self.sequence(items, branch, path),
            Value::String(text) => return self.word(text, &branches, path),
            Value::Number(number) => return self.range(number, branch, path),
            Value::Null | Value::Bool(_) | Value::Tagged(_) => {}
        }
        true
    }

    /// The alternatives of a schema, references followed.
    fn branches(&self, schema: &'a Json) -> Vec<&'a Json> {
        let target = schema
            .get("$ref")
            .and_then(Json::as_str)
            .and_then(|name| self.root.pointer(name.trim_start_matches('#')));
        let alternatives =
            ["anyOf", "oneOf"].iter().find_map(|word| schema.get(word)).and_then(Json::as_array);
        match (target, alternatives) {
            (Some(target), _) => self.branches(target),
            (None, Some(alternatives)) => alternatives.iter().flat_map(|one| self.branches(one)).collect(),
            (None, None) => vec![schema],
        }
    }

    fn mapping(&mut self, map: &mut serde_yaml::Mapping, schema: &'a Json, path: &Path) {
        for name in
            schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
        {
            if map.get(name).is_none_or(Value::is_null) {
                self.missing(name, path);
            }
        }
        let known = schema.get("properties").and_then(Json::as_object);
        let others = schema.get("additionalProperties").filter(|one| one.is_object());
        map.retain(|key, value| {
            let Some(key) = key.as_str() else {
                let help = "put the key in quotes".to_owned();
                self.problems.at_key(path, format!("a key{} is not text", inside(path)), Some(help));
                return false;
            };
            match known.and_then(|known| known.get(key)).or(others) {
                Some(schema) => self.node(value, schema, &path.key(key)),
                None => {
                    self.unknown(key, known, path);
                    false
                }
            }
        });
    }

    fn sequence(&mut self, items: &mut Vec<Value>, schema: &'a Json, path: &Path) {
        let Some(schema) = schema.get("items") else { return };
        let mut index = 0_usize;
        items.retain_mut(|item| {
            let here = path.item(index);
            index = index.saturating_add(1);
            self.node(item, schema, &here)
        });
    }

    /// Whether a text is one of the words, when only some are allowed.
    fn word(&mut self, text: &str, branches: &[&Json], path: &Path) -> bool {
        let listed = branches.iter().filter_map(|one| one.get("enum").and_then(Json::as_array)).flatten();
        let constants = branches.iter().filter_map(|one| one.get("const"));
        let words: Vec<&str> = listed.chain(constants).filter_map(Json::as_str).collect();
        if words.is_empty() || words.contains(&text) {
            return true;
        }
        let help = nearest(text, words.iter().copied()).map_or_else(
            || format!("one of {}", ticked(words.iter().copied())),
            |word| format!("did you mean `{word}`?"),
        );
        self.problems.at(path, format!("`{path}` cannot be `{text}`"), Some(help));
        false
    }

    /// Whether a number is in the range that the schema gives.
    fn range(&mut self, number: &serde_yaml::Number, schema: &Json, path: &Path) -> bool {
        let whole = allows(schema, "integer");
        let least = schema.get("minimum").and_then(Json::as_u64);
        let most = schema.get("maximum").and_then(Json::as_u64).unwrap_or(u64::from(u32::MAX));
        let message = match number.as_u64() {
            _ if !whole => return true,
            None if number.is_f64() => format!("`{path}` must be a whole number, not {number}"),
            None => format!("`{path}` must not be negative"),
            Some(given) if least.is_some_and(|least| given < least) => {
                format!("`{path}` must be at least {}, not {given}", least.unwrap_or_default())
            }
            Some(given) if given > most => format!("`{path}` is {given}, the limit is {most}"),
            Some(_) => return true,
        };
        self.problems.at(path, message, None);
        false
    }

    fn wrong_kind(&mut self, value: &Value, branches: &[&Json], path: &Path) {
        let wanted: Vec<_> = branches.iter().filter_map(|one| wanted(one)).collect();
        let subject = if *path == Path::root() { "the file".to_owned() } else { format!("`{path}`") };
        let quotable = value.is_number() || value.is_bool();
        let wants_text = branches.iter().any(|one| allows(one, "string"));
        let wants_number = branches.iter().any(|one| allows(one, "integer"));
        let help = match value.as_str() {
            None if quotable && wants_text => Some("put it in quotes".to_owned()),
            Some(text) if wants_number && text.parse::<u32>().is_ok() => {
                Some(format!("without quotes: {text}"))
            }
            _ => None,
        };
        self.problems.at(
            path,
            format!("{subject} must be {}, not {}", wanted.join(" or "), kind_of(value)),
            help,
        );
    }

    fn missing(&mut self, name: &str, path: &Path) {
        let message = format!("`{name}` is missing{}", inside(path));
        let help = match name {
            "apiVersion" => "add `apiVersion: rayakash/v1`".to_owned(),
            "head_node_type" => "name the node type that the head has: `head_node_type: head`".to_owned(),
            _ => format!("add `{name}: …`"),
        };
        self.problems.at_key(path, message, Some(help));
    }

    fn unknown(&mut self, key: &str, known: Option<&serde_json::Map<String, Json>>, path: &Path) {
        let names = || known.into_iter().flat_map(|known| known.keys().map(String::as_str));
        let help = match nearest(key, names()) {
            Some(close) => format!("did you mean `{close}`?"),
            None if RAY_ONLY.contains(&key) => {
                "a key of Ray's cluster launcher that has no meaning on Akash: remove it".to_owned()
            }
            None => format!("known here: {}", ticked(names())),
        };
        self.problems.at_key(&path.key(key), format!("unknown key `{key}`{}", inside(path)), Some(help));
    }
}

fn inside(path: &Path) -> String {
    if *path == Path::root() { String::new() } else { format!(" in `{path}`") }
}

fn ticked<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Whether a schema without alternatives takes values of a JSON type.
fn allows(schema: &Json, kind: &str) -> bool {
    match schema.get("type") {
        Some(Json::String(one)) => one == kind,
        Some(Json::Array(some)) => some.iter().any(|one| one == kind),
        _ => schema.get("const").is_some_and(Json::is_string) && kind == "string",
    }
}

/// The JSON types of a value. A fraction is tried as a whole number last, so that `CPU: 0.5` is told as a range.
fn kinds(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["boolean"],
        Value::Number(_) => &["number", "integer"],
        Value::String(_) => &["string"],
        Value::Sequence(_) => &["array"],
        Value::Mapping(_) => &["object"],
        Value::Tagged(_) => &[],
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a mapping",
        Value::Tagged(_) => "a value with a YAML tag",
    }
}

/// What a schema wants, in words; none for its `null`.
fn wanted(schema: &Json) -> Option<String> {
    if let Some(title) = schema.get("title").and_then(Json::as_str).filter(|_| !allows(schema, "object")) {
        return Some(title.to_owned());
    }
    let words = [
        ("object", "a mapping of keys to values"),
        ("array", "a list"),
        ("string", "text"),
        ("integer", "a whole number"),
        ("number", "a number"),
        ("boolean", "true or false"),
    ];
    words.iter().find(|(kind, _)| allows(schema, kind)).map(|(_, words)| (*words).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file that editors read is the schema of these types. To write it anew: `UPDATE=1 cargo test -p rayakash-api schema`.
    #[test]
    fn the_published_schema_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/schema/cluster.v1.json");
        let current = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
        if std::env::vars().any(|(name, _)| name == "UPDATE") {
            std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
            std::fs::write(path, &current).unwrap();
        }
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert!(published == current, "run `UPDATE=1 cargo test -p rayakash-api schema` and commit {path}");
    }
}
