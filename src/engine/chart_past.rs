//! What the state knows of a chart: whether it is new or was there before, and what it has defined.

use std::collections::BTreeMap;

use crate::blocks::{ChartPast, GoesOn, RandomPast, SentOfChart};
use crate::config::Moves;
use crate::kubernetes::kinds::is_definition;
use crate::resource::{Address, BlockAddress, Identity, Moment};
use crate::state::{OpenRun, State, StoredDesired, StoredResource};

/// What the state knows of a chart. An installation goes on until all has run that it was to run,
/// however many applies that takes.
pub(super) fn past(state: &State, moves: &Moves, chart: &BlockAddress) -> ChartPast {
    let is_of_chart = |address: &Address| is_of(moves, address, chart);
    let known = known(state, moves, chart);
    let addresses = state.in_doubt.iter().filter(|intent| intent.renews && is_of_chart(&intent.address));
    let in_doubt = addresses.map(|intent| intent.target.identity.clone()).collect();
    let identities = known.iter().map(|resource| &resource.identity);
    ChartPast {
        moment: moment_of(&known),
        definitions: identities.filter(|identity| is_definition(identity)).cloned().collect(),
        sent: known.iter().filter_map(|resource| sent(resource)).collect(),
        contents: known
            .iter()
            // What ran for a deletion has another content.
            .filter(|resource| resource.hook != Some(Moment::Delete))
            .filter_map(|resource| resource.readiness.completed().map(str::to_owned))
            .collect(),
        random: RandomPast {
            made_by: known.iter().filter_map(|resource| made_by(resource)).collect(),
            cut_off: state.unfinished.as_ref().map(|run| run.run.to_string()),
            in_doubt,
            goes_on: GoesOn::No,
        },
        ..ChartPast::NONE
    }
}

/// What happens to a chart, as far as the state tells.
pub(super) fn moment(state: &State, moves: &Moves, chart: &BlockAddress) -> Moment {
    moment_of(&known(state, moves, chart))
}

/// Whether nothing is known of a chart but what outlives it: it may have left. Before its farewell is over, the state knows
/// hooks of it.
pub(super) fn is_perhaps_a_remnant(state: &State, moves: &Moves, chart: &BlockAddress) -> bool {
    let known = known(state, moves, chart);
    !known.is_empty() && known.iter().all(|resource| resource.hook.is_none() && outlives(resource))
}

/// Whether such a chart has left: what the newest revision wants has nothing of it, or more than is known by now. A chart that
/// has nothing else is still the same.
pub(super) fn has_left(
    state: &State,
    moves: &Moves,
    chart: &BlockAddress,
    wanted: &BTreeMap<Address, StoredDesired>,
) -> bool {
    let known = known(state, moves, chart);
    let is_known = |identity: &Identity| known.iter().any(|resource| resource.identity == *identity);
    let mut wanted = wanted.iter().filter(|(address, _)| is_of(moves, address, chart)).peekable();
    let is_lacking = |identity: Option<Identity>| identity.is_some_and(|identity| !is_known(&identity));
    wanted.peek().is_none() || wanted.any(|(_, stored)| is_lacking(stored.identity()))
}

/// Whether the object stays where its chart is deleted.
fn outlives(resource: &StoredResource) -> bool {
    resource.protect || is_definition(&resource.identity)
}

fn moment_of(known: &[&StoredResource]) -> Moment {
    let is_new = known.iter().all(|resource| resource.hook.is_some());
    let is_unfinished = known.iter().any(|resource| {
        resource.hook == Some(Moment::Install) && resource.readiness.awaited_since().is_some()
    });
    if is_new || is_unfinished { Moment::Install } else { Moment::Upgrade }
}

/// What the state knows of the chart, also under an earlier name.
fn known<'s>(state: &'s State, moves: &Moves, chart: &BlockAddress) -> Vec<&'s StoredResource> {
    let known = state.resources.iter().filter(|(address, _)| is_of(moves, address, chart));
    known.map(|(_, resource)| resource).collect()
}

/// Whether this is an object of the chart, also under an earlier name.
pub(super) fn is_of(moves: &Moves, address: &Address, chart: &BlockAddress) -> bool {
    address.block == *chart || has_moved_to(moves, &address.block, chart)
}

/// Whether a run goes on that did not complete, by what the lock has told of it.
pub(super) fn goes_on(fate: Option<&OpenRun>) -> GoesOn {
    match fate {
        None | Some(OpenRun::Killed) => GoesOn::No,
        Some(OpenRun::Unclear(_)) => GoesOn::Perhaps,
        Some(OpenRun::UnderWay) => GoesOn::Yes,
    }
}

/// The run that made what the chart makes at random in an object that is there for ever.
fn made_by(resource: &StoredResource) -> Option<(Identity, Option<String>)> {
    resource.applied.as_ref().filter(|_| resource.hook.is_none())?;
    Some((resource.identity.clone(), resource.random_of.as_ref().map(ToString::to_string)))
}

/// What was sent of an object that is there for ever.
fn sent(resource: &StoredResource) -> Option<(Identity, SentOfChart)> {
    let applied = resource.applied.as_ref().filter(|_| resource.hook.is_none())?;
    let object = applied.sent_object.as_ref()?.object().ok()?;
    let sent = SentOfChart { rendered_from: applied.rendered_from.clone(), object };
    Some((resource.identity.clone(), sent))
}

fn has_moved_to(moves: &Moves, old: &BlockAddress, new: &BlockAddress) -> bool {
    let whole = |address: &Address, block: &BlockAddress| address.object.is_none() && address.block == *block;
    moves.moved.iter().any(|moved| whole(&moved.from, old) && whole(&moved.to, new))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::{Lifecycle, Target};
    use crate::state::{Provenance, Readiness};

    fn stored(hook: Option<Moment>, readiness: Readiness) -> StoredResource {
        let target = Target { identity: Identity::namespaced("", "ConfigMap", "a", "c"), version: None };
        StoredResource { readiness, hook, ..StoredResource::new(target, "u", Provenance::Created) }
    }

    fn moment_with(resources: Vec<StoredResource>) -> Moment {
        moment(&state_with(resources), &Moves::default(), &BlockAddress::new("chart", "web"))
    }

    fn state_with(resources: Vec<StoredResource>) -> State {
        let mut state = State::new("p");
        for (number, resource) in resources.into_iter().enumerate() {
            let address = format!("chart.web/ConfigMap/c{number}").parse().unwrap();
            state.resources.insert(address, resource);
        }
        state
    }

    /// What outlives its chart.
    fn kept() -> StoredResource {
        StoredResource { protect: true, ..stored(None, Readiness::Ready) }
    }

    #[test]
    fn what_outlives_a_chart_may_be_all_that_is_left_of_it() {
        let web = BlockAddress::new("chart", "web");
        let is_remnant = |resources| is_perhaps_a_remnant(&state_with(resources), &Moves::default(), &web);
        let object = stored(None, Readiness::Ready);
        let hook = stored(Some(Moment::Install), Readiness::Completed { content: "c".into() });
        assert!(is_remnant(vec![kept()]));
        assert!(!is_remnant(vec![]), "nothing is known of it");
        assert!(!is_remnant(vec![kept(), object]), "it is there");
        assert!(!is_remnant(vec![kept(), hook]), "its farewell is not over");
    }

    #[test]
    fn a_chart_has_left_where_more_was_wanted_of_it() {
        let web = BlockAddress::new("chart", "web");
        let has_left = |names: &[&str]| {
            let wanted = names.iter().map(|name| {
                let metadata = json!({"namespace": "a", "name": name});
                let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
                let address = format!("chart.web/ConfigMap/{name}").parse().unwrap();
                (
                    address,
                    serde_json::from_value(json!({"object": object, "lifecycle": Lifecycle::default()}))
                        .unwrap(),
                )
            });
            has_left(&state_with(vec![kept()]), &Moves::default(), &web, &wanted.collect())
        };
        assert!(has_left(&[]), "nothing is wanted of it");
        assert!(has_left(&["c", "d"]));
        assert!(!has_left(&["c"]), "it never had anything else");
    }

    #[test]
    fn an_installation_lasts_until_all_of_its_hooks_have_run() {
        let object = || stored(None, Readiness::Ready);
        let since = "2026-01-01T00:00:00Z".parse().unwrap();
        let waiting = |moment| stored(Some(moment), Readiness::NotReady { since });
        let done = stored(Some(Moment::Install), Readiness::Completed { content: "c".into() });
        assert_eq!(moment_with(vec![]), Moment::Install);
        assert_eq!(moment_with(vec![done.clone()]), Moment::Install, "nothing else is there yet");
        assert_eq!(moment_with(vec![object(), waiting(Moment::Install)]), Moment::Install);
        assert_eq!(moment_with(vec![object(), done]), Moment::Upgrade);
        assert_eq!(moment_with(vec![object(), waiting(Moment::Upgrade)]), Moment::Upgrade);
        assert_eq!(moment_with(vec![object()]), Moment::Upgrade);
    }
}
