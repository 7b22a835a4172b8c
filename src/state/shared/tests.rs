//! Tests of what is special to a state on a shelf: the lock that runs out, and the journal in parts.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::journal_parts::{self, PartWriter};
use super::memory::{MemoryShelf, Trouble};
use super::sure::{put_surely, remove_surely};
use super::*;
use crate::resource::{Permit, Problem, ProblemKind};
use crate::state::test_support::*;
use crate::state::{Backend, LockId, LockSign, RunEnd, RunId, State, StateError, Store};

/// Long enough for a machine with much to do.
const SHORT: LeaseTimes = LeaseTimes { duration: Duration::from_secs(3), grace: Duration::from_millis(200) };

fn backend_on(shelf: &Arc<MemoryShelf>, times: LeaseTimes) -> SharedBackend {
    let shelf: Arc<dyn Shelf> = shelf.clone();
    SharedBackend::new(shelf, times, KeyMaking::ByNeed)
}

#[tokio::test]
async fn a_lock_that_is_renewed_is_not_taken_over() {
    let shelf = Arc::new(MemoryShelf::default());
    let mut holder = backend_on(&shelf, SHORT);
    let locked = holder.lock("apply").await.unwrap();
    let mut other = backend_on(&shelf, SHORT);
    assert_eq!(backend_on(&Arc::default(), SHORT).look_at_lock().await.unwrap(), LockSign::Nothing);
    let error = other.lock("destroy").await.unwrap_err();
    let StateError::Locked { holder: Some(named), .. } = error else { panic!("{error}") };
    assert_eq!(named.id, locked.holder.id);
    tokio::time::sleep(SHORT.duration + SHORT.grace).await;
    holder.confirm_lock().await.unwrap();
    assert_eq!(other.look_at_lock().await.unwrap(), LockSign::HeldOrLeft(named));
    holder.release().await.unwrap();
    assert_eq!(other.look_at_lock().await.unwrap(), LockSign::Free);
    let locked = other.lock("destroy").await.unwrap();
    assert_eq!(locked.left_by, None);
}

/// Waits as long as this is so.
async fn wait_while(is_so: impl Fn() -> bool) {
    while is_so() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A way to the shelf that can be cut off, as that of a process that is stopped.
struct Way {
    shelf: Arc<MemoryShelf>,
    is_cut: AtomicBool,
    /// Whether the next write gets no answer for ever.
    hangs: AtomicBool,
    /// Whether the next write is done without an answer, and is the last one that gets through.
    loses: AtomicBool,
    /// Whether no write is done any more, but for those that come too late: these are refused.
    is_frozen: AtomicBool,
    /// How many writes got no answer because of that.
    frozen: AtomicUsize,
}

impl Way {
    fn to(shelf: &Arc<MemoryShelf>) -> Arc<Self> {
        let [is_cut, hangs, loses, is_frozen] = [(); 4].map(|()| AtomicBool::new(false));
        let frozen = AtomicUsize::new(0);
        Arc::new(Self { shelf: Arc::clone(shelf), is_cut, hangs, loses, is_frozen, frozen })
    }
}

#[async_trait]
impl Shelf for Way {
    fn place(&self, item: Item) -> PathBuf {
        self.shelf.place(item)
    }

    async fn get(&self, item: Item) -> Result<Option<Kept>, ShelfError> {
        self.shelf.get(item).await
    }

    async fn places_of_revisions(&self) -> Result<Vec<u64>, ShelfError> {
        self.shelf.places_of_revisions().await
    }

    async fn put(&self, item: Item, bytes: &[u8], over: Over<'_>) -> Result<ItemVersion, ShelfError> {
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(ShelfError::Failed(Box::new(Problem::new(ProblemKind::Unreachable, "cut off"))));
        }
        if self.hangs.swap(false, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.loses.load(Ordering::SeqCst) {
            self.shelf.put(item, bytes, over).await?;
            self.is_cut.store(true, Ordering::SeqCst);
            self.loses.store(false, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        let found = self.shelf.version(item).await?;
        if self.is_frozen.load(Ordering::SeqCst)
            && matches!(over, Over::Version(over) if Some(over) == found.as_ref())
        {
            self.frozen.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        self.shelf.put(item, bytes, over).await
    }

    async fn remove(&self, item: Item, version: &ItemVersion) -> Result<(), ShelfError> {
        self.shelf.remove(item, version).await
    }
}

#[tokio::test]
async fn a_lock_that_is_not_renewed_is_taken_over_and_its_holder_writes_no_more() {
    let shelf = Arc::new(MemoryShelf::default());
    let way = Way::to(&shelf);
    let mut holder = SharedBackend::new(way.clone(), SHORT, KeyMaking::ByNeed);
    let first = holder.lock("apply").await.unwrap();
    let permit = holder.permit();
    permit.ask().unwrap();
    way.is_cut.store(true, Ordering::SeqCst);
    let waited = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&waited);
    let mut other = backend_on(&shelf, SHORT).with_telling(Box::new(move |remark| {
        let Remark::Waiting { holder, left } = remark else { panic!("{remark:?}") };
        told.lock().unwrap().push((holder.id.clone(), *left));
    }));
    let asked = std::time::Instant::now();
    let second = other.lock("apply").await.unwrap();
    assert!(asked.elapsed() >= SHORT.duration + SHORT.grace, "a request of the holder may be under way");
    // It counted on its lock no longer when the other one took it.
    permit.ask().unwrap_err();
    assert!(matches!(holder.confirm_lock().await, Err(StateError::NotLocked { .. })));
    assert_eq!(second.left_by.map(|left| left.id), Some(first.holder.id.clone()));
    {
        let told = waited.lock().unwrap();
        // The lock counts in whole seconds.
        let longest = SHORT.duration + Duration::from_secs(1);
        let fits = |(id, left): &(LockId, Duration)| *id == first.holder.id && *left <= longest;
        assert!(!told.is_empty() && told.iter().all(fits), "{told:?}");
    }
    // It finds out, and the lock does not become its own again.
    way.is_cut.store(false, Ordering::SeqCst);
    let mut state = State::new("registry");
    state.serial = 1;
    other.replace(&state, None).await.unwrap();
    state.serial = 2;
    let refused = holder.replace(&state, None).await.unwrap_err();
    assert!(matches!(refused, StateError::NotLocked { .. }), "{refused}");
    other.confirm_lock().await.unwrap();
}

/// Its requests live as long as it lets them, whatever the one who waits lets its own.
#[tokio::test]
async fn a_holder_with_patience_is_waited_for_as_long_as_its_requests_live() {
    let shelf = Arc::new(MemoryShelf::default());
    let way = Way::to(&shelf);
    let patient = LeaseTimes { duration: Duration::from_secs(1), grace: Duration::from_millis(2500) };
    let mut holder = SharedBackend::new(way.clone(), patient, KeyMaking::ByNeed);
    holder.lock("apply").await.unwrap();
    way.is_cut.store(true, Ordering::SeqCst);
    let hasty = LeaseTimes { grace: Duration::ZERO, ..patient };
    let asked = std::time::Instant::now();
    backend_on(&shelf, hasty).lock("apply").await.unwrap();
    assert!(asked.elapsed() >= patient.duration + patient.grace);
}

#[tokio::test]
async fn a_renewal_that_hangs_is_tried_again_in_time() {
    let shelf = Arc::new(MemoryShelf::default());
    let way = Way::to(&shelf);
    let mut holder = SharedBackend::new(way.clone(), SHORT, KeyMaking::ByNeed);
    holder.lock("apply").await.unwrap();
    way.hangs.store(true, Ordering::SeqCst);
    let permit = holder.permit();
    let begun = std::time::Instant::now();
    while begun.elapsed() < SHORT.duration + SHORT.grace {
        permit.ask().unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!way.hangs.load(Ordering::SeqCst), "a renewal hung");
}

/// A short break of the network is no reason to end a run.
#[tokio::test]
async fn a_lock_that_nobody_took_is_ours_again_after_a_late_renewal() {
    let shelf = Arc::new(MemoryShelf::default());
    let way = Way::to(&shelf);
    let mut holder = SharedBackend::new(way.clone(), SHORT, KeyMaking::ByNeed);
    holder.lock("apply").await.unwrap();
    way.is_cut.store(true, Ordering::SeqCst);
    let permit = holder.permit();
    wait_while(|| permit.ask().is_ok()).await;
    way.is_cut.store(false, Ordering::SeqCst);
    wait_while(|| permit.ask().is_err()).await;
    holder.confirm_lock().await.unwrap();
}

/// Others have seen it when it was done, and may take the lock over so long after that.
#[tokio::test]
async fn a_renewal_whose_answer_was_lost_counts_from_when_it_was_sent() {
    let shelf = Arc::new(MemoryShelf::default());
    let way = Way::to(&shelf);
    let mut holder = SharedBackend::new(way.clone(), SHORT, KeyMaking::ByNeed);
    holder.lock("apply").await.unwrap();
    let permit = holder.permit();
    way.loses.store(true, Ordering::SeqCst);
    wait_while(|| way.loses.load(Ordering::SeqCst)).await;
    tokio::time::sleep(SHORT.duration).await;
    permit.ask().unwrap_err();
    // The next try finds what the first one has written, and the renewal after it gets no answer.
    way.is_frozen.store(true, Ordering::SeqCst);
    way.is_cut.store(false, Ordering::SeqCst);
    wait_while(|| way.frozen.load(Ordering::SeqCst) == 0).await;
    permit.ask().unwrap_err();
}

#[tokio::test]
async fn only_the_lock_of_a_process_that_is_gone_is_unlocked() {
    let shelf = Arc::new(MemoryShelf::default());
    let way = Way::to(&shelf);
    let mut holder = SharedBackend::new(way.clone(), SHORT, KeyMaking::ByNeed);
    let locked = holder.lock("apply").await.unwrap();
    let mut other = backend_on(&shelf, SHORT);
    let wrong = other.unlock(&LockId::random()).await.unwrap_err();
    assert!(matches!(wrong, StateError::OtherLock { found: Some(_), .. }), "{wrong}");
    let alive = other.unlock(&locked.holder.id).await.unwrap_err();
    assert!(matches!(alive, StateError::Locked { .. }), "{alive}");
    way.is_cut.store(true, Ordering::SeqCst);
    assert_eq!(other.unlock(&locked.holder.id).await.unwrap().id, locked.holder.id);
    let none = other.unlock(&locked.holder.id).await.unwrap_err();
    assert!(matches!(none, StateError::OtherLock { found: None, .. }), "{none}");
    other.lock("apply").await.unwrap();
}

/// Not every way out of a command leads to where a lock is released by name.
#[tokio::test]
async fn a_lock_that_is_only_dropped_is_released() {
    let shelf = Arc::new(MemoryShelf::default());
    let mut holder = backend_on(&shelf, SHORT);
    holder.lock("apply").await.unwrap();
    drop(holder);
    let mut other = backend_on(&shelf, SHORT);
    let locked = tokio::time::timeout(SHORT.duration / 2, other.lock("apply")).await;
    assert_eq!(locked.unwrap().unwrap().left_by, None);
}

#[tokio::test]
async fn a_lock_whose_first_write_was_not_answered_is_ours() {
    let shelf = Arc::new(MemoryShelf::default());
    let mut holder = backend_on(&shelf, SHORT);
    shelf.trouble_after(0, Trouble::DoneUnanswered);
    holder.lock("apply").await.unwrap();
    holder.confirm_lock().await.unwrap();
}

#[tokio::test]
async fn a_write_that_was_lost_is_sent_again_as_long_as_the_lock_is_ours() {
    let shelf = MemoryShelf::default();
    let (item, mine) = (Item::State, b"mine".as_slice());
    shelf.trouble_after(0, Trouble::LostUnanswered);
    let refused = put_surely(&shelf, item, mine, None, &no_more()).await;
    assert!(matches!(refused, Err(ShelfError::Unanswered(_))), "{refused:?}");
    shelf.trouble_after(0, Trouble::LostUnanswered);
    let version = put_surely(&shelf, item, mine, None, &Permit::always()).await.unwrap();
    shelf.trouble_after(0, Trouble::LostUnanswered);
    let refused = remove_surely(&shelf, item, &version, &no_more()).await;
    assert!(matches!(refused, Err(ShelfError::Unanswered(_))), "{refused:?}");
    shelf.trouble_after(0, Trouble::LostUnanswered);
    remove_surely(&shelf, item, &version, &Permit::always()).await.unwrap();
    assert_eq!(shelf.items(), []);
    // So is that of the lock itself.
    let shelf = Arc::new(shelf);
    shelf.trouble_after(0, Trouble::LostUnanswered);
    backend_on(&shelf, SHORT).lock("apply").await.unwrap();
}

fn no_more() -> Permit {
    Permit::new(|| Err(Problem::new(ProblemKind::Other, "the lock is not ours any more")))
}

#[tokio::test]
async fn a_long_journal_is_read_from_its_parts_and_an_older_one_is_not_mixed_in() {
    let shelf = MemoryShelf::default();
    let line = [b'x'; 1000];
    let mut older = PartWriter::new(RunId::random());
    for _ in 0..600 {
        older.add(&shelf, &line, &Permit::always()).await.unwrap();
    }
    assert_eq!(journal_parts::read(&shelf).await.unwrap().unwrap().len(), 600_000);
    let version = shelf.version(Item::Journal(0)).await.unwrap().unwrap();
    shelf.remove(Item::Journal(0), &version).await.unwrap();
    assert!(journal_parts::read(&shelf).await.unwrap().is_none());
    let mut newer = PartWriter::new(RunId::random());
    for lines in 1..=600 {
        newer.add(&shelf, &line, &Permit::always()).await.unwrap();
        assert_eq!(journal_parts::read(&shelf).await.unwrap().unwrap().len(), lines * 1000);
    }
}

#[tokio::test]
async fn the_oldest_revisions_go_and_the_numbers_stay_true() {
    let shelf = Arc::new(MemoryShelf::default());
    for number in 1..=4_u64 {
        let backend = Box::new(backend_on(&shelf, LeaseTimes::default()).with_retention(2));
        let mut store = Store::open(backend, "registry", "apply").await.unwrap();
        store.begin(run(Vec::new())).await.unwrap();
        let revision = store.finish(RunEnd::Completed, completion()).await.unwrap();
        assert_eq!(revision, Some(number));
        store.close().await.unwrap();
    }
    let backend = backend_on(&shelf, LeaseTimes::default());
    assert_eq!(backend.revisions().await.unwrap(), [3, 4]);
    assert_eq!(backend.revision(4).await.unwrap().head.number, 4);
    let error = backend.revision(1).await.unwrap_err();
    assert!(matches!(error, StateError::NoRevision { .. }), "{error}");
    assert!(!shelf.items().contains(&Item::Revision(1)));
}

#[tokio::test]
async fn a_key_is_made_once_or_only_by_init() {
    let shelf = Arc::new(MemoryShelf::default());
    let by_init: Arc<dyn Shelf> = shelf.clone();
    let strict = SharedBackend::new(by_init, SHORT, KeyMaking::ByInit);
    let error = strict.make_key().await.unwrap_err();
    assert!(matches!(error, StateError::NoKey { .. }), "{error}");
    assert!(error.help().contains("regplan state init"));
    let key = backend_on(&shelf, SHORT).make_key().await.unwrap();
    assert_eq!(backend_on(&shelf, SHORT).make_key().await.unwrap().to_hex(), key.to_hex());
    assert_eq!(strict.make_key().await.unwrap().to_hex(), key.to_hex());
}
