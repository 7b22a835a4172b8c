//! Others change the same object in the middle of each phase of a run: nothing of theirs is overwritten or deleted
//! that the plan has not shown.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{THEIRS, greeting};
use crate::harness::{BALANCER, HEAD, Namespace, Project, Proxy, give_address, wait_until};

tests! {
    a_change_between_the_reading_and_the_dry_run_is_in_the_plan,
    an_object_that_others_make_just_before_the_create_stays,
    a_change_just_before_the_update_is_not_overwritten,
    an_object_that_others_make_anew_just_before_the_update_stays,
    an_object_that_others_delete_just_before_the_update_is_not_made_again,
    a_mark_that_others_set_just_before_the_delete_keeps_the_object,
    an_object_that_others_make_anew_just_before_the_delete_stays,
    a_change_just_before_a_replacement_is_not_lost,
    an_object_that_others_make_between_the_two_halves_of_a_replacement_stays,
    an_object_that_others_delete_while_it_is_waited_for_is_made_again_by_the_next_apply,
    a_change_in_the_middle_of_a_rollback_is_not_overwritten,
    a_change_while_drift_reads_is_no_failure,
    a_first_apply_that_begins_while_a_plan_reads_is_the_same_state,
}

/// Another hand, which acts while a request of regplan is held.
#[derive(Clone)]
struct Other {
    cluster: crate::harness::Cluster,
    namespace: String,
}

impl Other {
    fn of(ns: &Namespace) -> Self {
        Self { cluster: ns.cluster().clone(), namespace: ns.name() }
    }

    fn change(&self) {
        self.cluster.patch(&self.namespace, "configmap/greeting", &json!({"data": {"hello": "theirs"}}));
    }

    fn protect(&self) {
        let mark = json!({"metadata": {"annotations": {"regplan.dev/protect": "true"}}});
        self.cluster.patch(&self.namespace, "configmap/greeting", &mark);
    }

    fn delete(&self) {
        self.cluster.begin_delete(&self.namespace, "configmap/greeting");
    }

    fn make(&self) {
        self.create(&serde_json::from_str(THEIRS).unwrap());
    }

    fn create(&self, object: &Value) {
        let path = format!("/api/v1/namespaces/{}/configmaps", self.namespace);
        let (status, answer) = self.cluster.request("POST", &path, Some(object));
        assert_eq!(status, 201, "{answer}");
    }

    fn make_anew(&self) {
        self.delete();
        self.make();
    }

    /// As from a backup: our marks are on it, and it is another object.
    fn restore(&self) {
        let mut object = self.cluster.find(&self.namespace, "configmap/greeting").unwrap();
        object["data"]["hello"] = json!("theirs");
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.retain(|key, _| ["name", "namespace", "annotations"].contains(&key.as_str()));
        self.delete();
        self.create(&object);
    }
}

/// A project that has applied the greeting, on a proxy.
fn applied<'n>(ns: &'n Namespace, proxy: &Proxy) -> Project<'n> {
    let project = greeting(ns).through(proxy);
    project.apply();
    project
}

/// What is in the cluster is what others have made of it.
#[track_caller]
fn is_theirs(ns: &Namespace) {
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "theirs");
}

fn a_change_between_the_reading_and_the_dry_run_is_in_the_plan() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &proxy);
    project.edit("regplan.toml", "world", "moon");
    let other = Other::of(&ns);
    proxy.on("apply", "configmaps").only(|seen| seen.dry_run).times(1).first(move || other.change());
    // The plan shows it, so whoever approves it has seen it.
    project.run(["plan"]).success().stdout_contains("data.hello: \"theirs\" -> \"moon\"");
    is_theirs(&ns);
    project.apply();
    project.expect_settled();
}

fn an_object_that_others_make_just_before_the_create_stays() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let other = Other::of(&ns);
    proxy.on("apply", "configmaps").not_dry_run().times(1).first(move || other.make());
    let project = greeting(&ns).through(&proxy);
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("somebody else has made it");
    is_theirs(&ns);
    project.run(["plan"]).code(1).stdout_contains("exists already, and is not ours");
}

fn a_change_just_before_the_update_is_not_overwritten() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &proxy);
    project.edit("regplan.toml", "world", "moon");
    let other = Other::of(&ns);
    proxy.on("apply", "configmaps").not_dry_run().times(1).first(move || other.change());
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("in a way that was not approved: data.hello");
    is_theirs(&ns);
    project.apply();
    project.expect_settled();
}

fn an_object_that_others_make_anew_just_before_the_update_stays() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &proxy);
    project.edit("regplan.toml", "world", "moon");
    let other = Other::of(&ns);
    proxy.on("apply", "configmaps").not_dry_run().times(1).first(move || other.make_anew());
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("made again by others");
    is_theirs(&ns);
}

/// The update names the version that it has read. Without the uid beside it the server would make the object.
fn an_object_that_others_delete_just_before_the_update_is_not_made_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &proxy);
    project.edit("regplan.toml", "world", "moon");
    let other = Other::of(&ns);
    proxy.on("apply", "configmaps").not_dry_run().times(1).first(move || other.delete());
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("deleted by others");
    assert_eq!(ns.find("configmap/greeting"), None);
    // The next plan says that it is made.
    project.run(["plan"]).success().stdout_contains("+ resource.greeting");
    project.apply();
    project.expect_settled();
}

fn a_mark_that_others_set_just_before_the_delete_keeps_the_object() {
    let ns = Namespace::new();
    for command in ["apply", "destroy"] {
        let proxy = ns.proxy();
        let project = applied(&ns, &proxy);
        project.rewrite("regplan.toml", HEAD);
        let other = Other::of(&ns);
        proxy.on("delete", "configmaps").times(1).first(move || other.protect());
        project.run([command, "--auto-approve"]).code(1).stderr_contains("resource.greeting");
        assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world", "{command}");
        project.run(["apply", "--auto-approve", "--consent=resource.greeting"]).success();
    }
}

fn an_object_that_others_make_anew_just_before_the_delete_stays() {
    type Way = (&'static str, fn(&Other));
    let ns = Namespace::new();
    let ways: [Way; 3] =
        [("apply", Other::make_anew), ("destroy", Other::make_anew), ("apply", Other::restore)];
    for (command, make) in ways {
        let proxy = ns.proxy();
        let project = applied(&ns, &proxy);
        project.rewrite("regplan.toml", HEAD);
        let other = Other::of(&ns);
        proxy.on("delete", "configmaps").times(1).first(move || make(&other));
        project.run([command, "--auto-approve"]).any();
        is_theirs(&ns);
        ns.delete("configmap/greeting");
    }
}

/// The object that takes its place was planned with what it held.
fn a_change_just_before_a_replacement_is_not_lost() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &proxy);
    project.edit("regplan.toml", "world", "moon");
    let other = Other::of(&ns);
    proxy.on("delete", "configmaps").times(1).first(move || other.change());
    let ended = project.run(["apply", "--auto-approve", "--replace", "resource.greeting"]).code(1);
    ended.stderr_contains("not approved: data.hello");
    is_theirs(&ns);
}

fn an_object_that_others_make_between_the_two_halves_of_a_replacement_stays() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &proxy);
    let other = Other::of(&ns);
    // The delete is done by now.
    proxy.on("apply", "configmaps").not_dry_run().times(1).first(move || other.make());
    project.run(["apply", "--auto-approve", "--replace", "resource.greeting"]).code(1);
    is_theirs(&ns);
    let uid = ns.field("configmap/greeting", "/metadata/uid");
    let state = project.state();
    assert_ne!(state["resources"]["resource.greeting"]["uid"], uid, "what is there is not ours: {state:#}");
    project.run(["apply", "--auto-approve"]).code(1);
    is_theirs(&ns);
}

fn an_object_that_others_delete_while_it_is_waited_for_is_made_again_by_the_next_apply() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{BALANCER}"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    ns.delete("service/lb");
    apply.wait().code(1).stderr_contains("resource.lb");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    wait_until("the service is there again", || ns.find("service/lb").is_some());
    give_address(&ns);
    apply.wait().success();
    project.expect_settled();
}

fn a_change_in_the_middle_of_a_rollback_is_not_overwritten() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &proxy);
    project.edit("regplan.toml", "world", "moon");
    project.apply();
    let other = Other::of(&ns);
    proxy.on("apply", "configmaps").not_dry_run().times(1).first(move || other.change());
    project.run(["rollback", "--auto-approve"]).code(1).stderr_contains("not approved: data.hello");
    is_theirs(&ns);
    project.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
}

fn a_change_while_drift_reads_is_no_failure() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &proxy);
    let other = Other::of(&ns);
    proxy.on("*", "configmaps").times(1).first(move || other.change());
    project.run(["drift"]).code(2).stdout_contains("data.hello");
    let other = Other::of(&ns);
    proxy.on("*", "configmaps").times(1).first(move || other.delete());
    project.run(["drift"]).code(2).stdout_contains("gone");
}

/// The plan has read that there is neither a state nor the object, and then meets what the apply has made.
fn a_first_apply_that_begins_while_a_plan_reads_is_the_same_state() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = greeting(&ns);
    let apply = Arc::new(Mutex::new(Some(project.regplan(["apply", "--auto-approve"]))));
    proxy.on("apply", "configmaps").named("greeting").times(1).first(move || {
        let command = apply.lock().unwrap().take();
        if let Some(command) = command {
            command.run().success();
        }
    });
    let project = project.through(&proxy);
    project.run(["plan"]).success().stdout_contains("Nothing to change");
}
