use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::apply::testing::{TakesEveryWrite, config_map, create, creation, desired, plan};
use crate::provider::OnTrouble;
use crate::resource::{Address, Identity, Target, digest};
use crate::state::{Backend as _, LocalBackend, Location, Readiness, StoredResource, simulated};

async fn store(folder: &Path) -> Store {
    let backend = LocalBackend::new(Location::at(folder.join("state")));
    Store::open(Box::new(backend), "p", "apply").await.unwrap()
}

async fn applied(plan: &Plan, cluster: &TakesEveryWrite, store: &mut Store) -> Result<Report, Error> {
    let sources = Sources::default();
    let secrets = RunSecrets::default();
    let (digest, configuration) = (plan.digest.clone(), "sha256:c".to_owned());
    let run = Run {
        plan: digest,
        configuration,
        read_from: ReadFrom::default(),
        sources: &sources,
        secrets: &secrets,
        recorded_in: None,
    };
    let options = Options { parallelism: plan.changes.len(), on_trouble: OnTrouble::Wait };
    apply(plan, &run, cluster, store, &|_| (), &Stop::default(), options).await
}

/// The content of all files in a folder, as one text.
fn all_text(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        text += &if path.is_dir() { all_text(&path) } else { std::fs::read_to_string(path).unwrap() };
    }
    text
}

#[tokio::test]
async fn what_was_written_is_known_with_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path()).await;
    let plan = plan(["a", "never-ready"].map(|name| create(&config_map(name))).into());
    let report = applied(&plan, &TakesEveryWrite::default(), &mut store).await.unwrap();
    assert_eq!(report.failed.len(), 1);
    let known = |name: &str| &store.state().resources[&Address::block("resource", name)];
    assert_eq!(known("a").readiness, Readiness::Ready);
    assert!(matches!(known("never-ready").readiness, Readiness::NotReady { .. }));
    let sent = known("a").applied.as_ref().unwrap().sent_object.clone().unwrap();
    assert_eq!(sent.object().unwrap(), config_map("a"));
}

/// A change whose dependency is unchanged waits until that is ready.
#[tokio::test]
async fn what_was_not_ready_is_ready_when_a_later_run_has_seen_it_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path()).await;
    applied(&plan(vec![create(&config_map("a"))]), &TakesEveryWrite::default(), &mut store).await.unwrap();
    let a = Address::block("resource", "a");
    let since = Timestamp::UNIX_EPOCH;
    let not_ready = |resource: &mut StoredResource| resource.readiness = Readiness::NotReady { since };
    store.edit(|state| state.resources.get_mut(&a).map_or((), not_ready)).await.unwrap();
    let mut unchanged = create(&config_map("a"));
    unchanged.action = Action::None;
    let mut dependent = create(&config_map("b"));
    dependent.dependencies.push(a.clone());
    applied(&plan(vec![unchanged, dependent]), &TakesEveryWrite::default(), &mut store).await.unwrap();
    assert_eq!(store.state().resources[&a].readiness, Readiness::Ready);
}

/// Neither a secret nor a digest of one is written into the state, a revision, or the journal of a killed
/// run.
#[tokio::test]
async fn no_secret_is_stored() {
    let canary = "hunter2-aHVudGVyMg";
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"},
        "data": {"password": canary}, "stringData": {"token": canary}});
    let mut marked = config_map("c");
    marked["data"] = json!({"k": "v", "password": canary, "list": [canary, "open"]});
    let mut marked = desired(&marked);
    for path in ["data.password", "data.list[0]"] {
        marked.sensitive.insert(path.parse().unwrap(), ());
    }
    let plan = plan(vec![create(&secret), creation(marked)]);
    let forms = [canary.to_owned(), digest(canary), digest(&json!(canary).to_string())];

    let folder = tempfile::tempdir().unwrap();
    let mut complete = store(folder.path()).await;
    assert!(applied(&plan, &TakesEveryWrite::default(), &mut complete).await.unwrap().is_complete());
    let text = all_text(folder.path());
    assert!(text.contains("\"desired\"") && text.contains("sent_object"), "{text}");
    for form in &forms {
        assert!(!text.contains(form), "{form} in {text}");
    }

    // The run was killed, so its records are only in the journal.
    let folder = tempfile::tempdir().unwrap();
    let mut killed = store(folder.path()).await;
    let failing: fn(&str) = |name| {
        if name == "c" {
            simulated::die_after(6);
        }
    };
    let result = applied(&plan, &TakesEveryWrite { before_write: Box::new(failing) }, &mut killed).await;
    simulated::revive();
    result.unwrap_err();
    let journal = std::fs::read_to_string(folder.path().join("state/journal")).unwrap();
    assert!(journal.contains("\"written\"") && journal.contains("password"), "{journal}");
    for form in &forms {
        assert!(!journal.contains(form), "{form} in {journal}");
    }
}

/// The disk is full at the moment at which the first outcome is recorded. It is not known whether the server
/// has done the other writes.
#[tokio::test]
async fn writes_under_way_are_in_doubt_where_a_run_ends_because_it_cannot_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut broken = store(folder.path()).await;
    let plan = plan(["a", "b", "silent"].map(|name| create(&config_map(name))).into());
    let full = TakesEveryWrite { before_write: Box::new(|_| simulated::fail_after(0)) };
    let error = applied(&plan, &full, &mut broken).await.unwrap_err();
    assert!(error.to_string().contains("what was done cannot be recorded"), "{error}");
    broken.close().await.unwrap();
    let backend = LocalBackend::new(Location::at(folder.path().join("state")));
    let state = backend.load().await.unwrap().unwrap();
    assert_eq!(state.unfinished.as_ref().unwrap().end, Some(RunEnd::Failed));
    // Two writes were answered; their outcomes are known, though they could not be written at first.
    assert_eq!((state.resources.len(), state.in_doubt.len()), (2, 1), "{:?}", state.in_doubt);
    assert!(state.in_doubt.iter().any(|intent| intent.target.identity.name == "silent"));
}

#[test]
fn what_only_gets_another_address_is_recorded_as_moved() {
    let recorded = |action: Action, moved: bool| {
        let address = Address::block("resource", "new");
        let identity = Identity::namespaced("", "ConfigMap", "a", "x");
        let target = Target { identity, version: None };
        let change = Change::new(address, target, action, crate::plan::Fidelity::DryRun);
        intent(&Change { moved_from: moved.then(|| Address::block("resource", "old")), ..change })
    };
    for action in [Action::None, Action::Keep, Action::Update] {
        assert_eq!(recorded(action, true), Some(IntentKind::Move), "{action:?}");
    }
    assert_eq!(recorded(Action::None, false), None);
    assert_eq!(recorded(Action::Update, false), Some(IntentKind::Update));
}
