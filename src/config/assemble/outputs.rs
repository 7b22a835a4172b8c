//! `[output.NAME]`: values that others want to know.

use super::Assembly;
use crate::config::codes;
use crate::config::model::Output;
use crate::config::node::{Node, NodeValue};
use crate::config::outline::OUTPUT;
use crate::config::validate::KeyContext;
use crate::config::value_rules::KnownWhen;
use crate::diagnostic::Diagnostic;
use crate::resource::{Expression, FieldPath};

impl Assembly<'_> {
    /// The outputs that have no mistake.
    pub(super) fn outputs(&mut self) -> Vec<Output> {
        self.bodies(OUTPUT).into_iter().filter_map(|(name, body)| self.output(name, body)).collect()
    }

    fn output(&mut self, name: String, mut body: Node) -> Option<Output> {
        let schema = self.outline.schema_of(OUTPUT)?;
        let at = FieldPath::keys([OUTPUT, &name]);
        if !self.checked(&mut body, &at, schema, KeyContext::default(), KnownWhen::AsSchemaSays) {
            return None;
        }
        let description = body.at(["description"]);
        if let Some(text) = description.filter(|node| node.as_str().is_some_and(Expression::has_mark)) {
            let message =
                format!("`{}` is told without a cluster, and takes no live field", at.key("description"));
            self.mistakes.push(
                Diagnostic::error(codes::NOT_KNOWN_YET, message)
                    .at(text.span, "")
                    .help("write a plain text; the reference belongs into `value`"),
            );
            return None;
        }
        let description = description.and_then(Node::as_str).map(str::to_owned);
        let sensitive = matches!(body.at(["sensitive"]), Some(Node { value: NodeValue::Boolean(true), .. }));
        let tells_of = self.told_by_outputs.remove(&name).unwrap_or_default();
        Some(Output { name, description, value: body.at(["value"])?.clone(), tells_of, sensitive })
    }
}
