//! Compute profiles.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::words::{Taste, maybe, section};
use crate::document::{Part, Yaml};

const QUARTERS: [&str; 4] = ["", ".25", ".5", ".75"];

/// A profile, and the volumes that a service must or may mount.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    cpu: Part,
    memory: Part,
    gpu: Option<Part>,
    storage: Part,
    pub(super) volumes: Vec<Volume>,
    repeats: Repeats,
}

/// A volume that can be mounted.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    pub(super) name: &'static str,
    /// A service that does not mount it is refused in 2.0.
    pub(super) persistent: bool,
}

/// How a profile leans on the one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Repeats {
    Nothing,
    /// It is an alias of it.
    All,
    /// It merges it, with another memory.
    AllButMemory,
}

pub(super) fn profile(taste: Taste) -> impl Strategy<Value = Profile> {
    let repeats = prop_oneof![
        8 => Just(Repeats::Nothing),
        1 => Just(Repeats::All),
        1 => Just(Repeats::AllButMemory),
    ];
    (cpu(taste), size(taste), section(taste, gpu(taste), 3), storage(taste), repeats).prop_map(
        |(cpu, memory, gpu, storage, repeats)| {
            let memory = Part::map([("size", Some(memory))]);
            let (storage, volumes) = storage;
            Profile { cpu, memory, gpu, storage, volumes, repeats }
        },
    )
}

/// What repeats the first profile has its volumes.
pub(super) fn settle(mut profiles: Vec<Profile>) -> Vec<Profile> {
    let first = profiles.first().map(|profile| profile.volumes.clone()).unwrap_or_default();
    for profile in profiles.iter_mut().skip(1).filter(|profile| profile.repeats != Repeats::Nothing) {
        profile.volumes.clone_from(&first);
    }
    profiles
}

/// `profiles.compute`.
pub(super) fn all(profiles: &[(&'static str, Profile)]) -> Part {
    let shared = profiles.iter().skip(1).any(|(_, profile)| profile.repeats != Repeats::Nothing);
    let mut parts = vec![];
    for (at, (name, profile)) in profiles.iter().enumerate() {
        let own = Part::map([
            ("cpu", Some(profile.cpu.clone())),
            ("memory", Some(profile.memory.clone())),
            ("gpu", profile.gpu.clone()),
            ("storage", Some(profile.storage.clone())),
        ]);
        let resources = match profile.repeats {
            _ if at == 0 && shared => {
                Part { yaml: Yaml::Anchored("r", Box::new(own.yaml)), reasons: own.reasons }
            }
            Repeats::All if at > 0 => Part::of(Yaml::Alias("r")),
            Repeats::AllButMemory if at > 0 => Part::map([
                ("<<", Some(Part::of(Yaml::Alias("r")))),
                ("memory", Some(profile.memory.clone())),
            ]),
            Repeats::Nothing | Repeats::All | Repeats::AllButMemory => own,
        };
        parts.push((*name, Some(Part::map([("resources", Some(resources))]))));
    }
    Part::map(parts)
}

fn cpu(taste: Taste) -> impl Strategy<Value = Part> {
    let usual = prop_oneof![
        8 => (10_u32..8_000).prop_map(|n| Part::plain(format!("{n}m"))),
        2 => (10_u32..8_000).prop_map(|n| Part::text(format!("{n}m"))),
        6 => (1_u32..64).prop_map(|n| Part::plain(n.to_string())),
        3 => (1_u32..64, select(&QUARTERS[..])).prop_map(|(n, part)| Part::text(format!("{n}{part}"))),
        3 => (0_u32..64, select(&QUARTERS[1..])).prop_map(|(n, part)| Part::plain(format!("{n}{part}"))),
    ];
    let odd = prop_oneof![
        (1_u32..64, 1_u32..1_000).prop_map(|(n, part)| {
            Part::plain(format!("{n}.{part:03}"))
                .because("a fraction of a core whose thousandfold is no whole number")
        }),
        select(&["1e2", "+1", ".5", "5.", "1_0", "0x1p3", "1.0e-1"][..])
            .prop_map(|text| Part::text(text).because("a number in a form that JavaScript does not read")),
    ];
    let arch = maybe(Just(Part::map([("arch", Some(Part::text("amd64")))])), 2);
    (taste.or(usual, odd), arch)
        .prop_map(|(units, arch)| Part::map([("units", Some(units)), ("attributes", arch)]))
}

/// Bytes, 64 MiB to 64 GiB.
fn size(taste: Taste) -> impl Strategy<Value = Part> {
    let usual = prop_oneof![
        8 => (1_u32..64).prop_map(|n| Part::plain(format!("{n}Gi"))),
        5 => (64_u32..4_096).prop_map(|n| Part::text(format!("{n}Mi"))),
        1 => (65_536_u32..999_999).prop_map(|n| Part::plain(format!("{n}Ki"))),
        1 => (68_000_u32..999_999).prop_map(|n| Part::plain(format!("{n}k"))),
        1 => (68_u32..9_999).prop_map(|n| Part::plain(format!("{n}M"))),
        1 => (1_u32..64).prop_map(|n| Part::plain(format!("{n}G"))),
        2 => (1_u32..8, select(&QUARTERS[..])).prop_map(|(n, part)| Part::plain(format!("{n}{part}Gi"))),
    ];
    let bare = "a size without a suffix, or with an exponent";
    let odd = prop_oneof![
        (1_u32..64).prop_map(|n| {
            Part::plain(format!("{n}.1Gi")).because("a size that is no whole number of bytes")
        }),
        (68_000_000_u32..999_999_999).prop_map(move |n| Part::plain(n.to_string()).because(bare)),
        (1_u32..9).prop_map(move |n| Part::plain(format!("{n}e3Mi")).because(bare)),
    ];
    taste.or(usual, odd)
}

fn gpu(taste: Taste) -> impl Strategy<Value = Part> {
    let units = prop_oneof![
        9 => (1_u32..=24).prop_map(|n| Part::plain(n.to_string())),
        1 => (1_u32..=24).prop_map(|n| Part::text(n.to_string())),
    ];
    let nvidia = prop_oneof![1 => Just(Part::plain("")), 3 => models(taste)];
    let nvidia = taste.or(nvidia, Just(Part::list(vec![]).because("`nvidia: []`")));
    let none = Just(Part::map([("units", Some(Part::plain("0")))]));
    let some = (units, nvidia).prop_map(|(units, nvidia)| {
        let vendor = Part::map([("nvidia", Some(nvidia))]);
        let attributes = Part::map([("vendor", Some(vendor))]);
        Part::map([("units", Some(units)), ("attributes", Some(attributes))])
    });
    prop_oneof![1 => none, 8 => some]
}

/// Models without repetition; in any order where the taste is odd.
fn models(taste: Taste) -> impl Strategy<Value = Part> {
    let ram = select(&["24Gi", "40Gi", "80Gi"][..]).prop_map(Part::plain);
    let odd_ram = select(&["81920Mi", "79.9Gi"][..])
        .prop_map(|text| Part::plain(text).because("memory of a GPU that is not written as N Gi"));
    let interface = select(&["pcie", "sxm"][..]).prop_map(Part::plain);
    let names = subsequence(&["a100", "h100", "rtx4090", "t4", "v100"][..], 1..4);
    let names = match taste {
        Taste::Plain => names.boxed(),
        Taste::Odd => names.prop_shuffle().boxed(),
    };
    let details = vec((maybe(taste.or(ram, odd_ram), 4), maybe(interface, 3)), 4);
    let some = (names, details).prop_map(|(names, details)| {
        let model = |(name, (ram, interface))| {
            Part::map([("model", Some(Part::plain(name))), ("ram", ram), ("interface", interface)])
        };
        Part::list(names.into_iter().zip(details).map(model).collect())
    });
    let any = Just(Part::list(vec![Part::map([("model", Some(Part::text("*")))])]));
    prop_oneof![8 => some, 1 => any]
}

fn storage(taste: Taste) -> impl Strategy<Value = (Part, Vec<Volume>)> {
    let sized = |size: Part| Part::map([("size", Some(size))]);
    let single = size(taste).prop_map(move |size| (sized(size), vec![]));
    let named = size(taste).prop_map(|size| {
        let part = Part::map([("name", Some(Part::text("other"))), ("size", Some(size))]);
        (part.because("a single volume with a name"), vec![])
    });
    taste.or(prop_oneof![single, volumes(taste)], named)
}

/// A disk, memory and a volume for data, the smaller before the larger; in any order where the taste is odd.
fn volumes(taste: Taste) -> impl Strategy<Value = (Part, Vec<Volume>)> {
    let sizes = |mib: std::ops::Range<u32>| match taste {
        Taste::Plain => mib.prop_map(|n| Part::plain(format!("{n}Mi"))).boxed(),
        Taste::Odd => size(taste).boxed(),
    };
    let sizes = (sizes(64..999), maybe(sizes(1_000..4_000), 6), maybe(sizes(5_000..9_000), 5));
    let reversed = taste.or(Just(false), Just(true));
    (sizes, reversed, ram(), disk(taste)).prop_map(|((own, memory, data), reversed, ram, disk)| {
        let mut volumes = vec![];
        let mut parts = vec![Part::map([("size", Some(own))])];
        if let Some(size) = memory {
            volumes.push(Volume { name: "shm", persistent: false });
            parts.push(named("shm", size, ram));
        }
        if let Some(size) = data {
            let (attributes, persistent) = disk;
            volumes.push(Volume { name: "data", persistent });
            parts.push(named("data", size, attributes));
        }
        if reversed {
            parts.reverse();
        }
        (Part::list(parts), volumes)
    })
}

fn named(name: &str, size: Part, attributes: Part) -> Part {
    Part::map([("name", Some(Part::plain(name))), ("size", Some(size)), ("attributes", Some(attributes))])
}

fn class(name: &str, persistent: Option<Part>) -> Part {
    Part::map([("class", Some(Part::plain(name))), ("persistent", persistent)])
}

fn ram() -> impl Strategy<Value = Part> {
    prop_oneof![
        Just(class("ram", None)),
        Just(class("ram", Some(Part::plain("false")))),
        Just(class("ram", Some(Part::text("false")))),
    ]
}

/// Attributes of a disk, and whether they make it persistent.
fn disk(taste: Taste) -> impl Strategy<Value = (Part, bool)> {
    let word = "`persistent` in another word than true or false";
    let classes = select(&["beta1", "beta2", "beta3", "default"][..]);
    let persistent = |text: &str| Part::map([("persistent", Some(Part::plain(text)))]);
    let usual = prop_oneof![
        8 => classes.prop_map(|name| (class(name, Some(Part::plain("true"))), true)),
        1 => Just((persistent("false"), false)),
    ];
    let odd = select(vec![
        (class("beta2", Some(Part::plain("yes"))).because(word), true),
        (class("beta2", Some(Part::plain("off"))).because(word), false),
        (persistent("true").because("`persistent` without a class"), true),
        (persistent("on").because(word), true),
        (Part::map::<&str>([]).because("`attributes: {}` of a volume"), false),
    ]);
    taste.or(usual, odd)
}
