//! A resource that is to be deleted, unless something keeps it.

use std::sync::Arc;

use crate::plan::input::plan_input::Known;
use crate::plan::model::change::{Action, Change, Tracking};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::protection;
use crate::resource::{Address, Desired, Identity, Live, Target, Timeouts};

/// A resource that is to be deleted.
#[derive(Debug)]
pub(super) struct Leaving<'a> {
    address: &'a Address,
    target: Target,
    live: &'a Arc<Live>,
    /// What the state knows of it; `None` where an interrupted run wrote it and did not record it.
    known: Option<&'a Known>,
    /// What the configuration says of it, for a destroy.
    desired: Option<&'a Arc<Desired>>,
    /// The address under which the state knows it, where it has moved.
    moved_from: Option<&'a Address>,
}

impl<'a> Leaving<'a> {
    /// An object that the state knows.
    pub(super) fn known(
        address: &'a Address,
        known: &'a Known,
        live: &'a Arc<Live>,
        desired: Option<&'a Arc<Desired>>,
    ) -> Self {
        Self { address, target: known.target.clone(), live, known: Some(known), desired, moved_from: None }
    }

    /// The same resource, which the state knows under this address.
    pub(super) fn moved_from(self, address: Option<&'a Address>) -> Self {
        Self { moved_from: address, ..self }
    }

    /// An object that the state does not know.
    pub(super) fn unrecorded(desired: &'a Arc<Desired>, live: &'a Arc<Live>) -> Self {
        let (address, target) = (&desired.address, desired.target());
        Self { address, target, live, known: None, desired: Some(desired), moved_from: None }
    }

    /// Its address.
    pub(super) fn address(&self) -> &'a Address {
        self.address
    }

    /// Which object it is.
    pub(super) fn identity(&self) -> &Identity {
        &self.target.identity
    }

    /// The object as it was read.
    pub(super) fn live(&self) -> &'a Live {
        self.live
    }

    /// Whether it is deleted only with consent.
    pub(super) fn is_protected(&self) -> bool {
        let desired = self.desired.map(AsRef::as_ref);
        protection::is_protected(self.identity(), desired, self.known, Some(self.live))
    }

    /// Whether it was there before it became ours.
    pub(super) fn is_taken_over(&self) -> bool {
        self.known.is_some_and(|known| known.taken_over)
    }

    /// The timeouts of the configuration, where it still has the resource (a destroy), and otherwise the last
    /// ones that it had.
    fn timeouts(&self) -> Timeouts {
        let desired = self.desired.map(|desired| desired.lifecycle.timeouts);
        desired.or(self.known.map(|known| known.timeouts)).unwrap_or_default()
    }

    /// Whether the state knows it. What a killed run has written without recording it is recorded where it is kept.
    fn tracking(&self) -> Tracking {
        match self.known {
            Some(known) if !known.is_in_doubt() => Tracking::Known,
            Some(_) | None => Tracking::New,
        }
    }

    /// The change: a delete, or what is kept for a reason. `is_deleted` tells which of its dependencies are
    /// deleted as well.
    pub(super) fn change(self, kept_for: Option<Reason>, is_deleted: impl Fn(&Address) -> bool) -> Change {
        let action = if kept_for.is_some() { Action::Keep } else { Action::Delete };
        let dependencies = self.known.map_or(&[][..], |known| &known.dependencies);
        // What is deleted leaves the state under whatever address.
        let moved_from = self.moved_from.filter(|_| action == Action::Keep).cloned();
        Change {
            moved_from,
            reasons: kept_for.or_else(|| self.known?.leaves_for.clone()).into_iter().collect(),
            protected: self.is_protected(),
            timeouts: self.timeouts(),
            dependencies: dependencies.iter().filter(|address| is_deleted(address)).cloned().collect(),
            prior: Some(Arc::clone(self.live)),
            tracking: self.tracking(),
            ..Change::new(self.address.clone(), self.target, action, Fidelity::Observed)
        }
    }
}
