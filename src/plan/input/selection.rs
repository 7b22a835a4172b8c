//! What a plan is limited to (`--target`), what it is to replace (`--replace`), and what it leaves out.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::diagnostic::nearest::list;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph::Graph;
use crate::plan::input::moves;
use crate::plan::input::plan_input::{Input, Reach};
use crate::plan::model::plan::Mode;
use crate::resource::{Address, Desired, Identity, Reference};

impl Input {
    /// Decides what the plan is about, before anything is asked: follows moves, finds what is to be replaced, and
    /// removes what the targets do not need.
    ///
    /// # Errors
    /// An address that no resource has, or a resource that cannot be replaced.
    pub fn settle(mut self, graph: &Graph) -> Result<Self, Diagnostics> {
        moves::follow(&mut self);
        let mut mistakes = Diagnostics::default();
        self.find_replaced(&mut mistakes);
        self.find_consented(&mut mistakes);
        self.agree_to_imports();
        self.check_environment(&mut mistakes);
        let targets = self.find_targets(&mut mistakes);
        if mistakes.has_errors() {
            return Err(mistakes);
        }
        if !self.targets.is_empty() {
            self.limit_to(targets, graph)?;
            for address in &self.replace {
                if self.left_out.desired.iter().any(|desired| desired.address == *address) {
                    let message = format!("`{address}` is to be replaced, and the targets leave it out");
                    mistakes.push(
                        Diagnostic::error("left-out", message).help(format!("add `--target {address}`")),
                    );
                }
            }
        }
        if mistakes.has_errors() { Err(mistakes) } else { Ok(self) }
    }

    /// Finds the single objects that `--replace` names.
    fn find_replaced(&mut self, mistakes: &mut Diagnostics) {
        let mut found = BTreeSet::new();
        for named in std::mem::take(&mut self.replace) {
            let meant: Vec<&Arc<Desired>> =
                self.desired.iter().filter(|desired| desired.address.is_meant_by(&named)).collect();
            match meant.as_slice() {
                _ if self.mode == Mode::Destroy => {
                    let message = format!("a destroy replaces nothing: `{named}`");
                    mistakes.push(Diagnostic::error("not-replaced", message).help("leave `--replace` out"));
                }
                [] => {
                    mistakes.push(self.unknown(&named, self.desired.iter().map(|desired| &desired.address)));
                }
                [one] if one.shared => {
                    let message =
                        format!("`{named}` is a namespace that blocks share, and is never replaced");
                    mistakes.push(Diagnostic::error("not-replaced", message).help(
                        "to have it replaced, with everything in it, write a block for the namespace itself",
                    ));
                }
                [one] => {
                    found.insert(one.address.clone());
                }
                several => {
                    let names: Vec<String> = several.iter().map(|one| one.address.to_string()).collect();
                    let message =
                        format!("`{named}` has {} objects, and one is replaced at a time", names.len());
                    let help = match named.block.kind.as_str() {
                        "chart" => format!(
                            "name the one that is meant; `regplan rotate {}` makes anew what the chart makes at random",
                            named.block
                        ),
                        _ => format!("name those that are meant: {}", list(names.iter().map(String::as_str))),
                    };
                    mistakes.push(Diagnostic::error("several-objects", message).help(help));
                }
            }
        }
        self.replace = found;
    }

    /// The resources that the targets name, by their current addresses.
    fn find_targets(&self, mistakes: &mut Diagnostics) -> BTreeSet<Address> {
        let mut found = BTreeSet::new();
        for named in &self.targets {
            let desired = self.desired.iter().map(|desired| &desired.address);
            let moved = self.moved.iter().filter(|(_, from)| from.is_meant_by(named)).map(|(to, _)| to);
            let meant: Vec<&Address> = desired
                .chain(self.known.keys())
                .chain(self.left_out.known.keys())
                .filter(|address| address.is_meant_by(named))
                .chain(moved)
                .collect();
            if meant.is_empty() {
                let all = self.desired.iter().map(|desired| &desired.address).chain(self.known.keys());
                mistakes.push(self.unknown(named, all));
            }
            found.extend(meant.into_iter().map(|address| self.current_address(address).clone()));
        }
        found
    }

    /// The address under which the object is desired that the state knows under this address. An object may have
    /// changed its group (an Ingress did), and nothing has been read yet. So the group is not compared: no delete
    /// may be planned for an object that is desired.
    fn current_address<'i>(&'i self, address: &'i Address) -> &'i Address {
        let is_desired = self.desired.iter().any(|desired| desired.address == *address);
        let Some(known) = self.known.get(address).filter(|_| !is_desired) else { return address };
        let mut desired = self.desired.iter();
        desired
            .find(|desired| is_perhaps_same(&desired.identity, &known.target.identity))
            .map_or(address, |desired| &desired.address)
    }

    /// The mistake that nothing has this address.
    pub(super) fn unknown<'a>(&self, named: &Address, all: impl Iterator<Item = &'a Address>) -> Diagnostic {
        let help = named.suggest(all, &format!("`{}` has no resources", self.project));
        Diagnostic::error("unknown-address", format!("there is no `{named}`")).help(help)
    }

    /// Leaves out everything that the targets do not need.
    fn limit_to(&mut self, targets: BTreeSet<Address>, graph: &Graph) -> Result<(), Diagnostics> {
        let selected = match self.mode {
            Mode::Apply => {
                let (wanted, leaving): (BTreeSet<_>, BTreeSet<_>) =
                    targets.into_iter().partition(|address| graph.get(address).is_some());
                let wanted: Vec<Address> = wanted.into_iter().collect();
                let mut selected = match self.reach {
                    Reach::WithNeeds => graph.closure_of(&wanted)?,
                    Reach::Alone => with_sources(wanted, graph),
                };
                // What is deleted takes along what depends on it and is deleted as well.
                let leaving = self.with_dependents(leaving);
                selected.extend(leaving.into_iter().filter(|address| graph.get(address).is_none()));
                selected
            }
            Mode::Destroy => {
                let mut selected = targets;
                loop {
                    let before = selected.len();
                    let desired: Vec<Address> =
                        selected.iter().filter(|address| graph.get(address).is_some()).cloned().collect();
                    selected.extend(graph.dependents_closure_of(&desired)?);
                    selected = self.with_dependents(selected);
                    if selected.len() == before {
                        break selected;
                    }
                }
            }
        };
        let (desired, left_out) = std::mem::take(&mut self.desired)
            .into_iter()
            .partition(|desired| selected.contains(&desired.address));
        self.desired = desired;
        let objects: BTreeSet<&Identity> = self.desired.iter().map(|desired| &desired.identity).collect();
        let (known, left_out_known) =
            std::mem::take(&mut self.known).into_iter().partition(|(address, known)| {
                selected.contains(address) || objects.contains(&known.target.identity)
            });
        self.known = known;
        self.left_out.desired.extend(left_out);
        self.left_out.known.extend(left_out_known);
        self.notes.push(self.limits());
        Ok(())
    }

    /// These and, of what was applied, everything that depends on them or lies in them.
    fn with_dependents(&self, mut found: BTreeSet<Address>) -> BTreeSet<Address> {
        let mut dependents: HashMap<&Address, Vec<&Address>> = HashMap::new();
        let mut contents: HashMap<&str, Vec<&Address>> = HashMap::new();
        for (address, known) in &self.known {
            for dependency in &known.dependencies {
                dependents.entry(dependency).or_default().push(address);
            }
            if let Some(namespace) = &known.target.identity.namespace {
                contents.entry(namespace).or_default().push(address);
            }
        }
        let mut unvisited: Vec<Address> = found.iter().cloned().collect();
        while let Some(dependency) = unvisited.pop() {
            let identity = self.known.get(&dependency).map(|known| &known.target.identity);
            let namespace = identity.filter(|identity| identity.is("", "Namespace"));
            let lives_in = namespace.and_then(|space| contents.get(space.name.as_str()));
            let needs_it = dependents.get(&dependency);
            for address in lives_in.into_iter().chain(needs_it).flatten() {
                if found.insert((*address).clone()) {
                    unvisited.push((*address).clone());
                }
            }
        }
        found
    }

    fn limits(&self) -> String {
        let targets = self.targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let with = match (self.mode, self.reach) {
            (Mode::Apply, Reach::WithNeeds) => "their dependencies",
            (Mode::Apply, Reach::Alone) => "what they take values from",
            (Mode::Destroy, _) => "their dependents",
        };
        let left_out = match self.left_out.addresses().len() {
            0 => "nothing is left out".to_owned(),
            1 => "1 resource is left out, neither looked at nor changed".to_owned(),
            count => format!("{count} resources are left out, neither looked at nor changed"),
        };
        format!("This plan is limited to its targets ({targets}) and {with}: {left_out}.")
    }
}

/// These, and what they take values from; with the shared namespaces in which they lie.
fn with_sources(mut unvisited: Vec<Address>, graph: &Graph) -> BTreeSet<Address> {
    let mut found: BTreeSet<Address> = unvisited.iter().cloned().collect();
    while let Some(desired) = unvisited.pop().and_then(|address| graph.get(&address)) {
        let references = desired.unresolved.iter().flat_map(|(_, expression)| expression.references());
        let sources = references.filter_map(|reference| match reference {
            Reference::Live(live) => Some(live.split(|address| graph.get(address).is_some())?.0),
            Reference::Secret(_) | Reference::Variable(_) => None,
        });
        let dependencies = graph.dependencies_of(&desired.address).into_iter().cloned();
        let shared = dependencies.filter(|address| graph.get(address).is_some_and(|one| one.shared));
        for address in sources.chain(shared) {
            if found.insert(address.clone()) {
                unvisited.push(address);
            }
        }
    }
    found
}

fn is_perhaps_same(one: &Identity, other: &Identity) -> bool {
    (&one.kind, &one.namespace, &one.name) == (&other.kind, &other.namespace, &other.name)
}
