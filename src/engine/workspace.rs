//! A project, its state and its cluster: what plans and applies work on.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::applying::{self, Run};
use super::chart_loss;
use super::chart_past::{goes_on, has_left, is_perhaps_a_remnant, past};
use super::compiling::{Charts, Deleted};
use super::farewells::{Farewells, Newest, leaving_charts};
use super::file_lines;
use super::introducing::introduction;
use super::lost_data;
use super::needs::{Fate, SecretsOf};
use super::other_files;
use super::other_variables;
use super::planned::{Applicable, Planned};
use super::planning::Wanted;
use super::remains;
use super::restoring::{self, Past, Restoration};
use super::run_secrets::RunSecrets;
use super::state_access::{StateAccess, place_name};
use super::{Compiled, Error, KeptReadings, Outside, PlanRequest, Project, compiling, planning};
use crate::apply::{Event, Options, Report, Stop};
use crate::blocks::{ChartPast, RandomPast, SecretKeyRef};
use crate::config::Config;
use crate::graph::Graph;
use crate::plan::{Action, Age, Briefing, Mode};
use crate::provider::Provider;
use crate::resource::{Address, BlockAddress, ClusterIdentity, Identity, Moment};
use crate::state::{Freshness, Intent, IntentKind, Lineage, ReadFrom, State, StateError, Store, View};

/// A project, its state and its cluster, which was checked to be the expected one.
///
/// With a [`View`](crate::state::View) as its state it makes plans; with a [`Store`], it applies them too.
pub struct Workspace<S> {
    pub(super) project: Project,
    /// The configuration as compiled without a cluster and without secrets.
    pub(super) outline: Compiled,
    pub(super) state: S,
    /// Its answers hold none of the `secrets`.
    pub(super) provider: Box<dyn Provider>,
    /// The secrets that are known by now.
    pub(super) secrets: Arc<RunSecrets>,
    pub(super) cluster: ClusterIdentity,
}

impl<S> Workspace<S> {
    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.project.config
    }

    /// The identity of the cluster.
    pub fn cluster(&self) -> &ClusterIdentity {
        &self.cluster
    }
}

impl<S: StateAccess> Workspace<S> {
    /// Makes a plan. Nothing is written; problems of single resources are in the plan.
    ///
    /// # Errors
    /// Every mistake of the configuration in one list; an address of the request that nothing has, or that
    /// cannot be what it is named for; a lineage to take over that is not the one of the state; a cluster that has
    /// stopped to answer.
    #[tracing::instrument(skip_all, fields(project = self.project.config.project, mode = ?request.mode))]
    pub async fn plan(&self, request: PlanRequest) -> Result<Planned, Error> {
        let state = self.state.state();
        check_lineage(state, &request)?;
        check_rotation(self.config(), &request)?;
        let planning = async {
            match request.revision {
                Some(revision) => self.plan_rollback(revision, request, &BTreeSet::new()).await,
                None => self.plan_configuration(request).await,
            }
        };
        let (planned, freshness) = tokio::join!(Box::pin(planning), self.freshness());
        let mut planned = planned?;
        let age = match freshness {
            // Without a run there is nothing that a record could know of.
            Freshness::Newest | Freshness::Ahead if self.register().is_some() && state.last_run.is_some() => {
                Age::Newest
            }
            // A place of which there is but one may have been put back from a backup as a whole.
            _ => Age::Unproved,
        };
        let unknown = planned.plan.unknown.notes(state.serial, age);
        planned.plan.notes.extend(unknown);
        planned.plan.freshness = freshness;
        let makes_something = planned.plan.changes.iter().any(|change| change.action == Action::Create);
        if state.serial == 0 && makes_something {
            planned.warnings.extend(remains::told(&*self.provider).await);
        }
        let Planned { request, plan, warnings, .. } = &mut planned;
        let config = self.config();
        other_files::check(plan, state, config, request)
            .and_then(|()| other_variables::check(plan, state, config))
            .map_err(|mistakes| Error::mistakes(config, mistakes).after(warnings))?;
        Ok(planned)
    }

    /// Makes a plan of which the configuration says what is desired.
    async fn plan_configuration(&self, request: PlanRequest) -> Result<Planned, Error> {
        let Project { config, settings, host, .. } = &self.project;
        let state = self.state.state();
        let remembered = |kept: &SecretKeyRef| is_remembered(state, kept, &request);
        let readings = KeptReadings::default();
        let provider = self.provider.as_ref();
        let (keeping, provider) = (readings.kept_from(provider), readings.before(provider));
        // A mistake may be told before all that is looked up is known as a secret by itself.
        let env = |name: &str| {
            let value = (host.variables)(name);
            if let Some(value) = &value {
                self.secrets.redactor().learn_text(value);
            }
            value
        };
        let fate = |identity: &Identity| fate(state, identity, &request);
        let goes_on = goes_on(self.project.fate_of_open_run(&self.state).await.as_ref());
        let lost = self.lost_charts(&request, &keeping).await;
        let returning = self.returning_charts(request.mode).await?;
        let past = |chart: &BlockAddress| {
            let known = past(state, &config.moves, chart);
            let is_new = lost.contains(chart) || returning.contains(chart);
            ChartPast {
                moment: if is_new { Moment::Install } else { known.moment },
                is_renewed: request.rotate.contains(chart),
                agreed: request.consent.iter().map(ToString::to_string).collect(),
                now: Some(Timestamp::now()),
                random: RandomPast { goes_on, ..known.random },
                ..known
            }
        };
        let outside = Outside {
            provider: Some(&keeping),
            helm: &host.helm,
            env: &env,
            remembered: &remembered,
            fate: &fate,
            past: &past,
        };
        let needed = needed_blocks(&self.outline.graph, &request);
        let secrets_of = needed.as_ref().map_or(SecretsOf::AllBlocks, SecretsOf::Blocks);
        let charts = match (request.mode, &needed) {
            (Mode::Destroy, _) if request.targets.is_empty() => Charts::None(Deleted::Everything),
            (Mode::Destroy, _) => Charts::None(Deleted::Targets),
            (Mode::Apply, Some(needed)) => Charts::NeededBy(needed),
            (Mode::Apply, None) => Charts::All,
        };
        let compiled = compiling::complete(config, &self.outline, secrets_of, charts, &outside).await;
        if let Some(problem) = self.provider.cluster().outage().await {
            return Err(problem.into());
        }
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(error) => {
                let outline = &self.outline.graph;
                let error = lost_data::told_first(error, outline, state, &request, &keeping).await;
                return Err(self.redacted(error));
            }
        };
        self.secrets.learn_inputs(&compiled.secret_inputs);
        self.secrets.learn_desired(&compiled.graph);
        let charts = self.leaving_charts(&compiled.graph, needed.as_ref(), request.mode);
        let newest = self.newest_for(&charts).await?;
        let farewells = Farewells::of(charts, newest, &keeping).await;
        let (hooks, leaving) = (farewells.hooks(), farewells.objects());
        let notes = chart_loss::notes(&lost);
        let wanted = Wanted { farewells: hooks, leaving, lost, notes, ..Wanted::of(&compiled.graph) };
        let parallelism = settings.parallelism;
        let mut plan = planning::plan(config, wanted, state, &self.cluster, &provider, &request, parallelism)
            .await
            .map_err(|error| error.after(&compiled.warnings))?;
        plan.briefing = self.briefing(&compiled);
        file_lines::point_at_lines(&mut plan, &config.folder);
        let unknown = farewells.tell(&mut plan).map_err(|error| error.after(&compiled.warnings))?;
        let mut warnings = self.secrets.redactor().diagnostics(compiled.warnings.clone());
        warnings.extend(unknown);
        let (secret_inputs, configuration) = (compiled.secret_inputs.clone(), config.digest());
        let variables = config.defaulted_variables.overridden.clone();
        // What is destroyed as a whole chooses nothing any more.
        let is_gone = request.mode == Mode::Destroy && request.targets.is_empty();
        let selections = if is_gone { Vec::new() } else { compiled.selections.clone() };
        let read_from = ReadFrom { files: config.files.clone(), variables, selections };
        Ok(Planned { request, plan, warnings, configuration, read_from, secret_inputs })
    }

    /// Makes a plan of which a revision says what is desired. `kept` are resources whose secret values are still those
    /// of the revision.
    pub(super) async fn plan_rollback(
        &self,
        number: u64,
        request: PlanRequest,
        kept: &BTreeSet<Address>,
    ) -> Result<Planned, Error> {
        let Project { config, settings, .. } = &self.project;
        let state = self.state.state();
        let backend = self.project.backend().await?;
        let revision = backend.revision(number).await?;
        let values = self.project.kept_values(backend.as_ref(), &revision).await;
        // Where the newest one is damaged, no revision says how definitions are now.
        let newest = Newest::of(state, backend.as_ref()).await?;
        let readings = KeptReadings::default();
        let provider = self.provider.as_ref();
        let (keeping, provider) = (readings.kept_from(provider), readings.before(provider));
        let consented = request.consent.iter().cloned().collect();
        let past = Past {
            revision: &revision,
            values: &values,
            newest: newest.revision(),
            state,
            consented: &consented,
            kept,
        };
        let restoration = restoring::restore(config, past, &keeping).await?;
        let Restoration { compiled, left_out, applied_then, barred, used_consents, notes } = restoration;
        // A chart that was not there yet goes as with any other removal.
        let was_there = |chart: &BlockAddress| revision.desired.keys().any(|address| address.block == *chart);
        let charts = leaving_charts(state, request.mode, was_there);
        let farewells = Farewells::of(charts, Ok(newest), &keeping).await;
        self.secrets.learn_desired(&compiled.graph);
        self.provider.introduce(&introduction(state, Some(&compiled.graph), &config.folder));
        let wanted = Wanted {
            graph: &compiled.graph,
            revision: Some(number),
            left_out,
            applied_then,
            barred,
            used_consents,
            farewells: farewells.hooks(),
            leaving: farewells.objects(),
            lost: BTreeSet::new(),
            notes,
        };
        let parallelism = settings.parallelism;
        let mut plan =
            planning::plan(config, wanted, state, &self.cluster, &provider, &request, parallelism).await?;
        plan.briefing = self.briefing(&compiled);
        let (mut warnings, secret_inputs) = (compiled.warnings, compiled.secret_inputs);
        warnings.extend(farewells.tell(&mut plan)?);
        let configuration = revision.head.configuration;
        let State { files, variables, selections, .. } = revision.state;
        let read_from = ReadFrom { files, variables, selections };
        Ok(Planned { request, plan, warnings, configuration, read_from, secret_inputs })
    }
}

impl<S: StateAccess> Workspace<S> {
    /// The charts that the configuration does not have any more, or that are destroyed. What the plan does not need
    /// (`needed`) was not rendered, and does not leave.
    fn leaving_charts(
        &self,
        graph: &Graph,
        needed: Option<&BTreeSet<BlockAddress>>,
        mode: Mode,
    ) -> BTreeSet<BlockAddress> {
        let blocks = &self.config().blocks;
        let is_desired =
            |chart: &BlockAddress| graph.resources().any(|desired| desired.address.block == *chart);
        let is_unneeded = |chart: &BlockAddress| {
            needed.is_some_and(|needed| !needed.contains(chart))
                && blocks.iter().any(|block| block.address == *chart)
        };
        leaving_charts(self.state.state(), mode, |chart| is_desired(chart) || is_unneeded(chart))
    }

    /// The charts of the configuration of which others have deleted all.
    async fn lost_charts(&self, request: &PlanRequest, provider: &dyn Provider) -> BTreeSet<BlockAddress> {
        if request.mode == Mode::Destroy {
            return BTreeSet::new();
        }
        let config = self.config();
        let blocks = config.blocks.iter().map(|block| &block.address);
        let charts = blocks.filter(|address| address.kind == "chart").collect();
        chart_loss::lost_charts(charts, self.state.state(), &config.moves, provider).await
    }

    /// The charts of the configuration that were deleted, and of which only what outlives them is left. They are new.
    ///
    /// # Errors
    /// The settings of the state lead to no place.
    async fn returning_charts(&self, mode: Mode) -> Result<BTreeSet<BlockAddress>, Error> {
        if mode == Mode::Destroy {
            return Ok(BTreeSet::new());
        }
        let (config, state) = (self.config(), self.state.state());
        let blocks = config.blocks.iter().map(|block| &block.address);
        let charts = blocks.filter(|address| address.kind == "chart").cloned();
        let remnants: BTreeSet<BlockAddress> =
            charts.filter(|chart| is_perhaps_a_remnant(state, &config.moves, chart)).collect();
        let newest = self.newest_for(&remnants).await?;
        // Where nobody can say it, the chart counts as one that is there.
        let Some(revision) = newest.as_ref().ok().and_then(Newest::revision) else {
            return Ok(BTreeSet::new());
        };
        Ok(remnants
            .into_iter()
            .filter(|chart| has_left(state, &config.moves, chart, &revision.desired))
            .collect())
    }

    /// What the last completed apply left of these charts; or why that cannot be read now.
    ///
    /// # Errors
    /// The settings of the state lead to no place.
    async fn newest_for(&self, charts: &BTreeSet<BlockAddress>) -> Result<Result<Newest, StateError>, Error> {
        if charts.is_empty() {
            return Ok(Ok(Newest::NoneYet));
        }
        Ok(Newest::of(self.state.state(), self.project.backend().await?.as_ref()).await)
    }

    fn briefing(&self, compiled: &Compiled) -> Briefing {
        Briefing {
            context: self.provider.cluster().context().map(str::to_owned),
            state: place_name(&self.state.place(), Some(&self.config().folder)),
            key_facts: compiled.key_facts.clone(),
        }
    }
}

impl<S> Workspace<S> {
    /// The mistakes of a configuration without the secrets that are known by now.
    fn redacted(&self, error: Error) -> Error {
        match error {
            Error::Mistakes { sources, mistakes } => {
                Error::Mistakes { sources, mistakes: self.secrets.redactor().diagnostics(mistakes) }
            }
            other => other,
        }
    }
}

impl Workspace<Store> {
    /// The lineage of the state; `None` where there is no state yet.
    pub fn lineage(&self) -> Option<Lineage> {
        self.state.exists().then(|| self.state.state().lineage.clone())
    }

    /// Whether an apply of this plan has something to record: what it does, which namespaces are chosen from now on, or that what an earlier run left unfinished is
    /// now as it should be. Without that, the history would go on telling of a run that nobody can finish any more.
    pub fn is_to_be_recorded(&self, planned: &Planned) -> bool {
        let state = self.state.state();
        planned.plan.changes_state()
            || state.unfinished.is_some()
            || state.selections != planned.read_from.selections
    }

    /// Applies a plan. Each outcome is in the journal at once, and in the state at the end, however the run
    /// ends. Each event goes to `emit` as it happens.
    ///
    /// # Errors
    /// Our rights do not allow all of the plan (then nothing was done), or the state cannot be written. A
    /// change that failed in the cluster is no error: it is in the report.
    #[tracing::instrument(skip_all, fields(project = plan.plan.project, changes = plan.plan.changes.len()))]
    pub async fn apply(
        &mut self,
        plan: &Applicable<'_>,
        emit: &(dyn Fn(Event) + Send + Sync),
        stop: &Stop,
    ) -> Result<Report, Error> {
        let Project { config, settings, .. } = &self.project;
        let (sources, secrets) = (&config.sources, self.secrets.as_ref());
        let run = Run {
            plan: plan.digest.to_owned(),
            configuration: plan.configuration.to_owned(),
            read_from: plan.read_from.clone(),
            sources,
            secrets,
            recorded_in: config.state.recorded_in(),
        };
        let options = Options { parallelism: settings.parallelism.max(1), on_trouble: settings.on_trouble };
        let provider = self.provider.as_ref();
        Box::pin(applying::apply(plan.plan, &run, provider, &mut self.state, emit, stop, options)).await
    }
}

/// A state that is here has its own lineage, and takes over no other one.
fn check_lineage(state: &State, request: &PlanRequest) -> Result<(), Error> {
    let found = state.lineage.to_string();
    match &request.adopt_lineage {
        Some(named) if state.serial > 0 && *named != found => {
            Err(Error::OtherLineage { named: named.clone(), found })
        }
        _ => Ok(()),
    }
}

/// Only charts make something at random, and only where they are applied.
fn check_rotation(config: &Config, request: &PlanRequest) -> Result<(), Error> {
    let Some(named) = request.rotate.first() else { return Ok(()) };
    if request.mode == Mode::Destroy {
        return Err(Error::NothingRotated { named: named.clone() });
    }
    let all = config.blocks.iter().map(|block| &block.address);
    let known: Vec<BlockAddress> = all.filter(|address| address.kind == "chart").cloned().collect();
    match request.rotate.iter().find(|named| !known.contains(named)) {
        Some(named) => Err(Error::NoChart { named: named.clone(), known }),
        None => Ok(()),
    }
}

/// The blocks whose secrets the plan needs; `None` for all.
fn needed_blocks(graph: &Graph, request: &PlanRequest) -> Option<BTreeSet<BlockAddress>> {
    let targets = &request.targets;
    let is_desired = |named: &Address| graph.resources().any(|desired| desired.address.is_meant_by(named));
    // A resource that only the state knows may be desired under another address.
    if targets.is_empty() || !targets.iter().all(is_desired) {
        return None;
    }
    let reach = match request.mode {
        Mode::Apply => graph.closure_of(targets),
        Mode::Destroy => graph.dependents_closure_of(targets),
    };
    Some(reach.ok()?.into_iter().map(|address| address.block).collect())
}

impl Workspace<View> {
    /// Makes a plan beside runs that may go on. Where there was no state, and what was read is another state's, a first
    /// run may have begun in between: then the plan is made once more, with the state of that run.
    ///
    /// # Errors
    /// Those of [`plan`](Self::plan), and a state that cannot be read.
    pub async fn plan_beside_runs(&mut self, request: PlanRequest) -> Result<Planned, Error> {
        let planned = self.plan(request.clone()).await?;
        if self.state.exists || !planned.plan.is_blocked() {
            return Ok(planned);
        }
        let now = self.project.view_state().await?;
        if !now.exists {
            return Ok(planned);
        }
        self.state = now;
        self.plan(request).await
    }
}

/// Whether a generated value was there before, and nobody has consented to making a new one. What is destroyed
/// needs no value back, and neither does what an interrupted run was about to delete: nobody else has lost it.
pub(super) fn is_remembered(state: &State, kept: &SecretKeyRef, request: &PlanRequest) -> bool {
    request.mode == Mode::Apply
        && state.resources.iter().any(|(address, resource)| {
            let holds = resource.identity == kept.secret && resource.keys.contains(&kept.key);
            holds && !request.consent.contains(address) && !is_perhaps_deleted(state, &kept.secret)
        })
}

/// What becomes of the values of an object that a chart has made at random. `--replace` asks for new ones, and
/// `--consent` agrees to them where the old ones are lost.
pub(super) fn fate(state: &State, identity: &Identity, request: &PlanRequest) -> Fate {
    let named =
        |addresses: &[Address], known: &Address| addresses.iter().any(|named| known.is_meant_by(named));
    let mut of_state = state.resources.iter().filter(|(_, resource)| resource.identity == *identity);
    let Some((address, _)) = of_state.next().filter(|_| request.mode == Mode::Apply) else {
        return Fate::Free;
    };
    if named(&request.replace, address) {
        Fate::Renewed
    } else if named(&request.consent, address) || is_perhaps_deleted(state, identity) {
        Fate::Free
    } else {
        Fate::Remembered
    }
}

/// Whether a run was interrupted that was to delete the object, and nobody knows whether it did.
fn is_perhaps_deleted(state: &State, identity: &Identity) -> bool {
    let deletes = |intent: &Intent| matches!(intent.action, IntentKind::Delete | IntentKind::Replace);
    state.in_doubt.iter().any(|intent| intent.target.identity == *identity && deletes(intent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Target;
    use crate::state::{Provenance, StoredResource};

    #[test]
    fn a_generated_value_is_remembered_until_a_new_one_is_consented_to() {
        let identity = Identity::namespaced("", "Secret", "a", "users");
        let target = Target { identity: identity.clone(), version: None };
        let keys = ["ci".to_owned()].into();
        let resource = StoredResource { keys, ..StoredResource::new(target, "u", Provenance::Created) };
        let address: Address = "registry.main/Secret/users".parse().unwrap();
        let mut state = State::new("p");
        state.resources.insert(address.clone(), resource);
        let kept = |key: &str| SecretKeyRef { secret: identity.clone(), key: key.into() };
        let request = PlanRequest::all(Mode::Apply);
        assert!(is_remembered(&state, &kept("ci"), &request));
        assert!(!is_remembered(&state, &kept("alice"), &request), "another key");
        assert!(!is_remembered(&State::new("p"), &kept("ci"), &request), "another state");
        assert!(!is_remembered(&state, &kept("ci"), &PlanRequest::all(Mode::Destroy)));
        let mut interrupted = state.clone();
        let target = Target { identity: identity.clone(), version: None };
        let mut doubt =
            Intent { address: address.clone(), action: IntentKind::Update, target, renews: false };
        interrupted.in_doubt = vec![doubt.clone()];
        assert!(is_remembered(&interrupted, &kept("ci"), &request), "an update deletes nothing");
        doubt.action = IntentKind::Delete;
        interrupted.in_doubt = vec![doubt];
        assert!(!is_remembered(&interrupted, &kept("ci"), &request), "we may have deleted it ourselves");
        let consented = PlanRequest { consent: vec![address], ..request };
        assert!(!is_remembered(&state, &kept("ci"), &consented));
    }
}
