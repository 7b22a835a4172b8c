//! The settings that the user has chosen, as plain data that does not tell where they came from.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::ClusterSettings;
use crate::provider::OnTrouble;
use crate::provider::dns::ManualRecords;

/// The files and values that the configuration is read from.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigInputs {
    /// Files and folders; they are merged, and later ones win. If empty, `regplan.toml` is read.
    pub files: Vec<PathBuf>,
    /// Values of variables, each as `NAME=VALUE`.
    pub vars: Vec<String>,
    /// TOML files with values of variables; later ones win.
    pub var_files: Vec<PathBuf>,
    /// The folder that relative paths start from.
    pub working_folder: PathBuf,
}

impl ConfigInputs {
    /// Reads `regplan.toml` in this folder, with no variables.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { files: Vec::new(), vars: Vec::new(), var_files: Vec::new(), working_folder: folder.into() }
    }
}

/// Leaves out the values of variables, which may be secrets.
impl fmt::Debug for ConfigInputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigInputs")
            .field("files", &self.files)
            .field("var_files", &self.var_files)
            .field("working_folder", &self.working_folder)
            .finish_non_exhaustive()
    }
}

/// How a cluster is reached: the result of `[cluster]` and the user's [`Settings`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// The path of the kubeconfig; `None` for the default one.
    pub kubeconfig: Option<PathBuf>,
    /// The name of the context; `None` for the kubeconfig's current one.
    pub context: Option<String>,
    /// Whether to use the service account of the pod that we run in, and no kubeconfig.
    pub in_cluster: bool,
    /// How many requests may be under way at once; at least 1.
    pub connections: usize,
    /// How long one request may take with all its repetitions; `None` for the usual times.
    pub request_timeout: Option<Duration>,
    /// The variables of the environment that a program which gives credentials is not given.
    pub secret_variables: BTreeSet<String>,
    /// What becomes of records in DNS that a person has to make.
    pub manual_records: ManualRecords,
}

/// The settings of the engine that are not in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// A context of the kubeconfig. It must not contradict `[cluster] context`.
    pub context: Option<String>,
    /// The path of a kubeconfig, used instead of the configuration's and of the default one.
    pub kubeconfig: Option<PathBuf>,
    /// Whether a configuration that names a kubeconfig is refused: a kubeconfig can name a program that is run, so
    /// that whoever writes the configuration could run any. For configurations of strangers.
    pub refuse_configured_kubeconfig: bool,
    /// Whether to use the service account of the pod that we run in.
    pub in_cluster: bool,
    /// How many resources are written at once, and how many requests may be under way; at least 1.
    pub parallelism: usize,
    /// What becomes of a wait where something goes wrong that waiting may not heal.
    pub on_trouble: OnTrouble,
    /// How long one request may take with all its repetitions; `None` for the usual times.
    pub request_timeout: Option<Duration>,
    /// What becomes of records in DNS that a person has to make.
    pub manual_records: ManualRecords,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            context: None,
            kubeconfig: None,
            refuse_configured_kubeconfig: false,
            in_cluster: false,
            parallelism: 10,
            on_trouble: OnTrouble::default(),
            request_timeout: None,
            manual_records: ManualRecords::default(),
        }
    }
}

/// A setting that contradicts the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsConflict {
    /// The settings name another context than `[cluster] context`.
    #[error("the context {named} contradicts the configuration, which names {configured}")]
    Context {
        /// The context of the settings.
        named: String,
        /// The context of the configuration.
        configured: String,
    },
    /// The settings ask for the service account of this pod, and the configuration names a context or a
    /// kubeconfig.
    #[error("a service account contradicts the configuration, which names a context or a kubeconfig")]
    InCluster,
    /// The configuration names a kubeconfig, and the settings refuse that.
    #[error("the configuration names the kubeconfig {}, and that is refused", configured.display())]
    Kubeconfig {
        /// The kubeconfig of the configuration.
        configured: PathBuf,
    },
}

impl Settings {
    /// How the cluster is reached. The settings may add to the configuration, and must not contradict it.
    ///
    /// # Errors
    /// The settings contradict the configuration.
    pub fn connection(&self, cluster: &ClusterSettings) -> Result<ConnectionSettings, SettingsConflict> {
        if let (true, Some(configured)) = (self.refuse_configured_kubeconfig, &cluster.kubeconfig) {
            return Err(SettingsConflict::Kubeconfig { configured: configured.clone() });
        }
        if self.in_cluster && (cluster.context.is_some() || cluster.kubeconfig.is_some()) {
            return Err(SettingsConflict::InCluster);
        }
        if let (Some(named), Some(configured)) = (&self.context, &cluster.context)
            && named != configured
        {
            let (named, configured) = (named.clone(), configured.clone());
            return Err(SettingsConflict::Context { named, configured });
        }
        Ok(ConnectionSettings {
            kubeconfig: self.kubeconfig.as_ref().or(cluster.kubeconfig.as_ref()).cloned(),
            context: cluster.context.as_ref().or(self.context.as_ref()).cloned(),
            in_cluster: self.in_cluster || cluster.in_cluster,
            connections: self.parallelism.max(1),
            request_timeout: self.request_timeout,
            secret_variables: cluster.secret_variables.clone(),
            manual_records: self.manual_records,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(settings: &Settings, cluster: &ClusterSettings) -> ConnectionSettings {
        settings.connection(cluster).unwrap()
    }

    #[test]
    fn the_configuration_decides_and_the_settings_fill_in() {
        let nothing = ClusterSettings::default();
        let usual = connection(&Settings::default(), &nothing);
        assert_eq!((usual.context, usual.kubeconfig, usual.in_cluster), (None, None, false));
        assert_eq!(usual.connections, 10);

        let settings = Settings {
            context: Some("prod".into()),
            kubeconfig: Some("mine".into()),
            parallelism: 3,
            ..Settings::default()
        };
        let filled = connection(&settings, &nothing);
        assert_eq!(filled.context.as_deref(), Some("prod"));
        assert_eq!((filled.kubeconfig, filled.connections), (Some("mine".into()), 3));

        let cluster = ClusterSettings {
            context: Some("prod".into()),
            kubeconfig: Some("theirs".into()),
            ..ClusterSettings::default()
        };
        assert_eq!(connection(&Settings::default(), &cluster).kubeconfig, Some("theirs".into()));
        assert_eq!(
            connection(&settings, &cluster).kubeconfig,
            Some("mine".into()),
            "a file may be elsewhere"
        );
        assert_eq!(connection(&settings, &cluster).context.as_deref(), Some("prod"), "both say the same");

        let pod = ClusterSettings { in_cluster: true, ..ClusterSettings::default() };
        assert!(connection(&Settings::default(), &pod).in_cluster);
        assert!(connection(&Settings { in_cluster: true, ..Settings::default() }, &nothing).in_cluster);
        let none = Settings { parallelism: 0, ..Settings::default() };
        assert_eq!(connection(&none, &nothing).connections, 1);
    }

    #[test]
    fn settings_that_contradict_the_configuration_are_refused() {
        let cluster = ClusterSettings { context: Some("prod".into()), ..ClusterSettings::default() };
        let other = Settings { context: Some("test".into()), ..Settings::default() };
        let conflict = SettingsConflict::Context { named: "test".into(), configured: "prod".into() };
        assert_eq!(other.connection(&cluster), Err(conflict));

        let pod = Settings { in_cluster: true, ..Settings::default() };
        assert_eq!(pod.connection(&cluster), Err(SettingsConflict::InCluster));
        let file = ClusterSettings { kubeconfig: Some("theirs".into()), ..ClusterSettings::default() };
        assert_eq!(pod.connection(&file), Err(SettingsConflict::InCluster));

        let careful = Settings { refuse_configured_kubeconfig: true, ..Settings::default() };
        let conflict = SettingsConflict::Kubeconfig { configured: "theirs".into() };
        assert_eq!(careful.connection(&file), Err(conflict.clone()));
        let ours = Settings { kubeconfig: Some("mine".into()), ..careful.clone() };
        assert_eq!(ours.connection(&file), Err(conflict));
        careful.connection(&cluster).unwrap();
    }

    #[test]
    fn the_values_of_variables_show_in_no_log() {
        let inputs = ConfigInputs { vars: vec!["password=hunter2".into()], ..ConfigInputs::in_folder("/") };
        assert!(!format!("{inputs:?}").contains("hunter2"));
    }
}
