//! The volume with the images: it grows, it is replaced with consent, and it stays.

use serde_json::json;

use super::{REGISTRY, planned, registry, versions};
use crate::harness::Namespace;

tests! {
    a_volume_grows_and_never_shrinks,
    destroy_keeps_the_images_until_consent,
    a_volume_of_many_nodes_becomes_one_of_one_node,
}

fn a_volume_grows_and_never_shrinks() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    project.apply();
    let claim = ns.field("pvc/registry", "/metadata/uid");
    project.edit("regplan.toml", "1Gi", "2Gi");
    let field = "registry.main/PersistentVolumeClaim/registry spec.resources.requests.storage";
    assert_eq!(planned(&project), [field]);
    project.run(["plan"]).success().stdout_contains("storage: \"1Gi\" -> \"2Gi\"");
    project.apply();
    assert_eq!(ns.field("pvc/registry", "/spec/resources/requests/storage"), "2Gi");
    project.expect_settled();
    for (from, to) in [("2Gi", "512Mi"), ("512Mi\"", "2Gi\", class = \"late\"")] {
        project.edit("regplan.toml", from, to);
        for args in [&["plan"][..], &["plan", "--consent=registry.main/PersistentVolumeClaim/registry"]] {
            let refused = project.regplan([]).args(args).run().code(1);
            refused
                .stdout_contains("a claim is never replaced")
                .stdout_contains("1 resource must be corrected first");
        }
        project.run(["apply", "--auto-approve"]).code(1);
    }
    assert_eq!(ns.field("pvc/registry", "/metadata/uid"), claim);
    assert_eq!(ns.field("pvc/registry", "/spec/resources/requests/storage"), "2Gi");
}

fn destroy_keeps_the_images_until_consent() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    project.apply();
    let claim = ns.field("pvc/registry", "/metadata/uid");
    // The passwords are not needed for this.
    let destroy = project.regplan(["destroy", "--auto-approve"]).env_remove("CI_PASSWORD").run().success();
    destroy
        .stdout_contains("= registry.main/PersistentVolumeClaim/registry")
        .stdout_contains("--consent registry.main/PersistentVolumeClaim/registry")
        .stdout_contains("= registry.main/Secret/registry-http")
        .stdout_contains("= namespace.{ns}".replace("{ns}", &ns.name()).as_str());
    assert_eq!(ns.field("pvc/registry", "/metadata/uid"), claim);
    let kept = ["PersistentVolumeClaim/registry", "Secret/registry-http"];
    assert_eq!(versions(&ns).keys().collect::<Vec<_>>(), kept);
    // A new registry of the same name finds its images.
    project.apply();
    assert_eq!(ns.field("pvc/registry", "/metadata/uid"), claim);
    project.expect_settled();
    project
        .run([
            "destroy",
            "--auto-approve",
            "--consent=registry.main/PersistentVolumeClaim/registry",
            "--consent=registry.main/Secret/registry-http",
            "--consent=namespace.{ns}",
        ])
        .success();
    assert!(ns.find("namespace/{ns}").is_none());
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("Nothing to destroy");
}

fn a_volume_of_many_nodes_becomes_one_of_one_node() {
    let ns = Namespace::absent();
    let project = registry(&ns, &REGISTRY.replace("\"1Gi\"", "\"1Gi\", access_mode = \"ReadWriteMany\""));
    project.apply();
    project.edit("regplan.toml", "ReadWriteMany", "ReadWriteOnce");
    project.run(["plan"]).code(1).stdout_contains("a claim is never replaced");
    // Somebody deletes the claim by hand.
    ns.kubectl(["scale", "deployment/registry", "--replicas=0"]).run().success();
    ns.delete("pvc/registry");
    // That its data is not needed, nobody knows but the user.
    project.run(["apply", "--auto-approve"]).code(1).stdout_contains("PersistentVolumeClaim/registry  error");
    let consent = "--consent=registry.main/PersistentVolumeClaim/registry";
    project.run(["plan", consent]).success().stdout_contains("it was applied before, and is gone");
    project.run(["apply", "--auto-approve", consent]).success();
    assert_eq!(ns.field("deployment/registry", "/spec/strategy"), json!({"type": "Recreate"}));
    project.expect_settled();
}
