//! What the command line gives to the engine: the environment, and words for what a user should know meanwhile.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::output::Output;
use super::wording::note;
use crate::engine::Host;
use crate::report::escape;
use crate::state::{Holder, Remark};

/// How long nothing more is said of a lock that is waited for.
const SILENCE: Duration = Duration::from_secs(5);

/// The host of a command.
pub(super) fn host(output: Output) -> Host {
    let told: Mutex<Option<Instant>> = Mutex::new(None);
    let telling = move |remark: &Remark<'_>| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(remark, Remark::Waiting { .. }) {
            if told.is_some_and(|at| at.elapsed() < SILENCE) {
                return;
            }
            *told = Some(Instant::now());
        }
        // That it cannot be said is no reason to stop.
        let _ = output.message(&note(words(remark)));
    };
    Host::telling(Arc::new(telling))
}

fn words(remark: &Remark<'_>) -> String {
    match remark {
        Remark::Waiting { holder, left } => waits_for(holder, *left),
        Remark::IndexAnew { path, fault, revisions } => {
            let made = match revisions {
                1 => "the revision that is there".to_owned(),
                count => format!("the {count} revisions that are there"),
            };
            let path = path.display();
            escape(&format!("`{path}` {fault}. It was made anew from {made}; the next apply writes it."))
        }
    }
}

fn waits_for(holder: &Holder, left: Duration) -> String {
    format!(
        "the state is locked by {}. It is taken over in {} s if that process gives no sign of life.",
        escape(&holder.to_string()),
        left.as_secs().max(1)
    )
}
