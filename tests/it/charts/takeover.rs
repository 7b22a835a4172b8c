//! Charts that Helm has installed, and that are taken over.

use super::{helm_program, with_chart};
use crate::harness::{Command, HEAD, Namespace, Project};

tests! {
    a_release_of_helm_is_taken_over_as_a_whole,
    what_helm_has_run_goes_with_the_chart,
    a_release_that_helm_remembers_in_config_maps_is_taken_over,
    a_release_without_records_is_not_taken_over,
    a_release_of_another_chart_is_left_alone,
    what_another_release_has_run_is_left_alone,
    a_release_stays_where_the_file_says_so,
}

const TEMPLATE: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {value: {{ .Values.plain | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: hook
  annotations: {helm.sh/hook: "post-install,post-upgrade"}
data: {value: {{ .Values.plain | quote }}}
"#;

const BLOCK: &str = "[chart.web]\nchart = \"web\"\n";
const ADOPT: &str = "[chart.web]\nadopt = \"helm\"\nchart = \"web\"\n";

fn project(ns: &Namespace) -> Project<'_> {
    with_chart(ns.project(), "web", TEMPLATE).write("regplan.toml", &format!("{HEAD}{BLOCK}"))
}

/// The real Helm, on the real cluster.
fn helm(ns: &Namespace, project: &Project<'_>, args: &[&str]) -> Command {
    let command = Command::new(helm_program()).args(args.iter().copied());
    let kubeconfig = ns.cluster().facts().kubeconfig.clone();
    let name = ns.name();
    let command = command.args(["--namespace", &name]).env("KUBECONFIG", kubeconfig);
    command.folder(project.folder()).env("HOME", project.folder())
}

fn installed(ns: &Namespace) -> Project<'_> {
    let project = project(ns);
    helm(ns, &project, &["install", "web", "web"]).run().success();
    helm(ns, &project, &["upgrade", "web", "web"]).run().success();
    project
}

fn a_release_of_helm_is_taken_over_as_a_whole() {
    let ns = Namespace::new();
    let project = installed(&ns);
    let offered = project.run(["plan"]).code(1);
    offered
        .stdout_contains("the release `web` of Helm")
        .stdout_contains("`adopt = \"helm\"` in [chart.web] takes over all");
    project.edit("regplan.toml", BLOCK, ADOPT);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("& chart.web/ConfigMap/config").stdout_contains("1 to adopt");
    plan.stdout_contains("sh.helm.release.v1.web.v1").stdout_contains("sh.helm.release.v1.web.v2");
    plan.stdout_contains("2 to destroy").stdout_lacks("to run");
    project.apply();
    let annotations = ns.field("configmap/config", "/metadata/annotations");
    assert!(!annotations.to_string().contains("meta.helm.sh"), "{annotations}");
    project.expect_settled();
    let listed = helm(&ns, &project, &["list", "--short"]).run().success();
    assert_eq!(listed.stdout().trim(), "");
    helm(&ns, &project, &["uninstall", "web"]).run().code(1);
    assert_eq!(ns.field("configmap/config", "/data/value"), "text");
    // What Helm has run makes room for the next run.
    project.edit("web/values.yaml", "plain: text", "plain: new");
    project.run(["plan"]).success().stdout_contains("hook  run");
    project.apply();
    assert_eq!(ns.field("configmap/hook", "/data/value"), "new");
    project.rewrite("regplan.toml", HEAD);
    project.apply();
    assert_eq!(ns.find("configmap/config"), None);
}

fn what_helm_has_run_goes_with_the_chart() {
    let ns = Namespace::new();
    let project = installed(&ns);
    project.edit("regplan.toml", BLOCK, ADOPT);
    project.apply();
    project.expect_settled();
    project.run(["drift"]).success();
    // The word can go, and what Helm has run makes room all the same.
    project.edit("regplan.toml", ADOPT, BLOCK);
    project.expect_settled();
    let plan = project.run(["plan", "--destroy"]).success();
    plan.stdout_contains("- chart.web/ConfigMap/hook").stdout_lacks("another object has its name");
    project.edit("web/values.yaml", "plain: text", "plain: new");
    project.apply();
    assert_eq!(ns.field("configmap/hook", "/data/value"), "new");
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!((ns.find("configmap/config"), ns.find("configmap/hook")), (None, None));
}

fn a_release_that_helm_remembers_in_config_maps_is_taken_over() {
    let ns = Namespace::new();
    let project = project(&ns);
    let helm = |args: &[&str]| helm(&ns, &project, args).env("HELM_DRIVER", "configmap");
    helm(&["install", "web", "web"]).run().success();
    project.edit("regplan.toml", BLOCK, ADOPT);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("1 to adopt").stdout_contains("sh.helm.release.v1.web.v1  delete");
    plan.stdout_contains("1 to destroy").stdout_lacks("to run");
    // It has all that the chart was given, passwords included.
    let record = ns.field("configmap/sh.helm.release.v1.web.v1", "/data/release");
    let record = &record.as_str().unwrap()[..60];
    project.run(["plan", "--full"]).success().stdout_lacks(record);
    project.run(["plan", "--format=json"]).success().stdout_lacks(record);
    project.apply();
    assert_eq!(ns.find("configmap/sh.helm.release.v1.web.v1"), None);
    helm(&["uninstall", "web"]).run().code(1);
    assert_eq!(ns.field("configmap/config", "/data/value"), "text");
    project.expect_settled();
}

fn a_release_without_records_is_not_taken_over() {
    let ns = Namespace::new();
    let project = project(&ns);
    helm(&ns, &project, &["install", "web", "web"]).run().success();
    // As where Helm keeps them in a database.
    ns.delete("secret/sh.helm.release.v1.web.v1");
    project.edit("regplan.toml", BLOCK, ADOPT);
    let refused = project.run(["plan"]).code(1);
    refused
        .stdout_contains("belongs to the release `web` of Helm, of which")
        .stdout_contains("HELM_DRIVER=sql");
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(ns.field("configmap/config", "/metadata/annotations/meta.helm.sh~1release-name"), "web");
    // The way that the message names.
    let agreed = format!("{ADOPT}hooks = false\n[chart.web.lifecycle]\nadopt = true\n");
    project.edit("regplan.toml", ADOPT, &agreed);
    project.apply();
    assert_eq!(ns.field("configmap/hook", "/data/value"), "text");
    project.expect_settled();
}

fn a_release_of_another_chart_is_left_alone() {
    let ns = Namespace::new();
    let project = installed(&ns);
    project.edit("web/templates/all.yaml", "name: config", "name: other");
    project.edit("regplan.toml", BLOCK, ADOPT);
    let ended = project.run(["plan"]).code(1);
    ended.stderr_contains("has none of");
    // What the chart does not make any more is told.
    let two = format!("{TEMPLATE}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: other}}\n");
    project.rewrite("web/templates/all.yaml", &two.replace("name: config", "name: old"));
    helm(&ns, &project, &["upgrade", "web", "web"]).run().success();
    project.rewrite("web/templates/all.yaml", &two.replace("name: config", "name: new"));
    let plan = project.run(["plan"]).success();
    plan.stderr_contains("has objects that");
}

fn what_another_release_has_run_is_left_alone() {
    let ns = Namespace::new();
    let project = project(&ns);
    helm(&ns, &project, &["install", "other", "web"]).run().success();
    // Ours makes nothing of what the other one has, but for what it runs.
    project.edit("web/templates/all.yaml", "name: config", "name: ours");
    project.edit("regplan.toml", BLOCK, ADOPT);
    project.run(["plan"]).code(1).stdout_contains("exists already");
    assert_eq!(ns.field("configmap/hook", "/data/value"), "text");
}

fn a_release_stays_where_the_file_says_so() {
    let ns = Namespace::new();
    let project = installed(&ns);
    project.edit("regplan.toml", BLOCK, &ADOPT.replace("chart =", "keep_release = true\nchart ="));
    project.apply();
    assert_eq!(ns.field("configmap/config", "/metadata/annotations/meta.helm.sh~1release-name"), "web");
    project.expect_settled();
    let listed = helm(&ns, &project, &["list", "--short"]).run().success();
    assert_eq!(listed.stdout().trim(), "web");
}
