//! Objects that end by themselves: a Job that has completed may be gone, and that is no failure, no change and no drift.

use serde_json::{Value, json};

use crate::harness::{Cluster, HEAD, Namespace, Project, Proxy, wait_until};

tests! {
    a_job_that_its_ttl_takes_away_is_done_and_remembered,
    a_job_that_is_gone_before_it_is_looked_at_is_done,
    a_job_without_a_ttl_that_others_take_away_after_its_end_is_done,
    a_job_that_has_failed_and_is_gone_is_a_failure,
    a_job_that_others_delete_before_its_end_is_a_failure,
    a_job_that_completes_while_something_holds_it_is_done,
}

fn job(behaviour: &str, more: &str) -> String {
    format!(
        r#"{HEAD}
[resource.job]
apiVersion = "batch/v1"
kind = "Job"
spec.backoffLimit = 0
{more}
spec.template.metadata.labels = {{ "regplan.test/behaviour" = "{behaviour}" }}
spec.template.spec = {{ restartPolicy = "Never", containers = [{{ name = "main", image = "job:1" }}] }}

[resource.after]
apiVersion = "v1"
kind = "ConfigMap"
depends_on = ["resource.job"]
"#
    )
}

const TTL: &str = "spec.ttlSecondsAfterFinished = 0";

fn is_gone(ns: &Namespace) {
    wait_until("the Job is gone", || ns.find("job/job").is_none());
}

/// It is as it should be: nothing to change, no drift.
fn is_quiet(project: &Project<'_>) {
    project.expect_settled();
    project.run(["drift"]).success().stdout_contains("In sync");
}

fn a_job_that_its_ttl_takes_away_is_done_and_remembered() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &job("fine", TTL));
    project.apply().stderr_contains("created resource.after");
    is_gone(&ns);
    is_quiet(&project);
    let readiness = project.state()["resources"]["resource.job"]["readiness"].clone();
    assert!(readiness["completed"]["content"].is_string(), "{readiness}");
    project.apply().stdout_contains("Nothing to change");
    assert!(ns.find("job/job").is_none(), "it ran again");
    // What is changed runs again, also where it was asked for by name.
    project.edit("regplan.toml", "job:1", "job:2");
    project.run(["plan"]).success().stdout_contains("+ resource.job");
    project.apply();
    is_gone(&ns);
    is_quiet(&project);
    let again = project.run(["plan", "--replace", "resource.job"]).success();
    again.stdout_contains("+ resource.job");
    // Another address is no reason to run.
    project.edit("regplan.toml", "[resource.job]", "[[moved]]\nfrom = \"resource.job\"\nto = \"resource.task\"\n\n[resource.task]\nmetadata.name = \"job\"");
    project.edit("regplan.toml", "depends_on = [\"resource.job\"]", "depends_on = [\"resource.task\"]");
    project.apply();
    assert!(ns.find("job/job").is_none(), "it ran again");
    is_quiet(&project);
    // It leaves the configuration as something that is gone.
    project.rewrite("regplan.toml", HEAD);
    project.apply();
    assert_eq!(project.state()["resources"], json!({}));
}

/// The Job is looked at after its write only when this is done.
fn before_the_job_is_looked_at(proxy: &Proxy, ns: &Namespace, act: fn(&Cluster, &str)) {
    let (cluster, name) = (ns.cluster().clone(), ns.name());
    // What the answer to the write says is no end yet, so it is watched.
    proxy.on("watch", "jobs.batch").times(1).first(move || act(&cluster, &name));
}

fn has_condition(job: &Value, kind: &str) -> bool {
    let conditions = job["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|found| found["type"] == kind && found["status"] == "True")
}

fn until_gone(cluster: &Cluster, ns: &str) {
    wait_until("the Job is gone", || cluster.find(ns, "job/job").is_none());
}

fn delete_when_complete(cluster: &Cluster, ns: &str) {
    wait_until("the Job is complete", || {
        cluster.find(ns, "job/job").is_some_and(|job| has_condition(&job, "Complete"))
    });
    cluster.request("DELETE", &format!("/apis/batch/v1/namespaces/{ns}/jobs/job"), None);
}

fn a_job_that_is_gone_before_it_is_looked_at_is_done() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &job("fine", TTL)).through(&proxy);
    before_the_job_is_looked_at(&proxy, &ns, until_gone);
    project.apply().stderr_contains("created resource.after");
    is_quiet(&project);
}

fn a_job_without_a_ttl_that_others_take_away_after_its_end_is_done() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &job("fine", "")).through(&proxy);
    before_the_job_is_looked_at(&proxy, &ns, delete_when_complete);
    project.apply().stderr_contains("created resource.after");
    // Without a TTL it is not meant to be gone.
    project.run(["plan"]).success().stdout_contains("+ resource.job");
    project.run(["drift"]).code(2);
}

fn a_job_that_has_failed_and_is_gone_is_a_failure() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &job("failed", TTL)).through(&proxy);
    before_the_job_is_looked_at(&proxy, &ns, until_gone);
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("failed resource.job").stderr_contains("BackoffLimitExceeded");
    ended.stderr_contains("skipped resource.after");
    // The same where its end is seen.
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("failed resource.job").stderr_contains("BackoffLimitExceeded");
    is_gone(&ns);
    project.run(["plan"]).success().stdout_contains("+ resource.job");
}

fn a_job_that_others_delete_before_its_end_is_a_failure() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &job("never-ready", TTL));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.job");
    ns.delete("job/job");
    let ended = apply.wait().code(1);
    ended.stderr_contains("failed resource.job").stderr_contains("skipped resource.after");
}

fn a_job_that_completes_while_something_holds_it_is_done() {
    let ns = Namespace::new();
    let held = format!("{TTL}\nmetadata.finalizers = [\"example.com/held\"]");
    let project = ns.project().write("regplan.toml", &job("fine", &held));
    // It has a finalizer, so that it is seen in its end: complete, and being deleted.
    project.apply().stderr_contains("created resource.after");
    wait_until("it is being deleted", || {
        ns.find("job/job").is_some_and(|job| job["metadata"].get("deletionTimestamp").is_some())
    });
    is_quiet(&project);
    ns.patch("job/job", &json!({"metadata": {"finalizers": null}}));
    is_gone(&ns);
    is_quiet(&project);
}
