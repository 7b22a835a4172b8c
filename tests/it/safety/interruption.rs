//! Runs that are killed or stopped by a signal.

use serde_json::json;

use super::greeting;
use crate::harness::{BALANCER, GREETING, Namespace, wait_until};

tests! {
    a_killed_apply_loses_nothing,
    a_killed_first_apply_is_found_by_its_annotations,
    the_first_signal_stops_gently,
    the_first_signal_ends_the_wait_for_a_value,
}

fn a_killed_apply_loses_nothing() {
    let ns = Namespace::new();
    let project = ns
        .project()
        .write("regplan.toml", &format!("{GREETING}{BALANCER}depends_on = [\"resource.greeting\"]\n"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("resource.lb");
    wait_until("the service is there", || ns.find("service/lb").is_some());
    apply.kill();
    project.expect_settled();
    project.rewrite("regplan.toml", "[project]\nname = \"{project}\"\n");
    project.apply().stdout_contains("2 to destroy");
    assert!(ns.find("service/lb").is_none() && ns.find("configmap/greeting").is_none());
}

fn a_killed_first_apply_is_found_by_its_annotations() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    // As if the run had been killed between the write and its record, or the state were lost.
    std::fs::remove_dir_all(project.path(".regplan")).unwrap();
    let plan = project.run(["plan", "--detailed-exitcode"]).success();
    plan.stdout_contains("There is no state here");
    project.apply();
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("1 to destroy");
}

fn the_first_signal_stops_gently() {
    let ns = Namespace::new();
    let config = format!(
        "{GREETING}{BALANCER}{}",
        r#"
[resource.after]
apiVersion = "v1"
kind = "ConfigMap"
depends_on = ["resource.lb"]
"#
    );
    let project = ns.project().write("regplan.toml", &config);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    apply.signal(rustix::process::Signal::INT);
    let ended = apply.wait().code(1);
    ended.stderr_contains("Stopped").stderr_contains("skipped resource.after");
    assert!(ns.find("configmap/after").is_none());
    ns.patch_status("service/lb", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}));
    project.apply().stdout_contains("Plan: 1 to add");
}

fn the_first_signal_ends_the_wait_for_a_value() {
    let ns = Namespace::new();
    let after = r#"
[resource.lb.lifecycle]
ready = "written"

[resource.after]
apiVersion = "v1"
kind = "ConfigMap"
data = { address = "${resource.lb.status.loadBalancer.ingress[0].ip}" }
"#;
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{BALANCER}{after}"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waits for resource.lb.status.loadBalancer.ingress[0].ip");
    apply.signal(rustix::process::Signal::INT);
    apply.wait().code(1).stderr_contains("skipped resource.after");
    assert!(ns.find("configmap/after").is_none());
    project.edit(
        "regplan.toml",
        "[resource.after]\n",
        "[resource.after]\nlifecycle.timeouts.ready = \"1s\"\n",
    );
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("after 1 s");
    ns.patch_status("service/lb", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}));
    project.apply();
    project.run(["plan", "--detailed-exitcode"]).success();
}
