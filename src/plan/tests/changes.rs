//! What changes in an object, and what the plan says of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::world::*;
use crate::config::Removed;
use crate::diagnostic::{SourceId, Span};
use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT};
use crate::plan::{Action, Cause, Fidelity, Input, Occasion, Plan, Reason, Tracking};
use crate::resource::{Address, Applied, FieldPath, Held, Problem, ProblemKind};

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
fn a_rollback_names_what_it_takes_back_from_others_and_no_key_to_keep_it() {
    let object = config_map("c", json!({"k": "old"}));
    let mut live = marked(object.clone(), "resource.c");
    live["data"]["k"] = json!("theirs");
    let fields = [("data.k".to_owned(), Held::Value(json!("new")))];
    let applied = Applied { resource_version: "1".into(), fields: fields.into(), ..Applied::default() };
    let planned = |revision| {
        let mut input = with_known(input(vec![desired("c", object.clone())]), &address("resource.c"), &live);
        for known in input.known.values_mut() {
            known.applied = Some(Arc::new(applied.clone()));
        }
        World::default().with(live.clone()).plan(Input { revision, ..input })
    };
    let (forward, back) = (planned(None), planned(Some(1)));
    let field = |plan: &Plan| plan.changes[0].fields[0].clone();
    assert!(field(&forward).keep.is_some() && forward.notes.is_empty(), "{:?}", forward.notes);
    assert!(!matches!(field(&back).cause, Cause::Yours) && field(&back).keep.is_none());
    assert!(
        back.notes.iter().any(|note| note.contains("others have changed in resource.c")),
        "{:?}",
        back.notes
    );
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
fn whose_change_it_is_is_told_however_it_is_known() {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "a"},
                     "spec": {"template": {"x": 2, "y": 3}}});
    let address = Address::block("resource", "j");
    let mut live = marked(job.clone(), "resource.j");
    live["spec"]["template"] = json!({"x": 1, "y": 2});
    let held = |value: u8| Held::Value(json!(value));
    let fields = [("spec.template.x".to_owned(), held(2)), ("spec.template.y".to_owned(), held(2))];
    let applied = Applied { resource_version: "1".into(), fields: fields.into(), ..Applied::default() };
    let told = |problem: Option<Problem>| {
        let mut world = World::default().with(live.clone());
        if let Some(problem) = problem {
            world = world.refusing(&job, problem);
        }
        let mut wanted = with_known(input(vec![desired("j", job.clone())]), &address, &job);
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
    let mut wanted = with_known(input(vec![desired("c", object.clone())]), &address, &object);
    let marks = [PROJECT, LINEAGE, ADDRESS].map(|key| FieldPath::keys(["metadata", "annotations", key]));
    let values = ["p", "l", "resource.c"].map(|value| Held::Value(json!(value)));
    let fields = marks.iter().map(ToString::to_string).zip(values).collect();
    let applied = Applied { resource_version: "1".into(), fields, ..Applied::default() };
    wanted.known.get_mut(&address).unwrap().applied = Some(Arc::new(applied));
    let plan = world.plan(wanted);
    let change = &plan.changes[0];
    assert_eq!(change.reasons, [Reason::AnnotationsOnly]);
    assert_eq!(change.cause, Some(Cause::Drift { by: vec![] }));
    assert_eq!(plan.occasion(), Some(Occasion::Drift));
}

#[test]
fn a_digest_takes_neither_reasons_nor_the_words_of_servers() {
    let object = config_map("old", json!({}));
    let forgotten = |line: Option<u32>, world: &mut World| {
        let mut wanted = with_known(input(vec![]), &address("resource.old"), &object);
        wanted.moves.removed.extend(line.map(|line| Removed {
            address: address("resource.old"),
            destroy: false,
            span: Span { source: SourceId(0), start: 0, end: 0 },
            place: format!("regplan.toml:{line}"),
        }));
        let plan = world.plan(wanted);
        assert_eq!(actions(&plan), [("resource.old".into(), Action::Forget)]);
        plan.digest
    };
    let digest = |line| forgotten(line, &mut World::default());
    assert_eq!(digest(Some(7)), digest(Some(8)), "a comment above it moves a table");
    assert_eq!(digest(Some(7)), digest(None), "what is forgotten is forgotten, for whatever reason");
    let told = |words: &str| {
        let no_right = Problem::new(ProblemKind::Forbidden, words);
        let plan =
            World::default().refusing(&object, no_right).plan(input(vec![desired("old", object.clone())]));
        assert!(matches!(plan.changes[0].fidelity, Fidelity::Predicted(_)));
        plan.digest
    };
    assert_eq!(told("no right"), told("you may not"));
}

#[test]
fn another_account_at_the_same_server_is_a_warning() {
    let issuer = |server: &str, secret: &str| {
        let acme = json!({"server": server, "privateKeySecretRef": {"name": secret}});
        json!({"apiVersion": "cert-manager.io/v1", "kind": "Issuer", "metadata": {"name": "i", "namespace": "a"}, "spec": {"acme": acme}})
    };
    let warnings = |server: &str, secret: &str| {
        let from = marked(issuer("https://one", "i-account"), "resource.i");
        let plan = World::default().with(from).plan(input(vec![desired("i", issuer(server, secret))]));
        assert_eq!(actions(&plan), [("resource.i".into(), Action::Update)]);
        plan.changes[0].warnings.join("\n")
    };
    let said = warnings("https://one", "i-account-two");
    assert!(said.contains("in the Secret i-account-two from now on"), "{said}");
    assert!(
        said.ends_with("`spec.acme.privateKeySecretRef.name = \"i-account\"` keeps the old one"),
        "{said}"
    );
    let said = warnings("https://two", "i-account-two");
    assert!(said.contains("another authority") && !said.contains("in the Secret"), "{said}");
}

#[test]
fn another_signer_under_the_same_name_is_a_warning() {
    let issuer = |spec: Value| json!({"apiVersion": "cert-manager.io/v1", "kind": "Issuer", "metadata": {"name": "i", "namespace": "a"}, "spec": spec});
    let acme = |server: &str, email: &str| issuer(json!({"acme": {"server": server, "email": email}}));
    let warnings = |from: Value, to: Value| {
        let plan = World::default().with(marked(from, "resource.i")).plan(input(vec![desired("i", to)]));
        assert_eq!(actions(&plan), [("resource.i".into(), Action::Update)]);
        plan.changes[0].warnings.join("\n")
    };
    let said = warnings(acme("https://staging", "a@b"), acme("https://production", "a@b"));
    assert!(said.contains("signs anew only where the issuer has another name"), "{said}");
    let said = warnings(issuer(json!({"selfSigned": {}})), acme("https://production", "a@b"));
    assert!(said.contains("Give resource.i another name"), "{said}");
    assert_eq!(warnings(acme("https://production", "a@b"), acme("https://production", "c@d")), "");
}
