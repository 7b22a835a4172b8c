//! What the command line gives to the engine: the environment, and words while a lock is waited for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::output::Output;
use super::wording::note;
use crate::engine::Host;
use crate::report::escape;
use crate::state::Holder;

/// How long nothing more is said of a lock that is waited for.
const SILENCE: Duration = Duration::from_secs(5);

/// The host of a command.
pub(super) fn host(output: Output) -> Host {
    let told: Mutex<Option<Instant>> = Mutex::new(None);
    let waiting = move |holder: &Holder, left: Duration| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|at| at.elapsed() < SILENCE) {
            return;
        }
        *told = Some(Instant::now());
        // That it cannot be said is no reason to stop waiting.
        let _ = output.message(&note(waits_for(holder, left)));
    };
    Host::telling(Arc::new(waiting))
}

fn waits_for(holder: &Holder, left: Duration) -> String {
    format!(
        "the state is locked by {}. It is taken over in {} s if that process gives no sign of life.",
        escape(&holder.to_string()),
        left.as_secs().max(1)
    )
}
