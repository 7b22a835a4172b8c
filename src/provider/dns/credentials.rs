//! The keys by which zones are written: found again by where they come from, each time.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::config::SecretSource;
use crate::resource::{Problem, ProblemKind};

/// Looks up a variable of the environment.
pub type LookUp = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;
/// Reads the secret in a file, or says why it cannot.
pub type ReadSecret = fn(&Path) -> Result<String, String>;

/// Where the values of keys are found.
#[derive(Clone)]
pub(super) struct Credentials {
    look_up: LookUp,
    read: ReadSecret,
}

/// Holds secrets.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// Those of this environment.
    pub(super) fn new(look_up: LookUp, read: ReadSecret) -> Self {
        Self { look_up, read }
    }

    /// The value; relative paths start from this folder.
    ///
    /// # Errors
    /// It cannot be had.
    pub(super) fn value(&self, source: Option<&SecretSource>, folder: &Path) -> Result<String, Problem> {
        let missing = |why: String| {
            Problem::new(ProblemKind::DryRunRefused, why)
                .help("set it where regplan runs: the record is not written without it")
        };
        let Some(source) = source else { return Err(missing("its key cannot be had".to_owned())) };
        match source {
            SecretSource::Env(name) => match (self.look_up)(name) {
                Some(value) if !value.is_empty() => Ok(value),
                Some(_) => Err(missing(format!("the environment variable {name} is empty"))),
                None => Err(missing(format!("the environment variable {name} is not set"))),
            },
            SecretSource::File(path) => (self.read)(&folder.join(path)).map_err(missing),
            SecretSource::Generate(_) => {
                Err(missing("a key of another service cannot be generated here".to_owned()))
            }
        }
    }
}
