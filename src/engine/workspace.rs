//! A project, its state and its cluster: what plans and applies work on.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::applying::{self, Run};
use super::other_files;
use super::other_variables;
use super::planned::{Applicable, Planned};
use super::remains;
use super::run_secrets::RunSecrets;
use super::state_access::{StateAccess, place_name};
use super::{Compiled, Error, PlanRequest, Project};
use crate::apply::{Event, Options, Report, Stop};
use crate::config::Config;
use crate::plan::{Action, Age, Briefing, Mode};
use crate::provider::Provider;
use crate::resource::{BlockAddress, ClusterIdentity};
use crate::state::{Freshness, Lineage, State, Store, View};

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
        let mut left: Vec<_> = remains::met(&planned.plan).collect();
        if state.serial == 0 && makes_something {
            left.extend(self.provider.cluster().remains().await);
        }
        planned.warnings.extend(remains::warnings(left));
        let Planned { request, plan, warnings, .. } = &mut planned;
        let config = self.config();
        other_files::check(plan, state, config, request)
            .and_then(|()| other_variables::check(plan, state, config))
            .map_err(|mistakes| Error::mistakes(config, mistakes).after(warnings))?;
        Ok(planned)
    }

    /// What a reader of the plan is told of its surroundings.
    pub(super) fn briefing(&self, compiled: &Compiled) -> Briefing {
        Briefing {
            context: self.provider.cluster().context().map(str::to_owned),
            state: place_name(&self.state.place(), Some(&self.config().folder)),
            key_facts: compiled.key_facts.clone(),
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
