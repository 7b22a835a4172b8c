//! What is deleted, kept and forgotten, and what is deleted with it.

use serde_json::{Value, json};

use super::world::*;
use crate::config::Removed;
use crate::diagnostic::{SourceId, Span};
use crate::kubernetes::marks::{LINEAGE, PROJECT};
use crate::plan::{Action, Age, Mode, Reason};
use crate::provider::{CascadeScope, Dependent, Dependents};
use crate::resource::{Address, Identity};

#[test]
fn what_left_the_configuration_is_deleted_and_a_stranger_of_its_name_is_not() {
    let object = config_map("old", json!({}));
    let address = Address::block("resource", "old");
    let gone = |world: World| {
        let mut world = world;
        actions(&world.plan(with_known(input(vec![]), &address, &object)))
    };
    assert_eq!(gone(World::default().with(object.clone())), [("resource.old".into(), Action::Delete)]);
    assert_eq!(gone(World::default()), [("resource.old".into(), Action::Forget)]);
    let mut recreated = World::default().with(object.clone());
    recreated.objects.values_mut().for_each(|live| live.stamp.uid = "another".into());
    assert_eq!(gone(recreated), [("resource.old".into(), Action::Forget)]);
}

#[test]
fn what_another_project_has_taken_is_neither_deleted_nor_forgotten() {
    let object = map("old");
    let at = Address::block("resource", "old");
    for (mark, value) in [(PROJECT, "other"), (LINEAGE, "other")] {
        let mut taken = marked(object.clone(), "resource.old");
        taken["metadata"]["annotations"][mark] = json!(value);
        for mode in [Mode::Apply, Mode::Destroy] {
            let mut leaving = with_known(input(vec![]), &at, &object);
            leaving.mode = mode;
            let plan = World::default().with(taken.clone()).plan(leaving);
            assert_eq!((plan.changes.len(), plan.refusals.len()), (0, 1), "{mark}");
            let help = problem(&plan.refusals[0]).help.clone().unwrap();
            assert!(help.contains("regplan state rm resource.old"), "{help}");
        }
        // Under another name it would be deleted as well.
        let renamed = desired("old", map("new"));
        let plan = World::default().with(taken).plan(with_known(input(vec![renamed]), &at, &object));
        assert_eq!((plan.changes.len(), plan.refusals.len()), (0, 1), "{mark}");
    }
}

/// A destroy says what it lets stay, whose that is, and what to do about it.
#[test]
fn what_a_destroy_lets_stay_because_others_made_it_is_told() {
    let by = |name: &str, mark: &str, value: &str| {
        let mut object = marked(map(name), "resource.x");
        object["metadata"]["annotations"][mark] = json!(value);
        object
    };
    let mut used = desired("used", namespace("used"));
    used.shared = true;
    let names = ["ours", "old", "older", "theirs", "nobodys", "absent"];
    let desired = names.iter().map(|name| desired(name, map(name))).chain([used]).collect();
    let world = || {
        let world = World::default().with(marked(map("ours"), "resource.ours")).with(map("nobodys"));
        let world = world.with(by("old", LINEAGE, "m")).with(by("older", LINEAGE, "m"));
        world.with(by("theirs", PROJECT, "other")).with(namespace("used"))
    };
    let mut destroy = input(desired);
    destroy.mode = Mode::Destroy;
    for (serial, adopted) in [(0, true), (1, false)] {
        let destroy = crate::plan::Input { serial, lineage_adopted: adopted, ..destroy.clone() };
        let plan = world().plan(destroy);
        assert_eq!(actions(&plan), [("resource.ours".into(), Action::Delete)]);
        let [.., lineage, project, nobody] = plan.notes.as_slice() else { panic!("{:?}", plan.notes) };
        assert!(lineage.contains("a/old`, `ConfigMap a/older` stay"), "{lineage}");
        assert!(lineage.contains("`regplan destroy --adopt-lineage m`"), "{lineage}");
        assert!(project.contains("a/theirs` stays: the project `other`"), "{project}");
        assert!(nobody.contains("a/nobodys` stays") && !nobody.contains("used"), "{nobody}");
    }
    // An apply refuses each of them; what a destroy says is no news there.
    let apply = world().plan(crate::plan::Input { mode: Mode::Apply, ..destroy.clone() });
    assert_eq!(apply.notes, [""; 0]);
    let told = apply.unknown.notes(apply.serial, Age::Unproved);
    let [taken_in] = told.as_slice() else { panic!("{told:?}") };
    assert!(taken_in.contains("resource.ours is annotated as ours"), "{taken_in}");
    assert_eq!(apply.refusals.len(), 4);
    // What the state knows is told in the plan itself.
    let known = with_known_maps(destroy, &["old", "older", "theirs", "nobodys"]);
    let plan = world().plan(known);
    assert_eq!((plan.notes.as_slice(), plan.refusals.len()), (apply.notes.as_slice(), 3));
}

#[test]
fn a_lineage_that_is_named_for_nothing_is_told() {
    let mut named = input(vec![]);
    named.lineage_adopted = true;
    for mode in [Mode::Apply, Mode::Destroy] {
        named.mode = mode;
        let plan = World::default().plan(named.clone());
        assert!(plan.notes[0].contains("`--adopt-lineage l` has no effect"), "{:?}", plan.notes);
    }
}

#[test]
fn a_protected_resource_stays_until_consent_names_it() {
    let claim = claim("d");
    let space = namespace("a");
    let (claim_at, space_at) = (Address::block("resource", "d"), Address::block("namespace", "a"));
    let both = || with_known(with_known(input(vec![]), &claim_at, &claim), &space_at, &space);
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
fn a_namespace_is_not_deleted_around_what_is_wanted() {
    let space = namespace("a");
    let at = Address::block("resource", "space");
    let mut wanted = with_known(input(vec![desired("c", config_map("c", json!({})))]), &at, &space);
    wanted.consent.destroy.insert(at);
    let plan = World::default().with(space).plan(wanted);
    assert_eq!(
        actions(&plan),
        [("resource.c".into(), Action::Create), ("resource.space".into(), Action::Keep)]
    );
}

#[test]
fn what_is_removed_without_destroying_is_only_forgotten() {
    let space = namespace("a");
    for mode in [Mode::Apply, Mode::Destroy] {
        let mut input = with_known(with_known_maps(input(vec![]), &["old"]), &address("namespace.a"), &space);
        input.mode = mode;
        input.consent.destroy.insert(address("namespace.a"));
        let place = "regplan.toml:7".to_owned();
        let removed = Removed {
            address: address("resource.old"),
            destroy: false,
            span: Span { source: SourceId(0), start: 0, end: 0 },
            place,
        };
        input.moves.removed.push(removed);
        let plan = world_of(&["old"]).with(space.clone()).plan(settle(input).unwrap());
        assert_eq!(
            actions(&plan),
            [("resource.old".into(), Action::Forget), ("namespace.a".into(), Action::Keep)],
            "its namespace must not take it along"
        );
        assert_eq!(
            plan.changes[0].reasons,
            [Reason::ReleasedByRemoved { place: "regplan.toml:7".to_owned() }]
        );
    }
}

#[test]
fn what_dies_with_a_namespace_is_asked_and_named() {
    let space = namespace("a");
    let (ours, theirs) = (config_map("ours", json!({})), config_map("theirs", json!({})));
    let (space_at, ours_at) = (Address::block("resource", "a"), Address::block("resource", "ours"));
    let dependent = |object: &Value| {
        let identity = Identity::of(object).unwrap();
        Dependent { uid: format!("uid-{}", identity.name), identity, owners: vec![], issuer: None }
    };
    let mut world = World::default().with(space.clone()).with(ours.clone()).with(theirs.clone());
    world.dependents = Dependents { seen: vec![dependent(&ours), dependent(&theirs)], hidden: vec![] };
    let mut leaving = with_known(with_known(input(vec![]), &space_at, &space), &ours_at, &ours);
    leaving.consent.destroy.insert(space_at);
    let plan = world.plan(leaving);
    assert_eq!(world.scopes, [CascadeScope::Namespace("a".into())]);
    let dying = plan.changes.iter().flat_map(|change| &change.dies_with);
    assert_eq!(dying.collect::<Vec<_>>(), [&Identity::of(&theirs).unwrap()]);
    // Nobody asks where nothing of the sort goes.
    let mut world = World::default().with(ours.clone());
    world.plan(with_known(input(vec![]), &ours_at, &ours));
    assert_eq!(world.scopes, []);
}

/// A stateful set with what its pods need.
fn stateful() -> Vec<(&'static str, Value)> {
    let object = |kind: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "a"}});
    let pod = json!({"serviceAccountName": "robot", "containers": [{"name": "main",
        "envFrom": [{"secretRef": {"name": "password"}}, {"configMapRef": {"name": "settings"}}]}]});
    let mut set = object("StatefulSet", "db");
    set["apiVersion"] = json!("apps/v1");
    set["spec"] = json!({"serviceName": "db", "template": {"spec": pod}});
    let mut account = object("ServiceAccount", "robot");
    account["imagePullSecrets"] = json!([{"name": "pull"}]);
    vec![
        ("set", set),
        ("account", account),
        ("pull", object("Secret", "pull")),
        ("password", object("Secret", "password")),
        ("settings", object("ConfigMap", "settings")),
        ("service", object("Service", "db")),
        ("other", object("ConfigMap", "other")),
    ]
}

#[test]
fn what_stays_keeps_what_it_stands_on() {
    let world = || stateful().into_iter().fold(World::default(), |world, (_, object)| world.with(object));
    let leaving = || {
        let all = stateful().into_iter();
        all.fold(input(vec![]), |input, (name, object)| {
            with_known(input, &Address::block("resource", name), &object)
        })
    };
    let of = |plan: &crate::plan::Plan, action: Action| -> Vec<String> {
        let changes = plan.changes.iter().filter(|change| change.action == action);
        changes.map(|change| change.address.block.name.clone()).collect()
    };
    for mode in [Mode::Apply, Mode::Destroy] {
        let mut all = leaving();
        all.mode = mode;
        let plan = world().plan(all);
        assert_eq!(of(&plan, Action::Delete), ["other"]);
        assert_eq!(of(&plan, Action::Keep), ["account", "password", "pull", "service", "set", "settings"]);
        let secret = plan.changes.iter().find(|change| change.address.block.name == "pull").unwrap();
        let by = address("resource.set");
        assert_eq!(secret.reasons, [Reason::NeededByStaying { address: secret.address.clone(), by }]);
    }
    // Where it goes, all go; and one that is agreed to goes all the same, with what only it needs.
    let mut agreed = leaving();
    agreed.consent.destroy.insert(address("resource.set"));
    assert_eq!(of(&world().plan(agreed), Action::Keep), Vec::<String>::new());
    let mut agreed = leaving();
    agreed.consent.destroy.insert(address("resource.account"));
    let plan = world().plan(agreed);
    assert_eq!(of(&plan, Action::Delete), ["account", "other", "pull"]);
    assert!(plan.notes.is_empty(), "the consent had an effect: {:?}", plan.notes);
}

#[test]
fn what_is_released_keeps_what_it_stands_on() {
    let world = stateful().into_iter().fold(World::default(), |world, (_, object)| world.with(object));
    let mut world = world;
    let mut all = stateful().into_iter().fold(input(vec![]), |input, (name, object)| {
        with_known(input, &Address::block("resource", name), &object)
    });
    let span = Span { source: SourceId(0), start: 0, end: 0 };
    let released =
        Removed { address: address("resource.set"), destroy: false, span, place: "regplan.toml:1".into() };
    all.moves.removed.push(released);
    let plan = world.plan(all);
    let deleted = plan.changes.iter().filter(|change| change.action == Action::Delete);
    assert_eq!(deleted.map(|change| change.address.to_string()).collect::<Vec<_>>(), ["resource.other"]);
}

/// An Ingress that goes is gone before the program behind it is changed, and what that program reads.
#[test]
fn a_way_in_is_closed_before_what_it_leads_to_is_changed() {
    let of = |kind: &str, name: &str, text: &str| {
        json!({"apiVersion": if kind == "Ingress" { "networking.k8s.io/v1" } else { "v1" }, "kind": kind,
               "metadata": {"name": name, "namespace": "a"}, "spec": {"text": text}})
    };
    let names = ["settings", "program", "other"];
    for (kind, way) in [("Ingress", true), ("Widget", false)] {
        let mut world = World::default().with(marked(of(kind, "way", "x"), "resource.way"));
        let mut wanted = Vec::new();
        for name in names {
            world = world.with(marked(config_map(name, json!({"k": "1"})), &format!("resource.{name}")));
            wanted.push(desired(name, config_map(name, json!({"k": "2"}))));
        }
        wanted[1].depends_on = vec![(address("resource.settings"), None)];
        let mut leaving = with_known(input(wanted), &address("resource.way"), &of(kind, "way", "x"));
        let known = leaving.known.get_mut(&address("resource.way")).unwrap();
        known.dependencies = vec![address("resource.program")];
        let plan = world.plan(settle(leaving).unwrap());
        let order: Vec<String> = plan.order().sorted().iter().map(ToString::to_string).collect();
        let at = |name: &str| order.iter().position(|one| one == &format!("resource.{name}")).unwrap();
        for name in ["settings", "program"] {
            assert_eq!(at("way") < at(name), way, "{kind}: {order:?}");
        }
    }
}
