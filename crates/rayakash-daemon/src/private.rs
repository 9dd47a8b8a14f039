//! Files that only their owner may read, written so that a crash leaves the old content or the new.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Makes a directory, and those above it, for the owner alone. One that exists stays as it is.
pub(crate) fn dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file for the owner alone. When it returns, the content is on the disk.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or_else(|| io::Error::other("a file without a directory"))?;
    let mut scratch = path.as_os_str().to_owned();
    scratch.push(".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&scratch)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&scratch, path)?;
    File::open(parent)?.sync_all()
}

/// Removes a directory with all that is in it. One that is not there is gone already.
pub(crate) fn remove_dir(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads a file; `None` when it is not there.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_the_owner_may_read_and_a_new_content_replaces_the_old() {
        let home = tempfile::tempdir().unwrap();
        let below = home.path().join("a/b");
        dir(&below).unwrap();
        let path = below.join("key");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"two");
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&below)), (0o600, 0o700));
        assert_eq!(fs::read_dir(&below).unwrap().count(), 1);
    }
}
