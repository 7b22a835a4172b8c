//! Fields of which an object may have one: the source of a volume, the handler of a probe, the settings of a strategy.
//!
//! Server-side apply takes away only what its manager owns. What the server filled in, or others set, stays beside
//! what is sent, and then the server refuses the object.

use serde_json::{Map, Value};

use super::list_items::{item_keys, name_of};
use crate::resource::{FieldPath, Identity, Segment, is_builtin_group};

/// Maps of which one member may be set, by their key.
const ONE_OF: &[(&[&str], &[&str])] = &[
    (
        &["livenessProbe", "readinessProbe", "startupProbe", "postStart", "preStop"],
        &["exec", "grpc", "httpGet", "sleep", "tcpSocket"],
    ),
    (&["clientConfig"], &["service", "url"]),
    (&["backend", "defaultBackend"], &["resource", "service"]),
];

/// Lists whose items may have one of these members; `None` for any but the name.
const ITEMS_WITH_ONE_OF: &[(&str, Option<&[&str]>)] =
    &[("volumes", None), ("env", Some(&["value", "valueFrom"]))];

/// A member that has no place where another field has one value.
struct ByType {
    group: &'static str,
    kind: &'static str,
    /// The map that holds both.
    map: &'static str,
    /// The field that says which, and its value.
    field: &'static str,
    value: &'static str,
    member: &'static str,
}

const BY_TYPE: &[ByType] = &[
    ByType {
        group: "apps",
        kind: "Deployment",
        map: "strategy",
        field: "type",
        value: "Recreate",
        member: "rollingUpdate",
    },
    ByType {
        group: "apps",
        kind: "StatefulSet",
        map: "updateStrategy",
        field: "type",
        value: "OnDelete",
        member: "rollingUpdate",
    },
    ByType {
        group: "apiextensions.k8s.io",
        kind: "CustomResourceDefinition",
        map: "conversion",
        field: "strategy",
        value: "None",
        member: "webhook",
    },
];

/// What the server says of two fields that do not go together.
const REFUSALS: &[&str] = &[
    "can only be set",
    "cannot set both",
    "exactly one of url or service",
    "may not be set when",
    "may not be specified when",
    "may not specify more than 1",
    "may only be set when",
    "must not be set when",
    "must only be set",
    "only allowed for",
    "should not be set when",
];

/// Whether a server's message says that a field does not go together with another one.
pub fn says_that_fields_exclude_each_other(words: &str) -> bool {
    REFUSALS.iter().any(|phrase| words.contains(phrase))
}

/// The fields of the live object that have no place beside what is sent.
pub fn rivals(identity: &Identity, live: &Value, sent: &Value) -> Vec<FieldPath> {
    let mut found = Vec::new();
    if is_builtin_group(&identity.group) {
        Walk { identity }.value(&FieldPath::root(), live, sent, &mut found);
    }
    found
}

struct Walk<'a> {
    identity: &'a Identity,
}

impl Walk<'_> {
    fn value(&self, path: &FieldPath, live: &Value, sent: &Value, found: &mut Vec<FieldPath>) {
        match (live, sent) {
            (Value::Object(live), Value::Object(sent)) => {
                found.extend(self.members(path, live, sent));
                for (key, value) in sent {
                    if let Some(there) = live.get(key) {
                        self.value(&path.key(key.as_str()), there, value, found);
                    }
                }
            }
            (Value::Array(live), Value::Array(sent)) => {
                let Some(keys) = item_keys(live, sent) else { return };
                for item in sent {
                    let name = name_of(item, keys);
                    if let Some(there) = live.iter().find(|there| name_of(there, keys) == name) {
                        self.value(&path.join(Segment::Item(name)), there, item, found);
                    }
                }
            }
            _ => {}
        }
    }

    fn members(
        &self,
        path: &FieldPath,
        live: &Map<String, Value>,
        sent: &Map<String, Value>,
    ) -> Vec<FieldPath> {
        let key = |segment: Option<&Segment>| match segment {
            Some(Segment::Key(key)) => key.clone(),
            _ => String::new(),
        };
        let last = path.segments().last();
        let name = key(last);
        if let Some((_, members)) = ONE_OF.iter().find(|(names, _)| names.contains(&name.as_str())) {
            return beside(path, live, sent, |key| members.contains(&key));
        }
        if matches!(last, Some(Segment::Item(_))) {
            let holder = key(path.segments().iter().rev().nth(1));
            let known = ITEMS_WITH_ONE_OF.iter().find(|(name, _)| *name == holder);
            return known.map_or_else(Vec::new, |(_, members)| match members {
                Some(members) => beside(path, live, sent, |key| members.contains(&key)),
                None => beside(path, live, sent, |key| key != "name"),
            });
        }
        BY_TYPE
            .iter()
            .filter(|rule| rule.map == name && self.identity.is(rule.group, rule.kind))
            .filter(|rule| sent.get(rule.field).and_then(Value::as_str) == Some(rule.value))
            .filter(|rule| live.contains_key(rule.member) && !sent.contains_key(rule.member))
            .map(|rule| path.key(rule.member))
            .collect()
    }
}

/// The members that are there and not sent, where another one of them is sent.
fn beside(
    path: &FieldPath,
    live: &Map<String, Value>,
    sent: &Map<String, Value>,
    is_member: impl Fn(&str) -> bool,
) -> Vec<FieldPath> {
    if !sent.keys().any(|key| is_member(key)) {
        return Vec::new();
    }
    let there = live.keys().filter(|key| is_member(key) && !sent.contains_key(*key));
    there.map(|key| path.key(key.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(kind: &str, live: &Value, sent: &Value) -> Vec<String> {
        let identity = Identity::namespaced("apps", kind, "a", "x");
        rivals(&identity, live, sent).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_member_leaves_no_place_for_another() {
        let volumes = |source: Value| json!({"volumes": [source]});
        let (none, map) =
            (json!({"name": "v", "emptyDir": {}}), json!({"name": "v", "configMap": {"name": "c"}}));
        assert_eq!(found("Deployment", &volumes(none.clone()), &volumes(map)), ["volumes[v].emptyDir"]);
        assert_eq!(found("Deployment", &volumes(none), &volumes(json!({"name": "v"}))), [""; 0]);
        let probe = |handler: &str| json!({"livenessProbe": {handler: {"port": 1}, "periodSeconds": 2}});
        assert_eq!(found("Deployment", &probe("httpGet"), &probe("tcpSocket")), ["livenessProbe.httpGet"]);
        let variable = |member: &str| json!({"env": [{"name": "A", member: "x"}]});
        assert_eq!(found("Deployment", &variable("value"), &variable("valueFrom")), ["env[A].value"]);
    }

    #[test]
    fn the_settings_of_another_type_have_no_place() {
        let live = json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}});
        let sent = |kind: &str| json!({"strategy": {"type": kind}});
        assert_eq!(found("Deployment", &live, &sent("Recreate")), ["strategy.rollingUpdate"]);
        assert_eq!(found("Deployment", &live, &sent("RollingUpdate")), [""; 0]);
        assert_eq!(found("StatefulSet", &live, &sent("Recreate")), [""; 0]);
        let foreign = Identity::namespaced("x.y", "Deployment", "a", "x");
        assert_eq!(rivals(&foreign, &live, &sent("Recreate")), []);
    }
}
