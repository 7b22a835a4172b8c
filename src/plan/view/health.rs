//! What stays as it is, and may not be well.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::kubernetes::readiness::{Standard, takes_a_look};
use crate::plan::input::plan_input::Known;
use crate::plan::model::change::{Action, Change, Tracking};
use crate::plan::view::overview::Overview;
use crate::plan::view::situation::Situation;
use crate::provider::Checkup;
use crate::resource::{Address, Health, Live};

/// The objects that stay as they are and of which it must be asked whether they are well, with their addresses.
pub(in crate::plan) fn checkups(overview: Overview<'_>) -> (Vec<Address>, Vec<Checkup>) {
    let situations = (0..overview.input().desired.len()).filter_map(|position| overview.situation(position));
    let unready = situations.filter_map(|situation| {
        let (standard, desired) = (Standard::of(awaited_since(situation)), situation.desired());
        let rule = desired.lifecycle.ready.clone();
        let is_asked_about =
            |live: &Live| takes_a_look(standard, &desired.identity, &live.object, rule.as_ref());
        let live = situation.live().filter(|live| stays(situation) && is_asked_about(live))?;
        let live = Arc::clone(live);
        Some((desired.address.clone(), Checkup { live, target: desired.target(), rule, standard }))
    });
    unready.unzip()
}

/// What is wrong with each, by the answers about it.
pub(in crate::plan) fn found(
    overview: Overview<'_>,
    addresses: Vec<Address>,
    answers: Vec<Option<String>>,
) -> BTreeMap<Address, Health> {
    let lacking = addresses.into_iter().zip(answers);
    lacking
        .filter_map(|(address, cause)| {
            let position = overview.index().position(&address)?;
            let since = awaited_since(overview.situation(position)?);
            Some((address, Health::of(since, cause?)))
        })
        .collect()
}

/// When the object was last written, where the state has not seen it ready since.
pub(in crate::plan) fn awaited_since(situation: Situation<'_>) -> Option<Timestamp> {
    let live = situation.live()?;
    let is_it = |known: &&Known| known.is_in_doubt() || known.uid == live.stamp.uid;
    situation.known().filter(is_it)?.awaited_since
}

/// Whether it is ours and stays as it is. What has ended by itself has nothing to become.
fn stays(situation: Situation<'_>) -> bool {
    let stays = |change: &Change| {
        change.action == Action::None && change.tracking != Tracking::Untracked && !change.has_completed()
    };
    situation.change().is_some_and(stays)
}
