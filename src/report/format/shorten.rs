//! Shortens a long report to a limit, such as that of a comment.
//!
//! What does not fit is left out in this order, for the least important resources first: the values of their
//! fields (only the paths stay, *folded*), then everything except their row in the table, then the row. The
//! end says how much is left out.

use crate::report::format::plural::plural;

/// How many fields are named where their values are left out.
pub(in crate::report) const NAMED: usize = 12;
/// The number of bytes that are reserved for the end.
const RESERVE: usize = 400;

/// A text that grows up to a limit.
pub(in crate::report) struct Bounded {
    limit: usize,
    text: String,
    /// What is always at the end.
    end: String,
}

impl Bounded {
    /// A text of at most `limit` bytes that begins with this headline, which must have no text from outside.
    ///
    /// # Errors
    /// The limit has no room for the headline and the end: then the result is as much of the headline as
    /// fits.
    pub(in crate::report) fn new(limit: usize, headline: &str) -> Result<Self, String> {
        let mut begun = Self { limit, text: String::new(), end: String::new() };
        if begun.offer(&format!("**{headline}**\n")) {
            return Ok(begun);
        }
        Err(headline.chars().filter(char::is_ascii).take(limit).collect())
    }

    /// The same, with this text at its end, if there is room for it.
    pub(in crate::report) fn ending_with(mut self, end: String) -> Self {
        if end.len() <= self.room() {
            self.end = end;
        }
        self
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(RESERVE).saturating_sub(self.text.len() + self.end.len())
    }

    /// Appends the text if all of it fits. Returns whether it did.
    pub(in crate::report) fn offer(&mut self, text: &str) -> bool {
        let fits = text.len() <= self.room();
        if fits {
            self.text.push_str(text);
        }
        fits
    }

    /// Fills the remaining room with the entries. They must be sorted, the most important first.
    pub(in crate::report) fn fill(self, table: &MarkdownTable<'_>, entries: &[ResourceText]) -> String {
        let shown = Shortening::of(table, entries, self.room());
        let Self { limit, mut text, end } = self;
        shown.write(table, entries, &mut text);
        text.push_str(&shown.missing(table, entries, limit));
        text + &end
    }
}

/// The table that has a row for each entry.
pub(in crate::report) struct MarkdownTable<'a> {
    /// The first lines of the table.
    pub(in crate::report) head: &'a str,
    /// The command that shows everything.
    pub(in crate::report) command: &'a str,
}

/// The texts about a resource, from short to long.
pub(in crate::report) struct ResourceText {
    /// Whether something is lost or refused. Such resources are shown in full before the others.
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

/// How much is shown of each entry.
struct Shortening {
    extents: Vec<Extent>,
}

impl Shortening {
    /// Spends the room in this order: at most half of it on rows (those of vital entries first), then the rest on the full text of vital
    /// entries, then on the folded text of all, then on the full text of all; what is left is used for more
    /// rows.
    fn of(table: &MarkdownTable<'_>, entries: &[ResourceText], room: usize) -> Self {
        let mut shown = Self { extents: vec![Extent::Nothing; entries.len()] };
        let mut left = room.saturating_sub(table.head.len());
        if left == 0 {
            return shown;
        }
        let details = left / 2;
        left -= details;
        shown.raise(entries, Extent::Row, |entry| entry.is_vital, &mut left);
        shown.raise(entries, Extent::Row, |_| true, &mut left);
        left += details;
        shown.raise(entries, Extent::Full, |entry| entry.is_vital, &mut left);
        shown.raise(entries, Extent::Folded, |_| true, &mut left);
        shown.raise(entries, Extent::Full, |_| true, &mut left);
        shown.raise(entries, Extent::Row, |_| true, &mut left);
        shown
    }

    /// Raises the entries that `which` selects to this extent, as far as they fit. An entry must be at an
    /// extent from which this one is the next step.
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

    /// The sentence that says how much was left out; empty where nothing was.
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
