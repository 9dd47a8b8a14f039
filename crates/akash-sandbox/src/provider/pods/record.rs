//! What is written down about leases and pods, so that a sandbox that was killed finds them again.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Replaces `path` by `value` as JSON, whole or not at all, readable by its owner only (manifests carry secrets).
pub(crate) fn save<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let text = serde_json::to_vec(value)?;
    let fresh = path.with_extension("new");
    let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(&text)?;
    file.sync_data()?;
    fs::rename(&fresh, path)
}

/// What [`save`] wrote; `None` when there is no such file.
pub(crate) fn load<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Bytes from the system's random source.
pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// `N` random letters as Kubernetes uses them in pod names: no vowels, so no words.
pub(crate) fn letters<const N: usize>() -> io::Result<String> {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let pick = |byte: &u8| ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().map_or('x', char::from);
    Ok(random::<N>()?.iter().map(pick).collect())
}

/// Makes a new private folder `/tmp/rk…` with a short name: Ray's sockets live below it, and their paths have 107 bytes.
pub(crate) fn short_folder() -> io::Result<std::path::PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let path = Path::new("/tmp").join(format!("rk{}", letters::<8>()?));
    fs::DirBuilder::new().mode(0o700).create(&path)?;
    Ok(path)
}
