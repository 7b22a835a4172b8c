//! The graph of all desired resources.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use petgraph::Direction as EdgeDirection;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use petgraph::visit::{EdgeRef, IntoEdgeReferences};

use super::edge_reason::EdgeReason;
use super::mistakes;
use super::order::Order;
use crate::diagnostic::Diagnostics;
use crate::resource::{Address, Desired};

/// One resource waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge<'a> {
    /// The one that waits.
    pub from: &'a Address,
    /// The one that it waits for.
    pub to: &'a Address,
    /// Why. What the configuration says comes before what was inferred from the objects.
    pub reasons: &'a [EdgeReason],
}

/// An inferred edge that was left out, because it would have closed a cycle with stronger ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yielded {
    /// The one that would have waited.
    pub from: Address,
    /// The one that it would have waited for.
    pub to: Address,
    /// Why.
    pub reasons: Vec<EdgeReason>,
}

/// All resources and what each waits for; without cycles.
///
/// Where something depends on a block of several objects, the block itself becomes a node between them: it
/// waits for its objects, and the other waits for it. So two blocks of a thousand objects each cost two
/// thousand edges, not a million.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Resources first, by address; then whole blocks, by address. An edge leads from the node that waits to
    /// the one that it waits for.
    pub(super) dag: StableDiGraph<GraphNode, Vec<EdgeReason>>,
    /// The node of each address.
    pub(super) nodes: HashMap<Address, NodeIndex>,
    pub(super) yielded: Vec<Yielded>,
}

/// A node of the graph.
#[derive(Debug, Clone)]
pub(super) enum GraphNode {
    /// A resource.
    Resource(Arc<Desired>),
    /// All objects of a block together.
    Block(Address),
}

impl GraphNode {
    fn address(&self) -> &Address {
        match self {
            Self::Resource(desired) => &desired.address,
            Self::Block(address) => address,
        }
    }
}

impl Graph {
    /// How many resources there are.
    pub fn len(&self) -> usize {
        self.resources().count()
    }

    /// Whether there is no resource.
    pub fn is_empty(&self) -> bool {
        self.dag.node_count() == 0
    }

    /// The resources, by address.
    pub fn resources(&self) -> impl Iterator<Item = &Desired> {
        self.dag.node_weights().filter_map(|node| match node {
            GraphNode::Resource(desired) => Some(desired.as_ref()),
            GraphNode::Block(_) => None,
        })
    }

    /// The resource with this address.
    pub fn get(&self, address: &Address) -> Option<&Arc<Desired>> {
        match self.dag.node_weight(*self.nodes.get(address)?)? {
            GraphNode::Resource(desired) => Some(desired),
            GraphNode::Block(_) => None,
        }
    }

    /// All edges, by address. An end that [`get`](Self::get) does not know is a whole block.
    pub fn edges(&self) -> impl Iterator<Item = Edge<'_>> {
        let mut edges: Vec<_> = self.dag.edge_references().collect();
        edges.sort_by_key(|edge| (edge.source(), edge.target()));
        edges.into_iter().map(|edge| Edge {
            from: self.dag[edge.source()].address(),
            to: self.dag[edge.target()].address(),
            reasons: edge.weight(),
        })
    }

    /// The inferred edges that were left out, by address.
    pub fn yielded(&self) -> &[Yielded] {
        &self.yielded
    }

    /// What this resource waits for itself, by address.
    pub fn dependencies_of(&self, address: &Address) -> Vec<&Address> {
        self.neighbours(address, EdgeDirection::Outgoing)
    }

    /// What waits for this resource itself, by address.
    pub fn dependents_of(&self, address: &Address) -> Vec<&Address> {
        self.neighbours(address, EdgeDirection::Incoming)
    }

    fn neighbours(&self, address: &Address, direction: EdgeDirection) -> Vec<&Address> {
        let Some(node) = self.nodes.get(address) else { return Vec::new() };
        let mut found = BTreeSet::new();
        let mut open: Vec<_> = self.dag.neighbors_directed(*node, direction).collect();
        while let Some(next) = open.pop() {
            match &self.dag[next] {
                GraphNode::Resource(desired) => {
                    found.insert(&desired.address);
                }
                GraphNode::Block(_) => open.extend(self.dag.neighbors_directed(next, direction)),
            }
        }
        found.into_iter().collect()
    }

    /// The targets and everything that they wait for, directly or not. A block stands for all its
    /// objects.
    ///
    /// # Errors
    /// One mistake for each target that no resource has.
    pub fn closure_of(&self, targets: &[Address]) -> Result<BTreeSet<Address>, Diagnostics> {
        self.reach(targets, EdgeDirection::Outgoing)
    }

    /// The targets and everything that waits for them, directly or not: what must be deleted before they can
    /// be. A block stands for all its objects.
    ///
    /// # Errors
    /// One mistake for each target that no resource has.
    pub fn dependents_closure_of(&self, targets: &[Address]) -> Result<BTreeSet<Address>, Diagnostics> {
        self.reach(targets, EdgeDirection::Incoming)
    }

    fn reach(&self, targets: &[Address], direction: EdgeDirection) -> Result<BTreeSet<Address>, Diagnostics> {
        let mut mistakes = Diagnostics::default();
        let mut open = Vec::new();
        for target in targets {
            let before = open.len();
            // Not by way of the block's own node: what waits for that node does not wait for each of its objects.
            open.extend(self.dag.node_indices().filter(|node| match &self.dag[*node] {
                GraphNode::Resource(desired) => {
                    desired.address == *target
                        || target.object.is_none() && desired.address.is_within(&target.block)
                }
                GraphNode::Block(_) => false,
            }));
            if open.len() == before {
                let known = self.resources().map(|desired| &desired.address);
                mistakes.push(mistakes::unknown_address(target, known, None));
            }
        }
        if mistakes.has_errors() {
            return Err(mistakes);
        }
        let mut seen: BTreeSet<NodeIndex> = open.iter().copied().collect();
        while let Some(node) = open.pop() {
            open.extend(self.dag.neighbors_directed(node, direction).filter(|next| seen.insert(*next)));
        }
        let resources = seen.into_iter().filter_map(|node| match &self.dag[node] {
            GraphNode::Resource(desired) => Some(desired.address.clone()),
            GraphNode::Block(_) => None,
        });
        Ok(resources.collect())
    }

    /// The resources in the order in which a single worker would apply them: what is waited for first,
    /// otherwise by address.
    pub fn order(&self) -> Vec<Address> {
        self.schedule().sorted()
    }

    /// The order of all resources, to work on them in parallel.
    pub fn schedule(&self) -> Order<Address> {
        let nodes = self.resources().map(|desired| desired.address.clone());
        Order::from_edges(nodes, self.edges().map(|edge| (edge.from.clone(), edge.to.clone())))
    }
}
