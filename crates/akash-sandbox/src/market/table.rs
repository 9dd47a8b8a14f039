//! Tables that are cheap to copy: a copy shares everything until one of the two is written.

use std::collections::BTreeMap;
use std::sync::Arc;

/// An ordered table with copy-on-write. The state of a block is copied for every transaction and kept for many heights, so
/// copies must cost nothing and an untouched table must be shared by all of them.
#[derive(Clone, Debug)]
pub struct Table<K, V>(Arc<BTreeMap<K, Arc<V>>>);

impl<K: Ord + Clone, V> Table<K, V> {
    /// The entry of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key).map(AsRef::as_ref)
    }

    /// Whether a key has an entry.
    pub fn contains(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Writes an entry.
    pub fn set(&mut self, key: K, value: V) {
        let _replaced = Arc::make_mut(&mut self.0).insert(key, Arc::new(value));
    }

    /// Takes an entry away.
    pub fn remove(&mut self, key: &K) -> Option<Arc<V>> {
        if self.contains(key) { Arc::make_mut(&mut self.0).remove(key) } else { None }
    }

    /// All entries in key order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.0.iter().map(|(k, v)| (k, v.as_ref()))
    }

    /// The entries from a key on, in key order.
    pub fn from(&self, key: &K) -> impl Iterator<Item = (&K, &V)> {
        self.0.range(key..).map(|(k, v)| (k, v.as_ref()))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(Arc::new(BTreeMap::new()))
    }
}
