//! Which outputs are wanted, and what must be read for them.

use std::collections::BTreeSet;

use crate::blocks::CompiledOutput;
use crate::graph::Graph;
use crate::resource::{Address, Desired, Reference};
use crate::state::{State, StoredResource};

/// Which outputs are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of them; the sensitive ones without their values.
    All,
    /// This one, with its value even if it is sensitive.
    Named(String),
}

impl Selection {
    /// The outputs that are meant; `None` where there is none of this name.
    pub fn of<'c>(&self, outputs: &'c [CompiledOutput]) -> Option<Vec<&'c CompiledOutput>> {
        match self {
            Self::All => Some(outputs.iter().collect()),
            Self::Named(name) => Some(vec![outputs.iter().find(|output| output.name == *name)?]),
        }
    }

    /// Whether the value of an output is not to be shown.
    pub fn withholds(&self, output: &CompiledOutput) -> bool {
        output.sensitive && *self == Self::All
    }

    /// Whether the configuration and the state alone give all that is to be shown of an output.
    pub fn is_told_without_cluster(&self, output: &CompiledOutput) -> bool {
        self.withholds(output) || (output.unresolved.is_empty() && output.unknown.is_none())
    }
}

/// The objects that must be read for these outputs. What the state does not know is not among them: it may be
/// anybody's.
pub fn wanted_objects<'o>(
    outputs: impl IntoIterator<Item = &'o CompiledOutput>,
    graph: &'o Graph,
    state: &State,
) -> Vec<&'o Desired> {
    let addresses: BTreeSet<Address> =
        outputs.into_iter().flat_map(|output| addresses(output, graph)).collect();
    let named = addresses.iter().filter_map(|address| graph.get(address));
    named.map(AsRef::as_ref).filter(|desired| desired.shared || known(state, desired).is_some()).collect()
}

/// The addresses of the objects that an output refers to.
pub(super) fn addresses<'o>(
    output: &'o CompiledOutput,
    graph: &'o Graph,
) -> impl Iterator<Item = Address> + use<'o> {
    let references = output.unresolved.iter().flat_map(|(_, expression)| expression.references());
    references.filter_map(|reference| match reference {
        Reference::Live(live) => Some(live.split(|address| graph.get(address).is_some())?.0),
        Reference::Secret(_) | Reference::Variable(_) => None,
    })
}

/// What an output tells of that was not applied yet: an object of a block whose keys stand in it.
pub(super) fn not_applied(output: &CompiledOutput, graph: &Graph, state: &State) -> Option<Address> {
    output.tells_of.iter().find_map(|block| {
        let mut objects = graph.resources().filter(|desired| desired.address.block == *block).peekable();
        if objects.peek().is_none() {
            // The objects of a chart are not known before it is rendered, for which nobody is asked here.
            let is_there = state.resources.keys().any(|address| address.block == *block);
            let lacks = block.kind == "chart" && !is_there;
            return lacks.then(|| Address::block(block.kind.as_str(), block.name.as_str()));
        }
        let mut stays = objects.filter(|desired| !desired.shared && desired.hook.is_none());
        // Without a cluster it may not be known whether a kind lives in namespaces, and so what the object is called.
        let is_known = |desired: &&Desired| {
            state.resources.contains_key(&desired.address) || known(state, desired).is_some()
        };
        stays.find(|desired| !is_known(desired)).map(|desired| desired.address.clone())
    })
}

/// What the state knows of an object, under whatever address.
pub(super) fn known<'s>(state: &'s State, desired: &Desired) -> Option<&'s StoredResource> {
    state.resources.values().find(|resource| resource.identity == desired.identity)
}
