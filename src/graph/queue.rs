//! Gives out keys in order while several are worked on at once.

use std::collections::BTreeSet;
use std::hash::Hash;

use super::order::{Direction, Order};
use crate::resource::Address;

/// Gives the keys of an [`Order`] out: each once, and only when everything before it is finished.
#[derive(Debug, Clone)]
pub struct Queue<K = Address> {
    order: Order<K>,
    /// What comes after each key.
    after: Vec<Vec<usize>>,
    states: Vec<State>,
    /// How many unfinished keys stand before each one.
    before: Vec<usize>,
    ready: BTreeSet<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It was not given out yet.
    Waiting,
    /// It was given out and is not over.
    Given,
    /// It is finished, has failed, or was skipped.
    Over,
}

impl<K: Clone + Ord + Hash> Order<K> {
    /// Gives the keys out, to work on several at once.
    pub fn queue(mut self, direction: Direction) -> Queue<K> {
        let (waits_for, awaited_by) =
            (std::mem::take(&mut self.waits_for), std::mem::take(&mut self.awaited_by));
        match direction {
            Direction::Apply => Queue::new(self, &waits_for, awaited_by),
            Direction::Destroy => Queue::new(self, &awaited_by, waits_for),
        }
    }
}

impl<K: Clone + Ord + Hash> Queue<K> {
    /// The order is kept for its keys; the two lists say what comes before and after each key.
    fn new(order: Order<K>, before: &[Vec<usize>], after: Vec<Vec<usize>>) -> Self {
        let before: Vec<usize> = before.iter().map(Vec::len).collect();
        let states = vec![State::Waiting; before.len()];
        let start = (0..before.len()).filter(|&position| before[position] == 0).collect();
        let mut queue = Self { order, after, states, before, ready: BTreeSet::new() };
        queue.ready = queue.released(start);
        queue
    }

    /// Gives out what may be begun now and was not given out before, ascending. That is what waits for
    /// nothing from the start; the rest comes from [`finish`](Self::finish).
    pub fn ready(&mut self) -> Vec<K> {
        let ready = std::mem::take(&mut self.ready);
        self.give(ready)
    }

    /// This one is done: gives out what waited for nothing else, ascending. A key that was not given
    /// out, or is over, changes nothing.
    pub fn finish(&mut self, key: &K) -> Vec<K> {
        let Some(position) = self.end(key) else { return Vec::new() };
        let free = self.settle(position);
        let released = self.released(free);
        self.give(released)
    }

    /// This one has failed: everything that waits for it, directly or not, is skipped and returned,
    /// ascending. A key that was not given out, or is over, changes nothing.
    pub fn fail(&mut self, key: &K) -> Vec<K> {
        let Some(position) = self.end(key) else { return Vec::new() };
        let mut skipped = BTreeSet::new();
        let mut open = vec![position];
        while let Some(position) = open.pop() {
            for &next in &self.after[position] {
                if self.states[next] == State::Waiting {
                    self.states[next] = State::Over;
                    skipped.insert(next);
                    open.push(next);
                }
            }
        }
        self.keys(skipped.into_iter().filter(|&position| self.order.is_own(position)))
    }

    /// What was neither given out nor skipped, ascending: what an early end leaves undone.
    pub fn waiting(&self) -> Vec<K> {
        let waiting = (0..self.order.len()).filter(|&position| self.states[position] == State::Waiting);
        self.keys(waiting)
    }

    fn keys(&self, positions: impl IntoIterator<Item = usize>) -> Vec<K> {
        positions.into_iter().map(|position| self.order.key(position).clone()).collect()
    }

    fn give(&mut self, positions: BTreeSet<usize>) -> Vec<K> {
        for &position in &positions {
            self.states[position] = State::Given;
        }
        self.keys(positions)
    }

    fn end(&mut self, key: &K) -> Option<usize> {
        let position = self.order.position(key)?;
        if self.states[position] != State::Given {
            return None;
        }
        self.states[position] = State::Over;
        Some(position)
    }

    /// Counts this key as done for those after it. Returns those that wait for nothing else.
    fn settle(&mut self, position: usize) -> Vec<usize> {
        let mut free = Vec::new();
        for &next in &self.after[position] {
            self.before[next] -= 1;
            if self.before[next] == 0 {
                free.push(next);
            }
        }
        free
    }

    /// The keys among these; what is only passed through is done at once.
    fn released(&mut self, mut free: Vec<usize>) -> BTreeSet<usize> {
        let mut released = BTreeSet::new();
        while let Some(position) = free.pop() {
            if self.states[position] != State::Waiting {
                continue;
            }
            if self.order.is_own(position) {
                released.insert(position);
            } else {
                self.states[position] = State::Over;
                free.extend(self.settle(position));
            }
        }
        released
    }
}
