//! Asks before something is changed.

use std::io::{self, BufRead as _, IsTerminal as _};

use super::args::Global;
use super::failure::Failure;
use super::output::Output;
use crate::report::{Label, Styled};

/// Whether a question may be asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Questions {
    /// There may be somebody who answers.
    Allowed,
    /// `--no-input`: who runs this wants it to fail instead.
    Forbidden,
}

impl From<&Global> for Questions {
    fn from(global: &Global) -> Self {
        if global.no_input { Self::Forbidden } else { Self::Allowed }
    }
}

/// Asks, and takes only `yes` for a yes. An answer may be piped in; no answer at all is an error, since
/// whoever runs this from a script should know that nothing was done.
pub(super) fn ask(question: &str, questions: Questions, output: Output) -> Result<bool, Failure> {
    let unanswered = || {
        Failure::message("this needs an approval, and there is nobody to ask")
            .help("review the plan, then pass `--auto-approve`")
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
