//! A registry that takes its time, behind a controller that would not wait for it by itself.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::registry::{PASSWORD, Registry};
use crate::bed::Size;
use crate::bed::https::{self, Login};
use crate::harness::processes::{freeze, rooted_in};
use crate::harness::{Namespace, block_on, wait_until};

tests! { on Size::Processes;
    a_registry_that_thinks_for_long_is_waited_for,
}

/// Longer than Envoy waits where nobody tells it to.
/// Source: <https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts>
pub(super) const SILENCE: Duration = Duration::from_secs(17);

/// Beside the Ingress that regplan makes, a plain one shows that the controller gives up there.
fn a_registry_that_thinks_for_long_is_waited_for() {
    let ns = Namespace::absent();
    let registry = Registry::apply(&ns);
    let plain = format!("plain-{}", registry.host());
    ns.apply(
        &json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "plain"},
            "spec": {"ingressClassName": "contour", "rules": [{"host": plain, "http": {"paths": [{
                "path": "/", "pathType": "Prefix",
                "backend": {"service": {"name": "registry", "port": {"number": 5000}}},
            }]}}]},
        })
        .to_string(),
    );
    let ask_plain = || {
        let login = Some(Login::Password("ci", PASSWORD));
        block_on(https::get(&format!("http://{plain}/v2/"), registry.authority(), login))
            .map(|answer| answer.0)
            .ok()
    };
    wait_until("the plain Ingress", || ask_plain() == Some(StatusCode::OK));

    let frozen = freeze(process_of_pod(&ns), SILENCE);
    std::thread::scope(|scope| {
        let without = scope.spawn(ask_plain);
        assert_eq!(registry.status(PASSWORD), Some(StatusCode::OK));
        assert_eq!(without.join().unwrap(), Some(StatusCode::GATEWAY_TIMEOUT));
    });
    frozen.join().unwrap();
    registry.destroy();
}

/// The process of the registry's pod, whose folder is that of the pod.
pub(super) fn process_of_pod(ns: &Namespace) -> u32 {
    let pods = ns.cluster().items(&ns.name(), "pods");
    let pod =
        pods.iter().find(|pod| pod["metadata"]["labels"]["app.kubernetes.io/name"] == "registry").unwrap();
    let uid = pod["metadata"]["uid"].as_str().unwrap();
    let folder = ns.cluster().facts().folder.join("bed/pods").join(uid).join("root");
    *rooted_in(&folder).first().unwrap()
}
