//! The hooks of charts while an apply runs: what is due is noted before anything is written, and what has done its work
//! is deleted where its chart says so.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::event::Record;
use crate::plan::{Action, Change, Plan, Tracking};
use crate::resource::{
    Address, BlockAddress, Ending, Hook, Live, Moment, Problem, ProblemKind, Side, Target,
};

/// What is to be deleted.
pub(super) struct Leftover {
    pub(super) address: Address,
    pub(super) target: Target,
    pub(super) live: Arc<Live>,
}

/// What must be known of a run before it begins: an installation or a deletion that is interrupted goes on as one.
pub(super) fn due(plan: &Plan) -> impl Iterator<Item = Record> {
    let is_due = |change: &&Change| {
        let goes_on =
            hook(change).is_some_and(|hook| matches!(hook.moment, Moment::Install | Moment::Delete));
        goes_on && change.action == Action::Run && change.tracking == Tracking::New
    };
    plan.changes.iter().filter(is_due).map(|change| Record::Due {
        address: change.address.clone(),
        target: Box::new(change.target.clone()),
        leftover: change.prior.as_ref().map(|prior| prior.stamp.uid.clone()),
    })
}

/// How a change is run, where it is a hook.
pub(super) fn hook(change: &Change) -> Option<&Hook> {
    change.desired.as_deref()?.hook.as_ref()
}

/// Whether it is what a chart has run because it is deleted.
pub(super) fn is_of_deletion(change: &Change) -> bool {
    hook(change).is_some_and(|hook| hook.moment == Moment::Delete)
}

/// Why a change has failed. Of a hook of a deletion it also says what the hook may lack, and how to do without it: whatever the
/// reason is, each run of the deletion meets it again, unless it is only that nobody answers, or others write.
pub(super) fn told(plan: &Plan, change: &Change, problem: Problem) -> Problem {
    let may_pass = [
        ProblemKind::Unreachable,
        ProblemKind::Unauthenticated,
        ProblemKind::Settings,
        ProblemKind::Conflict,
        ProblemKind::Overtaken,
    ];
    if !is_of_deletion(change) || may_pass.contains(&problem.kind) {
        return problem;
    }
    let without = format!(
        "to do without the hook, release it: take the block of the chart out, and add `[[removed]]` with `address = \"{}\"` and \
         `destroy = false`",
        change.address
    );
    let (lack, way_out) = match gone_beside(plan, change).as_slice() {
        [] => (String::new(), without),
        gone => {
            let (gone, are) = (gone.join(", "), if gone.len() == 1 { "is" } else { "are" });
            let again = "to have made again what is gone, apply with the block of the chart, and then delete the chart";
            (
                format!(
                    "\nof its chart, {gone} {are} gone, and the hook may need what is gone (rights, say)"
                ),
                format!("{again}; {without}"),
            )
        }
    };
    let help = match problem.help {
        Some(first) => format!("{first}; or {way_out}"),
        None => way_out,
    };
    Problem { message: problem.message + &lack, help: Some(help), ..problem }
}

/// The objects of the chart that were gone before this hook was to run. After the deletion all of them are, as is meant.
fn gone_beside(plan: &Plan, change: &Change) -> Vec<String> {
    let is_before = hook(change).and_then(Hook::side) == Some(Side::Before);
    let gone = plan.leaving.get(&change.address.block).filter(|_| is_before);
    gone.into_iter().flatten().map(ToString::to_string).collect()
}

/// The hooks that have not done their work yet, by their charts and sides.
#[derive(Default)]
pub(super) struct OpenHooks<'p> {
    open: HashMap<(&'p BlockAddress, Side), BTreeSet<&'p Address>>,
}

impl<'p> OpenHooks<'p> {
    /// All hooks that this plan runs, or waits for.
    pub(super) fn of(plan: &'p Plan) -> Self {
        let mut hooks = Self::default();
        for change in plan.changes.iter().filter(|change| !change.has_completed()) {
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

/// The charts that are deleted with hooks, each with the changes that are not done yet. What such a hook has done is
/// remembered until all of its chart is done: otherwise a run that is killed in between would be followed by one that
/// runs it again.
#[derive(Default)]
pub(super) struct LeavingCharts<'p> {
    open: HashMap<&'p BlockAddress, BTreeSet<&'p Address>>,
}

impl<'p> LeavingCharts<'p> {
    /// The charts of which this plan runs hooks of a deletion, or has seen them run.
    pub(super) fn of(plan: &'p Plan) -> Self {
        let hooks = plan.changes.iter().filter(|change| is_of_deletion(change));
        let mut charts = Self { open: hooks.map(|hook| (&hook.address.block, BTreeSet::new())).collect() };
        for change in &plan.changes {
            if let Some(open) = charts.open.get_mut(&change.address.block) {
                open.insert(&change.address);
            }
        }
        charts
    }

    /// Counts a change as done; whether it was the last one of its chart.
    pub(super) fn close(&mut self, change: &'p Change) -> bool {
        let open = self.open.get_mut(&change.address.block);
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
    let hook = hook(change)?;
    // Of a chart that is deleted, nothing stays.
    let is_last = hook.moment == Moment::Delete && ending == Ending::Succeeded;
    let is_meant = is_last || hook.deleted_after.contains(&ending);
    let live = current.get(&change.address).filter(|_| is_meant)?;
    let (address, target) = (change.address.clone(), change.target.clone());
    Some(Leftover { address, target, live: Arc::clone(live) })
}
