//! `[secret.NAME]`, and the texts that refer to secrets and sensitive variables.

use std::collections::BTreeSet;

use serde_json::json;

use super::draft::{Draft, Naming};
use super::facts::{Facts, Need, SecretKeyRef, Text};
use crate::config::{Config, Node, NodeValue, SecretBlock, SecretSource};
use crate::diagnostic::Diagnostic;
use crate::resource::{Address, Expression, FieldPath, Identity, Origin, PathMap, Reference};

use super::codes;

/// The key under which a generated `[secret.NAME]` is kept.
const KEY: &str = "value";

/// What to ask for the value of a `[secret.NAME]`.
pub(super) fn need(config: &Config, namespace: &str, name: &str) -> Option<Need> {
    let block = config.secrets.get(name)?;
    let kept = matches!(block.source, SecretSource::Generate(_)).then(|| SecretKeyRef {
        secret: Identity::namespaced("", "Secret", namespace, keeper_name(&config.project, name)),
        key: KEY.to_owned(),
    });
    Some(Need::Secret { source: block.source.clone(), kept })
}

/// The Secret that keeps a generated `[secret.NAME]`.
fn keeper_name(project: &str, name: &str) -> String {
    format!("{project}-{}", name.to_lowercase().replace('_', "-"))
}

/// The address under which it stands in the plan.
pub(super) fn keeper_address(name: &str) -> Address {
    Address::block("secret", name)
}

/// The secrets that must be asked for: those that blocks refer to, and every generated one, because its
/// Secret is a resource of its own.
pub(super) fn needs(config: &Config, namespace: &str) -> BTreeSet<Need> {
    let mut names: BTreeSet<&str> = config
        .secrets
        .iter()
        .filter(|(_, block)| is_generated(block))
        .map(|(name, _)| name.as_str())
        .collect();
    let mut marks = BTreeSet::new();
    for block in &config.blocks {
        marked_secrets(&block.body, &mut marks);
    }
    names.extend(marks.iter().map(String::as_str));
    names.into_iter().filter_map(|name| need(config, namespace, name)).collect()
}

fn is_generated(block: &SecretBlock) -> bool {
    matches!(block.source, SecretSource::Generate(_))
}

fn marked_secrets(node: &Node, names: &mut BTreeSet<String>) {
    match &node.value {
        NodeValue::String(text) => {
            let Some(Ok(expression)) = Expression::parse(text) else { return };
            names.extend(expression.references().filter_map(|reference| match reference {
                Reference::Secret(name) => Some(name.clone()),
                _ => None,
            }));
        }
        NodeValue::Array(items) => items.iter().for_each(|item| marked_secrets(item, names)),
        NodeValue::Table(table) => {
            table.entries.values().for_each(|entry| marked_secrets(&entry.node, names));
        }
        _ => {}
    }
}

/// The Secrets that keep generated values.
pub(super) fn keepers(
    config: &Config,
    namespace: &str,
    facts: &Facts,
    mistakes: &mut Vec<Diagnostic>,
) -> Vec<(String, Draft)> {
    let mut drafts = Vec::new();
    for (name, block) in config.secrets.iter().filter(|(_, block)| is_generated(block)) {
        let Some(need) = need(config, namespace, name) else { continue };
        let text = facts.text(&need);
        if let Text::Lost(reason) = &text {
            let address = keeper_address(name);
            mistakes.push(lost(&address.to_string(), reason, &address).at(block.span, ""));
        }
        let object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": keeper_name(&config.project, name), "namespace": namespace},
            "type": "Opaque",
        });
        let mut origins = PathMap::default();
        origins.insert(FieldPath::root(), Origin { key: format!("secret.{name}"), span: Some(block.span) });
        let draft = Draft {
            object,
            naming: Naming::Block,
            namespace: namespace.to_owned(),
            origins,
            settable: PathMap::default(),
            sensitive: PathMap::default(),
            unchecked: PathMap::default(),
            fresh: PathMap::default(),
        };
        drafts.push((name.clone(), draft.secret(FieldPath::keys(["stringData", KEY]), &text)));
    }
    drafts
}

/// A generated value that is gone; `address` is that of the Secret that kept it.
pub(super) fn lost(what: &str, reason: &str, address: &Address) -> Diagnostic {
    Diagnostic::error(codes::LOST_SECRET, format!("the generated value of `{what}` is lost: {reason}"))
        .help(format!("restore it, or agree to a new one: `--consent {address}`"))
}

/// A text in which secrets have been put in.
pub(super) enum Filled {
    /// All of it is known, and may not be shown.
    Known {
        /// The text.
        text: String,
        /// Whether a part of it was made in this very run.
        is_new: bool,
    },
    /// A part of it is not known, and this is why.
    Open(Text),
    /// It waits for live fields.
    Waits(Expression),
    /// It would have both, and this is why it may not.
    Mixed,
}

/// Puts in what is known; the references to generated secrets are noted.
pub(super) fn fill(
    expression: Expression,
    config: &Config,
    namespace: &str,
    facts: &Facts,
    generated: &mut BTreeSet<String>,
) -> Filled {
    use crate::resource::Part;
    let live = expression.references().any(|reference| matches!(reference, Reference::Live(_)));
    let secret = expression.references().any(|reference| !matches!(reference, Reference::Live(_)));
    if live && secret {
        // The plan shows and keeps the expressions that it waits for: no secret may be a part of one.
        return Filled::Mixed;
    }
    if live {
        return Filled::Waits(expression);
    }
    let mut whole = String::new();
    let mut is_new = false;
    for part in &expression.parts {
        let text = match part {
            Part::Literal(text) => Text::Known(text.clone()),
            Part::Reference(Reference::Secret(name)) => {
                if config.secrets.get(name).is_some_and(is_generated) {
                    generated.insert(name.clone());
                }
                match need(config, namespace, name) {
                    Some(need) => facts.text(&need),
                    None => Text::Unknown(format!("there is no secret `{name}`")),
                }
            }
            Part::Reference(Reference::Variable(name)) => match config.sensitive_variables.get(name) {
                Some(value) => Text::Known(value.clone()),
                None => Text::Unknown(format!("the variable `{name}` is not set")),
            },
            Part::Reference(Reference::Live(_)) => return Filled::Mixed,
        };
        let Some(known) = text.get() else { return Filled::Open(text) };
        whole.push_str(known);
        is_new |= text.is_new();
    }
    Filled::Known { text: whole, is_new }
}
