//! Fields that we own, and fields that we give up.

use super::{applied, cause, plan, told, web};
use crate::harness::{GREETING, Namespace, change};

tests! {
    ownership_comes_back,
    a_field_that_leaves_the_configuration_is_let_go,
    an_ownership_that_alone_changes_replaces_nothing,
}

fn ownership_comes_back() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns).through(&proxy);
    ns.kubectl(["scale", "deployment/web", "--replicas=5"]).run().success();
    ns.kubectl(["scale", "deployment/web", "--replicas=2"]).run().success();
    let found = plan(&project);
    let web = change(&found, "resource.web");
    assert_eq!((web["action"].as_str(), told(&found).len()), (Some("update"), 0));
    assert_eq!(web["reason"], "only ownership changes: spec.replicas (last written by kubectl)");
    assert_eq!(cause(&web["cause"]), "drift by kubectl");
    assert_eq!(found["occasion"], "drift");
    project.apply();
    proxy.forget();
    project.expect_settled();
    assert!(!proxy.requests().iter().any(|seen| seen.dry_run), "{}", proxy.log());
    assert_eq!(change(&plan(&project), "resource.web")["fidelity"]["kind"], "proved");
}

fn a_field_that_leaves_the_configuration_is_let_go() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let theirs = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "greeting"}, "data": {"more": "x"}}"#;
    project.edit("regplan.toml", "hello = \"world\"", "hello = \"world\", more = \"x\"");
    project.apply();
    ns.kubectl(["apply", "--server-side", "--field-manager=gitops", "--filename=-"])
        .stdin(theirs)
        .run()
        .success();
    project.edit("regplan.toml", ", more = \"x\"", "");
    let found = plan(&project);
    let reason = "only ownership changes: data.more (left to gitops)";
    assert_eq!(change(&found, "resource.greeting")["reason"], reason);
    assert_eq!(found["occasion"], "configuration");
    project.apply();
    project.expect_settled();
    assert_eq!(ns.field("configmap/greeting", "/data/more"), "x");
}

fn an_ownership_that_alone_changes_replaces_nothing() {
    let ns = Namespace::new();
    let triggered = "\n[resource.user]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\n\
                     [resource.user.lifecycle]\nreplace_triggered_by = [\"resource.web\"]\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{}{triggered}", web()));
    project.apply();
    for replicas in ["--replicas=5", "--replicas=2"] {
        ns.kubectl(["scale", "deployment/web", replicas]).run().success();
    }
    let found = plan(&project);
    assert_eq!(change(&found, "resource.web")["action"], "update");
    assert_eq!(change(&found, "resource.user")["action"], "none");
    ns.kubectl(["scale", "deployment/web", "--replicas=5"]).run().success();
    assert_eq!(change(&plan(&project), "resource.user")["action"], "replace");
}
