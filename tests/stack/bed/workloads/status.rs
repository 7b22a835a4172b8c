//! What the node says of itself and of its pods.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Container;
use serde_json::{Value, json};

use super::super::addresses::NODE;

/// How far a pod is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its container does not run, and why.
    Waiting { reason: &'static str, message: String },
    /// Its container runs.
    Running { ready: bool, restarts: u32 },
    /// Its container has ended, and is not started again.
    Ended { success: bool },
}

impl Phase {
    /// Whether it stays so.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Ended { .. })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "Pending",
            Self::Running { .. } => "Running",
            Self::Ended { success: true } => "Succeeded",
            Self::Ended { success: false } => "Failed",
        }
    }

    fn is_ready(&self) -> bool {
        matches!(self, Self::Running { ready: true, .. })
    }
}

/// The status of a node that is ready.
pub(super) fn of_node(address: &str) -> Value {
    let room = json!({ "cpu": "8", "memory": "8Gi", "pods": "250" });
    json!({ "status": {
        "addresses": [{ "type": "InternalIP", "address": address }],
        "capacity": room,
        "allocatable": room,
        "conditions": [{
            "type": "Ready",
            "status": "True",
            "reason": "Played",
            "lastHeartbeatTime": now(),
            "lastTransitionTime": now(),
        }],
    } })
}

/// The status of a pod that is so far.
pub(super) fn of_pod(container: &Container, phase: &Phase, address: Option<&str>) -> Value {
    let word = |truth: bool| if truth { "True" } else { "False" };
    let condition =
        |name: &str, truth: bool| json!({ "type": name, "status": word(truth), "lastTransitionTime": now() });
    let ready = phase.is_ready();
    let mut status = json!({
        "phase": phase.name(),
        "hostIP": NODE,
        "startTime": now(),
        "conditions": [
            condition("PodScheduled", true),
            condition("Initialized", true),
            condition("ContainersReady", ready),
            condition("Ready", ready),
        ],
        "containerStatuses": [of_container(container, phase)],
    });
    if let Some(address) = address {
        status["podIP"] = address.into();
        status["podIPs"] = json!([{ "ip": address }]);
    }
    json!({ "status": status })
}

fn of_container(container: &Container, phase: &Phase) -> Value {
    let (state, restarts) = match phase {
        Phase::Waiting { reason, message } => {
            (json!({ "waiting": { "reason": reason, "message": message } }), 0)
        }
        Phase::Running { restarts, .. } => (json!({ "running": { "startedAt": now() } }), *restarts),
        Phase::Ended { success } => {
            (json!({ "terminated": { "exitCode": i32::from(!success), "reason": phase.name() } }), 0)
        }
    };
    json!({
        "name": container.name,
        "image": container.image,
        "imageID": container.image,
        "ready": phase.is_ready(),
        "started": matches!(phase, Phase::Running { .. }),
        "restartCount": restarts,
        "state": state,
    })
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
