//! The control plane of the tests: what it simulates, and that nothing of it is left at the end.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde_json::json;

use crate::harness::processes::{descendants, is_alive, name};
use crate::harness::{Cluster, Command, Namespace, OwnCluster, wait_for, wait_until};
use crate::plane::{Nodes, Plane, Role};

tests! {
    ready_made_programs_are_not_built,
    a_deployment_rolls_out,
    a_job_completes,
    a_claim_binds,
    a_claim_of_a_late_class_waits_for_its_first_consumer,
    a_volume_goes_with_its_claim,
    a_namespace_with_pods_ends,
    failing_pods_say_why,
    kwok_leaves_pods_alone_that_do_not_shut_down,
    a_slow_pod_is_ready_in_the_end,
    an_account_may_do_what_its_role_allows,
    a_stopped_server_comes_back_with_its_data,
    a_frozen_server_answers_when_thawed,
    a_program_that_does_not_come_up_says_why,
    nothing_survives_a_killed_runner,
    nothing_survives_a_killed_guard,
}

const POD: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "NAME", "labels":
    {"regplan.test/behaviour": "NAME"}}, "spec": {"containers": [{"name": "main", "image": "any"}]}}"#;

fn deployment(name: &str) -> String {
    let labels = json!({ "app": name });
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name }, "spec": {
        "replicas": 3,
        "selector": { "matchLabels": labels },
        "template": {
            "metadata": { "labels": labels },
            "spec": { "containers": [{ "name": "main", "image": "any" }] },
        },
    } })
    .to_string()
}

fn claim(name: &str, class: Option<&str>) -> String {
    json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": name }, "spec": {
        "storageClassName": class,
        "accessModes": ["ReadWriteOnce"],
        "resources": { "requests": { "storage": "1Gi" } },
    } })
    .to_string()
}

fn a_deployment_rolls_out() {
    let ns = Namespace::new();
    ns.apply(&deployment("web"));
    ns.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]).run().success();
    assert_eq!(ns.field("deployment/web", "/status/readyReplicas"), 3);
}

fn a_job_completes() {
    let ns = Namespace::new();
    ns.apply(
        r#"{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {"template": {"spec":
            {"restartPolicy": "Never", "containers": [{"name": "main", "image": "any"}]}}}}"#,
    );
    ns.kubectl(["wait", "job/once", "--for=condition=Complete", "--timeout=60s"]).run().success();
}

fn a_claim_binds() {
    let ns = Namespace::new();
    ns.apply(&claim("data", None));
    wait_until("the claim to be bound", || ns.field("pvc/data", "/status/phase") == "Bound");
    assert_eq!(ns.field("pvc/data", "/spec/storageClassName"), "standard");
    assert_eq!(ns.field("pvc/data", "/status/capacity/storage"), "1Gi");
}

fn a_claim_of_a_late_class_waits_for_its_first_consumer() {
    let ns = Namespace::new();
    ns.apply(&claim("data", Some("late")));
    wait_until("the controller to say that it waits", || {
        let events = ns.kubectl(["get", "events", "--output=json"]).run().success();
        events.stdout().contains("WaitForFirstConsumer")
    });
    assert_eq!(ns.field("pvc/data", "/status/phase"), "Pending");
    ns.apply(
        r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "consumer"}, "spec": {
            "containers": [{"name": "main", "image": "any"}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}}"#,
    );
    wait_until("the claim to be bound", || ns.field("pvc/data", "/status/phase") == "Bound");
    ns.kubectl(["wait", "pod/consumer", "--for=condition=Ready", "--timeout=60s"]).run().success();
}

fn a_volume_goes_with_its_claim() {
    let ns = Namespace::new();
    ns.apply(&claim("data", None));
    let volume = wait_for("the volume's name", || {
        ns.field("pvc/data", "/spec/volumeName").as_str().map(|name| format!("pv/{name}"))
    });
    wait_until("the claim to be bound", || ns.field("pvc/data", "/status/phase") == "Bound");
    ns.delete("pvc/data");
    wait_until("the volume to be gone", || ns.find(&volume).is_none());
}

fn a_namespace_with_pods_ends() {
    let ns = Namespace::new();
    ns.apply(&deployment("web"));
    ns.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]).run().success();
    ns.kubectl(["delete", "namespace", "{ns}", "--timeout=60s"]).run().success();
    assert!(ns.find(&format!("namespace/{}", ns.name())).is_none());
}

fn failing_pods_say_why() {
    let ns = Namespace::new();
    let behaviours = [
        ("image-pull-backoff", "/status/containerStatuses/0/state/waiting/reason", "ImagePullBackOff"),
        ("crash-loop", "/status/containerStatuses/0/state/waiting/reason", "CrashLoopBackOff"),
        ("never-ready", "/status/conditions/1/reason", "ContainersNotReady"),
        ("failed", "/status/phase", "Failed"),
    ];
    for (behaviour, _, _) in behaviours {
        ns.apply(&POD.replace("NAME", behaviour));
    }
    ns.apply(&POD.replace("NAME", "untagged").replace("any", "any:does-not-exist"));
    for (behaviour, pointer, reason) in behaviours {
        wait_until(&format!("{reason} of the pod {behaviour}"), || {
            ns.get(&format!("pod/{behaviour}")).pointer(pointer) == Some(&json!(reason))
        });
    }
    wait_until("an image that cannot be pulled", || {
        ns.get("pod/untagged").to_string().contains("ImagePullBackOff")
    });
    assert_eq!(ns.field("pod/never-ready", "/status/containerStatuses/0/ready"), false);
}

fn kwok_leaves_pods_alone_that_do_not_shut_down() {
    let ns = Namespace::new();
    ns.apply(&POD.replace("NAME", "never-ready"));
    let kwok = ns.cluster().facts().folder.join("kwok.kubeconfig");
    let login = format!("--kubeconfig={}", kwok.display());
    // A policy is in force a moment after it was made.
    wait_until("the refusal", || {
        let delete = ns.kubectl([&login, "delete", "pod/never-ready", "--dry-run=server"]).run().any();
        delete.stderr().contains("kwok-deletes-what-shuts-down")
    });
    // What shuts down, it deletes.
    ns.delete("pod/never-ready");
}

fn a_slow_pod_is_ready_in_the_end() {
    let ns = Namespace::new();
    ns.apply(&POD.replace("NAME", "slow"));
    ns.kubectl(["wait", "pod/slow", "--for=condition=Ready", "--timeout=60s"]).run().success();
}

fn an_account_may_do_what_its_role_allows() {
    let ns = Namespace::new();
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"] }]);
    let kubeconfig = ns.account("reader", &rules);
    let asked = |what: &str| ns.kubectl(["get", what]).env("KUBECONFIG", &kubeconfig).run();
    asked("configmaps").success().stdout_contains("kube-root-ca.crt");
    asked("secrets").code(1).stderr_contains("Forbidden");
}

fn a_stopped_server_comes_back_with_its_data() {
    let mut cluster = OwnCluster::take();
    let ns = Namespace::on(&cluster);
    ns.kubectl(["create", "configmap", "kept"]).run().success();
    cluster.stop(Role::ApiServer).unwrap();
    ns.kubectl(["get", "configmap/kept"]).run().code(1).stderr_contains("refused");
    cluster.start_again(Role::ApiServer).unwrap();
    ns.get("configmap/kept");
    cluster.give_back();
}

fn a_frozen_server_answers_when_thawed() {
    let mut cluster = OwnCluster::take();
    let ns = Namespace::on(&cluster);
    cluster.freeze(Role::ApiServer).unwrap();
    let mut asking = ns.kubectl(["get", "configmap/kube-root-ca.crt"]).spawn();
    ns.kubectl(["version", "--request-timeout=1s"]).run().code(1);
    assert!(!asking.has_ended(), "a frozen server has answered");
    cluster.thaw(Role::ApiServer).unwrap();
    asking.wait().success();
    cluster.give_back();
}

fn a_program_that_does_not_come_up_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let programs = Cluster::shared().facts().programs.clone();
    symlink(programs.join("etcd"), folder.path().join("etcd")).unwrap();
    script(&folder.path().join("kube-apiserver"), "echo 'error: out of luck' >&2; exit 3");
    let error = Plane::start(folder.path(), Nodes::Simulated).unwrap_err().to_string();
    assert!(error.contains("kube-apiserver ended (exit status: 3)"), "{error}");
    assert!(error.contains("error: out of luck"), "{error}");
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// SIGKILL for the supervisor, which is the process that `cargo test` starts: all others end with it.
fn nothing_survives_a_killed_runner() {
    let runner = Command::new(std::env::current_exe().unwrap()).inherit_env();
    let mut runner = runner.args(["--exact", "control_plane::a_namespace_with_pods_ends"]).spawn();
    runner.until("the control plane is up").until("running 1 test");
    let processes = descendants(runner.id());
    let names: Vec<String> = processes.iter().map(|id| name(*id)).collect();
    for program in ["etcd", "kube-apiserver", "kube-controller", "kube-scheduler", "kwok"] {
        assert!(names.iter().any(|name| name == program), "{program} is not among {names:?}");
    }
    let folder = plane_folder(&processes);
    runner.kill();
    wait_until("the end of all processes", || !processes.iter().copied().any(is_alive));
    wait_until("the end of their data", || !Path::new(&folder).exists());
}

/// The working folder of etcd.
fn plane_folder(processes: &[u32]) -> std::path::PathBuf {
    let etcd = processes.iter().find(|id| name(**id) == "etcd").unwrap();
    fs::read_link(format!("/proc/{etcd}/cwd")).unwrap()
}

fn nothing_survives_a_killed_guard() {
    let cluster = OwnCluster::take();
    let guard = cluster.guard_id();
    let processes = descendants(guard);
    assert!(processes.len() >= 5, "{processes:?}");
    let pid = Pid::from_raw(i32::try_from(guard).unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    wait_until("the end of all processes", || !processes.iter().copied().any(is_alive));
    assert_eq!(
        cluster.failure_within(Duration::from_secs(10)).as_deref(),
        Some("the control plane's guard is gone")
    );
}

/// As in envtest, programs in the folder `KUBEBUILDER_ASSETS` are linked, and not built.
fn ready_made_programs_are_not_built() {
    let ns = Namespace::absent();
    let assets = ns.cluster().facts().programs.clone();
    let cache = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/control-plane/build.sh");
    let built = Command::new(script)
        .inherit_env()
        .env("KUBEBUILDER_ASSETS", &assets)
        .env("REGPLAN_TEST_CACHE", cache.path())
        .run()
        .success();
    let folder = std::path::PathBuf::from(built.stdout().trim());
    assert!(folder.starts_with(cache.path()), "{}", folder.display());
    for program in ["etcd", "kube-apiserver", "kubectl", "kwok"] {
        let linked = std::fs::read_link(folder.join(program)).unwrap();
        assert_eq!(linked, std::fs::canonicalize(assets.join(program)).unwrap());
    }
    built.stderr_lacks("building");
}
