//! Tests of a process that is killed at any step, and of the process after it.

use std::fs;
use std::path::Path;

use super::files::simulated::{die_after, revive};
use super::test_support::*;
use super::*;

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

async fn a_run(folder: &Path, progress: &mut Progress) -> Result<(), StateError> {
    let mut store = Store::open(backend(folder), "registry", "apply").await?;
    progress.lineage = store.exists().then(|| store.state().lineage.clone());
    let intents = INTENTS.iter().map(|(kind, name)| intent(*kind, name)).collect();
    store.begin(run(intents)).await?;
    progress.begun = true;
    progress.lineage = Some(store.state().lineage.clone());
    for (name, outcome) in outcomes() {
        progress.passed += 1;
        store.outcome(&address(name), outcome).await?;
        progress.confirmed += 1;
    }
    store.finish(RunEnd::Completed, completion()).await?;
    progress.finished = true;
    Ok(())
}

async fn something_before(folder: &Path) {
    let mut store = Store::open(backend(folder), "registry", "apply").await.unwrap();
    store.begin(run(Vec::new())).await.unwrap();
    for name in ["before", "gone"] {
        store.outcome(&address(name), written(name)).await.unwrap();
    }
    store.finish(RunEnd::Completed, completion()).await.unwrap();
}

/// What must be true for the next process, whenever it starts.
async fn nothing_is_lost(folder: &Path, progress: &Progress, first: bool) {
    let seen = view(backend(folder).as_ref(), "registry").await.unwrap();
    let store = Store::open(backend(folder), "registry", "plan").await.unwrap();
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
    let backend = backend(folder);
    let newest = backend.revisions().await.unwrap().last().copied();
    assert_eq!(state.revision, newest.unwrap_or(0), "{progress:?}");
    if progress.finished {
        assert!(state.unfinished.is_none());
        assert_eq!(newest, Some(if first { 1 } else { 2 }));
    }
    if let Some(number) = newest.filter(|_| all && state.unfinished.is_none()) {
        assert_eq!(&backend.revision(number).await.unwrap().state, state);
    }
    assert!(!backend.location().journal().exists());
    let folder = names(backend.location().folder());
    assert!(folder.iter().all(|name| !name.starts_with(".unfinished-")), "{folder:?}");
}

async fn killed_everywhere(first: bool) {
    for steps in 0..1000 {
        let folder = folder();
        if !first {
            something_before(folder.path()).await;
        }
        let mut progress = Progress::default();
        die_after(steps);
        let result = a_run(folder.path(), &mut progress).await;
        revive();
        assert_eq!(result.is_ok(), progress.finished);
        nothing_is_lost(folder.path(), &progress, first).await;
        if result.is_ok() {
            assert!(steps > 20, "the steps of a run are counted ({steps})");
            return;
        }
    }
    panic!("the run never ends");
}

#[tokio::test]
async fn the_first_run_killed_at_any_step_loses_nothing() {
    killed_everywhere(true).await;
}

#[tokio::test]
async fn a_later_run_killed_at_any_step_loses_nothing() {
    killed_everywhere(false).await;
}

#[tokio::test]
async fn a_recovery_killed_at_any_step_is_recovered_from() {
    for steps in 0..1000 {
        let folder = folder();
        something_before(folder.path()).await;
        let mut progress = Progress::default();
        die_after(steps);
        let result = a_run(folder.path(), &mut progress).await;
        revive();
        for again in 0..100 {
            die_after(again);
            let opened = Store::open(backend(folder.path()), "registry", "apply").await;
            revive();
            if opened.is_ok() {
                break;
            }
        }
        nothing_is_lost(folder.path(), &progress, false).await;
        if result.is_ok() {
            return;
        }
    }
    panic!("the run never ends");
}

#[tokio::test]
async fn a_journal_cut_at_any_byte_loses_at_most_the_record_under_way() {
    let folder = folder();
    something_before(folder.path()).await;
    let location = backend(folder.path()).location().clone();
    let mut store = Store::open(backend(folder.path()), "registry", "apply").await.unwrap();
    let intents = INTENTS.iter().map(|(kind, name)| intent(*kind, name)).collect();
    store.begin(run(intents)).await.unwrap();
    let mut lengths = vec![fs::metadata(location.journal()).unwrap().len()];
    for (name, outcome) in outcomes() {
        store.outcome(&address(name), outcome).await.unwrap();
        lengths.push(fs::metadata(location.journal()).unwrap().len());
    }
    drop(store);
    let (state, journal) = (fs::read(location.state()).unwrap(), fs::read(location.journal()).unwrap());
    for length in 0..=journal.len() {
        fs::write(location.state(), &state).unwrap();
        fs::write(location.journal(), &journal[..length]).unwrap();
        let store = Store::open(backend(folder.path()), "registry", "apply").await.unwrap();
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
