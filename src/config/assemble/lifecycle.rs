//! `[TYPE.NAME.lifecycle]`: it is read here, and what its schema cannot say is checked.

use std::time::Duration;

use crate::config::codes;
use crate::config::model::ObjectReadyRule;
use crate::config::node::{Node, NodeValue};
use crate::diagnostic::Diagnostic;
use crate::resource::{Address, FieldPath, IgnoreRule, Lifecycle, ReadyRule, Timeouts};

/// Reads the table. Values of a wrong type are left out: the check by the schema has reported them.
pub(super) fn read(
    node: &Node,
    address_of: &mut dyn FnMut(&Node, &mut Vec<Diagnostic>) -> Option<Address>,
    mistakes: &mut Vec<Diagnostic>,
) -> Lifecycle {
    Lifecycle {
        protect: flag(node, "protect"),
        adopt: flag(node, "adopt"),
        ignore_changes: items(node, "ignore_changes")
            .filter_map(|item| ignore_rule(item, mistakes))
            .collect(),
        replace_triggered_by: items(node, "replace_triggered_by")
            .filter_map(|item| address_of(item, mistakes))
            .collect(),
        timeouts: Timeouts {
            ready: timeout_at(node, "ready", mistakes),
            delete: timeout_at(node, "delete", mistakes),
        },
        ready: node.at(["ready"]).and_then(|node| ready_rule(node, mistakes)),
    }
}

/// Reads the rules for single objects: `ready = { "Service/web" = "written" }`.
pub(super) fn object_rules(node: &Node, mistakes: &mut Vec<Diagnostic>) -> Vec<ObjectReadyRule> {
    let Some(table) = node.at(["ready"]).and_then(Node::as_table) else { return Vec::new() };
    let objects = table.entries.iter().filter(|(object, _)| object.contains('/'));
    let rules = objects.filter_map(|(object, entry)| {
        let rule = ready_rule(&entry.node, mistakes)?;
        Some(ObjectReadyRule { object: object.clone(), rule, span: entry.key_span })
    });
    rules.collect()
}

fn flag(node: &Node, key: &str) -> bool {
    matches!(node.at([key]), Some(Node { value: NodeValue::Boolean(true), .. }))
}

/// The items of a list.
fn items<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n Node> + use<'n> {
    let items = match node.at([key]).map(|node| &node.value) {
        Some(NodeValue::Array(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter()
}

fn ignore_rule(node: &Node, mistakes: &mut Vec<Diagnostic>) -> Option<IgnoreRule> {
    let text = node.as_str()?;
    // A colon of the path stands in brackets or quotes; one of the object's name stands before the path.
    let bracket = text.find('[').unwrap_or(text.len());
    let (object, path) = match text[..bracket].rsplit_once(':') {
        Some((object, _)) => (Some(object), &text[object.len() + 1..]),
        None => (None, text),
    };
    let slashes = object
        .map_or(1, |object| object.split('/').filter(|part| !part.is_empty()).count().saturating_sub(1));
    if object.is_some_and(|object| object.split('/').any(str::is_empty)) || !(1..=2).contains(&slashes) {
        mistakes.push(
            Diagnostic::error(codes::BAD_VALUE, format!("`{text}` names no object of a block"))
                .at(node.span, "")
                .help("write kind and name before the colon: `Deployment/registry:spec.replicas`"),
        );
        return None;
    }
    let path = field(path, node, mistakes)?;
    Some(IgnoreRule { object: object.map(str::to_owned), path })
}

fn field(text: &str, node: &Node, mistakes: &mut Vec<Diagnostic>) -> Option<FieldPath> {
    match text.parse::<FieldPath>() {
        Ok(path) if !path.segments().is_empty() => Some(path),
        Ok(_) => {
            mistakes.push(
                Diagnostic::error(codes::BAD_VALUE, "this names no field")
                    .at(node.span, "")
                    .help("write it as the plan prints it: `spec.replicas`"),
            );
            None
        }
        Err(error) => {
            mistakes.push(
                Diagnostic::error(codes::BAD_VALUE, error.to_string())
                    .at(node.span, "")
                    .help("write it as the plan prints it: `spec.template.spec.containers[registry].image`"),
            );
            None
        }
    }
}

fn timeout_at(node: &Node, key: &str, mistakes: &mut Vec<Diagnostic>) -> Option<Duration> {
    duration_at(node.at(["timeouts", key])?, mistakes)
}

/// The length of time that stands here. One that cannot be read is a mistake.
pub(super) fn duration_at(node: &Node, mistakes: &mut Vec<Diagnostic>) -> Option<Duration> {
    let text = node.as_str()?;
    let duration = duration(text);
    if duration.is_none() {
        mistakes.push(
            Diagnostic::error(codes::BAD_VALUE, format!("`{text}` is not a length of time"))
                .at(node.span, "")
                .help("write hours, minutes and seconds, largest first: `90s`, `10m`, `1h30m`"),
        );
    }
    duration
}

/// Reads `1h30m`, `10m`, `90s`: each unit at most once, the largest first, and more than nothing.
pub fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0_u64;
    let mut rest = text;
    for (unit, factor) in [('h', 3600), ('m', 60), ('s', 1)] {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if rest[digits..].starts_with(unit) {
            let number: u64 = rest[..digits].parse().ok()?;
            seconds = seconds.checked_add(number.checked_mul(factor)?)?;
            rest = &rest[digits + 1..];
        }
    }
    (rest.is_empty() && seconds > 0).then(|| Duration::from_secs(seconds))
}

fn ready_rule(node: &Node, mistakes: &mut Vec<Diagnostic>) -> Option<ReadyRule> {
    if node.as_str() == Some("written") {
        return Some(ReadyRule::Written);
    }
    if let Some(kind) = node.at(["condition"]).and_then(Node::as_str) {
        let status = node.at(["status"]).and_then(Node::as_str).unwrap_or("True");
        return Some(ReadyRule::Condition { kind: kind.to_owned(), status: status.to_owned() });
    }
    let place = node.at(["field"])?;
    field(place.as_str()?, place, mistakes).map(ReadyRule::Field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse::parse;
    use crate::diagnostic::SourceId;

    fn read_text(text: &str) -> (Lifecycle, Vec<Diagnostic>) {
        let mut mistakes = Vec::new();
        let parsed = parse(SourceId(0), text, &mut mistakes);
        assert_eq!(mistakes, []);
        let mut address = |node: &Node, _: &mut Vec<Diagnostic>| node.as_str()?.parse().ok();
        (read(&parsed.root, &mut address, &mut mistakes), mistakes)
    }

    #[test]
    fn everything_is_read() {
        let (lifecycle, mistakes) = read_text(
            "protect = true\nadopt = true\nreplace_triggered_by = ['resource.a']\n\
             ignore_changes = ['spec.replicas', 'Deployment/registry:spec.replicas', \
             'ClusterRole/system:x:rules', 'Service/a/b:metadata.annotations[\"x:y\"]']\n\
             timeouts = { ready = '1h30m', delete = '90s' }\nready = { condition = 'Ready' }\n",
        );
        assert_eq!(mistakes, []);
        assert!(lifecycle.protect && lifecycle.adopt);
        let objects: Vec<_> = lifecycle.ignore_changes.iter().map(|rule| rule.object.as_deref()).collect();
        assert_eq!(
            objects,
            [None, Some("Deployment/registry"), Some("ClusterRole/system:x"), Some("Service/a/b")]
        );
        assert_eq!(lifecycle.timeouts.ready, Some(Duration::from_mins(90)));
        assert_eq!(lifecycle.timeouts.delete, Some(Duration::from_secs(90)));
        assert_eq!(
            lifecycle.ready,
            Some(ReadyRule::Condition { kind: "Ready".into(), status: "True".into() })
        );
        assert_eq!(read_text("ready = 'written'").0.ready, Some(ReadyRule::Written));
        let (lifecycle, mistakes) = read_text("ready = { 'Service/x' = 'written' }");
        assert_eq!((lifecycle.ready, mistakes), (None, vec![]));
        let field = ReadyRule::Field("status.x".parse().unwrap());
        assert_eq!(read_text("ready = { field = 'status.x' }").0.ready, Some(field));
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        let (_, mistakes) = read_text(
            "ignore_changes = ['a..b', 'Deployment:x', '', '/x:y', 'a/b/c/d:e']\n\
             timeouts = { ready = '10', delete = '5m1h' }\nready = { field = '[' }\n",
        );
        assert_eq!(mistakes.len(), 8, "{mistakes:#?}");
        assert!(
            mistakes.iter().all(|mistake| mistake.code == codes::BAD_VALUE && !mistake.labels.is_empty())
        );
    }

    #[test]
    fn lengths_of_time() {
        for (text, seconds) in [("1s", Some(1)), ("2m", Some(120)), ("1h1s", Some(3601)), ("0s", None)] {
            assert_eq!(duration(text), seconds.map(Duration::from_secs), "{text}");
        }
        for text in ["", "m", "1", "1d", "-1s", "1.5h", "99999999999999999999h", "9999999999999999999h", "ä"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
