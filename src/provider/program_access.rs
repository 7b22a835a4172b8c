//! How another program reaches the same cluster.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

/// How another program reaches the same cluster, with the same rights, in the way that all of Kubernetes' own programs
/// understand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProgramAccess {
    /// The kubeconfig files; none where the account of the pod is used.
    pub kubeconfig: Vec<PathBuf>,
    /// The context in them.
    pub context: Option<String>,
    /// The variables of the environment that no other program is given: secrets of the configuration come from them.
    pub withheld: BTreeSet<String>,
}

impl ProgramAccess {
    /// The value of the variable `KUBECONFIG`. Without files it is an empty one, so that no file of the user is taken.
    pub fn files(&self) -> OsString {
        match self.kubeconfig.as_slice() {
            [] => "/dev/null".into(),
            // Several of them come from such a list.
            files => std::env::join_paths(files).unwrap_or_else(|_| "/dev/null".into()),
        }
    }

    /// Whether the program may be given this variable.
    pub fn gives(&self, variable: &str) -> bool {
        !self.withheld.contains(variable)
    }
}
