//! Rules of the launcher's files, one line each.

use super::files::refused;
use super::*;

const TYPES: &str = "\
cluster_name: mine
available_node_types:
  head: { resources: { CPU: 2, memory: 4Gi } }
  worker: { resources: { CPU: 1, memory: 2147483648 }, min_workers: 2 }
head_node_type: head
";
const PLAIN: &str = "\
# A Ray head and 2 workers, made by `rayakash import` from a file of Ray's cluster launcher.
# Where money is real, add `budget`: the most that the cluster may cost.
apiVersion: rayakash/v1
cluster_name: mine
head_node_type: head
available_node_types:
  head:   { resources: { CPU: 2, memory: 4Gi } }
  worker: { resources: { CPU: 1, memory: 2Gi }, min_workers: 2 }
";

/// Lines that the cluster file has and the plain one has not, and the notes.
#[track_caller]
fn check(source: &str, lines: &[&str], notes: &[&str]) {
    let imported = import(source).unwrap_or_else(|invalid| panic!("{invalid:?}"));
    let new: Vec<&str> = imported
        .cluster_file
        .lines()
        .filter(|line| !line.is_empty() && !PLAIN.lines().any(|plain| plain == *line))
        .collect();
    let told: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
    assert_eq!((new, told.iter().map(String::as_str).collect::<Vec<_>>()), (lines.to_vec(), notes.to_vec()));
}

/// The plain file with lines at its end, from line 6 on.
#[track_caller]
fn check_top(more: &str, lines: &[&str], notes: &[&str]) {
    check(&format!("{TYPES}{more}\n"), lines, notes);
}

/// The plain file with another worker type, on line 4.
#[track_caller]
fn check_worker(worker: &str, lines: &[&str], notes: &[&str]) {
    let plain = TYPES.lines().nth(3).unwrap();
    check(&TYPES.replace(plain, &format!("  worker: {worker}")), lines, notes);
}

#[test]
fn what_fits_is_carried_over_without_a_word() {
    let imported = import(TYPES).unwrap();
    assert_eq!(imported.cluster_file, PLAIN);
    assert_eq!((imported.notes, imported.secrets, imported.source), (vec![], vec![], Kind::RayLauncher));
}

#[test]
fn numbers_and_commands() {
    check_top("max_workers: 2", &[], &[]);
    check_top("max_workers: 7", &["max_workers: 7"], &[]);
    check_top(
        "max_workers: 1",
        &[],
        &["6: max_workers: `max_workers` is 1, less than the 2 of `min_workers`, and was left out"],
    );
    check_top(
        "idle_timeout_minutes: 7\nupscaling_speed: 0.5",
        &["idle_timeout_minutes: 7", "upscaling_speed: 0.5"],
        &[],
    );
    check_top(
        "idle_timeout_minutes: x",
        &[],
        &["6: idle_timeout_minutes: `x` is no number of minutes, and was left out"],
    );
    check_top(
        "setup_commands: [echo hi, {}]\nhead_setup_commands: ['echo \"a: b\"']\nworker_setup_commands: [\"a\\n\\tb\"]",
        &[
            "setup_commands:",
            "  - echo hi",
            "head_setup_commands:",
            "  - \"echo \\\"a: b\\\"\"",
            "worker_setup_commands:",
            "  - \"a\\n\\tb\"",
        ],
        &["6: setup_commands[1]: this is no command, and was left out"],
    );
    check_top("file_mounts: {}\nrsync_exclude: []\nauth: {}\nfile_mounts_sync_continuously: False", &[], &[]);
    check_top("wings: 2", &[], &["6: wings: `wings` has no meaning here, and was left out"]);
}

#[test]
fn docker() {
    check_top(
        "docker: { image: 'rayproject/ray:2.60.0-py311-gpu' }",
        &["ray: { version: 2.60.0, python: \"3.11\" }"],
        &[],
    );
    check_top(
        "docker: { head_image: 'rayproject/ray:2.59.0-py311-cpu', worker_image: 'rayproject/ray:2.59.0-py311-gpu' }",
        &["ray: { version: 2.59.0, python: \"3.11\" }"],
        &[],
    );
    check_top(
        "docker: { run_options: ['-e A=1', '--env=B=2', -e, C=3, --env-file x, '-v /a:/b', '--gpus all'] }",
        &["env:", "  A: \"1\"", "  B: \"2\"", "  C: \"3\""],
        &[
            "6: docker.run_options[4]: the option `--env-file` of Docker was left out",
            "6: docker.run_options[5]: the option `--volume` of Docker was left out; fetch the files in `setup_commands`",
        ],
    );
}

#[test]
fn quotes_in_options_of_docker() {
    check_top(
        "docker: { run_options: [\"-e A='a b c'\", '--env B=\"x y\"', -e=C=1, '-eD=2 -e E=3', '-e F=x?a=1&b=2', \"--env='G=a b'\"] }",
        &[
            "env:",
            "  A: a b c",
            "  B: x y",
            "  C: \"1\"",
            "  D: \"2\"",
            "  E: \"3\"",
            "  F: x?a=1&b=2",
            "  G: a b",
        ],
        &[],
    );
}

#[test]
fn variables_of_containers() {
    check_top(
        "docker: { run_options: [-eA=1, -e HF_TOKEN=abc], head_run_options: ['-e B=2'], worker_run_options: ['-e A=3'] }",
        &[
            "  head:",
            "    resources: { CPU: 2, memory: 4Gi }",
            "    env:",
            "      A: \"1\"",
            "      B: \"2\"",
            "  worker:",
            "    resources: { CPU: 1, memory: 2Gi }",
            "    min_workers: 2",
            "    env:",
            "      A: \"3\"",
            "# env:",
            "#   Secrets, left out with their values; this release refuses them here.",
            "#   HF_TOKEN: { secret: HF_TOKEN }",
        ],
        &["6: docker.run_options[1]: `HF_TOKEN` is probably a secret, and was left out with its value"],
    );
    check_top("docker: { image: '', container_name: '' }", &[], &[]);
    check_top("min_workers: 3", &[], &["6: min_workers: `min_workers` was left out: the node types say it"]);
}

#[test]
fn node_types() {
    check_worker(
        "{ node_config: { machineType: n1-standard-2 }, min_workers: 2 }",
        &["  worker: { resources: { CPU: 2, memory: 4Gi }, min_workers: 2 }"],
        &[
            "4: available_node_types.worker: what `n1-standard-2` has is not known: it is given 2 CPU and 4Gi; write `resources: { CPU: …, memory: … }`",
            "4: available_node_types.worker.node_config: the machine was left out: nodes are bought on Akash by their `resources`",
        ],
    );
    check_worker(
        "{ resources: { CPU: 8 }, min_workers: 2 }",
        &["  worker: { resources: { CPU: 8, memory: 16Gi }, min_workers: 2 }"],
        &[
            "4: available_node_types.worker: how much memory the machine has is not known: it is given 16Gi; write `memory` under `resources`",
        ],
    );
    check_worker(
        "{ resources: { CPU: 0.5, memory: 2Gi, GPU: 1, object_store_memory: 1073741824, 'accelerator_type:A100-80G': 1 }, min_workers: 2 }",
        &[
            "  head:",
            "    resources: { CPU: 2, memory: 4Gi }",
            "  worker:",
            "    resources: { CPU: 1, GPU: 1, memory: 2Gi }",
            "    gpu: [a100/80Gi]",
            "    object_store_memory: 1Gi",
            "    min_workers: 2",
        ],
        &["4: available_node_types.worker.resources.CPU: `0.5` was made 1: whole numbers only"],
    );
    check_worker(
        "{ resources: { CPU: 1, memory: 2Gi }, min_workers: 2, labels: { zone: a, ray.io/x: b }, worker_setup_commands: [x], docker: { worker_image: x } }",
        &[
            "  head:",
            "    resources: { CPU: 2, memory: 4Gi }",
            "  worker:",
            "    resources: { CPU: 1, memory: 2Gi }",
            "    min_workers: 2",
            "    labels: { zone: a }",
        ],
        &[
            "4: available_node_types.worker.labels.ray.io/x: `ray.io/x` cannot be a label of a node, and was left out",
            "4: available_node_types.worker.worker_setup_commands: `worker_setup_commands` of one node type were left out; write them in `worker_setup_commands`, for all workers",
            "4: available_node_types.worker.docker: an image for one node type was left out: all nodes have the head's Ray",
        ],
    );
    check_worker(
        "{ resources: { CPU: 1, memory: 2Gi }, min_workers: 2, max_workers: 1 }",
        &[],
        &[
            "4: available_node_types.worker.max_workers: `max_workers` is less than `min_workers`, and was left out",
        ],
    );
}

#[test]
fn files_without_node_types() {
    let text =
        "cluster_name: lab\nprovider: { type: local, head_ip: 10.0.0.1, worker_ips: [10.0.0.2, 10.0.0.3] }\n";
    check(
        text,
        &[
            "cluster_name: lab",
            "  head:   { resources: { CPU: 2, memory: 4Gi } }",
            "  worker: { resources: { CPU: 2, memory: 4Gi }, min_workers: 2 }",
        ]
        .into_iter()
        .filter(|line| !PLAIN.lines().any(|plain| plain == *line))
        .collect::<Vec<_>>(),
        &[
            "2: provider: there is no `available_node_types`: every node is given 2 CPU and 4Gi; correct `resources` and `min_workers`",
            "2: provider: the machines of `local` were left out: nodes are bought on Akash; `market` chooses providers",
        ],
    );
    assert_eq!(import("cluster_name: x\nprovider: {}\nmin_workers: 6\n").unwrap().workers, 6);
    assert_eq!(import("head_node: { InstanceType: m5.large }\n").unwrap().workers, 0);
}

#[test]
fn names() {
    let twins = TYPES.replace(
        "  worker:",
        "  ray.worker.default: { resources: { CPU: 1, memory: 1Gi }, min_workers: 1 }\n  worker:",
    );
    let file = import(&twins).unwrap().cluster_file;
    assert!(file.contains("  worker:   {") && file.contains("  worker-2: {"), "{file}");
    // Names that YAML takes for something else.
    for name in ["true", "'null'"] {
        let file = import(&TYPES.replace("cluster_name: mine", &format!("cluster_name: {name}"))).unwrap();
        assert_eq!(file.cluster_name, name.trim_matches('\''));
    }
    let null = TYPES.replace("  head:", "  'null':").replace("type: head", "type: 'null'");
    let file = import(&null.replace("  worker:", "  'on':")).unwrap().cluster_file;
    assert!(file.contains("head_node_type: \"null\"\n") && file.contains("  \"on\":   {"), "{file}");
    let nameless = TYPES.replace("cluster_name: mine\n", "");
    let ray = import(&nameless).unwrap();
    assert_eq!((ray.cluster_name.as_str(), ray.notes), ("ray", vec![]));
    assert!(ray.cluster_file.contains("cluster_name: ray    # the file names none; choose what you like\n"));
}

#[test]
fn what_cannot_be_is_refused_at_its_line() {
    let table = [
        (
            TYPES.replace("head_node_type: head", "head_node_type: had"),
            "5:1 there is no node type `had` for the head | name one of `head`, `worker`",
        ),
        (
            TYPES.replace("head_node_type: head\n", ""),
            "2:1 `head_node_type` is missing | name one of `head`, `worker`",
        ),
        (TYPES.replace("CPU: 1,", "CPU: 999,"), "4:26 `999` is too much: 384 is the limit of Akash"),
        (TYPES.replace("CPU: 1,", "CPU: -1,"), "4:26 `-1` is no number | a whole number from 0"),
        (
            TYPES.replace("min_workers: 2", "min_workers: 51"),
            "4:56 `51` is too much: 50 is the limit of Akash",
        ),
        (
            TYPES.replace("4Gi", "3Ti"),
            "3:32 `3Ti` is more memory than a node can have | 2Ti is the limit of Akash",
        ),
        (format!("{TYPES}max_workers: x\n"), "6:1 `x` is no number of workers | a whole number"),
    ];
    for (text, expected) in table {
        assert_eq!(refused(&text), [expected]);
    }
}
