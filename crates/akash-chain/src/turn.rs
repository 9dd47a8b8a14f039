//! One at a time, the more urgent first.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard as Guard, PoisonError};

use tokio::sync::{MutexGuard, Notify};

/// A value that one at a time has. Among those who wait, a lower lane goes first, and within a lane who came first.
#[derive(Debug, Default)]
pub(crate) struct Turns<T> {
    value: tokio::sync::Mutex<T>,
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    places: BTreeSet<Place>,
    next: u64,
}

/// A lane, and the order within it.
type Place = (u8, u64);

/// The value, until this is dropped.
pub(crate) struct Turn<'a, T> {
    // Dropped in this order: whoever is woken finds the value free.
    value: MutexGuard<'a, T>,
    _left: Wake<'a>,
}

impl<T> Turns<T> {
    /// Waits for a turn. Dropping the future gives the place up.
    pub(crate) async fn take(&self, lane: u8) -> Turn<'_, T> {
        let queued = self.enter(lane);
        loop {
            // Made before the look, so that no wake is missed.
            let changed = self.changed.notified();
            if self.waiting().places.first() == Some(&queued.place)
                && let Ok(value) = self.value.try_lock()
            {
                drop(queued);
                return Turn { value, _left: Wake(&self.changed) };
            }
            changed.await;
        }
    }

    fn enter(&self, lane: u8) -> Queued<'_> {
        let mut waiting = self.waiting();
        let place = (lane, waiting.next);
        waiting.next = waiting.next.wrapping_add(1);
        waiting.places.insert(place);
        Queued { waiting: &self.waiting, place, _wake: Wake(&self.changed) }
    }

    fn waiting(&self) -> Guard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among those who wait.
struct Queued<'a> {
    waiting: &'a Mutex<Waiting>,
    place: Place,
    // Dropped after the place is given up.
    _wake: Wake<'a>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).places.remove(&self.place);
    }
}

/// Wakes everyone who waits, when it is dropped.
struct Wake<'a>(&'a Notify);

impl Drop for Wake<'_> {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    async fn waits(turns: &Turns<Vec<u8>>, places: usize) {
        while turns.waiting().places.len() < places {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn the_more_urgent_goes_first_and_who_came_first_within_a_lane() {
        let turns: Arc<Turns<Vec<u8>>> = Arc::default();
        let held = turns.take(9).await;
        let mut set = tokio::task::JoinSet::new();
        for (n, (lane, name)) in [(2, 1), (1, 2), (2, 3), (0, 4)].into_iter().enumerate() {
            let theirs = Arc::clone(&turns);
            set.spawn(async move { theirs.take(lane).await.push(name) });
            waits(&turns, n + 1).await;
        }
        drop(held);
        set.join_all().await;
        assert_eq!(*turns.take(0).await, [4, 2, 1, 3]);
    }

    #[tokio::test]
    async fn who_gives_up_does_not_keep_the_others_waiting() {
        let turns: Arc<Turns<Vec<u8>>> = Arc::default();
        let held = turns.take(0).await;
        let mut set = tokio::task::JoinSet::new();
        let (first, second) = (Arc::clone(&turns), Arc::clone(&turns));
        let gives_up = set.spawn(async move { drop(first.take(0).await) });
        waits(&turns, 1).await;
        set.spawn(async move { second.take(1).await.push(7) });
        waits(&turns, 2).await;
        gives_up.abort();
        assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
        drop(held);
        set.join_next().await.unwrap().unwrap();
        assert_eq!(*turns.take(0).await, [7]);
    }
}
