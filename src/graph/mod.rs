//! Which resource waits for which.
//!
//! A [`Graph`] is built from everything that the configuration desires; an [`Order`] is what remains of
//! it (or of the state, for what the configuration no longer names) when only the sequence counts, and a
//! [`Queue`] hands the resources of an order out while they are worked on in parallel.

mod build;
mod cycle;
mod deletion;
mod dot;
mod drawing;
mod index;
mod mermaid;
mod mistakes;
mod order;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use petgraph::Direction as Way;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use petgraph::visit::{EdgeRef, IntoEdgeReferences};

pub use deletion::{Removed, deletions};
pub use dot::dot;
pub use mermaid::mermaid;
pub use order::{Direction, Order};
pub use queue::Queue;

use crate::diagnostic::{Diagnostics, Span};
use crate::resource::references::Strength;
use crate::resource::{Address, Desired, FieldPath};

/// Why one resource waits for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// `depends_on` says so.
    Explicit {
        /// Where it stands.
        span: Option<Span>,
    },
    /// `lifecycle.replace_triggered_by` says so.
    Trigger,
    /// A field takes a value of the other's live object.
    Referenced {
        /// The field.
        path: FieldPath,
        /// Where the reference stands.
        span: Option<Span>,
    },
    /// The object names the other, or something that the other gives.
    Inferred {
        /// The field that names it.
        path: FieldPath,
        /// How much it is needed.
        strength: Strength,
        /// The resource in between: the Service whose pods are needed.
        through: Option<Address>,
    },
    /// The first end is a whole block, the other one of its objects.
    Member,
}

impl Reason {
    /// The strength of what was only inferred; what was written never yields.
    fn strength(&self) -> Option<Strength> {
        match self {
            Self::Inferred { strength, .. } => Some(*strength),
            Self::Explicit { .. } | Self::Trigger | Self::Referenced { .. } | Self::Member => None,
        }
    }
}

/// One resource waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge<'a> {
    /// Who waits.
    pub from: &'a Address,
    /// For whom.
    pub to: &'a Address,
    /// Why; what was written comes before what was inferred.
    pub reasons: &'a [Reason],
}

/// An inferred edge that was left out, because it would have closed a cycle with stronger ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yielded {
    /// Who would have waited.
    pub from: Address,
    /// For whom.
    pub to: Address,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// All resources and what each waits for; without cycles.
///
/// Where something depends on a block of several objects, the block itself is a stop on the way: it
/// waits for its objects, the other waits for it. Two blocks of a thousand objects each so cost two
/// thousand edges, not a million.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Resources first, by address; then whole blocks, by address. An edge leads from who waits to whom
    /// it waits for.
    dag: StableDiGraph<Stop, Vec<Reason>>,
    places: HashMap<Address, NodeIndex>,
    yielded: Vec<Yielded>,
}

#[derive(Debug, Clone)]
enum Stop {
    Resource(Arc<Desired>),
    Block(Address),
}

impl Stop {
    fn address(&self) -> &Address {
        match self {
            Self::Resource(desired) => &desired.address,
            Self::Block(address) => address,
        }
    }
}

impl Graph {
    /// Builds the graph, whatever the order in which the resources come. Mistakes in what is written
    /// (unknown addresses, cycles) are all reported at once.
    pub fn build(desired: Vec<Desired>) -> Result<Self, Diagnostics> {
        build::build(desired)
    }

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
        self.dag.node_weights().filter_map(|stop| match stop {
            Stop::Resource(desired) => Some(desired.as_ref()),
            Stop::Block(_) => None,
        })
    }

    /// The resource with this address.
    pub fn get(&self, address: &Address) -> Option<&Arc<Desired>> {
        match self.dag.node_weight(*self.places.get(address)?)? {
            Stop::Resource(desired) => Some(desired),
            Stop::Block(_) => None,
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
        self.neighbours(address, Way::Outgoing)
    }

    /// What waits for this resource itself, by address.
    pub fn dependents_of(&self, address: &Address) -> Vec<&Address> {
        self.neighbours(address, Way::Incoming)
    }

    fn neighbours(&self, address: &Address, way: Way) -> Vec<&Address> {
        let Some(place) = self.places.get(address) else { return Vec::new() };
        let mut found = BTreeSet::new();
        let mut open: Vec<_> = self.dag.neighbors_directed(*place, way).collect();
        while let Some(next) = open.pop() {
            match &self.dag[next] {
                Stop::Resource(desired) => {
                    found.insert(&desired.address);
                }
                Stop::Block(_) => open.extend(self.dag.neighbors_directed(next, way)),
            }
        }
        found.into_iter().collect()
    }

    /// The targets and everything that they wait for, directly or not. A block stands for all its
    /// objects.
    pub fn closure_of(&self, targets: &[Address]) -> Result<BTreeSet<Address>, Diagnostics> {
        self.reach(targets, Way::Outgoing)
    }

    /// The targets and everything that waits for them, directly or not: what must go before they can.
    pub fn dependents_closure_of(&self, targets: &[Address]) -> Result<BTreeSet<Address>, Diagnostics> {
        self.reach(targets, Way::Incoming)
    }

    fn reach(&self, targets: &[Address], way: Way) -> Result<BTreeSet<Address>, Diagnostics> {
        let mut mistakes = Diagnostics::default();
        let mut open = Vec::new();
        for target in targets {
            let before = open.len();
            // Not by way of the block's own stop: seen from there, its dependents are not its objects'.
            open.extend(self.dag.node_indices().filter(|place| match &self.dag[*place] {
                Stop::Resource(desired) => {
                    desired.address == *target
                        || target.object.is_none() && desired.address.is_within(&target.block)
                }
                Stop::Block(_) => false,
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
        while let Some(place) = open.pop() {
            open.extend(self.dag.neighbors_directed(place, way).filter(|next| seen.insert(*next)));
        }
        let resources = seen.into_iter().filter_map(|place| match &self.dag[place] {
            Stop::Resource(desired) => Some(desired.address.clone()),
            Stop::Block(_) => None,
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
