//! What charts have run when they are deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::world::*;
use crate::config::Removed;
use crate::diagnostic::{SourceId, Span};
use crate::kubernetes::marks::RUN;
use crate::plan::{Action, Change, Input, Mode, Plan};
use crate::resource::{Address, BlockAddress, Desired, Hook, Identity, Moment, Phase};

fn at(kind: &str, name: &str) -> Address {
    format!("chart.web/{kind}/{name}").parse().unwrap()
}

fn job(name: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "a"},
        "status": {"conditions": [{"type": "Complete", "status": "True"}]},
    })
}

fn hook(address: &Address, object: Value, phase: Phase) -> Arc<Desired> {
    let hook = Hook {
        phases: BTreeSet::from([phase]),
        weight: 0,
        deleted_after: BTreeSet::new(),
        content: "c".into(),
        moment: Moment::Install,
    };
    let desired = Desired::new(address.clone(), object).unwrap();
    Arc::new(Desired { hook: Some(hook.of_deletion()), ..desired })
}

/// A chart with an object, an account and a Job that run before its end, and a Job that runs after it. The state knows
/// them all, and nothing has happened yet.
fn leaving() -> Input {
    let mut input = input(vec![]);
    for (kind, name, object) in [
        ("ConfigMap", "config", config_map("config", json!({}))),
        ("ServiceAccount", "account", account()),
        ("Job", "before", job("before")),
        ("Job", "after", job("after")),
    ] {
        input = with_known(input, &at(kind, name), &object);
        if kind != "ConfigMap" {
            known(&mut input, kind, name).hook = Some(Moment::Install);
        }
    }
    let config = Identity::namespaced("", "ConfigMap", "a", "config");
    input.leaving = BTreeMap::from([(BlockAddress::new("chart", "web"), BTreeSet::from([config]))]);
    input.farewells = vec![
        hook(&at("Job", "after"), job("after"), Phase::PostDelete),
        hook(&at("Job", "before"), job("before"), Phase::PreDelete),
        hook(&at("ServiceAccount", "account"), account(), Phase::PreDelete),
    ];
    input
}

fn account() -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "account", "namespace": "a"}})
}

fn known<'i>(input: &'i mut Input, kind: &str, name: &str) -> &'i mut crate::plan::Known {
    input.known.get_mut(&at(kind, name)).unwrap()
}

/// An earlier run was to run it because the chart is deleted.
fn due(input: &mut Input, kind: &str, name: &str) {
    let known = known(input, kind, name);
    known.hook = Some(Moment::Delete);
    known.uid = String::new();
}

/// It has run because the chart is deleted.
fn ran(input: &mut Input, kind: &str, name: &str) {
    let known = known(input, kind, name);
    known.hook = Some(Moment::Delete);
    known.completed = Some("deletion of c".into());
}

/// Whatever is not kept as it is.
fn done(plan: &Plan) -> Vec<(String, Action)> {
    actions(plan).into_iter().filter(|(_, action)| *action != Action::None).collect()
}

fn change<'p>(plan: &'p Plan, kind: &str, name: &str) -> &'p Change {
    plan.changes.iter().find(|change| change.address == at(kind, name)).unwrap()
}

fn world() -> World {
    World::default().with(config_map("config", json!({})))
}

fn runs(plan: &Plan) -> Vec<String> {
    let all = done(plan).into_iter().filter(|(_, action)| *action == Action::Run);
    let mut names: Vec<String> =
        all.map(|(address, _)| address.rsplit('/').next().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn what_is_still_to_run_runs_when_all_else_is_gone() {
    let mut input = leaving();
    input.known.remove(&at("ConfigMap", "config"));
    ran(&mut input, "ServiceAccount", "account");
    ran(&mut input, "Job", "before");
    due(&mut input, "Job", "after");
    let plan = World::default().plan(input.clone());
    assert_eq!(done(&plan), [("chart.web/Job/after".into(), Action::Run)]);
    ran(&mut input, "Job", "after");
    let plan = World::default().plan(input);
    assert_eq!(runs(&plan), [""; 0], "all is done");
    assert!(done(&plan).iter().all(|(_, action)| *action == Action::Forget));
}

#[test]
fn what_has_run_is_known_until_all_of_its_chart_is_done() {
    let mut input = leaving();
    ran(&mut input, "ServiceAccount", "account");
    ran(&mut input, "Job", "before");
    due(&mut input, "Job", "after");
    let plan = world().plan(input);
    assert_eq!(runs(&plan), ["after"]);
    assert!(done(&plan).iter().all(|(_, action)| *action != Action::Forget), "{:?}", done(&plan));
    assert!(change(&plan, "Job", "before").has_completed());
}

/// It is there from a run that was killed before it deleted what is left of it.
#[test]
fn what_has_run_and_is_there_is_waited_for_and_goes() {
    let mut input = leaving();
    ran(&mut input, "ServiceAccount", "account");
    ran(&mut input, "Job", "before");
    let plan = world().with(begun()).plan(input);
    let before = change(&plan, "Job", "before");
    assert_eq!((before.action, before.awaited), (Action::None, true));
    assert_eq!(runs(&plan), ["after"]);
}

/// The Job that runs before the end, as a deletion has begun it.
fn begun() -> Value {
    let mut object = marked(job("before"), "chart.web/Job/before");
    object["metadata"]["annotations"][RUN] = json!("deletion of c");
    object
}

/// The chart came back after a deletion that was killed, and is deleted once more.
#[test]
fn what_an_earlier_deletion_has_left_is_not_waited_for() {
    let awaited = |uid: &str, leftover: Option<&str>| {
        let mut input = leaving();
        ran(&mut input, "ServiceAccount", "account");
        due(&mut input, "Job", "before");
        let before = known(&mut input, "Job", "before");
        before.uid = uid.to_owned();
        before.leftover = leftover.map(str::to_owned);
        change(&world().with(begun()).plan(input), "Job", "before").awaited
    };
    assert!(!awaited("", Some("uid-before")), "it is what was there before");
    assert!(awaited("", Some("uid-older")), "what was there is gone: this one is ours");
    assert!(awaited("", None));
    assert!(awaited("uid-before", None));
    assert!(!awaited("uid-other", None), "ours was recorded, and is gone");
}

/// A chart may have made more than its objects.
#[test]
fn what_runs_at_the_end_runs_also_where_others_have_deleted_the_objects() {
    let plan = World::default().plan(leaving());
    assert_eq!((runs(&plan), notes(&plan)), (names(["account", "after", "before"]), vec![]));
    let gone = |plan: &Plan| plan.leaving.values().flatten().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(gone(&plan), ["ConfigMap a/config"]);
    assert_eq!(gone(&world().plan(leaving())), [""; 0]);
    // Once is enough.
    let mut input = leaving();
    for (kind, name) in [("ServiceAccount", "account"), ("Job", "before"), ("Job", "after")] {
        ran(&mut input, kind, name);
    }
    assert_eq!(runs(&World::default().plan(input)), [""; 0]);
    // What is protected stays, and is no reason to wait.
    let kept = claim("data");
    let mut input = with_known(leaving(), &at("PersistentVolumeClaim", "data"), &kept);
    known(&mut input, "PersistentVolumeClaim", "data").protect = true;
    let plan = World::default().with(marked(kept, "chart.web/PersistentVolumeClaim/data")).plan(input);
    assert_eq!(runs(&plan), ["account", "after", "before"]);
}

fn notes(plan: &Plan) -> Vec<&str> {
    plan.notes.iter().map(String::as_str).collect()
}

fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

/// Others have deleted an object of the chart, and this is no end of it.
#[track_caller]
fn lives_on(mut world: World, input: Input) {
    let plan = world.plan(input);
    assert_eq!(runs(&plan), [""; 0]);
    let expected =
        "Hooks of the deletion of chart.web do not run: of its objects, ConfigMap a/config lives on, or may.";
    assert_eq!((notes(&plan), plan.leaving.len()), (vec![expected], 0));
}

#[test]
fn nothing_runs_where_an_object_lives_on() {
    let config = || config_map("config", json!({}));
    // The block has another name, and the same objects.
    let site: Address = "chart.site/ConfigMap/config".parse().unwrap();
    let desired = || Arc::new(Desired::new(site.clone(), config()).unwrap());
    let plan = World::default().plan(Input { desired: vec![desired()], ..leaving() });
    assert_eq!((runs(&plan), notes(&plan), plan.leaving.len()), (vec![], vec![], 0));
    let mut beside_targets = leaving();
    beside_targets.left_out.desired.push(desired());
    lives_on(World::default(), beside_targets);
    // Another block has it in the state.
    let other = config_map("other", json!({}));
    let with_other = || with_known(leaving(), &at("ConfigMap", "other"), &other);
    lives_on(World::default(), with_known(with_other(), &site, &config()));
    // The state was told to forget it.
    let mut forgotten = with_other();
    forgotten.known.remove(&at("ConfigMap", "config"));
    lives_on(World::default(), forgotten);
    // Others have made it anew.
    let mut theirs = with_other();
    known(&mut theirs, "ConfigMap", "config").uid = "uid-old".to_owned();
    lives_on(World::default().with(config()), theirs);
}

/// The chart has another name from now on, and one of its objects is not in it any more.
#[test]
fn nothing_runs_of_a_chart_of_which_a_part_goes_and_the_rest_lives_on() {
    let site: Address = "chart.site/ConfigMap/config".parse().unwrap();
    let desired = Arc::new(Desired::new(site, config_map("config", json!({}))).unwrap());
    let old = config_map("old", json!({}));
    let input = with_known(leaving(), &at("ConfigMap", "old"), &old);
    let with_old = || world().with(marked(old.clone(), "chart.web/ConfigMap/old"));
    let mut renamed = Input { desired: vec![desired], ..input };
    lives_on(with_old(), renamed.clone());
    // The same where the configuration says that it has moved.
    renamed.moved.insert("chart.site/ConfigMap/other".parse().unwrap(), at("ConfigMap", "config"));
    lives_on(with_old(), renamed.clone());
    // A destroy before that has been applied finds nothing under the new name that it could run.
    let plan = with_old().plan(Input { mode: Mode::Destroy, desired: vec![], ..renamed });
    assert_eq!(runs(&plan), [""; 0]);
    assert!(notes(&plan)[0].contains("To have them run, apply first."), "{:?}", notes(&plan));
}

/// A Job may be deleted by itself once it has ended. That is no end of its chart.
#[test]
fn nothing_runs_where_only_a_job_is_gone_that_has_ended() {
    let mut input = with_known(leaving(), &at("Job", "work"), &job("work"));
    input.known.remove(&at("ConfigMap", "config"));
    let work = known(&mut input, "Job", "work").target.identity.clone();
    input.leaving.insert(BlockAddress::new("chart", "web"), BTreeSet::from([work]));
    let plan = World::default().plan(input);
    assert_eq!((runs(&plan), notes(&plan)), (vec![], vec![]));
}

#[test]
fn a_namespace_that_another_block_has_too_does_not_keep_a_chart() {
    let namespace = || json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let shared: Address = "registry.main/Namespace/a".parse().unwrap();
    let input = with_known(leaving(), &at("Namespace", "a"), &namespace());
    let desired = vec![Arc::new(Desired::new(shared.clone(), namespace()).unwrap())];
    let input = Input { desired, ..with_known(input, &shared, &namespace()) };
    let plan = world().with(marked(namespace(), "registry.main/Namespace/a")).plan(input);
    assert_eq!((runs(&plan), notes(&plan)), (names(["account", "after", "before"]), vec![]));
}

/// What stays only because a protected object needs it is no reason to wait.
#[test]
fn what_a_protected_object_needs_does_not_keep_its_chart() {
    let needed = config_map("needed", json!({}));
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "kept", "namespace": "a"},
        "spec": {"volumes": [{"name": "v", "configMap": {"name": "needed"}}]},
    });
    let input = with_known(leaving(), &at("ConfigMap", "needed"), &needed);
    let mut input = with_known(input, &at("Pod", "kept"), &pod);
    known(&mut input, "Pod", "kept").protect = true;
    known(&mut input, "Pod", "kept").dependencies.push(at("ConfigMap", "needed"));
    let mut world = World::default()
        .with(marked(needed, "chart.web/ConfigMap/needed"))
        .with(marked(pod, "chart.web/Pod/kept"));
    let plan = world.plan(input);
    assert_eq!(change(&plan, "ConfigMap", "needed").action, Action::Keep);
    assert_eq!((runs(&plan), notes(&plan)), (names(["account", "after", "before"]), vec![]));
}

#[test]
fn nothing_runs_of_a_chart_that_a_killed_run_may_never_have_made() {
    let mut input = leaving();
    known(&mut input, "ConfigMap", "config").uid = String::new();
    assert_eq!(runs(&World::default().plan(input)), [""; 0]);
}

#[test]
fn what_needs_an_object_that_others_have_deleted_does_not_run() {
    let needing = |name: &str| {
        let mut object = job(name);
        object["spec"] =
            json!({"template": {"spec": {"volumes": [{"name": "v", "configMap": {"name": "config"}}]}}});
        object
    };
    let mut input = leaving();
    input.farewells[1] = hook(&at("Job", "before"), needing("before"), Phase::PreDelete);
    let plan = World::default().plan(input.clone());
    assert_eq!(runs(&plan), ["account", "after"]);
    let note = "chart.web/Job/before does not run when its chart is deleted: it needs ConfigMap a/config, which is gone.";
    assert_eq!(notes(&plan), [note]);
    // The next plan knows that as well, as long as something is still to run.
    let mut next = input.clone();
    next.known.remove(&at("ConfigMap", "config"));
    next.known.remove(&at("Job", "before"));
    ran(&mut next, "ServiceAccount", "account");
    due(&mut next, "Job", "after");
    assert_eq!(runs(&World::default().plan(next)), ["after"]);
    // Where something is left to delete, the hook holds that back, as one that fails.
    let left = config_map("left", json!({}));
    let with_left = with_known(input.clone(), &at("ConfigMap", "left"), &left);
    let plan = World::default().with(marked(left, "chart.web/ConfigMap/left")).plan(with_left);
    assert_eq!((runs(&plan), notes(&plan)), (names(["account", "after", "before"]), vec![]));
    // What is there, or was there when an earlier run was to run it, is enough.
    assert_eq!(runs(&world().plan(input.clone())), ["account", "after", "before"]);
    due(&mut input, "Job", "before");
    assert_eq!(runs(&World::default().plan(input)), ["account", "after", "before"]);
}

/// The rights of a Job are those that a binding gives it.
#[test]
fn what_needs_a_hook_that_does_not_run_does_not_run_either() {
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "role", "namespace": "a"},
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "binding", "namespace": "a"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "role"},
        "subjects": [{"kind": "ServiceAccount", "name": "account", "namespace": "a"}],
    });
    let mut with_rights = job("before");
    with_rights["spec"] = json!({"template": {"spec": {"serviceAccountName": "account"}}});
    let mut input = with_known(leaving(), &at("Role", "role"), &role);
    let role = Identity::namespaced("rbac.authorization.k8s.io", "Role", "a", "role");
    input.leaving.get_mut(&BlockAddress::new("chart", "web")).unwrap().insert(role);
    input.farewells[1] = hook(&at("Job", "before"), with_rights, Phase::PreDelete);
    input.farewells.push(hook(&at("RoleBinding", "binding"), binding, Phase::PreDelete));
    let plan = World::default().plan(input);
    assert_eq!(runs(&plan), ["account", "after"]);
    let [binding, job] = notes(&plan)[..] else { panic!("{:?}", notes(&plan)) };
    assert!(
        binding.contains("RoleBinding/binding does not run") && binding.contains("a/role, which is gone")
    );
    assert!(job.contains("Job/before does not run") && job.contains("a/binding, which is gone"));
}

/// What is left of an installation with the same content is no run of the deletion.
#[test]
fn what_ran_for_another_reason_runs_again() {
    let mut input = leaving();
    due(&mut input, "Job", "before");
    known(&mut input, "Job", "after").completed = Some("c".into());
    let mut object = marked(job("before"), "chart.web/Job/before");
    object["metadata"]["annotations"][RUN] = json!("c");
    let plan = world().with(object).plan(input);
    assert_eq!(runs(&plan), ["account", "after", "before"]);
}

#[test]
fn what_a_hook_needs_is_made_again_with_it() {
    let mut input = leaving();
    ran(&mut input, "ServiceAccount", "account");
    due(&mut input, "Job", "before");
    assert_eq!(runs(&world().plan(input)), ["account", "after", "before"]);
}

#[test]
fn a_chart_that_goes_on_under_another_name_runs_nothing() {
    let mut input = leaving();
    input.moved.insert("chart.site/ConfigMap/other".parse().unwrap(), at("ConfigMap", "other"));
    assert_eq!(runs(&world().plan(input)), [""; 0]);
}

#[test]
fn what_is_released_does_not_run() {
    let mut input = leaving();
    input.moves.removed.push(Removed {
        address: at("Job", "after"),
        destroy: false,
        span: Span { source: SourceId(0), start: 0, end: 0 },
        place: "here".into(),
    });
    let plan = world().plan(input);
    assert_eq!(runs(&plan), ["account", "before"]);
    assert_eq!(change(&plan, "Job", "after").action, Action::Forget);
}

/// Definitions are never rolled back.
#[test]
fn a_definition_that_stays_in_a_rollback_does_not_keep_its_chart() {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
    });
    let kind = "CustomResourceDefinition";
    let staying = || {
        let desired = Desired::new(at(kind, "things"), definition.clone()).unwrap();
        Input { desired: vec![Arc::new(desired)], ..leaving() }
    };
    let world = || world().with(marked(definition.clone(), "chart.web/CustomResourceDefinition/things"));
    assert_eq!(runs(&world().plan(staying())), [""; 0], "the chart is wanted");
    let plan = world().plan(Input { revision: Some(1), ..staying() });
    assert_eq!(runs(&plan), ["account", "after", "before"]);
}
