//! Asks the user before something is changed.

use std::io::{self, BufRead as _, IsTerminal as _};

use super::args::Global;
use super::failure::Failure;
use super::output::Output;
use crate::report::{Label, Styled};

/// Whether the user may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Questions {
    /// Questions may be asked.
    Allowed,
    /// `--no-input`: the command fails where it would have to ask.
    Forbidden,
}

impl From<&Global> for Questions {
    fn from(global: &Global) -> Self {
        if global.no_input { Self::Forbidden } else { Self::Allowed }
    }
}

/// Asks, and accepts only `yes` as consent. The answer may come from a pipe. No answer at all is an error, so
/// that a script learns that nothing was done. `review` is what to look at before one agrees without being asked.
pub(super) fn ask(
    question: &str,
    review: &str,
    questions: Questions,
    output: Output,
) -> Result<bool, Failure> {
    let unanswered = || {
        Failure::message("this needs an approval, and there is nobody to ask")
            .help(format!("{review}, then pass `--auto-approve`"))
    };
    if questions == Questions::Forbidden {
        return Err(unanswered());
    }
    let mut text = Styled::default();
    text.push(Label::Strong, question).push(Label::Plain, " Only `yes` is accepted: ");
    output.message(&text)?;
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer)?;
    if !io::stdin().is_terminal() {
        Output::raw_message("\n")?;
    }
    if read == 0 { Err(unanswered()) } else { Ok(answer.trim() == "yes") }
}
