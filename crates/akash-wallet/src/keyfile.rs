//! A mnemonic at rest: one JSON file, encrypted with a passphrase.
//!
//! The passphrase is stretched with argon2id into two keys: one to check the passphrase with, so that a wrong one is told from
//! a damaged file, and one for ChaCha20-Poly1305. Everything else in the file is authenticated with the words.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use akash_types::Address;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use rand::RngCore as _;
use rand::rngs::OsRng;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Key, Mnemonic};

/// The one version of the format.
const VERSION: u32 = 1;
/// A file longer than this is no key file.
const MAX_BYTES: u64 = 16 * 1024;
/// Costs above these are refused on reading: a file from outside must not take the machine's memory.
const MAX_COST: Cost = Cost { memory_kib: 1024 * 1024, passes: 64 };

/// How hard guessing the passphrase is made. Stored in the file, so that a later default opens older files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    /// 64 MiB, 3 passes: RFC 9106's second recommendation, a fraction of a second.
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3 }
    }
}

/// Why a key file was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is a file already, perhaps with money behind it.
    #[error("{} exists already, and was left as it is", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others can read it.
    #[error("{} can be read by others (mode {mode:o}); `chmod 600` it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no key file.
    #[error("{} is not a key file: {problem}", path.display())]
    NotAKeyFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// The passphrase does not fit.
    #[error("wrong passphrase for {}", path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase fits, and the content was changed.
    #[error("{} was changed since it was written, or is damaged", path.display())]
    Tampered {
        /// The file.
        path: PathBuf,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    address: String,
    kdf: String,
    cost: Cost,
    #[serde(with = "hex::serde")]
    salt: [u8; 16],
    /// Half of what the passphrase is stretched into; tells nothing about the other half.
    #[serde(with = "hex::serde")]
    check: [u8; 32],
    cipher: String,
    #[serde(with = "hex::serde")]
    nonce: [u8; 12],
    #[serde(with = "hex::serde")]
    sealed: Vec<u8>,
}

const KDF: &str = "argon2id";
const CIPHER: &str = "chacha20poly1305";

/// Writes a mnemonic, readable by the owner alone. The file appears whole or not at all; nothing that exists is touched.
pub fn save(
    path: &Path,
    mnemonic: &Mnemonic,
    passphrase: &SecretString,
    cost: Cost,
) -> Result<(), KeyFileError> {
    if path.symlink_metadata().is_ok() {
        return Err(KeyFileError::Exists { path: path.to_owned() });
    }
    let unusable = |problem: String| KeyFileError::NotAKeyFile { path: path.to_owned(), problem };
    let address = Key::derive(mnemonic, 0).map_err(|e| unusable(e.to_string()))?.address().to_string();
    let mut salt = [0; 16];
    let mut nonce = [0; 12];
    OsRng.fill_bytes(&mut salt);
    OsRng.fill_bytes(&mut nonce);
    let stretched = stretch(passphrase, &salt, cost).map_err(&unusable)?;
    let mut stored = Stored {
        version: VERSION,
        address,
        kdf: KDF.to_owned(),
        cost,
        salt,
        check: stretched.check,
        cipher: CIPHER.to_owned(),
        nonce,
        sealed: Vec::new(),
    };
    let header = stored.header();
    let payload = Payload { msg: &mnemonic.entropy(), aad: &header };
    stored.sealed = stretched
        .cipher()
        .encrypt(&nonce.into(), payload)
        .map_err(|_| unusable("it cannot be encrypted".to_owned()))?;
    let text = serde_json::to_string_pretty(&stored).map_err(|e| unusable(e.to_string()))?;
    write(path, format!("{text}\n").as_bytes())
}

/// Reads a mnemonic.
pub fn load(path: &Path, passphrase: &SecretString) -> Result<Mnemonic, KeyFileError> {
    let stored = read(path)?;
    let tampered = || KeyFileError::Tampered { path: path.to_owned() };
    let stretched = stretch(passphrase, &stored.salt, stored.cost)
        .map_err(|problem| KeyFileError::NotAKeyFile { path: path.to_owned(), problem })?;
    if stretched.check != stored.check {
        return Err(KeyFileError::WrongPassphrase { path: path.to_owned() });
    }
    let payload = Payload { msg: &stored.sealed, aad: &stored.header() };
    let entropy = stretched.cipher().decrypt(&stored.nonce.into(), payload).map_err(|_| tampered())?;
    Mnemonic::from_entropy(&Zeroizing::new(entropy)).ok_or_else(tampered)
}

/// The address of the file's first key, which needs no passphrase and is therefore not authenticated.
pub fn address(path: &Path) -> Result<Address, KeyFileError> {
    read(path)?.address.parse().map_err(|e: akash_types::BadAddress| KeyFileError::NotAKeyFile {
        path: path.to_owned(),
        problem: e.to_string(),
    })
}

impl Stored {
    /// Everything but the sealed words, in one unambiguous form.
    fn header(&self) -> Vec<u8> {
        let Self { version, address, kdf, cost, salt, check, cipher, nonce, sealed: _ } = self;
        format!(
            "{version}\n{address}\n{kdf}\n{}\n{}\n{}\n{}\n{cipher}\n{}\n",
            cost.memory_kib,
            cost.passes,
            hex::encode(salt),
            hex::encode(check),
            hex::encode(nonce)
        )
        .into_bytes()
    }
}

/// What a passphrase becomes.
struct Stretched {
    check: [u8; 32],
    key: Zeroizing<[u8; 32]>,
}

impl Stretched {
    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&(*self.key).into())
    }
}

fn stretch(passphrase: &SecretString, salt: &[u8; 16], cost: Cost) -> Result<Stretched, String> {
    let params =
        Params::new(cost.memory_kib, cost.passes, 1, Some(64)).map_err(|e| format!("its cost: {e}"))?;
    let mut both = Zeroizing::new([0; 64]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose_secret().as_bytes(), salt, &mut *both)
        .map_err(|e| e.to_string())?;
    let mut stretched = Stretched { check: [0; 32], key: Zeroizing::new([0; 32]) };
    let (check, key) = both.split_at(32);
    stretched.check.copy_from_slice(check);
    stretched.key.copy_from_slice(key);
    Ok(stretched)
}

fn read(path: &Path) -> Result<Stored, KeyFileError> {
    let io = |what| move |source| KeyFileError::Io { what, path: path.to_owned(), source };
    let not = |problem: String| KeyFileError::NotAKeyFile { path: path.to_owned(), problem };
    let file = File::open(path).map_err(io("open"))?;
    let mode = file.metadata().map_err(io("read"))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut text).map_err(io("read"))?;
    let stored: Stored = serde_json::from_slice(&text).map_err(|e| not(e.to_string()))?;
    if stored.version != VERSION || stored.kdf != KDF || stored.cipher != CIPHER {
        return Err(not(format!("format {} is unknown to this version", stored.version)));
    }
    if stored.cost.memory_kib > MAX_COST.memory_kib || stored.cost.passes > MAX_COST.passes {
        return Err(not("opening it would take more than 1 GiB or 64 passes".to_owned()));
    }
    Ok(stored)
}

/// A temporary file beside the target, on disk before it gets the target's name.
fn write(path: &Path, content: &[u8]) -> Result<(), KeyFileError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.tmp", OsRng.next_u64()));
    let temporary = path.with_file_name(name);
    let io = |what| move |source| KeyFileError::Io { what, path: path.to_owned(), source };
    let result = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .map_err(io("create"))?;
        file.write_all(content).and_then(|()| file.sync_all()).map_err(io("write"))?;
        // A link, unlike a rename, fails when the name is taken meanwhile.
        match std::fs::hard_link(&temporary, path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                Err(KeyFileError::Exists { path: path.to_owned() })
            }
            other => other.map_err(io("create")),
        }
    })();
    // The link keeps the file; this name is litter, and so is what could not be removed.
    drop(std::fs::remove_file(&temporary));
    result?;
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(parent).and_then(|dir| dir.sync_all()).map_err(io("sync the folder of"))
}

#[cfg(test)]
mod tests;
