//! The process that owns the programs of a plane, and ends them when nobody needs them any more.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::folder::Folder;
use super::processes::Processes;
use super::{Error, Order, Report};

const ROUND: Duration = Duration::from_millis(200);

/// Runs a plane until standard input ends.
///
/// On one thread, the main one: the programs end with the thread that started them.
pub(super) fn main(programs: &Path) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(Error::from).and_then(|runtime| {
        let outcome = runtime.block_on(watch(programs));
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&Report::Failed(error.to_string()));
            ExitCode::FAILURE
        }
    }
}

async fn watch(programs: &Path) -> Result<(), Error> {
    let folder = Folder::create()?;
    let mut orders = orders();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut processes = tokio::select! {
        processes = Processes::start(folder.path(), programs) => processes?,
        // Nobody gives orders before it is up, so this is the end of the one who asked for it.
        _ = orders.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    tell(&Report::Ready(Box::new(processes.facts())));
    let mut rounds = tokio::time::interval(ROUND);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => tell(&answer(processes.obey(order).await)),
                None => return Ok(()),
            },
            _ = terminate.recv() => return Ok(()),
            _ = rounds.tick() => if let Some(words) = processes.obituary() {
                tell(&Report::Died(words));
                return Ok(());
            },
        }
    }
}

fn answer(outcome: Result<(), Error>) -> Report {
    match outcome {
        Ok(()) => Report::Done,
        Err(error) => Report::Failed(error.to_string()),
    }
}

/// The orders that come on standard input; closed with it.
fn orders() -> UnboundedReceiver<Order> {
    let (give, orders) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let Ok(order) = serde_json::from_str(&line) else { break };
            if give.send(order).is_err() {
                break;
            }
        }
    });
    orders
}

/// Says so to the one who asked for the plane; who may be gone, which standard input tells better.
fn tell(report: &Report) {
    if let Ok(line) = serde_json::to_string(report) {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}
