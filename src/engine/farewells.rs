//! What charts have run when they are deleted: as the newest revision remembers it, since nobody renders them any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Error, Project};
use crate::graph::Graph;
use crate::plan::Mode;
use crate::resource::{BlockAddress, Desired, Moment, Phase};
use crate::state::{State, StoredDesired};

/// The hooks that run when charts are deleted, and sentences about those that cannot.
#[derive(Debug, Default)]
pub(super) struct Farewells {
    /// The hooks.
    pub(super) hooks: Vec<Arc<Desired>>,
    /// What the reader of the plan must know.
    pub(super) notes: Vec<String>,
}

/// The hooks of the charts that leave: of all for a destroy, and else of those that are not desired any more.
///
/// # Errors
/// The place of the state cannot be opened.
pub(super) async fn farewells(
    state: &State,
    graph: &Graph,
    mode: Mode,
    project: &Project,
) -> Result<Farewells, Error> {
    let desired: BTreeSet<&BlockAddress> = graph.resources().map(|desired| &desired.address.block).collect();
    let with_hooks = state.resources.iter().filter(|(_, resource)| resource.hook.is_some());
    let charts: BTreeSet<&BlockAddress> = with_hooks
        .map(|(address, _)| &address.block)
        .filter(|chart| mode == Mode::Destroy || !desired.contains(chart))
        .collect();
    if charts.is_empty() || state.revision == 0 {
        return Ok(Farewells::default());
    }
    let backend = project.backend().await?;
    // Without the revision nobody knows what would run.
    let Ok(revision) = backend.revision(state.revision).await else {
        let note = "What charts run when they are deleted is not known, since the newest revision cannot be read; nothing \
                    of it runs.";
        return Ok(Farewells { hooks: Vec::new(), notes: vec![note.to_owned()] });
    };
    let mut found = Farewells::default();
    for (address, stored) in revision.desired.iter().filter(|(address, _)| charts.contains(&address.block)) {
        if !runs_at_the_end(stored) {
            continue;
        }
        if !stored.withheld.is_empty() {
            found.notes.push(format!(
                "{address} does not run when its chart is deleted: it has secret values, which no revision keeps."
            ));
            continue;
        }
        let Some(mut desired) = stored.desired(address.clone()) else { continue };
        if let Some(hook) = &mut desired.hook {
            hook.moment = Moment::Delete;
        }
        found.hooks.push(Arc::new(desired));
    }
    Ok(found)
}

fn runs_at_the_end(stored: &StoredDesired) -> bool {
    let ends = [Phase::PreDelete, Phase::PostDelete];
    stored.hook.as_ref().is_some_and(|hook| ends.iter().any(|phase| hook.phases.contains(phase)))
}
