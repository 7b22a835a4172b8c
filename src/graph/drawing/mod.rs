//! The graph as a drawing: which edges are drawn, and how.
//!
//! This file says which edges are worth a line; `dot` and `mermaid` write them in their languages.

mod dot;
mod mermaid;

use std::collections::{BTreeMap, HashMap};

use super::edge_reason::EdgeReason;
use super::model::Graph;
use crate::resource::{Address, BlockAddress};

pub use dot::dot;
pub use mermaid::mermaid;

/// How an edge came to be, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EdgeKind {
    /// The configuration names the other resource.
    Explicit,
    /// A field takes a value of the other.
    Referenced,
    /// The objects show it.
    Inferred,
    /// The objects show it, and it was left out because it would close a cycle.
    Yielded,
}

/// A node of a drawing.
struct DrawnNode<'a> {
    address: &'a Address,
    /// What stands in it.
    label: String,
    /// Whether it is all objects of a block together.
    is_block: bool,
}

/// A graph, ready to be drawn: nodes by address, edges between their numbers.
pub(super) struct Drawing<'a> {
    nodes: Vec<DrawnNode<'a>>,
    /// The numbers of the nodes of each block that has more than one.
    groups: BTreeMap<&'a BlockAddress, Vec<usize>>,
    pub(super) edges: Vec<(usize, usize, EdgeKind)>,
}

impl Drawing<'_> {
    /// The numbers of the nodes that are in no group.
    fn loose(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len())
            .filter(|&n| self.nodes[n].is_block || !self.groups.contains_key(&self.nodes[n].address.block))
    }
}

/// Makes the drawing. An edge is left out where a longer way says the same.
pub(super) fn draw(graph: &Graph) -> Drawing<'_> {
    let mut groups: BTreeMap<&BlockAddress, Vec<usize>> = BTreeMap::new();
    let mut nodes: Vec<DrawnNode<'_>> = Vec::new();
    for (number, desired) in graph.resources().enumerate() {
        groups.entry(&desired.address.block).or_default().push(number);
        nodes.push(DrawnNode {
            address: &desired.address,
            label: desired.address.to_string(),
            is_block: false,
        });
    }
    groups.retain(|_, members| members.len() > 1);
    for node in &mut nodes {
        // Inside the frame of its block, an object needs no block before its name.
        if let (Some(object), true) = (&node.address.object, groups.contains_key(&node.address.block)) {
            let place = object.namespace.iter().map(|namespace| format!("{namespace}/"));
            node.label = format!("{}/{}{}", object.kind, place.collect::<String>(), object.name);
        }
    }
    let mut numbers: HashMap<&Address, usize> =
        nodes.iter().enumerate().map(|(n, node)| (node.address, n)).collect();

    let edges: Vec<_> = graph.edges().collect();
    for edge in &edges {
        if !numbers.contains_key(edge.from) {
            numbers.insert(edge.from, nodes.len());
            let label = format!("all of {}", edge.from);
            nodes.push(DrawnNode { address: edge.from, label, is_block: true });
        }
    }
    let mut next: Vec<Vec<(usize, EdgeKind)>> = nodes.iter().map(|_| Vec::new()).collect();
    for edge in &edges {
        if let (Some(&from), Some(&to)) = (numbers.get(edge.from), numbers.get(edge.to)) {
            next[from].push((to, kind_of(edge.reasons)));
        }
    }
    let mut lines = reduced(&next);
    for yielded in graph.yielded() {
        if let (Some(&from), Some(&to)) = (numbers.get(&yielded.from), numbers.get(&yielded.to)) {
            lines.push((from, to, EdgeKind::Yielded));
        }
    }
    Drawing { nodes, groups, edges: lines }
}

fn kind_of(reasons: &[EdgeReason]) -> EdgeKind {
    let kinds = reasons.iter().map(|reason| match reason {
        EdgeReason::Explicit { .. } | EdgeReason::Trigger | EdgeReason::Member => EdgeKind::Explicit,
        EdgeReason::Referenced { .. } => EdgeKind::Referenced,
        EdgeReason::Inferred { .. } => EdgeKind::Inferred,
    });
    kinds.min().unwrap_or(EdgeKind::Inferred)
}

/// The transitive reduction. A node's height (its longest way down) bounds the search: what is not
/// higher than the other end cannot lead there.
fn reduced(next: &[Vec<(usize, EdgeKind)>]) -> Vec<(usize, usize, EdgeKind)> {
    let heights = heights(next);
    let mut edges = Vec::new();
    let mut seen = vec![usize::MAX; next.len()];
    for (from, targets) in next.iter().enumerate() {
        let lowest = targets.iter().map(|(to, _)| heights[*to]).min().unwrap_or(0);
        // Everything that is reached in two steps or more is said by a longer way.
        let mut open: Vec<usize> = targets.iter().map(|(to, _)| *to).collect();
        while let Some(node) = open.pop() {
            if heights[node] <= lowest {
                continue;
            }
            for &(to, _) in &next[node] {
                if seen[to] != from {
                    seen[to] = from;
                    open.push(to);
                }
            }
        }
        edges.extend(targets.iter().filter(|(to, _)| seen[*to] != from).map(|&(to, kind)| (from, to, kind)));
    }
    edges
}

fn heights(next: &[Vec<(usize, EdgeKind)>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = next.iter().map(Vec::len).collect();
    let mut previous: Vec<Vec<usize>> = vec![Vec::new(); next.len()];
    for (from, targets) in next.iter().enumerate() {
        for &(to, _) in targets {
            previous[to].push(from);
        }
    }
    let mut heights = vec![0; next.len()];
    let mut open: Vec<usize> = (0..next.len()).filter(|&node| waiting[node] == 0).collect();
    while let Some(node) = open.pop() {
        for &from in &previous[node] {
            heights[from] = heights[from].max(heights[node] + 1);
            waiting[from] -= 1;
            if waiting[from] == 0 {
                open.push(from);
            }
        }
    }
    heights
}
