//! What a resource stands on in the same plan: its namespace, and the definition of its kind.

use std::sync::Arc;

use crate::plan::diff::schema::Definition;
use crate::plan::model::change::Action;
use crate::plan::model::fidelity::PredictionReason;
use crate::plan::planner::Planner;
use crate::resource::{Address, Desired, Problem, ProblemKind, Reference};

/// How many addresses a message names.
const NAMED: usize = 3;

impl Planner {
    /// What must be decided before this resource can be: its namespace, its kind, what it refers to.
    pub(in crate::plan) fn dependencies(&self, index: usize) -> impl Iterator<Item = usize> {
        let desired = &self.input.desired[index];
        let namespace = desired.identity.namespace.as_ref().and_then(|name| self.namespaces.get(name));
        let kind = self.kinds.get(&desired.identity.group_kind());
        let referred = self.referred(desired);
        let triggers = self.triggers(index);
        let dependencies = namespace.into_iter().chain(kind).copied().chain(referred).chain(triggers);
        dependencies.filter(move |dependency| *dependency != index)
    }

    /// The resources of which it takes values.
    pub(in crate::plan) fn referred(&self, desired: &Desired) -> Vec<usize> {
        let references = desired.unresolved.iter().flat_map(|(_, expression)| expression.references());
        references
            .filter_map(|reference| match reference {
                Reference::Live(live) => live.split(|address| self.by_address.contains_key(address)),
                Reference::Secret(_) | Reference::Variable(_) => None,
            })
            .filter_map(|(address, _)| self.by_address.get(&address))
            .copied()
            .collect()
    }

    /// Whether it must be kept what the resource will be.
    pub(in crate::plan) fn is_source(&self, index: usize) -> bool {
        self.sources.contains(&index)
    }

    /// The resources whose change replaces this one; a block's address stands for all of its objects.
    pub(in crate::plan) fn triggers(&self, index: usize) -> impl Iterator<Item = usize> {
        let named = &self.input.desired[index].lifecycle.replace_triggered_by;
        let all = self.input.desired.iter().enumerate().filter(|_| !named.is_empty());
        all.filter(move |(other, desired)| {
            let address = &desired.address;
            let is =
                |named: &Address| named.block == address.block && named.object.is_none() || named == address;
            *other != index && named.iter().any(is)
        })
        .map(|(other, _)| other)
    }

    /// Why a namespace or a definition cannot be made anew: what this configuration has in it would die with the
    /// old one, and be planned as if it stayed.
    pub(in crate::plan) fn why_not_made_anew(&self, index: usize) -> Option<Problem> {
        let dependency = &self.input.desired[index];
        let is_in_it = |desired: &&Arc<Desired>| {
            let namespace = desired.identity.namespace.as_ref();
            let stands_here = namespace.and_then(|name| self.namespaces.get(name)) == Some(&index)
                || self.kinds.get(&desired.identity.group_kind()) == Some(&index);
            stands_here && desired.address != dependency.address && self.live(&desired.address).is_some()
        };
        let all: Vec<&Arc<Desired>> = self.input.desired.iter().filter(is_in_it).collect();
        let named: Vec<String> = all.iter().take(NAMED).map(|desired| desired.address.to_string()).collect();
        let more = match all.len() {
            0 => return None,
            count if count > NAMED => format!(" and {} more", count - NAMED),
            _ => String::new(),
        };
        let message = format!(
            "it cannot be made anew while there is {}{more}, which would die with it",
            named.join(", ")
        );
        Some(Problem::new(ProblemKind::Rejected, message).help(
            "destroy it with what stands in it (`regplan destroy --target`), then apply; whatever holds data needs a copy",
        ))
    }

    /// The definition of its kind in this plan, as it will be.
    pub(in crate::plan) fn definition_of(&self, index: usize) -> Option<Definition<'_>> {
        let dependency = self.kinds.get(&self.input.desired[index].identity.group_kind())?;
        let decision = self.decisions.get(dependency)?;
        let desired = &self.input.desired[*dependency];
        let object = decision.outcome.as_ref().map_or(&desired.object, |live| &live.object);
        Some(Definition { address: &desired.address, object })
    }

    /// Why the server cannot be asked about this write, if it cannot.
    pub(in crate::plan) fn why_not_asked(
        &self,
        index: usize,
        pending: Option<PredictionReason>,
    ) -> Option<PredictionReason> {
        let desired = &self.input.desired[index];
        let action = |dependency: Option<&usize>| {
            dependency
                .and_then(|dependency| Some(self.decisions.get(dependency)?.change.action))
                .unwrap_or(Action::None)
        };
        // Its own error says why; that nothing can be made without it would be said of everything else.
        let is_lacking = |dependency: Option<&usize>| {
            let refused = dependency.filter(|dependency| self.refused.contains(dependency));
            refused.is_some_and(|dependency| self.live(&self.input.desired[*dependency].address).is_none())
        };
        if let Some(name) = desired.identity.namespace.as_deref() {
            let dependency = self.namespaces.get(name);
            if matches!(action(dependency), Action::Create) {
                return Some(PredictionReason::NamespaceCreated { namespace: name.to_owned() });
            }
            if is_lacking(dependency) {
                return Some(PredictionReason::NamespaceMissing { namespace: name.to_owned() });
            }
        }
        let kind = desired.identity.group_kind();
        if is_lacking(self.kinds.get(&kind)) {
            return Some(PredictionReason::KindMissing { defined: kind });
        }
        match action(self.kinds.get(&kind)) {
            Action::Create => return Some(PredictionReason::KindCreated { defined: kind }),
            Action::Update | Action::Replace | Action::Adopt => {
                return Some(PredictionReason::KindChanged { defined: kind });
            }
            _ => {}
        }
        pending
    }
}
