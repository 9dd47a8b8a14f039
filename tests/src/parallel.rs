//! Work for all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What becomes of each of these, in their order.
pub fn map<A: Sync, B: Send>(all: &[A], of: impl Fn(&A) -> B + Sync) -> Vec<B> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, B)>> = Mutex::default();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(place) else { return };
                    let became = of(one);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((place, became));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, became)| became).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once_and_stays_in_order() {
        let all: Vec<u64> = (0..1_000).collect();
        assert_eq!(map(&all, |n| n * 2), all.iter().map(|n| n * 2).collect::<Vec<_>>());
    }
}
