//! A registry on a full volume is ready, and its objects are as they were applied. Its log tells.

use crate::harness::{HEAD, NO_ROOM, Namespace, Project, Proxy, STORED};

tests! {
    a_full_volume_is_told_until_a_push_ends_well,
    where_nobody_can_read_the_log_nothing_is_said_of_the_volume,
}

const REGISTRY: &str = r#"
[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.2"
storage.volume = { size = "1Gi" }
auth.users.ci  = { env = "CI_PASSWORD" }
"#;
const UNHEALTHY: &str = "! registry.main/PersistentVolumeClaim/registry  unhealthy";

/// A registry with a volume, which is applied.
fn applied<'n>(ns: &'n Namespace, proxy: &Proxy) -> Project<'n> {
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{REGISTRY}"));
    let project = project.env("CI_PASSWORD", "a long enough password").through(proxy);
    project.apply();
    project
}

/// How often the pods were listed, and how often a log was read, since the last time.
fn asked(proxy: &Proxy) -> (usize, usize) {
    let asked = (proxy.count("list", "pods"), proxy.count("get", "pods/log"));
    proxy.forget();
    asked
}

fn a_full_volume_is_told_until_a_push_ends_well() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &proxy);
    proxy.on("get", "pods/log").answer_text(200, NO_ROOM);
    proxy.forget();
    let drift = project.run(["drift"]).code(2);
    drift.stdout_contains(UNHEALTHY).stdout_contains("Not well: 1 of");
    drift.stdout_contains("the volume is full: at 2026-11-28T15:23:21Z a push failed for lack of");
    let read = proxy.requests().into_iter().find(|seen| seen.is("get", "pods/log")).unwrap();
    assert!(read.query.contains("container=registry&") && read.query.contains("&sinceSeconds=3600"));
    assert_eq!(asked(&proxy), (1, 1));
    let json = project.run(["drift", "--format=json"]).code(2).json();
    let unwell =
        json["resources"].as_array().unwrap().iter().find(|one| one["status"] == "unhealthy").unwrap();
    let cause = unwell["health"]["cause"].as_str().unwrap();
    assert!(cause.ends_with("make it larger (`storage.volume.size`)"), "{cause}");
    asked(&proxy);
    // An apply has nothing to do about it, unless the file says a larger size.
    let plan = project.run(["plan", "--detailed-exitcode"]).success();
    plan.stdout_contains(UNHEALTHY).stdout_contains("as the configuration says; 1 unhealthy.");
    assert_eq!(asked(&proxy), (1, 1));
    project.run(["drift", "--no-health"]).success().stdout_contains("In sync");
    assert_eq!(asked(&proxy), (0, 0), "nobody is asked");
    project.edit(
        "regplan.toml",
        "auth.users.ci",
        "lifecycle.ready = { \"PersistentVolumeClaim/registry\" = \"written\" }\nauth.users.ci",
    );
    project.run(["plan"]).success().stdout_lacks("unhealthy");
    assert_eq!(asked(&proxy), (0, 0), "that rule asks for no more than the write");
    proxy.clear_faults();
    proxy.on("get", "pods/log").answer_text(200, format!("{NO_ROOM}{STORED}"));
    project.run(["drift"]).success().stdout_contains("In sync");
}

fn where_nobody_can_read_the_log_nothing_is_said_of_the_volume() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &proxy);
    let well = || {
        project.run(["drift"]).success().stdout_contains("In sync");
        project.run(["plan", "--detailed-exitcode"]).success().stdout_lacks("unhealthy");
        proxy.clear_faults();
    };
    proxy.on("get", "pods/log").answer(403);
    well();
    proxy.on("list", "pods").answer(403);
    proxy.on("get", "pods/log").answer_text(200, NO_ROOM);
    well();
    // The end of what is longer than was asked for is missing.
    let pull = "2026-11-28T15:23:21Z \"GET / HTTP/1.1\" 200\n".repeat(50_000);
    proxy.on("get", "pods/log").answer_text(200, format!("{NO_ROOM}{pull}"));
    well();
}
