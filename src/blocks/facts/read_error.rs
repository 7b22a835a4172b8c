//! Why a file of objects cannot be read.

use std::fmt;

/// Why a file cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    place: Option<(u64, u64)>,
    message: String,
}

impl ReadError {
    /// An error at this line and column, both from 1.
    pub(super) fn new(place: Option<(u64, u64)>, message: String) -> Self {
        Self { place, message }
    }

    /// The line and the column.
    pub(in crate::blocks) fn place(&self) -> Option<(u64, u64)> {
        self.place
    }

    /// The same further down: in a part that begins after so many lines.
    #[must_use]
    pub(super) fn below(self, lines: u64) -> Self {
        Self { place: self.place.map(|(line, column)| (line + lines, column)), ..self }
    }
}

/// As it stands after the name of the file: `:3:7: …`.
impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, ":{line}:{column}: {}", self.message),
            None => write!(f, ": {}", self.message),
        }
    }
}
