//! Names that an issuer of the configuration cannot prove to its ACME server. cert-manager would take the certificate, and
//! say it only in the status of an Order.

use std::collections::BTreeMap;

use super::places::Places;
use crate::blocks::codes;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::proofs::{AskedNames, Unprovable, asked_names, unprovable};
use crate::resource::{Desired, FieldPath, Identity};

/// Pushes a mistake for every name that cannot be proved.
pub(in crate::blocks) fn unproved(
    resources: &[Desired],
    places: &Places<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let all: BTreeMap<&Identity, &Desired> =
        resources.iter().map(|desired| (&desired.identity, desired)).collect();
    for desired in resources {
        let Some(AskedNames { issuer, names }) = asked_names(&desired.identity, &desired.object) else {
            continue;
        };
        let Some(issuer) = all.get(&issuer) else { continue };
        let is_open = |path: &FieldPath| desired.unresolved.touches(path) || desired.unchecked.touches(path);
        for (path, name) in names.into_iter().filter(|(path, _)| !is_open(path)) {
            if let Some(why) = unprovable(&issuer.object, name) {
                let mistake = mistake(name, issuer, why);
                mistakes.push(places.of(&desired.origins, &path).mark(mistake, ""));
            }
        }
    }
}

fn mistake(name: &str, issuer: &Desired, why: Unprovable) -> Diagnostic {
    let issuer = &issuer.address.block;
    match why {
        Unprovable::ByHttp => Diagnostic::error(
            codes::UNPROVABLE_NAME,
            format!("`{name}` is proved by a record in DNS alone, and `{issuer}` proves it by HTTP"),
        )
        .help(
            "give the issuer `dns01` for the zone (`[issuer.NAME]`: `acme.dns01`), or name each host without `*`",
        ),
        Unprovable::NotSelected => Diagnostic::error(
            codes::UNPROVABLE_NAME,
            format!("`{issuer}` proves no name like `{name}`: its solvers are for others"),
        )
        .help("add the zone of the name (`[issuer.NAME]`: `acme.dns01.zones`), or a solver for all names"),
    }
}
