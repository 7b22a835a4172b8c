//! Tests on the store in memory, which looks at conditions, and on ones that do not.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::{
    CopyOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, PutMultipartOptions, PutOptions,
    PutResult,
};

use super::bucket::Language;
use super::*;
use crate::resource::ProblemKind;
use crate::state::shared::{KeyMaking, LeaseTimes, SharedBackend};
use crate::state::test_support::*;
use crate::state::{Backend, RunEnd, StateError, Store};

fn shelf(store: impl ObjectStore) -> ObjectShelf {
    let bucket = Bucket { name: "s3://states".to_owned(), language: Language::S3 };
    ObjectShelf::new(Arc::new(store), bucket, Path::from("shop"))
}

fn backend(shelf: &Arc<ObjectShelf>) -> SharedBackend {
    let shelf: Arc<dyn Shelf> = shelf.clone();
    SharedBackend::new(shelf, LeaseTimes::default(), KeyMaking::ByNeed)
}

#[tokio::test]
async fn an_item_is_made_once_and_replaced_only_as_it_is_known() {
    let shelf = shelf(InMemory::new());
    assert!(shelf.get(Item::State).await.unwrap().is_none());
    let first = shelf.put(Item::State, b"one", Over::Nothing).await.unwrap();
    let again = shelf.put(Item::State, b"two", Over::Nothing).await.unwrap_err();
    assert!(matches!(again, ShelfError::Taken), "{again:?}");
    let second = shelf.put(Item::State, b"two", Over::Version(&first)).await.unwrap();
    let stale = shelf.put(Item::State, b"three", Over::Version(&first)).await.unwrap_err();
    assert!(matches!(stale, ShelfError::Taken), "{stale:?}");
    let kept = shelf.get(Item::State).await.unwrap().unwrap();
    assert_eq!((kept.bytes.as_slice(), &kept.version), (b"two".as_slice(), &second));
    let stale = shelf.remove(Item::State, &first).await.unwrap_err();
    assert!(matches!(stale, ShelfError::Taken), "{stale:?}");
    shelf.remove(Item::State, &second).await.unwrap();
    shelf.remove(Item::State, &second).await.unwrap();
    let gone = shelf.put(Item::State, b"four", Over::Version(&second)).await.unwrap_err();
    assert!(matches!(gone, ShelfError::Taken), "{gone:?}");
}

#[tokio::test]
async fn a_run_is_recorded_under_names_that_people_can_read() {
    let shelf = Arc::new(shelf(InMemory::new()));
    let mut store = Store::open(Box::new(backend(&shelf)), "registry", "apply").await.unwrap();
    store.begin(run(Vec::new())).await.unwrap();
    assert_eq!(store.finish(RunEnd::Completed, completion()).await.unwrap(), Some(1));
    store.close().await.unwrap();
    let names: Vec<String> = [Item::State, Item::Lock, Item::Journal(3), Item::Revision(1), Item::Values(12)]
        .map(|item| shelf.place(item).display().to_string())
        .into();
    assert_eq!(
        names,
        [
            "s3://states/shop/state.json",
            "s3://states/shop/lock.json",
            "s3://states/shop/journal/003",
            "s3://states/shop/revisions/000001.json",
            "s3://states/shop/revisions/000012.values.json"
        ]
    );
    let reader = backend(&shelf);
    assert_eq!(reader.load().await.unwrap().unwrap().revision, 1);
    assert_eq!(reader.revision(1).await.unwrap().head.number, 1);
}

/// What a store in front of another one does to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It never looks at a condition.
    IgnoresAll,
    /// It looks at `If-None-Match` alone.
    IgnoresMatch,
    /// It does every write and says that it is not done.
    Refuses,
    /// It does the write, and no answer comes.
    Silent,
    /// It does the write twice, as a client does that repeats a request.
    Repeats,
}

#[derive(Debug)]
struct Odd {
    store: InMemory,
    manner: Manner,
    /// How many writes it still treats as any store does.
    well_for: AtomicUsize,
    /// How many reads it still answers with the mark of another content.
    torn: AtomicUsize,
}

impl Odd {
    fn new(manner: Manner, well_for: usize) -> Self {
        Self {
            store: InMemory::new(),
            manner,
            well_for: AtomicUsize::new(well_for),
            torn: AtomicUsize::new(0),
        }
    }
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("odd")
    }
}

/// Takes one away; whether there was one.
fn one_less(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn generic(text: &str) -> object_store::Error {
    object_store::Error::Generic { store: "odd", source: text.into() }
}

#[async_trait]
impl ObjectStore for Odd {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> object_store::Result<PutResult> {
        if one_less(&self.well_for) {
            return self.store.put_opts(path, payload, options).await;
        }
        match (self.manner, &options.mode) {
            (Manner::IgnoresAll, _) | (Manner::IgnoresMatch, PutMode::Update(_)) => {
                options.mode = PutMode::Overwrite;
            }
            (Manner::Refuses, _) => return Err(generic("status code: 400 Bad Request")),
            (Manner::Silent, _) => {
                self.store.put_opts(path, payload, options).await?;
                return Err(generic("the connection was closed"));
            }
            (Manner::Repeats, _) => {
                self.store.put_opts(path, payload.clone(), options.clone()).await?;
            }
            (Manner::IgnoresMatch, _) => {}
        }
        self.store.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        let mut found = self.store.get_opts(path, options).await?;
        if one_less(&self.torn) {
            found.meta.e_tag = Some(format!("\"{}\"", "0f".repeat(16)));
        }
        Ok(found)
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.store.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn a_store_that_ignores_a_condition_is_refused_before_anything_is_written() {
    for (manner, header) in [(Manner::IgnoresAll, "If-None-Match"), (Manner::IgnoresMatch, "If-Match")] {
        let shelf = Arc::new(shelf(Odd::new(manner, 0)));
        let error = backend(&shelf).lock("apply").await.unwrap_err();
        assert!(
            error.to_string().contains(&format!("ignores the condition of a write (`{header}`)")),
            "{error}"
        );
        assert!(error.help().contains("conditional writes"), "{}", error.help());
        assert!(shelf.get(Item::Lock).await.unwrap().is_none());
        // It is found out again and again, not only the first time.
        assert!(backend(&shelf).lock("apply").await.is_err());
        assert!(backend(&shelf).make_key().await.is_err());
    }
}

#[tokio::test]
async fn a_mark_of_another_content_is_taken_for_none() {
    let odd = Odd { torn: AtomicUsize::new(2), ..Odd::new(Manner::IgnoresMatch, usize::MAX) };
    let shelf = shelf(odd);
    let written = shelf.put(Item::Lock, b"one", Over::Nothing).await.unwrap();
    let kept = shelf.get(Item::Lock).await.unwrap().unwrap();
    assert_eq!((kept.bytes.as_slice(), kept.version), (b"one".as_slice(), written));
}

#[tokio::test]
async fn a_write_without_an_answer_and_a_repeated_one_are_ours() {
    for manner in [Manner::Silent, Manner::Repeats] {
        // The probe takes three writes.
        let shelf = Arc::new(shelf(Odd::new(manner, 3)));
        let mut store = Store::open(Box::new(backend(&shelf)), "registry", "apply").await.unwrap();
        store.begin(run(Vec::new())).await.unwrap();
        assert_eq!(store.finish(RunEnd::Completed, completion()).await.unwrap(), Some(1), "{manner:?}");
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_write_is_not_taken_for_one_without_an_answer() {
    let shelf = shelf(Odd::new(Manner::Refuses, 3));
    let error = shelf.put(Item::State, b"one", Over::Nothing).await.unwrap_err();
    let ShelfError::Failed(problem) = error else { panic!("{error:?}") };
    assert!(problem.message.contains("400"), "{problem}");
    // It has answered, so the network is not what to look at.
    assert_eq!(problem.kind, ProblemKind::Rejected);
    let help = problem.help.unwrap_or_default();
    assert!(help.contains("`[state] bucket`") && !help.contains("network"), "{help}");
}

#[tokio::test]
async fn two_processes_never_hold_the_lock_at_once() {
    let shelf = Arc::new(shelf(InMemory::new()));
    let mut first = backend(&shelf);
    first.lock("apply").await.unwrap();
    let error = backend(&shelf).lock("destroy").await.unwrap_err();
    assert!(matches!(error, StateError::Locked { .. }), "{error}");
}

#[tokio::test]
async fn the_revisions_are_found_by_the_names_that_we_give_them() {
    let shelf = shelf(InMemory::new());
    assert!(shelf.places_of_revisions().await.unwrap().is_empty());
    let items =
        [Item::Index, Item::Revision(1), Item::Values(1), Item::Revision(1_234_567), Item::State, Item::Key];
    for item in items {
        shelf.put(item, b"x", Over::Nothing).await.unwrap();
    }
    for foreign in ["revisions/7.json", "revisions/000008.json.bak", "revisions/old/000009.json"] {
        shelf.put_object(&shelf.path(foreign), b"x", Over::Nothing).await.unwrap();
    }
    assert_eq!(shelf.places_of_revisions().await.unwrap(), [1, 1_234_567]);
}
