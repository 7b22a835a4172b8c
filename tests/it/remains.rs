//! What is left of Helm 2 and of old versions of cert-manager: told where a configuration has it, and by the first plan of
//! a cluster that has it.

use serde_json::json;

use crate::harness::{HEAD, Namespace, OwnCluster};

tests! {
    what_is_left_in_a_cluster_is_told_by_its_first_plan,
    what_nobody_reads_any_more_is_told_in_manifests,
}

/// Other tests would be told of it, so this one has a cluster of its own.
fn what_is_left_in_a_cluster_is_told_by_its_first_plan() {
    let cluster = OwnCluster::take();
    let ns = Namespace::on(&cluster);
    let labels = json!({"app": "helm", "name": "tiller"});
    let objects = [
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "tiller-deploy", "labels": labels},
            "spec": {
                "replicas": 0, "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "tiller", "image": "gcr.io/kubernetes-helm/tiller:v2.14.1"}]},
                },
            },
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "tiller"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": "tiller", "namespace": "kube-system"}],
        }),
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "web.v1", "labels": {"OWNER": "TILLER", "NAME": "web"}}, "data": {"release": "H4sI"},
        }),
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "shop.v1", "labels": {"OWNER": "TILLER", "NAME": "shop"}}, "data": {"release": "H4sI"},
        }),
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {
                "name": "issuers.certmanager.k8s.io",
                "annotations": {"api-approved.kubernetes.io": "unapproved, of the time before that was asked for"},
            },
            "spec": {
                "group": "certmanager.k8s.io", "scope": "Namespaced",
                "names": {"plural": "issuers", "singular": "issuer", "kind": "Issuer", "listKind": "IssuerList"},
                "versions": [{
                    "name": "v1alpha1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                }],
            },
        }),
    ];
    for object in &objects {
        ns.apply(&object.to_string());
    }
    let definition = "crd/issuers.certmanager.k8s.io";
    ns.kubectl(["wait", "--for=condition=Established", "--timeout=60s", definition]).run().success();
    ns.kubectl(["label", "namespace", &ns.name(), "certmanager.k8s.io/disable-validation=true"])
        .run()
        .success();
    let greeting = "[resource.greeting]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.text = \"hello\"\n";
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{greeting}"));
    let first = project.run(["plan"]).success();
    for told in [
        "Tiller, the server of Helm 2",
        "lets Tiller do everything",
        "/web.v1, Secret",
        "shop.v1 is a release of Helm",
    ] {
        first.stderr_contains(told);
    }
    first.stderr_contains("issuers.certmanager.k8s.io is of").stderr_contains("disable-validation");
    project.apply();
    // Nobody is asked again. What the plan reads anyway is told as long as it is there, also where others have written it since.
    ns.kubectl(["annotate", "configmap", "greeting", "certmanager.k8s.io/issuer=le"]).run().success();
    let later = project.run(["plan"]).success();
    later.stderr_lacks("Tiller").stderr_lacks("issuers.certmanager.k8s.io");
    later.stderr_contains("disable-validation").stderr_contains("/greeting has");
    project.run(["destroy", "--auto-approve"]).success();
    for target in [
        definition,
        "clusterrolebinding/tiller",
        "configmap/web.v1",
        "secret/shop.v1",
        "deployment/tiller-deploy",
    ] {
        ns.kubectl(["delete", target]).run().success();
    }
    cluster.give_back();
}

fn what_nobody_reads_any_more_is_told_in_manifests() {
    let ns = Namespace::absent();
    let manifest = r#"
apiVersion: certmanager.k8s.io/v1alpha1
kind: Issuer
metadata: { name: le }
spec: { acme: { server: "https://acme-v02.api.letsencrypt.org/directory" } }
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata:
  name: web
  annotations:
    certmanager.k8s.io/issuer: le
spec: { backend: { serviceName: web, servicePort: 80 } }
---
apiVersion: cert-manager.io/v1alpha2
kind: Certificate
metadata: { name: web }
spec: { secretName: web, dnsNames: [web.example.com], issuerRef: { name: le } }
---
apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: { name: shop }
spec: { backend: { serviceName: web, servicePort: 80 } }
---
apiVersion: v1
kind: Namespace
metadata:
  name: cert-manager
  labels: { certmanager.k8s.io/disable-validation: "true" }
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: issuers.cert-manager.io }
spec:
  group: cert-manager.io
  scope: Namespaced
  names: { plural: issuers, singular: issuer, kind: Issuer, listKind: IssuerList }
  versions: [{ name: v1alpha2, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: tiller-deploy }
spec:
  selector: { matchLabels: { name: tiller } }
  template:
    metadata: { labels: { name: tiller } }
    spec: { containers: [{ name: tiller, image: "gcr.io/kubernetes-helm/tiller:v2.14.1" }] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: tiller }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: ServiceAccount, name: tiller, namespace: kube-system }]
"#;
    let project = ns.project().write("regplan.toml", &format!("{HEAD}[manifest.all]\npath = \"all.yaml\"\n"));
    let project = project.write("all.yaml", manifest);
    let found = project.run(["validate"]).success();
    found.stderr_contains("does not read since 0.11").stderr_contains("all.yaml:2");
    found.stderr_contains("or write `cert-manager.io/issuer`").stderr_contains("all.yaml:12");
    found.stderr_contains("tiller-deploy is Tiller").stderr_contains("lets Tiller do everything");
    found.stderr_contains("use `apiVersion: networking.k8s.io/v1`").stderr_contains("all.yaml:7");
    found.stderr_contains("does not serve since 1.6").stderr_contains("all.yaml:15");
    found.stderr_contains("has `certmanager.k8s.io/disable-validation`").stderr_contains("all.yaml:29");
    found
        .stderr_contains("all.yaml:20")
        .stderr_contains("has no version `v1`")
        .stderr_contains("all.yaml:38");
}
