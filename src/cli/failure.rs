//! Why a command did not do what it was asked, and the one place that prints it.

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

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The engine stopped.
    Engine(Box<engine::Error>),
    /// A plan file is not applied.
    PlanFile {
        /// Which one.
        path: PathBuf,
        /// Why not.
        refusal: PlanFileRefusal,
    },
    /// What the command line itself has to say.
    Refused(Words),
    /// Something that the command line tried did not work.
    Failed {
        /// What was tried: the beginning of a sentence that the cause ends.
        tried: String,
        /// What to do next.
        help: Option<String>,
        /// What came of it.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// Nobody reads on.
    BrokenPipe,
}

impl Failure {
    /// A refusal in these words.
    pub(super) fn message(message: impl Into<String>) -> Self {
        Self::Refused(Words { message: message.into(), help: None })
    }

    /// Something that did not work, told as `TRIED: CAUSE`.
    pub(super) fn caused(tried: impl Into<String>, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed { tried: tried.into(), help: None, cause: Box::new(cause) }
    }

    /// A file that was to be replaced.
    pub(super) fn unwritten(path: &Path, error: io::Error) -> Self {
        Self::caused(format!("`{}` cannot be written", path.display()), error).help(
            "its folder must be there, and writable: the file is made anew beside the old one, then renamed",
        )
    }

    /// Says what to do next. What the engine says has its own help already.
    pub(super) fn help(self, text: impl Into<String>) -> Self {
        let help = Some(text.into());
        match self {
            Self::Refused(Words { message, .. }) => Self::Refused(Words { message, help }),
            Self::Failed { tried, cause, .. } => Self::Failed { tried, help, cause },
            other @ (Self::Engine(_) | Self::PlanFile { .. } | Self::BrokenPipe) => other,
        }
    }

    /// What a command comes to whose output nobody reads to its end: its exit code still says what it found.
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

/// Of the output: files that a command writes have failures of their own.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::caused("the output cannot be written", error),
        }
    }
}

/// Says what went wrong.
pub(super) fn print(failure: &Failure, output: Output) -> ExitCode {
    let printed = match failure {
        // Whoever closed the pipe has what they wanted (`regplan plan | head`).
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
    // Nobody can be told that the message could not be written.
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
