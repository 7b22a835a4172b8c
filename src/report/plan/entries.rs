//! What stands in a plan, in which order: single resources in full, and what is made or deleted, block by block.

use std::collections::{BTreeMap, BTreeSet};

use crate::kubernetes::kinds;
use crate::plan::{Action, Change, Plan, Reason};
use crate::report::plan::key_facts;
use crate::report::plan::level::Level;
use crate::report::plan::reasons;
use crate::report::plan::words;
use crate::resource::{BlockAddress, KeyFact};

/// One thing that stands in a plan.
pub(in crate::report) enum Entry<'p> {
    /// A resource with all of its fields.
    Whole(&'p Change),
    /// A hook of a chart that is run, in short.
    Run(&'p Change),
    /// What is made of a block, or deleted or kept of a large one, in short.
    Group(Group<'p>),
    /// What stays as it is, as far as that could be predicted, for one reason.
    Unchanged {
        /// Why it could only be predicted.
        reason: String,
        /// The resources.
        resources: Vec<&'p Change>,
    },
}

/// Objects of one block with which the same is done.
pub(in crate::report) struct Group<'p> {
    /// The block.
    pub(in crate::report) block: &'p BlockAddress,
    /// What is done.
    pub(in crate::report) deed: Deed,
    /// What is to be known first of the block, where all of it is made.
    pub(in crate::report) facts: &'p [KeyFact],
    /// The objects, at least one.
    pub(in crate::report) objects: Vec<&'p Change>,
}

/// What is done with the objects of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report) enum Deed {
    /// They are deleted.
    Delete,
    /// They are made.
    Create,
    /// They stay, as they are protected.
    Keep,
}

/// A line of a group.
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

/// How many objects of a block share a sentence that is said once for them.
const MANY: usize = 3;

/// How an object is called within its block: `Deployment/registry`.
pub(in crate::report) fn name_of(object: &Change) -> String {
    object.address.object.as_ref().map_or_else(|| object.address.to_string(), ToString::to_string)
}

/// What stands in the plan, what deletes first.
pub(in crate::report) fn entries<'p>(plan: &'p Plan, level: &Level) -> Vec<Entry<'p>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut places: BTreeMap<(&BlockAddress, Deed), usize> = BTreeMap::new();
    let of_many = large_groups(plan, level);
    let mut unchanged: BTreeMap<String, usize> = BTreeMap::new();
    for change in words::by_weight(plan) {
        if let Some(reason) = only_predicted(change).filter(|_| *level != Level::Full) {
            let place = *unchanged.entry(reason.clone()).or_insert_with(|| {
                entries.push(Entry::Unchanged { reason, resources: Vec::new() });
                entries.len() - 1
            });
            if let Some(Entry::Unchanged { resources, .. }) = entries.get_mut(place) {
                resources.push(change);
            }
            continue;
        }
        let block = &change.address.block;
        let shared = sharing(change, level).filter(|deed| of_many.contains(&(block, *deed)));
        let deed = if let Some(deed) = shared {
            deed
        } else if level.is_whole(change) {
            entries.push(Entry::Whole(change));
            continue;
        } else if change.action == Action::Run {
            entries.push(Entry::Run(change));
            continue;
        } else {
            Deed::Create
        };
        let place = *places.entry((block, deed)).or_insert_with(|| {
            let facts = if deed == Deed::Create { facts_of(plan, block) } else { &[] };
            entries.push(Entry::Group(Group { block, deed, facts, objects: Vec::new() }));
            entries.len() - 1
        });
        if let Some(Entry::Group(shown)) = entries.get_mut(place) {
            shown.objects.push(change);
        }
    }
    entries
}

/// Of which blocks so much is deleted or kept that a reader would lose sight of what matters.
fn large_groups<'p>(plan: &'p Plan, level: &Level) -> BTreeSet<(&'p BlockAddress, Deed)> {
    let mut counts: BTreeMap<(&BlockAddress, Deed), usize> = BTreeMap::new();
    for change in &plan.changes {
        if let Some(deed) = sharing(change, level) {
            *counts.entry((&change.address.block, deed)).or_default() += 1;
        }
    }
    counts.into_iter().filter(|(_, count)| *count > FEW).map(|(group, _)| group).collect()
}

/// With what a change that makes nothing may share a line, if it may: there is nothing else to say of it.
fn sharing(change: &Change, level: &Level) -> Option<Deed> {
    let is_plain = change.health.is_none()
        && change.moved_from.is_none()
        && change.cause.is_none()
        && change.fields.is_empty()
        && change.warnings.is_empty();
    if !is_plain || level.asks_for(change) {
        return None;
    }
    match change.action {
        Action::Delete => loses_no_more(change).then_some(Deed::Delete),
        Action::Keep => matches!(change.reasons.as_slice(), [Reason::Protected { .. }]).then_some(Deed::Keep),
        _ => None,
    }
}

/// Whether nothing is lost with an object but the object.
fn loses_no_more(change: &Change) -> bool {
    change.dies_with.is_empty()
        && !change.protected
        && !kinds::holds_more_than_itself(&change.target.identity)
}

/// Why it is predicted that nothing changes, where there is nothing else to say of the resource.
fn only_predicted(change: &Change) -> Option<String> {
    let is_plain = change.health.is_none()
        && change.moved_from.is_none()
        && change.unchecked.is_empty()
        && change.warnings.is_empty();
    let is_plain = is_plain && change.reasons.is_empty() && change.cause.is_none();
    reasons::short_prediction(&change.fidelity).filter(|_| is_plain && change.action == Action::None)
}

/// The facts of a block of which nothing is there yet.
fn facts_of<'p>(plan: &'p Plan, block: &BlockAddress) -> &'p [KeyFact] {
    let is_new = |change: &Change| change.action == Action::Create;
    let is_hook = |change: &Change| change.desired.as_ref().is_some_and(|desired| desired.hook.is_some());
    let mut of_block =
        plan.changes.iter().filter(|change| change.address.block == *block && !is_hook(change));
    let is_whole = of_block.all(is_new);
    match plan.briefing.key_facts.get(block) {
        Some(facts) if is_whole => facts,
        _ => &[],
    }
}

impl Deed {
    /// The same as an action of a plan.
    pub(in crate::report) fn action(self) -> Action {
        match self {
            Self::Delete => Action::Delete,
            Self::Create => Action::Create,
            Self::Keep => Action::Keep,
        }
    }
}

impl Group<'_> {
    /// What is to be known first of an object. Where the block has facts, they say it all; of what goes there are none.
    pub(in crate::report) fn facts_of(&self, object: &Change) -> Vec<KeyFact> {
        if self.facts.is_empty() && self.deed == Deed::Create {
            key_facts::of_object(object)
        } else {
            Vec::new()
        }
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

    /// The namespace in which all objects are, where their addresses do not say it.
    pub(in crate::report) fn namespace(&self) -> Option<&str> {
        let namespace = self.objects.first()?.target.identity.namespace.as_deref()?;
        let is_there = |object: &&Change| {
            let says_it = object.address.object.as_ref().is_none_or(|name| name.namespace.is_some());
            !says_it && object.target.identity.namespace.as_deref() == Some(namespace)
        };
        self.objects.iter().all(is_there).then_some(namespace)
    }

    /// The sentences that the plan says of all of them or of many, and those of each object beside these.
    pub(in crate::report) fn remarks(&self, plan: &Plan) -> (Vec<String>, Vec<Vec<String>>) {
        let mut own: Vec<Vec<String>> =
            self.objects.iter().map(|object| words::short_remarks(plan, object)).collect();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for line in own.iter().flatten() {
            *counts.entry(line.clone()).or_default() += 1;
        }
        counts.retain(|_, count| *count == own.len() || *count >= MANY);
        for lines in &mut own {
            lines.retain(|line| !counts.contains_key(line));
        }
        let all = own.len();
        let common = counts
            .into_iter()
            .map(|(line, count)| if count == all { line } else { format!("{count} of them: {line}") });
        (common.collect(), own)
    }
}
