//! The words for drift: text for a terminal, Markdown for a chat, JSON for programs, metrics for Prometheus.

pub(in crate::report) mod json;
pub(in crate::report) mod markdown;
pub(in crate::report) mod prometheus;
pub(in crate::report) mod text;
