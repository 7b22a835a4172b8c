//! The values that nobody may see, for those who must recognise them in what is said.

use serde_json::Value;

use crate::kubernetes::secret_data;
use crate::plan::diff::field_changes::leaves;
use crate::plan::diff::sensitive_fields::SensitiveFields;
use crate::resource::{Desired, FieldPath};

/// The secret values of a desired object. A value that is not known yet is its expression, which is no secret.
pub fn desired_secrets(desired: &Desired) -> Vec<&Value> {
    let mut found = Vec::new();
    for path in secret_data::secret_paths(desired) {
        if let Some(value) = path.get(&desired.object) {
            collect(desired, &path, value, &mut found);
        }
    }
    found
}

fn collect<'d>(desired: &Desired, path: &FieldPath, value: &'d Value, found: &mut Vec<&'d Value>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, below)| collect(desired, &path.key(key.as_str()), below, found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| collect(desired, &path.index(at), item, found));
        }
        value => {
            if !desired.unresolved.touches(path) && !desired.unchecked.touches(path) {
                found.push(value);
            }
        }
    }
}

/// The values of a live object that nobody may see now that this is desired: also those that an earlier
/// configuration hid, or that somebody else put where a secret is to stand.
pub fn live_secrets(desired: &Desired, live: &Value) -> Vec<Value> {
    let sensitive_fields = SensitiveFields::new(desired, live);
    let hidden = leaves(live).into_iter().filter(|(path, _)| sensitive_fields.hides(path));
    hidden.map(|(_, value)| value.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, Unchecked};
    use serde_json::json;

    fn desired(object: Value) -> Desired {
        Desired::new(Address::block("resource", "x"), object).unwrap()
    }

    #[test]
    fn what_is_known_of_a_secret_is_one_beside_what_is_not() {
        let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
                            "data": {"known": "aHVudGVyMg==", "not": "${resource.lb.spec.clusterIP}"}});
        let mut desired = desired(object);
        let why = Unchecked { reason: "not set".into() };
        desired.unchecked.insert("data.not".parse().unwrap(), why);
        desired.sensitive.insert("data".parse().unwrap(), ());
        assert_eq!(desired_secrets(&desired), ["aHVudGVyMg=="]);
    }

    #[test]
    fn what_is_marked_in_a_list_is_a_secret_and_its_neighbour_is_none() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
                            "data": {"open": "public", "list": ["hunter2", "x"]}});
        let mut desired = desired(object);
        desired.sensitive.insert("data.list[0]".parse().unwrap(), ());
        assert_eq!(desired_secrets(&desired), ["hunter2"]);
    }

    #[test]
    fn what_only_the_live_object_holds_is_a_secret_too() {
        let object = |value: &str| {
            json!({"apiVersion": "v1", "kind": "ConfigMap",
                   "metadata": {"name": "c", "annotations": {"regplan.dev/sensitive": "[\"data.old\"]"}},
                   "data": {"key": value, "old": "hunter0", "open": "x"}})
        };
        let mut desired = desired(object("hunter2"));
        desired.sensitive.insert("data.key".parse().unwrap(), ());
        assert_eq!(live_secrets(&desired, &object("hunter1")), ["hunter1", "hunter0"]);
    }
}
