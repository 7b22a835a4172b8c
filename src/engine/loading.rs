//! From the inputs to a project: a configuration that was read and checked, and what it is run with.

use super::compiling::{self, Compiled};
use super::factories::BackendSettings;
use super::needs::Outside;
use super::settings::{ConfigInputs, Settings};
use super::{Error, Host};
use crate::blocks;
use crate::config::{self, BlockSchema, ClusterSettings, Config, Inputs, Loaded};
use crate::diagnostic::{Diagnostics, Sources};

/// A configuration that was read and checked, and what it is run with.
#[derive(Debug)]
pub struct Project {
    /// The configuration.
    pub config: Config,
    /// What is probably not meant.
    pub warnings: Diagnostics,
    pub(super) settings: Settings,
    pub(super) host: Host,
}

/// Of a configuration only which project it is, on which cluster, and where its state is kept.
#[derive(Debug)]
pub struct Head {
    /// `[project] name`.
    pub project: String,
    /// `[cluster]`.
    pub cluster: ClusterSettings,
    /// Which state it is.
    pub backend: BackendSettings,
    /// The files that the warnings point into.
    pub sources: Sources,
    /// What is probably not meant.
    pub warnings: Diagnostics,
}

/// Reads and checks a configuration. A secret that is not set is no mistake here: a plan shows that it could
/// not check the field, and only an apply refuses that.
///
/// # Errors
/// Every mistake of the configuration in one list, of its blocks too, as far as they can be told.
#[tracing::instrument(skip_all, fields(files = inputs.files.len()))]
pub async fn load(inputs: &ConfigInputs, settings: Settings, host: Host) -> Result<Project, Error> {
    let Loaded { sources, outcome, sound } = read(config::load, inputs, &host);
    match outcome {
        Ok((config, warnings)) => Ok(Project { config, warnings, settings, host }),
        Err(mut mistakes) => {
            if let Some(sound) = sound {
                mistakes.extend(compiling::further_mistakes(&sound, &alone(&host)).await);
            }
            Err(Error::Mistakes { sources: Box::new(sources), mistakes: mistakes.sorted() })
        }
    }
}

/// Reads only the head of a configuration. Its blocks may lack what they need (variables, files, secrets).
///
/// # Errors
/// Every mistake in `[project]`, `[cluster]` and `[state]`.
#[tracing::instrument(skip_all, fields(files = inputs.files.len()))]
pub fn load_head(inputs: &ConfigInputs, host: &Host) -> Result<Head, Error> {
    let Loaded { sources, outcome, .. } = read(config::load_head, inputs, host);
    match outcome {
        Ok((config, warnings)) => {
            let backend = BackendSettings::of(&config);
            let Config { project, cluster, .. } = config;
            Ok(Head { project, cluster, backend, sources, warnings })
        }
        Err(mistakes) => Err(Error::Mistakes { sources: Box::new(sources), mistakes }),
    }
}

fn read(how: fn(&Inputs<'_>, &[BlockSchema]) -> Loaded, inputs: &ConfigInputs, host: &Host) -> Loaded {
    let inputs = Inputs {
        files: &inputs.files,
        vars: &inputs.vars,
        var_files: &inputs.var_files,
        env: host.variables.as_ref(),
        base: &inputs.working_folder,
        sensitive_may_be_unset: true,
    };
    how(&inputs, &blocks::schemas())
}

/// The outside without a cluster: no secret is read.
fn alone(host: &Host) -> Outside<'_> {
    Outside { provider: None, env: host.variables.as_ref(), remembered: &|_| false }
}

impl Project {
    /// What the configuration comes to without a cluster and without secrets.
    ///
    /// # Errors
    /// Every mistake of the blocks in one list.
    pub async fn compile(&self) -> Result<Compiled, Error> {
        compiling::compile(&self.config, &alone(&self.host)).await
    }
}
