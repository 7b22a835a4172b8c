//! The planner against a world of plain data.

mod houses;
mod intents;
mod owners;
mod proofs;
mod replacing;

use std::sync::Arc;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::*;
use crate::config::Moves;
use crate::kubernetes::immutable::Loss;
use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT, PROTECT};
use crate::provider::{CascadeScope, Dependent, Dependents, Guard, Write, Written};
use crate::resource::{
    Address, ClusterIdentity, Desired, Expression, FieldPath, GroupKind, Identity, Live, LiveReference,
    Ownership, Problem, ProblemKind, Reading, Reference, Stamp, Target,
};

/// What is there, and what stands against a write.
#[derive(Default)]
struct World {
    objects: HashMap<Identity, Live>,
    unreadable: Vec<Identity>,
    forbidden: Vec<Identity>,
    problems: HashMap<Identity, Problem>,
    previews: Vec<Write>,
    scopes: Vec<CascadeScope>,
    dependents: Dependents,
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
            Some(live) if !self.replacing => diff::overlay::overlay(&live.object, &write.object),
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
            Question::Dependents(scope) => {
                self.scopes.push(scope);
                Answer::Dependents(Ok(self.dependents.clone()))
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

fn immutable(path: &str) -> Problem {
    let mut problem = Problem::new(ProblemKind::Rejected, "Job \"j\" is invalid");
    problem.causes = vec![(path.parse().ok(), "FieldValueInvalid".into(), "field is immutable".into())];
    problem
}

/// What went wrong, where that is what stands against it.
fn problem(refusal: &Refusal) -> &Problem {
    match &refusal.obstacle {
        Obstacle::Problem(problem) => problem,
        obstacle @ Obstacle::Replacement { .. } => panic!("{obstacle:?}"),
    }
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

#[test]
fn a_namespace_of_others_is_used_and_never_owned() {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let mut shared = desired("a", space.clone());
    shared.shared = true;
    let plan = World::default().with(space).plan(input(vec![shared]));
    assert_eq!(plan.changes[0].action, Action::None);
    assert_eq!(plan.changes[0].tracking, Tracking::Untracked);
    assert!(!plan.changes_state());
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
