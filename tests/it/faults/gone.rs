//! A server that is gone for good after it has answered: what is known of it is known for the whole run.

use std::time::{Duration, Instant};

use crate::harness::{HEAD, Namespace, Project, Proxy, wait_until};

tests! {
    a_server_that_goes_away_within_a_plan_is_told_once_and_soon,
    a_server_that_goes_away_within_a_drift_is_told_once_and_soon,
}

/// Objects of nine kinds, so that nine lists or gets are needed.
fn nine_kinds() -> String {
    let kinds = [
        ("v1", "ConfigMap"),
        ("v1", "ServiceAccount"),
        ("v1", "LimitRange"),
        ("v1", "ResourceQuota"),
        ("v1", "Secret"),
        ("policy/v1", "PodDisruptionBudget"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("coordination.k8s.io/v1", "Lease"),
        ("rbac.authorization.k8s.io/v1", "Role"),
    ];
    let blocks = kinds.iter().enumerate().map(|(number, (version, kind))| {
        let spec = if *kind == "NetworkPolicy" { "spec.podSelector = {}\n" } else { "" };
        format!("\n[resource.r{number}]\napiVersion = \"{version}\"\nkind = \"{kind}\"\n{spec}")
    });
    HEAD.to_owned() + &blocks.collect::<String>()
}

/// Runs it through a server that answers one request, and then takes no connection any more.
fn through_a_server_that_goes_away(project: &Project<'_>, proxy: Proxy, command: &str) {
    proxy.forget();
    proxy.on("*", "*").after(1).reset();
    let started = Instant::now();
    let running = project.regplan([command, "--request-timeout", "10s"]).spawn();
    wait_until("its second request", || proxy.requests().len() >= 2);
    drop(proxy);
    let ended = running.wait().code(1);
    assert!(started.elapsed() < Duration::from_secs(25), "after {:?}", started.elapsed());
    let told = ended.stderr().matches("the connection was refused").count();
    assert_eq!(told, 1, "{}{}", ended.stdout(), ended.stderr());
    ended.stdout_lacks("resource.r");
}

fn a_server_that_goes_away_within_a_plan_is_told_once_and_soon() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &nine_kinds()).through(&proxy);
    through_a_server_that_goes_away(&project, proxy, "plan");
}

fn a_server_that_goes_away_within_a_drift_is_told_once_and_soon() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &nine_kinds()).through(&proxy);
    project.apply();
    through_a_server_that_goes_away(&project, proxy, "drift");
}
