//! From the resolved tree to the configuration: each table is checked against its schema and read.

mod addresses;
mod lifecycle;
mod lists;
mod named_blocks;
mod outputs;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::codes;
use super::inputs::Files;
use super::model::{Block, BlockSchema, ClusterSettings, Config, DefaultedVariables, ObjectReadyRule};
use super::node::{Node, NodeValue};
use super::outline::{Outline, SINGLE_TABLES};
use super::references::{Resolved, SECRET_KIND};
use super::shape::Shape;
use super::tables::{ClusterTable, ProjectTable};
use super::validate::{CheckedTable, EnclosingTable, KeyContext, check};
use super::value_rules::{KnownWhen, ValueRules};
use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::resource::{Address, BlockAddress, FieldPath, Lifecycle};
use addresses::address_of_block;
pub use lifecycle::duration;

/// Keys that blocks may have whatever their type (see [`BlockSchema::common_keys`]).
pub const BLOCK_KEYS: &[&str] = &["depends_on", "lifecycle"];

/// Checks everything and puts it together. Where there is no usable `[project]`, which is then reported, the project
/// has no name, so that what is wrong with the blocks is found all the same. The caller fills in the sources, the
/// folder and the sensitive variables.
pub(super) fn assemble(
    resolved: Resolved,
    outline: &Outline<'_>,
    files: &Files,
    mistakes: &mut Vec<Diagnostic>,
) -> Config {
    let Resolved { root, failed, told_by_outputs } = resolved;
    let mut assembly = Assembly { outline, files, root, failed, told_by_outputs, mistakes };
    assembly.require_project();
    let project: Option<ProjectTable> = assembly.single("project");
    let cluster = assembly.cluster();
    let project = project.map(|project| project.name).unwrap_or_default();
    let state = assembly.state(&project);
    assembly.variables();
    let blocks = assembly.blocks();
    let moves = assembly.moves();
    let imports = assembly.imports();
    let outputs = assembly.outputs();
    Config {
        sources: Sources::default(),
        folder: PathBuf::new(),
        files: Vec::new(),
        defaulted_variables: DefaultedVariables::default(),
        project,
        cluster,
        state,
        sensitive_variables: BTreeMap::new(),
        blocks,
        moves,
        imports,
        outputs,
    }
}

/// A configuration while it is put together.
struct Assembly<'a> {
    outline: &'a Outline<'a>,
    files: &'a Files,
    root: Node,
    /// Places that have a mistake already: nothing more is said about them.
    failed: BTreeSet<FieldPath>,
    told_by_outputs: BTreeMap<String, BTreeSet<BlockAddress>>,
    mistakes: &'a mut Vec<Diagnostic>,
}

impl Assembly<'_> {
    /// Checks a value by its schema, and by the rules that no schema can say. Returns whether it is right.
    fn checked(
        &mut self,
        body: &mut Node,
        at: &FieldPath,
        schema: &Value,
        key_context: KeyContext<'_>,
        known: KnownWhen,
    ) -> bool {
        let before = self.mistakes.len();
        let mut rules = ValueRules {
            files: self.files,
            secrets: self.root.at([SECRET_KIND]),
            failed: &mut self.failed,
            mistakes: self.mistakes,
        };
        rules.apply(body, at, &Shape::new(schema), known);
        check(
            &CheckedTable { at: at.clone(), body, schema, key_context, failed: &self.failed },
            self.mistakes,
        );
        let broken = self.failed.iter().any(|failed| at.contains(failed));
        self.mistakes.len() == before && !broken
    }

    fn require_project(&mut self) {
        if self.root.at(["project"]).is_none() {
            self.mistakes.push(
                Diagnostic::error(codes::MISSING_KEY, "there is no `[project]`")
                    .at(self.root.span, "")
                    .help("begin the file with `[project]` and `name = \"…\"`"),
            );
        }
    }

    /// One of our own tables; `None` where it is wrong or not there.
    fn single<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let mut body = self.root.at([name]).cloned()?;
        let outline = self.outline;
        let schema = outline.schema_of(name)?;
        let key_context = KeyContext { beside: neighbours(outline, name), ..KeyContext::default() };
        let fine =
            self.checked(&mut body, &FieldPath::keys([name]), schema, key_context, KnownWhen::BeforePlanning);
        if !fine {
            return None;
        }
        self.read(&body)
    }

    /// Reads a table that fits its schema. A failure is a bug, and is reported as one.
    fn read<T: DeserializeOwned>(&mut self, body: &Node) -> Option<T> {
        match serde_path_to_error::deserialize(body.to_json()) {
            Ok(value) => Some(value),
            Err(error) => {
                // Without the error's own text: it may quote a value.
                let message =
                    format!("`{}` fits its schema and cannot be read, which is a bug", error.path());
                self.mistakes.push(Diagnostic::error(codes::BROKEN_SCHEMA, message).at(body.span, ""));
                None
            }
        }
    }

    fn cluster(&mut self) -> ClusterSettings {
        let span = self.root.at(["cluster"]).map(|node| node.span);
        if let Some(node) = self.root.at(["cluster"])
            && let Some(flag @ Node { value: NodeValue::Boolean(true), .. }) = node.at(["in_cluster"])
        {
            for key in ["context", "kubeconfig"] {
                if let Some(other) = node.at([key]) {
                    let message = format!("`cluster.in_cluster` and `cluster.{key}` cannot be used together");
                    self.mistakes.push(
                        Diagnostic::error(codes::CONFLICTING_KEYS, message)
                            .at(other.span, format!("`{key}` reads a kubeconfig"))
                            .at(flag.span, "`in_cluster` takes the service account of the pod")
                            .help("keep one of them; where both ways are used, give each an overlay file of its own (`-f`)"),
                    );
                }
            }
        }
        let Some(table) = self.single::<ClusterTable>("cluster") else {
            return ClusterSettings { span, ..ClusterSettings::default() };
        };
        let ClusterTable { context, kubeconfig, uid, server, in_cluster, namespace, version } = table;
        ClusterSettings {
            context,
            kubeconfig,
            uid,
            server,
            in_cluster,
            namespace,
            version,
            span,
            ..ClusterSettings::default()
        }
    }

    fn bodies(&self, kind: &str) -> Vec<(String, Node)> {
        self.root.blocks(kind).map(|(name, entry)| (name.clone(), entry.node.clone())).collect()
    }

    /// Checks the tables of variables. Their values have been read before.
    fn variables(&mut self) {
        let Some(schema) = self.outline.schema_of("variable") else { return };
        for (name, mut body) in self.bodies("variable") {
            let at = FieldPath::keys(["variable", &name]);
            self.checked(&mut body, &at, schema, KeyContext::default(), KnownWhen::AsSchemaSays);
        }
    }

    fn blocks(&mut self) -> Vec<Block> {
        let outline = self.outline;
        let mut blocks = Vec::new();
        for kind in outline.blocks() {
            for (name, body) in self.bodies(kind.kind) {
                let address = BlockAddress::new(kind.kind, name);
                blocks.extend(self.block(address, body, kind));
            }
        }
        blocks.sort_by_key(|block| (block.span, block.address.clone()));
        blocks
    }

    /// A block whose body has no mistake. One in `depends_on` or in `lifecycle` is reported, and no reason to leave its
    /// objects unchecked: it says nothing of what they are.
    fn block(&mut self, address: BlockAddress, mut body: Node, block_type: &BlockSchema) -> Option<Block> {
        let before = self.mistakes.len();
        let BlockSchema { schema, common_keys, .. } = block_type;
        let span = body.span;
        let at = FieldPath::keys([address.kind.as_str(), address.name.as_str()]);
        let mut taken = |key| match &mut body.value {
            NodeValue::Table(table) if common_keys.contains(&key) => table.entries.remove(key),
            _ => None,
        };
        let (depends_on, lifecycle) = (taken("depends_on"), taken("lifecycle"));
        // In a table that is a choice of one key, a stranger was meant as that key: no other table is searched.
        let is_choice = Shape::new(schema).tags().is_some();
        let beside = if is_choice { Vec::new() } else { neighbours(self.outline, &address.kind) };
        let key_context = KeyContext { extra: common_keys, enclosing: None, beside };
        self.checked(&mut body, &at, schema, key_context, KnownWhen::AsSchemaSays);
        let named_blocks = self.named_blocks(&body, &at, &Shape::new(schema), &address);
        let has_failed = self.failed.iter().any(|failed| {
            at.contains(failed) && !common_keys.iter().any(|key| at.key(*key).contains(failed))
        });
        let is_sound = !has_failed && !self.has_errors_since(before);
        let depends_on = depends_on.map(|entry| self.depends_on(&entry.node, &at)).unwrap_or_default();
        let before = self.mistakes.len();
        let lifecycle = lifecycle.map(|entry| self.lifecycle(entry.node, &at, schema));
        let lifecycle = lifecycle.filter(|_| !self.has_errors_since(before));
        let (lifecycle, ready_rules) = lifecycle.unwrap_or_default();
        is_sound.then_some(Block { address, span, body, depends_on, named_blocks, lifecycle, ready_rules })
    }

    /// Whether an error was found after so many mistakes.
    fn has_errors_since(&self, before: usize) -> bool {
        self.mistakes.iter().skip(before).any(|mistake| mistake.severity == Severity::Error)
    }

    fn depends_on(&mut self, node: &Node, at: &FieldPath) -> Vec<(Address, Span)> {
        let at = at.key("depends_on");
        let schema = serde_json::json!({ "type": "array", "items": { "type": "string" } });
        let mut list = node.clone();
        self.checked(&mut list, &at, &schema, KeyContext::default(), KnownWhen::BeforePlanning);
        let NodeValue::Array(items) = &list.value else { return Vec::new() };
        let mut addresses = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if !self.failed.contains(&at.index(index)) {
                let address = address_of_block(item, &self.root, self.outline, self.mistakes);
                addresses.extend(address.map(|address| (address, item.span)));
            }
        }
        addresses
    }

    fn lifecycle(
        &mut self,
        mut node: Node,
        at: &FieldPath,
        block: &Value,
    ) -> (Lifecycle, Vec<ObjectReadyRule>) {
        let outline = self.outline;
        let place = at.key("lifecycle");
        let enclosing = Some(EnclosingTable { at: at.clone(), shape: Shape::new(block), extra: BLOCK_KEYS });
        let key_context = KeyContext { enclosing, ..KeyContext::default() };
        self.checked(&mut node, &place, &outline.lifecycle, key_context, KnownWhen::BeforePlanning);
        // What could not be resolved has been reported: it must not be reported as a wrong address.
        for key in ["ignore_changes", "replace_triggered_by", "timeouts", "ready"] {
            let path = place.key(key);
            if self.failed.iter().any(|failed| path.contains(failed))
                && let NodeValue::Table(table) = &mut node.value
            {
                table.entries.remove(key);
            }
        }
        let root = &self.root;
        let mut address_of =
            |item: &Node, mistakes: &mut Vec<Diagnostic>| address_of_block(item, root, outline, mistakes);
        let lifecycle = lifecycle::read(&node, &mut address_of, self.mistakes);
        (lifecycle, lifecycle::object_rules(&node, self.mistakes))
    }
}

/// The other single tables, which may know a key that this one does not.
fn neighbours<'a>(outline: &'a Outline<'_>, kind: &str) -> Vec<(FieldPath, Shape<'a>)> {
    let others = SINGLE_TABLES.iter().filter(|name| **name != kind);
    others.filter_map(|name| Some((FieldPath::keys([*name]), Shape::new(outline.schema_of(name)?)))).collect()
}
