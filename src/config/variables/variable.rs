//! One declared variable, and which values it takes.

use crate::config::codes;
use crate::config::node::{Node, NodeValue};
use crate::config::parse::parse_value;
use crate::config::tables::VariableType;
use crate::config::template::{Piece, split};
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::Expression;

/// One declared variable.
#[derive(Debug, Clone)]
pub(in crate::config) struct Variable {
    /// Where it is declared.
    pub(in crate::config) span: Span,
    /// Whether nobody may see its value.
    pub(in crate::config) sensitive: bool,
    /// Its value, if it has one.
    pub(in crate::config) value: Option<Node>,
    default: Option<Node>,
    giver: Giver,
    /// Whether something about it was reported already, so that its uses are not reported again.
    pub(in crate::config) broken: bool,
    kind: VariableType,
}

/// Who gives a variable its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Giver {
    /// Its declaration.
    Default,
    /// A file with values.
    File,
    /// The command line or the environment of this run.
    Run,
}

impl Variable {
    /// Whether this run alone gives it another value than its default.
    pub(in crate::config) fn is_overridden(&self) -> bool {
        let json = |node: &Option<Node>| node.as_ref().map(Node::to_json);
        self.giver == Giver::Run && self.default.is_some() && json(&self.value) != json(&self.default)
    }

    /// Whether it has its default, since nothing else gives it a value.
    pub(in crate::config) fn is_left_to_default(&self) -> bool {
        self.giver == Giver::Default && self.default.is_some()
    }

    /// Reads a declaration.
    pub(super) fn declared(name: &str, node: &Node, mistakes: &mut Vec<Diagnostic>) -> Self {
        let sensitive = matches!(node.at(["sensitive"]), Some(Node { value: NodeValue::Boolean(true), .. }));
        let default = node.at(["default"]);
        let written = node.at(["type"]).and_then(Node::as_str).and_then(type_named);
        let kind = written.or_else(|| default.map(type_of)).unwrap_or(VariableType::String);
        let mut variable = Self {
            span: node.span,
            sensitive,
            value: None,
            default: None,
            giver: Giver::Default,
            broken: false,
            kind,
        };
        if sensitive && kind != VariableType::String {
            variable.broken = true;
            mistakes.push(
                Diagnostic::error(codes::BAD_VALUE, format!("the sensitive variable `{name}` is not text"))
                    .at(node.at(["type"]).map_or(node.span, |node| node.span), "")
                    .help("leave `type` out, or `sensitive`"),
            );
        }
        match default {
            Some(default) if sensitive => {
                variable.broken = true;
                mistakes.push(
                Diagnostic::error(
                    codes::SECRET_IN_CLEAR,
                    format!(
                        "the sensitive variable `{name}` has a default, and a secret never stands in the file"
                    ),
                )
                .at(default.span, "a sensitive value")
                .help(format!(
                    "remove the default and give the value by `REGPLAN_VAR_{name}` or `--var-file`"
                )),
            );
            }
            Some(default) => match plain(default) {
                Ok(value) => variable.take_node(name, value, mistakes),
                Err(span) => {
                    variable.broken = true;
                    mistakes.push(
                    Diagnostic::error(
                        codes::BAD_REFERENCE,
                        format!("the default of the variable `{name}` refers to something, and a default is a plain value"),
                    )
                    .at(span, "")
                    .help("put the reference where the variable is used; `$${` stands for the text `${`"),
                );
                }
            },
            None => {}
        }
        variable.giver = Giver::Default;
        variable.default.clone_from(&variable.value);
        variable
    }

    /// Takes a value of TOML, if it is of the variable's type.
    pub(super) fn take_node(&mut self, name: &str, node: Node, mistakes: &mut Vec<Diagnostic>) {
        if type_of(&node) == self.kind {
            self.value = Some(node);
            self.giver = Giver::File;
            return;
        }
        self.broken = true;
        mistakes.push(
            Diagnostic::error(
                codes::WRONG_TYPE,
                format!("the variable `{name}` is {}, and this is {}", described(self.kind), node.describe()),
            )
            .at(node.span, format!("expected {}", described(self.kind)))
            .at(self.span, "declared here"),
        );
    }

    /// Takes a value that is text, as the command line and the environment give it. `from` says who gives it.
    pub(super) fn take_text(&mut self, name: &str, text: &str, from: &str, mistakes: &mut Vec<Diagnostic>) {
        if Expression::has_mark(text) {
            self.broken = true;
            mistakes.push(Diagnostic::error(
                codes::RESERVED_CHARACTER,
                format!("{from} gives `{name}` a value with a private-use character (U+F0A0 or U+F0A1)"),
            ));
            return;
        }
        let node = match self.kind {
            VariableType::String => Some(Node { value: NodeValue::String(text.to_owned()), span: self.span }),
            kind => parse_value(text.trim(), self.span).filter(|node| type_of(node) == kind),
        };
        if let Some(node) = node {
            self.value = Some(node);
            self.giver = Giver::Run;
            return;
        }
        self.broken = true;
        mistakes.push(
            Diagnostic::error(
                codes::WRONG_TYPE,
                format!("{from} gives the variable `{name}` a value that is not {}", described(self.kind)),
            )
            .at(self.span, "declared here"),
        );
    }
}

/// A default without escapes, or the place of a reference in it.
fn plain(node: &Node) -> Result<Node, Span> {
    let value = match &node.value {
        NodeValue::String(text) => {
            let pieces = split(text);
            let texts = pieces.into_iter().map(|piece| match piece {
                Piece::Literal(text) => Ok(text),
                Piece::Reference(_) | Piece::Wrong(_) => Err(node.span),
            });
            NodeValue::String(texts.collect::<Result<String, Span>>()?)
        }
        NodeValue::Array(items) => NodeValue::Array(items.iter().map(plain).collect::<Result<_, _>>()?),
        NodeValue::Table(table) => {
            let mut table = table.clone();
            for entry in table.entries.values_mut() {
                entry.node = plain(&entry.node)?;
            }
            NodeValue::Table(table)
        }
        other => other.clone(),
    };
    Ok(Node { value, span: node.span })
}

fn type_named(name: &str) -> Option<VariableType> {
    Some(match name {
        "string" => VariableType::String,
        "number" => VariableType::Number,
        "bool" => VariableType::Bool,
        "list" => VariableType::List,
        "table" => VariableType::Table,
        _ => return None,
    })
}

fn type_of(node: &Node) -> VariableType {
    match node.value {
        NodeValue::String(_) | NodeValue::Datetime(_) => VariableType::String,
        NodeValue::Integer(_) | NodeValue::Float(_) => VariableType::Number,
        NodeValue::Boolean(_) => VariableType::Bool,
        NodeValue::Array(_) => VariableType::List,
        NodeValue::Table(_) => VariableType::Table,
    }
}

fn described(kind: VariableType) -> &'static str {
    match kind {
        VariableType::String => "text",
        VariableType::Number => "a number",
        VariableType::Bool => "`true` or `false`",
        VariableType::List => "a list, such as `[\"a\", \"b\"]`",
        VariableType::Table => "a table, such as `{ a = 1 }`",
    }
}
