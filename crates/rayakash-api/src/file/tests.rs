//! Input, and what is said about it where.

use super::*;
use rayakash_core::spec::{EnvValue, GpuModel, OnLimit, Wait};

const HEAD: &str = "\
apiVersion: rayakash/v1
cluster_name: t
head_node_type: head
available_node_types:
";
const SMALL: &str = "  head: { resources: { CPU: 1, memory: 2Gi } }\n";

/// What is said: `line:column message | help`.
fn said(text: &str) -> Vec<String> {
    let Err(invalid) = parse(text) else { return Vec::new() };
    let line = |found: &Diagnostic| {
        assert_eq!(found.source, text.lines().nth(found.line - 1).unwrap_or_default(), "the line itself");
        assert!(found.offset + found.len <= text.len().max(found.offset + 1));
        let help = found.help.as_deref().map(|help| format!(" | {help}")).unwrap_or_default();
        format!("{}:{} {}{help}", found.line, found.column, found.message)
    };
    invalid.diagnostics.iter().map(line).collect()
}

/// A file with one more line (or several) at its end.
#[track_caller]
fn check_top(lines: &str, expected: &[&str]) {
    assert_eq!(said(&format!("{HEAD}{SMALL}{lines}")), expected, "{lines}");
}

/// A file whose node types are these, from line 5 on.
#[track_caller]
fn check_types(types: &str, expected: &[&str]) {
    assert_eq!(said(&format!("{HEAD}{types}")), expected, "{types}");
}

#[test]
fn the_smallest_file_has_every_default() {
    let cluster = parse(&format!("{HEAD}{SMALL}")).unwrap();
    let head = cluster.head_type().unwrap();
    assert_eq!((head.cpus, head.gpus, head.memory, head.storage), (1, 0, 2 << 30, 10 << 30));
    assert_eq!(head.object_store, 614 << 20, "30 % of 2 GiB in whole MiB");
    assert_eq!((cluster.max_workers, cluster.nodes()), (0, 1));
    assert_eq!(cluster.ray, spec::Ray::default());
    assert_eq!(cluster.market, spec::Market::default());
    assert_eq!(cluster.budget, spec::Budget::default());
    assert_eq!(cluster.escrow, spec::Escrow::default());
    assert_eq!(cluster.recovery, spec::Recovery::default());
    assert!(!cluster.public_dashboard);
}

#[test]
fn the_examples_are_valid() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/examples");
    let files: Vec<_> = std::fs::read_dir(examples).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 4);
    for file in files {
        let text = read(std::fs::File::open(&file).unwrap()).unwrap();
        assert_eq!(parse(&text).err(), None, "{}", file.display());
    }
}

#[test]
fn every_key_is_carried_over() {
    let text = format!(
        "{HEAD}  head: {{ resources: {{ CPU: 2, memory: 4Gi }} }}
  gpu:
    resources: {{ CPU: 8, GPU: 2, memory: 64Gi }}
    gpu: [h100, a100/80Gi]
    storage: 200Gi
    object_store_memory: 16Gi
    min_workers: 2
    max_workers: 4
    labels: {{ zone: a }}
    env: {{ A: \"1\", B: {{ secret: hf }} }}
max_workers: 4
idle_timeout_minutes: 10
upscaling_speed: 0.5
ray: {{ version: 2.59.0, python: \"3.12\", image: \"rayproject/ray:2.59.0-py312-gpu\" }}
market:
  select: cheapest
  bid_window: {{ min: 2 blocks, max: 30s }}
  min_bids: 2
  max_price: 1.25
  providers: {{ audited: true, deny: [akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63] }}
  attributes: {{ region: eu }}
budget: {{ max_usd_per_hour: 0.50, max_usd_total: \"10\", on_limit: down }}
escrow: {{ runway: 1h, target: 2h }}
lifetime: {{ max: 1d, idle_down: 45m }}
recovery: {{ replace: false, max_per_hour: 1, grace: 5m, head: memory }}
network: {{ public_dashboard: false }}
"
    );
    let cluster = parse(&text).unwrap();
    let gpu = cluster.types.values().find(|node| node.gpus == 2).unwrap();
    assert_eq!(gpu.gpu_models[1], GpuModel { model: "a100".into(), ram: Some("80Gi".into()) });
    assert_eq!(
        (gpu.storage, gpu.object_store, gpu.min_workers, gpu.max_workers),
        (200 << 30, 16 << 30, 2, 4)
    );
    assert_eq!(gpu.env["B"], EnvValue::Secret("hf".into()));
    assert_eq!(cluster.ray.version, "2.59.0");
    assert_eq!(cluster.market.window_min, Some(Wait::Blocks(2)));
    assert_eq!((cluster.market.window_max_ms, cluster.market.max_price_per_hour), (30_000, Some(1_250_000)));
    assert_eq!(cluster.market.audited, cluster.market.deny);
    assert_eq!((cluster.budget.max_per_hour, cluster.budget.max_total), (Some(500_000), Some(10_000_000)));
    assert_eq!(cluster.budget.on_limit, OnLimit::Down);
    assert_eq!(
        (cluster.escrow.runway, cluster.lifetime.idle_down, cluster.recovery.grace),
        (3600, Some(2700), 300)
    );
    assert!(!cluster.public_dashboard && !cluster.recovery.replace);
}

#[test]
fn keys() {
    check_top("max_worker: 3", &["6:1 unknown key `max_worker` | did you mean `max_workers`?"]);
    check_top("Max_Workers: 3", &["6:1 unknown key `Max_Workers` | did you mean `max_workers`?"]);
    check_top(
        "provider: { type: aws }",
        &[
            "6:1 unknown key `provider` | a key of Ray's cluster launcher that has no meaning on Akash: remove it",
        ],
    );
    check_top(
        "lifetime: { forever: 1h }",
        &["6:13 unknown key `forever` in `lifetime` | known here: `idle_down`, `max`"],
    );
    check_top(
        "max_workers: 1\nmax_workers: 2",
        &["7:1 the key `max_workers` is there twice | remove one of the two"],
    );
    check_types(
        "  head:\n    min_workers: 1\n    resources: { CPU: 1, memory: 2Gi }\n    min_workers: 2",
        &["8:5 the key `min_workers` is there twice | remove one of the two"],
    );
    check_types(
        "  head: { resources: { CPU: 1, memory: 2Gi, CPU: 2 } }",
        &["5:45 the key `CPU` is there twice | remove one of the two"],
    );
    check_top("7: x", &["1:1 a key is not text | put the key in quotes"]);
    check_types(
        "  head: { resources: { cpu: 1, memory: 2Gi } }",
        &[
            "5:11 `CPU` is missing in `available_node_types.head.resources` | add `CPU: …`",
            "5:24 unknown key `cpu` in `available_node_types.head.resources` | did you mean `CPU`?",
        ],
    );
    assert_eq!(
        said("cluster_name: a"),
        [
            "1:1 `apiVersion` is missing | add `apiVersion: rayakash/v1`",
            "1:1 `head_node_type` is missing | name the node type that the head has: `head_node_type: head`",
            "1:1 `available_node_types` is missing | add `available_node_types: …`",
        ]
    );
}

#[test]
fn kinds() {
    check_top("max_workers: many", &["6:14 `max_workers` must be a whole number, not text"]);
    check_top(
        "max_workers: \"3\"",
        &["6:14 `max_workers` must be a whole number, not text | without quotes: 3"],
    );
    check_top("max_workers: -1", &["6:14 `max_workers` must not be negative"]);
    check_top("max_workers: 1.5", &["6:14 `max_workers` must be a whole number, not 1.5"]);
    check_top("max_workers: 99999999999", &["6:14 `max_workers` is 99999999999, the limit is 4294967295"]);
    check_top("ray: { python: 3.11 }", &["6:16 `ray.python` must be text, not a number | put it in quotes"]);
    check_top(
        "env: { A: 1 }",
        &["6:11 `env.A` must be text or a mapping of keys to values, not a number | put it in quotes"],
    );
    check_top("setup_commands:\n- ls\n- [a]", &["8:3 `setup_commands[1]` must be text, not a list"]);
    check_top("market: [a]", &["6:9 `market` must be a mapping of keys to values, not a list"]);
    check_top(
        "market: { select: cheap }",
        &["6:19 `market.select` cannot be `cheap` | one of `balanced`, `cheapest`"],
    );
    check_top(
        "market: { select: cheapst }",
        &["6:19 `market.select` cannot be `cheapst` | did you mean `cheapest`?"],
    );
    check_top("market:", &[]);
    assert_eq!(said("- a\n- b")[0], "1:1 the file must be a mapping of keys to values, not a list");
    assert_eq!(said("just text")[0], "1:1 the file must be a mapping of keys to values, not text");
}

#[test]
fn nodes() {
    check_types(
        "  head: { resources: { CPU: 0, memory: 2Gi } }",
        &["5:29 `available_node_types.head.resources.CPU` must be at least 1, not 0"],
    );
    check_types(
        "  head:\n    resources:\n      CPU: 0.5\n      memory: 2Gi",
        &["7:12 `available_node_types.head.resources.CPU` must be a whole number, not 0.5"],
    );
    check_types(
        "  head: { resources: { CPU: 1000, memory: 2Gi } }",
        &["5:29 `available_node_types.head.resources.CPU` is 1000, the limit is 384"],
    );
    check_types(
        "  head: { resources: { CPU: 1, memory: 10Ti } }",
        &["5:40 `10Ti` is more memory than a node can have | 2Ti is the limit of Akash"],
    );
    check_types(
        "  head: { resources: { CPU: 1, memory: 10TB } }",
        &["5:40 `10TB` is no size | did you mean `10Ti`?"],
    );
    check_types(
        "  head: { resources: { CPU: 1, memory: 900Mi } }",
        &[
            "5:40 `900Mi` is too little memory for a head | at least 1Gi: a smaller head loses its dashboard while its nodes look alive",
        ],
    );
    check_types(
        &format!("{SMALL}  small: {{ resources: {{ CPU: 1, memory: 500Mi }} }}"),
        &["6:41 `500Mi` is too little memory for a worker | at least 512Mi: Ray itself needs that much"],
    );
    check_types(
        "  hed: { resources: { CPU: 1, memory: 2Gi } }",
        &["3:17 there is no node type `head` for the head | did you mean `hed`?"],
    );
    check_types(
        "  head: 5",
        &["5:9 `available_node_types.head` must be a mapping of keys to values, not a number"],
    );
    check_types(
        &format!("{SMALL}  Big: {{ resources: {{ CPU: 1, memory: 2Gi }} }}"),
        &["6:3 `Big` cannot be a node type's name: it must start with a lower-case letter"],
    );
    check_types(
        "  head:\n    resources: { CPU: 1, memory: 2Gi }\n    gpu: [h100, 'A 100']\n    max_workers: 1\n    min_workers: 2\n    storage: 1Mi",
        &[
            "7:5 GPU models of a node that has no GPU | add `GPU: 1` to `resources`",
            "7:17 `A 100` is no GPU model | such as `h100`, or `a100/80Gi` with its memory",
            "8:18 `max_workers` is 1, less than `min_workers`, which is 2",
            "10:14 `1Mi` is out of range | from 5Mi to 32Ti",
        ],
    );
}

#[test]
fn values() {
    check_top("ray: { version: 9.9.9 }", &["6:17 there is no Ray 9.9.9 | known are 2.52.0 to 2.60.0"]);
    check_top(
        "ray: { python: \"2.7\" }",
        &["6:16 there is no image with Python `2.7` | there is 3.10, 3.11, 3.12, 3.13"],
    );
    check_top(
        "ray: { image: \"rayproject/ray:latest\" }",
        &[
            "6:15 `rayproject/ray:latest` moves: it is another image tomorrow | name a release, or pin it with a digest",
        ],
    );
    check_top("ray: { image: \"rayproject/ray@sha256:abc\" }", &[]);
    check_top(
        "budget: { max_usd_per_hour: lots }",
        &["6:29 `lots` is no amount in US dollars | such as `0.50`"],
    );
    check_top("budget: { max_usd_total: 0 }", &["6:26 nothing can be bought for nothing"]);
    check_top(
        "escrow: { runway: 45 }",
        &["6:19 `escrow.runway` must be text, not a number | put it in quotes"],
    );
    check_top("escrow: { runway: soon }", &["6:19 `soon` is no time | such as `45s`, `10m` or `6h`"]);
    check_top(
        "escrow: { runway: 6h, target: 1h }",
        &["6:31 the escrow cannot be filled up to less than the runway | at least the runway, 21600 s"],
    );
    check_top(
        "market: { providers: { allow: [akash1nope] } }",
        &["6:32 `akash1nope` is no address on Akash | an address begins with `akash1`"],
    );
    let long = format!("env:\n  BIG: {}", "x".repeat(100_001));
    let found = parse(&format!("{HEAD}{SMALL}{long}")).unwrap_err();
    assert_eq!((found.diagnostics[0].line, found.diagnostics[0].column), (7, 8));
    assert_eq!(found.diagnostics[0].message, "`BIG` has 100001 bytes, the limit is 100000");
    assert_eq!(found.diagnostics[0].source.len(), 200, "a long line is shown in part");
    assert_eq!(
        said(&format!("{HEAD}{SMALL}").replace("/v1", "/v9")),
        ["1:13 `rayakash/v9` is not a version of this form | this program knows `rayakash/v1`"]
    );
    assert_eq!(
        said(&format!("{HEAD}{SMALL}").replace("name: t", "name: My_Cluster")),
        [
            "2:15 `My_Cluster` cannot be a name: it must start with a lower-case letter | lower-case letters, digits and `-`, starting with a letter, 40 characters at most"
        ]
    );
}

#[test]
fn names_that_are_taken() {
    check_top(
        "env: { RAY_AUTH_MODE: disabled }",
        &["6:8 `RAY_AUTH_MODE` cannot be set | variables that start with `RAY_AUTH_` are set by rayakash"],
    );
    check_top(
        "env: { \"A B\": x }",
        &["6:8 `A B` cannot be the name of a variable | letters, digits and `_`, not starting with a digit"],
    );
    check_top(
        "env: { AKASH_OWNER: me, TMPDIR: /t, TMPDIR2: /t }",
        &[
            "6:8 `AKASH_OWNER` cannot be set | variables that start with `AKASH_` are set by the provider",
            "6:25 `TMPDIR` cannot be set | nodes find their place by it",
        ],
    );
    let labels =
        |labels| format!("{HEAD}  head: {{ resources: {{ CPU: 1, memory: 2Gi }}, labels: {labels} }}");
    assert_eq!(parse(&labels("{ zone: a-1.x, example.com/Kind: '', n: '5' }")).err(), None);
    assert_eq!(
        said(&labels("{ ray.io/node-group: x, 'a b': 'c,d=e', a//b: x }")),
        [
            "5:57 `ray.io/node-group` cannot be set: labels under `ray.io/` are Ray's own",
            "5:79 `a b` cannot be the name of a label | letters, digits, `-`, `_` and `.`, at most 63, at both ends a letter or digit",
            "5:86 `c,d=e` cannot be the value of a label | letters, digits, `-`, `_` and `.`, at most 63, at both ends a letter or digit",
            "5:95 `a//b` cannot be the name of a label | letters, digits, `-`, `_` and `.`, at most 63, at both ends a letter or digit",
        ]
    );
}

#[test]
fn what_is_not_carried_out_is_told() {
    check_top(
        "recovery: { head: restore }\nnetwork: { public_dashboard: true }",
        &[
            "6:19 this release does not carry out `recovery.head: restore` | remove it",
            "7:30 this release does not carry out `network.public_dashboard: true` | remove it",
        ],
    );
}

#[test]
fn all_independent_mistakes_are_told_at_once_in_order() {
    let found = said(
        "apiVersion: rayakash/v1\ncluster_name: t\nhead_node_type: head\nmax_worker: 1\navailable_node_types:\n  head: { resources: { CPU: 0, memory: 10Ti } }\n  w: { resources: { CPU: x, memory: 1Gi }, min_worker: 2 }\nray: { version: 1.0.0 }\n",
    );
    let places: Vec<_> = found.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(places, ["4:1", "6:29", "6:40", "7:26", "7:44", "8:17"], "{found:#?}");
}

#[test]
fn anchors_and_merges_work() {
    let text = format!(
        "{HEAD}  head: &a {{ resources: {{ CPU: 1, memory: 2Gi }} }}\n  w: {{ <<: *a, min_workers: 2 }}\n"
    );
    assert_eq!(parse(&text).unwrap().nodes(), 3);
}

proptest::proptest! {
    /// Whatever is thrown at it, it answers, and every place that it names is in the text.
    #[test]
    fn no_text_breaks_it(noise in "(\\PC|\n| |\\{|\\[|:|-|&a|\\*a){0,60}", cut in 0..400_usize) {
        let whole = format!("{HEAD}{SMALL}ray: {{ version: 2.60.0 }}\nenv: {{ A: b }}\n");
        let start: String = whole.chars().take(cut).collect();
        for text in [noise.clone(), format!("{start}{noise}"), format!("{whole}{noise}")] {
            if let Err(invalid) = parse(&text) {
                proptest::prop_assert!(!invalid.diagnostics.is_empty());
                for found in &invalid.diagnostics {
                    proptest::prop_assert!(found.offset <= text.len() && found.line >= 1 && found.column >= 1);
                }
            }
        }
    }
}
