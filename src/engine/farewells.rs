//! What charts have run when they are deleted: as the newest revision remembers it, since nobody renders them any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Error;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::kinds::is_definition;
use crate::plan::{Action, Change, Mode, Plan};
use crate::resource::{Address, BlockAddress, Desired, Hook, Moment, Phase};
use crate::state::{Backend, Revision, State, StateError, StoredDesired};

/// The name of the warning.
const HOOKS_UNKNOWN: &str = "hooks-unknown";

/// What the last completed apply desired.
#[derive(Debug)]
pub(super) enum Newest {
    /// No apply was completed yet.
    NoneYet,
    /// It has this revision.
    Read(Box<Revision>),
    /// Its revision is damaged or gone: nobody will ever know.
    Lost(StateError),
}

impl Newest {
    /// What the state names as its last revision.
    ///
    /// # Errors
    /// It cannot be read now. Later it may be, and then it says what it says.
    pub(super) async fn of(state: &State, backend: &dyn Backend) -> Result<Self, StateError> {
        if state.revision == 0 {
            return Ok(Self::NoneYet);
        }
        match backend.revision(state.revision).await {
            Ok(revision) => Ok(Self::Read(Box::new(revision))),
            Err(error @ (StateError::Damaged { .. } | StateError::NoRevision { .. })) => {
                Ok(Self::Lost(error))
            }
            Err(error) => Err(error),
        }
    }

    /// The revision, where there is one.
    pub(super) fn revision(&self) -> Option<&Revision> {
        match self {
            Self::Read(revision) => Some(revision),
            Self::NoneYet | Self::Lost(_) => None,
        }
    }
}

/// The charts with hooks that leave: all for a destroy, and else those that are not desired any more.
pub(super) fn leaving_charts(
    state: &State,
    mode: Mode,
    is_desired: impl Fn(&BlockAddress) -> bool,
) -> BTreeSet<BlockAddress> {
    let with_hooks = state.resources.iter().filter(|(_, resource)| resource.hook.is_some());
    let charts = with_hooks.map(|(address, _)| &address.block);
    charts.filter(|chart| mode == Mode::Destroy || !is_desired(chart)).cloned().collect()
}

/// Charts that perhaps leave, and what says what they run then.
#[derive(Debug)]
pub(super) struct Farewells {
    /// The charts.
    pub(super) charts: BTreeSet<BlockAddress>,
    /// The newest revision; or why it cannot be read now.
    pub(super) newest: Result<Newest, StateError>,
}

impl Farewells {
    /// The hooks that can run.
    pub(super) fn hooks(&self) -> Vec<Arc<Desired>> {
        let whole = self.stored().filter(|(_, stored)| stored.withheld.is_empty());
        let hooks = whole.filter_map(|(address, stored)| {
            let mut desired = stored.desired(address.clone())?;
            desired.hook = desired.hook.map(Hook::of_deletion);
            Some(Arc::new(desired))
        });
        hooks.collect()
    }

    /// Says of the charts that the plan deletes what of their hooks does not run, in the notes of the plan; a warning is
    /// what must be mended.
    ///
    /// # Errors
    /// The plan deletes a chart, and the revision cannot be read that says what runs then.
    pub(super) fn tell(self, plan: &mut Plan, state: &State) -> Result<Option<Diagnostic>, Error> {
        let leaving: BTreeSet<&BlockAddress> =
            self.charts.iter().filter(|chart| is_deleted(chart, plan, state)).collect();
        if leaving.is_empty() {
            return Ok(None);
        }
        plan.notes.extend(self.withheld(&leaving));
        plan.notes.extend(self.never_completed(&leaving));
        match &self.newest {
            Ok(Newest::Lost(error)) => Ok(Some(unknown(&leaving, error))),
            Ok(_) => Ok(None),
            Err(_) => self.newest.map(|_| None).map_err(Error::from),
        }
    }

    /// The hooks that the revision has only in part.
    fn withheld(&self, leaving: &BTreeSet<&BlockAddress>) -> impl Iterator<Item = String> {
        let withheld = self
            .stored()
            .filter(move |(address, stored)| leaving.contains(&address.block) && !stored.withheld.is_empty());
        withheld.map(|(address, _)| {
            format!(
                "{address} does not run when its chart is deleted: it has secret values, which no revision keeps."
            )
        })
    }

    /// The charts that no revision knows: an installation that failed, say.
    fn never_completed(&self, leaving: &BTreeSet<&BlockAddress>) -> Vec<String> {
        let known: BTreeSet<&BlockAddress> = match &self.newest {
            Ok(Newest::Read(revision)) => revision.desired.keys().map(|address| &address.block).collect(),
            Ok(Newest::NoneYet) => BTreeSet::new(),
            Ok(Newest::Lost(_)) | Err(_) => return Vec::new(),
        };
        let unknown = leaving.iter().filter(|chart| !known.contains(*chart));
        let told = unknown.map(|chart| {
            format!("If {chart} has hooks of its deletion, they do not run: no apply of it was completed.")
        });
        told.collect()
    }

    /// What the revision has of the hooks of the charts.
    fn stored(&self) -> impl Iterator<Item = (&Address, &StoredDesired)> {
        let revision = self.newest.as_ref().ok().and_then(Newest::revision);
        let desired = revision.into_iter().flat_map(|revision| &revision.desired);
        desired.filter(|(address, stored)| self.charts.contains(&address.block) && runs_at_the_end(stored))
    }
}

/// Whether the plan deletes the chart as a whole, or goes on with that.
fn is_deleted(chart: &BlockAddress, plan: &Plan, state: &State) -> bool {
    let is_of_deletion = |change: &Change| match state.resources.get(&change.address) {
        Some(known) if known.hook == Some(Moment::Delete) => known.readiness.completed().is_none(),
        Some(known) if known.hook.is_some() => false,
        _ => change.action == Action::Delete,
    };
    // Definitions are never rolled back: that they stay does not keep their chart.
    let stays = |address: &Address| {
        let known = state.resources.get(address);
        plan.revision.is_some() && known.is_some_and(|known| is_definition(&known.identity))
    };
    let is_left_out = plan.left_out.iter().any(|address| address.block == *chart && !stays(address));
    let mut changes = plan.changes.iter().filter(|change| change.address.block == *chart);
    !is_left_out && changes.any(is_of_deletion)
}

/// Without the revision nobody knows what would run.
fn unknown(charts: &BTreeSet<&BlockAddress>, error: &StateError) -> Diagnostic {
    let named: Vec<String> = charts.iter().map(ToString::to_string).collect();
    let (named, have) = (named.join(", "), if charts.len() == 1 { "has" } else { "have" });
    let message = format!("if {named} {have} hooks of a deletion, they do not run: {error}");
    Diagnostic::warning(HOOKS_UNKNOWN, message)
        .help("only the newest revision says which they are: to have them run, restore it from a backup and plan again")
}

fn runs_at_the_end(stored: &StoredDesired) -> bool {
    let ends = [Phase::PreDelete, Phase::PostDelete];
    stored.hook.as_ref().is_some_and(|hook| ends.iter().any(|phase| hook.phases.contains(phase)))
}
