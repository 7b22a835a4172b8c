//! How a registry is reached from outside, as its block says: what `regplan verify` looks at.

use super::facts::Need;
use crate::resource::{BlockAddress, Identity};

/// A registry, as those reach it who pull and push.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its block.
    pub block: BlockAddress,
    /// The name under which it is reached.
    pub host: String,
    /// On which way.
    pub reach: Reach,
    /// Who may use it.
    pub access: Access,
    /// The claim of the volume that it stores images in; `None` where they are in a bucket.
    pub claim: Option<Identity>,
    /// The blocks by which pods get a login to it.
    pub pull_secrets: Vec<BlockAddress>,
}

/// On which way a registry is reached.
#[derive(Debug, Clone)]
pub enum Reach {
    /// Within the cluster alone, by this Service at this port.
    Cluster {
        /// The Service.
        service: Identity,
        /// The port.
        port: u16,
    },
    /// From outside.
    Outside(Box<Exposed>),
}

/// How a registry is reached from outside.
#[derive(Debug, Clone)]
pub struct Exposed {
    /// What lets requests in.
    pub entry: Entry,
    /// How large a body may be, in bytes; `None` is without limit.
    pub body_limit: Option<u64>,
    /// How it is encrypted; `None` where it is not.
    pub tls: Option<ServedTls>,
}

/// What lets requests in.
#[derive(Debug, Clone)]
pub enum Entry {
    /// An Ingress, a Gateway or a Service, which tells its addresses in its status.
    Object(Identity),
    /// A port of every node.
    Nodes {
        /// The Service that has it.
        service: Identity,
        /// The port; `None` where the server chooses one.
        port: Option<u16>,
    },
}

impl Entry {
    /// The object of it.
    pub fn object(&self) -> &Identity {
        match self {
            Self::Object(object) => object,
            Self::Nodes { service, .. } => service,
        }
    }
}

/// Encryption between clients and what ends TLS.
#[derive(Debug, Clone)]
pub struct ServedTls {
    /// The Secret with the certificate; `None` where somebody else ends TLS, with a certificate of its own.
    pub secret: Option<Identity>,
    /// The names beside the host.
    pub names: Vec<String>,
    /// Who is to sign it, and the object by which that is asked for; `None` where the Secret is somebody else's.
    pub signed: Option<Signed>,
}

/// A certificate that an issuer of the configuration signs.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The Certificate of cert-manager.
    pub certificate: Identity,
    /// The block of the issuer.
    pub issuer: BlockAddress,
    /// Who that is.
    pub signer: Signer,
}

/// Who signs certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Let's Encrypt.
    LetsEncrypt,
    /// Let's Encrypt's server for trials. Nothing trusts what it signs.
    LetsEncryptStaging,
    /// Another ACME server, with the URL of its directory.
    Acme(String),
    /// An authority whose certificate is in this Secret. A machine trusts it when it was told so.
    Authority(Identity),
    /// Each certificate itself.
    Itself,
}

/// Who may use a registry.
#[derive(Debug, Clone)]
pub enum Access {
    /// Anybody.
    Anybody,
    /// Users, with the question for the password of each.
    Users(Vec<(String, Need)>),
    /// Those of a file of hashes, so nobody here knows a password.
    Hashes,
}
