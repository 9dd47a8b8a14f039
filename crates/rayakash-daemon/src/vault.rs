//! Keys of clusters, and manifests, which hold them: files for the owner alone, one directory per cluster.

mod keys;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use akash_sdl::Manifest;
use akash_types::LeaseId;
use akash_wallet::Key;
use async_trait::async_trait;
use rand::RngCore as _;
use rayakash_core::blueprint::{Keys, Plan};
use rayakash_core::spec::{Cluster, Name};
use rayakash_core::view::Version;
use rayakash_core::{Operation, Secret};
use rayakash_engine::machine::{Machine, Write};
use rayakash_engine::ports::{Unavailable, Vault};

use self::keys::{Stored, derive, drawing_keys, life};
use crate::private;

/// The key that pays, while it is in memory.
pub(crate) type Wallet = Arc<dyn Fn() -> Option<Key> + Send + Sync>;
/// Makes the keys of one life of a cluster, where a harness wants them to be its own.
pub type MakeKeys = Arc<dyn Fn(Operation) -> io::Result<Keys> + Send + Sync>;

/// The vault of a state directory.
#[derive(Clone)]
pub(crate) struct FileVault {
    root: PathBuf,
    wallet: Wallet,
    /// Held while keys are made: two callers must not make them twice.
    making: Arc<Mutex<()>>,
    make: Option<MakeKeys>,
    machine: Option<Arc<dyn Machine>>,
}

impl FileVault {
    /// The vault below a directory; nothing is made yet.
    pub(crate) fn new(root: PathBuf, wallet: Wallet) -> Self {
        Self { root, wallet, making: Arc::default(), make: None, machine: None }
    }

    /// The same on a machine that somebody stands in for, with keys of his making.
    pub(crate) fn on(machine: Arc<dyn Machine>, root: PathBuf, (wallet, make): (Wallet, MakeKeys)) -> Self {
        Self { make: Some(make), machine: Some(machine), ..Self::new(root, wallet) }
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
        let Some(wallet) = (self.wallet)() else {
            // Nothing is opened while the wallet is locked, so nothing is opened with these; but what is drawn must not change at each look.
            return drawing_keys();
        };
        self.store(cluster, &self.derived(&wallet, life(&wallet, cluster, self.once()))?)
    }

    /// True when this is a life of a cluster with this name. Nobody without the wallet's key can tell; neither can we while it is locked.
    pub(crate) fn is_life_of(&self, operation: Operation, name: &Name) -> bool {
        let once = operation.0.first_chunk().copied().unwrap_or_default();
        (self.wallet)().is_some_and(|wallet| life(&wallet, name, once) == operation)
    }

    /// The keys that a life of a cluster had from the start: they follow from the wallet's key. `None` while that is locked.
    pub(crate) fn keys_again(&self, operation: Operation) -> io::Result<Option<Keys>> {
        (self.wallet)().map(|wallet| self.derived(&wallet, operation)?.keys()).transpose()
    }

    /// Keeps the keys of a life of a cluster that was adopted. Those of another life, which a wish that opened nothing may have made, go.
    pub(crate) fn take_up(&self, cluster: &Name, operation: Operation) -> io::Result<()> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.kept_keys(cluster)?.is_some_and(|keys| keys.operation == operation);
        match (self.wallet)().filter(|_| !kept) {
            Some(wallet) => self.store(cluster, &self.derived(&wallet, operation)?).map(drop),
            None => Ok(()),
        }
    }

    /// The cluster whose keys here are those of a life, for who lost the ledger and not the keys.
    pub(crate) fn named(&self, operation: Operation) -> Option<Name> {
        let entries = std::fs::read_dir(&self.root).ok()?;
        let mut names =
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<Name>().ok());
        names.find(|name| self.kept_keys(name).ok().flatten().is_some_and(|keys| keys.operation == operation))
    }

    fn store(&self, cluster: &Name, stored: &Stored) -> io::Result<Keys> {
        self.put(cluster, &self.keys_path(cluster), &serde_json::to_vec(stored)?)?;
        stored.keys()
    }

    fn derived(&self, wallet: &Key, operation: Operation) -> io::Result<Stored> {
        self.make.as_ref().map_or_else(|| derive(wallet, operation), |make| Ok(Stored::of(&make(operation)?)))
    }

    /// What makes one life of a cluster another than the one before.
    fn once(&self) -> [u8; 4] {
        let mut once = [0; 4];
        match &self.machine {
            Some(machine) => machine.random(&mut once),
            None => rand::rngs::OsRng.fill_bytes(&mut once),
        }
        once
    }

    /// A cluster's keys; others, of the same size, when it has none yet. Nothing is written.
    pub(crate) fn keys_or_throwaway(&self, cluster: &Name) -> io::Result<Keys> {
        match self.kept_keys(cluster)? {
            Some(kept) => Ok(kept),
            None => drawing_keys(),
        }
    }

    fn keys_path(&self, cluster: &Name) -> PathBuf {
        self.of(cluster).join("keys.json")
    }

    fn kept_keys(&self, cluster: &Name) -> io::Result<Option<Keys>> {
        let Some(content) = private::read(&self.keys_path(cluster))? else { return Ok(None) };
        let stored: Stored = serde_json::from_slice(&content)?;
        stored.keys().map(Some)
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

impl fmt::Debug for FileVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileVault").field("root", &self.root).finish_non_exhaustive()
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
    use akash_wallet::Mnemonic;

    use super::*;

    fn unlocked() -> Wallet {
        let words = format!("{} art", ["abandon"; 23].join(" "));
        let key = Key::derive(&Mnemonic::parse(&words).unwrap(), 1).unwrap();
        Arc::new(move || Some(key.clone()))
    }

    /// What is made of the wallet's key and the name on chain must never change: clusters that run are reached by it.
    #[test]
    fn keys_come_again_from_the_wallet_and_the_name_on_chain() {
        let [home, wiped] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let name: Name = "a".parse().unwrap();
        let first = FileVault::new(home.path().to_owned(), unlocked());
        let keys = first.keys_of(&name).unwrap();
        assert_eq!(first.named(keys.operation), Some(name.clone()));
        assert!(first.is_life_of(keys.operation, &name));
        assert!(!first.is_life_of(keys.operation, &"b".parse().unwrap()));
        assert!(!first.is_life_of(Operation([7; 10]), &name));
        let other = first.keys_of(&"b".parse().unwrap()).unwrap();
        assert_ne!(keys.operation, other.operation);
        assert_ne!(keys.gate_token.expose(), other.gate_token.expose());

        let second = FileVault::new(wiped.path().to_owned(), unlocked());
        assert_eq!(second.named(keys.operation), None);
        second.take_up(&name, keys.operation).unwrap();
        let again = second.keys_of(&name).unwrap();
        let all = |keys: &Keys| {
            let secrets = [&keys.gate_key, &keys.gate_token, &keys.ray_token].map(|s| s.expose().to_owned());
            (keys.operation, keys.gate_certificate.clone(), secrets)
        };
        assert_eq!(all(&again), all(&keys));
        second.take_up(&name, other.operation).unwrap();
        assert_eq!(all(&second.keys_of(&name).unwrap()), all(&other), "those of the life that is there");
        let known = first.keys_again(Operation([7; 10])).unwrap().unwrap();
        assert_eq!(
            known.ray_token.expose(),
            first.keys_again(Operation([7; 10])).unwrap().unwrap().ray_token.expose()
        );
    }

    #[test]
    fn while_the_wallet_is_locked_what_is_drawn_stays_the_same_and_nothing_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let vault = FileVault::new(home.path().join("clusters"), Arc::new(|| None));
        let name: Name = "a".parse().unwrap();
        let token = || vault.keys_of(&name).unwrap().ray_token.expose().to_owned();
        assert_eq!(token(), token());
        assert!(!home.path().join("clusters").exists());
        assert!(vault.keys_again(Operation([7; 10])).unwrap().is_none());
    }

    #[test]
    fn callers_at_the_same_time_get_the_same_keys() {
        let home = tempfile::tempdir().unwrap();
        let vault = FileVault::new(home.path().to_owned(), unlocked());
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
        let real = FileVault::new(home.path().join("clusters"), unlocked());
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
        let vault = FileVault::new(home.path().join("clusters"), unlocked());
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
        let vault = FileVault::new(home.path().to_owned(), unlocked());
        let error = vault.plan(&"a".parse().unwrap(), [7; 32]).await.unwrap_err();
        assert!(error.why.contains("manifest-0707"), "{error}");
    }
}
