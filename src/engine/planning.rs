//! Drives the planner: sends its questions to the provider, many at once, and gives it the answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use tracing::{Instrument as _, Span, debug_span};

use super::{Error, PlanRequest};
use crate::config::{Config, Import};
use crate::graph::Graph;
use crate::plan::{Answer, Input, Known, LeftOut, Mode, Plan, Planner, Question, Reason, Step, imported};
use crate::provider::Provider;
use crate::resource::{
    Address, BlockAddress, ClusterIdentity, Desired, HelmRecord, HelmRelease, Identity, Problem, Target,
    Timeouts,
};
use crate::state::{Intent as Doubt, Provenance, State};

/// How long to wait before an object that has just changed is read again.
const MOMENT: Duration = Duration::from_millis(100);

/// What a plan is to reach.
pub(super) struct Wanted<'w> {
    /// What is desired.
    pub(super) graph: &'w Graph,
    /// The revision that it comes from; `None` where it is the configuration.
    pub(super) revision: Option<u64>,
    /// What stays as it is, whatever is desired.
    pub(super) left_out: BTreeSet<Address>,
    /// The objects that the revision had applied.
    pub(super) applied_then: BTreeSet<Identity>,
    /// What stands against resources before anything is asked about them.
    pub(super) barred: BTreeMap<Address, Problem>,
    /// What users agreed to by name, and that was used before anything is planned.
    pub(super) used_consents: BTreeSet<Address>,
    /// What charts run that may be deleted.
    pub(super) farewells: Vec<Arc<Desired>>,
    /// These charts, each with its objects that are there for ever, as far as they are known.
    pub(super) leaving: BTreeMap<BlockAddress, BTreeSet<Identity>>,
    /// The charts of which others have deleted all: what their hooks did is gone as well.
    pub(super) lost: BTreeSet<BlockAddress>,
    /// Sentences for the reader of the plan.
    pub(super) notes: Vec<String>,
}

impl<'w> Wanted<'w> {
    /// What the configuration says.
    pub(super) fn of(graph: &'w Graph) -> Self {
        Self {
            graph,
            revision: None,
            left_out: BTreeSet::new(),
            applied_then: BTreeSet::new(),
            barred: BTreeMap::new(),
            used_consents: BTreeSet::new(),
            farewells: Vec::new(),
            leaving: BTreeMap::new(),
            lost: BTreeSet::new(),
            notes: Vec::new(),
        }
    }
}

/// Makes a plan. Nothing is written; problems of single resources are in the plan.
///
/// # Errors
/// The request names an address that no resource has, or one that its flag cannot be used for; or the cluster has
/// stopped to answer.
pub(super) async fn plan(
    config: &Config,
    wanted: Wanted<'_>,
    state: &State,
    cluster: &ClusterIdentity,
    provider: &dyn Provider,
    request: &PlanRequest,
    parallelism: usize,
) -> Result<Plan, Error> {
    let Wanted {
        graph,
        revision,
        left_out,
        applied_then,
        barred,
        used_consents,
        farewells,
        leaving,
        lost,
        notes,
    } = wanted;
    let order = graph.order();
    // A revision was applied before, and has nothing to import.
    let tables = config.imports.iter().filter(|_| revision.is_none()).cloned();
    let imports: Vec<Import> = tables.chain(request.imports()).collect();
    let imports = imported(&imports, graph).map_err(|mistakes| Error::mistakes(config, mistakes))?;
    let mut known = known(state, |address| graph.get(address).map(|desired| &desired.identity));
    // They run as those of a new chart do.
    known.retain(|address, known| {
        known.hook.is_none() || !lost.contains(&address.block) || graph.get(address).is_none()
    });
    let known = match (revision, request.mode) {
        (None, Mode::Apply) => records_of_helm(graph).into_iter().chain(known).collect(),
        _ => known,
    };
    let (left_out, known): (BTreeMap<_, _>, _) =
        known.into_iter().partition(|(address, _)| left_out.contains(address));
    let input = Input {
        project: config.project.clone(),
        // Beside a state, only its own lineage can have been named.
        lineage: request.adopt_lineage.clone().unwrap_or_else(|| state.lineage.to_string()),
        lineage_adopted: request.adopt_lineage.is_some(),
        serial: state.serial,
        state_key: config.state.place_key(),
        cluster: cluster.clone(),
        mode: request.mode,
        desired: order.iter().filter_map(|address| graph.get(address).cloned()).collect(),
        dependencies: order
            .iter()
            .map(|address| (address.clone(), graph.dependencies_of(address).into_iter().cloned().collect()))
            .collect(),
        hook_order: graph.hook_order(),
        farewells,
        leaving,
        known,
        consent: request.consents(),
        imports,
        reach: request.reach(),
        targets: request.targets.clone(),
        replace: request.replace.iter().cloned().collect(),
        moves: config.moves.clone(),
        left_out: LeftOut { desired: Vec::new(), known: left_out },
        moved: BTreeMap::new(),
        revision,
        barred,
        applied_then,
        used_consents,
        notes,
    };
    let input = input.settle(graph).map_err(|mistakes| Error::mistakes(config, mistakes))?;
    Ok(run(Planner::new(input), provider, parallelism).await?)
}

/// Answers the planner's questions until it is done. At most `parallelism` questions are under way at once.
///
/// # Errors
/// The cluster has stopped to answer. Other problems are in the plan, each at its resource.
pub async fn run(mut planner: Planner, provider: &dyn Provider, parallelism: usize) -> Result<Plan, Problem> {
    loop {
        match planner.advance() {
            Step::Done(plan) => return Ok(*plan),
            Step::Ask(questions) => {
                let asked = questions.into_iter().map(|question| answer(provider, question));
                in_order(asked, parallelism.max(1), |answer| planner.take(answer)).await;
                // Otherwise each of the resources would be asked for in vain, and have the same problem.
                if let Some(problem) = provider.cluster().outage().await {
                    return Err(problem);
                }
            }
        }
    }
}

/// Passes the results of these futures to `take` in their order, so that equal situations give equal plans.
/// One slow future does not hold up the others: `at_once` of them are under way all the time.
async fn in_order<F: Future>(all: impl Iterator<Item = F>, at_once: usize, mut take: impl FnMut(F::Output)) {
    let numbered = all.enumerate().map(|(number, one)| async move { (number, one.await) });
    let mut done = stream::iter(numbered).buffer_unordered(at_once);
    let (mut early, mut next) = (HashMap::new(), 0);
    while let Some((number, output)) = done.next().await {
        early.insert(number, output);
        while let Some(output) = early.remove(&next) {
            take(output);
            next += 1;
        }
    }
}

/// The resources that the state knows, and those that a killed run may have made. The annotations of the
/// latter tell whether they are ours.
fn known<'d>(state: &State, desired: impl Fn(&Address) -> Option<&'d Identity>) -> BTreeMap<Address, Known> {
    let addresses: HashMap<&Identity, &Address> =
        state.resources.iter().map(|(address, resource)| (&resource.identity, address)).collect();
    // What the state knows under another address (`[[moved]]`, which no run has recorded yet) is looked at there.
    let is_known_elsewhere = |intent: &&Doubt| {
        addresses.get(&intent.target.identity).is_some_and(|known| **known != intent.address)
    };
    // Nobody has seen ready what a run has perhaps written without recording it.
    let begun = state.unfinished.as_ref().map(|run| run.begun);
    let doubts = state.in_doubt.iter().filter(|intent| !is_known_elsewhere(intent));
    let doubts = doubts.filter_map(|intent| {
        let known = Known {
            target: intent.target.clone(),
            uid: String::new(),
            dependencies: Vec::new(),
            protect: false,
            timeouts: Timeouts::default(),
            applied: None,
            ready: None,
            awaited_since: begun,
            completed: None,
            leaves_for: None,
            hook: None,
            leftover: None,
            random_of: None,
            doubted: true,
            taken_over: false,
        };
        Some((address_of_doubt(state, intent, &desired)?, known))
    });
    let resources = state.resources.iter().map(|(address, resource)| {
        let doubted = state.in_doubt.iter().any(|doubt| doubt.target.identity == resource.identity);
        let known = Known {
            target: resource.target(),
            uid: resource.uid.clone(),
            dependencies: resource.dependencies.clone(),
            protect: resource.protect,
            timeouts: resource.timeouts,
            applied: resource.applied.clone(),
            ready: resource.ready.clone(),
            awaited_since: resource.readiness.awaited_since().or(begun.filter(|_| doubted)),
            completed: resource.readiness.completed().map(str::to_owned),
            leaves_for: None,
            hook: resource.hook,
            leftover: resource.leftover.clone(),
            random_of: resource.random_of.as_ref().map(ToString::to_string),
            doubted,
            taken_over: resource.provenance == Provenance::Adopted,
        };
        (address.clone(), known)
    });
    doubts.chain(resources).collect()
}

/// What Helm remembers of releases that charts take over. It leaves once all of their objects are taken over.
fn records_of_helm(graph: &Graph) -> BTreeMap<Address, Known> {
    let charts: BTreeMap<&BlockAddress, &HelmRelease> = graph
        .resources()
        .filter_map(|desired| Some((&desired.address.block, desired.release.as_ref()?)))
        .collect();
    let records = charts
        .into_iter()
        .flat_map(|(chart, release)| release.records.iter().map(|record| (chart.clone(), record.clone())));
    let known = records.map(|(chart, HelmRecord { object, uid, .. })| {
        let address = Address::object(chart, &object, None);
        let target = Target { identity: object, version: Some("v1".to_owned()) };
        let known = Known {
            target,
            uid,
            dependencies: Vec::new(),
            protect: false,
            timeouts: Timeouts::default(),
            applied: None,
            ready: None,
            awaited_since: None,
            completed: None,
            leaves_for: Some(Reason::HelmRecord),
            hook: None,
            leftover: None,
            random_of: None,
            doubted: false,
            taken_over: false,
        };
        (address, known)
    });
    known.collect()
}

/// The address under which an object is looked for that a killed run may have made: its own, unless the state
/// knows another object under it (the run was about to replace that by an object of another name). An object
/// that is desired under its address is looked at anyway.
fn address_of_doubt<'d>(
    state: &State,
    doubt: &Doubt,
    desired: impl Fn(&Address) -> Option<&'d Identity>,
) -> Option<Address> {
    let identity = &doubt.target.identity;
    let known = state.resources.get(&doubt.address);
    if known.is_none_or(|known| known.identity == *identity) {
        return Some(doubt.address.clone());
    }
    let is_desired = desired(&doubt.address) == Some(identity);
    (!is_desired).then(|| Address::object(doubt.address.block.clone(), identity, None))
}

async fn answer(provider: &dyn Provider, question: Question) -> Answer {
    let span = span(&question);
    ask(provider, question).instrument(span).await
}

/// The tracing span of a question. It says which object or how many, and nothing of their content.
fn span(question: &Question) -> Span {
    match question {
        Question::Read(targets) => debug_span!("read", objects = targets.len()),
        Question::ReadAgain(targets) => debug_span!("read_again", objects = targets.len()),
        Question::Served(targets) => debug_span!("served", kinds = targets.len()),
        Question::Preview(write) => debug_span!("preview", object = %write.target.identity),
        Question::PreviewWhole(whole) => debug_span!("preview_whole", object = %whole.target.identity),
        Question::Schema(target) => debug_span!("schema", kind = %target.identity.group_kind()),
        Question::Lacks(checkups) => debug_span!("lacks", objects = checkups.len()),
        Question::Dependents(scope) => debug_span!("dependents", ?scope),
        Question::BeforeDelete(target) => debug_span!("before_delete", object = %target.identity),
        Question::MayAskPods(namespaces) => debug_span!("may_ask_pods", namespaces = namespaces.len()),
        Question::Certifier(namespaces) => debug_span!("certifier", namespaces = namespaces.len()),
        Question::Marked(targets) => debug_span!("marked", places = targets.len()),
    }
}

async fn ask(provider: &dyn Provider, question: Question) -> Answer {
    match question {
        Question::Read(targets) => Answer::Read(provider.read(&targets).await),
        Question::ReadAgain(targets) => {
            tokio::time::sleep(MOMENT).await;
            Answer::Read(provider.read(&targets).await)
        }
        Question::Served(targets) => Answer::Served(provider.served(&targets).await),
        Question::Preview(write) => Answer::Preview(provider.preview(&write).await),
        Question::PreviewWhole(whole) => Answer::Preview(provider.cluster().preview_whole(&whole).await),
        Question::Schema(target) => Answer::Schema(provider.cluster().schema(&target).await),
        Question::Lacks(checkups) => Answer::Lacks(provider.lacks(&checkups).await),
        Question::Dependents(scope) => Answer::Dependents(provider.cluster().dependents(&scope).await),
        Question::BeforeDelete(target) => Answer::BeforeDelete(provider.before_delete(&target).await),
        Question::MayAskPods(namespaces) => {
            let rights = namespaces.iter().map(|namespace| provider.cluster().may_ask_pods(namespace));
            Answer::MayAskPods(join_all(rights).await)
        }
        Question::Certifier(namespaces) => {
            let lacks = namespaces.iter().map(|namespace| provider.cluster().certifier_lacks(namespace));
            Answer::Certifier(join_all(lacks).await)
        }
        Question::Marked(targets) => Answer::Marked(provider.cluster().marked(&targets).await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Target;
    use crate::state::{IntentKind, StoredResource};

    #[tokio::test]
    async fn a_slow_answer_is_waited_for_and_holds_up_no_other_question() {
        let (release, held) = tokio::sync::oneshot::channel::<()>();
        let (mut release, mut held) = (Some(release), Some(held));
        // The first of two at once ends only when the last of all has begun.
        let all = (0..5).map(|number| {
            let waits = (number == 0).then(|| held.take().unwrap());
            let releases = (number == 4).then(|| release.take().unwrap());
            async move {
                if let Some(releases) = releases {
                    releases.send(()).unwrap();
                }
                if let Some(waits) = waits {
                    waits.await.unwrap();
                }
                number
            }
        });
        let mut taken = Vec::new();
        let all = in_order(all, 2, |number| taken.push(number));
        tokio::time::timeout(Duration::from_secs(10), all).await.unwrap();
        assert_eq!(taken, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_the_state_knows_under_its_old_address_is_looked_for_once() {
        let target = Target { identity: Identity::namespaced("", "ConfigMap", "a", "c"), version: None };
        let (old, new) = (Address::block("resource", "old"), Address::block("resource", "new"));
        let mut state = State::new("p");
        state.resources.insert(old.clone(), StoredResource::new(target.clone(), "u", Provenance::Created));
        state.in_doubt.push(Doubt { address: new, action: IntentKind::Delete, target, renews: false });
        assert_eq!(known(&state, |_| None).into_keys().collect::<Vec<_>>(), [old]);
    }

    #[test]
    fn what_a_killed_replacement_may_have_made_is_looked_for_beside_what_it_was_to_replace() {
        let identity = |name: &str| Identity::namespaced("", "ConfigMap", "a", name);
        let address = Address::block("resource", "c");
        let mut state = State::new("p");
        let target = Target { identity: identity("old"), version: None };
        let old = StoredResource::new(target, "u", Provenance::Created);
        state.resources.insert(address.clone(), old);
        let new = identity("new");
        let target = Target { identity: new.clone(), version: None };
        state.in_doubt.push(Doubt {
            address: address.clone(),
            action: IntentKind::Replace,
            target,
            renews: false,
        });
        let looked_for = |desired: Option<&Identity>| {
            let known = known(&state, |_| desired);
            known.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(looked_for(None), ["resource.c", "resource.c/ConfigMap/a/new"]);
        assert_eq!(looked_for(Some(&new)), ["resource.c"], "it is looked at where it is desired");
    }
}
