//! The page on which a plan is written for a terminal.

use super::place::Locator;

/// How wide the text of a plan may be, and where the keys that it names stand.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// How many columns a line may have.
    pub width: usize,
    /// Where keys of the configuration stand.
    pub places: Locator<'a>,
}
