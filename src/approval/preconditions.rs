//! What a plan as a whole is bound to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::secret_source::SecretSourceName;
use crate::blocks::SecretInputs;
use crate::config::{Config, SecretSource};
use crate::plan::{Mode, Plan};
use crate::resource::{Address, ClusterIdentity, Key};

/// What keeps the seals of secret sources apart from those of other things.
const PURPOSE: &str = "secret source";

/// What the plan was asked for, on the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// To apply the configuration, or to destroy what was applied.
    pub mode: Mode,
    /// What it is limited to; everything where there is none.
    pub targets: Vec<Address>,
    /// What is to be replaced whether or not it changes.
    pub replace: Vec<Address>,
    /// Existing objects that may be taken over.
    pub adopt: Vec<Address>,
    /// Protected resources that may be deleted or replaced.
    pub consent: Vec<Address>,
    /// The lineage of a state that is not here, whose objects may be taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt_lineage: Option<String>,
}

/// What a plan as a whole is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preconditions {
    /// The version of regplan that made it.
    pub regplan: String,
    /// `[project] name`.
    pub project: String,
    /// The lineage of the state.
    pub lineage: String,
    /// The serial of the state; a newer one that changes nothing of the plan does not matter.
    pub serial: u64,
    /// The cluster that was asked.
    pub cluster: ClusterIdentity,
    /// The digest of the configuration.
    pub configuration: String,
    /// What each source of a secret held, sealed.
    secrets: BTreeMap<SecretSourceName, String>,
    /// What was asked for.
    pub asked: Asked,
}

/// Why a plan file is not for what is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// Another version of regplan made it.
    Version {
        /// Which one.
        made_by: String,
    },
    /// It is about another project.
    Project {
        /// Which one.
        of: String,
    },
    /// It was made from another state.
    Lineage {
        /// Which one.
        of: String,
    },
    /// It was made for another cluster.
    Cluster {
        /// Which one.
        of: Box<ClusterIdentity>,
    },
    /// The configuration has changed.
    Configuration,
    /// These sources of secrets hold something else, are not there any more, or are new.
    Secrets(Vec<SecretSourceName>),
}

impl Preconditions {
    /// Those of a plan.
    pub fn of(plan: &Plan, config: &Config, given: &SecretInputs, asked: Asked, key: &Key) -> Self {
        Self {
            regplan: env!("CARGO_PKG_VERSION").to_owned(),
            project: plan.project.clone(),
            lineage: plan.lineage.clone(),
            serial: plan.serial,
            cluster: plan.cluster.clone(),
            configuration: config.digest(),
            secrets: sealed(config, given, key),
            asked,
        }
    }

    /// Everything in which the preconditions at hand are others. The serial may have moved on.
    pub fn mismatches(&self, now: &Self) -> Vec<Mismatch> {
        let mut found = Vec::new();
        if self.regplan != now.regplan {
            found.push(Mismatch::Version { made_by: self.regplan.clone() });
        }
        if self.project != now.project {
            found.push(Mismatch::Project { of: self.project.clone() });
        } else if self.lineage != now.lineage {
            found.push(Mismatch::Lineage { of: self.lineage.clone() });
        }
        if !self.cluster.is_same(&now.cluster) {
            found.push(Mismatch::Cluster { of: Box::new(self.cluster.clone()) });
        }
        if self.configuration == now.configuration {
            let names = self.secrets.keys().chain(now.secrets.keys());
            let mut others: Vec<SecretSourceName> =
                names.filter(|name| self.secrets.get(*name) != now.secrets.get(*name)).cloned().collect();
            others.sort();
            others.dedup();
            if !others.is_empty() {
                found.push(Mismatch::Secrets(others));
            }
        } else {
            // Another configuration may well have other secrets; that it is another one says enough.
            found.push(Mismatch::Configuration);
        }
        found
    }
}

fn sealed(config: &Config, given: &SecretInputs, key: &Key) -> BTreeMap<SecretSourceName, String> {
    let sources = given.0.iter().filter_map(|(source, value)| Some((name(config, source)?, value)));
    let variables = config.sensitive_variables.iter();
    let variables = variables.map(|(name, value)| (SecretSourceName::Variable(name.clone()), value));
    sources
        .chain(variables)
        .map(|(name, value)| {
            let seal = key.seal(PURPOSE, &format!("{name}\n{value}"));
            (name, seal)
        })
        .collect()
}

/// What the source is called; `None` for a value that regplan makes.
fn name(config: &Config, source: &SecretSource) -> Option<SecretSourceName> {
    match source {
        SecretSource::Env(name) => Some(SecretSourceName::Env(name.clone())),
        SecretSource::File(path) => {
            let path = path.strip_prefix(&config.folder).unwrap_or(path);
            Some(SecretSourceName::File(path.display().to_string()))
        }
        SecretSource::Generate(_) => None,
    }
}
