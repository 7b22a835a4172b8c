//! From the inputs to a configuration: the files are read, merged, resolved and checked, and everything that
//! is wrong with them is told in one run.

mod after_syntax_errors;
mod top_level;

use std::path::Path;

use super::assemble::assemble;
use super::file_names::file_names;
use super::hidden::{ReadFile, without_secrets};
use super::inputs::{DEFAULT_FILE, Files, Inputs};
use super::merge::{conflicts, join, overlay};
use super::model::{BlockSchema, Config};
use super::node::{Node, NodeValue};
use super::outline::{Outline, SINGLE_TABLES};
use super::parse::parse;
use super::references::resolve;
use super::{secret_variables, variables};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceId, Sources, Span};
use after_syntax_errors::credible;
use top_level::check_names;

/// What came of reading a configuration.
#[derive(Debug)]
pub struct Loaded {
    /// Every file that was read; the places of all mistakes lie in these. Secrets that stood in them are
    /// replaced by `*`, so that no excerpt shows one.
    pub sources: Sources,
    /// The configuration with its warnings, or everything that is wrong with it, by place.
    pub outcome: Result<(Config, Diagnostics), Diagnostics>,
    /// Where there are mistakes: the configuration with the blocks that have none, so that what is wrong with
    /// their objects is found in the same run. Nothing else may be done with it.
    pub sound: Option<Box<Config>>,
}

/// Reads a configuration, with these types of blocks.
pub fn load(inputs: &Inputs<'_>, schemas: &[BlockSchema]) -> Loaded {
    finish(schemas, |loading| {
        let root = loading.merged(inputs)?;
        Some(loading.whole(root, inputs))
    })
}

/// Reads a configuration that stands in no file yet. Nothing else is read for it: no variable, no environment.
pub fn load_text(text: &str, schemas: &[BlockSchema]) -> Loaded {
    let inputs = Inputs {
        files: &[],
        vars: &[],
        var_files: &[],
        env: &|_| None,
        base: Path::new(""),
        sensitive_may_be_unset: true,
    };
    finish(schemas, |loading| {
        let id = loading.files.sources.add(DEFAULT_FILE, text);
        let root = loading.parsed(id)?;
        Some(loading.whole(root, &inputs))
    })
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
        read: Vec::new(),
        broken: Vec::new(),
        mistakes: Vec::new(),
    };
    let config = read(&mut loading);
    let Loading { outline, files, read, broken, mistakes } = loading;
    let sources = without_secrets(&files.sources, &read, &outline);
    let mistakes = Diagnostics::from(credible(mistakes, &broken, &files.sources, &sources)).sorted();
    let config = config.map(|config| Config { sources: sources.clone(), ..config });
    let (outcome, sound) = match config {
        Some(config) if !mistakes.has_errors() => (Ok((config, mistakes)), None),
        // What the reader made up where the syntax is wrong may look like anything.
        config => (Err(mistakes), config.filter(|_| broken.is_empty()).map(Box::new)),
    };
    Loaded { sources, outcome, sound }
}

struct Loading<'s> {
    outline: Outline<'s>,
    files: Files,
    /// The files of the configuration, as they were read.
    read: Vec<ReadFile>,
    broken: Vec<Span>,
    mistakes: Vec<Diagnostic>,
}

impl Loading<'_> {
    fn whole(&mut self, mut root: Node, inputs: &Inputs<'_>) -> Config {
        check_names(&mut root, &self.outline, &mut self.mistakes);
        let config = self.resolve_and_assemble(&root, root.clone(), inputs);
        for kind in self.outline.blocks() {
            for (name, entry) in root.blocks(kind.kind) {
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
        check_names(&mut tree, &self.outline, &mut self.mistakes);
        Some(self.resolve_and_assemble(&root, tree, inputs))
    }

    /// Resolves the references of a tree, which may lead to all of the `root`, and assembles a configuration.
    fn resolve_and_assemble(&mut self, root: &Node, tree: Node, inputs: &Inputs<'_>) -> Config {
        let variables = variables::read(root, inputs, &mut self.files, &mut self.mistakes);
        let resolved = resolve(
            root,
            tree,
            &self.outline,
            &variables,
            inputs.sensitive_may_be_unset,
            &self.files.sources,
            &mut self.mistakes,
        );
        let mut config = assemble(resolved, &self.outline, &self.files, &mut self.mistakes);
        config.cluster.secret_variables = secret_variables::find(root, &self.outline, &variables);
        config.folder = self.files.sources.folder(SourceId(0)).to_path_buf();
        config.files = file_names(inputs, &config.folder);
        config.defaulted_variables = variables::defaulted(&variables);
        let sensitive = variables.into_iter().filter(|(_, variable)| variable.sensitive);
        config.sensitive_variables = sensitive
            .filter_map(|(name, variable)| Some((name, variable.value?.as_str()?.to_owned())))
            .collect();
        config
    }

    /// All files as one tree; `None` where there is nothing to read.
    fn merged(&mut self, inputs: &Inputs<'_>) -> Option<Node> {
        let layers = self.files.read_layers(inputs, &mut self.mistakes);
        let mut whole: Option<Node> = None;
        for layer in layers {
            let mut folder: Option<Node> = None;
            for id in layer.files {
                let Some(root) = self.parsed(id) else { continue };
                match &mut folder {
                    Some(folder) => join(folder, root, &mut self.mistakes),
                    None => folder = Some(root),
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

    /// One file as a tree.
    fn parsed(&mut self, id: SourceId) -> Option<Node> {
        let text = self.files.sources.get(id)?.text.clone();
        let parsed = parse(id, &text, &mut self.mistakes);
        let is_whole = parsed.broken.is_empty() && !parsed.repeats_keys;
        self.read.push(ReadFile { source: id, root: parsed.root.clone(), is_whole });
        self.broken.extend(parsed.broken);
        Some(parsed.root)
    }
}
