//! What a destroy lets stay because this state did not make it. It is told, so that "nothing to destroy" hides nothing.

use std::collections::{BTreeMap, HashSet};

use crate::diagnostic::nearest::list;
use crate::kubernetes::marks::{LINEAGE, PROJECT};
use crate::plan::model::plan::Mode;
use crate::plan::ownership::belonging::is_marked_ours;
use crate::plan::view::overview::Overview;
use crate::resource::{Desired, Identity, Live};

/// Who made an object, as its annotations say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Maker<'a> {
    /// Another state of this project.
    Lineage(&'a str),
    /// Another project.
    Project(&'a str),
    /// It has no annotations of regplan.
    Unknown,
}

/// Sentences about the objects that the configuration names and a destroy lets stay: for each maker, which they are and
/// what to do about them.
pub(in crate::plan) fn notes(overview: Overview<'_>) -> Vec<String> {
    let input = overview.input();
    if input.mode == Mode::Apply {
        return Vec::new();
    }
    // What becomes of these is told in the plan.
    let known: HashSet<&Identity> = input.known.values().map(|known| &known.target.identity).collect();
    let mut by_maker: BTreeMap<Maker<'_>, Vec<String>> = BTreeMap::new();
    for desired in input.desired.iter().filter(|desired| !known.contains(&desired.identity)) {
        let Some(live) = overview.live(&desired.address) else { continue };
        if is_marked_ours(live, overview.owner()) {
            continue;
        }
        if let Some(maker) = maker(desired, live, &input.project) {
            by_maker.entry(maker).or_default().push(desired.identity.to_string());
        }
    }
    by_maker.into_iter().map(|(maker, objects)| note(maker, &objects, input.state_key)).collect()
}

/// Who made the object; `None` for a namespace that others made and that blocks only use.
fn maker<'a>(desired: &Desired, live: &'a Live, project: &str) -> Option<Maker<'a>> {
    match (live.annotation(PROJECT), live.annotation(LINEAGE)) {
        (Some(theirs), _) if theirs != project => Some(Maker::Project(theirs)),
        (Some(_), Some(lineage)) => Some(Maker::Lineage(lineage)),
        _ => (!desired.shared).then_some(Maker::Unknown),
    }
}

fn note(maker: Maker<'_>, objects: &[String], state_key: &str) -> String {
    let names = list(objects.iter().map(String::as_str));
    let (stay, it) = if objects.len() == 1 { ("stays", "it") } else { ("stay", "them") };
    match maker {
        Maker::Lineage(lineage) => format!(
            "{names} {stay}: another state of this project made {it} (lineage {lineage}). Destroy {it} with that state. \
             If it is lost, run `regplan destroy --adopt-lineage {lineage}` where there is no state (another folder, or \
             another `[state] {state_key}`)."
        ),
        Maker::Project(project) => format!(
            "{names} {stay}: the project `{project}` made {it}. Destroy {it} with the configuration of that project."
        ),
        Maker::Unknown => {
            format!("{names} {stay}: regplan did not make {it}. To delete {it}, use `kubectl delete`.")
        }
    }
}
