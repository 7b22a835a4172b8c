use std::sync::Arc;

use age::secrecy::ExposeSecret as _;
use serde_json::json;

use super::*;
use crate::resource::{Desired, FieldPath};
use crate::state::shared::memory::MemoryShelf;
use crate::state::shared::{Item, KeyMaking, LeaseTimes, SharedBackend, Shelf};
use crate::state::test_support::*;
use crate::state::{Backend as _, Completion, LocalBackend, Location, NewRun, RunEnd, Store};

const CANARY: &str = "canary-5ecret";

fn key_pair() -> (Seal, Identities) {
    let identity = age::x25519::Identity::generate();
    let text = format!("# created: today\n{}\n", identity.to_string().expose_secret());
    (Seal::for_recipients(&[identity.to_public().to_string()]).unwrap(), Identities::read(&text).unwrap())
}

fn field() -> FieldPath {
    "stringData.token".parse().unwrap()
}

/// The values of a Secret with this token.
fn values(name: &str, token: &str) -> SecretValues {
    let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "n"},
                        "stringData": {"token": token}});
    let desired = Desired::new(address(name), object).unwrap();
    let mut values = SecretValues::default();
    values.add(&desired, &[field()]);
    values
}

fn completion_with(values: SecretValues) -> Completion {
    Completion { values, ..completion() }
}

#[test]
fn values_are_opened_by_the_identity_of_a_recipient_alone() {
    let (seal, identities) = key_pair();
    let sealed = SealedValues::new(1, RunId::random(), &values("a", CANARY), &seal).unwrap();
    let text = serde_json::to_string(&sealed).unwrap();
    assert!(!text.contains(CANARY) && !format!("{sealed:?}").contains(CANARY));
    let opened = sealed.open(Some(&identities)).unwrap();
    assert_eq!(opened.get(&address("a"), &field()), Some(&json!(CANARY)));
    assert!(!format!("{opened:?}").contains(CANARY));
    assert_eq!(sealed.open(None), Err(NotOpened::NoIdentity));
    let other = sealed.open(Some(&key_pair().1)).unwrap_err();
    assert!(matches!(other, NotOpened::Refused { .. }), "{other}");
}

#[test]
fn what_cannot_be_opened_closes_nothing_else() {
    let (seal, identities) = key_pair();
    let mut sealed = SealedValues::new(1, RunId::random(), &values("a", CANARY), &seal).unwrap();
    let others = SealedValues::new(1, RunId::random(), &values("b", CANARY), &key_pair().0).unwrap();
    sealed.values.extend(others.values);
    sealed.values.insert(address("c"), "no Base64!".to_owned());
    let (opened, unopened) = sealed.open_each(Some(&identities));
    assert_eq!(opened.get(&address("a"), &field()), Some(&json!(CANARY)));
    assert!(unopened.keys().eq(&[address("b"), address("c")]));
    assert!(matches!(unopened[&address("b")], NotOpened::Refused { .. }));
    assert_eq!(unopened[&address("c")], NotOpened::Damaged { address: Box::new(address("c")) });
    assert!(sealed.open(Some(&identities)).is_err());
}

#[test]
fn what_is_no_key_is_refused_without_being_quoted() {
    assert!(Seal::for_recipients(&[]).is_err());
    assert!(Seal::for_recipients(&["age1nonsense".to_owned()]).unwrap_err().contains("age1nonsense"));
    let error = Identities::read("AGE-SECRET-KEY-1NONSENSE").unwrap_err();
    assert!(!error.contains("NONSENSE"), "{error}");
    assert!(Identities::read("# nothing\n").is_err());
}

/// A store on a shelf that keeps values so.
async fn store(shelf: &Arc<MemoryShelf>, seal: &Seal) -> Store {
    let shelf: Arc<dyn Shelf> = shelf.clone();
    let backend = SharedBackend::new(shelf, LeaseTimes::default(), KeyMaking::ByNeed);
    let backend = backend.with_seal(Some(seal.clone())).with_retention(2);
    Store::open(Box::new(backend), "registry", "apply").await.unwrap()
}

async fn applied(shelf: &Arc<MemoryShelf>, seal: &Seal, completion: Completion) -> SharedBackend {
    let mut store = store(shelf, seal).await;
    store.begin(NewRun { ..run(Vec::new()) }).await.unwrap();
    store.finish(RunEnd::Completed, completion).await.unwrap();
    store.close().await.unwrap();
    let shelf: Arc<dyn Shelf> = shelf.clone();
    SharedBackend::new(shelf, LeaseTimes::default(), KeyMaking::ByNeed)
}

#[tokio::test]
async fn each_revision_has_its_own_and_they_go_with_it() {
    let shelf = Arc::new(MemoryShelf::default());
    let (seal, identities) = key_pair();
    for token in ["one", "two", "three"] {
        applied(&shelf, &seal, completion_with(values("a", token))).await;
    }
    let backend = applied(&shelf, &seal, Completion::default()).await;
    assert!(!shelf.items().contains(&Item::Values(1)) && !shelf.items().contains(&Item::Values(2)));
    let third = backend.values(3).await.unwrap().unwrap().open(Some(&identities)).unwrap();
    assert_eq!(third.get(&address("a"), &field()), Some(&json!("three")));
    assert!(backend.values(4).await.unwrap().is_none());
    assert!(Item::Values(3).is_secret());
}

/// An apply has no identity, and a run with `--target` knows the values of its targets alone.
#[tokio::test]
async fn the_values_of_what_a_run_leaves_out_are_carried_on_unopened() {
    for by_place in [false, true] {
        let shelf = Arc::new(MemoryShelf::default());
        let (age, identities) = key_pair();
        let seal = if by_place { Seal::ByPlace } else { age };
        let both = [(address("a"), desired("a")), (address("b"), desired("b"))];
        let first = Completion { desired: both.into(), ..completion_with(values("b", CANARY)) };
        applied(&shelf, &seal, first).await;
        let second = Completion { left_out: [address("b")].into(), ..completion_with(values("a", "new")) };
        let backend = applied(&shelf, &seal, second).await;
        let opened = backend.values(2).await.unwrap().unwrap().open(Some(&identities)).unwrap();
        assert_eq!(opened.get(&address("b"), &field()), Some(&json!(CANARY)), "by place: {by_place}");
        assert_eq!(opened.get(&address("a"), &field()), Some(&json!("new")));
    }
}

/// What the run did not touch is not forgotten by it, though what it writes is kept in no revision.
#[tokio::test]
async fn what_a_run_leaves_out_stays_encrypted_where_nothing_is_encrypted_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let (seal, identities) = key_pair();
    let both = [(address("a"), desired("a")), (address("b"), desired("b"))];
    let first = Completion { desired: both.into(), ..completion_with(values("b", CANARY)) };
    let second = Completion { left_out: [address("b")].into(), ..completion_with(values("a", "new")) };
    for (seal, completion) in [(Some(seal), first), (None, second)] {
        let backend = LocalBackend::new(Location::at(folder.path())).with_seal(seal);
        let mut store = Store::open(Box::new(backend), "registry", "apply").await.unwrap();
        store.begin(run(Vec::new())).await.unwrap();
        store.finish(RunEnd::Completed, completion).await.unwrap();
        store.close().await.unwrap();
    }
    let backend = LocalBackend::new(Location::at(folder.path()));
    let opened = backend.values(2).await.unwrap().unwrap().open(Some(&identities)).unwrap();
    assert_eq!(opened.get(&address("b"), &field()), Some(&json!(CANARY)));
    assert_eq!(opened.get(&address("a"), &field()), None);
}

#[test]
fn a_value_that_was_changed_is_damaged_and_no_others() {
    let (seal, identities) = key_pair();
    let sealed = SealedValues::new(1, RunId::random(), &values("a", CANARY), &seal).unwrap();
    let bytes = STANDARD.decode(&sealed.values[&address("a")]).unwrap();
    let is_damaged = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        let values = [(address("a"), STANDARD.encode(bytes))].into();
        let changed = SealedValues { values, ..sealed.clone() };
        matches!(changed.open(Some(&identities)), Err(NotOpened::Damaged { .. }))
    };
    assert!(is_damaged(0) && is_damaged(bytes.len() - 1));
    let other = sealed.open(Some(&key_pair().1));
    assert!(matches!(other, Err(NotOpened::Refused { .. })), "it is for somebody else");
}

/// It had the number of the revision that another run saved later, without values.
#[tokio::test]
async fn values_that_a_killed_run_has_left_are_not_carried_on() {
    let folder = tempfile::tempdir().unwrap();
    let left = SealedValues::new(1, RunId::random(), &values("b", "old"), &key_pair().0).unwrap();
    let mut backend = LocalBackend::new(Location::at(folder.path()));
    backend.lock("apply").await.unwrap();
    backend.save_values(&left).await.unwrap();
    backend.release().await.unwrap();
    let both = [(address("a"), desired("a")), (address("b"), desired("b"))];
    let first = Completion { desired: both.into(), ..Completion::default() };
    let second = Completion { left_out: [address("b")].into(), ..Completion::default() };
    for completion in [first, second] {
        let backend = LocalBackend::new(Location::at(folder.path()));
        let mut store = Store::open(Box::new(backend), "registry", "apply").await.unwrap();
        store.begin(run(Vec::new())).await.unwrap();
        store.finish(RunEnd::Completed, completion).await.unwrap();
        store.close().await.unwrap();
    }
    let backend = LocalBackend::new(Location::at(folder.path()));
    assert!(backend.values(1).await.unwrap().is_some(), "what was left is still there");
    assert_eq!(backend.values(2).await.unwrap(), None);
}

#[tokio::test]
async fn a_folder_keeps_them_encrypted_or_not_at_all() {
    for seal in [None, Some(key_pair().0)] {
        let folder = tempfile::tempdir().unwrap();
        let is_kept = seal.is_some();
        let backend = LocalBackend::new(Location::at(folder.path())).with_seal(seal);
        let mut store = Store::open(Box::new(backend), "registry", "apply").await.unwrap();
        store.begin(run(Vec::new())).await.unwrap();
        store.finish(RunEnd::Completed, completion_with(values("a", CANARY))).await.unwrap();
        let backend = store.close().await.unwrap();
        assert_eq!(backend.values(1).await.unwrap().is_some(), is_kept);
        assert_eq!(backend.revisions().await.unwrap(), [1]);
    }
}
