//! What decides about others: limits and classes come before the pods, policies after the objects of their own block.

use super::*;

const ADMISSION: &str = "admissionregistration.k8s.io/v1";

fn pod_maker(at: &str, labels: Value) -> Desired {
    deployment(at, labels, json!({}))
}

#[test]
fn what_limits_a_namespace_comes_before_what_makes_pods_there() {
    let mut elsewhere = pod_maker("resource.elsewhere", json!({"app": "a"}));
    elsewhere.identity.namespace = Some("other".into());
    elsewhere.object["metadata"]["namespace"] = json!("other");
    let graph = build(vec![
        resource("resource.limits", "v1", "LimitRange", json!({})),
        resource("resource.quota", "v1", "ResourceQuota", json!({})),
        pod_maker("resource.web", json!({"app": "a"})),
        resource("resource.custom", "example.com/v1", "Database", json!({})),
        config_map("resource.map"),
        elsewhere,
    ]);
    assert_eq!(
        edges(&graph),
        [
            "resource.custom -> resource.limits",
            "resource.custom -> resource.quota",
            "resource.web -> resource.limits",
            "resource.web -> resource.quota",
        ]
    );
}

#[test]
fn a_network_policy_comes_before_the_pods_that_it_selects() {
    let policy = |at: &str, selector: Value| {
        resource(at, "networking.k8s.io/v1", "NetworkPolicy", json!({"spec": {"podSelector": selector}}))
    };
    let graph = build(vec![
        policy("resource.all", json!({})),
        policy("resource.some", json!({"matchLabels": {"app": "a"}})),
        pod_maker("resource.a", json!({"app": "a"})),
        pod_maker("resource.b", json!({"app": "b"})),
    ]);
    assert_eq!(
        edges(&graph),
        ["resource.a -> resource.all", "resource.a -> resource.some", "resource.b -> resource.all"]
    );
}

#[test]
fn the_default_priority_comes_before_pods_that_name_none() {
    let class = |at: &str, rest: Value| {
        let mut class = resource(at, "scheduling.k8s.io/v1", "PriorityClass", rest);
        class.object["metadata"].as_object_mut().unwrap().remove("namespace");
        class.identity.namespace = None;
        class
    };
    let graph = build(vec![
        class("resource.default", json!({"globalDefault": true, "value": 1})),
        class("resource.high", json!({"value": 2})),
        pod_maker("resource.a", json!({})),
        deployment("resource.b", json!({}), json!({"priorityClassName": "high"})),
    ]);
    assert_eq!(edges(&graph), ["resource.a -> resource.default", "resource.b -> resource.high"]);
}

/// A webhook configuration for these resources of all groups.
fn hooks(at: &str, resources: &[&str]) -> Desired {
    let rules =
        json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": resources}]);
    let webhooks = json!([{"name": "a.b.c", "clientConfig": {"url": "https://x"}, "rules": rules}]);
    resource(at, ADMISSION, "ValidatingWebhookConfiguration", json!({"webhooks": webhooks}))
}

#[test]
fn a_webhook_comes_after_the_objects_of_its_own_block_that_it_matches() {
    let graph = build(vec![
        hooks("manifest.a/ValidatingWebhookConfiguration/hooks", &["configmaps", "ingresses"]),
        config_map("manifest.a/ConfigMap/c"),
        resource("manifest.a/Ingress/i", "networking.k8s.io/v1", "Ingress", json!({})),
        resource("manifest.a/Secret/s", "v1", "Secret", json!({})),
        config_map("resource.other"),
    ]);
    assert_eq!(
        edges(&graph),
        [
            "manifest.a/ValidatingWebhookConfiguration/hooks -> manifest.a/ConfigMap/c",
            "manifest.a/ValidatingWebhookConfiguration/hooks -> manifest.a/Ingress/i",
        ]
    );
    // A rule for pods is about whatever makes them.
    let graph = build(vec![
        hooks("manifest.a/ValidatingWebhookConfiguration/hooks", &["pods"]),
        pod_maker("manifest.a/Deployment/web", json!({})),
    ]);
    assert_eq!(edges(&graph).len(), 1);
}

#[test]
fn what_is_written_says_otherwise() {
    let graph = build(vec![
        hooks("manifest.a/ValidatingWebhookConfiguration/hooks", &["*"]),
        after(config_map("manifest.a/ConfigMap/c"), &[("resource.gate", 1)]),
        after(config_map("resource.gate"), &[("manifest.a/ValidatingWebhookConfiguration/hooks", 2)]),
    ]);
    let expected = [
        "manifest.a/ConfigMap/c -> resource.gate",
        "resource.gate -> manifest.a/ValidatingWebhookConfiguration/hooks",
    ];
    assert_eq!(edges(&graph), expected);
}

/// A policy for these resources, and its binding.
fn policy(resources: &[&str]) -> Vec<Desired> {
    let rules =
        json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": resources}]);
    let mut all = vec![
        resource(
            "manifest.a/ValidatingAdmissionPolicy/p",
            ADMISSION,
            "ValidatingAdmissionPolicy",
            json!({"spec": {"matchConstraints": {"resourceRules": rules}}}),
        ),
        resource(
            "manifest.a/ValidatingAdmissionPolicyBinding/b",
            ADMISSION,
            "ValidatingAdmissionPolicyBinding",
            json!({"spec": {"policyName": "p"}}),
        ),
    ];
    for one in &mut all {
        one.object["metadata"].as_object_mut().unwrap().remove("namespace");
        one.identity.namespace = None;
    }
    all
}

#[test]
fn a_binding_comes_after_what_its_policy_matches() {
    let mut all = policy(&["secrets"]);
    all.push(resource("manifest.a/Secret/s", "v1", "Secret", json!({})));
    all.push(config_map("manifest.a/ConfigMap/c"));
    let binding = "manifest.a/ValidatingAdmissionPolicyBinding/b";
    assert_eq!(
        edges(&build(all)),
        [
            format!("{binding} -> manifest.a/Secret/s"),
            format!("{binding} -> manifest.a/ValidatingAdmissionPolicy/p")
        ]
    );
}

/// A Job whose only container has these arguments.
fn job(at: &str, args: &[&str]) -> Desired {
    let spec = json!({"containers": [{"name": "main", "args": args}]});
    resource(at, "batch/v1", "Job", json!({"spec": {"template": {"spec": spec}}}))
}

#[test]
fn a_job_that_patches_a_webhook_waits_for_it() {
    let patch = ["patch", "--webhook-name=hooks", "--namespace=$(NAMESPACE)", "--secret-name=hooks"];
    let create = ["create", "--host=hooks.a.svc", "--secret-name=hooks"];
    let graph = build(vec![
        // It matches the Jobs too, which does not turn the order round.
        hooks("manifest.a/ValidatingWebhookConfiguration/hooks", &["*"]),
        job("manifest.a/Job/create", &create),
        job("manifest.a/Job/patch", &patch),
        job(
            "manifest.a/Job/script",
            &["-c", "kubectl patch validatingwebhookconfiguration hooks --type=json"],
        ),
    ]);
    let hooks = "manifest.a/ValidatingWebhookConfiguration/hooks";
    assert_eq!(
        edges(&graph),
        [
            format!("manifest.a/Job/patch -> {hooks}"),
            format!("manifest.a/Job/script -> {hooks}"),
            format!("{hooks} -> manifest.a/Job/create"),
        ]
    );
}

#[test]
fn what_has_a_class_comes_after_the_controller_that_is_installed_with_it() {
    let class = |at: &str| {
        let rest = json!({"metadata": {"name": "edge"}, "spec": {"controller": "example.com/edge"}});
        let mut class = resource(at, "networking.k8s.io/v1", "IngressClass", rest);
        class.identity.namespace = None;
        class.identity.name = "edge".to_owned();
        class
    };
    let ingress = |at: &str, class: &str| {
        resource(at, "networking.k8s.io/v1", "Ingress", json!({"spec": {"ingressClassName": class}}))
    };
    // What runs beside the class may wait for a certificate of the issuer, so that waits for the class alone.
    let solvers = json!([{"http01": {"ingress": {"ingressClassName": "edge"}}}]);
    let issuer = json!({"spec": {"acme": {"solvers": solvers}}});
    let graph = build(vec![
        class("chart.edge/IngressClass/edge"),
        pod_maker("chart.edge/Deployment/edge", json!({"app": "edge"})),
        pod_maker("resource.other", json!({"app": "other"})),
        ingress("resource.site", "edge"),
        ingress("resource.elsewhere", "another"),
        resource("resource.signer", "cert-manager.io/v1", "ClusterIssuer", issuer),
    ]);
    assert_eq!(
        edges(&graph),
        [
            "resource.signer -> chart.edge/IngressClass/edge",
            "resource.site -> chart.edge/Deployment/edge",
            "resource.site -> chart.edge/IngressClass/edge",
        ]
    );
}
