//! The namespace of a registry: deleted by others, shared, or there before.

use super::{REGISTRY, registry, secret, versions};
use crate::harness::Namespace;

tests! {
    a_registry_whose_namespace_was_deleted_is_made_again_with_consent,
    two_registries_share_a_namespace,
    a_namespace_of_others_outlives_the_registry,
}

fn a_registry_whose_namespace_was_deleted_is_made_again_with_consent() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    project.apply();
    ns.delete("namespace/{ns}");
    // The data is what is lost. That a key is lost as well is told behind it.
    let claim = "registry.main/PersistentVolumeClaim/registry";
    let refused = project.run(["plan"]).code(1);
    refused.stderr_contains("lost-data").stderr_contains(&format!("--consent {claim}"));
    let at = |text: &str| refused.stderr().find(text).unwrap();
    assert!(at("lost-data") < at("lost-secret"), "{}", refused.stderr());
    let [claim, secret] = [claim, "registry.main/Secret/registry-http"].map(|one| format!("--consent={one}"));
    // Consent to the key is none to the claim, nor the other way round.
    project.run(["plan", &secret]).code(1).stdout_contains("PersistentVolumeClaim/registry  error");
    project.run(["plan", &claim]).code(1).stderr_contains("is lost").stderr_lacks("lost-data");
    project.run(["plan", &claim, &secret]).success().stdout_contains("Plan: 8 to add");
    project.run(["apply", "--auto-approve", &claim, &secret]).success();
    project.expect_settled();
}

fn two_registries_share_a_namespace() {
    let ns = Namespace::absent();
    let second = r#"
[registry.mirror_2]
host           = "mirror.example.com"
image          = "registry:2.8.3"
namespace      = "{ns}"
storage.volume = { size = "1Gi" }
auth.anonymous = true
"#;
    let same = format!("{REGISTRY}{}", second.replace("host ", "name = \"registry\"\nhost "));
    let project = registry(&ns, &same);
    project
        .run(["validate"])
        .code(1)
        .stderr_contains("is declared twice")
        .stderr_contains("registry.mirror_2");
    project.rewrite("regplan.toml", &format!("{REGISTRY}{second}"));
    project.apply();
    project.expect_settled();
    for (name, pods) in [("registry", 1), ("registry-mirror-2", 1)] {
        let selector = ns.field(&format!("service/{name}"), "/spec/selector");
        assert_eq!(selector, ns.field(&format!("deployment/{name}"), "/spec/selector/matchLabels"));
        let selector = format!("--selector=app.kubernetes.io/instance={name}");
        let found = ns.kubectl(["get", "pods", &selector, "-o", "name"]).run().success();
        assert_eq!(found.stdout().lines().count(), pods);
    }
    assert_ne!(secret(&ns, "registry-http", "secret"), secret(&ns, "registry-mirror-2-http", "secret"));
    assert!(ns.find("secret/registry-mirror-2-htpasswd").is_none(), "everybody may use it");
    // One registry is removed. Its images and the other registry stay.
    let before = versions(&ns);
    project.rewrite("regplan.toml", REGISTRY);
    project.apply();
    let after = versions(&ns);
    assert!(after.contains_key("PersistentVolumeClaim/registry-mirror-2"));
    assert!(!after.contains_key("Deployment/registry-mirror-2"));
    assert!(after.iter().all(|(name, version)| before[name] == *version), "{before:?} {after:?}");
}

fn a_namespace_of_others_outlives_the_registry() {
    let ns = Namespace::new();
    let version = || ns.field("namespace/{ns}", "/metadata/resourceVersion");
    let before = version();
    let project = registry(&ns, REGISTRY);
    project.apply();
    project.expect_settled();
    let consent = "--consent=registry.main/PersistentVolumeClaim/registry";
    let secret = "--consent=registry.main/Secret/registry-http";
    project.run(["destroy", "--auto-approve", consent, secret, "--consent=namespace.{ns}"]).success();
    assert!(versions(&ns).is_empty());
    assert_eq!(version(), before);
}
