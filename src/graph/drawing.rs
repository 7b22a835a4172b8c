//! What both drawings have in common: which edges are worth a line, and of which sort each is.

use std::collections::{BTreeMap, HashMap};

use super::{Graph, Reason};
use crate::resource::{Address, BlockAddress};

/// How an edge came to be, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Explicit,
    Referenced,
    Inferred,
    /// An inferred one that was left out.
    Yielded,
}

/// A node of a drawing.
pub(super) struct Node<'a> {
    pub(super) address: &'a Address,
    /// What stands in it.
    pub(super) label: String,
    /// Whether it stands for all objects of a block.
    pub(super) is_block: bool,
}

/// A graph, ready to be drawn: nodes by address, edges between their numbers.
pub(super) struct Drawing<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// The numbers of the nodes of each block that has more than one.
    pub(super) groups: BTreeMap<&'a BlockAddress, Vec<usize>>,
    pub(super) edges: Vec<(usize, usize, Sort)>,
}

impl Drawing<'_> {
    /// The numbers of the nodes that are in no group.
    pub(super) fn loose(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len())
            .filter(|&n| self.nodes[n].is_block || !self.groups.contains_key(&self.nodes[n].address.block))
    }
}

/// Leaves out every edge that a longer way says as well.
pub(super) fn draw(graph: &Graph) -> Drawing<'_> {
    let mut groups: BTreeMap<&BlockAddress, Vec<usize>> = BTreeMap::new();
    let mut nodes: Vec<Node<'_>> = Vec::new();
    for (number, desired) in graph.resources().enumerate() {
        groups.entry(&desired.address.block).or_default().push(number);
        nodes.push(Node { address: &desired.address, label: desired.address.to_string(), is_block: false });
    }
    groups.retain(|_, members| members.len() > 1);
    for node in &mut nodes {
        // Inside the frame of its block, an object needs no block before its name.
        if let (Some(object), true) = (&node.address.object, groups.contains_key(&node.address.block)) {
            let place = object.namespace.iter().map(|namespace| format!("{namespace}/"));
            node.label = format!("{}/{}{}", object.kind, place.collect::<String>(), object.name);
        }
    }
    let mut places: HashMap<&Address, usize> =
        nodes.iter().enumerate().map(|(n, node)| (node.address, n)).collect();

    let edges: Vec<_> = graph.edges().collect();
    for edge in &edges {
        if !places.contains_key(edge.from) {
            places.insert(edge.from, nodes.len());
            let label = format!("all of {}", edge.from);
            nodes.push(Node { address: edge.from, label, is_block: true });
        }
    }
    let mut next: Vec<Vec<(usize, Sort)>> = nodes.iter().map(|_| Vec::new()).collect();
    for edge in &edges {
        if let (Some(&from), Some(&to)) = (places.get(edge.from), places.get(edge.to)) {
            next[from].push((to, sort_of(edge.reasons)));
        }
    }
    let mut lines = reduced(&next);
    for yielded in graph.yielded() {
        if let (Some(&from), Some(&to)) = (places.get(&yielded.from), places.get(&yielded.to)) {
            lines.push((from, to, Sort::Yielded));
        }
    }
    Drawing { nodes, groups, edges: lines }
}

fn sort_of(reasons: &[Reason]) -> Sort {
    let sorts = reasons.iter().map(|reason| match reason {
        Reason::Explicit { .. } | Reason::Trigger | Reason::Member => Sort::Explicit,
        Reason::Referenced { .. } => Sort::Referenced,
        Reason::Inferred { .. } => Sort::Inferred,
    });
    sorts.min().unwrap_or(Sort::Inferred)
}

/// The transitive reduction. A node's height (its longest way down) bounds the search: what is not
/// higher than the other end cannot lead there.
fn reduced(next: &[Vec<(usize, Sort)>]) -> Vec<(usize, usize, Sort)> {
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
        edges.extend(targets.iter().filter(|(to, _)| seen[*to] != from).map(|&(to, sort)| (from, to, sort)));
    }
    edges
}

fn heights(next: &[Vec<(usize, Sort)>]) -> Vec<usize> {
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
