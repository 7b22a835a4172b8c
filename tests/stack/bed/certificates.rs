//! cert-manager's programs. They start when its definitions are there, as in a cluster that installs it: a test
//! applies these.

use std::path::Path;

use super::addresses::NODE;
use crate::plane::Facts;
use crate::plane::program::Start;

/// The image of the pods that answer http01 challenges.
pub(super) const SOLVER_IMAGE: &str = "localhost/acmesolver:1";

/// The definition that is the last to be there.
pub(super) const DEFINITION: &str = "orders.acme.cert-manager.io";

/// Where the webhook listens: 10250, its usual port, is a kubelet's.
pub(super) const WEBHOOK: u16 = 10_260;

/// The programs that are to be started in this folder.
pub(super) fn programs(plane: &Facts, programs: &Path, folder: &Path) -> [Start; 3] {
    let kubeconfig = format!("--kubeconfig={}", plane.kubeconfig.display());
    let program = |name: &str| Start::new(programs.join(name), folder);
    [
        program("cert-manager-controller").args([
            kubeconfig.clone(),
            format!("--acme-http01-solver-image={SOLVER_IMAGE}"),
            "--dns=127.0.0.1:53".into(),
            // The definitions of the Gateway API are there before.
            "--gateway-api".into(),
            // A request that failed is tried again within the time of a test.
            "--min-backoff=5s".into(),
            // Nobody asks whether it lives.
            "--healthz-listen-address=127.0.0.1:0".into(),
        ]),
        program("cert-manager-cainjector").args([kubeconfig.clone()]),
        program("cert-manager-webhook").args([
            kubeconfig,
            format!("--secure-port={WEBHOOK}"),
            "--healthz-port=10261".into(),
            "--metrics-listen-address=0".into(),
            "--dynamic-serving-ca-secret-namespace=cert-manager".into(),
            "--dynamic-serving-ca-secret-name=cert-manager-webhook-ca".into(),
            format!("--dynamic-serving-dns-names=cert-manager-webhook.cert-manager.svc,{NODE}"),
        ]),
    ]
}
