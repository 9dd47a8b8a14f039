//! Rules of the template's shape, one change of a small SDL each.

use super::files::refused;
use super::*;

const HEAD: &str = "\
version: '2.0'
services:
  ray-head:
    image: rayproject/ray:2.60.0-py311-cpu
    command: [ray, start, --head, --port=6379]
  ray-worker:
    image: rayproject/ray:2.60.0-py311-cpu
    command: [ray, start, '--address=ray-head:6379']
";
const PROFILES: &str = "\
profiles:
  compute:
    head: { resources: { cpu: { units: 2 }, memory: { size: 4Gi }, storage: { size: 20Gi } } }
    worker: { resources: { cpu: { units: 1 }, memory: { size: 2Gi }, storage: { size: 20Gi } } }
  placement:
    here:
      pricing:
        head: { denom: uact, amount: 1000 }
        worker: { denom: uact, amount: 500 }
deployment:
  ray-head: { here: { profile: head, count: 1 } }
  ray-worker: { here: { profile: worker, count: 2 } }
";
const PLAIN: &str = "\
# A Ray head and 2 workers, made by `rayakash import` from an Akash SDL.
# Where money is real, add `budget`: the most that the cluster may cost.
apiVersion: rayakash/v1
cluster_name: ray    # an SDL names no cluster; choose what you like
head_node_type: head
available_node_types:
  head:
    resources: { CPU: 2, memory: 4Gi }
    storage: 20Gi
  worker:
    resources: { CPU: 1, memory: 2Gi }
    storage: 20Gi
    min_workers: 2

ray: { version: 2.60.0, python: \"3.11\" }
market:
  max_price: 1.20    # US dollars per hour, for all nodes together
";

fn plain() -> String {
    format!("{HEAD}{PROFILES}")
}

/// The small SDL with one text replaced by another.
#[track_caller]
fn with(from: &str, to: &str) -> String {
    assert!(plain().contains(from), "{from}");
    plain().replacen(from, to, 1)
}

/// Lines that the cluster file has and the one of the small SDL has not, and the notes.
#[track_caller]
fn check(source: &str, lines: &[&str], notes: &[&str]) {
    let imported = import(source).unwrap_or_else(|invalid| panic!("{invalid:?}"));
    let new: Vec<&str> =
        imported.cluster_file.lines().filter(|line| !PLAIN.lines().any(|plain| plain == *line)).collect();
    let told: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
    assert_eq!((new, told.iter().map(String::as_str).collect::<Vec<_>>()), (lines.to_vec(), notes.to_vec()));
}

#[test]
fn what_fits_is_carried_over_without_a_word() {
    let imported = import(&plain()).unwrap();
    assert_eq!(imported.cluster_file, PLAIN);
    assert_eq!((imported.notes, imported.secrets, imported.source), (vec![], vec![], Kind::AkashSdl));
    assert_eq!((imported.cluster_name.as_str(), imported.workers), ("ray", 2));
}

#[test]
fn resources() {
    let cpu = "units: 2 }";
    check(
        &with(cpu, "units: 1500m }"),
        &[],
        &[
            "11: profiles.compute.head.resources.cpu.units: `1500m` cores were made 2: Ray is told whole cores",
        ],
    );
    check(&with(cpu, "units: '2' }"), &[], &[]);
    check(&with("cpu: { units: 2 }", "cpu: 2"), &[], &[]);
    check(&with("memory: { size: 4Gi }", "memory: 4Gi"), &[], &[]);
    check(&with("storage: { size: 20Gi }", "storage: 20Gi"), &[], &[]);
    check(
        &with("size: 4Gi", "size: 512Mi"),
        &["    resources: { CPU: 2, memory: 1Gi }"],
        &[
            "11: profiles.compute.head.resources.memory.size: 512Mi of memory were made 1Gi: a head of Ray needs that much",
        ],
    );
    check(&with("size: 4Gi", "size: 4096Mi"), &[], &[]);
    check(
        &with("size: 20Gi", "size: 20GB"),
        &["    storage: 20G"],
        &["11: profiles.compute.head.resources.storage.size: `20GB` was read as 20G"],
    );
    let gpu = |gpu: &str| with("memory: { size: 4Gi }", &format!("gpu: {gpu}, memory: {{ size: 4Gi }}"));
    let has = "    resources: { CPU: 2, GPU: 2, memory: 4Gi }";
    check(&gpu("{ units: 2, attributes: { vendor: { nvidia: } } }"), &[has], &[]);
    check(&gpu("{ units: 2, attributes: { vendor: { nvidia: [{ model: '*' }] } } }"), &[has], &[]);
    check(&gpu("{ units: 0 }"), &[], &[]);
    check(
        &gpu(
            "{ units: 2, attributes: { vendor: { nvidia: [{ model: A100, ram: 80Gi }, { model: h100, interface: sxm }] } } }",
        ),
        &[has, "    gpu: [a100/80Gi, h100]"],
        &[
            "11: profiles.compute.head.resources.gpu.attributes.vendor.nvidia[1].interface: the interface of a GPU was left out: models are chosen by name and memory",
        ],
    );
    check(
        &gpu("{ units: 2, attributes: { vendor: { amd: } } }"),
        &[has],
        &[
            "11: profiles.compute.head.resources.gpu.attributes.vendor.amd: GPUs of `amd` cannot be chosen: Akash knows those of NVIDIA",
        ],
    );
}

#[test]
fn no_gpu_is_lost_without_a_word() {
    let gpu = |gpu: &str| with("memory: { size: 4Gi }", &format!("gpu: {gpu}, memory: {{ size: 4Gi }}"));
    let one = "    resources: { CPU: 2, GPU: 1, memory: 4Gi }";
    check(&gpu("{ units: 1, models: [4090, 'null'] }"), &[one, "    gpu: [\"4090\", \"null\"]"], &[]);
    check(&gpu("2"), &["    resources: { CPU: 2, GPU: 2, memory: 4Gi }"], &[]);
    for form in [
        "{ units: 1, attributes: { vendor: { nvidia: [a100, h100] } } }",
        "{ units: 1, attributes: { vendor: { nvidia: [{ model: [a100, h100] }] } } }",
        "{ units: 1, attributes: { vendor: { NVIDIA: [{ model: a100 }, { model: H100 }] } } }",
        "{ units: 1, attributes: { nvidia: [{ model: a100 }, { model: h100 }] } }",
        "{ units: 1, vendor: nvidia, model: [a100, h100] }",
        "{ units: 1, vendor: { nvidia: [a100, h100, a100] } }",
        "{ units: 1, models: [a100, h100] }",
    ] {
        check(&gpu(form), &[one, "    gpu: [a100, h100]"], &[]);
    }
    for ram in ["80G", "80GB", "80Gb", "80 GiB", "80", "81920Mi"] {
        let note = format!(
            "11: profiles.compute.head.resources.gpu.attributes.vendor.nvidia.ram: `{ram}` was read as 80Gi"
        );
        let form =
            format!("{{ units: 1, attributes: {{ vendor: {{ nvidia: {{ model: a100, ram: {ram} }} }} }} }}");
        check(&gpu(&form), &[one, "    gpu: [a100/80Gi]"], &[&note]);
    }
    check(
        &gpu(
            "{ attributes: { wings: 2, vendor: { amd: [mi300x], nvidia: [{ model: a100, ram: lots, x: y }] } } }",
        ),
        &[one, "    gpu: [a100]"],
        &[
            "11: profiles.compute.head.resources.gpu: there are no `units`: one GPU is taken; correct `GPU`",
            "11: profiles.compute.head.resources.gpu.attributes.wings: `wings` of the GPUs was left out; models are named under `gpu`",
            "11: profiles.compute.head.resources.gpu.attributes.vendor.amd: GPUs of `amd` cannot be chosen: Akash knows those of NVIDIA",
            "11: profiles.compute.head.resources.gpu.attributes.vendor.nvidia[0].ram: `lots` is no memory of a GPU, and was left out; such as `80Gi`",
            "11: profiles.compute.head.resources.gpu.attributes.vendor.nvidia[0].x: `x` of the GPUs was left out; models are named under `gpu`",
        ],
    );
    let lost = "no model of these GPUs can be asked for, and any other may be the wrong one | name models of NVIDIA as Akash does, such as `a100`, or `*` for any";
    for form in [
        "{ units: 1, attributes: { vendor: { amd: [{ model: mi300 }] } } }",
        "{ units: 1, vendor: amd, model: mi300 }",
        "{ units: 1, attributes: { vendor: { nvidia: [{ model: 'RTX 4090' }] } } }",
        "{ units: 1, attributes: { vendor: { nvidia: [{ name: a100 }] } } }",
    ] {
        let found = refused(&gpu(form));
        assert!(
            matches!(found.as_slice(), [one] if one.starts_with("11:") && one.ends_with(lost)),
            "{found:?}"
        );
    }
    assert_eq!(refused(&gpu("[a100]")), ["11:45 this is no number of GPUs | whole GPUs, 24 at most"]);
}

#[test]
fn volumes() {
    let volumes = |list: &str, mounts: &str| {
        with("storage: { size: 20Gi }", &format!("storage: [{{ size: 20Gi }}, {list}]")).replacen(
            "  ray-worker:\n",
            &format!("    params: {{ storage: {{ {mounts} }} }}\n  ray-worker:\n"),
            1,
        )
    };
    let shm = "{ name: shm, size: 3Gi, attributes: { class: ram, persistent: false } }";
    check(&volumes(shm, "shm: { mount: /dev/shm }"), &["    object_store_memory: 3Gi"], &[]);
    check(
        &volumes(shm, "shm: { mount: /cache }"),
        &[],
        &[
            "12: profiles.compute.head.resources.storage[1]: the RAM volume `shm` was left out: Ray's objects are at `/dev/shm`; write `object_store_memory`",
        ],
    );
    check(
        &volumes(
            "{ name: data, size: 3Gi, attributes: { class: beta3, persistent: true } }",
            "data: { mount: /data }",
        ),
        &[],
        &[
            "12: profiles.compute.head.resources.storage[1]: the volume `data` was left out: nothing on a node outlives its lease; keep data in object storage, or write a larger `storage`",
        ],
    );
}

#[test]
fn images() {
    let image = |text: &str| plain().replace("rayproject/ray:2.60.0-py311-cpu", text);
    let default: [&str; 0] = [];
    let is = |text: &str, ray: &str| {
        let out = import(&image(text)).unwrap();
        let line =
            out.cluster_file.lines().find(|line| line.starts_with("ray:")).unwrap_or_default().to_owned();
        assert_eq!(line, ray, "{text}");
        out.notes.iter().map(|note| note.reason.clone()).collect::<Vec<_>>()
    };
    assert_eq!(is("rayproject/ray:2.55.1-py312-gpu", "ray: { version: 2.55.1, python: \"3.12\" }"), default);
    assert_eq!(is("docker.io/rayproject/ray:2.55.1", "ray: { version: 2.55.1 }"), default);
    assert_eq!(
        is("rayproject/ray:2.55.1-py39-cpu", "ray: { version: 2.55.1 }"),
        ["there is no image with Python 3.9, so 3.11 is taken"]
    );
    assert_eq!(
        is("rayproject/ray:2.55.1-py311-cu121", "ray: { version: 2.55.1, python: \"3.11\" }"),
        ["the build `cu121` was left out: nodes with GPUs have Ray's `-gpu` image"]
    );
    assert_eq!(
        is("rayproject/ray:2.9.0-py311", ""),
        [
            "Ray 2.9.0 is too old (Ray before 2.52.0 has no token authentication, and its dashboard would run anybody's code), so Ray 2.60.0 is taken"
        ]
    );
    let moving = ["the tag `latest` moves: it is another Ray tomorrow, so Ray 2.60.0 is taken"];
    assert_eq!(is("rayproject/ray", ""), moving);
    assert_eq!(is("rayproject/ray:latest", ""), moving);
    assert_eq!(
        is("rayproject/ray-ml:nightly-py310-cu118", ""),
        [
            "which Ray the image `rayproject/ray-ml:nightly-py310-cu118` has cannot be known, so Ray's own of 2.60.0 is taken"
        ]
    );
    let pinned = format!("rayproject/ray:2.60.0-py311-cpu@sha256:{}", "0".repeat(64));
    let line = format!("ray: {{ version: 2.60.0, python: \"3.11\", image: \"{pinned}\" }}");
    assert_eq!(is(&pinned, &line), default);
    let own = "registry.example:5000/me/train:2.60.0-v3";
    assert_eq!(is(own, &format!("ray: {{ version: 2.60.0, image: \"{own}\" }}")), default);
    check(
        &with(
            "  ray-worker:\n    image: rayproject/ray:2.60.0-py311-cpu",
            "  ray-worker:\n    image: rayproject/ray:2.59.0-py311-cpu",
        ),
        &[],
        &[
            "7: services.ray-worker.image: the image `rayproject/ray:2.59.0-py311-cpu` was left out: all nodes have the head's Ray",
        ],
    );
}

#[test]
fn private_images() {
    let text = |image: &str| {
        let plain = plain().replace("rayproject/ray:2.60.0-py311-cpu", image);
        plain.replacen(
            "    command:",
            "    credentials: { host: x, username: u, password: p }\n    command:",
            1,
        )
    };
    check(
        &text("ghcr.io/me/ray:2.60.0-py311"),
        &[],
        &[
            "4: services.ray-head.image: the image `ghcr.io/me/ray:2.60.0-py311` was left out: it is private, and this release has no accounts of registries; install what it adds in `setup_commands`, or make it public",
            "5: services.ray-head.credentials: the account of a private registry was left out: this release has none for registries",
        ],
    );
    check(
        &text("rayproject/ray:2.60.0-py311"),
        &[],
        &[
            "5: services.ray-head.credentials: the account of a private registry was left out: Ray's own image needs none",
        ],
    );
}

#[test]
fn commands() {
    let head = "[ray, start, --head, --port=6379]";
    check(
        &with(head, "[sh, -c, 'pip install humanize && ray start --head --num-cpus=0 --block']"),
        &["head_setup_commands:", "  - pip install humanize"],
        &[
            "5: services.ray-head.command: `--num-cpus` of `ray start` was left out; Ray is told the node's cores: `resources.CPU`",
        ],
    );
    check(
        &with(
            "[ray, start, '--address=ray-head:6379']",
            "[bash, -c]\n    args: ['until nc -z ray-head 6379; do sleep 1; done; ray start --address=ray-head:6379']",
        ),
        &[],
        &[
            "8: services.ray-worker.command: what stands before `ray start` was left out: it cannot be told apart from the start; what installs software belongs in `setup_commands`",
        ],
    );
    check(&with(head, "[sh, -c, 'sleep 5; ulimit -n 65536; ray start --head']"), &[], &[]);
    let both = plain().replace(head, "[sh, -c, 'pip install x; ray start --head']");
    let both = both.replace(
        "[ray, start, '--address=ray-head:6379']",
        "[sh, -c, 'pip install x; ray start --address=a:1']",
    );
    check(&both, &["setup_commands:", "  - pip install x"], &[]);
    check(
        &with(head, "[python, head.py]"),
        &[],
        &[
            "5: services.ray-head.command: the command was left out: the program starts Ray itself; what it installs belongs in `setup_commands`",
        ],
    );
    let secret = with(head, "[sh, -c, 'export HF_TOKEN=hf_abc; ray start --head']");
    check(
        &secret,
        &[
            "    # env:",
            "    #   Secrets, left out with their values; this release refuses them here.",
            "    #   HF_TOKEN: { secret: HF_TOKEN }",
        ],
        &["5: services.ray-head.command: `HF_TOKEN` is probably a secret, and was left out with its value"],
    );
    assert_eq!(import(&secret).unwrap().secrets, [Secret { name: "HF_TOKEN".into(), line: 5 }]);
}

#[test]
fn scripts() {
    let head = |command: &str| with("[ray, start, --head, --port=6379]", command);
    let x = ["head_setup_commands:", "  - pip install x"];
    for command in [
        "[tini, --, bash, -c, 'pip install x && ray start --head']",
        "[/usr/bin/env, bash, -c, 'pip install x && ray start --head']",
        "\"bash -c 'pip install x; ray start --head'\"",
        "[bash, -c, 'pip install x; ray start --head > /tmp/log 2>&1']",
        "[bash, -c, \"# ray start --address=foo:1\\npip install x\\nray start --head\"]",
    ] {
        check(&head(command), &x, &[]);
    }
    check(
        &head("[bash, -c, 'pip install x >/dev/null 2>&1; ray start --head']"),
        &["head_setup_commands:", "  - pip install x >/dev/null 2>&1"],
        &[],
    );
    let apart = "5: services.ray-head.command: what stands before `ray start` was left out: it cannot be told apart from the start; what installs software belongs in `setup_commands`";
    for test in
        ["[ -f /x ] &&", "[[ -f /x ]] &&", "pip install x; test -f /x &&", "pip install x ||", "server &"]
    {
        check(&head(&format!("[bash, -c, '{test} ray start --head']")), &[], &[apart]);
    }
    check(
        &head("[bash, -c, 'export A=1 B=\"x y\"; pip install x && C=3 ray start --head']"),
        &[&["    env:", "      A: \"1\"", "      B: x y", "      C: \"3\""], x.as_slice()].concat(),
        &[],
    );
    check(
        &head("[bash, -c, 'cd /opt && source env.sh && export PATH=/opt/bin:$PATH && ray start --head']"),
        &[],
        &[
            "5: services.ray-head.command: what `source` sets before `ray start` does not reach Ray; write variables under `env`",
            "5: services.ray-head.command: what `export PATH` sets before `ray start` does not reach Ray; write variables under `env`",
        ],
    );
}

#[test]
fn variables() {
    let env = |list: &str| with("  ray-worker:\n", &format!("    env: {list}\n  ray-worker:\n"));
    check(
        &env("[A=1, 'B=x: y', C=]"),
        &["    env:", "      A: \"1\"", "      B: \"x: y\"", "      C: \"\""],
        &[],
    );
    check(&env("{ A: 1 }"), &["    env:", "      A: \"1\""], &[]);
    check(&env("[{ A: 1 }]"), &["    env:", "      A: \"1\""], &[]);
    check(&env("[A=1, A=1]"), &["    env:", "      A: \"1\""], &[]);
    check(
        &env("[A=1, A=2]"),
        &["    env:", "      A: \"2\""],
        &["6: services.ray-head.env[1]: `A` is there twice: the last value is taken"],
    );
    check(
        &env("[RAYAKASH_X=1, HOSTNAME=h, 'a b=c', novalue, RAY_ADDRESS=ray-head:6379]"),
        &[],
        &[
            "6: services.ray-head.env[0]: `RAYAKASH_X` cannot be set on nodes",
            "6: services.ray-head.env[1]: `HOSTNAME` cannot be set on nodes",
            "6: services.ray-head.env[2]: `a b` cannot be set on nodes",
            "6: services.ray-head.env[3]: the entry has no `=`, so it sets nothing; write `NAME: value` under `env`",
            "6: services.ray-head.env[4]: `RAY_ADDRESS` was left out: nodes are told where the head is",
        ],
    );
    check(
        &env("[MY_TOKEN=abc, WANDB_API_KEYc2VjcmV0==]"),
        &[
            "    # env:",
            "    #   Secrets, left out with their values; this release refuses them here.",
            "    #   MY_TOKEN: { secret: MY_TOKEN }",
            "    #   WANDB_API_KEY: { secret: WANDB_API_KEY }",
        ],
        &[
            "6: services.ray-head.env[0]: `MY_TOKEN` is probably a secret, and was left out with its value",
            "6: services.ray-head.env[1]: the entry has no `=` after `WANDB_API_KEY`, which is probably a secret, and was left out",
        ],
    );
    // A list whose entries are not indented alike: YAML makes one value of two lines.
    let swallowed = with("  ray-worker:\n", "    env:\n      - A=1\n        - HF_TOKEN=abc\n  ray-worker:\n");
    assert_eq!(
        refused(&swallowed),
        [
            "7:9 this entry takes the lines below into its value: they stand further to the right | give all entries of the list the same indentation"
        ]
    );
    let everywhere = plain().replace("    command:", "    env: [A=1]\n    command:");
    check(&everywhere, &["env:", "  A: \"1\""], &[]);
}

#[test]
fn variables_in_other_forms() {
    let env = |list: &str| with("  ray-worker:\n", &format!("    env: {list}\n  ray-worker:\n"));
    // The form of Kubernetes: one variable, whose name and value have keys of their own.
    check(
        &env(
            "[{ name: DB_LOGIN_TOKEN, value: abc }, { name: A, value: 1, x: y }, { key: HF_TOKEN, value: abc }, { name: C, valueFrom: { secretKeyRef: { key: c } } }, { name: D, valueFrom: { fieldRef: {} } }]",
        ),
        &[
            "    env:",
            "      A: \"1\"",
            "      # Secrets, left out with their values; this release refuses them here.",
            "      # DB_LOGIN_TOKEN: { secret: DB_LOGIN_TOKEN }",
            "      # HF_TOKEN: { secret: HF_TOKEN }",
            "      # C: { secret: C }",
        ],
        &[
            "6: services.ray-head.env[0].value: `DB_LOGIN_TOKEN` is probably a secret, and was left out with its value",
            "6: services.ray-head.env[1].x: `x` beside the name of a variable was left out",
            "6: services.ray-head.env[2].value: `HF_TOKEN` is probably a secret, and was left out with its value",
            "6: services.ray-head.env[3].valueFrom: `C` is probably a secret, and was left out with its value",
            "6: services.ray-head.env[4].valueFrom: `D` was left out: its value is in Kubernetes; write `NAME: value` under `env`",
        ],
    );
    check(
        &env("{ A: [1, 2], B: , C: { d: e } }"),
        &["    env:", "      B: \"\""],
        &[
            "6: services.ray-head.env.A: the value of `A` is no text, and was left out; write it as one text",
            "6: services.ray-head.env.C: the value of `C` is no text, and was left out; write it as one text",
        ],
    );
}

#[test]
fn the_market() {
    check(
        &with(
            "    here:\n",
            "    here:\n      attributes: { region: eu-west, tier: 1 }\n      signedBy: { anyOf: [akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63, nobody] }\n",
        ),
        &[
            "  providers: { audited: [akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63] }",
            "  attributes:",
            "    region: eu-west",
            "    tier: \"1\"",
        ],
        &["16: profiles.placement.here.signedBy.anyOf[1]: `nobody` is no address on Akash, and was left out"],
    );
    check(
        &with(
            "    here:\n",
            "    here:\n      attributes: { host: [a, b], region: null, \"x\\u202ey\": {} }\n",
        ),
        &[],
        &[
            "15: profiles.placement.here.attributes.host: the attribute `host` has no text, and was left out; write it as one text",
            "15: profiles.placement.here.attributes.region: the attribute `region` has no text, and was left out; write it as one text",
            "15: profiles.placement.here.attributes.x\u{fffd}y: the attribute `x\u{fffd}y` has no text, and was left out; write it as one text",
        ],
    );
    let no_price = |from: &str, to: &str, note: &str| {
        let imported = import(&with(from, to)).unwrap();
        assert!(!imported.cluster_file.contains("max_price"), "{}", imported.cluster_file);
        assert_eq!(imported.notes.first().map(|note| note.reason.as_str()), Some(note));
    };
    no_price(
        "denom: uact, amount: 1000",
        "denom: uakt, amount: 1000",
        "the price in `uakt` was left out: prices are in US dollars here",
    );
    no_price(
        "amount: 1000 ",
        "amount: 1000000 ",
        "1000000 uact per block are 600 US dollars per hour and node, which is no limit, and was left out",
    );
    no_price("amount: 1000 ", "amount: -1 ", "`-1` is no price, and was left out");
}

#[test]
fn counts_and_kinds() {
    let more = with(
        "  ray-worker: { here: { profile: worker, count: 2 } }",
        "  ray-worker: { here: { profile: worker, count: 2 } }\n  ray-worker2: { here: { profile: worker, count: 3 } }\n  ray-big: { here: { profile: head, count: 1 } }",
    );
    let worker =
        "    image: rayproject/ray:2.60.0-py311-cpu\n    command: [ray, start, '--address=ray-head:6379']\n";
    let more =
        more.replacen("profiles:\n", &format!("  ray-worker2:\n{worker}  ray-big:\n{worker}profiles:\n"), 1);
    let more = more.replacen(
        "        head: { denom",
        "        big: { denom: uact, amount: 1 }\n        head: { denom",
        1,
    );
    check(
        &more,
        &[
            "# A Ray head and 6 workers, made by `rayakash import` from an Akash SDL.",
            "    min_workers: 5",
            "  big:",
            "    min_workers: 1",
            "  max_price: 2.70    # US dollars per hour, for all nodes together",
        ],
        &[],
    );
    check(
        &with("count: 2", "count: 0"),
        &[
            "# A Ray head and 0 workers, made by `rayakash import` from an Akash SDL.",
            "  max_price: 0.60    # US dollars per hour, for all nodes together",
        ],
        &["20: deployment.ray-worker.here: `count` is 0: no node of it"],
    );
    check(
        &with("profile: head, count: 1", "profile: head, count: 3"),
        &[],
        &["3: services.ray-head: 3 heads were made one: a cluster has one; write a file for each cluster"],
    );
    // Nor does another placement of the head raise the ceiling.
    check(
        &with(
            "here: { profile: head, count: 1 } }",
            "here: { profile: head, count: 2 }, there: { profile: worker, count: 1 } }",
        ),
        &[],
        &["3: services.ray-head: 3 heads were made one: a cluster has one; write a file for each cluster"],
    );
    check(
        &with(
            "[ray, start, --head, --port=6379]",
            "[ray, start, --head]\n    expose: [{ port: 6379, to: [{ service: 'ray-worker, ray-worker2,' }] }, { port: 8000, to: [{ global: true }] }]",
        ),
        &[],
        &[
            "6: services.ray-head.expose[0].to[0]: there is no service `ray-worker2`, so no node of it; add to `min_workers` if there should be one",
            "6: services.ray-head.expose[1]: port 8000 was left out: nodes have no public ports; run what serves there as a service of its own",
        ],
    );
}

#[test]
fn roles_are_found_by_what_there_is() {
    let heads = [
        ("a", "example/ray-head:1", ""),
        ("ray-head", "example/x:1", ""),
        ("ray-master", "example/ray:1", ""),
        ("main", "rayproject/ray:2.60.0", "expose: [{ port: 6380 }]"),
        ("main", "example/x:1", "args: [sh, -c, 'exec ray start --head']"),
        ("main", "example/x:1", "cmd: [ray start --head]"),
    ];
    let workers = [
        ("b", "example/ray-worker:1", ""),
        ("ray-worker9", "example/x:1", ""),
        ("b", "rayproject/ray:2.60.0", "env: ['RAY_ADDRESS_HOST=HEAD']"),
        ("b", "example/x:1", "command: ray start --address=HEAD:6380"),
    ];
    for (head, image, rest) in heads {
        for (worker, other, more) in workers {
            let text = format!(
                "services:\n  {head}: {{ image: '{image}'{}{rest} }}\n  {worker}: {{ image: '{other}'{}{} }}\n  web: {{ image: nginx }}\n\
                 profiles: {{ compute: {{ p: {{ resources: {{ cpu: {{ units: 1 }}, memory: {{ size: 1Gi }} }} }} }} }}\n\
                 deployment: {{ {head}: {{ x: {{ profile: p, count: 1 }} }}, {worker}: {{ x: {{ profile: p, count: 1 }} }} }}\n",
                if rest.is_empty() { "" } else { ", " },
                if more.is_empty() { "" } else { ", " },
                more.replace("HEAD", head),
            );
            let imported = import(&text).unwrap_or_else(|invalid| panic!("{invalid:?}\n{text}"));
            assert_eq!(imported.workers, 1, "{text}");
            let web = "`web` is no node of the Ray cluster, and was left out";
            assert!(imported.notes.iter().any(|note| note.reason == web), "{text}");
        }
    }
}

#[test]
fn what_cannot_be_is_refused_at_its_line() {
    let table = [
        (
            with("units: 2", "units: 385"),
            "11:33 385 cores are too many for a node | 384 are the limit of Akash",
        ),
        (with("units: 2", "units: many"), "11:33 `many` is no number of cores | such as `2` or `500m`"),
        (with("units: 2", "units: 0"), "11:33 `0` is no number of cores | such as `2` or `500m`"),
        (
            with("size: 4Gi", "size: 3Ti"),
            "11:55 `3Ti` is more memory than a node can have | 2Ti is the limit of Akash",
        ),
        (with("size: 4Gi", "size: lots"), "11:55 `lots` is no size | such as `4Gi`"),
        (
            with("count: 2", "count: 51"),
            "20:42 51 nodes are too many: 50 are the limit of Akash | split the service into several",
        ),
        (with("count: 2", "count: -1"), "20:42 `-1` is no number of nodes | a whole number from 0"),
        (
            with("profile: worker", "profile: wrong"),
            "20:25 the profile `wrong` has no resources | it must be in `profiles.compute`",
        ),
        (
            with("profile: head, count: 1", "profile: head, count: 0"),
            "3:3 no node of `ray-head` is deployed, and it is the head | write `count: 1` in `deployment`",
        ),
        (
            plain().replace("'--address=ray-head:6379'", "--head"),
            "6:3 `ray-worker` is a head of Ray, and so is `ray-head` | a cluster has one head: write a file for each",
        ),
        (
            "services:\n  web: { image: nginx }\nprofiles: {}\n".into(),
            "1:1 none of these services is Ray's head | looked for `ray start --head`, for an image or a name with `ray` and `head`, and for the ports 6379, 6380 and 8265",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(refused(&text), [expected]);
    }
    let two = with("units: 2", "units: x").replacen("count: 2", "count: y", 1);
    assert_eq!(refused(&two).len(), 2, "all mistakes at once");
}
