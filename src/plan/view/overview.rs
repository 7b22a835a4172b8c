//! The whole plan, as far as it is known: what the state knows, held against what is desired and was read.

use std::sync::Arc;

use crate::plan::input::plan_input::{Input, Known};
use crate::plan::model::change::Change;
use crate::plan::model::plan::Mode;
use crate::plan::ownership::belonging::{ObjectOwner, is_left_by_a_test, is_marked_ours};
use crate::plan::view::decisions::Decisions;
use crate::plan::view::index::Index;
use crate::plan::view::readings::Readings;
use crate::plan::view::schemas::Schemas;
use crate::resource::{Address, Desired, Identity, Live, Reading};

/// A view of the whole plan.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Overview<'a> {
    input: &'a Input,
    index: &'a Index,
    readings: &'a Readings,
    schemas: &'a Schemas,
    decisions: &'a Decisions,
}

impl<'a> Overview<'a> {
    /// A view of these.
    pub(in crate::plan) fn new(
        input: &'a Input,
        index: &'a Index,
        readings: &'a Readings,
        schemas: &'a Schemas,
        decisions: &'a Decisions,
    ) -> Self {
        Self { input, index, readings, schemas, decisions }
    }

    /// What the plan is made from.
    pub(in crate::plan) fn input(self) -> &'a Input {
        self.input
    }

    /// Where everything is in it.
    pub(super) fn index(self) -> &'a Index {
        self.index
    }

    /// What was read.
    pub(super) fn readings(self) -> &'a Readings {
        self.readings
    }

    /// What the server publishes of its kinds.
    pub(super) fn schemas(self) -> &'a Schemas {
        self.schemas
    }

    /// What is decided.
    pub(in crate::plan) fn decisions(self) -> &'a Decisions {
        self.decisions
    }

    /// What is decided so far.
    pub(in crate::plan) fn changes(self) -> impl Iterator<Item = &'a Change> {
        self.decisions.changes()
    }

    /// Whose objects are ours.
    pub(in crate::plan) fn owner(self) -> ObjectOwner<'a> {
        ObjectOwner { project: &self.input.project, lineage: &self.input.lineage }
    }

    /// What the configuration wants under this address.
    pub(in crate::plan) fn desired_at(self, address: &Address) -> Option<&'a Arc<Desired>> {
        self.input.desired.get(self.index.position(address)?)
    }

    /// What the configuration says of an object that the state knows under this address: what it wants there, or
    /// what it wants of that very object under another address (a renamed block).
    pub(in crate::plan) fn desired_for(
        self,
        address: &Address,
        identity: &Identity,
    ) -> Option<&'a Arc<Desired>> {
        self.desired_at(address).or_else(|| self.input.desired.get(self.index.position_of_object(identity)?))
    }

    /// Whether the configuration wants this very object under this very address.
    pub(super) fn is_desired_as(self, address: &Address, identity: &Identity) -> bool {
        self.desired_at(address).is_some_and(|desired| desired.identity == *identity)
    }

    /// Whether the configuration wants this very object, under whichever address.
    pub(in crate::plan) fn is_desired_object(self, identity: &Identity, uid: &str) -> bool {
        let is_read_there = || self.readings.addresses_of(uid).any(|at| self.index.is_wanted_at(at));
        self.input.mode == Mode::Apply && (self.index.is_wanted(identity) || is_read_there())
    }

    /// Whether the state knows an object, under whose address nothing is desired, under another address as well, and
    /// something is desired there.
    pub(in crate::plan) fn is_known_elsewhere(self, identity: &Identity) -> bool {
        self.index.is_known_in_place(identity)
    }

    /// The object that was read under this address.
    pub(in crate::plan) fn live(self, address: &Address) -> Option<&'a Arc<Live>> {
        self.readings.live(address)
    }

    /// What was read of an object that the state knows: under its address there may be another one now.
    pub(in crate::plan) fn reading_of_known(self, address: &Address, known: &Known) -> Option<&'a Reading> {
        let renamed =
            self.desired_at(address).is_some_and(|desired| desired.identity != known.target.identity);
        if renamed { self.readings.predecessor(address) } else { self.readings.of(address) }
    }

    /// Whether the object is the one that the state knows under this address, or carries our marks. A hook may have run as a
    /// test since.
    pub(in crate::plan) fn is_ours(self, address: &Address, known: &Known, live: &Live) -> bool {
        live.stamp.uid == known.uid
            || is_marked_ours(live, self.owner())
            || (known.hook.is_some() && is_left_by_a_test(address, live, self.owner()))
    }
}
