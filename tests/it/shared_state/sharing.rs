//! Several machines that work on one project.

use std::fs;
use std::time::Duration;

use super::{HEAD, clean_up, first_machine, greeting, machine, states};
use crate::harness::Namespace;

tests! {
    a_killed_apply_is_finished_by_another_machine,
    two_laptops_and_a_job_work_on_one_project,
    a_plan_adds_two_reads,
    a_secret_stays_out_of_the_state,
}

fn two_laptops_and_a_job_work_on_one_project() {
    let ns = Namespace::new();
    let laptop = first_machine(&ns, &greeting("a"));
    laptop.apply().stdout_contains(&ns.fill("ConfigMap {prefix}-states/{project}.state"));
    // Another laptop knows what was applied, and that it is settled.
    let other = machine(&ns, &greeting("a"));
    other.expect_settled();
    other.rewrite("regplan.toml", &format!("{HEAD}{}", greeting("b")));
    other.apply();
    // The first one has an old file: its plan would put the old value back, plainly.
    laptop.run(["plan"]).success().stdout_contains("\"b\" -> \"a\"");
    laptop.rewrite("regplan.toml", &format!("{HEAD}{}", greeting("c")));
    // A pull request is planned in one place, and applied by a job in another one.
    laptop.run(["plan", "--out", "change.plan"]).success();
    let job = machine(&ns, &greeting("c"));
    fs::copy(laptop.path("change.plan"), job.path("change.plan")).unwrap();
    job.run(["apply", "change.plan"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "c");
    job.run(["apply", "change.plan"]).code(1);
    // Each of them sees the whole history, and can go back.
    let history = other.run(["history"]).success();
    assert_eq!(
        history.stdout().lines().filter(|line| line.contains("  apply  ")).count(),
        3,
        "{}",
        history.stdout()
    );
    other.run(["rollback", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "b");
    laptop.run(["drift"]).success();
    job.run(["history", "4"]).success();
    laptop.run(["destroy", "--auto-approve"]).success();
    assert!(ns.find("configmap/greeting").is_none());
    for project in [&laptop, &other, &job] {
        assert!(!project.path(".regplan").exists(), "a state was written on this machine");
    }
    clean_up(&ns);
}

fn a_plan_adds_two_reads() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = first_machine(&ns, &greeting("a")).through(&proxy);
    project.apply();
    proxy.forget();
    project.expect_settled();
    let within = states(&ns);
    let seen = proxy.requests();
    let of_state: Vec<_> = seen.iter().filter(|seen| seen.namespace.as_ref() == Some(&within)).collect();
    let names: Vec<_> = of_state
        .iter()
        .map(|seen| format!("{} {}", seen.verb, seen.name.clone().unwrap_or_default()))
        .collect();
    let project_name = ns.project_name();
    assert_eq!(
        names,
        [format!("get {project_name}.journal-0"), format!("get {project_name}.state")],
        "{}",
        proxy.log()
    );
    clean_up(&ns);
}

fn a_killed_apply_is_finished_by_another_machine() {
    let ns = Namespace::new();
    let many = |value: u32| {
        (0..20).fold(HEAD.to_owned(), |text, index| {
            format!("{text}\n[resource.c{index}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"v{value}\"\n")
        })
    };
    let project = first_machine(&ns, "");
    for round in 0..3_u32 {
        project.rewrite("regplan.toml", &many(round));
        let running = project.regplan(["apply", "--auto-approve"]).spawn();
        std::thread::sleep(Duration::from_millis(rand::random_range(50..1500)));
        running.kill();
        let other = ns.project().write("regplan.toml", &many(round));
        other.run(["apply", "--auto-approve", "--request-timeout", "5s"]).success();
        other.expect_settled();
        for index in 0..20 {
            assert_eq!(ns.field(&format!("configmap/c{index}"), "/data/k"), format!("v{round}"));
        }
    }
    clean_up(&ns);
}

/// What is kept in `ConfigMap`s is read by everybody who may plan.
fn a_secret_stays_out_of_the_state() {
    let ns = Namespace::new();
    let blocks = "\n[secret.s]\nenv = \"CANARY\"\n[resource.s]\napiVersion = \"v1\"\nkind = \"Secret\"\nstringData.word = \"${secret.s}\"\n";
    let project = first_machine(&ns, blocks).env("CANARY", "s3cr3t-canary");
    project.apply();
    project.expect_settled();
    let state = project.run(["state", "pull"]).success();
    state.stdout_contains("resource.s").stdout_lacks("s3cr3t-canary").stdout_lacks("czNjcjN0LWNhbmFyeQ");
    clean_up(&ns);
}
