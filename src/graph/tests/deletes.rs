//! The order of writes and deletes in one apply.

use super::*;

/// A change of an object, as it is.
fn change(desired: &Desired, is_deleted: bool) -> OrderedChange<'_> {
    OrderedChange {
        address: desired.address.clone(),
        identity: desired.identity.clone(),
        object: Some(&desired.object),
        is_deleted,
        dependencies: desired.depends_on.iter().map(|(address, _)| address.clone()).collect(),
        awaits: Vec::new(),
    }
}

fn sorted(changes: &[OrderedChange<'_>]) -> Vec<String> {
    change_order(changes).sorted().iter().map(ToString::to_string).collect()
}

/// Whether the first is deleted before the second.
#[track_caller]
fn comes_before(order: &[String], first: &str, second: &str) {
    let at = |name: &str| order.iter().position(|one| one == name).unwrap();
    assert!(at(first) < at(second), "{first} should come before {second}: {order:?}");
}

#[test]
fn deletes_come_after_all_writes_but_for_what_a_write_awaits() {
    let (old, user, write, other) = (
        config_map("resource.old"),
        after(config_map("resource.user-of-old"), &[("resource.old", 1)]),
        config_map("resource.write"),
        config_map("resource.a-late-one"),
    );
    let mut changes = [change(&old, true), change(&user, true), change(&write, false), change(&other, true)];
    assert_eq!(sorted(&changes)[0], "resource.write");
    changes[2].awaits = vec![address("resource.old")];
    assert_eq!(
        sorted(&changes),
        ["resource.user-of-old", "resource.old", "resource.write", "resource.a-late-one"]
    );
    assert_eq!(contradictions(&changes), Vec::<Vec<Address>>::new());
}

#[test]
fn what_waits_for_each_other_has_no_order() {
    let (a, b) = (config_map("resource.a"), config_map("resource.b"));
    let mut changes = [change(&a, false), change(&b, false)];
    changes[0].awaits = vec![address("resource.b")];
    changes[1].awaits = vec![address("resource.a")];
    assert_eq!(contradictions(&changes), [[address("resource.a"), address("resource.b")]]);
    // A dependency stands against it as well, but not that of what decides about writes.
    changes[1].awaits = Vec::new();
    changes[1].dependencies = vec![address("resource.a")];
    assert_eq!(contradictions(&changes).len(), 1);
    changes[1].identity =
        Identity::cluster("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "b");
    assert_eq!(contradictions(&changes).len(), 0);
    assert_eq!(sorted(&changes), ["resource.b", "resource.a"]);
}

/// An operator with its rights, a custom resource, its definition and its webhook.
fn operator(groups: &[&str], verbs: &[&str]) -> Vec<Desired> {
    let rbac = "rbac.authorization.k8s.io/v1";
    let service = json!({"namespace": "ns", "name": "hook"});
    let rules = json!([{"apiGroups": ["example.com"], "resources": ["widgets"], "operations": ["UPDATE"]}]);
    let hooks =
        json!({"webhooks": [{"name": "a.b.c", "clientConfig": {"service": service}, "rules": rules}]});
    let definition = json!({"spec": {"group": "example.com", "names": {"kind": "Widget"},
        "conversion": {"webhook": {"clientConfig": {"service": {"namespace": "ns", "name": "convert"}}}}}});
    let role = json!({"rules": [{"apiGroups": groups, "resources": ["*"], "verbs": verbs}]});
    let binding = json!({"roleRef": {"kind": "Role", "name": "role"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot"}]});
    vec![
        deployment("resource.a-operator", json!({}), json!({"serviceAccountName": "robot"})),
        resource("resource.b-hook", "v1", "Service", json!({"spec": {"selector": {"app": "hook"}}})),
        deployment("resource.c-behind", json!({"app": "hook"}), json!({})),
        resource(
            "resource.d-hooks",
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            hooks,
        ),
        resource("resource.e-convert", "v1", "Service", json!({})),
        resource("resource.role", rbac, "Role", role),
        resource("resource.binding", rbac, "RoleBinding", binding),
        resource("resource.crd", "apiextensions.k8s.io/v1", "CustomResourceDefinition", definition),
        resource("resource.widget", "example.com/v1", "Widget", json!({})),
    ]
}

fn named(mut all: Vec<Desired>) -> Vec<Desired> {
    for (at, name) in [(1, "hook"), (4, "convert")] {
        all[at].identity.name = name.into();
        all[at].object["metadata"]["name"] = json!(name);
    }
    all[7].identity.name = "widgets.example.com".into();
    all
}

#[test]
fn a_custom_resource_goes_before_whoever_cleans_up_after_it() {
    let all = named(operator(&["example.com"], &["get", "update"]));
    // The roles stay: they say as much about rights.
    let stays = |one: &Desired| one.identity.group == "rbac.authorization.k8s.io";
    let order = sorted(&all.iter().map(|one| change(one, !stays(one))).collect::<Vec<_>>());
    for later in ["a-operator", "b-hook", "c-behind", "d-hooks", "e-convert", "crd"] {
        comes_before(&order, "resource.widget", &format!("resource.{later}"));
    }
    // Others may have made custom resources too, which go with the definition.
    comes_before(&order, "resource.crd", "resource.a-operator");
}

#[test]
fn who_may_only_read_does_not_wait() {
    for (groups, verbs) in [(&["example.com"], &["get", "list"]), (&["other.com"], &["*", "*"])] {
        let all = named(operator(groups, verbs));
        let order = sorted(&all.iter().map(|one| change(one, true)).collect::<Vec<_>>());
        assert_eq!(order[0], "resource.a-operator", "{order:?}");
    }
}

#[test]
fn who_may_do_everything_waits_for_custom_resources() {
    let mut all = named(operator(&["none"], &["get"]));
    all[6].object["roleRef"] = json!({"kind": "ClusterRole", "name": "cluster-admin"});
    let order = sorted(&all.iter().map(|one| change(one, true)).collect::<Vec<_>>());
    comes_before(&order, "resource.widget", "resource.a-operator");
}
