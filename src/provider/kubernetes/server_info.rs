//! What is known of a server without asking it.

use jiff::Timestamp;
use kube::Config;
use sha2::{Digest, Sha256};

use crate::provider::ProgramAccess;
use crate::resource::hex;

/// What is known of a server without asking it.
#[derive(Debug, Clone)]
pub(super) struct ServerInfo {
    /// Its URL, without a slash at the end.
    pub(super) server: String,
    /// SHA-256 over its CA certificates (DER), hexadecimal.
    pub(super) ca_digest: Option<String>,
    /// Where the credentials come from, in words: ``context `prod` of ~/.kube/config``.
    pub(super) origin: String,
    /// The context that led here; `None` for the service account of a pod.
    pub(super) context: Option<String>,
    /// How another program reaches it.
    pub(super) program_access: ProgramAccess,
    /// The proxy on the way, without credentials.
    pub(super) proxy: Option<String>,
    /// The end of our client certificate.
    pub(super) certificate_expiry: Option<Timestamp>,
    /// The namespace of the context.
    pub(super) namespace: String,
}

impl ServerInfo {
    /// What a client's configuration says. `origin` is where its credentials come from, in words.
    pub(super) fn new(config: &Config, origin: String) -> Self {
        let ca_digest = config.root_cert.as_ref().map(|certificates| {
            let digest = certificates.iter().fold(Sha256::new(), Sha256::chain_update);
            hex(&digest.finalize())
        });
        Self {
            server: config.cluster_url.to_string().trim_end_matches('/').to_owned(),
            ca_digest,
            origin,
            context: None,
            program_access: ProgramAccess::default(),
            proxy: None,
            certificate_expiry: None,
            namespace: config.default_namespace.clone(),
        }
    }
}
