//! Runs the tests that need beds. Most of their time goes by in waiting: for certificates, name servers and nodes. So the
//! beds run in two lanes side by side. What the second lane says is kept in files, and shown when the first one has ended.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::thread::{self, ScopedJoinHandle};
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
    let built: Vec<Size> = sizes.iter().copied().filter(|size| told(bed::build(*size)).is_some()).collect();
    let are_built = if built.len() == sizes.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    // With containers or without: each takes about half of the time.
    let (first, second): (Vec<Size>, Vec<Size>) =
        built.into_iter().partition(|size| *size == Size::Processes);
    let ended = match (first.as_slice(), second.as_slice()) {
        (first, []) => lane(first, None),
        ([], second) => lane(second, None),
        (first, second) => side_by_side(first, second)?,
    };
    Ok(worse(are_built, ended))
}

fn side_by_side(first: &[Size], second: &[Size]) -> Result<ExitCode, Error> {
    let said = Said::new()?;
    let names: Vec<&str> = second.iter().map(|size| size.name()).collect();
    eprintln!("beside it: {}; what is said there is in {} until then", names.join(", "), said.out.display());
    let ended = thread::scope(|scope| {
        let beside = scope.spawn(|| lane(second, Some(&said)));
        let ended = lane(first, None);
        said.show_until_the_end(&beside)?;
        let beside = beside.join().map_err(|_| "the second lane of beds has panicked")?;
        Ok::<_, Error>(worse(ended, beside))
    })?;
    said.remove();
    Ok(ended)
}

/// One bed after the other, also after a failure.
fn lane(sizes: &[Size], said: Option<&Said>) -> ExitCode {
    let ended = sizes.iter().map(|size| told(run_one(*size, said)).unwrap_or(ExitCode::FAILURE));
    ended.fold(ExitCode::SUCCESS, worse)
}

fn run_one(size: Size, said: Option<&Said>) -> Result<ExitCode, Error> {
    let group = Group::reserve()?;
    let mut command = namespaces::command(size, std::env::args_os().skip(1))?;
    if let Some(said) = said {
        command.stdout(Stdio::from(append(&said.out)?)).stderr(Stdio::from(append(&said.err)?));
    }
    let (variable, name) = group.variable();
    Ok(exit_code(command.env(variable, name).status()?))
}

/// Tells an error where it happens, so that it is told whatever comes later.
fn told<T>(outcome: Result<T, Error>) -> Option<T> {
    outcome.map_err(|error| eprintln!("error: {error}")).ok()
}

fn worse(one: ExitCode, other: ExitCode) -> ExitCode {
    if one == ExitCode::SUCCESS { other } else { one }
}

/// What the second lane says. The files stay where the run is killed.
struct Said {
    out: PathBuf,
    err: PathBuf,
}

impl Said {
    fn new() -> Result<Self, Error> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(folder)?;
        let file = |end: &str| folder.join(format!("beds-{}.{end}", std::process::id()));
        let said = Self { out: file("out"), err: file("err") };
        for path in [&said.out, &said.err] {
            File::create(path)?;
        }
        Ok(said)
    }

    /// Shows what the lane has said so far, and says, until it has ended: each on the stream that it was meant for.
    fn show_until_the_end(&self, lane: &ScopedJoinHandle<'_, ExitCode>) -> Result<(), Error> {
        let (mut out, mut err) = (File::open(&self.out)?, File::open(&self.err)?);
        loop {
            // Looked at first, so that nothing is missed that was said before.
            let is_last = lane.is_finished();
            show(&mut err, &mut io::stderr())?;
            show(&mut out, &mut io::stdout())?;
            if is_last {
                return Ok(());
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn remove(&self) {
        for path in [&self.out, &self.err] {
            // A file that stays harms nobody.
            let _ = fs::remove_file(path);
        }
    }
}

fn append(path: &Path) -> Result<File, Error> {
    Ok(OpenOptions::new().append(true).open(path)?)
}

fn show(said: &mut File, to: &mut dyn Write) -> Result<(), Error> {
    let mut text = Vec::new();
    said.read_to_end(&mut text)?;
    to.write_all(&text)?;
    Ok(to.flush()?)
}
