//! Text with labels that say what it means, instead of colours.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::escape::escape_lines;

/// The meaning of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    /// Ordinary text.
    Plain,
    /// Something is created.
    Add,
    /// Something changes.
    Change,
    /// Something is deleted or lost.
    Destroy,
    /// Something is emphasised.
    Strong,
    /// Something that matters less.
    Dim,
    /// Something is wrong.
    Error,
    /// Something is probably wrong.
    Warning,
}

impl Label {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Add => AnsiColor::Green.on_default(),
            Self::Change => AnsiColor::Yellow.on_default(),
            Self::Destroy => AnsiColor::Red.on_default(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Error => AnsiColor::Red.on_default().bold(),
            Self::Warning => AnsiColor::Yellow.on_default().bold(),
        }
    }
}

/// Labelled text, built piece by piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Styled {
    pieces: Vec<(Label, String)>,
}

impl Styled {
    /// Adds a piece. What of it could steer a terminal is made visible, whoever wrote it.
    pub fn push(&mut self, label: Label, text: impl AsRef<str>) -> &mut Self {
        self.pieces.push((label, escape_lines(text.as_ref())));
        self
    }

    /// Adds a line of its own.
    pub fn line(&mut self, label: Label, text: impl AsRef<str>) -> &mut Self {
        self.push(label, text.as_ref()).push(Label::Plain, "\n")
    }

    /// Ends the line.
    pub fn end(&mut self) -> &mut Self {
        self.push(Label::Plain, "\n")
    }

    /// Adds all of another text.
    pub fn append(&mut self, other: Self) -> &mut Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Whether it has no text.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Its pieces, each with its label.
    pub(in crate::report) fn pieces(&self) -> impl Iterator<Item = (Label, &str)> {
        self.pieces.iter().map(|(label, text)| (*label, text.as_str()))
    }

    /// The text with terminal styles.
    pub fn ansi(&self) -> String {
        self.pieces.iter().fold(String::new(), |mut text, (label, piece)| {
            let style = label.style();
            // Writing into a string cannot fail.
            let _ = write!(text, "{style}{piece}{style:#}");
            text
        })
    }
}

/// The text without styles.
impl std::fmt::Display for Styled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pieces.iter().try_for_each(|(_, piece)| f.write_str(piece))
    }
}
