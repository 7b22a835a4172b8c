//! Everything that regplan says and writes in a test, searched for secrets.

use std::fs;
use std::path::Path;

use crate::harness::{Canary, Project};

/// A value that no other run has, with characters that are escaped in one form or the other.
pub(super) fn value(shape: &str) -> String {
    shape.replace('#', &format!("{:012x}", rand::random::<u64>() >> 16))
}

/// Everything that was said and written, each with its name.
#[derive(Default)]
pub(super) struct Sinks(Vec<(String, Vec<u8>)>);

impl Sinks {
    /// Runs it, whatever comes of it, and keeps what it said. It says as much as it can.
    #[track_caller]
    pub(super) fn run(&mut self, project: &Project<'_>, line: &str) {
        let ended = project.run(line.split(' ').chain(["-vvv"])).any();
        self.0.push((format!("standard output of `{line}`"), ended.stdout().into()));
        self.0.push((format!("standard error of `{line}`"), ended.stderr().into()));
    }

    /// Keeps what all files below a folder hold, but those of these names.
    pub(super) fn files(&mut self, folder: &Path, left_out: &[&str]) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                self.files(&path, left_out);
            } else if !left_out.iter().any(|name| path.ends_with(name)) {
                self.0.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }

    /// Keeps what somebody may read elsewhere.
    pub(super) fn keep(&mut self, name: &str, text: String) {
        self.0.push((name.to_owned(), text.into_bytes()));
    }

    /// Fails where one of these is anywhere, in whatever form.
    #[track_caller]
    pub(super) fn lack(&self, canaries: &[Canary]) {
        let found = self.0.iter().flat_map(|(name, bytes)| {
            canaries.iter().filter_map(move |canary| Some(format!("{name}: {}", canary.found_in(bytes)?)))
        });
        let found: Vec<String> = found.collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    /// Whether this text is anywhere.
    pub(super) fn has(&self, text: &str) -> bool {
        self.0.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(text))
    }
}
