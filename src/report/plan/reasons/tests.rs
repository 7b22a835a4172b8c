use super::*;
use crate::plan::{Cure, Deed, Proof};
use crate::resource::{Address, GroupKind, Identity, Problem, ProblemKind};
use serde_json::json;

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

fn address() -> Address {
    Address::block("resource", "a")
}

fn managers(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn owned(field: &str, manager: Option<&str>) -> OwnedField {
    OwnedField { field: path(field), manager: manager.map(str::to_owned) }
}

#[test]
fn every_reason_has_its_sentence() {
    let released = |value| Reason::IgnoredFieldReleased { field: path("spec.replicas"), value };
    for (reason, sentence) in [
        (Reason::AppliedBefore, "it was applied before, and is gone"),
        (Reason::ReplaceRequested, "requested by --replace"),
        (Reason::ReplaceTriggered { by: address() }, "resource.a changes, and triggers a replacement"),
        (
            Reason::PredecessorDeleted { predecessor: Identity::namespaced("", "ConfigMap", "a", "old") },
            "ConfigMap a/old is deleted: it had this address",
        ),
        (Reason::MadeAgainByOthers, "it was deleted and made again by others"),
        (Reason::AnnotationsOnly, "only our annotations change"),
        (
            Reason::ApiVersionOnly { from: "autoscaling/v1".into(), to: "autoscaling/v2".into() },
            "only the API version that we write changes: autoscaling/v1 -> autoscaling/v2",
        ),
        (
            Reason::IgnoredFieldSet { field: path("spec.replicas") },
            "spec.replicas is set once, and then left to others",
        ),
        (
            released(Some(json!("5"))),
            "spec.replicas is handed over: it stays \"5\", and regplan does not manage it any more",
        ),
        (
            released(None),
            "spec.replicas is handed over: it stays as it is, and regplan does not manage it any more",
        ),
        (
            Reason::IgnoredFieldLeft { field: path("spec.replicas"), managers: managers(&["x", "y"]) },
            "spec.replicas is left to x, y, who owns it too",
        ),
        (Reason::Adopted { made_by: vec![] }, "taken over; it was made by an unknown manager"),
        (Reason::Adopted { made_by: managers(&["x", "y"]) }, "taken over; it was made by x, y"),
        (
            Reason::AdoptedFrom { managers: managers(&["helm", "x"]) },
            "taken over from helm, x: regplan manages these fields from now on",
        ),
        (
            Reason::ReleasedByRemoved { place: "regplan.toml:7".into() },
            "[[removed]] in regplan.toml:7 keeps its object",
        ),
        (Reason::NameTaken, "another object has its name now, and is left unchanged"),
        (
            Reason::RunByHelm,
            "Helm has run it, and it is not known for which release: it is left unchanged; `kubectl delete` deletes it",
        ),
        (
            Reason::RunTakenOver,
            "Helm has run it; what is left of that is taken over, and goes with the chart",
        ),
        (Reason::KnownElsewhere, "it has another address now"),
        (Reason::RunsAfterFailure, "it has failed, and runs again"),
        (Reason::RanAsTest, "what is there is of a test: `regplan verify` has run it"),
        (Reason::Completed, "it has completed, and runs again when it changes"),
        (Reason::HelmRecord, "by it, a later `helm uninstall` would delete what regplan manages from now on"),
        (Reason::NotItsMoment, "it runs when something else happens to its chart"),
        (Reason::GoneAlready, "it is gone already"),
        (Reason::Protected { address: address() }, "protected: `--consent resource.a` deletes it"),
        (
            Reason::ThereBefore { address: address() },
            "it was there before it was taken over: `--consent resource.a` deletes it",
        ),
        (Reason::HoldsProtected { address: address() }, "it contains resource.a, which stays"),
        (Reason::HoldsReleased { address: address() }, "it contains resource.a, which [[removed]] keeps"),
        (
            Reason::HoldsDesired { address: address() },
            "it contains resource.a, which is in the configuration",
        ),
    ] {
        assert_eq!(super::sentence(&[reason]).as_deref(), Some(sentence));
    }
}

#[test]
fn every_loss_has_its_words() {
    for (loss, words) in [
        (Loss::Nothing, "nothing else is lost"),
        (Loss::RunningPods, "its pods are stopped and started again"),
        (
            Loss::RunningPodsOfStatefulSet,
            "its pods are stopped and started again; its claims stay, unless its retention policy says otherwise",
        ),
        (Loss::JobRun, "its pods and their logs are deleted, and it runs again"),
        (Loss::RunningPod, "it is stopped, its logs are deleted, and it is started again"),
        (Loss::ClusterIp, "its cluster IP changes"),
        (Loss::Data, "its data are lost"),
        (
            Loss::VolumeOfClaim,
            "its claim loses its volume, and with the reclaim policy Delete the data are lost",
        ),
        (Loss::OtherKeys, "fields not in the configuration are removed"),
        (Loss::RightsMeanwhile, "until the new one is there, its subjects lack these rights"),
        (
            Loss::StorageClassMeanwhile,
            "volumes stay as they are; until the new one is there, no claim of this class is served",
        ),
        (
            Loss::CsiDriverMeanwhile,
            "until the new one is there, its volumes are attached as if there were none",
        ),
        (Loss::CustomResources, "all of its custom resources are deleted"),
        (Loss::PriorityOfRunningPods, "existing pods keep their priority"),
        (Loss::IngressClassMeanwhile, "until the new one is there, no controller serves its Ingresses"),
        (Loss::MadeByController, "what its controller made for it goes with it, its data too"),
        (Loss::RuntimeClassMeanwhile, "until the new one is there, no pod of it starts"),
    ] {
        assert_eq!(sentence(&[Reason::ReplacementLoss { loss }]).as_deref(), Some(words));
    }
}

#[test]
fn three_fields_are_named_and_the_others_counted() {
    let immutable = |fields: &[&str]| {
        let fields = fields.iter().map(|field| path(field)).collect();
        let reason = Reason::ImmutableFields { object_kind: "Job".into(), fields };
        sentence(&[reason, Reason::ReplacementLoss { loss: Loss::Nothing }]).unwrap()
    };
    assert_eq!(immutable(&[]), "an existing Job cannot be changed this way; nothing else is lost");
    assert_eq!(immutable(&["a", "b"]), "a, b cannot be changed on an existing Job; nothing else is lost");
    assert_eq!(
        immutable(&["a", "b", "c", "d", "e"]),
        "a, b, c and 2 more cannot be changed on an existing Job; nothing else is lost"
    );
}

#[test]
fn fields_whose_ownership_changes_are_named_with_their_owners() {
    let ownership = |taken: Vec<OwnedField>, released: Vec<OwnedField>| {
        sentence(&[Reason::OwnershipOnly { taken, released }]).unwrap()
    };
    assert_eq!(ownership(vec![], vec![]), "only the ownership of our annotations changes");
    assert_eq!(
        ownership(vec![owned("spec.replicas", Some("kubectl"))], vec![owned("spec.paused", Some("scaler"))]),
        "only ownership changes: spec.replicas (last written by kubectl), spec.paused (left to scaler)"
    );
    let four = ["a", "b", "c", "d"].map(|field| owned(field, None)).to_vec();
    assert_eq!(ownership(four, vec![]), "only ownership changes: a, b, c and 1 more");
}

#[test]
fn several_reasons_are_one_sentence() {
    assert_eq!(sentence(&[]), None);
    let loss = Reason::ReplacementLoss { loss: Loss::RunningPods };
    assert_eq!(
        sentence(&[Reason::ReplaceRequested, loss]).as_deref(),
        Some("requested by --replace; its pods are stopped and started again")
    );
    assert_eq!(
        sentence(&[Reason::NothingToReplace]).as_deref(),
        Some("--replace finds nothing to delete: it is not there yet")
    );
    assert_eq!(
        sentence(&[Reason::NothingToReplace, Reason::AppliedBefore]).as_deref(),
        Some("--replace finds nothing to delete: it was applied before, and is gone")
    );
}

#[test]
fn why_the_server_was_not_asked_is_told() {
    let defined = || GroupKind { group: "x.y".into(), kind: "Foo".into() };
    let namespace = || "a".to_owned();
    for (reason, words) in [
        (
            PredictionReason::NamespaceCreated { namespace: namespace() },
            "the namespace `a` is made by this plan",
        ),
        (
            PredictionReason::NamespaceMissing { namespace: namespace() },
            "the namespace `a` is not there, and cannot be made",
        ),
        (PredictionReason::KindCreated { defined: defined() }, "the kind Foo.x.y is made by this plan"),
        (PredictionReason::KindChanged { defined: defined() }, "the kind Foo.x.y is changed by this plan"),
        (
            PredictionReason::KindMissing { defined: defined() },
            "the kind Foo.x.y is not there, and cannot be made",
        ),
        (
            PredictionReason::ValuePending { address: address(), field: path("status.ip") },
            "resource.a.status.ip is known only after apply",
        ),
        (
            PredictionReason::DanglingReference { reference: "resource.b.x".into() },
            "`resource.b.x` refers to nothing",
        ),
        (
            PredictionReason::TakenFirst { fields: vec![path("spec.x")] },
            "the server accepts it only without this, which regplan takes over first: spec.x",
        ),
        (
            PredictionReason::DryRunRefused { message: "no dry-runs".into() },
            "the server could not do a dry-run: no dry-runs",
        ),
        (PredictionReason::Forbidden { message: "no right".into() }, "no permission for a dry-run: no right"),
        (
            PredictionReason::RefusedForNow {
                message: "port taken".into(),
                cures: vec![Cure { address: address(), predecessor: None, deed: Deed::Changed }],
            },
            "the server refuses it until resource.a is changed: port taken",
        ),
    ] {
        assert_eq!(prediction(&Fidelity::Predicted(reason)).as_deref(), Some(words));
    }
    for known in [Fidelity::Observed, Fidelity::Proved(Proof::Record), Fidelity::DryRun] {
        assert_eq!(prediction(&known), None);
    }
}

#[test]
fn a_refused_replacement_says_why_it_would_be_one() {
    let problem = Problem::new(ProblemKind::Rejected, "no");
    assert_eq!(refusal(&problem.into()), "no");
    let reasons = vec![Reason::ReplaceTriggered { by: address() }];
    let obstacle = Obstacle::Replacement { reasons, help: String::new() };
    assert_eq!(refusal(&obstacle), "resource.a changes, and triggers a replacement");
}
