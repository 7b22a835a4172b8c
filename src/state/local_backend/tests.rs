use super::super::test_support::*;
use super::*;
use crate::state::{FORMAT_VERSION, IntentKind, Outcome, RunEnd};

async fn locked(folder: &Path) -> Box<LocalBackend> {
    let mut backend = backend(folder);
    backend.lock("apply").await.unwrap();
    backend
}

#[tokio::test]
async fn without_the_lock_nothing_is_written() {
    let folder = folder();
    let mut backend = backend(folder.path());
    let state = State::new("registry");
    let end = JournalLine::End { end: RunEnd::Completed, in_flight: std::collections::BTreeSet::new() };
    assert!(matches!(backend.replace(&state, None).await, Err(StateError::NotLocked { .. })));
    assert!(matches!(backend.append(std::slice::from_ref(&end)).await, Err(StateError::NotLocked { .. })));
    assert!(matches!(backend.clear_journal().await, Err(StateError::NotLocked { .. })));
    assert!(backend.load().await.unwrap().is_none());
    assert!(backend.revisions().await.unwrap().is_empty());
    assert_eq!(names(folder.path()), Vec::<String>::new(), "reading makes nothing");
}

#[tokio::test]
async fn a_state_that_somebody_else_wrote_is_not_written_over() {
    let folder = folder();
    let mut backend = locked(folder.path()).await;
    let mut state = State::new("registry");
    state.serial = 1;
    backend.replace(&state, None).await.unwrap();
    let first = state.version();
    state.serial = 2;
    let error = backend.replace(&state, None).await.unwrap_err();
    assert!(matches!(error, StateError::Moved { expected: None, .. }), "{error}");
    let other = State { serial: 1, ..State::new("registry") };
    let error = backend.replace(&state, Some(&other.version())).await.unwrap_err();
    assert!(matches!(error, StateError::Moved { .. }), "another lineage: {error}");
    backend.replace(&state, Some(&first)).await.unwrap();
    let error = backend.replace(&state, Some(&first)).await.unwrap_err();
    assert!(error.to_string().contains("serial 2"), "{error}");
}

#[tokio::test]
async fn a_damaged_state_is_refused_and_left_as_it_is() {
    let folder = folder();
    let mut backend = locked(folder.path()).await;
    let path = backend.location().state();
    fs::write(&path, "{\n  \"format_version\": 1,\n  oops").unwrap();
    let error = backend.load().await.unwrap_err();
    assert!(error.to_string().contains("line 3"), "{error}");
    assert!(error.help().contains("run `regplan state rebuild`"), "{}", error.help());
    assert!(backend.replace(&State::new("registry"), None).await.is_err());
    assert!(fs::read_to_string(&path).unwrap().contains("oops"));
}

#[tokio::test]
async fn a_journal_is_started_once() {
    let folder = folder();
    let mut backend = locked(folder.path()).await;
    let end = JournalLine::End { end: RunEnd::Completed, in_flight: std::collections::BTreeSet::new() };
    assert!(matches!(backend.append(&[end]).await, Err(StateError::OutOfOrder(_))));
    fs::write(backend.location().journal(), "").unwrap();
    let error = backend.append(&[begin_record()]).await.unwrap_err();
    assert!(matches!(error, StateError::Io { .. }), "another run's journal is not written over: {error}");
}

fn begin_record() -> JournalLine {
    JournalLine::Begin(Box::new(crate::state::Begin {
        format_version: FORMAT_VERSION,
        run: crate::state::RunId::random(),
        lineage: crate::state::Lineage::random(),
        serial: 1,
        plan: String::new(),
        at: jiff::Timestamp::now(),
        by: "alice@build".to_owned(),
        files: Vec::new(),
        variables: Vec::new(),
        selections: Vec::new(),
        intents: vec![intent(IntentKind::Create, "a")],
    }))
}

fn outcome(name: &str, outcome: Outcome) -> JournalLine {
    JournalLine::Outcome { address: address(name), outcome: Box::new(outcome) }
}

#[tokio::test]
async fn a_record_that_could_not_be_written_whole_is_cut_off_again() {
    let folder = folder();
    let mut backend = locked(folder.path()).await;
    backend.append(&[begin_record()]).await.unwrap();
    backend.append(&[outcome("a", written("a"))]).await.unwrap();
    // A full disk leaves a part of the line, and gives an error.
    let mut half = OpenOptions::new().append(true).open(backend.location().journal()).unwrap();
    half.write_all(b"0123456789abcdef {\"record\":").unwrap();
    files::simulated::fail_after(0);
    backend.append(&[outcome("c", written("c"))]).await.unwrap_err();
    backend.append(&[outcome("b", written("b"))]).await.unwrap();
    let journal = backend.journal().await.unwrap().unwrap();
    let recorded: Vec<String> = journal.outcomes.iter().map(|(address, _)| address.to_string()).collect();
    assert_eq!(recorded, ["resource.a", "resource.b"]);
}

#[tokio::test]
async fn outcomes_that_arrive_together_are_synced_together() {
    let folder = folder();
    let mut backend = locked(folder.path()).await;
    backend.append(&[begin_record()]).await.unwrap();
    files::simulated::steps();
    let together = ["a", "b", "c"].map(|name| outcome(name, written(name)));
    backend.append(&together).await.unwrap();
    assert_eq!(files::simulated::steps(), ["append", "sync journal"]);
    // That an object is ready is found out again after a crash.
    backend.append(&[outcome("a", Outcome::Ready)]).await.unwrap();
    assert_eq!(files::simulated::steps(), ["append"]);
}

#[tokio::test]
async fn after_a_failed_sync_nothing_more_is_recorded() {
    let folder = folder();
    let mut backend = locked(folder.path()).await;
    backend.append(&[begin_record()]).await.unwrap();
    files::simulated::die_after(1);
    let error = backend.append(&[outcome("a", written("a"))]).await.unwrap_err();
    assert!(matches!(error, StateError::Io { .. }), "{error}");
    files::simulated::revive();
    let error = backend.append(&[outcome("b", written("b"))]).await.unwrap_err();
    assert!(matches!(error, StateError::JournalLost { .. }), "{error}");
}

#[tokio::test]
async fn a_full_disk_fails_a_replacement_and_keeps_the_old_state() {
    let folder = folder();
    let mut backend = locked(folder.path()).await;
    let mut state = State::new("registry");
    state.serial = 1;
    backend.replace(&state, None).await.unwrap();
    let first = state.version();
    state.serial = 2;
    for step in 0..4 {
        files::simulated::die_after(step);
        backend.replace(&state, Some(&first)).await.unwrap_err();
        files::simulated::revive();
        assert_eq!(backend.load().await.unwrap().unwrap().serial, 1, "step {step}");
    }
    assert_eq!(names(backend.location().folder()), ["lock", "state.json"]);
}

#[tokio::test]
async fn only_files_that_are_revisions_count_as_such() {
    let folder = folder();
    let backend = locked(folder.path()).await;
    let revisions = backend.location().revisions();
    fs::create_dir(&revisions).unwrap();
    for name in ["000002.json", "7.json", "000003.json.bak", "notes", "1000000.json"] {
        fs::write(revisions.join(name), "").unwrap();
    }
    assert_eq!(backend.revisions().await.unwrap(), [2, 1_000_000]);
    let error = backend.revision(5).await.unwrap_err();
    assert!(error.to_string().contains("2 to 1000000 are kept"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn everything_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let mut backend = locked(folder.path()).await;
    backend.replace(&State::new("registry"), None).await.unwrap();
    backend.append(&[begin_record()]).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(backend.location().folder()), 0o700);
    for path in [backend.location().state(), backend.location().journal(), backend.location().lock()] {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
