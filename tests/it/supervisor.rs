//! Starts the control plane, runs the tests as a child process, and ends both.
//!
//! There are two processes because tests may hang, abort or be killed, and the plane has to end all the same. And
//! if the plane breaks, the tests end at once, with the end of the log of the program that broke.

use std::path::Path;
use std::process::{Child, ExitCode, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};

use crate::harness::{self, FACTS, Test};
use crate::plane::{self, Error, Facts, Nodes, Plane, parent_death};
use crate::timing::{Budget, Report, Times};

/// How many tests run at once: more than there are cores, as they mostly wait for the servers.
const THREADS: usize = 10;

/// How often is looked whether the tests have ended.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Runs the tests that the arguments select. It starts a plane if there are any.
pub(crate) fn main(tests: Vec<Test>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let times = Arc::new(Times::default());
    let trials: Vec<Trial> = tests.into_iter().map(|test| test.trial(&times)).collect();
    let is_selected = trials.iter().any(|trial| !arguments.is_filtered_out(trial));
    if std::env::var_os(FACTS).is_some() || arguments.list || !is_selected {
        harness::catch_panics();
        return run(&arguments, trials, &times);
    }
    supervise().unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

/// Runs the tests in this process, and prints how long they took.
fn run(arguments: &Arguments, trials: Vec<Trial>, times: &Times) -> ExitCode {
    let started = Instant::now();
    let conclusion = libtest_mimic::run(arguments, trials);
    let total = started.elapsed();
    harness::end_idle_clusters();
    let tests = conclusion.num_passed + conclusion.num_failed;
    // For a single test, the runner's own line says it.
    if tests > 1 {
        // Not on standard output, whose last line is the runner's `test result: …`, which CI systems read.
        eprintln!(
            "{}",
            Report {
                slowest: times.slowest(),
                tests,
                total,
                at_once: arguments.test_threads.unwrap_or(THREADS),
                budget: Budget::here(conclusion.num_filtered_out),
            }
        );
    }
    conclusion.exit_code()
}

fn supervise() -> Result<ExitCode, Error> {
    // So that the tests end when `cargo test` is killed.
    parent_death::end_with_parent();
    let programs = plane::build(&[])?;
    if std::env::var("USE_EXISTING_CLUSTER").is_ok_and(|wish| wish == "true") {
        let folder = tempfile::tempdir()?;
        let facts = crate::existing::facts(folder.path(), &programs)?;
        eprintln!("the tests use the existing cluster {}", facts.server);
        return Ok(exit_code(run_tests(&facts)?.wait()?));
    }
    let started = Instant::now();
    let plane = Plane::start(&programs, Nodes::Simulated)?;
    eprintln!("the control plane is up after {:.1} s", started.elapsed().as_secs_f64());
    let tests = run_tests(plane.facts())?;
    wait_for_tests(tests, &plane)
}

/// Starts this executable once more, with the same arguments and the facts of a plane.
fn run_tests(facts: &Facts) -> Result<Child, Error> {
    Ok(parent_death::command(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(FACTS, facts.save()?)
        .spawn()?)
}

/// Waits until the tests end, and ends them if the plane ends first.
fn wait_for_tests(mut tests: Child, plane: &Plane) -> Result<ExitCode, Error> {
    loop {
        if let Some(status) = tests.try_wait()? {
            return Ok(exit_code(status));
        }
        if let Some(why) = plane.failure_within(POLL_INTERVAL) {
            tests.kill()?;
            tests.wait()?;
            return Err(format!("the control plane broke during the tests: {why}").into());
        }
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The facts about the plane, from the file that the environment names. The supervisor sets it for all tests.
pub(crate) fn facts() -> Facts {
    let path = std::env::var_os(FACTS).expect("the supervisor sets the path of the facts");
    Facts::load(Path::new(&path)).unwrap()
}
