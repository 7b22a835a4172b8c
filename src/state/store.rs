//! The store: a state that this process has locked, and the run that it records.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::backend::{Backend, Locked};
use super::completed::CompletedPlan;
use super::completion::{Completion, NewRun};
use super::error::{StateError, unless_damaged};
use super::history;
use super::holder::Holder;
use super::id::{Lineage, RunId};
use super::journal::{Begin, Journal, JournalLine, Outcome, RunEnd};
use super::model::{Expected, State};
use super::recover::{self, JournalStatus, Recovered, recover, with_end};
use super::revision::{Revision, RevisionHead, RevisionSummary};
use super::value_keeping;
use super::version::{FORMAT_VERSION, StateVersion};
use super::view::fold;
use crate::resource::{Address, Key, Permit};

/// The state, locked for writing.
pub struct Store {
    backend: Box<dyn Backend>,
    locked: Locked,
    /// The state as it is on disk. The next replacement is refused where something else is there.
    kept: State,
    on_disk: Option<StateVersion>,
    /// The run under way, and the state with its outcomes so far.
    run: Option<Box<(Journal, State)>>,
    /// Outcomes of this run that are not written down yet.
    noted: Vec<JournalLine>,
    /// Where outcomes of this run could not be written down. We know them; whoever reads the journal does not.
    unwritten: BTreeSet<Address>,
    recovered: Option<Recovered>,
}

impl Store {
    /// Takes the lock, loads the state, and folds in what an interrupted run left behind. `command` is
    /// what this process does, such as `apply`.
    ///
    /// # Errors
    /// Another process holds the lock; something cannot be read; the state is another project's; or the
    /// journal does not belong to the state.
    pub async fn open(
        mut backend: Box<dyn Backend>,
        project: &str,
        command: &str,
    ) -> Result<Self, StateError> {
        let locked = backend.lock(command).await?;
        let loaded = backend.load().await?;
        let on_disk = loaded.as_ref().map(State::version);
        if let Some(state) = &loaded {
            state.check(&backend.place(), Expected { project: Some(project), ..Expected::default() })?;
        }
        let journal = backend.journal().await?;
        let kept = match (loaded, journal) {
            (None, Some(journal)) => return Err(recover::foreign(&backend.journal_place(), None, &journal)),
            (None, None) => State::new(project),
            (Some(state), None) => state,
            (Some(state), Some(journal)) => match recover::status(&state, &journal) {
                None => return Err(recover::foreign(&backend.journal_place(), Some(&state), &journal)),
                Some(JournalStatus::Folded) => state,
                Some(JournalStatus::Open) => return Self::open_after(backend, locked, state, journal).await,
            },
        };
        // This includes a journal that was cut off in its first line: the run had not begun.
        backend.clear_journal().await?;
        Ok(Self::without_a_run(backend, locked, kept, on_disk))
    }

    fn without_a_run(
        backend: Box<dyn Backend>,
        locked: Locked,
        kept: State,
        on_disk: Option<StateVersion>,
    ) -> Self {
        let (noted, unwritten) = (Vec::new(), BTreeSet::new());
        Self { backend, locked, kept, on_disk, run: None, noted, unwritten, recovered: None }
    }

    async fn open_after(
        mut backend: Box<dyn Backend>,
        locked: Locked,
        state: State,
        journal: Journal,
    ) -> Result<Self, StateError> {
        let found = state.version();
        let (kept, journal) = fold(backend.as_ref(), state, journal).await?;
        backend.replace(&kept, Some(&found)).await?;
        backend.clear_journal().await?;
        let on_disk = Some(kept.version());
        let store = Self::without_a_run(backend, locked, kept, on_disk);
        Ok(Self { recovered: recover::report(&journal), ..store })
    }

    /// The state, with the outcomes so far of the run under way.
    pub fn state(&self) -> &State {
        self.run.as_deref().map_or(&self.kept, |(_, state)| state)
    }

    /// Whether there was a state before this process.
    pub fn exists(&self) -> bool {
        self.on_disk.is_some()
    }

    /// This process, as the lock's file names it.
    pub fn holder(&self) -> &Holder {
        &self.locked.holder
    }

    /// The process that held the lock last and was killed.
    pub fn left_by(&self) -> Option<&Holder> {
        self.locked.left_by.as_ref()
    }

    /// The interrupted run that was folded in when this was opened.
    pub fn recovered(&self) -> Option<&Recovered> {
        self.recovered.as_ref()
    }

    /// Where it is kept.
    pub fn place(&self) -> PathBuf {
        self.backend.place()
    }

    /// Refuses another lineage or cluster than expected.
    ///
    /// # Errors
    /// Those of [`State::check`].
    pub fn check(&self, expected: Expected<'_>) -> Result<(), StateError> {
        self.state().check(&self.backend.place(), expected)
    }

    /// Takes over a lineage that is older than this state: that of a plan which was made before there was a
    /// state, or that in the annotations of objects whose state was lost.
    ///
    /// # Errors
    /// The state exists already, and has another lineage.
    pub fn assume_lineage(&mut self, lineage: &Lineage) -> Result<(), StateError> {
        if self.exists() {
            return self.check(Expected { lineage: Some(lineage), ..Expected::default() });
        }
        self.kept.lineage = lineage.clone();
        Ok(())
    }

    /// Makes sure that the lock is still ours. The engine asks before a run begins; every write to the state
    /// asks as well.
    ///
    /// # Errors
    /// The lock is not ours (any more).
    pub async fn confirm(&self) -> Result<(), StateError> {
        self.backend.confirm_lock().await
    }

    /// Whether we may write to the cluster, asked right before each write.
    pub fn permit(&self) -> Permit {
        self.backend.permit()
    }

    /// Records what is going to be done. When this returns, the cluster may be written to.
    ///
    /// # Errors
    /// A run has begun already; the cluster is not the state's; or something cannot be written.
    pub async fn begin(&mut self, run: NewRun) -> Result<RunId, StateError> {
        if self.run.is_some() {
            return Err(StateError::OutOfOrder("a run has begun already"));
        }
        self.check(Expected { cluster: Some(&run.cluster), ..Expected::default() })?;
        let mut state = self.kept.clone();
        // Objects will carry the lineage, and will be in this cluster: both must be on disk before the first
        // write.
        if state.pin_cluster(&run.cluster) || !self.exists() {
            self.keep(state).await?;
        }
        let begin = Begin {
            format_version: FORMAT_VERSION,
            run: RunId::random(),
            lineage: self.kept.lineage.clone(),
            serial: self.kept.serial,
            plan: run.plan,
            at: Timestamp::now(),
            by: self.locked.holder.who(),
            files: run.read_from.files,
            variables: run.read_from.variables,
            selections: run.read_from.selections,
            intents: run.intents,
        };
        self.backend.append(&[JournalLine::Begin(Box::new(begin.clone()))]).await?;
        let id = begin.run.clone();
        self.run = Some(Box::new((Journal::new(begin), self.kept.clone())));
        Ok(id)
    }

    /// Takes a run back of which nothing was done.
    ///
    /// # Errors
    /// The journal cannot be removed; then the next start finds a run without outcomes.
    pub async fn take_back(&mut self) -> Result<(), StateError> {
        self.run = None;
        self.backend.clear_journal().await
    }

    /// Notes in which namespace of the cluster it is recorded that this is the newest state. It is written down with the
    /// end of the run.
    pub fn recorded_in(&mut self, namespace: &str) {
        let run = self.run.as_deref_mut().map(|(_, state)| state);
        for state in run.into_iter().chain([&mut self.kept]) {
            state.recorded_in = Some(namespace.to_owned());
        }
    }

    /// Records an outcome. It counts from now on, even where [`keep_outcomes`](Self::keep_outcomes) fails to write it
    /// down.
    ///
    /// # Errors
    /// No run has begun.
    pub fn outcome(&mut self, address: &Address, outcome: Outcome) -> Result<(), StateError> {
        let Some((journal, state)) = self.run.as_deref_mut() else {
            return Err(StateError::OutOfOrder("no run has begun"));
        };
        // The state in memory comes first: the outcome is a fact, and `finish` writes the state from memory.
        state.record(address, &outcome);
        journal.outcomes.push((address.clone(), outcome.clone()));
        self.noted.push(JournalLine::Outcome { address: address.clone(), outcome: Box::new(outcome) });
        Ok(())
    }

    /// Writes down the outcomes that were recorded since the last time, all of them at once.
    ///
    /// # Errors
    /// They could not be written.
    pub async fn keep_outcomes(&mut self) -> Result<(), StateError> {
        let noted = std::mem::take(&mut self.noted);
        if noted.is_empty() {
            return Ok(());
        }
        let written = self.backend.append(&noted).await;
        if written.is_err() {
            self.unwritten.extend(noted.into_iter().filter_map(|line| match line {
                JournalLine::Outcome { address, .. } => Some(address),
                _ => None,
            }));
        }
        written
    }

    /// Notes the writes that were begun and whose answers nobody waits for any more. The end of the run names
    /// them, and the next plan looks for them in the cluster. Nothing is written before
    /// [`finish`](Self::finish); if the run is killed before, all its intents without an outcome are in doubt
    /// anyway. Without a run it does nothing.
    pub fn leave_in_flight(&mut self, writes: BTreeSet<Address>) {
        if let Some((journal, _)) = self.run.as_deref_mut() {
            journal.in_flight.extend(writes);
        }
    }

    /// Ends the run: writes a revision if the run is complete, then the state, then removes the journal.
    /// Returns the number of the revision, if there is one.
    ///
    /// # Errors
    /// No run has begun, or something cannot be written; in the latter case the next start folds the run in.
    pub async fn finish(&mut self, end: RunEnd, completion: Completion) -> Result<Option<u64>, StateError> {
        // Where they cannot be written down, the state below has them all the same.
        let kept = self.keep_outcomes().await;
        let Some((mut journal, state)) = self.run.take().map(|run| *run) else {
            return Err(StateError::OutOfOrder("no run has begun"));
        };
        journal.end = Some(end);
        let mut next = with_end(state, &journal);
        let mut revision = Ok(None);
        if end == RunEnd::Completed {
            (next, revision) = match self.save_revision(&journal, next, completion).await {
                Ok(Revision { head, state, .. }) => (state, Ok(Some(head.number))),
                Err(error) => {
                    // Without its revision there could be no rollback to this run: it is not complete.
                    journal.end = Some(RunEnd::Failed);
                    (recover(self.kept.clone(), &journal), Err(error))
                }
            };
        }
        // The last line only says that we were not killed. Where the journal cannot be written (perhaps an
        // outcome could not be written either), it is even more important to write the state.
        let ended = match journal.end {
            Some(end) => {
                let mut in_flight = unanswered(&journal);
                in_flight.append(&mut self.unwritten);
                self.backend.append(&[JournalLine::End { end, in_flight }]).await
            }
            None => Ok(()),
        };
        if let Err(error) = self.backend.replace(&next, self.on_disk.as_ref()).await {
            return Err(kept.and(revision.map(|_| ())).and(ended).err().unwrap_or(error));
        }
        self.on_disk = Some(next.version());
        self.kept = next;
        self.backend.clear_journal().await?;
        revision
    }

    /// Writes the revision of a complete run, which ends with this state.
    async fn save_revision(
        &mut self,
        journal: &Journal,
        mut next: State,
        mut completion: Completion,
    ) -> Result<Revision, StateError> {
        let newest = self.backend.revisions().await?.last().copied().unwrap_or(0);
        // A state that was restored from a backup may be older than its revisions: none of them is
        // overwritten.
        let number = newest.max(next.revision) + 1;
        let mut head_before = None;
        if !completion.left_out.is_empty() && next.revision > 0 {
            // A damaged revision is missing from the history, and stops no run.
            let before = self.backend.revision(next.revision).await;
            if let Some(before) = unless_damaged(before)? {
                head_before = Some(before.head.clone());
                completion.carry_over(before, &next);
            }
        }
        let configuration = completion.configuration.clone();
        let changed_before = self.kept.unfinished.as_ref().map(|run| run.changed.clone()).unwrap_or_default();
        let mut head = RevisionHead {
            number,
            run: journal.begin.run.clone(),
            at: Timestamp::now(),
            by: journal.begin.by.clone(),
            command: completion.command.clone(),
            plan: journal.begin.plan.clone(),
            configuration,
            summary: RevisionSummary::default(),
            changed: completion.changed.clone(),
            changed_before,
        };
        head.summary = RevisionSummary::of(&head.all_changed());
        value_keeping::keep(self.backend.as_mut(), &head, head_before.as_ref(), &completion).await?;
        next.complete(head.completed_plan());
        let revision = Revision { head, state: next, desired: completion.desired };
        self.backend.save_revision(&revision).await?;
        Ok(revision)
    }

    /// Changes the state without a run (`state mv`, `state rm`).
    ///
    /// # Errors
    /// A run has begun, or the state cannot be written.
    pub async fn edit(&mut self, change: impl FnOnce(&mut State)) -> Result<(), StateError> {
        if self.run.is_some() {
            return Err(StateError::OutOfOrder("a run is under way"));
        }
        let mut state = self.kept.clone();
        change(&mut state);
        self.keep(state).await
    }

    /// Puts a state from elsewhere in place of this one. `file` is where it came from, for the message of an error.
    ///
    /// # Errors
    /// It is another project's, of another lineage, or not newer than what is here; or a run is under way.
    pub async fn push(&mut self, pushed: State, file: &Path) -> Result<(), StateError> {
        if self.run.is_some() {
            return Err(StateError::OutOfOrder("a run is under way"));
        }
        let place = self.backend.place();
        if pushed.project != self.kept.project {
            return Err(StateError::FileOfOtherProject {
                path: file.to_owned(),
                found: pushed.project,
                expected: self.kept.project.clone(),
            });
        }
        let lineage = self.exists().then_some(&self.kept.lineage);
        pushed.check(file, Expected { project: None, lineage, cluster: self.kept.cluster.as_ref() })?;
        if let Some(here) = self.on_disk.as_ref().filter(|here| here.serial >= pushed.serial) {
            let (found, pushed) = (here.serial, pushed.serial);
            return Err(StateError::NotNewer { path: place, found, pushed });
        }
        self.backend.replace(&pushed, self.on_disk.as_ref()).await?;
        self.on_disk = Some(pushed.version());
        self.kept = pushed;
        Ok(())
    }

    async fn keep(&mut self, mut state: State) -> Result<(), StateError> {
        // The caller cannot change these.
        state.lineage.clone_from(&self.kept.lineage);
        state.serial = self.kept.serial + 1;
        self.backend.replace(&state, self.on_disk.as_ref()).await?;
        self.on_disk = Some(state.version());
        self.kept = state;
        Ok(())
    }

    /// The key that seals the digests of secrets in plan files; `None` where no plan was ever kept in a file.
    ///
    /// # Errors
    /// The key cannot be read.
    pub async fn key(&self) -> Result<Option<Key>, StateError> {
        self.backend.key().await
    }

    /// The record of a completed plan; `None` where it was not completed, as far as the state and the
    /// revisions remember. The same plan is not applied twice.
    ///
    /// # Errors
    /// The numbers of the revisions cannot be read.
    pub async fn completed(&self, plan: &str) -> Result<Option<CompletedPlan>, StateError> {
        history::completed(self.backend.as_ref(), self.state(), plan).await
    }

    /// The applies that were completed after the state had this serial, the newest first.
    ///
    /// # Errors
    /// The revisions cannot be read.
    pub async fn applied_since(&self, serial: u64) -> Result<Vec<RevisionHead>, StateError> {
        if self.state().serial <= serial {
            return Ok(Vec::new());
        }
        history::since(self.backend.as_ref(), serial).await
    }

    /// The place that is locked.
    pub(super) fn backend(&self) -> &dyn Backend {
        self.backend.as_ref()
    }

    /// The place that is locked, to be written to without a run.
    pub(super) fn backend_mut(&mut self) -> &mut dyn Backend {
        self.backend.as_mut()
    }

    /// Releases the lock, and returns the backend. If the store is only dropped, the operating system's lock
    /// is released as well.
    ///
    /// # Errors
    /// The backend cannot release the lock.
    pub async fn close(mut self) -> Result<Box<dyn Backend>, StateError> {
        self.backend.release().await?;
        Ok(self.backend)
    }
}

/// The addresses of the intents in doubt.
fn unanswered(journal: &Journal) -> BTreeSet<Address> {
    journal.in_doubt().into_iter().map(|intent| intent.address).collect()
}
