//! Handles signals: the first one stops an apply gently, the second one at once.

use tokio::task::JoinHandle;

use crate::apply::Stop;

/// Listens to signals until it is dropped.
pub(super) struct Listener {
    stop: Stop,
    task: JoinHandle<()>,
}

/// Begins to listen to signals.
pub(super) fn listen() -> Listener {
    let stop = Stop::default();
    let task = tokio::spawn(pass_on(stop.clone()));
    Listener { stop, task }
}

impl Listener {
    /// The stop that the signals trigger.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(stop: Stop) {
    signal().await;
    stop.gently.cancel();
    signal().await;
    stop.at_once.cancel();
}

/// Waits for Ctrl-C, or for the signal that a service manager sends.
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return drop(tokio::signal::ctrl_c().await);
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
