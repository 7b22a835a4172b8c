//! Moments as people read them.

use jiff::Timestamp;

/// A moment in UTC, to the second: `2026-01-02T03:04:05Z`.
pub fn to_the_second(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
