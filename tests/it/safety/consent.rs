//! What an apply never does by itself: write without a yes, delete what it cannot read, show a secret.

use serde_json::json;

use super::greeting;
use crate::harness::{GREETING, HEAD, Namespace};

tests! {
    an_unreadable_object_is_never_deleted,
    nothing_happens_without_a_yes,
    secrets_are_nowhere,
    an_empty_configuration_destroys_what_was_applied,
    a_renamed_object_leaves_nothing_behind,
    rights_are_reviewed_before_the_first_write,
}

fn an_unreadable_object_is_never_deleted() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    let blind = ns.account(
        "blind",
        &json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"] }]),
    );
    project.rewrite("regplan.toml", HEAD);
    let project = project.kubeconfig(blind);
    let plan = project.run(["plan"]).code(1);
    plan.stdout_lacks("- resource.greeting").stdout_contains("resource.greeting");
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

fn secrets_are_nowhere() {
    let ns = Namespace::new();
    let config = HEAD.to_owned()
        + r#"
[secret.password]
env = "PASSWORD"

[resource.login]
apiVersion = "v1"
kind = "Secret"
stringData = { password = "${secret.password}", user = "ci" }
"#;
    let project = ns.project().write("regplan.toml", &config);
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
    apply
        .stderr_contains("permissions are missing")
        .stderr_contains("create Service")
        .stderr_lacks("ConfigMap");
    assert_eq!(ns.find("configmap/greeting"), None, "nothing may be written");
}

fn an_empty_configuration_destroys_what_was_applied() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    project.rewrite("regplan.toml", "[project]\nname = \"{project}\"\n");
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("1 to destroy");
    assert!(ns.find("configmap/greeting").is_none());
    // Without a state, no object is known to be ours, so nothing is deleted.
    std::fs::remove_dir_all(project.path(".regplan")).unwrap();
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("Nothing to destroy");
}
