//! Pods with ever new images, which start one after the other while something else goes on.

use std::collections::BTreeSet;

use serde_json::json;

use crate::bed::image::Image;
use crate::harness::{Cluster, Command, Ended, Running, program};

/// The pods of a namespace, and how their images come into the registry: pushed with this tag, which says their name.
pub(super) struct Pulls<P> {
    namespace: String,
    push: P,
    count: usize,
    /// How many of the pods have run before the run beside them had ended.
    beside: usize,
}

impl<P: Fn(&Image, &str) -> String> Pulls<P> {
    /// No pod has started yet.
    pub(super) fn new(namespace: impl Into<String>, push: P) -> Self {
        Self { namespace: namespace.into(), push, count: 0, beside: 0 }
    }

    /// Starts a pod with an image that no node has seen, and waits until it runs.
    #[track_caller]
    pub(super) fn pull(&mut self) {
        self.count += 1;
        let name = format!("pod-{}", self.count);
        let seconds = format!("{}", 3600 + self.count);
        let image = Image::of_program(&program("busybox"), &["sleep", &seconds]).unwrap();
        let image = (self.push)(&image, &name);
        let container = json!({ "name": "main", "image": image, "imagePullPolicy": "Always" });
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": name },
            "spec": { "containers": [container], "terminationGracePeriodSeconds": 0 },
        });
        self.kubectl(["apply", "--filename=-"]).stdin(pod.to_string()).run().success();
        let pod = format!("pod/{name}");
        self.kubectl(["wait", &pod, "--for=condition=Ready", "--timeout=60s"]).run().success();
    }

    /// Pulls once beside a run.
    #[track_caller]
    pub(super) fn pull_beside(&mut self, run: &mut Running) {
        self.pull();
        self.beside += usize::from(!run.has_ended());
    }

    /// How many pods have run before the runs beside them had ended.
    pub(super) fn beside(&self) -> usize {
        self.beside
    }

    /// Pulls until the run has ended, and once more.
    #[track_caller]
    pub(super) fn pull_during(&mut self, mut run: Running) -> Ended {
        while !run.has_ended() {
            self.pull_beside(&mut run);
        }
        let ended = run.wait().success();
        self.pull();
        ended
    }

    /// Asserts that at least so many pods have started, and that no event tells of one that could not pull.
    #[track_caller]
    pub(super) fn expect(&self, least: usize) {
        self.expect_no_failure();
        assert!(self.count >= least, "only {} pods have started meanwhile", self.count);
    }

    /// Asserts that no event tells of a pod that could not pull.
    #[track_caller]
    pub(super) fn expect_no_failure(&self) {
        assert_eq!(self.failures(), BTreeSet::new());
    }

    /// Takes the pods away.
    #[track_caller]
    pub(super) fn end(&self) {
        self.kubectl(["delete", "pods", "--all", "--force"]).run().success();
    }

    /// What was said of pods that could not pull.
    #[track_caller]
    fn failures(&self) -> BTreeSet<String> {
        let events = Cluster::shared().items(&self.namespace, "events");
        let failed = events.into_iter().filter(|event| {
            let about = event["involvedObject"]["name"].as_str().unwrap_or_default();
            about.starts_with("pod-")
                && ["Failed", "BackOff"].contains(&event["reason"].as_str().unwrap_or_default())
        });
        failed.map(|event| event["message"].to_string()).collect()
    }

    fn kubectl<const N: usize>(&self, args: [&str; N]) -> Command {
        Cluster::shared().kubectl(["--namespace", &self.namespace]).args(args)
    }
}
