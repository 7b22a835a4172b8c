//! A test as the runner sees it.

use std::cell::{Cell, RefCell};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Instant;

use libtest_mimic::{Completion, Failed, Trial};

use crate::bed::Size;
use crate::timing::Times;

/// The name on threads that run no test.
const NO_TEST: &str = "no test";

/// The variable of the environment that wants all tests to be run (tests/run.sh).
const REQUIRED: &str = "REGPLAN_TEST_BED";
/// The variable with the file to which the reason is added for each test that was not run (tests/run.sh).
const NOT_RUN: &str = "REGPLAN_TESTS_NOT_RUN";

thread_local! {
    /// The name of the function that runs on this thread.
    static NAME: Cell<&'static str> = const { Cell::new(NO_TEST) };
    /// Where and why this thread panicked.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A test that is not run yet.
#[derive(Clone, Copy)]
pub(crate) struct Test {
    module: &'static str,
    name: &'static str,
    run: &'static (dyn Fn() + Sync + RefUnwindSafe),
    size: Option<Size>,
}

impl Test {
    /// A test from its function; `tests!` calls this.
    pub(crate) fn new(module: &'static str, name: &'static str, run: fn()) -> Self {
        Self::made(module, name, run)
    }

    /// A test that is one of many of the same form, made when the tests are listed. The list is as long-lived as the
    /// program, and so is what it holds.
    pub(crate) fn made(
        module: &'static str,
        name: impl Into<String>,
        run: impl Fn() + Sync + RefUnwindSafe + 'static,
    ) -> Self {
        Self { module, name: name.into().leak(), run: Box::leak(Box::new(run)), size: None }
    }

    /// The same test on a bed of this size.
    pub(crate) fn on(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// The size of the bed that it needs; `None` where the control plane is enough.
    pub(crate) fn size(&self) -> Option<Size> {
        self.size
    }

    /// The name of its function.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its name in the list of tests.
    pub(crate) fn title(&self) -> String {
        let feature = self.module.split_once("::").map_or(self.module, |(_, rest)| rest);
        format!("{feature}::{}", self.name)
    }

    /// The test for the runner. The time that it takes is noted in `times`.
    pub(crate) fn trial(&self, times: &Arc<Times>) -> Trial {
        let (name, run) = (self.name, self.run);
        let (title, times) = (self.title(), Arc::clone(times));
        Trial::ignorable_test(title.clone(), move || {
            NAME.set(name);
            let started = Instant::now();
            let outcome = outcome(run);
            times.note(&title, started, started.elapsed());
            outcome
        })
        .with_ignored_flag(self.size.is_some())
    }
}

/// The name of the test that runs on this thread.
pub(crate) fn name() -> &'static str {
    NAME.get()
}

/// Keeps the messages of panics for the runner's report, which then shows where they happened.
pub(crate) fn catch_panics() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.to_string();
        if NAME.get() == NO_TEST {
            // This is not the thread of a test, so no report will show it.
            eprintln!("{text}");
        }
        PANIC.set(Some(text));
    }));
}

/// Why a test ends that this machine cannot run.
struct NotTested(&'static str);

/// Ends the test that calls this, where the machine lacks what it needs. It is counted among those that were not run, with the
/// reason. Where all tests have to be run, it fails.
pub(crate) fn not_tested(reason: &'static str) -> ! {
    let all = std::env::var(REQUIRED).is_ok_and(|value| value == "required");
    assert!(!all, "{reason}, and {REQUIRED} wants all tests to be run");
    if let Some(file) = std::env::var_os(NOT_RUN) {
        let mut file = OpenOptions::new().append(true).open(file).unwrap();
        // In one write, since tests run side by side.
        file.write_all(format!("{reason}\n").as_bytes()).unwrap();
    }
    resume_unwind(Box::new(NotTested(reason)))
}

fn outcome(test: impl FnOnce() + UnwindSafe) -> Result<Completion, Failed> {
    match catch_unwind(test) {
        Ok(()) => Ok(Completion::Completed),
        Err(thrown) => match thrown.downcast::<NotTested>() {
            Ok(why) => Ok(Completion::ignored_with(why.0)),
            Err(_) => Err(PANIC.take().unwrap_or_else(|| "panicked".into()).into()),
        },
    }
}
