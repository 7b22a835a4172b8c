//! A plan of which the configuration says what is desired.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::chart_loss;
use super::chart_past::{goes_on, has_left, is_perhaps_a_remnant, past};
use super::compiling::{self, Charts, Compiled, Deleted};
use super::farewells::{Farewells, Newest, leaving_charts};
use super::fates::{fate, is_remembered};
use super::file_lines;
use super::lost_data;
use super::needs::{Outside, SecretsOf};
use super::planned::Planned;
use super::planning::{self, Wanted};
use super::state_access::StateAccess;
use super::workspace::Workspace;
use super::{Error, KeptReadings, PlanRequest, Project};
use crate::blocks::{ChartPast, RandomPast};
use crate::config::Config;
use crate::graph::Graph;
use crate::plan::Mode;
use crate::provider::Provider;
use crate::resource::{Address, BlockAddress, Moment};
use crate::state::{ReadFrom, StateError};

impl<S: StateAccess> Workspace<S> {
    /// Makes a plan of which the configuration says what is desired.
    pub(super) async fn plan_configuration(&self, request: PlanRequest) -> Result<Planned, Error> {
        let Project { config, settings, .. } = &self.project;
        let state = self.state.state();
        let readings = KeptReadings::default();
        let provider = self.provider.as_ref();
        let (keeping, provider) = (readings.kept_from(provider), readings.before(provider));
        let needed = needed_blocks(&self.outline.graph, &request);
        let lost = self.lost_charts(&request, &keeping).await;
        let compiled = self.compiled(&request, needed.as_ref(), &lost, &keeping).await?;
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
        let read_from = read_from(config, &compiled, &request);
        let mut warnings = self.secrets.redactor().diagnostics(compiled.warnings.clone());
        warnings.extend(unknown);
        let (secret_inputs, configuration) = (compiled.secret_inputs.clone(), config.digest());
        Ok(Planned { request, plan, warnings, configuration, read_from, secret_inputs })
    }

    /// The configuration, compiled with what the cluster and the environment have for it.
    ///
    /// # Errors
    /// Its mistakes; a cluster that has stopped to answer.
    async fn compiled(
        &self,
        request: &PlanRequest,
        needed: Option<&BTreeSet<BlockAddress>>,
        lost: &BTreeSet<BlockAddress>,
        provider: &dyn Provider,
    ) -> Result<Cow<'_, Compiled>, Error> {
        let (config, state) = (self.config(), self.state.state());
        let goes_on = goes_on(self.project.fate_of_open_run(&self.state).await.as_ref());
        let returning = self.returning_charts(request.mode).await?;
        let outside = Outside {
            provider: Some(provider),
            helm: &self.project.host.helm,
            env: &|name| self.variable(name),
            remembered: &|kept| is_remembered(state, kept, request),
            fate: &|identity| fate(state, identity, request),
            past: &|chart| {
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
            },
        };
        let secrets_of = needed.map_or(SecretsOf::AllBlocks, SecretsOf::Blocks);
        let charts = rendered_charts(request, needed);
        let compiled = compiling::complete(config, &self.outline, secrets_of, charts, &outside).await;
        if let Some(problem) = self.provider.cluster().outage().await {
            return Err(problem.into());
        }
        match compiled {
            Ok(compiled) => Ok(compiled),
            Err(error) => {
                let outline = &self.outline.graph;
                Err(self.redacted(lost_data::told_first(error, outline, state, request, provider).await))
            }
        }
    }

    /// The value of a variable of the environment. A mistake may be told before all that is looked up is known as a secret by
    /// itself.
    fn variable(&self, name: &str) -> Option<String> {
        let value = (self.project.host.variables)(name);
        if let Some(value) = &value {
            self.secrets.redactor().learn_text(value);
        }
        value
    }

    /// The mistakes of a configuration without the secrets that are known by now.
    fn redacted(&self, error: Error) -> Error {
        match error {
            Error::Mistakes { sources, mistakes } => {
                Error::Mistakes { sources, mistakes: self.secrets.redactor().diagnostics(mistakes) }
            }
            other => other,
        }
    }

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
}

/// The charts that are rendered. What is deleted as a whole is known without that.
fn rendered_charts<'n>(request: &PlanRequest, needed: Option<&'n BTreeSet<BlockAddress>>) -> Charts<'n> {
    match (request.mode, needed) {
        (Mode::Destroy, _) if request.targets.is_empty() => Charts::None(Deleted::Everything),
        (Mode::Destroy, _) => Charts::None(Deleted::Targets),
        (Mode::Apply, Some(needed)) => Charts::NeededBy(needed),
        (Mode::Apply, None) => Charts::All,
    }
}

/// What the plan was read from.
fn read_from(config: &Config, compiled: &Compiled, request: &PlanRequest) -> ReadFrom {
    let variables = config.defaulted_variables.overridden.clone();
    // What is destroyed as a whole chooses nothing any more.
    let is_gone = request.mode == Mode::Destroy && request.targets.is_empty();
    let selections = if is_gone { Vec::new() } else { compiled.selections.clone() };
    ReadFrom { files: config.files.clone(), variables, selections }
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
