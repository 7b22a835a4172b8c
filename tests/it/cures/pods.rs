//! Pods that the server takes only after another change of the plan.

use super::{cured, of_manifest, refused};
use crate::harness::{Namespace, wait_for, wait_until};

tests! {
    a_pod_waits_for_its_new_account,
    a_pod_waits_for_its_new_classes,
    a_pod_waits_for_a_relaxed_namespace,
    a_pod_waits_for_a_larger_quota,
    a_pod_waits_for_what_a_delete_gives_back_to_the_quota,
    a_pod_waits_for_a_wider_limit,
    a_pod_waits_for_a_limit_that_goes,
    a_pod_waits_for_the_limits_that_a_quota_wants,
    a_pod_waits_for_a_quota_that_wants_less,
    a_pod_waits_for_a_quota_that_goes,
    a_pod_waits_for_the_overhead_of_its_class,
    a_pod_waits_for_another_priority_of_its_class,
    a_pod_waits_for_a_class_that_spares_others,
    a_pod_waits_for_a_smaller_one_of_its_quota,
    a_pod_waits_for_a_deployment_that_needs_less,
    an_account_that_nobody_makes_is_an_error,
}

/// A pod with this in its `spec`.
fn pod(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{ name: {name} }}\n\
         spec:\n  containers: [{{ name: main, image: \"web:1\", resources: {{ limits: {{ memory: 128Mi }} }} }}]\n{spec}"
    )
}

fn a_pod_waits_for_its_new_account() {
    let ns = Namespace::new();
    let objects = pod("web", "  serviceAccountName: robot\n")
        + "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: { name: robot }\n";
    let project = of_manifest(&ns, &objects);
    cured(
        &project,
        "manifest.all/Pod/web",
        "error looking up service account",
        "manifest.all/ServiceAccount/robot",
    );
}

fn a_pod_waits_for_its_new_classes() {
    let ns = Namespace::new();
    let objects = pod("web", "  priorityClassName: \"{prefix}\"\n")
        + &pod("boxed", "  runtimeClassName: \"{prefix}\"\n")
        + "---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: { name: \"{prefix}\" }\nvalue: 1000\n"
        + "---\napiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: \"{prefix}\" }\nhandler: runc\n";
    let project = of_manifest(&ns, &objects);
    let plan = super::plan(&project, 0);
    let reason = |address: &str| crate::harness::change(&plan, address)["fidelity"]["reason"].clone();
    assert!(reason("manifest.all/Pod/boxed").as_str().unwrap().contains("RuntimeClass"), "{plan:#}");
    let first = ns.fill("manifest.all/PriorityClass/{prefix}");
    cured(&project, "manifest.all/Pod/web", "no PriorityClass with name", &first);
}

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

fn a_pod_waits_for_a_relaxed_namespace() {
    let ns = Namespace::absent();
    let space = |level: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{ name: \"{{ns}}\", labels: {{ {ENFORCE}: {level} }} }}\n"
        )
    };
    let project = of_manifest(&ns, &space("restricted"));
    project.apply();
    wait_for("the account", || ns.find("serviceaccount/default"));
    project.rewrite("all.yaml", &(space("restricted") + &pod("web", "")));
    // The API server reads the labels of namespaces from a cache, which may be late.
    wait_until("the label to hold", || project.run(["plan"]).any().stdout().contains("violates PodSecurity"));
    refused(&project, "manifest.all/Pod/web", "violates PodSecurity");
    project.rewrite("all.yaml", &(space("privileged") + &pod("web", "")));
    cured(&project, "manifest.all/Pod/web", "violates PodSecurity", &ns.fill("manifest.all/Namespace/{ns}"));
}

fn quota(hard: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{ name: few }}\nspec: {{ hard: {{ {hard} }} }}\n"
    )
}

fn a_pod_waits_for_a_larger_quota() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &(quota("pods: 1") + &pod("web", "")));
    project.apply();
    project.rewrite("all.yaml", &(quota("pods: 1") + &pod("web", "") + &pod("more", "")));
    wait_until("the quota to count", || ns.field("resourcequota/few", "/status/used/pods") == "1");
    refused(&project, "manifest.all/Pod/more", "exceeded quota: few");
    project.rewrite("all.yaml", &(quota("pods: 2") + &pod("web", "") + &pod("more", "")));
    cured(&project, "manifest.all/Pod/more", "exceeded quota: few", "manifest.all/ResourceQuota/few");
}

fn a_pod_waits_for_what_a_delete_gives_back_to_the_quota() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &(quota("pods: 1") + &pod("web", "")));
    project.apply();
    wait_until("the quota to count", || ns.field("resourcequota/few", "/status/used/pods") == "1");
    project.rewrite("all.yaml", &(quota("pods: 1") + &pod("other", "")));
    cured(&project, "manifest.all/Pod/other", "exceeded quota: few", "manifest.all/Pod/web");
}

fn limit(memory: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: LimitRange\nmetadata: {{ name: small }}\n\
         spec: {{ limits: [{{ type: Container, max: {{ memory: {memory} }} }}] }}\n"
    )
}

fn a_pod_waits_for_a_limit_that_goes() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &limit("64Mi"));
    project.apply();
    wait_until("the limit to hold", || {
        project.rewrite("all.yaml", &(limit("64Mi") + &pod("web", "")));
        project.run(["plan"]).any().stdout().contains("maximum memory usage")
    });
    project.rewrite("all.yaml", &pod("web", ""));
    cured(&project, "manifest.all/Pod/web", "maximum memory usage", "manifest.all/LimitRange/small");
    assert!(ns.find("limitrange/small").is_none());
}

fn a_pod_waits_for_a_wider_limit() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &limit("64Mi"));
    project.apply();
    project.rewrite("all.yaml", &(limit("64Mi") + &pod("web", "")));
    wait_until("the limit to hold", || project.run(["plan"]).any().stdout().contains("maximum memory usage"));
    // A change of something else helps nothing.
    let other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n";
    project.rewrite("all.yaml", &(limit("64Mi") + &pod("web", "") + other));
    refused(&project, "manifest.all/Pod/web", "maximum memory usage");
    project.rewrite("all.yaml", &(limit("256Mi") + &pod("web", "")));
    cured(&project, "manifest.all/Pod/web", "maximum memory usage", "manifest.all/LimitRange/small");
}

fn a_pod_waits_for_the_limits_that_a_quota_wants() {
    let ns = Namespace::new();
    let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: main, image: \"web:1\" }] }\n";
    let limits = "---\napiVersion: v1\nkind: LimitRange\nmetadata: { name: usual }\n\
                  spec: { limits: [{ type: Container, default: { memory: 64Mi } }] }\n";
    let project = of_manifest(&ns, &quota("limits.memory: 1Gi"));
    project.apply();
    project.rewrite("all.yaml", &(quota("limits.memory: 1Gi") + pod));
    wait_until("the quota to hold", || project.run(["plan"]).any().stdout().contains("must specify"));
    refused(&project, "manifest.all/Pod/web", "failed quota: few");
    project.rewrite("all.yaml", &(quota("limits.memory: 1Gi") + limits + pod));
    cured(&project, "manifest.all/Pod/web", "failed quota: few", "manifest.all/LimitRange/usual");
}

/// Whatever ends what the quota wants is a cure.
fn a_pod_waits_for_a_quota_that_wants_less() {
    let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: main, image: \"web:1\" }] }\n";
    let range = |limit: &str| {
        format!(
            "---\napiVersion: v1\nkind: LimitRange\nmetadata: {{ name: usual }}\n\
             spec: {{ limits: [{{ type: Container, {limit} }}] }}\n"
        )
    };
    let (other, useful) = (range("default: { cpu: 1 }"), range("default: { cpu: 1, memory: 64Mi }"));
    let wants = quota("limits.memory: 1Gi");
    for (then, cure) in [
        (quota("pods: 5") + &other, "ResourceQuota/few"),
        (other.clone(), "ResourceQuota/few"),
        (wants.clone() + &useful, "LimitRange/usual"),
    ] {
        let ns = Namespace::new();
        waits_for_another(
            &ns,
            &(wants.clone() + &other),
            &then,
            pod,
            "failed quota: few",
            &format!("manifest.all/{cure}"),
        );
    }
}

fn a_pod_waits_for_a_quota_that_goes() {
    let ns = Namespace::new();
    let both = pod("web", "") + &pod("more", "");
    let project = of_manifest(&ns, &(quota("pods: 1") + &pod("web", "")));
    project.apply();
    wait_until("the quota to count", || ns.field("resourcequota/few", "/status/used/pods") == "1");
    project.rewrite("all.yaml", &(quota("pods: 1") + &both));
    refused(&project, "manifest.all/Pod/more", "exceeded quota: few");
    project.rewrite("all.yaml", &both);
    cured(&project, "manifest.all/Pod/more", "exceeded quota: few", "manifest.all/ResourceQuota/few");
}

fn an_account_that_nobody_makes_is_an_error() {
    let ns = Namespace::new();
    let objects = pod("web", "  serviceAccountName: robot\n")
        + "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: { name: other }\n";
    refused(&of_manifest(&ns, &objects), "manifest.all/Pod/web", "error looking up service account");
}

/// Applies the first object, sees the pod refused beside it, and cured beside the second one.
fn waits_for_another(ns: &Namespace, first: &str, second: &str, pod: &str, words: &str, cure: &str) {
    let project = of_manifest(ns, first);
    project.apply();
    project.rewrite("all.yaml", &format!("{first}{pod}"));
    wait_until("the first one to hold", || project.run(["plan"]).any().stdout().contains(words));
    refused(&project, "manifest.all/Pod/web", words);
    project.rewrite("all.yaml", &format!("{second}{pod}"));
    cured(&project, "manifest.all/Pod/web", words, &ns.fill(cure));
}

fn a_pod_waits_for_the_overhead_of_its_class() {
    let ns = Namespace::new();
    let class = |cpu: &str| {
        format!(
            "---\napiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {{ name: \"{{prefix}}\" }}\nhandler: runc\n\
             overhead: {{ podFixed: {{ cpu: {cpu} }} }}\n"
        )
    };
    let pod = pod("web", "  runtimeClassName: \"{prefix}\"\n  overhead: { cpu: 200m }\n");
    let cure = "manifest.all/RuntimeClass/{prefix}";
    waits_for_another(&ns, &class("100m"), &class("200m"), &pod, "Overhead doesn't match", cure);
}

/// A class with these fields, made anew where they change.
fn priority(fields: &str) -> String {
    format!(
        "---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{ name: \"{{prefix}}\" }}\n{fields}\n"
    )
}

fn a_pod_waits_for_another_priority_of_its_class() {
    let ns = Namespace::new();
    let pod = pod("web", "  priorityClassName: \"{prefix}\"\n  priority: 2000\n");
    let (low, high) = (priority("value: 1000"), priority("value: 2000"));
    waits_for_another(
        &ns,
        &low,
        &high,
        &pod,
        "integer value of priority",
        "manifest.all/PriorityClass/{prefix}",
    );
}

fn a_pod_waits_for_a_class_that_spares_others() {
    let ns = Namespace::new();
    let pod = pod("web", "  priorityClassName: \"{prefix}\"\n  preemptionPolicy: Never\n");
    let (usual, never) = (priority("value: 1000"), priority("value: 1000\npreemptionPolicy: Never"));
    waits_for_another(&ns, &usual, &never, &pod, "PreemptionPolicy", "manifest.all/PriorityClass/{prefix}");
}

fn a_pod_waits_for_a_smaller_one_of_its_quota() {
    let ns = Namespace::new();
    let other = |memory: &str| {
        let other = pod("other", "")
            .replace("limits: { memory: 128Mi }", &format!("requests: {{ memory: {memory} }}"));
        quota("requests.memory: 300Mi") + &other
    };
    let words = "exceeded quota: few";
    waits_for_another(
        &ns,
        &other("200Mi"),
        &other("100Mi"),
        &pod("web", ""),
        words,
        "manifest.all/Pod/other",
    );
}

fn a_pod_waits_for_a_deployment_that_needs_less() {
    let ns = Namespace::new();
    let many = |memory: &str| {
        format!(
            "{}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: many }}\nspec:\n  strategy: {{ type: Recreate }}\n\
             \x20 selector: {{ matchLabels: {{ app: many }} }}\n  template:\n    metadata: {{ labels: {{ app: many }} }}\n\
             \x20   spec: {{ terminationGracePeriodSeconds: 0, containers: [{{ name: main, image: \"web:1\", \
             resources: {{ limits: {{ memory: {memory} }} }} }}] }}\n",
            quota("limits.memory: 300Mi")
        )
    };
    let words = "exceeded quota: few";
    waits_for_another(
        &ns,
        &many("200Mi"),
        &many("100Mi"),
        &pod("web", ""),
        words,
        "manifest.all/Deployment/many",
    );
}
