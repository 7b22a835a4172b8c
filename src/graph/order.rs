//! The bare sequence: keys, and which waits for which.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::hash::Hash;

use super::cycle;
use super::queue::Queue;
use crate::resource::Address;

/// Which way the edges are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What a key waits for comes before it.
    Apply,
    /// What a key waits for comes after it.
    Destroy,
}

/// Keys, and which waits for which; without cycles.
///
/// A key that only edges name is passed through: who waits for it waits for what it waits for. So an
/// order of the few resources that change keeps the sequence that unchanged ones between them ask for.
#[derive(Debug, Clone)]
pub struct Order<K = Address> {
    /// The keys in ascending order, then those that are passed through.
    keys: Vec<K>,
    /// How many of the keys are not passed through.
    own: usize,
    places: HashMap<K, usize>,
    /// What each key waits for, ascending.
    waits_for: Vec<Vec<usize>>,
    /// What waits for each key, ascending.
    awaited_by: Vec<Vec<usize>>,
}

impl<K: Clone + Ord + Hash> Order<K> {
    /// Each edge is a pair: the first waits for the second. An edge that would close a cycle with those
    /// before it is left out, so the more important ones come first.
    pub fn from_edges(nodes: impl IntoIterator<Item = K>, edges: impl IntoIterator<Item = (K, K)>) -> Self {
        let mut keys: Vec<K> = nodes.into_iter().collect::<BTreeSet<K>>().into_iter().collect();
        let own = keys.len();
        let mut places: HashMap<K, usize> =
            keys.iter().enumerate().map(|(place, key)| (key.clone(), place)).collect();
        let mut place_of = |key: K| {
            *places.entry(key).or_insert_with_key(|key| {
                keys.push(key.clone());
                keys.len() - 1
            })
        };
        let edges: Vec<(usize, usize)> =
            edges.into_iter().map(|(from, to)| (place_of(from), place_of(to))).collect();
        let mut order = Self {
            waits_for: vec![Vec::new(); keys.len()],
            awaited_by: vec![Vec::new(); keys.len()],
            keys,
            own,
            places,
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
        let ready = (0..self.keys.len()).filter(|&place| open[place] == 0);
        // Those that are passed through go first: they cost nothing, and may release a smaller key.
        let rank = |place: usize| Reverse((place < self.own, place));
        let mut ready: BinaryHeap<_> = ready.map(rank).collect();
        let mut sorted = Vec::with_capacity(self.own);
        while let Some(Reverse((is_own, place))) = ready.pop() {
            if is_own {
                sorted.push(self.keys[place].clone());
            }
            for &next in &self.awaited_by[place] {
                open[next] -= 1;
                if open[next] == 0 {
                    ready.push(rank(next));
                }
            }
        }
        sorted
    }

    /// Gives the keys out, to work on several at once.
    pub fn queue(mut self, direction: Direction) -> Queue<K> {
        let (waits_for, awaited_by) =
            (std::mem::take(&mut self.waits_for), std::mem::take(&mut self.awaited_by));
        match direction {
            Direction::Apply => Queue::new(self, &waits_for, awaited_by),
            Direction::Destroy => Queue::new(self, &awaited_by, waits_for),
        }
    }

    pub(super) fn key(&self, place: usize) -> &K {
        &self.keys[place]
    }

    pub(super) fn place(&self, key: &K) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// Whether this is one of the keys, and not one that is passed through.
    pub(super) fn is_own(&self, place: usize) -> bool {
        place < self.own
    }
}
