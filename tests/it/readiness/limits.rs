//! What must not be waited for without end: watches that the server ends again and again, and a delete after Ctrl-C.

use std::time::{Duration, Instant};

use crate::harness::{HEAD, Namespace};

tests! {
    a_watch_that_always_ends_backs_off_and_ends,
    a_delete_obeys_the_first_ctrl_c,
}

const NEVER: &str = r#"
[resource.web]
apiVersion = "apps/v1"
kind = "Deployment"
[resource.web.spec]
replicas = 1
selector.matchLabels = { app = "web" }
template.metadata.labels = { app = "web", "regplan.test/behaviour" = "never-ready" }
template.spec.containers = [{ name = "main", image = "web:1" }]
"#;

const HELD: &str = r#"
[resource.held]
apiVersion = "v1"
kind = "ConfigMap"
metadata.finalizers = ["example.com/held"]
"#;

fn a_watch_that_always_ends_backs_off_and_ends() {
    let ns = Namespace::new();
    for status in [410, 500] {
        let proxy = ns.proxy();
        proxy.on("watch", "deployments.apps").answer(status);
        let name = format!("web-{status}");
        let config = format!("{HEAD}{NEVER}").replace("[resource.web]", &format!("[resource.{name}]"));
        let config = config.replace("[resource.web.spec]", &format!("[resource.{name}.spec]"));
        let project = ns.project().write("regplan.toml", &config).through(&proxy);
        let ended = project.run(["apply", "--auto-approve", "--request-timeout", "6s"]).code(1);
        ended.stderr_contains("watch");
        let asked = proxy.count("list", "deployments.apps") + proxy.count("watch", "deployments.apps");
        assert!(asked < 16, "{status}: {asked} requests\n{}", proxy.log());
    }
}

fn a_delete_obeys_the_first_ctrl_c() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{HELD}"));
    project.apply();
    project.rewrite("regplan.toml", HEAD);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.held");
    let started = Instant::now();
    apply.signal(rustix::process::Signal::INT);
    let ended = apply.wait().code(1);
    ended.stderr_contains("deleting resource.held  not waited for: the deletion was asked for");
    ended.stderr_contains("1 being deleted and not waited for, 0 not tried").stderr_lacks("skipped");
    assert!(started.elapsed() < Duration::from_secs(20), "after {:?}", started.elapsed());
    // Its deletion was asked for, and the state still knows it.
    assert!(project.state()["resources"].get("resource.held").is_some());
    ns.patch("configmap/held", &serde_json::json!({"metadata": {"finalizers": null}}));
    project.apply();
    project.expect_settled();
}
