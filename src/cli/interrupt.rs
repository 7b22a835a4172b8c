//! Handles signals: the first one stops a run gently, the second one at once.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::output::Output;
use super::wording::note;
use crate::apply::Stop;

/// What a run has after the second signal to record its end, also where a server or a disk does not answer.
const LAST_WORDS: Duration = Duration::from_millis(600);

/// So soon after the first signal, another one is the same: a program such as `timeout` sends it to the process and then to
/// its group.
const ECHO: Duration = Duration::from_millis(300);

/// How long the program waits for the terminal at its end.
const TELLING: Duration = Duration::from_millis(100);

/// The second signal always ends the program within this time.
const AT_ONCE: Duration = Duration::from_secs(1);

// The rest is for a machine that is busy.
const _: () = assert!(LAST_WORDS.as_millis() + TELLING.as_millis() <= AT_ONCE.as_millis() * 3 / 4);

/// Ctrl-C, and the signal that a service manager sends.
///
/// A terminal that closes (`SIGHUP`) ends the program like a kill: `nohup` asks for that signal to be ignored, and whoever
/// listens to it would undo that.
const SIGNALS: [SignalKind; 2] = [SignalKind::interrupt(), SignalKind::terminate()];

/// Listens to signals. When it is dropped, nothing is left that has to end well, and a signal ends the program.
pub(super) struct Listener {
    stop: Stop,
    _work: DropGuard,
}

/// Begins to listen to signals, for all of the work of one command.
pub(super) fn listen(output: Output) -> Listener {
    let (stop, over) = (Stop::default(), CancellationToken::new());
    tokio::spawn(pass_on(signals(), stop.clone(), over.clone(), output));
    Listener { stop, _work: over.drop_guard() }
}

impl Listener {
    /// The stop that the signals trigger.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }
}

async fn pass_on(
    mut signals: BoxStream<'static, SignalKind>,
    stop: Stop,
    over: CancellationToken,
    output: Output,
) {
    let mut first: Option<Instant> = None;
    while let Some(signal) = signals.next().await {
        if over.is_cancelled() {
            end(signal);
        }
        match first {
            None => {
                first = Some(Instant::now());
                stop.gently.cancel();
                continue;
            }
            Some(moment) if moment.elapsed() < ECHO => continue,
            Some(_) => {}
        }
        stop.at_once.cancel();
        tokio::time::sleep(LAST_WORDS).await;
        if !over.is_cancelled() {
            tell(output).await;
        }
        end(signal);
    }
}

/// Says what the end leaves open. A terminal may take no text.
async fn tell(output: Output) {
    let text = "ended without an answer to what was under way; the next run finds out what was done.";
    let told = tokio::task::spawn_blocking(move || output.message(&note(text)));
    let _ = tokio::time::timeout(TELLING, told).await;
}

/// The signals as they come. None is missed between two.
fn signals() -> BoxStream<'static, SignalKind> {
    let of_kind = |kind| {
        let signals = signal(kind).ok()?;
        Some(stream::unfold(signals, move |mut signals| async move {
            signals.recv().await.map(|()| (kind, signals))
        }))
    };
    stream::select_all(SIGNALS.into_iter().filter_map(of_kind).map(StreamExt::boxed)).boxed()
}

/// Ends the program as the signal does where nobody listens, so that a shell knows why. The first process of a container is
/// ended by no signal of its own: there the exit code is the one that a shell would tell.
#[expect(clippy::exit, reason = "a signal ends the program from outside of its own course")]
fn end(signal: SignalKind) {
    if std::process::id() == 1 {
        std::process::exit(128 + signal.as_raw_value());
    }
    let _ = signal_hook::low_level::emulate_default_handler(signal.as_raw_value());
}
