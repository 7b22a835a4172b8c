//! Where everything is in the input, and which resources must be decided first: worked out once.
//!
//! Resources are named by their position in [`Input::desired`].

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::kubernetes::kinds::{defines, registers_group};
use crate::plan::input::plan_input::Input;
use crate::resource::{Address, BlockAddress, Desired, GroupKind, Identity, Reference};

/// Finds resources by their address, and the resources that others wait for.
#[derive(Debug)]
pub(in crate::plan) struct Index {
    positions: HashMap<Address, usize>,
    /// The same by the object; of several resources that want one object, the first.
    by_object: HashMap<Identity, usize>,
    /// The objects that are desired and left out.
    left_out_objects: HashSet<Identity>,
    /// Their addresses.
    left_out_addresses: HashSet<Address>,
    /// The objects that are known under the address of something desired, whatever that is.
    known_in_place: HashSet<Identity>,
    /// The addresses of known objects under which nothing is desired: renamed blocks, and what leaves.
    left_addresses: HashMap<Identity, Address>,
    dependencies: Vec<Dependencies>,
    /// What lies in the namespaces, and is of the kinds, of this plan.
    contents: HashMap<usize, Vec<usize>>,
    sources: HashSet<usize>,
    /// The API groups for which a server is registered.
    registered_groups: HashSet<String>,
}

/// The resources that must be decided before another one can be.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    namespace: Option<usize>,
    definition: Option<usize>,
    references: Vec<usize>,
    triggers: Vec<usize>,
}

impl Dependencies {
    /// The namespace that it lies in.
    pub(super) fn namespace(&self) -> Option<usize> {
        self.namespace
    }

    /// The definition of its kind.
    pub(super) fn definition(&self) -> Option<usize> {
        self.definition
    }

    /// The resources whose change replaces it, in the order of the plan.
    pub(super) fn triggers(&self) -> &[usize] {
        &self.triggers
    }

    /// Each of them; one may come twice.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
        let containers = self.namespace.into_iter().chain(self.definition);
        containers.chain(self.references.iter().copied()).chain(self.triggers.iter().copied())
    }
}

impl Index {
    /// Works it out.
    pub(in crate::plan) fn new(input: &Input) -> Self {
        let positions: HashMap<Address, usize> =
            input.desired.iter().enumerate().map(|(at, desired)| (desired.address.clone(), at)).collect();
        let dependencies = dependencies(input, &positions);
        let mut contents: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut sources = HashSet::new();
        for (at, needed) in dependencies.iter().enumerate() {
            for container in needed.namespace.into_iter().chain(needed.definition) {
                contents.entry(container).or_default().push(at);
            }
            sources.extend(needed.definition.into_iter().chain(needed.references.iter().copied()));
        }
        let by_object = input.desired.iter().enumerate().rev();
        let left_out = &input.left_out.desired;
        let in_place = input.known.iter().filter(|(address, _)| positions.contains_key(*address));
        let groups = input.desired.iter().filter_map(|desired| registers_group(&desired.object));
        Self {
            by_object: by_object.map(|(at, desired)| (desired.identity.clone(), at)).collect(),
            left_out_objects: left_out.iter().map(|desired| desired.identity.clone()).collect(),
            left_out_addresses: left_out.iter().map(|desired| desired.address.clone()).collect(),
            known_in_place: in_place.map(|(_, known)| known.target.identity.clone()).collect(),
            left_addresses: left_addresses(input, &positions),
            registered_groups: groups.map(str::to_owned).collect(),
            positions,
            dependencies,
            contents,
            sources,
        }
    }

    /// The position of the resource that is desired under this address.
    pub(super) fn position(&self, address: &Address) -> Option<usize> {
        self.positions.get(address).copied()
    }

    /// Whether something is desired under this address.
    pub(in crate::plan) fn is_desired(&self, address: &Address) -> bool {
        self.positions.contains_key(address)
    }

    /// The position of the resource that wants this object, under whichever address.
    pub(super) fn position_of_object(&self, identity: &Identity) -> Option<usize> {
        self.by_object.get(identity).copied()
    }

    /// Whether a resource wants this object, be it left out.
    pub(super) fn is_wanted(&self, identity: &Identity) -> bool {
        self.by_object.contains_key(identity) || self.left_out_objects.contains(identity)
    }

    /// Whether something is desired under this address, be it left out.
    pub(super) fn is_wanted_at(&self, address: &Address) -> bool {
        self.is_desired(address) || self.left_out_addresses.contains(address)
    }

    /// Whether the state knows the object under the address of something desired.
    pub(super) fn is_known_in_place(&self, identity: &Identity) -> bool {
        self.known_in_place.contains(identity)
    }

    /// The address under which the state knows the object, where nothing is desired under it.
    pub(super) fn left_address(&self, identity: &Identity) -> Option<&Address> {
        self.left_addresses.get(identity)
    }

    /// Whether this plan registers a server for the group.
    pub(super) fn registers_group(&self, group: &str) -> bool {
        self.registered_groups.contains(group)
    }

    /// What must be decided before this one.
    pub(super) fn dependencies(&self, position: usize) -> Option<&Dependencies> {
        self.dependencies.get(position)
    }

    /// What lies in this namespace, or is of the kind that this definition defines.
    pub(super) fn contents(&self, position: usize) -> &[usize] {
        self.contents.get(&position).map_or(&[], Vec::as_slice)
    }

    /// Whether others take values from the resource, or the schema of their kind. Only for these the planner keeps
    /// the server's answer: thousands of answers would take as much memory as all objects.
    pub(in crate::plan) fn is_source(&self, position: usize) -> bool {
        self.sources.contains(&position)
    }
}

fn left_addresses(input: &Input, positions: &HashMap<Address, usize>) -> HashMap<Identity, Address> {
    let known: HashMap<&Identity, &Address> =
        input.known.iter().map(|(address, known)| (&known.target.identity, address)).collect();
    let left = known.into_iter().filter(|(_, address)| !positions.contains_key(*address));
    left.map(|(identity, address)| (identity.clone(), address.clone())).collect()
}

fn dependencies(input: &Input, positions: &HashMap<Address, usize>) -> Vec<Dependencies> {
    let all = || input.desired.iter().enumerate();
    let namespaces: HashMap<&str, usize> = all()
        .filter(|(_, desired)| desired.identity.is("", "Namespace"))
        .map(|(at, desired)| (desired.identity.name.as_str(), at))
        .collect();
    let definitions: HashMap<GroupKind, usize> =
        all().filter_map(|(at, desired)| Some((defines(&desired.object)?, at))).collect();
    let mut triggers = triggers(input, positions);
    all()
        .map(|(at, desired)| {
            let namespace =
                desired.identity.namespace.as_deref().and_then(|name| namespaces.get(name)).copied();
            let definition = match definitions.len() {
                0 => None,
                _ => definitions.get(&desired.identity.group_kind()).copied(),
            };
            let mut references = referenced(desired, positions);
            references.retain(|reference| *reference != at);
            Dependencies {
                namespace: namespace.filter(|namespace| *namespace != at),
                definition: definition.filter(|definition| *definition != at),
                references,
                triggers: triggers.remove(&at).unwrap_or_default(),
            }
        })
        .collect()
}

/// The resources that it takes values from.
fn referenced(desired: &Desired, positions: &HashMap<Address, usize>) -> Vec<usize> {
    let references = desired.unresolved.iter().flat_map(|(_, expression)| expression.references());
    references
        .filter_map(|reference| match reference {
            Reference::Live(live) => live.split(|address| positions.contains_key(address)),
            Reference::Secret(_) | Reference::Variable(_) => None,
        })
        .filter_map(|(address, _)| positions.get(&address).copied())
        .collect()
}

/// For each resource with `replace_triggered_by` those that it names; a block's address stands for all of
/// its objects.
fn triggers(input: &Input, positions: &HashMap<Address, usize>) -> HashMap<usize, Vec<usize>> {
    let named = |desired: &Desired| !desired.lifecycle.replace_triggered_by.is_empty();
    if !input.desired.iter().any(|desired| named(desired)) {
        return HashMap::new();
    }
    let mut blocks: HashMap<&BlockAddress, Vec<usize>> = HashMap::new();
    for (at, desired) in input.desired.iter().enumerate() {
        blocks.entry(&desired.address.block).or_default().push(at);
    }
    let triggers_of = |at: usize, desired: &Desired| {
        let mut found = BTreeSet::new();
        for named in &desired.lifecycle.replace_triggered_by {
            match &named.object {
                None => found.extend(blocks.get(&named.block).into_iter().flatten().copied()),
                Some(_) => found.extend(positions.get(named).copied()),
            }
        }
        found.remove(&at);
        (at, found.into_iter().collect())
    };
    let all = input.desired.iter().enumerate().filter(|(_, desired)| named(desired));
    all.map(|(at, desired)| triggers_of(at, desired)).collect()
}
