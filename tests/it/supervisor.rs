//! Starts what the tests run on, runs the tests as a child process, and ends both.
//!
//! There are two processes because tests may hang, abort or be killed, and the plane has to end all the same. And
//! if the plane breaks, the tests end at once, with the end of the log of the program that broke.
//!
//! Most tests run on the control plane alone. Those that need a bed run after them ([`beds`]): this executable is then
//! started once more in the bed's namespaces, and does the same there. They count as *ignored* unless `--ignored` or
//! `--include-ignored` asks for them, because a bed needs root.

use std::path::Path;
use std::process::{Child, ExitCode, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};

use crate::bed::{self, Bed, Size};
use crate::beds;
use crate::force;
use crate::harness::{self, FACTS, Test};
use crate::plane::{self, Error, Facts, Nodes, Plane, parent_death};
use crate::shell;
use crate::timing::{Budget, Report, Times};

/// How many tests run at once: more than there are cores, as they mostly wait for the servers.
const THREADS: usize = 10;

/// How often is looked whether the tests have ended.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Runs the tests that the arguments select, on what they need.
pub(crate) fn main(tests: &[Test]) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let times = Arc::new(Times::default());
    let here = Size::of_this_process();
    if std::env::var_os(FACTS).is_some() {
        harness::catch_panics();
        return run(&arguments, trials(&arguments, tests, here, &times), &times);
    }
    if let Some(size) = here {
        return report(supervise_bed(size));
    }
    // So that the tests end when `cargo test` is killed.
    parent_death::end_with_parent();
    match shell::asked_for() {
        Ok(None) => {}
        Ok(Some(size)) => return report(beds::run([size])),
        Err(error) => return report(Err(error)),
    }
    let needs = needed(&arguments, tests, &times);
    if arguments.list || needs.is_empty() {
        return run(&arguments, tests.iter().map(|test| test.trial(&times)).collect(), &times);
    }
    let alone = if needs.contains(&None) { report(supervise_plane()) } else { ExitCode::SUCCESS };
    // Also after a failure.
    let on_beds = report(beds::run(needs.into_iter().flatten()));
    if alone == ExitCode::SUCCESS { on_beds } else { alone }
}

/// Whether the tests that need a bed are asked for.
fn with_beds(arguments: &Arguments) -> bool {
    arguments.ignored || arguments.include_ignored
}

/// The tests for a process in a bed of this size, or on the control plane alone. Where no bed is asked for, the tests
/// that need one are there as well, and count as ignored.
fn trials(arguments: &Arguments, tests: &[Test], here: Option<Size>, times: &Arc<Times>) -> Vec<Trial> {
    let beds = with_beds(arguments);
    tests.iter().filter(|test| test.size() == here || !beds).map(|test| test.trial(times)).collect()
}

/// What the selected tests need: the control plane alone (`None`), and beds.
fn needed(arguments: &Arguments, tests: &[Test], times: &Arc<Times>) -> Vec<Option<Size>> {
    let beds = Size::ALL.into_iter().filter(|_| with_beds(arguments)).map(Some);
    let is_needed = |need: &Option<Size>| {
        let mut tests = tests.iter().filter(|test| test.size() == *need);
        tests.any(|test| !arguments.is_filtered_out(&test.trial(times)))
    };
    std::iter::once(None).chain(beds).filter(is_needed).collect()
}

fn report(outcome: Result<ExitCode, Error>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
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
                shares: force::budget()
                    .and_then(|(feature, time)| times.share(feature, time))
                    .into_iter()
                    .collect(),
            }
        );
    }
    conclusion.exit_code()
}

fn supervise_plane() -> Result<ExitCode, Error> {
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
    wait_for_tests(tests, || plane.failure_within(POLL_INTERVAL))
}

/// Does the same inside the namespaces of a bed, as their first process.
fn supervise_bed(size: Size) -> Result<ExitCode, Error> {
    let started = Instant::now();
    let (plane, mut bed) = Bed::start(size, &plane::build(&[])?, &bed::build(size)?)?;
    eprintln!("the test bed ({}) is up after {:.1} s", size.name(), started.elapsed().as_secs_f64());
    let tests = match shell::asked_for()? {
        Some(_) => shell::start(plane.facts())?,
        None => run_tests(plane.facts())?,
    };
    wait_for_tests(tests, || bed.look().or_else(|| plane.failure_within(POLL_INTERVAL)))
}

/// Starts this executable once more, with the same arguments and the facts of a plane.
fn run_tests(facts: &Facts) -> Result<Child, Error> {
    Ok(parent_death::command(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(FACTS, facts.save()?)
        .spawn()?)
}

/// Waits until the tests end, and ends them if what they run on ends first. `failure` says so; it waits for a moment.
fn wait_for_tests(mut tests: Child, mut failure: impl FnMut() -> Option<String>) -> Result<ExitCode, Error> {
    loop {
        if let Some(status) = tests.try_wait()? {
            return Ok(exit_code(status));
        }
        if let Some(why) = failure() {
            tests.kill()?;
            tests.wait()?;
            return Err(format!("what the tests run on broke during the tests: {why}").into());
        }
    }
}

pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The facts about the plane, from the file that the environment names. The supervisor sets it for all tests.
pub(crate) fn facts() -> Facts {
    let path = std::env::var_os(FACTS).expect("the supervisor sets the path of the facts");
    Facts::load(Path::new(&path)).unwrap()
}
