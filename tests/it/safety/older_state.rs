//! A state that is older than the cluster: a backup that was put back, or the copy of another machine.

use super::greeting;
use crate::harness::{GREETING, Namespace, Project};

tests! {
    what_an_older_state_does_not_know_is_listed_and_kept,
    what_a_later_run_wrote_is_told,
    what_was_let_go_of_is_no_news,
}

const MORE: &str = "\n[resource.more]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"v\"\n";

/// Applies this configuration, and puts back the state that was there before. The cluster has no record of the newer one,
/// so that the objects alone tell.
fn applied_and_forgotten(ns: &Namespace, project: &Project<'_>, config: &str) {
    let state = project.read(&project.state_path());
    project.rewrite("regplan.toml", config);
    project.apply();
    project.rewrite(&project.state_path(), &state);
    ns.cluster().delete("default", &ns.fill("configmap/regplan-{project}"));
}

fn what_an_older_state_does_not_know_is_listed_and_kept() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    applied_and_forgotten(&ns, &project, &format!("{GREETING}{MORE}"));
    // In the configuration it is taken in again, and the plan says so.
    let plan = project.run(["plan"]).success();
    plan.stdout_contains(
        "resource.more is annotated as ours, and the state here (serial 2) does not know it",
    );
    // Outside of it nobody would see it.
    project.rewrite("regplan.toml", GREETING);
    let kept = "more (resource.more) is annotated as ours, but not in the state";
    let plan = project.run(["plan", "--detailed-exitcode"]).success();
    plan.stdout_contains(&ns.fill(&format!("ConfigMap {{ns}}/{kept}")));
    project.run(["plan", "--format=markdown"]).success().stdout_contains("is annotated as ours");
    project.run(["apply", "--auto-approve"]).success().stdout_contains(kept);
    project.run(["destroy", "--auto-approve"]).success().stdout_contains(kept);
    assert!(ns.find("configmap/more").is_some() && ns.find("configmap/greeting").is_none());
    // A destroy with the configuration that names it says so too, or takes it along.
    let destroy = project.run(["plan", "--destroy"]).success();
    destroy.stdout_contains("more");
}

fn what_a_later_run_wrote_is_told() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    applied_and_forgotten(&ns, &project, &GREETING.replace("world", "moon"));
    project.rewrite("regplan.toml", GREETING);
    let told = "does not know of has changed resource.greeting";
    project.run(["plan"]).success().stdout_contains(told);
    let drift = project.run(["drift"]).code(2);
    drift.stdout_contains("has written 1 resource").stdout_contains("older than the cluster");
    project.apply();
    project.run(["plan"]).success().stdout_lacks(told);
    // What others write is no such run.
    ns.patch("configmap/greeting", &serde_json::json!({"data": {"hello": "sun"}}));
    project.run(["plan"]).success().stdout_lacks(told);
    project.run(["drift"]).code(2).stdout_lacks("older than the cluster");
}

fn what_was_let_go_of_is_no_news() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{MORE}"));
    project.apply();
    let removed = "\n[[removed]]\naddress = \"resource.more\"\ndestroy = false\n";
    project.rewrite("regplan.toml", &format!("{GREETING}{removed}"));
    project.apply();
    project.run(["plan"]).success().stdout_lacks("annotated as ours");
    // The cluster records that this is the newest state: no other run has written what comes back.
    let suspicion = "does not know it. Perhaps";
    project.rewrite("regplan.toml", &format!("{GREETING}{MORE}"));
    project.run(["plan"]).success().stdout_lacks(suspicion);
    project.apply();
    project.run(["state", "rm", "resource.more", "--auto-approve"]).success();
    project.run(["plan"]).success().stdout_lacks(suspicion);
    project.rewrite("regplan.toml", GREETING);
    let left = project.run(["plan"]).success();
    left.stdout_contains("is annotated as ours, but not in the state").stdout_lacks("older than the cluster");
    ns.cluster().delete("default", &ns.fill("configmap/regplan-{project}"));
    project.rewrite("regplan.toml", &format!("{GREETING}{MORE}"));
    project.run(["plan"]).success().stdout_contains(suspicion);
}
