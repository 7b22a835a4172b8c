//! The keys by which zones are written: found again by where they come from, each time.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::config::SecretSource;
use crate::resource::{Problem, ProblemKind};

/// Looks up a variable of the environment.
pub type LookUp = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where the values of keys are found.
#[derive(Clone)]
pub(super) struct Credentials(LookUp);

/// Holds secrets.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// Those of this environment.
    pub(super) fn new(look_up: LookUp) -> Self {
        Self(look_up)
    }

    /// The value; relative paths start from this folder.
    ///
    /// # Errors
    /// It cannot be had.
    pub(super) fn value(&self, source: &SecretSource, folder: &Path) -> Result<String, Problem> {
        let missing = |why: String| {
            Problem::new(ProblemKind::DryRunRefused, why)
                .help("set it where regplan runs: the record is not written without it")
        };
        match source {
            SecretSource::Env(name) => match (self.0)(name) {
                Some(value) if !value.is_empty() => Ok(value),
                Some(_) => Err(missing(format!("the environment variable {name} is empty"))),
                None => Err(missing(format!("the environment variable {name} is not set"))),
            },
            SecretSource::File(path) => {
                let path = folder.join(path);
                let text = std::fs::read_to_string(&path).map_err(|error| {
                    missing(format!("the file {} cannot be read: {error}", path.display()))
                })?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            SecretSource::Generate(_) => {
                Err(missing("a key of another service cannot be generated here".to_owned()))
            }
        }
    }
}
