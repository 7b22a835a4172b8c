//! Disks that fail: what cannot be read or written is refused by its name, left as it is, and nothing is done to the
//! cluster. (A file that may not grow, and a kill at each step of a write, are tested in `interruption` and beside the
//! code.)

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::greeting;
use crate::harness::{Command, Ended, GREETING, Namespace, Project, Proxy, config_maps, not_tested};

tests! {
    a_state_that_is_cut_or_has_a_flipped_bit_is_refused_and_kept,
    a_journal_that_is_damaged_is_refused_and_half_a_line_is_not,
    what_a_newer_version_wrote_is_refused_by_every_command,
    a_disk_that_is_read_only_is_told_before_anything_is_written,
    a_device_that_is_full_loses_nothing,
    a_folder_that_vanishes_in_mid_run_stops_the_run,
}

/// Where a state is cut, or has a flipped bit: so many places.
const PLACES: usize = 12;

/// The bytes of a block of a device in memory.
const BLOCK: u64 = 4096;

/// What looks at the state, and what would write it.
const COMMANDS: [&[&str]; 5] =
    [&["plan"], &["apply", "--auto-approve"], &["destroy", "--auto-approve"], &["drift"], &["state", "list"]];

fn journal_path(project: &Project<'_>) -> String {
    project.state_path().replace("state.json", "journal")
}

/// Fails unless every command refuses this file with these words, leaves it as it is, and writes nothing.
#[track_caller]
fn is_refused(project: &Project<'_>, proxy: &Proxy, path: &str, bytes: &[u8], words: &str) {
    fs::write(project.path(path), bytes).unwrap();
    proxy.forget();
    for command in COMMANDS {
        let ended = project.run(command.iter().copied()).code(1);
        ended.stderr_contains(path).stderr_contains(words);
        assert_eq!(fs::read(project.path(path)).unwrap(), bytes, "{command:?} has changed {path}");
    }
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
}

fn a_state_that_is_cut_or_has_a_flipped_bit_is_refused_and_kept() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = greeting(&ns).through(&proxy);
    project.apply();
    let path = project.state_path();
    let whole = fs::read(project.path(&path)).unwrap();
    let mut rng = StdRng::seed_from_u64(5);
    for _ in 0..PLACES {
        // The last byte is the line's end, and nothing without it.
        let at = rng.random_range(0..whole.len() - 2);
        is_refused(&project, &proxy, &path, &whole[..at], "");
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << rng.random_range(0..7);
        if !whole[at].is_ascii_whitespace() && !flipped[at].is_ascii_whitespace() {
            is_refused(&project, &proxy, &path, &flipped, "");
        }
    }
    fs::write(project.path(&path), &whole).unwrap();
    project.expect_settled();
}

/// A project whose first run was killed in the middle, with its journal.
fn killed<'n>(ns: &'n Namespace, proxy: &Proxy) -> (Project<'n>, Vec<u8>) {
    proxy.on("apply", "configmaps").named("c3").not_dry_run().hang();
    let project = ns.project().write("regplan.toml", &config_maps(4)).through(proxy);
    let mut apply = project.regplan(["apply", "--auto-approve", "--parallelism", "1"]).spawn();
    apply.until("created resource.c2");
    apply.kill();
    proxy.clear_faults();
    let journal = fs::read(project.path(&journal_path(&project))).unwrap();
    (project, journal)
}

fn a_journal_that_is_damaged_is_refused_and_half_a_line_is_not() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let (project, whole) = killed(&ns, &proxy);
    let path = journal_path(&project);
    let mut flipped = whole.clone();
    flipped[60] ^= 1;
    is_refused(&project, &proxy, &path, &flipped, "");
    // Without its second line, what follows does not go with what is before.
    let text = String::from_utf8(whole.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let lost = [&lines[..1], &lines[2..]].concat().join("\n");
    is_refused(&project, &proxy, &path, lost.as_bytes(), "");
    // Half of the last line was never told to anybody.
    fs::write(project.path(&path), &whole[..whole.len() - 30]).unwrap();
    project.apply();
    project.expect_settled();
    assert_eq!(project.state()["resources"].as_object().unwrap().len(), 4);
}

fn what_a_newer_version_wrote_is_refused_by_every_command() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = greeting(&ns).through(&proxy);
    project.apply();
    let path = project.state_path();
    let whole = project.read(&path);
    let newer = whole.replacen("\"format_version\": 2", "\"format_version\": 3", 1);
    is_refused(&project, &proxy, &path, newer.as_bytes(), "use the regplan that wrote it, or a newer one");
    fs::write(project.path(&path), &whole).unwrap();
    project.expect_settled();
}

/// Makes mounts that nobody else sees: as root, or as a user who is root in a namespace of his own.
const MOUNTS: [&[&str]; 2] = [&["--mount"], &["--map-root-user", "--mount"]];

/// The options of `unshare` with which this machine lets a process make mounts of its own.
fn own_mounts() -> &'static [&'static str] {
    let may = |options: &&&[&str]| {
        let trial =
            Command::new("unshare").args(options.iter().copied()).args(["mount", "--bind", "/tmp", "/tmp"]);
        trial.run().any().succeeded()
    };
    let options = MOUNTS.iter().find(may);
    options.copied().unwrap_or_else(|| not_tested("this machine lets nobody make a mount of his own"))
}

/// Runs the program by a script for the shell, which may make mounts that nobody else sees. `$0` is the program.
fn with_mounts(ns: &Namespace, project: &Project<'_>, script: &str, args: &[&str]) -> Ended {
    let program = env!("CARGO_BIN_EXE_regplan");
    let command = Command::new("unshare").args(own_mounts().iter().copied());
    let command = command.args(["sh", "-c", script, program]).args(args.iter().copied());
    let kubeconfig = ns.cluster().kubeconfig();
    command.folder(project.folder()).env("HOME", "/").env("KUBECONFIG", kubeconfig).run().any()
}

fn a_disk_that_is_read_only_is_told_before_anything_is_written() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    project.rewrite("regplan.toml", &GREETING.replace("world", "moon"));
    let read_only = "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\" && exec \"$0\" \"$@\"";
    let inside = |args: &[&str]| with_mounts(&ns, &project, read_only, args);
    let plan = inside(&["plan"]);
    plan.check(plan.succeeded(), "a plan writes nothing");
    let apply = inside(&["apply", "--auto-approve"]);
    // The journal and the record of the run could not be written either; the lock comes before them.
    apply.check(apply.exit_code() == Some(1), "should have ended with 1").stderr_contains("/lock`");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
    project.apply();
    project.expect_settled();
}

/// How many blocks of a device the files below a folder take.
fn blocks(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(
            |path| if path.is_dir() { blocks(&path) } else { path.metadata().unwrap().len().div_ceil(BLOCK) },
        )
        .sum()
}

/// The state is on a device of its own, which has room for some more blocks, and then for none.
fn a_device_that_is_full_loses_nothing() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &config_maps(12));
    project.apply();
    let mut codes = BTreeSet::new();
    for more in [0, 1, 2, 3, 5, 8, 64] {
        project.rewrite(
            "regplan.toml",
            &config_maps(12).replace("data.k = \"v", &format!("data.k = \"room for {more}, ")),
        );
        let bytes = (blocks(&project.path(".regplan")) + more) * BLOCK;
        let on_device = format!(
            "mkdir device && mount -t tmpfs -o size={bytes} tmpfs device && cp -a .regplan/. device/ && mount --bind device .regplan || exit 99\n\
             \"$0\" \"$@\"; code=$?\n\
             umount .regplan && rm -rf .regplan && cp -a device .regplan && umount device && rmdir device || exit 98\n\
             exit $code"
        );
        let apply =
            with_mounts(&ns, &project, &on_device, &["apply", "--auto-approve", "--parallelism", "2"]);
        apply.check(matches!(apply.exit_code(), Some(0 | 1)), "should have ended with 0 or 1");
        if apply.exit_code() == Some(1) {
            apply.stderr_contains("No space left on device");
        }
        codes.insert(apply.exit_code());
        project.run(["state", "pull"]).success();
        project.apply();
        project.expect_settled();
        assert_eq!(ns.field("configmap/c11", "/data/k"), format!("room for {more}, 11"));
    }
    assert_eq!(codes.len(), 2, "some had room enough, and some had not: {codes:?}");
}

fn a_folder_that_vanishes_in_mid_run_stops_the_run() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let folder = ns.project().write("regplan.toml", &config_maps(12)).through(&proxy);
    let project = &folder;
    let gone = project.path(".regplan");
    proxy
        .on("apply", "configmaps")
        .not_dry_run()
        .after(2)
        .times(1)
        .first(move || fs::remove_dir_all(&gone).unwrap());
    let apply = project.run(["apply", "--auto-approve", "--parallelism", "1"]).code(1);
    apply.stderr_contains("cannot be recorded");
    let made = ns.list("configmap").iter().filter(|name| name.contains("/c")).count();
    assert!(made < 12, "a run that can record nothing goes on: {made}");
    // What it has made is annotated, and known again with consent.
    let lineage = ns.field("configmap/c0", "/metadata/annotations/regplan.dev~1lineage");
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains(lineage.as_str().unwrap());
    project.run(["apply", "--auto-approve", "--adopt-lineage", lineage.as_str().unwrap()]).success();
    project.expect_settled();
    assert_eq!(project.state()["resources"].as_object().unwrap().len(), 12);
}
