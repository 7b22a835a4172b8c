//! Claims wait for their volume, and load balancers for their address.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{OTHERS, fails_at_web};
use crate::harness::{HEAD, MANIFESTS, Namespace};

tests! {
    a_claim_is_bound_or_waits_for_its_consumer,
    a_load_balancer_has_its_address,
    a_load_balancer_without_a_cloud_has_a_way_out,
}

fn a_claim_is_bound_or_waits_for_its_consumer() {
    let ns = Namespace::new();
    let claim = |name: &str, class: &str| {
        format!(
            r#"
[resource.{name}]
apiVersion = "v1"
kind = "PersistentVolumeClaim"
spec = {{ storageClassName = "{class}", accessModes = ["ReadWriteOnce"], resources.requests.storage = "1Gi" }}
"#
        )
    };
    let pod = r#"
[resource.user]
apiVersion = "v1"
kind = "Pod"
spec.containers = [{ name = "main", image = "web:1" }]
spec.volumes = [{ name = "data", persistentVolumeClaim.claimName = "late" }]
"#;
    let config = format!("{HEAD}{}{}{pod}", claim("now", "standard"), claim("late", "late"));
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    for name in ["now", "late"] {
        assert_eq!(ns.field(&format!("persistentvolumeclaim/{name}"), "/status/phase"), "Bound");
    }
    project.expect_settled();
    // A claim without a provisioner fails after its time limit.
    let lost = format!("{}[resource.lost.lifecycle]\ntimeouts.ready = \"2s\"\n", claim("lost", "nobody"));
    project.rewrite("regplan.toml", &format!("{config}{lost}"));
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended
        .stderr_contains("not ready after 2 s: it is not bound to a volume yet")
        .stderr_contains("\"nobody\" not found");
}

fn a_load_balancer_has_its_address() {
    let ns = Namespace::new();
    let service = |lifecycle: &str| {
        format!(
            "{HEAD}{OTHERS}\n[resource.web]\napiVersion = \"v1\"\nkind = \"Service\"\n\
             spec = {{ type = \"LoadBalancer\", ports = [{{ port = 80 }}], selector = {{ app = \"web\" }} }}\n{lifecycle}"
        )
    };
    let limited = service("\n[resource.web.lifecycle]\ntimeouts.ready = \"2s\"\n");
    let project = ns.project().write("regplan.toml", &limited);
    fails_at_web(&ns, &project).stderr_contains("after 2 s: the load balancer has no address yet");
    project.rewrite("regplan.toml", &service(""));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("Plan: 1 to add, 0 to change");
    apply.until("the load balancer has no address yet");
    ns.patch_status("service/web", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}));
    apply.wait().success();
    project.expect_settled();
}

fn a_load_balancer_without_a_cloud_has_a_way_out() {
    let ns = Namespace::new();
    let file = "apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: \"{ns}\" }\n\
                spec: { type: LoadBalancer, ports: [{ port: 80 }], selector: { app: web } }\n---\n\
                apiVersion: v1\nkind: ConfigMap\nmetadata: { name: page, namespace: \"{ns}\" }\n";
    let project = ns.project().write("regplan.toml", MANIFESTS).write("all.yaml", file);
    let began = Instant::now();
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("set `lifecycle.ready = { \"Service/web\" = \"written\" }`");
    assert!(began.elapsed() < Duration::from_mins(1), "it says so long before its time is over");
    apply.kill();
    for ready in ["\"written\"", "{ \"Service/web\" = \"written\" }"] {
        project.rewrite("regplan.toml", &format!("{MANIFESTS}lifecycle.ready = {ready}\n"));
        project.apply();
        project.expect_settled();
    }
    project.rewrite(
        "regplan.toml",
        &format!("{MANIFESTS}lifecycle.ready = {{ \"Service/wep\" = \"written\" }}\n"),
    );
    project.run(["validate"]).code(1).stderr_contains("Service/");
    project.rewrite("regplan.toml", &format!("{MANIFESTS}lifecycle.ready = {{ Service = \"written\" }}\n"));
    project.run(["validate"]).code(1).stderr_contains("Service");
}
