//! `docs/messages.md` has every message of the program once, so that one person can read them all in one sitting.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Literal, literals};

tests! { the_page_has_every_message_once }

/// If this variable is set, the test writes the page instead of comparing it.
pub(crate) const UPDATE: &str = "REGPLAN_UPDATE_DOCS";

fn the_page_has_every_message_once() {
    let page = page(&literals());
    if std::env::var_os(UPDATE).is_some() {
        fs::write(path(), &page).unwrap();
    }
    let written = fs::read_to_string(path()).unwrap();
    assert!(
        written == page,
        "docs/messages.md has other messages than the program; {UPDATE}=1 writes it anew"
    );
    for message in ["must be corrected first; nothing can be applied", "Nothing to destroy.", "help: "] {
        assert!(written.contains(message), "no `{message}` on the page");
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/messages.md")
}

/// The messages by the file that has them. `{…}` stands for what the program puts in.
fn page(all: &[Literal]) -> String {
    let mut seen = BTreeSet::new();
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for literal in all.iter().filter(|literal| is_message(literal)) {
        if seen.insert(literal.text.as_str()) {
            by_file.entry(&literal.file).or_default().push(&literal.text);
        }
    }
    let mut text = String::from(
        "# Messages\n\n\
         Every message of the program, once, under the file that has it. `{…}` stands for what the program puts in.\n\
         This page is generated from the source, and a test holds it to that: whoever changes a message sees it here\n\
         among its neighbours. Messages are short sentences in plain English, and say what happened, where, why, and\n\
         what to do next.\n",
    );
    for (file, messages) in by_file {
        let _ = write!(text, "\n## `src/{file}`\n\n");
        for message in messages {
            let _ = writeln!(text, "- {}", code(message));
        }
    }
    text
}

/// Whether people read it: two words or more, in no pattern and no text for programs.
fn is_message(literal: &Literal) -> bool {
    let is_drawing = literal.file.starts_with("graph/drawing/");
    let is_program_text = literal.text.contains("{{") || literal.text.contains("|---|");
    let spoken = without_placeholders(&literal.text);
    let is_pattern = spoken.starts_with(['^', '<']);
    let letters = |word: &&str| word.chars().filter(char::is_ascii_alphabetic).count() > 1;
    !is_drawing && !is_program_text && !is_pattern && spoken.split_whitespace().filter(letters).count() > 1
}

/// What is left of a text without its `{…}`.
fn without_placeholders(text: &str) -> String {
    let parts = text.split('{').enumerate();
    parts
        .map(|(at, part)| if at == 0 { part } else { part.split_once('}').map_or("", |(_, rest)| rest) })
        .collect()
}

/// The text as Markdown shows it as it is, in one line.
fn code(text: &str) -> String {
    let line = text.trim().replace('\n', "⏎ ");
    let fence = if line.contains('`') { "``" } else { "`" };
    let gap = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{gap}{line}{gap}{fence}")
}
