//! Why a resource is replaced although the server would take the change: the user asks for it, or something
//! changes that is said to trigger it.

use crate::plan::input::question::Known;
use crate::plan::model::change::Change;
use crate::plan::model::plan::Obstacle;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::claim::Claim;
use crate::plan::planner::Planner;
use crate::plan::planner::outcome::is_quiet;
use crate::plan::planner::removal;
use crate::resource::{Address, Desired, Live};

/// Why a resource is replaced.
#[derive(Debug)]
pub(in crate::plan) enum Why {
    /// `--replace` names it.
    Asked,
    /// This one changes, and `replace_triggered_by` names it.
    Triggered(Address),
}

impl Why {
    pub(in crate::plan) fn reason(&self) -> Reason {
        match self {
            Self::Asked => Reason::ReplaceRequested,
            Self::Triggered(address) => Reason::ReplaceTriggered { by: address.clone() },
        }
    }
}

impl Planner {
    /// Why the resource is replaced, if so.
    pub(in crate::plan) fn why_replaced(&self, index: usize) -> Option<Why> {
        if self.is_asked_for(index) {
            return Some(Why::Asked);
        }
        self.trigger(index).cloned().map(Why::Triggered)
    }

    fn is_asked_for(&self, index: usize) -> bool {
        self.input.replace.contains(&self.input.desired[index].address)
    }

    /// The first of the resources that replace this one with their change, and that do change. One whose
    /// marks or ownership alone change stays what it is.
    fn trigger(&self, index: usize) -> Option<&Address> {
        self.triggers(index)
            .filter_map(|dependency| self.decisions.get(&dependency))
            .find(|decision| decision.change.action.writes() && !is_quiet(&decision.change))
            .map(|decision| &decision.change.address)
    }

    /// Says of what is made that there was nothing to replace, where that was asked for.
    pub(in crate::plan) fn tell_unreplaced(&self, index: usize, change: &mut Change) {
        if self.is_asked_for(index) {
            change.reasons.insert(0, Reason::NothingToReplace);
        }
    }

    /// What stands against the replacement, if anything does.
    pub(in crate::plan) fn why_not(
        &self,
        why: &Why,
        desired: &Desired,
        known: Option<&Known>,
        live: &Live,
        standing: &Claim,
    ) -> Option<Obstacle> {
        let refused = |help: String| Obstacle::Replacement { reasons: vec![why.reason()], help };
        match (why, standing) {
            (Why::Asked, Claim::Adopted) => {
                let help = "take it over first, then replace it; what others made is not deleted in one step";
                Some(refused(help.to_owned()))
            }
            (_, Claim::Ours) => {
                let help = removal::why_not_replaced(desired, known, live, &self.input.consent)?;
                Some(refused(match why {
                    Why::Asked if removal::never_replaced(desired).is_some() => {
                        "a claim is never replaced, its data would be lost: leave `--replace` out, or make a \
                         second claim under another name and move the data"
                            .to_owned()
                    }
                    Why::Asked => format!(
                        "replacing it would delete what it holds: leave `--replace` out, or agree with `--consent {}`",
                        desired.address
                    ),
                    Why::Triggered(_) => help,
                }))
            }
            _ => None,
        }
    }
}
