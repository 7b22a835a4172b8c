use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

/// The variable that names the lock for the test that acts as the other process.
const OTHER_PROCESS: &str = "REGPLAN_TEST_HOLD_LOCK";

/// This is no test of its own: it is the other process of the next test.
#[test]
fn the_other_process() {
    let Some(path) = std::env::var_os(OTHER_PROCESS) else { return };
    let lock = Lock::take(Path::new(&path), "apply").unwrap();
    println!("held {}", lock.holder().pid);
    // It waits until it is killed, or the process that started it has ended.
    let _ = std::io::stdin().read_line(&mut String::new());
}

#[test]
fn a_second_process_is_told_who_holds_it_and_takes_over_when_that_one_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "state::lock::tests::the_other_process", "--nocapture"])
        .env(OTHER_PROCESS, &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("held")), "the other process did not get the lock");

    let error = Lock::take(&path, "plan").unwrap_err();
    let StateError::Locked { holder: Some(holder), .. } = &error else { panic!("{error}") };
    assert_eq!(holder.pid, other.id());
    assert_eq!(holder.command, "apply");
    assert!(error.to_string().contains(&format!("process {}", other.id())), "{error}");
    assert!(error.help().contains("its lock is free then"));
    let refused = unlock(&path, &holder.id).unwrap_err();
    assert!(matches!(refused, StateError::Locked { .. }), "a living process keeps its lock: {refused}");

    other.kill().unwrap();
    other.wait().unwrap();
    let lock = Lock::take(&path, "plan").unwrap();
    assert_eq!(lock.left_by.as_ref(), Some(&**holder));
}

#[test]
fn two_handles_of_one_process_exclude_each_other_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let first = Lock::take(&path, "apply").unwrap();
    assert!(matches!(Lock::take(&path, "apply"), Err(StateError::Locked { .. })));
    drop(first);
    let second = Lock::take(&path, "apply").unwrap();
    assert_eq!(second.left_by, None, "an orderly end leaves no name behind");
}

#[test]
fn content_without_a_lock_is_taken_over_whatever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    fs::write(&path, b"\xff\x00 not JSON").unwrap();
    let lock = Lock::take(&path, "apply").unwrap();
    assert_eq!(lock.left_by, None);
    lock.confirm().unwrap();
}

#[cfg(unix)]
#[test]
fn a_removed_lock_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let lock = Lock::take(&path, "apply").unwrap();
    fs::remove_file(&path).unwrap();
    assert!(matches!(lock.confirm(), Err(StateError::NotLocked { .. })));
    let _other = Lock::take(&path, "apply").unwrap();
    assert!(matches!(lock.confirm(), Err(StateError::NotLocked { .. })));
}

#[test]
fn unlocking_takes_the_id() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let id = LockId::random();
    assert!(matches!(unlock(&path, &id), Err(StateError::OtherLock { found: None, .. })));
    assert!(!path.exists(), "a refusal makes nothing");
    let left = Holder::this_process("apply");
    fs::write(&path, serde_json::to_vec(&left).unwrap()).unwrap();
    assert!(matches!(unlock(&path, &id), Err(StateError::OtherLock { found: Some(_), .. })));
    assert_eq!(unlock(&path, &left.id).unwrap(), left);
    assert!(matches!(unlock(&path, &left.id), Err(StateError::OtherLock { found: None, .. })));
}

#[test]
fn a_lock_that_cannot_be_looked_at_is_not_taken_for_none() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = folder.path().join("file/lock");
    let error = unlock(&below_a_file, &LockId::random()).unwrap_err();
    assert!(!matches!(error, StateError::OtherLock { .. }), "{error}");
}

#[test]
fn a_user_and_a_host_are_always_named() {
    let holder = Holder::this_process("apply");
    assert!(!holder.user.is_empty() && !holder.host.is_empty());
}

#[test]
fn a_look_tells_whether_a_process_holds_it_and_keeps_nobody_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let sign = || look(&path).unwrap();
    assert_eq!(sign(), LockSign::Nothing, "there is no lock");
    let lock = Lock::take(&path, "apply").unwrap();
    let named = fs::read(&path).unwrap();
    assert_eq!(sign(), LockSign::Held);
    drop(lock);
    assert_eq!(sign(), LockSign::Nothing, "an orderly end leaves no name behind");
    fs::write(&path, &named).unwrap();
    assert_eq!(sign(), LockSign::Free, "that process was killed");
    let mut elsewhere: Holder = serde_json::from_slice(&named).unwrap();
    elsewhere.host = "another-machine".to_owned();
    fs::write(&path, serde_json::to_vec(&elsewhere).unwrap()).unwrap();
    assert_eq!(sign(), LockSign::Nothing, "it may be a copy");
    assert_eq!(Lock::take(&path, "apply").unwrap().left_by, Some(elsewhere));
}

/// Who takes the lock waits for the end of a look.
#[test]
fn a_look_at_the_same_moment_does_not_refuse_a_writer() {
    let tries = Cell::new(0);
    let after = |misses: usize| {
        tries.set(0);
        patiently(|| {
            tries.set(tries.get() + 1);
            if tries.get() > misses { Ok(()) } else { Err(TryLockError::WouldBlock) }
        })
    };
    after(2).unwrap();
    assert_eq!(tries.get(), 3);
    // Whoever keeps it is a writer.
    assert!(matches!(after(usize::MAX), Err(TryLockError::WouldBlock)));
    assert_eq!(tries.get(), TRIES + 1);
}
