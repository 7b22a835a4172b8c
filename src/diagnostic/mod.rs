//! The shape of mistakes in the configuration: what is wrong, where, and what to do next.
//!
//! A [`Diagnostic`] is plain data. How it is drawn (colours, source excerpts) is the command line's
//! business, so that the library needs no terminal.
//!
//! | File | The question that it answers |
//! |---|---|
//! | this one | What is a mistake: severity, message, places, help? |
//! | `nearest` | What did the user probably mean? |
//! | `codes` | How does a room declare the stable names of its mistakes? |

pub(crate) mod codes;
pub(crate) mod nearest;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The number of a file among the [`Sources`] of one configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A range of bytes in one source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte.
    pub end: usize,
}

/// One file as it was read.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as the user named it.
    pub path: PathBuf,
    /// The folder that relative paths in it start from.
    pub folder: PathBuf,
    /// Its whole text.
    pub text: Arc<str>,
    /// Ranges of bytes of which no line is drawn, because they may hold secrets. Places in them are named in words.
    pub hidden: Vec<Range<usize>>,
}

impl Source {
    /// The same file, of which no line is drawn.
    #[must_use]
    pub fn all_hidden(mut self) -> Self {
        self.hidden.push(0..self.text.len());
        self
    }

    /// Whether a place lies in lines that are not drawn.
    pub fn hides(&self, span: Span) -> bool {
        let end = span.end.max(span.start + 1);
        let is_at_the_end = span.start == self.text.len();
        self.hidden.iter().any(|hidden| {
            hidden.start < end && span.start < hidden.end || is_at_the_end && hidden.end == span.start
        })
    }
}

/// All files that a configuration was read from. A [`Span`] points into one of them.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a configuration file under this path, and gives it the next number.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> SourceId {
        let path = path.into();
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        self.push(Source { path, folder, text: text.into(), hidden: Vec::new() })
    }

    /// Adds a file, and gives it the next number.
    pub fn push(&mut self, source: Source) -> SourceId {
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(source);
        id
    }

    /// The file with this number; `None` for a number that another `Sources` gave.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// How many files there are.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// The folder that relative paths in a file start from.
    pub fn folder(&self, id: SourceId) -> &Path {
        self.get(id).map_or(Path::new(""), |source| &source.folder)
    }

    /// The path and the line (from 1) at which a span starts, such as for `regplan.toml:14`.
    pub fn line_of(&self, span: Span) -> Option<(&Path, usize)> {
        let source = self.get(span.source)?;
        let before = source.text.get(..span.start)?;
        Some((&source.path, before.bytes().filter(|byte| *byte == b'\n').count() + 1))
    }
}

/// Whether a mistake stops the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is done until it is corrected.
    Error,
    /// It works, but probably not as meant.
    Warning,
}

/// A place, and a text about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What the reader sees there; may be empty.
    pub text: String,
}

/// One mistake: what happened, where, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether a mistake stops the run.
    pub severity: Severity,
    /// A stable name for the kind of mistake (`unknown-key`), for documents and tests.
    pub code: &'static str,
    /// What happened and why, in one sentence without a full stop.
    pub message: String,
    /// The places, the main one first.
    pub labels: Vec<Label>,
    /// What to do next.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, message: message.into(), labels: Vec::new(), help: None }
    }

    /// A warning without a place yet.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a place where one is known.
    #[must_use]
    pub fn at_opt(self, span: Option<Span>, text: impl Into<String>) -> Self {
        match span {
            Some(span) => self.at(span, text),
            None => self,
        }
    }

    /// Sets what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

/// The mistakes of one run, in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds a mistake.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds all of another list.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.list.extend(others);
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Sorts by place (file, then position). Mistakes without a place come last; equals keep their order.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.list.sort_by_key(|d| match d.labels.first() {
            Some(label) => (0, Some(label.span)),
            None => (1, None),
        });
        self
    }

    /// The mistakes in order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// `value` together with the warnings, if there is no error.
    ///
    /// # Errors
    /// All mistakes, warnings too, where at least one is an error.
    pub fn or_else_value<T>(self, value: T) -> Result<(T, Diagnostics), Diagnostics> {
        if self.has_errors() { Err(self) } else { Ok((value, self)) }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { list: vec![diagnostic] }
    }
}

impl From<Vec<Diagnostic>> for Diagnostics {
    fn from(list: Vec<Diagnostic>) -> Self {
        Self { list }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.list.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
