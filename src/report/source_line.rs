//! The place of a key in the configuration.

use std::fmt;

use serde::Serialize;

use crate::diagnostic::Sources;
use crate::resource::{FilePlace, Origin};

/// A line of a configuration file, where a key is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// Finds the line of an origin's key; `None` for a key that is not written in a file, or whose file is not
/// known here.
pub type Locator<'a> = &'a dyn Fn(&Origin) -> Option<SourceLine>;

impl SourceLine {
    /// Makes a [`Locator`] for the files of a configuration.
    pub fn within(sources: &Sources) -> impl Fn(&Origin) -> Option<Self> + '_ {
        |origin| {
            Self::of_file(origin).or_else(|| {
                let (path, line) = sources.line_of(origin.span?)?;
                Some(Self { file: path.display().to_string(), line })
            })
        }
    }

    /// The line of a field that comes from a file of objects.
    pub fn of_file(origin: &Origin) -> Option<Self> {
        let FilePlace { path, line, .. } = origin.file.as_ref()?;
        Some(Self { file: path.display().to_string(), line: *line })
    }
}

/// Writes `regplan.toml:14`.
impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
