//! The test command itself, `tests/run.sh`, with programs that do nothing in the place of its tools: what it says and
//! how it ends where a machine cannot run the test bed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Command, Output};

tests! {
    what_was_not_run_is_counted,
    a_required_bed_is_a_failure_where_there_can_be_none,
    a_list_that_cannot_be_had_is_a_failure,
}

/// The machine's user is not root.
const USER: &str = "#!/bin/sh\necho 1000\n";

/// Every step passes, and two tests need the bed.
const CARGO: &str = r#"#!/bin/sh
case "$*" in
  *--list*) printf 'stack::one: test\nstack::two: test\n\n2 tests, 0 benchmarks\n' ;;
esac
"#;

/// Every step passes, and the list of tests cannot be had.
const CARGO_WITHOUT_LIST: &str = r#"#!/bin/sh
case "$*" in
  *--list*) exit 101 ;;
esac
"#;

/// Runs the command with these programs before all others.
fn run(script: &str, cargo: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("id", USER), ("cargo", cargo)] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let script = format!("{}/{script}", env!("CARGO_MANIFEST_DIR"));
    Command::new(script).inherit_env().env_remove("REGPLAN_TEST_BED").env("PATH", path).run()
}

fn what_was_not_run_is_counted() {
    let ended = run("tests/run.sh", CARGO).success();
    ended.stdout_contains("all passed, but 2 tests were not run: the test bed needs root");
}

fn a_required_bed_is_a_failure_where_there_can_be_none() {
    let ended = run(".ci/run", CARGO).code(1);
    ended.stdout_contains("the test bed is required here").stdout_contains("the test bed needs root");
}

fn a_list_that_cannot_be_had_is_a_failure() {
    let ended = run("tests/run.sh", CARGO_WITHOUT_LIST).any();
    ended.check(!ended.succeeded(), "should have failed").stdout_lacks("all passed");
}
