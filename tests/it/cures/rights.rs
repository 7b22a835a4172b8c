//! Rights that nobody may grant who does not have them, and that the plan gives first.

use serde_json::json;

use super::{cured, of_manifest, refused};
use crate::harness::{HEAD, Namespace};

tests! {
    a_role_waits_for_the_rights_of_who_grants_it,
    a_binding_waits_for_its_new_role,
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
