//! The order of hooks, and what of their chart they come before or after.

use serde_json::json;

use super::*;
use crate::resource::{Hook, Moment, Phase};

fn run(mut desired: Desired, phase: Phase, weight: i64) -> Desired {
    let (_, moment) = phase.place();
    let (phases, content) = ([phase].into(), "c".to_owned());
    desired.hook = Some(Hook { phases, weight, deleted_after: [].into(), content, moment });
    desired
}

fn job(at: &str, account: &str) -> Desired {
    let spec = json!({"template": {"spec": {"serviceAccountName": account}}});
    resource(at, "batch/v1", "Job", json!({"spec": spec}))
}

/// What awaits what, as `ONE: OTHER OTHER`, by the names of the objects.
fn order(desired: Vec<Desired>) -> Vec<String> {
    let name =
        |address: &Address| address.object.as_ref().map(|object| object.name.clone()).unwrap_or_default();
    let order = build(desired).hook_order();
    let lines = order.iter().map(|(address, awaits)| {
        let mut others: Vec<String> = awaits.iter().map(name).collect();
        others.sort();
        format!("{}: {}", name(address), others.join(" "))
    });
    lines.collect()
}

#[test]
fn hooks_run_one_after_the_other_around_the_objects() {
    let found = order(vec![
        config_map("chart.a/ConfigMap/object"),
        config_map("chart.b/ConfigMap/other"),
        run(job("chart.a/Job/second", ""), Phase::PreInstall, 0),
        run(job("chart.a/Job/first", ""), Phase::PreInstall, -1),
        run(config_map("chart.a/ConfigMap/helper"), Phase::PreInstall, 0),
        run(job("chart.a/Job/last", ""), Phase::PostInstall, -9),
    ]);
    assert_eq!(
        found,
        [
            "helper: first",
            "object: first helper second",
            "last: first helper object second",
            "second: helper"
        ]
    );
}

#[test]
fn what_a_hook_needs_itself_comes_before_it() {
    let account = |at: &str| resource(at, "v1", "ServiceAccount", json!({}));
    let definition = resource(
        "chart.a/CustomResourceDefinition/foos.x",
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        json!({"spec": {"group": "x", "names": {"kind": "Foo"}}}),
    );
    let found = order(vec![
        definition,
        account("chart.a/ServiceAccount/worker"),
        config_map("chart.a/ConfigMap/object"),
        run(job("chart.a/Job/first", "worker"), Phase::PreUpgrade, 0),
    ]);
    assert_eq!(found, ["object: first", "first: foos.x"]);
    // The account of a hook may be a hook itself, of a later weight.
    let found = order(vec![
        run(account("chart.a/ServiceAccount/worker"), Phase::PreUpgrade, 5),
        run(job("chart.a/Job/first", "worker"), Phase::PreUpgrade, 0),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn hooks_of_another_moment_wait_for_nothing() {
    let mut upgrade = run(job("chart.a/Job/upgrade", ""), Phase::PreUpgrade, 0);
    upgrade.hook.as_mut().unwrap().moment = Moment::Install;
    let found = order(vec![config_map("chart.a/ConfigMap/object"), upgrade]);
    assert!(found.is_empty(), "{found:?}");
}
