//! Exit codes, and how a failure is said.

use std::io;
use std::process::ExitCode;

use super::diagnostics;
use super::output::Output;
use crate::diagnostic::{Diagnostics, Sources};
use crate::engine;
use crate::report::{Label, Styled, escape};
use crate::resource::Problem;
use crate::state::StateError;

/// How a command ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done.
    Done,
    /// There are changes, and `--detailed-exitcode` asked to say so.
    Changes,
    /// It was said already what went wrong.
    Failed,
    /// Something is not as it was applied.
    Drift,
    /// Nothing of what could be observed has changed, and not everything could be.
    Unobserved,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::FAILURE,
            Exit::Changes | Exit::Drift => Self::from(2),
            Exit::Unobserved => Self::from(3),
        }
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The configuration has mistakes, in these files.
    Mistakes(Box<Sources>, Diagnostics),
    /// Anything that is said in words: what happened, and what to do next.
    Words { message: String, help: Option<String> },
    /// Nobody reads on.
    BrokenPipe,
}

impl Failure {
    pub(super) fn message(message: impl Into<String>) -> Self {
        Self::Words { message: message.into(), help: None }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        match self {
            Self::Words { message, .. } => Self::Words { message, help: Some(help.into()) },
            other => other,
        }
    }

    /// What a command comes to whose output nobody reads to its end: its exit code still says what it found.
    pub(super) fn unless_closed(shown: Result<(), Self>) -> Result<(), Self> {
        match shown {
            Err(Self::BrokenPipe) => Ok(()),
            other => other,
        }
    }

    /// An error of the engine over these files.
    pub(super) fn of(error: engine::Error, sources: &Sources) -> Self {
        match error {
            engine::Error::Mistakes(mistakes) => Self::Mistakes(Box::new(sources.clone()), mistakes),
            engine::Error::Problem(problem) => problem.into(),
            engine::Error::State(error) => error.into(),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Words { message: problem.message, help: problem.help }
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::Words { message: error.to_string(), help: Some(error.help()) }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::message(format!("the output cannot be written: {error}")),
        }
    }
}

/// Says what went wrong.
pub(super) fn failed(failure: &Failure, output: Output) -> ExitCode {
    let said = match failure {
        // Whoever closed the pipe has what they wanted (`regplan plan | head`).
        Failure::BrokenPipe => return ExitCode::SUCCESS,
        Failure::Mistakes(sources, mistakes) => {
            Output::raw_message(&diagnostics::draw(sources, mistakes, output))
        }
        Failure::Words { message, help } => output.message(&words(message, help.as_deref())),
    };
    // Nobody can be told that the message could not be written.
    drop(said);
    ExitCode::FAILURE
}

fn words(message: &str, help: Option<&str>) -> Styled {
    let mut text = Styled::default();
    text.push(Label::Error, "error: ");
    for line in message.lines() {
        text.line(Label::Plain, escape(line));
    }
    for line in help.unwrap_or_default().lines() {
        text.push(Label::Dim, " help: ").line(Label::Plain, escape(line));
    }
    text
}

/// A usage error is an error like any other (1); `--help` and `--version` are none.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (true, _) => ExitCode::FAILURE,
        (false, _) => ExitCode::SUCCESS,
    }
}
