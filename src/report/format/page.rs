//! The page that a text is formatted for.

use crate::report::plan::level::Level;
use crate::report::source_line::Locator;

/// The page that a plan is written on.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// How many columns a line may have.
    pub width: usize,
    /// How much of what is created is shown.
    pub level: &'a Level,
    /// Finds the file and line of a configuration key.
    pub places: Locator<'a>,
}
