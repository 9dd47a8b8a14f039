//! Rules of the template's shape, one change of a small SDL each.

mod commands;
mod nodes;

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
