//! The lock on a shelf: taken by one process, renewed while it lives, taken over when it does not.
//!
//! No clocks of two machines are compared. The holder writes the lock again in a third of its duration; whoever wants
//! it looks at it, and takes it over when it has not changed for its whole duration, and for the time that a request of
//! the holder may still be under way.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::boot_clock::Moment;
use super::lock_record::{self, LeaseTimes, LockRecord};
use super::shelf::{Item, ItemVersion, Kept, Over, Shelf, ShelfError};
use super::sure::{PAUSE, TRIES};
use super::tenure::Tenure;
use crate::state::backend::{LockSign, Locked};
use crate::state::error::StateError;
use crate::state::holder::Holder;
use crate::state::id::LockId;

/// Told while a lock is waited for: who holds it, and in how long it is taken over if it does not change.
pub(super) type Waiting<'w> = dyn Fn(&Holder, Duration) + Send + Sync + 'w;

/// The tasks that renew the locks of this process, and release them in the end.
static RENEWING: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Waits until the locks that this process has let go of are released, or for so long. A program calls it before it
/// ends, whatever way its work has taken: a lock that is not released makes the next process wait until it runs out.
pub async fn locks_released(limit: Duration) {
    RENEWING.close();
    let _ = tokio::time::timeout(limit, RENEWING.wait()).await;
}

/// A lock that this process holds, and renews in the background.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) tenure: Tenure,
    renewing: JoinHandle<Result<(), StateError>>,
    /// Ends the renewing, also where this is only dropped. Then the lock is released.
    stop: DropGuard,
}

/// Takes the lock.
///
/// # Errors
/// [`StateError::Locked`] where a process holds it that lives.
pub(super) async fn take(
    shelf: &Arc<dyn Shelf>,
    command: &str,
    times: LeaseTimes,
    waiting: &Waiting<'_>,
) -> Result<(Lease, Locked), StateError> {
    let holder = Holder::this_process(command);
    loop {
        let found = look(shelf.as_ref()).await?;
        let left_by = match &found {
            Some(found) => match outwait(shelf.as_ref(), found, times, waiting).await? {
                Outcome::Free => None,
                Outcome::Gone(holder) => Some(holder),
                Outcome::Released => continue,
            },
            None => None,
        };
        let (before, version) = match found {
            Some(Found { record, version }) => (record, Some(version)),
            None => (LockRecord::free(), None),
        };
        let record = before.taken_by(holder.clone(), times);
        let sent = Moment::now();
        if let Some(version) = write(shelf.as_ref(), &record, version.as_ref()).await? {
            let locked = Locked { holder, left_by };
            return Ok((Lease::start(Arc::clone(shelf), record, version, sent, times.duration), locked));
        }
    }
}

/// What the lock shows at one look. Whether its holder lives shows only when it is renewed, or is not.
///
/// # Errors
/// The lock cannot be read.
pub(super) async fn sign(shelf: &dyn Shelf) -> Result<LockSign, StateError> {
    Ok(match look(shelf).await? {
        Some(Found { record: LockRecord { holder: Some(holder), .. }, .. }) => {
            LockSign::HeldOrLeft(Box::new(holder))
        }
        Some(_) => LockSign::Free,
        None => LockSign::Nothing,
    })
}

/// Releases the lock with this id, if its process does not live.
///
/// # Errors
/// The process renews it, or the lock has another id.
pub(super) async fn unlock(shelf: &dyn Shelf, id: &LockId) -> Result<Holder, StateError> {
    let path = shelf.place(Item::Lock);
    let found = look(shelf).await?;
    let held = found.and_then(|found| Some((found.record.holder.clone()?, found)));
    let Some((holder, found)) = held.filter(|(holder, _)| holder.id == *id) else {
        let found = look(shelf).await?.and_then(|found| found.record.holder);
        return Err(StateError::OtherLock { path, given: id.clone(), found: found.map(|holder| holder.id) });
    };
    let still = watch(shelf, &found, found.record.duration(), |_| ()).await?;
    let locked = || StateError::Locked { path: path.clone(), holder: Some(Box::new(holder.clone())) };
    if !still || write(shelf, &found.record.released(), Some(&found.version)).await?.is_none() {
        return Err(locked());
    }
    Ok(holder)
}

impl Lease {
    fn start(
        shelf: Arc<dyn Shelf>,
        record: LockRecord,
        version: ItemVersion,
        sent: Moment,
        duration: Duration,
    ) -> Self {
        let tenure = Tenure::from(sent, duration);
        let stop = CancellationToken::new();
        let renewing = RENEWING.spawn(keep(shelf, record, version, tenure.clone(), stop.clone()));
        Self { tenure, renewing, stop: stop.drop_guard() }
    }

    /// Releases the lock.
    ///
    /// # Errors
    /// The shelf cannot be written to. Then the lock runs out by itself.
    pub(super) async fn release(self) -> Result<(), StateError> {
        drop(self.stop);
        // The task ends without an answer only where the program ends.
        self.renewing.await.unwrap_or(Ok(()))
    }
}

/// Renews the lock until it is let go of, and releases it then.
async fn keep(
    shelf: Arc<dyn Shelf>,
    record: LockRecord,
    version: ItemVersion,
    tenure: Tenure,
    stop: CancellationToken,
) -> Result<(), StateError> {
    let (record, version) = renew(shelf.as_ref(), record, version, &tenure, stop).await;
    if tenure.confirm().is_err() {
        // It is somebody else's by now, or may be.
        return Ok(());
    }
    let (shelf, released) = (shelf.as_ref(), record.released());
    if write(shelf, &released, Some(&version)).await?.is_some() {
        return Ok(());
    }
    // A renewal that was given up may have been done after all: then the lock still is ours, in a newer version.
    let ours = look(shelf).await?.filter(|found| found.record.holder == record.holder);
    if let Some(found) = ours {
        write(shelf, &released, Some(&found.version)).await?;
    }
    Ok(())
}

/// Renews the lock until it is let go of or lost. Returns it as it was written last.
async fn renew(
    shelf: &dyn Shelf,
    mut record: LockRecord,
    mut version: ItemVersion,
    tenure: &Tenure,
    stop: CancellationToken,
) -> (LockRecord, ItemVersion) {
    let duration = record.duration();
    let shortest = (duration / 15).max(Duration::from_millis(100));
    let mut pause = duration / 3;
    // When the renewal was sent for the first time. Each try says the same, and the first may have been done without an answer:
    // for whoever waits, the lock lasts from then.
    let mut first = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return (record, version),
            () = tokio::time::sleep(pause) => {}
        }
        let next = record.renewed();
        let sent = *first.get_or_insert_with(Moment::now);
        // A request that hangs must not use up the time in which another one would get through. What became of it shows
        // with the next one, which says the same.
        let renewed = timeout(duration / 3, write(shelf, &next, Some(&version))).await;
        match renewed {
            Ok(Ok(Some(written))) => {
                (record, version) = (next, written);
                tenure.extend(sent, duration);
                first = None;
                pause = (duration / 3).saturating_sub(Moment::now().since(sent)).max(shortest);
            }
            Ok(Ok(None)) => {
                tenure.end();
                return (record, version);
            }
            // Where nobody has taken it over meanwhile, a late renewal is as good as one in time.
            Ok(Err(_)) | Err(_) => pause = shortest,
        }
    }
}

/// The lock as it was found.
struct Found {
    record: LockRecord,
    version: ItemVersion,
}

async fn look(shelf: &dyn Shelf) -> Result<Option<Found>, StateError> {
    let path = shelf.place(Item::Lock);
    let Some(kept) = shelf.get(Item::Lock).await.map_err(StateError::shelf(&path, "read"))? else {
        return Ok(None);
    };
    found(kept).map(Some).map_err(|reason| StateError::Damaged { path, reason })
}

fn found(kept: Kept) -> Result<Found, String> {
    Ok(Found { record: lock_record::read(&kept)?, version: kept.version })
}

/// What became of the holder of a lock.
enum Outcome {
    /// There was none.
    Free,
    /// It does not live.
    Gone(Holder),
    /// It has released the lock meanwhile.
    Released,
}

/// Waits until it is certain whether the holder of a lock lives.
///
/// # Errors
/// It does: [`StateError::Locked`].
async fn outwait(
    shelf: &dyn Shelf,
    found: &Found,
    times: LeaseTimes,
    waiting: &Waiting<'_>,
) -> Result<Outcome, StateError> {
    let Some(holder) = &found.record.holder else { return Ok(Outcome::Free) };
    let patience = found.record.patience(times.grace);
    if watch(shelf, found, patience, |left| waiting(holder, left)).await? {
        return Ok(Outcome::Gone(holder.clone()));
    }
    match look(shelf).await?.and_then(|found| found.record.holder) {
        Some(now) => Err(StateError::Locked { path: shelf.place(Item::Lock), holder: Some(Box::new(now)) }),
        None => Ok(Outcome::Released),
    }
}

/// Looks at a lock for so long. Returns whether it has stayed as it was.
async fn watch(
    shelf: &dyn Shelf,
    found: &Found,
    time: Duration,
    mut waiting: impl FnMut(Duration),
) -> Result<bool, StateError> {
    let path = shelf.place(Item::Lock);
    let begun = Moment::now();
    let pause = (found.record.duration() / 10).clamp(Duration::from_millis(50), Duration::from_secs(2));
    loop {
        let left = time.saturating_sub(Moment::now().since(begun));
        if left.is_zero() {
            return Ok(true);
        }
        waiting(left);
        tokio::time::sleep(pause.min(left)).await;
        let version = shelf.version(Item::Lock).await.map_err(StateError::shelf(&path, "read"))?;
        if version.as_ref() != Some(&found.version) {
            return Ok(false);
        }
    }
}

/// Writes the lock over what was read; `None` where somebody else was faster. A write without an answer is looked for,
/// and so is one that a store repeated and then refused: each holder's id is its own, so that ours cannot be taken for
/// another's. One that certainly was not done is sent again.
async fn write(
    shelf: &dyn Shelf,
    record: &LockRecord,
    over: Option<&ItemVersion>,
) -> Result<Option<ItemVersion>, StateError> {
    let path = shelf.place(Item::Lock);
    let bytes = record.to_bytes().map_err(|error| StateError::io(&path, "write")(error.into()))?;
    let mut tries = TRIES;
    loop {
        let failure = match shelf.put(Item::Lock, &bytes, Over::from(over)).await {
            Ok(version) => return Ok(Some(version)),
            Err(failure @ ShelfError::Failed(_)) => return Err(StateError::shelf(&path, "write")(failure)),
            Err(failure) => failure,
        };
        let found = look(shelf).await?;
        let is_as_before = found.as_ref().map(|found| &found.version) == over;
        tries -= 1;
        match (found, failure) {
            (Some(found), _) if found.record == *record => return Ok(Some(found.version)),
            (_, ShelfError::Unanswered(_)) if is_as_before && tries > 0 => tokio::time::sleep(PAUSE).await,
            (_, failure @ ShelfError::Unanswered(_)) if is_as_before => {
                return Err(StateError::shelf(&path, "write")(failure));
            }
            _ => return Ok(None),
        }
    }
}
