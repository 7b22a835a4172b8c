//! What is lost when an object is made anew: the plan compares it with the object that it replaces.

use serde_json::{Value, json};

use crate::harness::{HEAD, Namespace, Project, change};

tests! {
    what_others_put_into_a_replaced_object_is_shown_as_lost,
    what_is_lost_is_a_part_of_the_approval,
    an_object_of_another_name_is_compared_with_the_one_before,
    a_custom_resource_with_a_rule_against_changes_is_replaced_and_the_loss_named,
    a_cluster_ip_that_leaves_the_file_stays_and_the_plan_says_so,
}

fn web(tier: &str) -> String {
    let labels = format!("{{ app = \"web\", tier = \"{tier}\" }}");
    format!(
        "{HEAD}\n[resource.web]\napiVersion = \"apps/v1\"\nkind = \"Deployment\"\n[resource.web.spec]\n\
         selector.matchLabels = {labels}\ntemplate.metadata.labels = {labels}\n\
         template.spec.containers = [{{ name = \"main\", image = \"web:1\" }}]\n"
    )
}

/// The lines of a plan that take something away: its path, and who owns it.
fn lost(plan: &Value, address: &str) -> Vec<String> {
    let fields = change(plan, address)["fields"].as_array().unwrap();
    let gone = fields.iter().filter(|field| field["removed"] == true);
    let mut lost: Vec<String> = gone
        .map(|field| {
            let by = field["cause"]["by"][0]["manager"].as_str().unwrap_or_default();
            format!("{} {by}", field["path"].as_str().unwrap())
        })
        .collect();
    lost.sort();
    lost
}

fn plan(project: &Project<'_>) -> Value {
    let plan = project.run(["plan", "--format=json"]).success().json();
    assert_eq!(plan["errors"], json!([]), "{plan:#}");
    plan
}

/// A container, a volume, a label and a toleration, by another hand.
fn add_by_hand(ns: &Namespace) {
    let pod = json!({"containers": [{"name": "side", "image": "side:1", "ports": [{"containerPort": 9}]}],
                     "volumes": [{"name": "cache", "emptyDir": {}}],
                     "tolerations": [{"key": "x", "operator": "Exists"}]});
    let patch = json!({"metadata": {"labels": {"theirs": "yes"}}, "spec": {"template": {"spec": pod}}});
    ns.kubectl(["patch", "deployment/web", "--patch", &patch.to_string()]).run().success();
}

fn what_others_put_into_a_replaced_object_is_shown_as_lost() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &web("a"));
    project.apply();
    add_by_hand(&ns);
    let expected = [
        "metadata.labels.theirs kubectl-patch",
        "spec.template.spec.containers[side] kubectl-patch",
        "spec.template.spec.tolerations kubectl-patch",
        "spec.template.spec.volumes[cache] kubectl-patch",
    ];
    // By request, and since a field cannot change.
    let requested = project.run(["plan", "--format=json", "--replace=resource.web"]).success().json();
    assert_eq!(lost(&requested, "resource.web"), expected);
    project.rewrite("regplan.toml", &web("b"));
    let forced = plan(&project);
    assert_eq!(change(&forced, "resource.web")["action"], "replace");
    assert_eq!(lost(&forced, "resource.web"), expected);
    let line = change(&forced, "resource.web")["fields"].as_array().unwrap();
    let side = line.iter().find(|field| field["path"] == "spec.template.spec.containers[side]").unwrap();
    assert_eq!(side["before"]["image"], "side:1");
    project.run(["plan"]).success().stdout_contains("- spec.template.spec.containers[side]");
    project.apply();
    let containers = ns.field("deployment/web", "/spec/template/spec/containers");
    assert_eq!(containers.as_array().unwrap().len(), 1);
    project.expect_settled();
    // What kubectl made is taken over first. The defaults that came with it are no loss.
    ns.delete("deployment/web");
    let made = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "selector": {"matchLabels": {"app": "web", "tier": "b"}}, "template": {
        "metadata": {"labels": {"app": "web", "tier": "b"}}, "spec": {"containers": [
            {"name": "main", "image": "web:1"}, {"name": "old", "image": "old:1"}]}}}}"#;
    ns.kubectl(["create", "--filename=-"]).stdin(made).run().success();
    project.run(["apply", "--auto-approve", "--adopt=resource.web"]).success();
    let requested = project.run(["plan", "--format=json", "--replace=resource.web"]).success().json();
    assert_eq!(lost(&requested, "resource.web"), ["spec.template.spec.containers[old] kubectl-create"]);
}

fn what_is_lost_is_a_part_of_the_approval() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &web("a"));
    project.apply();
    project.rewrite("regplan.toml", &web("b"));
    project.run(["plan", "--out=plan.regplan"]).success();
    add_by_hand(&ns);
    project.run(["apply", "plan.regplan"]).code(1).stderr_contains("containers[side]");
    assert_eq!(ns.field("deployment/web", "/spec/template/spec/containers").as_array().unwrap().len(), 2);
}

fn an_object_of_another_name_is_compared_with_the_one_before() {
    let ns = Namespace::new();
    let map = |name: &str, data: &str| {
        format!(
            "{HEAD}\n[resource.c]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nmetadata.name = \"{name}\"\ndata = {{ {data} }}\n"
        )
    };
    let project = ns.project().write("regplan.toml", &map("old", "a = \"1\", b = \"2\""));
    project.apply();
    ns.patch("configmap/old", &json!({"data": {"theirs": "x"}}));
    project.rewrite("regplan.toml", &map("new", "a = \"1\""));
    assert_eq!(lost(&plan(&project), "resource.c"), ["data.b ", "data.theirs kubectl-patch"]);
    project.apply();
    assert!(ns.find("configmap/old").is_none());
    project.expect_settled();
}

fn a_custom_resource_with_a_rule_against_changes_is_replaced_and_the_loss_named() {
    let ns = Namespace::new();
    let rules = [
        json!([{"rule": "self == oldSelf"}]),
        json!([{"rule": "self == oldSelf", "message": "size is immutable"}]),
    ];
    for (at, rule) in rules.iter().enumerate() {
        let group = ns.fill(&format!("r{at}.{{prefix}}.example.com"));
        let size = json!({"type": "integer", "x-kubernetes-validations": rule});
        let spec = json!({"type": "object", "properties": {"size": size}});
        let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
        let version = json!({"name": "v1", "served": true, "storage": true, "schema": schema});
        let names = json!({"kind": "Base", "plural": "bases"});
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("bases.{group}")},
            "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}});
        ns.apply(&definition.to_string());
        ns.kubectl(["wait", "--for=condition=Established", "crd", &format!("bases.{group}")]).run().success();
        let base = |size: u8| {
            format!(
                "{HEAD}\n[resource.base]\napiVersion = \"{group}/v1\"\nkind = \"Base\"\nspec.size = {size}\n\
                     [resource.base.lifecycle]\nready = \"written\"\n"
            )
        };
        let project = ns.project().write("regplan.toml", &base(1));
        project.apply();
        project.rewrite("regplan.toml", &base(2));
        let shown = plan(&project);
        let found = change(&shown, "resource.base");
        assert_eq!(found["action"], "replace", "{found:#}");
        assert_eq!(found["fields"][0]["forces_replacement"], true, "{found:#}");
        assert!(found["reason"].as_str().unwrap().contains("what its controller made for it"), "{found:#}");
        ns.clean_up(&format!("crd/bases.{group}"));
    }
}

fn a_cluster_ip_that_leaves_the_file_stays_and_the_plan_says_so() {
    let ns = Namespace::new();
    let front = |ip: &str| {
        format!(
            "{HEAD}\n[resource.front]\napiVersion = \"v1\"\nkind = \"Service\"\n[resource.front.spec]\n{ip}\n\
                 selector = {{ app = \"web\" }}\nports = [{{ port = 80 }}]\n"
        )
    };
    let project = ns.project().write("regplan.toml", &front("clusterIP = \"None\""));
    project.apply();
    project.rewrite("regplan.toml", &front(""));
    let rights =
        json!([{ "apiGroups": [""], "resources": ["services", "namespaces"], "verbs": ["get", "list"] }]);
    let reader = ns.account("reader", &rights);
    for kubeconfig in [ns.cluster().kubeconfig(), reader.as_path()] {
        let plan =
            project.regplan(["plan", "--format=json"]).args(["--kubeconfig", kubeconfig.to_str().unwrap()]);
        let plan = plan.run().success().json();
        let found = change(&plan, "resource.front");
        assert!(found["action"] != "replace", "{found:#}");
        assert_eq!(found["fields"], json!([]), "{found:#}");
        let warning = found["warnings"][0].as_str().unwrap_or_default();
        assert!(
            warning.contains("spec.clusterIP") && warning.contains("--replace resource.front"),
            "{found:#}"
        );
    }
    project.apply();
    assert_eq!(ns.field("service/front", "/spec/clusterIP"), "None");
    project.expect_settled();
    project.run(["apply", "--auto-approve", "--replace=resource.front"]).success();
    assert_ne!(ns.field("service/front", "/spec/clusterIP"), "None");
    project.expect_settled();
}
