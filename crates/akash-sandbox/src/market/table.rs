//! Tables that are cheap to copy: a copy shares everything, and writing to one of the two copies the path to the entry.

mod node;

use std::borrow::Borrow;
use std::fmt;

use self::node::{Link, Walk};

/// An ordered table. The state of a block is copied for every transaction and kept for many heights, so a copy must cost nothing,
/// however much is in it, and a write little.
pub struct Table<K, V>(Link<K, V>);

impl<K: Ord, V> Table<K, V> {
    /// The entry of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        node::get(&self.0, key)
    }

    /// Whether a key has an entry.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// Writes an entry.
    pub fn set(&mut self, key: K, value: V) {
        self.0 = node::with(&self.0, (key, value).into());
    }

    /// Takes an entry away; whether there was one.
    pub fn remove(&mut self, key: &K) -> bool {
        let found = self.contains(key);
        if found {
            self.0 = node::without(&self.0, key);
        }
        found
    }

    /// All entries in key order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        Walk::all(&self.0)
    }

    /// The entries from a key on, in key order.
    pub fn from<Q: Ord + ?Sized>(&self, key: &Q) -> impl Iterator<Item = (&K, &V)>
    where
        K: Borrow<Q>,
    {
        Walk::from(&self.0, key)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        node::size(&self.0)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Ord + fmt::Debug, V: fmt::Debug> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn does_what_an_ordinary_map_does_and_leaves_copies_alone() {
        let (mut table, mut map) = (Table::default(), BTreeMap::new());
        let mut copies = Vec::new();
        let mut number = 1_u32;
        for step in 0..4_000_u32 {
            // A sequence that looks random, the same everywhere; in between ascending keys, as most of the chain's are.
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let key = if step % 1_000 < 300 { step } else { number >> 22 };
            if number & 0x300 == 0 {
                assert_eq!(table.remove(&key), map.remove(&key).is_some());
            } else {
                table.set(key, step);
                map.insert(key, step);
            }
            assert!(node::is_balanced(&table.0), "after step {step}");
            assert_eq!((table.get(&key), table.len()), (map.get(&key), map.len()));
            if step % 500 == 0 {
                copies.push((table.clone(), map.clone()));
            }
        }
        copies.push((table, map));
        for (table, map) in &copies {
            assert!(table.iter().eq(map));
            assert!(table.iter().rev().eq(map.iter().rev()));
            assert!((0..1_100).all(|key| table.from(&key).eq(map.range(key..))));
        }
    }

    #[test]
    fn both_ends_of_a_walk_meet() {
        let mut table = Table::default();
        (0..10).for_each(|n| table.set(n, ()));
        let mut walk = table.iter().map(|(n, ())| *n);
        let ends: Vec<_> = std::iter::from_fn(|| Some((walk.next()?, walk.next_back()?))).collect();
        assert_eq!(ends, [(0, 9), (1, 8), (2, 7), (3, 6), (4, 5)]);
        assert_eq!(walk.next(), None);
    }

    #[test]
    fn an_empty_table_has_nothing() {
        let mut table = Table::<u32, u32>::default();
        assert!(table.is_empty() && !table.remove(&1) && table.get(&1).is_none());
        assert_eq!((table.len(), table.iter().count(), table.from(&0).count()), (0, 0, 0));
    }
}
