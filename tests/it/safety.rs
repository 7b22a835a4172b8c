//! What is not ours is not touched, whatever moves between plan and apply.

use serde_json::json;

use crate::harness::{BALANCER, GREETING, Namespace, Project, wait_until};

tests! {
    an_object_of_others_is_refused_with_its_managers,
    an_object_is_adopted_only_with_consent,
    an_object_of_another_project_is_refused,
    an_object_made_between_plan_and_apply_is_not_touched,
    an_object_recreated_between_plan_and_apply_is_not_overwritten,
    a_foreign_edit_between_plan_and_apply_stops_the_branch,
    a_foreign_edit_between_plan_and_apply_stops_a_replacement,
    a_recreated_object_is_not_overwritten,
    an_unreadable_object_is_never_deleted,
    a_killed_apply_loses_nothing,
    a_killed_first_apply_is_found_by_its_annotations,
    nothing_happens_without_a_yes,
    two_writers_do_not_meet,
    the_first_signal_stops_gently,
    the_first_signal_ends_the_wait_for_a_value,
    secrets_are_nowhere,
    another_version_of_a_kind_is_the_same_object,
    an_empty_configuration_destroys_what_was_applied,
    a_renamed_object_leaves_nothing_behind,
    rights_are_reviewed_before_the_first_write,
}

const THEIRS: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "greeting"}, "data": {"hello": "theirs"}}"#;

fn greeting(ns: &Namespace) -> Project<'_> {
    ns.project().write("regplan.toml", GREETING)
}

fn an_object_of_others_is_refused_with_its_managers() {
    let ns = Namespace::new();
    ns.apply(THEIRS);
    let project = greeting(&ns);
    let plan = project.run(["plan"]).code(1);
    plan.stdout_contains("exists already, and is not ours")
        .stdout_contains("kubectl")
        .stdout_contains("--adopt resource.greeting");
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "theirs");
}

fn an_object_is_adopted_only_with_consent() {
    let ns = Namespace::new();
    ns.apply(THEIRS);
    let project = greeting(&ns);
    project.run(["plan", "--adopt", "resource.greeting"]).success().stdout_contains("& resource.greeting");
    project.run(["apply", "--auto-approve", "--adopt", "resource.greeting"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn an_object_of_another_project_is_refused() {
    let ns = Namespace::new();
    greeting(&ns).apply();
    let other = ns.project().write("regplan.toml", &GREETING.replace("{project}", "{project}-b"));
    other.run(["plan", "--adopt", "resource.greeting"]).code(1).stdout_contains("it belongs to the project");
}

/// Runs an apply whose plan is made before `between` happens: it waits at its question.
fn apply_with_something_between(project: &Project<'_>, between: impl FnOnce()) -> String {
    let mut apply = project.regplan(["apply"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    between();
    apply.say("yes");
    apply.wait().code(1).stderr().to_owned()
}

fn an_object_made_between_plan_and_apply_is_not_touched() {
    let ns = Namespace::new();
    let said = apply_with_something_between(&greeting(&ns), || {
        ns.apply(THEIRS);
    });
    assert!(said.contains("somebody else has made it since the plan"), "{said}");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "theirs");
}

fn an_object_recreated_between_plan_and_apply_is_not_overwritten() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    project.edit("regplan.toml", "world", "moon");
    let said = apply_with_something_between(&project, || {
        ns.delete("configmap/greeting").apply(THEIRS);
    });
    assert!(said.contains("was deleted and made again by others"), "{said}");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "theirs");
}

fn a_foreign_edit_between_plan_and_apply_stops_the_branch() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    project.edit("regplan.toml", "world", "moon");
    let said = apply_with_something_between(&project, || {
        ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    });
    assert!(said.contains("in a way that was not approved: data.hello"), "{said}");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "mars");
    // A foreign field outside ours does not stop it.
    let mut apply = project.regplan(["apply"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    ns.patch("configmap/greeting", &json!({"data": {"theirs": "x"}}));
    apply.say("yes");
    apply.wait().success();
    assert_eq!(ns.field("configmap/greeting", "/data"), json!({"hello": "moon", "theirs": "x"}));
}

fn a_foreign_edit_between_plan_and_apply_stops_a_replacement() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    let uid = ns.field("configmap/greeting", "/metadata/uid");
    let mut apply = project.regplan(["apply", "--replace", "resource.greeting"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    apply.say("yes");
    apply.wait().code(1).stderr_contains("in a way that was not approved: data.hello");
    assert_eq!(ns.field("configmap/greeting", "/metadata/uid"), uid);
}

fn a_recreated_object_is_not_overwritten() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    ns.delete("configmap/greeting").apply(THEIRS);
    project.run(["plan"]).code(1).stdout_contains("was deleted and made again by others");
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "theirs");
}

fn an_unreadable_object_is_never_deleted() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    let blind = ns.account(
        "blind",
        &json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"] }]),
    );
    project.rewrite("regplan.toml", "[project]\nname = \"{project}\"\n\n[cluster]\nnamespace = \"{ns}\"\n");
    let project = project.kubeconfig(blind);
    let plan = project.run(["plan"]).code(1);
    plan.stdout_lacks("- resource.greeting").stdout_contains("resource.greeting");
}

fn a_killed_apply_loses_nothing() {
    let ns = Namespace::new();
    let project = ns
        .project()
        .write("regplan.toml", &format!("{GREETING}{BALANCER}depends_on = [\"resource.greeting\"]\n"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("resource.lb");
    wait_until("the service is there", || ns.find("service/lb").is_some());
    apply.kill();
    project.expect_settled();
    project.rewrite("regplan.toml", "[project]\nname = \"{project}\"\n");
    project.apply().stdout_contains("2 to destroy");
    assert!(ns.find("service/lb").is_none() && ns.find("configmap/greeting").is_none());
}

fn a_killed_first_apply_is_found_by_its_annotations() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    // As if the run had been killed between the write and its record, or the state were lost.
    std::fs::remove_dir_all(project.path(".regplan")).unwrap();
    let plan = project.run(["plan", "--detailed-exitcode"]).success();
    plan.stdout_contains("There is no state here");
    project.apply();
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("1 to destroy");
}

fn nothing_happens_without_a_yes() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.regplan(["apply"]).stdin("y\n").run().code(1).stderr_contains("Not approved");
    project.regplan(["apply"]).stdin("").run().code(1).stderr_contains("--auto-approve");
    project.regplan(["apply", "--no-input"]).stdin("yes\n").run().code(1).stderr_contains("--auto-approve");
    assert!(ns.find("configmap/greeting").is_none());
    project.regplan(["apply"]).stdin("yes\n").run().success();
}

fn two_writers_do_not_meet() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    let mut first = project.regplan(["apply"]).open_stdin().spawn();
    first.until("Only `yes` is accepted");
    let second = project.run(["apply", "--auto-approve"]).code(1);
    second.stderr_contains("the state is locked by").stderr_contains(&format!("process {}", first.id()));
    project.run(["plan"]).success();
    first.say("yes");
    first.wait().success();
}

fn the_first_signal_stops_gently() {
    let ns = Namespace::new();
    let config = format!(
        "{GREETING}{BALANCER}{}",
        r#"
[resource.after]
apiVersion = "v1"
kind = "ConfigMap"
depends_on = ["resource.lb"]
"#
    );
    let project = ns.project().write("regplan.toml", &config);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    apply.signal(rustix::process::Signal::INT);
    let ended = apply.wait().code(1);
    ended.stderr_contains("Stopped").stderr_contains("skipped resource.after");
    assert!(ns.find("configmap/after").is_none());
    ns.patch_status("service/lb", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}));
    project.apply().stdout_contains("Plan: 1 to add");
}

fn the_first_signal_ends_the_wait_for_a_value() {
    let ns = Namespace::new();
    let after = r#"
[resource.lb.lifecycle]
ready = "written"

[resource.after]
apiVersion = "v1"
kind = "ConfigMap"
data = { address = "${resource.lb.status.loadBalancer.ingress[0].ip}" }
"#;
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{BALANCER}{after}"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waits for resource.lb.status.loadBalancer.ingress[0].ip");
    apply.signal(rustix::process::Signal::INT);
    apply.wait().code(1).stderr_contains("skipped resource.after");
    assert!(ns.find("configmap/after").is_none());
    project.edit(
        "regplan.toml",
        "[resource.after]\n",
        "[resource.after]\nlifecycle.timeouts.ready = \"1s\"\n",
    );
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("after 1 s");
    ns.patch_status("service/lb", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}));
    project.apply();
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn secrets_are_nowhere() {
    let ns = Namespace::new();
    let config = r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[secret.password]
env = "PASSWORD"

[resource.login]
apiVersion = "v1"
kind = "Secret"
stringData = { password = "${secret.password}", user = "ci" }
"#;
    let project = ns.project().write("regplan.toml", config);
    project.run(["validate"]).success();
    project.run(["plan"]).success().stdout_contains("not checked");
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("PASSWORD");
    assert!(ns.find("secret/login").is_none());
    let secret = "correct horse battery";
    let project = project.env("PASSWORD", secret);
    let mut said = String::new();
    for args in
        [["plan", "--format=text"], ["plan", "--format=json"], ["apply", "--auto-approve"], ["render", "-q"]]
    {
        let output = project.run(args).success();
        said.push_str(output.stdout());
        said.push_str(output.stderr());
    }
    said.push_str(&project.read(&project.state_path()));
    assert!(!said.contains(secret) && !said.contains("Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"), "{said}");
    assert_eq!(ns.field("secret/login", "/data/password"), "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5");
    project.run(["plan", "--detailed-exitcode"]).success();
    let project = project.env("PASSWORD", "another");
    project.run(["plan", "--detailed-exitcode"]).code(2).stdout_contains("(sensitive, changed)");
}

fn a_renamed_object_leaves_nothing_behind() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    let renamed = format!("{GREETING}metadata.name = \"welcome\"\n");
    let project = project.write("regplan.toml", &renamed);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("-/+ resource.greeting").stdout_contains("greeting is deleted: it had this address");
    project.apply();
    assert_eq!(ns.field("configmap/welcome", "/data/hello"), "world");
    assert_eq!(ns.find("configmap/greeting"), None);
    project.run(["plan", "--detailed-exitcode"]).success();
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(ns.find("configmap/welcome"), None);
}

fn rights_are_reviewed_before_the_first_write() {
    let ns = Namespace::new();
    let service = r#"
[resource.web]
apiVersion = "v1"
kind = "Service"
spec = { ports = [{ port = 80 }], selector = { app = "web" } }
depends_on = ["resource.greeting"]
"#;
    let verbs = ["get", "list", "watch", "create", "patch"];
    let narrow = ns.account(
        "narrow",
        &json!([
            { "apiGroups": [""], "resources": ["configmaps"], "verbs": verbs },
            { "apiGroups": [""], "resources": ["services", "namespaces"], "verbs": ["get", "list"] }
        ]),
    );
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{service}")).kubeconfig(narrow);
    let apply = project.run(["apply", "--auto-approve"]).code(1);
    apply.stderr_contains("missing:").stderr_contains("create Service").stderr_lacks("ConfigMap");
    assert_eq!(ns.find("configmap/greeting"), None, "nothing may be written");
}

fn another_version_of_a_kind_is_the_same_object() {
    let ns = Namespace::new();
    let scaler = r#"
[resource.scaler]
apiVersion = "autoscaling/v1"
kind = "HorizontalPodAutoscaler"
spec = { minReplicas = 1, maxReplicas = 3, scaleTargetRef = { apiVersion = "apps/v1", kind = "Deployment", name = "web" } }
"#;
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{scaler}"));
    project.apply();
    let uid = ns.field("hpa/scaler", "/metadata/uid");
    project.edit("regplan.toml", "autoscaling/v1", "autoscaling/v2");
    project.run(["plan"]).success().stdout_lacks("- resource.scaler").stdout_lacks("+ resource.scaler");
    project.apply();
    assert_eq!(ns.field("hpa/scaler", "/metadata/uid"), uid);
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn an_empty_configuration_destroys_what_was_applied() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    project.rewrite("regplan.toml", "[project]\nname = \"{project}\"\n");
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("1 to destroy");
    assert!(ns.find("configmap/greeting").is_none());
    // Without a state there is nothing that is known to be ours, and so nothing is deleted.
    std::fs::remove_dir_all(project.path(".regplan")).unwrap();
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("Nothing to destroy");
}
