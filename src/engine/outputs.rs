//! Finds out the values of `[output.NAME]`: compiles what they need, and reads what they refer to.

use std::collections::HashMap;

use super::compiling::{self, Charts, Compiled};
use super::fates::is_remembered;
use super::needs::{Fate, SecretsOf};
use super::opening::Opened;
use super::state_access::StateAccess;
use super::workspace::Workspace;
use super::{Error, Outside, PlanRequest};
use crate::blocks::{ChartPast, CompiledOutput, SecretKeyRef};
use crate::outputs::{Evaluation, OutputValue, Selection, wanted_objects};
use crate::plan::Mode;
use crate::resource::Target;
use crate::state::View;

/// The values of outputs, with what is to be known of them.
#[derive(Debug)]
pub struct Outputs {
    /// The values.
    pub values: Vec<OutputValue>,
    /// The newest revision, where one of them is of the file, and the configuration was another one then.
    pub changed_since: Option<u64>,
}

impl Opened<View> {
    /// The values of outputs. The cluster is asked only where one of them needs it.
    ///
    /// # Errors
    /// There is no output of this name, or the cluster cannot be reached or is another one.
    pub async fn outputs(self, selection: &Selection) -> Result<Outputs, Error> {
        let Compiled { outputs, graph, .. } = self.outline();
        let chosen = select(outputs, selection)?;
        let of_file = chosen.iter().any(|output| output.is_of_file());
        let changed_since = if of_file { self.project().changed_since().await } else { None };
        if chosen.iter().all(|output| selection.is_told_without_cluster(output)) {
            let evaluation = Evaluation { graph, state: self.state(), readings: HashMap::new() };
            let values = chosen.into_iter().map(|output| evaluation.value(output, selection)).collect();
            return Ok(Outputs { values, changed_since });
        }
        let values = self.connect().await?.outputs(selection).await?;
        Ok(Outputs { values, changed_since })
    }
}

impl<S: StateAccess> Workspace<S> {
    /// Whether the configuration has any outputs.
    pub fn has_outputs(&self) -> bool {
        !self.config().outputs.is_empty()
    }

    /// The values of outputs. What they refer to is read anew, each type of object with one request.
    ///
    /// # Errors
    /// There is no output of this name, a generated value is lost, or the cluster has stopped to answer.
    #[tracing::instrument(skip_all, fields(project = self.config().project))]
    pub async fn outputs(&self, selection: &Selection) -> Result<Vec<OutputValue>, Error> {
        let compiled = self.compiled_for(selection).await?;
        let (graph, state) = (&compiled.graph, self.state.state());
        let chosen = select(&compiled.outputs, selection)?;
        let shown = chosen.iter().copied().filter(|output| !selection.withholds(output));
        let wanted = wanted_objects(shown, graph, state);
        let targets: Vec<Target> = wanted.iter().map(|desired| desired.target()).collect();
        let readings = if targets.is_empty() { Vec::new() } else { self.provider.read(&targets).await };
        if let Some(problem) = self.provider.cluster().outage().await {
            return Err(problem.into());
        }
        let readings = wanted.iter().map(|desired| desired.address.clone()).zip(readings).collect();
        let evaluation = Evaluation { graph, state, readings };
        Ok(chosen.into_iter().map(|output| evaluation.value(output, selection)).collect())
    }

    /// The configuration with the secrets of the output that is asked for by name, and of nothing else.
    async fn compiled_for(&self, selection: &Selection) -> Result<Compiled, Error> {
        let request = PlanRequest::all(Mode::Apply);
        let remembered = |kept: &SecretKeyRef| is_remembered(self.state.state(), kept, &request);
        let host = &self.project.host;
        let env = |name: &str| (host.variables)(name);
        let outside = Outside {
            provider: Some(&*self.provider),
            helm: &host.helm,
            env: &env,
            remembered: &remembered,
            fate: &|_| Fate::Free,
            past: &|_| ChartPast::NONE,
        };
        let secrets_of = match selection {
            Selection::All => SecretsOf::Nobody,
            Selection::Named(name) => SecretsOf::Output(name),
        };
        let compiled =
            compiling::complete(self.config(), &self.outline, secrets_of, Charts::All, &outside).await?;
        self.secrets.learn_inputs(&compiled.secret_inputs);
        Ok(compiled.into_owned())
    }
}

fn select<'c>(
    outputs: &'c [CompiledOutput],
    selection: &Selection,
) -> Result<Vec<&'c CompiledOutput>, Error> {
    selection.of(outputs).ok_or_else(|| Error::NoOutput {
        name: match selection {
            Selection::Named(name) => name.clone(),
            Selection::All => String::new(),
        },
        known: outputs.iter().map(|output| output.name.clone()).collect(),
    })
}
