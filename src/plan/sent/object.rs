//! The object that is sent to the server: what is desired, with our marks, and without what is left to others.

use serde_json::Value;

use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT, PROTECT, RUN, SENSITIVE};
use crate::plan::diff::compare::keyed;
use crate::plan::ownership::belonging::ObjectOwner;
use crate::plan::ownership::handover;
use crate::resource::{Desired, FieldPath, Live};

/// The object as it is sent.
///
/// A field that could not be checked keeps its live value. A field under `ignore_changes` is left out, unless this
/// apply makes the object or the list item that holds it.
pub(in crate::plan) fn object(desired: &Desired, live: Option<&Live>, owner: ObjectOwner<'_>) -> Value {
    let mut object = desired.object.clone();
    // By their keys: in the cluster the items may have another order, and a rule below may remove some.
    for (path, _) in desired.unchecked.iter() {
        keep_live(&mut object, &keyed(&desired.object, path), live);
    }
    handover::leave_out(&mut object, desired, live);
    mark(&mut object, desired, owner);
    object
}

fn keep_live(object: &mut Value, path: &FieldPath, live: Option<&Live>) {
    match live.and_then(|live| path.get(&live.object)) {
        Some(value) => {
            path.set(object, value.clone());
        }
        None => {
            path.remove(object);
        }
    }
}

fn mark(object: &mut Value, desired: &Desired, owner: ObjectOwner<'_>) {
    let address = desired.address.to_string();
    let hidden = hidden_paths(desired);
    let mut marks = vec![(PROJECT, owner.project), (LINEAGE, owner.lineage), (ADDRESS, address.as_str())];
    if desired.lifecycle.protect {
        marks.push((PROTECT, "true"));
    }
    if let Some(hidden) = &hidden {
        marks.push((SENSITIVE, hidden));
    }
    if let Some(hook) = &desired.hook {
        marks.push((RUN, &hook.content));
    }
    for (key, value) in marks {
        FieldPath::keys(["metadata", "annotations", key]).set(object, Value::from(value));
    }
}

/// The value of the mark that names the fields that nobody may see. A Secret needs none: all of its content is
/// hidden anyway.
fn hidden_paths(desired: &Desired) -> Option<String> {
    if desired.identity.is("", "Secret") || desired.sensitive.is_empty() {
        return None;
    }
    let paths = desired.sensitive.iter().map(|(path, ())| keyed(&desired.object, path).to_string());
    Some(paths.map(Value::from).collect::<Value>().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing;
    use crate::plan::testing::deployment;
    use crate::resource::{Address, IgnoreRule};
    use serde_json::json;

    fn web(replicas: u32) -> Value {
        deployment(json!({"replicas": replicas}))
    }

    fn desired() -> Desired {
        let mut desired = Desired::new(Address::block("resource", "web"), web(3)).unwrap();
        let path = "spec.replicas".parse().unwrap();
        desired.lifecycle.ignore_changes = vec![IgnoreRule { object: None, path }];
        desired
    }

    fn live() -> Live {
        testing::live(web(5), Vec::new())
    }

    const OWNER: ObjectOwner<'static> = ObjectOwner { project: "p", lineage: "l" };

    #[test]
    fn an_ignored_field_is_sent_only_when_the_object_is_made() {
        assert_eq!(object(&desired(), None, OWNER)["spec"], json!({"replicas": 3}));
        assert_eq!(object(&desired(), Some(&live()), OWNER).get("spec"), None, "nor the map left empty");
    }

    #[test]
    fn a_field_that_could_not_be_checked_keeps_the_live_value_of_its_own_item() {
        let env = |first: &str, second: &str| {
            let item = |name: &str| json!({"name": name, "value": format!("live {name}")});
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"},
                   "spec": {"env": [item(first), item(second)]}})
        };
        let mut desired = Desired::new(Address::block("resource", "p"), env("A", "B")).unwrap();
        let reason = crate::resource::Unchecked { reason: "not set".into() };
        desired.unchecked.insert("spec.env[0].value".parse().unwrap(), reason);
        let live = Live { object: env("B", "A"), ..live() };
        assert_eq!(object(&desired, Some(&live), OWNER)["spec"]["env"][0]["value"], "live A");
    }

    #[test]
    fn every_object_says_whose_it_is() {
        let sent = object(&desired(), None, OWNER);
        let annotations = &sent["metadata"]["annotations"];
        assert_eq!(annotations[PROJECT], "p");
        assert_eq!(annotations[LINEAGE], "l");
        assert_eq!(annotations[ADDRESS], "resource.web");
        assert_eq!(annotations.get(PROTECT), None);
    }
}
