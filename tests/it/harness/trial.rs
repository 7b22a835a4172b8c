//! A test as the runner sees it.

use std::cell::{Cell, RefCell};
use std::panic::{UnwindSafe, catch_unwind};

use libtest_mimic::{Failed, Trial};

/// The name on threads that run no test.
const NOBODY: &str = "nobody";

thread_local! {
    /// The name of the function that runs on this thread.
    static NAME: Cell<&'static str> = const { Cell::new(NOBODY) };
    /// Where and why this thread panicked.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A test from its function; `tests!` calls this.
pub(crate) fn trial(module: &str, name: &'static str, test: fn()) -> Trial {
    let feature = module.split_once("::").map_or(module, |(_, rest)| rest);
    Trial::test(format!("{feature}::{name}"), move || {
        NAME.set(name);
        run(test)
    })
}

/// The name of the test that runs on this thread.
pub(super) fn name() -> &'static str {
    NAME.get()
}

/// Keeps panics for the runner's report, which then also says where they happened.
pub(crate) fn catch_panics() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.to_string();
        if NAME.get() == NOBODY {
            // Not a test's own thread, so that no report will show it.
            eprintln!("{text}");
        }
        PANIC.set(Some(text));
    }));
}

fn run(test: impl FnOnce() + UnwindSafe) -> Result<(), Failed> {
    catch_unwind(test).map_err(|_| PANIC.take().unwrap_or_else(|| "panicked".into()).into())
}
