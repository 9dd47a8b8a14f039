//! What is accepted and doubtful, and all broken rules at once.

use akash_sdl::{Problem, Sdl, SdlError};

/// A document that nothing can be said against.
const PLAIN: &str = r#"version: "2.1"
services:
  web:
    image: nginx
    expose:
      - port: 80
        to: [{global: true}]
    params: {storage: {shm: {mount: /dev/shm}, data: {mount: /data}}}
    env: [HOME=/data]
profiles:
  compute:
    web:
      resources:
        cpu: {units: 1, attributes: {arch: amd64}}
        memory: {size: 2Gi}
        storage:
          - size: 1Gi
          - {name: shm, size: 1Gi, attributes: {class: ram}}
          - {name: data, size: 1Gi, attributes: {class: beta2, persistent: true}}
        gpu: {units: 1, attributes: {vendor: {nvidia: [{model: a100}]}}}
  placement:
    dc:
      attributes: {region: eu}
      pricing: {web: {denom: uact, amount: 100}}
deployment:
  web: {dc: {profile: web, count: 1}}
"#;

/// What stands in the document, what in its place, and what is said of it.
const DOUBTFUL: &[(&str, &str, &str)] = &[
    (
        "    image: nginx",
        "    image: nginx\n    cmd: [ls]",
        "5: `cmd` means nothing here; Akash knows image, command, args, env, expose, params, credentials",
    ),
    ("deployment:", "deployment:\n  other: {}", ""),
    ("services:", "services:\n  idle: {image: nginx}", "3: it is not in `deployment`, so it is not deployed"),
    ("{global: true}", "{global: true}, {service: db}", "7: there is no service `db`"),
    (
        "{global: true}",
        "{global: true}, {service: 'a,b'}",
        "7: `a,b` is taken for the name of one service; write one entry for each",
    ),
    (
        "- port: 80",
        "- {port: 80, as: 65616, to: [{service: web}]}\n      - port: 80",
        "6: port 65616 is cut to 80",
    ),
    (
        "- port: 80",
        "- {port: 80, proto: udp}\n      - port: 80",
        "7: port 80 outside is another port's already; this one is left out",
    ),
    (
        "- port: 80",
        "- {port: 81, as: 80, to: [{global: true}]}\n      - port: 80",
        "7: a second port is open to the world as 80; one of them is left out",
    ),
    (
        "- port: 80",
        "- {port: 81, as: 80, to: [{service: web}]}\n      - port: 80",
        "7: port 80 outside is another port's already; this one is left out",
    ),
    ("- port: 80", "- {port: 80, proto: udp, to: [{global: true}]}\n      - port: 80", ""),
    ("HOME=/data", "TOKENIZERS_PARALLELISM=false", ""),
    ("HOME=/data", "DB_URL=postgres://u:p@h/d", "9: `DB_URL` looks like a secret; the provider sees it"),
    ("HOME=/data", "SECRET_FILE=/run/x", ""),
    ("denom: uact", "denom: uakt", "24: the chain takes prices in `uact` only, and refuses `uakt`"),
    (
        "{model: a100}",
        "{ram: 80Gi}",
        "20: a GPU without `model` is no GPU that a provider has; write `model: \"*\"` for any",
    ),
    (
        "{model: a100}",
        "{model: a100/ram/80Gi}",
        "20: no provider has a model `a100/ram/80Gi`; memory and interface are keys of their own",
    ),
    ("params: {", "params: {permissions: {reed: [logs]}, ", "8: `reed` means nothing here; Akash knows read"),
    (
        "HOME=/data",
        "AWS_SECRET_ACCESS_KEY=x",
        "9: `AWS_SECRET_ACCESS_KEY` looks like a secret; the provider sees it",
    ),
    ("HOME=/data", "WANDB_API_KEY", ""),
    (
        "data: {mount: /data}",
        "default: {mount: /data}, data: {mount: /d}",
        "8: a disk without class cannot be mounted; the service never starts",
    ),
    (", data: {mount: /data}", "", "3: persistent volume `data` is paid for and not mounted"),
    (
        "- size: 1Gi\n",
        "- size: 1Gi\n          - {name: more, size: 1Gi}\n",
        "16: of several disks without class only the last one's size counts",
    ),
    (
        "name: shm, size: 1Gi",
        "name: shm, size: 2Gi",
        "16: volumes in memory take all of `memory`; the program may be killed for it",
    ),
    (
        "{nvidia: [{model: a100}]}",
        "{amd: [{model: mi300}]}",
        "20: without `nvidia` Akash takes any model of NVIDIA, whatever vendor stands here",
    ),
    (
        "{model: a100}",
        "{model: a100, ram: 40Gi}, {model: a100, ram: 80Gi}",
        "20: model `a100` stands twice; providers look at the last only",
    ),
    ("{model: a100}", "{model: a*}", "20: no provider has a model `a*`; write it out, in lower case"),
    ("{model: a100}", "{model: A100}", "20: no provider has a model `A100`; write it out, in lower case"),
    ("{model: a100}", "{model: \"*\"}", ""),
    ("count: 1", "count: 2", "26: each replica has a persistent volume of its own; they share nothing"),
    ("params: {", "params: {tee: cpu, ", ""),
];

/// The doubts about the document with one text in place of another, a line each; an error is one too.
fn doubts(from: &str, to: &str) -> String {
    match Sdl::review(&PLAIN.replacen(from, to, 1)) {
        Ok(review) => review.doubts.iter().map(line).collect::<Vec<_>>().join("\n"),
        Err(error) => format!("refused: {error}"),
    }
}

/// `LINE: message`.
fn line(problem: &Problem) -> String {
    format!("{}: {}", problem.at.map_or(0, |at| at.line), problem.message)
}

#[test]
fn nothing_is_said_against_a_plain_document() {
    assert_eq!(doubts("", ""), "");
}

#[test]
fn what_will_hardly_be_meant_is_said() {
    let long = "w".repeat(64);
    let renamed = PLAIN.replace("web", &long);
    let all = Sdl::review(&renamed).unwrap().doubts;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(
        all[0].to_string(),
        format!("services.{long}: a name over 63 characters cannot be deployed (line 3, column 3)")
    );
    for &(from, to, said) in DOUBTFUL {
        assert!(PLAIN.contains(from), "{from}");
        assert_eq!(doubts(from, to), said, "{to}");
    }
    let tee = PLAIN.replace("params: {", "params: {tee: cpu, ").replace("region: eu", "tee/type: cpu");
    let all = Sdl::review(&tee).unwrap().doubts;
    assert_eq!(all.len(), 1, "{all:?}");
    let five: String = (0..3)
        .map(|n| format!("          - {{name: v{n}, size: 1Gi, attributes: {{class: ram}}}}\n"))
        .collect();
    let many = PLAIN
        .replace("          - size: 1Gi\n", &format!("          - size: 1Gi\n{five}"))
        .replace("2Gi", "9Gi");
    let all = Sdl::review(&many).unwrap().doubts;
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].message.starts_with("with more than 4 volumes"), "{all:?}");
}

/// What is wrong, a line each.
fn problems(text: &str) -> Vec<String> {
    Sdl::parse(text).err().iter().flat_map(SdlError::problems).map(line).collect()
}

#[test]
fn every_broken_rule_is_named_at_its_place() {
    let broken = PLAIN
        .replace("cpu: {units: 1", "cpu: {units: 0.001")
        .replace("memory: {size: 2Gi}", "memory: {size: 1}")
        .replace("HOME=/data", "9A=1, B=2")
        .replace("mount: /data", "mount: data")
        .replace(
            "port: 80",
            "port: 0\n        http_options: {read_timeout: 70000, next_cases: [off, '700']}",
        );
    assert_eq!(
        problems(&broken),
        [
            "9: `mount` must be an absolute path, not `data`",
            "6: `read_timeout` is 60000 at most, not 70000",
            "6: `next_cases` has no case `700` (error, timeout, 500, 502, 503, 504, 403, 404, 429, off)",
            "6: `next_cases` has `off` beside other cases",
            "14: cpu (thousandths of a core) must be between 10 and 384000, not 1",
            "14: memory (bytes) must be between 1048576 and 2199023255552, not 1",
            "10: an entry does not begin with a name; write `NAME=value`, the name of letters, digits, `_`, `-` and `.`",
            "3: service \"web\": port value must be 0 < value <= 65535",
        ]
    );
}

#[test]
fn what_follows_from_another_problem_is_not_said() {
    // Without its profile the only open port is not seen, and no group holds anything.
    assert_eq!(
        problems(&PLAIN.replace("profile: web", "profile: gone")),
        ["26: there is no compute profile `gone`"]
    );
    assert_eq!(
        problems(&PLAIN.replace("{global: true}", "{service: web}")),
        ["2: no port of any service is open to the world; Akash demands one"]
    );
    // A group that is short of a service has no replicas only because of that.
    let short = PLAIN
        .replace("services:\n", "services:\n  api: {image: x}\n")
        .replace("deployment:\n", "deployment:\n  api: {dc: {profile: gone, count: 1}}\n")
        .replace("profile: web, count: 1", "profile: web, count: 0");
    assert_eq!(problems(&short), ["27: there is no compute profile `gone`"]);
    let three =
        PLAIN.replace("web: {dc: {profile: web, count: 1}}", "nope: {there: {profile: gone, count: 1}}");
    assert_eq!(
        problems(&three),
        [
            "26: there is no compute profile `gone`",
            "26: there is no placement profile `there`",
            "26: there is no service `nope`",
        ]
    );
}

#[test]
fn an_idle_volume_is_doubted_in_2_0_too_and_once_for_all_placements() {
    let second = "{name: data2, size: 1Gi, attributes: {class: beta1, persistent: true}}";
    let text = PLAIN
        .replace("\"2.1\"", "\"2.0\"")
        .replace(", data: {mount: /data}", ", data2: {mount: /d}")
        .replace("          - {name: shm", &format!("          - {second}\n          - {{name: shm"))
        .replace("    dc:\n", "    eu: {pricing: {web: {denom: uact, amount: 1}}}\n    dc:\n")
        .replace("count: 1}}", "count: 1}, eu: {profile: web, count: 1}}");
    let said: Vec<String> = Sdl::review(&text).unwrap().doubts.iter().map(line).collect();
    assert_eq!(said, ["3: persistent volume `data` is paid for and not mounted"]);
}

#[test]
fn what_two_services_share_is_said_once() {
    let text = PLAIN
        .replace("version: \"2.1\"", "version: \"2.0\"")
        .replace("services:\n", "services:\n  api: {image: x, params: {storage: {data: {mount: /data}}}}\n")
        .replace("deployment:\n", "deployment:\n  api: {dc: {profile: web, count: 1}}\n")
        .replace("memory: {size: 2Gi}", "memory: {size: 1}");
    assert_eq!(problems(&text), ["14: memory (bytes) must be between 1048576 and 2199023255552, not 1"]);
}
