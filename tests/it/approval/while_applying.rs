//! What happens while an approved plan is applied, and plans that are expected by their digest.

use serde_json::json;

use super::{applied, planned, refused};
use crate::harness::{BALANCER, GREETING, HEAD, Namespace, Project, wait_for};

tests! {
    a_foreign_edit_in_the_middle_stops_that_branch,
    an_interrupted_run_is_resumed,
    a_plan_is_expected_by_its_digest,
    a_value_that_is_known_only_then_is_what_was_approved,
}

fn a_foreign_edit_in_the_middle_stops_that_branch() {
    let ns = Namespace::new();
    let chain =
        GREETING.replace("[resource.greeting]\n", "[resource.greeting]\ndepends_on = [\"resource.lb\"]\n");
    let project = ns.project().write("regplan.toml", &chain.replace("depends_on = [\"resource.lb\"]\n", ""));
    project.apply();
    let aside = "\n[resource.aside]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    project.rewrite("regplan.toml", &format!("{}{BALANCER}{aside}", chain.replace("world", "moon")));
    planned(&project);
    let mut apply = project.regplan(["apply", "p.plan"]).spawn();
    apply.until("waiting resource.lb");
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    ns.patch_status("service/lb", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}));
    let ended = apply.wait().code(1);
    ended.stderr_contains("in a way that was not approved: data.hello");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "mars");
    ns.get("configmap/aside");
}

fn an_interrupted_run_is_resumed() {
    let ns = Namespace::new();
    let rest = "\n[resource.rest]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndepends_on = [\"resource.lb\"]\n\
                data = { address = \"${resource.lb.status.loadBalancer.ingress[0].ip}\" }\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{BALANCER}{rest}"));
    planned(&project);
    let mut apply = project.regplan(["apply", "p.plan"]).spawn();
    apply.until("waiting resource.lb");
    wait_for("the greeting", || ns.find("configmap/greeting"));
    apply.kill();
    assert_eq!(ns.find("configmap/rest"), None);
    ns.patch_status("service/lb", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}));
    let resumed = "an earlier run of this plan was interrupted, and is resumed";
    project.edit("regplan.toml", "world", "moon");
    refused(&project, &ns, &["the configuration has changed"]).stderr_lacks(resumed);
    project.edit("regplan.toml", "moon", "world");
    applied(&project).stderr_contains(resumed);
    assert_eq!(ns.field("configmap/rest", "/data/address"), "192.0.2.9");
    refused(&project, &ns, &["was applied already"]);
}

fn a_plan_is_expected_by_its_digest() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    let digest = |project: &Project<'_>| {
        let plan = project.run(["plan", "--format", "json"]).success().json();
        plan["digest"].as_str().unwrap().to_owned()
    };
    let first = digest(&project);
    assert_eq!(first, digest(&project), "without a state as well");
    project.run(["plan"]).success().stderr_contains(&first);
    let expect = |digest: &str| project.regplan(["apply"]).args(["--expect", digest]).run();
    let other = expect("sha256:0").code(1);
    other.stderr_contains("this is not the plan that was approved").stderr_contains(&first);
    assert_eq!(ns.find("configmap/greeting"), None);
    expect(&first).success();
    // A change by others makes another plan.
    project.edit("regplan.toml", "world", "moon");
    let second = digest(&project);
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    expect(&second).code(1);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "mars");
    expect(&digest(&project)).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "moon");
}

/// A value that the plan could not know may be known when it is applied.
fn a_value_that_is_known_only_then_is_what_was_approved() {
    let ns = Namespace::new();
    let front =
        "\n[resource.front]\napiVersion = \"v1\"\nkind = \"Service\"\nspec = { ports = [{ port = 80 }] }\n";
    let back = "\n[resource.back]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
                data = { address = \"${resource.front.spec.clusterIP}\" }\n";
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{front}{back}"));
    project.run(["plan", "--full", "--out", "p.plan"]).success().stdout_contains("known after apply");
    applied(&project);
    let address = ns.field("service/front", "/spec/clusterIP");
    assert_eq!(ns.field("configmap/back", "/data/address"), address);
}
