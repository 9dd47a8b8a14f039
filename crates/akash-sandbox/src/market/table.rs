//! Tables that are cheap to copy: a copy shares everything, and writing to one of the two copies the path to the entry.

use std::sync::Arc;

use imbl::OrdMap;

/// An ordered table. The state of a block is copied for every transaction and kept for many heights, so a copy must cost nothing,
/// however much is in it, and a write little.
#[derive(Clone, Debug)]
pub struct Table<K: Ord, V>(OrdMap<K, Arc<V>>);

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
        self.0.insert(key, Arc::new(value));
    }

    /// Takes an entry away.
    pub fn remove(&mut self, key: &K) -> Option<Arc<V>> {
        self.0.remove(key)
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

impl<K: Ord, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(OrdMap::default())
    }
}
