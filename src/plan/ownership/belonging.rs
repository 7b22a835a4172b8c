//! Whose an object is: ours, nobody's, or somebody else's.

use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT, is_test_of, letting_go};
use crate::plan::input::plan_input::Known;
use crate::plan::ownership::definitions::{self, setback};
use crate::resource::{
    Address, Desired, HelmPast, HelmRelease, Identity, Live, Problem, ProblemKind, RELEASE_NAME,
    is_house_group,
};

/// The project and the lineage that an object of ours is marked with.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct ObjectOwner<'a> {
    pub(in crate::plan) project: &'a str,
    pub(in crate::plan) lineage: &'a str,
}

/// Whose an existing object is.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::plan) enum Belonging {
    /// We made it, or took it over earlier.
    Ours,
    /// It is not ours, and the user agreed to take it over.
    ToAdopt,
    /// It is a namespace that others made: it is used, and never written.
    Shared,
    /// It belongs to others, and is not touched.
    Foreign(Problem),
}

/// Whose the object is that is there under the name of a desired resource.
///
/// The uid in the state proves that it is ours, and so do our annotations. Labels prove nothing: controllers
/// copy them. `is_agreed` says whether somebody agreed by name to take it over.
pub(in crate::plan) fn belonging(
    desired: &Desired,
    live: &Live,
    known: Option<&Known>,
    owner: ObjectOwner<'_>,
    is_agreed: bool,
) -> Belonging {
    if known.is_some_and(|known| known.uid == live.stamp.uid) {
        return another_project(&desired.identity, live, owner).map_or(Belonging::Ours, Belonging::Foreign);
    }
    if is_marked_ours(live, owner) {
        return Belonging::Ours;
    }
    if desired.shared {
        return Belonging::Shared;
    }
    if let Some(problem) = another_project(&desired.identity, live, owner) {
        return Belonging::Foreign(problem);
    }
    let is_agreed = desired.lifecycle.adopt || is_agreed;
    if let Some(problem) = without_records(desired, live).filter(|_| !is_agreed) {
        return Belonging::Foreign(problem);
    }
    if is_agreed || is_of_release(desired, live, known) {
        return setback(desired, live).map_or(Belonging::ToAdopt, Belonging::Foreign);
    }
    Belonging::Foreign(unclaimed(desired, live, known))
}

/// Whether the annotations of the object name this project and lineage.
pub(in crate::plan) fn is_marked_ours(live: &Live, owner: ObjectOwner<'_>) -> bool {
    live.annotation(PROJECT) == Some(owner.project) && live.annotation(LINEAGE) == Some(owner.lineage)
}

/// Whether the object is a hook that `regplan verify` has run in the place of what an apply runs. It is ours as well.
pub(in crate::plan) fn is_left_by_a_test(address: &Address, live: &Live, owner: ObjectOwner<'_>) -> bool {
    is_test_of(live, owner.project, &address.block)
}

/// Why an object of the state is not deleted: its marks say that it is another project's by now. `address` is the
/// one under which the state knows it.
pub(in crate::plan) fn removal_problem(
    identity: &Identity,
    live: &Live,
    owner: ObjectOwner<'_>,
    address: &Address,
) -> Option<Problem> {
    let problem = another_project(identity, live, owner)?;
    let letting_go = letting_go(identity);
    Some(problem.help(format!(
        "to leave it to others, name it in `[[removed]]`, or let the state forget it: `regplan state rm {address}`; \
         if regplan is to manage it after all, take its marks off: `{letting_go}`"
    )))
}

fn another_project(identity: &Identity, live: &Live, owner: ObjectOwner<'_>) -> Option<Problem> {
    let letting_go = letting_go(identity);
    let project = live.annotation(PROJECT)?;
    let address = live.annotation(ADDRESS).unwrap_or("an address that it does not tell");
    if project != owner.project {
        let message =
            format!("it belongs to the project `{project}` ({address}), not to `{}`", owner.project);
        return Some(Problem::new(ProblemKind::Conflict, message).help(format!(
            "remove it from one of the two configurations; where `{project}` has let go of it already (`[[removed]]`, \
             `regplan state rm`), take its marks off: `{letting_go}`"
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
    Some(Problem::new(ProblemKind::Conflict, message).help(format!(
        "use the state that made it, or give one of the two configurations another `[project] name`; if that state is \
         lost, take its marks off (`{letting_go}`) and take the object over with `--adopt ADDRESS`"
    )))
}

/// Whether it is of the release of Helm that its chart takes over. What Helm has run names no release: its record does, and
/// where that is gone, the state knows that the chart has run it.
fn is_of_release(desired: &Desired, live: &Live, known: Option<&Known>) -> bool {
    let Some(release) = &desired.release else { return false };
    let is_run = desired.hook.is_some() && HelmRelease::may_have_run(live);
    release.owns(live) || (is_run && (known.is_some() || release.runs(&desired.identity)))
}

/// Why an object is not taken over with its release: Helm may remember that somewhere else. Then its hooks would run as if it was
/// new, and a `helm uninstall` would still delete everything.
fn without_records(desired: &Desired, live: &Live) -> Option<Problem> {
    let release = desired.release.as_ref().filter(|release| release.past == HelmPast::Unknown)?;
    if !release.owns(live) {
        return None;
    }
    let (block, name, namespace) = (&desired.address.block, &release.name, &release.namespace);
    let message = format!(
        "{} belongs to the release `{name}` of Helm, of which no Secret and no ConfigMap in the namespace {namespace} has a record",
        desired.identity
    );
    let help = format!(
        "Helm may keep its records elsewhere (`HELM_DRIVER=sql`), and by them a later `helm uninstall` would delete what regplan \
         manages from now on: delete them there. Then set `adopt = true` in [{block}.lifecycle], and `hooks = false` in [{block}] \
         for the first apply: otherwise its hooks run as if it was new"
    );
    Some(Problem::new(ProblemKind::Conflict, message).help(help))
}

fn unclaimed(desired: &Desired, live: &Live, known: Option<&Known>) -> Problem {
    let whose = if is_house_group(&desired.identity.group) {
        "nothing marks it as ours".to_owned()
    } else {
        let managers = live.ownership.managers();
        let by = if managers.is_empty() { "none".to_owned() } else { managers.join(", ") };
        format!("is not ours (field managers: {by})")
    };
    let story = if known.is_some() { "was deleted and made again by others" } else { "exists already" };
    let block = &desired.address.block;
    let problem = Problem::new(ProblemKind::Conflict, format!("{} {story}, and {whose}", desired.identity));
    let release = live.annotation(RELEASE_NAME).filter(|_| block.kind == "chart");
    if let Some(release) = release {
        return problem.help(format!(
            "it belongs to the release `{release}` of Helm: `adopt = \"helm\"` in [{block}] takes over all of its objects \
             at once, and removes what Helm remembers of it"
        ));
    }
    if let Some(help) = definitions::help(desired) {
        return problem.help(help);
    }
    problem.help(format!(
        "to take it over, pass `--adopt {}` or set `adopt = true` in [{block}.lifecycle]; \
         otherwise delete it, or give ours another name",
        desired.address
    ))
}
