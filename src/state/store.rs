//! The state in use: read by anyone, written by one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::journal::{Begin, Intent, Journal, JournalLine, Outcome, RunEnd};
use super::model::{Expected, FORMAT_VERSION, State, Version};
use super::recover::{self, JournalStatus, Recovered, recover};
use super::revision::{Revision, RevisionHead, Summary};
use super::{Backend, Holder, IntentKind, Lineage, Locked, RunId, StateError};
use crate::resource::{Address, ClusterIdentity, FieldPath, Identity, Key};

/// A state as a command sees it that does not write.
#[derive(Debug, Clone)]
pub struct View {
    /// The state, with what a run under way or a killed one has recorded folded in. Of a project without
    /// a state an empty one, whose lineage is not kept.
    pub state: State,
    /// Whether there is a state at all.
    pub exists: bool,
    /// The run that was folded in. It may still be running: a view asks for no lock.
    pub recovered: Option<Recovered>,
}

/// What a run is going to do.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The digest of the plan.
    pub plan: String,
    /// The cluster at hand; the first run pins it.
    pub cluster: ClusterIdentity,
    /// What is going to be done, in the plan's order.
    pub intents: Vec<Intent>,
}

/// What a revision keeps beyond the state.
#[derive(Debug, Clone, Default)]
pub struct Completion {
    /// The digest of the configuration.
    pub configuration: String,
    /// What was changed, and how.
    pub changed: BTreeMap<Address, IntentKind>,
    /// What was desired, sensitive fields taken out.
    pub desired: BTreeMap<Address, Value>,
    /// The fields that were taken out.
    pub withheld: BTreeMap<Address, Vec<FieldPath>>,
    /// What the run left out: it is desired as it was in the revision before.
    pub left_out: BTreeSet<Address>,
}

impl Completion {
    /// Takes over what a revision desired of that which the run left out. It is known by its object, since
    /// its address may have been changed in the state meanwhile.
    fn carry_over(&mut self, mut before: Revision, now: &State) {
        for (old, object) in before.desired {
            let identity = Identity::of(&object);
            let mut left_out = self.left_out.iter();
            // What is used and never owned (a shared namespace) is not in the state.
            let is_this = |address: &&Address| match now.resources.get(*address) {
                Some(known) => Some(&known.identity) == identity.as_ref(),
                None => **address == old,
            };
            let Some(address) = left_out.find(is_this) else { continue };
            if let Some(withheld) = before.withheld.remove(&old) {
                self.withheld.insert(address.clone(), withheld);
            }
            self.desired.insert(address.clone(), object);
        }
    }
}

/// The state, locked for writing.
pub struct Store {
    backend: Box<dyn Backend>,
    locked: Locked,
    /// As it is kept, and what the next replacement expects to find.
    kept: State,
    on_disk: Option<Version>,
    /// The run under way, and the state with its outcomes so far.
    run: Option<(Journal, State)>,
    recovered: Option<Recovered>,
}

/// Reads the state without a lock, whatever a writer does meanwhile.
pub async fn view(backend: &dyn Backend, project: &str) -> Result<View, StateError> {
    // The journal first: if a run ends between the two reads, the state is found to hold it already. If
    // another one begins as well, the two no longer go together, and both are read again.
    let mut patience: u8 = 3;
    loop {
        let journal = backend.journal().await?;
        let loaded = backend.load().await?;
        let status = match (&loaded, &journal) {
            (Some(state), Some(journal)) => recover::status(state, journal),
            (_, None) => Some(JournalStatus::Folded),
            (None, Some(_)) => None,
        };
        match (status, journal) {
            (None, Some(_)) if patience > 0 => patience -= 1,
            (None, Some(journal)) => {
                return Err(recover::foreign(&backend.journal_place(), loaded.as_ref(), &journal));
            }
            (status, journal) => {
                let exists = loaded.is_some();
                let state = loaded.unwrap_or_else(|| State::new(project));
                state.check(&backend.place(), Expected { project: Some(project), ..Expected::default() })?;
                let open = journal.filter(|_| status == Some(JournalStatus::Open));
                let Some(journal) = open else { return Ok(View { state, exists, recovered: None }) };
                let (state, journal) = fold(backend, state, journal).await?;
                return Ok(View { state, exists, recovered: recover::report(&journal) });
            }
        }
    }
}

/// Folds in a journal that goes with the state, and tells the journal as it is to be understood.
async fn fold(
    backend: &dyn Backend,
    state: State,
    mut journal: Journal,
) -> Result<(State, Journal), StateError> {
    // The revision is written before the journal's end: where it is there, the run was complete.
    let newest = newest_revision(backend).await?;
    let completed = newest.filter(|(_, run)| run.as_ref() == Some(&journal.begin.run));
    if completed.is_some() {
        journal.end = Some(RunEnd::Completed);
    }
    let mut state = recover(state, &journal);
    if let Some((number, _)) = completed {
        state.revision = number;
    }
    Ok((state, journal))
}

/// The newest number that is taken, and whose revision it is; `None` inside where that cannot be read.
async fn newest_revision(backend: &dyn Backend) -> Result<Option<(u64, Option<RunId>)>, StateError> {
    let Some(number) = backend.revisions().await?.last().copied() else { return Ok(None) };
    // A damaged revision is history's trouble; it must not stand in the way of a run.
    let run = backend.revision_head(number).await.ok().map(|head| head.run);
    Ok(Some((number, run)))
}

impl Store {
    /// Takes the lock, loads the state, and folds in what an interrupted run left behind. `command` is
    /// what this process does, such as `apply`.
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
        // Also a journal that was cut off in its first line: nothing had begun.
        backend.clear_journal().await?;
        Ok(Self { backend, locked, kept, on_disk, run: None, recovered: None })
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
        Ok(Self { backend, locked, kept, on_disk, run: None, recovered: recover::report(&journal) })
    }

    /// The state, with the outcomes so far of the run under way.
    pub fn state(&self) -> &State {
        self.run.as_ref().map_or(&self.kept, |(_, state)| state)
    }

    /// Whether there was a state before this process.
    pub fn exists(&self) -> bool {
        self.on_disk.is_some()
    }

    /// We, as others see us.
    pub fn holder(&self) -> &Holder {
        &self.locked.holder
    }

    /// Whoever held the lock last and was killed.
    pub fn left_by(&self) -> Option<&Holder> {
        self.locked.left_by.as_ref()
    }

    /// The interrupted run that was folded in when this was opened.
    pub fn recovered(&self) -> Option<&Recovered> {
        self.recovered.as_ref()
    }

    /// Refuses another lineage or cluster than expected; see [`State::check`].
    pub fn check(&self, expected: Expected<'_>) -> Result<(), StateError> {
        self.state().check(&self.backend.place(), expected)
    }

    /// Takes over a lineage that is older than this state: of the plan that was made when there was no
    /// state yet, or of the annotations of objects whose state was lost. A state that exists has its own.
    pub fn assume_lineage(&mut self, lineage: &Lineage) -> Result<(), StateError> {
        if self.exists() {
            return self.check(Expected { lineage: Some(lineage), ..Expected::default() });
        }
        self.kept.lineage = lineage.clone();
        Ok(())
    }

    /// Whether we may still write; asked before each write to the cluster.
    pub async fn confirm(&self) -> Result<(), StateError> {
        self.backend.confirm_lock().await
    }

    /// Records what is going to be done. When this returns, the cluster may be written to.
    pub async fn begin(&mut self, run: NewRun) -> Result<RunId, StateError> {
        if self.run.is_some() {
            return Err(StateError::OutOfOrder("a run has begun already"));
        }
        self.check(Expected { cluster: Some(&run.cluster), ..Expected::default() })?;
        let mut state = self.kept.clone();
        // Objects will carry the lineage, and be in this cluster: both must outlive us.
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
            intents: run.intents,
        };
        self.backend.append(&JournalLine::Begin(Box::new(begin.clone()))).await?;
        let id = begin.run.clone();
        self.run = Some((Journal::new(begin), self.kept.clone()));
        Ok(id)
    }

    /// Records an outcome. It counts from now on, even where writing it down failed.
    pub async fn outcome(&mut self, address: &Address, outcome: Outcome) -> Result<(), StateError> {
        let Some((journal, state)) = &mut self.run else {
            return Err(StateError::OutOfOrder("no run has begun"));
        };
        // In memory first: what happened has happened, and the end writes the state from here.
        state.record(address, &outcome);
        journal.outcomes.push((address.clone(), outcome.clone()));
        let record = JournalLine::Outcome { address: address.clone(), outcome: Box::new(outcome) };
        self.backend.append(&record).await
    }

    /// Ends the run: a revision if it is complete, then the state, then the journal goes. The number of
    /// the revision, if there is one. Where this fails, the run is folded in at the next start.
    pub async fn finish(&mut self, end: RunEnd, completion: Completion) -> Result<Option<u64>, StateError> {
        let Some((mut journal, _)) = self.run.take() else {
            return Err(StateError::OutOfOrder("no run has begun"));
        };
        journal.end = Some(end);
        let mut next = recover(self.kept.clone(), &journal);
        let mut revision = Ok(None);
        if end == RunEnd::Completed {
            revision = self.save_revision(&journal, &mut next, completion).await.map(Some);
            if revision.is_err() {
                // Without its revision it could not be rolled back to: it is not complete.
                journal.end = Some(RunEnd::Failed);
                next = recover(self.kept.clone(), &journal);
            }
        }
        // The end only says that we were not killed. Where the journal cannot take it (perhaps it could not
        // take an outcome either), it is the more important to write the state.
        let ended = match journal.end {
            Some(end) => self.backend.append(&JournalLine::End { end }).await,
            None => Ok(()),
        };
        if let Err(error) = self.backend.replace(&next, self.on_disk.as_ref()).await {
            return Err(revision.and(ended).err().unwrap_or(error));
        }
        self.on_disk = Some(next.version());
        self.kept = next;
        self.backend.clear_journal().await?;
        revision
    }

    async fn save_revision(
        &mut self,
        journal: &Journal,
        next: &mut State,
        mut completion: Completion,
    ) -> Result<u64, StateError> {
        let newest = self.backend.revisions().await?.last().copied().unwrap_or(0);
        // A state that was put back from a backup may be behind its revisions: none is written over.
        let number = newest.max(next.revision) + 1;
        if !completion.left_out.is_empty() && next.revision > 0 {
            // A damaged revision is history's trouble; it must not stand in the way of a run.
            let before = self.backend.revision(next.revision).await.ok();
            if let Some(before) = before {
                completion.carry_over(before, next);
            }
        }
        next.revision = number;
        let head = RevisionHead {
            number,
            run: journal.begin.run.clone(),
            at: Timestamp::now(),
            by: journal.begin.by.clone(),
            command: self.locked.holder.command.clone(),
            plan: journal.begin.plan.clone(),
            configuration: completion.configuration,
            summary: Summary::of(&completion.changed),
            changed: completion.changed,
        };
        let revision = Revision {
            format_version: FORMAT_VERSION,
            head,
            state: next.clone(),
            desired: completion.desired,
            withheld: completion.withheld,
        };
        self.backend.save_revision(&revision).await?;
        Ok(number)
    }

    /// Changes the state without a run (`state mv`, `state rm`, `state rebuild`).
    pub async fn edit(&mut self, change: impl FnOnce(&mut State)) -> Result<(), StateError> {
        if self.run.is_some() {
            return Err(StateError::OutOfOrder("a run is under way"));
        }
        let mut state = self.kept.clone();
        change(&mut state);
        self.keep(state).await
    }

    async fn keep(&mut self, mut state: State) -> Result<(), StateError> {
        // These are not the caller's to change.
        state.lineage.clone_from(&self.kept.lineage);
        state.serial = self.kept.serial + 1;
        self.backend.replace(&state, self.on_disk.as_ref()).await?;
        self.on_disk = Some(state.version());
        self.kept = state;
        Ok(())
    }

    /// The key that seals what plan files say of secrets; `None` where no plan was ever kept in a file.
    pub async fn key(&self) -> Result<Option<Key>, StateError> {
        self.backend.key().await
    }

    /// The revision of a plan that was completed; the same plan is not applied twice. Only as far back as
    /// revisions are kept.
    pub async fn completed(&self, plan: &str) -> Result<Option<RevisionHead>, StateError> {
        let (heads, _) = history(self.backend.as_ref()).await?;
        Ok(heads.into_iter().rev().find(|head| head.plan == plan))
    }

    /// Lets go of the lock, and gives the backend back. Dropping the store does so as well, where the
    /// lock is the operating system's.
    pub async fn close(mut self) -> Result<Box<dyn Backend>, StateError> {
        self.backend.release().await?;
        Ok(self.backend)
    }
}

/// What `regplan history` lists, oldest first; and what could not be read of it, which hides nothing else.
pub async fn history(backend: &dyn Backend) -> Result<(Vec<RevisionHead>, Vec<StateError>), StateError> {
    let (mut heads, mut damaged) = (Vec::new(), Vec::new());
    for number in backend.revisions().await? {
        match backend.revision_head(number).await {
            Ok(head) => heads.push(head),
            // A writer let go of it between the two reads.
            Err(StateError::NoRevision { .. }) => {}
            Err(error) => damaged.push(error),
        }
    }
    Ok((heads, damaged))
}
