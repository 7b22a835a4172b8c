//! Ten thousand objects.

use super::*;

/// Ten thousand objects in two blocks, one of which depends on the other as a whole.
fn many() -> Vec<Desired> {
    let mut desired = vec![resource("namespace.ns", "v1", "Namespace", json!({}))];
    for number in 0..2_000 {
        let at = |kind: &str| format!("manifest.{}/{kind}/o{number}", if number < 1_000 { "a" } else { "b" });
        let name = format!("o{number}");
        let labels = json!({"app": name, "part-of": "all"});
        let spec = json!({"containers": [{"name": "main",
            "env": (0..10).map(|n| json!({"name": format!("E{n}"), "valueFrom": {
                "configMapKeyRef": {"name": name, "key": "k"}}})).collect::<Vec<_>>(),
            "envFrom": [{"secretRef": {"name": name}}]}]});
        desired.push(config_map(&at("ConfigMap")));
        desired.push(resource(&at("Secret"), "v1", "Secret", json!({})));
        desired.push(resource(&at("Service"), "v1", "Service", json!({"spec": {"selector": labels}})));
        desired.push(deployment(&at("Deployment"), labels.clone(), spec));
        desired.push(resource(
            &at("PodDisruptionBudget"),
            "policy/v1",
            "PodDisruptionBudget",
            json!({"spec": {"selector": {"matchLabels": labels}}}),
        ));
    }
    for one in desired.iter_mut().filter(|one| one.address.block.name == "b") {
        one.depends_on.push((address("manifest.a"), None));
    }
    desired
}

#[test]
fn ten_thousand_objects_are_not_compared_with_each_other() {
    let desired = many();
    let objects = desired.len();
    assert_eq!(objects, 10_001);
    let looks = crate::graph::build::looks(&desired);
    assert!(looks < 20 * objects, "{looks} looks for {objects} objects");
    let graph = build(desired);
    assert!(graph.edges().count() < 5 * objects);
    assert_eq!(graph.order().len(), objects);
    assert_eq!(graph.dependencies_of(&address("manifest.b/ConfigMap/o1000")).len(), 5_001);
}

#[test]
fn a_long_chain_needs_no_deep_stack() {
    let chain: Vec<Desired> = (0..10_000)
        .map(|n| {
            let next = format!("resource.n{:05}", (n + 1) % 10_000);
            after(config_map(&format!("resource.n{n:05}")), &[(&next, n)])
        })
        .collect();
    // A test's thread has a stack of two megabytes, as a worker's has.
    assert_eq!(
        build(chain[..9_999].iter().cloned().chain([config_map("resource.n09999")]).collect()).len(),
        10_000
    );
    let cycle = Graph::build(chain).unwrap_err();
    assert_eq!(cycle.iter().next().unwrap().labels.len(), 10_000);
}
