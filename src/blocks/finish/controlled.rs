//! Fields that a controller overwrites, whatever is sent.

use serde_json::Value;

use super::places::Places;
use crate::blocks::codes;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::controlled::{is_released, take_out, written_by_controllers};
use crate::resource::{Desired, FieldPath, IgnoreRule};

/// Removes fields that a controller overwrites: with them, every plan would have a change that no apply settles.
/// `chosen` are those that an export brought along.
pub(super) fn leave_to_controllers(
    desired: &mut Desired,
    chosen: Vec<FieldPath>,
    places: &Places<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    leave_rules(desired, places, mistakes);
    let mut left = written_by_controllers(&desired.identity, &desired.object);
    left.extend(chosen.into_iter().filter(|path| path.get(&desired.object).is_some()));
    left.sort();
    left.dedup();
    // Said before they are gone: the place of a field is looked up in the object.
    mistakes.extend(told(desired, &left, places));
    for path in left.iter().filter(|path| is_released(path)) {
        desired.lifecycle.ignore_changes.push(IgnoreRule { object: None, path: path.clone() });
    }
    for path in &left {
        take_out(&mut desired.object, path);
    }
}

/// One warning for all fields of an object.
fn told(desired: &Desired, left: &[FieldPath], places: &Places<'_>) -> Option<Diagnostic> {
    let names: Vec<String> = left.iter().map(|path| format!("`{path}`")).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let place = places.of(&desired.origins, left.first()?);
    let message =
        format!("{} of {} {verb} left out: controllers write it", names.join(", "), desired.address);
    let warning = place.mark(Diagnostic::warning(codes::SERVER_FIELD, message), "");
    Some(
        warning
            .help("remove it from the file: an export of a cluster (`kubectl get -o yaml`) brings it along"),
    )
}

/// The rules of a `ClusterRole` with an `aggregationRule` are collected from other roles, and "direct changes
/// to Rules will be stomped by the controller"
/// (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles>). Manifests
/// usually have an empty list there, as a hint for readers.
fn leave_rules(desired: &mut Desired, places: &Places<'_>, mistakes: &mut Vec<Diagnostic>) {
    let aggregated = desired.object.get("aggregationRule").is_some_and(|rule| !rule.is_null());
    if !aggregated || !desired.identity.is("rbac.authorization.k8s.io", "ClusterRole") {
        return;
    }
    let path = FieldPath::keys(["rules"]);
    let rules = path.remove(&mut desired.object);
    let is_empty = |rules: &Value| rules.is_null() || rules.as_array().is_some_and(Vec::is_empty);
    if rules.is_some_and(|rules| !is_empty(&rules)) {
        let message = format!("the `rules` of {} are left out: it collects those of others", desired.address);
        let warning = Diagnostic::warning(codes::SERVER_FIELD, message)
            .help("put them into a role of their own, with a label that the `aggregationRule` selects");
        mistakes.push(places.of(&desired.origins, &path).mark(warning, ""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::facts::Facts;
    use crate::resource::Address;
    use serde_json::json;

    fn left(object: &Value) -> (Value, usize) {
        let mut desired = Desired::new(Address::block("resource", "r"), object.clone()).unwrap();
        let mut mistakes = Vec::new();
        leave_to_controllers(&mut desired, Vec::new(), &Places::new(&Facts::default()), &mut mistakes);
        (desired.object.get("rules").cloned().unwrap_or_default(), mistakes.len())
    }

    #[test]
    fn the_rules_of_an_aggregated_role_are_not_ours() {
        let role = |rules: Value| {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                   "metadata": {"name": "r"}, "rules": rules})
        };
        let mut aggregated = role(json!([]));
        assert_eq!(left(&aggregated), (json!([]), 0));
        aggregated["aggregationRule"] = json!({"clusterRoleSelectors": []});
        assert_eq!(left(&aggregated), (Value::Null, 0));
        aggregated["rules"] = json!({"verbs": ["get"]});
        assert_eq!(left(&aggregated), (Value::Null, 1));
        aggregated["rules"] = json!([{"verbs": ["get"]}]);
        assert_eq!(left(&aggregated), (Value::Null, 1));
    }
}
