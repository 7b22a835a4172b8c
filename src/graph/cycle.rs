//! How cycles are found, and which edges stay so that there is none.
//!
//! Nothing here recurses (petgraph's `tarjan_scc` does): a chain of ten thousand resources would overflow the
//! stack of a worker thread.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// The strongly connected components of two or more nodes, each ascending, by their first node.
pub(super) fn strongly_connected(
    nodes: usize,
    edges: impl IntoIterator<Item = (usize, usize)>,
) -> Vec<Vec<usize>> {
    let mut graph: DiGraph<(), (), usize> = DiGraph::with_capacity(nodes, 0);
    for _ in 0..nodes {
        graph.add_node(());
    }
    for (from, to) in edges {
        graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
    }
    let mut components: Vec<Vec<usize>> = kosaraju_scc(&graph)
        .into_iter()
        .filter(|component| component.len() > 1)
        .map(|component| component.into_iter().map(NodeIndex::index).collect())
        .collect();
    for component in &mut components {
        component.sort_unstable();
    }
    components.sort_unstable();
    components
}

/// Which edges stay: each one that closes no cycle with those before it that stay.
pub(super) fn staying(nodes: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let components = strongly_connected(nodes, edges.iter().copied());
    // An edge between two components is part of no cycle, so that usually there is nothing to do.
    let mut component_of = vec![None; nodes];
    for (number, component) in components.iter().enumerate() {
        for &node in component {
            component_of[node] = Some(number);
        }
    }
    let mut sorter = if components.is_empty() { Sorter::new(0) } else { Sorter::new(nodes) };
    edges
        .iter()
        .map(|&(from, to)| {
            if from == to {
                return false;
            }
            component_of[from].is_none() || component_of[from] != component_of[to] || sorter.add(from, to)
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

    /// Adds the edge; `false`, and it is not added, where it would close a cycle.
    fn add(&mut self, from: usize, to: usize) -> bool {
        let (low, high) = (self.position[to], self.position[from]);
        if low < high {
            let Some(after) = self.reached_within(to, &self.next, |position| position <= high, from) else {
                return false;
            };
            let Some(before) = self.reached_within(from, &self.previous, |position| position >= low, to)
            else {
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

    /// The nodes that can be reached within bounds, by position; `None` where `forbidden` is one of them.
    fn reached_within(
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
        let mut reached: Vec<usize> = seen.into_iter().collect();
        reached.sort_unstable_by_key(|&node| self.position[node]);
        Some(reached)
    }
}

/// The nodes of the shortest cycle through a node; empty where there is none.
pub(super) fn shortest_cycle(start: usize, next: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut came_from = std::collections::HashMap::new();
    let mut open = std::collections::VecDeque::from([start]);
    while let Some(node) = open.pop_front() {
        for to in next(node) {
            if to == start {
                let mut cycle = vec![node];
                while let Some(&before) = cycle.last().and_then(|node| came_from.get(node)) {
                    cycle.push(before);
                }
                cycle.reverse();
                return cycle;
            }
            came_from.entry(to).or_insert_with(|| {
                open.push_back(to);
                node
            });
        }
    }
    Vec::new()
}
