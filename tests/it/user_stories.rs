//! What users of other tools complain about, and the test that answers each complaint about planning.
//!
//! | Complaint | Answered by |
//! |---|---|
//! | the diff fails when the namespace or the definition is part of the same change | `a_plan_shows_what_stands_on_what_it_makes`, `schemas` |
//! | the approved plan is not what gets applied | all of `approval` |
//! | the plan needs the right to write | `a_plan_needs_no_right_to_write`, `admission::missing_rights_flag_a_resource_and_never_fail_the_plan` |
//! | one webhook that refuses dry-runs kills the whole diff | `admission::a_webhook_that_refuses_dry_runs_flags_one_resource` |
//! | differences that never end | `idempotence::the_adversarial_set_is_idempotent` and all of `idempotence` |
//! | edits by hand are missed, or nobody says who made them | `attribution::drift::a_scaled_deployment_is_drift_and_the_key_keeps_it`, `attribution::drift::a_patched_value_and_a_removed_one_are_drift` |
//! | an autoscaler and the tool fight over replicas | `an_autoscaler_is_named_and_not_fought`, `handover` |
//! | exit codes are ambiguous | `each_exit_code_means_one_thing`; of `drift`: `drift::unobserved::drift_goes_before_what_cannot_be_read` |
//! | the wrong cluster | `a_wrong_cluster_is_asked_who_it_is_and_nothing_else`, `only_the_context_of_the_file_is_spoken_to` |
//! | a plan that no comment can hold | `plan_forms::markdown_stays_within_its_limit` |
//! | too slow: a request for each object, one after the other | `requests::reading::more_unchanged_objects_cost_no_more_requests`, `requests::reading::dry_runs_run_side_by_side` |

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{
    GREETING, HEAD, MANIFESTS, Namespace, Port, Project, Proxy, SERVICE, WEB, change, mirror_definition,
    wait_until,
};
use crate::plane::kubeconfig::Kubeconfig;

tests! {
    a_plan_shows_what_stands_on_what_it_makes,
    a_plan_needs_no_right_to_write,
    an_autoscaler_is_named_and_not_fought,
    each_exit_code_means_one_thing,
    a_wrong_cluster_is_asked_who_it_is_and_nothing_else,
    only_the_context_of_the_file_is_spoken_to,
}

/// The plan in JSON; it ends with this code.
fn plan(project: &Project<'_>, code: i32) -> Value {
    project.run(["plan", "--detailed-exitcode", "--format", "json"]).code(code).json()
}

fn a_plan_shows_what_stands_on_what_it_makes() {
    let ns = Namespace::absent();
    let objects = r#"
apiVersion: v1
kind: Namespace
metadata: { name: "{ns}" }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: inside, namespace: "{ns}" }
data: { a: b }
---
apiVersion: "{prefix}.example.com/v1"
kind: Mirror
metadata: { name: hub }
spec: { url: "https://example.com" }
"#;
    let all = mirror_definition("Cluster") + "---" + objects;
    // This is the complaint: kubectl can compare neither of the two.
    let diff = ns.kubectl(["diff", "--server-side", "--filename=-"]).stdin(ns.fill(&all)).run().any();
    diff.check(diff.exit_code() > Some(1), "kubectl has learnt to compare these");
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", MANIFESTS).write("all.yaml", &all).through(&proxy);
    let plan = plan(&project, 2);
    assert_eq!((&plan["errors"], &plan["summary"]["add"]), (&json!([]), &json!(4)), "{plan:#}");
    let fidelity = |address: &str| change(&plan, &ns.fill(address))["fidelity"].clone();
    for made in
        ["manifest.all/Namespace/{ns}", "manifest.all/CustomResourceDefinition/mirrors.{prefix}.example.com"]
    {
        assert_eq!(fidelity(made)["kind"], "dry_run", "{plan:#}");
    }
    for (stands, on) in [
        ("manifest.all/ConfigMap/{ns}/inside", "the namespace `{ns}` is made by this plan"),
        (
            "manifest.all/Mirror.{prefix}.example.com/hub",
            "the kind Mirror.{prefix}.example.com is made by this plan",
        ),
    ] {
        assert_eq!(fidelity(stands), json!({"kind": "predicted", "reason": ns.fill(on)}));
    }
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
    project.apply();
    project.expect_settled();
    ns.clean_up("crd/mirrors.{prefix}.example.com");
}

/// Under an account that may only get and list.
fn a_plan_needs_no_right_to_write() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let old = "\n[resource.old]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    let config = format!("{GREETING}{WEB}{old}");
    let project = ns.project().write("regplan.toml", &config).through(&proxy);
    project.apply();
    let reader = [("", "namespaces"), ("", "configmaps"), ("", "services"), ("apps", "deployments")].map(
        |(group, resource)| json!({"apiGroups": [group], "resources": [resource], "verbs": ["get", "list"]}),
    );
    ns.account("reader", &json!(reader));
    let token = ns.kubectl(["create", "token", "reader"]).run().success();
    let project = project.kubeconfig(proxy.kubeconfig_with_token(token.stdout().trim()));
    proxy.forget();
    project.expect_settled();
    assert_eq!(verbs(&proxy), ["get", "list"], "what is proved takes no more: {}", proxy.log());
    // A change of each kind: an edit of the file, an edit by hand, a new block, and a block that is gone.
    project.rewrite("regplan.toml", &format!("{GREETING}{WEB}{SERVICE}").replace("world", "moon"));
    ns.kubectl(["scale", "deployment/web", "--replicas=5"]).run().success();
    proxy.forget();
    let plan = plan(&project, 2);
    assert_eq!(plan["errors"], json!([]), "{plan:#}");
    let told = |address: &str| {
        let change = change(&plan, address);
        let lines = change["fields"].as_array().unwrap().iter();
        let lines = lines.map(|line| format!("{}: {} -> {}", line["path"], line["before"], line["after"]));
        (change["action"].as_str().unwrap(), lines.collect::<Vec<_>>())
    };
    assert_eq!(told("resource.greeting"), ("update", vec![r#""data.hello": "world" -> "moon""#.to_owned()]));
    assert_eq!(told("resource.web"), ("update", vec![r#""spec.replicas": 5 -> 1"#.to_owned()]));
    assert_eq!(change(&plan, "resource.web")["fields"][0]["cause"]["by"][0]["manager"], "kubectl");
    assert_eq!(told("resource.inbox").0, "create");
    assert_eq!(told("resource.old").0, "delete");
    for tried in ["resource.greeting", "resource.web", "resource.inbox"] {
        let fidelity = &change(&plan, tried)["fidelity"];
        let reason = fidelity["reason"].as_str().unwrap_or_default();
        assert_eq!(fidelity["kind"], "predicted", "{fidelity}");
        assert!(reason.starts_with("no permission for a dry-run"), "{reason}");
    }
    // The server was asked for each of the three rights, and nothing else was sent.
    let reviews: Vec<String> = proxy
        .requests()
        .iter()
        .filter(|seen| seen.resource == "selfsubjectaccessreviews.authorization.k8s.io")
        .map(|seen| seen.json()["spec"]["resourceAttributes"].clone())
        .map(|asked| format!("{} {}", asked["verb"], asked["resource"]))
        .collect();
    for right in [r#""patch" "configmaps""#, r#""patch" "deployments""#, r#""create" "services""#] {
        assert!(reviews.iter().any(|asked| asked == right), "{reviews:?}");
    }
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
    assert!(
        proxy.requests().iter().filter(|seen| seen.verb == "apply").all(|seen| seen.dry_run),
        "{}",
        proxy.log()
    );
    assert_eq!(verbs(&proxy), ["apply", "create", "get", "list"], "{}", proxy.log());
}

/// The verbs of all requests.
fn verbs(proxy: &Proxy) -> Vec<String> {
    let verbs: BTreeSet<String> = proxy.requests().into_iter().map(|seen| seen.verb).collect();
    verbs.into_iter().collect()
}

/// The autoscaler is a real one. It needs no metrics to keep a minimum.
fn an_autoscaler_is_named_and_not_fought() {
    let ns = Namespace::new();
    let scaler = r#"
[resource.scaler]
apiVersion = "autoscaling/v2"
kind = "HorizontalPodAutoscaler"

[resource.scaler.spec]
minReplicas = 3
maxReplicas = 5
scaleTargetRef = { apiVersion = "apps/v1", kind = "Deployment", name = "web" }

[resource.scaler.lifecycle]
ready = "written"
"#;
    let proxy = ns.proxy();
    let config = format!("{HEAD}{WEB}{scaler}");
    let project = ns.project().write("regplan.toml", &config).through(&proxy);
    project.apply();
    wait_until("the autoscaler", || ns.field("deployment/web", "/spec/replicas") == 3);
    // Without `ignore_changes`, the plan changes the replicas back every time. It names the manager, and how to let it.
    let fought = plan(&project, 2);
    let line = &change(&fought, "resource.web")["fields"][0];
    assert_eq!(
        (&line["path"], &line["before"], &line["after"]),
        (&json!("spec.replicas"), &json!(3), &json!(1))
    );
    assert_eq!(line["cause"]["kind"], "drift");
    let manager = &line["cause"]["by"][0];
    assert_eq!(
        (&manager["manager"], &manager["subresource"]),
        (&json!("kube-controller-manager"), &json!("scale"))
    );
    let left = format!("{config}\n[resource.web.lifecycle]\nignore_changes = [\"spec.replicas\"]\n");
    proxy.forget();
    for image in ["web:1", "web:2", "web:3"] {
        project.rewrite("regplan.toml", &left.replace("web:1", image));
        project.apply();
        assert_eq!(ns.field("deployment/web", "/spec/replicas"), 3);
        project.expect_settled();
    }
    let sent = proxy.writes().into_iter().filter(|seen| seen.is("apply", "deployments.apps"));
    assert!(sent.map(|seen| seen.json()).all(|sent| sent["spec"].get("replicas").is_none()));
}

/// The exit code of a plan in each situation, with and without `--detailed-exitcode`.
fn each_exit_code_means_one_thing() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    let ends = |situation: &str, project: &Project<'_>, more: &[&str], plain: i32, detailed: i32| {
        for format in ["text", "json"] {
            let end = |flags: &[&str]| {
                let args = more.iter().chain(flags).copied();
                let ended = project.regplan(["plan", "--format", format]).args(args).run().any();
                (ended.exit_code(), ended)
            };
            let (code, ended) = end(&[]);
            assert_eq!(code, Some(plain), "{situation}, {format}:\n{}{}", ended.stdout(), ended.stderr());
            let (code, ended) = end(&["--detailed-exitcode"]);
            assert_eq!(code, Some(detailed), "{situation}, {format}:\n{}{}", ended.stdout(), ended.stderr());
            // The JSON says the same.
            if format == "json" && !ended.stdout().is_empty() {
                let plan = ended.json();
                let is_planned = plan["errors"] == json!([]);
                assert_eq!(is_planned && plan["has_changes"] == true, detailed == 2, "{situation}: {plan:#}");
                assert_eq!(is_planned, detailed != 1, "{situation}: {plan:#}");
            }
        }
    };
    let written = |config: &str| project.rewrite("regplan.toml", config);
    ends("something new", &project, &[], 0, 2);
    project.apply();
    ends("nothing to change", &project, &[], 0, 0);
    ends("all is to go", &project, &["--destroy"], 0, 2);
    ends("what is there is replaced", &project, &["--replace", "resource.greeting"], 0, 2);
    ns.patch("configmap/greeting", &json!({"data": {"theirs": "x"}}));
    ends("a field of others", &project, &[], 0, 0);
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    ends("drift", &project, &[], 0, 2);
    ns.patch("configmap/greeting", &json!({"data": {"hello": "world"}}));
    ends("nothing but the ownership", &project, &[], 0, 2);
    project.apply();
    written(&GREETING.replace("world", "moon"));
    ends("an edit of the file", &project, &[], 0, 2);
    written(HEAD);
    ends("a removed block", &project, &[], 0, 2);
    let protected = "\n[resource.greeting.lifecycle]\nprotect = true\n";
    written(&format!("{GREETING}{protected}"));
    project.apply();
    written(HEAD);
    ends("a removed block that stays", &project, &[], 0, 0);
    // Mistakes, refusals and failures are errors, also where there is something to change.
    written(&GREETING.replace("ConfigMap", "ConfigMop"));
    ends("an unknown kind", &project, &[], 1, 1);
    written(&format!("{GREETING}{SERVICE}").replace("port = 80", "port = 800000"));
    ends("a resource that is refused", &project, &[], 1, 1);
    ns.apply(r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "inbox"}, "spec": {"ports": [{"port": 1}]}}"#);
    written(&format!("{GREETING}{protected}{SERVICE}{WEB}"));
    ends("an object of others", &project, &[], 1, 1);
    written(&GREETING.replace("[project]", "[projcet]"));
    ends("a mistake in the file", &project, &[], 1, 1);
    written(GREETING);
    ends("a mistake on the command line", &project, &["--frobnicate"], 1, 1);
    ends("a file that is not there", &project, &["--file", "no.toml"], 1, 1);
    let blind = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]);
    let blind = ns.account("blind", &blind);
    ends("what cannot be read", &project, &["--kubeconfig", blind.to_str().unwrap()], 1, 1);
    let port = Port::take();
    let dead = Kubeconfig::new(format!("https://{}", port.address())).token("t");
    let dead = ns.write_kubeconfig("dead", &dead);
    ends("a dead server", &project, &["--kubeconfig", dead.to_str().unwrap()], 1, 1);
}

fn a_wrong_cluster_is_asked_who_it_is_and_nothing_else() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", GREETING).through(&proxy);
    project.apply();
    let refused = |commands: &[&str]| {
        for command in commands {
            proxy.forget();
            let ended = project
                .regplan([*command])
                .args((*command != "plan" && *command != "drift").then_some("--auto-approve"));
            ended.run().code(1).stderr_contains("this is the wrong cluster").stderr_contains("help: ");
            let asked: BTreeSet<String> = proxy.requests().iter().map(ToString::to_string).collect();
            assert_eq!(asked, BTreeSet::from(["get namespaces kube-system".to_owned()]), "{command}");
        }
    };
    let all = ["plan", "apply", "destroy", "drift"];
    for pin in
        ["uid = \"00000000-0000-0000-0000-000000000000\"", "server = \"https://prod.example.com:6443\""]
    {
        project.rewrite("regplan.toml", &GREETING.replace("[cluster]", &format!("[cluster]\n{pin}")));
        refused(&all);
    }
    // The configuration does not name the cluster, but the state is of another one.
    let kube_system = ns.cluster().request("GET", "/api/v1/namespaces/kube-system", None).1;
    project.rewrite("regplan.toml", GREETING);
    let uid = kube_system["metadata"]["uid"].as_str().unwrap();
    assert_eq!(project.state()["cluster"]["uid"], uid);
    project.edit_state(|state| state["cluster"]["uid"] = json!("another-cluster"));
    refused(&all);
}

/// Also where the current context is another one, on which the plan would succeed.
fn only_the_context_of_the_file_is_spoken_to() {
    let ns = Namespace::new();
    let (meant, current) = (ns.proxy(), ns.proxy());
    let token = &ns.cluster().facts().token;
    let clusters = [("prod", &meant), ("test", &current)]
        .map(|(name, proxy)| json!({"name": name, "cluster": {"server": proxy.url()}}));
    let contexts =
        ["prod", "test"].map(|name| json!({"name": name, "context": {"cluster": name, "user": "me"}}));
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": clusters, "contexts": contexts,
        "users": [{"name": "me", "user": {"token": token}}],
    });
    let config = GREETING.replace("[cluster]", "[cluster]\ncontext = \"prod\"");
    let project = ns.project().write("regplan.toml", &config).write("kubeconfig", &kubeconfig.to_string());
    let kubeconfig = project.path("kubeconfig");
    let project = project.kubeconfig(kubeconfig);
    project.run(["plan"]).success();
    project.apply();
    project.run(["drift"]).success();
    project.run(["plan", "--context", "test"]).code(1).stderr_contains("contradicts");
    project.run(["destroy", "--auto-approve"]).success();
    assert!(!meant.writes().is_empty());
    assert_eq!(current.log(), "");
}
