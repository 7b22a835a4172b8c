//! The hooks of charts while an apply runs: what is due is noted before anything is written, and what has done its work
//! is deleted where its chart says so.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::event::Record;
use crate::plan::{Action, Change, Plan, Tracking};
use crate::resource::{Address, BlockAddress, Ending, Hook, Live, Moment, Side, Target};

/// What is to be deleted.
pub(super) type Leftover = (Target, Arc<Live>);

/// What must be known of a run before it begins: an installation that is interrupted goes on as one.
pub(super) fn due(plan: &Plan) -> impl Iterator<Item = Record> {
    let is_due = |change: &&Change| {
        let installs = hook(change).is_some_and(|hook| hook.moment == Moment::Install);
        installs && change.action == Action::Run && change.tracking == Tracking::New
    };
    plan.changes.iter().filter(is_due).map(|change| Record::Due {
        address: change.address.clone(),
        target: Box::new(change.target.clone()),
    })
}

/// How a change is run, where it is a hook.
pub(super) fn hook(change: &Change) -> Option<&Hook> {
    change.desired.as_deref()?.hook.as_ref()
}

/// The hooks that have not done their work yet, by their charts and sides.
#[derive(Default)]
pub(super) struct OpenHooks<'p> {
    open: HashMap<(&'p BlockAddress, Side), BTreeSet<&'p Address>>,
}

impl<'p> OpenHooks<'p> {
    /// All hooks that this plan runs, or has seen run.
    pub(super) fn of(plan: &'p Plan) -> Self {
        let mut hooks = Self::default();
        for change in &plan.changes {
            if let Some(side) = hook(change).and_then(Hook::side) {
                hooks.open.entry((&change.address.block, side)).or_default().insert(&change.address);
            }
        }
        hooks
    }

    /// Counts a hook as done; whether it was the last one of its side.
    pub(super) fn close(&mut self, change: &'p Change) -> bool {
        let Some(side) = hook(change).and_then(Hook::side) else { return false };
        let open = self.open.get_mut(&(&change.address.block, side));
        open.is_some_and(|open| open.remove(&change.address) && open.is_empty())
    }
}

/// The objects that go when all hooks on the side of this one have done their work: until then one may need what another
/// made.
pub(super) fn leftovers(
    plan: &Plan,
    change: &Change,
    current: &HashMap<Address, Arc<Live>>,
) -> Vec<Leftover> {
    let side = hook(change).and_then(Hook::side);
    let of_side = plan.changes.iter().filter(|other| {
        other.address.block == change.address.block && hook(other).and_then(Hook::side) == side
    });
    of_side.filter_map(|other| leftover(other, Ending::Succeeded, current)).collect()
}

/// The object of a hook, if it is deleted after this ending.
pub(super) fn leftover(
    change: &Change,
    ending: Ending,
    current: &HashMap<Address, Arc<Live>>,
) -> Option<Leftover> {
    let is_meant = hook(change)?.deleted_after.contains(&ending);
    let live = current.get(&change.address).filter(|_| is_meant)?;
    Some((change.target.clone(), Arc::clone(live)))
}
