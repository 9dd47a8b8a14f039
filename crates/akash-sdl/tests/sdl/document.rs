//! Hostile documents, places of errors, the worked example, request bodies.

use akash_sdl::{
    Compute, Expose, Gpu, GpuModel, Interface, Manifest, Mount, Params, Placement, Places, Position,
    Replicas, Sdl, Service, SignedBy, To, Volume,
};
use akash_types::DecCoin;

const GIB: u64 = 1 << 30;

/// The Ray cluster of a head and three workers that the hashes below were recorded for.
fn ray() -> Sdl {
    let strings = |list: &[&str]| Some(list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>());
    let to_worker = || vec![To { service: "worker".into(), ..To::default() }];
    let shm = || {
        let mount = Mount { mount: "/dev/shm".into(), read_only: false };
        Some(Params { storage: [("shm".to_owned(), mount)].into(), ..Params::default() })
    };
    let head = Service {
        image: "rayproject/ray:2.40.0-py310".into(),
        command: strings(&["/bin/bash", "-c"]),
        args: strings(&[
            "ulimit -n 65536 && exec ray start --head --port=6379 --dashboard-host=0.0.0.0 --num-cpus=0 --object-store-memory=1073741824 --block",
        ]),
        env: strings(&["RAY_GRAFANA_HOST=https://g.example/?a=1&b=<2>"]),
        expose: vec![
            Expose { port: 6379, to: to_worker(), ..Expose::default() },
            Expose { port: 10001, to: to_worker(), ..Expose::default() },
            Expose {
                port: 8265,
                external_port: 80,
                to: vec![To { global: true, ..To::default() }],
                ..Expose::default()
            },
        ],
        params: shm(),
        credentials: None,
    };
    let worker = Service {
        image: head.image.clone(),
        command: head.command.clone(),
        args: strings(&["exec ray start --address=head:6379 --block"]),
        params: shm(),
        ..Service::default()
    };
    let compute = |cpu_millis, memory, disk, shm| Compute {
        cpu_millis,
        memory: memory * GIB,
        storage: vec![Volume::disk(disk * GIB), Volume::ram("shm", shm * GIB)],
        ..Compute::default()
    };
    let price = |amount: &str| DecCoin::uact(amount.parse().unwrap());
    let placement = Placement {
        attributes: [("host".to_owned(), "akash".to_owned())].into(),
        signed_by: SignedBy {
            any_of: strings(&["akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63"]),
            all_of: None,
        },
        pricing: [("head".to_owned(), price("400")), ("worker".to_owned(), price("800.5"))].into(),
    };
    let replicas =
        |profile: &str, count| [("ray".to_owned(), Replicas { profile: profile.into(), count })].into();
    Sdl {
        services: [("head".to_owned(), head), ("worker".to_owned(), worker)].into(),
        compute: [
            ("head".to_owned(), compute(2000, 8, 20, 2)),
            ("worker".to_owned(), compute(4000, 16, 20, 4)),
        ]
        .into(),
        placements: [("ray".to_owned(), placement)].into(),
        deployment: [("head".to_owned(), replicas("head", 1)), ("worker".to_owned(), replicas("worker", 3))]
            .into(),
        ..Sdl::default()
    }
}

fn hex(bytes: [u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_built_ray_cluster_has_the_recorded_hash() {
    let (groups, manifest) = ray().build().unwrap();
    assert_eq!(hex(manifest.hash()), "868a6490d2cf127dc0fa7f5f7a61c8485fdff057928085806ef4419669d60c11");
    assert_eq!(manifest.canonical_json().len(), 2171);
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].ceiling().unwrap().to_string(), "2801.5uact");
    manifest.check_against(&groups).unwrap();
    assert_eq!(Sdl::parse(&ray().to_yaml()).unwrap(), ray());
}

#[test]
fn gpus_become_sorted_attributes() {
    let mut sdl = ray();
    let model = |model: &str, interface| GpuModel { model: model.into(), ram_gib: Some(80), interface };
    let models = vec![model("h100", Some(Interface::Sxm)), model("a100", None)];
    sdl.compute.get_mut("worker").unwrap().gpu = Gpu { units: 8, models };
    let groups = sdl.groups().unwrap();
    let gpu = &groups[0].units[1].resources.gpu;
    let keys: Vec<_> = gpu.attributes.iter().map(|a| format!("{}={}", a.key, a.value)).collect();
    let wanted =
        ["vendor/nvidia/model/a100/ram/80Gi=true", "vendor/nvidia/model/h100/ram/80Gi/interface/sxm=true"];
    assert_eq!((gpu.units, keys.as_slice()), (8, wanted.map(str::to_owned).as_slice()));
    assert_eq!(Sdl::parse(&sdl.to_yaml()).unwrap(), sdl);
}

#[test]
fn text_that_yaml_would_take_for_something_else_survives() {
    let mut sdl = ray();
    let odd = ["A=1", "B=~", "C= x ", "D=\u{85}\u{2028}\u{7f}", "E=\"\\/\"\n\ttab", "F=#x", "G=é😀: y", "H="];
    let head = sdl.services.get_mut("head").unwrap();
    head.env = Some(odd.iter().map(|&s| s.to_owned()).collect());
    head.args =
        Some(["null", "~", "", "yes", "1.50", "0x10", "- a", "{", "*x", "<<"].map(str::to_owned).to_vec());
    assert_eq!(Sdl::parse(&sdl.to_yaml()).unwrap(), sdl);
}

/// Each was given to Akash's own library.
#[test]
fn a_long_label_of_a_host_name_is_akashs_to_allow() {
    let named = |host: &str| {
        let mut sdl = ray();
        sdl.services.get_mut("head").unwrap().expose[2].accept = Some(vec![host.to_owned()]);
        sdl.groups().is_ok()
    };
    for fine in ["a".repeat(64), "a".repeat(253), format!("{}.b", "a".repeat(64))] {
        assert!(named(&fine), "{fine}");
    }
    for bad in ["a".repeat(254), "-a".to_owned(), "a-.b".to_owned(), "a..b".to_owned(), "a.".to_owned()] {
        assert!(!named(&bad), "{bad}");
    }
}

#[test]
fn hostile_documents_are_refused_at_little_cost() {
    let bomb = (0..40).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, n| {
        let next = n + 1;
        format!("{text}a{next}: &a{next} [*a{n},*a{n},*a{n},*a{n},*a{n},*a{n},*a{n},*a{n},*a{n}]\n")
    });
    let nested: String = (0..60).map(|n| format!("&a{n} [")).collect();
    let copies = format!("{nested}{}{}", "x,".repeat(9_000), "]".repeat(60));
    let cases = [
        ("brackets", "[".repeat(100_000), "nested deeper than 64 levels"),
        ("deep", "[".repeat(100), "nested deeper than 64 levels"),
        ("bomb", bomb, "more than 100000 values"),
        ("copies", copies, "more than 100000 values"),
        ("itself", "a: &a [*a]".to_owned(), "names no value that is complete here"),
        ("long", "x".repeat(1 << 20), "at most 262144 are read"),
        ("empty", String::new(), "the document is empty"),
        ("comment", "# nothing\n".to_owned(), "the document is empty"),
        ("escape", "a: \"x\u{1b}[2J\"".to_owned(), "U+001B"),
        ("tab", "a:\n\tb: 1\n".to_owned(), "tab"),
        ("anchor", "a: *b".to_owned(), "`*b` names no value"),
    ];
    for (name, text, wanted) in cases {
        let error = Sdl::parse(&text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{name}: {error}");
    }
}

#[test]
fn errors_say_where() {
    let good = ray().to_yaml();
    let line = |needle: &str| 1 + good.lines().position(|line| line.contains(needle)).unwrap();
    let at = |line, column| Some(Position { line, column });
    let cases = [
        ("count: 3", "count: \"3\"", at(line("count: 3"), 14)),
        ("size: 8Gi", "size: 8GB", at(line("size: 8Gi"), 17)),
        ("mount: /dev/shm", "mount: dev/shm", at(line("mount: /dev/shm") - 1, 9)),
        ("profile: worker", "profile: nobody", at(line("profile: worker") - 1, 5)),
        ("deployment:", "deploy:", at(line("deployment:") + 1, 3)),
    ];
    for (from, to, wanted) in cases {
        let error = Sdl::parse(&good.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.problems().next().unwrap().at, wanted, "{error}");
    }
    let built = Sdl { deployment: [].into(), ..ray() }.groups().unwrap_err();
    assert!(built.problems().all(|problem| problem.at.is_none()), "a built document has no lines: {built}");
}

#[test]
fn any_yaml_tells_where_its_values_stand() {
    let places = Places::of("a:\n  - b\n  - {c: d}\n").unwrap();
    let at = |path: &[&str]| places.at(path).to_string();
    assert_eq!(at(&["a", "1", "c"]), "line 3, column 6");
    assert_eq!(at(&["a", "0"]), "line 2, column 5");
    assert_eq!(at(&["a", "9"]), "line 2, column 3", "as far as the path leads");
}

#[test]
fn request_bodies_are_read_as_the_provider_reads_them() {
    let (groups, manifest) = ray().build().unwrap();
    let json = manifest.to_json();
    let read = |text: &str| Manifest::from_json(text.as_bytes());
    let same = |text: &str| assert_eq!(read(text).unwrap().hash(), manifest.hash(), "{text}");
    same(&json);
    same(&format!("{json} trailing"));
    same(&json.replace("\"env\":null,", "").replace("\"credentials\":null", "\"unknown\":[1]"));
    same(&json.replace("\"image\"", "\"IMAGE\"").replace("{\"sequence", "{\"kind\":0,\"sequence"));
    let other = read(&json.replace("\"env\":null", "\"env\":[]")).unwrap();
    assert_ne!(other.hash(), manifest.hash());

    let verdict = |text: &str| match read(text) {
        Ok(manifest) => manifest
            .validate()
            .and_then(|()| manifest.check_against(&groups))
            .map_err(|e| (e.status(), e.to_string())),
        Err(error) => Err((error.status(), error.to_string())),
    };
    let refused = |text: &str, status: u16, problem: &str| {
        assert_eq!(verdict(text), Err((status, problem.to_owned())), "{text}");
    };
    assert_eq!(verdict(&json), Ok(()));
    refused("", 422, "EOF");
    refused("{", 422, "unexpected EOF");
    refused("{}", 422, "json: cannot unmarshal object into Go value of type v2beta3.Manifest");
    refused("[]", 422, "invalid manifest: manifest is empty");
    refused("null", 422, "invalid manifest: manifest is empty");
    refused(
        &json.replace("\"val\":\"2000\"", "\"val\":2000"),
        422,
        "json: cannot unmarshal number into Go struct field ResourceValue.services.resources.cpu.units.val of type string",
    );
    refused(&json.replacen("\"gpu\":{\"units\":{\"val\":\"0\"}},", "", 1), 500, "GPU must not be nil");
    refused(
        &json.replace("\"global\":true", "\"global\":false"),
        422,
        "invalid manifest: zero global services",
    );
    refused(
        &json.replace("\"name\":\"ray\"", "\"name\":\"there\""),
        500,
        "invalid manifest: unknown deployment group ('there')",
    );
    let cross = |from: &str, to: &str, problem: &str| {
        refused(
            &json.replace(from, to),
            422,
            &format!("manifest cross-validation error: group \"ray\": {problem}"),
        );
    };
    cross(
        "\"count\":3",
        "\"count\":4",
        "service \"worker\": over-utilized replicas (4) > group spec resources count (3)",
    );
    cross("\"count\":3", "\"count\":2", "resources ID (2): under-utilized (1) resources");
    cross("\"val\":\"4000\"", "\"val\":\"4001\"", "service \"worker\": CPU resources mismatch for ID 2");
    cross("\"externalPort\":80", "\"externalPort\":81", "service \"head\": over-utilized PORT endpoints");
    let mut two = manifest.clone();
    two.0.push(manifest.0[0].clone());
    let problem = "invalid manifest: group count mismatch (2 != 1)";
    assert_eq!(two.check_against(&groups).unwrap_err().to_string(), problem);
}

#[test]
fn what_a_small_text_blows_up_to_is_bounded() {
    let aliases = "*a,".repeat(50_000);
    let text = format!(
        "version: \"2.0\"\nservices:\n  web:\n    env: [&a \"A={}\",{aliases}]\n",
        "x".repeat(70_000)
    );
    assert!(text.len() < 256 * 1024);
    let error = Sdl::parse(&text).unwrap_err();
    assert!(error.to_string().contains("aliases followed"), "{error}");
    // One service in many placements stands in the manifest as often.
    let mut sdl = ray();
    sdl.services.get_mut("head").unwrap().env = Some(vec![format!("A={}", "x".repeat(200_000))]);
    let (placement, replicas) = (sdl.placements["ray"].clone(), sdl.deployment["head"]["ray"].clone());
    for n in 0..50 {
        sdl.placements.insert(format!("p{n}"), placement.clone());
        sdl.deployment.get_mut("head").unwrap().insert(format!("p{n}"), replicas.clone());
    }
    let error = sdl.build().unwrap_err();
    assert!(error.to_string().contains("bytes of text"), "{error}");
    // Host names stand there once for each peer.
    let mut sdl = ray();
    let head = sdl.services.get_mut("head").unwrap();
    head.expose[0].accept = Some((0..2_000).map(|n| format!("h{n}.example.com")).collect());
    head.expose[0].to = vec![To { global: true, ..To::default() }; 2_000];
    let error = sdl.build().unwrap_err();
    assert!(error.to_string().contains("bytes of text"), "{error}");
}
