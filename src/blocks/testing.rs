//! A configuration from a text, without the room that reads them, for this room's tests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use crate::config::{
    Block, ClusterSettings, Config, Moves, Node, NodeValue, ObjectReadyRule, StateSettings, Table, TableEntry,
};
use crate::diagnostic::{SourceId, Sources, Span};
use crate::resource::{BlockAddress, IgnoreRule, Lifecycle, LiveReference, ReadyRule, Reference};

/// Reads `[cluster] namespace`, variables and blocks. In texts, `${secret.X}`, `${var.X}` and other
/// references become marks.
pub(super) fn config(text: &str) -> Config {
    let mut sources = Sources::default();
    let source = sources.add("regplan.toml", text);
    let root = DeTable::parse(text).unwrap();
    let root = table(root.get_ref(), source);
    let mut config = Config {
        sources,
        folder: PathBuf::from("/project"),
        files: Vec::new(),
        defaulted_variables: crate::config::DefaultedVariables::default(),
        project: "test".into(),
        cluster: ClusterSettings::default(),
        state: StateSettings::default(),
        sensitive_variables: BTreeMap::new(),
        blocks: Vec::new(),
        moves: Moves::default(),
        imports: Vec::new(),
        outputs: Vec::new(),
    };
    for (kind, entry) in root.entries {
        let NodeValue::Table(names) = entry.node.value else { panic!("{kind} is no table") };
        if kind == "cluster" {
            let text = |key| names.get(key).and_then(Node::as_str).map(str::to_owned);
            config.cluster.namespace = text("namespace");
            config.cluster.version = text("version");
            continue;
        }
        for (name, entry) in names.entries {
            if kind == "variable" {
                let value = entry.node.at(["value"]).and_then(Node::as_str).unwrap_or_default();
                config.sensitive_variables.insert(name, value.to_owned());
            } else {
                config.blocks.push(block(&kind, &name, entry.node));
            }
        }
    }
    config.blocks.sort_by_key(|block| block.span.start);
    config
}

fn block(kind: &str, name: &str, mut body: Node) -> Block {
    let span = body.span;
    let mut depends_on = Vec::new();
    let mut lifecycle = Lifecycle::default();
    let mut ready_rules = Vec::new();
    if let NodeValue::Table(table) = &mut body.value {
        if let Some(TableEntry { node: Node { value: NodeValue::Array(items), .. }, .. }) =
            table.entries.remove("depends_on")
        {
            depends_on =
                items.iter().map(|item| (item.as_str().unwrap().parse().unwrap(), item.span)).collect();
        }
        if let Some(entry) = table.entries.remove("lifecycle") {
            lifecycle.protect = entry.node.at(["protect"]).is_some();
            match entry.node.at(["ready"]).map(|node| (node, node.as_table())) {
                Some((_, Some(objects))) => {
                    ready_rules.extend(objects.entries.iter().map(|(object, rule)| ObjectReadyRule {
                        object: object.clone(),
                        rule: ReadyRule::Written,
                        span: rule.key_span,
                    }));
                }
                Some((node, None)) => {
                    let written = node.as_str() == Some("written");
                    lifecycle.ready = Some(if written {
                        ReadyRule::Written
                    } else {
                        ReadyRule::Condition { kind: "Ready".into(), status: "True".into() }
                    });
                }
                None => {}
            }
            if let Some(rules) = entry.node.at(["ignore_changes"]) {
                for rule in rules.to_json().as_array().unwrap() {
                    let rule = rule.as_str().unwrap();
                    let (object, path) =
                        rule.split_once(':').map_or((None, rule), |(object, path)| (Some(object), path));
                    let object = object.map(str::to_owned);
                    lifecycle.ignore_changes.push(IgnoreRule { object, path: path.parse().unwrap() });
                }
            }
        }
    }
    Block {
        address: BlockAddress::new(kind, name),
        span,
        body,
        depends_on,
        named_blocks: Vec::new(),
        lifecycle,
        ready_rules,
    }
}

fn table(table: &DeTable<'_>, source: SourceId) -> Table {
    let entries = table
        .iter()
        .map(|(key, value)| {
            let key_span = span(source, &key.span());
            let node = node(value.get_ref(), span(source, &value.span()), source);
            (key.get_ref().to_string(), TableEntry { key_span, node })
        })
        .collect();
    Table { entries }
}

fn span(source: SourceId, range: &std::ops::Range<usize>) -> Span {
    Span { source, start: range.start, end: range.end }
}

fn node(value: &DeValue<'_>, at: Span, source: SourceId) -> Node {
    let value = match value {
        DeValue::String(text) => NodeValue::String(marked(text)),
        DeValue::Integer(number) => NodeValue::Integer(number.to_string().parse().unwrap()),
        DeValue::Float(number) => NodeValue::Float(number.to_string().parse().unwrap()),
        DeValue::Boolean(flag) => NodeValue::Boolean(*flag),
        DeValue::Datetime(time) => NodeValue::Datetime(time.to_string()),
        DeValue::Array(items) => NodeValue::Array(
            items.iter().map(|item| node(item.get_ref(), span(source, &item.span()), source)).collect(),
        ),
        DeValue::Table(below) => NodeValue::Table(table(below, source)),
    };
    Node { value, span: at }
}

fn marked(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (inner, after) = after.split_once('}').unwrap();
        let reference = match inner.split_once('.') {
            Some(("secret", name)) => Reference::Secret(name.into()),
            Some(("var", name)) => Reference::Variable(name.into()),
            _ => Reference::Live(LiveReference { text: inner.into() }),
        };
        whole += before;
        whole += &reference.mark();
        rest = after;
    }
    whole + rest
}
