//! Moves on a shelf in memory and in folders, also ones that are killed at every write.

use std::sync::Arc;

use super::*;
use crate::resource::{Desired, FieldPath, Key};
use crate::state::shared::memory::{MemoryShelf, Trouble};
use crate::state::shared::{KeyMaking, LeaseTimes, SharedBackend, Shelf};
use crate::state::test_support::*;
use crate::state::{Completion, LocalBackend, Location, RunEnd, Seal, SecretValues, simulated};

pub(super) const PROJECT: &str = "registry";

pub(super) fn on_shelf(shelf: &Arc<MemoryShelf>) -> SharedBackend {
    let shelf: Arc<dyn Shelf> = shelf.clone();
    SharedBackend::new(shelf, LeaseTimes::default(), KeyMaking::ByNeed).with_seal(Some(Seal::ByPlace))
}

pub(super) fn in_folder(folder: &tempfile::TempDir) -> LocalBackend {
    LocalBackend::new(Location::at(folder.path()))
}

fn values() -> SecretValues {
    let object = serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
                                    "data": {"k": "dg=="}});
    let field: FieldPath = "data.k".parse().unwrap();
    let mut values = SecretValues::default();
    values.add(&Desired::new(address("a"), object).unwrap(), &[field]);
    values
}

/// Makes a state with two revisions and a key.
pub(super) async fn lived_in(backend: Box<dyn Backend>) -> (State, Key) {
    let mut backend = backend;
    for _ in 0..2 {
        let mut store = Store::open(backend, PROJECT, "apply").await.unwrap();
        store.begin(run(Vec::new())).await.unwrap();
        store.finish(RunEnd::Completed, Completion { values: values(), ..completion() }).await.unwrap();
        backend = store.close().await.unwrap();
    }
    (backend.load().await.unwrap().unwrap(), backend.make_key().await.unwrap())
}

async fn is_moved(to: &dyn Backend, state: &State, key: &Key) {
    assert_eq!(to.load().await.unwrap().as_ref(), Some(state));
    assert_eq!(to.revisions().await.unwrap(), [1, 2]);
    assert_eq!(to.key().await.unwrap().unwrap().to_hex(), key.to_hex());
}

#[tokio::test]
async fn a_state_moves_there_and_back() {
    let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(MemoryShelf::default()));
    let (state, key) = lived_in(Box::new(in_folder(&folder))).await;
    let moved =
        migrate(Box::new(in_folder(&folder)), Box::new(on_shelf(&shelf)), PROJECT, None).await.unwrap();
    assert_eq!((moved.revisions, moved.serial), (2, state.serial));
    is_moved(&on_shelf(&shelf), &state, &key).await;
    // The old place says where the state is, to readers and to writers.
    let retired = in_folder(&folder).load().await.unwrap_err();
    assert!(
        matches!(&retired, StateError::Retired { to, .. } if *to == on_shelf(&shelf).place()),
        "{retired}"
    );
    let refused = Store::open(Box::new(in_folder(&folder)), PROJECT, "apply").await.err().unwrap();
    assert!(matches!(refused, StateError::Retired { .. }), "{refused}");
    // The same command again changes nothing.
    let again =
        migrate(Box::new(in_folder(&folder)), Box::new(on_shelf(&shelf)), PROJECT, None).await.unwrap();
    assert_eq!((again.revisions, again.serial), (0, state.serial));
    // And it goes back to where it came from.
    migrate(Box::new(on_shelf(&shelf)), Box::new(in_folder(&folder)), PROJECT, None).await.unwrap();
    is_moved(&in_folder(&folder), &state, &key).await;
    assert!(matches!(on_shelf(&shelf).load().await, Err(StateError::Retired { .. })));
}

#[tokio::test]
async fn secret_values_take_the_form_of_their_new_place() {
    let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(MemoryShelf::default()));
    lived_in(Box::new(on_shelf(&shelf))).await;
    let identity = age::x25519::Identity::generate();
    let text = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
    let identities = Identities::read(&text).unwrap();
    let seal = Seal::for_recipients(&[identity.to_public().to_string()]).unwrap();
    let encrypted = || in_folder(&folder).with_seal(Some(seal.clone()));
    migrate(Box::new(on_shelf(&shelf)), Box::new(encrypted()), PROJECT, None).await.unwrap();
    let kept = encrypted().values(2).await.unwrap().unwrap();
    assert_eq!(kept.open(Some(&identities)).unwrap(), values());
    // The way back needs the identity, and without it the state stays whole where it is.
    let closed = migrate(Box::new(encrypted()), Box::new(on_shelf(&shelf)), PROJECT, None).await.unwrap_err();
    assert!(matches!(closed, StateError::ValuesClosed { .. }), "{closed}");
    assert!(encrypted().load().await.unwrap().is_some());
    let back = migrate(Box::new(encrypted()), Box::new(on_shelf(&shelf)), PROJECT, Some(&identities));
    back.await.unwrap();
    assert_eq!(on_shelf(&shelf).values(2).await.unwrap().unwrap().open(None).unwrap(), values());
    // A place that keeps none says which are left behind.
    let other = tempfile::tempdir().unwrap();
    assert_eq!(values_left_behind(&on_shelf(&shelf), &encrypted()).await.unwrap(), Vec::<u64>::new());
    assert_eq!(values_left_behind(&on_shelf(&shelf), &in_folder(&other)).await.unwrap(), [1, 2]);
    migrate(Box::new(on_shelf(&shelf)), Box::new(in_folder(&other)), PROJECT, None).await.unwrap();
    assert_eq!(in_folder(&other).values(2).await.unwrap(), None);
    let moved_before = values_left_behind(&on_shelf(&shelf), &in_folder(&other)).await.unwrap();
    assert!(moved_before.is_empty(), "nothing moves any more");
}

#[tokio::test]
async fn a_move_that_was_killed_is_finished_by_the_same_command() {
    for kill in 0_usize.. {
        let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(MemoryShelf::default()));
        let (state, key) = lived_in(Box::new(in_folder(&folder))).await;
        shelf.trouble_after(kill, Trouble::Dead);
        let killed = migrate(Box::new(in_folder(&folder)), Box::new(on_shelf(&shelf)), PROJECT, None).await;
        let was_killed = killed.is_err();
        shelf.revive();
        shelf.let_the_lock_run_out();
        // Until it is retired, the old place goes on to count.
        assert_eq!(in_folder(&folder).load().await.is_ok(), was_killed, "killed at write {kill}");
        migrate(Box::new(in_folder(&folder)), Box::new(on_shelf(&shelf)), PROJECT, None).await.unwrap();
        is_moved(&on_shelf(&shelf), &state, &key).await;
        assert!(matches!(in_folder(&folder).load().await, Err(StateError::Retired { .. })));
        if !was_killed {
            assert!(kill > 5, "each write was tried: {kill}");
            break;
        }
    }
}

/// The same where the old place is the one that fails.
#[tokio::test]
async fn a_move_whose_old_place_fails_is_finished_by_the_same_command() {
    for kill in 0_usize.. {
        let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(MemoryShelf::default()));
        let (state, key) = lived_in(Box::new(on_shelf(&shelf))).await;
        shelf.trouble_after(kill, Trouble::Dead);
        let killed = migrate(Box::new(on_shelf(&shelf)), Box::new(in_folder(&folder)), PROJECT, None).await;
        shelf.revive();
        shelf.let_the_lock_run_out();
        migrate(Box::new(on_shelf(&shelf)), Box::new(in_folder(&folder)), PROJECT, None).await.unwrap();
        is_moved(&in_folder(&folder), &state, &key).await;
        assert!(matches!(on_shelf(&shelf).load().await, Err(StateError::Retired { .. })));
        if killed.is_ok() {
            break;
        }
    }
}

/// A place for a state: the folder, or the shelf.
type Opened = fn(&tempfile::TempDir, &Arc<MemoryShelf>) -> Box<dyn Backend>;

/// A process that is killed at each write to a file, whichever of the two places is the folder.
async fn killed_at_any_file(from: Opened, to: Opened) {
    for kill in 0_usize.. {
        let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(MemoryShelf::default()));
        let (old, new) = (|| from(&folder, &shelf), || to(&folder, &shelf));
        let (state, key) = lived_in(old()).await;
        simulated::die_after(kill);
        let was_killed = migrate(old(), new(), PROJECT, None).await.is_err();
        simulated::revive();
        shelf.let_the_lock_run_out();
        // The old place counts until it says that it does not.
        let counts = match old().load().await {
            Err(StateError::Retired { to, .. }) if to == new().place() => new(),
            found => found.map(|_| old()).unwrap(),
        };
        is_moved(counts.as_ref(), &state, &key).await;
        migrate(old(), new(), PROJECT, None).await.unwrap();
        is_moved(new().as_ref(), &state, &key).await;
        assert!(matches!(old().load().await, Err(StateError::Retired { .. })), "killed at step {kill}");
        if !was_killed {
            assert!(kill > 5, "each write was tried: {kill}");
            break;
        }
    }
}

#[tokio::test]
async fn a_move_that_is_killed_at_any_write_to_a_file_is_finished_by_the_same_command() {
    let in_folder: Opened = |folder, _| Box::new(in_folder(folder));
    let on_shelf: Opened = |_, shelf| Box::new(on_shelf(shelf));
    killed_at_any_file(in_folder, on_shelf).await;
    killed_at_any_file(on_shelf, in_folder).await;
}

#[tokio::test]
async fn nothing_is_lost_at_the_new_place() {
    let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(MemoryShelf::default()));
    let moved = |from: &tempfile::TempDir| {
        migrate(Box::new(in_folder(from)), Box::new(on_shelf(&shelf)), PROJECT, None)
    };
    let nothing = moved(&folder).await.unwrap_err();
    assert!(matches!(nothing, StateError::NothingToMove { .. }), "{nothing}");
    let (state, _) = lived_in(Box::new(in_folder(&folder))).await;
    lived_in(Box::new(on_shelf(&shelf))).await;
    let other = moved(&folder).await.unwrap_err();
    assert!(matches!(other, StateError::OtherLineage { .. }), "{other}");
    assert_eq!(in_folder(&folder).load().await.unwrap(), Some(state.clone()));
    // A newer one of the same lineage is not written over.
    let newer = State { serial: state.serial + 1, ..state };
    let mut there = on_shelf(&shelf);
    there.lock("test").await.unwrap();
    there.overwrite_state(&format::write(&there.place(), &newer).unwrap()).await.unwrap();
    there.release().await.unwrap();
    let older = moved(&folder).await.unwrap_err();
    assert!(matches!(older, StateError::NotNewer { .. }), "{older}");
    let same = migrate(Box::new(in_folder(&folder)), Box::new(in_folder(&folder)), PROJECT, None).await;
    assert!(matches!(same, Err(StateError::SamePlace { .. })));
}
