//! What messages and documents name is there: commands, flags, and keys of the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::{Namespace, Project, literals};

tests! {
    every_command_flag_and_key_that_is_named_is_there,
    what_is_not_there_is_found,
}

/// The commands, each with its flags, as the program's own help shows them.
struct CommandTree(BTreeMap<Vec<String>, BTreeSet<String>>);

impl CommandTree {
    fn of(project: &Project<'_>) -> Self {
        let mut tree = Self(BTreeMap::new());
        tree.add(project, &[]);
        tree
    }

    fn add(&mut self, project: &Project<'_>, command: &[String]) {
        let args = command.iter().map(String::as_str).chain(["--help"]);
        let help = project.run(args).success().stdout().to_owned();
        let words = help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let flags = words.filter(|word| word.starts_with('-') && word.len() > 1).map(str::to_owned);
        self.0.insert(command.to_vec(), flags.collect());
        let below =
            help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        for line in below.filter(|line| !line.starts_with("    ")) {
            let name = line.split_whitespace().next().unwrap().to_owned();
            if name != "help" {
                self.add(project, &[command, &[name]].concat());
            }
        }
    }

    fn has_flag(&self, flag: &str) -> bool {
        self.0.values().any(|flags| flags.contains(flag))
    }

    /// What is wrong with a call: `regplan state restore`.
    fn fault(&self, call: &str) -> Option<String> {
        let mut command: Vec<String> = Vec::new();
        let mut is_command = true;
        for word in call.split_whitespace().skip(1) {
            let plain =
                word.split('=').next().unwrap_or_default().trim_end_matches([',', '.', ';', ':', ')']);
            if plain == "|" || plain == ">" || plain == "#" || plain == "&&" {
                break;
            }
            if plain.starts_with('-') {
                // The flags of the whole program stand before the command as well.
                is_command &= !plain.starts_with("--");
                if plain.len() > 1
                    && !self.0[&command].contains(plain)
                    && !self.0[&Vec::new()].contains(plain)
                {
                    return Some(format!("`{}` has no `{plain}`", command.join(" ")));
                }
                continue;
            }
            let longer = [command.as_slice(), &[plain.to_owned()]].concat();
            let takes_more =
                self.0.keys().any(|known| known.len() == longer.len() && known.starts_with(&command));
            if is_command && self.0.contains_key(&longer) {
                command = longer;
            } else if is_command && takes_more && is_plain_word(plain) {
                return Some(format!("there is no command `{plain}`"));
            } else {
                is_command = false;
            }
        }
        None
    }
}

fn is_plain_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

/// The keys of the configuration, by table.
struct Keys<'s> {
    schema: &'s Value,
}

impl<'s> Keys<'s> {
    fn resolved(&self, schema: &'s Value) -> &'s Value {
        match schema["$ref"].as_str().and_then(|target| self.schema.pointer(target.strip_prefix('#')?)) {
            Some(target) => self.resolved(target),
            None => schema,
        }
    }

    /// All schemas that may hold for this one: itself, and its alternatives.
    fn choices(&self, schema: &'s Value) -> Vec<&'s Value> {
        let schema = self.resolved(schema);
        let parts = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
        let below = parts.flat_map(|part| self.choices(part));
        std::iter::once(schema).chain(below).collect()
    }

    fn has(&self, schema: &'s Value, path: &[&str]) -> bool {
        let Some((key, rest)) = path.split_first() else { return true };
        self.choices(schema).into_iter().any(|schema| {
            let known = schema["properties"].get(*key);
            let any = schema
                .get("additionalProperties")
                .filter(|any| any.is_object() || **any == Value::Bool(true));
            let is_free = schema["type"] == "object" && schema.get("properties").is_none() && any.is_none();
            known.or(any).is_some_and(|below| *below == Value::Bool(true) || self.has(below, rest)) || is_free
        })
    }

    /// The schemas of the tables and blocks of this type.
    fn table(&self, name: &str) -> Option<&'s Value> {
        let table = self.schema["properties"].get(name)?;
        let blocks = table.get("additionalProperties").filter(|value| value.is_object());
        Some(self.resolved(blocks.or(table.get("items")).unwrap_or(table)))
    }

    fn is_block(&self, name: &str) -> bool {
        self.schema["properties"][name].get("additionalProperties").is_some_and(Value::is_object)
    }

    /// The tables with keys of ours: a `resource` takes those of any object.
    fn tables(&self) -> impl Iterator<Item = &'s Value> {
        let names = self.schema["properties"].as_object().unwrap().keys().filter(|name| *name != "resource");
        let lifecycle = &self.schema["$defs"]["lifecycle"];
        names.filter_map(|name| self.table(name)).chain([lifecycle])
    }

    /// What is wrong with a table in brackets and a key of it: `[state] path`.
    fn fault_of_table(&self, header: &str, key: &str) -> Option<String> {
        let mut parts = header.split('.');
        let first = parts.next()?;
        let rest: Vec<&str> = parts.collect();
        let key: Vec<&str> = key.split('.').filter(|part| !part.is_empty()).collect();
        if first == "TYPE" {
            let below = rest.get(1..).unwrap_or_default();
            let all = [below, key.as_slice()].concat();
            let is_known = self.tables().any(|table| self.has(table, &all));
            return (!is_known).then(|| format!("no block has `{}`", all.join(".")));
        }
        let Some(table) = self.table(first) else { return Some(format!("there is no table `[{first}]`")) };
        let below = if self.is_block(first) { rest.get(1..).unwrap_or_default() } else { rest.as_slice() };
        let all = [below, key.as_slice()].concat();
        (!self.has(table, &all)).then(|| format!("`[{first}]` has no `{}`", all.join(".")))
    }

    /// What is wrong with a key by itself: `storage.volume.size`. One that no table begins with is no key of ours.
    fn fault_of_key(&self, key: &str) -> Option<String> {
        let path: Vec<&str> = key.split('.').collect();
        // A registry's `dns` has keys of its own, and `[dns.NAME]` is a block.
        if self.tables().any(|table| self.has(table, &path)) {
            return None;
        }
        if let Some(table) = self.table(path[0]) {
            let below = if self.is_block(path[0]) { path.get(2..) } else { path.get(1..) };
            let below = below.unwrap_or_default();
            return (!self.has(table, below)).then(|| format!("`{}` has no `{}`", path[0], below.join(".")));
        }
        let is_ours = self.tables().any(|table| table["properties"].get(path[0]).is_some());
        is_ours.then(|| format!("no table has `{key}`"))
    }
}

/// What other programs call something that looks like a name of ours.
const OTHERS: [&str; 8] = [
    // Flags of external-dns, of Docker, of the API server, and of the tests.
    "--source",
    "--insecure-registry",
    "--service-node-port-range",
    "--test-threads",
    // Keys of the registry's own `config.yml`.
    "http.relativeurls",
    "storage.delete.enabled",
    "storage.redirect.disable",
    "storage.maintenance.uploadpurging",
];

/// The parts of a text in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What is wrong with a part in backticks, if it names something of ours.
fn fault(part: &str, commands: &CommandTree, keys: &Keys<'_>) -> Option<String> {
    let part = part.trim();
    if part.starts_with("regplan ") {
        return commands.fault(part);
    }
    if part.starts_with("--") {
        let flag = part.split(|c: char| c == '=' || c.is_whitespace()).next().unwrap_or_default();
        // What a message puts in, the end of the flags, or the head of a PEM file.
        let is_name = flag.len() > 2 && !flag.contains('{') && !flag.starts_with("---");
        let is_name = is_name && !OTHERS.contains(&flag);
        return (is_name && !commands.has_flag(flag)).then(|| format!("no command has `{flag}`"));
    }
    if let Some((header, rest)) = part.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let header = header.trim_matches(['[', ']']);
        // A key that a message puts in is checked where it comes from.
        let rest = if rest.trim_start().starts_with('{') { "" } else { rest };
        let key = rest.trim_matches(|c: char| !c.is_ascii_lowercase());
        let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '.');
        let is_header = header.starts_with(|c: char| c.is_ascii_lowercase()) || header.starts_with("TYPE.");
        let is_ours = is_header && header.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        return if is_ours && is_key { keys.fault_of_table(header, key) } else { None };
    }
    let key = part.split(['=', ' ']).next().unwrap_or_default();
    let is_key = !key.is_empty()
        && key.contains('.')
        && key.split('.').all(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let is_host = [".com", ".io", ".org"].iter().any(|end| key.ends_with(end));
    let is_file = [".json", ".toml", ".yaml", ".yml", ".regplan"].iter().any(|end| key.ends_with(end));
    if is_key && !is_file && !is_host && !OTHERS.contains(&key) { keys.fault_of_key(key) } else { None }
}

/// The documents for users.
fn documents() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> =
        docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    for example in fs::read_dir(root.join("examples")).unwrap() {
        pages.push(example.unwrap().path().join("README.md"));
    }
    pages.push(root.join("README.md"));
    pages.retain(|page| page.is_file());
    pages.sort();
    pages
}

/// The parts of a document that name something: what stands in backticks, and the calls in examples.
fn parts_of_document(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for (index, section) in text.split("```").enumerate() {
        if index % 2 == 0 {
            parts.extend(quoted(section).into_iter().map(str::to_owned));
            continue;
        }
        let calls = section.lines().map(|line| line.trim().trim_start_matches("$ "));
        parts.extend(calls.filter(|line| line.starts_with("regplan ")).map(str::to_owned));
    }
    parts
}

fn every_command_flag_and_key_that_is_named_is_there() {
    let ns = Namespace::absent();
    let project = ns.project();
    let commands = CommandTree::of(&project);
    let schema = project.run(["schema"]).success().json();
    let keys = Keys { schema: &schema };
    let mut wrong = BTreeSet::new();
    for literal in literals() {
        for part in quoted(&literal.text) {
            if let Some(fault) = fault(part, &commands, &keys) {
                wrong.insert(format!("src/{}:{}: `{part}`: {fault}", literal.file, literal.line));
            }
        }
    }
    for page in documents() {
        let text = fs::read_to_string(&page).unwrap();
        for part in parts_of_document(&text) {
            if let Some(fault) = fault(&part, &commands, &keys) {
                wrong.insert(format!("{}: `{part}`: {fault}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "not there:\n{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

fn what_is_not_there_is_found() {
    let ns = Namespace::absent();
    let project = ns.project();
    let commands = CommandTree::of(&project);
    let schema = project.run(["schema"]).success().json();
    let keys = Keys { schema: &schema };
    let is_wrong = |part: &str| fault(part, &commands, &keys).is_some();
    for part in [
        "regplan state restore",
        "regplan plan --shiny",
        "regplan plans",
        "--shiny ADDRESS",
        "[state] shelf",
        "[shelf] path",
        "[TYPE.NAME.lifecycle] shiny",
        "storage.gcs",
        "storage.volume.shape = 1",
        "registry.main.hots",
    ] {
        assert!(is_wrong(part), "{part}");
    }
    for part in [
        "regplan state mv resource.a resource.b",
        "regplan -f base.toml plan --out FILE",
        "--consent {address}",
        "[state] path",
        "[manifest.NAME] path",
        "[TYPE.NAME.lifecycle]",
        "storage.volume.size",
        "storage.s3.bucket",
        "registry.main.host",
        "spec.replicas",
    ] {
        assert!(!is_wrong(part), "{part}");
    }
}
