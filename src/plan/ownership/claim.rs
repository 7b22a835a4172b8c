//! Whose an object is, and what may be done to it.

use std::collections::BTreeSet;

use crate::kubernetes::kinds::holds_more_than_itself;
use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT, PROTECT};
use crate::plan::input::question::Known;
use crate::plan::sent::object::Owner;
use crate::resource::{Address, Desired, Identity, Live, Problem, ProblemKind};

/// Whose an existing object is.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::plan) enum Claim {
    /// We made it, or took it over.
    Ours,
    /// It is nobody's, and the user agreed to take it over.
    Adopted,
    /// It is left as it is: a namespace that others made.
    Used,
    /// It is not to be touched.
    Foreign(Problem),
}

/// Whose the object is that a desired resource meets.
///
/// The uid in the state proves it, and so do our annotations; labels prove nothing, controllers copy them.
pub(in crate::plan) fn standing(
    desired: &Desired,
    live: &Live,
    known: Option<&Known>,
    owner: Owner<'_>,
    adopt: &BTreeSet<Address>,
) -> Claim {
    if known.is_some_and(|known| known.uid == live.stamp.uid) {
        return another_project(live, owner).map_or(Claim::Ours, Claim::Foreign);
    }
    if is_marked_ours(live, owner) {
        return Claim::Ours;
    }
    if desired.shared {
        return Claim::Used;
    }
    if let Some(problem) = another_project(live, owner) {
        return Claim::Foreign(problem);
    }
    if desired.lifecycle.adopt || adopt.contains(&desired.address) {
        return Claim::Adopted;
    }
    Claim::Foreign(unclaimed(desired, live, known))
}

/// Whether our annotations say that project and lineage made the object.
pub(in crate::plan) fn is_marked_ours(live: &Live, owner: Owner<'_>) -> bool {
    live.annotation(PROJECT) == Some(owner.project) && live.annotation(LINEAGE) == Some(owner.lineage)
}

fn another_project(live: &Live, owner: Owner<'_>) -> Option<Problem> {
    let project = live.annotation(PROJECT)?;
    let address = live.annotation(ADDRESS).unwrap_or("an address that it does not tell");
    if project != owner.project {
        let message =
            format!("it belongs to the project `{project}` ({address}), not to `{}`", owner.project);
        return Some(Problem::new(ProblemKind::Conflict, message).help(format!(
            "remove it from one of the two configurations; where `{project}` has let go of it already (`[[removed]]`, \
             `regplan state rm`), take its marks off: `kubectl annotate KIND NAME {PROJECT}- {LINEAGE}-`"
        )));
    }
    let lineage = live.annotation(LINEAGE)?;
    if lineage == owner.lineage {
        return None;
    }
    let message = format!(
        "it was made from another state of the project `{project}` (lineage {lineage}, ours is {})",
        owner.lineage
    );
    Some(
        Problem::new(ProblemKind::Conflict, message).help(
            "use the state that made it, or give one of the two configurations another `[project] name`",
        ),
    )
}

fn unclaimed(desired: &Desired, live: &Live, known: Option<&Known>) -> Problem {
    let managers = live.ownership.managers();
    let by = if managers.is_empty() { "unknown".to_owned() } else { managers.join(", ") };
    let story = if known.is_some() { "was deleted and made again by others" } else { "exists already" };
    let block = &desired.address.block;
    Problem::new(
        ProblemKind::Conflict,
        format!("{} {story}, and is not ours (field managers: {by})", desired.identity),
    )
    .help(format!(
        "to take it over, pass `--adopt {}` or set `adopt = true` in [{block}.lifecycle]; \
         otherwise delete it, or give ours another name",
        desired.address
    ))
}

/// Whether deleting it needs consent by name: it holds data or more than itself, or was marked so.
pub(in crate::plan) fn is_protected(
    identity: &Identity,
    desired: Option<&Desired>,
    known: Option<&Known>,
    live: Option<&Live>,
) -> bool {
    holds_more_than_itself(identity)
        || desired.is_some_and(|desired| desired.lifecycle.protect)
        || known.is_some_and(|known| known.protect)
        || live.is_some_and(|live| live.annotation(PROTECT) == Some("true"))
}
