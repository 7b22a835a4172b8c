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
            let help = moved.to.suggest(known, "the configuration has no resources");
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
/// Otherwise everything stays under the old address, as if there were no move: it has left the configuration. What
/// a move does not find is told.
pub(super) fn follow(input: &mut Input) {
    let stale = stale_moves(input);
    let wanted: Vec<(Address, Address)> =
        input.known.keys().filter_map(|from| Some((from.clone(), input.moves.destination(from)?))).collect();
    for (from, to) in wanted {
        if let Some(why) = why_not(input, &to) {
            let fate = if input.mode == Mode::Apply { ": it has left the configuration" } else { "" };
            input.notes.push(format!(
                "`[[moved]]` gives {from} the address {to}, which {why}; {from} stays what it is{fate}."
            ));
            continue;
        }
        if let Some(known) = input.known.remove(&from) {
            input.known.insert(to.clone(), known);
            input.moved.insert(to, from);
        }
    }
    input.notes.extend(stale);
}

/// What keeps something from moving to this address.
fn why_not(input: &Input, to: &Address) -> Option<&'static str> {
    if !input.desired.iter().any(|desired| desired.address == *to) {
        return Some("nothing in the configuration has");
    }
    // An object that a killed run may have made is only looked for, and does not occupy the address.
    let there = input.known.get(to).filter(|there| !there.is_in_doubt());
    there.map(|_| "the state knows already")
}

/// Sentences about tables that find nothing: the state knows neither the old address nor the new one, or not what was
/// removed. Where it knows the new one, the move is done, and the table does no harm.
fn stale_moves(input: &Input) -> Vec<String> {
    let is_known = |named: &Address| input.known.keys().any(|address| address.is_meant_by(named));
    let moved = input.moves.moved.iter().filter(|moved| {
        let to = input.moves.destination(&moved.from).unwrap_or_else(|| moved.to.clone());
        !is_known(&moved.from) && !is_known(&to) && !is_known(&moved.to)
    });
    let moved = moved.map(|moved| {
        let neither = if input.known.is_empty() { "nothing yet" } else { "neither of them" };
        format!("`[[moved]]` from {} to {} finds nothing: the state knows {neither}.", moved.from, moved.to)
    });
    let removed = input.moves.removed.iter().filter(|removed| !is_known(&removed.address));
    let removed = removed.map(|removed| {
        let text = format!("`[[removed]]` {} finds nothing: the state does not know it.", removed.address);
        match nearest_leaving(input, &removed.address) {
            Some(near) => format!("{text} Did you mean {near}?"),
            None => format!("{text} If it was removed already, the table can go."),
        }
    });
    moved.chain(removed).collect()
}

/// What leaves the configuration, and is called nearly like this.
fn nearest_leaving(input: &Input, named: &Address) -> Option<String> {
    let is_desired = |address: &Address| input.desired.iter().any(|desired| desired.address == *address);
    let is_removed =
        |address: &Address| input.moves.removed.iter().any(|removed| address.is_meant_by(&removed.address));
    named.nearest(input.known.keys().filter(|address| !is_desired(address) && !is_removed(address)))
}
