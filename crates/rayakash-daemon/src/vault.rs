//! Keys of clusters, and manifests, which hold them: files for the owner alone, one directory per cluster.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use akash_sdl::Manifest;
use akash_types::LeaseId;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::RngCore as _;
use rayakash_core::Secret;
use rayakash_core::blueprint::{Keys, Plan};
use rayakash_core::spec::{Cluster, Name};
use rayakash_core::view::Version;
use rayakash_engine::machine::{Machine, Write};
use rayakash_engine::ports::{Unavailable, Vault};
use rcgen::{CertificateParams, DnType, KeyPair};
use serde::{Deserialize, Serialize};

use crate::private;

/// Makes the keys of a cluster.
pub type MakeKeys = Arc<dyn Fn() -> io::Result<Keys> + Send + Sync>;

/// The vault of a state directory.
#[derive(Clone)]
pub(crate) struct FileVault {
    root: PathBuf,
    /// Held while keys are made: two callers must not make them twice.
    making: Arc<Mutex<()>>,
    make: MakeKeys,
    machine: Option<Arc<dyn Machine>>,
}

/// A cluster's keys, as they lie on disk.
#[derive(Serialize, Deserialize)]
struct Stored {
    gate_certificate: String,
    gate_key: String,
    gate_token: String,
    ray_token: String,
}

impl FileVault {
    /// The vault below a directory; nothing is made yet.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, making: Arc::default(), make: Arc::new(make), machine: None }
    }

    /// The same on a machine that somebody stands in for, with keys of his making.
    pub(crate) fn on(machine: Arc<dyn Machine>, root: PathBuf, make: MakeKeys) -> Self {
        Self { make, machine: Some(machine), ..Self::new(root) }
    }

    fn of(&self, cluster: &Name) -> PathBuf {
        self.root.join(cluster.as_str())
    }

    /// Forgets a cluster that is gone, its keys included.
    pub(crate) fn forget(&self, cluster: &Name) -> io::Result<()> {
        let path = self.of(cluster);
        self.told(&Write::Removal { path: &path }, || private::remove_dir(&path))
    }

    /// The one place where the vault becomes durable.
    fn put(&self, cluster: &Name, path: &Path, content: &[u8]) -> io::Result<()> {
        self.told(&Write::File { path, content }, || {
            private::dir(&self.of(cluster))?;
            private::write(path, content)
        })
    }

    fn told(&self, write: &Write<'_>, done: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let Some(machine) = &self.machine else { return done() };
        machine.before(write)?;
        done()?;
        machine.after(write)
    }

    /// A cluster's keys; made at the first call.
    pub(crate) fn keys_of(&self, cluster: &Name) -> io::Result<Keys> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = self.kept_keys(cluster)? {
            return Ok(kept);
        }
        let keys = (self.make)()?;
        self.put(cluster, &self.keys_path(cluster), &serde_json::to_vec(&Stored::of(&keys))?)?;
        Ok(keys)
    }

    /// A cluster's keys; others, of the same size, when it has none yet. Nothing is written.
    pub(crate) fn keys_or_throwaway(&self, cluster: &Name) -> io::Result<Keys> {
        match self.kept_keys(cluster)? {
            Some(kept) => Ok(kept),
            None => (self.make)(),
        }
    }

    fn keys_path(&self, cluster: &Name) -> PathBuf {
        self.of(cluster).join("keys.json")
    }

    fn kept_keys(&self, cluster: &Name) -> io::Result<Option<Keys>> {
        let Some(content) = private::read(&self.keys_path(cluster))? else { return Ok(None) };
        let stored: Stored = serde_json::from_slice(&content)?;
        Ok(Some(stored.into()))
    }

    fn manifest_path(&self, cluster: &Name, version: Version) -> PathBuf {
        self.of(cluster).join(format!("manifest-{}.json", hex::encode(version)))
    }

    fn gate_path(&self, cluster: &Name, lease: &LeaseId) -> PathBuf {
        let order = &lease.order;
        self.of(cluster).join(format!("gate-{}-{}.json", order.deployment().dseq, order.oseq))
    }

    /// A manifest that was kept.
    pub(crate) fn manifest(&self, cluster: &Name, version: Version) -> io::Result<Manifest> {
        let path = self.manifest_path(cluster, version);
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("{} is missing", path.display()));
        let content = private::read(&path)?.ok_or_else(missing)?;
        Manifest::from_json(&content).map_err(|error| io::Error::other(error.to_string()))
    }

    fn failed(&self, error: &io::Error) -> Unavailable {
        Unavailable { what: self.root.display().to_string(), why: error.to_string() }
    }
}

/// New keys, by the machine's chance.
fn make() -> io::Result<Keys> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, "rayakash gate");
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    Ok(Keys {
        gate_certificate: STANDARD.encode(certificate.der()),
        gate_key: Secret::new(STANDARD.encode(key.serialize_der())),
        gate_token: Secret::new(token()),
        ray_token: Secret::new(token()),
    })
}

/// 256 random bits as text.
fn token() -> String {
    let mut bytes = [0; 32];
    rand::rngs::OsRng.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Stored {
    fn of(keys: &Keys) -> Self {
        Self {
            gate_certificate: keys.gate_certificate.clone(),
            gate_key: keys.gate_key.expose().to_owned(),
            gate_token: keys.gate_token.expose().to_owned(),
            ray_token: keys.ray_token.expose().to_owned(),
        }
    }
}

impl From<Stored> for Keys {
    fn from(stored: Stored) -> Self {
        Self {
            gate_certificate: stored.gate_certificate,
            gate_key: Secret::new(stored.gate_key),
            gate_token: Secret::new(stored.gate_token),
            ray_token: Secret::new(stored.ray_token),
        }
    }
}

#[async_trait]
impl Vault for FileVault {
    async fn keys(&self, cluster: &Name) -> Result<Keys, Unavailable> {
        self.keys_of(cluster).map_err(|error| self.failed(&error))
    }

    /// The store of the user's secrets is not part of this release: a wish that names one is refused when it is written.
    async fn secrets(&self, _cluster: &Cluster) -> Result<BTreeMap<String, Secret>, Unavailable> {
        Ok(BTreeMap::new())
    }

    async fn keep(&self, cluster: &Name, version: Version, manifest: &Secret) -> Result<(), Unavailable> {
        let path = self.manifest_path(cluster, version);
        let keep = || -> io::Result<()> {
            if private::read(&path)?.is_none() {
                self.put(cluster, &path, manifest.expose().as_bytes())?;
            }
            Ok(())
        };
        keep().map_err(|error| self.failed(&error))
    }

    async fn keep_gate(
        &self,
        cluster: &Name,
        lease: &LeaseId,
        address: &(String, u16),
    ) -> Result<(), Unavailable> {
        if self.gate(cluster, lease).await.as_ref() == Some(address) {
            return Ok(());
        }
        let keep = || self.put(cluster, &self.gate_path(cluster, lease), &serde_json::to_vec(address)?);
        keep().map_err(|error| self.failed(&error))
    }

    async fn gate(&self, cluster: &Name, lease: &LeaseId) -> Option<(String, u16)> {
        let content = private::read(&self.gate_path(cluster, lease)).ok()??;
        serde_json::from_slice(&content).ok()
    }

    async fn plan(&self, cluster: &Name, version: Version) -> Result<Plan, Unavailable> {
        let manifest = self.manifest(cluster, version).map_err(|error| self.failed(&error))?;
        Ok(Plan::of(&manifest))
    }
}

/// A vault that shows what is kept and keeps nothing.
pub(crate) struct Throwaway(pub(crate) FileVault);

#[async_trait]
impl Vault for Throwaway {
    async fn keys(&self, cluster: &Name) -> Result<Keys, Unavailable> {
        self.0.keys_or_throwaway(cluster).map_err(|error| self.0.failed(&error))
    }

    async fn secrets(&self, cluster: &Cluster) -> Result<BTreeMap<String, Secret>, Unavailable> {
        self.0.secrets(cluster).await
    }

    async fn keep(&self, _: &Name, _: Version, _: &Secret) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn keep_gate(&self, _: &Name, _: &LeaseId, _: &(String, u16)) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn gate(&self, cluster: &Name, lease: &LeaseId) -> Option<(String, u16)> {
        self.0.gate(cluster, lease).await
    }

    async fn plan(&self, cluster: &Name, version: Version) -> Result<Plan, Unavailable> {
        self.0.plan(cluster, version).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_at_the_same_time_get_the_same_keys() {
        let home = tempfile::tempdir().unwrap();
        let vault = FileVault::new(home.path().to_owned());
        let name: Name = "a".parse().unwrap();
        let tokens: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let one = || vault.keys_of(&name).unwrap().ray_token.expose().to_owned();
            let callers: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        assert_eq!(tokens.len(), 1);
    }

    #[tokio::test]
    async fn a_rehearsal_leaves_nothing_behind_and_shows_what_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let real = FileVault::new(home.path().join("clusters"));
        let rehearsal = Throwaway(real.clone());
        let name: Name = "a".parse().unwrap();
        rehearsal.keys(&name).await.unwrap();
        rehearsal.keep(&name, [7; 32], &Secret::new("m")).await.unwrap();
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
        let kept = real.keys(&name).await.unwrap().ray_token;
        assert_eq!(rehearsal.keys(&name).await.unwrap().ray_token, kept);
    }

    #[tokio::test]
    async fn keys_are_made_once_and_forgotten_with_the_cluster() {
        let home = tempfile::tempdir().unwrap();
        let vault = FileVault::new(home.path().join("clusters"));
        let name: Name = "quickstart".parse().unwrap();
        let first = vault.keys(&name).await.unwrap();
        let again = vault.keys(&name).await.unwrap();
        assert_eq!(first.ray_token, again.ray_token);
        assert_ne!(first.ray_token, first.gate_token);
        assert!(!format!("{first:?}").contains(first.gate_key.expose()));
        vault.forget(&name).unwrap();
        vault.forget(&name).unwrap();
        assert_ne!(vault.keys(&name).await.unwrap().ray_token, first.ray_token);
    }

    #[tokio::test]
    async fn a_missing_manifest_is_named() {
        let home = tempfile::tempdir().unwrap();
        let vault = FileVault::new(home.path().to_owned());
        let error = vault.plan(&"a".parse().unwrap(), [7; 32]).await.unwrap_err();
        assert!(error.why.contains("manifest-0707"), "{error}");
    }
}
