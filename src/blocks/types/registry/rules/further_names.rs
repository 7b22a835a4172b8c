//! What is to be said of the further names of a registry's certificate, where the registry has its records in a zone.

use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::blocks::types::registry::common::Registry;
use crate::blocks::types::registry::record;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;

/// Pushes a warning of the further names that get no record: they lie outside of the zone, and no block leads them anywhere.
pub(in crate::blocks::types::registry) fn check(
    registry: &Registry<'_>,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let Some(dns) = registry.dns.filter(|dns| dns.is_zone()) else { return };
    let mut without = record::names_without_block(registry.spec, context);
    without.retain(|name| !registry.further_records.contains(name));
    let Some(first) = without.first() else { return };
    let named = list(without.iter().map(String::as_str));
    let message =
        format!("`dns` makes no record for {named} in `tls.names`, outside of its zone `{}`", dns.zone());
    let help = format!(
        "give the name a block of its own, as in `[dns.alias]` with `name = \"{first}\"` and the zone in which it lies: the issuer \
         may have to find it, and so have clients. Where others keep its record, all is well"
    );
    let at = span_of(registry.block, ["tls", "names"]);
    mistakes.push(Diagnostic::warning(codes::NAME_WITHOUT_RECORD, message).at(at, "").help(help));
}
