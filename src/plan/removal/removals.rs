//! What becomes of everything that was applied and is not desired (for a destroy, of everything): it is
//! deleted, kept, or forgotten.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::kubernetes::marks::PROJECT;
use crate::plan::input::plan_input::Known;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::plan::{Mode, Refusal};
use crate::plan::model::reason::Reason;
use crate::plan::ownership::belonging::{is_marked_ours, removal_problem};
use crate::plan::removal::kept::{Kept, kept, staying};
use crate::plan::removal::leaving::Leaving;
use crate::plan::view::overview::Overview;
use crate::resource::{Address, HelmRelease, Identity, Live, Problem, Reading};

/// The changes, by address and what is kept last, and what makes the plan impossible.
pub(in crate::plan) fn removals(overview: Overview<'_>) -> (Vec<Change>, Vec<Refusal>) {
    let input = overview.input();
    let (mut changes, mut refusals, mut leaving) = (Vec::new(), Vec::new(), Vec::new());
    let taken_over: HashSet<&Address> =
        overview.changes().filter_map(|change| change.moved_from.as_ref()).collect();
    for (address, known) in &input.known {
        match fate(overview, address, known) {
            Fate::Stays => {}
            // Its new address takes over what is known, whether the object is there or not. To forget the old one would forget
            // both: there is one record of them by then.
            Fate::Forgotten(..) if taken_over.contains(address) => {}
            Fate::Forgotten(reason, live) => changes.push(forgotten(address, known, reason, live)),
            Fate::Leaves(live) => {
                let desired = overview.desired_for(address, &known.target.identity);
                let moved_from = input.moved.get(address);
                leaving.push(Leaving::known(address, known, live, desired).moved_from(moved_from));
            }
            Fate::Impossible(problem) => refusals.push(Refusal {
                address: address.clone(),
                target: known.target.clone(),
                obstacle: problem.into(),
            }),
        }
    }
    if input.mode == Mode::Destroy {
        leaving.extend(unrecorded(overview));
    }
    let kept = kept(overview, &leaving, &staying(overview));
    changes.extend(kept_last(leaving, kept));
    (changes, refusals)
}

/// What becomes of what the state knows under an address.
enum Fate<'a> {
    /// Nothing: it is desired, or another address takes it over.
    Stays,
    /// Only the state forgets it; with the object that has its name, where there is one.
    Forgotten(Reason, Option<&'a Arc<Live>>),
    /// It is to be deleted.
    Leaves(&'a Arc<Live>),
    /// It can neither be deleted nor be forgotten: nobody knows what is there, or it is another project's by now.
    Impossible(Problem),
}

fn fate<'a>(overview: Overview<'a>, address: &Address, known: &Known) -> Fate<'a> {
    let input = overview.input();
    // What is wanted under its address was decided together with what stood there before.
    if input.mode == Mode::Apply && overview.desired_at(address).is_some() {
        return Fate::Stays;
    }
    if let Some(removed) = input.moves.released(address) {
        return Fate::Forgotten(Reason::ReleasedByRemoved { place: removed.place.clone() }, None);
    }
    match overview.reading_of_known(address, known) {
        None => Fate::Stays,
        Some(Reading::Unreadable(problem)) => Fate::Impossible(problem.clone()),
        Some(Reading::Absent) => Fate::Forgotten(Reason::GoneAlready, None),
        Some(Reading::Present(live)) => fate_of_present(overview, address, known, live),
    }
}

fn fate_of_present<'a>(
    overview: Overview<'a>,
    address: &Address,
    known: &Known,
    live: &'a Arc<Live>,
) -> Fate<'a> {
    let identity = &known.target.identity;
    if !overview.is_ours(address, known, live) {
        let is_helms =
            known.hook.is_some() && HelmRelease::may_have_run(live) && live.annotation(PROJECT).is_none();
        let reason = if is_helms { Reason::RunByHelm } else { Reason::NameTaken };
        return Fate::Forgotten(reason, Some(live));
    }
    if !overview.is_desired_object(identity, &live.stamp.uid) {
        let problem = removal_problem(identity, live, overview.owner(), address);
        return problem.map_or(Fate::Leaves(live), Fate::Impossible);
    }
    // Its new address takes over what is known, unless it did so already in a run that was killed before the
    // old one was forgotten.
    if overview.is_known_elsewhere(identity) {
        return Fate::Forgotten(Reason::KnownElsewhere, Some(live));
    }
    Fate::Stays
}

fn forgotten(address: &Address, known: &Known, reason: Reason, prior: Option<&Arc<Live>>) -> Change {
    Change {
        reasons: vec![reason],
        prior: prior.cloned(),
        dependencies: known.dependencies.clone(),
        protected: known.protect,
        timeouts: known.timeouts,
        ..Change::new(address.clone(), known.target.clone(), Action::Forget, Fidelity::Observed)
    }
}

/// Objects that an interrupted run wrote and did not record: their annotations say that they are ours.
fn unrecorded(overview: Overview<'_>) -> impl Iterator<Item = Leaving<'_>> {
    let input = overview.input();
    // A renamed block is known under its old address, and leaves once.
    let known: HashSet<&Identity> = input.known.values().map(|known| &known.target.identity).collect();
    let desired = input.desired.iter().filter(move |desired| {
        !input.known.contains_key(&desired.address) && !known.contains(&desired.identity)
    });
    desired.filter_map(move |desired| {
        let live = overview.live(&desired.address)?;
        is_marked_ours(live, overview.owner()).then(|| Leaving::unrecorded(desired, live))
    })
}

/// The changes by address; what is kept comes last. In which order the deletes are done is not decided here: the
/// apply asks [`deletions`](crate::graph::deletions).
fn kept_last<'a>(leaving: Vec<Leaving<'a>>, mut kept: Kept<'a>) -> Vec<Change> {
    let addresses = leaving.iter().map(Leaving::address);
    let deleted: BTreeSet<&Address> =
        addresses.filter(|address| !kept.reasons.contains_key(address)).collect();
    let changes = leaving.into_iter().map(|one| {
        let reason = kept.reasons.remove(one.address());
        let is_given_up = kept.given_up.contains(one.address());
        let change = one.change(reason, |dependency| deleted.contains(dependency));
        // It took consent, as a protected one does.
        Change { protected: change.protected || is_given_up, ..change }
    });
    let mut changes: Vec<Change> = changes.collect();
    let is_kept = |change: &Change| change.action == Action::Keep;
    changes.sort_by(|a, b| (is_kept(a), &a.address).cmp(&(is_kept(b), &b.address)));
    changes
}
