//! What has changed between the plan and its apply: objects, configuration, state, secrets. The apply finds it before its
//! first write.

use std::fs;

use serde_json::json;

use super::{LOGIN, OTHER, applied, changed, planned, refused};
use crate::harness::{GREETING, Namespace, OwnCluster, Project, WEB};

tests! {
    a_foreign_edit_is_refused_before_the_first_write,
    a_deleted_a_recreated_and_a_new_object_are_refused,
    drift_of_what_was_to_stay_is_refused,
    what_does_not_touch_the_plan_is_not_refused,
    another_configuration_and_another_state_are_refused,
    another_cluster_is_refused,
    another_secret_is_refused_and_none_is_in_the_file,
    targets_replacements_and_destroys_are_bound_alike,
}

fn a_foreign_edit_is_refused_before_the_first_write() {
    let ns = Namespace::new();
    let project = changed(&ns);
    planned(&project);
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    refused(&project, &ns, &["resource.greeting: others have changed it", "data.hello (by kubectl-patch)"]);
    assert_eq!(ns.field("deployment/web", "/spec/template/spec/containers/0/image"), "web:1");
    // When the object is as it was, the approved plan is valid again.
    ns.patch("configmap/greeting", &json!({"data": {"hello": "world"}}));
    applied(&project);
}

fn a_deleted_a_recreated_and_a_new_object_are_refused() {
    let ns = Namespace::new();
    let project = changed(&ns);
    planned(&project);
    let before = ns.get("configmap/greeting");
    ns.delete("configmap/greeting");
    refused(&project, &ns, &["resource.greeting: it was deleted by others"]);
    let again = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": before["data"],
        "metadata": {"name": "greeting", "annotations": before["metadata"]["annotations"]}});
    ns.apply(&again.to_string());
    refused(&project, &ns, &["resource.greeting: another object has its name"]);
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    planned(&project);
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "greeting"}});
    ns.apply(&theirs.to_string());
    project.run(["apply", "p.plan"]).code(1).stdout_contains("exists already, and is not ours");
    assert_eq!(ns.get("configmap/greeting").get("data"), None);
}

fn drift_of_what_was_to_stay_is_refused() {
    let ns = Namespace::new();
    let project = changed(&ns);
    planned(&project);
    ns.patch("configmap/other", &json!({"data": {"k": "theirs"}}));
    refused(
        &project,
        &ns,
        &["resource.other: the approved plan leaves it unchanged", "data.k (by kubectl-patch)"],
    );
    // The edit of the other object is undone. What is left of it does not concern the plan.
    ns.patch("configmap/other", &json!({"data": {"k": "v"}}));
    ns.patch("configmap/greeting", &json!({"data": {"hello": "moon"}}));
    refused(&project, &ns, &["resource.greeting:"]);
}

fn what_does_not_touch_the_plan_is_not_refused() {
    let ns = Namespace::new();
    let project = changed(&ns);
    planned(&project);
    let serial = |project: &Project<'_>| project.state()["serial"].as_u64().unwrap();
    let before = serial(&project);
    // None of this concerns the plan: a newer serial, a rollout, a status, fields of others, newer versions.
    let elsewhere = project.read("regplan.toml");
    project.edit("regplan.toml", "moon", "world");
    project.edit("regplan.toml", "web:2", "web:1");
    project.edit("regplan.toml", "data = { k = \"v\" }", "data = { k = \"v\", more = \"x\" }");
    project.apply();
    project.edit("regplan.toml", "data = { k = \"v\", more = \"x\" }", "data = { k = \"v\" }");
    project.apply();
    assert!(serial(&project) > before);
    project.rewrite("regplan.toml", &elsewhere);
    ns.kubectl(["rollout", "restart", "deployment/web"]).run().success();
    ns.kubectl(["label", "configmap/greeting", "theirs=yes"]).run().success();
    ns.patch("configmap/greeting", &json!({"data": {"theirs": "x"}}));
    ns.patch_status("deployment/web", &json!({"collisionCount": 1}));
    // A comment does not change the configuration.
    project.edit("regplan.toml", "[project]", "# reviewed\n[project]");
    project.run(["apply", "p.plan"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data"), json!({"hello": "moon", "theirs": "x"}));
}

fn another_configuration_and_another_state_are_refused() {
    let ns = Namespace::new();
    let project = changed(&ns);
    planned(&project);
    project.edit("regplan.toml", "moon", "mars");
    refused(&project, &ns, &["the configuration has changed since"]);
    project.edit("regplan.toml", "mars", "moon");
    // Another checkout has its own state, and so another key.
    let other = ns.project().write("regplan.toml", &format!("{GREETING}{OTHER}{WEB}"));
    let other = other.write("p.plan", &project.read("p.plan"));
    refused(&other, &ns, &["there is no key here to check it with"]);
    let key = ns.fill(".regplan/{project}/key");
    let other = other.write(&key, &"0".repeat(64));
    refused(&other, &ns, &["was not written here, or was changed since"]);
    // The same key and another state.
    let other = other.write(&key, &project.read(&key));
    let other = other.write(&project.state_path(), &project.read(&project.state_path()));
    other.edit_state(|state| state["lineage"] = json!("a".repeat(32)));
    other.run(["apply", "p.plan"]).code(1).stderr_contains("lineage");
}

fn another_cluster_is_refused() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    planned(&project);
    let uid = ns.field("namespace/kube-system", "/metadata/uid");
    let uid = uid.as_str().unwrap();
    let own = OwnCluster::take();
    // A namespace of that name is there as well.
    own.as_ref().kubectl(["create", "namespace", &ns.name()]).run().success();
    let there = own.as_ref().kubeconfig();
    let apply = project.regplan(["apply", "p.plan"]).env("KUBECONFIG", there).run().code(1);
    apply.stderr_contains(&format!("it was made for the cluster {uid}")).stderr_contains("nothing was done");
    let (status, _) =
        own.as_ref().request("GET", &format!("/api/v1/namespaces/{}/configmaps/greeting", ns.name()), None);
    assert_eq!(status, 404);
    own.give_back();
    // The same cluster with another URL is the same cluster.
    let proxy = ns.proxy();
    project.regplan(["apply", "p.plan"]).env("KUBECONFIG", proxy.kubeconfig()).run().success();
}

fn another_secret_is_refused_and_none_is_in_the_file() {
    let ns = Namespace::new();
    let password = "correct horse battery staple";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{LOGIN}"));
    let project = project.env("PASSWORD", password);
    project.apply();
    let project = project.env("PASSWORD", "another one, and a long one");
    planned(&project);
    let file = project.read("p.plan");
    for secret in ["another one", password] {
        for form in [secret.to_owned(), base64(secret), sha256(secret), sha256(&base64(secret))] {
            assert!(!file.contains(&form), "{form}\n{file}");
        }
        // The digest of the secret as a JSON text is not in the file either.
        assert!(!file.contains(&sha256(&format!("\"{}\"", base64(secret)))), "{file}");
    }
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(project.path("p.plan")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let other = project.regplan(["apply", "p.plan"]).env("PASSWORD", "yet another one").run().code(1);
    other.stderr_contains("a secret has changed since: the environment variable PASSWORD");
    // A secret that others have written to the cluster is a foreign edit, like any other.
    ns.patch("secret/login", &json!({"stringData": {"password": "theirs"}}));
    refused(&project, &ns, &["resource.login", "data.password (by kubectl-patch)"]);
    ns.patch("secret/login", &json!({"stringData": {"password": password}}));
    applied(&project);
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(text)
}

fn sha256(text: &str) -> String {
    regplan::resource::digest(text).trim_start_matches("sha256:").to_owned()
}

fn targets_replacements_and_destroys_are_bound_alike() {
    let ns = Namespace::new();
    let project = changed(&ns);
    project.run(["plan", "--out", "p.plan", "--target", "resource.greeting"]).success();
    project.run(["apply", "p.plan"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "moon");
    assert_eq!(ns.field("deployment/web", "/spec/template/spec/containers/0/image"), "web:1");
    project.apply();
    let uid = ns.field("configmap/greeting", "/metadata/uid");
    project.run(["plan", "--out", "p.plan", "--replace", "resource.greeting"]).success();
    project.run(["apply", "p.plan"]).success();
    assert_ne!(ns.field("configmap/greeting", "/metadata/uid"), uid);
    project.run(["plan", "--out", "p.plan", "--destroy"]).success();
    ns.delete("configmap/greeting");
    refused(&project, &ns, &["resource.greeting: it was deleted by others"]);
    project.apply();
    project.run(["plan", "--out", "p.plan", "--destroy"]).success();
    // A mark that was set since keeps the object, and the message says so.
    ns.kubectl(["annotate", "configmap/greeting", "regplan.dev/protect=true"]).run().success();
    let kept = "resource.greeting: it was to be deleted, and is kept now: protected";
    refused(&project, &ns, &[kept, "`--consent resource.greeting`"]);
    ns.kubectl(["annotate", "configmap/greeting", "regplan.dev/protect-"]).run().success();
    project.run(["apply", "p.plan"]).success();
    assert_eq!((ns.find("configmap/greeting"), ns.find("deployment/web")), (None, None));
}
