//! The objects of a registry and its pods: rolled out once, and unchanged afterwards.

use serde_json::json;

use super::{DEPLOYMENT, planned, registry, versions, with_keys};
use crate::harness::Namespace;

tests! {
    the_registry_of_the_readme_rolls_out_and_then_nothing_changes,
    replicas_may_be_left_to_others,
    several_pods_need_a_shared_volume_and_get_a_budget,
}

fn the_registry_of_the_readme_rolls_out_and_then_nothing_changes() {
    let ns = Namespace::absent();
    let readme = include_str!("../../../README.md");
    let config = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = config.replacen("name = \"registry\"", "name = \"{project}\"", 1);
    let config = config.replace("namespace      = \"registry\"", "namespace = \"{ns}\"");
    let project = registry(&ns, &config);
    project.run(["plan", "--detailed-exitcode"]).code(2).stdout_contains("Plan: 9 to add");
    project.apply();
    let status = ns.field("deployment/registry", "/status");
    assert_eq!((&status["readyReplicas"], &status["updatedReplicas"]), (&json!(1), &json!(1)), "{status}");
    assert_eq!(ns.field("pvc/registry", "/status/phase"), "Bound");
    project.expect_settled();
    let before = versions(&ns);
    assert_eq!(before.len(), 8, "{before:?}");
    project.apply();
    assert_eq!(versions(&ns), before);
}

fn replicas_may_be_left_to_others() {
    let ns = Namespace::absent();
    let config = with_keys("").replace("\"1Gi\"", "\"1Gi\", access_mode = \"ReadWriteMany\"");
    let lifecycle = "[registry.main.lifecycle]\nignore_changes = [\"Deployment/registry:spec.replicas\"]";
    let project = registry(&ns, &format!("{config}\n{lifecycle}\n"));
    project.apply();
    ns.kubectl(["scale", "deployment/registry", "--replicas=2"]).run().success();
    project.expect_settled();
    project.edit("regplan.toml", "registry:3.1.1", "registry:3.1.0");
    project.apply();
    assert_eq!(ns.field("deployment/registry", "/spec/replicas"), 2);
    project.expect_settled();
}

fn several_pods_need_a_shared_volume_and_get_a_budget() {
    let ns = Namespace::absent();
    let project = registry(&ns, &with_keys("replicas = 2"));
    project.run(["validate"]).code(1).stderr_contains("ReadWriteMany").stderr_contains("regplan.toml:9");
    project.edit("regplan.toml", "size = \"1Gi\"", "size = \"1Gi\", access_mode = \"ReadWriteMany\"");
    project.apply();
    assert_eq!(ns.field("deployment/registry", "/spec/strategy/type"), "RollingUpdate");
    assert_eq!(ns.field("deployment/registry", "/status/readyReplicas"), 2);
    let container = ns.field("deployment/registry", "/spec/template/spec/containers/0");
    assert_eq!(container["lifecycle"]["preStop"], json!({"sleep": {"seconds": 5}}), "{container}");
    assert_eq!(ns.field("pdb/registry", "/spec/maxUnavailable"), 1);
    project.expect_settled();
    project.edit("regplan.toml", "replicas = 2", "replicas = 3");
    assert_eq!(planned(&project), [format!("{DEPLOYMENT} spec.replicas")]);
    project.edit("regplan.toml", "replicas = 3", "replicas = 1");
    project.apply();
    assert!(ns.list("pdb").is_empty());
    assert_eq!(ns.field("deployment/registry", "/spec/replicas"), 1);
    project.expect_settled();
}
