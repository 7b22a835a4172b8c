//! What a chart has run before it is deleted, and after.

use std::sync::Arc;

use crate::kubernetes::completion::ends_by_itself;
use crate::kubernetes::kinds::{install_rank, is_definition};
use crate::kubernetes::marks::RUN;
use crate::kubernetes::readiness::{Readiness, StorageClass, judge};
use crate::plan::diff::field_changes;
use crate::plan::model::change::{Action, Change, Tracking};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::plan::Mode;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::belonging::is_marked_ours;
use crate::plan::sent::object::object;
use crate::plan::view::overview::Overview;
use crate::resource::{Address, BlockAddress, Desired, Hook, Identity, Live, Moment, ReadyRule, Side};

/// The changes with what runs of the charts that leave as a whole: before all of their objects are deleted, or after.
pub(in crate::plan) fn with_farewells(overview: Overview<'_>, mut changes: Vec<Change>) -> Vec<Change> {
    let all = overview.input().farewells.iter();
    // What is released is nobody's business any more.
    let mut hooks: Vec<&Arc<Desired>> =
        all.filter(|hook| overview.input().moves.released(&hook.address).is_none()).collect();
    hooks.sort_by_key(|hook| place(hook));
    let mut charts: Vec<&BlockAddress> = hooks.iter().map(|hook| &hook.address.block).collect();
    charts.sort();
    charts.dedup();
    for chart in charts {
        let of_chart = hooks.iter().copied().filter(|hook| hook.address.block == *chart);
        let (before, after) = of_chart.partition(|hook| side(hook) == Some(Side::Before));
        let farewell = Farewell { overview, chart, before, after };
        if farewell.is_due(&changes) {
            farewell.say(&mut changes);
        }
    }
    changes
}

/// The place of a hook among those of the same phase.
fn place(hook: &Desired) -> (i64, usize, &str) {
    let weight = hook.hook.as_ref().map_or(0, |hook| hook.weight);
    (weight, install_rank(&hook.identity.kind), &hook.identity.name)
}

fn side(hook: &Desired) -> Option<Side> {
    hook.hook.as_ref().and_then(Hook::side)
}

/// What one chart has run, in its order.
struct Farewell<'a> {
    overview: Overview<'a>,
    chart: &'a BlockAddress,
    before: Vec<&'a Arc<Desired>>,
    after: Vec<&'a Arc<Desired>>,
}

impl<'a> Farewell<'a> {
    fn hooks(&self) -> impl Iterator<Item = &'a Arc<Desired>> {
        self.before.iter().chain(&self.after).copied()
    }

    /// Whether the chart leaves as a whole, in this run or since an earlier one that did not get to the end: nothing of it
    /// is wanted or left out or has moved, and something of it is deleted or is still to run.
    fn is_due(&self, changes: &[Change]) -> bool {
        let input = self.overview.input();
        let is_of_chart = |address: &Address| address.block == *self.chart;
        // Definitions are never rolled back: that they stay does not keep their chart.
        let counts = |identity: &Identity| input.revision.is_none() || !is_definition(identity);
        let mut desired = input.desired.iter();
        let is_wanted = input.mode == Mode::Apply
            && desired.any(|desired| is_of_chart(&desired.address) && counts(&desired.identity));
        let mut left_out = input.left_out.known.iter();
        let is_left_out =
            left_out.any(|(address, known)| is_of_chart(address) && counts(&known.target.identity));
        let has_moved = input.moved.values().any(is_of_chart);
        let is_hook = |address: &Address| input.known.get(address).is_some_and(|known| known.hook.is_some());
        let mut deleted = changes.iter().filter(|change| change.action == Action::Delete);
        !is_wanted
            && !is_left_out
            && !has_moved
            && (deleted.any(|change| is_of_chart(&change.address) && !is_hook(&change.address))
                || self.hooks().any(|hook| self.was_to_run(hook)))
    }

    /// Whether an earlier run was to run it, and did not get to its end.
    fn was_to_run(&self, hook: &Desired) -> bool {
        self.is_known_to_leave(hook) && !self.has_run(hook)
    }

    /// Whether the state knows it as one that runs because its chart is deleted.
    fn is_known_to_leave(&self, hook: &Desired) -> bool {
        let known = self.overview.input().known.get(&hook.address);
        known.is_some_and(|known| known.hook == Some(Moment::Delete))
    }

    /// Whether it has done its work in a run that did not get further.
    fn has_run(&self, hook: &Desired) -> bool {
        let content = hook.hook.as_ref().map(|hook| &hook.content);
        let known = self.overview.input().known.get(&hook.address);
        self.is_known_to_leave(hook)
            && known.is_some_and(|known| known.completed.as_ref() == content && !known.doubted)
    }

    fn say(&self, changes: &mut Vec<Change>) {
        // What is left of an earlier run makes room for this one, or goes with what is run now.
        changes.retain(|change| !self.hooks().any(|hook| hook.address == change.address));
        let mut done: Vec<Address> = Vec::new();
        self.add(&self.before, &mut done, changes);
        for change in changes.iter_mut().filter(|change| change.address.block == *self.chart) {
            if change.action == Action::Delete {
                change.awaits.extend(self.before.iter().map(|hook| hook.address.clone()));
                done.push(change.address.clone());
            }
        }
        self.add(&self.after, &mut done, changes);
    }

    /// Adds what is to run of one side, each after all that is done by then.
    fn add(&self, side: &[&'a Arc<Desired>], done: &mut Vec<Address>, changes: &mut Vec<Change>) {
        let is_open = side.iter().any(|hook| !self.has_run(hook));
        for hook in side {
            changes.push(Change { awaits: done.clone(), ..self.change(hook, is_open) });
            done.push(hook.address.clone());
        }
    }

    /// What becomes of a hook: it runs, or was begun and is waited for, or has run. `is_open` says whether another one of
    /// its side is still to run: what that one needs must be there as well.
    fn change(&self, hook: &Arc<Desired>, is_open: bool) -> Change {
        let live =
            self.overview.live(&hook.address).filter(|live| is_marked_ours(live, self.overview.owner()));
        if live.is_some_and(|live| self.is_under_way(hook, live)) {
            return self.awaited(hook, live);
        }
        let there = live.filter(|live| !live.is_ending());
        let is_needed = is_open && there.is_none() && !ends_by_itself(&hook.identity);
        if self.has_run(hook) && !is_needed { settled(hook, there) } else { self.run(hook, live) }
    }

    /// Whether a run that was killed has begun it for this deletion, and it has not failed.
    fn is_under_way(&self, hook: &Desired, live: &Live) -> bool {
        let content = hook.hook.as_ref().map(|hook| hook.content.as_str());
        let readiness = judge(&hook.identity, &live.object, Some(&ReadyRule::Ended), StorageClass::default());
        self.is_known_to_leave(hook)
            && !live.is_ending()
            && live.annotation(RUN) == content
            && !matches!(readiness, Readiness::Failed(_))
    }

    fn run(&self, hook: &Arc<Desired>, live: Option<&Arc<Live>>) -> Change {
        let sent = object(hook, None, self.overview.owner());
        Change {
            fields: field_changes::created(hook, &sent),
            prior: live.cloned(),
            send: Some(sent),
            tracking: Tracking::New,
            ..change_of(hook, Action::Run)
        }
    }

    /// It was begun, is known, and goes once it has ended.
    fn awaited(&self, hook: &Arc<Desired>, live: Option<&Arc<Live>>) -> Change {
        Change {
            prior: live.cloned(),
            send: Some(object(hook, None, self.overview.owner())),
            awaited: true,
            ..change_of(hook, Action::None)
        }
    }
}

/// It has run. The state knows it until all of its chart is done.
fn settled(hook: &Arc<Desired>, there: Option<&Arc<Live>>) -> Change {
    Change { prior: there.cloned(), reasons: vec![Reason::Completed], ..change_of(hook, Action::None) }
}

/// A change of a hook with nothing to send yet.
fn change_of(hook: &Arc<Desired>, action: Action) -> Change {
    Change {
        timeouts: hook.lifecycle.timeouts,
        desired: Some(Arc::clone(hook)),
        ..Change::new(hook.address.clone(), hook.target(), action, Fidelity::Observed)
    }
}
