//! Where a key of the configuration stands.

use std::fmt;

use serde::Serialize;

use crate::diagnostic::Sources;
use crate::resource::Origin;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// Says where the key of an origin stands; nothing for a key that is not written, or whose file is not
/// known here.
pub type Locator<'a> = &'a dyn Fn(&Origin) -> Option<SourceLine>;

impl SourceLine {
    /// Finds places in the files of a configuration.
    pub fn within(sources: &Sources) -> impl Fn(&Origin) -> Option<Self> + '_ {
        |origin| {
            let (path, line) = sources.line_of(origin.span?)?;
            Some(Self { file: path.display().to_string(), line })
        }
    }
}

/// `regplan.toml:14`.
impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
