//! What is to be imported: objects that exist, and that become ours by name.

use std::collections::BTreeSet;

use crate::config::Import;
use crate::diagnostic::nearest::list;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph::Graph;
use crate::plan::input::plan_input::Input;
use crate::plan::model::plan::Mode;
use crate::resource::{Address, Desired, Identity, Problem, ProblemKind};

/// The addresses of the single objects that are imported.
///
/// # Errors
/// An address that no object has, or several; an object that is another one than the block describes.
pub fn imported(imports: &[Import], graph: &Graph) -> Result<BTreeSet<Address>, Diagnostics> {
    let mut mistakes = Diagnostics::default();
    let mut found = BTreeSet::new();
    for import in imports {
        match desired(import, graph) {
            Ok(desired) => drop(found.insert(desired.address.clone())),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.has_errors() { Err(mistakes.sorted()) } else { Ok(found) }
}

/// The resource that an import means.
fn desired<'g>(import: &Import, graph: &'g Graph) -> Result<&'g Desired, Diagnostic> {
    let Import { to, from, .. } = import;
    let meant: Vec<&Desired> = graph.resources().filter(|desired| desired.address.is_meant_by(to)).collect();
    match meant.as_slice() {
        [] => {
            let known = graph.resources().map(|desired| &desired.address);
            let help = to.suggest(known, "the configuration has no resources: write the block first");
            let message =
                format!("`{from}` is to be imported as `{to}`, which the configuration does not have");
            Err(Diagnostic::error("unknown-address", message).at_opt(import.to_span, "").help(help))
        }
        [one] if from.means(&one.identity) => Ok(one),
        [one] => {
            let message = format!("`{to}` is {}, and `{from}` is another object", one.identity);
            let help = format!("name the object that the block describes: `{}`", name_of(&one.identity));
            Err(Diagnostic::error("other-object", message).at_opt(import.from_span, "").help(help))
        }
        several => {
            let message = format!("`{to}` has {} objects, and one is imported at a time", several.len());
            let address = several.iter().find(|desired| from.means(&desired.identity));
            let help = match address {
                Some(desired) => format!("its object of this name is `{}`", desired.address),
                None => "name one of its objects: `registry.main/Service/registry`".to_owned(),
            };
            Err(Diagnostic::error("several-objects", message).at_opt(import.to_span, "").help(help))
        }
    }
}

/// The object as an import names it.
fn name_of(identity: &Identity) -> String {
    let block = Address::block("", "").block;
    Address::object(block, identity, None).object.map(|object| object.to_string()).unwrap_or_default()
}

impl Input {
    /// Agrees to take over what is imported. What the state knows already needs no consent: that is told, once for all.
    pub(super) fn agree_to_imports(&mut self) {
        if self.mode != Mode::Apply {
            self.imports.clear();
        }
        let is_known = |address: &Address| self.known.get(address).is_some_and(|known| !known.is_in_doubt());
        let (done, left) = std::mem::take(&mut self.imports).into_iter().partition(is_known);
        self.imports = left;
        self.notes.extend(note(&done));
    }
}

/// That these imports are done; `None` where there are none.
fn note(done: &BTreeSet<Address>) -> Option<String> {
    let names: Vec<String> = done.iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("The import of `{one}` does nothing: the state knows it already.")),
        several => {
            let names = list(several.iter().map(String::as_str));
            Some(format!("The imports of {names} do nothing: the state knows them already."))
        }
    }
}

/// What stands against making an object that was to be imported.
pub(in crate::plan) fn nothing_to_import(identity: &Identity) -> Problem {
    Problem::new(ProblemKind::Conflict, format!("{identity} is to be imported, and it is not there"))
        .help("correct the name or the cluster; or take the import out, and it is made")
}
