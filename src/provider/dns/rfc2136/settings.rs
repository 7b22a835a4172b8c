//! Which name server, and which key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hickory_proto::rr::TSigner;
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use serde::Deserialize;

use super::question::name_of;
use crate::config::SecretSource;
use crate::resource::{Problem, ProblemKind};

/// How far the clocks of both sides may differ, in seconds: what RFC 8945 recommends.
const FUDGE: u16 = 300;

/// A name server that takes updates with a key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::dns) struct Settings {
    /// The server, with a port if it is not 53.
    pub(in crate::provider::dns) server: String,
    /// The name of the key.
    pub(super) key_name: String,
    /// How the key signs.
    pub(super) algorithm: Algorithm,
    /// Where the key comes from.
    #[serde(default)]
    pub(in crate::provider::dns) key: Option<SecretSource>,
    /// The servers that answer for the zone, where its NS records do not tell.
    #[serde(default)]
    pub(super) name_servers: Vec<String>,
}

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Algorithm {
    /// HMAC-SHA256.
    #[serde(rename = "hmac-sha256")]
    Sha256,
    /// HMAC-SHA512.
    #[serde(rename = "hmac-sha512")]
    Sha512,
}

impl Settings {
    /// What signs with this key.
    ///
    /// # Errors
    /// It is not base64.
    pub(super) fn signer(&self, key: &str) -> Result<TSigner, Problem> {
        let wrong = |why: String| {
            Problem::new(ProblemKind::Settings, format!("the key {} cannot be used: {why}", self.key_name))
                .help("give the `secret` of the key as it stands in the server's configuration")
        };
        // The error of the decoder would quote a part of the key.
        let bytes = STANDARD.decode(key.trim()).map_err(|_| wrong("it is not base64".to_owned()))?;
        let algorithm = match self.algorithm {
            Algorithm::Sha256 => TsigAlgorithm::HmacSha256,
            Algorithm::Sha512 => TsigAlgorithm::HmacSha512,
        };
        let name = name_of(&self.key_name)?;
        TSigner::new(bytes, algorithm, name, FUDGE).map_err(|error| wrong(error.to_string()))
    }
}
