//! What nodes are: resources, GPUs, volumes, images.

use super::*;

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
