//! `[variable.NAME]`: what is declared, and which value it has.
//!
//! The first of these sources that has a value wins: `--var`, `--var-file` (of several the last one),
//! `REGPLAN_VAR_NAME` in the environment (as it is written, or in capitals with `_` for `-`), the
//! default. Values are plain: a `${…}` in them is text.

mod variable;

use std::collections::BTreeMap;

use super::codes;
use super::inputs::{Files, Inputs};
use super::model::DefaultedVariables;
use super::node::Node;
use super::parse::parse;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::suggest;
pub(super) use variable::Variable;

/// All declared variables, by name.
pub(super) type Variables = BTreeMap<String, Variable>;

/// The variables of the environment that give a variable its value, the one first that counts more.
pub(super) fn names_in_environment(name: &str) -> [String; 2] {
    [name.to_owned(), name.to_uppercase().replace('-', "_")].map(|name| format!("REGPLAN_VAR_{name}"))
}

/// Reads the declarations and finds the values.
pub(super) fn read(
    root: &Node,
    inputs: &Inputs<'_>,
    files: &mut Files,
    mistakes: &mut Vec<Diagnostic>,
) -> Variables {
    let mut variables = Variables::new();
    let declared = root.at(["variable"]).and_then(Node::as_table);
    for (name, entry) in declared.into_iter().flat_map(|table| &table.entries) {
        variables.insert(name.clone(), Variable::declared(name, &entry.node, mistakes));
    }
    // From the weakest to the strongest: each overwrites what was there.
    for (name, variable) in &mut variables {
        let found = names_in_environment(name)
            .into_iter()
            .find_map(|key| (inputs.env)(&key).map(|value| (key, value)));
        if let Some((key, text)) = found {
            variable.take_text(name, &text, &format!("the environment variable {key}"), mistakes);
        }
    }
    for path in inputs.var_files {
        let Some(source) = files.read_values(inputs.base, path, mistakes) else { continue };
        let Some(text) = files.sources.get(source).map(|source| source.text.clone()) else { continue };
        let mut found = Vec::new();
        let parsed = parse(source, &text, &mut found);
        if !parsed.broken.is_empty() {
            // What looks like a name there may be a part of a secret.
            mistakes.extend(found.into_iter().filter(|mistake| mistake.code == codes::SYNTAX));
            continue;
        }
        mistakes.append(&mut found);
        for (name, entry) in parsed.root.as_table().into_iter().flat_map(|table| &table.entries) {
            let Some(variable) = variables.get_mut(name) else {
                mistakes.push(undeclared(name, &variables).at(entry.key_span, "given here"));
                continue;
            };
            variable.take_node(name, entry.node.clone(), mistakes);
        }
    }
    for given in inputs.vars {
        let Some((name, text)) = given.split_once('=') else {
            // The text is not shown: without a name before it, it may be a secret.
            mistakes.push(
                Diagnostic::error(codes::BAD_VALUE, "a `--var` has no `=`").help("write `--var NAME=VALUE`"),
            );
            continue;
        };
        match variables.get_mut(name.trim()) {
            Some(variable) => variable.take_text(name.trim(), text, "`--var`", mistakes),
            None => mistakes.push(undeclared(name.trim(), &variables)),
        }
    }
    variables
}

/// Which variables that have a default get another value of this run, and which get none.
pub(super) fn defaulted(variables: &Variables) -> DefaultedVariables {
    let named = |is_meant: fn(&Variable) -> bool| {
        variables.iter().filter(|(_, variable)| is_meant(variable)).map(|(name, _)| name.clone()).collect()
    };
    DefaultedVariables {
        overridden: named(Variable::is_overridden),
        kept: named(Variable::is_left_to_default),
    }
}

fn undeclared(name: &str, variables: &Variables) -> Diagnostic {
    let none = format!("declare it with `[variable.{name}]`, or leave it out");
    Diagnostic::error(
        codes::UNKNOWN_VARIABLE,
        format!("a value is given for the variable `{name}`, which is not declared"),
    )
    .help(suggest(name, variables.keys().map(String::as_str), &none))
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
        let variables = read(&parsed.root, &inputs, &mut files, &mut mistakes);
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
    fn what_looks_like_a_name_in_a_broken_file_of_values_is_not_said() {
        let file = "tag = \"begin\nhunter2 = 5\nhunter2 = 6\n";
        let (_, mistakes) = read_with(DECLARED, &[], Some(file), &[]);
        assert!(mistakes.iter().all(|mistake| mistake.code == codes::SYNTAX), "{mistakes:?}");
        assert!(!mistakes.is_empty() && !format!("{mistakes:?}").contains("hunter2"), "{mistakes:?}");
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
