//! `[variable.NAME]`: what is declared, and which value it has.
//!
//! The first of these that has a value wins: `--var`, `--var-file` (of several the last one),
//! `REGPLAN_VAR_NAME` in the environment (as it is written, or in capitals with `_` for `-`), the
//! default. Values are plain: a `${…}` in them is text.

use std::collections::BTreeMap;

use super::codes;
use super::inputs::{Files, Inputs};
use super::node::{Node, NodeValue};
use super::parse::{parse, parse_value};
use super::tables::VariableType;
use super::template::{Piece, split};
use crate::diagnostic::nearest::suggest;
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::Expression;

/// One declared variable.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    /// Where it is declared.
    pub(super) span: Span,
    /// Whether nobody may see its value.
    pub(super) sensitive: bool,
    /// Its value, if it has one.
    pub(super) value: Option<Node>,
    /// Whether something about it was reported already, so that its uses are not reported again.
    pub(super) broken: bool,
    kind: VariableType,
}

/// All declared variables, by name.
pub(super) type Variables = BTreeMap<String, Variable>;

/// Reads the declarations and finds the values.
pub(super) fn read(
    root: &Node,
    inputs: &Inputs<'_>,
    files: &mut Files,
    masked: &mut Vec<Span>,
    mistakes: &mut Vec<Diagnostic>,
) -> Variables {
    let mut variables = Variables::new();
    let declared = root.at(["variable"]).and_then(Node::as_table);
    for (name, entry) in declared.into_iter().flat_map(|table| &table.entries) {
        variables.insert(name.clone(), declare(name, &entry.node, masked, mistakes));
    }
    // From the weakest to the strongest: each overwrites what was there.
    for (name, variable) in &mut variables {
        let shouted = name.to_uppercase().replace('-', "_");
        let found = [name.clone(), shouted]
            .into_iter()
            .map(|name| format!("REGPLAN_VAR_{name}"))
            .find_map(|key| (inputs.env)(&key).map(|value| (key, value)));
        if let Some((key, text)) = found {
            give_text(name, variable, &text, &format!("the environment variable {key}"), mistakes);
        }
    }
    for path in inputs.var_files {
        let Some(source) = files.read(inputs.base, path, mistakes) else { continue };
        let Some(text) = files.sources.get(source).map(|source| source.text.clone()) else { continue };
        let parsed = parse(source, &text, mistakes);
        for (name, entry) in parsed.root.as_table().into_iter().flat_map(|table| &table.entries) {
            let Some(variable) = variables.get_mut(name) else {
                mistakes.push(undeclared(name, &variables).at(entry.key_span, "given here"));
                continue;
            };
            if variable.sensitive {
                masked.push(entry.node.span);
            }
            give_node(name, variable, entry.node.clone(), mistakes);
        }
    }
    for given in inputs.vars {
        let Some((name, text)) = given.split_once('=') else {
            // Not shown: whoever leaves out the name may have written a secret.
            mistakes.push(
                Diagnostic::error(codes::BAD_VALUE, "a `--var` has no `=`").help("write `--var NAME=VALUE`"),
            );
            continue;
        };
        match variables.get_mut(name.trim()) {
            Some(variable) => give_text(name.trim(), variable, text, "`--var`", mistakes),
            None => mistakes.push(undeclared(name.trim(), &variables)),
        }
    }
    variables
}

fn undeclared(name: &str, variables: &Variables) -> Diagnostic {
    let none = format!("declare it with `[variable.{name}]`, or leave it out");
    Diagnostic::error(
        codes::UNKNOWN_VARIABLE,
        format!("a value is given for the variable `{name}`, which is not declared"),
    )
    .help(suggest(name, variables.keys().map(String::as_str), &none))
}

fn declare(name: &str, node: &Node, masked: &mut Vec<Span>, mistakes: &mut Vec<Diagnostic>) -> Variable {
    let sensitive = matches!(node.at(["sensitive"]), Some(Node { value: NodeValue::Boolean(true), .. }));
    let default = node.at(["default"]);
    let written = node.at(["type"]).and_then(Node::as_str).and_then(kind_of);
    let kind = written.or_else(|| default.map(natural)).unwrap_or(VariableType::String);
    let mut variable = Variable { span: node.span, sensitive, value: None, broken: false, kind };
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
            masked.push(default.span);
            mistakes.push(
                Diagnostic::error(
                    codes::SECRET_IN_CLEAR,
                    format!(
                        "the sensitive variable `{name}` has a default, and a secret never stands in the file"
                    ),
                )
                .at(default.span, "a value that nobody may see")
                .help(format!(
                    "remove the default and give the value by `REGPLAN_VAR_{name}` or `--var-file`"
                )),
            );
        }
        Some(default) => match plain(default) {
            Ok(value) => give_node(name, &mut variable, value, mistakes),
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
    variable
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

fn kind_of(name: &str) -> Option<VariableType> {
    Some(match name {
        "string" => VariableType::String,
        "number" => VariableType::Number,
        "bool" => VariableType::Bool,
        "list" => VariableType::List,
        "table" => VariableType::Table,
        _ => return None,
    })
}

fn natural(node: &Node) -> VariableType {
    match node.value {
        NodeValue::String(_) | NodeValue::Datetime(_) => VariableType::String,
        NodeValue::Integer(_) | NodeValue::Float(_) => VariableType::Number,
        NodeValue::Boolean(_) => VariableType::Bool,
        NodeValue::Array(_) => VariableType::List,
        NodeValue::Table(_) => VariableType::Table,
    }
}

fn words(kind: VariableType) -> &'static str {
    match kind {
        VariableType::String => "text",
        VariableType::Number => "a number",
        VariableType::Bool => "`true` or `false`",
        VariableType::List => "a list, such as `[\"a\", \"b\"]`",
        VariableType::Table => "a table, such as `{ a = 1 }`",
    }
}

/// Takes a value that has a type.
fn give_node(name: &str, variable: &mut Variable, node: Node, mistakes: &mut Vec<Diagnostic>) {
    if natural(&node) == variable.kind {
        variable.value = Some(node);
        return;
    }
    variable.broken = true;
    mistakes.push(
        Diagnostic::error(
            codes::WRONG_TYPE,
            format!("the variable `{name}` is {}, and this is {}", words(variable.kind), node.describe()),
        )
        .at(node.span, format!("expected {}", words(variable.kind)))
        .at(variable.span, "declared here"),
    );
}

/// Takes a value that is text, as the command line and the environment have it.
fn give_text(name: &str, variable: &mut Variable, text: &str, from: &str, mistakes: &mut Vec<Diagnostic>) {
    if Expression::has_mark(text) {
        variable.broken = true;
        mistakes.push(Diagnostic::error(
            codes::RESERVED_CHARACTER,
            format!("{from} gives `{name}` a value with a private-use character (U+F0A0 or U+F0A1)"),
        ));
        return;
    }
    let node = match variable.kind {
        VariableType::String => Some(Node { value: NodeValue::String(text.to_owned()), span: variable.span }),
        kind => parse_value(text.trim(), variable.span).filter(|node| natural(node) == kind),
    };
    if let Some(node) = node {
        variable.value = Some(node);
        return;
    }
    variable.broken = true;
    mistakes.push(
        Diagnostic::error(
            codes::WRONG_TYPE,
            format!("{from} gives the variable `{name}` a value that is not {}", words(variable.kind)),
        )
        .at(variable.span, "declared here"),
    );
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::{Value, json};

    use super::*;

    const DECLARED: &str = "[variable.tag]\ndefault = 'default'\n[variable.count]\ntype = 'number'\n\
        [variable.flag]\ndefault = true\n[variable.names]\ntype = 'list'\n[variable.unset]\n";

    fn read_with(
        text: &str,
        vars: &[&str],
        var_file: Option<&str>,
        env: &[(&str, &str)],
    ) -> (BTreeMap<String, Option<Value>>, Vec<Diagnostic>) {
        let folder = tempfile::tempdir().unwrap();
        let var_files: Vec<PathBuf> = var_file.iter().map(|_| "vars.toml".into()).collect();
        std::fs::write(folder.path().join("vars.toml"), var_file.unwrap_or_default()).unwrap();
        let vars: Vec<String> = vars.iter().map(ToString::to_string).collect();
        let lookup =
            |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let inputs = Inputs {
            files: &[],
            vars: &vars,
            var_files: &var_files,
            env: &lookup,
            base: folder.path(),
            sensitive_may_be_unset: false,
        };
        let (mut files, mut mistakes) = (Files::default(), Vec::new());
        let path = folder.path().join("regplan.toml");
        std::fs::write(&path, text).unwrap();
        let source = files.read(folder.path(), &path, &mut mistakes).unwrap();
        let parsed = parse(source, text, &mut mistakes);
        let variables = read(&parsed.root, &inputs, &mut files, &mut Vec::new(), &mut mistakes);
        let values = variables
            .into_iter()
            .map(|(name, variable)| (name, variable.value.map(|node| node.to_json())))
            .collect();
        (values, mistakes)
    }

    #[test]
    fn the_strongest_source_wins() {
        let env = [("REGPLAN_VAR_tag", "env"), ("REGPLAN_VAR_COUNT", "3")];
        for (expected, sources) in [("cli", 3), ("file", 2), ("env", 1), ("default", 0)] {
            let vars: &[&str] = if sources > 2 { &["tag=cli"] } else { &[] };
            let file = (sources > 1).then_some("tag = 'file'");
            let env: &[_] = if sources > 0 { &env } else { &[] };
            let (values, mistakes) = read_with(DECLARED, vars, file, env);
            assert_eq!(mistakes, []);
            assert_eq!(values["tag"], Some(json!(expected)));
            assert_eq!(values["unset"], None);
        }
    }

    #[test]
    fn texts_become_what_the_variable_is() {
        let vars = ["count=2.5", "flag=false", "names=['a', 'b']", "tag=${x} = y"];
        let (values, mistakes) = read_with(DECLARED, &vars, None, &[]);
        assert_eq!(mistakes, []);
        assert_eq!(values["count"], Some(json!(2.5)));
        assert_eq!(values["flag"], Some(json!(false)));
        assert_eq!(values["names"], Some(json!(["a", "b"])));
        assert_eq!(values["tag"], Some(json!("${x} = y")));
    }

    #[test]
    fn every_wrong_value_is_said() {
        let vars = ["count=two", "tga=1", "nothing", "flag=\u{F0A0}"];
        let (_, mistakes) = read_with(DECLARED, &vars, Some("names = 'a'\nother = 1\n"), &[]);
        let mut codes: Vec<_> = mistakes.iter().map(|mistake| mistake.code).collect();
        codes.sort_unstable();
        assert_eq!(
            codes,
            [
                codes::BAD_VALUE,
                codes::RESERVED_CHARACTER,
                codes::UNKNOWN_VARIABLE,
                codes::UNKNOWN_VARIABLE,
                codes::WRONG_TYPE,
                codes::WRONG_TYPE
            ]
        );
        assert!(mistakes.iter().any(|mistake| mistake.help.as_deref() == Some("did you mean `tag`?")));
    }

    #[test]
    fn a_default_is_plain_and_a_sensitive_one_is_none() {
        let text = "[variable.a]\ndefault = '${var.b}'\n[variable.b]\nsensitive = true\ndefault = 'x'\n\
            [variable.c]\ndefault = '$${x}'\n[variable.d]\nsensitive = true\ntype = 'number'\n";
        let (values, mistakes) = read_with(text, &[], None, &[]);
        let codes: Vec<_> = mistakes.iter().map(|mistake| mistake.code).collect();
        assert_eq!(codes, [codes::BAD_REFERENCE, codes::SECRET_IN_CLEAR, codes::BAD_VALUE]);
        assert_eq!(values["c"], Some(json!("${x}")));
    }
}
