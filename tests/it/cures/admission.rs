//! Policies, webhooks and storage classes that the plan changes.

use super::{cured, of_manifest, plan, refused};
use crate::harness::{Behaviour, Namespace, Project, Webhook, change, mirror_definition, wait_until};

tests! {
    an_object_waits_for_a_policy_that_goes,
    an_object_waits_for_a_policy_that_is_relaxed,
    an_object_waits_for_a_binding_that_is_relaxed,
    an_object_waits_for_a_half_of_a_policy_that_goes,
    an_object_waits_for_other_labels_of_its_namespace,
    an_object_waits_for_the_parameters_of_a_policy,
    an_object_waits_for_a_mutating_policy_that_goes,
    an_object_waits_for_a_webhook_that_goes,
    an_object_waits_for_a_silent_webhook_that_goes,
    an_object_waits_for_the_service_of_a_silent_webhook,
    an_object_waits_for_the_rival_that_the_server_names,
    a_quota_that_does_not_count_a_new_kind_yet_is_waited_for,
    a_policy_spares_the_objects_of_its_own_set,
    a_claim_waits_for_a_class_that_lets_it_grow,
    a_class_that_still_lets_no_claim_grow_is_no_cure,
    an_account_comes_before_the_pod_that_is_changed_to_it,
}

const MAP: &str = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: { a: b }\n";

/// A policy with this condition, and its binding to the namespace of the test.
fn policy(condition: &str) -> String {
    format!(
        "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{ name: \"{{prefix}}\" }}\n\
         spec:\n  failurePolicy: Fail\n  matchConstraints:\n    resourceRules: [{{ apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [configmaps] }}]\n\
         \x20 validations: [{{ expression: \"{condition}\", message: not today }}]\n\
         ---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{ name: \"{{prefix}}\" }}\n\
         spec:\n  policyName: \"{{prefix}}\"\n  validationActions: [Deny]\n  matchResources: {{ namespaceSelector: {{ matchLabels: {{ kubernetes.io/metadata.name: \"{{ns}}\" }} }} }}\n"
    )
}

fn an_object_waits_for_a_policy_that_goes() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &policy("false"));
    project.apply();
    project.rewrite("all.yaml", &(policy("false") + MAP));
    wait_until("the policy to hold", || project.run(["plan"]).any().stdout().contains("not today"));
    refused(&project, "manifest.all/ConfigMap/c", "not today");
    project.rewrite("all.yaml", MAP);
    cured(&project, "manifest.all/ConfigMap/c", "not today", "manifest.all/ValidatingAdmissionPolicy");
}

fn an_object_waits_for_a_policy_that_is_relaxed() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &policy("false"));
    project.apply();
    project.rewrite("all.yaml", &(policy("true") + MAP));
    wait_until("the policy to hold", || project.run(["plan"]).any().stdout().contains("not today"));
    cured(&project, "manifest.all/ConfigMap/c", "not today", "manifest.all/ValidatingAdmissionPolicy");
    ns.clean_up("validatingadmissionpolicy/{prefix}");
    ns.clean_up("validatingadmissionpolicybinding/{prefix}");
}

/// Either half of it is enough.
fn an_object_waits_for_a_half_of_a_policy_that_goes() {
    for kind in ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"] {
        let ns = Namespace::new();
        let project = of_manifest(&ns, &policy("false"));
        project.apply();
        project.rewrite("all.yaml", &(policy("false") + MAP));
        wait_until("the policy to hold", || project.run(["plan"]).any().stdout().contains("not today"));
        let policy = policy("false");
        let halves = policy.split("---\n").filter(|half| !half.contains(&format!("kind: {kind}\n")));
        project.rewrite("all.yaml", &(halves.collect::<Vec<_>>().join("---\n") + MAP));
        let first = ns.fill(&format!("manifest.all/{kind}/{{prefix}}"));
        cured(&project, "manifest.all/ConfigMap/c", "not today", &first);
        project.rewrite("all.yaml", MAP);
        project.apply();
    }
}

fn an_object_waits_for_a_binding_that_is_relaxed() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &policy("false"));
    project.apply();
    let warns = policy("false").replace("validationActions: [Deny]", "validationActions: [Warn]");
    project.rewrite("all.yaml", &(policy("false") + MAP));
    wait_until("the policy to hold", || project.run(["plan"]).any().stdout().contains("not today"));
    project.rewrite("all.yaml", &(warns + MAP));
    let first = "manifest.all/ValidatingAdmissionPolicyBinding";
    cured(&project, "manifest.all/ConfigMap/c", "not today", first);
    ns.clean_up("validatingadmissionpolicy/{prefix}");
    ns.clean_up("validatingadmissionpolicybinding/{prefix}");
}

/// A policy chooses namespaces by their labels.
fn an_object_waits_for_other_labels_of_its_namespace() {
    let ns = Namespace::absent();
    let space = |gate: &str| {
        format!(
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{ name: \"{{ns}}\", labels: {{ gate: {gate}, team: a }} }}\n"
        )
    };
    let chosen = "matchLabels: { kubernetes.io/metadata.name: \"{ns}\", gate: closed }";
    let policy = policy("false").replace("matchLabels: { kubernetes.io/metadata.name: \"{ns}\" }", chosen);
    let project = of_manifest(&ns, &(space("closed") + &policy));
    project.apply();
    let told = |objects: String| {
        project.rewrite("all.yaml", &(objects + &policy + MAP));
        wait_until("the policy to hold", || project.run(["plan"]).any().stdout().contains("not today"));
    };
    told(space("closed"));
    refused(&project, "manifest.all/ConfigMap/c", "not today");
    // What the labels do not say is no cure.
    let annotated = space("closed").replace("labels:", "annotations: { a: b }, labels:");
    told(annotated);
    refused(&project, "manifest.all/ConfigMap/c", "not today");
    told(space("open"));
    cured(&project, "manifest.all/ConfigMap/c", "not today", &ns.fill("manifest.all/Namespace/{ns}"));
    ns.clean_up("validatingadmissionpolicy/{prefix}");
    ns.clean_up("validatingadmissionpolicybinding/{prefix}");
    ns.clean_up("namespace/{ns}");
}

/// The controller of quotas hears of a new kind after up to half a minute.
fn a_quota_that_does_not_count_a_new_kind_yet_is_waited_for() {
    let ns = Namespace::new();
    let quota = "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: { name: few }\n\
                 spec: { hard: { count/mirrors.{prefix}.example.com: 5 } }\n";
    let mirror = "---\napiVersion: \"{prefix}.example.com/v1\"\nkind: Mirror\nmetadata: { name: m }\nspec: { url: u }\n";
    let made = mirror_definition("Namespaced") + quota;
    ns.apply(&made).clean_up("crd/mirrors.{prefix}.example.com");
    let project = of_manifest(&ns, mirror);
    let planned = plan(&project, 0);
    let fidelity = &change(&planned, &ns.fill("manifest.all/Mirror.{prefix}.example.com/m"))["fidelity"];
    assert_eq!(fidelity["kind"], "predicted", "{fidelity}");
    assert!(fidelity["reason"].as_str().unwrap().contains("status unknown for quota"), "{fidelity}");
    project.apply();
    project.expect_settled();
}

fn an_object_waits_for_a_webhook_that_goes() {
    let ns = Namespace::new();
    let _webhook = Webhook::start(&ns, &["configmaps"], Behaviour::Reject { name: "c", words: "not today" });
    // The configuration of the webhook, as the harness has written it, becomes one of the project.
    let hooks = "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: { name: \"{prefix}\" }\n";
    let project = of_manifest(&ns, hooks);
    let address = ns.fill("manifest.all/ValidatingWebhookConfiguration/{prefix}");
    project.run(["apply", "--auto-approve", "--adopt", &address]).success();
    project.rewrite("all.yaml", &format!("{hooks}{MAP}"));
    refused(&project, "manifest.all/ConfigMap/c", "not today");
    project.rewrite("all.yaml", MAP);
    cured(&project, "manifest.all/ConfigMap/c", "not today", &address);
}

fn an_object_waits_for_a_silent_webhook_that_goes() {
    let ns = Namespace::new();
    let _webhook = Webhook::start(&ns, &["configmaps"], Behaviour::Silent);
    let hooks = "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: { name: \"{prefix}\" }\n";
    let project = of_manifest(&ns, hooks);
    let address = ns.fill("manifest.all/ValidatingWebhookConfiguration/{prefix}");
    project.run(["apply", "--auto-approve", "--adopt", &address]).success();
    project.rewrite("all.yaml", MAP);
    cured(&project, "manifest.all/ConfigMap/c", "failed calling webhook", &address);
}

/// The custom resource is the slowest: it waits for its definition. The policy forbids all of its kind.
/// Fails unless the plan predicts the map, in these words, once this is done first.
#[track_caller]
fn foreseen(project: &Project<'_>, words: &str, first: &str) {
    let plan = plan(project, 0);
    let reason = change(&plan, "manifest.all/ConfigMap/c")["fidelity"]["reason"].as_str().unwrap();
    assert!(reason.contains(words) && reason.contains(first), "{reason}");
}

fn an_object_waits_for_the_service_of_a_silent_webhook() {
    let ns = Namespace::new();
    let hook = serde_json::json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": ns.fill("{prefix}")}, "webhooks": [{
            "name": "silent.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": ns.name()}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
            "clientConfig": {"service": {"name": "hooks", "namespace": ns.name()}}}]});
    ns.apply(&hook.to_string());
    let project = of_manifest(&ns, MAP);
    let words = "failed calling webhook \"silent.example.com\"";
    wait_until("the webhook to hold", || project.run(["plan"]).any().stdout().contains(words));
    let service = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{ name: {name} }}\nspec: {{ ports: [{{ port: 443 }}] }}\n"
        )
    };
    project.rewrite("all.yaml", &(service("others") + MAP));
    refused(&project, "manifest.all/ConfigMap/c", words);
    project.rewrite("all.yaml", &(service("hooks") + MAP));
    foreseen(&project, words, "manifest.all/Service/hooks");
    ns.delete("validatingwebhookconfiguration/{prefix}");
}

/// As where two entries want one host: the server names the other object.
fn an_object_waits_for_the_rival_that_the_server_names() {
    let ns = Namespace::new();
    let words = ns.fill("already taken by {ns}/old");
    let named =
        policy("object.metadata.name != 'c'").replace("message: not today", &format!("message: {words}"));
    ns.apply(&named);
    let map = |name: &str| MAP.replace("name: c", &format!("name: {name}"));
    let project = of_manifest(&ns, &(map("old") + &map("older")));
    project.apply();
    project.rewrite("all.yaml", &(map("old") + MAP));
    let said = || project.run(["plan", "--format=json"]).any();
    wait_until("the policy to hold", || said().stdout().contains(&words));
    refused(&project, "manifest.all/ConfigMap/c", &words);
    project.rewrite("all.yaml", MAP);
    foreseen(&project, &words, "manifest.all/ConfigMap/old");
    ns.delete("validatingadmissionpolicybinding/{prefix}");
    ns.delete("validatingadmissionpolicy/{prefix}");
}

fn a_policy_spares_the_objects_of_its_own_set() {
    let ns = Namespace::new();
    let mirror = "---\napiVersion: \"{prefix}.example.com/v1\"\nkind: Mirror\nmetadata: { name: hub }\nspec: { url: \"https://example.com\" }\n";
    let policy = policy("false").replace("apiGroups: [\"\"]", "apiGroups: [\"{prefix}.example.com\"]");
    let policy = policy.replace("resources: [configmaps]", "resources: [mirrors]");
    let project = of_manifest(&ns, &(mirror_definition("Namespaced") + &policy + mirror));
    project.apply();
    project.expect_settled();
    ns.clean_up("validatingadmissionpolicy/{prefix}");
    ns.clean_up("validatingadmissionpolicybinding/{prefix}");
}

/// A class that lets its claims grow, or does not.
fn class(grows: bool) -> String {
    format!(
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{ name: \"{{prefix}}\" }}\n\
         provisioner: test.regplan.dev/none\nvolumeBindingMode: WaitForFirstConsumer\nallowVolumeExpansion: {grows}\n"
    )
}

fn claim(size: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{ name: data }}\n\
         spec: {{ storageClassName: \"{{prefix}}\", accessModes: [ReadWriteOnce], resources: {{ requests: {{ storage: {size} }} }} }}\n"
    )
}

fn a_class_that_still_lets_no_claim_grow_is_no_cure() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &(class(false) + &claim("1Gi")));
    project.apply();
    bind(&ns, "data");
    let labelled = class(false).replace("metadata: {", "metadata: { labels: { a: b },");
    project.rewrite("all.yaml", &(labelled + &claim("2Gi")));
    refused(&project, "manifest.all/PersistentVolumeClaim/data", "support resize");
    assert_eq!(
        change(&plan(&project, 1), &ns.fill("manifest.all/StorageClass/{prefix}"))["action"],
        "update"
    );
}

fn a_claim_waits_for_a_class_that_lets_it_grow() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &(class(false) + &claim("1Gi")));
    project.apply();
    bind(&ns, "data");
    project.rewrite("all.yaml", &(class(false) + &claim("2Gi")));
    refused(&project, "manifest.all/PersistentVolumeClaim/data", "support resize");
    project.rewrite("all.yaml", &(class(true) + &claim("2Gi")));
    let first = ns.fill("manifest.all/StorageClass/{prefix}");
    cured(&project, "manifest.all/PersistentVolumeClaim/data", "support resize", &first);
}

/// Binds the claim to a volume, as a provisioner would.
fn bind(ns: &Namespace, claim: &str) {
    ns.apply(&format!(
        r#"{{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {{"name": "{{prefix}}"}},
            "spec": {{"storageClassName": "{{prefix}}", "capacity": {{"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"],
                      "hostPath": {{"path": "/tmp/none"}}, "claimRef": {{"namespace": "{{ns}}", "name": "{claim}"}}}}}}"#
    ));
    wait_until("the claim to be bound", || {
        ns.field(&format!("persistentvolumeclaim/{claim}"), "/status/phase") == "Bound"
    });
}

/// A pod cannot change its account: it is made anew, and the server is asked in vain.
fn an_account_comes_before_the_pod_that_is_changed_to_it() {
    let ns = Namespace::new();
    let pod = |account: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{ name: web }}\nspec: {{ {account} containers: [{{ name: main, image: \"web:1\" }}] }}\n"
        )
    };
    let project = of_manifest(&ns, &pod(""));
    project.apply();
    let account = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: { name: robot }\n";
    project.rewrite("all.yaml", &(pod("serviceAccountName: robot,") + account));
    project.apply();
    project.expect_settled();
}

fn an_object_waits_for_the_parameters_of_a_policy() {
    let ns = Namespace::new();
    let policy = policy("params.data.ok == 'yes'")
        .replace("  matchConstraints", "  paramKind: { apiVersion: v1, kind: ConfigMap }\n  matchConstraints")
        .replace("resources: [configmaps]", "resources: [secrets]")
        .replace("  validationActions", "  paramRef: { name: p, namespace: \"{ns}\", parameterNotFoundAction: Deny }\n  validationActions");
    let project = of_manifest(&ns, &policy);
    project.apply();
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: { name: s }\n";
    project.rewrite("all.yaml", &format!("{policy}{secret}"));
    wait_until("the policy to hold", || project.run(["plan"]).any().stdout().contains("no params found"));
    refused(&project, "manifest.all/Secret/s", "no params found");
    let parameters = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: p }\ndata: { ok: \"yes\" }\n";
    project.rewrite("all.yaml", &format!("{policy}{secret}{parameters}"));
    cured(&project, "manifest.all/Secret/s", "no params found", "manifest.all/ConfigMap/p");
    ns.clean_up("validatingadmissionpolicy/{prefix}");
    ns.clean_up("validatingadmissionpolicybinding/{prefix}");
}

fn an_object_waits_for_a_mutating_policy_that_goes() {
    let ns = Namespace::new();
    let policy =
        policy("false").replace("Validating", "Mutating").replace("\x20 validationActions: [Deny]\n", "");
    let (before, rest) = policy.split_once("  validations:").unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    let change = "Object{metadata: Object.metadata{labels: {'a': object.data['none']}}}";
    let policy = format!(
        "{before}  reinvocationPolicy: Never\n  mutations: [{{ patchType: ApplyConfiguration, applyConfiguration: {{ expression: \"{change}\" }} }}]\n{}",
        rest.replace("  validationActions: [Deny]\n", "")
    );
    let project = of_manifest(&ns, &policy);
    project.apply();
    project.rewrite("all.yaml", &format!("{policy}{MAP}"));
    wait_until("the policy to hold", || project.run(["plan"]).any().stdout().contains("no such key"));
    refused(&project, "manifest.all/ConfigMap/c", "no such key");
    project.rewrite("all.yaml", MAP);
    cured(&project, "manifest.all/ConfigMap/c", "no such key", "manifest.all/MutatingAdmissionPolicy");
}
