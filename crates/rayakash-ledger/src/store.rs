//! The file: one connection that writes, one that reads, and how it is opened.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rayakash_engine::machine::{Machine, Write};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::watch;

use crate::error::{Fault, LedgerError};
use crate::{chance, records};

/// Marks the file as ours: `RYKL`.
const APPLICATION_ID: i64 = 0x5259_4B4C;
/// What turns each version of the format into the next. The last one's number is the format of this release.
const MIGRATIONS: &[&str] =
    &[include_str!("schema.sql"), include_str!("double_entry.sql"), include_str!("recovery.sql")];
/// Another process may look into the file: a backup, a person.
const BUSY: Duration = Duration::from_secs(5);

/// The ledger's file.
pub(crate) struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    newest: watch::Sender<u64>,
    machine: Option<Arc<dyn Machine>>,
}

impl Store {
    /// Opens the file, or makes it. A file that is damaged, foreign or of a newer format is left as it is.
    pub(crate) fn open(path: &Path, machine: Option<Arc<dyn Machine>>) -> Result<Self, LedgerError> {
        make(path)?;
        let opening = |fault: Fault| fault.at(path, "open the tables");
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut writer = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|error| opening(error.into()))?;
        check(&writer, path)?;
        if let Some(machine) = &machine {
            chance::take_from(machine, &writer).map_err(|error| opening(error.into()))?;
        }
        prepare(&mut writer, machine.as_ref(), path).map_err(opening)?;
        let reader = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|error| opening(error.into()))?;
        reader.busy_timeout(BUSY).map_err(|error| opening(error.into()))?;
        let newest = records::newest_seq(&writer).map_err(|error| opening(error.into()))?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            newest: watch::Sender::new(newest),
            machine,
        })
    }

    /// The number of the newest record, from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// One transaction, all or nothing. It is durable when this returns, and goes on to its end when the future is dropped.
    pub(crate) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        what: &'static str,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let store = Arc::clone(self);
        self.blocking(what, move || {
            // A job that panicked was rolled back, so the connection is as good as before.
            let mut writer = store.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = job(&transaction)?;
            let newest = records::newest_seq(&transaction)?;
            commit(transaction, store.machine.as_ref(), (what, &store.path))?;
            store.newest.send_replace(newest);
            Ok(answer)
        })
        .await
    }

    /// Reads within one snapshot.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        what: &'static str,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let store = Arc::clone(self);
        self.blocking(what, move || {
            let mut reader = store.reader.lock().unwrap_or_else(PoisonError::into_inner);
            job(&reader.transaction()?)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, LedgerError> {
        if self.machine.is_some() {
            // Who stands in for the machine wants things in order.
            return job().map_err(|fault| fault.at(&self.path, what));
        }
        match tokio::task::spawn_blocking(job).await {
            Ok(answer) => answer.map_err(|fault| fault.at(&self.path, what)),
            Err(_) => Err(LedgerError::Stopped { what, path: self.path.clone() }),
        }
    }

    #[cfg(test)]
    pub(crate) fn with_writer<T>(&self, job: impl FnOnce(&Connection) -> T) -> T {
        job(&self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A folder and a file that nobody else reads. SQLite gives its side files the mode of the file.
fn make(path: &Path) -> Result<(), LedgerError> {
    let failed = |what, source| LedgerError::Folder { what, path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|e| failed("make the folder of", e))?;
    }
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
    let file = file.map_err(|e| failed("open", e))?;
    file.set_permissions(Permissions::from_mode(0o600)).map_err(|e| failed("close to others", e))
}

/// Whether the file is a sound ledger of a format that is known here. Reads only.
fn check(writer: &Connection, path: &Path) -> Result<(), LedgerError> {
    let checking = |error: rusqlite::Error| Fault::from(error).at(path, "check the tables");
    let sound: String = writer.pragma_query_value(None, "quick_check", |row| row.get(0)).map_err(checking)?;
    if sound != "ok" {
        return Err(LedgerError::Damaged { path: path.to_owned(), problem: sound });
    }
    let application: i64 =
        writer.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(checking)?;
    let tables: i64 =
        writer.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(checking)?;
    if application != APPLICATION_ID && (application, tables) != (0, 0) {
        return Err(LedgerError::Foreign { path: path.to_owned() });
    }
    let (found, known) = (version(writer).map_err(checking)?, known());
    if found > known {
        return Err(LedgerError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

/// Settings of the connection, and the migrations that are still to be made, in one transaction.
fn prepare(writer: &mut Connection, machine: Option<&Arc<dyn Machine>>, path: &Path) -> Result<(), Fault> {
    writer.busy_timeout(BUSY)?;
    let mode: String = writer.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::refused("its file system does not allow a write-ahead log"));
    }
    writer.pragma_update(None, "synchronous", "full")?;
    writer.pragma_update(None, "foreign_keys", true)?;
    writer.pragma_update(None, "trusted_schema", false)?;
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = usize::try_from(version(&transaction)?).unwrap_or(0);
    if done < MIGRATIONS.len() {
        for migration in MIGRATIONS.iter().skip(done) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", known())?;
        commit(transaction, machine, ("make the tables", path))?;
    }
    Ok(())
}

/// The one place where the ledger becomes durable.
fn commit(
    transaction: Transaction<'_>,
    machine: Option<&Arc<dyn Machine>>,
    (what, path): (&'static str, &Path),
) -> Result<(), Fault> {
    let Some(machine) = machine else { return Ok(transaction.commit()?) };
    let write = Write::Ledger { what, path };
    machine.before(&write)?;
    transaction.commit()?;
    Ok(machine.after(&write)?)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}
