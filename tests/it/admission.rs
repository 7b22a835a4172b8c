//! What can refuse or change a write: webhooks, quotas, pod security, limit ranges, rights.

use serde_json::{Value, json};

use crate::harness::{
    Behaviour, GREETING, HEAD, Namespace, Project, SERVICE, WEB, Webhook, change, wait_for, wait_until,
};

tests! {
    a_webhook_that_refuses_dry_runs_flags_one_resource,
    what_a_webhook_injects_is_nobodys_change,
    a_rejection_is_told_at_its_resource_beside_the_rest_of_the_plan,
    a_webhook_that_does_not_answer_is_named,
    a_full_quota_is_an_error_at_its_resource,
    pod_security_rejects_pods_and_warns_of_what_makes_them,
    a_limit_range_is_an_error_at_its_resource,
    a_namespace_that_is_ending_takes_nothing,
    missing_rights_flag_a_resource_and_never_fail_the_plan,
    what_a_webhook_quotes_of_secrets_is_not_shown,
}

fn pod(name: &str, container: &str) -> String {
    format!(
        "\n[resource.{name}]\napiVersion = \"v1\"\nkind = \"Pod\"\n\
         spec.containers = [{{ name = \"main\", image = \"web:1\", {container} }}]\n"
    )
}

/// The plan in JSON; it ends with this code.
fn plan(project: &Project<'_>, code: i32) -> Value {
    project.run(["plan", "--format", "json"]).code(code).json()
}

/// The address, kind and message of the only error of a plan. The plan also shows that `rest` is created.
fn only_error(plan: &Value, rest: &str) -> (String, String, String) {
    let errors = plan["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{plan:#}");
    assert_eq!(change(plan, rest)["action"], "create");
    assert_eq!(change(plan, rest)["fidelity"]["kind"], "dry_run");
    let text = |key: &str| errors[0][key].as_str().unwrap_or_default().to_owned();
    (text("address"), text("kind"), text("message"))
}

fn a_webhook_that_refuses_dry_runs_flags_one_resource() {
    let ns = Namespace::new();
    let _webhook = Webhook::start(&ns, &["configmaps"], Behaviour::SideEffects);
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{SERVICE}"));
    let plan = plan(&project, 0);
    let flagged = change(&plan, "resource.greeting");
    assert_eq!((&flagged["action"], &flagged["fidelity"]["kind"]), (&json!("create"), &json!("predicted")));
    let reason = flagged["fidelity"]["reason"].as_str().unwrap();
    assert!(reason.contains("does not support dry run") && reason.contains(&ns.prefix()), "{reason}");
    assert_eq!(change(&plan, "resource.inbox")["fidelity"]["kind"], "dry_run");
    project.run(["plan"]).success().stdout_contains("predicted: the server could not do a dry-run");
    project.apply();
    // The record of the write proves it, without another dry-run.
    project.expect_settled();
    project.edit("regplan.toml", "\"world\"", "\"moon\"");
    project.run(["plan", "--detailed-exitcode"]).code(2).stdout_contains("data.hello");
    project.apply();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "moon");
    project.expect_settled();
    // What has left the file is in the plan too, although no dry-run was possible. What others added stays.
    project.edit("regplan.toml", "hello = \"moon\"", "hello = \"moon\", more = \"x\"");
    project.apply();
    ns.patch("configmap/greeting", &json!({"data": {"theirs": "y"}}));
    project.edit("regplan.toml", "hello = \"moon\", more = \"x\"", "hello = \"moon\"");
    let removal = project.run(["plan", "--detailed-exitcode"]).code(2);
    removal.stdout_contains("- data.more").stdout_lacks("theirs");
    project.apply();
    assert_eq!(ns.field("configmap/greeting", "/data"), json!({"hello": "moon", "theirs": "y"}));
}

fn what_a_webhook_injects_is_nobodys_change() {
    let ns = Namespace::new();
    let _webhook = Webhook::start(&ns, &["configmaps", "deployments"], Behaviour::Inject);
    let proxy = ns.proxy();
    let config = format!("{GREETING}{WEB}");
    let project = ns.project().write("regplan.toml", &config).through(&proxy);
    project.apply();
    let containers = ns.field("deployment/web", "/spec/template/spec/containers");
    assert_eq!(containers[1]["name"], "sidecar", "{containers}");
    assert_eq!(ns.field("configmap/greeting", "/metadata/labels/regplan.test~1injected"), "yes");
    proxy.forget();
    project.expect_settled();
    project.apply().stdout_contains("Nothing to change");
    project.expect_settled();
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
    assert!(proxy.requests().iter().all(|seen| !seen.dry_run), "{}", proxy.log());
    // The answer of a new dry-run contains what the webhook adds. That is no change either.
    project.edit("regplan.toml", "\"web:1\"", "\"web:2\"");
    let plan = plan(&project, 0);
    let fields = change(&plan, "resource.web")["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 1, "{fields:?}");
    assert_eq!(change(&plan, "resource.greeting")["action"], "none");
}

fn a_rejection_is_told_at_its_resource_beside_the_rest_of_the_plan() {
    let ns = Namespace::new();
    let words = "ask the team of the fourth floor first";
    let _webhook = Webhook::start(&ns, &["configmaps"], Behaviour::Reject { name: "greeting", words });
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{SERVICE}"));
    let (address, kind, message) = only_error(&plan(&project, 1), "resource.inbox");
    assert_eq!((address.as_str(), kind.as_str()), ("resource.greeting", "rejected"));
    assert!(message.contains(words) && message.contains("denied the request"), "{message}");
    let text = project.run(["plan"]).code(1);
    text.stdout_contains("! resource.greeting")
        .stdout_contains(words)
        .stdout_contains("+ resource.inbox")
        .stdout_contains("1 resource must be corrected first");
    project.run(["apply", "--auto-approve"]).code(1);
    assert!(ns.find("service/inbox").is_none(), "nothing of such a plan is applied");
}

fn a_webhook_that_does_not_answer_is_named() {
    let ns = Namespace::new();
    let _webhook = Webhook::start(&ns, &["configmaps"], Behaviour::Silent);
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{SERVICE}"));
    let (address, _, message) = only_error(&plan(&project, 1), "resource.inbox");
    assert_eq!(address, "resource.greeting");
    assert!(message.contains("failed calling webhook") && message.contains(&ns.prefix()), "{message}");
    project.run(["plan"]).code(1).stdout_contains("help: the webhook's service must answer first");
}

fn a_full_quota_is_an_error_at_its_resource() {
    let ns = Namespace::new();
    ns.apply(
        r#"{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": {"hard": {"services": "0"}}}"#,
    );
    wait_for("the quota", || ns.find("resourcequota/small")?.pointer("/status/hard").cloned());
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{SERVICE}"));
    let (address, kind, message) = only_error(&plan(&project, 1), "resource.greeting");
    assert_eq!((address.as_str(), kind.as_str()), ("resource.inbox", "rejected"));
    assert!(message.contains("exceeded quota: small"), "{message}");
}

fn pod_security_rejects_pods_and_warns_of_what_makes_them() {
    let ns = Namespace::new();
    ns.kubectl(["label", "namespace/{ns}", "pod-security.kubernetes.io/enforce=restricted"]).run().success();
    ns.kubectl(["label", "namespace/{ns}", "pod-security.kubernetes.io/warn=restricted"]).run().success();
    let config = format!("{HEAD}{}{WEB}", pod("alone", "")).replace(", }", " }");
    let project = ns.project().write("regplan.toml", &config);
    let plan = plan(&project, 1);
    let (address, kind, message) = only_error(&plan, "resource.web");
    assert_eq!((address.as_str(), kind.as_str()), ("resource.alone", "rejected"));
    assert!(message.contains("violates PodSecurity"), "{message}");
    let warning = change(&plan, "resource.web")["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.contains("would violate PodSecurity"), "{plan:#}");
    project.run(["plan"]).code(1).stdout_contains("warning: would violate PodSecurity");
}

fn a_limit_range_is_an_error_at_its_resource() {
    let ns = Namespace::new();
    ns.apply(
        r#"{"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"},
            "spec": {"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]}}"#,
    );
    let greedy = pod("greedy", "resources.limits.memory = \"1Gi\"");
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{greedy}"));
    // The API server reads limit ranges from a cache, which may be late.
    wait_until("the limit to hold", || project.run(["plan"]).any().stdout().contains("maximum memory usage"));
    let (address, kind, message) = only_error(&plan(&project, 1), "resource.greeting");
    assert_eq!((address.as_str(), kind.as_str()), ("resource.greedy", "rejected"));
    assert!(message.contains("maximum memory usage per Container is 64Mi"), "{message}");
}

fn a_namespace_that_is_ending_takes_nothing() {
    let ns = Namespace::new();
    ns.apply(
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "stays", "finalizers": ["regplan.test/hold"]}}"#,
    );
    ns.kubectl(["delete", "namespace/{ns}", "--wait=false"]).run().success();
    let config = format!(
        "{GREETING}\n[resource.away]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nmetadata.namespace = \"default\"\nmetadata.name = \"{{prefix}}\"\n"
    );
    let project = ns.project().write("regplan.toml", &config);
    let plan = plan(&project, 1);
    // The namespace itself, and what the server says of an object in it.
    let errors = plan["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{plan:#}");
    assert_eq!(
        (&errors[0]["kind"], &errors[0]["message"]),
        (&json!("conflict"), &json!("it is being deleted"))
    );
    assert_eq!(
        (&errors[1]["address"], &errors[1]["kind"]),
        (&json!("resource.greeting"), &json!("rejected"))
    );
    assert!(errors[1]["message"].as_str().unwrap().contains("being terminated"), "{plan:#}");
    assert_eq!(change(&plan, "resource.away")["action"], "create");
    ns.patch("configmap/stays", &json!({ "metadata": { "finalizers": [] } }));
}

fn missing_rights_flag_a_resource_and_never_fail_the_plan() {
    let ns = Namespace::new();
    let reader = ns.account(
        "reader",
        &json!([
            { "apiGroups": [""], "resources": ["configmaps", "services"], "verbs": ["get", "list"] },
            { "apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "patch"] },
        ]),
    );
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{SERVICE}")).kubeconfig(reader);
    let plan = plan(&project, 0);
    assert_eq!(plan["errors"], json!([]));
    assert_eq!(change(&plan, "resource.greeting")["fidelity"]["kind"], "dry_run");
    let flagged = change(&plan, "resource.inbox");
    assert_eq!((&flagged["action"], &flagged["fidelity"]["kind"]), (&json!("create"), &json!("predicted")));
    let reason = flagged["fidelity"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("no permission for a dry-run") && reason.contains("cannot"), "{reason}");
    // With the rights, the same status code is a rejection for another reason.
    ns.apply(
        r#"{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"count/configmaps": "0"}}}"#,
    );
    wait_for("the quota", || ns.find("resourcequota/none")?.pointer("/status/hard").cloned());
    let text = project.run(["plan"]).code(1);
    text.stdout_contains("exceeded quota: none").stdout_contains("predicted: no permission for a dry-run");
}

fn what_a_webhook_quotes_of_secrets_is_not_shown() {
    let ns = Namespace::new();
    let config = |value: &str| {
        format!(
            "{HEAD}\n[resource.login]\napiVersion = \"v1\"\nkind = \"Secret\"\n\
             stringData = {{ {value} }}\n"
        )
    };
    let before = "password = \"the <old> password\", left = \"left-behind-later\"";
    let project = ns.project().write("regplan.toml", &config(before));
    project.apply();
    let _webhook = Webhook::start(&ns, &["secrets"], Behaviour::Quote { name: "login" });
    project.rewrite("regplan.toml", &config("password = \"the & new password\""));
    let mut said = String::new();
    for args in [["plan", "--format=text"], ["plan", "--format=json"], ["apply", "--auto-approve"]] {
        let output = project.run(args).code(1);
        said.push_str(output.stdout());
        said.push_str(output.stderr());
    }
    assert!(said.contains("denied the request: it is {") && said.contains("(sensitive)"), "{said}");
    let secrets = ["the <old> password", "left-behind-later", "the & new password"];
    let encoded = ["dGhlIDxvbGQ+IHBhc3N3b3Jk", "bGVmdC1iZWhpbmQtbGF0ZXI=", "dGhlICYgbmV3IHBhc3N3b3Jk"];
    for secret in secrets.into_iter().chain(encoded) {
        assert!(!said.contains(secret), "`{secret}` is in:\n{said}");
    }
}
