//! What cannot be changed is made anew, with what that costs; and what else dies is named.

use serde_json::{Value, json};

use crate::harness::{GREETING, HEAD, Namespace, change, changes, wait_until};

tests! {
    every_kind_names_the_field_that_cannot_change,
    a_replacement_that_the_server_cannot_be_asked_about_is_predicted,
    what_dies_with_a_namespace_is_listed,
    what_cannot_be_seen_of_a_namespace_is_said,
    what_dies_with_a_definition_is_listed,
    what_a_killed_replacement_made_is_found,
}

struct Row {
    name: &'static str,
    /// The block without its name, with `FROM` where the value changes.
    text: &'static str,
    from: &'static str,
    to: &'static str,
    field: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        name: "deployment",
        text: r#"apiVersion = "apps/v1"
kind = "Deployment"
spec = { selector.matchLabels = { app = "FROM" }, template = { metadata.labels = { app = "a", b = "b", c = "c" }, spec.containers = [{ name = "m", image = "web:1" }] } }
"#,
        from: r#"a", b = "b"#,
        to: r#"a", c = "c"#,
        field: "spec.selector",
    },
    Row {
        name: "daemons",
        text: r#"apiVersion = "apps/v1"
kind = "DaemonSet"
spec = { selector.matchLabels = { app = "d", FROM }, template = { metadata.labels = { app = "d", b = "b", c = "c" }, spec.containers = [{ name = "m", image = "web:1" }] } }
"#,
        from: r#"b = "b""#,
        to: r#"c = "c""#,
        field: "spec.selector",
    },
    Row {
        name: "stateful",
        text: r#"apiVersion = "apps/v1"
kind = "StatefulSet"
spec = { serviceName = "FROM", selector.matchLabels = { app = "s" }, template = { metadata.labels = { app = "s" }, spec.containers = [{ name = "m", image = "web:1" }] } }
"#,
        from: "one",
        to: "two",
        field: "spec.serviceName",
    },
    Row {
        name: "job",
        text: r#"apiVersion = "batch/v1"
kind = "Job"
spec.template.spec = { restartPolicy = "Never", containers = [{ name = "m", image = "FROM" }] }
"#,
        from: "web:1",
        to: "web:2",
        field: "spec.template.spec.containers[m].image",
    },
    Row {
        name: "pod",
        text: r#"apiVersion = "v1"
kind = "Pod"
spec.containers = [{ name = "m", image = "web:1", command = ["FROM"] }]
"#,
        from: "one",
        to: "two",
        field: "spec.containers[m].command",
    },
    Row {
        name: "service",
        text: r#"apiVersion = "v1"
kind = "Service"
spec = { clusterIP = FROM, ports = [{ port = 80 }], selector = { app = "web" } }
"#,
        from: r#""""#,
        to: r#""None""#,
        field: "spec.clusterIP",
    },
    Row {
        name: "frozen",
        text: "apiVersion = \"v1\"\nkind = \"ConfigMap\"\nimmutable = true\ndata.k = \"FROM\"\n",
        from: "one",
        to: "two",
        field: "data.k",
    },
    Row {
        name: "typed",
        text: "apiVersion = \"v1\"\nkind = \"Secret\"\ntype = \"FROM\"\n",
        from: "a.b/one",
        to: "a.b/two",
        field: "type",
    },
    Row {
        name: "binding",
        text: r#"apiVersion = "rbac.authorization.k8s.io/v1"
kind = "RoleBinding"
roleRef = { apiGroup = "rbac.authorization.k8s.io", kind = "Role", name = "FROM" }
"#,
        from: "one",
        to: "two",
        field: "roleRef.name",
    },
    Row {
        name: "cluster_binding",
        text: r#"apiVersion = "rbac.authorization.k8s.io/v1"
kind = "ClusterRoleBinding"
metadata.name = "{prefix}"
roleRef = { apiGroup = "rbac.authorization.k8s.io", kind = "ClusterRole", name = "FROM" }
"#,
        from: "one",
        to: "two",
        field: "roleRef.name",
    },
    Row {
        name: "class",
        text: r#"apiVersion = "storage.k8s.io/v1"
kind = "StorageClass"
metadata.name = "{prefix}"
provisioner = "a.b/c"
parameters = { p = "FROM" }
"#,
        from: "one",
        to: "two",
        field: "parameters.p",
    },
    Row {
        name: "driver",
        text: r#"apiVersion = "storage.k8s.io/v1"
kind = "CSIDriver"
metadata.name = "{prefix}.example.com"
spec.attachRequired = FROM
"#,
        from: "true",
        to: "false",
        field: "spec.attachRequired",
    },
    Row {
        name: "volume",
        text: r#"apiVersion = "v1"
kind = "PersistentVolume"
metadata.name = "{prefix}"
spec = { capacity.storage = "1Gi", accessModes = ["ReadWriteOnce"], storageClassName = "{prefix}", hostPath.path = "FROM" }
"#,
        from: "/one",
        to: "/two",
        field: "spec.hostPath.path",
    },
    Row {
        name: "priority",
        text: "apiVersion = \"scheduling.k8s.io/v1\"\nkind = \"PriorityClass\"\nmetadata.name = \"{prefix}\"\nvalue = FROM\n",
        from: "5",
        to: "6",
        field: "value",
    },
    Row {
        name: "ingress_class",
        text: "apiVersion = \"networking.k8s.io/v1\"\nkind = \"IngressClass\"\nmetadata.name = \"{prefix}\"\nspec.controller = \"FROM\"\n",
        from: "a.b/one",
        to: "a.b/two",
        field: "spec.controller",
    },
    Row {
        name: "runtime",
        text: "apiVersion = \"node.k8s.io/v1\"\nkind = \"RuntimeClass\"\nmetadata.name = \"{prefix}\"\nhandler = \"FROM\"\n",
        from: "one",
        to: "two",
        field: "handler",
    },
    Row {
        name: "definition",
        text: r#"apiVersion = "apiextensions.k8s.io/v1"
kind = "CustomResourceDefinition"
metadata.name = "foos.{prefix}.example.com"
spec = { group = "{prefix}.example.com", scope = "FROM", names = { kind = "Foo", plural = "foos" }, versions = [{ name = "v1", served = true, storage = true, schema.openAPIV3Schema = { type = "object", x-kubernetes-preserve-unknown-fields = true } }] }
"#,
        from: "Namespaced",
        to: "Cluster",
        field: "spec.scope",
    },
];

fn table(value: impl Fn(&Row) -> &'static str) -> String {
    ROWS.iter().fold(HEAD.to_owned(), |text, row| {
        text + &format!("\n[resource.{}]\n{}", row.name, row.text.replace("FROM", value(row)))
    })
}

/// The server rejects each of these changes (the plan has it from a dry-run), and takes each replacement.
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
        .stdout_contains("predicted: our rights do not allow to try it");
}

const SPACE: &str = r#"
[resource.space]
apiVersion = "v1"
kind = "Namespace"
metadata.name = "{prefix}-s"

[resource.ours]
apiVersion = "v1"
kind = "ConfigMap"
metadata.namespace = "{prefix}-s"
depends_on = ["resource.space"]
"#;

/// A namespace of ours with something of ours and of others in it, both gone from the file.
fn inhabited_space(ns: &Namespace) -> crate::harness::Project<'_> {
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{SPACE}"));
    project.apply();
    let theirs = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
            "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "web:1"}]}}}}]}"#;
    let apply = ns.cluster().kubectl([&ns.fill("--namespace={prefix}-s")]).args(["apply", "--filename=-"]);
    apply.stdin(theirs).run().success();
    project.rewrite("regplan.toml", HEAD);
    project
}

fn what_dies_with_a_namespace_is_listed() {
    let ns = Namespace::new();
    let project = inhabited_space(&ns);
    let pods = || {
        let get = ns.cluster().kubectl([&ns.fill("--namespace={prefix}-s"), "get", "pods", "--output=name"]);
        get.run().success().stdout().to_owned()
    };
    wait_until("the Deployment has a pod", || !pods().is_empty());
    let plan = project.run(["plan", "--consent", "resource.space"]).success();
    plan.stdout_contains(&ns.fill("also dies: 1 ConfigMap ({prefix}-s/theirs)"))
        .stdout_contains(&ns.fill("also dies: 1 Secret ({prefix}-s/key)"))
        .stdout_contains(&ns.fill("also dies: 1 Deployment.apps ({prefix}-s/web)"))
        .stdout_lacks("Pod (")
        .stdout_lacks("ReplicaSet")
        .stdout_lacks("kube-root-ca.crt")
        .stdout_lacks("could not");
    let json = project.run(["plan", "--consent", "resource.space", "--format=json"]).success().json();
    let dying: Vec<&Value> = changes(&json)
        .iter()
        .flat_map(|change| change["dies_with"].as_array().unwrap())
        .map(|identity| &identity["name"])
        .collect();
    assert_eq!(dying, ["theirs", "key", "web"]);
    // It is kept without consent, and then nobody dies with it.
    project.run(["plan"]).success().stdout_lacks("also dies");
    project.run(["apply", "--auto-approve", "--consent", "resource.space"]).success();
}

fn what_cannot_be_seen_of_a_namespace_is_said() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = inhabited_space(&ns).through(&proxy);
    proxy.on("list", "secrets").answer(403);
    proxy.on("list", "jobs.batch").answer(500);
    let plan = project.run(["plan", "--consent", "resource.space"]).success();
    plan.stdout_contains("what else dies with it could not all be seen: ")
        .stdout_contains("Secret (our rights do not show it)")
        .stdout_contains("Job.batch (")
        .stdout_contains(&ns.fill("1 ConfigMap ({prefix}-s/theirs)"));
    proxy.clear_faults();
    project.run(["apply", "--auto-approve", "--consent", "resource.space"]).success();
}

fn what_dies_with_a_definition_is_listed() {
    let ns = Namespace::new();
    let definition = ROWS.iter().find(|row| row.name == "definition").unwrap();
    let config = format!("{HEAD}\n[resource.foos]\n{}", definition.text.replace("FROM", definition.from));
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    ns.apply(r#"{"apiVersion": "{prefix}.example.com/v1", "kind": "Foo", "metadata": {"name": "f"}}"#);
    project.rewrite("regplan.toml", HEAD);
    let plan = project.run(["plan", "--consent", "resource.foos"]).success();
    plan.stdout_contains(&ns.fill("also dies: 1 Foo.{prefix}.example.com ({ns}/f)"));
    // So it is when the definition is made anew.
    project.rewrite("regplan.toml", &config.replace(definition.from, definition.to));
    let plan = project.run(["plan", "--consent", "resource.foos"]).success();
    plan.stdout_contains("-/+ resource.foos").stdout_contains("all custom resources of it die");
    plan.stdout_contains("1 Foo.");
    project.rewrite("regplan.toml", HEAD);
    project.run(["apply", "--auto-approve", "--consent", "resource.foos"]).success();
}

fn what_a_killed_replacement_made_is_found() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", GREETING).through(&proxy);
    project.apply();
    project.rewrite("regplan.toml", &format!("{GREETING}metadata.name = \"welcome\"\n"));
    // The write is done, and nobody hears of it: neither its answer nor the look for it comes through.
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
