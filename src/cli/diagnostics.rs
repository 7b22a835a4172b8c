//! Draws mistakes together with the lines of the file around them. Only this file uses miette.

mod shown;

use std::fmt;
use std::io;
use std::path::Path;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use textwrap::{WordSeparator, WordSplitter};

use super::output::Output;
use crate::diagnostic::{Diagnostic, Diagnostics, Label, Severity, SourceId, Sources};
use crate::report::{escape, escape_in_place, escape_lines};
use shown::Shown;

/// Prints the warnings, where there are any.
pub(super) fn show_warnings(sources: &Sources, warnings: &Diagnostics, output: Output) -> io::Result<()> {
    if warnings.is_empty() { Ok(()) } else { output.raw_note(&draw(sources, warnings, output)) }
}

/// The text of the mistakes, one below the other, and how many there are.
pub(super) fn draw(sources: &Sources, mistakes: &Diagnostics, output: Output) -> String {
    let theme =
        if output.styles_messages() { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    // Lines are broken only between words, since users copy names, addresses and commands.
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(Output::width_of_mistakes())
        .with_break_words(false)
        .with_word_separator(WordSeparator::AsciiSpace)
        .with_word_splitter(WordSplitter::NoHyphenation);
    let mut text = String::new();
    let here = std::env::current_dir().ok();
    let shown = Shown::of(mistakes);
    for mistake in &shown.mistakes {
        let mistake = &as_seen_from(here.as_deref(), mistake.clone());
        for part in by_source(sources, mistake) {
            if handler.render_report(&mut text, &part).is_err() {
                text.push_str(&escape_lines(&mistake.to_string()));
            }
            text.push('\n');
        }
    }
    text.push_str(&shown.summary());
    text
}

/// A mistake in miette's form, with the labels of one file. Labels in other files become mistakes of their
/// own below it, since a report of miette shows one file.
struct Drawn<'m> {
    mistake: &'m Diagnostic,
    /// Whether it is the first part: the others go on from it.
    is_first: bool,
    message: String,
    help: Option<String>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

fn by_source<'m>(sources: &Sources, mistake: &'m Diagnostic) -> Vec<Drawn<'m>> {
    let mut files: Vec<SourceId> = Vec::new();
    for label in &mistake.labels {
        if !files.contains(&label.span.source) {
            files.push(label.span.source);
        }
    }
    let first = files.first().copied();
    let help = mistake.help.as_deref().map(escape_lines);
    let first = part(sources, mistake, first, mistake.message.clone());
    let mut drawn = vec![Drawn { is_first: true, help, ..first }];
    let others = files.into_iter().skip(1);
    let what = match mistake.severity {
        Severity::Error => "another place of this mistake",
        Severity::Warning => "another place of this warning",
    };
    drawn.extend(others.map(|file| part(sources, mistake, Some(file), what.to_owned())));
    drawn
}

fn part<'m>(
    sources: &Sources,
    mistake: &'m Diagnostic,
    file: Option<SourceId>,
    message: String,
) -> Drawn<'m> {
    let labels = mistake.labels.iter().filter(|label| Some(label.span.source) == file);
    let labels: Vec<Label> = labels.cloned().collect();
    let (message, source, labels) = match file.and_then(|file| sources.get(file)) {
        // Its lines may hold secrets.
        Some(source) if labels.iter().any(|label| source.hides(label.span)) => {
            (message + &places(sources, &labels), None, Vec::new())
        }
        Some(source) => {
            let (text, labels) = shortened(&escape_in_place(&source.text), labels);
            let name = escape(&source.path.display().to_string());
            (message, Some(NamedSource::new(name, text)), labels)
        }
        None => (message, None, labels),
    };
    let labels = labels
        .into_iter()
        .map(|label| {
            let words = (!label.text.is_empty()).then(|| escape_lines(&label.text));
            LabeledSpan::new(words, label.span.start, label.span.end.saturating_sub(label.span.start))
        })
        .collect();
    Drawn { mistake, is_first: false, message: escape_lines(&message), help: None, source, labels }
}

/// Places in words: ` (values.toml:3:1: given here)`.
fn places(sources: &Sources, labels: &[Label]) -> String {
    let place = |label: &Label| {
        let (path, line) = sources.line_of(label.span)?;
        let before = sources.get(label.span.source)?.text.get(..label.span.start)?;
        let column = before.rsplit('\n').next().map_or(0, str::len) + 1;
        let words = if label.text.is_empty() { String::new() } else { format!(": {}", label.text) };
        Some(format!(" ({}:{line}:{column}{words})", path.display()))
    };
    labels.iter().filter_map(place).collect()
}

/// How many bytes of a very long line are shown.
const LONGEST: usize = 200;
/// How many bytes of them come before the first label.
const BEFORE: usize = 60;

/// The text with its very long lines shortened, and the labels at their new places.
fn shortened(text: &str, mut labels: Vec<Label>) -> (String, Vec<Label>) {
    let mut short = String::new();
    let mut at = 0;
    let old = labels.clone();
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let body = line.trim_end_matches(['\n', '\r']);
        let is_last = end == text.len();
        let here = |place: usize| (at..end).contains(&place) || is_last && place == end;
        let first = old.iter().map(|label| label.span.start).filter(|start| here(*start)).min();
        let from = first.map_or(0, |first| (first - at).saturating_sub(BEFORE));
        let whole = body.len() <= LONGEST;
        let from = if whole { 0 } else { body.floor_char_boundary(from) };
        let to = if whole { line.len() } else { body.ceil_char_boundary(from + LONGEST) };
        let ellipsis = |missing: bool| if missing { "…" } else { "" };
        let start = short.len() + ellipsis(from > 0).len();
        short.push_str(ellipsis(from > 0));
        short.push_str(&line[from..to]);
        if !whole {
            short.push_str(ellipsis(to < body.len()));
            short.push_str(&line[body.len()..]);
        }
        let moved = |place: usize| start + (place - at).clamp(from, to) - from;
        for (label, old) in labels.iter_mut().zip(&old) {
            if here(old.span.start) {
                label.span.start = moved(old.span.start);
            }
            if here(old.span.end) {
                label.span.end = moved(old.span.end);
            }
        }
        at = end;
    }
    (short, labels)
}

/// The mistake with its paths relative to the current folder.
fn as_seen_from(here: Option<&Path>, mut mistake: Diagnostic) -> Diagnostic {
    let Some(here) = here.and_then(Path::to_str).filter(|here| here.len() > 1) else { return mistake };
    let folder = format!("{here}/");
    let near = |text: &str| {
        let mut near = String::new();
        let mut rest = 0;
        for (at, _) in text.match_indices(&folder) {
            let before = text[..at].chars().next_back();
            if before.is_none_or(|before| before.is_whitespace() || "(`\"'".contains(before)) {
                near.push_str(&text[rest..at]);
                rest = at + folder.len();
            }
        }
        near + &text[rest..]
    };
    mistake.message = near(&mistake.message);
    mistake.help = mistake.help.as_deref().map(near);
    for label in &mut mistake.labels {
        label.text = near(&label.text);
    }
    mistake
}

impl miette::Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.is_first.then(|| Box::new(self.mistake.code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.mistake.severity {
            // It is no mistake more.
            _ if !self.is_first => miette::Severity::Advice,
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawn<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Source, Span};

    const PLAIN: Output = Output::PLAIN;

    #[test]
    fn nothing_in_a_mistake_steers_a_terminal() {
        let mut sources = Sources::default();
        let source = sources.add("a\u{1b}.toml", "x = '\u{1b}[2J\u{7}\u{9b}'\r\ny = 1\n");
        let span = Span { source, start: 0, end: 1 };
        let mistake = Diagnostic::error("code", "the name `a\u{1b}[2J` is none").at(span, "\u{7} here");
        let drawn = draw(&sources, &mistake.help("not \u{202e}").into(), PLAIN);
        assert!(drawn.contains("`a\\u{1b}[2J`") && drawn.contains("\\u{7} here"), "{drawn}");
        assert!(drawn.contains("x = '?[2J???'"), "{drawn}");
        let steers = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
        assert_eq!(drawn.chars().find(steers), None, "{drawn}");
    }

    #[test]
    fn no_line_of_a_file_of_values_is_shown() {
        let mut sources = Sources::default();
        let text = "a = 1\npasword = 'hunter2'\n".into();
        let values = Source { path: "values.toml".into(), folder: "/".into(), text, hidden: Vec::new() };
        let source = sources.push(values.all_hidden());
        let span = Span { source, start: 6, end: 13 };
        let mistake =
            Diagnostic::error("code", "not declared").at(span, "given here").help("did you mean it?");
        let drawn = draw(&sources, &mistake.into(), PLAIN);
        assert!(drawn.contains("not declared (values.toml:2:1: given here)"), "{drawn}");
        assert!(drawn.contains("did you mean it?") && drawn.contains("code"), "{drawn}");
        assert!(!drawn.contains("hunter2"), "{drawn}");
    }
}
