//! Where record sets lie. Their names do not tell: the configuration does, and of what has left it, the state.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use serde_json::Value;

use super::place::Place;
use crate::provider::Introduction;
use crate::resource::record_set::RECORDS_GROUP;
use crate::resource::{Identity, Problem, ProblemKind};

/// The `spec` of each record set that is known.
#[derive(Debug, Default, Clone)]
pub(super) struct Directory {
    /// Where the paths of files with keys start.
    pub(super) folder: PathBuf,
    /// The objects as they were sent last, and as they are desired.
    recorded: HashMap<Identity, Value>,
    desired: HashMap<Identity, Value>,
    /// What was deleted since.
    deleted: HashSet<Identity>,
}

impl Directory {
    /// What these objects say. Those of other houses are not looked for on a server.
    pub(super) fn of(introduction: &Introduction<'_>) -> Self {
        let record_set = |object: &Value| {
            let identity = Identity::of(object).filter(|identity| identity.group == RECORDS_GROUP)?;
            Some((identity, object.clone()))
        };
        let by_identity = |objects: &[Value]| objects.iter().filter_map(record_set).collect();
        Self {
            deleted: HashSet::new(),
            folder: introduction.folder.to_owned(),
            recorded: by_identity(&introduction.recorded),
            desired: by_identity(&introduction.desired),
        }
    }

    /// What is known of a record set: as it is desired, or else as it was written last.
    ///
    /// # Errors
    /// Nothing is known of it.
    pub(super) fn spec(&self, identity: &Identity) -> Result<&Value, Problem> {
        let object = self.desired.get(identity).or_else(|| self.recorded.get(identity));
        object.and_then(|object| object.get("spec")).ok_or_else(|| {
            let message = format!("nothing says on which server {identity} lies");
            Problem::new(ProblemKind::Settings, message).help(
                "a run that was cut off may have made it: put its [dns] block back and apply; after that it can be removed",
            )
        })
    }

    /// All record sets that are known.
    pub(super) fn identities(&self) -> BTreeSet<Identity> {
        self.desired.keys().chain(self.recorded.keys()).cloned().collect()
    }

    /// One record set, with its `spec`, for each zone and whoever keeps it, as it is desired, or else as it was written last.
    pub(super) fn homes(&self) -> BTreeMap<(String, String), (&Identity, &Value)> {
        let mut homes = BTreeMap::new();
        for (identity, object) in self.recorded.iter().chain(&self.desired) {
            let Some(spec) = object.get("spec") else { continue };
            if let Some(place) = Place::of(spec) {
                homes.insert((place.zone.clone(), place.server().to_owned()), (identity, spec));
            }
        }
        homes
    }

    /// The object as it was written last, where that is known.
    pub(super) fn recorded(&self, identity: &Identity) -> Option<&Value> {
        self.recorded.get(identity)
    }

    /// The object as it was written last, unless it was deleted since.
    pub(super) fn standing(&self, identity: &Identity) -> Option<&Value> {
        self.recorded(identity).filter(|_| !self.deleted.contains(identity))
    }

    /// The same after this object was deleted. Where it lay stays known.
    #[must_use]
    pub(super) fn with_deleted(mut self, identity: Identity) -> Self {
        self.deleted.insert(identity);
        self
    }

    /// The same after this object was written.
    #[must_use]
    pub(super) fn with_written(mut self, identity: Identity, object: Value) -> Self {
        self.deleted.remove(&identity);
        self.recorded.insert(identity, object);
        self
    }
}
