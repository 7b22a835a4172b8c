//! The process that starts the programs of a plane, and ends them when the plane is no longer used.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::folder::Folder;
use super::processes::Processes;
use super::{Error, Nodes, Order, Report};

/// How often is looked whether all programs still run.
const CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// Runs a plane until standard input ends.
///
/// It runs on the main thread alone, because the programs end with the thread that started them.
pub(super) fn main(programs: &Path, nodes: Nodes) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(Error::from).and_then(|runtime| {
        let outcome = runtime.block_on(run(programs, nodes));
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            send(&Report::Failed(error.to_string()));
            ExitCode::FAILURE
        }
    }
}

async fn run(programs: &Path, nodes: Nodes) -> Result<(), Error> {
    let folder = Folder::create()?;
    let mut orders = orders();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut processes = tokio::select! {
        processes = Processes::start(folder.path(), programs, nodes) => processes?,
        // There are no orders before the plane runs. So standard input has ended, and with it its user.
        _ = orders.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    send(&Report::Ready(Box::new(processes.facts())));
    let mut checks = tokio::time::interval(CHECK_INTERVAL);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => send(&answer(processes.carry_out(order).await)),
                None => return Ok(()),
            },
            _ = terminate.recv() => return Ok(()),
            _ = checks.tick() => if let Some(message) = processes.exit_message() {
                send(&Report::Exited(message));
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

/// The orders that come on standard input. The channel closes when standard input ends.
fn orders() -> UnboundedReceiver<Order> {
    let (sender, orders) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let Ok(order) = serde_json::from_str(&line) else { break };
            if sender.send(order).is_err() {
                break;
            }
        }
    });
    orders
}

/// Sends a report to the plane's user. Should that process be gone, standard input ends, and that is enough.
fn send(report: &Report) {
    if let Ok(line) = serde_json::to_string(report) {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}
