//! The results as a table for `docs/performance.md`.

use std::fmt;
use std::time::Duration;

use super::measure::Cost;

/// The rows, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<[String; 6]>,
}

impl Table {
    /// Adds a row: the cost, and the times that others took for the same.
    pub(crate) fn row(&mut self, size: usize, what: &str, cost: &Cost, beside: &[(&str, Duration)]) {
        let others = beside.iter().map(|(name, time)| {
            let ratio = time.as_secs_f64() / cost.time.as_secs_f64().max(f64::EPSILON);
            format!("{name}: {} ({ratio:.2} times as long)", seconds(*time))
        });
        self.rows.push([
            size.to_string(),
            what.to_owned(),
            seconds(cost.time),
            cost.requests.to_string(),
            format!("{} MB", cost.memory / 1_000_000),
            others.collect::<Vec<_>>().join(", "),
        ]);
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| objects | what | time | requests | memory | beside it |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        self.rows.iter().try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}
