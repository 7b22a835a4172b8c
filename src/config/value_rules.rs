//! What a JSON Schema cannot say of a value: whether it may be unknown yet, whether it may be a secret or hold one, and
//! what a relative path starts from.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::codes;
use super::inputs::Files;
use super::login::{Login, hides};
use super::markers::{LOGIN, PATH, SECRET, SECRET_SOURCE, URL};
use super::node::{Node, NodeValue};
use super::shape::Shape;
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{Expression, FieldPath, Reference};

/// When a value must be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownWhen {
    /// Before anything is planned, whatever its schema says.
    BeforePlanning,
    /// As its schema says: a text without further rules may be read from the cluster later.
    AsSchemaSays,
}

/// Checks values by these rules.
pub(super) struct ValueRules<'a> {
    pub(super) files: &'a Files,
    /// The `secret` table, to which typed secret fields may refer.
    pub(super) secrets: Option<&'a Node>,
    /// Places that have a mistake already: nothing more is said about them.
    pub(super) failed: &'a mut BTreeSet<FieldPath>,
    pub(super) mistakes: &'a mut Vec<Diagnostic>,
}

impl ValueRules<'_> {
    /// Checks a value and everything below it, and makes paths absolute.
    pub(super) fn apply(&mut self, node: &mut Node, at: &FieldPath, shape: &Shape<'_>, known: KnownWhen) {
        if shape.is_empty() && known == KnownWhen::AsSchemaSays {
            return;
        }
        // The source of a secret must be known before anything is planned.
        let known = if shape.has(SECRET_SOURCE) { KnownWhen::BeforePlanning } else { known };
        match &mut node.value {
            NodeValue::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.apply(item, &at.index(index), &shape.item(), known);
                }
            }
            NodeValue::Table(table) => {
                for (key, entry) in &mut table.entries {
                    self.apply(&mut entry.node, &at.key(key.as_str()), &shape.key(key), known);
                }
            }
            // Before all else: what is said of a text with references quotes it.
            NodeValue::String(text) if shape.has(URL) && Login::of(text).is_refused() => {
                self.refuse_login(node.span, at, shape);
            }
            NodeValue::String(text) => {
                let expression = Expression::parse(text).and_then(Result::ok);
                if let Some(expression) = expression {
                    self.reference(node, &expression, at, shape, known);
                } else if shape.has(PATH) && !text.is_empty() {
                    *text = absolute(self.files.sources.folder(node.span.source), text);
                }
            }
            _ => {}
        }
    }

    /// A text that is not known yet, or that is a secret: whether it may stand here.
    fn reference(
        &mut self,
        node: &mut Node,
        expression: &Expression,
        at: &FieldPath,
        shape: &Shape<'_>,
        known: KnownWhen,
    ) {
        let types = shape.types();
        let text = expression.to_string();
        let shown = if hides(shape, &text) { "its value".to_owned() } else { format!("`{text}`") };
        let secret = expression.references().find(|reference| !matches!(reference, Reference::Live(_)));
        if shape.has(SECRET_SOURCE) && !types.contains(&"string") {
            if let Some(source) = self.source_of(expression) {
                *node = Node { value: source.value.clone(), span: node.span };
                // A relative path in it starts at the file that declares the secret: the values keep their places.
                self.apply(node, at, shape, known);
                return;
            }
            let help = "write `{ env = \"NAME\" }` or `{ file = \"path\" }`; `${secret.NAME}` serves where \
                        the secret is not generated";
            self.refuse(
                codes::NOT_KNOWN_YET,
                format!("`{at}` takes a source of a secret, and {shown} is none"),
                node.span,
                at,
                help,
            );
            return;
        }
        let text_fits = known == KnownWhen::AsSchemaSays && (types.is_empty() || types.contains(&"string"));
        match secret {
            Some(_) if !text_fits || !(types.is_empty() || shape.has(SECRET)) => {
                let help = "a secret can stand in fields for secrets, and in the objects of \
                            `[resource.NAME]`; a variable that is no secret needs no `sensitive`";
                let message = format!("`{at}` takes no secret, and {shown} is one");
                self.refuse(codes::SECRET_NOT_EXPECTED, message, node.span, at, help);
            }
            None if !text_fits || shape.reads_text() => {
                let message = format!(
                    "`{at}` must be known before anything is planned, and {shown} is read from the cluster"
                );
                self.refuse(codes::NOT_KNOWN_YET, message, node.span, at, "write the value, or a variable");
            }
            _ => {}
        }
    }

    /// The source of the secret that the text is. A generated value is stored in one Secret, so that its source
    /// cannot be used for another field.
    fn source_of(&self, expression: &Expression) -> Option<&Node> {
        let Some(Reference::Secret(name)) = expression.sole() else { return None };
        let source = self.secrets?.at([name.as_str()])?;
        (source.as_table().is_some() && source.at(["generate"]).is_none()).then_some(source)
    }

    fn refuse_login(&mut self, span: Span, at: &FieldPath, shape: &Shape<'_>) {
        let message = format!("`{at}` has a user or a password in it, and URLs are shown and recorded");
        let instead = shape.text(LOGIN).map(|words| format!(": {words}")).unwrap_or_default();
        let help = format!("take them out of the URL{instead}; change the password if this file was shared");
        self.refuse(codes::SECRET_IN_CLEAR, message, span, at, &help);
    }

    fn refuse(&mut self, code: &'static str, message: String, span: Span, at: &FieldPath, help: &str) {
        self.failed.insert(at.clone());
        self.mistakes.push(Diagnostic::error(code, message).at(span, "").help(help));
    }
}

/// The path from a folder, without any `.` in it. A `..` stays, because it may leave a symbolic link.
fn absolute(folder: &Path, text: &str) -> String {
    let path: PathBuf =
        folder.join(text).components().filter(|component| *component != Component::CurDir).collect();
    // Both halves were text, and so the whole is.
    path.into_os_string().into_string().unwrap_or_else(|path| path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_at_their_folder() {
        assert_eq!(absolute(Path::new("/a/b"), "./c.txt"), "/a/b/c.txt");
        assert_eq!(absolute(Path::new("/a/./b"), "../c"), "/a/b/../c");
        assert_eq!(absolute(Path::new("/a"), "/c"), "/c");
    }
}
