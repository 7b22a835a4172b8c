//! A page of the documents that a test writes while it goes on: words, and what came of commands.
//!
//! Two runs never write the same text: times, addresses and digests differ, and what happens at once is told in another
//! order. So both texts are made equal in these before they are compared ([`comparable`]), and the page keeps what one run
//! really wrote.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

/// If this variable is set, the test writes the page instead of comparing it.
const UPDATE: &str = "REGPLAN_UPDATE_DOCS";

/// What differs between two runs: patterns, and their replacements.
static CHANGING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[uid]"),
        (r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|UTC))?)?", "[time]"),
        (r"127\.0\.0\.1:\d+, cluster [0-9a-f]{8}", "[cluster]"),
        (r"\b10\.244\.\d+\.\d+\b", "[pod's address]"),
        (r"Pebble Intermediate CA [0-9a-f]{6}", "[authority]"),
        (r"\b\d+ fields? managed by others (are|is)", "[fields of others]"),
        (r"\b\d+(\.\d+)? ?(ms|s|m|h|min|hours?|minutes?|seconds?|days?)\b", "[duration]"),
        (r"\b[0-9a-f]{12,64}\b", "[digest]"),
        (r"registry-[0-9a-f]{7,10}-[a-z0-9]{5}", "[pod]"),
        (r"\b\d+ restarts?\b", "[restarts]"),
    ]
    .into_iter()
    .map(|(pattern, replacement)| (Regex::new(pattern).unwrap(), replacement))
    .collect()
});

/// What an apply says of one resource. Those that go on at once come in any order.
static EVENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^ *(created|updated|replaced|deleted|ready|written|deleting|ran) \S+  ").unwrap()
});

/// Where a long line is broken.
static BREAK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\n {8,}").unwrap());

/// What an apply says while it waits. A quick machine does not wait.
static WAITING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^ *waiting \S+  ").unwrap());

/// The page, as far as it is written.
pub(super) struct Page {
    path: PathBuf,
    text: String,
}

impl Page {
    /// The page with this name, and its heading.
    pub(super) fn begin(name: &str, heading: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        Self { path, text: format!("# {heading}\n") }
    }

    /// A part of a page, to be added later.
    pub(super) fn go_on() -> Self {
        Self { path: PathBuf::new(), text: String::new() }
    }

    /// Adds a part.
    pub(super) fn append(&mut self, part: &Self) {
        self.text += &part.text;
    }

    /// Adds words, in Markdown.
    pub(super) fn say(&mut self, words: &str) {
        let _ = write!(self.text, "\n{}\n", words.trim());
    }

    /// Adds a block in this language.
    pub(super) fn show(&mut self, language: &str, text: &str) {
        let _ = write!(self.text, "\n```{language}\n{}\n```\n", text.trim_end());
    }

    /// Adds a command, and what it wrote.
    pub(super) fn command(&mut self, line: &str, written: &str) {
        self.show("console", &format!("$ {line}\n{written}"));
    }

    /// Adds a command, and what it wrote from the first line on that begins with this. What stood before is left out.
    #[track_caller]
    pub(super) fn command_from(&mut self, line: &str, written: &str, first: &str) {
        let before: usize =
            written.split_inclusive('\n').take_while(|line| !line.starts_with(first)).map(str::len).sum();
        assert!(before < written.len(), "no line begins with `{first}`:\n{written}");
        self.command(line, &format!("…\n{}", &written[before..]));
    }

    /// Compares the page with the one that is there, or writes it.
    #[track_caller]
    pub(super) fn settle(self) {
        if std::env::var_os(UPDATE).is_some() {
            fs::write(self.path, self.text).unwrap();
            return;
        }
        let (there, new) = (comparable(&fs::read_to_string(&self.path).unwrap()), comparable(&self.text));
        let differs = there.lines().zip(new.lines()).find(|(there, new)| there != new);
        let path = self.path.display();
        assert!(
            there == new,
            "{path} tells another story; {UPDATE}=1 writes it anew. The first difference: {differs:?}\n{}",
            self.text
        );
    }
}

/// The text with the same word in the place of each time, address and digest.
pub(crate) fn masked(text: &str) -> String {
    CHANGING.iter().fold(text.to_owned(), |text, (pattern, replacement)| {
        pattern.replace_all(&text, *replacement).into_owned()
    })
}

/// The same, in an order that does not depend on what happened first, and with long lines in one piece: where they are
/// broken depends on how long a name is.
fn comparable(text: &str) -> String {
    let text = masked(&BREAK.replace_all(text, " "));
    let mut lines: Vec<&str> = text.lines().filter(|line| !WAITING.is_match(line)).collect();
    for events in lines.chunk_by_mut(|one, next| EVENT.is_match(one) && EVENT.is_match(next)) {
        if EVENT.is_match(events[0]) {
            events.sort_unstable();
        }
    }
    lines.join("\n")
}
