//! The bed that a test runs in.

pub(super) mod blocks;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;

use super::{Cluster, Command, Namespace, block_on, wait_for, wait_until};
use crate::bed::Facts;
use crate::bed::https::{self, Login};

/// Installs cert-manager. Its definitions and its webhook belong to the whole cluster, so one project has them for all
/// tests. Its programs are the bed's own processes: nobody makes pods of them, and a slice says where the webhook is.
const CERT_MANAGER: &str = r#"
[project]
name = "{project}"

[cluster]
namespace = "cert-manager"

[resource.cert-manager]
apiVersion = "v1"
kind = "Namespace"

[manifest.definitions]
path = "DEFINITIONS"

[manifest.chart]
path = "chart.yaml"
only = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "Service/cert-manager-webhook"]

[resource.webhook]
apiVersion = "discovery.k8s.io/v1"
kind = "EndpointSlice"
metadata.name = "cert-manager-webhook-process"
metadata.labels = { "kubernetes.io/service-name" = "cert-manager-webhook" }
addressType = "IPv4"
endpoints = [{ addresses = ["ADDRESS"], conditions = { ready = true } }]
ports = [{ name = "https", port = PORT, protocol = "TCP" }]
"#;

/// A request for a certificate that is none. The mutating webhook marks it, and then the validating one refuses it: the
/// refusal shows that the API server trusts both. The cainjector gives each its authority in a write of its own.
const REFUSED: &str = r#"{"apiVersion": "cert-manager.io/v1", "kind": "CertificateRequest",
    "metadata": {"name": "refused"}, "spec": {"request": "bm9uZQ==", "issuerRef": {"name": "any"}}}"#;

/// The bed that all tests of its size share.
pub(crate) struct Bed {
    facts: Facts,
}

impl Bed {
    /// The one in whose namespaces this process is. The test says in its list that it needs one.
    #[track_caller]
    pub(crate) fn shared() -> Self {
        Self { facts: Facts::load(&Cluster::shared().facts().folder).unwrap() }
    }

    /// The facts about it.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// A name of a server that no other test has. It leads to the ingress controller.
    pub(crate) fn host(&self, ns: &Namespace) -> String {
        format!("{}.{}", ns.prefix(), self.facts.zone)
    }

    /// Installs cert-manager by regplan, if no other test has done so, and waits until its webhook answers.
    #[track_caller]
    pub(crate) fn with_cert_manager(self) -> Self {
        static INSTALLED: OnceLock<()> = OnceLock::new();
        INSTALLED.get_or_init(|| self.install_cert_manager());
        self
    }

    fn install_cert_manager(&self) {
        let ns = Namespace::absent();
        let definitions = self.facts.programs.join("definitions/cert-manager");
        let text = CERT_MANAGER
            .replace("DEFINITIONS", &definitions.to_string_lossy())
            .replace("ADDRESS", &self.facts.address)
            .replace("PORT", &self.facts.webhook_port.to_string());
        let project = ns.project().write("regplan.toml", &text);
        let chart =
            self.helm(&project.folder()).args(["template", "cert-manager", "--namespace=cert-manager"]);
        let chart = chart.args([self.facts.programs.join("charts/cert-manager")]).run().success();
        project.rewrite("chart.yaml", chart.stdout());
        project.apply();
        project.expect_settled();
        wait_until("the answer of both webhooks of cert-manager", || {
            let dry_run = ["create", "--namespace=default", "--dry-run=server", "--filename=-"];
            let refused = Cluster::shared().kubectl(dry_run).stdin(REFUSED).run().any();
            refused.stderr().contains("denied the request")
        });
    }

    /// helm, with folders of its own in this one.
    pub(crate) fn helm(&self, folder: &Path) -> Command {
        let helm = Command::new(self.facts.programs.join("helm"));
        ["CACHE", "CONFIG", "DATA"]
            .into_iter()
            .fold(helm, |helm, kind| helm.env(format!("HELM_{kind}_HOME"), folder.join("helm").join(kind)))
    }

    /// The certificate that the ACME server's own is signed by, as an issuer's `caBundle` has it.
    #[track_caller]
    pub(crate) fn acme_bundle(&self) -> String {
        BASE64_STANDARD.encode(std::fs::read(&self.facts.acme_authority).unwrap())
    }

    /// A folder of certificates for skopeo, in which the ACME authority's root is.
    #[track_caller]
    pub(crate) fn trusted_folder(&self, folder: &Path) -> PathBuf {
        let trusted = folder.join("trusted");
        std::fs::create_dir_all(&trusted).unwrap();
        std::fs::copy(&self.facts.acme_root, trusted.join("ca.crt")).unwrap();
        trusted
    }

    /// Sends `GET` over TLS that is verified against the ACME authority's root; `None` where there is no answer.
    pub(crate) fn status(&self, url: &str, login: Option<Login<'_>>) -> Option<StatusCode> {
        block_on(https::get(url, &self.facts.acme_root, login)).ok().map(|(status, _)| status)
    }

    /// Waits until the server answers over verified TLS, and returns the first status.
    #[track_caller]
    pub(crate) fn first_status(&self, url: &str) -> StatusCode {
        wait_for(&format!("an answer from {url} over verified TLS"), || self.status(url, None))
    }
}
