//! From desired resources to a graph without cycles.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use petgraph::stable_graph::{NodeIndex, StableDiGraph};

use super::edge_reason::{EdgeReason, RawEdge};
use super::index::KnownObject;
use super::inferred::{InferredEdge, inferred};
use super::link::{Link, grouped};
use super::model::{Graph, GraphNode, Yielded};
use super::{certifier, classes, cycle, mistakes};
use crate::diagnostic::{Diagnostics, Span};
use crate::resource::dependencies::{Admission, Strength, bound_policy, works_on_webhook};
use crate::resource::{Address, BlockAddress, Desired, FieldPath, LiveReference, Reference};

impl Graph {
    /// Builds the graph, whatever the order in which the resources come.
    ///
    /// # Errors
    /// Every mistake of the configuration that only the whole graph shows (unknown addresses, cycles), all
    /// at once.
    pub fn build(desired: Vec<Desired>) -> Result<Self, Diagnostics> {
        build(desired)
    }
}

fn build(mut desired: Vec<Desired>) -> Result<Graph, Diagnostics> {
    // Numbers follow addresses, and everything else follows numbers, so that the order of the input is of no
    // importance.
    desired.sort_by(|a, b| a.address.cmp(&b.address));
    let mut builder = Builder::new(&desired);
    for number in 0..desired.len() {
        builder.written(number);
    }
    builder.inferred();
    builder.admission();
    builder.controllers();
    builder.raw.extend(certifier::edges(&desired));
    let Builder { numbers, block_nodes, raw, mut mistakes, .. } = builder;

    let links = grouped(raw);
    let address_of = |number: usize| match desired.get(number) {
        Some(desired) => &desired.address,
        None => &block_nodes[number - desired.len()],
    };
    let nodes = desired.len() + block_nodes.len();
    mistakes.extend(mistakes::cycles(nodes, &links, address_of));
    if mistakes.has_errors() {
        return Err(mistakes.sorted());
    }

    let (kept, left_out) = without_cycles(nodes, links);
    let yielded = left_out.into_iter().map(|link| Yielded {
        from: address_of(link.from).clone(),
        to: address_of(link.to).clone(),
        reasons: link.reasons,
    });
    let yielded = yielded.collect();

    let mut dag = StableDiGraph::with_capacity(nodes, kept.len());
    for desired in desired {
        dag.add_node(GraphNode::Resource(Arc::new(desired)));
    }
    for address in block_nodes {
        dag.add_node(GraphNode::Block(address));
    }
    for link in kept {
        dag.add_edge(NodeIndex::new(link.from), NodeIndex::new(link.to), link.reasons);
    }
    let indices = numbers.into_iter().map(|(address, number)| (address, NodeIndex::new(number))).collect();
    Ok(Graph { dag, nodes: indices, yielded })
}

/// The links that stay, and the inferred ones that yield: each would close a cycle with stronger ones, or
/// with equally strong ones that come first by address. What the configuration writes has no cycle here.
fn without_cycles(nodes: usize, mut links: Vec<Link>) -> (Vec<Link>, Vec<Link>) {
    links.sort_by_key(|link| match link.strength() {
        None => (0, None),
        Some(strength) => (1, Some(std::cmp::Reverse(strength))),
    });
    let pairs: Vec<(usize, usize)> = links.iter().map(|link| (link.from, link.to)).collect();
    let stays = cycle::staying(nodes, &pairs);
    let (mut kept, mut left_out) = (Vec::with_capacity(links.len()), Vec::new());
    for (link, stays) in links.into_iter().zip(stays) {
        if stays { kept.push(link) } else { left_out.push(link) }
    }
    left_out.sort_by_key(|link| (link.from, link.to));
    (kept, left_out)
}

struct Builder<'a> {
    desired: &'a [Desired],
    /// The number of every resource, by address, and of every block with a node of its own.
    numbers: HashMap<Address, usize>,
    /// The numbers of each block's resources, ascending.
    blocks: BTreeMap<&'a BlockAddress, Vec<usize>>,
    /// The blocks with a node of their own; they are numbered after the resources.
    block_nodes: Vec<Address>,
    /// The edges found so far: the first waits for the second.
    raw: Vec<RawEdge>,
    mistakes: Diagnostics,
    /// What a mistake was reported for already: a block's `depends_on` comes with each of its objects.
    reported: std::collections::HashSet<(Address, Option<Span>)>,
}

impl<'a> Builder<'a> {
    fn new(desired: &'a [Desired]) -> Self {
        let mut mistakes = Diagnostics::default();
        let mut numbers = HashMap::with_capacity(desired.len());
        let mut blocks: BTreeMap<&BlockAddress, Vec<usize>> = BTreeMap::new();
        for (number, resource) in desired.iter().enumerate() {
            if let Some(first) = numbers.insert(resource.address.clone(), number) {
                mistakes.push(mistakes::same_address(&desired[first], resource));
            }
            blocks.entry(&resource.address.block).or_default().push(number);
        }
        let mut builder = Self {
            desired,
            numbers,
            blocks,
            block_nodes: Vec::new(),
            raw: Vec::new(),
            mistakes,
            reported: std::collections::HashSet::new(),
        };
        builder.add_block_nodes();
        builder
    }

    /// Gives a node to every block of several objects that something depends on as a whole.
    fn add_block_nodes(&mut self) {
        let whole = |address: &&Address| address.object.is_none() && !self.numbers.contains_key(*address);
        let named: std::collections::BTreeSet<&Address> = self
            .desired
            .iter()
            .flat_map(|desired| {
                let before = desired.depends_on.iter().map(|(address, _)| address);
                before.chain(&desired.lifecycle.replace_triggered_by)
            })
            .filter(whole)
            .collect();
        for address in named {
            let Some(members) = self.blocks.get(&address.block).filter(|members| members.len() > 1) else {
                continue;
            };
            let node = self.desired.len() + self.block_nodes.len();
            self.raw.extend(members.iter().map(|&member| (node, member, EdgeReason::Member)));
            self.block_nodes.push(address.clone());
            self.numbers.insert(address.clone(), node);
        }
    }

    /// The edges that the configuration writes.
    fn written(&mut self, number: usize) {
        let resource = &self.desired[number];
        for (address, span) in &resource.depends_on {
            self.explicit(number, address, *span, EdgeReason::Explicit { span: *span });
        }
        for address in &resource.lifecycle.replace_triggered_by {
            self.explicit(number, address, None, EdgeReason::Trigger);
        }
        for (path, expression) in resource.unresolved.iter() {
            for reference in expression.references() {
                let Reference::Live(live) = reference else { continue };
                let span = resource.origin(path).and_then(|origin| origin.span);
                let Some(to) = self.live(live, span) else { continue };
                if to == number {
                    self.mistakes.push(mistakes::own_field(resource, path, span));
                } else {
                    self.raw.push((number, to, EdgeReason::Referenced { path: path.clone(), span }));
                }
            }
        }
    }

    fn explicit(&mut self, number: usize, address: &Address, span: Option<Span>, reason: EdgeReason) {
        let resource = &self.desired[number];
        let is_own = if address.object.is_none() {
            resource.address.is_within(&address.block)
        } else {
            resource.address == *address
        };
        if is_own {
            if self.reported.insert((address.clone(), span)) {
                self.mistakes.push(mistakes::own_block(&resource.address, address, span));
            }
            return;
        }
        let named = self.numbers.get(address).copied();
        let sole = || match self.blocks.get(&address.block)?.as_slice() {
            [sole] if address.object.is_none() => Some(*sole),
            _ => None,
        };
        match named.or_else(sole) {
            Some(to) => self.raw.push((number, to, reason)),
            None if self.reported.insert((address.clone(), span)) => {
                let known = self.desired.iter().map(|desired| &desired.address);
                self.mistakes.push(mistakes::unknown_address(address, known, span));
            }
            None => {}
        }
    }

    /// The resource that a reference to a live field leads to.
    fn live(&mut self, live: &LiveReference, span: Option<Span>) -> Option<usize> {
        let number =
            |address: &Address| self.numbers.get(address).copied().filter(|n| *n < self.desired.len());
        let found = live.split(|address| number(address).is_some());
        if let Some(to) = found.and_then(|(address, _)| number(&address)) {
            return Some(to);
        }
        let known = self.desired.iter().map(|desired| &desired.address);
        self.mistakes.push(mistakes::unknown_reference(live, known, span));
        None
    }

    /// The edges that follow from what the objects need of each other. Returns how many lists and items were
    /// looked at.
    fn inferred(&mut self) -> usize {
        let objects: Vec<KnownObject<'_>> =
            self.desired.iter().map(|desired| (&desired.identity, &desired.object)).collect();
        let (edges, looks) = inferred(&objects);
        self.raw.extend(edges.into_iter().map(|edge| {
            let InferredEdge { from, to, path, strength, through } = edge;
            let through = through.map(|between| self.desired[between].address.clone());
            (from, to, EdgeReason::Inferred { path, strength, through })
        }));
        looks
    }

    /// The edges of what decides about other objects: a webhook configuration, or the binding of a policy, comes after
    /// the objects of its own block that it is asked about; cert-manager's comes before. A Job that works on a webhook
    /// configuration comes after it.
    fn admission(&mut self) {
        let mut found = Vec::new();
        for (number, resource) in self.desired.iter().enumerate() {
            let policy = bound_policy(&resource.identity, &resource.object)
                .and_then(|(policy, _)| self.desired.iter().find(|other| other.identity == policy));
            let policy = policy.map(|policy| &policy.object);
            let Some(admission) = Admission::of(&resource.identity, &resource.object, policy) else {
                continue;
            };
            let after = |path: FieldPath, strength| EdgeReason::Inferred { path, strength, through: None };
            let block = self.blocks.get(&resource.address.block).into_iter().flatten().copied();
            let decided = block.filter(|&other| {
                let other = &self.desired[other];
                admission.decides_about(&other.identity, &other.object)
                    && !certifier::waits_for(other, resource)
            });
            let path = FieldPath::keys(["metadata", "name"]);
            found.extend(decided.map(|other| (number, other, after(path.clone(), Strength::Useful))));
            let name = &resource.identity.name;
            let jobs = self.desired.iter().enumerate().filter_map(|(job, other)| {
                let path = works_on_webhook(&other.identity, &other.object, name)?;
                Some((job, number, after(path, Strength::Running)))
            });
            found.extend(jobs);
        }
        self.raw.extend(found);
    }

    /// The edges to controllers, by the classes that name them.
    fn controllers(&mut self) {
        let block = |of: &Desired| self.blocks.get(&of.address.block).cloned().unwrap_or_default();
        let found = classes::controllers(self.desired, &self.raw, block);
        self.raw.extend(found);
    }
}

/// How many lists and items are looked at while a graph is built, for a test that limits it.
#[cfg(test)]
pub(super) fn looks(desired: &[Desired]) -> usize {
    Builder::new(desired).inferred()
}
