//! The mistakes that only the whole graph shows, in words.

use std::collections::HashMap;

use super::cycle;
use super::edge_reason::EdgeReason;
use super::link::Link;
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{Address, Desired, FieldPath, LiveReference, is_house_group};

/// Two objects with the same address.
pub(super) fn same_address(first: &Desired, second: &Desired) -> Diagnostic {
    let place = |desired: &Desired| desired.origin(&FieldPath::root()).and_then(|origin| origin.span);
    Diagnostic::error("duplicate-address", format!("two objects have the address `{}`", second.address))
        .at_opt(place(second), "the second one")
        .at_opt(place(first), "the first one")
        .help(if is_house_group(&second.identity.group) {
            "give one of them another name"
        } else {
            "give one of them another name, or another namespace"
        })
}

/// A dependency of a block on itself, or on one of its own objects.
pub(super) fn own_block(resource: &Address, named: &Address, span: Option<Span>) -> Diagnostic {
    let whole = if named.object.is_none() { "" } else { "an object of " };
    Diagnostic::error("self-dependency", format!("`{}` depends on {whole}itself", resource.block))
        .at_opt(span, format!("`{named}` is part of the same block"))
        .help("take it out of `depends_on`; within a block, objects wait for each other by themselves")
}

/// A field that takes its value from its own object.
pub(super) fn own_field(resource: &Desired, path: &FieldPath, span: Option<Span>) -> Diagnostic {
    let message = format!("`{}` takes the value of `{path}` from itself", resource.address);
    Diagnostic::error("self-reference", message)
        .at_opt(span, "this refers to the object that it is a part of")
        .help("write the value, or refer to another object")
}

/// An address that no resource has, with the nearest one that there is.
pub(super) fn unknown_address<'a>(
    address: &Address,
    known: impl Iterator<Item = &'a Address>,
    span: Option<Span>,
) -> Diagnostic {
    let known: Vec<&Address> = known.collect();
    let mistake = Diagnostic::error("unknown-address", format!("there is no `{address}`"));
    let mistake = mistake.at_opt(span, "nothing in the configuration has this address");
    let text = address.to_string();
    let nearest = if address.object.is_none() {
        nearest(&text, known.into_iter().map(|known| known.block.to_string()))
    } else {
        nearest(&text, known.into_iter().map(ToString::to_string))
    };
    match nearest {
        Some(nearest) => mistake.help(format!("did you mean `{nearest}`?")),
        None => mistake,
    }
}

/// A reference to a live field of no object, with the nearest address that there is.
pub(super) fn unknown_reference<'a>(
    reference: &LiveReference,
    known: impl Iterator<Item = &'a Address>,
    span: Option<Span>,
) -> Diagnostic {
    let text = &reference.text;
    let known: Vec<&Address> = known.collect();
    let mistake = Diagnostic::error("unknown-reference", format!("`${{{text}}}` leads to no object"));
    let mistake = mistake.at_opt(span, "it stands here");
    let block = reference.block();
    let is_whole = !text.contains('/') && known.iter().any(|known| Some(&known.block) == block.as_ref());
    if let Some(example) = known.iter().find(|known| is_whole && Some(&known.block) == block.as_ref()) {
        return mistake
            .help(format!("the block has several objects: name the one that is meant, such as `{example}`"));
    }
    // The reference goes on where the address ends, so only as much of it is compared.
    let nearest = known
        .iter()
        .map(ToString::to_string)
        .filter_map(|known| {
            let start: String = text.chars().take(known.chars().count()).collect();
            let distance = strsim::osa_distance(&known, &start);
            (distance <= tolerance(&known)).then_some((distance, known))
        })
        .min();
    match nearest {
        Some((_, nearest)) => mistake.help(format!("did you mean `{nearest}`?")),
        None => mistake,
    }
}

fn nearest(text: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let near = known.filter_map(|known| {
        let distance = strsim::osa_distance(text, &known);
        (distance <= tolerance(&known)).then_some((distance, known))
    });
    near.min().map(|(_, known)| known)
}

fn tolerance(text: &str) -> usize {
    (text.chars().count() / 4).max(2)
}

/// One mistake for each set of nodes that wait for each other because the configuration says so.
pub(super) fn cycles<'a>(
    nodes: usize,
    links: &[Link],
    address_of: impl Fn(usize) -> &'a Address,
) -> Vec<Diagnostic> {
    let written: Vec<&Link> = links.iter().filter(|link| link.is_written()).collect();
    let components = cycle::strongly_connected(nodes, written.iter().map(|link| (link.from, link.to)));
    if components.is_empty() {
        return Vec::new();
    }
    let mut next: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut reasons: HashMap<(usize, usize), &EdgeReason> = HashMap::new();
    for link in written {
        next.entry(link.from).or_default().push(link.to);
        if let Some(reason) = link.reasons.first() {
            reasons.insert((link.from, link.to), reason);
        }
    }
    let cycles = components.iter().filter_map(|component| {
        let start = *component.first()?;
        let round = cycle::shortest_cycle(start, |node| next.get(&node).cloned().unwrap_or_default());
        let hops = round.iter().zip(round.iter().cycle().skip(1));
        let hops: Vec<Hop<'_>> = hops
            .filter_map(|(from, to)| {
                let reason = *reasons.get(&(*from, *to))?;
                Some(Hop { from: address_of(*from), to: address_of(*to), reason })
            })
            .collect();
        Some(cycle_mistake(&hops))
    });
    cycles.collect()
}

/// One step of a cycle.
struct Hop<'a> {
    from: &'a Address,
    to: &'a Address,
    reason: &'a EdgeReason,
}

/// The mistake for one cycle: every step is named, at the place where it is written.
fn cycle_mistake(hops: &[Hop<'_>]) -> Diagnostic {
    // Where the cycle leaves a block by the block's own `depends_on`, the user wrote the block's address, so
    // the block is named. Where it leaves by a field, the object is named.
    let is_member = |hop: &Hop<'_>| matches!(hop.reason, EdgeReason::Member);
    let mut names: Vec<String> = Vec::new();
    let mut labels = Vec::new();
    for (at, hop) in hops.iter().enumerate().filter(|(_, hop)| !is_member(hop)) {
        let before = &hops[(at + hops.len() - 1) % hops.len()];
        let by_block = is_member(before) && !matches!(hop.reason, EdgeReason::Referenced { .. });
        let from = if by_block { before.from.to_string() } else { hop.from.to_string() };
        match hop.reason {
            EdgeReason::Explicit { span } => {
                labels.push((*span, format!("`{from}` depends on `{}`", hop.to)));
            }
            EdgeReason::Referenced { path, span } => {
                labels.push((*span, format!("`{}` takes a value of `{}` for `{path}`", hop.from, hop.to)));
            }
            EdgeReason::Trigger | EdgeReason::Inferred { .. } | EdgeReason::Member => {}
        }
        names.push(from);
    }
    let least = names.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(at, _)| at);
    names.rotate_left(least);
    names.extend(names.first().cloned());
    let first = least.min(labels.len());
    labels.rotate_left(first);
    let message = format!("these wait for each other: {}", names.join(" → "));
    let mistake = Diagnostic::error("dependency-cycle", message);
    let mistake = labels.into_iter().fold(mistake, |mistake, (span, text)| mistake.at_opt(span, text));
    mistake.help("nothing could ever be first: remove one of these dependencies")
}
