//! From the inputs to a configuration: reads, merges, resolves, checks, and says everything that is
//! wrong in one run.

use std::collections::BTreeSet;

use super::assemble::assemble;
use super::codes;
use super::inputs::{Files, Inputs};
use super::merge::{conflicts, join, overlay};
use super::node::{Entry, Node, NodeValue, Table};
use super::parse::parse;
use super::references::resolve;
use super::shape::Shape;
use super::tables::{LISTS, Outline, SINGLE_TABLES};
use super::variables;
use super::{BlockSchema, Config};
use crate::diagnostic::nearest::{list, nearest};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceId, Sources, Span};

/// What came of reading a configuration.
#[derive(Debug)]
pub struct Loaded {
    /// Every file that was read; the places of all mistakes lie in these. Secrets that stood in them are
    /// blotted out with `*`, so that no excerpt shows one.
    pub sources: Sources,
    /// The configuration with its warnings, or everything that is wrong with it, by place.
    pub outcome: Result<(Config, Diagnostics), Diagnostics>,
    /// Where there are mistakes: the blocks that have none, so that theirs further on are found in the same
    /// run. Nothing else may be done with it.
    pub sound: Option<Box<Config>>,
}

/// Reads a configuration, with these types of blocks.
pub fn load(inputs: &Inputs<'_>, schemas: &[BlockSchema]) -> Loaded {
    finish(schemas, |loading| loading.whole(inputs))
}

/// Reads only which project it is, on which cluster, and where its state lies: `[project]`, `[cluster]` and
/// `[state]`. Nothing of the blocks is looked at, so they may lack what they need (variables, files, secrets).
pub fn load_head(inputs: &Inputs<'_>, schemas: &[BlockSchema]) -> Loaded {
    finish(schemas, |loading| loading.head(inputs))
}

fn finish(schemas: &[BlockSchema], read: impl FnOnce(&mut Loading<'_>) -> Option<Config>) -> Loaded {
    let mut loading = Loading {
        outline: Outline::new(schemas),
        files: Files::default(),
        masked: Vec::new(),
        broken: Vec::new(),
        mistakes: Vec::new(),
    };
    let config = read(&mut loading);
    let Loading { files, masked, broken, mistakes, .. } = loading;
    let mistakes = Diagnostics::from(credible(mistakes, &broken, &files.sources)).sorted();
    let sources = blotted(&files.sources, &masked);
    let (outcome, sound) = match config {
        Some(mut config) if !mistakes.has_errors() => {
            config.sources = sources.clone();
            (Ok((config, mistakes)), None)
        }
        // What was made up around broken syntax may look like anything.
        config => (Err(mistakes), config.filter(|_| broken.is_empty()).map(Box::new)),
    };
    Loaded { sources, outcome, sound }
}

struct Loading<'s> {
    outline: Outline<'s>,
    files: Files,
    masked: Vec<Span>,
    broken: Vec<Span>,
    mistakes: Vec<Diagnostic>,
}

impl Loading<'_> {
    fn whole(&mut self, inputs: &Inputs<'_>) -> Option<Config> {
        let mut root = self.merged(inputs)?;
        self.check_names(&mut root);
        let config = self.settle(&root, root.clone(), inputs);
        for kind in self.outline.blocks() {
            for (name, entry) in blocks_of(&root, kind.kind) {
                let name = format!("{}.{name}", kind.kind);
                conflicts(&entry.node, &name, kind.alternatives, &mut self.mistakes);
            }
        }
        config
    }

    fn head(&mut self, inputs: &Inputs<'_>) -> Option<Config> {
        let root = self.merged(inputs)?;
        let mut tree = root.clone();
        if let NodeValue::Table(table) = &mut tree.value {
            table.entries.retain(|name, _| SINGLE_TABLES.contains(&name.as_str()));
        }
        self.check_names(&mut tree);
        self.settle(&root, tree, inputs)
    }

    /// Resolves the references of a tree into the whole it was taken from, and puts a configuration together.
    fn settle(&mut self, root: &Node, tree: Node, inputs: &Inputs<'_>) -> Option<Config> {
        let variables = variables::read(root, inputs, &mut self.files, &mut self.masked, &mut self.mistakes);
        let resolved = resolve(
            root,
            tree,
            &self.outline,
            &variables,
            inputs.sensitive_may_be_unset,
            &self.files.sources,
            &mut self.mistakes,
        );
        let mut config =
            assemble(resolved, &self.outline, &self.files, &mut self.masked, &mut self.mistakes)?;
        config.folder = self.files.folder(SourceId(0)).to_path_buf();
        let sensitive = variables.into_iter().filter(|(_, variable)| variable.sensitive);
        config.sensitive_variables = sensitive
            .filter_map(|(name, variable)| Some((name, variable.value?.as_str()?.to_owned())))
            .collect();
        Some(config)
    }

    /// All files as one tree; `None` where there is nothing to read.
    fn merged(&mut self, inputs: &Inputs<'_>) -> Option<Node> {
        let layers = self.files.read_layers(inputs, &mut self.mistakes);
        let mut whole: Option<Node> = None;
        for layer in layers {
            let mut folder: Option<Node> = None;
            for id in layer.files {
                let Some(text) = self.files.sources.get(id).map(|source| source.text.clone()) else {
                    continue;
                };
                let parsed = parse(id, &text, &mut self.mistakes);
                self.broken.extend(parsed.broken);
                match &mut folder {
                    Some(folder) => join(folder, parsed.root, &mut self.mistakes),
                    None => folder = Some(parsed.root),
                }
            }
            match (&mut whole, folder) {
                (Some(whole), Some(folder)) => overlay(whole, folder, &self.outline),
                (None, Some(folder)) => whole = Some(folder),
                (_, None) => {}
            }
        }
        whole
    }

    /// Checks the names of the tables at the top and of the blocks, and removes what is none, so that
    /// nothing more is said about it.
    fn check_names(&mut self, root: &mut Node) {
        let NodeValue::Table(table) = &mut root.value else { return };
        let names: Vec<&str> = self.outline.names().collect();
        let mut wrong = Vec::new();
        for (kind, entry) in &mut table.entries {
            if !names.contains(&kind.as_str()) {
                wrong.push(kind.clone());
                self.mistakes.push(unknown_top(kind, entry, &names, &self.outline));
                continue;
            }
            if LISTS.contains(&kind.as_str()) {
                if let Some(mistake) = no_list(kind, &entry.node) {
                    wrong.push(kind.clone());
                    self.mistakes.push(mistake);
                }
                continue;
            }
            let single = SINGLE_TABLES.contains(&kind.as_str());
            let NodeValue::Table(blocks) = &mut entry.node.value else {
                wrong.push(kind.clone());
                let header = if single { format!("[{kind}]") } else { format!("[{kind}.NAME]") };
                self.mistakes.push(
                    Diagnostic::error(
                        codes::WRONG_TYPE,
                        format!("`{kind}` must be a table, not {}", entry.node.describe()),
                    )
                    .at(entry.node.span, "")
                    .help(format!("write `{header}`")),
                );
                continue;
            };
            if !single {
                check_blocks(kind, entry.node.span, blocks, &mut self.mistakes);
            }
        }
        for kind in wrong {
            table.entries.remove(&kind);
        }
    }
}

/// What stands where a list of tables should.
fn no_list(kind: &str, node: &Node) -> Option<Diagnostic> {
    let is_list = |items: &Vec<Node>| items.iter().all(|item| item.as_table().is_some());
    if matches!(&node.value, NodeValue::Array(items) if is_list(items)) {
        return None;
    }
    let message = format!("`{kind}` must be a list of tables, not {}", node.describe());
    let mistake = Diagnostic::error(codes::WRONG_TYPE, message).at(node.span, "");
    Some(mistake.help(format!("write `[[{kind}]]`, once for each")))
}

/// Checks that the blocks of a type have names, and proper ones.
fn check_blocks(kind: &str, header: Span, blocks: &mut Table, mistakes: &mut Vec<Diagnostic>) {
    // A secret written as text is told as a secret in clear rather than as a block without a name.
    let loose = |entry: &Entry| kind != "secret" && entry.node.as_table().is_none();
    if blocks.entries.values().any(loose) {
        let keys: Vec<_> =
            blocks.entries.iter().filter(|(_, entry)| loose(entry)).map(|(key, _)| key.as_str()).collect();
        mistakes.push(
            Diagnostic::error(
                codes::BLOCK_WITHOUT_NAME,
                format!("`[{kind}]` has keys ({}) and no name", list(keys)),
            )
            .at(header, "")
            .help(format!("give the block a name: `[{kind}.main]`")),
        );
        // What looks like blocks here are most likely the tables of the one without a name.
        blocks.entries.clear();
    }
    for (name, entry) in &blocks.entries {
        if !is_name(name) {
            mistakes.push(
                Diagnostic::error(codes::BAD_NAME, format!("`{name}` cannot be the name of a block"))
                    .at(entry.key_span, "")
                    .help("take lower-case letters, digits, and `-` or `_` between them"),
            );
        }
    }
}

/// The blocks of a type, by name.
pub(super) fn blocks_of<'n>(root: &'n Node, kind: &str) -> impl Iterator<Item = (&'n String, &'n Entry)> {
    root.at([kind]).and_then(Node::as_table).into_iter().flat_map(|table| &table.entries)
}

/// `[a-z0-9]([-_a-z0-9]*[a-z0-9])?`
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [name.bytes().next(), name.bytes().last()];
    ends.iter().all(|end| end.is_some_and(plain))
        && name.bytes().all(|byte| plain(byte) || matches!(byte, b'-' | b'_'))
}

/// A key at the top that names no table.
fn unknown_top(key: &str, entry: &Entry, names: &[&str], outline: &Outline<'_>) -> Diagnostic {
    if entry.node.as_table().is_some() {
        let help = match nearest(key, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", list(names.iter().copied())),
        };
        return Diagnostic::error(codes::UNKNOWN_BLOCK_TYPE, format!("there is no block type `{key}`"))
            .at(entry.key_span, "")
            .help(help);
    }
    let home = names.iter().find(|name| {
        let schema = outline.schema_of(name);
        schema.is_some_and(|schema| Shape::new(schema).known().contains_key(key))
    });
    match home {
        Some(home) => {
            let header = match *home {
                single if SINGLE_TABLES.contains(&single) => format!("[{single}]"),
                list if LISTS.contains(&list) => format!("[[{list}]]"),
                blocks => format!("[{blocks}.NAME]"),
            };
            Diagnostic::error(
                codes::MISPLACED_KEY,
                format!("`{key}` stands above every table; `{header}` knows it"),
            )
            .at(entry.key_span, "")
            .help(format!("move it below `{header}`"))
        }
        None => Diagnostic::error(codes::UNKNOWN_KEY, format!("`{key}` stands above every table"))
            .at(entry.key_span, "")
            .help("every key belongs to a table: `[project]`, `[TYPE.NAME]`"),
    }
}

/// Where a file is no TOML, what the reader made up to go on can look like other mistakes. Those that may
/// come from there are left out: they come again, if they are real, as soon as the syntax is mended.
fn credible(mistakes: Vec<Diagnostic>, broken: &[Span], sources: &Sources) -> Vec<Diagnostic> {
    if broken.is_empty() {
        return mistakes;
    }
    let line = |span: Span| sources.line_of(span).map(|(_, line)| (span.source, line));
    let broken_lines: BTreeSet<_> = broken.iter().filter_map(|span| line(*span)).collect();
    let broken_header = broken.iter().any(|span| {
        let text = sources.get(span.source).map_or("", |source| &source.text);
        let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        text[start..].trim_start().starts_with('[')
    });
    let independent = |code| {
        matches!(
            code,
            codes::SYNTAX
                | codes::DUPLICATE_KEY
                | codes::RESERVED_CHARACTER
                | codes::TOO_LARGE
                | codes::NO_CONFIGURATION
                | codes::MISSING_FILE
                | codes::UNREADABLE_FILE
                | codes::NOT_UTF8
        )
    };
    let doubtful = |code| {
        matches!(
            code,
            codes::MISSING_KEY | codes::UNKNOWN_REFERENCE | codes::UNKNOWN_VARIABLE | codes::UNSET_VARIABLE
        )
    };
    let keep = |mistake: &Diagnostic| {
        independent(mistake.code)
            || !broken_header
                && !doubtful(mistake.code)
                && mistake
                    .labels
                    .first()
                    .and_then(|label| line(label.span))
                    .is_some_and(|at| !broken_lines.contains(&at))
    };
    mistakes.into_iter().filter(keep).collect()
}

/// The sources with what nobody may see made unreadable; every place stays where it is.
fn blotted(sources: &Sources, masked: &[Span]) -> Sources {
    let mut blotted = Sources::default();
    for id in (0..).map(SourceId) {
        let Some(source) = sources.get(id) else { break };
        let mut text = source.text.to_string();
        for span in masked.iter().filter(|span| span.source == id) {
            if let Some(secret) = text.get(span.start..span.end) {
                let stars: String = secret
                    .chars()
                    .map(|c| if c == '\n' { "\n".to_owned() } else { "*".repeat(c.len_utf8()) })
                    .collect();
                text.replace_range(span.start..span.end, &stars);
            }
        }
        blotted.add(source.path.clone(), text);
    }
    blotted
}
