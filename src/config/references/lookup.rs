//! What a reference leads to: a variable, a secret, a value of the file, a live field.

use serde_json::Value;

use super::{Edge, Replacement, Resolver, SECRET_KIND};
use crate::config::codes;
use crate::config::model::BlockSchema;
use crate::config::node::{Node, NodeValue};
use crate::config::outline::{OUTPUT, SINGLE_TABLES};
use crate::config::shape::Shape;
use crate::diagnostic::nearest::suggest;
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{BlockAddress, Expression, FieldPath, LiveReference, Reference, Segment};

/// Keys at the top of an object. After a block's address they mean the live object, not a key of the block.
const OBJECT_KEYS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "status",
    "data",
    "binaryData",
    "stringData",
    "type",
    "rules",
    "roleRef",
    "subjects",
    "webhooks",
    "provisioner",
    "parameters",
];

/// The field of a Secret that is sent, and never read.
const WRITE_ONLY: &str = "stringData";

impl Resolver<'_> {
    /// What is put in for the text between `${` and `}`; `None` where it leads nowhere, which is then reported.
    pub(super) fn look_up(&mut self, inner: &str, span: Span, at: &FieldPath) -> Option<Replacement> {
        let end = inner.find(['.', '[', '/']).unwrap_or(inner.len());
        let (kind, rest) = inner.split_at(end);
        match kind {
            "var" => self.variable(rest, span),
            SECRET_KIND => self.secret(rest, span),
            _ => self.block(inner, kind, span, at),
        }
    }

    fn variable(&mut self, rest: &str, span: Span) -> Option<Replacement> {
        let name = self.name_alone("var", rest, span)?;
        let Some(variable) = self.variables.get(name) else {
            let none = format!("declare it with `[variable.{name}]`");
            let names = self.variables.keys().map(String::as_str);
            self.unknown(format!("there is no variable `{name}`"), span, suggest(name, names, &none));
            return None;
        };
        match &variable.value {
            _ if variable.broken => None,
            Some(_) if variable.sensitive => Some(Replacement::Mark(Reference::Variable(name.to_owned()))),
            Some(value) => Some(Replacement::Value(Node { value: value.value.clone(), span })),
            None if variable.sensitive && self.sensitive_may_be_unset => {
                Some(Replacement::Mark(Reference::Variable(name.to_owned())))
            }
            None => {
                self.unset.entry(name.to_owned()).or_default().push(span);
                None
            }
        }
    }

    fn secret(&mut self, rest: &str, span: Span) -> Option<Replacement> {
        let name = self.name_alone(SECRET_KIND, rest, span)?;
        if self.root.at([SECRET_KIND, name]).is_some() {
            return Some(Replacement::Mark(Reference::Secret(name.to_owned())));
        }
        let none = format!("declare it with `[secret.{name}]`, as `env = \"NAME\"` or `file = \"path\"`");
        let help = suggest(name, names_of(self.root.at([SECRET_KIND])), &none);
        self.unknown(format!("there is no secret `{name}`"), span, help);
        None
    }

    /// The name after `var.` or `secret.`, which must be all that follows.
    fn name_alone<'t>(&mut self, kind: &str, rest: &'t str, span: Span) -> Option<&'t str> {
        let name =
            rest.strip_prefix('.').filter(|name| !name.is_empty() && !name.contains(['.', '[', '/', ' ']));
        if name.is_none() {
            self.mistakes.push(
                Diagnostic::error(
                    codes::BAD_REFERENCE,
                    format!("`${{{kind}{rest}}}` does not name one `{kind}`"),
                )
                .at(span, "")
                .help(format!("write `${{{kind}.NAME}}`")),
            );
        }
        name
    }

    fn unknown(&mut self, message: String, span: Span, help: String) {
        self.mistakes.push(Diagnostic::error(codes::UNKNOWN_REFERENCE, message).at(span, "").help(help));
    }

    fn block(&mut self, inner: &str, kind: &str, span: Span, at: &FieldPath) -> Option<Replacement> {
        let live = LiveReference { text: inner.to_owned() };
        let Some(address) = live.block().filter(|address| is_word(&address.kind) && is_word(&address.name))
        else {
            self.mistakes.push(not_a_reference(inner, span));
            return None;
        };
        // The namespaces that objects live in are no blocks. Whether this is one of them, the graph knows.
        if kind == "namespace" && self.outline.block(kind).is_none() {
            return Some(Replacement::Mark(Reference::Live(live)));
        }
        let Some(schema) = self.outline.block(kind) else {
            self.unknown_type(kind, &address.name, span);
            return None;
        };
        if self.root.at([kind, &address.name]).and_then(Node::as_table).is_none() {
            self.unknown_block(kind, &address, span);
            return None;
        }
        let path = &inner[kind.len() + 1 + address.name.len()..];
        if path.is_empty() {
            self.mistakes.push(a_whole_block(inner, span));
            return None;
        }
        if path.starts_with('/') {
            return Some(Replacement::Mark(Reference::Live(live)));
        }
        match path.strip_prefix('.').unwrap_or(path).parse::<FieldPath>() {
            Ok(path) => {
                let wanted = Wanted { inner, address: [kind, &address.name], path };
                let output = output_at(at);
                // An output tells what was applied, and that may be another value than the file has by now.
                if output.is_some() && wanted.is_field_of_object(schema) {
                    return Some(Replacement::Mark(Reference::Live(live)));
                }
                let found = self.value(&wanted, schema, span, at)?;
                if let Some(output) = output
                    && (matches!(found, Replacement::Value(_)) || wanted.is_property(schema))
                {
                    self.told_by_outputs.entry(output.to_owned()).or_default().insert(address);
                }
                Some(found)
            }
            Err(error) => {
                self.mistakes.push(Diagnostic::error(codes::BAD_REFERENCE, error.to_string()).at(span, ""));
                None
            }
        }
    }

    fn unknown_type(&mut self, kind: &str, name: &str, span: Span) {
        let help = match kind {
            "variable" => format!("write `${{var.{name}}}`"),
            OUTPUT => "nothing can refer to an output: refer to what it gives".to_owned(),
            _ if SINGLE_TABLES.contains(&kind) => {
                "only variables, secrets and blocks can be referred to".to_owned()
            }
            _ => {
                let kinds = self.outline.blocks().iter().map(|block| block.kind);
                suggest(kind, kinds.chain(["var"]), "")
            }
        };
        self.unknown(format!("there is no block type `{kind}`"), span, help);
    }

    fn unknown_block(&mut self, kind: &str, address: &BlockAddress, span: Span) {
        let blocks: Vec<_> = names_of(self.root.at([kind])).map(|name| format!("{kind}.{name}")).collect();
        let wanted = address.to_string();
        let none = format!("declare it with `[{wanted}]`");
        let help = suggest(&wanted, blocks.iter().map(String::as_str), &none);
        self.unknown(format!("there is no block `{wanted}`"), span, help);
    }

    /// The value in the file, else the default of the block's type, else a field of a live object.
    fn value(
        &mut self,
        wanted: &Wanted<'_>,
        schema: &BlockSchema,
        span: Span,
        at: &FieldPath,
    ) -> Option<Replacement> {
        let root = self.root;
        let mut node = root.at(wanted.address)?;
        let mut to = FieldPath::keys(wanted.address);
        let mut steps = wanted.path.segments().iter();
        while let Some(segment) = steps.next() {
            let Some(next) = node.step(segment) else {
                // The path goes on through another reference: it is followed first.
                if node.as_str().is_some_and(|text| text.contains("${")) {
                    let rest: Vec<_> = std::iter::once(segment).chain(steps).collect();
                    return self.through(node, &to, &rest, wanted, span, at);
                }
                return self.not_written(wanted, schema, span);
            };
            node = next;
            to = to.join(segment.clone());
        }
        let value = self.follow(node, &to, span, at)?;
        self.spend(size(&value), span).then_some(Replacement::Value(Node { value: value.value, span }))
    }

    /// Follows a reference to a value, unless that leads in a circle.
    fn follow(&mut self, node: &Node, to: &FieldPath, span: Span, at: &FieldPath) -> Option<Node> {
        let edge = Edge { from: at.clone(), to: to.clone(), span };
        if let Some(first) = self.under_way.iter().position(|other| other.to == *to) {
            // The references before the first one of the circle only lead to it.
            let mut circle = self.under_way.split_off(first + 1);
            self.report_cycle(circle.iter().chain([&edge]));
            self.under_way.append(&mut circle);
            return None;
        }
        self.under_way.push(edge);
        let (node, fine) = self.node(node, to);
        self.under_way.pop();
        fine.then_some(node)
    }

    /// The value behind a reference that stands on the way to it.
    fn through(
        &mut self,
        node: &Node,
        to: &FieldPath,
        rest: &[&Segment],
        wanted: &Wanted<'_>,
        span: Span,
        at: &FieldPath,
    ) -> Option<Replacement> {
        let node = self.follow(node, to, span, at)?;
        let path = rest.iter().fold(FieldPath::root(), |path, segment| path.join((*segment).clone()));
        if let Some(found) = node.find(&path) {
            return Some(Replacement::Value(Node { value: found.value.clone(), span }));
        }
        let expression = node.as_str().and_then(Expression::parse).and_then(Result::ok);
        if let Some(Reference::Live(live)) = expression.as_ref().and_then(Expression::sole) {
            let dot = if matches!(path.segments().first(), Some(Segment::Key(key)) if is_word(key)) {
                "."
            } else {
                ""
            };
            let text = format!("{}{dot}{path}", live.text);
            return Some(Replacement::Mark(Reference::Live(LiveReference { text })));
        }
        let message = format!("`{}` leads into {}, which has no `{path}`", wanted.inner, node.describe());
        self.unknown(message, span, format!("`{to}` is a reference itself: look where it leads"));
        None
    }

    /// What a key that is not written stands for: its default, what the block gives beside its keys, or a field of a
    /// live object.
    fn not_written(&mut self, wanted: &Wanted<'_>, schema: &BlockSchema, span: Span) -> Option<Replacement> {
        let live = Reference::Live(LiveReference { text: wanted.inner.to_owned() });
        let shape = Shape::new(&schema.schema);
        let Some(Segment::Key(first)) = wanted.path.segments().first() else {
            return Some(Replacement::Mark(live));
        };
        if wanted.is_property(schema) || !shape.is_closed() || OBJECT_KEYS.contains(&first.as_str()) {
            return Some(Replacement::Mark(live));
        }
        let below = shape.at(&wanted.path);
        if let Some(node) = below.default().and_then(|value| from_json(value, span)) {
            return Some(Replacement::Value(node));
        }
        let block = wanted.address.join(".");
        let objects = format!("for a field of a live object write `${{{block}/Kind/name.field}}`");
        let known = shape.known();
        if known.contains_key(first.as_str()) {
            let message = format!("`{}` is not written in the file, and has no default", wanted.inner);
            self.unknown(message, span, format!("write it in `[{block}]`; {objects}"));
        } else {
            let properties = schema.properties.iter().map(|property| property.name);
            let near = suggest(first, known.keys().copied().chain(properties), "");
            self.unknown(format!("`{block}` has no key `{first}`"), span, format!("{near}; {objects}"));
        }
        None
    }
}

/// A value of a block that a reference asks for.
struct Wanted<'t> {
    inner: &'t str,
    address: [&'t str; 2],
    path: FieldPath,
}

impl Wanted<'_> {
    /// The key or the property of the block that the path begins with.
    fn first(&self) -> Option<&str> {
        match self.path.segments().first()? {
            Segment::Key(key) => Some(key.as_str()),
            _ => None,
        }
    }

    /// Whether it is what the block gives beside its keys.
    fn is_property(&self, schema: &BlockSchema) -> bool {
        self.first().is_some_and(|first| schema.properties.iter().any(|property| property.name == first))
    }

    /// Whether the block is the object itself, and this is a field that a server gives back as it was sent.
    fn is_field_of_object(&self, schema: &BlockSchema) -> bool {
        let is_field = |first| OBJECT_KEYS.contains(&first) && first != WRITE_ONLY;
        !Shape::new(&schema.schema).is_closed() && self.first().is_some_and(is_field)
    }
}

fn not_a_reference(inner: &str, span: Span) -> Diagnostic {
    let help = if inner.contains('(') {
        "there are no functions; `$${` stands for the text `${`"
    } else {
        "write `${var.NAME}`, `${secret.NAME}`, `${TYPE.NAME.key}` or \
         `${TYPE.NAME/Kind/name.field}`; `$${` stands for the text `${`"
    };
    let message = format!("`{inner}` is not a reference");
    Diagnostic::error(codes::BAD_REFERENCE, message).at(span, "").help(help)
}

fn a_whole_block(inner: &str, span: Span) -> Diagnostic {
    let message = format!("`${{{inner}}}` names a whole block, and a reference gives a value");
    Diagnostic::error(codes::BAD_REFERENCE, message).at(span, "").help(format!(
        "say which: `${{{inner}.key}}`; keys that name a block take `\"{inner}\"` without `${{}}`"
    ))
}

/// The name of the output whose value this is, or a part of it.
fn output_at(at: &FieldPath) -> Option<&str> {
    match at.segments() {
        [Segment::Key(kind), Segment::Key(name), Segment::Key(key), ..]
            if kind == OUTPUT && key == "value" =>
        {
            Some(name.as_str())
        }
        _ => None,
    }
}

fn names_of(table: Option<&Node>) -> impl Iterator<Item = &str> + Clone {
    table.and_then(Node::as_table).into_iter().flat_map(|table| table.entries.keys().map(String::as_str))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn size(node: &Node) -> usize {
    match &node.value {
        NodeValue::String(text) => 1 + text.len(),
        NodeValue::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        NodeValue::Table(table) => {
            1 + table.entries.iter().map(|(key, entry)| key.len() + size(&entry.node)).sum::<usize>()
        }
        _ => 1,
    }
}

/// A plain value of a schema; tables and lists are not defaults that anybody refers to.
fn from_json(value: &Value, span: Span) -> Option<Node> {
    let value = match value {
        Value::String(text) => NodeValue::String(text.clone()),
        Value::Bool(flag) => NodeValue::Boolean(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => NodeValue::Integer(whole),
            None => NodeValue::Float(number.as_f64()?),
        },
        _ => return None,
    };
    Some(Node { value, span })
}
