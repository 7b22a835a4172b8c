//! Texts that are compared with files under `tests/it/snapshots`.

use std::path::Path;

use super::Namespace;

/// What differs between two runs though nothing has changed: patterns, and their replacements.
const PATTERNS: [(&str, &str); 5] = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[uid]"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|UTC|[+-]\d\d:?\d\d))?", "[time]"),
    (r"127\.0\.0\.1:\d+", "[server]"),
    (r"\b\d+(\.\d+)? ?(ms|s)\b", "[duration]"),
    (r"\b(10\.0\.\d+\.\d+|10\.244\.\d+\.\d+)\b", "[ip]"),
];

/// Compares, after the names of the test and all [`PATTERNS`] are replaced.
#[track_caller]
pub(super) fn check(ns: &Namespace, more: &[(String, &str)], name: &str, text: &str) {
    let own = [(ns.name(), "[ns]"), (ns.prefix(), "[prefix]"), (ns.project_name(), "[project]")];
    let masked = more.iter().chain(&own).fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, replacement) in PATTERNS {
        settings.add_filter(pattern, replacement);
    }
    settings.bind(|| insta::assert_snapshot!(name, masked));
}
