//! Files that were exported from a cluster (`kubectl get -o yaml`): what controllers write into objects is left to them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::harness::{Namespace, wait_for};
use crate::plane::pki::Authority;

tests! {
    an_exported_set_is_adopted_and_stays_quiet,
    an_exported_set_can_be_applied_elsewhere,
    an_authority_that_is_injected_is_left_to_its_injector,
    what_an_unknown_controller_writes_is_left_to_it_by_the_line_of_the_plan,
}

const SET: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "web:1" }] }
---
apiVersion: v1
kind: Service
metadata: { name: front }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
---
apiVersion: batch/v1
kind: Job
metadata: { name: once }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: job }] } } }
---
apiVersion: v1
kind: Secret
metadata: { name: token, annotations: { kubernetes.io/service-account.name: default } }
type: kubernetes.io/service-account-token
"#;

const HEAD: &str = "[project]\nname = \"{project}\"\n[cluster]\nnamespace = \"{ns}\"\n\
                    [manifest.all]\npath = \"all.json\"\n";

/// The set as kubectl exports it, after the controllers have written into it.
fn export(ns: &Namespace) -> Value {
    ns.apply(SET);
    let written = |target: &str, pointer: &'static str| {
        wait_for(pointer, || {
            let found = ns.find(target)?;
            found.pointer(pointer).filter(|value| !value.is_null()).cloned()
        })
    };
    written("deployment/web", "/metadata/annotations/deployment.kubernetes.io~1revision");
    written("secret/token", "/data/token");
    let targets = ["deployment/web", "service/front", "job/once", "secret/token"];
    json!({"apiVersion": "v1", "kind": "List", "items": targets.map(|target| ns.get(target))})
}

fn an_exported_set_is_adopted_and_stays_quiet() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", HEAD).write("all.json", &export(&ns).to_string());
    let objects = ["Deployment/web", "Service/front", "Job/once", "Secret/token"];
    let adopt = objects.map(|object| format!("--adopt=manifest.all/{object}"));
    let adopted = project.regplan(["apply", "--auto-approve"]).args(adopt).run().success();
    adopted.stderr_contains("left out").stderr_contains("deployment.kubernetes.io/revision");
    project.expect_settled();
    // A rollout by others makes another revision.
    ns.kubectl(["rollout", "restart", "deployment/web"]).run().success();
    wait_for("another revision", || {
        let revision = "/metadata/annotations/deployment.kubernetes.io~1revision";
        (ns.field("deployment/web", revision) == "2").then_some(())
    });
    project.expect_settled();
    let token = ns.field("secret/token", "/data/token");
    assert!(token.is_string());
}

fn an_exported_set_can_be_applied_elsewhere() {
    let (from, to) = (Namespace::new(), Namespace::new());
    let text = export(&from).to_string().replace(&from.name(), &to.name());
    let project = to.project().write("regplan.toml", HEAD).write("all.json", &text);
    project.apply();
    project.expect_settled();
    let ip = "/spec/clusterIP";
    assert_ne!(to.field("service/front", ip), from.field("service/front", ip));
    assert_ne!(to.field("secret/token", "/data/token"), from.field("secret/token", "/data/token"));
}

/// As the files of cert-manager's users have it: a placeholder, in place of which the injector puts its authority.
fn an_authority_that_is_injected_is_left_to_its_injector() {
    let ns = Namespace::new();
    let hooks = ns.fill("{prefix}-hooks");
    let webhook = json!({"name": "a.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "failurePolicy": "Ignore", "namespaceSelector": {"matchLabels": {"never": "there"}},
        "clientConfig": {"service": {"name": "front", "namespace": ns.name()}, "caBundle": "Cg=="}});
    let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": hooks, "annotations": {"cert-manager.io/inject-ca-from": "a/b"}}, "webhooks": [webhook]});
    let project = ns.project().write("regplan.toml", HEAD).write("all.json", &configuration.to_string());
    project.apply().stderr_contains("caBundle").stderr_contains("left out");
    let authority = BASE64_STANDARD.encode(Authority::new().unwrap().certificate());
    let patch =
        json!([{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": authority}]).to_string();
    let target = format!("validatingwebhookconfiguration/{hooks}");
    ns.kubectl(["patch", &target, "--type=json", "--patch", &patch]).run().success();
    project.expect_settled();
    project.edit("all.json", "a.example.com", "b.example.com");
    project.apply();
    project.expect_settled();
    ns.delete(&target);
}

/// The line of `ignore_changes` that the plan suggests. It is never broken but behind its `=`.
fn suggested(plan: &str) -> String {
    let mut words = plan.split_whitespace().skip_while(|word| *word != "ignore_changes");
    words.by_ref().take(3).collect::<Vec<_>>().join(" ")
}

/// A controller that nobody knows writes after each apply. Whoever copies the line into the file has an end of it.
fn what_an_unknown_controller_writes_is_left_to_it_by_the_line_of_the_plan() {
    let ns = Namespace::new();
    let mut set = export(&ns);
    let items = set["items"].as_array_mut().unwrap();
    items.retain(|item| item["kind"] == "Deployment");
    items[0]["metadata"]["annotations"]["example.com/counted"] = json!("1");
    let project = ns.project().write("regplan.toml", HEAD).write("all.json", &set.to_string());
    project.run(["apply", "--auto-approve", "--adopt=manifest.all/Deployment/web"]).success();
    project.expect_settled();
    let count = |number: &str| {
        let counted = json!({"metadata": {"annotations": {"example.com/counted": number}}});
        ns.patch("deployment/web", &counted);
    };
    for number in ["2", "3"] {
        count(number);
        project.run(["plan", "--detailed-exitcode"]).code(2).stdout_contains("example.com/counted");
        project.apply();
    }
    count("4");
    let plan = project.run(["plan"]).success();
    let line = suggested(plan.stdout());
    assert_eq!(line, "ignore_changes = ['Deployment/web:metadata.annotations[\"example.com/counted\"]']");
    project.rewrite("regplan.toml", &format!("{HEAD}[manifest.all.lifecycle]\n{line}\n"));
    project.apply();
    for number in ["5", "6"] {
        count(number);
        project.expect_settled();
        project.run(["drift"]).success();
    }
    assert_eq!(ns.field("deployment/web", "/metadata/annotations/example.com~1counted"), "6");
}
