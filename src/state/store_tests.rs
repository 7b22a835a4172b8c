//! Tests of whole runs, as commands make them.

use super::test_support::*;
use super::*;

async fn open(folder: &std::path::Path) -> Store {
    Store::open(backend(folder), "registry", "apply").await.unwrap()
}

/// A run that creates these and completes.
async fn apply(folder: &std::path::Path, made: &[&str]) -> u64 {
    let mut store = open(folder).await;
    let intents = made.iter().map(|name| intent(IntentKind::Create, name)).collect();
    store.begin(run(intents)).await.unwrap();
    for name in made {
        store.outcome(&address(name), written(name)).unwrap();
        store.keep_outcomes().await.unwrap();
    }
    store.finish(RunEnd::Completed, completion()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_completed_run_is_a_state_and_a_revision_and_no_journal() {
    let folder = folder();
    assert_eq!(apply(folder.path(), &["a", "b"]).await, 1);
    let backend = backend(folder.path());
    let state = backend.load().await.unwrap().unwrap();
    assert_eq!(state.resources.len(), 2);
    assert_eq!(state.serial, 2, "one for the lineage, one for the run");
    assert_eq!(state.cluster, Some(cluster("c1")));
    assert_eq!((state.unfinished.as_ref(), state.in_doubt.len()), (None, 0));
    assert_eq!(names(backend.location().folder()), ["lock", "revisions", "state.json"]);

    let revision = backend.revision(1).await.unwrap();
    assert_eq!(revision.state, state);
    assert_eq!(revision.desired, completion().desired);
    assert_eq!(revision.desired[&address("a")].withheld, ["data.hello".parse().unwrap()].into());
    let head = revision.head;
    assert_eq!((head.number, head.command.as_str(), head.plan.as_str()), (1, "apply", "sha256:plan"));
    assert_eq!(head.summary, RevisionSummary { created: 1, ..RevisionSummary::default() });
}

/// What a limited run left out keeps what was desired of it before, under its address of now.
#[tokio::test]
async fn a_revision_keeps_what_its_run_left_out() {
    let folder = folder();
    let mut store = open(folder.path()).await;
    store.begin(run(vec![intent(IntentKind::Create, "a"), intent(IntentKind::Create, "b")])).await.unwrap();
    for name in ["a", "b"] {
        store.outcome(&address(name), written(name)).unwrap();
        store.keep_outcomes().await.unwrap();
    }
    let both = ["a", "b"].map(|name| (address(name), desired(name))).into();
    let first = Completion { desired: both, ..Completion::default() };
    store.finish(RunEnd::Completed, first).await.unwrap();
    store.edit(|state| state.readdress(&address("b"), &address("moved"))).await.unwrap();

    store.begin(run(vec![intent(IntentKind::Update, "a")])).await.unwrap();
    store.outcome(&address("a"), written("a")).unwrap();
    store.keep_outcomes().await.unwrap();
    let limited = [(address("a"), desired("a"))].into();
    let left_out = [address("moved"), address("never-applied")].into();
    let second = Completion { desired: limited, left_out, ..Completion::default() };
    let number = store.finish(RunEnd::Completed, second).await.unwrap().unwrap();
    let revision = backend(folder.path()).revision(number).await.unwrap();
    assert_eq!(revision.desired.keys().collect::<Vec<_>>(), [&address("a"), &address("moved")]);
    assert_eq!(revision.desired[&address("moved")], desired("b"));
}

#[tokio::test]
async fn the_lineage_is_made_once() {
    let folder = folder();
    apply(folder.path(), &["a"]).await;
    let first = view(backend(folder.path()).as_ref(), "registry").await.unwrap().state;
    assert_eq!(apply(folder.path(), &["b"]).await, 2);
    let second = view(backend(folder.path()).as_ref(), "registry").await.unwrap().state;
    assert_eq!(first.lineage, second.lineage);
    assert!(second.serial > first.serial);
    assert_eq!(second.resources.len(), 2);
}

#[tokio::test]
async fn without_a_state_a_view_is_empty_and_makes_nothing() {
    let folder = folder();
    let seen = view(backend(folder.path()).as_ref(), "registry").await.unwrap();
    assert!(!seen.exists && seen.state.resources.is_empty() && seen.state.serial == 0);
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_view_sees_a_run_under_way_without_a_lock() {
    let folder = folder();
    apply(folder.path(), &["a"]).await;
    let mut store = open(folder.path()).await;
    store.begin(run(vec![intent(IntentKind::Create, "b")])).await.unwrap();
    store.outcome(&address("b"), written("b")).unwrap();
    store.keep_outcomes().await.unwrap();
    let seen = view(backend(folder.path()).as_ref(), "registry").await.unwrap();
    assert_eq!(seen.state.resources, store.state().resources);
    assert!(seen.recovered.is_some());
}

#[tokio::test]
async fn a_second_writer_is_refused_and_a_killed_one_is_picked_up() {
    let folder = folder();
    let mut store = open(folder.path()).await;
    store.begin(run(vec![intent(IntentKind::Create, "a"), intent(IntentKind::Create, "b")])).await.unwrap();
    store.outcome(&address("a"), written("a")).unwrap();
    store.keep_outcomes().await.unwrap();
    let error = Store::open(backend(folder.path()), "registry", "apply").await.err().unwrap();
    assert!(matches!(error, StateError::Locked { holder: Some(_), .. }), "{error}");
    let lineage = store.state().lineage.clone();
    drop(store);

    let store = open(folder.path()).await;
    let recovered = store.recovered().unwrap();
    assert_eq!((recovered.outcomes, recovered.in_doubt.len()), (1, 1));
    assert_eq!(recovered.unfinished.plan, "sha256:plan");
    assert_eq!(store.state().lineage, lineage);
    assert!(store.state().resources.contains_key(&address("a")));
    assert_eq!(store.state().in_doubt, [intent(IntentKind::Create, "b")]);
    drop(store);
    let store = open(folder.path()).await;
    assert!(store.recovered().is_none(), "it is told once");
    assert!(store.state().unfinished.is_some(), "and remembered until a run completes");
}

#[tokio::test]
async fn the_same_run_taken_up_again_ends_the_doubts() {
    let folder = folder();
    let mut store = open(folder.path()).await;
    store.begin(run(vec![intent(IntentKind::Create, "a")])).await.unwrap();
    drop(store);
    apply(folder.path(), &["a"]).await;
    let state = view(backend(folder.path()).as_ref(), "registry").await.unwrap().state;
    assert_eq!((state.in_doubt.len(), state.unfinished), (0, None));
}

#[tokio::test]
async fn a_failed_run_is_no_revision_and_is_remembered() {
    let folder = folder();
    let mut store = open(folder.path()).await;
    store.begin(run(vec![intent(IntentKind::Create, "a"), intent(IntentKind::Create, "b")])).await.unwrap();
    store.outcome(&address("a"), failed(true)).unwrap();
    store.keep_outcomes().await.unwrap();
    assert_eq!(store.finish(RunEnd::Failed, Completion::default()).await.unwrap(), None);
    let unfinished = store.state().unfinished.clone().unwrap();
    assert_eq!(unfinished.end, Some(RunEnd::Failed));
    assert_eq!(store.state().in_doubt, [intent(IntentKind::Create, "a")], "b was not tried");
    assert!(store.completed("sha256:plan").await.unwrap().is_none());
}

/// One was killed, and one failed.
#[tokio::test]
async fn a_revision_tells_what_the_runs_before_it_have_changed() {
    let folder = folder();
    assert_eq!(apply(folder.path(), &["a", "b"]).await, 1);
    let mut killed = open(folder.path()).await;
    let intents = vec![
        intent(IntentKind::Create, "c"),
        intent(IntentKind::Replace, "b"),
        intent(IntentKind::Create, "never-tried"),
    ];
    killed.begin(run(intents)).await.unwrap();
    killed.outcome(&address("c"), written("c")).unwrap();
    killed.outcome(&address("b"), deleted("b")).unwrap();
    killed.keep_outcomes().await.unwrap();
    drop(killed);
    let mut failing = open(folder.path()).await;
    failing.begin(run(vec![intent(IntentKind::Create, "b"), intent(IntentKind::Create, "d")])).await.unwrap();
    failing.outcome(&address("b"), written("b")).unwrap();
    failing.outcome(&address("d"), failed(false)).unwrap();
    failing.finish(RunEnd::Failed, Completion::default()).await.unwrap();

    failing.begin(run(vec![intent(IntentKind::Create, "d")])).await.unwrap();
    failing.outcome(&address("d"), written("d")).unwrap();
    let changed = [(address("d"), IntentKind::Create)].into_iter().collect();
    let last = Completion { changed, ..completion() };
    let number = failing.finish(RunEnd::Completed, last).await.unwrap().unwrap();
    let head = backend(folder.path()).revision_head(number).await.unwrap();
    let all = [("b", IntentKind::Replace), ("c", IntentKind::Create), ("d", IntentKind::Create)];
    assert_eq!(head.all_changed(), all.map(|(name, kind)| (address(name), kind)).into_iter().collect());
    assert_eq!((head.summary.created, head.summary.replaced), (2, 1));
    // The next one begins anew.
    drop(failing);
    apply(folder.path(), &["e"]).await;
    let next = backend(folder.path()).revision_head(number + 1).await.unwrap();
    assert_eq!((next.changed, next.changed_before), (completion().changed, Changed::default()));
}

#[tokio::test]
async fn a_plan_that_was_completed_is_known() {
    let folder = folder();
    apply(folder.path(), &["a"]).await;
    let store = open(folder.path()).await;
    assert_eq!(store.completed("sha256:plan").await.unwrap().map(|plan| plan.revision), Some(1));
    assert!(store.completed("sha256:other").await.unwrap().is_none());
}

/// A plan file is applied only once, also where the state was moved without its revisions.
#[tokio::test]
async fn a_completed_plan_is_known_without_its_revision() {
    let folder = folder();
    apply(folder.path(), &["a"]).await;
    std::fs::remove_dir_all(backend(folder.path()).location().revisions()).unwrap();
    let store = open(folder.path()).await;
    let known = store.completed("sha256:plan").await.unwrap().unwrap();
    assert_eq!((known.plan.as_str(), known.revision), ("sha256:plan", 1));
    assert!(store.completed("sha256:other").await.unwrap().is_none());
}

/// A state from a backup does not know what was applied after it; the revisions do.
#[tokio::test]
async fn a_completed_plan_is_known_by_a_revision_of_which_the_state_does_not_tell() {
    let folder = folder();
    apply(folder.path(), &["a"]).await;
    let location = backend(folder.path()).location().clone();
    let mut old = backend(folder.path()).load().await.unwrap().unwrap();
    old.completed.clear();
    std::fs::write(location.state(), file(&old)).unwrap();
    let store = open(folder.path()).await;
    assert_eq!(store.completed("sha256:plan").await.unwrap().map(|plan| plan.revision), Some(1));
}

/// After a full disk in the middle of a run: the first outcome could not be written, and nobody waits for the
/// other writes.
async fn stopped_by_a_full_disk(folder: &std::path::Path, is_full_to_the_end: bool) -> Option<StateError> {
    let mut store = open(folder).await;
    let intents = ["a", "b", "c", "never-begun"].map(|name| intent(IntentKind::Create, name));
    store.begin(run(intents.into())).await.unwrap();
    files::simulated::die_after(0);
    store.outcome(&address("a"), written("a")).unwrap();
    store.keep_outcomes().await.unwrap_err();
    store.leave_in_flight([address("b"), address("c")].into());
    if !is_full_to_the_end {
        files::simulated::revive();
    }
    let ended = store.finish(RunEnd::Failed, Completion::default()).await;
    files::simulated::revive();
    ended.err()
}

#[tokio::test]
async fn writes_under_way_are_in_doubt_after_a_run_that_could_not_record() {
    let folder = folder();
    assert!(stopped_by_a_full_disk(folder.path(), false).await.is_none());
    let store = open(folder.path()).await;
    assert_eq!(store.state().in_doubt, ["b", "c"].map(|name| intent(IntentKind::Create, name)));
    assert!(store.state().resources.contains_key(&address("a")), "what happened has happened");
    assert_eq!(store.state().unfinished.as_ref().unwrap().end, Some(RunEnd::Failed));
}

#[tokio::test]
async fn where_not_even_the_end_can_be_recorded_everything_without_an_outcome_is_in_doubt() {
    let folder = folder();
    assert!(stopped_by_a_full_disk(folder.path(), true).await.is_some());
    let store = open(folder.path()).await;
    let all = ["a", "b", "c", "never-begun"].map(|name| intent(IntentKind::Create, name));
    assert_eq!(store.state().in_doubt, all);
    assert_eq!(store.state().unfinished.as_ref().unwrap().end, None, "as after a kill");
}

/// The journal has room for its end and the disk has none for the state: the outcome that we alone know is in doubt.
#[tokio::test]
async fn an_outcome_that_could_not_be_written_down_is_in_doubt_where_the_state_cannot_be_written_either() {
    let folder = folder();
    let mut store = open(folder.path()).await;
    let intents = ["a", "b", "never-begun"].map(|name| intent(IntentKind::Create, name));
    store.begin(run(intents.into())).await.unwrap();
    files::simulated::fail_after(0);
    store.outcome(&address("a"), written("a")).unwrap();
    store.keep_outcomes().await.unwrap_err();
    store.leave_in_flight([address("b")].into());
    files::simulated::die_after(2);
    store.finish(RunEnd::Failed, Completion::default()).await.unwrap_err();
    files::simulated::revive();
    drop(store);
    let store = open(folder.path()).await;
    assert_eq!(store.state().unfinished.as_ref().unwrap().end, Some(RunEnd::Failed));
    assert_eq!(store.state().in_doubt, ["a", "b"].map(|name| intent(IntentKind::Create, name)));
}

/// The end of the journal says it as well: the state may be written by the next process.
#[tokio::test]
async fn the_end_of_a_run_lists_what_was_in_flight() {
    let folder = folder();
    let mut store = open(folder.path()).await;
    let intents = ["a", "b", "c"].map(|name| intent(IntentKind::Create, name));
    store.begin(run(intents.into())).await.unwrap();
    store.outcome(&address("a"), failed(true)).unwrap();
    store.keep_outcomes().await.unwrap();
    store.leave_in_flight([address("b")].into());
    // The line can be written, and the state cannot be replaced.
    files::simulated::die_after(2);
    store.finish(RunEnd::Stopped, Completion::default()).await.unwrap_err();
    files::simulated::revive();
    drop(store);
    let journal = backend(folder.path()).journal().await.unwrap().unwrap();
    assert_eq!(journal.end, Some(RunEnd::Stopped));
    assert_eq!(journal.in_flight, [address("a"), address("b")].into());
    let doubts = open(folder.path()).await.state().in_doubt.clone();
    assert_eq!(doubts, ["a", "b"].map(|name| intent(IntentKind::Create, name)));
}

#[tokio::test]
async fn a_resource_is_ready_when_that_was_recorded_be_the_run_killed_or_not() {
    let folder = folder();
    let mut store = open(folder.path()).await;
    let intents = ["a", "b"].map(|name| intent(IntentKind::Create, name));
    store.begin(run(intents.into())).await.unwrap();
    for name in ["a", "b"] {
        store.outcome(&address(name), written(name)).unwrap();
        store.keep_outcomes().await.unwrap();
    }
    store.outcome(&address("a"), Outcome::Ready).unwrap();
    store.keep_outcomes().await.unwrap();
    drop(store);
    let store = open(folder.path()).await;
    let readiness = |name: &str| store.state().resources[&address(name)].readiness.clone();
    assert_eq!(readiness("a"), Readiness::Ready);
    assert!(matches!(readiness("b"), Readiness::NotReady { .. }), "nobody has seen it ready");
}

#[tokio::test]
async fn another_project_and_another_cluster_are_refused_before_anything_is_written() {
    let folder = folder();
    apply(folder.path(), &["a"]).await;
    let error = Store::open(backend(folder.path()), "other", "apply").await.err().unwrap();
    assert!(matches!(error, StateError::OtherProject { .. }), "{error}");
    let error = view(backend(folder.path()).as_ref(), "other").await.err().unwrap();
    assert!(matches!(error, StateError::OtherProject { .. }), "{error}");
    let mut store = open(folder.path()).await;
    let elsewhere = NewRun { cluster: cluster("c2"), ..run(Vec::new()) };
    let error = store.begin(elsewhere).await.unwrap_err();
    assert!(matches!(error, StateError::OtherCluster { .. }), "{error}");
    assert!(!backend(folder.path()).location().journal().exists());
}

#[tokio::test]
async fn a_lineage_is_taken_over_only_where_there_is_none() {
    let folder = folder();
    let older = Lineage::random();
    let mut store = open(folder.path()).await;
    store.assume_lineage(&older).unwrap();
    store.edit(|state| state.record(&address("a"), &written("a"))).await.unwrap();
    store.assume_lineage(&older).unwrap();
    assert!(matches!(store.assume_lineage(&Lineage::random()), Err(StateError::OtherLineage { .. })));
    drop(store);
    let store = open(folder.path()).await;
    assert_eq!((&store.state().lineage, store.state().serial), (&older, 1));
}

#[tokio::test]
async fn a_journal_that_does_not_go_with_the_state_is_refused_and_kept() {
    let folder = folder();
    apply(folder.path(), &["a"]).await;
    let location = backend(folder.path()).location().clone();
    let before = std::fs::read(location.state()).unwrap();
    let mut store = open(folder.path()).await;
    store.begin(run(vec![intent(IntentKind::Create, "b")])).await.unwrap();
    drop(store);
    let journal = std::fs::read(location.journal()).unwrap();
    // Somebody deletes the state, or replaces it by an older or another one.
    let mut newer: State = format::read(&place(), &before).unwrap();
    newer.serial += 1;
    let mut other: State = format::read(&place(), &before).unwrap();
    other.lineage = Lineage::random();
    for replaced in [None, Some(newer), Some(other)] {
        match &replaced {
            None => std::fs::remove_file(location.state()).unwrap(),
            Some(state) => std::fs::write(location.state(), file(state)).unwrap(),
        }
        let error = Store::open(backend(folder.path()), "registry", "apply").await.err().unwrap();
        assert!(matches!(error, StateError::JournalForeign { .. }), "{error}");
        let error = view(backend(folder.path()).as_ref(), "registry").await.err().unwrap();
        assert!(matches!(error, StateError::JournalForeign { .. }), "{error}");
        assert_eq!(std::fs::read(location.journal()).unwrap(), journal);
    }
}

#[tokio::test]
async fn only_the_last_revisions_are_kept_and_numbers_are_not_used_twice() {
    let folder = folder();
    for _ in 0..3 {
        apply(folder.path(), &["a"]).await;
    }
    let few = Box::new(LocalBackend::new(backend(folder.path()).location().clone()).with_retention(2));
    let mut store = Store::open(few, "registry", "apply").await.unwrap();
    store.begin(run(Vec::new())).await.unwrap();
    assert_eq!(store.finish(RunEnd::Completed, completion()).await.unwrap(), Some(4));
    let backend = store.close().await.unwrap();
    assert_eq!(backend.revisions().await.unwrap(), [3, 4]);
    // An older state does not overwrite newer revisions.
    let old = backend.revision(3).await.unwrap().state;
    std::fs::write(backend.place(), file(&old)).unwrap();
    assert_eq!(apply(folder.path(), &["a"]).await, 5);
}

#[tokio::test]
async fn a_damaged_revision_hides_no_other_and_stops_no_run() {
    let folder = folder();
    for _ in 0..2 {
        apply(folder.path(), &["a"]).await;
    }
    let location = backend(folder.path()).location().clone();
    std::fs::write(location.revision(2), "{").unwrap();
    assert_eq!(apply(folder.path(), &["a"]).await, 3);
    let (heads, damaged) = history(backend(folder.path()).as_ref()).await.unwrap();
    assert_eq!(heads.iter().map(|head| head.number).collect::<Vec<_>>(), [1, 3]);
    assert!(damaged[0].to_string().contains("000002.json"), "{}", damaged[0]);
}

/// It may be the revision of the plan that is asked for.
#[tokio::test]
async fn a_revision_that_cannot_be_read_is_not_taken_for_one_that_is_not_there() {
    let folder = folder();
    apply(folder.path(), &["a"]).await;
    let backend = backend(folder.path());
    let path = backend.location().revision(1);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let state = State { completed: Vec::new(), ..State::new("p") };
    let error = history::completed(backend.as_ref(), &state, "sha256:x").await.unwrap_err();
    assert!(error.to_string().contains("could not read"), "{error}");
}

#[tokio::test]
async fn calls_out_of_order_are_errors() {
    let folder = folder();
    let mut store = open(folder.path()).await;
    assert!(matches!(store.outcome(&address("a"), written("a")), Err(StateError::OutOfOrder(_))));
    let ended = store.finish(RunEnd::Completed, completion()).await;
    assert!(matches!(ended, Err(StateError::OutOfOrder(_))));
    store.begin(run(Vec::new())).await.unwrap();
    assert!(matches!(store.begin(run(Vec::new())).await, Err(StateError::OutOfOrder(_))));
    assert!(matches!(store.edit(|_| ()).await, Err(StateError::OutOfOrder(_))));
}

#[tokio::test]
async fn an_outcome_that_could_not_be_written_down_is_in_the_state_at_the_end() {
    let folder = folder();
    let mut store = open(folder.path()).await;
    store.begin(run(vec![intent(IntentKind::Create, "a")])).await.unwrap();
    files::simulated::die_after(1);
    store.outcome(&address("a"), written("a")).unwrap();
    store.keep_outcomes().await.unwrap_err();
    files::simulated::revive();
    store.finish(RunEnd::Completed, completion()).await.unwrap();
    drop(store);
    assert!(open(folder.path()).await.state().resources.contains_key(&address("a")));
}

#[tokio::test]
async fn every_error_says_what_to_do_next() {
    let folder = folder();
    apply(folder.path(), &["a"]).await;
    let error = Store::open(backend(folder.path()), "other", "apply").await.err().unwrap();
    let diagnostic = error.diagnostic();
    assert_eq!(diagnostic.code, "state-other-project");
    assert!(diagnostic.help.is_some_and(|help| help.contains("[state]")));
}
