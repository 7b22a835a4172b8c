//! What the user agreed to by name (`--adopt`, `--consent`): an agreement that finds nothing is never passed over.

use std::collections::BTreeSet;

use crate::diagnostic::nearest::list;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kubernetes::kinds::holds_more_than_itself;
use crate::plan::input::plan_input::Input;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::plan::{Consent, Mode, Refusal};
use crate::resource::Address;

impl Input {
    /// Finds the single objects that `--adopt` and `--consent` name.
    pub(super) fn find_consented(&mut self, mistakes: &mut Diagnostics) {
        let Consent { destroy, adopt, move_to } = std::mem::take(&mut self.consent);
        if self.mode == Mode::Destroy {
            for named in &adopt {
                let message = format!("a destroy adopts nothing: `{named}`");
                mistakes.push(Diagnostic::error("not-adopted", message).help("leave `--adopt` out"));
            }
        }
        let desired: BTreeSet<&Address> = self.desired.iter().map(|desired| &desired.address).collect();
        let known: BTreeSet<&Address> = desired.iter().copied().chain(self.known.keys()).collect();
        let adopt = self.objects_named(&adopt, &desired, "adopt", mistakes);
        let destroy = self.objects_named(&destroy, &known, "consent", mistakes);
        self.consent = Consent { destroy, adopt, move_to };
    }

    /// The addresses among these that are named, by their current address or by the one that they moved from.
    fn objects_named(
        &self,
        named: &BTreeSet<Address>,
        all: &BTreeSet<&Address>,
        flag: &str,
        mistakes: &mut Diagnostics,
    ) -> BTreeSet<Address> {
        // What was used already may be left out of the plan.
        let mut found: BTreeSet<Address> = named.intersection(&self.used_consents).cloned().collect();
        for named in named.difference(&self.used_consents) {
            let is_meant = |address: &Address| {
                let old = self.moved.get(address);
                address.is_meant_by(named) || old.is_some_and(|old| old.is_meant_by(named))
            };
            let meant: Vec<&Address> = all.iter().copied().filter(|address| is_meant(address)).collect();
            match meant.as_slice() {
                [] => mistakes.push(self.unknown(named, all.iter().copied())),
                [one] => {
                    found.insert((*one).clone());
                }
                several => {
                    let all: Vec<String> = several.iter().map(ToString::to_string).collect();
                    let message =
                        format!("`{named}` has {} objects, and `--{flag}` names one at a time", all.len());
                    let help = format!("name those that are meant: {}", list(all.iter().map(String::as_str)));
                    mistakes.push(Diagnostic::error("several-objects", message).help(help));
                }
            }
        }
        found
    }
}

/// Sentences about agreements that the plan has no use for.
pub(in crate::plan) fn unused_consents(
    input: &Input,
    changes: &[Change],
    refusals: &[Refusal],
) -> Vec<String> {
    let consent = &input.consent;
    let is_refused = |address: &Address| refusals.iter().any(|refusal| refusal.address == *address);
    let change_of = |address: &Address| changes.iter().find(|change| change.address == *address);
    let is_used = |address: &Address, uses: fn(&Change) -> bool| {
        is_refused(address) || input.used_consents.contains(address) || change_of(address).is_some_and(uses)
    };
    let adopt = consent.adopt.iter().filter(|address| !is_used(address, is_adopted));
    let adopt = adopt.map(|address| {
        format!("`--adopt {address}` has no effect: there is nothing of others to take over.")
    });
    let destroy = consent.destroy.iter().filter(|address| !is_used(address, takes_consent));
    let destroy = destroy.map(|address| {
        format!("`--consent {address}` has no effect: nothing protected is deleted or replaced there.")
    });
    adopt.chain(destroy).collect()
}

fn is_adopted(change: &Change) -> bool {
    change.action == Action::Adopt
}

/// Whether consent makes a difference, or something else that the plan tells keeps the object.
fn takes_consent(change: &Change) -> bool {
    match change.action {
        Action::Delete | Action::Replace => change.protected,
        Action::Keep => true,
        // What is lost is made anew: a generated value, or what held data.
        Action::Create => {
            let identity = &change.target.identity;
            identity.is("", "Secret") || holds_more_than_itself(identity)
        }
        // A generated value makes way for another one.
        Action::Update => change.target.identity.is("", "Secret"),
        Action::None | Action::Run | Action::Adopt | Action::Forget => false,
    }
}
