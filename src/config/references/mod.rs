//! `${…}`: values that stand in the file are put in, everything else becomes a mark.

mod lookup;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::codes;
use super::node::{Node, NodeValue, Table};
use super::outline::Outline;
use super::template::{Piece, split};
use super::variables::Variables;
use crate::diagnostic::{Diagnostic, Sources, Span};
use crate::resource::{BlockAddress, FieldPath, Reference};

/// How many levels deep references may lead to references, and tables may lie in tables.
const DEEPEST: usize = 128;
/// How many bytes of text, and how many values, all references together may put in.
const MOST: usize = 16 << 20;

/// The type of the blocks that `${secret.NAME}` names.
pub const SECRET_KIND: &str = "secret";

/// The tree with every reference resolved.
#[derive(Debug)]
pub(super) struct Resolved {
    /// The tree; what could not be resolved stands in it as it was written.
    pub(super) root: Node,
    /// The places of what could not be resolved. They have a mistake already.
    pub(super) failed: BTreeSet<FieldPath>,
    /// The blocks whose keys, or what they give, stand in the value of an output, by its name.
    pub(super) told_by_outputs: BTreeMap<String, BTreeSet<BlockAddress>>,
}

/// Resolves the references of a tree, which lead into the whole `root`.
pub(super) fn resolve(
    root: &Node,
    mut tree: Node,
    outline: &Outline<'_>,
    variables: &Variables,
    sensitive_may_be_unset: bool,
    sources: &Sources,
    mistakes: &mut Vec<Diagnostic>,
) -> Resolved {
    let mut resolver = Resolver {
        root,
        outline,
        variables,
        sensitive_may_be_unset,
        sources,
        mistakes,
        failed: BTreeSet::new(),
        told_by_outputs: BTreeMap::new(),
        unset: BTreeMap::new(),
        under_way: Vec::new(),
        done: HashMap::new(),
        depth: 0,
        spent: 0,
    };
    if let NodeValue::Table(table) = &mut tree.value {
        for (kind, entry) in &mut table.entries {
            let known = outline.names().any(|name| name == kind);
            if known && kind != "variable" {
                entry.node = resolver.node(&entry.node, &FieldPath::keys([kind.as_str()])).0;
            }
        }
    }
    resolver.report_unset();
    Resolved { root: tree, failed: resolver.failed, told_by_outputs: resolver.told_by_outputs }
}

/// A reference from one value to another that is being followed.
#[derive(Debug, Clone)]
struct Edge {
    from: FieldPath,
    to: FieldPath,
    span: Span,
}

/// Follows references.
struct Resolver<'a> {
    root: &'a Node,
    outline: &'a Outline<'a>,
    variables: &'a Variables,
    sensitive_may_be_unset: bool,
    sources: &'a Sources,
    mistakes: &'a mut Vec<Diagnostic>,
    failed: BTreeSet<FieldPath>,
    told_by_outputs: BTreeMap<String, BTreeSet<BlockAddress>>,
    /// The uses of variables without a value.
    unset: BTreeMap<String, Vec<Span>>,
    /// The references that are being followed, the first one first.
    under_way: Vec<Edge>,
    /// Texts that are resolved already, by place, and whether that worked. Each is looked at once, so that each
    /// mistake is reported once.
    done: HashMap<FieldPath, (Node, bool)>,
    depth: usize,
    spent: usize,
}

/// What is put in for a reference.
enum Replacement {
    /// A value of the file.
    Value(Node),
    /// A mark: the value is not known yet, or nobody may see it.
    Mark(Reference),
}

impl Resolver<'_> {
    /// A value with its references resolved, and whether all of them could be.
    fn node(&mut self, node: &Node, at: &FieldPath) -> (Node, bool) {
        let keep = |value| Node { value, span: node.span };
        match &node.value {
            NodeValue::String(text) if text.contains("${") => self.text_once(node, text, at),
            NodeValue::Array(items) if self.enter(node.span) => {
                let mut whole = true;
                let mut resolved = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let (item, fine) = self.node(item, &at.index(index));
                    whole &= fine;
                    resolved.push(item);
                }
                self.depth -= 1;
                (keep(NodeValue::Array(resolved)), whole)
            }
            NodeValue::Table(table) if self.enter(node.span) => {
                let mut whole = true;
                let mut resolved = Table::default();
                for (key, entry) in &table.entries {
                    let (item, fine) = self.node(&entry.node, &at.key(key.as_str()));
                    whole &= fine;
                    let mut entry = entry.clone();
                    entry.node = item;
                    resolved.entries.insert(key.clone(), entry);
                }
                self.depth -= 1;
                (keep(NodeValue::Table(resolved)), whole)
            }
            NodeValue::Array(_) | NodeValue::Table(_) => (node.clone(), false),
            _ => (node.clone(), true),
        }
    }

    /// Goes one level deeper; `false`, with a mistake, where that is too deep.
    fn enter(&mut self, span: Span) -> bool {
        if self.depth >= DEEPEST {
            let text = format!("values refer to values more than {DEEPEST} levels deep");
            self.too_large(text, span);
            return false;
        }
        self.depth += 1;
        true
    }

    fn too_large(&mut self, text: String, span: Span) {
        if !self.mistakes.iter().any(|mistake| mistake.code == codes::TOO_LARGE) {
            self.mistakes.push(Diagnostic::error(codes::TOO_LARGE, text).at(span, "reached here"));
        }
    }

    /// Counts what a reference puts in, and says whether that is still within the limit: a few lines that
    /// double each other would fill any memory.
    fn spend(&mut self, amount: usize, span: Span) -> bool {
        self.spent = self.spent.saturating_add(amount);
        if self.spent > MOST {
            self.too_large("the references of this configuration put in more than 16 MiB".into(), span);
        }
        self.spent <= MOST
    }

    fn text_once(&mut self, node: &Node, text: &str, at: &FieldPath) -> (Node, bool) {
        if let Some(done) = self.done.get(at) {
            return done.clone();
        }
        if !self.enter(node.span) {
            return (node.clone(), false);
        }
        let resolved = self.text(node, text, at);
        self.depth -= 1;
        let result = if let Some(value) = resolved {
            (Node { value, span: node.span }, true)
        } else {
            self.failed.insert(at.clone());
            (node.clone(), false)
        };
        self.done.insert(at.clone(), result.clone());
        result
    }

    /// A text with its references resolved; `None` where one could not be, which is then reported.
    fn text(&mut self, node: &Node, text: &str, at: &FieldPath) -> Option<NodeValue> {
        let pieces = split(text);
        if let [Piece::Reference(inner)] = pieces.as_slice() {
            return Some(match self.look_up(inner, node.span, at)? {
                Replacement::Value(value) => value.value,
                Replacement::Mark(reference) => NodeValue::String(reference.mark()),
            });
        }
        let mut whole = Some(String::new());
        let mut from = node.span.start;
        for piece in pieces {
            let add = match piece {
                Piece::Literal(text) => Some(text),
                Piece::Wrong(what) => {
                    self.mistakes.push(
                        Diagnostic::error(codes::BAD_REFERENCE, what)
                            .at(node.span, "in this text")
                            .help("close it with `}`, or write `$${` for the text `${`"),
                    );
                    None
                }
                Piece::Reference(inner) => {
                    let span = self.precise(node.span, inner, &mut from);
                    self.look_up(inner, span, at).and_then(|found| self.written(found, inner, span))
                }
            };
            match (&mut whole, add) {
                (Some(whole), Some(add)) => whole.push_str(&add),
                (whole, _) => *whole = None,
            }
        }
        let whole = whole?;
        self.spend(whole.len(), node.span).then_some(NodeValue::String(whole))
    }

    /// A value as it stands within a longer text.
    fn written(&mut self, replacement: Replacement, inner: &str, span: Span) -> Option<String> {
        let node = match replacement {
            Replacement::Mark(reference) => return Some(reference.mark()),
            Replacement::Value(node) => node,
        };
        match &node.value {
            NodeValue::String(text) | NodeValue::Datetime(text) => Some(text.clone()),
            NodeValue::Integer(number) => Some(number.to_string()),
            NodeValue::Float(number) => Some(number.to_string()),
            NodeValue::Boolean(flag) => Some(flag.to_string()),
            NodeValue::Array(_) | NodeValue::Table(_) => {
                let what = node.describe();
                self.mistakes.push(
                    Diagnostic::error(
                        codes::WRONG_TYPE,
                        format!("`{inner}` is {what}, which cannot stand within a text"),
                    )
                    .at(span, what)
                    .help("let the reference be the whole value, or refer to something in it"),
                );
                None
            }
        }
    }

    /// The place of a reference within a text, where the text is written as it is; else of the text.
    fn precise(&self, whole: Span, inner: &str, from: &mut usize) -> Span {
        let find = || {
            let source = self.sources.get(whole.source)?;
            let text = source.text.get(*from..whole.end)?;
            let mut at = text.find(inner)?;
            while !text.get(..at)?.trim_end().ends_with("${") {
                at += inner.len() + text.get(at + inner.len()..)?.find(inner)?;
            }
            let start = *from + text.get(..at)?.rfind("${")?;
            let end = *from + at + text.get(at..)?.find('}')? + 1;
            Some(Span { source: whole.source, start, end })
        };
        match find() {
            Some(span) => {
                *from = span.end;
                span
            }
            None => whole,
        }
    }

    fn report_cycle<'e>(&mut self, edges: impl Iterator<Item = &'e Edge> + Clone) {
        let names: Vec<_> = edges.clone().map(|edge| format!("`{}`", edge.from)).collect();
        let first = names.first().cloned().unwrap_or_default();
        let message = format!("values refer to each other in a circle: {} → {first}", names.join(" → "));
        let mut mistake = Diagnostic::error(codes::REFERENCE_CYCLE, message);
        for edge in edges {
            mistake = mistake.at(edge.span, format!("`{}` takes `{}`", edge.from, edge.to));
        }
        self.mistakes.push(mistake.help("write one of them as a value"));
    }

    fn report_unset(&mut self) {
        for (name, uses) in std::mem::take(&mut self.unset) {
            let message = format!("the variable `{name}` has no value");
            let mut mistake = Diagnostic::error(codes::UNSET_VARIABLE, message);
            for span in uses {
                mistake = mistake.at(span, "used here");
            }
            let declared = self.variables.get(&name).map(|variable| variable.span);
            mistake = mistake.at_opt(declared, "declared here, without a default");
            self.mistakes.push(mistake.help(format!(
                "give it with `--var {name}=VALUE`, `--var-file`, `REGPLAN_VAR_{name}` or a `default`"
            )));
        }
    }
}
