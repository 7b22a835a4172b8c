//! How text is formatted: labels, escapes, widths, line breaks, diffs of texts, Markdown, shortening.

pub(in crate::report) mod diff;
pub(in crate::report) mod escape;
pub(in crate::report) mod layout;
pub(in crate::report) mod markdown;
pub(in crate::report) mod page;
pub(in crate::report) mod plural;
pub(in crate::report) mod shorten;
pub(in crate::report) mod styled;
