//! Records in the cluster which copy of a local state is the newest one, and compares the state that is here with that.
//!
//! The record is a `ConfigMap`. It has an entry for each lineage: two states of one project's name do not disturb each
//! other. It has none of the annotations of a project, and so is no resource of any.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::state_access::StateAccess;
use super::{Error, Workspace};
use crate::apply::Event;
use crate::engine::refusal::NotApplicable;
use crate::kubernetes::newest_state;
use crate::provider::{Guard, Provider, Write};
use crate::resource::{Problem, ProblemKind, Reading, Stamp, Target};
use crate::state::{BegunRun, Freshness, Lineage, Newest, NoRecord, RunId, Stale, State, Store};

/// How often the record is read again that somebody else changes at the same moment.
const TRIES: usize = 5;
/// How many entries a record has before those of destroyed projects go, the oldest first: an environment that is made and
/// destroyed again and again leaves one each time.
const MANY: usize = 20;
/// How long the end of a run may wait for its record: what was done is in the state already.
const PATIENCE: Duration = Duration::from_secs(5);

/// The record of a project.
pub(super) struct Register<'c> {
    provider: &'c dyn Provider,
    namespace: String,
    target: Target,
}

/// What the record says of a lineage, and at which moment.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The version of the `ConfigMap`; `None` where there is none.
    stamp: Option<Stamp>,
    /// The entries of all lineages, as they are. Who writes one writes all: what is not sent would go.
    all: BTreeMap<String, String>,
    /// What the one of the lineage says.
    newest: Result<Newest, NoRecord>,
}

/// Why something could not be recorded.
#[derive(Debug)]
pub(super) enum NotRecorded {
    /// The state is not the newest one, so nothing about it is recorded.
    Stale(Box<Stale>),
    /// The cluster did not take it.
    Problem(Problem),
}

impl From<Problem> for NotRecorded {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl<'c> Register<'c> {
    /// The record of the project of this state. It stays where it was made first, which the state remembers. `namespace` is
    /// where it is made; `None` for a state in a place of which there is but one.
    pub(super) fn of(provider: &'c dyn Provider, state: &State, namespace: Option<&str>) -> Option<Self> {
        let namespace =
            state.recorded_in.as_deref().filter(|_| namespace.is_some()).or(namespace)?.to_owned();
        let target = Target { identity: newest_state::identity(&state.project, &namespace), version: None };
        Some(Self { provider, namespace, target })
    }

    /// How this state compares with the newest one. A state that was never applied is compared with nothing.
    pub(super) async fn compare(&self, state: &State) -> Freshness {
        if state.last_run.is_none() {
            return Freshness::Newest;
        }
        match self.read(&state.lineage).await {
            Ok(Entry { newest: Ok(newest), .. }) => newest.compare(state),
            Ok(Entry { newest: Err(reason), .. }) => Freshness::Unknown(reason),
            Err(Problem { message: reason, help, .. }) => {
                Freshness::Unknown(NoRecord::Unreadable { reason, help })
            }
        }
    }

    /// Records that a run begins on this state. Returns what is recorded then.
    ///
    /// # Errors
    /// The state is not the newest one, or the cluster does not take it.
    async fn begin(&self, state: &State, begun: BegunRun) -> Result<Entry, NotRecorded> {
        let found = self.read(&state.lineage).await?;
        self.record(state, found, |found| {
            let known = found.newest.as_ref().ok().filter(|newest| newest.run.as_ref() == state.newest_run());
            let newest = known.cloned().unwrap_or_else(|| Newest::of(state, "apply", begun.by.clone()));
            Newest { begun: Some(begun.clone()), ..newest }
        })
        .await
    }

    /// Records this state as the newest one, at the end of a run. `found` is what the run's begin has recorded.
    ///
    /// # Errors
    /// Another copy was recorded in the meantime, or the cluster does not take it.
    async fn end(&self, state: &State, found: Option<Entry>, newest: Newest) -> Result<(), NotRecorded> {
        let ending = async {
            let found = match found {
                Some(found) => found,
                None => self.read(&state.lineage).await?,
            };
            self.record(state, found, |_| newest.clone()).await.map(|_| ())
        };
        tokio::time::timeout(PATIENCE, ending).await.unwrap_or_else(|_| Err(silence().into()))
    }

    /// Records something of this lineage, whatever was recorded before.
    ///
    /// # Errors
    /// The cluster does not take it.
    pub(super) async fn replace(&self, lineage: &Lineage, newest: &Newest) -> Result<(), Problem> {
        for _ in 0..TRIES {
            let found = self.read(lineage).await?;
            match self.write(lineage, newest, &found).await {
                Err(problem) if problem.kind == ProblemKind::Conflict => {}
                written => return written.map(|_| ()),
            }
        }
        Err(contended())
    }

    /// Compares and swaps: what is there when it is written is what the state was compared with.
    async fn record(
        &self,
        state: &State,
        mut found: Entry,
        next: impl Fn(&Entry) -> Newest,
    ) -> Result<Entry, NotRecorded> {
        for _ in 0..TRIES {
            if let Ok(Freshness::Stale(stale)) = found.newest.as_ref().map(|newest| newest.compare(state)) {
                return Err(NotRecorded::Stale(stale));
            }
            let newest = next(&found);
            match self.write(&state.lineage, &newest, &found).await {
                Ok((stamp, all)) => return Ok(Entry { stamp: Some(stamp), all, newest: Ok(newest) }),
                Err(problem) if problem.kind == ProblemKind::Conflict => {
                    found = self.read(&state.lineage).await?;
                }
                Err(problem) => return Err(problem.into()),
            }
        }
        Err(contended().into())
    }

    async fn read(&self, lineage: &Lineage) -> Result<Entry, Problem> {
        match self.provider.read(std::slice::from_ref(&self.target)).await.pop() {
            Some(Reading::Present(live)) => {
                let stamp = Some(live.stamp.clone());
                let all = entries(&live.object);
                let newest = all.get(lineage.as_str()).ok_or(NoRecord::Missing).and_then(|text| {
                    serde_json::from_str(text)
                        .map_err(|error| NoRecord::Damaged { reason: error.to_string() })
                });
                Ok(Entry { stamp, all, newest })
            }
            Some(Reading::Absent) | None => {
                Ok(Entry { stamp: None, all: BTreeMap::new(), newest: Err(NoRecord::Missing) })
            }
            Some(Reading::Unreadable(problem)) => Err(problem),
        }
    }

    async fn write(
        &self,
        lineage: &Lineage,
        newest: &Newest,
        found: &Entry,
    ) -> Result<(Stamp, BTreeMap<String, String>), Problem> {
        let all = with_entry(found.all.clone(), lineage, newest);
        let write = Write {
            target: self.target.clone(),
            object: json!({ "metadata": { "labels": newest_state::labels() }, "data": all }),
            guard: found.stamp.clone().map_or(Guard::Absent, Guard::At),
            manager: newest_state::FIELD_MANAGER.to_owned(),
        };
        Ok((self.provider.write(&write).await?.live.stamp, all))
    }
}

/// The entries of a record. What else somebody has put beside them is his.
fn entries(record: &Value) -> BTreeMap<String, String> {
    let data = record["data"].as_object().into_iter().flatten();
    let entries = data.filter(|(key, _)| key.parse::<Lineage>().is_ok());
    entries.filter_map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned()))).collect()
}

/// The entries with this one.
fn with_entry(
    mut all: BTreeMap<String, String>,
    lineage: &Lineage,
    newest: &Newest,
) -> BTreeMap<String, String> {
    all.insert(lineage.to_string(), json!(newest).to_string());
    let mut destroyed: Vec<(Timestamp, String)> = all
        .iter()
        .filter_map(|(key, text)| Some((key, serde_json::from_str::<Newest>(text).ok()?)))
        .filter(|(key, newest)| newest.resources == 0 && newest.begun.is_none() && *key != lineage.as_str())
        .map(|(key, newest)| (newest.at, key.clone()))
        .collect();
    destroyed.sort();
    let too_many = all.len().saturating_sub(MANY);
    for (_, key) in destroyed.into_iter().take(too_many) {
        all.remove(&key);
    }
    all
}

fn contended() -> Problem {
    Problem::new(ProblemKind::Conflict, "others change the record all the time")
        .help("run the command again when no other run of the project is under way")
}

/// Another copy was recorded between the begin and the end of a run.
fn overtaken() -> Problem {
    Problem::new(ProblemKind::Conflict, "another copy of it was recorded while this run was under way")
        .help("`regplan plan` in this folder says which copy is the newest one")
}

fn silence() -> Problem {
    let seconds = PATIENCE.as_secs();
    Problem::new(ProblemKind::Unreachable, format!("the server has given no answer for {seconds} s"))
        .help("the next apply records it, once the server answers")
}

/// The record of one run: its begin, and its end.
pub(super) struct RunRecord<'c> {
    register: Register<'c>,
    command: String,
    /// What the begin has recorded; `None` where the namespace was not there yet.
    begun: Option<Entry>,
}

impl<'c> RunRecord<'c> {
    /// Records that this run of the store begins. Where the cluster does not take that, it is told once, and nothing more
    /// is recorded of the run: `None`.
    ///
    /// # Errors
    /// The state is not the newest one. Then the run is taken back.
    pub(super) async fn begin(
        register: Register<'c>,
        store: &mut Store,
        run: RunId,
        command: String,
        emit: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<Option<Self>, Error> {
        let begun = BegunRun { run, by: store.holder().who(), at: Timestamp::now() };
        match register.begin(store.state(), begun).await {
            Ok(entry) => {
                store.recorded_in(&register.namespace);
                Ok(Some(Self { register, command, begun: Some(entry) }))
            }
            // The run may make it.
            Err(NotRecorded::Problem(problem)) if problem.kind == ProblemKind::NamespaceMissing => {
                Ok(Some(Self { register, command, begun: None }))
            }
            Err(NotRecorded::Problem(problem)) => {
                emit(Event::NotRecorded { problem });
                Ok(None)
            }
            Err(NotRecorded::Stale(stale)) => {
                store.take_back().await?;
                Err(NotApplicable::Stale(stale).into())
            }
        }
    }

    /// Records the state at the end of the run. What keeps it from that is told, and changes nothing of the run.
    pub(super) async fn end(self, store: &Store, emit: &(dyn Fn(Event) + Send + Sync)) {
        let state = store.state();
        let newest = Newest::of(state, &self.command, store.holder().who());
        match self.register.end(state, self.begun, newest).await {
            Ok(()) => {}
            Err(NotRecorded::Problem(problem)) => emit(Event::NotRecorded { problem }),
            Err(NotRecorded::Stale(_)) => emit(Event::NotRecorded { problem: overtaken() }),
        }
    }
}

impl<S: StateAccess> Workspace<S> {
    /// How the state that is here compares with the newest one. Nothing is written.
    pub async fn freshness(&self) -> Freshness {
        let Some(register) = self.register() else { return Freshness::Newest };
        match register.compare(self.state.state()).await {
            stale @ Freshness::Stale(_) => {
                // A run from this very folder may have begun or ended since the state was read. It writes the record last,
                // so a state that is read after the record knows all that the record says.
                let found = register.read(&self.state.state().lineage).await;
                let Ok(Entry { newest: Ok(newest), .. }) = found else { return stale };
                let Ok(now) = self.project.view_state().await else { return stale };
                let later = newest.compare(&now.state);
                if matches!(later, Freshness::Stale(_)) { stale } else { later }
            }
            found => found,
        }
    }

    /// The record of the newest state; `None` where the state is kept in a place of which there is but one.
    pub(super) fn register(&self) -> Option<Register<'_>> {
        let namespace = self.project.config.state.recorded_in();
        Register::of(self.provider.as_ref(), self.state.state(), namespace)
    }
}

impl Workspace<Store> {
    /// Records the state that is here, where a plan has found that this is missing, or behind.
    ///
    /// # Errors
    /// The cluster does not take it.
    pub async fn catch_up(&self, freshness: &Freshness) -> Result<(), Problem> {
        let is_behind = match freshness {
            Freshness::Ahead => true,
            Freshness::Unknown(reason) => !matches!(reason, NoRecord::Unreadable { .. }),
            Freshness::Newest | Freshness::Stale(_) => false,
        };
        let Some(register) = self.register().filter(|_| is_behind) else { return Ok(()) };
        let state = self.state.state();
        let newest = Newest::of(state, "apply", self.state.holder().who());
        match register.end(state, None, newest).await {
            Err(NotRecorded::Problem(problem)) => Err(problem),
            // Another copy was faster; the next plan says so.
            Ok(()) | Err(NotRecorded::Stale(_)) => Ok(()),
        }
    }

    /// Makes the state that is here the newest one, whatever is recorded. `command` is what the record says of it.
    ///
    /// # Errors
    /// The state cannot be written, or the cluster does not take the record.
    pub async fn become_newest(&mut self, command: &str) -> Result<(), Error> {
        let Some(register) = self.register() else { return Ok(()) };
        // The name of a run of its own tells it from all copies that there are.
        let run = RunId::random();
        let mut next = self.state.state().clone();
        next.end_run(run.clone());
        next.serial += 1;
        let newest = Newest::of(&next, command, self.state.holder().who());
        register.replace(&next.lineage, &newest).await?;
        let namespace = register.namespace;
        let change = |state: &mut State| {
            state.end_run(run);
            state.recorded_in = Some(namespace);
        };
        Ok(self.state.edit(change).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(resources: usize, second: i64) -> Newest {
        let at = Timestamp::from_second(second).unwrap();
        Newest { resources, at, ..Newest::of(&State::new("p"), "apply", "kim@laptop".to_owned()) }
    }

    #[test]
    fn the_oldest_of_many_destroyed_projects_go_and_nothing_else() {
        let lineage = |number: u64| format!("{number:032x}").parse::<Lineage>().unwrap();
        let (living, damaged) = (lineage(1000), lineage(1001));
        let mut all = with_entry(BTreeMap::new(), &living, &newest(3, 0));
        all.insert(damaged.to_string(), "no entry".to_owned());
        for number in 0..40 {
            all = with_entry(all, &lineage(number), &newest(0, i64::try_from(number).unwrap()));
        }
        assert_eq!(all.len(), MANY);
        assert!(all.contains_key(living.as_str()) && all.contains_key(damaged.as_str()));
        assert!(all.contains_key(lineage(39).as_str()) && !all.contains_key(lineage(21).as_str()));
    }
}
