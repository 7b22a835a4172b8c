//! What cannot be observed, or is left out by choice.

use std::collections::BTreeSet;

use serde_json::json;

use super::{PASSWORD, applied, finding};
use crate::harness::{GREETING, HEAD, Namespace, WEB, config_maps};

tests! {
    secrets_are_left_out_where_that_is_asked,
    what_cannot_be_read_is_never_in_sync,
    drift_goes_before_what_cannot_be_read,
    nothing_is_sent_but_gets_and_lists,
}

fn secrets_are_left_out_where_that_is_asked() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{HEAD}{PASSWORD}"));
    ns.patch("secret/password", &json!({"stringData": {"password": "other"}}));
    let proxy = ns.proxy();
    let project = project.kubeconfig(proxy.kubeconfig());
    let ended = project.run(["drift", "--no-secrets"]).success();
    ended.stdout_contains("In sync: 1 resource is as last applied.");
    ended.stdout_contains("1 Secret was left out, as asked (--no-secrets).");
    assert_eq!(proxy.count("*", "secrets"), 0, "{}", proxy.log());
    let ended = project.run(["drift", "--no-secrets", "--format", "json"]).success();
    assert_eq!(finding(&ended, "resource.password")["status"], "left_out");
    assert_eq!(ended.json()["summary"]["left_out"], 1);
    project.run(["drift", "--no-secrets", "--format", "markdown"]).success().stdout_contains("left out");
    // The same without the right to read them.
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    let project = project.kubeconfig(ns.account("reader", &rules));
    project.run(["drift", "--no-secrets"]).success();
    project.run(["drift"]).code(3);
}

fn what_cannot_be_read_is_never_in_sync() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{GREETING}{WEB}"));
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    let project = project.kubeconfig(ns.account("reader", &rules));
    let ended = project.run(["drift"]).code(3);
    ended
        .stdout_contains("? resource.web  not readable")
        .stdout_contains("the permission to get deployments in apps is missing");
    ended.stdout_contains("Not known: 1 of 2 resources could not be observed; no drift in the others.");
    let found = finding(&project.run(["drift", "--format", "json"]).code(3), "resource.web");
    assert_eq!((&found["status"], &found["problem"]["kind"]), (&json!("unreadable"), &json!("forbidden")));
}

fn drift_goes_before_what_cannot_be_read() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{GREETING}{WEB}"));
    ns.patch("configmap/greeting", &json!({"data": {"hello": "moon"}}));
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    let project = project.kubeconfig(ns.account("reader", &rules));
    let ended = project.run(["drift"]).code(2);
    ended.stdout_contains("Drift: 1 of 2 resources is not as last applied.");
    ended.stdout_contains("1 more could not be observed.");
    assert_eq!(project.run(["drift", "--format", "json"]).code(2).json()["verdict"], "drift");
}

/// Under an account that may only get and list what is needed, in every case: in sync, changed, gone, and not
/// allowed.
fn nothing_is_sent_but_gets_and_lists() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{}{WEB}{PASSWORD}", config_maps(3)));
    let verbs = ["get", "list"];
    let rules = json!([
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": verbs},
    ]);
    ns.account("reader", &rules);
    let token = ns.kubectl(["create", "token", "reader"]).run().success().stdout().trim().to_owned();
    let proxy = ns.proxy();
    // Without the right to read kube-system, the server's URL identifies the cluster.
    let project = project.through(&proxy);
    ns.patch("configmap/c0", &json!({"data": {"k": "other"}}));
    project.apply();
    project.edit_state(|known| known["cluster"] = json!({"server": proxy.url()}));
    let project = project.kubeconfig(proxy.kubeconfig_with_token(&token));
    proxy.forget();
    project.run(["drift", "--no-secrets"]).success();
    ns.kubectl(["scale", "deployment/web", "--replicas=3"]).run().success();
    ns.delete("configmap/c0").patch("configmap/c1", &json!({"data": {"k": null}}));
    project.run(["drift", "--no-secrets"]).code(2);
    // A right is missing, and there is no access review to ask about it.
    project.run(["drift"]).code(2).stdout_contains("1 more could not be observed.");
    let sent: BTreeSet<String> = proxy.requests().into_iter().map(|seen| seen.verb).collect();
    assert_eq!(sent, BTreeSet::from(["get".to_owned(), "list".to_owned()]), "{}", proxy.log());
    assert_eq!(proxy.count("*", "selfsubjectaccessreviews.authorization.k8s.io"), 0, "{}", proxy.log());
}
