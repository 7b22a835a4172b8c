//! What must be the same when a plan file is applied as when its plan was made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::secret_source::SecretSourceName;
use crate::blocks::SecretInputs;
use crate::config::{Config, SecretSource};
use crate::plan::{Mode, Plan};
use crate::resource::{Address, BlockAddress, ClusterIdentity, Key, ObjectName};

/// The purpose that is sealed with the value of a secret source, so that no other seal can take its place.
const PURPOSE: &str = "secret source";

/// What the plan was asked for, on the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// To apply the configuration, or to destroy what was applied.
    pub mode: Mode,
    /// The resources that it is limited to, with what these need; empty means everything.
    pub targets: Vec<Address>,
    /// Resources to replace whether or not they change.
    pub replace: Vec<Address>,
    /// Charts of which all is made anew that they make at random.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotate: Vec<BlockAddress>,
    /// Existing objects that may be taken over.
    pub adopt: Vec<Address>,
    /// Existing objects that are taken over, each alone: address and object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<(Address, ObjectName)>,
    /// Protected resources that may be deleted or replaced.
    pub consent: Vec<Address>,
    /// Namespaces that most of the project's objects may move to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub move_to: Vec<String>,
    /// Files of the last apply that may be left out, though they are still there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// The lineage of a state that is not here, whose objects may be taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt_lineage: Option<String>,
    /// The revision to go back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// What a plan as a whole depends on, and what must be the same when it is applied.
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
    /// The cluster that it was made for.
    pub cluster: ClusterIdentity,
    /// The digest of the configuration.
    pub configuration: String,
    /// The value of each source of a secret, as a sealed digest.
    secrets: BTreeMap<SecretSourceName, String>,
    /// What the plan was asked for.
    pub asked: Asked,
}

/// Why a plan file does not fit the configuration, the state or the cluster.
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
    /// These sources of secrets have another value, or are new.
    SecretsChanged(Vec<SecretSourceName>),
    /// These sources of secrets have no value now.
    SecretsUnset(Vec<SecretSourceName>),
}

impl Preconditions {
    /// The preconditions of a plan that was just made.
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

    /// Every difference between these preconditions and those of now. The serial may have grown.
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
            let (changed, unset): (Vec<_>, Vec<_>) =
                others.into_iter().partition(|name| now.secrets.contains_key(name));
            if !unset.is_empty() {
                found.push(Mismatch::SecretsUnset(unset));
            }
            if !changed.is_empty() {
                found.push(Mismatch::SecretsChanged(changed));
            }
        } else {
            // Another configuration may have other secrets, so they are reported only where it is the same.
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

/// The name of a source; `None` for a value that regplan generates.
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
