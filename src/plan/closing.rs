//! What is asked when everything else is decided: what resources name and nobody makes or serves, what is not well, and what the
//! state does not know.

use std::collections::{BTreeMap, BTreeSet};

use crate::kubernetes::certifier::{CertifierLack, asked_in, is_part};
use crate::kubernetes::pull_login::{LoginManner, right_to_ask};
use crate::plan::input::question::{Answer, Question};
use crate::plan::model::change::{Action, Change};
use crate::plan::model::plan::Mode;
use crate::plan::model::unknown::Unknown;
use crate::plan::view::controllers::{self, Presence, Served};
use crate::plan::view::needs::{Needed, needed};
use crate::plan::view::overview::Overview;
use crate::plan::view::{health, strays};
use crate::provider::Marked;
use crate::resource::{Address, Health, Identity, Reading};

/// One of the last questions, without its answer.
#[derive(Debug)]
pub(super) enum LastQuestion {
    /// Whether what resources name is there.
    Needed(Vec<Needed>),
    /// Whether anybody serves the classes among that.
    Controllers(Vec<Served>),
    /// What these lack, which stay as they are.
    Health(Vec<Address>),
    /// Whether the pods of these namespaces can be asked.
    MayAskPods(Vec<String>),
    /// What cert-manager lacks in these namespaces.
    Certifier(Vec<String>),
    /// What carries our annotations.
    Marked,
}

/// The last questions, and what they came to.
#[derive(Debug, Default)]
pub(super) struct Closing {
    is_asked: bool,
    missing: Vec<Needed>,
    /// The classes that are there, until it is asked who serves them.
    served: Vec<Served>,
    controllers: Vec<(Served, Presence)>,
    health: BTreeMap<Address, Health>,
    unasked: BTreeSet<String>,
    certifier: BTreeMap<String, CertifierLack>,
    marked: Vec<Marked>,
}

impl Closing {
    /// The last questions, and what follows from their answers; none where all is asked.
    pub(super) fn ask(&mut self, overview: Overview<'_>) -> Vec<(LastQuestion, Question)> {
        if std::mem::replace(&mut self.is_asked, true) {
            return self.ask_for_controllers().into_iter().collect();
        }
        let of_an_apply = match overview.input().mode {
            Mode::Apply => [
                ask_for_needed(overview),
                ask_for_health(overview),
                ask_for_rights(overview),
                ask_for_certifier(overview),
            ],
            Mode::Destroy => [None, None, None, None],
        };
        of_an_apply.into_iter().chain([ask_for_marked(overview)]).flatten().collect()
    }

    /// Takes in an answer; `false` where it does not fit the question.
    pub(super) fn take(&mut self, overview: Overview<'_>, question: LastQuestion, answer: Answer) -> bool {
        match (question, answer) {
            (LastQuestion::Needed(needed), Answer::Read(readings)) => {
                let read: Vec<_> = needed.into_iter().zip(readings).collect();
                self.served = controllers::served(overview.input(), &read);
                // What may not be read may be there.
                let missing = read.into_iter().filter(|(_, reading)| matches!(reading, Reading::Absent));
                self.missing = missing.map(|(needed, _)| needed).collect();
            }
            (LastQuestion::Controllers(served), Answer::Read(readings)) => {
                self.controllers.extend(controllers::found(served, &readings));
            }
            (LastQuestion::Health(addresses), Answer::Lacks(answers)) => {
                self.health = health::found(overview, addresses, answers);
            }
            (LastQuestion::MayAskPods(namespaces), Answer::MayAskPods(answers)) => {
                // Where nobody tells, the apply will.
                let denied = namespaces.into_iter().zip(answers).filter(|(_, may)| matches!(may, Ok(false)));
                self.unasked = denied.map(|(namespace, _)| namespace).collect();
            }
            (LastQuestion::Certifier(namespaces), Answer::Certifier(answers)) => {
                let lacking = namespaces.into_iter().zip(answers);
                self.certifier = lacking.filter_map(|(namespace, lack)| Some((namespace, lack?))).collect();
            }
            (LastQuestion::Marked, Answer::Marked(marked)) => self.marked = marked,
            _ => return false,
        }
        true
    }

    /// Says it at the changes that it concerns; sentences about the rest, and what the state does not know.
    pub(super) fn tell(self, overview: Overview<'_>, changes: &mut [Change]) -> (Vec<String>, Unknown) {
        let Self { missing, controllers, health, unasked, certifier, marked, .. } = self;
        tell_missing(missing, changes);
        let notes = tell_controllers(controllers, changes);
        tell_rights(&unasked, changes);
        tell_certifier(certifier, changes);
        tell_health(health, changes);
        (notes, strays::unknown(overview, &marked, changes))
    }

    /// Asks for those who serve classes that are there.
    fn ask_for_controllers(&mut self) -> Option<(LastQuestion, Question)> {
        let served = std::mem::take(&mut self.served);
        let targets = controllers::targets(&served);
        if targets.is_empty() {
            self.controllers.extend(controllers::found(served, &[]));
            return None;
        }
        Some((LastQuestion::Controllers(served), Question::Read(targets)))
    }
}

/// Asks for what resources name that change, and that this plan does not make.
fn ask_for_needed(overview: Overview<'_>) -> Option<(LastQuestion, Question)> {
    let decisions = overview.decisions();
    let changes = |position| decisions.change(position).is_some_and(|change| change.action.writes());
    let needed = needed(overview.input(), changes);
    if needed.is_empty() {
        return None;
    }
    let targets = needed.iter().map(|one| one.target.clone()).collect();
    Some((LastQuestion::Needed(needed), Question::Read(targets)))
}

/// Asks about what stays as it is, and does not say that it is ready.
fn ask_for_health(overview: Overview<'_>) -> Option<(LastQuestion, Question)> {
    let (addresses, checkups) = health::checkups(overview);
    (!checkups.is_empty()).then_some((LastQuestion::Health(addresses), Question::Lacks(checkups)))
}

/// Asks whether the pods can be asked that are to take a login first.
fn ask_for_rights(overview: Overview<'_>) -> Option<(LastQuestion, Question)> {
    let decisions = overview.decisions();
    let changes = (0..overview.input().desired.len()).filter_map(|position| decisions.change(position));
    let namespaces: BTreeSet<String> =
        changes.filter_map(Change::asks_pods).map(|(namespace, _)| namespace).collect();
    let namespaces: Vec<String> = namespaces.into_iter().collect();
    (!namespaces.is_empty())
        .then(|| (LastQuestion::MayAskPods(namespaces.clone()), Question::MayAskPods(namespaces)))
}

/// Asks whether cert-manager is whole, where something is written that it takes. What this plan brings cannot be asked yet: the
/// apply does so.
fn ask_for_certifier(overview: Overview<'_>) -> Option<(LastQuestion, Question)> {
    let decisions = overview.decisions();
    let desired = overview.input().desired.iter().enumerate();
    let written: Vec<_> = desired
        .filter(|(position, _)| decisions.change(*position).is_some_and(|change| change.action.writes()))
        .map(|(_, desired)| desired)
        .collect();
    if written.iter().any(|desired| is_part(&desired.identity, &desired.object)) {
        return None;
    }
    let namespaces: BTreeSet<&str> =
        written.into_iter().filter_map(|desired| asked_in(&desired.identity)).collect();
    let namespaces: Vec<String> = namespaces.into_iter().map(str::to_owned).collect();
    (!namespaces.is_empty())
        .then(|| (LastQuestion::Certifier(namespaces.clone()), Question::Certifier(namespaces)))
}

/// Asks what carries our annotations.
fn ask_for_marked(overview: Overview<'_>) -> Option<(LastQuestion, Question)> {
    let places = strays::places(overview.input());
    (!places.is_empty()).then_some((LastQuestion::Marked, Question::Marked(places)))
}

/// Warns, at each resource that changes, of what it names and what is not there.
fn tell_missing(missing: Vec<Needed>, changes: &mut [Change]) {
    for needed in missing {
        let text = format!("{} is missing", needed.target.identity.short_name());
        warn(&needed, &text, changes);
    }
}

/// Says who serves the classes that are there, and warns of one that nobody seems to serve.
fn tell_controllers(found: Vec<(Served, Presence)>, changes: &mut [Change]) -> Vec<String> {
    let mut notes = Vec::new();
    for (Served { class, name, .. }, presence) in found {
        let served = class.target.identity.short_name();
        match presence {
            Presence::Accepts => notes.push(format!("{served} is served by {name}, which has accepted it")),
            Presence::At(service) => {
                notes.push(format!("{served} is served by {name}, at {}", service.short_name()));
            }
            Presence::Hidden => {
                notes.push(format!("{served} is served by {name}; whether that is there may not be read"));
            }
            Presence::Unknown => notes.push(format!(
                "{served} is served by {name}, of which nothing is known here: whether it runs was not looked for"
            )),
            Presence::Nowhere(places) => {
                let places: Vec<String> = places.iter().map(Identity::short_name).collect();
                let text = format!(
                    "{served} is there, but {name}, which serves it, is in none of its usual places ({}); unless it \
                     runs elsewhere, nobody is let in",
                    places.join(", ")
                );
                warn(&class, &text, changes);
            }
        }
    }
    notes
}

/// Adds this sentence at each resource that names something, behind the field.
fn warn(needed: &Needed, text: &str, changes: &mut [Change]) {
    for (address, path) in &needed.by {
        if let Some(change) = changes.iter_mut().find(|change| change.address == *address) {
            change.warnings.push(format!("{path}: {text}"));
        }
    }
}

/// Warns, at each login whose pods cannot be asked, of what comes of it.
fn tell_rights(unasked: &BTreeSet<String>, changes: &mut [Change]) {
    for change in changes {
        let Some((namespace, manner)) = change.asks_pods().filter(|(found, _)| unasked.contains(found))
        else {
            continue;
        };
        let told = match manner {
            LoginManner::Required => "no apply gives nodes a user that the registry may not take yet",
            LoginManner::Tried => "nodes may get the user a minute or two before the registry takes it",
        };
        let right = right_to_ask(&namespace);
        change.warnings.push(format!("the pods of the registry cannot be asked, so {told}: {right}"));
    }
}

/// Warns, at the first change in each namespace that cert-manager takes, of what it lacks.
fn tell_certifier(certifier: BTreeMap<String, CertifierLack>, changes: &mut [Change]) {
    for (namespace, lack) in certifier {
        let is_first = |change: &&mut Change| {
            change.action.writes() && asked_in(&change.target.identity) == Some(namespace.as_str())
        };
        if let Some(change) = changes.iter_mut().find(is_first) {
            change.warnings.push(lack.warning());
        }
    }
}

/// Says of what stays as it is what is wrong with it.
fn tell_health(mut found: BTreeMap<Address, Health>, changes: &mut [Change]) {
    for change in changes.iter_mut().filter(|change| change.action == Action::None) {
        change.health = found.remove(&change.address);
    }
}
