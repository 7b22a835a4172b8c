//! Why a change is made, as data. The words are in `report::plan::reasons`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kubernetes::immutable::Loss;
use crate::resource::{Address, FieldPath, Identity};

/// One reason for a change; a change may have several.
///
/// The names are part of plan files and of the digest of a plan: they stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Reason {
    /// It was applied before, and is not there any more.
    AppliedBefore,
    /// `--replace` names it, and there is nothing to delete. The other reasons say why it is made.
    NothingToReplace,
    /// `--replace` names it.
    ReplaceRequested,
    /// Another resource changes, which its `replace_triggered_by` names.
    ReplaceTriggered {
        /// The resource that changes.
        by: Address,
    },
    /// The server does not change these fields of an existing object.
    ImmutableFields {
        /// The kind of the object.
        object_kind: String,
        /// The fields; none where it is not known which.
        fields: Vec<FieldPath>,
    },
    /// What is lost when the object is deleted and made anew.
    ReplacementLoss {
        /// What is lost.
        loss: Loss,
    },
    /// Another object had the address before, and is deleted.
    PredecessorDeleted {
        /// That object.
        predecessor: Identity,
    },
    /// Helm remembers a release by it whose objects are taken over.
    HelmRecord,
    /// It runs only when something else happens to its chart.
    NotItsMoment,
    /// Others deleted the object, and made it again.
    MadeAgainByOthers,
    /// Nothing but annotations of ours changes.
    AnnotationsOnly,
    /// Nothing but the ownership of fields changes; where no field is named, of our annotations alone.
    OwnershipOnly {
        /// The fields that become ours again, each with its owner.
        taken: Vec<OwnedField>,
        /// The fields that we give up, each with the owner that keeps it.
        released: Vec<OwnedField>,
    },
    /// Nothing but the API version changes in which our fields are recorded.
    ApiVersionOnly {
        /// The version now.
        from: String,
        /// The version afterwards.
        to: String,
    },
    /// A field under `ignore_changes` is set once, with the object or the list item that holds it.
    IgnoredFieldSet {
        /// The field.
        field: FieldPath,
    },
    /// A field under `ignore_changes` that we own is given up, and keeps its value.
    IgnoredFieldReleased {
        /// The field.
        field: FieldPath,
        /// Its value, where it is short and everybody may see it.
        value: Option<Value>,
    },
    /// A field under `ignore_changes` is left to its other owners.
    IgnoredFieldLeft {
        /// The field.
        field: FieldPath,
        /// The other owners.
        managers: Vec<String>,
    },
    /// An object of others is taken over, and no manager loses a field.
    Adopted {
        /// The managers that wrote the object; none where the server keeps no trace.
        made_by: Vec<String>,
    },
    /// An object of others is taken over, and with it the fields of these managers.
    AdoptedFrom {
        /// The managers that lose fields.
        managers: Vec<String>,
    },
    /// `[[removed]]` takes it out of the state, and keeps its object.
    ReleasedByRemoved {
        /// The file and line of the table, `regplan.toml:14`.
        place: String,
    },
    /// Another object has its name now, which is not ours.
    NameTaken,
    /// Helm has run what has its name, and nothing proves for which release.
    RunByHelm,
    /// Helm has run it for the release that its chart takes over: what is left of that is taken over as well.
    RunTakenOver,
    /// The object has another address now, under which the state knows it as well.
    KnownElsewhere,
    /// It has ended by itself, as a Job does, and would run with the same: it may be gone.
    Completed,
    /// It has ended by itself, and runs again because its content is another one.
    RunsAgain,
    /// It has failed, and runs again.
    RunsAfterFailure,
    /// It was run as a test last, which is another run of it.
    RanAsTest,
    /// The object is gone already.
    GoneAlready,
    /// It is protected, and nobody agreed to its deletion.
    Protected {
        /// Its address, by which it is agreed to.
        address: Address,
    },
    /// It was there before it was taken over, which a rollback goes back to, and nobody agreed to its deletion.
    ThereBefore {
        /// Its address, by which it is agreed to.
        address: Address,
    },
    /// It holds an object that stays: deleting it would delete that one too.
    HoldsProtected {
        /// The resource that stays.
        address: Address,
    },
    /// Something that stays stands on it.
    NeededByStaying {
        /// Its address, by which its deletion is agreed to all the same.
        address: Address,
        /// What stays.
        by: Address,
    },
    /// It holds an object that `[[removed]]` lets stay.
    HoldsReleased {
        /// The address under which that object was applied.
        address: Address,
    },
    /// It holds an object that the configuration wants.
    HoldsDesired {
        /// The resource that is wanted.
        address: Address,
    },
}

/// A field, and a manager that owns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedField {
    /// The field.
    pub field: FieldPath,
    /// The manager that wrote it last; nobody where the server keeps no trace.
    pub manager: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Every reason, as it is written.
    fn written() -> Vec<(Reason, Value)> {
        let (address, field) = (Address::block("resource", "a"), "spec.x".parse::<FieldPath>().unwrap());
        let owned = |manager: Option<&str>| {
            vec![OwnedField { field: field.clone(), manager: manager.map(str::to_owned) }]
        };
        let (fields, managers) = (vec![field.clone()], vec!["helm".to_owned()]);
        let predecessor = Identity::cluster("", "Namespace", "old");
        vec![
            (Reason::AppliedBefore, json!({"kind": "applied_before"})),
            (Reason::NothingToReplace, json!({"kind": "nothing_to_replace"})),
            (Reason::ReplaceRequested, json!({"kind": "replace_requested"})),
            (
                Reason::ReplaceTriggered { by: address.clone() },
                json!({"kind": "replace_triggered", "by": "resource.a"}),
            ),
            (
                Reason::ImmutableFields { object_kind: "Job".to_owned(), fields },
                json!({"kind": "immutable_fields", "object_kind": "Job", "fields": ["spec.x"]}),
            ),
            (
                Reason::ReplacementLoss { loss: Loss::Data },
                json!({"kind": "replacement_loss", "loss": "data"}),
            ),
            (
                Reason::PredecessorDeleted { predecessor },
                json!({"kind": "predecessor_deleted", "predecessor": {"kind": "Namespace", "name": "old"}}),
            ),
            (Reason::MadeAgainByOthers, json!({"kind": "made_again_by_others"})),
            (Reason::AnnotationsOnly, json!({"kind": "annotations_only"})),
            (
                Reason::OwnershipOnly { taken: owned(Some("kubectl")), released: owned(None) },
                json!({"kind": "ownership_only",
                       "taken": [{"field": "spec.x", "manager": "kubectl"}],
                       "released": [{"field": "spec.x", "manager": null}]}),
            ),
            (
                Reason::ApiVersionOnly { from: "v1".to_owned(), to: "v2".to_owned() },
                json!({"kind": "api_version_only", "from": "v1", "to": "v2"}),
            ),
            (
                Reason::IgnoredFieldSet { field: field.clone() },
                json!({"kind": "ignored_field_set", "field": "spec.x"}),
            ),
            (
                Reason::IgnoredFieldReleased { field: field.clone(), value: Some(json!(5)) },
                json!({"kind": "ignored_field_released", "field": "spec.x", "value": 5}),
            ),
            (
                Reason::IgnoredFieldLeft { field, managers: managers.clone() },
                json!({"kind": "ignored_field_left", "field": "spec.x", "managers": ["helm"]}),
            ),
            (Reason::Adopted { made_by: managers.clone() }, json!({"kind": "adopted", "made_by": ["helm"]})),
            (Reason::AdoptedFrom { managers }, json!({"kind": "adopted_from", "managers": ["helm"]})),
            (
                Reason::ReleasedByRemoved { place: "regplan.toml:7".to_owned() },
                json!({"kind": "released_by_removed", "place": "regplan.toml:7"}),
            ),
            (Reason::NameTaken, json!({"kind": "name_taken"})),
            (Reason::RunByHelm, json!({"kind": "run_by_helm"})),
            (Reason::RunTakenOver, json!({"kind": "run_taken_over"})),
            (Reason::KnownElsewhere, json!({"kind": "known_elsewhere"})),
            (Reason::Completed, json!({"kind": "completed"})),
            (Reason::RunsAgain, json!({"kind": "runs_again"})),
            (Reason::RunsAfterFailure, json!({"kind": "runs_after_failure"})),
            (Reason::RanAsTest, json!({"kind": "ran_as_test"})),
            (Reason::GoneAlready, json!({"kind": "gone_already"})),
            (
                Reason::Protected { address: address.clone() },
                json!({"kind": "protected", "address": "resource.a"}),
            ),
            (
                Reason::ThereBefore { address: address.clone() },
                json!({"kind": "there_before", "address": "resource.a"}),
            ),
            (
                Reason::HoldsProtected { address: address.clone() },
                json!({"kind": "holds_protected", "address": "resource.a"}),
            ),
            (
                Reason::NeededByStaying { address: address.clone(), by: address.clone() },
                json!({"kind": "needed_by_staying", "address": "resource.a", "by": "resource.a"}),
            ),
            (
                Reason::HoldsReleased { address: address.clone() },
                json!({"kind": "holds_released", "address": "resource.a"}),
            ),
            (Reason::HoldsDesired { address }, json!({"kind": "holds_desired", "address": "resource.a"})),
        ]
    }

    #[test]
    fn the_names_in_a_plan_file_are_stable_and_can_be_read_back() {
        for (reason, written) in written() {
            assert_eq!(json!(reason), written);
            assert_eq!(serde_json::from_value::<Reason>(written).unwrap(), reason);
        }
    }
}
