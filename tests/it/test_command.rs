//! The test command itself, `tests/run.sh`, and the scripts that it calls, with programs that do nothing in the place of their
//! tools: what they say, and how they end.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::harness::{Command, Output, not_tested, program, wait_until};

tests! {
    what_was_not_run_is_counted,
    a_required_bed_is_a_failure_where_there_can_be_none,
    a_list_that_cannot_be_had_is_a_failure,
    tests_that_take_too_long_are_ended_and_a_failure,
    what_a_machine_lacks_for_a_bed_is_told_with_what_to_do,
    a_machine_that_makes_no_namespaces_is_told_so,
    a_build_goes_on_where_it_stopped_and_only_one_runs_at_a_time,
}

/// The machine's user is not root.
const USER: &str = "#!/bin/sh\necho 1000\n";
/// Or it is.
const ROOT: &str = "#!/bin/sh\necho 0\n";

/// Every step passes, two tests need the bed, and the machine lacks something for three others.
const CARGO: &str = r#"#!/bin/sh
case "$*" in
  *--list*) printf 'stack::one: test\nstack::two: test\n\n2 tests, 0 benchmarks\n' ;;
  'test --locked') printf 'there is no mount\nthere is no clock\nthere is no mount\n' >>"$REGPLAN_TESTS_NOT_RUN" ;;
esac
"#;

/// Every step passes, and the list of tests cannot be had.
const CARGO_WITHOUT_LIST: &str = r#"#!/bin/sh
case "$*" in
  *--list*) exit 101 ;;
esac
"#;

/// Every step passes, and the tests never end.
const CARGO_WITHOUT_END: &str = r#"#!/bin/sh
case "$*" in
  'test --locked') sleep 600 ;;
esac
"#;

/// A folder with these programs, which everybody may run.
fn programs(programs: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let may_run = |path: &Path| fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    may_run(folder.path());
    for (name, text) in programs {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        may_run(&path);
    }
    folder
}

fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The path of programs with those of this folder before all others.
fn path_before(folder: &Path) -> String {
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

/// Runs the command with these programs before all others.
fn run(name: &str, cargo: &str) -> Output {
    let folder = programs(&[("id", USER), ("cargo", cargo)]);
    command(name, &folder).run()
}

/// The command with the programs of this folder before all others.
fn command(name: &str, folder: &TempDir) -> Command {
    let command = Command::new(script(name)).inherit_env().env_remove("REGPLAN_TEST_BED");
    command.env("PATH", path_before(folder.path()))
}

fn what_was_not_run_is_counted() {
    let ended = run("tests/run.sh", CARGO).success();
    ended
        .stdout_contains("all passed, but 5 tests were not run:\n      2 the test bed needs root")
        .stdout_contains("\n      1 there is no clock\n      2 there is no mount\n");
}

fn a_required_bed_is_a_failure_where_there_can_be_none() {
    let ended = run(".ci/run", CARGO).code(1);
    ended.stdout_contains("the test bed is required here").stdout_contains("the test bed needs root");
}

fn a_list_that_cannot_be_had_is_a_failure() {
    let ended = run("tests/run.sh", CARGO_WITHOUT_LIST).any();
    ended.check(!ended.succeeded(), "should have failed").stdout_lacks("all passed");
}

fn tests_that_take_too_long_are_ended_and_a_failure() {
    let folder = programs(&[("id", USER), ("cargo", CARGO_WITHOUT_END)]);
    let ended = command("tests/run.sh", &folder).env("REGPLAN_BUILT_LIMIT", "1").run().code(124);
    ended.stdout_contains("failed: tests (still running after 1 s)").stdout_lacks("all passed");
}

/// Asks whether a bed can run here, with the programs of this folder alone. Nobody is asked for root: `id` says so.
fn probe(folder: &Path, as_nobody: bool) -> Output {
    let bash = program("bash");
    let command = if as_nobody && geteuid().is_root() {
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        Command::new(program("setpriv")).args(nobody).args([bash])
    } else {
        Command::new(bash)
    };
    // A user that may not look into the folder of the checkout gets the script on standard input.
    let text = fs::read_to_string(script("tests/stack/probe.sh")).unwrap();
    command.folder("/").env("PATH", folder).stdin(text).run()
}

fn what_a_machine_lacks_for_a_bed_is_told_with_what_to_do() {
    let folder = programs(&[("id", ROOT)]);
    symlink(program("uname"), folder.path().join("uname")).unwrap();
    let refused = probe(folder.path(), true).code(1);
    refused.stdout_contains("the test bed needs 'unshare' (in Debian: util-linux, iproute2)");
    for name in ["unshare", "nsenter", "ip"] {
        symlink("/bin/false", folder.path().join(name)).unwrap();
    }
    let refused = probe(folder.path(), true).code(1);
    refused
        .stdout_contains("the test bed needs cgroups for its containers, and cannot write to /sys/fs/cgroup")
        .stdout_contains("run the tests on a machine, or in a container with all privileges");
    let folder = programs(&[("id", ROOT), ("uname", "#!/bin/sh\necho Darwin\n")]);
    probe(folder.path(), true).code(1).stdout_contains("the test bed needs Linux");
}

fn a_machine_that_makes_no_namespaces_is_told_so() {
    let unshare = "#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n";
    let folder = programs(&[("id", ROOT), ("unshare", unshare), ("nsenter", ""), ("ip", "")]);
    symlink(program("uname"), folder.path().join("uname")).unwrap();
    let refused = probe(folder.path(), false).code(1);
    if refused.stdout().contains("the test bed needs cgroups") {
        not_tested("this machine is refused a bed before it is asked for namespaces");
    }
    refused
        .stdout_contains(
            "which this machine or container does not allow (unshare failed: Operation not permitted)",
        )
        .stdout_contains("run the tests on a machine, or in a container with all privileges");
}

/// Builds the last part of a module's path as an empty program, and notes it. While there is a file `broken`, `contour` fails;
/// while there is a file `slow`, nothing ends.
const GO: &str = r#"#!/bin/sh
[ "$1" = install ] || exit 0
for module; do :; done
name=${module%@*}
name=${name##*/}
echo "$name" >>FOLDER/built
while [ -e FOLDER/slow ]; do sleep 0.1; done
[ "$name" = contour ] && [ -e FOLDER/broken ] && exit 1
printf '#!/bin/sh\n' >"$GOBIN/$name" && chmod +x "$GOBIN/$name"
"#;

fn a_build_goes_on_where_it_stopped_and_only_one_runs_at_a_time() {
    let cache = tempfile::tempdir().unwrap();
    let note = |name: &str| cache.path().join(name);
    let folder = programs(&[("go", &GO.replace("FOLDER", &cache.path().display().to_string()))]);
    let build = || {
        let command = Command::new(script("tests/stack/build.sh")).inherit_env().args(["helm", "contour"]);
        let command = command.env_remove("KUBEBUILDER_ASSETS").env("REGPLAN_TEST_CACHE", cache.path());
        command.env("PATH", path_before(folder.path()))
    };
    let built = || fs::read_to_string(note("built")).unwrap_or_default();
    fs::write(note("broken"), "").unwrap();
    let failed = build().run().any();
    failed.check(!failed.succeeded(), "should have failed").stderr_contains("[1/2] helm:").stdout_lacks("/");
    assert_eq!(built(), "helm\ncontour\n");

    fs::remove_file(note("broken")).unwrap();
    fs::write(note("slow"), "").unwrap();
    let first = build().spawn();
    wait_until("the program that failed", || built() == "helm\ncontour\ncontour\n");
    let mut second = build().spawn();
    second.until("waiting for another build of the stack to finish");
    fs::remove_file(note("slow")).unwrap();
    let ends = [first.wait().success(), second.wait().success()];
    ends[0].stderr_contains("building 1 programs").stderr_contains("[1/1] contour:");
    ends[1].stderr_lacks("building");
    assert_eq!(built(), "helm\ncontour\ncontour\n", "each was built once, but for the one that failed");
    for ended in ends {
        let place = Path::new(ended.stdout().trim()).to_owned();
        assert!(place.starts_with(cache.path()) && place.join("helm").exists(), "{}", place.display());
        assert!(place.join("contour").exists());
    }
}
