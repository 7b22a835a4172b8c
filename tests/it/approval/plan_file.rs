//! The plan file: what it shows, and when it is refused as a file.

use std::fs;

use serde_json::{Value, json};

use super::{LOGIN, applied, changed, planned, refused};
use crate::harness::{GREETING, Namespace};

tests! {
    a_plan_file_is_applied_once_and_does_what_it_shows,
    it_is_shown_without_configuration_and_cluster,
    what_could_not_be_checked_is_not_applied,
    a_file_that_was_edited_is_refused,
    a_file_that_is_none_is_told,
    what_cannot_be_applied_is_not_kept,
}

fn a_plan_file_is_applied_once_and_does_what_it_shows() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    // There is no state yet, so the file contains the lineage that the objects get.
    let plan = project.run(["plan", "--out", "p.plan"]).success();
    plan.stderr_contains("regplan apply p.plan");
    let file = project.content("p.plan");
    applied(&project);
    // The history names it by a digest that was told when it was made, and is told of the file.
    let history = project.run(["history", "--format", "json"]).success().json();
    let digest = history["revisions"][0]["plan"].as_str().unwrap().to_owned();
    let told = format!("Digest of this file, by which the history names its apply: {digest}");
    plan.stderr_contains(&told);
    project.run(["show", "p.plan"]).success().stderr_contains(&told);
    assert!(history["revisions"][0]["by"].as_str().unwrap().contains('@'), "{history}");
    let lineage = ns.field("configmap/greeting", "/metadata/annotations/regplan.dev~1lineage");
    assert_eq!(lineage, file["preconditions"]["lineage"]);
    refused(&project, &ns, &["was applied already, as revision 1"]);
    // The same change a second time is another plan.
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    refused(&project, &ns, &["was applied already"]);
    // The state alone knows it as well: `revisions/` need not travel with it.
    std::fs::remove_dir_all(project.path(&ns.fill(".regplan/{project}/revisions"))).unwrap();
    refused(&project, &ns, &["was applied already, as revision 1"]);
    planned(&project);
    applied(&project);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
}

fn it_is_shown_without_configuration_and_cluster() {
    let ns = Namespace::new();
    let project = changed(&ns);
    ns.kubectl(["scale", "deployment/web", "--replicas=3"]).run().success();
    let plan = project.run(["plan", "--out", "p.plan"]).success();
    let as_json = project.run(["plan", "--format", "json"]).success().json();
    let elsewhere = ns.project().kubeconfig("nowhere").write("p.plan", &project.read("p.plan"));
    let shown = elsewhere.run(["show", "p.plan"]).success();
    assert_eq!(shown.stdout(), plan.stdout());
    let shown = elsewhere.run(["show", "p.plan", "--format", "json"]).success().json();
    for key in ["digest", "summary", "changes", "drift", "occasion", "targets", "lineage", "cluster"] {
        assert_eq!(shown[key], as_json[key], "{key}");
    }
}

fn what_could_not_be_checked_is_not_applied() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{LOGIN}"));
    project.run(["plan", "--out", "p.plan"]).success().stdout_contains("not checked");
    let apply = project.regplan(["apply", "p.plan"]).env("PASSWORD", "hunter22").run().code(1);
    apply.stderr_contains("not everything could be checked when it was made").stderr_contains("PASSWORD");
}

fn a_file_that_was_edited_is_refused() {
    let ns = Namespace::new();
    let project = changed(&ns);
    planned(&project);
    let file = project.read("p.plan");
    project.rewrite("p.plan", &file.replace("\"update\"", "\"delete\""));
    project.run(["apply", "p.plan"]).code(1).stderr_contains("it was changed since it was written");
    // A forger can compute the digest and the checksum, but does not have the key of the seal.
    let mut forged: Value = serde_json::from_str(&file).unwrap();
    let content = &mut forged["content"];
    content["preconditions"]["asked"]["consent"] = json!(["resource.web"]);
    let bound = json!([content["preconditions"], content["bindings"], content["snapshot"]["digest"]]);
    let (digest, checksum) = (bound.to_string(), content.to_string());
    for (key, text) in [("digest", digest), ("checksum", checksum)] {
        forged[key] = json!(regplan::resource::digest(&text));
    }
    project.rewrite("p.plan", &forged.to_string());
    refused(&project, &ns, &["was not written here, or was changed since"]);
    project.rewrite("p.plan", &file);
    applied(&project);
}

fn a_file_that_is_none_is_told() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.run(["apply", "missing.plan"]).code(1).stderr_contains("`missing.plan` cannot be read");
    let project = project.write("p.plan", "{");
    project.run(["apply", "p.plan"]).code(1).stderr_contains("it is not a plan file");
    project.run(["show", "p.plan"]).code(1).stderr_contains("it is not a plan file");
    // `plan --out` would not replace what is no plan file.
    fs::remove_file(project.path("p.plan")).unwrap();
    planned(&project);
    let text = project.read("p.plan");
    let cut = &text[..text.len() / 2];
    project.rewrite("p.plan", cut);
    project.run(["apply", "p.plan"]).code(1).stderr_contains("it is not a plan file");
    let newer = text.replacen("\"format_version\": 2", "\"format_version\": 7", 1);
    project.rewrite("p.plan", &newer);
    project.run(["show", "p.plan"]).code(1).stderr_contains("its format has version 7");
    // A file of an older regplan is not converted. The message says to plan again.
    project.rewrite("p.plan", include_str!("../../../testdata/formats/1/plan.regplan"));
    for command in ["show", "apply"] {
        let refused = project.run([command, "p.plan"]).code(1);
        refused.stderr_contains("its format has version 1, and this regplan knows version 2");
        refused.stderr_contains("plan again with `--out`");
    }
    let usage = project.run(["apply", "p.plan", "--target", "resource.greeting"]).code(1);
    usage.stderr_contains("cannot be used with");
    project.run(["plan", "--out", "no/such/folder/p.plan"]).code(1).stderr_contains("cannot be written");
}

fn what_cannot_be_applied_is_not_kept() {
    let ns = Namespace::new();
    ns.apply(r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "greeting"}}"#);
    let project = ns.project().write("regplan.toml", GREETING);
    project.run(["plan", "--out", "p.plan"]).code(1).stderr_contains("`p.plan` was not written");
    assert!(!project.path("p.plan").exists());
    project.run(["plan", "--out", "p.plan", "--adopt", "resource.greeting"]).success();
    applied(&project);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
}
