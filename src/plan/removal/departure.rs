//! Whether a chart leaves as a whole: by this plan, since an earlier run, or because others have deleted its objects.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::kubernetes::kinds::is_definition;
use crate::plan::input::plan_input::Known;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::plan::Mode;
use crate::plan::model::reason::Reason;
use crate::plan::view::overview::Overview;
use crate::resource::{Address, BlockAddress, Identity, Moment};

/// A chart that may leave.
pub(super) struct Departure<'a> {
    overview: Overview<'a>,
    chart: &'a BlockAddress,
    /// Its objects that are there for ever, as the last completed apply left them.
    objects: &'a BTreeSet<Identity>,
    /// What becomes of all that is known of it.
    changes: BTreeMap<&'a Address, &'a Change>,
}

/// What becomes of a chart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate<'a> {
    /// It leaves as a whole.
    Leaves,
    /// It stays, or only a part of it leaves, or there is nothing to say of it.
    Stays,
    /// Others have deleted objects of it, and this one lives on, or may: it is no end of the chart.
    Survives(&'a Identity),
}

impl<'a> Departure<'a> {
    /// The chart with these objects, where all of these changes are made.
    pub(super) fn new(
        overview: Overview<'a>,
        chart: &'a BlockAddress,
        objects: &'a BTreeSet<Identity>,
        changes: &'a [Change],
    ) -> Self {
        let of_chart = changes.iter().filter(|change| change.address.block == *chart);
        Self { overview, chart, objects, changes: of_chart.map(|change| (&change.address, change)).collect() }
    }

    /// What becomes of the chart. What others have deleted counts like what the plan deletes, where nothing of the chart is
    /// left: it may have made more than its objects, and its hooks take that away.
    pub(super) fn fate(&self) -> Fate<'a> {
        if self.is_wanted() || self.is_left_out() || self.has_moved() {
            return Fate::Stays;
        }
        if self.is_deleted() || self.is_under_way() {
            return Fate::Leaves;
        }
        let is_gone = self.known().any(|(address, known)| !known.is_in_doubt() && self.is_gone(address));
        match self.survivor() {
            _ if !is_gone => Fate::Stays,
            Some(survivor) => Fate::Survives(survivor),
            None => Fate::Leaves,
        }
    }

    /// The object of this identity, where the chart had it and it is gone.
    pub(super) fn gone(&self, identity: &Identity) -> Option<&'a Identity> {
        let named = self.objects.get(identity)?;
        let mut changes = self.changes.values().filter(|change| change.target.identity == *identity);
        changes.all(|change| is_of_gone(change)).then_some(named)
    }

    fn is_of(&self, address: &Address) -> bool {
        address.block == *self.chart
    }

    /// Definitions are never rolled back: that they stay does not keep their chart.
    fn counts(&self, identity: &Identity) -> bool {
        self.overview.input().revision.is_none() || !is_definition(identity)
    }

    fn is_wanted(&self) -> bool {
        let input = self.overview.input();
        let mut desired = input.desired.iter();
        input.mode == Mode::Apply
            && desired.any(|desired| self.is_of(&desired.address) && self.counts(&desired.identity))
    }

    fn is_left_out(&self) -> bool {
        let mut left_out = self.overview.input().left_out.known.iter();
        left_out.any(|(address, known)| self.is_of(address) && self.counts(&known.target.identity))
    }

    fn has_moved(&self) -> bool {
        self.overview.input().moved.values().any(|from| self.is_of(from))
    }

    /// Whether this plan deletes objects of it.
    fn is_deleted(&self) -> bool {
        let is_hook = |address: &Address| {
            self.overview.input().known.get(address).is_some_and(|known| known.hook.is_some())
        };
        let mut deleted = self.changes.values().filter(|change| change.action == Action::Delete);
        deleted.any(|change| !is_hook(&change.address))
    }

    /// Whether an earlier run was to run hooks because it is deleted, and did not get to the end.
    fn is_under_way(&self) -> bool {
        let input = self.overview.input();
        let mut known = input.known.iter().filter(|(address, _)| self.is_of(address));
        known.any(|(address, known)| {
            known.hook == Some(Moment::Delete)
                && (known.completed.is_none() || known.doubted)
                && input.moves.released(address).is_none()
        })
    }

    /// What the state knows of it that is there for ever.
    fn known(&self) -> impl Iterator<Item = (&'a Address, &'a Known)> {
        let known = self.overview.input().known.iter();
        known.filter(|(address, known)| {
            self.is_of(address) && known.hook.is_none() && self.counts(&known.target.identity)
        })
    }

    /// Whether others have deleted what stood under this address.
    fn is_gone(&self, address: &Address) -> bool {
        self.changes.get(address).is_some_and(|change| is_of_gone(change))
    }

    /// Whether it stays only because it is protected, or holds something that is.
    fn is_protected(&self, address: &Address) -> bool {
        let is_protection =
            |reason: &Reason| matches!(reason, Reason::Protected { .. } | Reason::HoldsProtected { .. });
        let kept = self.changes.get(address).filter(|change| change.action == Action::Keep);
        kept.is_some_and(|change| change.reasons.iter().any(is_protection))
    }

    /// An object of the chart that is there, or may be, or that goes on under another address.
    fn survivor(&self) -> Option<&'a Identity> {
        let is_over = |address: &Address| self.is_gone(address) || self.is_protected(address);
        let there =
            self.known().find(|(address, _)| !is_over(address)).map(|(_, known)| &known.target.identity);
        let known: HashSet<&Identity> = self.known().map(|(_, known)| &known.target.identity).collect();
        // What the state has been told to forget may live on.
        let forgotten =
            || self.objects.iter().find(|identity| !known.contains(identity) && self.counts(identity));
        there.or_else(forgotten).or_else(|| self.elsewhere(&known))
    }

    /// One that is wanted or known under the address of another block.
    fn elsewhere(&self, known: &HashSet<&'a Identity>) -> Option<&'a Identity> {
        let input = self.overview.input();
        let is_applied = input.mode == Mode::Apply;
        let desired = input.desired.iter().chain(&input.left_out.desired).filter(|_| is_applied);
        let desired = desired.map(|desired| (&desired.address, &desired.identity));
        let others = input.known.iter().chain(&input.left_out.known);
        let others = others.map(|(address, known)| (address, &known.target.identity));
        let elsewhere = desired.chain(others).filter(|(address, _)| !self.is_of(address));
        elsewhere.map(|(_, identity)| identity).find(|identity| known.contains(identity))
    }
}

/// Whether the object was deleted by others, so that the state only forgets it.
fn is_of_gone(change: &Change) -> bool {
    change.action == Action::Forget && change.reasons.contains(&Reason::GoneAlready)
}
