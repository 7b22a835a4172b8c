//! Tests of an index that is damaged or missing: no revision is lost by it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::resource::{Problem, ProblemKind};
use crate::state::shared::memory::{MemoryShelf, Trouble};
use crate::state::shared::{
    Item, ItemVersion, Kept, KeyMaking, LeaseTimes, Over, Remark, SharedBackend, Shelf, ShelfError,
};
use crate::state::{Backend, Revision, State, StateError, sample};

/// What was told of an index that was made anew: how many revisions it has.
type Told = Arc<Mutex<Vec<usize>>>;

fn backend_on(shelf: Arc<dyn Shelf>) -> (SharedBackend, Told) {
    let told = Told::default();
    let telling = Arc::clone(&told);
    let backend = SharedBackend::new(shelf, LeaseTimes::default(), KeyMaking::ByNeed);
    let backend = backend.with_retention(3).with_telling(Box::new(move |remark| {
        let Remark::IndexAnew { revisions, .. } = remark else { panic!("{remark:?}") };
        telling.lock().unwrap().push(*revisions);
    }));
    (backend, told)
}

fn revision(number: u64) -> Revision {
    let mut revision = sample::revision();
    revision.head.number = number;
    revision
}

/// A shelf with these revisions.
async fn shelf_with(numbers: impl IntoIterator<Item = u64>) -> Arc<MemoryShelf> {
    let shelf = Arc::new(MemoryShelf::default());
    let (mut backend, told) = backend_on(shelf.clone());
    backend.lock("apply").await.unwrap();
    for number in numbers {
        backend.save_revision(&revision(number)).await.unwrap();
    }
    backend.release().await.unwrap();
    assert!(told.lock().unwrap().is_empty(), "nothing is damaged");
    shelf
}

async fn index_on(shelf: &MemoryShelf) -> Vec<u8> {
    shelf.get(Item::Index).await.unwrap().unwrap().bytes
}

#[tokio::test]
async fn whatever_bit_flips_all_revisions_are_there_and_one_that_comes_puts_it_right() {
    let shelf = shelf_with(1..=3).await;
    let whole = index_on(&shelf).await;
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        shelf.damage(Item::Index, &flipped);
        let (backend, told) = backend_on(shelf.clone());
        match backend.revisions().await {
            Ok(found) => assert_eq!(found, [1, 2, 3], "byte {at}"),
            // As of any other file, nobody knows what a newer version means.
            Err(error) => assert!(matches!(error, StateError::NewerFormat { .. }), "byte {at}: {error}"),
        }
        backend.revisions().await.ok();
        assert!(told.lock().unwrap().len() <= 1, "it is told once");
    }
    shelf.damage(Item::Index, b"{}");
    let (mut backend, told) = backend_on(shelf.clone());
    assert_eq!(backend.revisions().await.unwrap(), [1, 2, 3]);
    assert_eq!(backend.revision(2).await.unwrap(), revision(2));
    backend.lock("apply").await.unwrap();
    backend.save_revision(&revision(4)).await.unwrap();
    backend.release().await.unwrap();
    assert_eq!(*told.lock().unwrap(), [3]);
    let (backend, told) = backend_on(shelf.clone());
    assert_eq!(backend.revisions().await.unwrap(), [2, 3, 4], "the oldest one goes as ever");
    assert!(!shelf.items().contains(&Item::Revision(1)));
    assert!(told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_index_of_an_older_version_gets_a_checksum_with_the_next_revision() {
    let shelf = shelf_with(1..=2).await;
    shelf.damage(Item::Index, br#"{"format_version":2,"revisions":[1,2]}"#);
    let (mut backend, told) = backend_on(shelf.clone());
    assert_eq!(backend.revisions().await.unwrap(), [1, 2]);
    backend.lock("apply").await.unwrap();
    backend.save_revision(&revision(3)).await.unwrap();
    backend.release().await.unwrap();
    assert_eq!(backend.revisions().await.unwrap(), [1, 2, 3]);
    let text = String::from_utf8(index_on(&shelf).await).unwrap();
    assert!(text.contains("\"checksum\""), "{text}");
    assert!(told.lock().unwrap().is_empty(), "it was not damaged");
}

#[tokio::test]
async fn a_damaged_revision_stays_in_an_index_that_is_made_anew() {
    let shelf = shelf_with(1..=3).await;
    shelf.damage(Item::Index, b"");
    shelf.damage(Item::Revision(2), b"");
    let (backend, told) = backend_on(shelf.clone());
    assert_eq!(backend.revisions().await.unwrap(), [1, 2, 3]);
    assert!(matches!(backend.revision(2).await, Err(StateError::Damaged { .. })));
    assert_eq!(*told.lock().unwrap(), [3]);
}

#[tokio::test]
async fn an_index_that_is_missing_is_made_anew_and_one_that_never_was_is_no_news() {
    let shelf = shelf_with([]).await;
    let (backend, told) = backend_on(shelf.clone());
    assert_eq!(backend.revisions().await.unwrap(), Vec::<u64>::new());
    assert!(told.lock().unwrap().is_empty(), "there was no revision yet");
    let shelf = shelf_with(1..=3).await;
    shelf.lose(Item::Index);
    let (mut backend, told) = backend_on(shelf.clone());
    assert_eq!(backend.revisions().await.unwrap(), [1, 2, 3]);
    backend.lock("apply").await.unwrap();
    assert_eq!(backend.revisions().await.unwrap(), [1, 2, 3]);
    assert_eq!(*told.lock().unwrap(), [3], "it is told once");
    backend.save_revision(&revision(4)).await.unwrap();
    let (backend, told) = backend_on(shelf.clone());
    assert_eq!(backend.revisions().await.unwrap(), [2, 3, 4]);
    assert!(told.lock().unwrap().is_empty(), "it was written");
}

/// Somebody whose index was damaged too has written a revision, and was killed before he wrote the index.
#[tokio::test]
async fn a_lock_that_is_taken_shows_what_others_wrote_meanwhile() {
    let shelf = shelf_with(1..=2).await;
    shelf.damage(Item::Index, b"{}");
    let (mut backend, told) = backend_on(shelf.clone());
    assert_eq!(backend.revisions().await.unwrap(), [1, 2]);
    let (mut other, _) = backend_on(shelf.clone());
    other.lock("apply").await.unwrap();
    shelf.trouble_after(1, Trouble::Dead);
    other.save_revision(&revision(3)).await.unwrap_err();
    shelf.revive();
    shelf.let_the_lock_run_out();
    backend.lock("apply").await.unwrap();
    assert_eq!(backend.revisions().await.unwrap(), [1, 2, 3]);
    assert_eq!(*told.lock().unwrap(), [2, 3]);
}

/// A shelf as one in a cluster is: it has three places, and says itself of what is damaged.
struct Ring(Arc<MemoryShelf>);

impl Ring {
    fn place_of(item: Item) -> Item {
        match item {
            Item::Revision(number) => Item::Revision(number % 3),
            item => item,
        }
    }
}

#[async_trait]
impl Shelf for Ring {
    fn place(&self, item: Item) -> PathBuf {
        self.0.place(Self::place_of(item))
    }

    async fn get(&self, item: Item) -> Result<Option<Kept>, ShelfError> {
        match self.0.get(Self::place_of(item)).await? {
            Some(kept) if kept.bytes.is_empty() => {
                Err(ShelfError::Damaged("its checksum is wrong".to_owned()))
            }
            kept => Ok(kept),
        }
    }

    async fn version(&self, item: Item) -> Result<Option<ItemVersion>, ShelfError> {
        self.0.version(Self::place_of(item)).await
    }

    async fn places_of_revisions(&self) -> Result<Vec<u64>, ShelfError> {
        Ok(vec![0, 1, 2])
    }

    async fn put(&self, item: Item, bytes: &[u8], over: Over<'_>) -> Result<ItemVersion, ShelfError> {
        self.0.put(Self::place_of(item), bytes, over).await
    }

    async fn remove(&self, item: Item, version: &ItemVersion) -> Result<(), ShelfError> {
        self.0.remove(Self::place_of(item), version).await
    }
}

#[tokio::test]
async fn where_the_revisions_go_round_each_says_its_own_number() {
    let shelf = Arc::new(MemoryShelf::default());
    let (mut backend, told) = backend_on(Arc::new(Ring(shelf.clone())));
    backend.lock("apply").await.unwrap();
    for number in 1..=5 {
        backend.save_revision(&revision(number)).await.unwrap();
    }
    shelf.damage(Item::Index, b"");
    assert_eq!(backend.revisions().await.unwrap(), [3, 4, 5]);
    backend.save_revision(&revision(6)).await.unwrap();
    assert_eq!(backend.revisions().await.unwrap(), [4, 5, 6]);
    assert_eq!(backend.revision(4).await.unwrap(), revision(4));
    assert_eq!(*told.lock().unwrap(), [3]);
}

/// It is as it is in a folder: damaged, which stops no run, and not out of reach, which does.
#[tokio::test]
async fn what_a_shelf_itself_finds_damaged_is_damaged() {
    let shelf = Arc::new(MemoryShelf::default());
    let (mut backend, _) = backend_on(Arc::new(Ring(shelf.clone())));
    backend.lock("apply").await.unwrap();
    backend.save_revision(&revision(1)).await.unwrap();
    shelf.damage(Item::Revision(1), b"");
    let error = backend.revision(1).await.unwrap_err();
    assert!(
        matches!(&error, StateError::Damaged { reason, .. } if reason == "its checksum is wrong"),
        "{error}"
    );
    let head = backend.revision_head(1).await;
    assert_eq!(crate::state::error::unless_damaged(head).unwrap(), None);
}

/// A store that lists nothing for these credentials.
struct Unlisted(Arc<MemoryShelf>);

#[async_trait]
impl Shelf for Unlisted {
    fn place(&self, item: Item) -> PathBuf {
        PathBuf::from(match item {
            Item::Index => "revisions/index.json".to_owned(),
            item => item.to_string(),
        })
    }

    async fn get(&self, item: Item) -> Result<Option<Kept>, ShelfError> {
        self.0.get(item).await
    }

    async fn places_of_revisions(&self) -> Result<Vec<u64>, ShelfError> {
        Err(ShelfError::Failed(Box::new(Problem::new(ProblemKind::Forbidden, "access denied"))))
    }

    async fn put(&self, item: Item, bytes: &[u8], over: Over<'_>) -> Result<ItemVersion, ShelfError> {
        self.0.put(item, bytes, over).await
    }

    async fn remove(&self, item: Item, version: &ItemVersion) -> Result<(), ShelfError> {
        self.0.remove(item, version).await
    }
}

#[tokio::test]
async fn where_the_revisions_cannot_be_looked_for_a_damaged_index_is_an_error() {
    let shelf = shelf_with(1..=2).await;
    shelf.damage(Item::Index, b"{}");
    let (backend, _) = backend_on(Arc::new(Unlisted(shelf)));
    let error = backend.revisions().await.unwrap_err();
    let StateError::Damaged { path, reason } = &error else { panic!("{error}") };
    assert_eq!(path, &PathBuf::from("revisions/index.json"));
    assert!(reason.contains("access denied"), "{reason}");
    assert!(error.help().contains("the right to list"), "{}", error.help());
}

#[tokio::test]
async fn where_the_revisions_cannot_be_looked_for_only_a_state_without_any_needs_no_index() {
    let shelf = shelf_with(1..=2).await;
    shelf.lose(Item::Index);
    let (mut backend, told) = backend_on(Arc::new(Unlisted(shelf)));
    assert_eq!(backend.revisions().await.unwrap(), Vec::<u64>::new());
    assert!(told.lock().unwrap().is_empty());
    backend.lock("apply").await.unwrap();
    let state = State { revision: 2, ..sample::state() };
    backend.replace(&state, None).await.unwrap();
    let error = backend.revisions().await.unwrap_err();
    assert!(
        matches!(&error, StateError::Damaged { reason, .. } if reason.starts_with("it is missing; ")),
        "{error}"
    );
}
