//! Chance and the clock of a machine that somebody stands in for, as the tables' defaults ask for them.

use std::sync::Arc;

use rayakash_engine::machine::Machine;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

/// The most bytes that are drawn at once.
const MOST: usize = 64;

/// Puts the machine's chance and clock in the place of SQLite's.
pub(crate) fn take_from(machine: &Arc<dyn Machine>, connection: &Connection) -> rusqlite::Result<()> {
    // Defaults of tables may call what is harmless only.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
    let chance = Arc::clone(machine);
    connection.create_scalar_function("randomblob", 1, flags, move |context| {
        let wanted = usize::try_from(context.get::<i64>(0)?).unwrap_or(0);
        let mut bytes = vec![0; wanted.min(MOST)];
        chance.random(&mut bytes);
        Ok(bytes)
    })?;
    let clock = Arc::clone(machine);
    connection.create_scalar_function("unixepoch", 1, flags, move |_| {
        let at = clock.unix_ms();
        let (seconds, millis) = (at / 1_000, at % 1_000);
        // As text: this crate knows no floats, and SQLite reads it as the number that it is.
        Ok(format!("{seconds}.{millis:03}"))
    })
}
