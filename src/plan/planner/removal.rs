//! What leaves: deletes in their order, what protection keeps, what is gone already.

use std::sync::Arc;

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::input::question::Known;
use crate::plan::model::change::{Action, Change, Tracking};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::plan::{Consent, Mode, Refusal};
use crate::plan::model::reason::Reason;
use crate::plan::ownership::claim;
use crate::plan::planner;
use crate::plan::planner::Planner;
use crate::resource::{Address, Desired, Identity, Live, Problem, ProblemKind, Reading, Target, Timeouts};

/// What to do instead where a resource may not be replaced.
pub(in crate::plan) fn why_not_replaced(
    desired: &Desired,
    known: Option<&Known>,
    live: &Live,
    consent: &Consent,
) -> Option<String> {
    if let Some(help) = never_replaced(desired) {
        return Some(help.to_owned());
    }
    // The marks of before count: dropping `protect` in the same change must not lift it.
    let protected = claim::is_protected(&desired.identity, Some(desired), known, Some(live));
    if protected && !consent.destroy.contains(&desired.address) {
        return Some(format!(
            "replacing it would delete what it holds: put the fields back, or agree with `--consent {}`",
            desired.address
        ));
    }
    None
}

/// The way out where the server will not have a change (another class, a smaller size) and a replacement
/// is none.
pub(in crate::plan) fn never_replaced(desired: &Desired) -> Option<&'static str> {
    desired.identity.is("", "PersistentVolumeClaim").then_some(
        "a claim is never replaced, its data would be lost: put back the fields that the server names, or make \
         a second claim under another name and move the data",
    )
}

/// Why the object that had the address before may not be deleted, if so.
pub(in crate::plan) fn why_predecessor_stays(
    desired: &Desired,
    known: &Known,
    live: &Live,
    consent: &Consent,
) -> Option<Problem> {
    let identity = &known.target.identity;
    let protected = claim::is_protected(identity, None, Some(known), Some(live));
    if !protected || consent.destroy.contains(&desired.address) {
        return None;
    }
    let message = format!("it was {identity} before, which is protected, and would be deleted");
    Some(Problem::new(ProblemKind::Conflict, message).help(format!(
        "put its name back, or make a second resource under another address; `--consent {}` deletes the old one",
        desired.address
    )))
}

/// A resource that is to leave.
struct Leaving {
    address: Address,
    target: Target,
    known: Option<Known>,
    live: Arc<Live>,
    desired: Option<Arc<Desired>>,
}

/// What becomes of everything that was applied and is not desired (or, for a destroy, of everything).
pub(in crate::plan) fn changes(planner: &mut Planner) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut leaving = Vec::new();
    let mut staying: Vec<(Identity, Reason)> = Vec::new();
    let known: Vec<(Address, Known)> =
        planner.input.known.iter().map(|(address, known)| (address.clone(), known.clone())).collect();
    for (address, known) in known {
        // What is wanted under its address was decided together with what stood there before.
        if planner.input.mode == Mode::Apply && planner.desired_at(&address).is_some() {
            continue;
        }
        if let Some(removed) = planner.input.moves.released(&address) {
            let reason = Reason::ReleasedByRemoved { place: removed.place.clone() };
            let holds = Reason::HoldsReleased { address: address.clone() };
            staying.push((known.target.identity.clone(), holds));
            changes.push(forget(address, &known, reason, None));
            continue;
        }
        match planner.reading_of_known(&address, &known.target.identity) {
            Some(Reading::Present(live)) => {
                let live = Arc::clone(live);
                if live.stamp.uid != known.uid && !claim::is_marked_ours(&live, planner.owner()) {
                    changes.push(forget(address, &known, Reason::NameTaken, Some(live)));
                } else if planner.desires(&known.target.identity, Some(&live.stamp.uid)) {
                    // Its new address takes the memory along, unless it did so already in a run that was
                    // killed before the old one was forgotten.
                    if planner.is_known_elsewhere(&address, &known.target.identity) {
                        changes.push(forget(address, &known, Reason::KnownElsewhere, Some(live)));
                    }
                } else {
                    let desired = desired_of(planner, &address);
                    leaving.push(Leaving {
                        address,
                        target: known.target.clone(),
                        known: Some(known),
                        live,
                        desired,
                    });
                }
            }
            Some(Reading::Absent) => changes.push(forget(address, &known, Reason::GoneAlready, None)),
            Some(Reading::Unreadable(problem)) => {
                let obstacle = problem.clone().into();
                planner.refusals.push(Refusal { address, target: known.target.clone(), obstacle });
            }
            None => {}
        }
    }
    if planner.input.mode == Mode::Destroy {
        leaving.extend(unrecorded(planner));
    }
    if planner.input.mode == Mode::Apply {
        let desired = planner.input.desired.iter().chain(&planner.input.left_out.desired);
        staying.extend(desired.map(|desired| {
            (desired.identity.clone(), Reason::HoldsDesired { address: desired.address.clone() })
        }));
    }
    let kept = kept(&leaving, &staying, &planner.input.consent);
    changes.extend(in_order(leaving, &kept));
    changes
}

fn desired_of(planner: &Planner, address: &Address) -> Option<Arc<Desired>> {
    planner.desired_at(address).cloned()
}

/// Objects that an interrupted run wrote and did not record: their annotations say whose they are.
fn unrecorded(planner: &Planner) -> Vec<Leaving> {
    let desired =
        planner.input.desired.iter().filter(|desired| !planner.input.known.contains_key(&desired.address));
    desired
        .filter_map(|desired| {
            let live = planner.live(&desired.address)?;
            claim::is_marked_ours(live, planner.owner()).then(|| Leaving {
                address: desired.address.clone(),
                target: desired.target(),
                known: None,
                live: Arc::clone(live),
                desired: Some(Arc::clone(desired)),
            })
        })
        .collect()
}

fn forget(address: Address, known: &Known, reason: Reason, prior: Option<Arc<Live>>) -> Change {
    Change {
        reasons: vec![reason],
        prior,
        dependencies: known.dependencies.clone(),
        protected: known.protect,
        timeouts: known.timeouts,
        ..Change::new(address, known.target.clone(), Action::Forget, Fidelity::Observed)
    }
}

fn is_protected(leaving: &Leaving) -> bool {
    claim::is_protected(
        &leaving.target.identity,
        leaving.desired.as_deref(),
        leaving.known.as_ref(),
        Some(&leaving.live),
    )
}

/// The configuration's word, where there is one (a destroy), and otherwise the last that there was.
fn timeouts(leaving: &Leaving) -> Timeouts {
    let desired = leaving.desired.as_ref().map(|desired| desired.lifecycle.timeouts);
    desired.or(leaving.known.as_ref().map(|known| known.timeouts)).unwrap_or_default()
}

/// What stays, each with the reason: what is protected without consent, and the namespaces around it.
fn kept(leaving: &[Leaving], staying: &[(Identity, Reason)], consent: &Consent) -> BTreeMap<Address, Reason> {
    let mut kept = BTreeMap::new();
    for one in leaving.iter().filter(|one| is_protected(one) && !consent.destroy.contains(&one.address)) {
        kept.insert(one.address.clone(), Reason::Protected { address: one.address.clone() });
    }
    let inhabited: BTreeMap<String, Address> = leaving
        .iter()
        .filter(|one| kept.contains_key(&one.address))
        .filter_map(|one| Some((one.target.identity.namespace.clone()?, one.address.clone())))
        .collect();
    for one in leaving.iter().filter(|one| one.target.identity.is("", "Namespace")) {
        if let Some(dependent) = inhabited.get(&one.target.identity.name) {
            kept.insert(one.address.clone(), Reason::HoldsProtected { address: dependent.clone() });
        }
    }
    // No consent makes sense of deleting what the same plan makes, keeps or lets stay.
    for one in leaving {
        if let Some((_, reason)) = staying.iter().find(|(identity, _)| dies_with(&one.live, identity)) {
            kept.insert(one.address.clone(), reason.clone());
        }
    }
    kept
}

/// Whether deleting this object would delete the other one as well: a namespace, or the CRD of its kind.
fn dies_with(live: &Live, other: &Identity) -> bool {
    let Some(identity) = Identity::of(&live.object) else { return false };
    if identity.is("", "Namespace") {
        return other.namespace.as_ref() == Some(&identity.name);
    }
    planner::defines(&live.object).is_some_and(|kind| kind == other.group_kind())
}

/// Deletes in an order in which nothing loses what it stands on; what stays comes last.
fn in_order(leaving: Vec<Leaving>, kept: &BTreeMap<Address, Reason>) -> Vec<Change> {
    let going: BTreeSet<Address> =
        leaving.iter().map(|one| one.address.clone()).filter(|address| !kept.contains_key(address)).collect();
    let mut changes: Vec<Change> = leaving
        .into_iter()
        .map(|one| {
            let reason = kept.get(&one.address).cloned();
            let action = if reason.is_some() { Action::Keep } else { Action::Delete };
            let stands_on = one.known.as_ref().map(|known| known.dependencies.clone()).unwrap_or_default();
            Change {
                reasons: reason.into_iter().collect(),
                protected: is_protected(&one),
                timeouts: timeouts(&one),
                dependencies: stands_on.into_iter().filter(|address| going.contains(address)).collect(),
                prior: Some(one.live),
                tracking: if one.known.is_some() { Tracking::Known } else { Tracking::New },
                ..Change::new(one.address, one.target, action, Fidelity::Observed)
            }
        })
        .collect();
    changes.sort_by_key(|change| (change.action == Action::Keep, change.address.clone()));
    changes
}
