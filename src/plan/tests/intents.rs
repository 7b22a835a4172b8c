//! `--target`, `--replace`, `[[moved]]` and `[[removed]]`.

use super::*;
use crate::config::{Moved, Removed};
use crate::diagnostic::{Diagnostics, SourceId, Span};
use crate::graph::Graph;

const NOWHERE: Span = Span { source: SourceId(0), start: 0, end: 0 };

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn map(name: &str) -> Value {
    config_map(name, json!({"k": "v"}))
}

/// A resource that waits for these.
fn standing_on(name: &str, dependencies: &[&str]) -> Desired {
    let mut desired = desired(name, map(name));
    desired.depends_on = dependencies.iter().map(|dependency| (address(dependency), None)).collect();
    desired
}

/// What these resources and memories come to with their graph.
fn settled(mut input: Input) -> Result<Input, Diagnostics> {
    let graph = Graph::build(input.desired.iter().map(|desired| (**desired).clone()).collect()).unwrap();
    let dependencies = |desired: &std::sync::Arc<Desired>| {
        let dependencies = graph.dependencies_of(&desired.address).into_iter().cloned().collect();
        (desired.address.clone(), dependencies)
    };
    input.dependencies = input.desired.iter().map(dependencies).collect();
    input.settle(&graph)
}

fn knowing(input: Input, names: &[&str]) -> Input {
    names.iter().fold(input, |input, name| known(input, &Address::block("resource", *name), &map(name)))
}

fn world(names: &[&str]) -> World {
    names
        .iter()
        .fold(World::default(), |world, name| world.with(marked(map(name), &format!("resource.{name}"))))
}

/// base ← web ← edge, and aside; `old` and `older` (which stands on it) have left the configuration.
fn project() -> Input {
    let wanted = vec![
        standing_on("base", &[]),
        standing_on("web", &["resource.base"]),
        standing_on("edge", &["resource.web"]),
        standing_on("aside", &[]),
    ];
    let mut input = knowing(input(wanted), &["base", "web", "edge", "aside", "old", "older"]);
    let stands_on = [("web", "base"), ("edge", "web"), ("older", "old")];
    for (name, dependency) in stands_on {
        let known = input.known.get_mut(&Address::block("resource", name)).unwrap();
        known.dependencies = vec![Address::block("resource", dependency)];
    }
    input
}

fn targeting(mut input: Input, targets: &[&str]) -> Input {
    input.targets = targets.iter().map(|target| address(target)).collect();
    input
}

fn names(addresses: &[Address]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn a_target_takes_what_it_stands_on_and_leaves_out_the_rest() {
    let input = settled(targeting(project(), &["resource.web"])).unwrap();
    let mut world = world(&["base", "web", "edge", "aside", "old", "older"]);
    world.unreadable = vec![Identity::of(&map("aside")).unwrap(), Identity::of(&map("old")).unwrap()];
    let plan = world.plan(input);
    assert_eq!(plan.refusals.len(), 0, "what is left out is not read");
    let touched: Vec<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
    assert_eq!(touched, ["resource.base", "resource.web"]);
    assert_eq!(names(&plan.left_out), ["resource.aside", "resource.edge", "resource.old", "resource.older"]);
    assert!(plan.notes[0].contains("4 resources are left out"), "{:?}", plan.notes);
}

#[test]
fn what_left_the_configuration_is_deleted_when_it_is_targeted_with_what_stands_on_it() {
    let all = ["base", "web", "edge", "aside", "old", "older"];
    let plan = world(&all).plan(settled(targeting(project(), &["resource.old"])).unwrap());
    assert_eq!(
        actions(&plan),
        [("resource.old".into(), Action::Delete), ("resource.older".into(), Action::Delete)]
    );
    let plan = world(&all).plan(settled(targeting(project(), &["resource.older"])).unwrap());
    assert_eq!(actions(&plan), [("resource.older".into(), Action::Delete)]);
}

#[test]
fn a_targeted_destroy_takes_what_stands_on_the_target() {
    let mut input = targeting(project(), &["resource.web"]);
    input.mode = Mode::Destroy;
    let all = ["base", "web", "edge", "aside", "old", "older"];
    let plan = world(&all).plan(settled(input).unwrap());
    assert_eq!(
        actions(&plan),
        [("resource.edge".into(), Action::Delete), ("resource.web".into(), Action::Delete)]
    );
    assert!(plan.left_out.contains(&address("resource.base")));
}

#[test]
fn a_namespace_is_destroyed_with_everything_known_in_it() {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let mut input = known(knowing(input(vec![]), &["inside"]), &Address::block("namespace", "a"), &space);
    input.mode = Mode::Destroy;
    let settled = settled(targeting(input, &["namespace.a"])).unwrap();
    assert_eq!(settled.known.len(), 2);
}

#[test]
fn a_targeted_old_address_never_deletes_what_is_desired_under_a_new_one() {
    let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "x", "namespace": "a"}});
    let before = json!({"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "x", "namespace": "a"}});
    let input = known(input(vec![desired("new", object)]), &address("resource.old"), &before);
    let settled = settled(targeting(input, &["resource.old"])).unwrap();
    assert_eq!(settled.desired.len(), 1);
    assert_eq!(settled.desired[0].address, address("resource.new"));
}

#[test]
fn a_namespace_is_kept_for_what_is_left_out() {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let mut input = known(input(vec![standing_on("web", &[])]), &address("namespace.a"), &space);
    input.consent.destroy.insert(address("namespace.a"));
    let plan = World::default().with(space).plan(settled(targeting(input, &["namespace.a"])).unwrap());
    assert_eq!(actions(&plan), [("namespace.a".into(), Action::Keep)]);
}

#[test]
fn without_a_state_the_lineage_is_found_on_what_is_left_out() {
    let mut input =
        targeting(input(vec![standing_on("web", &[]), standing_on("aside", &[])]), &["resource.web"]);
    (input.serial, input.lineage) = (0, "fresh".into());
    let plan = world(&["aside"]).plan(settled(input).unwrap());
    assert_eq!(plan.lineage, "l");
    assert_eq!(actions(&plan), [("resource.web".into(), Action::Create)]);
}

#[test]
fn an_unknown_target_names_the_nearest() {
    let mistakes = settled(targeting(project(), &["resource.wbe"])).unwrap_err().to_string();
    assert!(
        mistakes.contains("there is no `resource.wbe`") && mistakes.contains("`resource.web`"),
        "{mistakes}"
    );
}

fn replacing(mut input: Input, named: &[&str]) -> Input {
    input.replace = named.iter().map(|named| address(named)).collect();
    input
}

#[test]
fn a_replacement_is_asked_for_and_its_dependents_follow() {
    let mut triggered = standing_on("edge", &[]);
    triggered.lifecycle.replace_triggered_by = vec![address("resource.web")];
    let input = knowing(input(vec![standing_on("web", &[]), triggered]), &["web", "edge"]);
    let plan = world(&["web", "edge"]).plan(settled(replacing(input, &["resource.web"])).unwrap());
    let reasons: Vec<_> =
        plan.changes.iter().map(|change| (change.action, change.reasons.as_slice())).collect();
    let loss = Reason::ReplacementLoss { loss: Loss::Nothing };
    let triggered = Reason::ReplaceTriggered { by: address("resource.web") };
    assert_eq!(
        reasons,
        [
            (Action::Replace, [Reason::ReplaceRequested, loss.clone()].as_slice()),
            (Action::Replace, [triggered, loss].as_slice()),
        ]
    );
}

#[test]
fn a_replacement_of_nothing_is_a_create_that_says_so() {
    let input = replacing(input(vec![standing_on("web", &[])]), &["resource.web"]);
    let plan = World::default().plan(settled(input).unwrap());
    assert_eq!(plan.changes[0].action, Action::Create);
    assert_eq!(plan.changes[0].reasons, [Reason::NothingToReplace]);
}

#[test]
fn a_namespace_is_not_made_anew_under_what_stands_in_it() {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let wanted = || {
        let input = knowing(input(vec![desired("space", space.clone()), standing_on("web", &[])]), &["web"]);
        let mut input = known(input, &address("resource.space"), &space);
        input.consent.destroy.insert(address("resource.space"));
        settled(replacing(input, &["resource.space"])).unwrap()
    };
    let empty = || World::default().with(marked(space.clone(), "resource.space"));
    let plan = empty().with(marked(map("web"), "resource.web")).plan(wanted());
    let message = problem(&plan.refusals[0]).to_string();
    assert!(message.contains("resource.web, which would die with it"), "{message}");
    let actions: Vec<Action> = empty().plan(wanted()).changes.iter().map(|change| change.action).collect();
    assert_eq!(actions, [Action::Replace, Action::Create]);
}

#[test]
fn a_replacement_needs_consent_and_a_claim_is_never_replaced() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c", "namespace": "a"}});
    let mut guarded = standing_on("web", &[]);
    guarded.lifecycle.protect = true;
    let both = || {
        let input = knowing(input(vec![guarded.clone(), desired("c", claim.clone())]), &["web"]);
        replacing(known(input, &address("resource.c"), &claim), &["resource.web", "resource.c"])
    };
    let there = || world(&["web"]).with(marked(claim.clone(), "resource.c"));
    let plan = there().plan(settled(both()).unwrap());
    assert_eq!(plan.refusals.len(), 2);
    let mut agreed = both();
    agreed.consent.destroy = [address("resource.web"), address("resource.c")].into();
    let plan = there().plan(settled(agreed).unwrap());
    assert_eq!(actions(&plan), [("resource.web".into(), Action::Replace)]);
    let help = plan.refusals[0].obstacle.help().unwrap();
    assert!(help.contains("leave `--replace` out"), "{help}");
}

#[test]
fn what_cannot_be_replaced_is_said() {
    let objects = ["a", "b"]
        .map(|name| Desired::new(address(&format!("manifest.m/ConfigMap/{name}")), map(name)).unwrap());
    let several = || input(objects.to_vec());
    for (input, words) in [
        (replacing(several(), &["manifest.m"]), "`manifest.m/ConfigMap/a`, `manifest.m/ConfigMap/b`"),
        (replacing(several(), &["manifest.n"]), "did you mean `manifest.m`?"),
        (
            targeting(replacing(several(), &["manifest.m/ConfigMap/a"]), &["manifest.m/ConfigMap/b"]),
            "add `--target manifest.m/ConfigMap/a`",
        ),
    ] {
        let mistakes = settled(input).unwrap_err().to_string();
        assert!(mistakes.contains(words), "{mistakes}");
    }
}

fn moving(mut input: Input, from: &str, to: &str) -> Input {
    let moved = Moved { from: address(from), to: address(to), from_span: NOWHERE, to_span: NOWHERE };
    input.moves.moved.push(moved);
    input
}

#[test]
fn a_moved_address_whose_object_has_another_name_is_a_replacement() {
    let input =
        moving(knowing(input(vec![standing_on("new", &[])]), &["old"]), "resource.old", "resource.new");
    let plan = world(&["old"]).plan(settled(input).unwrap());
    assert_eq!(actions(&plan), [("resource.new".into(), Action::Replace)]);
    let change = &plan.changes[0];
    assert_eq!(change.moved_from, Some(address("resource.old")));
    assert_eq!(change.replaced.as_ref().unwrap().0.identity.name, "old");
}

#[test]
fn of_several_possible_objects_the_moved_one_is_kept() {
    let object = |block: &str| Desired::new(address(&format!("{block}/ConfigMap/c")), map("c")).unwrap();
    let before =
        known(input(vec![object("manifest.prod")]), &address("manifest.main/ConfigMap/c"), &map("c"));
    let there = World::default().with(marked(map("c"), "manifest.main/ConfigMap/c"));
    let mut there = there;
    let plan = there.plan(settled(moving(before, "manifest.main", "manifest.prod")).unwrap());
    assert_eq!(actions(&plan), [("manifest.prod/ConfigMap/c".into(), Action::Update)]);
    assert_eq!(plan.changes[0].moved_from, Some(address("manifest.main/ConfigMap/c")));
}

#[test]
fn a_move_to_an_address_that_is_taken_is_told_and_not_made() {
    let input = knowing(input(vec![standing_on("new", &[])]), &["old", "new"]);
    let plan = world(&["old", "new"]).plan(settled(moving(input, "resource.old", "resource.new")).unwrap());
    assert_eq!(
        actions(&plan),
        [("resource.new".into(), Action::None), ("resource.old".into(), Action::Delete)]
    );
    assert!(plan.notes[0].contains("which the state knows already"), "{:?}", plan.notes);
}

#[test]
fn a_stale_move_is_nothing() {
    let input =
        moving(knowing(input(vec![standing_on("new", &[])]), &["new"]), "resource.old", "resource.new");
    let plan = world(&["new"]).plan(settled(input).unwrap());
    assert_eq!(actions(&plan), [("resource.new".into(), Action::None)]);
    assert_eq!(plan.notes, Vec::<String>::new());
}

#[test]
fn moves_are_held_against_the_objects_of_blocks() {
    let graph =
        Graph::build(vec![Desired::new(address("manifest.m/ConfigMap/a"), map("a")).unwrap()]).unwrap();
    let check = |from: &str, to: &str| check_moves(&moving(input(vec![]), from, to).moves, &graph).is_ok();
    assert!(check("resource.a", "manifest.m/ConfigMap/a"));
    assert!(!check("resource.a", "manifest.m/ConfigMap/b"), "no such object");
    assert!(!check("manifest.m/ConfigMap/a", "manifest.m/ConfigMap/b"), "still there");
}

#[test]
fn what_is_removed_without_destroying_is_only_forgotten() {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    for mode in [Mode::Apply, Mode::Destroy] {
        let mut input = known(knowing(input(vec![]), &["old"]), &address("namespace.a"), &space);
        input.mode = mode;
        input.consent.destroy.insert(address("namespace.a"));
        let place = "regplan.toml:7".to_owned();
        let removed = Removed { address: address("resource.old"), destroy: false, span: NOWHERE, place };
        input.moves.removed.push(removed);
        let plan = world(&["old"]).with(space.clone()).plan(settled(input).unwrap());
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
