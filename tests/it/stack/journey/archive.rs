//! A registry of version 2 that becomes one of version 3, and goes back; and what is said when something of it breaks.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use super::page::Page;
use super::place::{COPY, Place};
use crate::harness::processes::all_of;
use crate::harness::{Cluster, Command, Namespace, program, wait_until};
use crate::stack::registry::decoded;

/// An older registry, on a small disk, with an authority of its own.
const FILE: &str = r#"[project]
name = "archive"

[issuer.own]
scope     = "namespace"
namespace = "archive"
ca        = { common_name = "archive" }

[registry.main]
host           = "archive.example.test"
image          = "registry:2.8.2"
namespace      = "archive"
storage.volume = { size = "256Mi", class = "small" }
auth.users     = { ops = { env = "OPS_PASSWORD" } }
ingress.class  = "traefik"
tls.issuer     = "issuer.own"
"#;

/// Asks what stands in the registry.
const INSPECT: &str = "skopeo inspect --cert-dir trusted --creds ops:$OPS_PASSWORD --format {{.Digest}}";

/// The registry, and the disk that it is on.
pub(super) struct Archive<'n> {
    place: Place<'n>,
    disk: PathBuf,
}

impl<'n> Archive<'n> {
    /// Makes the disk, and applies the file. cert-manager has to be there.
    #[track_caller]
    pub(super) fn make(ns: &'n Namespace) -> Self {
        let place = Place::new(ns, "archive.example.test", FILE);
        let disk = place.project().path("disk");
        fs::create_dir(&disk).unwrap();
        let mount =
            Command::new(program("mount")).args(["-t", "tmpfs", "-o", "size=256m,mode=1777", "tmpfs"]);
        mount.args([&disk]).run().success();
        let volume = json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": { "name": "small" },
            "spec": {
                "capacity": { "storage": "256Mi" },
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "small",
                "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": { "path": disk },
            },
        });
        Cluster::shared().kubectl(["apply", "--filename=-"]).stdin(volume.to_string()).run().success();
        place.project().apply();
        let root = Cluster::shared().find("archive", "secret/own-root").unwrap();
        place.trust(decoded(root["data"]["tls.crt"].as_str().unwrap()));
        let archive = Self { place, disk };
        archive.wait_for_the_controller();
        archive
    }

    /// From version 2 to version 3, and back.
    pub(super) fn upgrade(&self, page: &mut Page) {
        page.say(
            "## From version 2 to version 3, and back\n\n\
             Another project has a registry of version 2, with an authority that is made for it and a disk of 256 MiB:",
        );
        page.show("toml", FILE);
        page.say("An image is pushed while it is of version 2.");
        self.push(page, "old", "3600");
        page.say("Then the file says `registry:3.1.2`.");
        self.place.project().edit("regplan.toml", "registry:2.8.2", "registry:3.1.2");
        self.place.run_from(page, "regplan apply --auto-approve", "  ~ ");
        self.wait_for_the_controller();
        page.say("The image is the same, and another one can be pushed:");
        self.place.run(page, &format!("{INSPECT} docker://archive.example.test/team/old:1"), 0);
        self.push(page, "new", "7200");
        page.say(
            "The way back puts the old image, and the place of its configuration, back into the Deployment. It does not touch\n\
             the volume. Both versions store images in the same form, so what was pushed meanwhile is still there:",
        );
        self.place.run_from(page, "regplan rollback --auto-approve", "  ~ ");
        self.wait_for_the_controller();
        self.place.run(page, &format!("{INSPECT} docker://archive.example.test/team/old:1"), 0);
        self.place.run(page, &format!("{INSPECT} docker://archive.example.test/team/new:1"), 0);
        page.say(
            "A plan by the file would go forward again, since the file still says `registry:3.1.2`. So it is taken back there\n\
             too:",
        );
        self.place.project().edit("regplan.toml", "registry:3.1.2", "registry:2.8.2");
        self.place.run(page, "regplan plan", 0).stdout_contains("Nothing to change");
    }

    /// Traefik learns of new pods and certificates every two seconds only. Until then it says 503, or shows one of its own.
    fn wait_for_the_controller(&self) {
        wait_until("an answer", || self.place.status().is_some_and(|status| status == 401));
    }

    fn push(&self, page: &mut Page, name: &str, seconds: &str) {
        self.place.write_image(seconds);
        self.place.run(page, &format!("{COPY} dir:image docker://archive.example.test/team/{name}:1"), 0);
    }

    /// What is said when its process is killed, containerd ends, or the disk is full.
    pub(super) fn break_it(&self, page: &mut Page) {
        page.say("## When something breaks");
        self.kill_the_registry(page);
        self.kill_containerd(page);
        self.fill_the_disk(page);
    }

    fn kill_the_registry(&self, page: &mut Page) {
        page.say(
            "### The registry is killed\n\n\
             And whenever the kubelet has started it again, it is killed once more. The kubelet waits longer each time, and nobody\n\
             is served. The objects are as they were applied, and the Deployment is not well:",
        );
        let killer = Killer::of("docker-registry");
        let waiting = || container()["state"]["waiting"]["reason"] == "CrashLoopBackOff";
        wait_until("the patience of the kubelet", waiting);
        wait_until("the end of its endpoint", || self.place.status().is_some_and(|status| status == 503));
        wait_until("the word of the Deployment", || available_replicas().is_empty());
        self.place.run(page, "regplan drift", 2);
        self.place.run(page, "regplan verify --only authentication", 2);
        drop(killer);
        page.say("Left alone, it runs again some seconds later:");
        self.wait_for_the_controller();
        self.place.run(page, "regplan drift", 0);
    }

    fn kill_containerd(&self, page: &mut Page) {
        page.say(
            "### containerd is killed\n\n\
             The node starts containerd again, and no command tells of it, because the cluster does not: the node is ready all the time,\n\
             and the containers go on and are not started again.\n\n\
             (Where containerd stays away for half a minute, the node is not ready, and its containers still go on. What then needs a new\n\
             pod finds no node, and the apply, `plan` and `drift` say that.)",
        );
        let (before, told) = (all_of("containerd"), told_of_the_node());
        kill("containerd");
        self.place.run(page, "regplan verify --only pull", 0);
        self.place.run(page, "regplan drift", 0);
        wait_until("another containerd", || all_of("containerd").iter().any(|id| !before.contains(id)));
        assert_eq!(told_of_the_node(), told, "nothing tells of it");
    }

    fn fill_the_disk(&self, page: &mut Page) {
        page.say(
            "### The volume is full\n\n\
             A registry on a full disk still serves what it has, so it is ready, and no object has changed. The first push that\n\
             fails says it, such as that of `verify`:",
        );
        let full = fs::write(self.disk.join("filler"), vec![0; 300 << 20]);
        assert!(full.is_err(), "the disk is full");
        let verify = self.place.run(page, "regplan verify --only push", 2);
        verify.stdout_contains("the volume is full");
        page.say("From then on its log tells it, and so do `drift` and `plan`:");
        let drift = self.place.run(page, "regplan drift", 2);
        drift.stdout_contains("! registry.main/PersistentVolumeClaim/registry  unhealthy");
        drift.stdout_contains("the volume is full: at ");
        page.say("When there is room again, it takes pushes without a restart, and the first one that ends well says it:");
        fs::remove_file(self.disk.join("filler")).unwrap();
        self.place.run(page, "regplan verify --only pull", 0);
        self.place.run(page, "regplan drift", 0).stdout_contains("In sync");
    }

    /// Everything goes but what holds data.
    pub(super) fn end(&self) {
        self.place.project().run(["destroy", "--auto-approve"]).success();
    }
}

/// The status of the registry's container.
fn container() -> Value {
    let pods = Cluster::shared().items("archive", "pods");
    let pod = pods.into_iter().find(|pod| pod["metadata"]["deletionTimestamp"].is_null()).unwrap_or_default();
    pod["status"]["containerStatuses"][0].clone()
}

/// How many pods the Deployment of the registry calls available; nothing for none.
fn available_replicas() -> String {
    let args = [
        "get",
        "deployment/registry",
        "--namespace=archive",
        "--output=jsonpath={.status.availableReplicas}",
    ];
    Cluster::shared().kubectl(args).run().success().stdout().to_owned()
}

/// What would tell of containerd: whether the node is ready and since when, and the container of the registry.
fn told_of_the_node() -> Value {
    let nodes = Cluster::shared().items("", "nodes");
    let conditions = nodes[0]["status"]["conditions"].as_array().unwrap();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready").unwrap();
    json!([ready["status"], ready["lastTransitionTime"], container()])
}

/// Kills a program again and again, until it is dropped.
struct Killer {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Killer {
    fn of(name: &'static str) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                kill(name);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Self { ends, thread: Some(thread) }
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Kills all processes of this name.
fn kill(name: &str) {
    for id in all_of(name) {
        let id = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        // It may have ended by itself.
        let _ = rustix::process::kill_process(id, Signal::KILL);
    }
}
