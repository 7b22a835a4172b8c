//! What of a long report is shown where not all of it may be: a comment holds only so much.
//!
//! What does not fit goes in this order, the least important resources first: the values of their fields (what
//! is left are the paths, *folded*), then all that is said of them but their row in the table, then the row.
//! What is missing is counted at the end.

use crate::report::format::plural::plural;

/// How many fields are named where their values are left out.
pub(in crate::report) const NAMED: usize = 12;
/// Kept free for what is said at the end.
const RESERVE: usize = 400;

/// A text that only grows as far as it may.
pub(in crate::report) struct Bounded {
    limit: usize,
    text: String,
}

impl Bounded {
    /// A text of so many bytes at the most that begins with this headline, all in our own words, and has room left to
    /// say what it leaves out. Where there is not even that much room: as much of the headline as there is.
    pub(in crate::report) fn new(limit: usize, headline: &str) -> Result<Self, String> {
        let mut begun = Self { limit, text: String::new() };
        if begun.offer(&format!("**{headline}**\n")) {
            return Ok(begun);
        }
        Err(headline.chars().filter(char::is_ascii).take(limit).collect())
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(RESERVE).saturating_sub(self.text.len())
    }

    /// Takes the text if all of it fits, and says whether it does.
    pub(in crate::report) fn offer(&mut self, text: &str) -> bool {
        let fits = text.len() <= self.room();
        if fits {
            self.text.push_str(text);
        }
        fits
    }

    /// Fills the room that is left with the entries, the most important of which come first.
    pub(in crate::report) fn fill(self, table: &MarkdownTable<'_>, entries: &[ResourceText]) -> String {
        let shown = Shortening::of(table, entries, self.room());
        let Self { limit, mut text } = self;
        shown.write(table, entries, &mut text);
        text.push_str(&shown.missing(table, entries, limit));
        text
    }
}

/// What the rows of the entries stand in.
pub(in crate::report) struct MarkdownTable<'a> {
    /// Its first lines.
    pub(in crate::report) head: &'a str,
    /// The command that shows everything.
    pub(in crate::report) command: &'a str,
}

/// What is said of a resource, at length and in short.
pub(in crate::report) struct ResourceText {
    /// Whether it loses something, or stands in the way.
    pub(in crate::report) is_vital: bool,
    pub(in crate::report) row: String,
    pub(in crate::report) full: String,
    pub(in crate::report) folded: String,
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
struct Shortening {
    extents: Vec<Extent>,
}

impl Shortening {
    /// Spends the room on the most important first: half of it on rows, then on all that is said of what is
    /// lost or stands in the way, then on the others, shortly of all before at length of some; what is left
    /// goes to more rows.
    fn of(table: &MarkdownTable<'_>, entries: &[ResourceText], room: usize) -> Self {
        let mut shown = Self { extents: vec![Extent::Nothing; entries.len()] };
        let mut left = room.saturating_sub(table.head.len());
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
    fn raise(
        &mut self,
        entries: &[ResourceText],
        to: Extent,
        which: fn(&ResourceText) -> bool,
        left: &mut usize,
    ) {
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

    fn write(&self, table: &MarkdownTable<'_>, entries: &[ResourceText], text: &mut String) {
        let shown = || entries.iter().zip(&self.extents);
        if shown().any(|(_, extent)| *extent > Extent::Nothing) {
            text.push_str(table.head);
        }
        for (entry, _) in shown().filter(|(_, extent)| **extent > Extent::Nothing) {
            text.push_str(&entry.row);
        }
        for (entry, extent) in shown() {
            text.push_str(entry.details(*extent));
        }
    }

    /// What is left out, counted.
    fn missing(&self, table: &MarkdownTable<'_>, entries: &[ResourceText], limit: usize) -> String {
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
            "\nLeft out to stay within {limit} bytes, the least important first: {}. `{}` shows all.\n",
            parts.join("; "),
            table.command
        )
    }
}

impl ResourceText {
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
