//! Keys of name servers (RFC 8945): what records and proofs of issuers both sign their changes with.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::blocks::codes;
use crate::blocks::facts::SecretText;
use crate::diagnostic::{Diagnostic, Span};

/// How a TSIG key signs. MD5 and SHA-1 are not among them: they are broken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(in crate::blocks) enum TsigAlgorithm {
    /// HMAC-SHA256.
    #[default]
    #[serde(rename = "hmac-sha256")]
    Sha256,
    /// HMAC-SHA512.
    #[serde(rename = "hmac-sha512")]
    Sha512,
}

/// What is wrong with the key of a name server, where it is known.
pub(in crate::blocks) fn wrong_key(key: &SecretText, at: Span) -> Option<Diagnostic> {
    STANDARD.decode(key.get()?.trim()).is_err().then(|| {
        Diagnostic::error(codes::BAD_SECRET, "the key of `rfc2136` is not base64")
            .at(at, "")
            .help("give the `secret` of the key as it stands in the server's configuration")
    })
}
