//! What was done, in numbers: `docs/reliability.md` is made from them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::mode::Mode;
use super::moment::Moment;
use super::subject::Walk;
use crate::messages::UPDATE;

/// One test at a time changes the file.
static FILE: Mutex<()> = Mutex::new(());

/// What a walk has done to one project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figures {
    /// What was done.
    pub(crate) walk: String,
    pub(crate) backend: String,
    /// How many objects the project has; 0 for one registry, whose objects change their number on the way.
    pub(crate) objects: usize,
    /// The seed of a random walk.
    pub(crate) seed: Option<u64>,
    /// The kills by command.
    pub(crate) by_command: BTreeMap<String, usize>,
    /// The kills by the kind of their moment.
    pub(crate) by_moment: BTreeMap<String, usize>,
    /// The runs that came to their end.
    pub(crate) ended: usize,
    /// The requests of the audit log that were held against the journals.
    pub(crate) requests: usize,
}

impl Figures {
    /// Nothing is done yet.
    pub(crate) fn new(walk: &Walk, seed: Option<u64>) -> Self {
        let Walk { name, backend, objects } = walk;
        Self {
            walk: name.clone(),
            backend: backend.name.to_owned(),
            objects: *objects,
            seed,
            ..Self::default()
        }
    }

    /// One more kill.
    pub(crate) fn killed(&mut self, command: &str, moment: Moment) {
        *self.by_command.entry(command.to_owned()).or_default() += 1;
        *self.by_moment.entry(moment.kind().to_owned()).or_default() += 1;
    }

    /// How many runs were killed.
    pub(crate) fn kills(&self) -> usize {
        self.by_command.values().sum()
    }

    /// How many runs there were.
    pub(crate) fn runs(&self) -> usize {
        self.kills() + self.ended
    }

    /// Fails where no run was killed, or none came to its end: then nothing is proved.
    #[track_caller]
    pub(crate) fn check_kills(&self) {
        assert!(self.kills() > 0 && self.ended > 0, "{self:?}");
    }

    /// Fails where so little was held against the journals that nothing is proved.
    #[track_caller]
    pub(crate) fn check_requests(&self) {
        let is_logged = crate::harness::Cluster::shared().facts().audit_log.is_some();
        // Some objects are in one version only, so an apply writes less than all of them.
        assert!(!is_logged || 2 * self.requests > self.objects, "{self:?}");
    }

    /// Keeps those of a long run in the file, in place of those of an earlier one, if the documentation is to be written.
    pub(crate) fn keep(self, mode: Mode) {
        if mode == Mode::Short || std::env::var_os(UPDATE).is_none() {
            return;
        }
        let _held = FILE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = kept();
        let key = |figures: &Self| (figures.walk.clone(), figures.objects, figures.backend.clone());
        all.retain(|other| key(other) != key(&self));
        all.push(self);
        all.sort_by_key(key);
        fs::write(path(), serde_json::to_string_pretty(&all).unwrap() + "\n").unwrap();
    }
}

/// The figures of the last long run of each walk.
pub(crate) fn kept() -> Vec<Figures> {
    serde_json::from_str(&fs::read_to_string(path()).unwrap()).unwrap()
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/force/figures.json")
}
