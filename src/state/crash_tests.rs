//! Tests of a process that is killed at any step, and of the process after it, with each kind of backend.

use std::fs;
use std::sync::Arc;

use super::files::simulated::{die_after, revive};
use super::shared::memory::{MemoryShelf, Trouble};
use super::test_support::*;
use super::*;

/// A place for a state, whose processes can be killed.
trait Place {
    fn backend(&self) -> Box<dyn Backend>;

    /// The process dies before the step after the next `n` ones.
    fn die_after(&self, n: usize);

    /// A new process begins.
    fn revive(&self);

    /// Nothing is left that a later process would have to remove.
    fn is_clean(&self);
}

struct Folder(tempfile::TempDir);

impl Place for Folder {
    fn backend(&self) -> Box<dyn Backend> {
        backend(self.0.path())
    }

    fn die_after(&self, n: usize) {
        die_after(n);
    }

    fn revive(&self) {
        revive();
    }

    fn is_clean(&self) {
        let folder = self.0.path().join("state");
        assert!(!folder.join("journal").exists());
        let folder = names(&folder);
        assert!(folder.iter().all(|name| !name.starts_with(".unfinished-")), "{folder:?}");
    }
}

#[derive(Default)]
struct Memory(Arc<MemoryShelf>);

impl Place for Memory {
    fn backend(&self) -> Box<dyn Backend> {
        let shelf: Arc<dyn Shelf> = self.0.clone();
        Box::new(SharedBackend::new(shelf, LeaseTimes::default(), KeyMaking::ByNeed))
    }

    fn die_after(&self, n: usize) {
        self.0.trouble_after(n, Trouble::Dead);
    }

    fn revive(&self) {
        self.0.revive();
        self.0.let_the_lock_run_out();
    }

    fn is_clean(&self) {
        assert!(!self.0.items().contains(&Item::Journal(0)), "{:?}", self.0.items());
    }
}

/// How far a run came before it was killed.
#[derive(Debug, Default)]
struct Progress {
    lineage: Option<Lineage>,
    begun: bool,
    /// The number of outcomes that were confirmed to the caller as recorded.
    confirmed: usize,
    /// The number of outcomes that were passed to the store.
    passed: usize,
    finished: bool,
}

const INTENTS: [(IntentKind, &str); 4] = [
    (IntentKind::Update, "before"),
    (IntentKind::Create, "a"),
    (IntentKind::Delete, "gone"),
    (IntentKind::Create, "b"),
];

fn outcomes() -> [(&'static str, Outcome); 6] {
    let mut updated = resource("before");
    updated.uid = "another".to_owned();
    [
        ("before", Outcome::Written { resource: Box::new(updated) }),
        ("a", written("a")),
        ("before", Outcome::Ready),
        ("gone", deleted("gone")),
        ("a", Outcome::Ready),
        ("b", written("b")),
    ]
}

/// The intents that have no outcome after so many outcomes.
fn undone(after: usize) -> Vec<&'static str> {
    let done: Vec<&str> = outcomes().iter().take(after).map(|(name, _)| *name).collect();
    INTENTS.iter().map(|(_, name)| *name).filter(|name| !done.contains(name)).collect()
}

/// What the state must hold after so many outcomes.
fn expected(after: usize, first: bool) -> State {
    let mut state = State::new("registry");
    if !first {
        state.record(&address("before"), &written("before"));
        state.record(&address("gone"), &written("gone"));
    }
    for (name, outcome) in outcomes().into_iter().take(after) {
        state.record(&address(name), &outcome);
    }
    state
}

async fn a_run(place: &dyn Place, progress: &mut Progress) -> Result<(), StateError> {
    let mut store = Store::open(place.backend(), "registry", "apply").await?;
    progress.lineage = store.exists().then(|| store.state().lineage.clone());
    let intents = INTENTS.iter().map(|(kind, name)| intent(*kind, name)).collect();
    store.begin(run(intents)).await?;
    progress.begun = true;
    progress.lineage = Some(store.state().lineage.clone());
    for (name, outcome) in outcomes() {
        progress.passed += 1;
        store.outcome(&address(name), outcome).unwrap();
        store.keep_outcomes().await?;
        progress.confirmed += 1;
    }
    store.finish(RunEnd::Completed, completion()).await?;
    progress.finished = true;
    Ok(())
}

async fn something_before(place: &dyn Place) {
    let mut store = Store::open(place.backend(), "registry", "apply").await.unwrap();
    store.begin(run(Vec::new())).await.unwrap();
    for name in ["before", "gone"] {
        store.outcome(&address(name), written(name)).unwrap();
        store.keep_outcomes().await.unwrap();
    }
    store.finish(RunEnd::Completed, completion()).await.unwrap();
    store.close().await.unwrap();
}

/// What must be true for the next process, whenever it starts.
async fn nothing_is_lost(place: &dyn Place, progress: &Progress, first: bool) {
    let seen = view(place.backend().as_ref(), "registry").await.unwrap();
    let store = Store::open(place.backend(), "registry", "plan").await.unwrap();
    let state = store.state();
    assert_eq!(seen.state.resources, state.resources, "a reader sees what the next writer folds in");
    if seen.exists {
        assert_eq!(&seen.state, state);
    }
    if let Some(lineage) = &progress.lineage {
        assert_eq!(&state.lineage, lineage, "{progress:?}");
    }
    // The outcome that was being recorded may be there or not. All confirmed ones are there, and nothing
    // else. Once the run has begun, every intent without an outcome is in doubt.
    let doubts: Vec<_> = state.in_doubt.iter().map(|intent| intent.target.identity.name.as_str()).collect();
    let fits = |n: &usize| {
        expected(*n, first).resources == state.resources && (!progress.begun || doubts == undone(*n))
    };
    let found = (progress.confirmed..=progress.passed).find(fits);
    assert!(found.is_some(), "{progress:?}: {:?}, {doubts:?}", state.resources.keys().collect::<Vec<_>>());
    let all = found == Some(outcomes().len());
    if progress.begun && !all {
        let run = state.unfinished.as_ref().expect("an interrupted run is remembered");
        assert_eq!((run.plan.as_str(), run.end), ("sha256:plan", None));
    }
    // The run is complete if and only if its revision exists; then the state is the revision's state.
    let backend = place.backend();
    let newest = backend.revisions().await.unwrap().last().copied();
    assert_eq!(state.revision, newest.unwrap_or(0), "{progress:?}");
    if progress.finished {
        assert!(state.unfinished.is_none());
        assert_eq!(newest, Some(if first { 1 } else { 2 }));
    }
    if let Some(number) = newest.filter(|_| all && state.unfinished.is_none()) {
        assert_eq!(&backend.revision(number).await.unwrap().state, state);
    }
    place.is_clean();
}

async fn killed_everywhere(new: impl Fn() -> Box<dyn Place>, first: bool) {
    for steps in 0..1000 {
        let place = new();
        if !first {
            something_before(place.as_ref()).await;
        }
        let mut progress = Progress::default();
        place.die_after(steps);
        let result = a_run(place.as_ref(), &mut progress).await;
        place.revive();
        assert_eq!(result.is_ok(), progress.finished);
        nothing_is_lost(place.as_ref(), &progress, first).await;
        if result.is_ok() {
            assert!(steps > 10, "the steps of a run are counted ({steps})");
            return;
        }
    }
    panic!("the run never ends");
}

fn in_a_folder() -> Box<dyn Place> {
    Box::new(Folder(folder()))
}

fn on_a_shelf() -> Box<dyn Place> {
    Box::new(Memory::default())
}

#[tokio::test]
async fn the_first_run_killed_at_any_step_loses_nothing() {
    killed_everywhere(in_a_folder, true).await;
    killed_everywhere(on_a_shelf, true).await;
}

#[tokio::test]
async fn a_later_run_killed_at_any_step_loses_nothing() {
    killed_everywhere(in_a_folder, false).await;
    killed_everywhere(on_a_shelf, false).await;
}

async fn recovery_killed_everywhere(new: impl Fn() -> Box<dyn Place>) {
    for steps in 0..1000 {
        let place = new();
        something_before(place.as_ref()).await;
        let mut progress = Progress::default();
        place.die_after(steps);
        let result = a_run(place.as_ref(), &mut progress).await;
        place.revive();
        for again in 0..100 {
            place.die_after(again);
            let opened = Store::open(place.backend(), "registry", "apply").await;
            place.revive();
            if opened.is_ok() {
                break;
            }
        }
        nothing_is_lost(place.as_ref(), &progress, false).await;
        if result.is_ok() {
            return;
        }
    }
    panic!("the run never ends");
}

#[tokio::test]
async fn a_recovery_killed_at_any_step_is_recovered_from() {
    recovery_killed_everywhere(in_a_folder).await;
    recovery_killed_everywhere(on_a_shelf).await;
}

/// A write of which no answer comes may be done or not. Either way the run goes on, or fails and loses nothing.
#[tokio::test]
async fn a_write_without_an_answer_loses_nothing() {
    for trouble in [Trouble::DoneUnanswered, Trouble::LostUnanswered] {
        for steps in 0..40 {
            let place = Memory::default();
            something_before(&place).await;
            let mut progress = Progress::default();
            place.0.trouble_after(steps, trouble);
            let result = a_run(&place, &mut progress).await;
            place.revive();
            if trouble == Trouble::DoneUnanswered {
                assert!(result.is_ok(), "step {steps}: {result:?}");
            }
            nothing_is_lost(&place, &progress, false).await;
        }
    }
}

#[tokio::test]
async fn a_journal_cut_at_any_byte_loses_at_most_the_record_under_way() {
    let place = Folder(folder());
    something_before(&place).await;
    let location = backend(place.0.path()).location().clone();
    let mut store = Store::open(place.backend(), "registry", "apply").await.unwrap();
    let intents = INTENTS.iter().map(|(kind, name)| intent(*kind, name)).collect();
    store.begin(run(intents)).await.unwrap();
    let mut lengths = vec![fs::metadata(location.journal()).unwrap().len()];
    for (name, outcome) in outcomes() {
        store.outcome(&address(name), outcome).unwrap();
        store.keep_outcomes().await.unwrap();
        lengths.push(fs::metadata(location.journal()).unwrap().len());
    }
    drop(store);
    let (state, journal) = (fs::read(location.state()).unwrap(), fs::read(location.journal()).unwrap());
    for length in 0..=journal.len() {
        fs::write(location.state(), &state).unwrap();
        fs::write(location.journal(), &journal[..length]).unwrap();
        let store = Store::open(place.backend(), "registry", "apply").await.unwrap();
        // A record is complete without its newline.
        let whole = lengths.iter().filter(|end| **end <= length as u64 + 1).count();
        assert_eq!(
            store.state().resources,
            expected(whole.saturating_sub(1), false).resources,
            "cut at {length}"
        );
        let undone = whole.checked_sub(1).map_or(0, |outcomes| undone(outcomes).len());
        assert_eq!(store.state().in_doubt.len(), undone, "cut at {length}");
        assert!(!location.journal().exists());
    }
}
