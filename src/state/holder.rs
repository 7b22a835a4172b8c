//! Who holds the lock of a state.

use std::fmt;
use std::fs;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::LockId;

/// The process that holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// A new id each time the lock is taken.
    pub id: LockId,
    /// The user that the process belongs to.
    pub user: String,
    /// The name of the machine.
    pub host: String,
    /// The number of the process.
    pub pid: u32,
    /// When the lock was taken.
    pub since: Timestamp,
    /// The command that it runs, such as `apply`.
    pub command: String,
}

impl Holder {
    /// This process as the holder from now on, with a new id.
    pub fn this_process(command: &str) -> Self {
        Self {
            id: LockId::random(),
            user: user(),
            host: host(),
            pid: std::process::id(),
            since: Timestamp::now(),
            command: command.to_owned(),
        }
    }

    /// `user@host`.
    pub fn who(&self) -> String {
        format!("{}@{}", self.user, self.host)
    }
}

/// `alice@build-7 (process 4242, regplan apply, since 2026-11-23T19:15:02Z, lock id 0f…)`
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.round(jiff::Unit::Second).unwrap_or(self.since);
        let (who, pid, command, id) = (self.who(), self.pid, &self.command, &self.id);
        write!(f, "{who} (process {pid}, regplan {command}, since {since}, lock id {id})")
    }
}

fn user() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(from_environment);
    named.or_else(user_number).unwrap_or_else(|| "unknown".to_owned())
}

/// The number of the user: in a container or under cron the environment may not name one.
#[cfg(unix)]
fn user_number() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    Some(format!("uid-{}", fs::metadata("/proc/self").ok()?.uid()))
}

#[cfg(not(unix))]
fn user_number() -> Option<String> {
    None
}

/// The name of this machine.
pub(super) fn host() -> String {
    let kernel = || {
        let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    };
    let named = || ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(from_environment);
    let asked = || {
        let output = std::process::Command::new("uname").arg("-n").output().ok()?;
        let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        Some(name).filter(|name| !name.is_empty())
    };
    kernel().or_else(named).or_else(asked).unwrap_or_else(|| "unknown".to_owned())
}

fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
