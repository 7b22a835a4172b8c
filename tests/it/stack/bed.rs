//! The bed itself: what it plays, where it can run, and that nothing of it is left at the end.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::bed::Size;
use crate::bed::node::cgroups;
use crate::harness::processes::{descendants, is_alive, name};
use crate::harness::{Command, Namespace, wait_for, wait_until};

tests! { on Size::Processes;
    a_job_completes,
    a_container_that_ends_is_started_again,
    a_pod_of_an_unknown_image_says_so,
    a_container_sees_changed_files,
    nothing_survives_a_killed_run,
    nothing_survives_a_killed_run_with_containers,
    nothing_leads_out_of_it,
    a_machine_without_root_is_told_so,
}

/// A pod of the registry, which says its version and ends.
fn pod(policy: &str) -> Value {
    json!({ "restartPolicy": policy, "containers": [{
        "name": "main",
        "image": "registry:3.1.2",
        "args": ["--version"],
    }] })
}

fn object(version: &str, kind: &str, spec: &Value) -> String {
    json!({ "apiVersion": version, "kind": kind, "metadata": { "name": "one" }, "spec": spec }).to_string()
}

fn a_job_completes() {
    let ns = Namespace::new();
    ns.apply(&object("batch/v1", "Job", &json!({ "template": { "spec": pod("Never") } })));
    ns.kubectl(["wait", "job/one", "--for=condition=Complete", "--timeout=60s"]).run().success();
}

fn a_container_that_ends_is_started_again() {
    let ns = Namespace::new();
    ns.apply(&object("v1", "Pod", &pod("Always")));
    let restarts = "/status/containerStatuses/0/restartCount";
    wait_until("a second restart", || ns.field("pod/one", restarts).as_u64() >= Some(2));
}

fn a_pod_of_an_unknown_image_says_so() {
    let ns = Namespace::new();
    ns.apply(&object("v1", "Pod", &json!({ "containers": [{ "name": "main", "image": "nothing:1" }] })));
    let waiting = "/status/containerStatuses/0/state/waiting";
    wait_until("the reason", || ns.field("pod/one", waiting)["reason"] == "ImagePullBackOff");
    let message = ns.field("pod/one", waiting)["message"].to_string();
    assert!(message.contains("the image nothing:1"), "{message}");
}

fn a_container_sees_changed_files() {
    let ns = Namespace::new();
    ns.apply(&settings("debug"));
    ns.apply(&object("v1", "Pod", &serving_pod()));
    ns.kubectl(["wait", "pod/one", "--for=condition=Ready", "--timeout=60s"]).run().success();
    let pods = ns.cluster().facts().folder.join("bed/pods");
    let folder = pods.join(ns.field("pod/one", "/metadata/uid").as_str().unwrap()).join("root/etc/files");
    let says = |level: &str| fs::read_to_string(folder.join("file")).is_ok_and(|file| file.contains(level));
    assert!(says("debug"));
    ns.apply(&settings("warn"));
    wait_until("the new content", || says("warn"));
    assert_eq!(ns.field("pod/one", "/status/containerStatuses/0/restartCount"), 0);
    assert!(!folder.join("other").exists(), "only what is named is there");
}

/// Settings of a registry without storage, beside another file.
pub(super) fn settings(level: &str) -> String {
    let text = format!(
        "version: 0.1\nlog: {{level: {level}}}\nstorage: {{inmemory: {{}}}}\nhttp: {{addr: ':5000'}}\n"
    );
    let data = json!({ "text": text, "other": "not taken" });
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "one" }, "data": data })
        .to_string()
}

/// A pod that runs a registry with these settings.
pub(super) fn serving_pod() -> Value {
    let items = json!([{ "key": "text", "path": "file" }]);
    json!({
        "volumes": [{ "name": "files", "configMap": { "name": "one", "items": items } }],
        "containers": [{
            "name": "main",
            "image": "registry:3.1.2",
            "args": ["serve", "/etc/files/file"],
            "env": [{ "name": "OTEL_TRACES_EXPORTER", "value": "none" }],
            "readinessProbe": { "tcpSocket": { "port": 5000 } },
            "volumeMounts": [{ "name": "files", "mountPath": "/etc/files" }],
        }],
    })
}

fn nothing_survives_a_killed_run() {
    let planes = planes();
    let run = Command::new(std::env::current_exe().unwrap()).inherit_env();
    let mut run = run.args(["--ignored", "--exact", "stack::bed::a_job_completes"]).spawn();
    run.until("the test bed (processes) is up").until("running 1 test");
    let processes = descendants(run.id());
    let names: Vec<String> = processes.iter().map(|id| name(*id)).collect();
    for program in ["etcd", "kube-apiserver", "named", "pebble", "contour", "envoy"] {
        assert!(names.iter().any(|name| name == program), "{program} is not among {names:?}");
    }
    run.kill();
    wait_until("the end of all processes", || !processes.iter().copied().any(is_alive));
    assert_eq!(self::planes(), planes, "its data were in memory of its own");
}

fn nothing_survives_a_killed_run_with_containers() {
    let run = Command::new(std::env::current_exe().unwrap()).inherit_env();
    let run = run.args(["--ignored", "--exact", "stack::node::a_job_completes"]).spawn();
    let container = wait_for("a container", || descendants(run.id()).into_iter().find_map(group_of));
    let processes = descendants(run.id());
    run.kill();
    wait_until("the end of all processes", || !processes.iter().copied().any(is_alive));
    wait_until("the end of their cgroups", || !cgroups::exists(&container));
}

/// The group of all containers of a bed in which this process is, if it is in one.
fn group_of(process: u32) -> Option<String> {
    let groups = fs::read_to_string(format!("/proc/{process}/cgroup")).ok()?;
    let mut parts = groups.split(['/', '\n']);
    parts.find(|part| part.starts_with(cgroups::PREFIX)).map(str::to_owned)
}

/// The folders of planes that this process sees.
fn planes() -> Vec<String> {
    let entries = fs::read_dir("/dev/shm").unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("regplan-plane-")).collect()
}

/// No card of the bed has its other end elsewhere, none is one of the machine, and so an address outside is not reached.
fn nothing_leads_out_of_it() {
    let links = Command::new("ip").args(["-details", "-json", "link"]).run().success().json();
    for link in links.as_array().unwrap() {
        // The other ends of what stands on the bridge are in pods.
        let is_of_pod = !link["master"].is_null();
        assert!(is_of_pod || link.get("link_netnsid").is_none(), "its other end is not here: {link:#}");
        let is_ours = link["link_type"] == "loopback" || link["linkinfo"]["info_kind"].is_string();
        assert!(is_ours, "a card of the machine: {link:#}");
    }
}

fn a_machine_without_root_is_told_so() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stack/probe.sh");
    // A user that may not look into the folder of the checkout gets the script on standard input.
    let probe = Command::new("setpriv").args(["--reuid=65534", "--regid=65534", "--clear-groups", "bash"]);
    let refused = probe.folder("/").stdin(fs::read_to_string(script).unwrap()).run().code(1);
    refused.stdout_contains("the test bed needs root").stdout_contains("run the tests as root");
}
