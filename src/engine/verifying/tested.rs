//! Which charts are tested, and with what: the objects that they render now, marked as tests.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::alive::run_until;
use super::charts::ChartTests;
use super::{VerifyEvent, VerifyOptions};
use crate::apply::Stop;
use crate::engine::chart_past::past;
use crate::engine::compiling::{self, Charts};
use crate::engine::fates::fate;
use crate::engine::needs::SecretsOf;
use crate::engine::state_access::StateAccess;
use crate::engine::workspace::Workspace;
use crate::engine::{Outside, PlanRequest};
use crate::plan::Mode;
use crate::resource::{BlockAddress, Desired, Identity};
use crate::state::OpenRun;
use crate::verify::{Check, Finding, Outcome, TestOwner, Verification, place_of_test};

/// The type of the blocks that may have tests.
const KIND: &str = "chart";

impl<S: StateAccess> Workspace<S> {
    /// The charts that are tested: the named one, or all of the configuration.
    pub(super) fn charts(&self, options: &VerifyOptions) -> BTreeSet<BlockAddress> {
        let all = self.config().blocks.iter().map(|block| &block.address);
        let wanted = all.filter(|address| address.kind == KIND && options.means(address));
        let is_asked = options.only.is_empty() || options.only.contains(&Check::Tests);
        wanted.filter(|_| is_asked).cloned().collect()
    }

    /// Runs the tests of these charts, one chart after the other. A chart without tests is told only where it was named.
    pub(super) async fn verify_charts(
        &self,
        charts: &BTreeSet<BlockAddress>,
        options: &VerifyOptions,
        emit: &(dyn Fn(VerifyEvent<'_>) + Send + Sync),
        stop: &Stop,
    ) -> Vec<Verification> {
        if charts.is_empty() {
            return Vec::new();
        }
        let tests = self.tests(charts).await;
        let open_run = self.project.fate_of_open_run(&self.state).await;
        let beside_apply = matches!(open_run, Some(OpenRun::UnderWay | OpenRun::Unclear(_)));
        let mut all = Vec::new();
        for chart in charts {
            let found = self.tests_of(chart, tests.as_deref());
            if matches!(found, Err(Outcome::NotNeeded(_))) && options.block.is_none() {
                continue;
            }
            emit(VerifyEvent::Block(chart, None));
            let verification = match found {
                Ok(tests) => {
                    let until = Instant::now() + options.timeout;
                    let project = self.config().project.clone();
                    let lineage = self.state.state().lineage.to_string();
                    let owner = TestOwner { project, lineage, chart: chart.clone(), run: run_until(until) };
                    let provider = &*self.provider;
                    let tests = ChartTests { owner, tests, provider, beside_apply, until, stop, emit };
                    tests.all(&|outcome| self.without_secrets(outcome)).await
                }
                Err(outcome) => without_tests(chart, outcome, emit),
            };
            all.push(verification);
        }
        all
    }

    /// The tests of all of these charts; `None` where they cannot be told.
    async fn tests(&self, charts: &BTreeSet<BlockAddress>) -> Option<Vec<Arc<Desired>>> {
        let (config, host, state) = (self.config(), &self.project.host, self.state.state());
        let request = PlanRequest::all(Mode::Apply);
        let outside = Outside {
            provider: Some(&*self.provider),
            helm: &host.helm,
            env: &|name| (host.variables)(name),
            remembered: &|_| true,
            fate: &|identity: &Identity| fate(state, identity, &request),
            past: &|chart: &BlockAddress| past(state, &config.moves, chart),
        };
        let (secrets_of, needed) = (SecretsOf::Blocks(charts), Charts::NeededBy(charts));
        let compiled = compiling::complete(config, &self.outline, secrets_of, needed, &outside).await.ok()?;
        self.secrets.learn_inputs(&compiled.secret_inputs);
        self.secrets.learn_desired(&compiled.graph);
        Some(compiled.tests.clone())
    }

    /// Those of one chart, in their order; or why none is run.
    fn tests_of(
        &self,
        chart: &BlockAddress,
        all: Option<&[Arc<Desired>]>,
    ) -> Result<Vec<Arc<Desired>>, Outcome> {
        let hindered =
            |reason: &str, fix: String| Outcome::Hindered { reason: reason.to_owned(), fix: Some(fix) };
        let Some(all) = all else {
            return Err(hindered(
                "what the chart renders is not known here",
                format!("`regplan plan --target {chart}` says why"),
            ));
        };
        let mut tests: Vec<Arc<Desired>> =
            all.iter().filter(|test| test.address.block == *chart).cloned().collect();
        if tests.is_empty() {
            return Err(Outcome::NotNeeded("the chart has no tests".to_owned()));
        }
        if !self.state.state().resources.keys().any(|address| address.block == *chart) {
            return Err(hindered("the chart was not applied yet", "`regplan apply` does that".to_owned()));
        }
        tests.sort_by(|one, other| place_of_test(one).cmp(&place_of_test(other)));
        Ok(tests)
    }
}

/// What is said of a chart of which no test is run.
fn without_tests(
    chart: &BlockAddress,
    outcome: Outcome,
    emit: &(dyn Fn(VerifyEvent<'_>) + Send + Sync),
) -> Verification {
    let finding = Finding { check: Check::Tests, object: None, outcome, took: Duration::ZERO };
    emit(VerifyEvent::Finished(&finding));
    Verification { block: chart.clone(), url: None, at: Timestamp::now(), findings: vec![finding] }
}
