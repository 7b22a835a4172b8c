//! A plan of which a revision says what is desired.

use std::collections::BTreeSet;

use super::farewells::{Farewells, Newest, leaving_charts};
use super::introducing::introduction;
use super::planned::Planned;
use super::planning::{self, Wanted};
use super::restoring::{self, Past, Restoration};
use super::state_access::StateAccess;
use super::workspace::Workspace;
use super::{Error, KeptReadings, PlanRequest, Project};
use crate::resource::{Address, BlockAddress};
use crate::state::{ReadFrom, State};

impl<S: StateAccess> Workspace<S> {
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
