//! After an apply, a plan finds no difference and a second apply writes nothing, although the server, its
//! controllers and other managers have changed the objects in the meantime.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::examples::{PASSWORD, bucket_example, crd_example, live_reference_example, registry_example};
use crate::harness::{Namespace, Project, Proxy, changes, wait_for};
use crate::plane::pki::Authority;

tests! {
    every_configuration_that_we_keep_is_tried_here,
    the_adversarial_set_is_idempotent,
    the_registry_is_idempotent,
    the_registry_with_a_bucket_is_idempotent,
    the_definition_and_its_resource_are_idempotent,
    the_live_reference_is_idempotent,
    two_plans_before_the_first_apply_are_the_same,
}

/// The configurations that the tests below apply.
const TRIED: &[&str] = &[
    "examples/bucket",
    "examples/crd",
    "examples/live-reference",
    "examples/registry",
    "testdata/adversarial",
];

/// What needs controllers that only the test bed has: the tests of `stack` try it.
const ON_THE_BED: &str = "examples/tutorial";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn every_configuration_that_we_keep_is_tried_here() {
    let mut found: Vec<String> = Vec::new();
    for folder in ["examples", "testdata"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.path().join("regplan.toml").exists() {
                found.push(format!("{folder}/{}", entry.file_name().to_string_lossy()));
            }
        }
    }
    found.retain(|found| found != ON_THE_BED);
    found.sort();
    assert_eq!(found, TRIED);
}

/// The resources whose objects no record can prove to be unchanged. The files give them empty values, which the
/// server does not store, so another apply might be a write.
const WITH_EMPTY_VALUES: &[&str] = &[
    "clusterroles.rbac.authorization.k8s.io",
    "configmaps",
    "customresourcedefinitions.apiextensions.k8s.io",
    "deployments.apps",
    "jobs.batch",
    "networkpolicies.networking.k8s.io",
    "services",
];

/// There is nothing to change. The lists prove that, but for one object of each of the resources `in_doubt`, for
/// which there is a dry-run. And nothing is written.
fn expect_no_changes_but(project: &Project<'_>, proxy: &Proxy, in_doubt: &[&str]) {
    proxy.forget();
    let plan = project.run(["plan", "--format", "json"]).success().json();
    let changes = changes(&plan);
    let differing: Vec<&Value> =
        changes.iter().filter(|change| change["action"] != "none" || change["fields"] != json!([])).collect();
    assert!(differing.is_empty(), "{differing:#?}");
    let asked: Vec<String> =
        proxy.requests().iter().filter(|seen| seen.dry_run).map(ToString::to_string).collect();
    let is_asked =
        |resource: &&str| asked.iter().any(|asked| asked.starts_with(&format!("apply {resource} ")));
    assert_eq!(asked.len(), in_doubt.len(), "the record should have proved most of these: {asked:#?}");
    assert!(in_doubt.iter().all(is_asked), "{asked:#?}");
    project.expect_settled();
    project.apply();
    project.run(["plan", "--detailed-exitcode"]).success();
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
}

fn expect_no_changes(project: &Project<'_>, proxy: &Proxy) {
    expect_no_changes_but(project, proxy, &[]);
}

/// There is nothing to change without a state either. Dry-runs show that then.
fn expect_no_changes_without_a_record(project: &Project<'_>, proxy: &Proxy) {
    fs::remove_dir_all(project.path(".regplan")).unwrap();
    proxy.forget();
    let plan = project.run(["plan", "--format", "json"]).success().json();
    let changes = changes(&plan);
    let differing: Vec<&Value> = changes.iter().filter(|change| change["action"] != "none").collect();
    assert!(differing.is_empty(), "{differing:#?}");
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
}

/// A copy of a folder, with a name in its files replaced by that of the namespace.
pub(crate) fn copied<'n>(ns: &'n Namespace, folder: &str, name: &str) -> Project<'n> {
    let root = root().join(folder);
    let mut project = ns.project();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap().replace(name, &ns.name());
            project = project.write(path.strip_prefix(&root).unwrap().to_str().unwrap(), &text);
        }
    }
    project
}

/// Adds the authority of a webhook, as cert-manager does.
fn inject(ns: &Namespace, target: &str, pointer: &str) {
    let authority = BASE64_STANDARD.encode(Authority::new().unwrap().certificate());
    let patch = json!([{ "op": "add", "path": pointer, "value": authority }]).to_string();
    ns.kubectl(["patch", target, "--type=json", "--patch", &patch]).run().success();
}

fn the_adversarial_set_is_idempotent() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = copied(&ns, "testdata/adversarial", "adversarial").through(&proxy);
    project.apply();
    let role = ns.fill("clusterrole/{ns}");
    wait_for("the collected rules", || {
        let rules = ns.field(&role, "/rules");
        rules.as_array().is_some_and(|rules| !rules.is_empty()).then_some(())
    });
    // Every apply of a custom resource with `labels: null` is a write, with a new `resourceVersion`: no proof may say
    // that nothing would change.
    let widgets = ns.fill("widgets.{ns}.example.com");
    let in_doubt: Vec<&str> = WITH_EMPTY_VALUES.iter().copied().chain([widgets.as_str()]).collect();
    expect_no_changes_but(&project, &proxy, &in_doubt);
    // An autoscaler, an injector of authorities, and somebody's labels: none of these fields are ours.
    ns.kubectl(["scale", "deployment/scaled", "--replicas=3"]).run().success();
    ns.kubectl(["label", "deployment/scaled", "service/odd", "theirs=yes"]).run().success();
    let configuration = ns.fill("validatingwebhookconfiguration/{ns}");
    inject(&ns, &configuration, "/webhooks/0/clientConfig/caBundle");
    let definition = ns.fill("crd/widgets.{ns}.example.com");
    inject(&ns, &definition, "/spec/conversion/webhook/clientConfig/caBundle");
    expect_no_changes_but(&project, &proxy, &in_doubt);
    // If we own an empty map, no record tells whether the keys of others in it stay. The server has to be asked.
    ns.kubectl(["label", "deployment/odd", "theirs=yes"]).run().success();
    expect_no_changes_without_a_record(&project, &proxy);
    // A change in the files is the only change in the plan.
    project.edit("regplan.toml", "main:1", "main:2");
    project.edit("manifests/storage.yaml", "plain: text", "plain: other");
    let plan = project.run(["plan", "--format", "json"]).success().json();
    let changes = changes(&plan).iter();
    let fields: Vec<&Value> =
        changes.flat_map(|change| change["fields"].as_array().unwrap()).map(|field| &field["path"]).collect();
    assert_eq!(fields, ["data.plain", "spec.template.spec.containers[main].image"]);
    ns.delete(&definition).delete(&configuration).delete(&role);
    ns.delete("clusterrole/{ns}-part").delete("clusterrolebinding/{ns}");
    ns.delete("priorityclass/{ns}");
}

fn the_registry_is_idempotent() {
    let ns = Namespace::absent();
    let proxy = ns.proxy();
    let project = registry_example(&ns).through(&proxy).env("CI_PASSWORD", PASSWORD);
    project.apply();
    expect_no_changes(&project, &proxy);
}

fn the_registry_with_a_bucket_is_idempotent() {
    let ns = Namespace::absent();
    let proxy = ns.proxy();
    let project = bucket_example(&ns).through(&proxy).env("CI_PASSWORD", PASSWORD);
    project.apply();
    expect_no_changes(&project, &proxy);
}

fn the_definition_and_its_resource_are_idempotent() {
    let ns = Namespace::absent();
    let proxy = ns.proxy();
    let project = crd_example(&ns).through(&proxy);
    project.apply();
    expect_no_changes(&project, &proxy);
    ns.clean_up("crd/mirrors.{prefix}.example.com");
}

fn the_live_reference_is_idempotent() {
    let ns = Namespace::absent();
    let proxy = ns.proxy();
    let project = live_reference_example(&ns).through(&proxy);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.front");
    ns.patch_status("service/front", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}));
    apply.wait().success();
    expect_no_changes(&project, &proxy);
}

/// The apply generates secrets and hashes. A plan contains none of them, and nothing that is computed from them.
fn two_plans_before_the_first_apply_are_the_same() {
    let ns = Namespace::absent();
    let project = registry_example(&ns).env("CI_PASSWORD", PASSWORD);
    let plan = || {
        let mut plan = project.run(["plan", "--format", "json"]).success().json();
        // Without a state, every run has another lineage.
        plan["lineage"].take();
        plan
    };
    let (first, second) = (plan(), plan());
    assert_eq!(first["changes"], second["changes"]);
    project.run(["plan", "--full"]).success().stdout_contains("secret: (sensitive)");
}
