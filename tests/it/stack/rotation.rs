//! A rotation on a node, while pods with ever new images start: none fails to pull.

use std::ffi::OsString;
use std::path::PathBuf;

use http::StatusCode;
use serde_json::json;

use super::pulls::Pulls;
use super::registry::{PASSWORD, Registry};
use crate::bed::Size;
use crate::bed::image::Image;
use crate::harness::{Bed, Cluster, Command, Namespace, ObjectServer, wait_until};

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
    let project = registry.project();
    let user = || login(&ns, &registry).0;
    let pods = pods_of_registry(&ns);
    let mut pulls = Pulls::new(ns.name(), |image: &Image, tag: &str| registry.push_as(image, tag));
    pulls.pull();
    assert_eq!(user(), "node-a");
    project.edit("regplan.toml", "\"first\"", "\"second\"");
    pulls.pull_during(project.regplan(["apply", "--auto-approve"]).spawn());
    assert_eq!(user(), "node-b");
    // The next apply retires the old user, and pulls go on.
    pulls.pull_during(project.regplan(["apply", "--auto-approve"]).spawn());
    project.expect_settled();
    pulls.expect(5);
    assert_eq!(registry.status(PASSWORD), Some(StatusCode::OK));
    assert_eq!(pods_of_registry(&ns), pods, "no pod of the registry was replaced");
    // Where the pods end TLS themselves, they are asked over TLS. No cloud gives their load balancer an address.
    let balanced = "load_balancer = {}\nlifecycle.ready = { \"Service/registry-external\" = \"written\" }";
    project.edit("regplan.toml", "ingress.class = \"contour\"", balanced);
    project.edit("regplan.toml", "\"second\"", "\"third\"");
    project.apply();
    assert_eq!(user(), "node-a");
    pulls.end();
    registry.destroy();
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
        renew_files(&self.ns.name(), &self.pod);
    }
}

/// Has the kubelet renew the files of a pod. It looks at a pod that has changed at once, and at others within a minute or two.
#[track_caller]
pub(super) fn renew_files(namespace: &str, pod: &str) {
    let change = format!("{:x}", rand::random::<u64>());
    let patch = json!({ "metadata": { "annotations": { "test": change } } });
    Cluster::shared().patch(namespace, pod, &patch);
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
    renew_files(&ns.name(), first);
    let waited_for = last.trim_start_matches("pod/");
    run.until(&format!("pod {waited_for} does not take the user `node-b` yet"));
    assert_eq!(login(&ns, &registry).0, "node-a", "one of two pods does not take the other user");
    late.release();
    run.wait().success();
    assert_eq!(login(&ns, &registry).0, "node-b");
    assert_eq!(pods_of_registry(&ns), pods, "no pod of the registry was replaced");
    registry.destroy();
}
