//! Random numbers, and the names made of them.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// Bytes from the system's random source.
pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// `N` random letters as Kubernetes uses them in pod names: no vowels, so no words.
pub(crate) fn letters<const N: usize>() -> io::Result<String> {
    Ok(random::<N>()?.iter().map(letter).collect())
}

/// The letter for a byte.
pub(crate) fn letter(byte: &u8) -> char {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().map_or('x', char::from)
}

/// A random id as Kubernetes gives to every object.
pub(crate) fn uid() -> io::Result<String> {
    let hex = hex::encode(random::<16>()?);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

/// Makes a new private folder `/tmp/rk…` with a short name: Ray's sockets live below it, and their paths have 107 bytes.
pub(crate) fn short_folder() -> io::Result<std::path::PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let path = Path::new("/tmp").join(format!("rk{}", letters::<8>()?));
    fs::DirBuilder::new().mode(0o700).create(&path)?;
    Ok(path)
}
