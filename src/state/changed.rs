//! What runs have done to resources.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;

use serde::{Deserialize, Serialize};

use super::journal::{Intent, IntentKind, Journal, Outcome};
use crate::resource::Address;

/// What was changed, and how. Of what several runs have changed, it says what they did to it together; that something was taken
/// away is told in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changed(BTreeMap<Address, IntentKind>);

impl Changed {
    /// What the run of this journal has changed, as far as it was recorded.
    pub(super) fn by(journal: &Journal) -> Self {
        let mut outcomes: BTreeMap<&Address, Vec<&Outcome>> = BTreeMap::new();
        for (address, outcome) in &journal.outcomes {
            outcomes.entry(address).or_default().push(outcome);
        }
        let done = |intent: &Intent| done(intent, outcomes.get(&intent.address)?);
        let intents = journal.begin.intents.iter();
        intents.filter_map(|intent| Some((intent.address.clone(), done(intent)?))).collect()
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each change, by its address.
    pub fn iter(&self) -> Iter<'_, Address, IntentKind> {
        self.0.iter()
    }

    /// How this resource was changed; `None` where it was not.
    pub fn get(&self, address: &Address) -> Option<IntentKind> {
        self.0.get(address).copied()
    }

    /// Adds what was changed after that.
    pub fn then(&mut self, later: Self) {
        for (address, kind) in later.0 {
            let known = self.0.entry(address).or_insert(kind);
            *known = together(*known, kind);
        }
    }
}

impl FromIterator<(Address, IntentKind)> for Changed {
    fn from_iter<I: IntoIterator<Item = (Address, IntentKind)>>(changes: I) -> Self {
        Self(changes.into_iter().collect())
    }
}

impl<'c> IntoIterator for &'c Changed {
    type Item = (&'c Address, &'c IntentKind);
    type IntoIter = Iter<'c, Address, IntentKind>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What of an intent was done, by the outcomes of its address; `None` where nothing was.
fn done(intent: &Intent, outcomes: &[&Outcome]) -> Option<IntentKind> {
    if outcomes.iter().any(|outcome| !outcome.is_failure() && outcome.settles(intent)) {
        return Some(intent.action);
    }
    let is_gone = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Deleted { .. }));
    // The first half of a replacement.
    let is_half_done = is_gone && matches!(intent.action, IntentKind::Replace | IntentKind::Run);
    is_half_done.then_some(IntentKind::Delete)
}

/// What two changes of one resource are together.
fn together(first: IntentKind, then: IntentKind) -> IntentKind {
    use IntentKind::{Adopt, Create, Delete, Move, Replace, Run, Update};
    match (first, then) {
        // It is new all the same. What took an object away is told as such.
        (Create | Adopt | Replace | Run, Create | Update | Adopt | Move) | (Update, Move) => first,
        (Delete, Create | Adopt) => Replace,
        (_, then) => then,
    }
}

#[cfg(test)]
mod tests {
    use IntentKind::{Adopt, Create, Delete, Move, Replace, Update};

    use super::*;

    fn changed(kinds: &[(&str, IntentKind)]) -> Changed {
        kinds.iter().map(|(name, kind)| (format!("resource.{name}").parse().unwrap(), *kind)).collect()
    }

    #[test]
    fn what_several_runs_did_is_told_as_one_change() {
        let mut all = changed(&[
            ("a", Create),
            ("b", Create),
            ("c", Delete),
            ("d", Update),
            ("e", Adopt),
            ("g", Create),
        ]);
        all.then(changed(&[
            ("a", Update),
            ("b", Delete),
            ("c", Create),
            ("d", Move),
            ("f", Update),
            ("g", Replace),
        ]));
        let expected = [
            ("a", Create),
            ("b", Delete),
            ("c", Replace),
            ("d", Update),
            ("e", Adopt),
            ("f", Update),
            ("g", Replace),
        ];
        assert_eq!(all, changed(&expected));
    }
}
