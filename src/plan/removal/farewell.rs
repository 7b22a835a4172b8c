//! What a chart has run before it is deleted, and after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::kubernetes::completion::ends_by_itself;
use crate::kubernetes::kinds::install_rank;
use crate::kubernetes::marks::RUN;
use crate::kubernetes::readiness::{Readiness, StorageClass, judge};
use crate::plan::diff::field_changes;
use crate::plan::input::plan_input::Known;
use crate::plan::model::change::{Action, Change, Tracking};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::belonging::{is_left_by_a_test, is_marked_ours};
use crate::plan::removal::departure::{Departure, Fate};
use crate::plan::sent::object::object;
use crate::plan::view::overview::Overview;
use crate::resource::dependencies::{Facility, Strength, provides, requires};
use crate::resource::{Address, BlockAddress, Desired, Hook, Identity, Live, Moment, ReadyRule, Side};

/// What a plan says of the charts that leave.
#[derive(Debug, Default)]
pub(in crate::plan) struct Farewells {
    /// All changes, with what runs before the objects of these charts are deleted, or after.
    pub(in crate::plan) changes: Vec<Change>,
    /// The charts that leave as a whole, each with its objects that are gone already.
    pub(in crate::plan) leaving: BTreeMap<BlockAddress, BTreeSet<Identity>>,
    /// What does not run, and why.
    pub(in crate::plan) notes: Vec<String>,
}

/// The changes with what runs of the charts that leave as a whole.
pub(in crate::plan) fn with_farewells(overview: Overview<'_>, changes: Vec<Change>) -> Farewells {
    let input = overview.input();
    let all = input.farewells.iter();
    // What is released is nobody's business any more.
    let mut hooks: Vec<&Arc<Desired>> =
        all.filter(|hook| input.moves.released(&hook.address).is_none()).collect();
    hooks.sort_by_key(|hook| place(hook));
    let mut said = Farewells { changes, ..Farewells::default() };
    for (chart, objects) in &input.leaving {
        let mut of_chart: Vec<_> =
            hooks.iter().copied().filter(|hook| hook.address.block == *chart).collect();
        let departure = Departure::new(overview, chart, objects, &said.changes);
        match departure.fate() {
            Fate::Stays => continue,
            Fate::Survives(survivor) => {
                let note = (!of_chart.is_empty()).then(|| note_of_survivor(chart, survivor));
                said.notes.extend(note);
                continue;
            }
            Fate::Renamed => {
                said.notes.extend((!of_chart.is_empty()).then(|| note_of_renamed(chart)));
                continue;
            }
            Fate::Leaves => {}
        }
        // Where something is left to delete, a hook that cannot run holds the deletion back: what it saves may be in there.
        if !departure.is_deleted() {
            said.notes.extend(leave_out_lacking(overview, &mut of_chart, &departure));
        }
        said.leaving.insert(chart.clone(), departure.gone_objects());
        let (before, after) = of_chart.into_iter().partition(|hook| side(hook) == Some(Side::Before));
        Farewell { overview, chart, before, after }.say(&mut said.changes);
    }
    said
}

/// Leaves out the hooks that cannot run, and says why, each. What one of them would have made, others lack in turn.
fn leave_out_lacking(
    overview: Overview<'_>,
    hooks: &mut Vec<&Arc<Desired>>,
    departure: &Departure<'_>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let mut left_out: Vec<&Arc<Desired>> = Vec::new();
    loop {
        let mut candidates = hooks.iter().enumerate().filter(|(_, hook)| is_first_run(overview, hook));
        let found = candidates.find_map(|(at, hook)| Some((at, lacking(hook, departure, &left_out)?)));
        let Some((at, missing)) = found else { return notes };
        let hook = hooks.remove(at);
        notes.push(note_of_lack(hook, &missing));
        left_out.push(hook);
    }
}

/// Whether it runs before the deletion, and no earlier run was to run it. One that was goes on: what it needs was there then.
fn is_first_run(overview: Overview<'_>, hook: &Desired) -> bool {
    side(hook) == Some(Side::Before) && !is_known_to_leave(overview, hook)
}

/// What a hook cannot run without, and is gone, or is not made because what makes it is left out.
fn lacking(hook: &Desired, departure: &Departure<'_>, left_out: &[&Arc<Desired>]) -> Option<Identity> {
    let needed = requires(&hook.identity, &hook.object).into_iter();
    let mut needed = needed.flat_map(|needed| {
        let strength = needed.strength;
        needed.needs.all_of.into_iter().flatten().map(move |facility| (facility, strength))
    });
    needed.find_map(|(facility, strength)| {
        let made_by =
            left_out.iter().find(|other| provides(&other.identity, &other.object).contains(&facility));
        match (made_by, facility) {
            (Some(other), _) => Some(other.identity.clone()),
            (None, Facility::Object(identity)) if strength > Strength::Useful => {
                departure.is_gone_object(&identity).then_some(identity)
            }
            (None, _) => None,
        }
    })
}

/// Whether the state knows it as one that runs because its chart is deleted.
fn is_known_to_leave(overview: Overview<'_>, hook: &Desired) -> bool {
    let known = overview.input().known.get(&hook.address);
    known.is_some_and(|known| known.hook == Some(Moment::Delete))
}

fn note_of_lack(hook: &Desired, lacking: &Identity) -> String {
    format!("{} does not run when its chart is deleted: it needs {lacking}, which is gone.", hook.address)
}

fn note_of_survivor(chart: &BlockAddress, survivor: &Identity) -> String {
    format!("Hooks of the deletion of {chart} do not run: of its objects, {survivor} lives on, or may.")
}

fn note_of_renamed(chart: &BlockAddress) -> String {
    format!(
        "Hooks of the deletion of {chart} do not run: `[[moved]]` gives it another name, and no apply has done that yet. \
         To have them run, apply first."
    )
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

    /// Whether it has done its work in a run that did not get further.
    fn has_run(&self, hook: &Desired) -> bool {
        let content = hook.hook.as_ref().map(|hook| &hook.content);
        let known = self.overview.input().known.get(&hook.address);
        is_known_to_leave(self.overview, hook)
            && known.is_some_and(|known| known.completed.as_ref() == content && !known.doubted)
    }

    fn say(&self, changes: &mut Vec<Change>) {
        // What is left of an earlier run makes room for this one, or goes with what is run now.
        changes.retain(|change| !self.hooks().any(|hook| hook.address == change.address));
        let mut done: Vec<Address> = Vec::new();
        self.add(&self.before, &mut done, changes);
        for change in changes.iter_mut().filter(|change| change.address.block == *self.chart) {
            if change.action == Action::Delete {
                // What is deleted here may have used a hook that runs again now. It does not have to go before that run.
                change.dependencies.retain(|address| !self.hooks().any(|hook| hook.address == *address));
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
        let (owner, known) = (self.overview.owner(), self.overview.input().known.get(&hook.address));
        // What Helm has run before the chart was taken over is known by its uid alone.
        let is_ours = |live: &Live| match known {
            Some(known) => self.overview.is_ours(&hook.address, known, live),
            None => is_marked_ours(live, owner) || is_left_by_a_test(&hook.address, live, owner),
        };
        let live = self.overview.live(&hook.address).filter(|live| is_ours(live));
        if live.is_some_and(|live| self.is_under_way(hook, live)) {
            return self.awaited(hook, live);
        }
        let there = live.filter(|live| !live.is_ending());
        let is_needed = is_open && there.is_none() && !ends_by_itself(&hook.identity);
        if self.has_run(hook) && !is_needed { settled(hook, there) } else { self.run(hook, live) }
    }

    /// Whether a run that was killed has begun it for this deletion, and it has not failed. An earlier deletion, of a chart
    /// that came back, may have left one with the same content.
    fn is_under_way(&self, hook: &Desired, live: &Live) -> bool {
        let content = hook.hook.as_ref().map(|hook| hook.content.as_str());
        let readiness = judge(&hook.identity, &live.object, Some(&ReadyRule::Ended), StorageClass::default());
        let known = self.overview.input().known.get(&hook.address);
        is_known_to_leave(self.overview, hook)
            && known.is_some_and(|known| is_of_last_run(known, live))
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

/// Whether the run that the state tells of has made this object, as far as it has recorded that.
fn is_of_last_run(known: &Known, live: &Live) -> bool {
    let uid = live.stamp.uid.as_str();
    if known.is_in_doubt() { known.leftover.as_deref() != Some(uid) } else { known.uid == uid }
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
