//! Writes text: data to stdout, everything else to stderr, with styles only where they are wanted.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use serde_json::Value;

use super::args::{Global, When};
use crate::report::{self, Styled};

/// The width in columns where it is not known.
const PIPED: usize = 80;

/// The widest that mistakes are drawn.
const MISTAKES: usize = 100;

/// The two streams, and how each is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    styled_data: bool,
    styled_messages: bool,
    amount: Amount,
}

/// How much is said besides the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Amount {
    /// `--quiet`: errors and questions.
    Little,
    /// What the user should know.
    Usual,
    /// `--verbose`: each question to a server, too.
    Much,
}

impl Output {
    /// Without styles.
    #[cfg(test)]
    pub(super) const PLAIN: Self = Self { styled_data: false, styled_messages: false, amount: Amount::Usual };

    pub(super) fn new(global: &Global) -> Self {
        let styled = |is_terminal: bool| match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        Self {
            styled_data: styled(io::stdout().is_terminal()),
            styled_messages: styled(io::stderr().is_terminal()),
            amount: match (global.quiet, global.verbose) {
                (true, _) => Amount::Little,
                (false, 0) => Amount::Usual,
                (false, _) => Amount::Much,
            },
        }
    }

    /// Whether messages may have styles.
    pub(super) fn styles_messages(self) -> bool {
        self.styled_messages
    }

    /// Whether messages go to a terminal, where a person can watch what moves. Between the many lines of `--verbose`
    /// nothing moves.
    pub(super) fn is_watched(self) -> bool {
        io::stderr().is_terminal() && self.amount == Amount::Usual
    }

    /// Whether the result goes to a terminal, where a person sees it beside the messages.
    pub(super) fn is_data_watched() -> bool {
        io::stdout().is_terminal()
    }

    /// The width of data in columns: that of `COLUMNS`, or of the terminal. In a file or a pipe it is always
    /// the same.
    pub(super) fn width() -> usize {
        let terminal = || if io::stdout().is_terminal() { textwrap::termwidth() } else { PIPED };
        columns().unwrap_or_else(terminal)
    }

    /// The width of mistakes in columns: that of `COLUMNS`; else as wide as they are read well, or as a terminal that is
    /// narrower.
    pub(super) fn width_of_mistakes() -> usize {
        let terminal = || if io::stderr().is_terminal() { textwrap::termwidth() } else { MISTAKES };
        columns().unwrap_or_else(|| terminal().min(MISTAKES))
    }

    /// Prints the result of the command.
    pub(super) fn data(self, text: &Styled) -> io::Result<()> {
        let text = if self.styled_data { text.ansi() } else { text.to_string() };
        Self::raw_data(&text)
    }

    /// Prints the result of the command as JSON; what could steer a terminal is escaped.
    pub(super) fn json(json: &str) -> io::Result<()> {
        Self::raw_data(&report::escape_json(json))
    }

    /// Prints one value of a stream of JSON, on a line of its own.
    pub(super) fn json_line(value: &Value) -> io::Result<()> {
        Self::json(&format!("{value}\n"))
    }

    /// Prints the result of the command without styles, byte by byte as given.
    pub(super) fn raw_data(text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Writes the result into a file that others may read at any time: they see the old file or the new one,
    /// never a part. While it is written, its temporary name has no ending that a collector of files looks
    /// for.
    pub(super) fn replace_file(path: &Path, text: &str) -> io::Result<()> {
        // It is readable by everybody whom the umask allows, since the collector often runs as another user.
        Self::replace(path, text, 0o666)
    }

    /// The same for a file that only its owner can read.
    pub(super) fn replace_private_file(path: &Path, text: &str) -> io::Result<()> {
        Self::replace(path, text, 0o600)
    }

    fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".regplan-").suffix(".unfinished");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    /// Prints what the user should know besides the result; `--quiet` leaves it out.
    pub(super) fn note(self, text: &Styled) -> io::Result<()> {
        if self.amount == Amount::Little { Ok(()) } else { self.message(text) }
    }

    /// Prints what the user must know: errors and questions.
    pub(super) fn message(self, text: &Styled) -> io::Result<()> {
        let text = if self.styled_messages { text.ansi() } else { text.to_string() };
        Self::raw_message(&text)
    }

    /// Prints what the user should know without styles, byte by byte as given; `--quiet` leaves it out.
    pub(super) fn raw_note(self, text: &str) -> io::Result<()> {
        if self.amount == Amount::Little { Ok(()) } else { Self::raw_message(text) }
    }

    /// Prints what the user must know without styles, byte by byte as given. Where nobody reads it any more, nobody has to be told:
    /// no command ends because of that.
    pub(super) fn raw_message(text: &str) -> io::Result<()> {
        let mut stderr = io::stderr().lock();
        match stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

/// What `COLUMNS` says.
fn columns() -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok()?.parse().ok();
    columns.filter(|columns| *columns > 0)
}
