//! Finds the lines in files of objects at which the fields stand that a plan changes.
//!
//! Only what changes is looked for, after the plan is made: a file may have thousands of fields, and nobody asks for
//! the lines of those that stay.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::blocks::FileLines;
use crate::plan::{Change, FieldChange, Plan};
use crate::resource::FilePlace;

/// Points the changed fields at their own lines, and all others at the line of their object. `folder` is that of the
/// configuration, from which paths are shown.
pub(super) fn point_at_lines(plan: &mut Plan, folder: &Path) {
    let mut files: BTreeMap<PathBuf, Option<FileLines>> = BTreeMap::new();
    for change in &mut plan.changes {
        let is_searched = has_lines(change);
        for FieldChange { path, origin, .. } in &mut change.fields {
            let Some(place) = origin.as_mut().and_then(|origin| origin.file.as_mut()) else { continue };
            if is_searched {
                let lines = files.entry(place.path.clone()).or_insert_with(|| read(&place.path));
                let found = lines.as_ref().and_then(|lines| lines.line_of(place.line, &place.item, path));
                // The file may have changed since it was compiled, or be one that is not followed.
                place.line = found.unwrap_or(place.line);
            }
            shorten(place, folder);
        }
    }
}

/// Whether its fields are shown with their places: those of what is created are not.
fn has_lines(change: &Change) -> bool {
    change.action.writes() && !change.action.makes()
}

fn read(path: &Path) -> Option<FileLines> {
    FileLines::read(&std::fs::read(path).ok()?)
}

fn shorten(place: &mut FilePlace, folder: &Path) {
    if let Ok(within) = place.path.strip_prefix(folder) {
        place.path = within.to_owned();
    }
}
