//! Valid documents at random, every field of them.
//!
//! What is written here in a way that Akash's TypeScript client reads otherwise is marked with the reason; what lies in the
//! meaning of the document is found by [`crate::apart`].

mod compute;
mod service;
mod words;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use crate::document::{Part, Yaml};
use compute::Profile;
use service::Service;
use words::Taste;

const SERVICES: [&str; 12] =
    ["a", "api", "db", "db2", "head", "ray-head", "ray-worker", "w0", "web", "worker", "x-1", "z9"];
const PROFILES: [&str; 5] = ["big", "gpu", "node", "small", "a b"];
const PLACEMENTS: [&str; 4] = ["akash", "dc-1", "europe", "West Coast"];
const ENDPOINTS: [&str; 3] = ["ip1", "my-ip", "public_ip"];

/// A document, and from which depth on it is written in brackets.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) part: Part,
    pub(crate) brackets_from: usize,
}

/// A service's place: where it is deployed, and how often.
#[derive(Clone, Debug)]
struct Deployed {
    placements: Vec<&'static str>,
    /// Without one, each service has another, as far as they go.
    profile: Option<Index>,
    count: Part,
}

/// A leased address, and the service and port that use it.
type Endpoint = (&'static str, Index, u32);

/// Every valid document, some more often than others.
pub(crate) fn document() -> impl Strategy<Value = Document> {
    prop_oneof![2 => tasting(Taste::Plain), 1 => tasting(Taste::Odd)]
}

fn tasting(taste: Taste) -> impl Strategy<Value = Document> {
    let services = match taste {
        Taste::Plain => {
            subsequence(SERVICES.into_iter().filter(|name| !name.contains('-')).collect::<Vec<_>>(), 1..=4)
        }
        Taste::Odd => subsequence(SERVICES.to_vec(), 1..=5),
    };
    let names = (services, subsequence(&PROFILES[..], 1..=5));
    let outline = names.prop_flat_map(move |(services, profiles)| outline(taste, services, profiles));
    let brackets_from = select(&[0, 1, 2, 3, 4, 5, 6, 9, 9, 9, 9, 9][..]);
    (outline, any::<bool>(), brackets_from).prop_map(|(outline, reversed, brackets_from)| {
        let mut part = outline.document();
        // Within a section an anchor must stand before its aliases.
        if let (true, Yaml::Map(pairs)) = (reversed, &mut part.yaml) {
            pairs.reverse();
        }
        Document { part, brackets_from }
    })
}

/// What a document is made of.
#[derive(Clone, Debug)]
struct Outline {
    version: Part,
    services: Vec<(&'static str, (Service, Deployed))>,
    profiles: Vec<(&'static str, Profile)>,
    placements: Vec<Placement>,
    endpoints: Vec<Endpoint>,
    reclamation: Option<Part>,
    include: Option<Part>,
}

fn outline(
    taste: Taste,
    services: Vec<&'static str>,
    profiles: Vec<&'static str>,
) -> impl Strategy<Value = Outline> {
    let each = vec((service::service(taste, services.clone()), deployed(taste)), services.len());
    let profile = vec(compute::profile(taste), profiles.len());
    let placements = vec(placement(taste), PLACEMENTS.len());
    (version(taste), each, profile, placements, endpoints(), reclamation(taste), include()).prop_map(
        move |(version, each, profile, placements, endpoints, reclamation, include)| {
            let mut services: Vec<_> = services.iter().copied().zip(each).collect();
            // In two placements a service would use its address twice.
            for (_, user, _) in &endpoints {
                user.get_mut(services.as_mut_slice()).1.1.placements.truncate(1);
            }
            let profiles = profiles.iter().copied().zip(compute::settle(profile)).collect();
            Outline { version, services, profiles, placements, endpoints, reclamation, include }
        },
    )
}

fn version(taste: Taste) -> impl Strategy<Value = Part> {
    let odd = select(&["2.0", "2.1", "2", "2.2", "v2.0", "3"][..])
        .prop_map(|text| Part::plain(text).because("a version other than \"2.0\" and \"2.1\", or unquoted"));
    taste.or(select(&["2.0", "2.1", "2.1"][..]).prop_map(Part::text), odd)
}

fn deployed(taste: Taste) -> impl Strategy<Value = Deployed> {
    let placements =
        prop_oneof![6 => subsequence(&PLACEMENTS[..1], 1), 3 => subsequence(&PLACEMENTS[..], 1..=3)];
    (placements, any::<Index>(), 1_u32..4).prop_map(move |(placements, profile, count)| Deployed {
        placements,
        // Before 2.1 the client merges what shares a profile, and Akash does not.
        profile: Some(profile).filter(|_| taste == Taste::Odd),
        count: Part::plain(count.to_string()),
    })
}

fn endpoints() -> impl Strategy<Value = Vec<Endpoint>> {
    prop_oneof![
        8 => Just(vec![]),
        1 => vec((any::<Index>(), 20_000_u32..20_100), 1..=3)
            .prop_map(|uses| ENDPOINTS.into_iter().zip(uses).map(|(name, (at, port))| (name, at, port)).collect()),
    ]
}

fn reclamation(taste: Taste) -> impl Strategy<Value = Option<Part>> {
    let some = select(&["24h", "90m", "1h30m", "1.5h"][..]).prop_map(|window| {
        let part = Part::map([("min_window", Some(Part::text(window)))]);
        Some(part.because("`reclamation`, `tee` or `proxy_buffer_size`: the client does not know it"))
    });
    taste.or(Just(None), some)
}

fn include() -> impl Strategy<Value = Option<Part>> {
    prop_oneof![20 => Just(None), 1 => Just(Some(Part::list(vec![Part::text("other.yaml")])))]
}

/// Attributes, auditors and prices; of the latter the text.
#[derive(Clone, Debug)]
struct Placement {
    attributes: Option<Part>,
    signed_by: Option<Part>,
    price: Part,
}

fn placement(taste: Taste) -> impl Strategy<Value = Placement> {
    let attributes = vec((select(&["host", "region", "tier/a", "arch"][..]), words::text(taste)), 0..3)
        .prop_map(|pairs| {
            let mut known = std::collections::BTreeMap::new();
            for (key, value) in pairs {
                known.entry(key).or_insert(Some(value));
            }
            Part::map(known)
        });
    let auditors = || words::maybe(vec(words::text(taste), 0..3).prop_map(Part::list), 2);
    let signed_by =
        (auditors(), auditors()).prop_map(|(all, any)| Part::map([("allOf", all), ("anyOf", any)]));
    (words::maybe(attributes, 1), words::maybe(signed_by, 3), words::price(taste))
        .prop_map(|(attributes, signed_by, price)| Placement { attributes, signed_by, price })
}

impl Outline {
    fn document(&self) -> Part {
        let endpoint =
            |(name, _, _): &Endpoint| (*name, Some(Part::map([("kind", Some(Part::plain("ip")))])));
        let endpoints = Some(Part::map(self.endpoints.iter().map(endpoint)));
        let profiles = Part::map([
            ("compute", Some(compute::all(&self.profiles))),
            ("placement", Some(self.placements())),
        ]);
        Part::map([
            ("version", Some(self.version.clone())),
            ("include", self.include.clone()),
            ("services", Some(self.services())),
            ("profiles", Some(profiles)),
            ("deployment", Some(self.deployment())),
            ("endpoints", endpoints.filter(|_| !self.endpoints.is_empty())),
            ("reclamation", self.reclamation.clone()),
        ])
    }

    /// Each service with what runs it: its name, itself, where it is deployed, and with which profile.
    fn deployed(
        &self,
    ) -> impl Iterator<Item = (&'static str, &Service, &Deployed, &(&'static str, Profile))> {
        self.services.iter().enumerate().filter_map(|(at, (name, (service, deployed)))| {
            let profiles = self.profiles.len();
            let number = deployed.profile.map_or(at % profiles, |index| index.index(profiles));
            Some((*name, service, deployed, self.profiles.get(number)?))
        })
    }

    fn services(&self) -> Part {
        let count = self.services.len();
        let mut open = false;
        let each = self.deployed().enumerate().map(|(at, (name, service, deployed, (_, profile)))| {
            let users = self.endpoints.iter().filter(|(_, user, _)| user.index(count) == at);
            let addresses: Vec<_> = users.map(|(name, _, port)| (*name, *port)).collect();
            open |= service.is_open() || !addresses.is_empty();
            let hosts = (deployed.placements.len() == 1).then_some(at);
            (name, Some(service.part(profile, hosts, &addresses, at + 1 == count && !open)))
        });
        Part::map(each.collect::<Vec<_>>())
    }

    fn deployment(&self) -> Part {
        Part::map(self.deployed().map(|(name, _, deployed, (profile, _))| {
            let replicas =
                Part::map([("profile", Some(Part::text(*profile))), ("count", Some(deployed.count.clone()))]);
            let each = deployed.placements.iter().map(|placement| (*placement, Some(replicas.clone())));
            (name, Some(Part::map(each)))
        }))
    }

    fn placements(&self) -> Part {
        let used =
            |name: &str| self.services.iter().any(|(_, (_, deployed))| deployed.placements.contains(&name));
        let placements = PLACEMENTS.into_iter().zip(&self.placements).filter(|(name, _)| used(name));
        Part::map(placements.map(|(name, placement)| {
            let prices = self.profiles.iter().map(|(profile, _)| (*profile, Some(placement.price.clone())));
            let part = Part::map([
                ("attributes", placement.attributes.clone()),
                ("signedBy", placement.signed_by.clone()),
                ("pricing", Some(Part::map(prices))),
            ]);
            (name, Some(part))
        }))
    }
}
