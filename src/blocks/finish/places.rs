//! Where the mistake of an object stands: at a key of the configuration, and for what comes from a file of objects
//! that this key names, at its own line there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::blocks::facts::{Facts, FileLines};
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{FieldPath, FilePlace, Origin, PathMap};

/// Finds the places of fields. The lines of a file are looked up only where something is wrong with it.
pub(in crate::blocks) struct Places<'f> {
    facts: &'f Facts,
    /// The files that were looked at; nothing for one that cannot be followed.
    lines: RefCell<BTreeMap<PathBuf, Option<FileLines>>>,
}

/// A place.
#[derive(PartialEq, Eq)]
pub(in crate::blocks) struct Place {
    /// The key of the configuration.
    span: Option<Span>,
    /// For what comes from a file of objects: `objects.yaml:12`.
    file_line: Option<String>,
}

impl<'f> Places<'f> {
    /// The places in the files that these facts hold.
    pub(in crate::blocks) fn new(facts: &'f Facts) -> Self {
        Self { facts, lines: RefCell::default() }
    }

    /// The place of a field. A default has none of its own: that of its block is shown.
    pub(in crate::blocks) fn of(&self, origins: &PathMap<Origin>, path: &FieldPath) -> Place {
        let origin = origins.nearest(path);
        let span = origin.and_then(|origin| origin.span);
        let span = span.or_else(|| origins.get(&FieldPath::root())?.span);
        let file = origin.and_then(|origin| origin.file.as_ref());
        let file_line = file.map(|file| format!("{}:{}", file.path.display(), self.line(file, path)));
        Place { span, file_line }
    }

    /// The origin of a field of a file of objects, with its own line; `None` for what comes from elsewhere.
    pub(in crate::blocks) fn origin_in_file(
        &self,
        origins: &PathMap<Origin>,
        path: &FieldPath,
    ) -> Option<Origin> {
        let origin = origins.nearest(path)?;
        let file = origin.file.as_ref()?;
        let file = FilePlace { line: self.line(file, path), ..file.clone() };
        Some(Origin { file: Some(file), ..origin.clone() })
    }

    /// The line of a field; that of its object where the file cannot be followed.
    fn line(&self, file: &FilePlace, path: &FieldPath) -> usize {
        let mut lines = self.lines.borrow_mut();
        let lines = lines.entry(file.path.clone()).or_insert_with(|| self.read(&file.path));
        let found = lines.as_ref().and_then(|lines| lines.line_of(file.line, &file.item, path));
        found.unwrap_or(file.line)
    }

    fn read(&self, path: &Path) -> Option<FileLines> {
        FileLines::read(self.facts.manifest(path)?.bytes())
    }
}

impl Place {
    /// Puts a mistake here; `words` say what the reader sees, and may be empty.
    pub(in crate::blocks) fn mark(self, mistake: Diagnostic, words: &str) -> Diagnostic {
        let words = match self.file_line {
            Some(line) if words.is_empty() => line,
            Some(line) => format!("{words}: {line}"),
            None => words.to_owned(),
        };
        mistake.at_opt(self.span, words)
    }

    /// Puts a mistake of two objects at the place of each.
    pub(in crate::blocks) fn mark_both(first: Self, second: Self, mistake: Diagnostic) -> Diagnostic {
        if first == second {
            return second.mark(mistake, "");
        }
        first.mark(second.mark(mistake, "again here"), "first here")
    }

    /// Whether it is in a file of objects.
    pub(in crate::blocks) fn is_in_file(&self) -> bool {
        self.file_line.is_some()
    }
}
