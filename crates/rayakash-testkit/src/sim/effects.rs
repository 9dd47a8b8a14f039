//! Effects of one life of a daemon, counted: durable writes, and what leaves it. At one of them the life may end.

use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// What kind of effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One transaction of the ledger.
    Ledger(String),
    /// A file of the vault.
    File(String),
    /// Removal of a cluster's folder.
    Removal,
    /// A transaction leaves for one node.
    Broadcast,
    /// A manifest leaves for a provider.
    Manifest,
    /// A probe job goes to Ray.
    Probe,
    /// Ray is asked to end jobs.
    Drain,
}

impl Kind {
    /// True for what the disk keeps.
    pub const fn is_durable(&self) -> bool {
        match self {
            Self::Ledger(_) | Self::File(_) => true,
            Self::Removal | Self::Broadcast | Self::Manifest | Self::Probe | Self::Drain => false,
        }
    }

    /// True for what leaves the daemon.
    pub const fn is_outside(&self) -> bool {
        match self {
            Self::Broadcast | Self::Manifest | Self::Probe | Self::Drain => true,
            Self::Ledger(_) | Self::File(_) | Self::Removal => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger(what) => write!(f, "ledger: {what}"),
            Self::File(name) => write!(f, "file: {name}"),
            Self::Removal => f.write_str("remove the folder"),
            Self::Broadcast => f.write_str("broadcast"),
            Self::Manifest => f.write_str("manifest"),
            Self::Probe => f.write_str("probe"),
            Self::Drain => f.write_str("drain"),
        }
    }
}

/// When, around an effect, a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Before anything of it is done.
    Before,
    /// A part of it is on the disk.
    Torn,
    /// It is done, and the daemon does not learn so.
    After,
}

/// A moment at which a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Which effect of the life, from 1.
    pub nth: u64,
    /// When around it.
    pub phase: Phase,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.phase {
            Phase::Before => "before",
            Phase::Torn => "torn in",
            Phase::After => "after",
        };
        write!(f, "{phase} effect {}", self.nth)
    }
}

/// The effects of one life.
#[derive(Debug)]
pub(crate) struct Effects {
    inner: Mutex<Inner>,
    off: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Inner {
    kinds: Vec<Kind>,
    stop: Option<Point>,
}

impl Effects {
    /// A life that ends at a point, or only when it is told to.
    pub(crate) fn new(stop: Option<Point>) -> Self {
        Self { inner: Mutex::new(Inner { kinds: Vec::new(), stop }), off: watch::Sender::new(false) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every effect so far, in order.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        self.inner().kinds.clone()
    }

    /// How many effects there were so far.
    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.inner().kinds.len()).unwrap_or(u64::MAX)
    }

    /// Ends this life at its so-manieth effect from now.
    pub(crate) fn stop_in(&self, effects: u64, phase: Phase) {
        let nth = self.count().saturating_add(effects.max(1));
        self.inner().stop = Some(Point { nth, phase });
    }

    /// This life does not end by itself any more.
    pub(crate) fn spare(&self) {
        self.inner().stop = None;
    }

    /// True when it ended in the middle of a write.
    pub(crate) fn was_torn(&self) -> bool {
        self.inner().stop.is_some_and(|point| point.phase == Phase::Torn)
    }

    /// Another effect; when in it the life ends, if it does. An error: it has ended already.
    pub(crate) fn enter(&self, kind: Kind) -> io::Result<Option<Phase>> {
        if self.is_off() {
            return Err(gone());
        }
        let mut inner = self.inner();
        let stop = inner.stop;
        let torn = kind.is_durable();
        inner.kinds.push(kind);
        let nth = u64::try_from(inner.kinds.len()).unwrap_or(u64::MAX);
        // What cannot be torn is cut off behind it.
        let phase = |point: Point| match point.phase {
            Phase::Torn if !torn => Phase::After,
            phase @ (Phase::Before | Phase::Torn | Phase::After) => phase,
        };
        Ok(stop.filter(|point| point.nth == nth).map(phase))
    }

    /// An effect that leaves the daemon: comes back when it may be done. The answer is whether the life ends behind it.
    pub(crate) async fn leave(&self, kind: Kind) -> bool {
        match self.enter(kind) {
            Ok(None) => false,
            Ok(Some(Phase::Torn | Phase::After)) => true,
            Ok(Some(Phase::Before)) | Err(_) => {
                self.turn_off();
                std::future::pending().await
            }
        }
    }

    /// From now on nothing of this life has an effect.
    pub(crate) fn turn_off(&self) {
        self.off.send_replace(true);
    }

    /// True once the life is over.
    pub(crate) fn is_off(&self) -> bool {
        *self.off.borrow()
    }

    /// Waits until the life is over.
    pub(crate) async fn over(&self) {
        let mut off = self.off.subscribe();
        // The sender lives as long as this.
        let _over = off.wait_for(|off| *off).await;
    }
}

/// What a life that is over is told.
pub(crate) fn gone() -> io::Error {
    io::Error::other("the machine is off")
}
