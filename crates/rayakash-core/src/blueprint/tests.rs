use akash_sdl::Manifest;
use akash_types::EndpointKind;

use super::*;
use crate::spec::{Budget, EnvValue, Escrow, Lifetime, MIN_OBJECT_STORE, Market, Ray, Recovery, Setup};

const GROUP: &str = "rk1-head-1-07070707070707070707";

fn keys() -> Keys {
    Keys {
        operation: Operation([7; 10]),
        gate_certificate: "Y2VydA==".to_owned(),
        gate_key: Secret::new("a2V5"),
        gate_token: Secret::new("gate-token"),
        ray_token: Secret::new("ray-token"),
    }
}

fn node(min_workers: u32) -> NodeType {
    NodeType {
        cpus: 1,
        gpus: 0,
        gpu_models: vec![],
        memory: 1 << 30,
        storage: 10 << 30,
        object_store: MIN_OBJECT_STORE,
        min_workers,
        max_workers: min_workers,
        labels: BTreeMap::new(),
        env: BTreeMap::new(),
    }
}

fn cluster() -> Cluster {
    Cluster {
        name: "quickstart".parse().unwrap(),
        ray: Ray::default(),
        head: "head".parse().unwrap(),
        types: BTreeMap::from([("head".parse().unwrap(), node(0)), ("worker".parse().unwrap(), node(2))]),
        max_workers: 2,
        env: BTreeMap::new(),
        setup: Setup::default(),
        market: Market::default(),
        budget: Budget::default(),
        escrow: Escrow::default(),
        lifetime: Lifetime::default(),
        recovery: Recovery::default(),
        public_dashboard: false,
    }
}

fn drawn_of(cluster: &Cluster) -> Blueprint {
    draw(cluster, &keys(), &BTreeMap::new(), Dec::from_int(30_000), GROUP).unwrap()
}

fn env_of(blueprint: &Blueprint, service: &str, name: &str) -> Option<String> {
    let manifest = Manifest::from_json(blueprint.manifest.expose().as_bytes()).ok()?;
    let found = manifest.0[0].services.iter().find(|s| s.name == service)?.clone();
    let prefix = format!("{name}=");
    found.env?.iter().find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
}

#[test]
fn manifest_and_groups_belong_together_as_the_provider_sees_it() {
    let blueprint = drawn_of(&cluster());
    let manifest = Manifest::from_json(blueprint.manifest.expose().as_bytes()).unwrap();
    assert_eq!(manifest.hash(), blueprint.version);
    manifest.validate().unwrap();
    manifest.check_against(&blueprint.groups).unwrap();
}

#[test]
fn the_gate_is_the_only_global_port() {
    let blueprint = drawn_of(&cluster());
    let manifest = Manifest::from_json(blueprint.manifest.expose().as_bytes()).unwrap();
    let global: Vec<_> =
        manifest.0[0].services.iter().flat_map(|s| &s.expose).filter(|e| e.global).map(|e| e.port).collect();
    assert_eq!(global, [u32::from(GATE_PORT)]);
    let endpoints: Vec<_> = blueprint.groups[0].units.iter().flat_map(|u| &u.resources.endpoints).collect();
    assert!(endpoints.iter().all(|e| e.kind != EndpointKind::LeasedIp));
}

#[test]
fn the_ceiling_is_never_exceeded() {
    for ceiling in [1_u64, 7, 30_000, 999_999] {
        let blueprint = draw(&cluster(), &keys(), &BTreeMap::new(), Dec::from_int(ceiling), GROUP).unwrap();
        assert!(blueprint.groups[0].ceiling().unwrap().amount <= Dec::from_int(ceiling), "{ceiling}");
    }
}

#[test]
fn what_kubernetes_would_expand_is_escaped() {
    let mut wish = cluster();
    wish.env.insert("A".to_owned(), EnvValue::Plain("$(RAY_AUTH_TOKEN)".to_owned()));
    wish.setup.all.push("echo $(date)".to_owned());
    let blueprint = drawn_of(&wish);
    assert_eq!(env_of(&blueprint, "ray-worker", "A").unwrap(), "$$(RAY_AUTH_TOKEN)");
    assert!(env_of(&blueprint, "ray-head", "RAYAKASH").unwrap().contains("echo $$(date)"));
}

#[test]
fn the_user_cannot_take_our_variables() {
    let mut wish = cluster();
    wish.env.insert("RAY_AUTH_MODE".to_owned(), EnvValue::Plain("disabled".to_owned()));
    assert_eq!(env_of(&drawn_of(&wish), "ray-head", "RAY_AUTH_MODE").unwrap(), "token");
}

#[test]
fn secrets_go_to_the_container_and_nowhere_else() {
    let mut wish = cluster();
    wish.env.insert("KEY".to_owned(), EnvValue::Secret("aws".to_owned()));
    let missing = draw(&wish, &keys(), &BTreeMap::new(), Dec::from_int(1), GROUP);
    assert_eq!(missing.unwrap_err(), Undrawable::NoSecret { name: "aws".to_owned() });
    let secrets = BTreeMap::from([("aws".to_owned(), Secret::new("hunter2"))]);
    let blueprint = draw(&wish, &keys(), &secrets, Dec::from_int(1), GROUP).unwrap();
    assert_eq!(env_of(&blueprint, "ray-head", "KEY").unwrap(), "hunter2");
    assert!(!format!("{blueprint:?}").contains("hunter2"));
}

#[test]
fn the_same_wish_gives_the_same_version_and_another_one_another() {
    assert_eq!(drawn_of(&cluster()).version, drawn_of(&cluster()).version);
    let mut other = cluster();
    other.setup.all.push("true".to_owned());
    assert_ne!(drawn_of(&cluster()).version, drawn_of(&other).version);
    // The price is not part of what runs.
    let cheap = draw(&cluster(), &keys(), &BTreeMap::new(), Dec::from_int(1), GROUP).unwrap();
    assert_eq!(cheap.version, drawn_of(&cluster()).version);
}

#[test]
fn nodes_know_their_revision_which_changes_with_what_runs() {
    let plan = |cluster: &Cluster| {
        let drawn = drawn_of(cluster);
        Plan::of(&Manifest::from_json(drawn.manifest.expose().as_bytes()).unwrap())
    };
    let first = plan(&cluster());
    assert_eq!(first.nodes, BTreeMap::from([("ray-head".to_owned(), 1), ("ray-worker".to_owned(), 2)]));
    assert_eq!((first.revision.len(), &first), (12, &plan(&cluster())));
    for service in ["ray-head", "ray-worker"] {
        let told = env_of(&drawn_of(&cluster()), service, "RAYAKASH_REVISION");
        assert_eq!(told.as_ref(), Some(&first.revision), "{service}");
    }
    // Not only when our own settings change.
    let mut other = cluster();
    other.env.insert("A".to_owned(), EnvValue::Plain("b".to_owned()));
    assert_ne!(plan(&other).revision, first.revision);
    assert_eq!(Plan::of(&Manifest(Vec::new())), Plan::default());
}

/// A lease settles its whole account in the order of group and order numbers: with one group there is one payment, and nobody is first.
#[test]
fn there_is_one_group_whatever_is_wanted() {
    for types in [0, 1, 3] {
        let mut wish = cluster();
        wish.types.retain(|name, _| *name == wish.head);
        for number in 0..types {
            wish.types.insert(format!("w{number}").parse().unwrap(), node(2));
        }
        wish.max_workers = 2 * types;
        assert_eq!(drawn_of(&wish).groups.len(), 1, "{types} types");
    }
}

#[test]
fn a_long_value_is_refused() {
    let mut wish = cluster();
    wish.setup.all.push("x".repeat(MAX_LEN));
    assert!(matches!(
        draw(&wish, &keys(), &BTreeMap::new(), Dec::from_int(1), GROUP),
        Err(Undrawable::TooLong { .. })
    ));
}

const MAX_LEN: usize = spec::MAX_ENV_VALUE + 1;
