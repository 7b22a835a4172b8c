//! The bed that a test runs in.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;

use super::{Cluster, Namespace, block_on, wait_for};
use crate::bed::Facts;
use crate::bed::https::{self, Login};

/// Installs cert-manager's definitions. They belong to the whole cluster, so one project has them for all tests.
const DEFINITIONS: &str = r#"
[project]
name = "{project}"

[resource.cert-manager]
apiVersion = "v1"
kind = "Namespace"

[manifest.definitions]
path = "DEFINITIONS"
"#;

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

    /// Installs cert-manager's definitions by regplan, if no other test has done so.
    #[track_caller]
    pub(crate) fn with_cert_manager(self) -> Self {
        static INSTALLED: OnceLock<()> = OnceLock::new();
        INSTALLED.get_or_init(|| {
            let ns = Namespace::absent();
            let path = self.facts.programs.join("definitions/cert-manager");
            let text = DEFINITIONS.replace("DEFINITIONS", &path.to_string_lossy());
            let project = ns.project().write("regplan.toml", &text);
            project.apply();
            project.expect_settled();
        });
        self
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
        std::fs::create_dir(&trusted).unwrap();
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
