//! Waiting until something is true, and a message where it never is.

use std::time::{Duration, Instant};

/// How long it waits at most: much longer than what the tests wait for takes.
const LIMIT: Duration = Duration::from_mins(2);

/// How often it looks.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Looks again and again until it is true. `what` completes "waited for …".
#[track_caller]
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    wait_for(what, || done().then_some(()));
}

/// Looks again and again until there is a value. `what` completes "waited for …".
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {LIMIT:?} for {what}, which did not happen");
        std::thread::sleep(POLL_INTERVAL);
    }
}
