//! What the server was asked to change: from its audit log, which no program under test can colour.

use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;

use crate::harness::Namespace;

/// One request to change something, dry-runs and reviews left out.
#[derive(Debug, Clone)]
pub(crate) struct Mutation {
    /// When the server got it.
    pub(crate) at: Timestamp,
    /// `patch`, `create`, `delete`, …
    pub(crate) verb: String,
    /// The object, as [`Object`] names it.
    pub(crate) object: Object,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Object { resource, namespace, name } = &self.object;
        write!(f, "{} {} {resource} {namespace}/{name}", self.at, self.verb)
    }
}

/// An object as requests name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Object {
    /// `deployments.apps`.
    pub(crate) resource: String,
    /// Empty for what is in none.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
}

/// The part of a server's audit log that is about one account, from where it was read last.
pub(crate) struct AuditLog {
    path: PathBuf,
    user: String,
    read: u64,
}

impl AuditLog {
    /// The log of what this service account of the namespace changes from now on. `None` where the cluster shows no log.
    pub(crate) fn of(ns: &Namespace, account: &str) -> Option<Self> {
        let path = ns.cluster().facts().audit_log.clone()?;
        let user = format!("system:serviceaccount:{}:{account}", ns.name());
        let read = path.metadata().map_or(0, |file| file.len());
        Some(Self { path, user, read })
    }

    /// What it has changed, or tried to, since this was last asked.
    pub(crate) fn read_on(&mut self) -> Vec<Mutation> {
        let mut file = BufReader::new(File::open(&self.path).unwrap());
        file.seek(SeekFrom::Start(self.read)).unwrap();
        let mut found = Vec::new();
        let mut line = String::new();
        // A line without its end is being written.
        while file.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
            self.read += line.len() as u64;
            if line.contains(&self.user) {
                let event: Value = serde_json::from_str(&line).unwrap();
                found.extend(mutation(&event).filter(|_| event["user"]["username"] == self.user));
            }
            line.clear();
        }
        found
    }
}

/// What an event of the log tells, unless it changes nothing.
fn mutation(event: &Value) -> Option<Mutation> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let about = &event["objectRef"];
    let (plural, group) = (text(&about["resource"]), text(&about["apiGroup"]));
    let changes = !text(&event["requestURI"]).contains("dryRun=") && !plural.ends_with("reviews");
    // A namespace is an object of the cluster. The log has its name in both places.
    let namespace = if plural == "namespaces" { String::new() } else { text(&about["namespace"]) };
    let resource = if group.is_empty() { plural } else { format!("{plural}.{group}") };
    let mutation = || Mutation {
        at: text(&event["requestReceivedTimestamp"]).parse().unwrap(),
        verb: text(&event["verb"]),
        object: Object { resource, namespace, name: text(&about["name"]) },
    };
    changes.then(mutation)
}
