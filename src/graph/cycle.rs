//! Finding cycles, and deciding which edges stay out of them.
//!
//! Nothing here recurses (petgraph's Tarjan does): a chain of ten thousand resources would overflow the
//! stack of a worker thread.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// The sets of two or more nodes that all reach each other, each ascending, by their first node.
pub(super) fn tangles(nodes: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let mut graph: DiGraph<(), (), usize> = DiGraph::with_capacity(nodes, 0);
    for _ in 0..nodes {
        graph.add_node(());
    }
    for (from, to) in edges {
        graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
    }
    let mut tangles: Vec<Vec<usize>> = kosaraju_scc(&graph)
        .into_iter()
        .filter(|component| component.len() > 1)
        .map(|component| component.into_iter().map(NodeIndex::index).collect())
        .collect();
    for tangle in &mut tangles {
        tangle.sort_unstable();
    }
    tangles.sort_unstable();
    tangles
}

/// Which edges stay: each one that closes no cycle with the staying ones before it.
pub(super) fn staying(nodes: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let tangles = tangles(nodes, edges.iter().copied());
    // An edge between two tangles is part of no cycle, so that usually there is nothing to do.
    let mut tangle_of = vec![None; nodes];
    for (number, tangle) in tangles.iter().enumerate() {
        for &node in tangle {
            tangle_of[node] = Some(number);
        }
    }
    let mut sorter = if tangles.is_empty() { Sorter::new(0) } else { Sorter::new(nodes) };
    edges
        .iter()
        .map(|&(from, to)| {
            if from == to {
                return false;
            }
            tangle_of[from].is_none() || tangle_of[from] != tangle_of[to] || sorter.add(from, to)
        })
        .collect()
}

/// A topological order that is kept up while edges come in (Pearce and Kelly, 2007): only the nodes
/// between the two ends are looked at.
struct Sorter {
    position: Vec<usize>,
    next: Vec<Vec<usize>>,
    previous: Vec<Vec<usize>>,
}

impl Sorter {
    fn new(nodes: usize) -> Self {
        Self {
            position: (0..nodes).collect(),
            next: vec![Vec::new(); nodes],
            previous: vec![Vec::new(); nodes],
        }
    }

    /// Takes the edge in, unless it closes a cycle.
    fn add(&mut self, from: usize, to: usize) -> bool {
        let (low, high) = (self.position[to], self.position[from]);
        if low < high {
            let Some(after) = self.cone(to, &self.next, |position| position <= high, from) else {
                return false;
            };
            let Some(before) = self.cone(from, &self.previous, |position| position >= low, to) else {
                return false;
            };
            let mut slots: Vec<usize> =
                before.iter().chain(&after).map(|&node| self.position[node]).collect();
            slots.sort_unstable();
            for (node, slot) in before.into_iter().chain(after).zip(slots) {
                self.position[node] = slot;
            }
        }
        self.next[from].push(to);
        self.previous[to].push(from);
        true
    }

    /// The nodes that are reached within bounds, by position; `None` where `forbidden` is one of them.
    fn cone(
        &self,
        start: usize,
        edges: &[Vec<usize>],
        within: impl Fn(usize) -> bool,
        forbidden: usize,
    ) -> Option<Vec<usize>> {
        let mut seen = std::collections::HashSet::from([start]);
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            for &next in &edges[node] {
                if next == forbidden {
                    return None;
                }
                if within(self.position[next]) && seen.insert(next) {
                    open.push(next);
                }
            }
        }
        let mut cone: Vec<usize> = seen.into_iter().collect();
        cone.sort_unstable_by_key(|&node| self.position[node]);
        Some(cone)
    }
}

/// The shortest way from a node back to itself, as the nodes on it; empty where there is none.
pub(super) fn shortest_round(start: usize, next: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut came_from = std::collections::HashMap::new();
    let mut open = std::collections::VecDeque::from([start]);
    while let Some(node) = open.pop_front() {
        for to in next(node) {
            if to == start {
                let mut round = vec![node];
                while let Some(&before) = round.last().and_then(|node| came_from.get(node)) {
                    round.push(before);
                }
                round.reverse();
                return round;
            }
            came_from.entry(to).or_insert_with(|| {
                open.push_back(to);
                node
            });
        }
    }
    Vec::new()
}
