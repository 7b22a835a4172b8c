//! An apply of many objects while the server and the store are flooded: other projects are planned, applied and looked at all
//! the time, and a share of all requests is refused because there are too many.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::backends::BACKENDS;
use super::mode::Mode;
use super::shop::Version;
use super::subject::{Operation, Subject, Walk};
use crate::harness::{Namespace, Seen, Test, config_maps};

/// What the walk is called in figures.
const NAME: &str = "applies in a flood of requests";

const OBJECTS: usize = 200;

/// For how long requests are refused.
const FLOOD: Duration = Duration::from_mins(1);

/// The share of the server's requests that is refused. regplan asks again for as long as a request may take.
const SHARE: f64 = 0.3;

/// The same of the store's. Its client asks again four times and not more, so that of a larger share one request would be
/// refused each time.
const SHARE_OF_STORE: f64 = 0.1;

/// How many other projects there are.
const OTHERS: usize = 4;

/// The objects of each of them, in its two versions.
const OTHER_OBJECTS: [usize; 2] = [20, 10];

/// The tests of this mode: the short one has none.
pub(crate) fn tests(mode: Mode) -> Vec<Test> {
    let test = |backend| {
        let walk = Walk { name: NAME.to_owned(), backend, objects: OBJECTS };
        Test::made(module_path!(), walk.test_name(), move || flooded(&walk))
    };
    match mode {
        Mode::Short => Vec::new(),
        Mode::Long => BACKENDS.iter().map(test).collect(),
    }
}

fn flooded(walk: &Walk) {
    let ns = Namespace::new();
    let mut subject = Subject::at(walk.backend.start_usual().behind_proxy(), &ns, walk, None).patient();
    let begun = Instant::now();
    let refused = move |share: f64| move |_: &Seen| begun.elapsed() < FLOOD && rand::random_bool(share);
    subject.server().on("*", "*").only(refused(SHARE)).answer_retry_after(429, 1);
    if let Some(store) = subject.store() {
        let slow_down = "<Error><Code>SlowDown</Code><Message>the test's proxy says 503</Message></Error>";
        store.on("*", "*").only(refused(SHARE_OF_STORE)).answer_text(503, slow_down);
    }
    let kubeconfig = subject.server().kubeconfig();
    let (is_over, spaces) = (AtomicBool::new(false), [(); OTHERS].map(|()| Namespace::new()));
    std::thread::scope(|scope| {
        let others = spaces.each_ref().map(|ns| scope.spawn(|| other(ns, &kubeconfig, &is_over)));
        let over = Over(&is_over);
        let mut version = Version::First;
        subject.come_to_an_end(Operation::Apply(version));
        // Nothing was there, so each object was asked for once.
        assert_eq!(subject.requests(), subject.resources(), "something was done twice");
        while begun.elapsed() < FLOOD {
            version = version.other();
            subject.come_to_an_end(Operation::Apply(version));
        }
        drop(over);
        for other in others {
            if let Err(panic) = other.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    let figures = subject.finish();
    figures.check_requests();
    figures.keep(Mode::here());
}

/// Ends the others, also where a check fails.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Another project, which is applied, planned and looked at until the flood is over.
fn other(ns: &Namespace, kubeconfig: &Path, is_over: &AtomicBool) {
    let project = ns.project().kubeconfig(kubeconfig);
    while !is_over.load(Ordering::Relaxed) {
        for objects in OTHER_OBJECTS {
            project.rewrite("regplan.toml", &config_maps(objects));
            for command in [&["apply", "--auto-approve"][..], &["plan", "--detailed-exitcode"], &["drift"]] {
                project.run(command.iter().copied()).success();
            }
        }
    }
    project.expect_settled();
}
