//! Which change awaits which, and which wait for each other.

use crate::graph::{Order, OrderedChange, change_order, contradictions};
use crate::plan::cures::effects::effects;
use crate::plan::cures::remedies::Remedy;
use crate::plan::cures::values::{of, taken};
use crate::plan::model::change::{Action, Change};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::plan::{Plan, Refusal};
use crate::resource::dependencies::Exclusive;
use crate::resource::{Address, Problem, ProblemKind};

impl Plan {
    /// The order of all changes, writes and deletes, in which an apply works.
    pub fn order(&self) -> Order<Address> {
        change_order(&ordered(&self.changes))
    }
}

fn ordered(changes: &[Change]) -> Vec<OrderedChange<'_>> {
    changes.iter().map(ordered_change).collect()
}

fn ordered_change(change: &Change) -> OrderedChange<'_> {
    OrderedChange {
        address: change.address.clone(),
        identity: change.target.identity.clone(),
        object: change.prior.as_ref().map(|live| &live.object),
        is_deleted: change.action == Action::Delete,
        dependencies: change.dependencies.clone(),
        awaits: change.awaits.clone(),
    }
}

/// Lets each change await those that give up what it takes; whether the server was asked or not. What cannot be done
/// in any order is taken out of the changes, and refused.
pub(in crate::plan) fn settle(changes: &mut Vec<Change>) -> Vec<Refusal> {
    await_what_is_freed(changes);
    let mut refusals: Vec<Refusal> = changes.iter().filter_map(|change| kept_from(change, changes)).collect();
    let sets = contradictions(&ordered(changes));
    for set in &sets {
        let stuck =
            changes.iter().filter(|change| set.contains(&change.address) && !change.awaits.is_empty());
        refusals.extend(stuck.map(|change| Refusal {
            address: change.address.clone(),
            target: change.target.clone(),
            obstacle: contradiction(change, set).into(),
        }));
    }
    changes.retain(|change| !refusals.iter().any(|refusal| refusal.address == change.address));
    refusals
}

/// The refusal of a change that takes what a protected object has, which is deleted last or not at all. Where the server
/// was asked, it has said so already.
fn kept_from(change: &Change, changes: &[Change]) -> Option<Refusal> {
    let values = if matches!(change.fidelity, Fidelity::Predicted(_)) { taken(change) } else { Vec::new() };
    let stays = changes.iter().filter(|other| {
        other.protected
            && other.address != change.address
            && matches!(other.action, Action::Delete | Action::Keep)
    });
    let (value, holder) = stays.into_iter().find_map(|other| {
        let has = other.prior.as_ref().map(|live| of(&other.target.identity, &live.object))?;
        Some((has.into_iter().find(|value| values.contains(value))?, other))
    })?;
    let problem =
        Problem::new(ProblemKind::Rejected, format!("it wants {value}, which {} has", holder.address));
    Some(Refusal {
        address: change.address.clone(),
        target: change.target.clone(),
        obstacle: problem.help(help_with_protected(holder, value)).into(),
    })
}

fn await_what_is_freed(changes: &mut [Change]) {
    let taken: Vec<(usize, Vec<Exclusive>)> = changes
        .iter()
        .enumerate()
        .map(|(at, change)| (at, taken(change)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    for (at, values) in taken {
        let address = changes[at].address.clone();
        let others = changes.iter().filter(|change| change.address != address);
        let frees = |change: &&Change| {
            effects(change).iter().any(|effect| values.iter().any(|value| effect.frees(*value)))
        };
        let freeing: Vec<Address> = others.filter(frees).map(|change| change.address.clone()).collect();
        let awaits = &mut changes[at].awaits;
        awaits.extend(freeing);
        awaits.sort();
        awaits.dedup();
    }
}

/// What to do where a protected object has a value that is needed. It is deleted last.
pub(in crate::plan) fn protected_holder(remedies: &[Vec<Remedy>], removed: &[Change]) -> Option<String> {
    let values: Vec<Exclusive> = remedies
        .iter()
        .flatten()
        .filter_map(|remedy| match remedy {
            Remedy::Freed(value) => Some(*value),
            _ => None,
        })
        .collect();
    removed.iter().find_map(|change| {
        let has = change.prior.as_ref().map(|live| of(&change.target.identity, &live.object))?;
        let value = has.into_iter().find(|value| values.contains(value))?;
        Some(help_with_protected(change, value))
    })
}

fn help_with_protected(holder: &Change, value: Exclusive) -> String {
    let address = &holder.address;
    format!(
        "{address} has {value}, and is protected, so it is deleted last: delete it first by itself (`regplan apply \
         --target {address} --consent {address}`), then apply the rest"
    )
}

fn contradiction(change: &Change, set: &[Address]) -> Problem {
    let others: Vec<String> = set
        .iter()
        .filter(|address| **address != change.address)
        .map(|address| format!("`{address}`"))
        .collect();
    let values: Vec<String> = taken(change).iter().map(ToString::to_string).collect();
    let what = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
    let message = format!(
        "it and {} wait for each other: each needs what another one gives up{what}, and none can be first",
        others.join(", ")
    );
    Problem::new(ProblemKind::Rejected, message)
        .help("give one of them another value first, and apply; then give it the one that you want, and apply again")
}
