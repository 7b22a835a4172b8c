//! What a program has written, and how it has ended; with failures that show all of it.

use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use serde_json::Value;

/// A program that has ended, with an exit code that the test has not looked at yet.
#[derive(Debug)]
#[must_use = "say how it is to have ended: success() or code(n)"]
pub(crate) struct Output(Ended);

impl Output {
    pub(super) fn new(shown: String, status: ExitStatus, stdout: String, stderr: String) -> Self {
        Self(Ended { shown, status, stdout, stderr })
    }

    /// It ended with 0.
    #[track_caller]
    pub(crate) fn success(self) -> Ended {
        self.code(0)
    }

    /// It ended with this code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Ended {
        self.0.check(self.0.status.code() == Some(code), &format!("should have ended with {code}"));
        self.0
    }

    /// It ended, with whatever code.
    pub(crate) fn any(self) -> Ended {
        self.0
    }
}

/// A program that has ended as expected.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    shown: String,
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

impl Ended {
    /// Whether it ended with 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// Its exit code; `None` where a signal ended it.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it; `None` where it ended by itself.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// What it wrote to standard output.
    pub(crate) fn stdout(&self) -> &str {
        &self.stdout
    }

    /// What it wrote to standard error.
    pub(crate) fn stderr(&self) -> &str {
        &self.stderr
    }

    /// What it wrote to standard output, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("{}", self.failure(&format!("should have written JSON ({error})"))),
        }
    }

    /// Standard output contains this. Line ends count as spaces.
    #[track_caller]
    pub(crate) fn stdout_contains(&self, text: &str) -> &Self {
        self.check(contains_words(&self.stdout, text), &format!("should have `{text}` on stdout"))
    }

    /// Standard error contains this.
    #[track_caller]
    pub(crate) fn stderr_contains(&self, text: &str) -> &Self {
        self.check(self.stderr.contains(text), &format!("should have `{text}` on stderr"))
    }

    /// Standard output does not contain this. Line ends count as spaces.
    #[track_caller]
    pub(crate) fn stdout_lacks(&self, text: &str) -> &Self {
        self.check(!contains_words(&self.stdout, text), &format!("should not have `{text}` on stdout"))
    }

    /// Standard error does not contain this.
    #[track_caller]
    pub(crate) fn stderr_lacks(&self, text: &str) -> &Self {
        self.check(!self.stderr.contains(text), &format!("should not have `{text}` on stderr"))
    }

    /// Fails and shows all output unless this is true. `what` says what should be.
    #[track_caller]
    pub(crate) fn check(&self, truth: bool, what: &str) -> &Self {
        assert!(truth, "{}", self.failure(what));
        self
    }

    fn failure(&self, what: &str) -> String {
        let what = format!("{what}; it ended with {}", self.status);
        failure(&self.shown, &what, &self.stdout, &self.stderr)
    }
}

/// Whether a text contains another one, as it is or with line ends in other places.
fn contains_words(all: &str, text: &str) -> bool {
    let in_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = in_one_line(text);
    all.contains(text) || (!words.is_empty() && in_one_line(all).contains(&words))
}

/// The message of a failure: the command line, what is wrong, and all output.
pub(super) fn failure(shown: &str, what: &str, stdout: &str, stderr: &str) -> String {
    let mut message = format!("$ {shown}\n{what}");
    for (name, output) in [("stdout", stdout), ("stderr", stderr)] {
        let _ = write!(message, "\n--- {name} ---\n{}", output.trim_end());
    }
    message
}
