//! Keys: encrypted files, and the one that the context pays with, in memory once it is unlocked.

use std::path::PathBuf;

use akash_types::Address;
use akash_wallet::keyfile::{self, Cost, KeyFileError};
use akash_wallet::{BadKey, BadMnemonic, Key, Mnemonic};
use secrecy::SecretString;

use crate::private;

/// The sandbox's mnemonic. Everybody knows it; it is worth nothing anywhere else.
pub(crate) const SANDBOX_MNEMONIC: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
    abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";
/// The tenant's account among the sandbox's keys.
const SANDBOX_INDEX: u32 = 1;

/// The key files of a configuration directory.
#[derive(Clone, Debug)]
pub(crate) struct Keyring {
    dir: PathBuf,
}

/// Why a key cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("`{0}` is no name for a key: lower-case letters, digits and `-`, from a letter")]
    BadName(String),
    #[error("there is no key `{0}`")]
    Unknown(String),
    #[error(transparent)]
    File(#[from] KeyFileError),
    #[error(transparent)]
    Mnemonic(#[from] BadMnemonic),
    #[error(transparent)]
    Key(#[from] BadKey),
    #[error("the key directory cannot be used")]
    Io(#[from] std::io::Error),
}

impl Keyring {
    pub(crate) const fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Names are file names: what could leave the directory is refused.
    fn path(&self, name: &str) -> Result<PathBuf, KeyError> {
        let checked: rayakash_core::spec::Name =
            name.parse().map_err(|_| KeyError::BadName(name.chars().take(60).collect()))?;
        Ok(self.dir.join(format!("{checked}.json")))
    }

    fn existing(&self, name: &str) -> Result<PathBuf, KeyError> {
        let path = self.path(name)?;
        if path.exists() { Ok(path) } else { Err(KeyError::Unknown(name.to_owned())) }
    }

    /// The names and addresses of all key files.
    pub(crate) fn list(&self) -> Vec<(String, Option<Address>)> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return Vec::new() };
        let mut keys: Vec<_> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().to_str()?.strip_suffix(".json")?.to_owned();
                Some((name, keyfile::address(&entry.path()).ok()))
            })
            .collect();
        keys.sort();
        keys
    }

    /// The address of a key, which needs no passphrase.
    pub(crate) fn address(&self, name: &str) -> Option<Address> {
        self.path(name).ok().and_then(|path| keyfile::address(&path).ok())
    }

    /// Stores a new key; the words are answered when they were made here.
    pub(crate) fn add(
        &self,
        name: &str,
        words: Option<&str>,
        passphrase: &SecretString,
    ) -> Result<(Mnemonic, bool), KeyError> {
        let path = self.path(name)?;
        private::dir(&self.dir)?;
        let mnemonic = match words {
            Some(words) => Mnemonic::parse(words)?,
            None => Mnemonic::generate()?,
        };
        keyfile::save(&path, &mnemonic, passphrase, Cost::default())?;
        Ok((mnemonic, words.is_none()))
    }

    pub(crate) fn open(&self, name: &str, passphrase: &SecretString) -> Result<Key, KeyError> {
        Ok(Key::derive(&self.words(name, passphrase)?, 0)?)
    }

    pub(crate) fn words(&self, name: &str, passphrase: &SecretString) -> Result<Mnemonic, KeyError> {
        Ok(keyfile::load(&self.existing(name)?, passphrase)?)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), KeyError> {
        Ok(std::fs::remove_file(self.existing(name)?)?)
    }
}

/// The sandbox's tenant.
pub(crate) fn sandbox_key() -> Result<Key, KeyError> {
    Ok(Key::derive(&Mnemonic::parse(SANDBOX_MNEMONIC)?, SANDBOX_INDEX)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_s_tenant_is_the_one_everybody_knows() {
        let key = sandbox_key().unwrap();
        assert_eq!(key.address().as_str(), "akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v");
    }

    #[test]
    fn a_name_cannot_leave_the_directory() {
        let ring = Keyring::new(PathBuf::from("/nowhere"));
        for bad in ["../a", "a/b", "", ".", "A"] {
            assert!(matches!(ring.path(bad), Err(KeyError::BadName(_))), "{bad}");
        }
        assert!(matches!(ring.existing("a"), Err(KeyError::Unknown(_))));
    }
}
