//! The exit codes of the program.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ContextKind;

use super::args::When;
use super::foreign_words::ForeignWord;
use super::output::Output;

/// How a command ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// It was done.
    Done,
    /// There are changes, and `--detailed-exitcode` asked to say so.
    Changes,
    /// Something failed, and was reported already.
    Failed,
    /// Something is not as it was applied, or does not work.
    Drift,
    /// Not everything could be looked at, and the rest is as it should be.
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

/// A usage error is an error like any other (1); `--help` and `--version` are none. Where it comes from a word of
/// another tool, ours is named.
pub(super) fn usage(mut error: clap::Error, word: Option<&ForeignWord>, colour: When) -> ExitCode {
    if word.is_some() {
        // One tip is enough, and the parser knows words that are alike, not what they mean elsewhere.
        for tip in TIPS {
            error.remove(*tip);
        }
    }
    // Where nobody reads it, there is nobody to tell.
    let _ = print(&error, colour);
    if error.use_stderr() { word.map_or(ExitCode::FAILURE, help_with) } else { ExitCode::SUCCESS }
}

/// The parser knows the terminal, and not what the arguments say of colour.
fn print(error: &clap::Error, colour: When) -> io::Result<()> {
    let text = error.render();
    let text = match colour {
        When::Auto => return error.print(),
        When::Always => text.ansi().to_string(),
        When::Never => text.to_string(),
    };
    if error.use_stderr() {
        io::stderr().write_all(text.as_bytes())
    } else {
        io::stdout().write_all(text.as_bytes())
    }
}

/// What the parser suggests by itself.
const TIPS: &[ContextKind] = &[
    ContextKind::SuggestedCommand,
    ContextKind::SuggestedSubcommand,
    ContextKind::SuggestedArg,
    ContextKind::SuggestedValue,
    ContextKind::Suggested,
];

/// A word of another tool that would be read as something else.
pub(super) fn foreign_word(word: &ForeignWord) -> ExitCode {
    let said = Output::raw_message(&format!("error: there is no `{}`\n", word.typed));
    drop(said);
    help_with(word)
}

fn help_with(word: &ForeignWord) -> ExitCode {
    // Nobody can be told that the message could not be written.
    drop(Output::raw_message(&format!(" help: {}\n", word.help())));
    ExitCode::FAILURE
}
