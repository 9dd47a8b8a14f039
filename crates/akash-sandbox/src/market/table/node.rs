//! A balanced binary tree (AVL) whose nodes never change: a write makes the nodes on its path anew and shares all others.
//!
//! Binary, because a path is what every write copies: what counts is how many references the copied nodes hold together, and
//! wide nodes hold hundreds.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::sync::Arc;

pub(super) type Link<K, V> = Option<Arc<Node<K, V>>>;
type Entry<K, V> = Arc<(K, V)>;

/// An entry between the smaller ones and the greater ones.
pub(super) struct Node<K, V> {
    entry: Entry<K, V>,
    left: Link<K, V>,
    right: Link<K, V>,
    size: usize,
    height: u8,
}

/// How many entries there are.
pub(super) fn size<K, V>(tree: &Link<K, V>) -> usize {
    tree.as_ref().map_or(0, |node| node.size)
}

fn height<K, V>(tree: &Link<K, V>) -> u8 {
    tree.as_ref().map_or(0, |node| node.height)
}

/// The value of a key.
pub(super) fn get<'a, K: Borrow<Q>, V, Q: Ord + ?Sized>(mut tree: &'a Link<K, V>, key: &Q) -> Option<&'a V> {
    while let Some(node) = tree {
        match key.cmp(node.entry.0.borrow()) {
            Ordering::Less => tree = &node.left,
            Ordering::Equal => return Some(&node.entry.1),
            Ordering::Greater => tree = &node.right,
        }
    }
    None
}

/// The tree with an entry, in the place of one of the same key.
pub(super) fn with<K: Ord, V>(tree: &Link<K, V>, entry: Entry<K, V>) -> Link<K, V> {
    let Some(node) = tree else {
        return join(entry, None, None);
    };
    let (left, right) = (&node.left, &node.right);
    match entry.0.cmp(&node.entry.0) {
        Ordering::Less => balance(&node.entry, with(left, entry), right.clone()),
        Ordering::Equal => join(entry, left.clone(), right.clone()),
        Ordering::Greater => balance(&node.entry, left.clone(), with(right, entry)),
    }
}

/// The tree without a key's entry.
pub(super) fn without<K: Ord, V>(tree: &Link<K, V>, key: &K) -> Link<K, V> {
    let node = tree.as_ref()?;
    let (left, right) = (&node.left, &node.right);
    match key.cmp(&node.entry.0) {
        Ordering::Less => balance(&node.entry, without(left, key), right.clone()),
        Ordering::Greater => balance(&node.entry, left.clone(), without(right, key)),
        Ordering::Equal => match first(right) {
            Some(next) => balance(next, left.clone(), without(right, &next.0)),
            None => left.clone(),
        },
    }
}

fn first<K, V>(tree: &Link<K, V>) -> Option<&Entry<K, V>> {
    let node = tree.as_ref()?;
    first(&node.left).or(Some(&node.entry))
}

/// A node of two trees whose heights differ by one at most.
fn join<K, V>(entry: Entry<K, V>, left: Link<K, V>, right: Link<K, V>) -> Link<K, V> {
    let size = size(&left).saturating_add(size(&right)).saturating_add(1);
    let height = height(&left).max(height(&right)).saturating_add(1);
    Some(Arc::new(Node { entry, left, right, size, height }))
}

/// The same of two trees whose heights differ by two at most: the higher one gives nodes to the other.
fn balance<K, V>(entry: &Entry<K, V>, left: Link<K, V>, right: Link<K, V>) -> Link<K, V> {
    let entry = Arc::clone(entry);
    let (left_height, right_height) = (height(&left), height(&right));
    match (&left, &right) {
        (Some(node), _) if left_height > right_height.saturating_add(1) => {
            let (outer, top) = (node.left.clone(), Arc::clone(&node.entry));
            match &node.right {
                Some(inner) if inner.height > height(&outer) => {
                    let left = join(top, outer, inner.left.clone());
                    join(Arc::clone(&inner.entry), left, join(entry, inner.right.clone(), right))
                }
                inner => join(top, outer, join(entry, inner.clone(), right)),
            }
        }
        (_, Some(node)) if right_height > left_height.saturating_add(1) => {
            let (outer, top) = (node.right.clone(), Arc::clone(&node.entry));
            match &node.left {
                Some(inner) if inner.height > height(&outer) => {
                    let right = join(top, inner.right.clone(), outer);
                    join(Arc::clone(&inner.entry), join(entry, left, inner.left.clone()), right)
                }
                inner => join(top, join(entry, left, inner.clone()), outer),
            }
        }
        _ => join(entry, left, right),
    }
}

/// A walk in key order, from both ends.
pub(super) struct Walk<'a, K, V> {
    /// The nodes that come next from the front, each with its greater entries, the last one first.
    front: Vec<&'a Node<K, V>>,
    /// The same from the back, each with its smaller entries.
    back: Vec<&'a Node<K, V>>,
    /// No more than so many: where the ends meet.
    left: usize,
}

impl<'a, K: Ord, V> Walk<'a, K, V> {
    /// Through everything.
    pub(super) fn all(tree: &'a Link<K, V>) -> Self {
        let mut walk = Self { front: Vec::new(), back: Vec::new(), left: size(tree) };
        walk.push_front(tree);
        walk.push_back(tree);
        walk
    }

    /// From a key on, and only from the front.
    pub(super) fn from<Q: Ord + ?Sized>(mut tree: &'a Link<K, V>, key: &Q) -> Self
    where
        K: Borrow<Q>,
    {
        let mut walk = Self { front: Vec::new(), back: Vec::new(), left: size(tree) };
        while let Some(node) = tree {
            if node.entry.0.borrow() < key {
                tree = &node.right;
            } else {
                walk.front.push(node);
                tree = &node.left;
            }
        }
        walk
    }

    fn push_front(&mut self, mut tree: &'a Link<K, V>) {
        while let Some(node) = tree {
            self.front.push(node);
            tree = &node.left;
        }
    }

    fn push_back(&mut self, mut tree: &'a Link<K, V>) {
        while let Some(node) = tree {
            self.back.push(node);
            tree = &node.right;
        }
    }
}

impl<'a, K: Ord, V> Iterator for Walk<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let node = self.front.pop()?;
        self.push_front(&node.right);
        Some((&node.entry.0, &node.entry.1))
    }
}

impl<K: Ord, V> DoubleEndedIterator for Walk<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let node = self.back.pop()?;
        self.push_back(&node.left);
        Some((&node.entry.0, &node.entry.1))
    }
}

#[cfg(test)]
pub(super) fn is_balanced<K, V>(tree: &Link<K, V>) -> bool {
    tree.as_ref().is_none_or(|node| {
        let (left, right) = (&node.left, &node.right);
        node.size == size(left) + size(right) + 1
            && node.height == height(left).max(height(right)) + 1
            && height(left).abs_diff(height(right)) <= 1
            && is_balanced(left)
            && is_balanced(right)
    })
}
