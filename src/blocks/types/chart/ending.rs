//! Certificates that a chart has made, and that stay: when do they end?

use jiff::Timestamp;

use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::resource::EndingCertificates;

/// Says that the certificates in these fields end.
pub(super) fn told(block: &Block, ends: Vec<(String, Timestamp)>, now: Timestamp) -> Option<Diagnostic> {
    let ending = EndingCertificates::of(block.address.clone(), ends)?;
    let told = Diagnostic::warning(codes::CHART_CERTIFICATE, ending.message(now));
    Some(told.at(span_of(block, ["chart"]), "").help(ending.help()))
}
