//! Runs the tests that need beds. Most of their time goes by in waiting: for certificates, name servers and nodes. So the
//! beds run in two lanes side by side, and what the second lane says is shown when the first one has ended.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::process::{ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::bed::node::cgroups::Group;
use crate::bed::{self, Size, namespaces};
use crate::plane::{self, Error};
use crate::supervisor::exit_code;

/// How often is looked what the second lane says.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Runs the selected tests of these sizes.
pub(crate) fn run(sizes: impl IntoIterator<Item = Size>) -> Result<ExitCode, Error> {
    let sizes: Vec<Size> = sizes.into_iter().collect();
    if sizes.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    bed::probe()?;
    // Here, because a bed has no way to the module registry.
    plane::build(&[])?;
    for size in &sizes {
        bed::build(*size)?;
    }
    // With containers or without: each takes about half of the time.
    let (first, second): (Vec<Size>, Vec<Size>) =
        sizes.into_iter().partition(|size| *size == Size::Processes);
    if first.is_empty() {
        return lane(&second, None);
    }
    let (said, is_over) = (tempfile::NamedTempFile::new()?, AtomicBool::new(false));
    thread::scope(|scope| {
        let beside = scope.spawn(|| {
            let ended = lane(&second, Some(said.as_file()));
            is_over.store(true, Ordering::Relaxed);
            ended
        });
        let ended = lane(&first, None);
        show(&mut said.reopen()?, &is_over)?;
        let beside = beside.join().map_err(|_| "the second lane of beds has panicked")?;
        Ok(match ended? {
            ExitCode::SUCCESS => beside?,
            failed => failed,
        })
    })
}

/// One bed after the other, also after a failure. What they say goes to this file, where there is one.
fn lane(sizes: &[Size], said: Option<&File>) -> Result<ExitCode, Error> {
    let mut ended = ExitCode::SUCCESS;
    for size in sizes {
        let group = Group::reserve()?;
        let mut command = namespaces::command(*size, std::env::args_os().skip(1))?;
        let (variable, name) = group.variable();
        if let Some(said) = said {
            command.stdout(Stdio::from(said.try_clone()?)).stderr(Stdio::from(said.try_clone()?));
        }
        let code = exit_code(command.env(variable, name).status()?);
        if code != ExitCode::SUCCESS {
            ended = code;
        }
    }
    Ok(ended)
}

/// Shows what a lane has said so far, and says, until it is over.
fn show(said: &mut File, is_over: &AtomicBool) -> Result<(), Error> {
    let mut text = Vec::new();
    loop {
        // Looked at first, so that nothing is missed that was said before.
        let is_last = is_over.load(Ordering::Relaxed);
        text.clear();
        said.read_to_end(&mut text)?;
        let mut out = io::stdout().lock();
        out.write_all(&text)?;
        out.flush()?;
        if is_last {
            return Ok(());
        }
        thread::sleep(POLL_INTERVAL);
    }
}
