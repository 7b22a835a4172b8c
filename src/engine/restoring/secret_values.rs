//! The secret values that a revision does not keep: which of them are certainly still the same in the cluster?

use std::collections::BTreeSet;

use crate::engine::kept_values::{Closed, KeptValues};
use crate::kubernetes::field_manager;
use crate::plan::keyed;
use crate::resource::{Address, Desired, FieldPath, Live, Problem, ProblemKind, Reading};
use crate::state::{Revision, State, StoredDesired, StoredResource};

/// How many fields a sentence names.
const NAMED: usize = 3;

/// What is known of the secret values of a revision.
#[derive(Clone, Copy)]
pub(super) struct Record<'r> {
    /// The revision.
    pub(super) then: &'r Revision,
    /// The state as it is now.
    pub(super) now: &'r State,
    /// The values that are kept of the revision.
    pub(super) values: &'r KeptValues,
    /// What the user agreed to go on without.
    pub(super) consented: &'r BTreeSet<Address>,
    /// Resources of which somebody knows that their secret values are the same.
    pub(super) kept: &'r BTreeSet<Address>,
}

/// What became of the withheld values of an object.
pub(super) enum Filled {
    /// They are all there: they are kept, or the cluster still has them.
    Whole,
    /// The present ones stay in their place; somebody has agreed to that.
    WithPresentValues(String),
    /// The object is gone, and its values with it. Somebody has agreed to go on without it.
    LeftOut(String),
    /// They cannot be restored.
    Barred(Problem),
}

impl Record<'_> {
    /// Puts the values in that can be restored: those that are kept of the revision, or those of the cluster.
    pub(super) fn fill(self, desired: &mut Desired, stored: &StoredDesired, reading: &Reading) -> Filled {
        if let Some(kept) = self.values.of(&desired.address, &stored.withheld) {
            for (path, value) in kept {
                path.set(&mut desired.object, value.clone());
            }
            desired.fresh = crate::resource::PathMap::default();
            return Filled::Whole;
        }
        let live = match reading {
            Reading::Present(live) => live,
            Reading::Absent => return self.gone(desired),
            Reading::Unreadable(problem) => return Filled::Barred(problem.clone()),
        };
        let is_unwritten = self.is_unwritten_since(live);
        let is_kept = self.kept.contains(&desired.address);
        let (mut missing, mut doubtful) = (Vec::new(), Vec::new());
        for path in &stored.withheld {
            let path = keyed(&desired.object, path);
            let Some(value) = path.get(&live.object).cloned() else {
                missing.push(path);
                continue;
            };
            if !(is_kept || is_unwritten && self.is_ours_alone(&path, live)) {
                doubtful.push(path.clone());
            }
            path.set(&mut desired.object, value);
        }
        if !missing.is_empty() {
            return self.unkept(desired, &missing);
        }
        // The values are those of the cluster; no run has just made them.
        desired.fresh = crate::resource::PathMap::default();
        if doubtful.is_empty() {
            return Filled::Whole;
        }
        if !self.consented.contains(&desired.address) {
            return Filled::Barred(self.changed(desired, &doubtful));
        }
        let (keeps, one) = match doubtful.as_slice() {
            [_] => ("keeps its present value", "one"),
            _ => ("keep their present values", "ones"),
        };
        Filled::WithPresentValues(format!(
            "{}: {} {keeps}, since revision {} does not have the old {one}.",
            desired.address,
            named(&doubtful),
            self.number()
        ))
    }

    fn number(self) -> u64 {
        self.then.head.number
    }

    /// Whether we have written no other secret values into the object since the revision, by the records of both times.
    fn is_unwritten_since(self, live: &Live) -> bool {
        let is_it = |known: &&StoredResource| known.uid == live.stamp.uid;
        let then = self.then.state.resources.values().find(is_it);
        let now = self.now.resources.values().find(is_it);
        then.zip(now).is_some_and(|(then, now)| then.has_secrets_of(now))
    }

    /// Whether we are the only owner of a field. Whoever else had changed it would own it.
    fn is_ours_alone(self, path: &FieldPath, live: &Live) -> bool {
        let manager = field_manager(&self.now.project);
        let owners = live.ownership.owners_of(path);
        !owners.is_empty() && owners.iter().all(|owner| owner.name == manager)
    }

    fn gone(self, desired: &Desired) -> Filled {
        let (address, number) = (&desired.address, self.number());
        if self.consented.contains(address) {
            return Filled::LeftOut(format!(
                "{address} is not restored: it is gone, and revision {number} does not have its secret values."
            ));
        }
        let message =
            format!("{} is gone, and revision {number} does not have its secret values", desired.identity);
        Filled::Barred(self.barred(
            address,
            message,
            &format!(
                "apply the configuration that has their sources, or go on without it: `--consent {address}`"
            ),
        ))
    }

    fn unkept(self, desired: &Desired, paths: &[FieldPath]) -> Filled {
        let message = format!(
            "revision {} does not have the secret value of {}, and the object in the cluster has none",
            self.number(),
            named(paths)
        );
        Filled::Barred(self.barred(
            &desired.address,
            message,
            &format!(
                "apply the configuration that has its source; or delete the object, and go on without it: `--consent {}`",
                desired.address
            ),
        ))
    }

    fn changed(self, desired: &Desired, paths: &[FieldPath]) -> Problem {
        let message = format!(
            "it was written since revision {}, which does not have the secret value of {}",
            self.number(),
            named(paths)
        );
        self.barred(
            &desired.address,
            message,
            &format!(
                "keep the present value with `--consent {}`, or apply the configuration that has its source",
                desired.address
            ),
        )
    }

    /// What keeps a resource from being restored. Where its values are kept and cannot be read here, that is the first
    /// thing to mend.
    fn barred(self, address: &Address, message: String, help: &str) -> Problem {
        let problem = |message| Problem::new(ProblemKind::Conflict, message);
        match self.values.closed(address) {
            Some(Closed { why, help: first }) => problem(format!("{message}, that can be read here: {why}"))
                .help(format!("{first}; or {help}")),
            None => problem(message).help(help),
        }
    }
}

fn named(paths: &[FieldPath]) -> String {
    let shown: Vec<String> = paths.iter().take(NAMED).map(ToString::to_string).collect();
    match paths.len().checked_sub(NAMED).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", shown.join(", ")),
        None => shown.join(", "),
    }
}
