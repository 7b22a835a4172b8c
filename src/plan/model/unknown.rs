//! What the state does not know of objects that carry our annotations, in data and in words.
//!
//! Either the state is older than the cluster, or it has let go of them. Which of the two it is depends on the record of the
//! newest state, which is read beside the plan.

use crate::kubernetes::marks::letting_go;
use crate::resource::{Address, Identity};

/// How many objects are named.
const NAMED: usize = 5;

/// What the state does not know of objects that carry our annotations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unknown {
    /// Objects that the plan is not about, each with the address that stands on it.
    pub(in crate::plan) left_alone: Vec<(Identity, Option<String>)>,
    /// What is desired, and is taken in.
    pub(in crate::plan) taken_in: Vec<Address>,
    /// What the state knows, and a run has written since.
    pub(in crate::plan) written: Vec<Address>,
}

/// What is known of the age of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// The cluster has a record of the newest state, and it is this one. What it does not know, it has let go of.
    Newest,
    /// It may be an older one.
    Unproved,
}

impl Unknown {
    /// Sentences about it, for a state of this serial.
    pub fn notes(&self, serial: u64, age: Age) -> Vec<String> {
        let left = left_alone(&self.left_alone, age);
        let taken_in = taken_in(&self.taken_in, serial).filter(|_| age == Age::Unproved);
        left.into_iter().chain(taken_in).chain(older_state(&self.written, serial)).collect()
    }
}

fn named(identity: &Identity, address: Option<&str>) -> String {
    address.map_or_else(|| identity.to_string(), |address| format!("{identity} ({address})"))
}

fn left_alone(found: &[(Identity, Option<String>)], age: Age) -> Option<String> {
    let letting_go = letting_go(&found.first()?.0);
    let (are, them, each) = if found.len() == 1 { ("is", "it", "") } else { ("are", "them", ", and so on") };
    let names = found.iter().map(|(identity, address)| named(identity, address.as_deref())).collect();
    let way_back = match age {
        Age::Newest => format!("To manage {them} again, write the blocks, or use `regplan state rebuild`."),
        Age::Unproved => format!(
            "Perhaps the state is older than the cluster: then put the newest one back, or take {them} in with `regplan \
             state rebuild`."
        ),
    };
    Some(format!(
        "{} {are} annotated as ours, but not in the state: this plan neither changes nor deletes {them}. {way_back} \
         Otherwise delete {them} with kubectl, or let go of {them}: `{letting_go}`{each}.",
        enumerated(names)
    ))
}

/// What to do where the state may be an older one.
const NEWER_STATE: &str = "If there is a newer one (in a backup, in a cache, on another machine), put it back before you \
                           apply.";

fn taken_in(found: &[Address], serial: u64) -> Option<String> {
    let (are, it, they_are) = match found {
        [] => return None,
        [_] => ("is", "it", "it is"),
        _ => ("are", "them", "they are"),
    };
    Some(format!(
        "{} {are} annotated as ours, and the state here (serial {serial}) does not know {it}. Perhaps somebody has let go of \
         {it} (`state rm`, `[[removed]]`): then {they_are} taken in again, and all is well. Or the state is older than the \
         cluster. {NEWER_STATE}",
        enumerated(found.iter().map(ToString::to_string).collect())
    ))
}

fn older_state(found: &[Address], serial: u64) -> Option<String> {
    if found.is_empty() {
        return None;
    }
    Some(format!(
        "A run that the state here (serial {serial}) does not know of has changed {}: perhaps the state is older than the \
         cluster. {NEWER_STATE} Otherwise an apply makes all as the configuration says, and records that.",
        enumerated(found.iter().map(ToString::to_string).collect())
    ))
}

/// The first few of these.
pub(in crate::plan) fn enumerated(all: Vec<String>) -> String {
    let count = all.len();
    let first: Vec<String> = all.into_iter().take(NAMED).collect();
    let more = count - first.len();
    if more > 0 { format!("{} and {more} more", first.join(", ")) } else { first.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_is_proved_to_be_the_newest_is_not_suspected() {
        let address: Address = "resource.x".parse().unwrap();
        let identity = Identity::namespaced("", "ConfigMap", "a", "x");
        let taken_in = Unknown { taken_in: vec![address.clone()], ..Unknown::default() };
        assert_eq!(taken_in.notes(3, Age::Newest), Vec::<String>::new());
        let [suspicion] = taken_in.notes(3, Age::Unproved).try_into().unwrap();
        assert!(
            suspicion.contains("resource.x is annotated as ours, and the state here (serial 3)"),
            "{suspicion}"
        );
        assert!(suspicion.contains("somebody has let go of it"), "{suspicion}");
        let left =
            Unknown { left_alone: vec![(identity, Some("resource.x".to_owned()))], ..Unknown::default() };
        let told = |age| left.notes(3, age).join("\n");
        assert!(told(Age::Unproved).contains("older than the cluster"));
        let calm = told(Age::Newest);
        assert!(
            calm.contains("is annotated as ours, but not in the state") && !calm.contains("older"),
            "{calm}"
        );
        // A write that a state has no record of is no such thing, however new it is.
        let written = Unknown { written: vec![address], ..Unknown::default() };
        assert_eq!(written.notes(3, Age::Newest).len(), 1);
    }
}
