//! The disk of a daemon: a folder in memory, which may be full, fail, or be left as a power cut leaves it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayakash_engine::machine::{Machine, Write};
use rayakash_engine::ports::Clock as _;

use super::chance::Chance;
use super::clock::SimClock;
use super::effects::{Effects, Kind, Phase, gone};

/// What a disk does wrong from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ills {
    /// It is full: nothing more is written.
    pub(crate) full: bool,
    /// So many writes more arrive and are answered by an error.
    pub(crate) lost_answers: u32,
    /// How often each happened.
    pub(crate) told: (u64, u64),
}

/// The disk of one life of a daemon.
pub(crate) struct SimDisk {
    state: PathBuf,
    /// Where the state goes that the next life finds.
    next: PathBuf,
    effects: Arc<Effects>,
    clock: Arc<SimClock>,
    chance: Chance,
    ills: Arc<Mutex<Ills>>,
    /// The write in which this life ends, and the log as it was before.
    ending: Mutex<Option<(Phase, Vec<u8>)>>,
}

/// What a disk needs beside its folders.
pub(crate) struct Setting {
    /// The life's effects.
    pub(crate) effects: Arc<Effects>,
    /// Time.
    pub(crate) clock: Arc<SimClock>,
    /// Chance.
    pub(crate) chance: Chance,
    /// What goes wrong.
    pub(crate) ills: Arc<Mutex<Ills>>,
}

impl SimDisk {
    /// A disk with this state; the next life finds its own in `next`.
    pub(crate) fn new(state: PathBuf, next: PathBuf, setting: Setting) -> Self {
        let Setting { effects, clock, chance, ills } = setting;
        Self { state, next, effects, clock, chance, ills, ending: Mutex::default() }
    }

    /// Keeps what is on the disk now for the next life, and ends this one.
    pub(crate) fn cut_power(&self) -> io::Result<()> {
        if !self.effects.is_off() {
            self.effects.turn_off();
            copy(&self.state, &self.next)?;
        }
        Ok(())
    }

    fn ills(&self) -> MutexGuard<'_, Ills> {
        self.ills.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ending(&self) -> MutexGuard<'_, Option<(Phase, Vec<u8>)>> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some place within a torn write.
    fn somewhere(&self, length: usize) -> usize {
        let last = u64::try_from(length.saturating_sub(1)).unwrap_or(0);
        usize::try_from(self.chance.between(0, last)).unwrap_or(0)
    }

    /// The state before a file was written, and a part of its content beside it.
    fn tear_file(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        copy(&self.state, &self.next)?;
        let inside = path.strip_prefix(&self.state).map_err(io::Error::other)?;
        let mut scratch = self.next.join(inside).into_os_string();
        scratch.push(".new");
        if let Some(folder) = Path::new(&scratch).parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&scratch, content.get(..self.somewhere(content.len())).unwrap_or_default())
    }

    /// The log as it was before, and from the first byte that this write changed some way into it.
    fn tear_log(&self, path: &Path, before: &[u8]) -> io::Result<()> {
        copy(&self.state, &self.next)?;
        let inside = log_of(path);
        let inside = inside.strip_prefix(&self.state).map_err(io::Error::other)?;
        let log = self.next.join(inside);
        let after = fs::read(&log)?;
        let same = before.iter().zip(&after).take_while(|(old, new)| old == new).count();
        let until = same.saturating_add(self.somewhere(after.len().saturating_sub(same)));
        let mut torn = after.get(..until).unwrap_or_default().to_vec();
        torn.extend(before.get(until..).unwrap_or_default());
        fs::write(log, torn)
    }
}

fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

fn kind(write: &Write<'_>) -> Kind {
    match write {
        Write::Ledger { what, .. } => Kind::Ledger((*what).to_owned()),
        Write::File { path, .. } => {
            let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            // `manifest-0af3….json` and `gate-17….json` are manifests and gates.
            Kind::File(name.split(['-', '.']).next().unwrap_or_default().to_owned())
        }
        Write::Removal { .. } => Kind::Removal,
    }
}

impl Machine for SimDisk {
    fn before(&self, write: &Write<'_>) -> io::Result<()> {
        let ends = self.effects.enter(kind(write))?;
        match (ends, write) {
            (None, _) => {}
            (Some(Phase::Before), _) => {
                self.cut_power()?;
                return Err(gone());
            }
            (Some(Phase::Torn), Write::File { path, content }) => {
                self.effects.turn_off();
                self.tear_file(path, content)?;
                return Err(gone());
            }
            (Some(phase), Write::Ledger { path, .. }) => {
                *self.ending() = Some((phase, fs::read(log_of(path)).unwrap_or_default()));
            }
            (Some(phase), Write::File { .. } | Write::Removal { .. }) => {
                *self.ending() = Some((phase, Vec::new()));
            }
        }
        let mut ills = self.ills();
        if ills.full && ends.is_none() && !matches!(write, Write::Removal { .. }) {
            ills.told.0 = ills.told.0.saturating_add(1);
            // No space left on device.
            return Err(io::Error::from_raw_os_error(28));
        }
        Ok(())
    }

    fn after(&self, write: &Write<'_>) -> io::Result<()> {
        let ending = self.ending().take();
        match (ending, write) {
            (None, _) => {}
            (Some((Phase::Torn, before)), Write::Ledger { path, .. }) => {
                self.effects.turn_off();
                self.tear_log(path, &before)?;
                return Err(gone());
            }
            (Some(_), _) => {
                self.cut_power()?;
                return Err(gone());
            }
        }
        let mut ills = self.ills();
        if let Some(left) = ills.lost_answers.checked_sub(1) {
            ills.lost_answers = left;
            ills.told.1 = ills.told.1.saturating_add(1);
            // Input/output error.
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(())
    }

    fn random(&self, bytes: &mut [u8]) {
        self.chance.fill(bytes);
    }

    fn unix_ms(&self) -> u64 {
        self.clock.unix_ms()
    }
}

/// Copies a state directory as it lies on the disk. The shared memory of the log is not on a disk.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if !entry.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
