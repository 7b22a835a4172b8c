//! What decides about other objects: limits come before them, webhooks and policies after those of their own block.

use serde_json::Value;

use super::facility::{Facility, Selection};
use super::labels::label_selector;
use crate::resource::{FieldPath, GroupKind, Identity, is_builtin_group};

const ADMISSION: &str = "admissionregistration.k8s.io";

/// The objects that come after this one, although they do not name it, each group with the field that says so: what
/// makes pods in a namespace after its limits, quotas and network policies. So nothing slips in before these hold.
pub fn precedes(identity: &Identity, object: &Value) -> Option<(Selection, FieldPath)> {
    let namespace = identity.namespace.as_deref()?;
    match (identity.group.as_str(), identity.kind.as_str()) {
        ("", "LimitRange" | "ResourceQuota") => {
            Some((makers_of_pods(namespace), FieldPath::keys(["metadata", "namespace"])))
        }
        ("networking.k8s.io", "NetworkPolicy") => {
            let path = FieldPath::keys(["spec", "podSelector"]);
            let selector = path.get(object).filter(|selector| !is_empty(selector));
            let selection = match selector {
                Some(selector) => label_selector(namespace, selector)?,
                None => makers_of_pods(namespace),
            };
            Some((selection, path))
        }
        _ => None,
    }
}

fn is_empty(selector: &Value) -> bool {
    selector.is_null() || selector.as_object().is_some_and(serde_json::Map::is_empty)
}

fn makers_of_pods(namespace: &str) -> Selection {
    Selection::one(Facility::MakesPods { namespace: namespace.to_owned() })
}

/// Whether pods may come of an object: those of a custom resource are made by its controller.
pub(super) fn makes_pods(identity: &Identity, has_template: bool) -> Option<Facility> {
    let namespace = identity.namespace.clone()?;
    let makes = has_template || !is_builtin_group(&identity.group);
    makes.then_some(Facility::MakesPods { namespace })
}

/// Which writes a webhook configuration, or the binding of a policy, is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Admission<'a> {
    object: &'a Value,
    /// The policy, for a binding; `None` where it is not known.
    policy: Option<&'a Value>,
    is_binding: bool,
}

/// The name of the policy that a binding is about.
pub fn bound_policy<'a>(identity: &Identity, binding: &'a Value) -> Option<(Identity, &'a str)> {
    let kind = identity.kind.strip_suffix("Binding").filter(|_| identity.group == ADMISSION)?;
    let name = binding.pointer("/spec/policyName")?.as_str()?;
    Some((Identity::cluster(ADMISSION, kind, name), name))
}

impl<'a> Admission<'a> {
    /// What this object decides about; `None` where it is neither a webhook configuration nor a binding. `policy` is
    /// the policy of a binding.
    pub fn of(identity: &Identity, object: &'a Value, policy: Option<&'a Value>) -> Option<Self> {
        let kind = identity.kind.as_str();
        let is_binding = kind.ends_with("AdmissionPolicyBinding");
        let is_meant = identity.group == ADMISSION && (is_binding || kind.ends_with("WebhookConfiguration"));
        is_meant.then_some(Self { object, policy, is_binding })
    }

    /// Whether it is asked when such an object is created. Which namespaces are meant is not looked at.
    pub fn decides_about(self, identity: &Identity, object: &Value) -> bool {
        if identity.group == ADMISSION {
            return false;
        }
        if self.is_binding {
            let Some(policy) = self.policy else { return true };
            let constraints = policy.pointer("/spec/matchConstraints");
            return constraints
                .is_some_and(|constraints| matches(constraints, "resourceRules", identity, object));
        }
        let webhooks = self.object.get("webhooks").and_then(Value::as_array);
        webhooks.into_iter().flatten().any(|webhook| matches(webhook, "rules", identity, object))
    }
}

/// Whether the rules under this key mean the object, or the pods that it makes.
fn matches(place: &Value, key: &str, identity: &Identity, object: &Value) -> bool {
    let rules = || place.get(key).and_then(Value::as_array).into_iter().flatten();
    let pods = GroupKind { group: String::new(), kind: "Pod".to_owned() };
    let makes_pods = super::pods::template(identity).is_some();
    let kind = identity.group_kind();
    let is_itself = rules().any(|rule| is_of_rule(rule, &kind));
    let is_selected = || place.get("objectSelector").is_none_or(|selector| has_labels(selector, object));
    is_itself && is_selected() || makes_pods && rules().any(|rule| is_of_rule(rule, &pods))
}

fn is_of_rule(rule: &Value, kind: &GroupKind) -> bool {
    let among = |key: &str| {
        let list = rule.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    };
    let is_created = among("operations").any(|operation| matches!(operation, "*" | "CREATE"));
    let is_group = among("apiGroups").any(|group| group == "*" || group == kind.group);
    let is_kind = among("resources").any(|resource| {
        let resource = resource.strip_suffix("/*").unwrap_or(resource);
        resource == "*" || kind.is_called(resource)
    });
    is_created && is_group && is_kind
}

/// Whether the object has the labels of `matchLabels`. What else a selector says is not looked at.
fn has_labels(selector: &Value, object: &Value) -> bool {
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let has = object.pointer("/metadata/labels");
    wanted.into_iter().flatten().all(|(key, value)| has.and_then(|labels| labels.get(key)) == Some(value))
}

/// Whether a Job works on the webhook configuration of this name: an argument or a variable names it and says that it
/// is about a webhook (`--webhook-name=NAME`, `kubectl patch validatingwebhookconfiguration NAME`). Returns the path
/// to its containers.
pub fn works_on_webhook(identity: &Identity, job: &Value, name: &str) -> Option<FieldPath> {
    if !identity.is("batch", "Job") {
        return None;
    }
    let spec = FieldPath::keys(["spec", "template", "spec"]);
    ["containers", "initContainers"].into_iter().map(|key| spec.key(key)).find(|path| {
        let containers = path.get(job).and_then(Value::as_array);
        containers.into_iter().flatten().any(|container| names_webhook(container, name))
    })
}

fn names_webhook(container: &Value, name: &str) -> bool {
    let list = |key: &str| container.get(key).and_then(Value::as_array).into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let arguments: Vec<String> = list("command").chain(list("args")).map(text).collect();
    // A flag and its value may be two arguments.
    let pairs = arguments.windows(2).filter(|pair| pair[0].starts_with('-')).map(|pair| pair.join(" "));
    let field = |variable: &Value, key: &str| variable.get(key).map(&text).unwrap_or_default();
    let variables = list("env").map(|one| format!("{}={}", field(one, "name"), field(one, "value")));
    let mut all = arguments.iter().cloned().chain(pairs).chain(variables);
    all.any(|words| is_about_webhook(&words, name))
}

fn is_about_webhook(words: &str, name: &str) -> bool {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    let mut places = words.match_indices(name);
    places.any(|(at, _)| {
        let (before, after) = (&words[..at], &words[at + name.len()..]);
        let is_word =
            before.chars().next_back().is_none_or(is_end) && after.chars().next().is_none_or(is_end);
        is_word && format!("{before} {after}").to_lowercase().contains("webhook")
    })
}
