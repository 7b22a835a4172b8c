//! The page that a text is formatted for.

use crate::report::source_line::Locator;

/// The page that a plan is written on.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// How many columns a line may have.
    pub width: usize,
    /// Finds the file and line of a configuration key.
    pub places: Locator<'a>,
}
