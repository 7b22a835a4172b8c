//! Which cluster to talk to, as the caller says it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// Environment variables, handed in so that nothing below reads the process' own.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process; what is not Unicode is left out.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable that is set, and not to nothing.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// Which cluster to talk to, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The kubeconfig; where `None`, the files of `KUBECONFIG`, and without it `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// The context; where `None`, the kubeconfig's current one.
    pub context: Option<String>,
    /// Use the account of the pod that we run in, and no kubeconfig. Never done without being asked for.
    pub in_cluster: bool,
    /// How many requests may be under way at once (watches aside); at least 1. More than about eight
    /// buy little.
    pub connections: usize,
    /// How long one request may take with all its repetitions; `None` for the usual times.
    pub request_timeout: Option<Duration>,
    /// The variables of the environment that no credential plugin is given: secrets of the configuration come from them.
    pub secret_variables: BTreeSet<String>,
    /// Where `KUBECONFIG`, `HOME` and the proxies' variables are looked up. (Credential plugins see the
    /// process' own.)
    pub environment: Environment,
}

impl Settings {
    /// The kubeconfig's current context.
    pub fn new(environment: Environment) -> Self {
        Self {
            kubeconfig: None,
            context: None,
            in_cluster: false,
            connections: 8,
            request_timeout: None,
            secret_variables: BTreeSet::new(),
            environment,
        }
    }
}
