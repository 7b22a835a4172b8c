//! `[chart.NAME]`: charts of Helm, rendered by the real program.

mod anew;
mod calls;
mod definitions;
mod farewells;
mod hooks;
mod lookup;
mod presets;
mod random;
mod remains;
mod secret_forms;
mod sources;
mod takeover;
mod tested;
mod twofold;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use definitions::DEFINITION;

use crate::harness::{HEAD, Namespace, Project, Test, helm_program};

tests! {
    a_chart_is_planned_applied_and_deleted_like_any_other_block,
    the_second_plan_of_a_chart_that_brings_its_own_kinds_is_empty,
    what_a_chart_makes_at_random_is_kept_and_renewed_on_request,
    what_is_lost_of_a_charts_random_values_is_told,
    a_date_stays_until_a_chart_is_rendered_from_something_else,
    a_secret_of_a_chart_is_printed_nowhere,
    a_plan_without_secrets_says_what_it_could_not_check,
    a_plan_file_of_a_chart_is_applied,
    a_chart_that_needs_the_cluster_is_rendered_for_it,
    what_is_wrong_with_a_chart_is_told_at_its_key,
    helm_sees_neither_the_cluster_nor_the_environment,
    a_definition_that_is_made_unless_it_is_served_stays,
    without_helm_a_destroy_and_other_targets_work,
}

/// The tests of all modules of this feature.
pub(crate) fn all_tests() -> Vec<Test> {
    [
        anew::tests(),
        calls::tests(),
        definitions::tests(),
        farewells::tests(),
        hooks::tests(),
        lookup::tests(),
        presets::tests(),
        random::tests(),
        remains::tests(),
        secret_forms::tests(),
        sources::tests(),
        takeover::tests(),
        tested::tests(),
        twofold::tests(),
        tests(),
    ]
    .concat()
}

/// A chart with a definition of its own kind, something random, a secret and a checksum.
const TEMPLATE: &str = r#"
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}-random}
stringData:
  token: {{ randAlphaNum 20 }}
  given: {{ .Values.password | quote }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-config}
data:
  url: http://user:{{ .Values.password }}@example.com
  encoded: {{ printf "user:%s" .Values.password | b64enc }}
  plain: {{ .Values.plain | quote }}
  version: {{ .Capabilities.KubeVersion.Version }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}-web}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations:
        checksum/random: {{ randAlphaNum 20 | sha256sum }}
    spec:
      containers: [{name: web, image: "nginx:1.27"}]
"#;

/// An object that Helm does not delete.
const KEPT: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}
";

const VALUES: &str = "replicas: 1\npassword: none\nplain: text\n";

fn chart_yaml(name: &str) -> String {
    format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n")
}

fn project<'n>(ns: &'n Namespace, block: &str) -> Project<'n> {
    with_chart(ns.project(), "web", TEMPLATE).write("regplan.toml", &format!("{HEAD}{block}"))
}

/// A project with a chart in a folder, and the program to render it.
pub(crate) fn with_chart<'n>(project: Project<'n>, name: &str, template: &str) -> Project<'n> {
    let cache = project.path("cache");
    project
        .write(&format!("{name}/Chart.yaml"), &chart_yaml(name))
        .write(&format!("{name}/values.yaml"), VALUES)
        .write(&format!("{name}/templates/all.yaml"), template)
        .env("REGPLAN_HELM", helm_program())
        .env("XDG_CACHE_HOME", cache)
        .env("CHART_PASSWORD", "a-canary-Password-7")
}

const BLOCK: &str = r#"
[chart.web]
chart = "web"
values.password = "${secret.password}"

[secret.password]
env = "CHART_PASSWORD"
"#;

fn a_chart_is_planned_applied_and_deleted_like_any_other_block() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCK).write("web/templates/kept.yaml", KEPT);
    project.run(["plan"]).success().stdout_contains("+ chart.web  create  4 objects");
    project.apply();
    project.expect_settled();
    assert_eq!(ns.field("deployment.apps/web-web", "/spec/replicas"), 1);
    project.edit("regplan.toml", "chart = \"web\"", "chart = \"web\"\nvalues.replicas = 2");
    project
        .run(["plan"])
        .success()
        .stdout_contains("~ chart.web/Deployment/web-web")
        .stdout_contains("spec.replicas: 1 -> 2")
        .stdout_contains("0 to add, 1 to change");
    project.apply();
    ns.patch("deployment.apps/web-web", &json!({"spec": {"replicas": 3}}));
    project.run(["drift"]).code(2).stdout_contains("spec.replicas");
    project.rewrite("regplan.toml", HEAD);
    project.apply().stdout_contains("--consent chart.web/ConfigMap/kept");
    assert_eq!(ns.find("deployment.apps/web-web"), None);
    assert!(ns.find("configmap/kept").is_some(), "Helm would keep it, too");
    project.run(["apply", "--auto-approve", "--consent", "chart.web/ConfigMap/kept"]).success();
    assert_eq!(ns.find("configmap/kept"), None);
}

fn the_second_plan_of_a_chart_that_brings_its_own_kinds_is_empty() {
    let ns = Namespace::new();
    let versions = r"
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";
    let template = r#"
{{- if .Capabilities.APIVersions.Has "{prefix}.example.com/v1/Probe" }}
apiVersion: {prefix}.example.com/v1
kind: Probe
metadata: {name: probe}
spec: {a: 1}
{{- end }}
"#;
    let project = with_chart(ns.project(), "probe", template)
        .write("probe/crds/probe.yaml", &format!("{DEFINITION}{versions}"))
        .write("regplan.toml", &format!("{HEAD}[chart.probe]\nchart = \"probe\"\n"));
    project.run(["plan"]).success().stdout_contains(&ns.fill("Probe.{prefix}.example.com/probe"));
    project.apply();
    project.expect_settled();
    // Objects are stored in this version.
    project.edit("probe/crds/probe.yaml", "- name: v1", "- name: v2");
    project.run(["plan"]).code(1).stdout_contains("status.storedVersions");
    // Somebody else's, which serves more.
    project.edit("probe/crds/probe.yaml", "- name: v2", "- name: v1");
    let path = ns.fill("customresourcedefinition.apiextensions.k8s.io/probes.{prefix}.example.com");
    let address = ns.fill("chart.probe/CustomResourceDefinition/probes.{prefix}.example.com");
    project.regplan(["state", "rm", &address]).stdin("yes\n").run().success();
    let marks = json!({"metadata": {"annotations": {"regplan.dev/project": null, "regplan.dev/lineage": null, "regplan.dev/address": null}}});
    ns.patch(&path, &marks);
    let refused = project.run(["plan"]).code(1);
    refused.stdout_contains("crds = false").stdout_contains("Never delete it");
    let versions = ns.field(&path, "/spec/versions/0");
    let mut more = versions.clone();
    more["name"] = json!("v2");
    more["storage"] = json!(false);
    ns.patch(&path, &json!({"spec": {"versions": [versions, more]}}));
    project.run(["plan", "--adopt", &address]).code(1).stdout_contains("and ours does not");
    ns.clean_up(&ns.fill("customresourcedefinition.apiextensions.k8s.io/probes.{prefix}.example.com"));
}

fn what_a_chart_makes_at_random_is_kept_and_renewed_on_request() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCK);
    project.apply();
    let token = || ns.field("secret/web-random", "/data/token");
    let checksum =
        || ns.field("deployment.apps/web-web", "/spec/template/metadata/annotations/checksum~1random");
    let (old_token, old_checksum) = (token(), checksum());
    project.expect_settled();
    // What is given changes, what is random stays, and the pods are rolled.
    let project = project.env("CHART_PASSWORD", "another-canary-8");
    project.run(["plan"]).success().stdout_contains("keeps what was made at random: data.token");
    project.apply();
    assert_eq!(token(), old_token);
    assert_ne!(checksum(), old_checksum);
    project.expect_settled();
    project.run(["apply", "--auto-approve", "--replace", "chart.web/Secret/web-random"]).success();
    assert_ne!(token(), old_token);
    project.expect_settled();
    // All of it as one, and nothing is replaced.
    let uid = || ns.field("secret/web-random", "/metadata/uid");
    let (old_token, old_checksum, old_uid) = (token(), checksum(), uid());
    project.run(["plan", "--replace", "chart.web"]).code(1).stderr_contains("regplan rotate chart.web");
    project
        .run(["plan", "--rotate", "chart.web", "--out", "new.plan"])
        .success()
        .stdout_contains("2 to change")
        .stdout_contains("made at random: data.token");
    project.run(["apply", "new.plan"]).success();
    assert_eq!(uid(), old_uid);
    assert!(token() != old_token && checksum() != old_checksum);
    project.expect_settled();
    let old_token = token();
    project.run(["rotate", "chart.web", "--auto-approve"]).success();
    assert_ne!(token(), old_token);
    project.expect_settled();
    project.run(["rotate", "chart.wep"]).code(1).stderr_contains("did you mean `chart.web`?");
    project
        .run(["plan", "--destroy", "--rotate", "chart.web"])
        .code(1)
        .stderr_contains("leave `--rotate` out");
}

fn what_is_lost_of_a_charts_random_values_is_told() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCK);
    project.apply();
    ns.delete("secret/web-random");
    project
        .run(["plan"])
        .code(1)
        .stderr_contains("what `chart.web` made at random is lost")
        .stderr_contains("chart.web/Secret/web-random`");
    let consent = ["apply", "--auto-approve", "--consent", "chart.web/Secret/web-random"];
    project.run(consent).success();
    project.expect_settled();
}

/// A chart with the date of its rendering, a digest over it, and a hook that has the date as well.
const DATED: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: dated, annotations: {sum: "@SUM@"}}
data: {date: "@DATE@", plain: {{ .Values.plain | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: noted, annotations: {helm.sh/hook: "pre-upgrade"}}
data: {date: "@DATE@"}
"#;

fn a_date_stays_until_a_chart_is_rendered_from_something_else() {
    let ns = Namespace::new();
    let project = with_chart(ns.project(), "web", DATED)
        .write("regplan.toml", &format!("{HEAD}[chart.web]\nchart = \"web\"\n"))
        .write("date", "2026-11-27");
    // The day passes with a file.
    let (date, real) = (project.path("date").display().to_string(), helm_program());
    let script = "#!/bin/sh\nset -e\nREAL \"$@\" | sed \"s/@DATE@/$(cat DATE)/; s/@SUM@/$(sha256sum < DATE | cut -c1-64)/\"\n";
    let script = script.replace("REAL", &real.display().to_string()).replace(" DATE", &format!(" {date}"));
    let project = project.write("helm", &script);
    make_executable(&project.path("helm"));
    let helm = project.path("helm");
    let project = project.env("REGPLAN_HELM", helm);
    project.apply();
    let dated = || ns.field("configmap/dated", "/data/date");
    // On the same day it is rendered from something else, and comes out the same.
    project.edit("regplan.toml", "chart = \"web\"", "chart = \"web\"\nvalues.unused = 1");
    project.apply();
    project.rewrite("date", "2026-11-28");
    project.expect_settled();
    // A change by another hand is one.
    ns.patch("configmap/dated", &json!({"data": {"date": "2020-01-01"}}));
    project.run(["plan"]).success().stdout_contains("1 to change").stdout_lacks("to run");
    project.apply();
    assert_eq!(dated(), "2026-11-27");
    project.edit("web/values.yaml", "plain: text", "plain: new");
    project.run(["plan"]).success().stdout_contains("1 to change").stdout_contains("1 to run");
    project.apply();
    assert_eq!(dated(), "2026-11-28");
    project.rewrite("date", "2026-11-29");
    project.expect_settled();
    project.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(dated(), "2026-11-27");
    project.edit("web/values.yaml", "plain: new", "plain: text");
    project.edit("regplan.toml", "\nvalues.unused = 1", "");
    project.expect_settled();
    project.run(["rotate", "chart.web", "--auto-approve"]).success();
    assert_eq!(dated(), "2026-11-29");
}

fn a_secret_of_a_chart_is_printed_nowhere() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCK);
    let canary = |project: &Project<'_>, args: &[&str]| {
        let ended = project.run(args.iter().copied()).any();
        for text in [ended.stdout(), ended.stderr()] {
            assert!(!text.contains("canary"), "{text}");
            // As `user:a-canary-Password-7` is encoded.
            assert!(!text.contains("dXNlcjphLWNhbmFyeS"), "{text}");
        }
    };
    let all: [&[&str]; 6] = [
        &["plan", "--full"],
        &["plan", "--format", "json"],
        &["plan", "--format", "markdown"],
        &["render"],
        &["apply", "--auto-approve"],
        &["drift"],
    ];
    for args in all {
        canary(&project, args);
    }
    project.expect_settled();
    let project = project.env("CHART_PASSWORD", "another-canary-Password-8");
    canary(&project, &["plan", "--full"]);
    let state = project.read(&project.state_path());
    assert!(!state.contains("canary") && !state.contains("dXNlcjphLWNhbmFyeS"));
    // What the chart says with it is no exception.
    project.rewrite("web/templates/all.yaml", "{{ fail .Values.password }}");
    canary(&project, &["plan"]);
}

fn a_plan_without_secrets_says_what_it_could_not_check() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCK);
    project.apply();
    let project = project.env("CHART_PASSWORD", "");
    project.run(["plan"]).success().stdout_contains("not checked").stdout_contains("CHART_PASSWORD");
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("CHART_PASSWORD");
}

fn a_plan_file_of_a_chart_is_applied() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCK);
    project.run(["plan", "--out", "first.plan"]).success();
    project.run(["apply", "first.plan"]).success();
    project.expect_settled();
    project.edit("regplan.toml", "chart = \"web\"", "chart = \"web\"\nvalues.plain = \"new\"");
    project.run(["plan", "--out", "second.plan"]).success();
    project.edit("web/templates/all.yaml", "nginx:1.27", "nginx:1.28");
    project.run(["apply", "second.plan"]).code(1).stderr_contains("chart.web/Deployment/web-web");
    project.edit("web/templates/all.yaml", "nginx:1.28", "nginx:1.27");
    project.run(["apply", "second.plan"]).success();
    project.expect_settled();
}

fn a_chart_that_needs_the_cluster_is_rendered_for_it() {
    let ns = Namespace::new();
    // Helm's own newest version is another one than the server's.
    let server = ns.cluster().request("GET", "/version", None).1;
    let version = server["gitVersion"].as_str().unwrap().to_owned();
    let template = "{{- if ne .Capabilities.KubeVersion.Version .Values.plain }}{{ fail \"another version\" }}{{ end }}\n\
        apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    let block = format!("{HEAD}[chart.web]\nchart = \"web\"\nvalues.plain = \"{version}\"\n");
    let project = with_chart(ns.project(), "web", template).write("regplan.toml", &block);
    project.run(["validate"]).code(1).stderr_contains("execution error");
    project.run(["plan"]).success().stdout_contains("chart.web/ConfigMap/c");
    let bare = version.trim_start_matches('v').to_owned();
    project.edit("regplan.toml", "[cluster]", &format!("[cluster]\nversion = \"{bare}\""));
    project.run(["validate"]).success();
}

fn what_is_wrong_with_a_chart_is_told_at_its_key() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCK);
    project.edit("web/templates/all.yaml", ".Values.plain | quote", ".Values.plain | nothing");
    let ended = project.run(["validate"]).code(1);
    ended.stderr_contains("chart = \"web\"").stderr_contains("function \"nothing\"");
    project.edit("regplan.toml", "chart = \"web\"", "chart = \"wep\"");
    project.run(["validate"]).code(1).stderr_contains("there is no such folder");
    project.edit("regplan.toml", "chart = \"wep\"", "chart = \"web\"");
    let without = project.env("REGPLAN_HELM", "/nonexistent/helm");
    without.run(["validate"]).code(1).stderr_contains("install Helm 3.18 or newer");
    let old = without.write("helm", "#!/bin/sh\necho v3.9.4\n");
    make_executable(&old.path("helm"));
    let path = old.path("helm");
    let old = old.env("REGPLAN_HELM", path);
    old.run(["validate"]).code(1).stderr_contains("is Helm v3.9.4; Helm 3.18 or newer is needed");
}

fn helm_sees_neither_the_cluster_nor_the_environment() {
    let ns = Namespace::new();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  found: {{ (lookup \"v1\" \"Namespace\" \"\" \"default\") | toJson | quote }}\n";
    let project = with_chart(ns.project(), "web", template)
        .write("regplan.toml", &format!("{HEAD}[chart.web]\nchart = \"web\"\n"))
        .write(
            "helm",
            "#!/bin/sh\nenv >> \"$HOME/environment\"\nexec \"$REAL\" \"$@\"\n"
                .replace("$REAL", &helm_program().display().to_string())
                .as_str(),
        );
    make_executable(&project.path("helm"));
    let (folder, helm) = (project.folder(), project.path("helm"));
    let project = project.env("HOME", folder).env("REGPLAN_HELM", helm);
    project.apply();
    assert_eq!(ns.field("configmap/c", "/data/found"), "{}");
    let environment = project.read("environment");
    let names: BTreeMap<&str, &str> = environment.lines().filter_map(|line| line.split_once('=')).collect();
    assert!(!names.contains_key("CHART_PASSWORD"), "{environment}");
    assert_eq!(names.get("KUBECONFIG"), Some(&"/dev/null"));
}

fn a_definition_that_is_made_unless_it_is_served_stays() {
    let ns = Namespace::new();
    let template = r#"
{{- if not (.Capabilities.APIVersions.Has "{prefix}.example.com/v1/Probe") }}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: "probes.{prefix}.example.com"}
spec:
  group: "{prefix}.example.com"
  scope: Namespaced
  names: {kind: Probe, plural: probes, singular: probe, listKind: ProbeList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
{{- end }}
"#;
    let project = with_chart(ns.project(), "probe", template)
        .write("regplan.toml", &format!("{HEAD}[chart.probe]\nchart = \"probe\"\n"));
    project.run(["plan"]).success().stdout_contains("1 to add");
    project.apply();
    project.run(["plan", "--detailed-exitcode"]).success().stdout_contains("1 resource is");
    // One that others have brought is used as it is.
    std::fs::remove_dir_all(project.path(".regplan")).unwrap();
    project.run(["plan"]).success().stdout_contains("Nothing to change: 0 resources");
    ns.clean_up(&ns.fill("customresourcedefinition.apiextensions.k8s.io/probes.{prefix}.example.com"));
}

fn without_helm_a_destroy_and_other_targets_work() {
    let ns = Namespace::new();
    let other = "\n[resource.c]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.a = \"b\"\n";
    let project = project(&ns, &format!("{BLOCK}{other}"));
    project.apply();
    let project = project.env("REGPLAN_HELM", "/nonexistent/helm");
    project.run(["plan"]).code(1).stderr_contains("install Helm 3.18 or newer");
    project.edit("regplan.toml", "data.a = \"b\"", "data.a = \"c\"");
    project.run(["apply", "--auto-approve", "--target", "resource.c"]).success();
    assert_eq!(ns.field("configmap/c", "/data/a"), "c");
    // What stands on the chart needs it.
    project.edit("regplan.toml", "data.a", "depends_on = [\"chart.web\"]\ndata.a");
    project.run(["plan", "--target", "resource.c"]).code(1).stderr_contains("install Helm 3.18 or newer");
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("4 to destroy");
    assert_eq!(ns.find("deployment.apps/web-web"), None);
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
