//! What shows that the state is older than the cluster: a copy that was put back, or that another machine has.
//!
//! Objects then carry our annotations that the state does not know, or hold what a later run wrote.

use std::collections::{BTreeMap, HashSet};

use crate::kubernetes::field_manager;
use crate::plan::input::plan_input::Input;
use crate::plan::model::change::Change;
use crate::plan::model::fidelity::{Fidelity, Proof};
use crate::plan::model::unknown::Unknown;
use crate::plan::ownership::belonging::is_marked_ours;
use crate::plan::view::overview::Overview;
use crate::provider::Marked;
use crate::resource::{Address, GroupKind, Identity, Target, is_house_group, is_written_since};

/// One target for each type and namespace in which objects of ours may lie that the state does not know. A plan without
/// a state, or one that is limited, is not about them.
pub(in crate::plan) fn places(input: &Input) -> Vec<Target> {
    if input.serial == 0 || !input.targets.is_empty() {
        return Vec::new();
    }
    // A namespace that blocks share is used, and listing all of a cluster takes other rights.
    let shared: HashSet<&Identity> =
        input.desired.iter().filter(|desired| desired.shared).map(|desired| &desired.identity).collect();
    let desired = input.desired.iter().map(|desired| desired.target());
    let mut places: BTreeMap<(GroupKind, Option<String>), Target> = BTreeMap::new();
    for target in desired.chain(input.known.values().map(|known| known.target.clone())) {
        let identity = &target.identity;
        if !shared.contains(identity) && !is_house_group(&identity.group) {
            places.entry((identity.group_kind(), identity.namespace.clone())).or_insert(target);
        }
    }
    places.into_values().collect()
}

/// What the state does not know of objects that this plan is not about, and of those that it is about.
pub(in crate::plan) fn unknown(overview: Overview<'_>, marked: &[Marked], changes: &[Change]) -> Unknown {
    let left = strays(overview.input(), marked, changes);
    Unknown {
        left_alone: left.map(|one| (one.identity.clone(), one.address.clone())).collect(),
        taken_in: taken_in(overview),
        written: written_later(overview, changes),
    }
}

fn strays<'m>(input: &Input, marked: &'m [Marked], changes: &[Change]) -> impl Iterator<Item = &'m Marked> {
    let planned = changes.iter().map(|change| &change.target.identity);
    let replaced = changes.iter().filter_map(|change| Some(&change.replaced.as_ref()?.0.identity));
    let known = input.known.values().map(|known| &known.target.identity);
    let told: HashSet<&Identity> = planned.chain(replaced).chain(known).collect();
    let uids: HashSet<&str> = input.known.values().map(|known| known.uid.as_str()).collect();
    let is_let_go = |one: &Marked| {
        let address = one.address.as_deref().and_then(|address| address.parse::<Address>().ok());
        address.is_some_and(|address| {
            input.moves.removed.iter().any(|removed| address.is_meant_by(&removed.address))
        })
    };
    let strays = marked.iter().filter(|one| {
        one.project == input.project && one.lineage.as_ref() == Some(&input.lineage) && !is_let_go(one)
    });
    let strays: Vec<&Marked> =
        strays.filter(|one| !told.contains(&one.identity) && !uids.contains(one.uid.as_str())).collect();
    strays.into_iter()
}

/// The addresses of what the state knows, and a run of which it knows nothing has written.
fn written_later(overview: Overview<'_>, changes: &[Change]) -> Vec<Address> {
    let input = overview.input();
    if input.serial == 0 {
        return Vec::new();
    }
    let manager = field_manager(&input.project);
    // What its record proves unchanged was held against all of that record already.
    let is_proved = |change: &&Change| change.fidelity == Fidelity::Proved(Proof::Record);
    let proved: HashSet<&Address> = changes.iter().filter(is_proved).map(|change| &change.address).collect();
    let is_later = |address: &Address| {
        let known = input.known.get(address)?;
        let live = overview.live(address).filter(|live| live.stamp.uid == known.uid && !known.doubted)?;
        Some(is_written_since(known.applied.as_deref()?, live, &manager))
    };
    let written =
        input.known.keys().filter(|address| !proved.contains(address) && is_later(address) == Some(true));
    written.cloned().collect()
}

/// The addresses of what is desired and carries our annotations, and the state does not know.
fn taken_in(overview: Overview<'_>) -> Vec<Address> {
    let input = overview.input();
    if input.serial == 0 {
        return Vec::new();
    }
    let known: HashSet<&Identity> = input.known.values().map(|known| &known.target.identity).collect();
    let is_taken_in = |address: &Address| {
        overview.live(address).is_some_and(|live| {
            let known = Identity::of(&live.object).is_some_and(|identity| known.contains(&identity));
            !known && is_marked_ours(live, overview.owner())
        })
    };
    let made = input.desired.iter().filter(|desired| !desired.shared).map(|desired| &desired.address);
    made.filter(|address| is_taken_in(address)).cloned().collect()
}
