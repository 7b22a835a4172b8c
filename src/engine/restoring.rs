//! The desired side of a rollback: what was desired at a revision, as far as it can be restored.

mod claims;
mod definitions;
mod secret_values;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use claims::keep_sizes;
use definitions::{WithDefinitions, with_present_definitions};
use secret_values::{Filled, Record};

use super::Error;
use super::compiling::Compiled;
use super::kept_values::KeptValues;
use super::own_state;
use crate::config::Config;
use crate::diagnostic::Diagnostics;
use crate::graph::Graph;
use crate::provider::Provider;
use crate::resource::{
    Address, Batch, BlockAddress, Desired, Identity, Live, Moment, Problem, Reading, Target,
};
use crate::state::{Revision, State, StoredDesired};

/// What a rollback wants, and what it works from.
#[derive(Debug)]
pub(super) struct Restoration {
    /// The graph of what is desired again.
    pub(super) compiled: Compiled,
    /// Definitions that stay as they are.
    pub(super) left_out: BTreeSet<Address>,
    /// The objects that were applied then. What held data and is gone is lost, and nobody is to overlook that.
    pub(super) applied_then: BTreeSet<Identity>,
    /// What cannot be restored, and nobody has agreed to go on without it.
    pub(super) barred: BTreeMap<Address, Problem>,
    /// What somebody agreed to, and that made a difference.
    pub(super) used_consents: BTreeSet<Address>,
    /// What the reader of the plan must know.
    pub(super) notes: Vec<String>,
}

/// What a restoration works from.
#[derive(Clone, Copy)]
pub(super) struct Past<'r> {
    /// The revision to go back to.
    pub(super) revision: &'r Revision,
    /// The secret values that are kept of it.
    pub(super) values: &'r KeptValues,
    /// The newest one, which says how definitions are now; `None` where it cannot be read.
    pub(super) newest: Option<&'r Revision>,
    /// The state as it is now.
    pub(super) state: &'r State,
    /// What the user agreed to go on without.
    pub(super) consented: &'r BTreeSet<Address>,
    /// Resources of which somebody knows that their secret values are the same.
    pub(super) kept: &'r BTreeSet<Address>,
}

/// What was desired at the revision. Definitions of custom resources are never rolled back. Secret values are
/// taken from where they are kept; else from the cluster, where they are certainly still the same.
///
/// # Errors
/// A revision of an old format, which has only its objects; or one that was edited by hand; or it has the place in which
/// the state is kept now.
pub(super) async fn restore(
    config: &Config,
    past: Past<'_>,
    provider: &dyn Provider,
) -> Result<Restoration, Error> {
    check(past.revision)?;
    let WithDefinitions { wanted, left_out } =
        with_present_definitions(past.revision, past.newest, past.state);
    let stays = |address: &Address| format!("{address} stays as it is: a definition is never rolled back.");
    let mut refilled = Refilled { notes: left_out.iter().map(stays).collect(), ..Refilled::default() };
    let withheld = live_of(&wanted, provider).await;
    for (address, stored) in &wanted {
        let Some(mut desired) = stored.desired(address.clone()) else { continue };
        let then = past.revision.state.resources.get(address);
        let made_by = then.and_then(|then| then.random_of.as_ref());
        desired.batch = made_by.map(|run| Batch::Of(run.to_string()));
        if let Some(hook) = &mut desired.hook {
            hook.moment = Moment::Rollback;
        }
        // What does not run now is not sent, and needs no values.
        let is_sent = desired.hook.as_ref().is_none_or(|hook| hook.side().is_some());
        match withheld.get(&desired.identity).filter(|_| is_sent) {
            Some(reading) => refilled.fill(past, desired, stored, reading),
            None => refilled.desired.push(desired),
        }
    }
    let Refilled { mut desired, barred, used_consents, mut notes } = refilled;
    notes.extend(keep_sizes(&mut desired, provider).await);
    without_dependencies_on_nothing(&mut desired);
    let graph = Graph::build(desired).map_err(|mistakes| Error::mistakes(config, mistakes))?;
    // The state may have moved since into what was a resource then.
    let own_state = own_state::owners(config, &graph);
    if !own_state.is_empty() {
        return Err(Error::mistakes(config, Diagnostics::from(own_state)));
    }
    let then = past.revision.state.resources.values();
    let applied_then = then.map(|resource| resource.identity.clone()).collect();
    Ok(Restoration { compiled: Compiled::of(graph), left_out, applied_then, barred, used_consents, notes })
}

/// What is desired again, with the secret values that could be put back.
#[derive(Default)]
struct Refilled {
    desired: Vec<Desired>,
    barred: BTreeMap<Address, Problem>,
    used_consents: BTreeSet<Address>,
    notes: Vec<String>,
}

impl Refilled {
    /// Adds a resource whose secret values the revision does not have.
    fn fill(&mut self, past: Past<'_>, mut desired: Desired, stored: &StoredDesired, reading: &Reading) {
        let Past { revision: then, values, state: now, consented, kept, .. } = past;
        let address = desired.address.clone();
        match (Record { then, now, values, consented, kept }).fill(&mut desired, stored, reading) {
            Filled::Whole => {}
            Filled::WithPresentValues(note) => {
                self.used_consents.insert(address);
                self.notes.push(note);
            }
            Filled::LeftOut(note) => {
                self.used_consents.insert(address);
                self.notes.push(note);
                return;
            }
            Filled::Barred(problem) => drop(self.barred.insert(address, problem)),
        }
        self.desired.push(desired);
    }
}

/// What is left out is no dependency of others either.
fn without_dependencies_on_nothing(desired: &mut [Desired]) {
    let there: BTreeSet<Address> = desired.iter().map(|one| one.address.clone()).collect();
    let blocks: BTreeSet<BlockAddress> = there.iter().map(|address| address.block.clone()).collect();
    // A block's address stands for all of its objects.
    let is_there =
        |named: &Address| there.contains(named) || named.object.is_none() && blocks.contains(&named.block);
    for one in desired {
        one.depends_on.retain(|(named, _)| is_there(named));
    }
}

/// Makes sure that the revision has all that was desired.
///
/// # Errors
/// It has an old format, which kept only the objects.
pub(super) fn check(revision: &Revision) -> Result<(), Error> {
    let is_whole = revision.desired.values().all(|stored| !stored.object_only);
    if is_whole { Ok(()) } else { Err(Error::NotRestorable { revision: revision.head.number }) }
}

/// Whether the cluster certainly still has the secret values that the resource had at the revision.
pub(super) fn is_filled_by_cluster(
    address: &Address,
    stored: &StoredDesired,
    live: &Arc<Live>,
    revision: &Revision,
    state: &State,
) -> bool {
    let nobody = BTreeSet::new();
    let record =
        Record { then: revision, now: state, values: &KeptValues::No, consented: &nobody, kept: &nobody };
    let desired = stored.desired(address.clone());
    let filled =
        desired.map(|mut desired| record.fill(&mut desired, stored, &Reading::Present(Arc::clone(live))));
    matches!(filled, Some(Filled::Whole))
}

/// What is there now of the objects whose secret values were withheld.
async fn live_of(
    wanted: &BTreeMap<Address, &StoredDesired>,
    provider: &dyn Provider,
) -> HashMap<Identity, Reading> {
    let with_secrets = wanted.iter().filter(|(_, stored)| !stored.withheld.is_empty());
    let targets: Vec<Target> = with_secrets.filter_map(|(_, stored)| Target::of(&stored.object)).collect();
    if targets.is_empty() {
        return HashMap::new();
    }
    let readings = provider.read(&targets).await;
    targets.into_iter().map(|target| target.identity).zip(readings).collect()
}
