//! A project on its way through many runs, most of which are killed: at random moments, and at every step.

use std::panic::RefUnwindSafe;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::backends::BACKENDS;
use super::figures::Figures;
use super::mode::Mode;
use super::moment::Moment;
use super::shop::Version;
use super::subject::{Operation, Subject, Walk};
use crate::harness::{Namespace, Test};

/// How likely it is that a run after a kill is let come to its end.
const END: f64 = 0.3;

/// How many objects a project has: the short mode has the first size only.
pub(crate) const SIZES: [usize; 2] = [60, 200];

/// What is killed at every step, and how its project gets there.
const STEPS: [Step; 4] = [
    Step { name: "an apply", before: &[], operation: Operation::Apply(Version::First) },
    Step {
        name: "a change",
        before: &[Operation::Apply(Version::First)],
        operation: Operation::Apply(Version::Second),
    },
    Step {
        name: "a rollback",
        before: &[Operation::Apply(Version::First), Operation::Apply(Version::Second)],
        operation: Operation::Rollback(Version::First),
    },
    Step { name: "a destroy", before: &[Operation::Apply(Version::First)], operation: Operation::Destroy },
];

/// An operation that is killed at every step.
struct Step {
    name: &'static str,
    /// What is done before, without a kill.
    before: &'static [Operation],
    operation: Operation,
}

/// The tests of this mode. Each has a project of its own, because most of their time is a wait for locks to run out.
pub(crate) fn tests(mode: Mode) -> Vec<Test> {
    match mode {
        Mode::Short => random_walks(SIZES[0], mode).collect(),
        Mode::Long => SIZES
            .into_iter()
            .flat_map(|objects| random_walks(objects, mode).chain(step_by_step(objects)))
            .collect(),
    }
}

fn random_walks(objects: usize, mode: Mode) -> impl Iterator<Item = Test> {
    BACKENDS.iter().map(move |backend| {
        test(Walk { name: "kills at random moments".to_owned(), backend, objects }, move |walk| {
            at_random(walk, mode);
        })
    })
}

fn step_by_step(objects: usize) -> impl Iterator<Item = Test> {
    BACKENDS.iter().flat_map(move |backend| {
        STEPS.iter().map(move |step| {
            let name = format!("a kill at every step of {}", step.name);
            test(Walk { name, backend, objects }, move |walk| at_every_step(walk, step))
        })
    })
}

fn test(walk: Walk, run: impl Fn(&Walk) + Sync + RefUnwindSafe + 'static) -> Test {
    Test::made(module_path!(), walk.test_name(), move || run(&walk))
}

/// Random operations, killed at random moments.
fn at_random(walk: &Walk, mode: Mode) {
    let shard = BACKENDS.iter().position(|each| each.name == walk.backend.name).unwrap_or_default();
    let (ns, seed) = (Namespace::new(), mode.seed(shard as u64));
    let mut rng = StdRng::seed_from_u64(seed);
    let mut subject = Subject::new(&ns, walk, Some(seed));
    let mut operation = Operation::Apply(Version::First);
    let mut killed = 0;
    while killed < mode.random_kills(walk.backend) {
        let moment = Moment::random(&mut rng, walk.objects, subject.time);
        killed += usize::from(subject.kill(operation, &[], moment));
        if rng.random_bool(END) {
            subject.come_to_an_end(operation);
        } else {
            operation = another(&mut rng, operation);
        }
    }
    subject.come_to_an_end(operation);
    if subject.requests() <= walk.objects {
        // Kills that come early leave little to hold against the journals.
        subject.come_to_an_end(Operation::Destroy);
        subject.come_to_an_end(Operation::Apply(Version::First));
    }
    finish(mode, subject.finish());
}

/// What is done next.
fn another(rng: &mut StdRng, last: Operation) -> Operation {
    let version = match last {
        Operation::Apply(version) | Operation::Rollback(version) => version.other(),
        Operation::Destroy => Version::First,
    };
    match rng.random_range(0..4) {
        0 => Operation::Destroy,
        1 => Operation::Rollback(version),
        _ => Operation::Apply(version),
    }
}

/// An operation that is killed before its first outcome, and then after the write of each single object: the server has
/// done it, and the journal has no outcome of it.
fn at_every_step(walk: &Walk, step: &Step) {
    let ns = Namespace::new();
    let mut subject = Subject::new(&ns, walk, None);
    for operation in step.before {
        subject.come_to_an_end(*operation);
    }
    subject.kill_at_an_object(step.operation, Moment::BeforeObject);
    // A replacement is two writes.
    let most = 3 * walk.objects;
    let kills =
        (0..most).take_while(|_| subject.kill_at_an_object(step.operation, Moment::AfterObject)).count();
    assert!(kills < most, "each run has written one object more, and none has ended");
    subject.come_to_an_end(step.operation);
    finish(Mode::here(), subject.finish());
}

/// A test that has held nothing against the journals has proved nothing.
#[track_caller]
fn finish(mode: Mode, figures: Figures) {
    figures.check_kills();
    figures.check_requests();
    figures.keep(mode);
}
