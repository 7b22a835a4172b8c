//! Objects for the tests of this room and its neighbours.

use serde_json::Value;

use crate::kubernetes::field_manager;
use crate::resource::{FieldPath, FieldSet, Live, ManagedEntry, Operation, Ownership, Stamp};

/// The project whose objects these are.
pub(crate) const P: &str = "p";

/// A set of owned fields, from their paths.
pub(crate) fn fields(paths: &[&str]) -> FieldSet {
    let mut set = FieldSet::default();
    for path in paths {
        let path: FieldPath = path.parse().unwrap();
        let end =
            path.segments().iter().fold(&mut set, |at, step| at.children.entry(step.clone()).or_default());
        end.owned = true;
    }
    set
}

/// An object of which we own these fields by apply.
pub(crate) fn owned(object: Value, paths: &[&str]) -> Live {
    let entry = ManagedEntry {
        manager: field_manager(P),
        operation: Operation::Apply,
        api_version: object["apiVersion"].as_str().unwrap().to_owned(),
        time: None,
        subresource: None,
        fields: fields(paths),
    };
    let stamp = Stamp { uid: "u".into(), version: "1".into() };
    Live { object, stamp, ownership: Ownership { entries: vec![entry] } }
}

/// An object of `apps/v1` with this `spec`.
pub(crate) fn deployment(spec: Value) -> Value {
    let mut object = serde_json::json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "a", "labels": {"app": "web"}}});
    object["spec"] = spec;
    object
}
