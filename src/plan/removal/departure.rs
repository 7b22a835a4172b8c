//! Whether a chart leaves as a whole: by this plan, since an earlier run, or because others have deleted its objects.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::kubernetes::completion::ends_by_itself;
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
    /// Objects of it go, or are gone, and this one lives on, or may: it is no end of the chart.
    Survives(&'a Identity),
    /// It is destroyed, and the configuration gives it another name that no apply has given it yet.
    Renamed,
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
        if self.is_wanted() || self.is_left_out() {
            return Fate::Stays;
        }
        if self.has_moved() {
            return match self.overview.input().mode {
                Mode::Destroy => Fate::Renamed,
                Mode::Apply if self.is_deleted() => self.moved().map_or(Fate::Stays, Fate::Survives),
                Mode::Apply => Fate::Stays,
            };
        }
        if self.is_under_way() {
            return Fate::Leaves;
        }
        if self.is_deleted() {
            return self.elsewhere(&self.identities()).map_or(Fate::Leaves, Fate::Survives);
        }
        let is_gone = self.known().any(|(address, known)| !known.is_in_doubt() && self.is_gone(address));
        match self.survivor() {
            _ if !is_gone => Fate::Stays,
            Some(survivor) => Fate::Survives(survivor),
            None => Fate::Leaves,
        }
    }

    /// Whether the chart had an object of this identity, and it is gone.
    pub(super) fn is_gone_object(&self, identity: &Identity) -> bool {
        if !self.objects.contains(identity) {
            return false;
        }
        let mut changes =
            self.changes.values().filter(|change| change.target.identity == *identity).peekable();
        // What an earlier run has forgotten, before it was cut off in this deletion, has no change any more.
        match changes.peek() {
            None => self.is_under_way(),
            Some(_) => changes.any(|change| is_of_gone(change)),
        }
    }

    /// Its objects that are gone.
    pub(super) fn gone_objects(&self) -> BTreeSet<Identity> {
        self.objects.iter().filter(|identity| self.is_gone_object(identity)).cloned().collect()
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

    /// An object of it that has another address from now on.
    fn moved(&self) -> Option<&'a Identity> {
        let input = self.overview.input();
        let mut moved = input.moved.iter().filter(|(_, from)| self.is_of(from));
        moved.find_map(|(to, from)| {
            Some(&input.known.get(to).or_else(|| input.known.get(from))?.target.identity)
        })
    }

    /// Whether this plan deletes objects of it.
    pub(super) fn is_deleted(&self) -> bool {
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

    /// What is there for ever of it, by identity. Several blocks may share a namespace.
    fn identities(&self) -> HashSet<&'a Identity> {
        let identities = self.known().map(|(_, known)| &known.target.identity);
        identities.filter(|identity| !is_namespace(identity)).collect()
    }

    /// Whether others have deleted what stood under this address. What ends by itself may go by itself.
    fn is_gone(&self, address: &Address) -> bool {
        self.changes
            .get(address)
            .is_some_and(|change| is_of_gone(change) && !ends_by_itself(&change.target.identity))
    }

    /// Whether it is not there any more, by whatever cause.
    fn is_absent(&self, address: &Address) -> bool {
        self.changes.get(address).is_some_and(|change| is_of_gone(change))
    }

    /// Whether it stays only because it is protected, or something that stays needs it.
    fn is_protected(&self, address: &Address) -> bool {
        let is_protection = |reason: &Reason| {
            matches!(
                reason,
                Reason::Protected { .. }
                    | Reason::ThereBefore { .. }
                    | Reason::HoldsProtected { .. }
                    | Reason::NeededByStaying { .. }
                    | Reason::HoldsReleased { .. }
            )
        };
        let kept = self.changes.get(address).filter(|change| change.action == Action::Keep);
        kept.is_some_and(|change| change.reasons.iter().any(is_protection))
    }

    /// An object of the chart that is there, or may be, or that goes on under another address.
    fn survivor(&self) -> Option<&'a Identity> {
        let is_over = |address: &Address| self.is_absent(address) || self.is_protected(address);
        let there =
            self.known().find(|(address, _)| !is_over(address)).map(|(_, known)| &known.target.identity);
        let known: HashSet<&Identity> = self.known().map(|(_, known)| &known.target.identity).collect();
        // What the state has been told to forget may live on.
        let forgotten =
            || self.objects.iter().find(|identity| !known.contains(identity) && self.counts(identity));
        there.or_else(forgotten).or_else(|| self.elsewhere(&self.identities()))
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

fn is_namespace(identity: &Identity) -> bool {
    identity.group.is_empty() && identity.kind == "Namespace"
}

/// Whether the object was deleted by others, so that the state only forgets it.
fn is_of_gone(change: &Change) -> bool {
    change.action == Action::Forget && change.reasons.contains(&Reason::GoneAlready)
}
