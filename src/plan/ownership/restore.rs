//! Ownership that an apply restores, though every value is as it should be.
//!
//! Whoever changes a field takes it from us, and stays its owner when the old value is set again. As long as the
//! field is not ours, removing it from the configuration would not remove it from the object.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::kubernetes::field_manager;
use crate::kubernetes::marks::is_ours_path;
use crate::plan::model::field_change::Cause;
use crate::plan::model::reason::{OwnedField, Reason};
use crate::plan::ownership::attribution::common_cause;
use crate::plan::ownership::field_owners::{FieldOwners, FieldPosition, Transition};
use crate::resource::{FieldManager, FieldPath, FieldSet, Live};

/// An update in which no field gets another value.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::plan) struct ChangeWithoutFields {
    /// What changes instead.
    pub(in crate::plan) reason: Reason,
    /// Whose change it is.
    pub(in crate::plan) cause: Cause,
}

/// What an apply would change in the ownership of the object, if anything: fields that it takes back, and
/// fields that it gives up and that stay because others own them too.
///
/// A map that is sent empty does not count: whoever puts something into it takes nothing from us.
pub(in crate::plan) fn restored_ownership(
    project: &str,
    sent: &Value,
    live: &Live,
    answer: &Live,
) -> Option<ChangeWithoutFields> {
    let manager = field_manager(project);
    let (now, then) = (live.ownership.applied_by(&manager), answer.ownership.applied_by(&manager));
    let is_empty = |path: &FieldPath| path.get(sent).and_then(Value::as_object).is_some_and(Map::is_empty);
    let mut gained = only_in(then, now);
    gained.retain(|path| !is_empty(path));
    let lost = only_in(now, then);
    if gained.is_empty() && lost.is_empty() {
        return moved_version(&manager, live, answer);
    }
    let transition = Transition { before: &live.object, after: &answer.object };
    let owners = FieldOwners::new(project, live, transition);
    let with_managers = |path: FieldPath| {
        let managers = owners.managers(&FieldPosition::new(path.clone(), transition));
        (path, managers)
    };
    let to_show = |paths: Vec<FieldPath>| -> Vec<_> {
        paths.into_iter().filter(|path| !is_ours_path(path)).map(with_managers).collect()
    };
    let (taken, released) = (to_show(gained), to_show(lost));
    let drift = |(_, managers): &(FieldPath, Vec<FieldManager>)| Cause::Drift { by: managers.clone() };
    let causes: Vec<Cause> = taken.iter().map(drift).chain(released.first().map(|_| Cause::Yours)).collect();
    let owned = |(field, managers): (FieldPath, Vec<FieldManager>)| OwnedField {
        field,
        manager: managers.into_iter().next().map(|manager| manager.name),
    };
    let reason = Reason::OwnershipOnly {
        taken: taken.into_iter().map(owned).collect(),
        released: released.into_iter().map(owned).collect(),
    };
    Some(ChangeWithoutFields { reason, cause: common_cause(&causes) })
}

/// The server keeps the API version of our last apply. To apply in another version is a write, though nothing
/// else changes.
fn moved_version(manager: &str, live: &Live, answer: &Live) -> Option<ChangeWithoutFields> {
    let version = |live: &Live| Some(live.ownership.apply_entry(manager)?.api_version.clone());
    let (now, then) = (version(live)?, version(answer)?);
    (now != then).then_some(ChangeWithoutFields {
        reason: Reason::ApiVersionOnly { from: now, to: then },
        cause: Cause::Yours,
    })
}

/// The fields that the first set has and the second one has not; those that only hold others are left out.
fn only_in(set: Option<&FieldSet>, other: Option<&FieldSet>) -> Vec<FieldPath> {
    let owned = |set: Option<&FieldSet>| set.map(FieldSet::owned_paths).unwrap_or_default();
    let theirs: BTreeSet<FieldPath> = owned(other).into_iter().map(|(path, _)| path).collect();
    let fields = owned(set).into_iter().filter(|(_, is_parent)| !is_parent);
    fields.map(|(path, _)| path).filter(|path| !theirs.contains(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing;
    use crate::plan::testing::entry;
    use crate::resource::Operation;
    use serde_json::json;

    fn live(entries: &[(&str, Operation, &[&str])]) -> Live {
        let entries = entries.iter().map(|(manager, operation, paths)| entry(manager, *operation, paths));
        testing::live(json!({"spec": {"replicas": 2, "paused": true}}), entries.collect())
    }

    fn owned(field: &str, manager: Option<&str>) -> OwnedField {
        OwnedField { field: field.parse().unwrap(), manager: manager.map(str::to_owned) }
    }

    fn only(taken: Vec<OwnedField>, released: Vec<OwnedField>) -> Reason {
        Reason::OwnershipOnly { taken, released }
    }

    #[test]
    fn a_field_that_somebody_wrote_and_put_back_is_taken_back() {
        let before = live(&[
            ("regplan:p", Operation::Apply, &["spec.paused"]),
            ("kubectl", Operation::Update, &["spec.replicas"]),
        ]);
        let after = live(&[("regplan:p", Operation::Apply, &["spec.paused", "spec.replicas"])]);
        let found = restored_ownership("p", &json!({}), &before, &after).unwrap();
        assert_eq!(found.reason, only(vec![owned("spec.replicas", Some("kubectl"))], vec![]));
        let Cause::Drift { by } = found.cause else { panic!("{:?}", found.cause) };
        assert_eq!(by[0].name, "kubectl");
        assert_eq!(restored_ownership("p", &json!({}), &after, &after), None);
    }

    #[test]
    fn an_empty_map_that_others_filled_is_nobodys_loss() {
        let before = live(&[("regplan:p", Operation::Apply, &["spec.paused"])]);
        let after = live(&[("regplan:p", Operation::Apply, &["spec.paused", "spec.extra"])]);
        let sent = |extra: Value| json!({"spec": {"paused": true, "extra": extra}});
        assert_eq!(restored_ownership("p", &sent(json!({})), &before, &after), None);
        assert!(restored_ownership("p", &sent(json!({"a": 1})), &before, &after).is_some());
    }

    #[test]
    fn a_field_that_left_the_configuration_is_left_to_who_owns_it_too() {
        let before = live(&[
            ("regplan:p", Operation::Apply, &["spec.paused", "spec.replicas"]),
            ("scaler", Operation::Update, &["spec.replicas"]),
        ]);
        let after = live(&[("regplan:p", Operation::Apply, &["spec.paused"])]);
        let found = restored_ownership("p", &json!({}), &before, &after).unwrap();
        assert_eq!(found.reason, only(vec![], vec![owned("spec.replicas", Some("scaler"))]));
        assert_eq!(found.cause, Cause::Yours);
    }

    #[test]
    fn an_object_that_we_own_nothing_of_is_taken_back_whole() {
        let paths: &[&str] = &["a", "b", "c", "d", r#"metadata.annotations["regplan.dev/project"]"#];
        let after = live(&[("regplan:p", Operation::Apply, paths)]);
        let found = restored_ownership("p", &json!({}), &live(&[]), &after).unwrap();
        assert_eq!(found.reason, only(["a", "b", "c", "d"].map(|field| owned(field, None)).to_vec(), vec![]));
        let marks = live(&[("regplan:p", Operation::Apply, &paths[4..])]);
        let found = restored_ownership("p", &json!({}), &live(&[]), &marks).unwrap();
        assert_eq!(found.reason, only(vec![], vec![]));
    }
}
