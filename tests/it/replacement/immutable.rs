//! Fields that cannot change: each change is a replacement that names its field.

use serde_json::json;

use super::{ROWS, Row};
use crate::harness::{GREETING, HEAD, Namespace, change, wait_until};

tests! {
    every_kind_names_the_field_that_cannot_change,
    a_replacement_that_the_server_cannot_be_asked_about_is_predicted,
    what_a_killed_replacement_made_is_found,
    a_pod_whose_limit_falls_below_its_derived_request_is_replaced,
}

fn table(value: impl Fn(&Row) -> &'static str) -> String {
    ROWS.iter().fold(HEAD.to_owned(), |text, row| {
        text + &format!("\n[resource.{}]\n{}", row.name, row.text.replace("FROM", value(row)))
    })
}

/// The server rejects each of these changes, as dry-runs show, and takes each replacement.
fn every_kind_names_the_field_that_cannot_change() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &table(|row| row.from));
    project.apply();
    project.run(["plan", "--detailed-exitcode"]).success();
    project.rewrite("regplan.toml", &table(|row| row.to));
    let consent = ["--consent", "resource.stateful", "--consent", "resource.definition"];
    let plan = project.regplan(["plan", "--format=json"]).args(consent).run().success().json();
    for row in ROWS {
        let address = format!("resource.{}", row.name);
        let change = change(&plan, &address);
        assert_eq!(change["action"], "replace", "{change:#}");
        assert_eq!(change["fidelity"]["kind"], "dry_run", "{change:#}");
        let forcing: Vec<&str> = change["fields"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|field| field["forces_replacement"] == true)
            .filter_map(|field| field["path"].as_str())
            .collect();
        assert!(!forcing.is_empty() && forcing.iter().all(|path| path.starts_with(row.field)), "{change:#}");
        let reason = change["reason"].as_str().unwrap();
        assert!(reason.contains(row.field) && reason.contains("; "), "{reason}");
    }
    project.regplan(["apply", "--auto-approve"]).args(consent).run().success();
    project.run(["plan", "--detailed-exitcode"]).success();
    project.regplan(["destroy", "--auto-approve"]).args(consent).run().success();
}

fn a_replacement_that_the_server_cannot_be_asked_about_is_predicted() {
    let ns = Namespace::new();
    let binding = |role: &str| {
        format!(
            "{HEAD}\n[resource.b]\napiVersion = \"rbac.authorization.k8s.io/v1\"\nkind = \"RoleBinding\"\n\
             roleRef = {{ apiGroup = \"rbac.authorization.k8s.io\", kind = \"Role\", name = \"{role}\" }}\n"
        )
    };
    let project = ns.project().write("regplan.toml", &binding("one"));
    project.apply();
    let rights = json!([{ "apiGroups": ["rbac.authorization.k8s.io", ""],
        "resources": ["rolebindings", "namespaces"], "verbs": ["get", "list"] }]);
    project.rewrite("regplan.toml", &binding("two"));
    let project = project.kubeconfig(ns.account("reader", &rights));
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("-/+ resource.b")
        .stdout_contains(
            "roleRef.name cannot be changed on an existing RoleBinding; until the new one is there",
        )
        .stdout_contains("predicted: no permission for a dry-run");
}

fn what_a_killed_replacement_made_is_found() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", GREETING).through(&proxy);
    project.apply();
    project.rewrite("regplan.toml", &format!("{GREETING}metadata.name = \"welcome\"\n"));
    // The write is done, but neither its answer nor the read after it reaches regplan.
    proxy.on("apply", "configmaps").named("welcome").not_dry_run().lose_answer();
    proxy.on("get", "configmaps").named("welcome").after(1).hang();
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the new one is there", || ns.find("configmap/welcome").is_some());
    apply.kill();
    proxy.clear_faults();
    project.rewrite("regplan.toml", "[project]\nname = \"{project}\"\n");
    project.apply();
    assert_eq!(ns.find("configmap/welcome"), None);
    project.run(["plan", "--detailed-exitcode"]).success();
}

/// The server derives the request from the first limit, and refuses a smaller limit beside it.
fn a_pod_whose_limit_falls_below_its_derived_request_is_replaced() {
    let ns = Namespace::new();
    let pod = |resources: &str| {
        format!(
            "{HEAD}\n[resource.web]\napiVersion = \"v1\"\nkind = \"Pod\"\nspec.containers = [{{ name = \"main\", \
             image = \"web:1\", resources = {resources} }}]\n"
        )
    };
    let project = ns.project().write("regplan.toml", &pod("{ limits.memory = \"128Mi\" }"));
    project.apply();
    // What the file says itself stays wrong in a new pod.
    project.rewrite("regplan.toml", &pod("{ limits.memory = \"64Mi\", requests.memory = \"128Mi\" }"));
    project.run(["plan"]).code(1).stdout_contains("must be less than or equal to memory limit");
    project.rewrite("regplan.toml", &pod("{ limits.memory = \"64Mi\" }"));
    let plan = project.run(["plan", "--format=json"]).success().json();
    assert_eq!(change(&plan, "resource.web")["action"], "replace", "{plan:#}");
    project.apply();
    project.expect_settled();
    assert_eq!(ns.field("pod/web", "/spec/containers/0/resources/requests/memory"), "64Mi");
}
