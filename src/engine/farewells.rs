//! What charts have run when they are deleted: as the newest revision remembers it, since nobody renders them any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Error;
use crate::diagnostic::Diagnostic;
use crate::plan::{Mode, Plan};
use crate::provider::Provider;
use crate::resource::{Address, BlockAddress, Desired, Hook, Identity, Phase, Reading, Target};
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
    charts: BTreeSet<BlockAddress>,
    /// The newest revision; or why it cannot be read now.
    newest: Result<Newest, StateError>,
    /// The namespaces of their hooks in which nothing can run, each with what has become of it.
    closed: BTreeMap<String, &'static str>,
}

impl Farewells {
    /// Those of these charts.
    pub(super) async fn of(
        charts: BTreeSet<BlockAddress>,
        newest: Result<Newest, StateError>,
        provider: &dyn Provider,
    ) -> Self {
        let farewells = Self { charts, newest, closed: BTreeMap::new() };
        let named = farewells.stored().filter_map(|(_, stored)| stored.identity()?.namespace);
        let namespaces: BTreeSet<String> = named.collect();
        Self { closed: closed(namespaces, provider).await, ..farewells }
    }

    /// The hooks that can run.
    pub(super) fn hooks(&self) -> Vec<Arc<Desired>> {
        let able = self
            .stored()
            .filter(|(_, stored)| stored.withheld.is_empty() && self.closed_namespace(stored).is_none());
        let hooks = able.filter_map(|(address, stored)| {
            let mut desired = stored.desired(address.clone())?;
            desired.hook = desired.hook.map(Hook::of_deletion);
            Some(Arc::new(desired))
        });
        hooks.collect()
    }

    /// The charts, each with its objects that are there for ever, as far as they are known.
    pub(super) fn objects(&self) -> BTreeMap<BlockAddress, BTreeSet<Identity>> {
        let mut objects: BTreeMap<_, BTreeSet<Identity>> =
            self.charts.iter().map(|chart| (chart.clone(), BTreeSet::new())).collect();
        for (address, stored) in self.desired().filter(|(_, stored)| stored.hook.is_none() && !stored.shared)
        {
            objects.entry(address.block.clone()).or_default().extend(stored.identity());
        }
        objects
    }

    /// Says of the charts that the plan deletes what of their hooks does not run, in the notes of the plan; a warning is
    /// what must be mended.
    ///
    /// # Errors
    /// The plan deletes a chart, and the revision cannot be read that says what runs then.
    pub(super) fn tell(self, plan: &mut Plan) -> Result<Option<Diagnostic>, Error> {
        let leaving: &BTreeSet<BlockAddress> = &plan.leaving.keys().cloned().collect();
        if leaving.is_empty() {
            return Ok(None);
        }
        plan.notes.extend(self.withheld(leaving));
        plan.notes.extend(self.without_namespace(leaving));
        plan.notes.extend(self.never_completed(leaving));
        match &self.newest {
            Ok(Newest::Lost(error)) => Ok(Some(unknown(leaving, error))),
            Ok(_) => Ok(None),
            Err(_) => self.newest.map(|_| None).map_err(Error::from),
        }
    }

    /// The hooks that the revision has only in part.
    fn withheld(&self, leaving: &BTreeSet<BlockAddress>) -> impl Iterator<Item = String> {
        let withheld = self
            .stored()
            .filter(move |(address, stored)| leaving.contains(&address.block) && !stored.withheld.is_empty());
        withheld.map(|(address, _)| {
            format!(
                "{address} does not run when its chart is deleted: it has secret values, which no revision keeps."
            )
        })
    }

    /// The hooks whose namespaces are gone, or are about to be.
    fn without_namespace(&self, leaving: &BTreeSet<BlockAddress>) -> impl Iterator<Item = String> {
        let stored = self.stored().filter(move |(address, _)| leaving.contains(&address.block));
        stored.filter_map(|(address, stored)| {
            let (namespace, fate) = self.closed_namespace(stored)?;
            Some(format!(
                "{address} does not run when its chart is deleted: its namespace `{namespace}` {fate}."
            ))
        })
    }

    /// The namespace of a hook and what has become of it, where nothing can run in it.
    fn closed_namespace(&self, stored: &StoredDesired) -> Option<(&str, &'static str)> {
        let (namespace, fate) = self.closed.get_key_value(&stored.identity()?.namespace?)?;
        Some((namespace.as_str(), *fate))
    }

    /// The charts that no revision knows: an installation that failed, say.
    fn never_completed(&self, leaving: &BTreeSet<BlockAddress>) -> Vec<String> {
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
        self.desired().filter(|(_, stored)| runs_at_the_end(stored))
    }

    /// What the revision has of the charts.
    fn desired(&self) -> impl Iterator<Item = (&Address, &StoredDesired)> {
        let revision = self.newest.as_ref().ok().and_then(Newest::revision);
        let desired = revision.into_iter().flat_map(|revision| &revision.desired);
        desired.filter(|(address, _)| self.charts.contains(&address.block))
    }
}

/// Those of these namespaces in which nothing can run. One that may not be read counts as one that is there.
async fn closed(namespaces: BTreeSet<String>, provider: &dyn Provider) -> BTreeMap<String, &'static str> {
    if namespaces.is_empty() {
        return BTreeMap::new();
    }
    let target = |name: &String| Target {
        identity: Identity::cluster("", "Namespace", name.as_str()),
        version: Some("v1".to_owned()),
    };
    let targets: Vec<Target> = namespaces.iter().map(target).collect();
    let readings = provider.read(&targets).await;
    let closed = namespaces.into_iter().zip(readings).filter_map(|(name, reading)| {
        let fate = match reading {
            Reading::Absent => "is gone",
            Reading::Present(live) if live.is_ending() => "is being deleted",
            Reading::Present(_) | Reading::Unreadable(_) => return None,
        };
        Some((name, fate))
    });
    closed.collect()
}

/// Without the revision nobody knows what would run.
fn unknown(charts: &BTreeSet<BlockAddress>, error: &StateError) -> Diagnostic {
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
