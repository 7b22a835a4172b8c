//! The documents agree with the program.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use regex::Regex;
use serde_json::{Map, Value};

use crate::harness::{Namespace, Test};

tests! {
    the_reference_is_that_of_the_schema,
    the_documents_name_every_command,
    every_link_between_the_documents_leads_somewhere,
    the_tests_that_the_tutorial_names_are_there,
    the_whole_stack_takes_at_most_30_lines,
}

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn document(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap()
}

/// If this variable is set, the tests write the documents instead of comparing them.
const UPDATE: &str = "REGPLAN_UPDATE_DOCS";

fn the_reference_is_that_of_the_schema() {
    let ns = Namespace::absent();
    let schema = ns.project().run(["schema"]).success().json();
    let reference = Reference { schema: &schema }.write();
    if std::env::var_os(UPDATE).is_some() {
        fs::write(repository("docs/configuration.md"), &reference).unwrap();
    }
    let written = document("docs/configuration.md");
    assert!(
        written == reference,
        "docs/configuration.md is not that of the schema; {UPDATE}=1 writes it anew"
    );
}

fn the_documents_name_every_command() {
    let ns = Namespace::absent();
    let help = ns.project().run(["--help"]).success().stdout().to_owned();
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A line that is indented further continues the line above.
    let commands = commands.filter(|line| !line.starts_with("    "));
    let document = document("docs/commands.md");
    for command in commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        assert!(document.contains(&format!("| `{command}")), "docs/commands.md does not name `{command}`");
    }
}

/// The page maps each step of the old hand work to the test that shows what became of it.
fn the_tests_that_the_tutorial_names_are_there() {
    let listed: BTreeSet<String> = crate::tests().iter().map(Test::title).collect();
    let page = document("docs/tutorial.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.matches(" | ").count() == 3).skip(1).collect();
    assert!(rows.len() > 10, "the table of steps is not found");
    for row in rows {
        let last = row.rsplit(" | ").next().unwrap();
        let names: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test is named: {row}");
        for name in names {
            assert!(listed.contains(name) || is_unit_test(name), "there is no test `{name}`");
        }
    }
}

/// Whether a file of the sources has the test of this name, `ROOM::FILE::TEST`.
fn is_unit_test(name: &str) -> bool {
    let Some((module, test)) = name.rsplit_once("::") else { return false };
    let file = repository("src").join(module.replace("::", "/")).with_extension("rs");
    let written = Regex::new(&format!(r"#\[(tokio::)?test\]\s+(async )?fn {test}\(\)")).unwrap();
    fs::read_to_string(file).is_ok_and(|text| written.is_match(&text))
}

fn the_whole_stack_takes_at_most_30_lines() {
    let lines = document("examples/tutorial/regplan.toml").lines().count();
    assert!(lines <= 30, "{lines} lines");
}

/// All pages: the README, those of the folder `docs`, and those beside examples.
fn pages() -> Vec<PathBuf> {
    let markdown = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let inside = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let examples = inside(repository("examples")).filter(|path| path.is_dir()).flat_map(inside);
    let beside = ["README.md", "CHANGELOG.md"].map(repository);
    inside(repository("docs")).chain(examples).chain(beside).filter(markdown).collect()
}

fn every_link_between_the_documents_leads_somewhere() {
    for page in pages() {
        let (folder, text) = (page.parent().unwrap(), fs::read_to_string(&page).unwrap());
        let page = page.display();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.contains("://") && !link.starts_with('#') {
                let file = link.split('#').next().unwrap();
                assert!(folder.join(file).exists(), "{page} links to {link}");
            }
        }
    }
}

/// Makes the reference of the configuration out of its schema.
struct Reference<'s> {
    schema: &'s Value,
}

/// The first tables of the reference, in their order. The others follow.
const FIRST: [&str; 9] =
    ["project", "cluster", "state", "variable", "secret", "registry", "manifest", "resource", "output"];

impl Reference<'_> {
    fn write(&self) -> String {
        let mut text = String::from(
            "# Configuration\n\n\
             Every table and every key of `regplan.toml`. This page is written from the schema that \
             `regplan schema` prints; a test holds it to that.\n\n\
             Kubernetes' own keys stay as Kubernetes spells them, ours are `snake_case`. Blocks are tables \
             `[TYPE.NAME]`; every block that makes objects takes `depends_on` and `lifecycle` as well.\n\n\
             Where a value is written, `${var.NAME}`, `${TYPE.NAME.key}` and `${TYPE.NAME/Kind/name.field}` \
             may stand for it; `$${` is a plain `${`.\n",
        );
        let tables = self.schema["properties"].as_object().unwrap();
        let others = tables.keys().map(String::as_str).filter(|name| !FIRST.contains(name));
        for name in FIRST.into_iter().filter(|name| tables.contains_key(*name)).chain(others) {
            self.table(name, &tables[name], &mut text);
        }
        text.push_str("\n## `[TYPE.NAME.lifecycle]`\n");
        self.body(&self.schema["$defs"]["lifecycle"], &mut text);
        text
    }

    fn table(&self, name: &str, table: &Value, text: &mut String) {
        let blocks = table.get("additionalProperties").filter(|value| value.is_object());
        let items = table.get("items");
        let heading = match (blocks, items) {
            (Some(_), _) => format!("[{name}.NAME]"),
            (None, Some(_)) => format!("[[{name}]]"),
            (None, None) => format!("[{name}]"),
        };
        let _ = write!(text, "\n## `{heading}`\n");
        self.body(self.resolved(blocks.or(items).unwrap_or(table)), text);
    }

    fn body(&self, schema: &Value, text: &mut String) {
        if let Some(about) = schema["description"].as_str() {
            let _ =
                write!(text, "\n{}\n", about.replace("\n\n", "\r").replace('\n', " ").replace('\r', "\n\n"));
        }
        let mut rows = Vec::new();
        self.rows("", schema, &mut rows, 0);
        let mut seen = BTreeSet::new();
        rows.retain(|row: &String| seen.insert(row.clone()));
        if !rows.is_empty() {
            text.push_str("\n| Key | Value | Meaning |\n|---|---|---|\n");
            text.push_str(&rows.concat());
        }
        if let Some(properties) = schema["x-properties"].as_object() {
            text.push_str("\nBeside its keys, `${…}` can refer to:\n\n| Name | Value |\n|---|---|\n");
            for (name, about) in properties {
                let _ = writeln!(text, "| `{name}` | {} |", about.as_str().unwrap());
            }
        }
    }

    fn resolved<'v>(&'v self, schema: &'v Value) -> &'v Value {
        match schema["$ref"].as_str().and_then(|target| self.schema.pointer(target.strip_prefix('#')?)) {
            Some(target) => self.resolved(target),
            None => schema,
        }
    }

    /// The schemas that may apply in one place, without `null` and references.
    fn choices<'v>(&'v self, schema: &'v Value) -> Vec<&'v Value> {
        let schema = self.resolved(schema);
        let parts =
            ["anyOf", "oneOf", "allOf"].iter().filter_map(|keyword| schema[*keyword].as_array()).flatten();
        let parts: Vec<&Value> = parts.flat_map(|part| self.choices(part)).collect();
        if parts.is_empty() && schema["type"] != "null" && !is_reference(schema) {
            vec![schema]
        } else {
            parts
        }
    }

    /// Whether it is a table with secrets, such as users with their passwords.
    fn holds_secrets(&self, schema: &Value) -> bool {
        let values = schema.get("additionalProperties").filter(|value| value.is_object());
        values.is_some_and(|values| self.choices(values).into_iter().all(is_secret))
    }

    fn rows(&self, prefix: &str, schema: &Value, rows: &mut Vec<String>, depth: usize) {
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, property) in properties {
            if depth == 0 && ["depends_on", "lifecycle"].contains(&name.as_str()) {
                continue;
            }
            let key = format!("{prefix}{name}");
            let choices = self.choices(property);
            let about =
                property["description"].as_str().or_else(|| self.resolved(property)["description"].as_str());
            let about = about.unwrap_or_default().replace('\n', " ").replace('|', "\\|");
            let needed = if required.contains(&Value::from(name.as_str())) { "**Required.** " } else { "" };
            let default = property
                .get("default")
                .filter(|value| !value.is_null() && **value != Value::Object(Map::new()));
            let default = default.map(|value| format!(" Default: `{value}`.")).unwrap_or_default();
            rows.push(format!("| `{key}` | {} | {needed}{about}{default} |\n", words(&choices)));
            for choice in choices {
                if !is_secret(choice) && !self.holds_secrets(choice) && depth < 5 {
                    self.rows(&format!("{key}."), choice, rows, depth + 1);
                    let values = choice.get("additionalProperties").filter(|value| value.is_object());
                    for value in values.into_iter().flat_map(|value| self.choices(value)) {
                        self.rows(&format!("{key}.NAME."), value, rows, depth + 1);
                    }
                }
            }
        }
    }
}

fn is_reference(schema: &Value) -> bool {
    schema["pattern"] == "^\\$\\{[^}]+\\}$"
}

/// The values that are allowed, in words.
fn words(choices: &[&Value]) -> String {
    let mut words: Vec<String> = Vec::new();
    for choice in choices {
        // An optional value has its type, or is null.
        let kind = choice["type"].as_array().and_then(|kinds| kinds.first()).unwrap_or(&choice["type"]);
        let word = match (&choice["const"], &choice["enum"], kind.as_str()) {
            (Value::String(text), _, _) => format!("`\"{text}\"`"),
            (_, Value::Array(texts), _) => {
                texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
            }
            (_, _, Some("object")) if is_secret(choice) => "a source of a secret".to_owned(),
            (_, _, Some("object")) => "a table".to_owned(),
            (_, _, Some("array")) => "a list".to_owned(),
            (_, _, Some("string")) if choice["x-path"] == true => "a path".to_owned(),
            (_, _, Some("string")) => "a text".to_owned(),
            (_, _, Some("integer")) => "a whole number".to_owned(),
            (_, _, Some("number")) => "a number".to_owned(),
            (_, _, Some("boolean")) => "true or false".to_owned(),
            _ => "any value".to_owned(),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" or ")
}

fn is_secret(choice: &Value) -> bool {
    let keys = choice["properties"].as_object();
    keys.is_some_and(|keys| ["env", "file", "generate"].iter().any(|key| keys.contains_key(*key)))
}
