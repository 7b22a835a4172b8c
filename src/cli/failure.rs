//! The failure of a command, and the one place that prints it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::diagnostics;
use super::output::Output;
use super::wording::{self, Words};
use crate::engine::{self, NotApplicable, PlanFileRefusal};
use crate::report::{Label, Styled, escape};
use crate::state::StateError;

/// Why a command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The engine stopped.
    Engine(Box<engine::Error>),
    /// A plan file is not applied.
    PlanFile {
        /// The path of the file.
        path: PathBuf,
        /// Why it is not applied.
        refusal: PlanFileRefusal,
    },
    /// The command line itself refuses to go on.
    Refused(Words),
    /// Something that the command line tried did not work.
    Failed {
        /// What was tried: the beginning of a sentence that the cause ends.
        tried: String,
        /// What to do next.
        help: Option<String>,
        /// The error that ended it.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// The reader of our output has closed the pipe.
    BrokenPipe,
}

impl Failure {
    /// A refusal with this message.
    pub(super) fn message(message: impl Into<String>) -> Self {
        Self::Refused(Words { message: message.into(), help: None })
    }

    /// Something that did not work, worded as `TRIED: CAUSE`.
    pub(super) fn caused(tried: impl Into<String>, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed { tried: tried.into(), help: None, cause: Box::new(cause) }
    }

    /// A file that could not be replaced.
    pub(super) fn unwritten(path: &Path, error: io::Error) -> Self {
        Self::caused(format!("`{}` cannot be written", path.display()), error).help(
            "its folder must be there, and writable: the file is made anew beside the old one, then renamed",
        )
    }

    /// Sets what to do next. Errors of the engine have their own help already, and keep it.
    pub(super) fn help(self, text: impl Into<String>) -> Self {
        let help = Some(text.into());
        match self {
            Self::Refused(Words { message, .. }) => Self::Refused(Words { message, help }),
            Self::Failed { tried, cause, .. } => Self::Failed { tried, help, cause },
            other @ (Self::Engine(_) | Self::PlanFile { .. } | Self::BrokenPipe) => other,
        }
    }

    /// Whether the configuration has mistakes.
    pub(super) fn is_of_configuration(&self) -> bool {
        matches!(self, Self::Engine(error) if matches!(error.as_ref(), engine::Error::Mistakes { .. }))
    }

    /// Ignores a closed pipe, so that the exit code still says what the command found.
    pub(super) fn unless_closed(shown: Result<(), Self>) -> Result<(), Self> {
        match shown {
            Err(Self::BrokenPipe) => Ok(()),
            other => other,
        }
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<NotApplicable> for Failure {
    fn from(error: NotApplicable) -> Self {
        engine::Error::from(error).into()
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        engine::Error::from(error).into()
    }
}

/// An error of standard output or standard error. Files that a command writes have failures of their own.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::caused("the output cannot be written", error),
        }
    }
}

/// Prints what went wrong, and returns the exit code.
pub(super) fn print(failure: &Failure, output: Output) -> ExitCode {
    let printed = match failure {
        // The reader has what it wanted (`regplan plan | head`).
        Failure::BrokenPipe => return ExitCode::SUCCESS,
        Failure::Engine(error) => match error.as_ref() {
            engine::Error::Mistakes { sources, mistakes } => {
                Output::raw_message(&diagnostics::draw(sources, mistakes, output))
            }
            other => output.message(&styled(&wording::words(other))),
        },
        Failure::PlanFile { path, refusal } => output.message(&styled(&wording::refused(path, refusal))),
        Failure::Refused(words) => output.message(&styled(words)),
        Failure::Failed { tried, help, cause } => {
            let message = format!("{tried}: {cause}");
            output.message(&styled(&Words { message, help: help.clone() }))
        }
    };
    // If the message cannot be written, there is no other place to report that.
    drop(printed);
    ExitCode::FAILURE
}

fn styled(words: &Words) -> Styled {
    let mut text = Styled::default();
    text.push(Label::Error, "error: ");
    for line in words.message.lines() {
        text.line(Label::Plain, escape(line));
    }
    for line in words.help.as_deref().unwrap_or_default().lines() {
        text.push(Label::Dim, " help: ").line(Label::Plain, escape(line));
    }
    text
}
