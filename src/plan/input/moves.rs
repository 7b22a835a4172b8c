//! What `[[moved]]` and `[[removed]]` change in what the state knows.

use crate::config::{Moves, still_there};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph::Graph;
use crate::plan::input::plan_input::Input;
use crate::plan::model::plan::Mode;
use crate::resource::Address;

/// Checks `[[moved]]` and `[[removed]]` against the objects that the blocks compile to.
///
/// # Errors
/// A new address that no object has; an old address that still has one.
pub fn check_moves(moves: &Moves, graph: &Graph) -> Result<(), Diagnostics> {
    let mut mistakes = Diagnostics::default();
    for moved in &moves.moved {
        if graph.get(&moved.from).is_some() {
            mistakes.push(still_there(&moved.from, moved.from_span, "moved"));
        }
        if moved.to.object.is_some()
            && graph.get(&moved.to).is_none()
            && moves.destination(&moved.to).is_none()
        {
            let known = graph.resources().map(|desired| &desired.address);
            let help = moved.to.suggest(known, "nothing is desired");
            let message =
                format!("`{}` moves to `{}`, which nothing in the configuration has", moved.from, moved.to);
            mistakes.push(Diagnostic::error("unknown-address", message).at(moved.to_span, "").help(help));
        }
    }
    for removed in moves.removed.iter().filter(|removed| graph.get(&removed.address).is_some()) {
        mistakes.push(still_there(&removed.address, removed.span, "removed"));
    }
    if mistakes.has_errors() { Err(mistakes.sorted()) } else { Ok(()) }
}

/// Moves what the state knows to its new addresses.
///
/// A move counts only where something is desired under the new address and the state knows nothing there.
/// Otherwise everything stays under the old address, as if there were no move: it has left the configuration.
pub(super) fn follow(input: &mut Input) {
    let wanted: Vec<(Address, Address)> = input
        .known
        .keys()
        .filter_map(|from| Some((from.clone(), input.moves.destination(from)?)))
        .filter(|(_, to)| input.desired.iter().any(|desired| desired.address == *to))
        .collect();
    for (from, to) in wanted {
        // An object that a killed run may have made is only looked for, and does not occupy the address.
        if input.known.get(&to).is_some_and(|there| !there.is_in_doubt()) {
            let fate = if input.mode == Mode::Apply { ": it has left the configuration" } else { "" };
            input.notes.push(format!(
                "`[[moved]]` gives {from} the address {to}, which the state knows already; {from} stays what it \
                 is{fate}."
            ));
            continue;
        }
        if let Some(known) = input.known.remove(&from) {
            input.known.insert(to.clone(), known);
            input.moved.insert(to, from);
        }
    }
}
