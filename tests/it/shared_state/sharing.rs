//! Several machines that work on one project.

use std::fs;
use std::time::Duration;

use super::{HEAD, applied_twice, clean_up, first_machine, greeting, machine, readable, states};
use crate::harness::Namespace;
use crate::secrets::cycle::kubeconfig_with_plugin;

tests! {
    a_way_back_is_chosen_when_nobody_else_can_go_on,
    a_program_that_gives_credentials_runs_no_more_often_than_with_a_folder,
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
        let flags = ["apply", "--auto-approve", "--request-timeout", "5s"];
        let running = project.regplan(flags).spawn();
        std::thread::sleep(Duration::from_millis(rand::random_range(50..1500)));
        running.kill();
        let other = ns.project().write("regplan.toml", &many(round));
        other.run(flags).success();
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
    state.stdout_contains("resource.s");
    // What is kept of the revision is read as well.
    let kept = readable(&ns);
    assert!(kept.contains("data.word"), "{kept}");
    for text in [state.stdout(), &kept] {
        assert!(!text.contains("s3cr3t-canary") && !text.contains("czNjcjN0LWNhbmFyeQ"), "{text}");
    }
    clean_up(&ns);
}

/// The state and the project are in one cluster: nobody is asked once for each.
fn a_program_that_gives_credentials_runs_no_more_often_than_with_a_folder() {
    let ns = Namespace::new();
    let given = tempfile::tempdir().unwrap();
    let project = first_machine(&ns, &greeting("a"));
    let project = project.kubeconfig(kubeconfig_with_plugin(&ns, given.path()));
    let runs = || {
        let files = std::fs::read_dir(given.path()).unwrap().map(|file| file.unwrap());
        let notes: Vec<_> =
            files.filter(|file| file.file_name().to_string_lossy().starts_with("given.")).collect();
        for file in &notes {
            std::fs::remove_file(file.path()).unwrap();
        }
        notes.len()
    };
    // One client asks more than once, and this command has but one.
    project.run(["import", "--from-cluster", "{ns}"]).success();
    let of_one_client = runs();
    project.apply();
    assert_eq!(runs(), of_one_client);
    project.rewrite("regplan.toml", &format!("{HEAD}{}", greeting("b")));
    for command in [
        &["plan", "--out", "p.plan"][..],
        &["apply", "p.plan"],
        &["rollback", "--auto-approve"],
        &["drift"],
        &["state", "init"],
        &["destroy", "--auto-approve"],
    ] {
        project.run(command.iter().copied()).success();
        assert_eq!(runs(), of_one_client, "{command:?}");
    }
    clean_up(&ns);
}

/// Somebody applies right before a rollback gets the lock.
fn a_way_back_is_chosen_when_nobody_else_can_go_on() {
    let ns = Namespace::new();
    let project = applied_twice(&ns);
    let other = machine(&ns, &greeting("c"));
    let proxy = ns.proxy();
    let apply = other.regplan(["apply", "--auto-approve"]);
    let apply = std::sync::Mutex::new(Some(apply));
    let in_between = move || {
        if let Some(apply) = apply.lock().unwrap().take() {
            apply.run().success();
        }
    };
    proxy.on("update", "leases.coordination.k8s.io").times(1).first(in_between);
    let project = project.through(&proxy);
    project.run(["rollback", "--auto-approve"]).success().stdout_contains("back to revision 2");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "b");
    clean_up(&ns);
}
