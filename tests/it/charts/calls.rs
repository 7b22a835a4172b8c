//! How Helm is called: with which name and values, and where each of them stands.

use std::fs;
use std::path::{Path, PathBuf};

use super::{BLOCK, make_executable, project, with_chart};
use crate::harness::{HEAD, Namespace, helm_program};

tests! {
    templates_see_the_release_that_the_block_names,
    a_chart_for_another_kubernetes_is_told_to_name_the_version,
    values_go_to_helm_by_standard_input_alone,
}

const NAMED: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-config}
data: {release: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
";

fn templates_see_the_release_that_the_block_names() {
    let ns = Namespace::new();
    let project = with_chart(ns.project(), "web", NAMED)
        .write("regplan.toml", &format!("{HEAD}[chart.shop]\nchart = \"web\"\n"));
    project.apply();
    let data = |name: &str| ns.field(&format!("configmap/{name}-config"), "/data");
    assert_eq!((&data("shop")["release"], &data("shop")["namespace"]), (&"shop".into(), &ns.name().into()));
    project.edit("regplan.toml", "chart = \"web\"", "chart = \"web\"\nrelease = \"other\"");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("+ chart.shop/ConfigMap/other-config");
    plan.stdout_contains("- chart.shop/ConfigMap/shop-config");
    project.apply();
    assert_eq!(data("other")["release"], "other");
    assert_eq!(ns.find("configmap/shop-config"), None);
    project.expect_settled();
    project.edit("regplan.toml", "\"other\"", "\"Other\"");
    project.run(["validate"]).code(1).stderr_contains("`Other` cannot be `chart.shop.release`");
}

/// A Helm that was built without its own flags takes version 1.20.
fn a_chart_for_another_kubernetes_is_told_to_name_the_version() {
    let ns = Namespace::new();
    let chart = "apiVersion: v2\nname: web\nversion: 0.1.0\nkubeVersion: \">=1.99.0-0\"\n";
    let project = with_chart(ns.project(), "web", NAMED)
        .write("web/Chart.yaml", chart)
        .write("regplan.toml", &format!("{HEAD}[chart.shop]\nchart = \"web\"\n"));
    let told = project.run(["validate"]).code(1);
    told.stderr_contains("chart requires kubeVersion: >=1.99.0-0").stderr_contains("`[cluster] version`");
    // Where a cluster is asked, it is the cluster that is too old.
    project
        .run(["plan"])
        .code(1)
        .stderr_contains("chart requires kubeVersion")
        .stderr_lacks("`[cluster] version`");
    project.edit("regplan.toml", "[cluster]", "[cluster]\nversion = \"1.99.0\"");
    project.run(["validate"]).success();
}

/// A Helm that keeps what each call gets: its arguments, its environment and its standard input.
const NOTING: &str = r#"#!/bin/sh
set -e
mkdir -p CALLS/$$
printf '%s\n' "$@" > CALLS/$$/arguments
env > CALLS/$$/environment
cat > CALLS/$$/input
exec REAL "$@" < CALLS/$$/input
"#;

fn values_go_to_helm_by_standard_input_alone() {
    let ns = Namespace::new();
    let project = project(&ns, &format!("{BLOCK}\n[chart.web.values]\nplain = \"a-plain-Value-5\"\n"));
    project.edit("regplan.toml", "values.password = \"${secret.password}\"\n", "");
    project.edit("regplan.toml", "plain =", "password = \"${secret.password}\"\nplain =");
    // A file of values goes the same way, and the block wins over it.
    project.edit("regplan.toml", "chart = \"web\"", "chart = \"web\"\nvalues_files = [\"more.yaml\"]");
    let project = project.write("more.yaml", "replicas: 4\nplain: of-the-file\n");
    let (calls, real) = (project.path("calls"), helm_program());
    let script = NOTING.replace("CALLS", &calls.display().to_string());
    project.rewrite("helm", &script.replace("REAL", &real.display().to_string()));
    make_executable(&project.path("helm"));
    let helm = project.path("helm");
    let project = project.env("REGPLAN_HELM", helm).env("HELM_NAMESPACE", "elsewhere");
    project.run(["plan", "--out", "p.plan"]).success();
    project.run(["apply", "p.plan"]).success();
    let cache = project.path("cache");
    let mut given = Vec::new();
    for call in fs::read_dir(&calls).unwrap().map(|entry| entry.unwrap().path()) {
        let noted = |what: &str| fs::read_to_string(call.join(what)).unwrap();
        let (arguments, environment, input) = (noted("arguments"), noted("environment"), noted("input"));
        for told in [&arguments, &environment] {
            assert!(!told.contains("canary") && !told.contains("a-plain-Value"), "{told}");
        }
        for (variable, folder) in [("CACHE", "cache"), ("CONFIG", "config"), ("DATA", "data")] {
            let own = format!("HELM_{variable}_HOME={}/regplan/helm/{folder}\n", cache.display());
            assert!(environment.contains(&own), "{environment}");
        }
        assert!(!environment.contains("HELM_NAMESPACE"), "{environment}");
        if arguments.starts_with("template\n") {
            assert!(arguments.contains("--values\n-\n") && !arguments.contains("more.yaml"), "{arguments}");
            assert!(input.contains("a-plain-Value-5"), "{input}");
            given.push(input.contains("a-canary-Password-7"));
        }
    }
    assert_eq!(ns.field("deployment.apps/web-web", "/spec/replicas"), 4);
    assert_eq!(ns.field("configmap/web-config", "/data/plain"), "a-plain-Value-5");
    assert!(given.contains(&true), "the right secret");
    assert!(given.contains(&false), "another text in its place");
    fs::remove_dir_all(&calls).unwrap();
    for file in files(&project.folder()).into_iter().chain(files(&cache)) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        assert!(!text.contains("canary"), "{} holds a secret value", file.display());
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
