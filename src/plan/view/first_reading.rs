//! What is read before anything is decided.

use crate::kubernetes::marks::{LINEAGE, PROJECT};
use crate::plan::view::overview::Overview;
use crate::resource::{Address, Target};

/// Objects to be read, each with the address that it is read for.
type Targets = (Vec<Address>, Vec<Target>);

/// Everything that is desired or known, under its own name.
pub(in crate::plan) fn targets(overview: Overview<'_>) -> Targets {
    let input = overview.input();
    // Any object may carry the lineage of a lost state, also one that the targets leave out.
    let left_out = if is_without_state(overview) { input.left_out.desired.as_slice() } else { &[] };
    let desired = input.desired.iter().chain(left_out);
    let desired = desired.map(|desired| (desired.address.clone(), desired.target()));
    let left = known_otherwise(overview).filter(|(address, _)| overview.desired_at(address).is_none());
    let farewells = input.farewells.iter().filter(|hook| {
        overview.desired_at(&hook.address).is_none() && !input.known.contains_key(&hook.address)
    });
    let farewells = farewells.map(|hook| (hook.address.clone(), hook.target()));
    desired.chain(left.map(owned)).chain(farewells).unzip()
}

/// The objects that had other names when they were applied under an address that is desired.
pub(in crate::plan) fn predecessors(overview: Overview<'_>) -> Targets {
    let renamed = known_otherwise(overview).filter(|(address, _)| overview.desired_at(address).is_some());
    renamed.map(owned).unzip()
}

/// What is known and not desired as the same object under the same address.
fn known_otherwise(overview: Overview<'_>) -> impl Iterator<Item = (&Address, &Target)> {
    let known = overview.input().known.iter().map(|(address, known)| (address, &known.target));
    known.filter(move |(address, target)| !overview.is_desired_as(address, &target.identity))
}

fn owned((address, target): (&Address, &Target)) -> (Address, Target) {
    (address.clone(), target.clone())
}

/// The lineages of this project that the annotations of objects name, where there is no state; the first one that
/// is found comes first. With a state, nobody needs them.
pub(in crate::plan) fn lineages_without_state(overview: Overview<'_>) -> Vec<String> {
    let input = overview.input();
    let mut found: Vec<String> = Vec::new();
    if !is_without_state(overview) {
        return found;
    }
    for desired in input.desired.iter().chain(&input.left_out.desired) {
        let Some(live) = overview.live(&desired.address) else { continue };
        if live.annotation(PROJECT) == Some(input.project.as_str())
            && let Some(lineage) = live.annotation(LINEAGE)
            && !found.iter().any(|known| known == lineage)
        {
            found.push(lineage.to_owned());
        }
    }
    found
}

fn is_without_state(overview: Overview<'_>) -> bool {
    let input = overview.input();
    input.serial == 0 && input.known.is_empty()
}
