//! A plan from other files than the last apply: perhaps they are another environment, which uses this state by accident.

use std::path::Path;

use crate::config::{Config, is_absent, is_read_in_folder};
use crate::diagnostic::nearest::list;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{self, Plan};
use crate::state::State;

use super::PlanRequest;

/// How the files of this run differ from those of the last apply.
#[derive(Debug, PartialEq, Eq)]
struct OtherFiles<'f> {
    /// Read now, and not then.
    new: Vec<&'f str>,
    /// Read then, and not there any more.
    gone: Vec<&'f str>,
    /// Read then, still there, and not read now.
    passed_over: Vec<&'f str>,
}

impl<'f> OtherFiles<'f> {
    fn between(before: &'f [String], config: &'f Config) -> Self {
        let without = |names: &'f [String], others: &[String]| {
            let names = names.iter().filter(|name| !others.contains(name));
            names.map(String::as_str).collect::<Vec<_>>()
        };
        let mut missing = without(before, &config.files);
        missing.retain(|name| !is_in_folder(name, &config.files));
        let (gone, passed_over) = missing.into_iter().partition(|name| is_absent(&config.folder.join(name)));
        Self { new: without(&config.files, before), gone, passed_over }
    }
}

/// Whether a file is read as one of those of a folder.
fn is_in_folder(name: &str, read: &[String]) -> bool {
    let path = Path::new(name);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    is_read_in_folder(path) && read.iter().any(|each| Path::new(each) == parent)
}

/// Makes sure that nothing is changed because a file is left out that the last apply had read and that is still there,
/// unless somebody agreed to that by its name. Who agreed to a move to another namespace has seen that already. Files
/// that were added, renamed or removed are only noted.
///
/// # Errors
/// The mistake that names the files.
pub(super) fn check(
    plan: &mut Plan,
    state: &State,
    config: &Config,
    request: &PlanRequest,
) -> Result<(), Diagnostics> {
    let is_known = !state.files.is_empty() && !state.resources.is_empty();
    let OtherFiles { new, gone, passed_over } = OtherFiles::between(&state.files, config);
    let is_agreed = |name: &&str| request.without.iter().any(|agreed| agreed == name);
    if is_known && plan.has_changes() {
        if request.move_to.is_empty() && !passed_over.iter().all(is_agreed) {
            return Err(Diagnostics::from(vec![refusal(&passed_over, config)]));
        }
        plan.notes.extend(note(&new, &gone));
    }
    let unused = request.without.iter().filter(|name| !passed_over.contains(&name.as_str()));
    plan.notes.extend(unused.map(|name| {
        format!(
            "`--without {name}` has no effect: the last apply did not read it, this run does, or it is gone."
        )
    }));
    Ok(())
}

fn refusal(passed_over: &[&str], config: &Config) -> Diagnostic {
    let names = list(passed_over.iter().copied());
    let flags: Vec<String> = passed_over.iter().map(|name| format!("--without {name}")).collect();
    let message = format!("the last apply also read {names}, and this run does not, so nothing was planned");
    let otherwise = "if it was forgotten, name it again; if it is left out on purpose, add";
    let help = format!("{}; {otherwise} `{}`", plan::own_state(config.state.place_key()), flags.join(" "));
    Diagnostic::error("other-files", message).help(help)
}

fn note(new: &[&str], gone: &[&str]) -> Option<String> {
    let said = |names: &[&str], what: &str| {
        let verb = if names.len() == 1 { "is" } else { "are" };
        (!names.is_empty()).then(|| format!("{} {verb} {what}", list(names.iter().copied())))
    };
    let parts: Vec<String> = [said(new, "new"), said(gone, "gone")].into_iter().flatten().collect();
    (!parts.is_empty())
        .then(|| format!("The configuration has other files than at the last apply: {}.", parts.join(", ")))
}
