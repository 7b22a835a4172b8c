//! What others have added inside what we own: shown, and drift only where that is asked for.

use base64::prelude::*;
use serde_json::{Value, json};

use super::{applied, finding};
use crate::harness::{Behaviour, GREETING, HEAD, Namespace, SERVICE, WEB, Webhook};
use crate::plane::pki::Authority;

tests! {
    what_others_add_to_what_we_own_is_shown_with_its_manager,
    what_was_there_at_the_last_apply_is_no_addition,
    annotations_and_what_the_control_plane_writes_are_counted,
    what_admission_adds_is_no_addition,
    an_authority_is_no_addition_where_we_ask_for_it,
    a_key_that_others_add_to_a_secret_shows_no_value,
    additions_beside_a_changed_field_are_told_apart,
    what_is_scaled_is_counted_where_the_number_is_left_to_others,
}

const SIDECAR: &str =
    r#"{"spec": {"template": {"spec": {"containers": [{"name": "sidecar", "image": "spy:1"}]}}}}"#;

/// Adds list items, as somebody else with `kubectl patch`.
fn strategic(ns: &Namespace, target: &str, patch: &str) {
    ns.kubectl(["patch", target, "--type=strategic", "--patch", patch]).run().success();
}

fn paths(found: &Value, key: &str) -> Vec<String> {
    let fields = found[key].as_array().unwrap().iter();
    fields.map(|field| field["path"].as_str().unwrap().to_owned()).collect()
}

fn what_others_add_to_what_we_own_is_shown_with_its_manager() {
    let ns = Namespace::new();
    let service = SERVICE.replace("{ port = 80 }", "{ name = \"web\", port = 80 }");
    let project = applied(&ns, &format!("{HEAD}{WEB}{service}"));
    strategic(&ns, "deployment/web", SIDECAR);
    strategic(
        &ns,
        "deployment/web",
        r#"{"spec": {"template": {"spec": {"containers": [{"name": "main", "env": [{"name": "DEBUG", "value": "1"}]}],
            "volumes": [{"name": "tmp", "emptyDir": {}}]}}}}"#,
    );
    strategic(&ns, "service/inbox", r#"{"spec": {"ports": [{"name": "spy", "port": 9999}]}}"#);
    let text = project.run(["drift"]).success();
    text.stdout_contains("containers[sidecar]").stdout_contains("containers[main].env");
    text.stdout_contains("spec.template.spec.volumes").stdout_contains("9999");
    text.stdout_contains("added by kubectl-patch").stdout_contains("In sync: 2 resources");
    text.stdout_contains("--strict");
    let found = finding(&project.run(["drift", "--format", "json"]).success(), "resource.web");
    assert_eq!(found["status"], "in_sync");
    let expected = [
        "spec.template.spec.containers[main].env",
        "spec.template.spec.containers[sidecar]",
        "spec.template.spec.volumes",
    ];
    assert_eq!(paths(&found, "added"), expected);
    assert_eq!(found["added"][1]["by"][0]["manager"], "kubectl-patch");
    assert_eq!(found["added"][1]["after"]["image"], "spy:1");
    project.run(["drift", "--format", "markdown"]).success().stdout_contains("sidecar");
    // Where that is asked for, it is drift.
    let strict = project.run(["drift", "--strict"]).code(2);
    strict.stdout_contains("Drift: 2 of 2").stdout_contains("added by kubectl-patch");
    let found = finding(&project.run(["drift", "--strict", "--format", "json"]).code(2), "resource.web");
    assert_eq!((&found["status"], paths(&found, "fields").len()), (&json!("changed"), 3));
    assert_eq!(found["fields"][0]["event"], "added_by_others");
}

fn what_was_there_at_the_last_apply_is_no_addition() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{HEAD}{WEB}"));
    strategic(&ns, "deployment/web", SIDECAR);
    project.run(["drift", "--strict"]).code(2);
    // The next write records what others have by then, as it records what admission adds.
    project.edit("regplan.toml", "web:1", "web:2");
    project.apply();
    project.run(["drift", "--strict"]).success().stdout_lacks("sidecar");
    let found = finding(&project.run(["drift", "--format", "json"]).success(), "resource.web");
    assert_eq!((&found["added"], &found["foreign"]), (&json!([]), &json!(1)));
}

fn what_admission_adds_is_no_addition() {
    let ns = Namespace::new();
    let _webhook = Webhook::start(&ns, &["deployments"], Behaviour::Inject);
    let project = applied(&ns, &format!("{HEAD}{WEB}"));
    let containers = ns.field("deployment/web", "/spec/template/spec/containers");
    assert_eq!(containers.as_array().unwrap().len(), 2, "{containers}");
    project.run(["drift", "--strict"]).success();
}

/// A webhook configuration without an authority, and whoever calls it a service that is not there.
const HOOKS: &str = r#"
[resource.hooks]
apiVersion = "admissionregistration.k8s.io/v1"
kind = "ValidatingWebhookConfiguration"
metadata = { name = "{prefix}-hooks" }

[[resource.hooks.webhooks]]
name = "a.example.com"
admissionReviewVersions = ["v1"]
sideEffects = "None"
failurePolicy = "Ignore"
namespaceSelector.matchLabels.never = "there"
clientConfig.service = { name = "front", namespace = "{ns}" }
"#;

/// As cert-manager's injector fills in the authority of a webhook.
fn an_authority_is_no_addition_where_we_ask_for_it() {
    let ns = Namespace::new();
    let asks = r#"{ name = "{prefix}-hooks", annotations."cert-manager.io/inject-ca-from" = "a/b" }"#;
    let hooks = HOOKS.replace("{ name = \"{prefix}-hooks\" }", asks);
    let project = applied(&ns, &format!("{HEAD}{hooks}"));
    let target = ns.fill("validatingwebhookconfiguration/{prefix}-hooks");
    let authority = BASE64_STANDARD.encode(Authority::new().unwrap().certificate());
    let patch = json!([{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": authority}]);
    let patch = patch.to_string();
    let inject = || {
        let args = ["patch", target.as_str(), "--type=json", "--patch", patch.as_str()];
        ns.kubectl(args).args(["--field-manager=cert-manager-cainjector"]).run().success();
    };
    inject();
    for strict in [&[][..], &["--strict"]] {
        let drift = project.regplan(["drift"]).args(strict).run().success();
        drift.stdout_contains("1 field managed by others is not compared").stdout_lacks("caBundle");
    }
    // An annotation of others asks for nothing: beside it, they could put in an authority of their own.
    ns.delete(&target);
    project.rewrite("regplan.toml", &ns.fill(&format!("{HEAD}{HOOKS}")));
    project.apply();
    ns.kubectl(["annotate", &target, "cert-manager.io/inject-ca-from=a/b"]).run().success();
    inject();
    project.run(["drift", "--strict"]).code(2).stdout_contains("caBundle").stdout_contains("added by");
    ns.clean_up(&target);
}

fn annotations_and_what_the_control_plane_writes_are_counted() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{GREETING}{WEB}"));
    ns.patch("configmap/greeting", &json!({"metadata": {"labels": {"theirs": "x"}}}));
    ns.kubectl(["rollout", "restart", "deployment/web"]).run().success();
    let text = project.run(["drift", "--strict"]).success();
    text.stdout_contains("managed by others").stdout_lacks("restartedAt");
    let json = project.run(["drift", "--strict", "--format", "json"]).success();
    assert_eq!(finding(&json, "resource.greeting")["foreign"], 1);
    assert!(finding(&json, "resource.web")["foreign"].as_u64().unwrap() >= 1);
    assert_eq!(finding(&json, "resource.web")["added"], json!([]));
}

fn a_key_that_others_add_to_a_secret_shows_no_value() {
    let ns = Namespace::new();
    let secret =
        "\n[resource.login]\napiVersion = \"v1\"\nkind = \"Secret\"\nstringData = { ours = \"x\" }\n";
    let project = applied(&ns, &format!("{HEAD}{secret}"));
    ns.patch("secret/login", &json!({"stringData": {"theirs": "swordfish"}}));
    for args in [&["drift", "--strict"][..], &["drift"], &["drift", "--format", "json"]] {
        let ended = project.run(args.iter().copied()).any();
        ended.stdout_contains("data.theirs").stdout_lacks("swordfish").stdout_lacks("c3dvcmRmaXNo");
    }
}

fn additions_beside_a_changed_field_are_told_apart() {
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    ns.patch("configmap/greeting", &json!({"data": {"hello": "moon", "theirs": "y"}}));
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.greeting");
    assert_eq!(
        (paths(&found, "fields"), paths(&found, "added")),
        (vec!["data.hello".into()], vec!["data.theirs".into()])
    );
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("data.hello: \"world\" -> \"moon\"").stdout_contains("data.theirs: \"y\"");
}

/// As an autoscaler writes: through the scale subresource.
fn scaled_by(ns: &Namespace, manager: &str, replicas: u8) {
    let patch = json!({"spec": {"replicas": replicas}}).to_string();
    let scale = ["patch", "deployment/web", "--subresource=scale", "--type=merge", "--patch", &patch];
    ns.kubectl(scale).args([format!("--field-manager={manager}")]).run().success();
}

fn what_is_scaled_is_counted_where_the_number_is_left_to_others() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{HEAD}{WEB}"));
    // The number leaves the file after others have taken it: the next apply forgets that it was ours.
    scaled_by(&ns, "keda", 3);
    project.edit("regplan.toml", "replicas = 1\n", "");
    project.run(["drift"]).code(2).stdout_contains("spec.replicas");
    project.apply();
    for manager in ["kubectl", "kube-controller-manager", "keda"] {
        scaled_by(&ns, manager, 4);
        for strict in [&[][..], &["--strict"]] {
            let drift = project.regplan(["drift"]).args(strict).run().success();
            drift.stdout_contains("1 field managed by others is not compared").stdout_lacks("spec.replicas");
        }
        let plan = project.run(["plan", "--detailed-exitcode"]).success();
        plan.stdout_contains("1 field managed by others is left unchanged");
        scaled_by(&ns, manager, 1);
    }
    // A container that somebody adds to a running pod comes through a subresource too, and is no such number.
    let pod =
        "apiVersion = \"v1\"\nkind = \"Pod\"\nspec.containers = [{ name = \"main\", image = \"web:1\" }]\n";
    project.rewrite("regplan.toml", &format!("{HEAD}[resource.one]\n{pod}"));
    project.apply();
    let debug = json!({"spec": {"ephemeralContainers": [{"name": "spy", "image": "spy:1"}]}}).to_string();
    let path =
        ["patch", "pod/one", "--subresource=ephemeralcontainers", "--type=strategic", "--patch", &debug];
    ns.kubectl(path).run().success();
    project.run(["drift"]).success().stdout_contains("ephemeralContainers").stdout_contains("added by");
    project.run(["drift", "--strict"]).code(2);
}
