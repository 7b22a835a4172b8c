//! Disks that fail: what cannot be read or written is refused by its name, left as it is, and nothing is done to the
//! cluster. (A disk that is full, and a kill at each step of a write, are tested in `interruption` and beside the code.)

use std::fs;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::greeting;
use crate::harness::{Command, GREETING, Namespace, Project, Proxy, config_maps};

tests! {
    a_state_that_is_cut_or_has_a_flipped_bit_is_refused_and_kept,
    a_journal_that_is_damaged_is_refused_and_half_a_line_is_not,
    what_a_newer_version_wrote_is_refused_by_every_command,
    a_disk_that_is_read_only_is_told_before_anything_is_written,
    a_folder_that_vanishes_in_mid_run_stops_the_run,
}

/// Where a state is cut, or has a flipped bit: so many places.
const PLACES: usize = 12;

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

fn a_disk_that_is_read_only_is_told_before_anything_is_written() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    project.rewrite("regplan.toml", &GREETING.replace("world", "moon"));
    // A mount of its own, which nobody else sees.
    let read_only = "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\" && exec \"$0\" \"$@\"";
    let inside = |args: &[&str]| {
        let program = env!("CARGO_BIN_EXE_regplan");
        let command = Command::new("unshare")
            .args(["--mount", "sh", "-c", read_only, program])
            .args(args.iter().copied());
        command
            .folder(project.folder())
            .env("HOME", "/")
            .env("KUBECONFIG", ns.cluster().kubeconfig())
            .run()
            .any()
    };
    if !inside(&["version"]).succeeded() && !inside(&["--version"]).succeeded() {
        eprintln!("not tested: this machine lets nobody make a mount of his own");
        return;
    }
    let plan = inside(&["plan"]);
    plan.check(plan.succeeded(), "a plan writes nothing");
    let apply = inside(&["apply", "--auto-approve"]);
    // The journal and the record of the run could not be written either; the lock comes before them.
    apply.check(apply.exit_code() == Some(1), "should have ended with 1").stderr_contains("/lock`");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
    project.apply();
    project.expect_settled();
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
