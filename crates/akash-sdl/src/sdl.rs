//! The document: services, what they need, where they may run.

mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use akash_types::{DecCoin, GroupSpec};

use crate::error::Found;
use crate::manifest::Manifest;
use crate::{Problem, SdlError, groups, json, plan, yaml};

/// An SDL document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sdl {
    /// Which reading of the grammar.
    pub version: Version,
    /// What runs, by service name.
    pub services: BTreeMap<String, Service>,
    /// What a replica gets, by profile name.
    pub compute: BTreeMap<String, Compute>,
    /// Where replicas may run, by group name.
    pub placements: BTreeMap<String, Placement>,
    /// Which services run where: service, then placement.
    pub deployment: BTreeMap<String, BTreeMap<String, Replicas>>,
    /// Names of leased IP addresses.
    pub endpoints: BTreeSet<String>,
    /// The least notice that a provider must give before it takes its resources back. Not part of the manifest.
    pub reclamation: Option<Duration>,
}

/// Readings of the grammar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 2.0: every service has a resource unit of its own.
    #[default]
    V2_0,
    /// 2.1: services of one placement that name the same compute profile share a unit.
    V2_1,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The container image.
    pub image: String,
    /// Replaces the image's entry point. `None` and an empty list give different hashes.
    pub command: Option<Vec<String>>,
    /// Arguments of the command.
    pub args: Option<Vec<String>>,
    /// `NAME=value` or `NAME`.
    pub env: Option<Vec<String>>,
    /// Ports.
    pub expose: Vec<Expose>,
    /// Volumes mounted and rights in the lease.
    pub params: Option<Params>,
    /// How to fetch a private image.
    pub credentials: Option<Credentials>,
}

/// A port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expose {
    /// The container's port.
    pub port: u32,
    /// The port outside; 0 is the same.
    pub external_port: u32,
    /// `tcp` or `udp` in any case, as written; empty is TCP. Two uses of a leased IP clash by this text.
    pub proto: String,
    /// Who may connect.
    pub to: Vec<To>,
    /// Host names of the ingress.
    pub accept: Option<Vec<String>>,
    /// What the ingress does with requests.
    pub http_options: HttpOptions,
}

/// Transport protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// Who may connect to a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct To {
    /// A service of the same lease; empty for none in particular.
    pub service: String,
    /// Everybody.
    pub global: bool,
    /// Through the leased IP of this name; empty for none.
    pub ip: String,
}

/// What the ingress does with requests; 0 and empty mean Akash's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpOptions {
    /// Bytes; default 1 MiB, at most 100 MiB.
    pub max_body_size: u32,
    /// Bytes, at most 1 MiB. Providers before go/v0.3.1 do not know it.
    pub proxy_buffer_size: u32,
    /// Milliseconds; default and most 60 000.
    pub read_timeout: u32,
    /// Milliseconds; default and most 60 000.
    pub send_timeout: u32,
    /// Tries at other replicas; default 3.
    pub next_tries: u32,
    /// Milliseconds; default no limit.
    pub next_timeout: u32,
    /// When another replica is tried; default `error`, `timeout`.
    pub next_cases: Vec<String>,
}

/// Volumes mounted and rights in the lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// Mounts by volume name.
    pub storage: BTreeMap<String, Mount>,
    /// What the service may read of its own lease: `logs`, `events`, `deployment`.
    pub permissions: Option<Vec<String>>,
    /// Confidential computing. Providers before go/v0.3.0 do not know it.
    pub tee: Option<Tee>,
}

/// Where a volume appears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// An absolute path.
    pub mount: String,
    /// Cannot be written.
    pub read_only: bool,
}

/// Kinds of trusted execution environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tee {
    /// Of the processor.
    Cpu,
    /// Of processor and graphics processor.
    CpuGpu,
}

/// How to fetch a private image. The provider sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The registry.
    pub host: String,
    /// Kept by version 2.1 only.
    pub email: String,
    /// The account.
    pub username: String,
    /// Its password or token.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("host", &self.host)
            .field("password", &"***")
            .finish_non_exhaustive()
    }
}

/// What one replica gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compute {
    /// Thousandths of a core, 10 to 384 000.
    pub cpu_millis: u32,
    /// The processor's architecture, such as `amd64`.
    pub arch: Option<String>,
    /// Bytes, 1 MiB to 2 TiB.
    pub memory: u64,
    /// At least one volume.
    pub storage: Vec<Volume>,
    /// Graphics processors.
    pub gpu: Gpu,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// `default` is the container's own disk.
    pub name: String,
    /// Bytes, 5 MiB to 32 TiB.
    pub bytes: u64,
    /// What kind of disk.
    pub class: Option<StorageClass>,
    /// Whether it outlives the container; `None` when nothing was said, which is not the same as `false` to the hash.
    pub persistent: Option<bool>,
}

impl Volume {
    /// The container's own disk.
    pub fn disk(bytes: u64) -> Self {
        Self { name: "default".to_owned(), bytes, class: None, persistent: None }
    }

    /// A volume in memory, to be mounted through [`Params::storage`].
    pub fn ram(name: impl Into<String>, bytes: u64) -> Self {
        Self { name: name.into(), bytes, class: Some(StorageClass::Ram), persistent: Some(false) }
    }
}

/// Kinds of disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageClass {
    /// The provider's choice.
    Default,
    /// Hard disk.
    Beta1,
    /// SSD.
    Beta2,
    /// NVMe.
    Beta3,
    /// Memory.
    Ram,
}

impl StorageClass {
    /// The attribute's text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Beta1 => "beta1",
            Self::Beta2 => "beta2",
            Self::Beta3 => "beta3",
            Self::Ram => "ram",
        }
    }

    pub(crate) fn from_str(text: &str) -> Option<Self> {
        [Self::Default, Self::Beta1, Self::Beta2, Self::Beta3, Self::Ram]
            .into_iter()
            .find(|c| c.as_str() == text)
    }
}

/// Graphics processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gpu {
    /// Whole devices, at most 24.
    pub units: u64,
    /// NVIDIA models of which any would do; empty for any at all.
    pub models: Vec<GpuModel>,
}

/// A model of graphics processor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GpuModel {
    /// As providers name it: lower case, such as `a100`; `*` for any.
    pub model: String,
    /// Its memory in GiB.
    pub ram_gib: Option<u64>,
    /// How it is built in.
    pub interface: Option<Interface>,
}

/// How a graphics processor is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// A card.
    Pcie,
    /// A module.
    Sxm,
}

impl Interface {
    /// The attribute's text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pcie => "pcie",
            Self::Sxm => "sxm",
        }
    }
}

impl Tee {
    /// The attribute's text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::CpuGpu => "cpu-gpu",
        }
    }
}

/// Where replicas may run, and for how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// What the provider must say of itself.
    pub attributes: BTreeMap<String, String>,
    /// Who must have signed for that.
    pub signed_by: SignedBy,
    /// The most that one replica may cost per block, by compute profile.
    pub pricing: BTreeMap<String, DecCoin>,
}

/// Auditors. `None` and an empty list differ in the group's JSON, not on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedBy {
    /// Each of these.
    pub all_of: Option<Vec<String>>,
    /// At least one of these.
    pub any_of: Option<Vec<String>>,
}

/// Replicas of a service in a placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replicas {
    /// The compute profile.
    pub profile: String,
    /// How many.
    pub count: u32,
}

/// A document that was read, and all that comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The document.
    pub sdl: Sdl,
    /// The groups for `MsgCreateDeployment`.
    pub groups: Vec<GroupSpec>,
    /// The manifest for the provider.
    pub manifest: Manifest,
    /// What Akash accepts in it though it will hardly be what was meant: such a deployment gets no bid, does not start, or is not
    /// what it looks like. In the order of the text.
    pub doubts: Vec<Problem>,
}

impl Review {
    /// The groups as [`Sdl::groups_json`] gives them.
    pub fn groups_json(&self) -> String {
        json::canonical(&groups::value(&self.sdl, &self.groups))
    }
}

impl Sdl {
    /// Reads a document and checks all that Akash's own reader checks. Errors carry line and column.
    pub fn parse(text: &str) -> Result<Self, SdlError> {
        Ok(Self::review(text)?.sdl)
    }

    /// Reads a document as [`Self::parse`] does, and gives all that comes of it.
    pub fn review(text: &str) -> Result<Review, SdlError> {
        let root = yaml::load(text)?;
        let found = Found::default();
        let sdl = read::document(&root, &found);
        let mut doubts = found.into_result()?;
        let plan = plan::make(&sdl).map_err(|error| error.placed(|path| root.locate(path)))?;
        doubts.extend(plan::doubts(&sdl));
        for doubt in &mut doubts {
            doubt.placed(|path| root.locate(path));
        }
        doubts.sort_by(|a, b| (a.at, &a.path, &a.message).cmp(&(b.at, &b.path, &b.message)));
        doubts.dedup();
        Ok(Review { sdl, groups: plan.groups, manifest: plan.manifest, doubts })
    }

    /// The document as YAML; reading it gives an equal value.
    pub fn to_yaml(&self) -> String {
        write::document(self)
    }

    /// The groups for `MsgCreateDeployment`. Fails as [`Self::parse`] would.
    pub fn groups(&self) -> Result<Vec<GroupSpec>, SdlError> {
        Ok(plan::make(self)?.groups)
    }

    /// The manifest for the provider. Fails as [`Self::parse`] would.
    pub fn manifest(&self) -> Result<Manifest, SdlError> {
        Ok(plan::make(self)?.manifest)
    }

    /// The groups as canonical JSON: compact, keys sorted. For people and for comparison; the chain takes protobuf.
    pub fn groups_json(&self) -> Result<String, SdlError> {
        Ok(json::canonical(&groups::value(self, &self.groups()?)))
    }

    /// Both at once.
    pub fn build(&self) -> Result<(Vec<GroupSpec>, Manifest), SdlError> {
        let plan = plan::make(self)?;
        Ok((plan.groups, plan.manifest))
    }
}
