//! Loads a project: reads and checks its configuration, and keeps the settings and the host with it.

use std::path::PathBuf;

use super::backend_settings::BackendSettings;
use super::compiling::{self, Compiled};
use super::needs::{Fate, Outside};
use super::settings::{ConfigInputs, Settings};
use super::{Error, Host};
use crate::blocks::{self, ChartPast};
use crate::config::{self, BlockSchema, ClusterSettings, Config, Inputs, Loaded};
use crate::diagnostic::{Diagnostics, Sources};

/// A configuration that was read and checked, with the settings and the host to run it with.
#[derive(Debug)]
pub struct Project {
    /// The configuration.
    pub config: Config,
    /// Warnings: what is allowed, and probably not meant.
    pub warnings: Diagnostics,
    pub(super) settings: Settings,
    pub(super) host: Host,
}

/// The head of a configuration: the project's name, its cluster, and where its state is kept.
#[derive(Debug)]
pub struct Head {
    /// `[project] name`.
    pub project: String,
    /// `[cluster]`.
    pub cluster: ClusterSettings,
    /// Where the state is kept.
    pub backend: BackendSettings,
    /// The folder of the configuration.
    pub folder: PathBuf,
    /// The files that the warnings point into.
    pub sources: Sources,
    /// Warnings: what is allowed, and probably not meant.
    pub warnings: Diagnostics,
}

/// Reads and checks a configuration. A secret that is not set is no mistake here: a plan says that it could
/// not check the field, and only an apply refuses it.
///
/// # Errors
/// Every mistake of the configuration in one list, including those of its blocks, as far as they can be
/// found.
#[tracing::instrument(skip_all, fields(files = tracing::field::Empty))]
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

/// A project without its blocks: for what works on its state alone. Their variables, files and secrets may be missing,
/// and mistakes in them do not matter.
///
/// # Errors
/// Every mistake in `[project]`, `[cluster]` and `[state]`.
#[tracing::instrument(skip_all, fields(files = tracing::field::Empty))]
pub fn load_without_blocks(inputs: &ConfigInputs, settings: Settings, host: Host) -> Result<Project, Error> {
    let Loaded { sources, outcome, .. } = read(config::load_head, inputs, &host);
    match outcome {
        Ok((config, warnings)) => Ok(Project { config, warnings, settings, host }),
        Err(mistakes) => Err(Error::Mistakes { sources: Box::new(sources), mistakes }),
    }
}

/// Reads only the head of a configuration. Variables, files and secrets of its blocks may be missing.
///
/// # Errors
/// Every mistake in `[project]`, `[cluster]` and `[state]`; or the settings contradict them.
#[tracing::instrument(skip_all, fields(files = tracing::field::Empty))]
pub fn load_head(inputs: &ConfigInputs, settings: &Settings, host: &Host) -> Result<Head, Error> {
    let Loaded { sources, outcome, .. } = read(config::load_head, inputs, host);
    match outcome {
        Ok((config, warnings)) => {
            let backend = BackendSettings::of(&config, settings)?;
            let Config { project, cluster, folder, .. } = config;
            Ok(Head { project, cluster, backend, folder, sources, warnings })
        }
        Err(mistakes) => Err(Error::Mistakes { sources: Box::new(sources), mistakes }),
    }
}

/// Reads the files, and notes in the span of the caller how many there were.
fn read(how: fn(&Inputs<'_>, &[BlockSchema]) -> Loaded, inputs: &ConfigInputs, host: &Host) -> Loaded {
    let inputs = Inputs {
        files: &inputs.files,
        vars: &inputs.vars,
        var_files: &inputs.var_files,
        env: host.variables.as_ref(),
        base: &inputs.working_folder,
        sensitive_may_be_unset: true,
    };
    let loaded = how(&inputs, &blocks::schemas());
    tracing::Span::current().record("files", loaded.sources.count());
    loaded
}

/// The outside without a cluster, in which no secret is read.
fn alone(host: &Host) -> Outside<'_> {
    Outside {
        provider: None,
        helm: &host.helm,
        env: host.variables.as_ref(),
        remembered: &|_| false,
        fate: &|_| Fate::Free,
        past: &|_| ChartPast::NONE,
    }
}

impl Project {
    /// Compiles the configuration without a cluster and without secrets.
    ///
    /// # Errors
    /// Every mistake of the blocks in one list.
    pub async fn compile(&self) -> Result<Compiled, Error> {
        compiling::compile(&self.config, &alone(&self.host)).await
    }

    /// Compiles the configuration for a plan, before its cluster is asked.
    ///
    /// # Errors
    /// Every mistake of the blocks in one list, but for charts that need the cluster.
    pub(super) async fn outline(&self) -> Result<Compiled, Error> {
        compiling::outline(&self.config, &alone(&self.host)).await
    }
}
