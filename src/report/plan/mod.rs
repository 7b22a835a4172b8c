//! The words for a plan: text for a terminal, Markdown for a pull request, JSON for programs.

pub(in crate::report) mod cascade;
pub(in crate::report) mod json;
pub(in crate::report) mod markdown;
#[cfg(test)]
pub(in crate::report) mod sample;
pub(in crate::report) mod text;
pub(in crate::report) mod value;
pub(in crate::report) mod words;
