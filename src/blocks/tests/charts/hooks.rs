//! The hooks of charts.

use super::*;

/// A chart with an object, and a pod with the annotations that a value names.
fn with_hook() -> World {
    World::rendering(|request| Ok(hook(values(request)["hook"].as_str().unwrap())))
}

fn hook(annotations: &str) -> String {
    let metadata = format!("{{name: h, annotations: {{{annotations}}}}}");
    format!("{}---\napiVersion: v1\nkind: Pod\nmetadata: {metadata}\n", config_map("a: b"))
}

/// A block with these phases of its hook, and these keys.
fn hooked(phases: &str, more: &str) -> String {
    format!("{BLOCK}{more}values.hook = \"helm.sh/hook: '{phases}'\"\n")
}

#[test]
fn hooks_are_runs_and_tests_are_left_out() {
    let world = with_hook();
    assert_eq!(world.resources(&hooked("test, test-success", "")).len(), 1);
    let more =
        "helm.sh/hook-weight: '-5', helm.sh/hook-delete-policy: 'before-hook-creation, hook-succeeded'";
    let weighed = |keys: &str| {
        let phases = format!("pre-install, PRE-UPGRADE,test', {more}, x: '");
        world.resources(&hooked(&phases, keys))
    };
    let [object, run] = &weighed("")[..] else { panic!() };
    let hook = run.hook.as_ref().unwrap();
    assert!(object.hook.is_none());
    assert_eq!(hook.phases, [Phase::PreInstall, Phase::PreUpgrade].into());
    assert_eq!((hook.weight, &hook.deleted_after), (-5, &[Ending::Succeeded].into()));
    assert_eq!((hook.moment, hook.side()), (Moment::Install, Some(Side::Before)));
    let chosen = |hooks: &str| weighed(&format!("hooks = {hooks}\n")).len();
    assert_eq!((chosen("true"), chosen("false"), chosen("[\"post-install\"]")), (2, 1, 1));
    assert_eq!(chosen("[\"pre-upgrade\"]"), 2);
}

#[test]
fn a_chart_that_renders_nothing_is_told() {
    let world = World::rendering(|_| Ok(String::new()));
    assert_eq!(world.resources(BLOCK).len(), 0);
    insta::assert_snapshot!(world.mistakes(BLOCK).join("\n"), @"`chart.web` renders no object | its values switch everything off, or no template makes anything: look at `values`, and at `helm template` of the same; if nothing of it is wanted any more, take the block out");
}

#[test]
fn what_is_wrong_with_hooks_is_told() {
    let world = with_hook();
    let skipped = |text: &str| {
        let world =
            World { skipped_hooks: vec![text.to_owned()], ..World::rendering(|_| Ok(config_map("a: b"))) };
        world.mistakes(BLOCK).join("\n")
    };
    insta::assert_snapshot!(skipped("pre-upgrade, Pre-Instal"), @"`chart.web` has hooks of a phase that Helm does not have: `pre-instal` | did you mean `pre-install`? Helm leaves out what has such a phase in its annotation `helm.sh/hook`, and so does regplan: it is never made. Mend the annotation in the chart");
    insta::assert_snapshot!(skipped("after-lunch"), @"`chart.web` has hooks of a phase that Helm does not have: `after-lunch` | Helm leaves out what has such a phase in its annotation `helm.sh/hook`, and so does regplan: it is never made. Mend the annotation in the chart");
    let said = |policy: &str, weight: &str| {
        let annotations = format!(
            "post-install', helm.sh/hook-delete-policy: '{policy}', helm.sh/hook-weight: '{weight}', x: '"
        );
        world.mistakes(&hooked(&annotations, "")).join("\n")
    };
    insta::assert_snapshot!(said("hook-succeded,before-hook-creation", "5"), @"`chart.web` has hooks with a policy of deletion that Helm does not have: `hook-succeded` | did you mean `hook-succeeded`? Such a word has no effect, so what the hook leaves may stay. Mend the annotation `helm.sh/hook-delete-policy` in the chart");
    insta::assert_snapshot!(said("hook-failed", "first"), @"`chart.web` has hooks whose weight is no whole number: `Pod/h` | Helm takes such a weight for 0, and so does regplan, so they may run before what they need. Mend the annotation `helm.sh/hook-weight` in the chart");
    let twice = "pre-install,post-install,post-upgrade";
    insta::assert_snapshot!(world.mistakes(&hooked(twice, "")).join("\n"), @r#"`chart.web` runs Pod/h both before and after the same change | regplan runs an object once in an apply: name the phases that are to run, and leave one of the two out, as in `hooks = ["pre-install", "pre-upgrade"]`"#);
    assert!(world.mistakes(&hooked(twice, "hooks = [\"post-install\", \"post-upgrade\"]\n")).is_empty());
}

/// A claim holds data, and is never made anew.
#[test]
fn what_holds_data_is_no_run() {
    let world = World::rendering(|_| {
        Ok("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c, annotations: {helm.sh/hook: pre-install}}\n"
            .into())
    });
    assert!(world.resources(BLOCK)[0].hook.is_none());
}

#[test]
fn the_content_of_runs_changes_with_all_that_a_chart_renders_but_for_secrets_and_chance() {
    let world = World::rendering(|request| {
        let values = values(request);
        let (plain, secret) = (values["plain"].as_str().unwrap(), values["p"].as_str().unwrap());
        let data = format!("plain: {plain}, secret: {secret}, random: r{}", request.number);
        let hook = hook("helm.sh/hook: pre-install");
        Ok(format!("{}{}", config_map(&data), &hook[hook.rfind("---").unwrap()..]))
    });
    let content = |world: &World, plain: &str| {
        let text = format!(
            "{BLOCK}values.plain = \"{plain}\"\nvalues.p = \"${{secret.pw}}\"\n[secret.pw]\nenv = \"PW\"\n"
        );
        let resources = world.compiled(&text).resources;
        resources.into_iter().find_map(|object| object.hook).unwrap().content
    };
    let one = content(&world, "a");
    assert_ne!(one, content(&world, "b"));
    let other = World {
        secret: SecretText::Known("pass-2".into()),
        live: |_| there(json!({"data": {"random": "x"}})),
        ..world
    };
    assert_eq!(one, content(&other, "a"));
}

#[test]
fn the_content_of_runs_stays_where_nothing_but_the_time_has_changed() {
    let world = || {
        World::rendering(|_| {
            let object = config_map("date: '2026-11-27'");
            let hook = hook("helm.sh/hook: pre-upgrade, date: '2026-11-27'");
            Ok(format!("{object}{}", &hook[hook.rfind("---").unwrap()..]))
        })
    };
    let of = |world: World| world.resources(BLOCK).into_iter().find_map(|object| object.hook).unwrap();
    let from = world().resources(BLOCK)[0].rendered_from.clone().unwrap();
    let then = format!("sha256:then from {from}");
    let known = |data: Value| ChartPast { contents: [then.clone()].into(), ..sent(&data, &from) };
    assert_eq!(of(World { past: known(json!({"date": "2025-01-02"})), ..world() }).content, then);
    let now = of(World { past: known(json!({"date": "never"})), ..world() });
    assert!(!now.does_the_same_with(&then));
    // It was rendered from something else, and came out the same.
    assert!(now.does_the_same_with(&now.content.replace(&from, "sha256:other")));
}
