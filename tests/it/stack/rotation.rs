//! A rotation on a node, while pods with ever new images start: none fails to pull.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use http::StatusCode;
use serde_json::json;

use super::registry::{PASSWORD, Registry};
use crate::bed::Size;
use crate::bed::image::Image;
use crate::harness::{Bed, Command, Namespace, ObjectServer, Running, program, wait_until};

tests! { on Size::Node;
    pulls_go_on_while_two_users_take_turns,
    nodes_get_a_new_password_when_every_pod_takes_it,
    nodes_get_no_new_user_before_the_last_of_two_pods_takes_it,
}

/// The login of nodes, in the lists of accounts: the pods name no Secret.
const PULL: &str = r#"
[pull_secret.pull]
registry         = "registry.main"
user             = "node"
rotate           = "first"
namespaces       = ["{ns}"]
service_accounts = ["default"]
"#;

/// A run of regplan, and the pods that start meanwhile.
struct Pulls<'n> {
    ns: &'n Namespace,
    registry: Registry<'n>,
    /// How many pods have started.
    count: usize,
}

impl Pulls<'_> {
    /// Starts a pod with an image that no node has seen, and waits until it runs.
    fn pull(&mut self) {
        self.count += 1;
        let name = format!("pod-{}", self.count);
        let seconds = format!("{}", 3600 + self.count);
        let image = Image::of_program(&program("busybox"), &["sleep", &seconds]).unwrap();
        let image = self.registry.push_as(&image, &name);
        let container = json!({ "name": "main", "image": image, "imagePullPolicy": "Always" });
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": name },
            "spec": { "containers": [container], "terminationGracePeriodSeconds": 0 },
        });
        self.ns.apply(&pod.to_string());
        let pod = format!("pod/{name}");
        self.ns.kubectl(["wait", &pod, "--for=condition=Ready", "--timeout=60s"]).run().success();
    }

    /// Pulls until the run has ended, and once more.
    fn pull_during(&mut self, mut run: Running) {
        while !run.has_ended() {
            self.pull();
        }
        run.wait().success();
        self.pull();
    }

    /// The user that nodes have been given in this namespace.
    fn user(&self) -> String {
        login(self.ns, &self.registry).0
    }

    /// What was said of pods that could not pull.
    fn failures(&self) -> BTreeSet<String> {
        let events = self.ns.kubectl(["get", "events", "-o", "json"]).run().success().json();
        let events = events["items"].as_array().unwrap().clone();
        let failed = events.into_iter().filter(|event| {
            let about = event["involvedObject"]["name"].as_str().unwrap_or_default();
            about.starts_with("pod-")
                && ["Failed", "BackOff"].contains(&event["reason"].as_str().unwrap_or_default())
        });
        failed.map(|event| event["message"].to_string()).collect()
    }
}

/// The user that nodes have been given in a namespace, and the password.
fn login(ns: &Namespace, registry: &Registry<'_>) -> (String, String) {
    let data = ns.field("secret/pull", "/data/.dockerconfigjson");
    let bytes = super::registry::decoded(data.as_str().unwrap());
    let config: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let login = &config["auths"][registry.host()];
    let text = |key: &str| login[key].as_str().unwrap().to_owned();
    (text("username"), text("password"))
}

fn pods_of_registry(ns: &Namespace) -> Vec<String> {
    ns.list("pods").into_iter().filter(|pod| pod.contains("registry-")).collect()
}

fn pulls_go_on_while_two_users_take_turns() {
    let ns = Namespace::absent();
    let registry = Registry::apply_with(&ns, PULL);
    let pods = pods_of_registry(&ns);
    let mut pulls = Pulls { ns: &ns, registry, count: 0 };
    pulls.pull();
    assert_eq!(pulls.user(), "node-a");
    pulls.registry.project().edit("regplan.toml", "\"first\"", "\"second\"");
    let run = pulls.registry.project().regplan(["apply", "--auto-approve"]).spawn();
    pulls.pull_during(run);
    assert_eq!(pulls.user(), "node-b");
    // The next apply retires the old user, and pulls go on.
    let run = pulls.registry.project().regplan(["apply", "--auto-approve"]).spawn();
    pulls.pull_during(run);
    pulls.registry.project().expect_settled();
    assert_eq!(pulls.failures(), BTreeSet::new());
    assert!(pulls.count >= 5, "only {} pods have started meanwhile", pulls.count);
    assert_eq!(pulls.registry.status(PASSWORD), Some(StatusCode::OK));
    assert_eq!(pods_of_registry(&ns), pods, "no pod of the registry was replaced");
    // Where the pods end TLS themselves, they are asked over TLS. No cloud gives their load balancer an address.
    let project = pulls.registry.project();
    let balanced = "load_balancer = {}\nlifecycle.ready = { \"Service/registry-external\" = \"written\" }";
    project.edit("regplan.toml", "ingress.class = \"contour\"", balanced);
    project.edit("regplan.toml", "\"second\"", "\"third\"");
    project.apply();
    assert_eq!(pulls.user(), "node-a");
    ns.kubectl(["delete", "pods", "--all", "--force"]).run().success();
    pulls.registry.destroy();
}

const FIXED: &str = r#"
[pull_secret.pull]
registry   = "registry.main"
user       = "ci"
namespaces = ["{ns}"]
"#;

/// A user has one hash, so there is a gap, and it is announced. The pods see another file only when the kubelet gives it to
/// them, which takes up to a minute: until then, nodes keep the password that works.
fn nodes_get_a_new_password_when_every_pod_takes_it() {
    let ns = Namespace::absent();
    let registry = Registry::apply_with(&ns, FIXED);
    let pods = pods_of_registry(&ns);
    let renewed = "another long enough password";
    let project = registry.project();
    let plan = project.regplan(["plan"]).env("CI_PASSWORD", renewed).run().success();
    plan.stderr_contains("pull-gap");
    let hashes = ns.field("secret/registry-htpasswd", "/data/htpasswd");
    let mut run = project.regplan(["apply", "--auto-approve"]).env("CI_PASSWORD", renewed).spawn();
    let (mut waited, mut given) = (false, false);
    while !run.has_ended() {
        let is_written = ns.field("secret/registry-htpasswd", "/data/htpasswd") != hashes;
        // What nodes have is looked at before the pods are asked: so they cannot get it in between.
        let password = login(&ns, &registry).1;
        let status = registry.status(renewed);
        if password == renewed {
            assert_eq!(status, Some(StatusCode::OK), "nodes have a password that the pods do not take");
            given = true;
        } else {
            assert_eq!(password, PASSWORD);
            waited |= is_written && status == Some(StatusCode::UNAUTHORIZED);
        }
    }
    run.wait().success();
    assert!(waited, "the pods had the new file at once: nothing was shown");
    assert_eq!(login(&ns, &registry), ("ci".into(), renewed.into()));
    assert_eq!(registry.status(renewed), Some(StatusCode::OK));
    assert!(given || registry.status(PASSWORD) == Some(StatusCode::UNAUTHORIZED));
    assert_eq!(pods_of_registry(&ns), pods, "no pod of the registry was replaced");
    project.regplan(["plan", "--detailed-exitcode"]).env("CI_PASSWORD", renewed).run().success();
    registry.destroy();
}

/// A pod whose password file is not renewed any more, as it would be on a node that is late. What the kubelet writes goes to a
/// folder over the one that the pod sees.
struct Late<'n> {
    ns: &'n Namespace,
    pod: String,
    files: PathBuf,
}

impl<'n> Late<'n> {
    #[track_caller]
    fn new(ns: &'n Namespace, pod: &str) -> Self {
        let uid = ns.field(pod, "/metadata/uid");
        let files =
            format!("bed/node/kubelet/pods/{}/volumes/kubernetes.io~secret/auth", uid.as_str().unwrap());
        let files = ns.cluster().facts().folder.join(files);
        let over = ["-t", "tmpfs", "tmpfs"].map(OsString::from);
        Command::new("mount").args(over).args([&files]).run().success();
        Self { ns, pod: pod.to_owned(), files }
    }

    /// Lets the kubelet renew it.
    #[track_caller]
    fn release(self) {
        Command::new("umount").args([&self.files]).run().success();
        renew_files(self.ns, &self.pod);
    }
}

/// Has the kubelet renew the files of a pod. It looks at a pod that has changed at once, and at others within a minute or two.
fn renew_files(ns: &Namespace, pod: &str) {
    ns.patch(pod, &json!({ "metadata": { "annotations": { "test": "changed" } } }));
}

/// Each pod is asked by itself: that the first one takes the new user says nothing of the second.
fn nodes_get_no_new_user_before_the_last_of_two_pods_takes_it() {
    let ns = Namespace::absent();
    let server = ObjectServer::start_at(&Bed::shared().facts().address);
    let storage = format!("replicas = 2\nstorage.s3 = {}", server.storage());
    let registry = Registry::apply_stored(&ns, &storage, PULL);
    let pods = pods_of_registry(&ns);
    let [first, last] = pods.as_slice() else { panic!("there are not two pods: {pods:?}") };
    let late = Late::new(&ns, last);
    let file = || ns.field("secret/registry-htpasswd", "/data/htpasswd");
    let before = file();
    let project = registry.project();
    project.edit("regplan.toml", "\"first\"", "\"second\"");
    let mut run = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the password file with both users", || file() != before);
    renew_files(&ns, first);
    let waited_for = last.trim_start_matches("pod/");
    run.until(&format!("pod {waited_for} does not take the user `node-b` yet"));
    assert_eq!(login(&ns, &registry).0, "node-a", "one of two pods does not take the other user");
    late.release();
    run.wait().success();
    assert_eq!(login(&ns, &registry).0, "node-b");
    assert_eq!(pods_of_registry(&ns), pods, "no pod of the registry was replaced");
    registry.destroy();
}
