//! What a chart has run before it is deleted, and after.

use std::sync::Arc;

use crate::kubernetes::kinds::install_rank;
use crate::kubernetes::marks::RUN;
use crate::kubernetes::readiness::{Readiness, StorageClass, judge};
use crate::plan::diff::field_changes;
use crate::plan::model::change::{Action, Change, Tracking};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::plan::Mode;
use crate::plan::ownership::belonging::is_marked_ours;
use crate::plan::sent::object::object;
use crate::plan::view::overview::Overview;
use crate::resource::{Address, BlockAddress, Desired, Hook, Live, Moment, ReadyRule, Side};

/// The changes with what runs of the charts that leave as a whole: before all of their objects are deleted, or after.
pub(in crate::plan) fn with_farewells(overview: Overview<'_>, mut changes: Vec<Change>) -> Vec<Change> {
    let mut hooks: Vec<&Arc<Desired>> = overview.input().farewells.iter().collect();
    hooks.sort_by_key(|hook| place(hook));
    let mut charts: Vec<&BlockAddress> = hooks.iter().map(|hook| &hook.address.block).collect();
    charts.sort();
    charts.dedup();
    for chart in charts {
        if !leaves(overview, chart, &changes) {
            continue;
        }
        let of_chart = hooks.iter().copied().filter(|hook| hook.address.block == *chart);
        let (before, after): (Vec<_>, Vec<_>) = of_chart
            .filter(|hook| !has_run(overview, hook))
            .partition(|hook| hook.hook.as_ref().and_then(Hook::side) == Some(Side::Before));
        say_farewell(overview, chart, &before, &after, &mut changes);
    }
    changes
}

/// The place of a hook among those of the same phase.
fn place(hook: &Desired) -> (i64, usize, &str) {
    let weight = hook.hook.as_ref().map_or(0, |hook| hook.weight);
    (weight, install_rank(&hook.identity.kind), &hook.identity.name)
}

/// Whether the chart leaves as a whole: nothing of it is wanted or left out, and something of it is deleted.
fn leaves(overview: Overview<'_>, chart: &BlockAddress, changes: &[Change]) -> bool {
    let input = overview.input();
    let is_wanted =
        input.mode == Mode::Apply && input.desired.iter().any(|desired| desired.address.block == *chart);
    let is_left_out = input.left_out.known.keys().any(|address| address.block == *chart);
    let is_hook = |address: &Address| input.known.get(address).is_some_and(|known| known.hook.is_some());
    let mut deleted = changes.iter().filter(|change| change.action == Action::Delete);
    !is_wanted
        && !is_left_out
        && deleted.any(|change| change.address.block == *chart && !is_hook(&change.address))
}

/// Whether it has done its work in a run that did not get further.
fn has_run(overview: Overview<'_>, hook: &Desired) -> bool {
    let content = hook.hook.as_ref().map(|hook| &hook.content);
    overview.input().known.get(&hook.address).is_some_and(|known| {
        known.hook == Some(Moment::Delete) && known.completed.as_ref() == content && !known.doubted
    })
}

fn say_farewell(
    overview: Overview<'_>,
    chart: &BlockAddress,
    before: &[&Arc<Desired>],
    after: &[&Arc<Desired>],
    changes: &mut Vec<Change>,
) {
    // What is left of an earlier run makes room for this one.
    let is_run = |change: &Change| before.iter().chain(after).any(|hook| hook.address == change.address);
    changes.retain(|change| !is_run(change));
    let addresses = |hooks: &[&Arc<Desired>]| hooks.iter().map(|hook| hook.address.clone()).collect();
    let first: Vec<Address> = addresses(before);
    let mut deleted = Vec::new();
    for change in changes.iter_mut().filter(|change| change.address.block == *chart) {
        if change.action == Action::Delete {
            change.awaits.extend(first.iter().cloned());
            deleted.push(change.address.clone());
        }
    }
    let mut done: Vec<Address> = Vec::new();
    for hook in before {
        changes.push(Change { awaits: done.clone(), ..run(overview, hook) });
        done.push(hook.address.clone());
    }
    done.extend(deleted);
    for hook in after {
        changes.push(Change { awaits: done.clone(), ..run(overview, hook) });
        done.push(hook.address.clone());
    }
}

/// The change that runs a hook, or waits for it where it was begun.
fn run(overview: Overview<'_>, hook: &Arc<Desired>) -> Change {
    let live = overview.live(&hook.address).filter(|live| is_marked_ours(live, overview.owner()));
    let sent = object(hook, None, overview.owner());
    let is_begun = live.is_some_and(|live| is_under_way(overview, hook, live));
    let action = if is_begun { Action::None } else { Action::Run };
    Change {
        fields: if is_begun { Vec::new() } else { field_changes::created(hook, &sent) },
        prior: live.cloned(),
        send: Some(sent),
        // What was begun is known, and goes once it has ended.
        tracking: if is_begun { Tracking::Known } else { Tracking::New },
        timeouts: hook.lifecycle.timeouts,
        awaited: is_begun,
        desired: Some(Arc::clone(hook)),
        ..Change::new(hook.address.clone(), hook.target(), action, Fidelity::Observed)
    }
}

/// Whether a run that was killed has begun it for this deletion, and it has not failed.
fn is_under_way(overview: Overview<'_>, hook: &Desired, live: &Live) -> bool {
    let known = overview.input().known.get(&hook.address);
    let content = hook.hook.as_ref().map(|hook| hook.content.as_str());
    let readiness = judge(&hook.identity, &live.object, Some(&ReadyRule::Ended), StorageClass::default());
    known.is_some_and(|known| known.hook == Some(Moment::Delete))
        && live.annotation(RUN) == content
        && !matches!(readiness, Readiness::Failed(_))
}
