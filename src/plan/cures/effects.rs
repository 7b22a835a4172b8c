//! What the changes of a plan do to their objects.

use serde_json::Value;

use crate::plan::cures::values::{freed, of};
use crate::plan::model::change::{Action, Change};
use crate::plan::model::fidelity::{Cure, Deed};
use crate::resource::dependencies::Exclusive;
use crate::resource::{FieldPath, Identity};

/// What a change does to one object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect<'a> {
    pub(super) change: &'a Change,
    pub(super) object: &'a Identity,
    pub(super) deed: Deed,
    /// The object as it is.
    pub(super) before: Option<&'a Value>,
}

/// What a change does: to its object, and to the object of another name that had its address. A protected object is
/// deleted last, so its end cures nothing.
pub(super) fn effects(change: &Change) -> Vec<Effect<'_>> {
    let before = change.prior.as_ref().map(|live| &live.object);
    let deed = match change.action {
        Action::Replace | Action::Run if before.is_none() => Some(Deed::Made),
        Action::Create => Some(Deed::Made),
        Action::Update | Action::Adopt | Action::Replace | Action::Run => Some(Deed::Changed),
        Action::Delete if !change.protected => Some(Deed::Deleted),
        Action::Delete | Action::None | Action::Keep | Action::Forget => None,
    };
    let itself = deed.map(|deed| Effect { change, object: &change.target.identity, deed, before });
    let predecessor = change.replaced.as_deref().map(|(target, live)| Effect {
        change,
        object: &target.identity,
        deed: Deed::Deleted,
        before: Some(&live.object),
    });
    itself.into_iter().chain(predecessor).collect()
}

impl<'a> Effect<'a> {
    /// As a cure of another change.
    pub(super) fn cure(self) -> Cure {
        let predecessor = (!self.is_of_itself()).then(|| self.object.clone());
        Cure { address: self.change.address.clone(), predecessor, deed: self.deed }
    }

    /// Whether it is about the object of the change, and not about the one that had its address before.
    fn is_of_itself(self) -> bool {
        *self.object == self.change.target.identity
    }

    /// What is sent of the object.
    pub(super) fn sent(self) -> Option<&'a Value> {
        self.change.send.as_ref().filter(|_| self.is_of_itself() && self.deed != Deed::Deleted)
    }

    /// Whether a field changes that lies at these keys, below them or above them.
    pub(super) fn touches(self, keys: &[&str]) -> bool {
        let keys = FieldPath::keys(keys.iter().copied());
        let mut fields = self.change.fields.iter();
        self.is_of_itself() && fields.any(|field| keys.contains(&field.path) || field.path.contains(&keys))
    }

    /// Whether the object has this value now, and not any more afterwards.
    pub(super) fn frees(self, value: Exclusive) -> bool {
        if self.is_of_itself() {
            return freed(self.change).contains(&value);
        }
        self.before.is_some_and(|before| of(self.object, before).contains(&value))
    }
}
