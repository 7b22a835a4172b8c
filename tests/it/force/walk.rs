//! A project on its way through many runs, most of which are killed: at random moments, and at every step.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::backends::{BACKENDS, Backend};
use super::figures::Figures;
use super::mode::Mode;
use super::moment::Moment;
use super::shop::Version;
use super::subject::{Operation, Subject};
use crate::harness::{Namespace, Test};

/// How likely it is that a run after a kill is let come to its end.
const END: f64 = 0.3;

/// The walks; the short mode has the first one only.
const WALKS: [(&str, fn()); 4] = [
    ("kills_at_random_moments_lose_nothing_of_60_objects", || at_random(0, 60)),
    ("kills_at_random_moments_lose_nothing_of_200_objects", || at_random(1, 200)),
    ("a_kill_at_every_step_of_the_journal_loses_nothing_of_60_objects", || at_every_step(60)),
    ("a_kill_at_every_step_of_the_journal_loses_nothing_of_200_objects", || at_every_step(200)),
];

/// The tests of this mode.
pub(crate) fn tests(mode: Mode) -> Vec<Test> {
    let walks = match mode {
        Mode::Short => &WALKS[..1],
        Mode::Long => &WALKS[..],
    };
    walks.iter().map(|(name, run)| Test::new(module_path!(), name, *run)).collect()
}

/// How many kills each random walk has with a backend.
fn kills(mode: Mode, backend: &Backend) -> usize {
    let kills = match mode {
        Mode::Short => 12,
        Mode::Long => 300,
    };
    if backend.ends_with_process { kills } else { kills / 3 }
}

/// Random operations, killed at random moments.
fn at_random(number: u64, objects: usize) {
    let mode = Mode::here();
    for backend in BACKENDS {
        let (ns, seed) = (Namespace::new(), mode.seed(number));
        let mut rng = StdRng::seed_from_u64(seed);
        let mut subject = Subject::new(&ns, backend, objects, Some(seed));
        let mut operation = Operation::Apply(Version::First);
        let mut killed = 0;
        while killed < kills(mode, backend) {
            let moment = Moment::random(&mut rng, subject.objects(), subject.time);
            killed += usize::from(subject.kill(operation, &[], moment));
            if rng.random_bool(END) {
                subject.come_to_an_end(operation);
            } else {
                operation = another(&mut rng, operation);
            }
        }
        subject.come_to_an_end(operation);
        if subject.requests() <= objects {
            // Kills that come early leave little to hold against the journals.
            subject.come_to_an_end(Operation::Destroy);
            subject.come_to_an_end(Operation::Apply(Version::First));
        }
        finish(mode, subject.finish());
    }
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

/// One operation after the other, each killed before its first outcome, and then after each single outcome.
fn at_every_step(objects: usize) {
    let way = [
        Operation::Apply(Version::First),
        Operation::Apply(Version::Second),
        Operation::Rollback(Version::First),
        Operation::Destroy,
    ];
    for backend in BACKENDS {
        let ns = Namespace::new();
        let mut subject = Subject::new(&ns, backend, objects, None);
        for operation in way {
            let one_by_one = ["--parallelism", "1"];
            subject.kill(operation, &one_by_one, Moment::AtLine(1));
            while subject.kill(operation, &one_by_one, Moment::AtLine(2)) {}
            subject.come_to_an_end(operation);
        }
        finish(Mode::here(), subject.finish());
    }
}

/// A test that has held nothing against the journals has proved nothing.
#[track_caller]
fn finish(mode: Mode, figures: Figures) {
    figures.check();
    if mode == Mode::Long {
        figures.keep();
    }
}
