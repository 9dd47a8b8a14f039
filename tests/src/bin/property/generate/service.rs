//! Services.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::compute::Profile;
use super::words::{Taste, maybe, number, section, text};
use crate::document::{Part, Yaml};

/// A service; ports and mounts are completed when it is known where it runs.
#[derive(Clone, Debug)]
pub(super) struct Service {
    taste: Taste,
    entries: Vec<(&'static str, Option<Part>)>,
    ports: Vec<Port>,
    mounts: Option<bool>,
    params: Params,
}

#[derive(Clone, Debug)]
struct Port {
    port: u32,
    others: Vec<(&'static str, Option<Part>)>,
    accept: bool,
    to: Option<Vec<To>>,
}

#[derive(Clone, Debug)]
struct To {
    part: Part,
    peer: Option<&'static str>,
    global: bool,
}

#[derive(Clone, Debug)]
struct Params {
    permissions: Option<Part>,
    tee: Option<Part>,
}

/// A service that may open its ports to `peers`.
pub(super) fn service(taste: Taste, peers: Vec<&'static str>) -> impl Strategy<Value = Service> {
    let images = ["nginx:1.27", "rayproject/ray:2.40.0-py310", "ghcr.io/a/b@sha256:0123456789abcdef", " x "];
    let image = select(images.to_vec()).prop_map(Part::text);
    let texts = (lines(taste, text(taste)), lines(taste, args(taste)), lines(taste, env()));
    let rest = (section(taste, credentials(taste), 1), dependencies(), unknown(taste));
    let ports = vec(port(taste, peers), 0..4);
    (image, texts, rest, ports, proptest::option::of(any::<bool>()), params(taste)).prop_map(
        move |(image, (command, args, env), (credentials, dependencies, unknown), ports, mounts, params)| {
            let entries = vec![
                ("image", Some(image)),
                ("command", command),
                ("args", args),
                ("env", env),
                ("credentials", credentials),
                ("dependencies", dependencies),
                ("depends_on", unknown),
            ];
            Service { taste, entries, ports, mounts, params }
        },
    )
}

/// A list of texts; absent, null, with some, or, which is odd, empty.
fn lines<S>(taste: Taste, text: S) -> impl Strategy<Value = Option<Part>>
where
    S: Strategy<Value = Part> + 'static,
{
    let usual = prop_oneof![
        20 => Just(None),
        1 => Just(Some(Part::plain("null"))),
        20 => vec(text, 1..4).prop_map(|texts| Some(Part::list(texts))),
    ];
    taste.or(usual, Just(Some(Part::list(vec![]))))
}

fn args(taste: Taste) -> impl Strategy<Value = Part> {
    let script = "ulimit -n 65536 && \\\n  exec ray start --head --port=6379\necho \"<done>\" 'x'";
    prop_oneof![4 => text(taste), 1 => Just(Part::of(Yaml::Script(script.to_owned())))]
}

fn env() -> impl Strategy<Value = Part> {
    let values =
        prop_oneof!["[ -~]{0,12}", Just("https://x.example/?a=1&b=<2>".to_owned()), Just("é😀\n".to_owned())];
    ("[A-Z_][A-Z0-9_.]{0,8}", proptest::option::of(values))
        .prop_map(|(name, value)| Part::text(value.map_or(name.clone(), |value| format!("{name}={value}"))))
}

fn credentials(taste: Taste) -> impl Strategy<Value = Part> {
    let email = maybe(Just(Part::text("a@b.example")), 4);
    let odd = prop_oneof![
        Just(Part::text("short").because("a password or address that the client finds too short")),
        Just(Part::text(" blank around ")),
    ];
    let password = taste.or(Just(Part::text("secret & safe")), odd);
    (email, password).prop_map(|(email, password)| {
        Part::map([
            ("host", Some(Part::text("ghcr.io"))),
            ("email", email),
            ("username", Some(Part::text("user"))),
            ("password", Some(password)),
        ])
    })
}

fn dependencies() -> impl Strategy<Value = Option<Part>> {
    let one = Part::map([("service", Some(Part::text("db")))]);
    prop_oneof![20 => Just(None), 1 => Just(Some(Part::list(vec![one])))]
}

fn unknown(taste: Taste) -> impl Strategy<Value = Option<Part>> {
    let unknown = Part::list(vec![Part::text("db")]).because("null for a section, or an unknown key");
    taste.or(Just(None), Just(Some(unknown)))
}

fn params(taste: Taste) -> impl Strategy<Value = Params> {
    let usual = select(vec![vec!["logs"], vec!["deployment"], vec!["deployment", "logs"]]);
    let read = taste.or(usual, select(vec![vec!["events"], vec![]]));
    let permissions = read
        .prop_map(|read| Part::map([("read", Some(Part::list(read.into_iter().map(Part::text).collect())))]));
    let tee =
        Part::text("cpu").because("`reclamation`, `tee` or `proxy_buffer_size`: the client does not know it");
    (maybe(permissions, 1), taste.or(Just(None), Just(Some(tee))))
        .prop_map(|(permissions, tee)| Params { permissions, tee })
}

fn port(taste: Taste, peers: Vec<&'static str>) -> impl Strategy<Value = Port> {
    let odd_proto = select(&["Tcp", ""][..])
        .prop_map(|text| Part::text(text).because("a protocol in mixed case, or empty"));
    let proto = taste.or(select(&["tcp", "udp", "TCP", "UDP"][..]).prop_map(Part::plain), odd_proto);
    let to = taste.or(vec(to(taste, peers), 1..3).prop_map(Some), select(vec![None, Some(vec![])]));
    let ports = prop_oneof![2 => Just(80), 3 => 1_u32..=65_535];
    (ports, maybe(number(1..65_536), 4), maybe(proto, 3), maybe(http_options(taste), 2), any::<bool>(), to)
        .prop_map(|(port, external, proto, http_options, accept, to)| {
            let others = vec![("as", external), ("proto", proto), ("http_options", http_options)];
            Port { port, others, accept, to }
        })
}

fn to(taste: Taste, peers: Vec<&'static str>) -> impl Strategy<Value = To> {
    let peer = prop_oneof![2 => Just(None), 3 => select(peers).prop_map(Some)];
    let odd =
        Part::map([("next_tries", Some(Part::plain("1")))]).because("null for a section, or an unknown key");
    let odd = taste.or(Just(None), Just(Some(odd)));
    (peer, any::<bool>(), odd).prop_map(|(peer, global, odd)| {
        let part = Part::map([
            ("service", peer.map(Part::plain)),
            ("global", (global || peer.is_none()).then(|| Part::plain(global.to_string()))),
            ("http_options", odd),
        ]);
        To { part, peer, global }
    })
}

fn http_options(taste: Taste) -> impl Strategy<Value = Part> {
    let zero = "an option of the ingress written as 0 or []";
    let amount = move |most: u32| {
        let none = Just(Part::plain("0").because(zero));
        maybe(taste.or(number(1..most + 1), none), 3)
    };
    let cases = vec(select(&["error", "timeout", "500", "502", "503", "504", "403", "404", "429"][..]), 1..4)
        .prop_map(|cases| Part::list(cases.into_iter().map(Part::text).collect()));
    let off = Just(Part::list(vec![Part::text("off")]));
    let number_case = Part::list(vec![Part::plain("500")]);
    let odd_cases = select(vec![
        Part::list(vec![]).because(zero),
        number_case.because("an unquoted number or truth value where text belongs"),
    ]);
    let cases = taste.or(prop_oneof![6 => cases, 1 => off], odd_cases);
    let buffer = number(1..1_048_577).prop_map(|part| {
        Some(part.because("`reclamation`, `tee` or `proxy_buffer_size`: the client does not know it"))
    });
    let buffer = taste.or(Just(None), buffer);
    (amount(104_857_600), amount(60_000), amount(60_000), number_of_tries(), maybe(cases, 3), buffer)
        .prop_map(|(body, read, send, (tries, timeout), cases, buffer)| {
            Part::map([
                ("max_body_size", body),
                ("proxy_buffer_size", buffer),
                ("read_timeout", read),
                ("send_timeout", send),
                ("next_tries", tries),
                ("next_timeout", timeout),
                ("next_cases", cases),
            ])
        })
}

fn number_of_tries() -> impl Strategy<Value = (Option<Part>, Option<Part>)> {
    (maybe(number(1..9), 3), maybe(number(0..60_000), 3))
}

impl Service {
    /// Whether a port is open to the world.
    pub(super) fn is_open(&self) -> bool {
        self.ports.iter().filter_map(|port| port.to.as_ref()).flatten().any(|to| to.global)
    }

    /// The service, deployed with a profile. `hosts` numbers its host names, which only one placement may use; `addresses` are
    /// its leased addresses and their ports.
    pub(super) fn part(
        &self,
        profile: &Profile,
        hosts: Option<usize>,
        addresses: &[(&'static str, u32)],
        must_open: bool,
    ) -> Part {
        let global = || {
            vec![To { part: Part::map([("global", Some(Part::plain("true")))]), peer: None, global: true }]
        };
        let mut expose: Vec<Part> = vec![];
        for (number, port) in self.sorted_ports().into_iter().enumerate() {
            let to = port.to.clone();
            let accept = hosts.filter(|_| port.accept && to.as_ref().is_some_and(|to| to.len() == 1));
            let accept =
                accept.map(|at| Part::list(vec![Part::text(format!("h{number}.s{at}.example.com"))]));
            expose.push(entry(port.port, port.others.clone(), accept, to));
        }
        if must_open {
            expose.push(entry(8443, vec![], None, Some(global())));
        }
        for (name, port) in addresses {
            let to = Part::map([("global", Some(Part::plain("true"))), ("ip", Some(Part::plain(*name)))]);
            let external = vec![("as", Some(Part::plain(port.to_string())))];
            expose.push(entry(*port, external, None, Some(vec![To { part: to, peer: None, global: true }])));
        }
        let expose = (!expose.is_empty()).then(|| Part::list(expose));
        let entries = self.entries.iter().map(|(key, part)| (*key, part.clone()));
        Part::map(entries.chain([("expose", expose), ("params", self.params(profile))]))
    }

    /// The ports, in Akash's order where the taste is plain.
    fn sorted_ports(&self) -> Vec<&Port> {
        let mut ports: Vec<_> = self.ports.iter().collect();
        let peer = |port: &Port| port.to.as_ref().and_then(|to| to.first()).and_then(|to| to.peer);
        if self.taste == Taste::Plain {
            ports.sort_by_key(|port| (peer(port), port.port));
        }
        ports
    }

    /// Persistent volumes are mounted, those in memory at times. The client has other words for none.
    fn params(&self, profile: &Profile) -> Option<Part> {
        let read_only = |name: &str| match (self.mounts, name) {
            (Some(true), "data") => Some(Part::plain("true")),
            (Some(false), _) => Some(Part::plain("false")),
            _ => None,
        };
        let mounts = profile.volumes.iter().filter(|volume| volume.persistent || self.mounts.is_some());
        let mounts: Vec<_> = mounts
            .map(|volume| {
                let mount = Part::text(format!("/mnt/{}", volume.name));
                let part = Part::map([("mount", Some(mount)), ("readOnly", read_only(volume.name))]);
                (volume.name, Some(part))
            })
            .collect();
        let storage = (!mounts.is_empty()).then(|| Part::map(mounts));
        let Params { permissions, tee } = self.params.clone();
        let permissions = permissions.filter(|_| storage.is_some() || self.taste == Taste::Odd);
        let any = storage.is_some() || permissions.is_some() || tee.is_some();
        any.then(|| Part::map([("storage", storage), ("permissions", permissions), ("tee", tee)]))
    }
}

fn entry(
    port: u32,
    others: Vec<(&'static str, Option<Part>)>,
    accept: Option<Part>,
    to: Option<Vec<To>>,
) -> Part {
    let to = to.map(|to| Part::list(to.into_iter().map(|to| to.part).collect()));
    let first = [("port", Some(Part::plain(port.to_string())))];
    Part::map(first.into_iter().chain(others).chain([("accept", accept), ("to", to)]))
}
