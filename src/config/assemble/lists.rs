//! The lists of tables at the top: `[[moved]]`, `[[removed]]` and `[[import]]`.

use super::Assembly;
use super::addresses::read_address;
use crate::config::codes;
use crate::config::imports::Import;
use crate::config::moves::{Moved, Moves, Removed};
use crate::config::node::{Node, NodeValue};
use crate::config::validate::KeyContext;
use crate::config::value_rules::KnownWhen;
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{Address, BlockAddress, FieldPath, ObjectName};

impl Assembly<'_> {
    /// Reads `[[moved]]` and `[[removed]]`, and checks them against the blocks of the configuration.
    pub(super) fn moves(&mut self) -> Moves {
        let mut moves = Moves::default();
        for body in self.list("moved") {
            let Some([(from, from_span), (to, to_span)]) = self.addresses(&body, ["from", "to"]) else {
                continue;
            };
            moves.moved.push(Moved { from, to, from_span, to_span });
        }
        for body in self.list("removed") {
            let Some([(address, span)]) = self.addresses(&body, ["address"]) else { continue };
            let destroy = matches!(body.at(["destroy"]), Some(Node { value: NodeValue::Boolean(true), .. }));
            let line = self.files.sources.line_of(span);
            let place = line.map(|(path, line)| format!("{}:{line}", path.display())).unwrap_or_default();
            moves.removed.push(Removed { address, destroy, span, place });
        }
        let kinds = self.outline.blocks().iter();
        let blocks = kinds.flat_map(|kind| {
            self.root.blocks(kind.kind).map(|(name, _)| BlockAddress::new(kind.kind, name.as_str()))
        });
        moves.check(&blocks.collect(), self.mistakes);
        moves
    }

    /// Reads `[[import]]`. Whether an address has the object is known when the blocks are compiled.
    pub(super) fn imports(&mut self) -> Vec<Import> {
        let mut imports: Vec<Import> = Vec::new();
        for body in self.list("import") {
            let Some([(to, to_span)]) = self.addresses(&body, ["to"]) else { continue };
            let Some(item) = body.at(["from"]) else { continue };
            let from = match item.as_str().unwrap_or_default().parse::<ObjectName>() {
                Ok(from) => from,
                Err(error) => {
                    let message = format!("`{}` is not the name of an object: {}", error.text, error.reason);
                    self.mistakes.push(
                        Diagnostic::error(codes::BAD_REFERENCE, message)
                            .at(item.span, "")
                            .help("write `KIND/NAMESPACE/NAME`, such as `Deployment/shop/web`"),
                    );
                    continue;
                }
            };
            if let Some(first) = imports.iter().find(|first| first.to == to) {
                self.mistakes.push(
                    Diagnostic::error(codes::DUPLICATE_KEY, format!("`{to}` stands in `[[import]]` twice"))
                        .at(to_span, "again here")
                        .at_opt(first.to_span, "first here")
                        .help("keep one of them"),
                );
                continue;
            }
            imports.push(Import { to, from, to_span: Some(to_span), from_span: Some(item.span) });
        }
        imports
    }

    /// The tables of a list that fit their schema.
    fn list(&mut self, kind: &'static str) -> Vec<Node> {
        let outline = self.outline;
        let Some(schema) = outline.schema_of(kind) else { return Vec::new() };
        let Some(Node { value: NodeValue::Array(items), .. }) = self.root.at([kind]).cloned() else {
            return Vec::new();
        };
        let places = (0..).map(|index| FieldPath::keys([kind]).index(index));
        let mut bodies = Vec::new();
        for (mut body, at) in items.into_iter().zip(places) {
            if self.checked(&mut body, &at, schema, KeyContext::default(), KnownWhen::BeforePlanning) {
                bodies.push(body);
            }
        }
        bodies
    }

    /// The addresses under these keys, each with its place; `None` where a text is no address.
    fn addresses<const N: usize>(&mut self, body: &Node, keys: [&str; N]) -> Option<[(Address, Span); N]> {
        let read = keys.map(|key| {
            let item = body.at([key])?;
            Some((read_address(item, self.mistakes)?, item.span))
        });
        read.into_iter().collect::<Option<Vec<_>>>()?.try_into().ok()
    }
}
