//! The desired side of a rollback: what was desired at a revision, as far as it can be restored.

mod definitions;
mod secret_values;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use definitions::{WithDefinitions, with_present_definitions};
use secret_values::{Filled, Record};

use super::Error;
use super::compiling::Compiled;
use crate::config::Config;
use crate::graph::Graph;
use crate::provider::Provider;
use crate::resource::{Address, Identity, Live, Problem, Reading, Target};
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

/// What was desired at the revision. Definitions of custom resources are never rolled back. Secret values are in no
/// revision; those that are certainly still the same are taken from the cluster. `kept` are resources of which somebody
/// knows that.
///
/// # Errors
/// A revision of an old format, which has only its objects; or one that was edited by hand.
pub(super) async fn restore(
    config: &Config,
    revision: &Revision,
    newest: Option<&Revision>,
    state: &State,
    provider: &dyn Provider,
    consented: &BTreeSet<Address>,
    kept: &BTreeSet<Address>,
) -> Result<Restoration, Error> {
    check(revision)?;
    let WithDefinitions { wanted, left_out } = with_present_definitions(revision, newest, state);
    let withheld = live_of(&wanted, provider).await;
    let stays = |address: &Address| format!("{address} stays as it is: a definition is never rolled back.");
    let mut notes: Vec<String> = left_out.iter().map(stays).collect();
    let (mut desired, mut barred) = (Vec::new(), BTreeMap::new());
    let mut used_consents = BTreeSet::new();
    for (address, stored) in &wanted {
        let Some(mut one) = stored.desired(address.clone()) else { continue };
        let record = Record { then: revision, now: state, consented, kept };
        match withheld.get(&one.identity) {
            Some(reading) => match record.fill(&mut one, stored, reading) {
                Filled::Whole => desired.push(one),
                Filled::WithPresentValues(note) => {
                    used_consents.insert(address.clone());
                    notes.push(note);
                    desired.push(one);
                }
                Filled::LeftOut(note) => {
                    used_consents.insert(address.clone());
                    notes.push(note);
                }
                Filled::Barred(problem) => {
                    barred.insert(address.clone(), problem);
                    desired.push(one);
                }
            },
            None => desired.push(one),
        }
    }
    // What is left out is no dependency of others either.
    let there: BTreeSet<Address> = desired.iter().map(|one| one.address.clone()).collect();
    for one in &mut desired {
        one.depends_on.retain(|(named, _)| there.iter().any(|address| address.is_meant_by(named)));
    }
    let graph = Graph::build(desired).map_err(|mistakes| Error::mistakes(config, mistakes))?;
    let then = revision.state.resources.values();
    let applied_then = then.map(|resource| resource.identity.clone()).collect();
    Ok(Restoration { compiled: Compiled::of(graph), left_out, applied_then, barred, used_consents, notes })
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
    let record = Record { then: revision, now: state, consented: &nobody, kept: &nobody };
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
