//! The desired side of a rollback: what was desired at a revision, as far as it can be restored.

mod secret_values;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use secret_values::{Filled, Record};

use super::Error;
use super::compiling::Compiled;
use crate::config::Config;
use crate::graph::Graph;
use crate::kubernetes::kinds::is_definition;
use crate::provider::Provider;
use crate::resource::{Address, Identity, Live, Problem, Reading, Target};
use crate::state::{Revision, State, StoredDesired};

/// What a rollback wants, and what it works from.
#[derive(Debug)]
pub(super) struct Restoration {
    /// The graph of what is desired again.
    pub(super) compiled: Compiled,
    /// The state, with what this revision knew of the claims that are gone: their data is lost, and nobody is to
    /// overlook that.
    pub(super) state: State,
    /// What cannot be restored, and nobody has agreed to go on without it.
    pub(super) barred: BTreeMap<Address, Problem>,
    /// What somebody agreed to, and that made a difference.
    pub(super) used_consents: BTreeSet<Address>,
    /// What the reader of the plan must know.
    pub(super) notes: Vec<String>,
}

/// What was desired at the revision. Definitions stay as the newest revision has them: an older one could lose fields
/// of the objects that are stored. Secret values are in no revision; those that are certainly still the same are
/// taken from the cluster. `kept` are resources of which somebody knows that.
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
    let number = revision.head.number;
    if revision.desired.values().any(|stored| stored.object_only) {
        return Err(Error::NotRestorable { revision: number });
    }
    let wanted = with_definitions_of(newest, revision);
    let withheld = live_of(&wanted, provider).await;
    let (mut desired, mut notes, mut barred) = (Vec::new(), Vec::new(), BTreeMap::new());
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
    let (compiled, state) = (Compiled::of(graph), with_lost_claims(state, revision));
    Ok(Restoration { compiled, state, barred, used_consents, notes })
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

/// What the revision wanted, but definitions as the newest revision has them.
fn with_definitions_of<'r>(
    newest: Option<&'r Revision>,
    revision: &'r Revision,
) -> BTreeMap<Address, &'r StoredDesired> {
    let is_definition_too =
        |stored: &StoredDesired| stored.identity().is_some_and(|identity| is_definition(&identity));
    let kept =
        newest.into_iter().flat_map(|newest| &newest.desired).filter(|(_, stored)| is_definition_too(stored));
    let kept: Vec<(&Address, &StoredDesired)> = kept.collect();
    let identities: BTreeSet<Option<Identity>> = kept.iter().map(|(_, stored)| stored.identity()).collect();
    let wanted = revision.desired.iter().filter(|(_, stored)| !identities.contains(&stored.identity()));
    wanted.chain(kept).map(|(address, stored)| (address.clone(), stored)).collect()
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

/// The state, and what the revision knew of claims that the state does not know any more. A plan then finds that they
/// were applied once and are gone, and asks before it makes empty ones.
fn with_lost_claims(state: &State, revision: &Revision) -> State {
    let mut with = state.clone();
    for (address, resource) in &revision.state.resources {
        let is_claim = resource.identity.is("", "PersistentVolumeClaim");
        let is_known = state.resources.values().any(|known| known.identity == resource.identity);
        if is_claim && !is_known && !with.resources.contains_key(address) {
            with.resources.insert(address.clone(), resource.clone());
        }
    }
    with
}
