//! How a difference is known.

use serde::{Deserialize, Serialize};

use crate::resource::{Address, FieldPath, GroupKind, Identity};

/// How a difference is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum Fidelity {
    /// It was read, and nothing more is needed to know (deletes, shared namespaces).
    Observed,
    /// It was read, and what was read proves that nothing changes.
    Proved(Proof),
    /// The server was asked, and said what it would do.
    DryRun,
    /// The server could not be asked; this says why.
    Predicted(PredictionReason),
}

/// What proves that a resource is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The record of the last apply: the same is sent, and what came of it is still there.
    Record,
    /// The object itself: it holds every field that is sent, and we own just these.
    Ownership,
}

/// Why the server could not be asked what a write would change. The words are in `report::plan::reasons`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PredictionReason {
    /// This plan creates the namespace.
    NamespaceCreated {
        /// Its name.
        namespace: String,
    },
    /// The namespace is not there, and something stands against creating it.
    NamespaceMissing {
        /// Its name.
        namespace: String,
    },
    /// This plan creates the definition of the kind.
    KindCreated {
        /// The kind that is defined.
        defined: GroupKind,
    },
    /// This plan changes the definition of the kind.
    KindChanged {
        /// The kind that is defined.
        defined: GroupKind,
    },
    /// The definition of the kind is not there, and something stands against creating it.
    KindMissing {
        /// The kind that is not defined.
        defined: GroupKind,
    },
    /// It takes a value from a field that has none before the apply.
    ValuePending {
        /// The resource that has the field.
        address: Address,
        /// The field.
        field: FieldPath,
    },
    /// It takes a value from something that is not there.
    DanglingReference {
        /// The reference as it is written.
        reference: String,
    },
    /// These fields must become ours before the write can take them away.
    TakenFirst {
        /// The fields, which others own or nobody.
        fields: Vec<FieldPath>,
    },
    /// The server does not take dry-runs of this write.
    DryRunRefused {
        /// What the server said.
        message: String,
    },
    /// Our rights do not allow a dry-run.
    Forbidden {
        /// What the server said.
        message: String,
    },
    /// The server refuses it now, and other changes of this plan, which are done first, cure that.
    RefusedForNow {
        /// What the server said.
        message: String,
        /// These changes.
        cures: Vec<Cure>,
    },
}

/// A change that cures the refusal of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cure {
    /// The resource's address.
    pub address: Address,
    /// The object that had this address before under another name, where it is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Identity>,
    /// What happens to it.
    pub deed: Deed,
}

/// What happens to an object, as far as it matters for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It is made.
    Made,
    /// It is changed, or made anew.
    Changed,
    /// It is deleted.
    Deleted,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_names_in_a_plan_file_are_stable_and_can_be_read_back() {
        let (text, defined) = (|| "a".to_owned(), || GroupKind { group: "x.y".into(), kind: "Foo".into() });
        let pending = PredictionReason::ValuePending {
            address: "resource.a".parse().unwrap(),
            field: "b".parse().unwrap(),
        };
        let object = Identity::cluster("", "Namespace", "a");
        let cure =
            Cure { address: "resource.a".parse().unwrap(), predecessor: Some(object), deed: Deed::Deleted };
        let foo = json!({"group": "x.y", "kind": "Foo"});
        for (reason, written) in [
            (
                PredictionReason::NamespaceCreated { namespace: text() },
                json!({"kind": "namespace_created", "namespace": "a"}),
            ),
            (
                PredictionReason::NamespaceMissing { namespace: text() },
                json!({"kind": "namespace_missing", "namespace": "a"}),
            ),
            (
                PredictionReason::KindCreated { defined: defined() },
                json!({"kind": "kind_created", "defined": foo}),
            ),
            (
                PredictionReason::KindChanged { defined: defined() },
                json!({"kind": "kind_changed", "defined": foo}),
            ),
            (
                PredictionReason::KindMissing { defined: defined() },
                json!({"kind": "kind_missing", "defined": foo}),
            ),
            (pending, json!({"kind": "value_pending", "address": "resource.a", "field": "b"})),
            (
                PredictionReason::DanglingReference { reference: text() },
                json!({"kind": "dangling_reference", "reference": "a"}),
            ),
            (
                PredictionReason::DryRunRefused { message: text() },
                json!({"kind": "dry_run_refused", "message": "a"}),
            ),
            (
                PredictionReason::TakenFirst { fields: vec!["b".parse().unwrap()] },
                json!({"kind": "taken_first", "fields": ["b"]}),
            ),
            (PredictionReason::Forbidden { message: text() }, json!({"kind": "forbidden", "message": "a"})),
            (
                PredictionReason::RefusedForNow { message: text(), cures: vec![cure] },
                json!({"kind": "refused_for_now", "message": "a", "cures": [
                    {"address": "resource.a", "predecessor": {"kind": "Namespace", "name": "a"}, "deed": "deleted"}]}),
            ),
        ] {
            let fidelity = Fidelity::Predicted(reason);
            let written = json!({"kind": "predicted", "reason": written});
            assert_eq!(json!(fidelity), written);
            assert_eq!(serde_json::from_value::<Fidelity>(written).unwrap(), fidelity);
        }
    }
}
