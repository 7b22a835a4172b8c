//! The planner against a world of plain data.

mod intents;

use std::sync::Arc;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::*;
use crate::config::Moves;
use crate::provider::{Circle, Contents, Guard, Inhabitant, Write, Written};
use crate::resource::{
    Address, ClusterIdentity, Desired, Expression, FieldPath, Identity, Live, LiveReference, Ownership,
    Problem, ProblemKind, Reading, Reference, Stamp, Target,
};

/// What is there, and what stands against a write.
#[derive(Default)]
struct World {
    objects: HashMap<Identity, Live>,
    unreadable: Vec<Identity>,
    forbidden: Vec<Identity>,
    problems: HashMap<Identity, Problem>,
    previews: Vec<Write>,
    circles: Vec<Circle>,
    contents: Contents,
    /// Whether a write leaves nothing of what was there.
    replacing: bool,
}

impl World {
    fn with(mut self, object: Value) -> Self {
        let identity = Identity::of(&object).unwrap();
        let stamp = Stamp { uid: format!("uid-{}", identity.name), version: "1".into() };
        self.objects.insert(identity, Live { object, stamp, ownership: Ownership::default() });
        self
    }

    fn refusing(mut self, object: &Value, problem: Problem) -> Self {
        self.problems.insert(Identity::of(object).unwrap(), problem);
        self
    }

    fn read(&self, target: &Target) -> Reading {
        if self.forbidden.contains(&target.identity) {
            return Reading::Unreadable(Problem::new(ProblemKind::Forbidden, "no right"));
        }
        if self.unreadable.contains(&target.identity) {
            return Reading::Unreadable(Problem::new(ProblemKind::Unreachable, "no answer"));
        }
        self.objects
            .get(&target.identity)
            .cloned()
            .map_or(Reading::Absent, |live| Reading::Present(Arc::new(live)))
    }

    fn preview(&mut self, write: &Write) -> Result<Written, Problem> {
        self.previews.push(write.clone());
        if let Some(problem) = self.problems.get(&write.target.identity) {
            return Err(problem.clone());
        }
        let live = self.objects.get(&write.target.identity);
        assert_eq!(matches!(write.guard, Guard::Absent), live.is_none(), "the guard fits what is there");
        let object = match live {
            Some(live) if !self.replacing => predict::overlay(&live.object, &write.object),
            _ => write.object.clone(),
        };
        let stamp = Stamp { uid: "dry".into(), version: "dry".into() };
        Ok(Written { live: Live { object, stamp, ownership: Ownership::default() }, warnings: vec![] })
    }

    fn plan(&mut self, input: Input) -> Plan {
        let mut planner = Planner::new(input);
        for _ in 0..50 {
            match planner.advance() {
                Step::Done(plan) => return *plan,
                Step::Ask(questions) => {
                    assert!(!questions.is_empty(), "a planner that asks nothing would never end");
                    for question in questions {
                        planner.take(self.answer(question));
                    }
                }
            }
        }
        panic!("the planner does not end");
    }

    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Read(targets) | Question::ReadAgain(targets) => {
                Answer::Read(targets.iter().map(|target| self.read(target)).collect())
            }
            Question::Preview(write) => Answer::Preview(self.preview(&write)),
            Question::Contents(circle) => {
                self.circles.push(circle);
                Answer::Contents(Ok(self.contents.clone()))
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes its value here")]
fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "a"}, "data": data})
}

fn marked(mut object: Value, address: &str) -> Value {
    object["metadata"]["annotations"] = json!({PROJECT: "p", LINEAGE: "l", ADDRESS: address});
    object
}

fn desired(name: &str, object: Value) -> Desired {
    Desired::new(Address::block("resource", name), object).unwrap()
}

fn input(desired: Vec<Desired>) -> Input {
    Input {
        project: "p".into(),
        lineage: "l".into(),
        serial: 1,
        cluster: ClusterIdentity { uid: Some("c".into()), server: "https://c".into(), ca_digest: None },
        mode: Mode::Apply,
        desired: desired.into_iter().map(Arc::new).collect(),
        dependencies: HashMap::new(),
        known: BTreeMap::new(),
        consent: Consent::default(),
        targets: Vec::new(),
        replace: BTreeSet::new(),
        moves: Moves::default(),
        left_out: LeftOut::default(),
        moved: BTreeMap::new(),
        notes: Vec::new(),
    }
}

fn known(mut input: Input, address: &Address, object: &Value) -> Input {
    let target = Target::of(object).unwrap();
    let uid = format!("uid-{}", target.identity.name);
    input.known.insert(
        address.clone(),
        Known {
            target,
            uid,
            dependencies: vec![],
            protect: false,
            timeouts: crate::resource::Timeouts::default(),
            applied: None,
        },
    );
    input
}

fn actions(plan: &Plan) -> Vec<(String, Action)> {
    plan.changes.iter().map(|change| (change.address.to_string(), change.action)).collect()
}

fn fields(plan: &Plan) -> Vec<String> {
    plan.changes.iter().flat_map(|change| &change.fields).map(|field| field.path.to_string()).collect()
}

#[test]
fn what_is_missing_is_made_and_what_is_equal_is_left() {
    let same = config_map("same", json!({"k": "v"}));
    let mut world = World::default().with(marked(same.clone(), "resource.same"));
    let plan = world.plan(input(vec![desired("same", same), desired("new", config_map("new", json!({})))]));
    assert_eq!(
        actions(&plan),
        [("resource.same".into(), Action::None), ("resource.new".into(), Action::Create)]
    );
    assert_eq!(plan.changes[0].tracking, Tracking::New, "the state must take it in");
}

#[test]
fn exactly_the_changed_fields_are_named() {
    let wanted = config_map("c", json!({"a": "1", "b": "2"}));
    let live = marked(config_map("c", json!({"a": "1", "b": "3", "theirs": "x"})), "resource.c");
    let plan = World::default().with(live).plan(input(vec![desired("c", wanted)]));
    assert_eq!(fields(&plan), ["data.b"]);
}

#[test]
fn an_object_of_others_is_refused_unless_adopted() {
    let object = config_map("c", json!({}));
    let wanted = || input(vec![desired("c", object.clone())]);
    let plan = World::default().with(object.clone()).plan(wanted());
    assert_eq!(plan.refusals.len(), 1);
    assert!(!plan.has_changes());
    let mut agreed = wanted();
    agreed.consent.adopt.insert(Address::block("resource", "c"));
    let plan = World::default().with(object.clone()).plan(agreed);
    assert_eq!(actions(&plan), [("resource.c".into(), Action::Adopt)]);
    // An object of another project is refused all the same.
    let mut theirs = marked(object.clone(), "resource.c");
    theirs["metadata"]["annotations"][PROJECT] = json!("q");
    let mut agreed = wanted();
    agreed.consent.adopt.insert(Address::block("resource", "c"));
    assert_eq!(World::default().with(theirs).plan(agreed).refusals.len(), 1);
}

#[test]
fn what_cannot_be_read_is_never_taken_for_gone() {
    let object = config_map("c", json!({}));
    let address = Address::block("resource", "c");
    for desired in [vec![desired("c", object.clone())], vec![]] {
        let mut world = World { unreadable: vec![Identity::of(&object).unwrap()], ..World::default() };
        let plan = world.plan(known(input(desired), &address, &object));
        assert_eq!(plan.refusals.len(), 1);
        assert!(plan.changes.is_empty(), "{:?}", actions(&plan));
    }
}

#[test]
fn what_left_the_configuration_is_deleted_and_a_stranger_of_its_name_is_not() {
    let object = config_map("old", json!({}));
    let address = Address::block("resource", "old");
    let gone = |world: World| {
        let mut world = world;
        actions(&world.plan(known(input(vec![]), &address, &object)))
    };
    assert_eq!(gone(World::default().with(object.clone())), [("resource.old".into(), Action::Delete)]);
    assert_eq!(gone(World::default()), [("resource.old".into(), Action::Forget)]);
    let mut recreated = World::default().with(object.clone());
    recreated.objects.values_mut().for_each(|live| live.stamp.uid = "another".into());
    assert_eq!(gone(recreated), [("resource.old".into(), Action::Forget)]);
}

#[test]
fn a_protected_resource_stays_until_consent_names_it() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "d", "namespace": "a"}});
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let (claim_at, space_at) = (Address::block("resource", "d"), Address::block("namespace", "a"));
    let both = || known(known(input(vec![]), &claim_at, &claim), &space_at, &space);
    let world = || World::default().with(claim.clone()).with(space.clone());
    let plan = world().plan(both());
    assert!(plan.changes.iter().all(|change| change.action == Action::Keep));
    // A namespace is not deleted around a claim that stays.
    let mut agreed = both();
    agreed.consent.destroy.insert(space_at.clone());
    assert!(world().plan(agreed).changes.iter().all(|change| change.action == Action::Keep));
    let mut agreed = both();
    agreed.consent.destroy.extend([space_at, claim_at]);
    assert!(world().plan(agreed).changes.iter().all(|change| change.action == Action::Delete));
}

#[test]
fn a_renamed_block_deletes_nothing() {
    let object = config_map("c", json!({}));
    let old = Address::block("resource", "old");
    let mut world = World::default().with(marked(object.clone(), "resource.old"));
    let plan = world.plan(known(input(vec![desired("new", object.clone())]), &old, &object));
    assert_eq!(actions(&plan), [("resource.new".into(), Action::Update)]);
    assert_eq!(plan.changes[0].moved_from, Some(old));
    assert!(plan.changes[0].fields.is_empty(), "marks of ours are no change to show");
}

#[test]
fn what_stands_in_a_new_namespace_is_predicted() {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let mut world = World::default();
    let plan = world.plan(input(vec![desired("a", space), desired("c", config_map("c", json!({"k": "v"})))]));
    assert_eq!(plan.summary().add, 2);
    assert_eq!(plan.changes[0].fidelity, Fidelity::DryRun);
    assert_eq!(
        plan.changes[1].fidelity,
        Fidelity::Predicted("the namespace `a` is made by this plan".into())
    );
    assert_eq!(world.previews.len(), 1);
}

#[test]
fn a_custom_resource_of_a_new_crd_is_predicted() {
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.x.y"}, "spec": {"group": "x.y", "names": {"kind": "Foo"}}});
    let foo = json!({"apiVersion": "x.y/v1", "kind": "Foo", "metadata": {"name": "f", "namespace": "a"}});
    let plan = World::default().plan(input(vec![desired("crd", crd), desired("foo", foo)]));
    assert_eq!(plan.changes[1].fidelity, Fidelity::Predicted("the kind Foo.x.y is made by this plan".into()));
}

fn referring(field: &str) -> Desired {
    let mark = Reference::Live(LiveReference { text: format!("resource.lb.{field}") }).mark();
    let mut desired = desired("user", config_map("user", json!({"address": mark})));
    let path: FieldPath = "data.address".parse().unwrap();
    desired.unresolved.insert(path, Expression::parse(&mark).unwrap().unwrap());
    desired
}

#[test]
fn a_value_of_a_new_object_is_known_after_apply() {
    let lb = config_map("lb", json!({}));
    let plan = World::default().plan(input(vec![desired("lb", lb), referring("status.ip")]));
    let field = &plan.changes[1].fields[0];
    assert_eq!(field.after, After::Unknown("${resource.lb.status.ip}".into()));
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

fn immutable(path: &str) -> Problem {
    let mut problem = Problem::new(ProblemKind::Rejected, "Job \"j\" is invalid");
    problem.causes = vec![(path.parse().ok(), "FieldValueInvalid".into(), "field is immutable".into())];
    problem
}

#[test]
fn a_field_that_cannot_change_replaces_the_object_but_never_a_claim() {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "a"},
                     "spec": {"template": {"x": 2}}});
    let mut live = marked(job.clone(), "resource.j");
    live["spec"]["template"]["x"] = json!(1);
    let mut world = World::default().with(live).refusing(&job, immutable("spec.template"));
    let plan = world.plan(input(vec![desired("j", job)]));
    assert_eq!(actions(&plan), [("resource.j".into(), Action::Replace)]);
    assert!(plan.changes[0].fields[0].forces_replacement);

    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                       "metadata": {"name": "d", "namespace": "a"}, "spec": {"size": 1}});
    let mut world =
        World::default().with(marked(claim.clone(), "resource.d")).refusing(&claim, immutable("spec"));
    let plan = world.plan(input(vec![desired("d", claim)]));
    assert_eq!((plan.refusals.len(), plan.has_changes()), (1, false));
}

#[test]
fn a_namespace_of_others_is_used_and_never_owned() {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let mut shared = desired("a", space.clone());
    shared.shared = true;
    let plan = World::default().with(space).plan(input(vec![shared]));
    assert_eq!(plan.changes[0].action, Action::None);
    assert_eq!(plan.changes[0].tracking, Tracking::Untracked);
    assert!(!plan.changes_memory());
}

#[test]
fn a_namespace_that_may_not_be_looked_at_is_used() {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let mut shared = desired("a", space.clone());
    shared.shared = true;
    let mut world = World { forbidden: vec![Identity::of(&space).unwrap()], ..World::default() };
    let plan = world.plan(input(vec![shared, desired("c", config_map("c", json!({})))]));
    assert_eq!(actions(&plan), [("resource.a".into(), Action::None), ("resource.c".into(), Action::Create)]);
    assert_eq!(plan.changes[0].tracking, Tracking::Untracked);
}

#[test]
fn without_a_state_the_annotations_tell_the_lineage() {
    let object = config_map("c", json!({}));
    let mut live = marked(object.clone(), "resource.c");
    live["metadata"]["annotations"][LINEAGE] = json!("old-lineage");
    let mut lost = input(vec![desired("c", object)]);
    lost.serial = 0;
    let plan = World::default().with(live).plan(lost);
    assert_eq!(plan.lineage, "old-lineage");
    assert_eq!(actions(&plan), [("resource.c".into(), Action::None)]);
    assert_eq!(plan.notes.len(), 1);
}

#[test]
fn an_object_that_is_being_deleted_is_not_written_to() {
    let object = config_map("c", json!({}));
    let mut live = marked(object.clone(), "resource.c");
    live["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let plan = World::default().with(live).plan(input(vec![desired("c", object)]));
    assert_eq!(plan.refusals.len(), 1);
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes its value here")]
fn pod(env: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"},
           "spec": {"containers": [{"name": "main", "image": "x", "env": env}]}})
}

#[test]
fn a_secret_in_a_list_item_is_one_wherever_the_item_stands() {
    let item = |name: &str, value: &str| json!({"name": name, "value": value});
    let mut wanted = desired("p", pod(json!([item("A", "hunter2"), item("B", "plain")])));
    wanted.sensitive.insert("spec.containers[0].env[0].value".parse().unwrap(), ());
    let shown = |world: World| {
        let mut world = world;
        let plan = world.plan(input(vec![wanted.clone()]));
        let fields = plan.changes[0].fields.iter();
        fields.map(|field| (field.path.to_string(), field.sensitive)).collect::<Vec<_>>()
    };
    let live = pod(json!([item("GONE", "hunter0"), item("B", "other"), item("A", "hunter1")]));
    let fields = shown(World { replacing: true, ..World::default() }.with(marked(live, "resource.p")));
    let path = |rest: &str| format!("spec.containers[main].env{rest}");
    assert_eq!(fields, [(path("[GONE]"), true), (path("[B].value"), false), (path("[A].value"), true)]);
    let created = shown(World::default());
    assert!(created.contains(&(path("[A].value"), true)), "{created:?}");
    assert!(created.contains(&(path("[B].value"), false)), "{created:?}");
}

#[test]
fn dropping_the_protection_does_not_lift_it_for_a_replacement() {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "a"},
                     "spec": {"template": {"x": 2}}});
    let address = Address::block("resource", "j");
    let mut live = marked(job.clone(), "resource.j");
    live["metadata"]["annotations"][PROTECT] = json!("true");
    let mut world = World::default().with(live).refusing(&job, immutable("spec.template"));
    let plan = world.plan(input(vec![desired("j", job.clone())]));
    assert_eq!((plan.refusals.len(), plan.has_changes()), (1, false));
    let mut world = World::default().with(job.clone()).refusing(&job, immutable("spec.template"));
    let mut remembered = known(input(vec![desired("j", job.clone())]), &address, &job);
    remembered.known.get_mut(&address).unwrap().protect = true;
    let plan = world.plan(remembered);
    assert_eq!((plan.refusals.len(), plan.has_changes()), (1, false));
}

#[test]
fn a_namespace_is_not_deleted_around_what_is_wanted() {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let at = Address::block("resource", "space");
    let mut wanted = known(input(vec![desired("c", config_map("c", json!({})))]), &at, &space);
    wanted.consent.destroy.insert(at);
    let plan = World::default().with(space).plan(wanted);
    assert_eq!(
        actions(&plan),
        [("resource.c".into(), Action::Create), ("resource.space".into(), Action::Keep)]
    );
}

#[test]
fn an_object_that_gets_another_name_replaces_the_old_one() {
    let (old, new) = (config_map("old", json!({})), config_map("new", json!({})));
    let address = Address::block("resource", "c");
    let wanted = || known(input(vec![desired("c", new.clone())]), &address, &old);
    let plan = World::default().with(old.clone()).plan(wanted());
    assert_eq!(actions(&plan), [("resource.c".into(), Action::Replace)]);
    let (target, live) = &**plan.changes[0].replaced.as_ref().unwrap();
    assert_eq!((target.identity.name.as_str(), live.stamp.uid.as_str()), ("old", "uid-old"));
    // A run that was cut off when the new one was there already, and the old one still is.
    let both = World::default().with(old.clone()).with(marked(new.clone(), "resource.c"));
    let plan = { both }.plan(wanted());
    assert_eq!(actions(&plan), [("resource.c".into(), Action::Update)]);
    assert!(plan.changes[0].replaced.is_some());
    // What is gone already, or is wanted under another address, is not deleted.
    let plan = World::default().plan(wanted());
    assert_eq!(actions(&plan), [("resource.c".into(), Action::Create)]);
    let mut moved = wanted();
    moved.desired.push(Arc::new(desired("d", old.clone())));
    let plan = World::default().with(marked(old.clone(), "resource.c")).plan(moved);
    assert!(plan.changes.iter().all(|change| change.replaced.is_none()), "{:?}", actions(&plan));
    // What cannot be read, or is protected, stands in the way.
    let mut hidden = World { unreadable: vec![Identity::of(&old).unwrap()], ..World::default() };
    assert_eq!(hidden.plan(wanted()).refusals.len(), 1);
    let mut protected = old.clone();
    protected["metadata"]["annotations"] = json!({PROTECT: "true"});
    let plan = World::default().with(protected).plan(wanted());
    assert_eq!((plan.refusals.len(), plan.has_changes()), (1, false));
}

#[test]
fn a_change_of_what_triggers_it_replaces_a_resource() {
    let (trigger, job) = (config_map("t", json!({"k": "new"})), config_map("j", json!({})));
    let mut triggered = desired("j", job.clone());
    triggered.lifecycle.replace_triggered_by = vec![Address::block("resource", "t")];
    let world = |value: &str| {
        let before = marked(config_map("t", json!({"k": value})), "resource.t");
        World::default().with(before).with(marked(job.clone(), "resource.j"))
    };
    // The trigger is decided first, wherever it stands.
    let wanted = || input(vec![triggered.clone(), desired("t", trigger.clone())]);
    assert_eq!(world("old").plan(wanted()).changes[0].action, Action::Replace);
    assert_eq!(world("new").plan(wanted()).changes[0].action, Action::None);
    let mut protected = wanted();
    Arc::make_mut(&mut protected.desired[0]).lifecycle.protect = true;
    assert_eq!(world("old").plan(protected).refusals.len(), 1);
}

#[test]
fn a_digest_tells_plans_apart_and_knows_no_secrets() {
    let digest = |value: &str, sensitive: bool| {
        let mut wanted = desired("c", config_map("c", json!({"k": value})));
        if sensitive {
            wanted.sensitive.insert("data.k".parse().unwrap(), ());
        }
        World::default().plan(input(vec![wanted])).digest
    };
    assert_eq!(digest("a", false), digest("a", false));
    assert_ne!(digest("a", false), digest("b", false));
    assert_eq!(digest("a", true), digest("b", true));
}

#[test]
fn the_last_secret_stays_hidden_when_it_is_taken_out() {
    let mut before = desired("p", pod(json!([{"name": "A", "value": "hunter2"}])));
    before.sensitive.insert("spec.containers[0].env[0].value".parse().unwrap(), ());
    let live = World::default().plan(input(vec![before])).changes[0].send.clone().unwrap();
    let after = desired("p", pod(json!([])));
    let fields = field_changes(&after, &live, &after.object);
    let shown: Vec<_> = fields.iter().filter(|field| !field.sensitive).map(|field| &field.before).collect();
    assert!(!format!("{shown:?}").contains("hunter2"), "{shown:?}");
    assert!(fields.iter().any(|field| field.sensitive));
}

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
        let sent = send::object(&one, None, send::Owner { project: "p", lineage: "l" });
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
    let applied =
        crate::resource::Applied { resource_version: "1".into(), sent: String::new(), fields: fields.into() };
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
    let applied = crate::resource::Applied { resource_version: "1".into(), sent: String::new(), fields };
    wanted.known.get_mut(&address).unwrap().applied = Some(Arc::new(applied));
    let plan = world.plan(wanted);
    let change = &plan.changes[0];
    assert_eq!(change.reason.as_deref(), Some("only our annotations change"));
    assert_eq!(change.cause, Some(Cause::Drift { by: vec![] }));
    assert_eq!(plan.occasion(), Some(Occasion::Drift));
}

fn custodian(manager: &str, keys: &[&str]) -> crate::resource::ManagedEntry {
    use crate::resource::{FieldSet, Operation, Segment};
    let mut fields = FieldSet::default();
    let data = fields.children.entry(Segment::Key("data".into())).or_default();
    for key in keys {
        data.children.insert(Segment::Key((*key).into()), FieldSet { owned: true, ..FieldSet::default() });
    }
    let (manager, operation) = (manager.to_owned(), Operation::Apply);
    crate::resource::ManagedEntry {
        api_version: "v1".into(),
        manager,
        operation,
        time: None,
        subresource: None,
        fields,
    }
}

impl World {
    fn owned_by(mut self, entries: &[crate::resource::ManagedEntry]) -> Self {
        self.objects.values_mut().for_each(|live| live.ownership.entries = entries.to_vec());
        self
    }
}

#[test]
fn an_ignored_field_of_ours_is_handed_over_and_no_line_of_the_plan() {
    let mut wanted = desired("c", config_map("c", json!({"a": "2", "b": "2"})));
    let path: FieldPath = "data.a".parse().unwrap();
    wanted.lifecycle.ignore_changes = vec![crate::resource::IgnoreRule { object: None, path }];
    let live = marked(config_map("c", json!({"a": "5", "b": "2"})), "resource.c");
    let world = || World::default().with(live.clone());
    let mut ours = world().owned_by(&[custodian("regplan:p", &["a", "b"])]);
    let plan = ours.plan(input(vec![wanted.clone()]));
    assert_eq!((actions(&plan), fields(&plan)), (vec![("resource.c".into(), Action::Update)], vec![]));
    assert!(plan.changes[0].reason.as_ref().unwrap().contains("data.a is handed over: it stays \"5\""));
    assert_eq!(plan.changes[0].send.as_ref().unwrap()["data"], json!({"b": "2"}));
    assert_eq!(ours.previews[0].object["data"], json!({"a": "5", "b": "2"}), "tried as it stays");
    // What others own is theirs already.
    let plan = world().owned_by(&[custodian("x", &["a"])]).plan(input(vec![wanted.clone()]));
    assert_eq!(actions(&plan), [("resource.c".into(), Action::None)]);
    // A new object gets it once.
    let plan = World::default().plan(input(vec![wanted]));
    assert_eq!(plan.changes[0].send.as_ref().unwrap()["data"]["a"], "2");
}

#[test]
fn an_adoption_names_the_managers_whose_fields_it_takes() {
    let object = config_map("c", json!({"k": "v"}));
    let mut world = World::default()
        .with(object.clone())
        .owned_by(&[custodian("kubectl-create", &["k"]), custodian("other", &["theirs"])]);
    let mut agreed = input(vec![desired("c", object)]);
    agreed.consent.adopt.insert(Address::block("resource", "c"));
    let plan = world.plan(agreed);
    assert_eq!(plan.changes[0].taken_from, ["kubectl-create"]);
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
    let reason = plan.changes[0].reason.as_ref().unwrap();
    assert!(
        reason.starts_with("spec.template.image cannot be changed on an existing Job; its pods"),
        "{reason}"
    );
    // A claim is refused all the same.
    let claim = |mode: &str| {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "d", "namespace": "a"}, "spec": {"volumeMode": mode}})
    };
    let mut world = World::default().with(marked(claim("a"), "resource.d")).refusing(&claim("b"), no_right);
    assert_eq!(world.plan(input(vec![desired("d", claim("b"))])).refusals.len(), 1);
}

#[test]
fn what_dies_with_a_namespace_is_asked_and_named() {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let (ours, theirs) = (config_map("ours", json!({})), config_map("theirs", json!({})));
    let (space_at, ours_at) = (Address::block("resource", "a"), Address::block("resource", "ours"));
    let inhabitant = |object: &Value| {
        let identity = Identity::of(object).unwrap();
        Inhabitant { uid: format!("uid-{}", identity.name), identity, owners: vec![] }
    };
    let mut world = World::default().with(space.clone()).with(ours.clone()).with(theirs.clone());
    world.contents = Contents { seen: vec![inhabitant(&ours), inhabitant(&theirs)], hidden: vec![] };
    let mut leaving = known(known(input(vec![]), &space_at, &space), &ours_at, &ours);
    leaving.consent.destroy.insert(space_at);
    let plan = world.plan(leaving);
    assert_eq!(world.circles, [Circle::Namespace("a".into())]);
    let dying = plan.changes.iter().flat_map(|change| &change.dies_with);
    assert_eq!(dying.collect::<Vec<_>>(), [&Identity::of(&theirs).unwrap()]);
    // Nobody asks where nothing of the sort goes.
    let mut world = World::default().with(ours.clone());
    world.plan(known(input(vec![]), &ours_at, &ours));
    assert_eq!(world.circles, []);
}
