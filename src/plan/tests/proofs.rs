//! What is proved unchanged, and what that saves.

use super::*;

/// A world in which everything is ours as it is desired, and a plan that knows it.
fn applied(objects: &[Value]) -> (World, Input) {
    let mut world = World::default();
    let mut wanted = input(
        objects
            .iter()
            .map(|object| desired(object["metadata"]["name"].as_str().unwrap(), object.clone()))
            .collect(),
    );
    for one in wanted.desired.clone() {
        let sent = sent::object::object(
            &one,
            None,
            ownership::belonging::ObjectOwner { project: "p", lineage: "l" },
        );
        let mut live = testing::owned(
            sent.clone(),
            &[
                "metadata.annotations[\"regplan.dev/project\"]",
                "metadata.annotations[\"regplan.dev/lineage\"]",
                "metadata.annotations[\"regplan.dev/address\"]",
                "data.k",
            ],
        );
        live.stamp.uid = format!("uid-{}", one.identity.name);
        wanted = known(wanted, &one.address, &one.object);
        wanted.known.get_mut(&one.address).unwrap().applied = Some(Arc::new(record("p", &one, &sent, &live)));
        world.objects.insert(one.identity.clone(), live);
    }
    (world, wanted)
}

fn fidelity(plan: &Plan) -> &Fidelity {
    &plan.changes[0].fidelity
}

#[test]
fn what_is_proved_is_not_tried() {
    let object = config_map("c", json!({"k": "v"}));
    let (mut world, wanted) = applied(std::slice::from_ref(&object));
    let plan = world.plan(wanted.clone());
    assert_eq!((actions(&plan)[0].1, fidelity(&plan)), (Action::None, &Fidelity::Proved(Proof::Record)));
    assert_eq!(plan.changes[0].tracking, Tracking::Known);
    // Without a record the object itself is proof, and a record is made of it.
    let mut forgotten = wanted;
    forgotten.known.clear();
    let plan = world.plan(forgotten);
    assert_eq!((actions(&plan)[0].1, fidelity(&plan)), (Action::None, &Fidelity::Proved(Proof::Ownership)));
    assert!(plan.changes[0].applied.is_some());
    assert!(world.previews.is_empty());
}

#[test]
fn a_record_of_another_object_proves_nothing() {
    let object = config_map("c", json!({"k": "v"}));
    let (mut world, wanted) = applied(std::slice::from_ref(&object));
    let live = world.objects.values_mut().next().unwrap();
    live.stamp.uid = "recreated".into();
    // What the record alone could prove: a value that is stored in another form.
    live.object["data"]["k"] = json!("stored");
    let plan = world.plan(wanted);
    assert_eq!(fidelity(&plan), &Fidelity::DryRun);
}

#[test]
fn an_object_that_is_being_deleted_is_never_unchanged() {
    let object = config_map("c", json!({"k": "v"}));
    let (mut world, wanted) = applied(std::slice::from_ref(&object));
    let live = world.objects.values_mut().next().unwrap();
    live.object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let plan = world.plan(wanted);
    assert_eq!((plan.changes.len(), plan.refusals.len()), (0, 1));
}

#[test]
fn a_record_of_what_was_only_tried_is_the_servers_answer() {
    let object = config_map("c", json!({"k": "v"}));
    let (mut world, mut wanted) = applied(std::slice::from_ref(&object));
    wanted.known.clear();
    // All is as it should be, but nothing is ours: the record must not say that this is how it should be.
    world.objects.values_mut().next().unwrap().ownership = Ownership::default();
    let plan = world.plan(wanted.clone());
    assert_eq!(fidelity(&plan), &Fidelity::DryRun);
    let address = Address::block("resource", "c");
    let mut later = known(wanted, &address, &object);
    later.known.get_mut(&address).unwrap().applied = plan.changes[0].applied.clone();
    assert_eq!(fidelity(&world.plan(later)), &Fidelity::DryRun);
}

#[test]
fn a_proved_object_with_a_predecessor_still_loses_it() {
    let object = config_map("new", json!({"k": "v"}));
    let (mut world, mut wanted) = applied(std::slice::from_ref(&object));
    let old = marked(config_map("old", json!({})), "resource.new");
    world = world.with(old.clone());
    wanted.known.get_mut(&Address::block("resource", "new")).unwrap().target = Target::of(&old).unwrap();
    wanted.known.get_mut(&Address::block("resource", "new")).unwrap().uid = "uid-old".into();
    let plan = world.plan(wanted);
    assert_eq!(actions(&plan)[0].1, Action::Update);
    assert!(plan.changes[0].replaced.is_some());
}

#[test]
fn a_shared_namespace_is_only_looked_at() {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}});
    let mut namespace = desired("team", object.clone());
    namespace.shared = true;
    let mut world = World::default().with(object);
    let plan = world.plan(input(vec![namespace]));
    assert_eq!((actions(&plan)[0].1, fidelity(&plan)), (Action::None, &Fidelity::Observed));
    assert!(world.previews.is_empty() && plan.changes[0].applied.is_none());
}

#[test]
fn whose_change_it_is_is_told_however_it_is_known() {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "a"},
                     "spec": {"template": {"x": 2, "y": 3}}});
    let address = Address::block("resource", "j");
    let mut live = marked(job.clone(), "resource.j");
    live["spec"]["template"] = json!({"x": 1, "y": 2});
    let held = |value: u8| crate::resource::Held::Value(json!(value));
    let fields = [("spec.template.x".to_owned(), held(2)), ("spec.template.y".to_owned(), held(2))];
    let applied = crate::resource::Applied {
        resource_version: "1".into(),
        fields: fields.into(),
        ..Default::default()
    };
    let told = |problem: Option<Problem>| {
        let mut world = World::default().with(live.clone());
        if let Some(problem) = problem {
            world = world.refusing(&job, problem);
        }
        let mut wanted = known(input(vec![desired("j", job.clone())]), &address, &job);
        wanted.known.get_mut(&address).unwrap().applied = Some(Arc::new(applied.clone()));
        let plan = world.plan(wanted);
        let causes: Vec<Cause> = plan.changes[0].fields.iter().map(|field| field.cause.clone()).collect();
        (plan.changes[0].action, matches!(plan.changes[0].fidelity, Fidelity::Predicted(_)), causes)
    };
    let causes = vec![Cause::Drift { by: vec![] }, Cause::Yours];
    assert_eq!(told(None), (Action::Update, false, causes.clone()));
    let no_dry_run = Problem::new(ProblemKind::DryRunRefused, "a webhook takes no dry-runs");
    // What a Job is made of cannot change: where the server cannot say so, the table does.
    assert_eq!(told(Some(no_dry_run)), (Action::Replace, true, causes.clone()));
    assert_eq!(told(Some(immutable("spec.template"))), (Action::Replace, false, causes));
}

#[test]
fn marks_that_somebody_took_away_are_drift() {
    let object = config_map("c", json!({}));
    let address = Address::block("resource", "c");
    let mut world = World::default().with(object.clone());
    let mut wanted = known(input(vec![desired("c", object.clone())]), &address, &object);
    let marks = [PROJECT, LINEAGE, ADDRESS].map(|key| FieldPath::keys(["metadata", "annotations", key]));
    let values = ["p", "l", "resource.c"].map(|value| crate::resource::Held::Value(json!(value)));
    let fields = marks.iter().map(ToString::to_string).zip(values).collect();
    let applied = crate::resource::Applied { resource_version: "1".into(), fields, ..Default::default() };
    wanted.known.get_mut(&address).unwrap().applied = Some(Arc::new(applied));
    let plan = world.plan(wanted);
    let change = &plan.changes[0];
    assert_eq!(change.reasons, [Reason::AnnotationsOnly]);
    assert_eq!(change.cause, Some(Cause::Drift { by: vec![] }));
    assert_eq!(plan.occasion(), Some(Occasion::Drift));
}
