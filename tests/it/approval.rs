//! What was approved is what happens: plan files, and plans that are expected by their digest.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{BALANCER, Ended, GREETING, HEAD, Namespace, Project, WEB, wait_for};

tests! {
    a_plan_file_is_applied_once_and_does_what_it_shows,
    it_is_shown_without_configuration_and_cluster,
    a_foreign_edit_is_refused_before_the_first_write,
    a_deleted_a_recreated_and_a_new_object_are_refused,
    drift_of_what_was_to_stay_is_refused,
    what_does_not_touch_the_plan_is_not_refused,
    another_configuration_and_another_state_are_refused,
    another_cluster_is_refused,
    another_secret_is_refused_and_none_is_in_the_file,
    what_could_not_be_checked_is_not_applied,
    a_foreign_edit_in_the_middle_stops_that_branch,
    an_interrupted_run_is_resumed,
    a_file_that_was_edited_is_refused,
    a_file_that_is_none_is_told,
    what_cannot_be_applied_is_not_kept,
    targets_replacements_and_destroys_are_bound_alike,
    a_plan_is_expected_by_its_digest,
    a_value_that_is_known_only_then_is_what_was_approved,
}

const OTHER: &str = r#"
[resource.other]
apiVersion = "v1"
kind = "ConfigMap"
data = { k = "v" }
"#;

/// Applied once, then changed: the greeting and the image.
fn changed(ns: &Namespace) -> Project<'_> {
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{OTHER}{WEB}"));
    project.apply();
    project.edit("regplan.toml", "world", "moon");
    project.edit("regplan.toml", "web:1", "web:2");
    project
}

/// Keeps a plan.
fn planned(project: &Project<'_>) {
    project.run(["plan", "--out", "p.plan"]).success();
}

/// Applies it in vain: nothing is written, and this is said.
fn refused(project: &Project<'_>, ns: &Namespace, stories: &[&str]) {
    let proxy = ns.proxy();
    let apply = project.regplan(["apply", "p.plan"]).env("KUBECONFIG", proxy.kubeconfig()).run().code(1);
    for story in stories {
        apply.stderr_contains(story);
    }
    apply.stderr_contains("nothing was done");
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
}

fn applied(project: &Project<'_>) -> Ended {
    let apply = project.run(["apply", "p.plan"]).success();
    project.run(["plan", "--detailed-exitcode"]).success();
    apply
}

fn a_plan_file_is_applied_once_and_does_what_it_shows() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    // There is no state yet: the file carries the lineage that the objects get.
    let plan = project.run(["plan", "--out", "p.plan"]).success();
    plan.stderr_contains("regplan apply p.plan");
    let file: Value = serde_json::from_str(&project.read("p.plan")).unwrap();
    applied(&project);
    let lineage = ns.field("configmap/greeting", "/metadata/annotations/regplan.dev~1lineage");
    assert_eq!(lineage, file["preconditions"]["lineage"]);
    refused(&project, &ns, &["was applied already, as revision 1"]);
    // The same change once more is another plan.
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    refused(&project, &ns, &["was applied already"]);
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

fn a_foreign_edit_is_refused_before_the_first_write() {
    let ns = Namespace::new();
    let project = changed(&ns);
    planned(&project);
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    refused(&project, &ns, &["resource.greeting: others have changed it", "data.hello (by kubectl-patch)"]);
    assert_eq!(ns.field("deployment/web", "/spec/template/spec/containers/0/image"), "web:1");
    // Once it is as it was, the plan is the approved one again.
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
    refused(&project, &ns, &["resource.other: it was to stay as it is", "data.k (by kubectl-patch)"]);
    // What they did is undone; what is left of it is not in the plan's way.
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
    // A newer serial, a rollout, a status, fields of others, bumped versions.
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
    // A comment is no other configuration.
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
    // Another checkout with a state, and so with a key of its own.
    let other = ns.project().write("regplan.toml", &format!("{GREETING}{OTHER}{WEB}"));
    let other = other.write("p.plan", &project.read("p.plan"));
    refused(&other, &ns, &["there is no key here to check it with"]);
    let key = ns.fill(".regplan/{project}/key");
    let other = other.write(&key, &"0".repeat(64));
    refused(&other, &ns, &["was not written here, or was changed since"]);
    // The same key and another state.
    let other = other.write(&key, &project.read(&key));
    let state = project.state();
    let lineage = state["lineage"].as_str().unwrap();
    let text = state.to_string().replace(lineage, &"a".repeat(32));
    let other = other.write(&project.state_path(), &text);
    other.run(["apply", "p.plan"]).code(1).stderr_contains("lineage");
}

fn another_cluster_is_refused() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    planned(&project);
    let file = project.read("p.plan");
    let uid = ns.field("namespace/kube-system", "/metadata/uid");
    let uid = uid.as_str().unwrap();
    // The same cluster behind another door is the same cluster.
    let proxy = ns.proxy();
    project.regplan(["apply", "p.plan"]).env("KUBECONFIG", proxy.kubeconfig()).run().success();
    assert!(file.contains(uid));
}

const LOGIN: &str = r#"
[secret.password]
env = "PASSWORD"

[resource.login]
apiVersion = "v1"
kind = "Secret"
stringData = { password = "${secret.password}", note = "fixed-text-of-the-file" }
"#;

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
        // Nor as the digest of the JSON text that a field would have.
        assert!(!file.contains(&sha256(&format!("\"{}\"", base64(secret)))), "{file}");
    }
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(project.path("p.plan")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let other = project.regplan(["apply", "p.plan"]).env("PASSWORD", "yet another one").run().code(1);
    other.stderr_contains("a secret is another one than it was then: the environment variable PASSWORD");
    // A secret that came from elsewhere into the cluster is a foreign edit like any other.
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

fn what_could_not_be_checked_is_not_applied() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{LOGIN}"));
    project.run(["plan", "--out", "p.plan"]).success().stdout_contains("not checked");
    let apply = project.regplan(["apply", "p.plan"]).env("PASSWORD", "hunter22").run().code(1);
    apply.stderr_contains("not everything could be checked when it was made").stderr_contains("PASSWORD");
}

fn a_foreign_edit_in_the_middle_stops_that_branch() {
    let ns = Namespace::new();
    let chain =
        GREETING.replace("[resource.greeting]\n", "[resource.greeting]\ndepends_on = [\"resource.lb\"]\n");
    let project = ns.project().write("regplan.toml", &chain.replace("depends_on = [\"resource.lb\"]\n", ""));
    project.apply();
    let aside = "\n[resource.aside]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    project.rewrite("regplan.toml", &format!("{}{BALANCER}{aside}", chain.replace("world", "moon")));
    planned(&project);
    let mut apply = project.regplan(["apply", "p.plan"]).spawn();
    apply.until("waiting resource.lb");
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    ns.patch_status("service/lb", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}));
    let ended = apply.wait().code(1);
    ended.stderr_contains("in a way that was not approved: data.hello");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "mars");
    ns.get("configmap/aside");
}

fn an_interrupted_run_is_resumed() {
    let ns = Namespace::new();
    let rest = "\n[resource.rest]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndepends_on = [\"resource.lb\"]\n\
                data = { address = \"${resource.lb.status.loadBalancer.ingress[0].ip}\" }\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{BALANCER}{rest}"));
    planned(&project);
    let mut apply = project.regplan(["apply", "p.plan"]).spawn();
    apply.until("waiting resource.lb");
    wait_for("the greeting", || ns.find("configmap/greeting"));
    apply.kill();
    assert_eq!(ns.find("configmap/rest"), None);
    ns.patch_status("service/lb", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}));
    applied(&project).stderr_contains("an earlier run of this plan was interrupted, and is resumed");
    assert_eq!(ns.field("configmap/rest", "/data/address"), "192.0.2.9");
    refused(&project, &ns, &["was applied already"]);
}

fn a_file_that_was_edited_is_refused() {
    let ns = Namespace::new();
    let project = changed(&ns);
    planned(&project);
    let file = project.read("p.plan");
    project.rewrite("p.plan", &file.replace("\"update\"", "\"delete\""));
    project.run(["apply", "p.plan"]).code(1).stderr_contains("it was changed since it was written");
    // Whoever computes the digest anew still has not the key.
    let mut forged: Value = serde_json::from_str(&file).unwrap();
    forged["preconditions"]["asked"]["consent"] = json!(["resource.web"]);
    for key in ["digest", "seal"] {
        forged[key] = json!("");
    }
    let digest = |value: &Value| regplan::approval::PlanFile::digest_of_text(&value.to_string()).unwrap();
    forged["digest"] = json!(digest(&forged));
    forged["seal"] = serde_json::from_str::<Value>(&file).unwrap()["seal"].clone();
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
    project.run(["apply", "p.plan"]).code(1).stderr_contains("it is no plan file");
    project.run(["show", "p.plan"]).code(1).stderr_contains("it is no plan file");
    planned(&project);
    let text = project.read("p.plan");
    let cut = &text[..text.len() / 2];
    project.rewrite("p.plan", cut);
    project.run(["apply", "p.plan"]).code(1).stderr_contains("it is no plan file");
    let newer = text.replacen("\"format_version\": 1", "\"format_version\": 7", 1);
    project.rewrite("p.plan", &newer);
    project.run(["show", "p.plan"]).code(1).stderr_contains("its format has version 7");
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
    project.run(["apply", "p.plan"]).success();
    assert_eq!((ns.find("configmap/greeting"), ns.find("deployment/web")), (None, None));
}

fn a_plan_is_expected_by_its_digest() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    let digest = |project: &Project<'_>| {
        let plan = project.run(["plan", "--format", "json"]).success().json();
        plan["digest"].as_str().unwrap().to_owned()
    };
    let first = digest(&project);
    assert_eq!(first, digest(&project), "without a state as well");
    project.run(["plan"]).success().stderr_contains(&first);
    let expect = |digest: &str| project.regplan(["apply"]).args(["--expect", digest]).run();
    let other = expect("sha256:0").code(1);
    other.stderr_contains("this is not the plan that was approved").stderr_contains(&first);
    assert_eq!(ns.find("configmap/greeting"), None);
    expect(&first).success();
    // What others do is another plan.
    project.edit("regplan.toml", "world", "moon");
    let second = digest(&project);
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    expect(&second).code(1);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "mars");
    expect(&digest(&project)).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "moon");
}

/// What a plan could not know may well be known when it is applied.
fn a_value_that_is_known_only_then_is_what_was_approved() {
    let ns = Namespace::new();
    let front =
        "\n[resource.front]\napiVersion = \"v1\"\nkind = \"Service\"\nspec = { ports = [{ port = 80 }] }\n";
    let back = "\n[resource.back]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
                data = { address = \"${resource.front.spec.clusterIP}\" }\n";
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{front}{back}"));
    project.run(["plan", "--out", "p.plan"]).success().stdout_contains("known after apply");
    applied(&project);
    let address = ns.field("service/front", "/spec/clusterIP");
    assert_eq!(ns.field("configmap/back", "/data/address"), address);
}
