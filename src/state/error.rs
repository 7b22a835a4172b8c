//! What can go wrong with a state, and what to do then.

use std::io;
use std::path::{Path, PathBuf};

use super::holder::Holder;
use super::id::{Lineage, LockId};
use super::shared::ShelfError;
use super::version::StateVersion;
use crate::diagnostic::Diagnostic;
use crate::resource::{ClusterIdentity, Problem};

/// Why the state could not be read or written. [`help`](Self::help) says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The operating system refused to read or write.
    #[error("could not {doing} `{}`: {source}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What was tried, as a verb: `read`, `replace`.
        doing: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The store that several machines share could not be read or written.
    #[error("could not {doing} `{}`: {}", path.display(), problem.message)]
    Shelf {
        /// Which item.
        path: PathBuf,
        /// What was tried, as a verb: `read`, `write`.
        doing: &'static str,
        /// Why it was not done.
        problem: Box<Problem>,
    },
    /// The state has moved to another place.
    #[error("the state of `{}` has moved to `{}`", path.display(), to.display())]
    Retired {
        /// Where it was.
        path: PathBuf,
        /// Where it is.
        to: PathBuf,
    },
    /// The state has moved, and the note that says where to is damaged.
    #[error(
        "the state of `{}` has moved, and the note that is there instead is damaged: perhaps it is at `{}`",
        path.display(), to.display()
    )]
    NoteDamaged {
        /// Where it was.
        path: PathBuf,
        /// Where the note says that it is.
        to: PathBuf,
    },
    /// A state is to move to where it is.
    #[error("the state is at `{}` already", path.display())]
    SamePlace {
        /// That place.
        path: PathBuf,
    },
    /// There is no state that could move.
    #[error("there is no state at `{}` that could move", path.display())]
    NothingToMove {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// What was written to the new place of a state is not what is there.
    #[error("{what} did not arrive at `{}`: {found}", path.display())]
    NotMoved {
        /// What was written, in words: `revision 2`.
        what: String,
        /// The new place.
        path: PathBuf,
        /// What is there instead, in words.
        found: String,
    },
    /// Secret values are to be kept in another form, and cannot be opened.
    #[error("the secret values of revision {number} cannot be opened: {reason}")]
    ValuesClosed {
        /// The revision.
        number: u64,
        /// Why.
        reason: String,
    },
    /// There is no key for plan files, and this process may not make one.
    #[error("there is no key for plan files (`{}`){}", path.display(), and_why(refused.as_deref()))]
    NoKey {
        /// Where it would be.
        path: PathBuf,
        /// What was said to the try to make one; `None` where none was tried.
        refused: Option<Box<Problem>>,
    },
    /// The project's name cannot be a folder's name; it could lead out of the folder.
    #[error("the project name `{project}` cannot name a folder: {reason}")]
    BadProjectName {
        /// The project's name.
        project: String,
        /// Why it cannot be a folder's name.
        reason: &'static str,
    },
    /// The file is not what regplan writes.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, with line and column.
        reason: String,
    },
    /// A file that is to become the state is something else.
    #[error("`{}` is no state: {found}", path.display())]
    NoStateFile {
        /// Which file.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// A file that is to become the state is that of another project.
    #[error("`{}` is the state of the project `{found}`, and this configuration is that of `{expected}`", path.display())]
    FileOfOtherProject {
        /// Which file.
        path: PathBuf,
        /// The project that it names.
        found: String,
        /// The project of the configuration.
        expected: String,
    },
    /// The file was written by a newer regplan.
    #[error("`{}` has format version {found}, and this regplan knows versions up to {known}", path.display())]
    NewerFormat {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest that we know.
        known: u32,
    },
    /// The file is the state of another project.
    #[error("`{}` is the state of the project `{found}`, not of `{expected}`", path.display())]
    OtherProject {
        /// Which file.
        path: PathBuf,
        /// The project that it names.
        found: String,
        /// The project that was expected.
        expected: String,
    },
    /// The file is another state of the same project.
    #[error("`{}` has the lineage {found}, and {expected} is expected: these are two different states", path.display())]
    OtherLineage {
        /// Which file.
        path: PathBuf,
        /// Its lineage.
        found: Lineage,
        /// The one that is expected.
        expected: Lineage,
    },
    /// The file is about another cluster.
    #[error(
        "`{}` is about the cluster {}, and this one is {}",
        path.display(), describe(found), describe(expected)
    )]
    OtherCluster {
        /// Which file.
        path: PathBuf,
        /// The cluster in the state.
        found: Box<ClusterIdentity>,
        /// The cluster that the settings lead to.
        expected: Box<ClusterIdentity>,
    },
    /// Another process wrote the file in the meantime.
    #[error(
        "`{}` was changed by somebody else: expected {}, found {}",
        path.display(), describe_version(expected.as_ref()), describe_version(found.as_ref())
    )]
    Moved {
        /// Which file.
        path: PathBuf,
        /// What we read.
        expected: Option<StateVersion>,
        /// What is there now.
        found: Option<StateVersion>,
    },
    /// A state is to be put in place of one that is as new.
    #[error("`{}` has the serial {found}, and the state in the file has {pushed}: it is not newer", path.display())]
    NotNewer {
        /// The state that is here.
        path: PathBuf,
        /// Its serial.
        found: u64,
        /// The serial of the other one.
        pushed: u64,
    },
    /// Another process holds the lock.
    #[error("the state is locked{} (`{}`)", by(holder.as_deref()), path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
        /// Who holds it; `None` where that process has not written its name yet.
        holder: Option<Box<Holder>>,
    },
    /// This process does not hold the lock, or holds it no longer.
    #[error("the lock `{}` is not ours: {reason}", path.display())]
    NotLocked {
        /// The lock.
        path: PathBuf,
        /// Why it is not held.
        reason: &'static str,
    },
    /// `unlock` was given an id that is not the lock's.
    #[error("the lock `{}` has {}, not {given}", path.display(), found.as_ref().map_or("no id".to_owned(), |id| format!("the id {id}")))]
    OtherLock {
        /// The lock.
        path: PathBuf,
        /// The id that was given.
        given: LockId,
        /// The id that it has.
        found: Option<LockId>,
    },
    /// A line of the journal is not what was written there.
    #[error("`{}`, line {line}, is damaged: {reason}", path.display())]
    JournalDamaged {
        /// The journal.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The journal does not belong to the state beside it.
    #[error("the journal `{}` does not go with the state beside it: {reason}", path.display())]
    JournalForeign {
        /// The journal.
        path: PathBuf,
        /// How that was found out.
        reason: String,
    },
    /// An earlier write to the journal failed, so it is not known what it holds.
    #[error("nothing more can be recorded in `{}`: an earlier write to it failed", path.display())]
    JournalLost {
        /// The journal.
        path: PathBuf,
    },
    /// There is no revision of this number.
    #[error("there is no revision {number} in `{}` ({})", path.display(), kept(kept_numbers))]
    NoRevision {
        /// The folder of the revisions.
        path: PathBuf,
        /// The number that was asked for.
        number: u64,
        /// The numbers that are there.
        kept_numbers: Vec<u64>,
    },
    /// The store was called in a wrong order, which is a mistake in regplan itself.
    #[error("the state was used out of order: {0}")]
    OutOfOrder(&'static str),
}

/// What a file of the state holds; `None` where it is damaged, of a newer format, or gone. That it cannot be read is an
/// error: it may hold anything.
pub(super) fn unless_damaged<T>(read: Result<T, StateError>) -> Result<Option<T>, StateError> {
    match read {
        Ok(content) => Ok(Some(content)),
        Err(error @ (StateError::Io { .. } | StateError::Shelf { .. })) => Err(error),
        Err(_) => Ok(None),
    }
}

impl StateError {
    /// Makes an error of the operating system one of this room: `.map_err(StateError::io(path, "read"))`.
    pub(super) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, doing, source }
    }

    /// Where a key could not be made: what the store said to that, by itself.
    #[must_use]
    pub fn without_key_as_refused(self) -> Self {
        match self {
            Self::NoKey { path, refused: Some(problem) } => Self::Shelf { path, doing: "write", problem },
            other => other,
        }
    }

    /// Makes an error of a shelf one of this room: `.map_err(StateError::shelf(path, "read"))`.
    pub(super) fn shelf(path: &Path, doing: &'static str) -> impl FnOnce(ShelfError) -> Self + use<> {
        let path = path.to_owned();
        move |error| match error {
            ShelfError::Failed(problem) | ShelfError::Unanswered(problem) => {
                Self::Shelf { path, doing, problem }
            }
            ShelfError::Damaged(reason) => Self::Damaged { path, reason },
            ShelfError::Taken => {
                Self::NotLocked { path, reason: "another process has written in the meantime" }
            }
        }
    }

    /// A stable name for the kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "state-io",
            Self::Shelf { .. } => "state-store",
            Self::Retired { .. } => "state-moved-away",
            Self::NoteDamaged { .. } => "state-note-damaged",
            Self::SamePlace { .. } => "state-same-place",
            Self::NothingToMove { .. } => "state-nothing-to-move",
            Self::NotMoved { .. } => "state-not-moved",
            Self::ValuesClosed { .. } => "state-values-closed",
            Self::NoKey { .. } => "state-no-key",
            Self::BadProjectName { .. } => "state-project-name",
            Self::Damaged { .. } => "state-damaged",
            Self::NoStateFile { .. } => "state-no-state-file",
            Self::FileOfOtherProject { .. } => "state-file-of-other-project",
            Self::NewerFormat { .. } => "state-newer-format",
            Self::OtherProject { .. } => "state-other-project",
            Self::OtherLineage { .. } => "state-other-lineage",
            Self::OtherCluster { .. } => "state-other-cluster",
            Self::Moved { .. } => "state-moved",
            Self::NotNewer { .. } => "state-not-newer",
            Self::Locked { .. } => "state-locked",
            Self::NotLocked { .. } => "state-not-locked",
            Self::OtherLock { .. } => "state-other-lock",
            Self::JournalDamaged { .. } => "journal-damaged",
            Self::JournalForeign { .. } => "journal-foreign",
            Self::JournalLost { .. } => "journal-lost",
            Self::NoRevision { .. } => "no-revision",
            Self::OutOfOrder(_) => "state-out-of-order",
        }
    }

    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Io { source, .. } => io_help(source.kind()).to_owned(),
            Self::Shelf { problem, .. } => {
                problem.help.clone().unwrap_or_else(|| "run the same command again".to_owned())
            }
            Self::Retired { .. } => {
                "let `[state]` name the place where it is; or, if it is to come back, move it with `regplan state migrate`"
                    .to_owned()
            }
            Self::NoteDamaged { .. } => {
                "make sure where the state is, before anything is applied: a backup of this file says it, or whoever moved the \
                 state; then let `[state]` name that place"
                    .to_owned()
            }
            Self::SamePlace { .. } => {
                "name a configuration whose `[state]` is another one, with `--from` or `--to`".to_owned()
            }
            Self::NothingToMove { .. } => {
                "check which configuration has the old `[state]`, and name that one with `--from`".to_owned()
            }
            Self::NotMoved { .. } => {
                "the state stays where it was, and nothing of it is lost: run the same command again; if that does not help, \
                 find out what the new place does with what is written to it"
                    .to_owned()
            }
            Self::ValuesClosed { .. } => {
                "give the identity that the old configuration names in `[state] encryption`".to_owned()
            }
            Self::NoKey { .. } => {
                "let somebody who may write there run `regplan state init`; until then, plan without `--out`".to_owned()
            }
            Self::BadProjectName { .. } => {
                "give `[project] name` lower-case letters, digits and dashes".to_owned()
            }
            Self::Damaged { path, .. } => damaged_help(path),
            Self::NoStateFile { .. } => {
                "name a file from `regplan state pull`, or the `state.json` of a backup".to_owned()
            }
            Self::FileOfOtherProject { .. } => {
                "name the file of this project; or, for the other one, its configuration with `-f`".to_owned()
            }
            Self::NewerFormat { .. } => "use the regplan that wrote it, or a newer one".to_owned(),
            Self::OtherProject { .. } => {
                "give each project a place of its own in `[state]`, or put the project's name back: \
                 a renamed project has another state"
                    .to_owned()
            }
            Self::OtherLineage { .. } => {
                "use the file or the place of the state that is meant, or make the plan again; to put another \
                 state in the place of the present one, move that one away first"
                    .to_owned()
            }
            Self::OtherCluster { .. } => "choose the other cluster with `[cluster] context`, or, if this is meant to \
                be a new installation, give it another `[project] name`, or another place in `[state]`"
                .to_owned(),
            Self::Moved { .. } => "run the same command again".to_owned(),
            Self::NotNewer { .. } => {
                "the state that is here knows more: nothing has to be pushed. To go back to an older one, move the present one away first".to_owned()
            }
            Self::Locked { holder, .. } => match holder {
                Some(holder) => format!(
                    "wait for it to end, or end process {} on {}: its lock is free then; where several machines share \
                     the state, once it has run out",
                    holder.pid, holder.host
                ),
                None => "wait for it to end, and run the same command again".to_owned(),
            },
            Self::NotLocked { .. } => {
                "run the same command again; while regplan runs, leave its lock as it is".to_owned()
            }
            Self::OtherLock { found: None, .. } => "nothing has to be unlocked".to_owned(),
            Self::OtherLock { .. } => "give the id that the refused command printed last".to_owned(),
            Self::JournalDamaged { path, .. } => format!(
                "restore the file from a backup; or move `{}` away and run `regplan plan`, which finds what the \
                 interrupted run made by the annotations of the objects",
                path.display()
            ),
            Self::JournalForeign { path, .. } => format!(
                "put the state back that was there when the run began; or move `{}` away and run `regplan plan`, \
                 which finds what the interrupted run made by the annotations of the objects",
                path.display()
            ),
            Self::JournalLost { .. } => {
                "run the same command again: what was recorded is picked up, the rest is looked up in the cluster"
                    .to_owned()
            }
            Self::NoRevision { .. } => "`regplan history` lists those that are kept".to_owned(),
            Self::OutOfOrder(_) => "this is a mistake in regplan: please report it".to_owned(),
        }
    }

    /// The error as a diagnostic, with its code and its help.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::error(self.code(), self.to_string()).help(self.help())
    }
}

fn io_help(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "run as the user that the folder belongs to, or choose another one with `[state] path`"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room and run the same command again: what was recorded is picked up"
        }
        io::ErrorKind::Unsupported => {
            "this file system has no file locks: choose a folder on another one with `[state] path`"
        }
        _ => "check the folder, or choose another one with `[state] path`",
    }
}

fn damaged_help(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // In a cluster the names are `NAME.key`, `NAME.state`, `NAME.journal-0`.
    let more = match name.rsplit('.').next().unwrap_or_default() {
        "key" => {
            ", or remove it: the next `plan --out` or `regplan state init` makes another one, and plan files that were made \
             before are not applied"
        }
        "state" => {
            " of the cluster, with its chunks; or delete the ConfigMaps of the state, run `regplan state init`, and then \
             `regplan state rebuild`, which finds by its annotations what was applied"
        }
        part if part.starts_with("journal-") => {
            "; or delete it and run `regplan plan`, which finds what the interrupted run made by the annotations of the objects"
        }
        _ if name == "state.json" => {
            ", or move it away and run `regplan state rebuild`: it finds by its annotations what was applied, and says how \
             to take it over"
        }
        _ if name == "lock.json" => {
            ", or make sure that no regplan works on this project, and remove it: the next one makes another one"
        }
        _ if name == "index.json" => {
            ", or run the same command with the right to list what is below `[state] prefix`: the revisions tell what it held"
        }
        _ => "",
    };
    format!("it is left as it is; restore it from a backup{more}")
}

fn describe(cluster: &ClusterIdentity) -> String {
    match &cluster.uid {
        Some(uid) => format!("{} (uid {uid})", cluster.server),
        None => cluster.server.clone(),
    }
}

fn describe_version(version: Option<&StateVersion>) -> String {
    version.map_or("none".to_owned(), |version| format!("serial {} of {}", version.serial, version.lineage))
}

fn by(holder: Option<&Holder>) -> String {
    holder.map_or(String::new(), |holder| format!(" by {holder}"))
}

fn kept(numbers: &[u64]) -> String {
    match (numbers.first(), numbers.last()) {
        (Some(first), Some(last)) => format!("{first} to {last} are kept"),
        _ => "none is kept".to_owned(),
    }
}

/// What was said to a try, behind what follows from it.
fn and_why(refused: Option<&Problem>) -> String {
    refused.map_or_else(String::new, |problem| format!(", and none can be made: {}", problem.message))
}
