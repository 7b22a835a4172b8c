use super::super::test_support::*;
use crate::resource::{FieldPath, Held};
use crate::state::{
    Provenance, Readiness, Revision, RevisionSummary, RunEnd, State, StateVersion, Store, StoredResource,
    format, view,
};

fn known<'s>(state: &'s State, address: &str) -> &'s StoredResource {
    &state.resources[&address.parse().unwrap()]
}

#[test]
fn a_state_is_read_as_it_was_meant() {
    let state: State = format::read(&place(), &format_1("state.json")).unwrap();
    assert_eq!((state.serial, state.revision, state.resources.len()), (3, 1, 3));
    let version: StateVersion = format::read(&place(), &format_1("state.json")).unwrap();
    assert_eq!(version, state.version());
    assert_eq!(state.unfinished.as_ref().unwrap().end, Some(RunEnd::Failed));
    assert_eq!(state.in_doubt[0].address.to_string(), "resource.lost");
    let greeting = known(&state, "resource.greeting");
    assert_eq!((greeting.house.as_str(), &greeting.readiness), ("kubernetes", &Readiness::Ready));
    let applied = greeting.applied.as_ref().unwrap();
    assert_eq!(applied.fields["data.hello"], Held::Value("world".into()));
    // What format 1 does not have is read as unknown, not as empty.
    assert_eq!((&applied.sent_object, &applied.foreign_items), (&None, &None));
    let login = known(&state, "resource.login");
    assert!(login.keys.contains("password") && login.provenance == Provenance::Adopted);
    assert!(known(&state, "namespace.team-a").protect);
    assert!(state.completed.is_empty() && state.runs.is_empty());
}

#[test]
fn a_revision_is_read_with_what_it_kept() {
    let revision: Revision = format::read(&place(), &format_1("revisions/000001.json")).unwrap();
    assert_eq!(
        revision.head.summary,
        RevisionSummary { created: 2, adopted: 1, ..RevisionSummary::default() }
    );
    assert_eq!((revision.state.serial, revision.state.resources.len()), (2, 3));
    let login = &revision.desired[&"resource.login".parse().unwrap()];
    assert!(login.object_only, "nothing but the object is known");
    assert_eq!(login.withheld, ["data.password".parse::<FieldPath>().unwrap()].into());
    assert_eq!(login.identity().unwrap().name, "login");
}

#[test]
fn a_field_that_no_version_knows_is_refused_there_too() {
    let mut state: serde_json::Value = serde_json::from_slice(&format_1("state.json")).unwrap();
    state["colour"] = "blue".into();
    let error = format::read::<State>(&place(), state.to_string().as_bytes()).unwrap_err();
    assert!(error.to_string().contains("colour"), "{error}");
}

/// A whole folder: the state, the revisions, and the journal of a run that was killed.
#[tokio::test]
async fn a_folder_is_taken_over_with_the_run_that_was_killed_in_it() {
    let folder = folder();
    let location = backend(folder.path()).location().clone();
    std::fs::create_dir_all(location.revisions()).unwrap();
    for (path, name) in [
        (location.state(), "state.json"),
        (location.journal(), "journal"),
        (location.revision(1), "revisions/000001.json"),
    ] {
        std::fs::write(path, format_1(name)).unwrap();
    }
    let seen = view(backend(folder.path()).as_ref(), "registry").await.unwrap();
    let store = Store::open(backend(folder.path()), "registry", "apply").await.unwrap();
    assert_eq!(&seen.state, store.state());
    let recovered = store.recovered().unwrap();
    assert_eq!((recovered.outcomes, recovered.in_doubt.len()), (6, 2));
    let doubts: Vec<_> = store.state().in_doubt.iter().map(|intent| intent.address.to_string()).collect();
    assert_eq!(doubts, ["resource.lost", "resource.silent", "resource.waiting"]);
    assert_eq!(known(store.state(), "resource.greeting").uid, "uid-greeting-2");
    // The list of completed plans is new in format 2; older ones are found in the revisions.
    assert_eq!(store.completed("sha256:aaaa").await.unwrap().map(|plan| plan.revision), Some(1));
    assert!(store.completed("sha256:cccc").await.unwrap().is_none(), "it was not completed");
    let text = std::fs::read_to_string(location.state()).unwrap();
    assert!(text.starts_with("{\n\"format_version\": 2,\n\"checksum\": \"sha256:"), "{text}");
    assert!(!location.journal().exists());
    drop(store);
    let again = Store::open(backend(folder.path()), "registry", "apply").await.unwrap();
    assert_eq!(again.state().serial, 4);
}
