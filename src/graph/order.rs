//! The sequence alone: keys, and which waits for which.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::hash::Hash;

use super::cycle;
use crate::resource::Address;

/// In which direction the edges are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What a key waits for comes before it.
    Apply,
    /// What a key waits for comes after it.
    Destroy,
}

/// Keys, and which waits for which; without cycles.
///
/// A key that only edges name is passed through: what waits for it waits for everything that it waits for. So an
/// order of the few resources that change keeps the sequence that comes from unchanged ones between them.
#[derive(Debug, Clone)]
pub struct Order<K = Address> {
    /// The keys in ascending order, then those that are passed through.
    keys: Vec<K>,
    /// How many of the keys are not passed through.
    own: usize,
    /// The position of each key.
    positions: HashMap<K, usize>,
    /// What each key waits for, ascending.
    pub(super) waits_for: Vec<Vec<usize>>,
    /// What waits for each key, ascending.
    pub(super) awaited_by: Vec<Vec<usize>>,
}

impl<K: Clone + Ord + Hash> Order<K> {
    /// Makes an order of these keys. Each edge is a pair: the first waits for the second. An edge that would
    /// close a cycle with those before it is left out, so the more important edges come first.
    pub fn from_edges(nodes: impl IntoIterator<Item = K>, edges: impl IntoIterator<Item = (K, K)>) -> Self {
        let mut keys: Vec<K> = nodes.into_iter().collect::<BTreeSet<K>>().into_iter().collect();
        let own = keys.len();
        let mut positions: HashMap<K, usize> =
            keys.iter().enumerate().map(|(position, key)| (key.clone(), position)).collect();
        let mut position_of = |key: K| {
            *positions.entry(key).or_insert_with_key(|key| {
                keys.push(key.clone());
                keys.len() - 1
            })
        };
        let edges: Vec<(usize, usize)> =
            edges.into_iter().map(|(from, to)| (position_of(from), position_of(to))).collect();
        let mut order = Self {
            waits_for: vec![Vec::new(); keys.len()],
            awaited_by: vec![Vec::new(); keys.len()],
            keys,
            own,
            positions,
        };
        let stays = cycle::staying(order.keys.len(), &edges);
        for ((from, to), _) in edges.into_iter().zip(stays).filter(|(_, stays)| *stays) {
            order.waits_for[from].push(to);
            order.awaited_by[to].push(from);
        }
        for list in order.waits_for.iter_mut().chain(&mut order.awaited_by) {
            list.sort_unstable();
            list.dedup();
        }
        order
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.own
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.own == 0
    }

    /// The keys one after the other: what is waited for first, otherwise ascending.
    pub fn sorted(&self) -> Vec<K> {
        let mut open: Vec<usize> = self.waits_for.iter().map(Vec::len).collect();
        let ready = (0..self.keys.len()).filter(|&position| open[position] == 0);
        // Those that are passed through go first: they cost nothing, and may release a smaller key.
        let rank = |position: usize| Reverse((position < self.own, position));
        let mut ready: BinaryHeap<_> = ready.map(rank).collect();
        let mut sorted = Vec::with_capacity(self.own);
        while let Some(Reverse((is_own, position))) = ready.pop() {
            if is_own {
                sorted.push(self.keys[position].clone());
            }
            for &next in &self.awaited_by[position] {
                open[next] -= 1;
                if open[next] == 0 {
                    ready.push(rank(next));
                }
            }
        }
        sorted
    }

    /// All edges; what is passed through is an end like any other.
    pub(super) fn edges(&self) -> impl Iterator<Item = (&K, &K)> {
        let ends = self.waits_for.iter().enumerate();
        ends.flat_map(move |(from, all)| all.iter().map(move |&to| (&self.keys[from], &self.keys[to])))
    }

    /// These keys, as far as they are in the order, and everything that waits for them, directly or not.
    pub(super) fn with_what_depends_on<'k>(&self, keys: impl IntoIterator<Item = &'k K>) -> BTreeSet<&K>
    where
        K: 'k,
    {
        let mut open: Vec<usize> = keys.into_iter().filter_map(|key| self.position(key)).collect();
        let mut found: BTreeSet<usize> = open.iter().copied().collect();
        while let Some(position) = open.pop() {
            open.extend(self.awaited_by[position].iter().copied().filter(|&next| found.insert(next)));
        }
        found.into_iter().map(|position| &self.keys[position]).collect()
    }

    pub(super) fn key(&self, position: usize) -> &K {
        &self.keys[position]
    }

    pub(super) fn position(&self, key: &K) -> Option<usize> {
        self.positions.get(key).copied()
    }

    /// Whether this is one of the keys, and not one that is passed through.
    pub(super) fn is_own(&self, position: usize) -> bool {
        position < self.own
    }
}
