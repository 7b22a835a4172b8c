//! What is to be said of the further names of a registry's certificate, where the registry has its record in a zone.

use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::blocks::types::dns::DnsBlock;
use crate::blocks::types::registry::common::Registry;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;
use crate::resource::record_set::{domain_name, lies_in};

/// Pushes a warning of the further names in this zone that no block leads anywhere. The registry's record is for its host alone:
/// so is what lets requests in, and who answers under the other names only the user knows.
pub(in crate::blocks::types::registry) fn check(
    registry: &Registry<'_>,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let Some(dns) = registry.dns.filter(|dns| dns.is_zone()) else { return };
    let host = registry.spec.host();
    let has_block = |name: &str| context.specs::<DnsBlock>().any(|(_, other)| other.name() == Some(name));
    let tls = registry.spec.options.tls.iter();
    let further = tls.flat_map(|tls| &tls.names).filter_map(|name| domain_name(name).ok());
    let without: Vec<String> = further
        .filter(|name| {
            !name.starts_with("*.") && name != host && lies_in(name, dns.zone()) && !has_block(name)
        })
        .collect();
    let Some(first) = without.first() else { return };
    let named = list(without.iter().map(String::as_str));
    let message = format!("`dns` makes a record for `{host}` alone, and none for {named} in `tls.names`");
    let help = format!(
        "a further name stands in the certificate alone: where it is to lead somewhere, give it a block of its own, as in \
         `[dns.alias]` with `name = \"{first}\"`. An issuer that proves names by HTTP needs a record as well. Where others \
         keep it, all is well"
    );
    let at = span_of(registry.block, ["tls", "names"]);
    mistakes.push(Diagnostic::warning(codes::NAME_WITHOUT_RECORD, message).at(at, "").help(help));
}
