//! One watch for everybody who waits for objects of a resource type in a namespace.
//!
//! It starts with the first who waits and ends with the last. It keeps what it has seen: a list, then
//! each change. It handles restarts, lost connections and expired versions (410) itself; those who
//! wait see only objects.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures::StreamExt;
use kube::api::WatchEvent;
use kube::core::Status;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::discovery::{Served, encode};
use super::pages::all;
use super::shallow::Shallow;
use super::transport::{CallError, Transport};
use crate::resource::{Problem, ProblemKind};

/// After this long the server ends a watch, and we go on with the next: a connection that has silently
/// died is noticed.
const SERVER_SIDE_END: u32 = 55;
/// Without anything (bookmarks and the end included) for this long, the connection is dead.
const SILENCE: Duration = Duration::from_secs(70);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    served: Served,
    namespace: Option<String>,
    /// For those who may watch this one object only.
    name: Option<String>,
}

/// All watches that are open.
pub(super) struct Hubs {
    transport: Transport,
    open: Mutex<HashMap<Key, Weak<Hub>>>,
}

impl Hubs {
    pub(super) fn new(transport: Transport) -> Self {
        Self { transport, open: Mutex::default() }
    }

    /// Joins the watch, or starts it.
    pub(super) fn join(&self, served: &Served, namespace: Option<&str>, name: Option<&str>) -> Arc<Hub> {
        let key = Key {
            served: served.clone(),
            namespace: namespace.filter(|_| served.namespaced).map(str::to_owned),
            name: name.map(str::to_owned),
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hub) = open.get(&key).and_then(Weak::upgrade)
            && hub.failure().is_none()
        {
            return hub;
        }
        open.retain(|_, hub| hub.strong_count() > 0);
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(run(self.transport.clone(), key.clone(), Arc::clone(&shared)));
        let hub = Arc::new(Hub { shared, task: task.abort_handle() });
        open.insert(key, Arc::downgrade(&hub));
        hub
    }
}

/// One watch; ends when the last one lets go of it.
pub(super) struct Hub {
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Counts changes.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    objects: HashMap<String, Arc<Value>>,
    /// What was deleted, as it was seen last.
    deleted: HashMap<String, Arc<Value>>,
    /// The version up to which everything has been seen; empty before the first list.
    version: String,
    /// Why it cannot go on.
    failure: Option<CallError>,
    /// What is wrong at the moment.
    transport_error: Option<String>,
}

impl Hub {
    /// To be told of changes. What was seen before it is not told.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    /// The object as it was seen last.
    pub(super) fn object(&self, name: &str) -> Option<Arc<Value>> {
        self.with(|state| state.objects.get(name).cloned())
    }

    /// An object that is gone, as it was seen last.
    pub(super) fn deleted(&self, name: &str) -> Option<Arc<Value>> {
        self.with(|state| state.deleted.get(name).cloned())
    }

    /// All objects that a test holds for.
    pub(super) fn objects(&self, test: impl Fn(&Value) -> bool) -> Vec<Arc<Value>> {
        self.with(|state| state.objects.values().filter(|object| test(object)).cloned().collect())
    }

    /// Whether everything up to a version has been seen. Versions are numbers that grow, though only
    /// the server may know; where they are none, having seen anything must do.
    pub(super) fn has_seen(&self, version: &str) -> bool {
        self.with(|state| match (state.version.parse::<u64>(), version.parse::<u64>()) {
            (Ok(seen), Ok(wanted)) => seen >= wanted,
            _ => !state.version.is_empty(),
        })
    }

    /// Why it has ended.
    pub(super) fn failure(&self) -> Option<CallError> {
        self.with(|state| state.failure.clone())
    }

    /// Why it sees nothing at the moment.
    pub(super) fn transport_error(&self) -> Option<String> {
        self.with(|state| state.transport_error.clone())
    }

    fn with<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.shared.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
    }
}

fn name_of(object: &Value) -> String {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn version_of(object: &Value) -> String {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Whether asking again is of no use.
fn is_final(failure: &CallError) -> bool {
    match failure {
        CallError::Refused(refusal) => matches!(refusal.code, 401 | 403 | 405),
        CallError::Lost { problem, .. } => problem.kind != ProblemKind::Unreachable,
    }
}

/// Watches that the server ends one after the other, without a single event in between.
struct Fruitless {
    since: Option<Instant>,
    pause: Duration,
}

impl Fruitless {
    fn new() -> Self {
        Self { since: None, pause: FIRST_PAUSE }
    }

    /// Waits before the next watch, longer each time; an error where they have ended like that for too long.
    async fn back_off(&mut self, transport: &Transport, why: &str) -> Result<(), CallError> {
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= transport.budget() {
            let message = format!("the server ends every watch: {why}");
            let problem = Problem::new(ProblemKind::Other, message)
                .help("run the same command again when the server can be watched");
            return Err(CallError::Lost { problem, perhaps_done: false });
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}

async fn run(transport: Transport, key: Key, shared: Arc<Shared>) {
    let mut pause = FIRST_PAUSE;
    let mut fruitless = Fruitless::new();
    loop {
        let listed = all(&transport, &key.served, key.namespace.as_deref(), key.name.as_deref()).await;
        let failure = match listed {
            Ok((objects, version)) => {
                pause = FIRST_PAUSE;
                shared.change(|state| {
                    let objects = objects.into_iter().map(|object| (name_of(&object), Arc::new(object)));
                    let before = std::mem::replace(&mut state.objects, objects.collect());
                    state.deleted.extend(before);
                    state.version.clone_from(&version);
                    state.transport_error = None;
                });
                match follow(&transport, &key, &shared, version, &mut fruitless).await {
                    // The version has expired: list again.
                    None => continue,
                    Some(failure) => failure,
                }
            }
            Err(failure) => failure,
        };
        if is_final(&failure) {
            shared.change(|state| state.failure = Some(failure));
            return;
        }
        shared.change(|state| match &failure {
            // The kind itself is gone, and all its objects with it.
            CallError::Refused(refusal) if refusal.code == 404 => {
                state.objects.clear();
                state.version = u64::MAX.to_string();
            }
            CallError::Refused(refusal) => state.transport_error = Some(refusal.message().to_owned()),
            CallError::Lost { problem, .. } => state.transport_error = Some(problem.message.clone()),
        });
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Where a watch is asked for, without the version from which on.
fn path(key: &Key) -> String {
    let collection = key.served.collection(key.namespace.as_deref());
    let selector = key.name.as_deref().map(|name| format!("&fieldSelector=metadata.name%3D{}", encode(name)));
    format!(
        "{collection}?watch=1&allowWatchBookmarks=true&timeoutSeconds={SERVER_SIDE_END}{}",
        selector.unwrap_or_default()
    )
}

/// Keeps what an event shows. The version up to which everything is seen now; an error where the watch has come to one.
fn see(event: WatchEvent<Shallow>, shared: &Shared) -> Result<String, Box<Status>> {
    let version = match event {
        WatchEvent::Added(Shallow(object)) | WatchEvent::Modified(Shallow(object)) => {
            let version = version_of(&object);
            shared.change(|state| {
                state.version.clone_from(&version);
                state.objects.insert(name_of(&object), Arc::new(object));
            });
            version
        }
        WatchEvent::Deleted(Shallow(object)) => {
            let version = version_of(&object);
            shared.change(|state| {
                state.version.clone_from(&version);
                state.objects.remove(&name_of(&object));
                state.deleted.insert(name_of(&object), Arc::new(object));
            });
            version
        }
        WatchEvent::Bookmark(bookmark) => {
            let version = bookmark.metadata.resource_version;
            shared.change(|state| state.version.clone_from(&version));
            version
        }
        WatchEvent::Error(status) => return Err(status),
    };
    Ok(version)
}

/// Follows the changes from a version on, watch after watch; `None` when only a new list helps.
async fn follow(
    transport: &Transport,
    key: &Key,
    shared: &Shared,
    from: String,
    fruitless: &mut Fruitless,
) -> Option<CallError> {
    let mut version = from;
    let mut pause = FIRST_PAUSE;
    let base = path(key);
    loop {
        match transport.watch(&format!("{base}&resourceVersion={}", encode(&version))).await {
            Ok(events) => {
                shared.change(|state| state.transport_error = None);
                let mut events = Box::pin(events);
                let mut any = false;
                while let Ok(Some(Ok(event))) = timeout(SILENCE, events.next()).await {
                    match see(event, shared) {
                        Ok(seen) => version = seen,
                        Err(status) if matches!(status.code, 410 | 500..) => {
                            return fruitless.back_off(transport, &status.message).await.err();
                        }
                        Err(_) => break,
                    }
                    any = true;
                    *fruitless = Fruitless::new();
                }
                // It was open, and has ended as watches do.
                *fruitless = Fruitless::new();
                if any {
                    pause = FIRST_PAUSE;
                }
            }
            Err(CallError::Refused(refusal)) if matches!(refusal.code, 410 | 500..) => {
                return fruitless.back_off(transport, refusal.message()).await.err();
            }
            Err(CallError::Refused(refusal)) if refusal.code != 429 => {
                return Some(CallError::Refused(refusal));
            }
            Err(failure) => shared.change(|state| {
                state.transport_error = Some(match &failure {
                    CallError::Refused(refusal) => refusal.message().to_owned(),
                    CallError::Lost { problem, .. } => problem.message.clone(),
                });
            }),
        }
        // A watch that ends at once must not become a storm of requests.
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
