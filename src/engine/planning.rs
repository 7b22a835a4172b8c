//! Drives the planner: sends its questions to the provider, many at once, and gives it the answers. What is remembered of resources
//! comes from `planning/remembered.rs`.

mod remembered;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use tracing::{Instrument as _, Span, debug_span};

use super::{Error, PlanRequest};
use crate::config::{Config, Import};
use crate::diagnostic::Diagnostics;
use crate::graph::Graph;
use crate::plan::{Answer, Input, LeftOut, Plan, Planner, Question, Step, imported};
use crate::provider::Provider;
use crate::resource::{Address, BlockAddress, ClusterIdentity, Desired, Identity, Problem};
use crate::state::State;

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
    let graph = wanted.graph;
    let input = input(config, wanted, state, cluster, request)
        .and_then(|input| input.settle(graph))
        .map_err(|mistakes| Error::mistakes(config, mistakes))?;
    Ok(run(Planner::new(input), provider, parallelism).await?)
}

/// What the plan is made from, before its moves and its targets are followed.
fn input(
    config: &Config,
    wanted: Wanted<'_>,
    state: &State,
    cluster: &ClusterIdentity,
    request: &PlanRequest,
) -> Result<Input, Diagnostics> {
    let remembered = remembered::of(&wanted, state, request.mode);
    let (left_out, known) =
        remembered.into_iter().partition(|(address, _)| wanted.left_out.contains(address));
    let (graph, revision) = (wanted.graph, wanted.revision);
    // A revision was applied before, and has nothing to import.
    let tables = config.imports.iter().filter(|_| revision.is_none()).cloned();
    let imports: Vec<Import> = tables.chain(request.imports()).collect();
    let order = graph.order();
    let depending =
        |address: &Address| (address.clone(), graph.dependencies_of(address).into_iter().cloned().collect());
    Ok(Input {
        project: config.project.clone(),
        // Beside a state, only its own lineage can have been named.
        lineage: request.adopt_lineage.clone().unwrap_or_else(|| state.lineage.to_string()),
        lineage_adopted: request.adopt_lineage.is_some(),
        serial: state.serial,
        state_key: config.state.place_key(),
        cluster: cluster.clone(),
        mode: request.mode,
        desired: order.iter().filter_map(|address| graph.get(address).cloned()).collect(),
        dependencies: order.iter().map(depending).collect(),
        hook_order: graph.hook_order(),
        farewells: wanted.farewells,
        leaving: wanted.leaving,
        known,
        consent: request.consents(),
        imports: imported(&imports, graph)?,
        reach: request.reach(),
        targets: request.targets.clone(),
        replace: request.replace.iter().cloned().collect(),
        moves: config.moves.clone(),
        left_out: LeftOut { desired: Vec::new(), known: left_out },
        moved: BTreeMap::new(),
        revision,
        barred: wanted.barred,
        applied_then: wanted.applied_then,
        used_consents: wanted.used_consents,
        notes: wanted.notes,
    })
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
}
