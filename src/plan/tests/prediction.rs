//! What the server cannot be asked, and values that are known only after the apply.

use serde_json::json;

use super::world::*;
use crate::kubernetes::immutable::Loss;
use crate::plan::{Action, After, Fidelity, Obstacle, PredictionReason, Reason, UnknownValue};
use crate::resource::{
    Desired, Expression, FieldPath, GroupKind, LiveReference, Problem, ProblemKind, Reference,
};

fn referring(field: &str) -> Desired {
    let mark = Reference::Live(LiveReference { text: format!("resource.lb.{field}") }).mark();
    let mut desired = desired("user", config_map("user", json!({"address": mark})));
    let path: FieldPath = "data.address".parse().unwrap();
    desired.unresolved.insert(path, Expression::parse(&mark).unwrap().unwrap());
    desired
}

#[test]
fn what_stands_in_a_new_namespace_is_predicted() {
    let space = namespace("a");
    let mut world = World::default();
    let plan = world.plan(input(vec![desired("a", space), desired("c", config_map("c", json!({"k": "v"})))]));
    assert_eq!(plan.summary().add, 2);
    assert_eq!(plan.changes[0].fidelity, Fidelity::DryRun);
    assert_eq!(
        plan.changes[1].fidelity,
        Fidelity::Predicted(PredictionReason::NamespaceCreated { namespace: "a".into() })
    );
    assert_eq!(world.previews.len(), 1);
}

#[test]
fn a_custom_resource_of_a_new_crd_is_predicted() {
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.x.y"}, "spec": {"group": "x.y", "names": {"kind": "Foo"}}});
    let foo = json!({"apiVersion": "x.y/v1", "kind": "Foo", "metadata": {"name": "f", "namespace": "a"}});
    let plan = World::default().plan(input(vec![desired("crd", crd), desired("foo", foo)]));
    let defined = GroupKind { group: "x.y".into(), kind: "Foo".into() };
    assert_eq!(plan.changes[1].fidelity, Fidelity::Predicted(PredictionReason::KindCreated { defined }));
}

#[test]
fn a_value_of_a_new_object_is_known_after_apply() {
    let lb = config_map("lb", json!({}));
    let plan = World::default().plan(input(vec![desired("lb", lb), referring("status.ip")]));
    let field = &plan.changes[1].fields[0];
    assert_eq!(field.after, After::Unknown(UnknownValue::Expression("${resource.lb.status.ip}".into())));
    assert!(matches!(plan.changes[1].fidelity, Fidelity::Predicted(_)));
}

#[test]
fn a_value_of_an_object_that_stays_is_read_from_it() {
    let lb = config_map("lb", json!({}));
    let mut live = marked(lb.clone(), "resource.lb");
    live["status"] = json!({"ip": "192.0.2.7"});
    let mut world = World::default().with(live);
    let plan = world.plan(input(vec![desired("lb", lb), referring("status.ip")]));
    assert_eq!(plan.changes[1].fields[0].after, After::Value(json!("192.0.2.7")));
    assert_eq!(plan.changes[1].fidelity, Fidelity::DryRun);
}

/// A controller writes the status again when it sees the change: the certificate of other names has another revision.
#[test]
fn a_status_is_known_after_apply_where_the_specification_changes() {
    let lb = |port: u16| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "lb", "namespace": "a"}, "spec": {"port": port}});
    let mut live = marked(lb(80), "resource.lb");
    live["status"] = json!({"ip": "192.0.2.7"});
    let planned = |port: u16, field: &str| {
        let mut world = World::default().with(live.clone());
        let plan = world.plan(input(vec![desired("lb", lb(port)), referring(field)]));
        plan.changes[1].fields[0].after.clone()
    };
    let later = After::Unknown(UnknownValue::Expression("${resource.lb.status.ip}".into()));
    assert_eq!(planned(443, "status.ip"), later);
    assert_eq!(planned(80, "status.ip"), After::Value(json!("192.0.2.7")));
    assert_eq!(planned(443, "spec.port"), After::Value(json!(443)));
}

#[test]
fn a_prediction_knows_what_cannot_change() {
    let job = |image: &str| {
        json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "j", "namespace": "a"}, "spec": {"template": {"image": image}, "parallelism": 1}})
    };
    let no_right = Problem::new(ProblemKind::Forbidden, "no right");
    let mut world =
        World::default().with(marked(job("x"), "resource.j")).refusing(&job("y"), no_right.clone());
    let plan = world.plan(input(vec![desired("j", job("y"))]));
    assert_eq!(actions(&plan), [("resource.j".into(), Action::Replace)]);
    assert!(matches!(plan.changes[0].fidelity, Fidelity::Predicted(_)));
    let fields = vec!["spec.template.image".parse().unwrap()];
    let immutable = Reason::ImmutableFields { object_kind: "Job".into(), fields };
    assert_eq!(plan.changes[0].reasons, [immutable, Reason::ReplacementLoss { loss: Loss::JobRun }]);
    // A claim is refused all the same.
    let claim = |mode: &str| {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "d", "namespace": "a"}, "spec": {"volumeMode": mode}})
    };
    let mut world = World::default().with(marked(claim("a"), "resource.d")).refusing(&claim("b"), no_right);
    let plan = world.plan(input(vec![desired("d", claim("b"))]));
    let Obstacle::Replacement { reasons, .. } = &plan.refusals[0].obstacle else { panic!("{plan:?}") };
    assert_eq!(plan.refusals[0].obstacle.kind(), ProblemKind::Rejected);
    assert!(reasons.contains(&Reason::ReplacementLoss { loss: Loss::Data }), "{reasons:?}");
}

#[test]
fn the_schema_of_a_kind_is_asked_for_once_and_only_where_something_is_predicted() {
    let no_right = Problem::new(ProblemKind::Forbidden, "no right");
    let (one, two) = (config_map("one", json!({"k": "v"})), config_map("two", json!({"k": "v"})));
    let both = || vec![desired("one", one.clone()), desired("two", two.clone())];
    let mut world = World::default().refusing(&one, no_right.clone()).refusing(&two, no_right);
    assert_eq!(world.plan(input(both())).summary().add, 2);
    assert_eq!(world.schemas_asked, [GroupKind { group: String::new(), kind: "ConfigMap".into() }]);
    let mut world = World::default();
    world.plan(input(both()));
    assert_eq!(world.schemas_asked, []);
}

#[test]
fn a_kind_that_is_not_served_is_an_error_also_in_a_new_namespace() {
    let objects = ["c", "d"].map(|name| desired(name, config_map(name, json!({"k": "v"}))));
    let resources = [vec![desired("a", namespace("a"))], objects.to_vec()].concat();
    let mut world = World { unserved: vec!["ConfigMap"], ..World::default() };
    let plan = world.plan(input(resources.clone()));
    assert_eq!(
        world.kinds_asked,
        ["ConfigMap"],
        "a kind is asked about once, and only where it is predicted"
    );
    let refused: Vec<&str> = plan.refusals.iter().map(|refusal| problem(refusal).message.as_str()).collect();
    assert_eq!(refused, ["not served", "not served"]);
    // Where the namespace is there, the dry-run says it.
    let mut world = World::default().with(marked(namespace("a"), "resource.a"));
    world.plan(input(resources));
    assert!(world.kinds_asked.is_empty());
}

#[test]
fn a_kind_that_this_plan_defines_is_not_asked_about() {
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.x.y"}, "spec": {"group": "x.y", "names": {"kind": "Foo"}}});
    let service = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1.z.y"}, "spec": {"group": "z.y", "version": "v1", "service": {"name": "s", "namespace": "n"}}});
    let of_group = |group: &str| json!({"apiVersion": format!("{group}/v1"), "kind": "Foo", "metadata": {"name": "f", "namespace": "a"}});
    let resources = vec![
        desired("a", namespace("a")),
        desired("crd", crd),
        desired("service", service),
        desired("x", of_group("x.y")),
        desired("z", of_group("z.y")),
    ];
    let mut world = World { unserved: vec!["Foo"], ..World::default() };
    let plan = world.plan(settle(input(resources)).unwrap());
    assert_eq!(plan.summary().add, 5, "{:?}", plan.refusals);
    assert!(world.kinds_asked.is_empty());
}
