//! Tests of drift on plain data.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::kubernetes::marks::SENSITIVE;
use crate::resource::{
    Applied, FieldSet, Held, Live, ManagedEntry, Moment, NamespaceSelection, Operation, Ownership,
    ProblemKind, Reading, Segment, Stamp, Target,
};
use crate::state::{Intent, IntentKind, Provenance, State, StoredResource};

/// The owned fields, as paths that a plan would print.
fn fields(paths: &[&str]) -> FieldSet {
    let mut set = FieldSet::default();
    for path in paths {
        let path: FieldPath = path.parse().unwrap();
        let leaf = path
            .segments()
            .iter()
            .fold(&mut set, |set, step: &Segment| set.children.entry(step.clone()).or_default());
        leaf.owned = true;
    }
    set
}

fn entry(manager: &str, operation: Operation, paths: &[&str]) -> ManagedEntry {
    let time = Some("2026-01-02T03:04:05Z".to_owned());
    ManagedEntry {
        api_version: "v1".into(),
        manager: manager.into(),
        operation,
        time,
        subresource: None,
        fields: fields(paths),
    }
}

fn ours(paths: &[&str]) -> ManagedEntry {
    entry("regplan:p", Operation::Apply, paths)
}

fn live(object: Value, entries: Vec<ManagedEntry>) -> Live {
    let stamp = Stamp { uid: "u".into(), version: "1".into() };
    Live { object, stamp, ownership: Ownership { entries } }
}

/// The resource as the state knows it after this answer; the paths in `hidden` were sensitive.
fn applied(answer: &Live, hidden: &[&str]) -> StoredResource {
    let hides = |path: &FieldPath| hidden.contains(&path.to_string().as_str());
    let held = crate::resource::held(answer, "regplan:p", hides);
    let fields: BTreeMap<String, Held> =
        held.into_iter().map(|(path, held)| (path.to_string(), held)).collect();
    let target = Target { identity: Identity::of(&answer.object).unwrap(), version: Some("v1".into()) };
    StoredResource {
        applied: Some(Arc::new(Applied { resource_version: "1".into(), fields, ..Applied::default() })),
        ..StoredResource::new(target, "u", Provenance::Created)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes its value here")]
fn object(kind: &str, more: Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "web", "namespace": "a"}});
    for (key, value) in more.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes its value here")]
fn map(data: Value) -> Value {
    object("ConfigMap", json!({ "data": data }))
}

fn now(resource: &StoredResource, live: Live) -> Status {
    observe("p", resource, &Reading::Present(std::sync::Arc::new(live)), Additions::Told).status
}

fn shown(status: &Status) -> Vec<(String, DriftKind, Option<Value>, Option<Value>)> {
    let field =
        |field: &Field| (field.path.to_string(), field.event, field.before.clone(), field.after.clone());
    status.fields().iter().map(field).collect()
}

#[test]
fn what_is_as_it_was_applied_is_in_sync_whatever_others_add() {
    let resource = applied(&live(map(json!({"k": "1"})), vec![ours(&["data.k"])]), &[]);
    let theirs = entry("kubectl", Operation::Update, &["data.other"]);
    let status = now(&resource, live(map(json!({"k": "1", "other": "x"})), vec![ours(&["data.k"]), theirs]));
    assert_eq!(status, Status::InSync);
}

#[test]
fn a_changed_field_names_its_manager_and_a_removed_one_nobody() {
    let before = live(map(json!({"a": "1", "b": "2"})), vec![ours(&["data.a", "data.b"])]);
    let kubectl = entry("kubectl", Operation::Update, &["data.a"]);
    let status = now(&applied(&before, &[]), live(map(json!({"a": "9"})), vec![kubectl, ours(&[])]));
    assert_eq!(
        shown(&status),
        [
            ("data.a".into(), DriftKind::Changed, Some(json!("1")), Some(json!("9"))),
            ("data.b".into(), DriftKind::Removed, Some(json!("2")), None),
        ]
    );
    assert_eq!(status.fields()[0].by[0].name, "kubectl");
    assert_eq!(status.fields()[0].by[0].time.as_deref(), Some("2026-01-02T03:04:05Z"));
    assert!(status.fields()[1].by.is_empty());
}

#[test]
fn a_field_taken_and_put_back_is_ours_no_more() {
    let resource = applied(&live(map(json!({"a": "1"})), vec![ours(&["data.a"])]), &[]);
    let status =
        now(&resource, live(map(json!({"a": "1"})), vec![entry("x", Operation::Update, &["data.a"])]));
    assert_eq!(shown(&status), [("data.a".into(), DriftKind::Released, Some(json!("1")), None)]);
}

#[test]
fn an_item_that_goes_is_told_once() {
    let pod = |containers: Value| object("Pod", json!({"spec": {"containers": containers}}));
    let paths = ["spec.containers[web]", "spec.containers[web].name", "spec.containers[web].image"];
    let before = live(pod(json!([{"name": "web", "image": "i"}])), vec![ours(&paths)]);
    let status = now(&applied(&before, &[]), live(pod(json!([])), vec![ours(&[])]));
    assert_eq!(shown(&status), [("spec.containers[web]".into(), DriftKind::Removed, None, None)]);
    // Where somebody took only the image of an item, only the image is reported.
    let theirs = entry("x", Operation::Apply, &paths);
    let after = live(pod(json!([{"name": "web", "image": "j"}])), vec![theirs, ours(&[paths[1]])]);
    let status = now(&applied(&before, &[]), after);
    assert_eq!(shown(&status).len(), 1);
    assert_eq!(status.fields()[0].path.to_string(), paths[2]);
}

#[test]
fn what_others_put_into_an_empty_map_of_ours_is_theirs() {
    let volume = |medium: Value| object("Pod", json!({"spec": {"emptyDir": medium}}));
    let resource = applied(&live(volume(json!({})), vec![ours(&["spec.emptyDir"])]), &[]);
    let theirs = entry("x", Operation::Apply, &["spec.emptyDir.medium"]);
    let after = live(volume(json!({"medium": "Memory"})), vec![ours(&["spec.emptyDir"]), theirs]);
    assert_eq!(now(&resource, after), Status::InSync);
}

#[test]
fn an_atomic_value_is_changed_by_whoever_owns_the_whole() {
    let secret = |names: Value| object("ServiceAccount", json!({ "imagePullSecrets": names }));
    let resource = applied(&live(secret(json!([{"name": "a"}])), vec![ours(&["imagePullSecrets"])]), &[]);
    let theirs = entry("x", Operation::Update, &["imagePullSecrets"]);
    let status = now(&resource, live(secret(json!([{"name": "b"}])), vec![theirs]));
    assert_eq!(status.fields()[0].event, DriftKind::Changed);
    assert_eq!(status.fields()[0].by[0].name, "x");
}

#[test]
fn what_is_applied_in_our_name_is_shown() {
    let resource = applied(&live(map(json!({"a": "1"})), vec![ours(&["data.a"])]), &[]);
    let status = now(&resource, live(map(json!({"a": "1", "b": "2"})), vec![ours(&["data.a", "data.b"])]));
    assert_eq!(shown(&status), [("data.b".into(), DriftKind::Added, None, Some(json!("2")))]);
}

#[test]
fn hidden_values_are_in_no_finding() {
    let check = |resource: &StoredResource, live: Live| {
        let status = now(resource, live);
        assert!(!status.fields().is_empty());
        assert!(status.fields().iter().all(|field| field.sensitive), "{status:?}");
        assert!(!format!("{status:?}").contains("hunter"), "{status:?}");
    };
    let theirs = |path: &str| entry("x", Operation::Update, &[path]);
    let secret = |value: &str| object("Secret", json!({"data": {"p": value}}));
    let known = applied(&live(secret("hunter1"), vec![ours(&["data.p"])]), &["data.p"]);
    check(&known, live(secret("hunter2"), vec![theirs("data.p")]));
    // The record of an object that is no Secret hides it.
    let known = applied(&live(map(json!({"p": "hunter1"})), vec![ours(&["data.p"])]), &["data.p"]);
    check(&known, live(map(json!({"p": "hunter2"})), vec![theirs("data.p")]));
    // The annotation of the object hides it.
    let known = applied(&live(map(json!({"p": "before"})), vec![ours(&["data.p"])]), &[]);
    let mut marked = map(json!({"p": "hunter2"}));
    marked["metadata"]["annotations"] = json!({ SENSITIVE: "[\"data.p\"]" });
    check(&known, live(marked, vec![theirs("data.p")]));
    // It is in a list that has a hidden item already.
    let pod = |env: Value| object("Pod", json!({ "env": env }));
    let old = json!({"name": "A", "value": "hunter1"});
    let known = applied(&live(pod(json!([old])), vec![ours(&["env[A].value"])]), &["env[A].value"]);
    let both = pod(json!([old, {"name": "B", "value": "hunter2"}]));
    check(&known, live(both, vec![ours(&["env[A].value", "env[B].value"])]));
}

#[test]
fn presence_and_identity_come_first() {
    let before = live(map(json!({"a": "1"})), vec![ours(&["data.a"])]);
    let resource = applied(&before, &[]);
    assert_eq!(observe("p", &resource, &Reading::Absent, Additions::Told).status, Status::Gone);
    let problem = Problem::new(ProblemKind::Forbidden, "no");
    let unreadable = observe("p", &resource, &Reading::Unreadable(problem.clone()), Additions::Told).status;
    assert_eq!(unreadable, Status::Unreadable(problem));
    let mut other = before.clone();
    other.stamp.uid = "v".into();
    other.ownership.entries = vec![entry("kubectl", Operation::Update, &["data.a"])];
    assert!(matches!(now(&resource, other), Status::Recreated { by } if by[0].name == "kubectl"));
    let mut ending = before.clone();
    ending.object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(matches!(now(&resource, ending), Status::Ending { fields, .. } if fields.is_empty()));
    let older = StoredResource { applied: None, ..resource.clone() };
    assert_eq!(now(&older, before.clone()), Status::Unrecorded);
    let mut damaged = resource;
    Arc::make_mut(damaged.applied.as_mut().unwrap()).fields.insert("a..b".into(), Held::Nothing);
    assert!(matches!(now(&damaged, before), Status::Unreadable(_)));
}

#[test]
fn a_hook_that_has_not_done_its_work_is_not_only_late() {
    let job =
        |status: Value| live(object("Job", json!({"apiVersion": "batch/v1", "status": status})), vec![]);
    let failed =
        job(json!({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}));
    let known = |moment| StoredResource {
        hook: Some(moment),
        readiness: crate::state::Readiness::NotReady { since: Timestamp::UNIX_EPOCH },
        ..applied(&failed, &[])
    };
    let hook = known(Moment::Install);
    let Status::Incomplete { failure: Some(how) } = now(&hook, failed.clone()) else { panic!() };
    assert!(how.contains("BackoffLimitExceeded"), "{how}");
    let open = Status::Incomplete { failure: None };
    assert_eq!(now(&hook, job(json!({}))), open);
    assert_eq!(observe("p", &hook, &Reading::Absent, Additions::Told).status, open);
    // What an earlier run has left does not tell how this one went.
    assert_eq!(now(&StoredResource { uid: String::new(), ..hook }, failed.clone()), open);
    assert_eq!(now(&known(Moment::Delete), failed), Status::InSync);
}

#[test]
fn what_a_run_may_have_made_for_the_labels_of_a_namespace_is_told_once() {
    let selection = NamespaceSelection {
        block: "pull_secret.p".parse().unwrap(),
        namespace: "a".into(),
        selector: "pull=yes".into(),
        secret: "pull".into(),
        besides: std::collections::BTreeSet::new(),
    };
    let target = Target { identity: selection.secret_in("team"), version: None };
    let doubt =
        Intent { address: selection.address_in("team"), action: IntentKind::Create, target, renews: false };
    let labels = Ok([("team".to_owned(), [("pull".to_owned(), "yes".to_owned())].into())].into());
    let found = |in_doubt: Vec<Intent>| {
        let state = State { selections: vec![selection.clone()], in_doubt, ..State::new("p") };
        let mut findings = Vec::new();
        observe_selections(&state, &labels, &mut findings);
        findings.into_iter().map(|finding| finding.status).collect::<Vec<_>>()
    };
    assert_eq!(found(vec![]), [Status::Unmade { selector: "pull=yes".into() }]);
    assert_eq!(found(vec![doubt]), []);
}

#[test]
fn where_fields_have_no_owners_what_was_applied_is_ours() {
    let set = |spec: Value| {
        let (version, meta) = ("dns.regplan.dev/v1", json!({"name": "www"}));
        live(json!({"apiVersion": version, "kind": "RecordSet", "metadata": meta, "spec": spec}), vec![])
    };
    let before = set(json!({"ttl": 60, "values": ["192.0.2.1"], "key": "hunter1", "set": "later"}));
    let held = [
        ("spec.ttl", Held::Value(json!(60))),
        ("spec.values", Held::Value(json!(["192.0.2.1"]))),
        ("spec.key", Held::Hidden),
    ];
    let fields = held.into_iter().map(|(path, held)| (path.to_owned(), held)).collect();
    let record = Applied { resource_version: "1".into(), fields, ..Applied::default() };
    let resource = StoredResource { applied: Some(Arc::new(record)), ..applied(&before, &[]) };
    assert_eq!(now(&resource, before), Status::InSync);
    let status = now(&resource, set(json!({"ttl": 90, "key": "hunter2"})));
    assert_eq!(
        shown(&status),
        [
            ("spec.ttl".into(), DriftKind::Changed, Some(json!(60)), Some(json!(90))),
            ("spec.values".into(), DriftKind::Removed, Some(json!(["192.0.2.1"])), None),
        ]
    );
}

#[test]
fn drift_is_certain_whatever_else_could_not_be_seen() {
    let finding = |status: Status| Finding {
        address: Address::block("resource", "x"),
        identity: Identity::cluster("", "Namespace", "x"),
        status,
        health: None,
        added: Vec::new(),
        foreign: 0,
    };
    let verdict = |statuses: Vec<Status>| {
        let cluster = ClusterIdentity { uid: None, server: String::new(), ca_digest: None };
        Drift {
            freshness: crate::state::Freshness::default(),
            project: "p".into(),
            lineage: String::new(),
            serial: 1,
            cluster,
            context: Some("prod".into()),
            state: ".regplan/registry/state.json".into(),
            at: Timestamp::UNIX_EPOCH,
            unfinished: None,
            open_run: OpenRun::Unclear(None),
            ending: Vec::new(),
            findings: statuses.into_iter().map(finding).collect(),
        }
        .verdict()
    };
    assert_eq!(verdict(vec![]), Verdict::InSync);
    assert_eq!(verdict(vec![Status::InSync, Status::LeftOut]), Verdict::InSync);
    assert_eq!(verdict(vec![Status::InSync, Status::InDoubt]), Verdict::Unobserved);
    assert_eq!(verdict(vec![Status::Unrecorded, Status::Gone, Status::InSync]), Verdict::Drift);
}
