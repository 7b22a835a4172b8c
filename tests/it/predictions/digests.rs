//! The digest of a reader's plan is that of an administrator's, so that what was planned in a pull request with
//! rights to read is expected by whoever applies it.

use std::path::Path;

use serde_json::json;

use super::{EDITS, FORMS, clean_up, drift, forms, reader};
use crate::examples::{PASSWORD, registry_example};
use crate::harness::{HEAD, Namespace, Project};

tests! {
    a_new_registry_has_one_digest,
    a_changed_registry_has_one_digest,
    many_forms_of_the_same_have_one_digest,
    what_only_the_server_fills_in_is_in_no_digest,
    a_reader_who_does_not_see_the_cluster_has_the_digest_of_an_administrator,
}

/// The digest of the plan under these rights.
fn digest(project: &Project<'_>, flags: &[&str], kubeconfig: Option<&Path>) -> String {
    let plan = project.regplan(["plan", "--format=json"]).args(flags);
    let plan = match kubeconfig {
        Some(path) => plan.args(["--kubeconfig", path.to_str().unwrap()]),
        None => plan,
    };
    let plan = plan.run().success().json();
    assert_eq!(plan["errors"], json!([]), "{plan:#}");
    plan["digest"].as_str().unwrap().to_owned()
}

/// Both have one digest, and it is another one than the last.
#[track_caller]
fn expect_one_digest(project: &Project<'_>, reader: &Path, last: &mut Vec<String>, what: &str) {
    let digests = [None, Some(reader)].map(|who| digest(project, &[], who));
    assert_eq!(digests[0], digests[1], "{what}");
    assert!(!last.contains(&digests[0]), "{what}: another plan has another digest");
    last.extend(digests);
}

fn a_new_registry_has_one_digest() {
    let ns = Namespace::absent();
    let project = registry_example(&ns).env("CI_PASSWORD", PASSWORD);
    let reader = reader(&ns);
    let mut last = Vec::new();
    expect_one_digest(&project, &reader, &mut last, "without its namespace");
    ns.cluster().kubectl(["create", "namespace", &ns.name()]).run().success();
    expect_one_digest(&project, &reader, &mut last, "in its namespace");
}

fn a_changed_registry_has_one_digest() {
    let ns = Namespace::absent();
    let project = registry_example(&ns).env("CI_PASSWORD", PASSWORD);
    project.apply();
    let reader = reader(&ns);
    let mut last = Vec::new();
    expect_one_digest(&project, &reader, &mut last, "nothing to change");
    project.edit("regplan.toml", "registry:3.1.1", "registry:3.1.2");
    expect_one_digest(&project, &reader, &mut last, "another image");
    ns.patch("deployment/registry", &json!({"spec": {"replicas": 3}}));
    expect_one_digest(&project, &reader, &mut last, "and a drifted number");
    project.edit("regplan.toml", "size = \"5Gi\"", "size = \"7Gi\"");
    expect_one_digest(&project, &reader, &mut last, "and a larger volume");
    project.edit("regplan.toml", "ingress.class  = \"contour\"\n", "ingress.class  = \"other\"\n");
    ns.delete("secret/registry-htpasswd");
    expect_one_digest(&project, &reader, &mut last, "and another class, and a secret that is gone");
    let expect = format!("--expect={}", digest(&project, &[], Some(&reader)));
    project.run(["apply", &expect]).success();
    let destroy = |who| digest(&project, &["--destroy"], who);
    assert_eq!(destroy(None), destroy(Some(&reader)));
}

fn many_forms_of_the_same_have_one_digest() {
    let ns = Namespace::new();
    let project = forms(&ns);
    let reader = reader(&ns);
    let mut last = Vec::new();
    expect_one_digest(&project, &reader, &mut last, "nothing to change");
    for (from, to) in EDITS {
        project.edit("all.yaml", from, to);
        expect_one_digest(&project, &reader, &mut last, from);
        project.rewrite("all.yaml", FORMS);
    }
    for (target, patch) in drift() {
        ns.patch(target, &patch);
        expect_one_digest(&project, &reader, &mut last, &patch.to_string());
    }
    clean_up(&ns);
}

/// What the server fills in or drops by itself is seen by whoever may ask it, and is no part of what is done.
fn what_only_the_server_fills_in_is_in_no_digest() {
    let ns = Namespace::new();
    let service = "[resource.front]\napiVersion = \"v1\"\nkind = \"Service\"\n\
                   spec = { type = \"NodePort\", selector = { app = \"a\" }, ports = [{ name = \"first\", port = 80 }] }\n";
    let pods = "[resource.web]\napiVersion = \"apps/v1\"\nkind = \"Deployment\"\n[resource.web.spec]\n\
                selector = { matchLabels = { app = \"a\" } }\n[resource.web.spec.template]\n\
                metadata = { labels = { app = \"a\" } }\nspec = { containers = [{ name = \"a\", image = \"a\" }] }\n";
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{service}{pods}"));
    project.apply();
    let reader = reader(&ns);
    let mut last = Vec::new();
    for (from, to) in [
        ("\"NodePort\"", "\"ClusterIP\""),
        ("port = 80 }", "port = 80 }, { port = 81, name = \"more\" }"),
        ("port = 80 }", "port = 81 }"),
        (
            "image = \"a\" }",
            "image = \"a\" }, { name = \"b\", image = \"b\", resources = { limits = { cpu = \"1.5\" } } }",
        ),
        ("image = \"a\" }", "image = \"a\", livenessProbe = { httpGet = { port = 80 } } }"),
        ("[resource.web.spec]\n", "[resource.web.spec]\nstrategy = { type = \"Recreate\" }\n"),
    ] {
        let before = project.read("regplan.toml");
        project.edit("regplan.toml", from, to);
        expect_one_digest(&project, &reader, &mut last, to);
        project.rewrite("regplan.toml", &before);
    }
}

fn a_reader_who_does_not_see_the_cluster_has_the_digest_of_an_administrator() {
    let ns = Namespace::new();
    let config =
        format!("{HEAD}[resource.a]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata = {{ k = \"v\" }}\n");
    let project = ns.project().write("regplan.toml", &config);
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    let reader = ns.account("narrow", &rules);
    let of_both = || [None, Some(reader.as_path())].map(|who| digest(&project, &[], who));
    let [administrator, narrow] = of_both();
    assert_ne!(administrator, narrow, "nothing says which cluster that is before the first apply");
    project.apply();
    project.edit("regplan.toml", "\"v\"", "\"w\"");
    let [administrator, narrow] = of_both();
    assert_eq!(administrator, narrow, "the state says which cluster it is");
    // The way to the cluster is not the cluster.
    let proxy = ns.proxy();
    assert_eq!(digest(&project, &[], Some(&proxy.kubeconfig())), administrator);
    project
        .regplan(["plan"])
        .args(["--kubeconfig", reader.to_str().unwrap()])
        .run()
        .success()
        .stdout_contains(", cluster ");
}
