//! A pod that pulls the probe, and what it says about the pull.

use serde_json::{Value, json};

use super::codes;
use super::outcome::Fault;
use crate::kubernetes::conditions::{condition, status, text};
use crate::resource::Identity;

/// The annotation with the tag of the run that has made the pod.
const RUN: &str = "regplan.dev/verify";
/// For how many seconds the pod may be there. The kubelet ends it then, whatever becomes of the run.
const LIFETIME: u64 = 120;

/// What has become of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pull {
    /// The image is on the node.
    Done,
    /// It is not there yet; in words.
    Waiting(String),
    /// It could not be pulled; in words.
    Failed(String),
}

/// The pod of a pull Secret. Its name says nothing of the run, so that the next run finds what a killed one has left.
pub fn puller(secret: &Identity) -> Identity {
    let namespace = secret.namespace.as_deref().unwrap_or_default();
    Identity::namespaced("", "Pod", namespace, format!("regplan-verify-{}", secret.name))
}

/// The pod that pulls an image with a Secret. It may do nothing, and has nothing to run: that it does not start is expected.
pub fn pod(secret: &Identity, image: &str, run: &str) -> Value {
    let pod = puller(secret);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod.name,
            "namespace": pod.namespace,
            "labels": {"app.kubernetes.io/name": "regplan-verify"},
            "annotations": {RUN: run},
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LIFETIME,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "imagePullSecrets": [{"name": secret.name}],
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "probe",
                "image": image,
                "imagePullPolicy": "Always",
                "resources": {
                    "requests": {"cpu": "1m", "memory": "4Mi"},
                    "limits": {"cpu": "10m", "memory": "16Mi"},
                },
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
        },
    })
}

/// The tag of the run that has made a pod; `None` for a pod that no run has made.
pub fn run_of(pod: &Value) -> Option<&str> {
    pod.get("metadata")?.get("annotations")?.get(RUN)?.as_str()
}

/// What a pod says about its pull.
pub fn pulled(pod: &Value) -> Pull {
    let container = pod.pointer("/status/containerStatuses/0");
    if container.is_some_and(|container| !text(container, "imageID").is_empty()) {
        return Pull::Done;
    }
    let waiting = container.and_then(|container| container.pointer("/state/waiting"));
    let reason = waiting.map(|waiting| text(waiting, "reason")).unwrap_or_default();
    let said = waiting.map(|waiting| text(waiting, "message").trim()).unwrap_or_default();
    match reason {
        // What comes after the pull: there is nothing to run in the image.
        "CreateContainerError" | "CreateContainerConfigError" | "RunContainerError" | "StartError" => {
            Pull::Done
        }
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "RegistryUnavailable" => {
            Pull::Failed(if said.is_empty() { reason.to_owned() } else { format!("{reason}: {said}") })
        }
        _ if pod.pointer("/status/phase").and_then(Value::as_str) == Some("Failed") => {
            let status = pod.get("status").cloned().unwrap_or_default();
            Pull::Failed(
                format!("{} {}", text(&status, "reason"), text(&status, "message")).trim().to_owned(),
            )
        }
        _ => match condition(pod, "PodScheduled").filter(|found| status(found) == "False") {
            Some(found) => Pull::Waiting(format!("no node takes the pod: {}", text(found, "message"))),
            None => Pull::Waiting("the node has not pulled yet".to_owned()),
        },
    }
}

/// The fault of a pull that did not come about.
pub fn not_pulled(secret: &Identity, said: &str) -> Fault {
    let namespace = secret.namespace.as_deref().unwrap_or_default();
    let fix = if said.contains("x509") || said.contains("certificate") {
        "the node does not trust the certificate: give it the root (`${issuer.NAME.root}`, docs/certificates.md)"
    } else if said.contains("no such host")
        || said.contains("i/o timeout")
        || said.contains("connection refused")
    {
        "the node does not reach the registry by its name: nodes ask the DNS of their machine, not that of the cluster"
    } else if said.contains("401")
        || said.contains("unauthorized")
        || said.contains("no basic auth credentials")
    {
        "the Secret has no password that the registry takes: `regplan plan` shows what is not as it should be"
    } else {
        "look at the events of a pod in this namespace that pulls from the registry"
    };
    Fault::new(codes::NOT_PULLED, format!("in `{namespace}`, with the Secret `{}`: {said}", secret.name), fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(container: &Value) -> Value {
        json!({"status": {"containerStatuses": [container]}})
    }

    fn waits(reason: &str) -> Value {
        with(&json!({"imageID": "", "state": {"waiting": {"reason": reason, "message": "said"}}}))
    }

    #[test]
    fn a_pull_is_done_when_the_image_is_there_though_nothing_runs() {
        assert_eq!(pulled(&waits("CreateContainerError")), Pull::Done);
        assert_eq!(pulled(&with(&json!({"imageID": "sha256:00"}))), Pull::Done);
        assert_eq!(pulled(&waits("ErrImagePull")), Pull::Failed("ErrImagePull: said".into()));
        assert!(matches!(pulled(&waits("ContainerCreating")), Pull::Waiting(_)));
        assert!(matches!(pulled(&json!({})), Pull::Waiting(_)));
        let unscheduled = json!({"status": {"conditions": [
            {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]}});
        assert_eq!(
            pulled(&unscheduled),
            Pull::Waiting("no node takes the pod: 0/1 nodes are available".into())
        );
        let evicted = json!({"status": {"phase": "Failed", "reason": "Evicted", "message": "low memory"}});
        assert_eq!(pulled(&evicted), Pull::Failed("Evicted low memory".into()));
    }

    #[test]
    fn the_pod_names_its_run_and_the_secret() {
        let secret = Identity::namespaced("", "Secret", "shop", "pull");
        let pod = pod(&secret, "r.example.com/regplan-verify/probe:run-1", "run-1");
        assert_eq!(run_of(&pod), Some("run-1"));
        assert_eq!(pod["metadata"]["namespace"], "shop");
        assert_eq!(pod["spec"]["imagePullSecrets"][0]["name"], "pull");
        assert_eq!(
            pod["spec"]["activeDeadlineSeconds"], LIFETIME,
            "it ends by itself where the run was killed"
        );
    }

    #[test]
    fn the_cause_leads_to_what_to_do() {
        let secret = Identity::namespaced("", "Secret", "shop", "pull");
        let fix = |said: &str| not_pulled(&secret, said).fix;
        assert!(fix("x509: certificate signed by unknown authority").contains("root"));
        assert!(fix("dial tcp: lookup r: no such host").contains("DNS"));
        assert!(fix("401 Unauthorized").contains("password"));
    }
}
