//! What a text is laid out for.

use crate::report::source_line::Locator;

/// The page that a plan is written on.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// How many columns a line may have.
    pub width: usize,
    /// Where keys of the configuration stand.
    pub places: Locator<'a>,
}
