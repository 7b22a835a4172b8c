//! Rights that nobody may grant who does not have them, and that the plan gives first.

use serde_json::json;

use super::{cured, of_manifest, refused};
use crate::harness::{HEAD, Namespace, change};

tests! {
    a_role_waits_for_the_rights_of_who_grants_it,
    a_binding_waits_for_its_new_role,
    a_role_and_its_binding_wait_for_the_rights_to_escalate_and_to_bind,
    a_change_that_needs_rights_of_the_same_plan_names_the_way,
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// An account that may manage roles, and bind the role `powers`, and grants nothing else.
fn granting(ns: &Namespace) -> std::path::PathBuf {
    ns.account(
        "granter",
        &json!([
            { "apiGroups": [RBAC], "resources": ["roles", "rolebindings"], "verbs": ["get", "list", "watch", "create", "patch", "delete"] },
            { "apiGroups": [RBAC], "resources": ["roles"], "verbs": ["bind"], "resourceNames": ["powers"] },
            { "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"] },
            { "apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"] },
        ]),
    )
}

fn a_role_waits_for_the_rights_of_who_grants_it() {
    let ns = Namespace::new();
    let granter = granting(&ns);
    ns.apply(
        r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "powers"},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]}"#,
    );
    let role = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: { name: reader }\n\
                rules: [{ apiGroups: [\"\"], resources: [secrets], verbs: [get] }]\n";
    let binding = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: { name: mine }\n\
                   roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: powers }\n\
                   subjects: [{ kind: ServiceAccount, name: granter, namespace: \"{ns}\" }]\n";
    let project = of_manifest(&ns, role).kubeconfig(&granter);
    refused(&project, "manifest.all/Role/reader", "attempting to grant");
    let project = of_manifest(&ns, &format!("{role}{binding}")).kubeconfig(&granter);
    cured(&project, "manifest.all/Role/reader", "attempting to grant", "manifest.all/RoleBinding/mine");
}

fn a_binding_waits_for_its_new_role() {
    let ns = Namespace::new();
    let granter = granting(&ns);
    let role = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: { name: maps }\n\
                rules: [{ apiGroups: [\"\"], resources: [configmaps], verbs: [get] }]\n";
    let binding = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: { name: mine }\n\
                   roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: maps }\n\
                   subjects: [{ kind: ServiceAccount, name: default, namespace: \"{ns}\" }]\n";
    let config = format!("{HEAD}\n[manifest.all]\npath = \"all.yaml\"\n");
    let project = ns.project().write("regplan.toml", &config).write("all.yaml", &format!("{role}{binding}"));
    cured(
        &project.kubeconfig(&granter),
        "manifest.all/RoleBinding/mine",
        "not found",
        "manifest.all/Role/maps",
    );
}

/// A role with these rules, made by somebody who has all rights.
fn powers(ns: &Namespace, rules: &serde_json::Value) {
    let role = json!({ "apiVersion": format!("{RBAC}/v1"), "kind": "Role", "metadata": { "name": "powers" },
        "rules": rules });
    ns.apply(&role.to_string());
}

/// The binding that gives the rights of `powers` to the account.
const MINE: &str = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: { name: mine }\n\
                    roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: powers }\n\
                    subjects: [{ kind: ServiceAccount, name: granter, namespace: \"{ns}\" }]\n";

fn a_role_and_its_binding_wait_for_the_rights_to_escalate_and_to_bind() {
    let ns = Namespace::new();
    let granter = granting(&ns);
    powers(&ns, &json!([{ "apiGroups": [RBAC], "resources": ["roles"], "verbs": ["escalate", "bind"] }]));
    let role = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: { name: reader }\n\
                rules: [{ apiGroups: [\"\"], resources: [secrets], verbs: [get] }]\n";
    // Its name comes before the one of the binding that it needs.
    let binding = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: { name: all-read }\n\
                   roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }\n\
                   subjects: [{ kind: ServiceAccount, name: default, namespace: \"{ns}\" }]\n";
    let project = of_manifest(&ns, &format!("{role}{binding}{MINE}")).kubeconfig(&granter);
    let plan = super::plan(&project, 0);
    let reason = change(&plan, "manifest.all/Role/reader")["fidelity"]["reason"].clone();
    assert!(reason.as_str().unwrap().contains("not currently held: {"), "in one line: {reason}");
    let first = "manifest.all/Role/reader";
    cured(&project, "manifest.all/RoleBinding/all-read", "not found", first);
}

fn a_change_that_needs_rights_of_the_same_plan_names_the_way() {
    let ns = Namespace::new();
    let granter = granting(&ns);
    powers(
        &ns,
        &json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch"] }]),
    );
    let map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n";
    let project = of_manifest(&ns, &format!("{map}{MINE}")).kubeconfig(&granter);
    let refused = project.run(["apply", "--auto-approve"]).code(1);
    let target = "--target manifest.all/RoleBinding/mine";
    refused.stderr_contains("create ConfigMap").stderr_contains(target);
    project.regplan(["apply", "--auto-approve"]).args(target.split(' ')).run().success();
    project.apply();
    project.expect_settled();
}
