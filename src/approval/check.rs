//! A later plan, held against the approved one.

use super::binding::{Binding, Deviation};
use super::file::{PlanFile, is_bound};
use crate::plan::{Action, Change, Plan, other_managers};
use crate::resource::FieldManager;
use crate::resource::{Address, FieldPath, Key};

/// How the run that is about to begin stands to the approved plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing of it was done yet.
    Fresh,
    /// An earlier run of the same file was interrupted: what it did is done.
    Resumed,
}

/// What has moved since a plan was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// At which resource.
    pub address: Address,
    /// What is other than it was approved.
    pub story: String,
    /// In which fields; and, where the cluster has moved, who owns them now (nobody where the server keeps no
    /// trace).
    pub fields: Vec<(FieldPath, Option<Vec<FieldManager>>)>,
}

/// Everything in which the later plan is not the approved one.
pub fn check(file: &PlanFile, now: &Plan, attempt: Attempt, key: &Key) -> Vec<Moved> {
    let mut moved = Vec::new();
    let mut left: Vec<&Address> = file.bindings.keys().collect();
    for change in now.changes.iter().filter(|change| is_bound(change)) {
        left.retain(|address| **address != change.address);
        match file.bindings.get(&change.address) {
            Some(approved) => moved.extend(compare(approved, now, change, attempt, key)),
            None => moved.push(unexpected(now, change)),
        }
    }
    // What an interrupted run has done is not to be done again.
    if attempt == Attempt::Fresh {
        moved.extend(
            left.into_iter().filter_map(|address| Some(settled(address, file.bindings.get(address)?))),
        );
    }
    moved
}

fn compare(approved: &Binding, plan: &Plan, change: &Change, attempt: Attempt, key: &Key) -> Vec<Moved> {
    let now = Binding::of(change, key);
    if attempt == Attempt::Resumed && approved.is_continued_by(&now) {
        return Vec::new();
    }
    let moved = |story: String, fields| Moved { address: change.address.clone(), story, fields };
    let of_others = |paths: Vec<FieldPath>| {
        let managers = |path: &FieldPath| Some(other_managers(&plan.project, change, path));
        paths.into_iter().map(|path| (path.clone(), managers(&path))).collect()
    };
    approved
        .deviations(&now)
        .into_iter()
        .map(|deviation| match deviation {
            Deviation::Action => moved(other_action(approved.action, now.action), Vec::new()),
            Deviation::Object => {
                moved("another object has its name: it was deleted and made again".to_owned(), Vec::new())
            }
            Deviation::Sends(paths) => moved(
                "something else would be written than what was approved".to_owned(),
                paths.into_iter().map(|path| (path, None)).collect(),
            ),
            Deviation::Holds(paths) => moved("others have changed it".to_owned(), of_others(paths)),
            Deviation::TakesFrom => moved(
                format!("its fields are other managers' by now: {}", change.taken_from.join(", ")),
                Vec::new(),
            ),
        })
        .collect()
}

fn other_action(approved: Action, now: Action) -> String {
    match (approved, now) {
        (Action::Update | Action::Replace | Action::Adopt, Action::Create) => {
            "it was deleted by others".to_owned()
        }
        (Action::Delete, Action::Forget | Action::Keep) => {
            "it was deleted by others, or is not ours any more".to_owned()
        }
        (Action::Create, _) => "it is there by now, and was not when the plan was made".to_owned(),
        (approved, now) => {
            format!("approved is to {}, and now it would be to {}", word(approved), word(now))
        }
    }
}

/// A change that nobody has approved.
fn unexpected(plan: &Plan, change: &Change) -> Moved {
    let fields = change.fields.iter().map(|field| field.path.clone());
    Moved {
        address: change.address.clone(),
        story: format!("it was to stay as it is, and now a plan would {} it", word(change.action)),
        fields: fields
            .map(|path| (path.clone(), Some(other_managers(&plan.project, change, &path))))
            .collect(),
    }
}

/// A change that there is nothing left to do of.
fn settled(address: &Address, approved: &Binding) -> Moved {
    let story = format!("there is nothing left to {}: others have done so", word(approved.action));
    Moved { address: address.clone(), story, fields: Vec::new() }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::None | Action::Keep => "keep",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Forget => "forget",
    }
}
