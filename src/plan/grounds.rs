//! What a resource stands on in the same plan: its namespace, and the definition of its kind.

use std::sync::Arc;

use super::change::Action;
use super::planner::Planner;
use super::schema::Definition;
use crate::resource::{Desired, Problem, ProblemKind};

/// How many addresses a message names.
const NAMED: usize = 3;

impl Planner {
    /// Why a namespace or a definition cannot be made anew: what this configuration has in it would die with the
    /// old one, and be planned as if it stayed.
    pub(super) fn why_not_made_anew(&self, index: usize) -> Option<Problem> {
        let ground = &self.input.desired[index];
        let is_in_it = |desired: &&Arc<Desired>| {
            let namespace = desired.identity.namespace.as_ref();
            let stands_here = namespace.and_then(|name| self.namespaces.get(name)) == Some(&index)
                || self.kinds.get(&desired.identity.group_kind()) == Some(&index);
            stands_here && desired.address != ground.address && self.live(&desired.address).is_some()
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
    pub(super) fn definition_of(&self, index: usize) -> Option<Definition<'_>> {
        let ground = self.kinds.get(&self.input.desired[index].identity.group_kind())?;
        let decision = self.decisions.get(ground)?;
        let desired = &self.input.desired[*ground];
        let object = decision.outcome.as_ref().map_or(&desired.object, |live| &live.object);
        Some(Definition { address: &desired.address, object })
    }

    /// Why the server cannot be asked about this write, if it cannot.
    pub(super) fn why_not_asked(&self, index: usize, pending: Option<&str>) -> Option<String> {
        let desired = &self.input.desired[index];
        let action = |ground: Option<&usize>| {
            ground.and_then(|ground| Some(self.decisions.get(ground)?.change.action)).unwrap_or(Action::None)
        };
        // Its own error says why; that nothing can be made without it would be said of everything else.
        let is_lacking = |ground: Option<&usize>| {
            let refused = ground.filter(|ground| self.refused.contains(ground));
            refused.is_some_and(|ground| self.live(&self.input.desired[*ground].address).is_none())
        };
        if let Some(name) = desired.identity.namespace.as_deref() {
            let ground = self.namespaces.get(name);
            if matches!(action(ground), Action::Create) {
                return Some(format!("the namespace `{name}` is made by this plan"));
            }
            if is_lacking(ground) {
                return Some(format!("the namespace `{name}` is not there, and cannot be made"));
            }
        }
        let kind = desired.identity.group_kind();
        if is_lacking(self.kinds.get(&kind)) {
            return Some(format!("the kind {kind} is not there, and cannot be made"));
        }
        match action(self.kinds.get(&kind)) {
            Action::Create => return Some(format!("the kind {kind} is made by this plan")),
            Action::Update | Action::Replace | Action::Adopt => {
                return Some(format!("the kind {kind} is changed by this plan"));
            }
            _ => {}
        }
        pending.map(str::to_owned)
    }
}
