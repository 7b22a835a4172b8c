//! Images in a bucket: what is made for it, what is refused, and what a way to it and back says and keeps.

use serde_json::json;

use super::{ALICE, CONFIG_CHECKSUM, DEPLOYMENT, REGISTRY, planned, registry, secret};
use crate::harness::{Namespace, Project, change};

tests! {
    pods_share_a_bucket_and_roll_when_its_keys_change,
    keys_that_are_not_set_are_not_checked_and_not_applied,
    a_way_to_a_bucket_and_back_moves_nothing_and_says_so,
    an_overlay_puts_a_bucket_in_the_place_of_a_volume,
    what_is_wrong_with_a_bucket_is_told_at_its_place,
}

const VOLUME: &str = "storage.volume = { size = \"1Gi\" }";

const BUCKET: &str = r#"storage.s3 = { bucket = "images", endpoint = "https://fra1.digitaloceanspaces.com", access_key = { env = "STORE_KEY" }, secret_key = { file = "store-secret" } }"#;

const ACCESS_KEY: &str = "DO00EXAMPLEKEY";

const SECRET_KEY: &str = "a secret key of the store";

const CLAIM: &str = "registry.main/PersistentVolumeClaim/registry";

/// A project with a registry whose images are there.
fn stored<'n>(ns: &'n Namespace, storage: &str) -> Project<'n> {
    registry(ns, &REGISTRY.replace(VOLUME, storage))
        .env("STORE_KEY", ACCESS_KEY)
        .write("store-secret", SECRET_KEY)
}

fn pods_share_a_bucket_and_roll_when_its_keys_change() {
    let ns = Namespace::absent();
    let project = stored(&ns, &format!("{BUCKET}\nreplicas = 2"));
    project.run(["plan"]).success().stdout_contains("https://fra1.digitaloceanspaces.com/images");
    project.apply();
    project.expect_settled();
    assert_eq!(ns.list("pvc"), Vec::<String>::new());
    assert!(ns.find("pdb/registry").is_some());
    assert_eq!(ns.field("deployment/registry", "/spec/strategy/type"), "RollingUpdate");
    assert_eq!(secret(&ns, "registry-s3", "access-key"), ACCESS_KEY);
    assert_eq!(secret(&ns, "registry-s3", "secret-key"), SECRET_KEY);
    let config = ns.field("configmap/registry", "/data/config.yml").to_string();
    assert!(!config.contains(ACCESS_KEY) && !config.contains(SECRET_KEY), "{config}");
    let checksum = ns.field("deployment/registry", CONFIG_CHECKSUM);
    // Users come without a restart, as ever.
    project.edit(
        "regplan.toml",
        "[registry.main.auth.users]",
        "[registry.main.auth.users]\nalice = { env = \"ALICE_PASSWORD\" }",
    );
    let project = project.env("ALICE_PASSWORD", ALICE);
    project.apply();
    assert_eq!(ns.field("deployment/registry", CONFIG_CHECKSUM), checksum);
    project.rewrite("store-secret", "another secret key");
    let annotation = "spec.template.metadata.annotations[\"regplan.dev/config-checksum\"]";
    let expected =
        [format!("{DEPLOYMENT} {annotation}"), "registry.main/Secret/registry-s3 data.secret-key".to_owned()];
    let mut found = planned(&project);
    found.sort();
    assert_eq!(found, expected);
    let said = project.run(["apply", "--auto-approve"]).success();
    said.stdout_lacks(SECRET_KEY).stdout_lacks("another secret key").stderr_lacks("another secret key");
    assert_ne!(ns.field("deployment/registry", CONFIG_CHECKSUM), checksum);
    project.expect_settled();
    let state = project.state().to_string();
    assert!(!state.contains(ACCESS_KEY) && !state.contains("another secret key"), "{state}");
}

fn keys_that_are_not_set_are_not_checked_and_not_applied() {
    let ns = Namespace::absent();
    let project = stored(&ns, BUCKET);
    project.apply();
    let (key, pods) =
        (secret(&ns, "registry-s3", "access-key"), ns.field("deployment/registry", "/spec/template"));
    let unset = |args: &[&'static str]| project.regplan([]).args(args.to_vec()).env_remove("STORE_KEY").run();
    unset(&["plan", "--detailed-exitcode"]).code(0).stdout_contains("STORE_KEY is not set");
    project.edit("regplan.toml", "image          = \"registry:3.1.1\"", "image = \"registry:3.1.2\"");
    unset(&["apply", "--auto-approve"]).code(1).stderr_contains("STORE_KEY");
    assert_eq!(secret(&ns, "registry-s3", "access-key"), key);
    assert_eq!(ns.field("deployment/registry", "/spec/template"), pods);
}

fn a_way_to_a_bucket_and_back_moves_nothing_and_says_so() {
    let ns = Namespace::absent();
    let project = stored(&ns, VOLUME);
    project.apply();
    let claim = ns.field("pvc/registry", "/metadata/uid");
    project.edit("regplan.toml", VOLUME, BUCKET);
    let said = warnings(&project);
    assert!(
        said.contains("its pods leave the volume of registry: what is stored there stays there"),
        "{said}"
    );
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("its pods leave the volume of registry")
        .stdout_contains(&format!("= {CLAIM}"))
        .stdout_contains(&format!("--consent {CLAIM}"));
    project.apply();
    assert_eq!(ns.field("pvc/registry", "/metadata/uid"), claim, "the images are still there");
    assert_eq!(ns.field("deployment/registry", "/spec/strategy/type"), "RollingUpdate");
    assert_eq!(ns.field("deployment/registry", "/spec/template/spec/volumes").as_array().unwrap().len(), 2);
    assert_eq!(warnings(&project), "", "once is enough");
    // And back: the images of the volume are served again, those of the bucket are not.
    project.edit("regplan.toml", BUCKET, VOLUME);
    let said = warnings(&project);
    assert!(
        said.contains("its pods get the volume of registry: what they stored elsewhere stays there"),
        "{said}"
    );
    project.apply();
    assert_eq!(ns.field("pvc/registry", "/metadata/uid"), claim);
    assert_eq!(ns.field("deployment/registry", "/spec/strategy"), json!({"type": "Recreate"}));
    assert!(ns.find("secret/registry-s3").is_none());
    project.expect_settled();
}

/// What the plan warns of at the Deployment.
fn warnings(project: &Project<'_>) -> String {
    let plan = project.run(["plan", "--format=json"]).success().json();
    let found = change(&plan, DEPLOYMENT)["warnings"].as_array().cloned().unwrap_or_default();
    found.iter().map(|warning| warning.as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>().join("\n")
}

fn an_overlay_puts_a_bucket_in_the_place_of_a_volume() {
    let ns = Namespace::absent();
    let project = stored(&ns, VOLUME).write("prod.toml", &format!("[registry.main]\n{BUCKET}\n"));
    let both = ["-f", "regplan.toml", "-f", "prod.toml"];
    let rendered = project.regplan(["render", "--format=json"]).args(both).run().success();
    rendered.stdout_contains("registry-s3").stdout_lacks("PersistentVolumeClaim");
}

fn what_is_wrong_with_a_bucket_is_told_at_its_place() {
    let ns = Namespace::absent();
    let project = stored(&ns, VOLUME);
    for (storage, said) in [
        (
            format!("{VOLUME}\n{BUCKET}"),
            "`registry.main.storage.volume` and `registry.main.storage.s3` cannot be used together",
        ),
        ("storage = {}".to_owned(), "`storage` does not say where images are stored"),
        (BUCKET.replace("https://", ""), "a URL without a path"),
        (BUCKET.replace("spaces.com", "spaces.com/images"), "a URL without a path"),
        (BUCKET.replace("\"images\"", "\"Images\""), "3 to 63 lower-case letters"),
        (BUCKET.replace("\"images\"", "\"im\""), "registry.main.storage.s3.bucket"),
        (BUCKET.replace("\"images\"", "\"im..ages\""), "3 to 63 lower-case letters"),
        (BUCKET.replace("bucket =", "prefix = \"/a/\", bucket ="), "with a `/` between two of them"),
        (BUCKET.replace("bucket =", "buckett = \"a\", bucket ="), "did you mean `bucket`?"),
        (
            BUCKET.replace("{ env = \"STORE_KEY\" }", "\"clear-canary\""),
            "registry.main.storage.s3.access_key",
        ),
        (BUCKET.replace("https://", "https://key:clear-canary@"), "has a user or a password in it"),
    ] {
        project.rewrite("regplan.toml", &REGISTRY.replace(VOLUME, &storage));
        let refused = project.run(["validate"]).code(1);
        refused.stderr_contains(said).stderr_contains("regplan.toml:");
        refused.stderr_lacks("clear-canary").stdout_lacks("clear-canary");
    }
}
