//! What stands in a plan, in which order: single resources in full, and what is made, block by block.

use std::collections::BTreeMap;

use crate::plan::{Action, Change, Plan};
use crate::report::plan::key_facts;
use crate::report::plan::level::Level;
use crate::report::plan::words;
use crate::resource::{BlockAddress, KeyFact};

/// One thing that stands in a plan.
pub(in crate::report) enum Entry<'p> {
    /// A resource with all of its fields.
    Whole(&'p Change),
    /// What is made of a block, in short.
    Made(Made<'p>),
}

/// Objects of one block that are made.
pub(in crate::report) struct Made<'p> {
    /// The block.
    pub(in crate::report) block: &'p BlockAddress,
    /// What is to be known first of the block, where all of it is made.
    pub(in crate::report) facts: &'p [KeyFact],
    /// The objects, at least one.
    pub(in crate::report) objects: Vec<&'p Change>,
}

/// A line of what is made of a block.
pub(in crate::report) enum Row<'p> {
    /// One object, and what is said of it alone.
    One {
        /// The object.
        object: &'p Change,
        /// The sentences about it.
        remarks: Vec<String>,
    },
    /// Objects of one kind of which there is nothing to say.
    Alike {
        /// Their kind.
        kind: String,
        /// Their names.
        names: Vec<String>,
    },
}

/// How many objects of a block have a line each. In a larger one those of a kind share a line, where there is nothing
/// to say of them.
const FEW: usize = 12;

/// How an object is called within its block: `Deployment/registry`.
pub(in crate::report) fn name_of(object: &Change) -> String {
    object.address.object.as_ref().map_or_else(|| object.address.to_string(), ToString::to_string)
}

/// What stands in the plan, what deletes first.
pub(in crate::report) fn entries<'p>(plan: &'p Plan, level: &Level) -> Vec<Entry<'p>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut places: BTreeMap<&BlockAddress, usize> = BTreeMap::new();
    for change in words::by_weight(plan) {
        if level.is_whole(change) {
            entries.push(Entry::Whole(change));
            continue;
        }
        let block = &change.address.block;
        let place = *places.entry(block).or_insert_with(|| {
            entries.push(Entry::Made(Made { block, facts: facts_of(plan, block), objects: Vec::new() }));
            entries.len() - 1
        });
        if let Some(Entry::Made(made)) = entries.get_mut(place) {
            made.objects.push(change);
        }
    }
    entries
}

/// The facts of a block of which nothing is there yet.
fn facts_of<'p>(plan: &'p Plan, block: &BlockAddress) -> &'p [KeyFact] {
    let is_new = |change: &Change| change.action == Action::Create;
    let is_whole = plan.changes.iter().filter(|change| change.address.block == *block).all(is_new);
    match plan.briefing.key_facts.get(block) {
        Some(facts) if is_whole => facts,
        _ => &[],
    }
}

impl Made<'_> {
    /// What is to be known first of an object. Where the block has facts, they say it all.
    pub(in crate::report) fn facts_of(&self, object: &Change) -> Vec<KeyFact> {
        if self.facts.is_empty() { key_facts::of_object(object) } else { Vec::new() }
    }

    /// The lines of the objects; `own` has the sentences about each of them.
    pub(in crate::report) fn rows(&self, own: Vec<Vec<String>>) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (object, remarks) in self.objects.iter().copied().zip(own) {
            let Some(name) = self.plain_name(object).filter(|_| remarks.is_empty()) else {
                rows.push(Row::One { object, remarks });
                continue;
            };
            let kind = object.address.object.as_ref().map_or_else(String::new, |object| object.kind.clone());
            let place = *places.entry(kind.clone()).or_insert_with(|| {
                rows.push(Row::Alike { kind, names: Vec::new() });
                rows.len() - 1
            });
            if let Some(Row::Alike { names, .. }) = rows.get_mut(place) {
                names.push(name);
            }
        }
        rows
    }

    /// The name without the kind, of an object that shares its line with others.
    fn plain_name(&self, object: &Change) -> Option<String> {
        let is_plain = object.warnings.is_empty() && object.unchecked.is_empty();
        let shares = self.objects.len() > FEW && is_plain && self.facts_of(object).is_empty();
        let name = object.address.object.as_ref().filter(|_| shares)?;
        let namespace = name.namespace.as_ref().map(|namespace| format!("{namespace}/"));
        Some(format!("{}{}", namespace.unwrap_or_default(), name.name))
    }

    /// The namespace in which all objects are that have one, where their addresses do not say it.
    pub(in crate::report) fn namespace(&self) -> Option<&str> {
        let mut namespaces = self
            .objects
            .iter()
            .filter(|object| object.address.object.as_ref().is_some_and(|name| name.namespace.is_none()));
        let mut namespaces =
            namespaces.by_ref().filter_map(|object| object.target.identity.namespace.as_deref());
        let first = namespaces.next()?;
        namespaces.all(|other| other == first).then_some(first)
    }

    /// The sentences that the plan says of every object of them, and those of each object beside these.
    pub(in crate::report) fn remarks(&self, plan: &Plan) -> (Vec<String>, Vec<Vec<String>>) {
        let mut own: Vec<Vec<String>> =
            self.objects.iter().map(|object| words::remarks(plan, object)).collect();
        let first = own.first().cloned().unwrap_or_default();
        let common: Vec<String> =
            first.into_iter().filter(|line| own.iter().all(|lines| lines.contains(line))).collect();
        for lines in &mut own {
            lines.retain(|line| !common.contains(line));
        }
        (common, own)
    }
}
