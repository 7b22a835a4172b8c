//! Where record sets lie. Their names do not tell: the configuration does, and of what has left it, the state.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::provider::Introduction;
use crate::resource::{Identity, Problem, ProblemKind};

/// The `spec` of each record set that is known.
#[derive(Debug, Default)]
pub(super) struct Directory {
    /// Where the paths of files with keys start.
    pub(super) folder: PathBuf,
    recorded: HashMap<Identity, Value>,
    desired: HashMap<Identity, Value>,
}

impl Directory {
    /// What these objects say.
    pub(super) fn of(introduction: &Introduction<'_>) -> Self {
        let specs = |objects: &[Value]| {
            let specs = objects
                .iter()
                .filter_map(|object| Some((Identity::of(object)?, object.get("spec")?.clone())));
            specs.collect()
        };
        Self {
            folder: introduction.folder.to_owned(),
            recorded: specs(&introduction.recorded),
            desired: specs(&introduction.desired),
        }
    }

    /// What is known of a record set: as it is desired, or else as it was written last.
    ///
    /// # Errors
    /// Nothing is known of it.
    pub(super) fn spec(&self, identity: &Identity) -> Result<&Value, Problem> {
        self.desired.get(identity).or_else(|| self.recorded.get(identity)).ok_or_else(|| {
            let message = format!("nothing says on which server {identity} lies");
            Problem::new(ProblemKind::Settings, message).help(
                "a run that was cut off may have made it: put its [dns] block back and apply; after that it can be removed",
            )
        })
    }

    /// What was written last, where that is known.
    pub(super) fn recorded(&self, identity: &Identity) -> Option<&Value> {
        self.recorded.get(identity)
    }
}
