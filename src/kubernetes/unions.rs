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
    (&["paramRef"], &["name", "selector"]),
    (&["valueFrom"], &["configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"]),
];

/// The same for one kind alone, whose map has a usual key.
const ONE_OF_IN_KIND: &[(&str, &str, &str, &[&str])] =
    &[("policy", "PodDisruptionBudget", "spec", &["maxUnavailable", "minAvailable"])];

/// Lists whose items may have one of these members; `None` for any but the name.
const ITEMS_WITH_ONE_OF: &[(&str, Option<&[&str]>)] = &[
    ("volumes", None),
    ("env", Some(&["value", "valueFrom"])),
    ("resourceClaims", Some(&["resourceClaimName", "resourceClaimTemplateName"])),
    ("volumeMounts", Some(&["subPath", "subPathExpr"])),
];

/// Lists of which another field than the usual one tells the items apart.
const OTHER_KEYS: &[(&str, &[&str])] = &[("volumeMounts", &["mountPath"])];

/// A member that has no place where another field has one value.
struct ByType {
    /// Its group and name; `None` for every kind.
    kind: Option<(&'static str, &'static str)>,
    /// The map that holds both.
    map: &'static str,
    /// The field that says which.
    field: &'static str,
    wherever: Wherever,
    member: &'static str,
}

/// The values of a field beside which a member has no place.
enum Wherever {
    Is(&'static str),
    IsNot(&'static str),
}

impl Wherever {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Is(one) => value == *one,
            Self::IsNot(one) => value != *one,
        }
    }
}

const BY_TYPE: &[ByType] = &[
    ByType {
        kind: Some(("apps", "Deployment")),
        map: "strategy",
        field: "type",
        wherever: Wherever::Is("Recreate"),
        member: "rollingUpdate",
    },
    ByType {
        kind: Some(("apps", "StatefulSet")),
        map: "updateStrategy",
        field: "type",
        wherever: Wherever::Is("OnDelete"),
        member: "rollingUpdate",
    },
    ByType {
        kind: Some(("apiextensions.k8s.io", "CustomResourceDefinition")),
        map: "conversion",
        field: "strategy",
        wherever: Wherever::Is("None"),
        member: "webhook",
    },
    ByType {
        kind: Some(("", "Service")),
        map: "spec",
        field: "type",
        wherever: Wherever::IsNot("LoadBalancer"),
        member: "loadBalancerSourceRanges",
    },
    ByType {
        kind: Some(("", "Service")),
        map: "spec",
        field: "sessionAffinity",
        wherever: Wherever::Is("None"),
        member: "sessionAffinityConfig",
    },
    ByType {
        kind: None,
        map: "seccompProfile",
        field: "type",
        wherever: Wherever::IsNot("Localhost"),
        member: "localhostProfile",
    },
    ByType {
        kind: None,
        map: "appArmorProfile",
        field: "type",
        wherever: Wherever::IsNot("Localhost"),
        member: "localhostProfile",
    },
];

/// What the server says of two fields that do not go together.
const REFUSALS: &[&str] = &[
    "are mutually exclusive",
    "at most one of",
    "can only be set",
    "cannot be both set",
    "cannot be set for a",
    "cannot set both",
    "exactly one of url or service",
    "may not be set for",
    "may not be set when",
    "may not be specified when",
    "may not be used when",
    "may not have more than one field",
    "may not set both",
    "may not specify both",
    "may not specify more than 1",
    "may only be set for",
    "may only be set when",
    "may only be specified when",
    "may only be used when",
    "must not be set when",
    "must not be specified when",
    "must only be set",
    "must populate the given metric source only",
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
                let list = key_of(path.segments().last());
                let known = OTHER_KEYS.iter().find(|(name, _)| *name == list).map(|(_, keys)| *keys);
                let Some(keys) = known.or_else(|| item_keys(live, sent)) else { return };
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
        let last = path.segments().last();
        let name = key_of(last);
        let anywhere = ONE_OF.iter().find(|(names, _)| names.contains(&name)).map(|(_, members)| *members);
        let here = || {
            let of_kind = ONE_OF_IN_KIND.iter().filter(|(group, kind, ..)| self.identity.is(group, kind));
            of_kind.filter(|(_, _, map, _)| *map == name).map(|(.., members)| *members).next()
        };
        if let Some(members) = anywhere.or_else(here) {
            return beside(path, live, sent, |key| members.contains(&key));
        }
        if matches!(last, Some(Segment::Item(_))) {
            let holder = key_of(path.segments().iter().rev().nth(1));
            let known = ITEMS_WITH_ONE_OF.iter().find(|(name, _)| *name == holder);
            return known.map_or_else(Vec::new, |(_, members)| match members {
                Some(members) => beside(path, live, sent, |key| members.contains(&key)),
                None => beside(path, live, sent, |key| key != "name"),
            });
        }
        BY_TYPE
            .iter()
            .filter(|rule| rule.map == name)
            .filter(|rule| rule.kind.is_none_or(|(group, kind)| self.identity.is(group, kind)))
            .filter(|rule| {
                let value = sent.get(rule.field).and_then(Value::as_str);
                value.is_some_and(|value| rule.wherever.holds(value))
            })
            .filter(|rule| live.contains_key(rule.member) && !sent.contains_key(rule.member))
            .map(|rule| path.key(rule.member))
            .collect()
    }
}

/// The key of a step; nothing for an item of a list.
fn key_of(segment: Option<&Segment>) -> &str {
    match segment {
        Some(Segment::Key(key)) => key,
        _ => "",
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
        let profile = |kind: &str| json!({"seccompProfile": {"type": kind, "localhostProfile": "p"}});
        let ours = |kind: &str| json!({"seccompProfile": {"type": kind}});
        let path = "seccompProfile.localhostProfile";
        assert_eq!(found("Deployment", &profile("Localhost"), &ours("RuntimeDefault")), [path]);
        assert_eq!(found("Deployment", &profile("Localhost"), &ours("Localhost")), [""; 0]);
        let foreign = Identity::namespaced("x.y", "Deployment", "a", "x");
        assert_eq!(rivals(&foreign, &live, &sent("Recreate")), []);
    }
}
