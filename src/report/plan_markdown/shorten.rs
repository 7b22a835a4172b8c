//! What of a long plan is shown where not all of it may be.

use super::super::words::plural;

/// What is said of a resource, at length and in short.
pub(super) struct Entry {
    /// Whether it loses something, or stands in the way.
    pub(super) is_vital: bool,
    pub(super) row: String,
    pub(super) full: String,
    pub(super) folded: String,
}

/// How much of an entry is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    Nothing,
    Row,
    Folded,
    Full,
}

/// What of each entry is shown.
pub(super) struct Shown {
    extents: Vec<Extent>,
}

const TABLE: &str = "\n| What | Resource | Object | Why |\n|---|---|---|---|\n";

impl Shown {
    /// Spends the room on the most important first: half of it on rows, then on all that is said of what is
    /// lost or stands in the way, then on the others, shortly of all before at length of some; what is left
    /// goes to more rows.
    pub(super) fn of(entries: &[Entry], room: usize) -> Self {
        let mut shown = Self { extents: vec![Extent::Nothing; entries.len()] };
        let mut left = room.saturating_sub(TABLE.len());
        if left == 0 {
            return shown;
        }
        let details = left / 2;
        left -= details;
        shown.raise(entries, Extent::Row, |_| true, &mut left);
        left += details;
        shown.raise(entries, Extent::Full, |entry| entry.is_vital, &mut left);
        shown.raise(entries, Extent::Folded, |_| true, &mut left);
        shown.raise(entries, Extent::Full, |_| true, &mut left);
        shown.raise(entries, Extent::Row, |_| true, &mut left);
        shown
    }

    /// Shows more of the entries that are shown so far to the extent below this one, as far as it fits.
    fn raise(&mut self, entries: &[Entry], to: Extent, which: fn(&Entry) -> bool, left: &mut usize) {
        for (entry, extent) in entries.iter().zip(&mut self.extents).filter(|(entry, _)| which(entry)) {
            let is_next = match to {
                Extent::Nothing => false,
                Extent::Row => *extent == Extent::Nothing,
                Extent::Folded => *extent == Extent::Row,
                Extent::Full => matches!(*extent, Extent::Row | Extent::Folded),
            };
            let more = entry.size(to).saturating_sub(entry.size(*extent));
            if is_next && more <= *left {
                *left -= more;
                *extent = to;
            }
        }
    }

    pub(super) fn write(&self, entries: &[Entry], text: &mut String) {
        let shown = || entries.iter().zip(&self.extents);
        if shown().any(|(_, extent)| *extent > Extent::Nothing) {
            text.push_str(TABLE);
        }
        for (entry, _) in shown().filter(|(_, extent)| **extent > Extent::Nothing) {
            text.push_str(&entry.row);
        }
        for (entry, extent) in shown() {
            text.push_str(entry.details(*extent));
        }
    }

    /// What is left out, counted.
    pub(super) fn missing(&self, entries: &[Entry], limit: usize) -> String {
        let (mut values, mut details, mut rows) = (0, 0, 0);
        for (entry, extent) in entries.iter().zip(&self.extents) {
            match extent {
                Extent::Nothing => rows += 1,
                Extent::Row if !entry.full.is_empty() => details += 1,
                Extent::Folded if entry.full != entry.folded => values += 1,
                _ => {}
            }
        }
        let parts: Vec<String> =
            [(values, "the values of"), (details, "all but the row of"), (rows, "all of")]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{what} {count} {}", plural(count, "resource", "resources")))
                .collect();
        if parts.is_empty() {
            return String::new();
        }
        format!(
            "\nLeft out to stay within {limit} bytes, the least important first: {}. `regplan plan` shows all.\n",
            parts.join("; ")
        )
    }
}

impl Entry {
    fn details(&self, extent: Extent) -> &str {
        match extent {
            Extent::Nothing | Extent::Row => "",
            Extent::Folded => &self.folded,
            Extent::Full => &self.full,
        }
    }

    fn size(&self, extent: Extent) -> usize {
        let row = if extent == Extent::Nothing { 0 } else { self.row.len() };
        row + self.details(extent).len()
    }
}
