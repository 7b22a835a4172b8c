//! `[[moved]]` and `[[removed]]`: what became of resources that the configuration no longer has.
//!
//! What can be said from the blocks alone is checked here; which objects a block has is known only when it
//! is compiled.

use std::collections::BTreeSet;

use super::codes;
use crate::diagnostic::nearest::suggest;
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{Address, BlockAddress};

/// Everything that `[[moved]]` and `[[removed]]` say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// New addresses of what was applied under old ones.
    pub moved: Vec<Moved>,
    /// What leaves the state.
    pub removed: Vec<Removed>,
}

/// `[[moved]]`: what was applied under one address has another one now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The old address; a block's stands for all of its objects.
    pub from: Address,
    /// The new one; a block's where the old one is a block's.
    pub to: Address,
    /// The place of the old address.
    pub from_span: Span,
    /// The place of the new one.
    pub to_span: Span,
}

/// `[[removed]]`: what left the configuration, and what becomes of its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The address that it had; a block's stands for all of its objects.
    pub address: Address,
    /// Whether its objects are deleted, as they are without the table, or stay.
    pub destroy: bool,
    /// The place of the address.
    pub span: Span,
    /// The file and line of the table, `regplan.toml:14`.
    pub place: String,
}

impl Moves {
    /// The address that a resource with this one has now: every move is followed, a move of the address itself
    /// before one of its block. `None` where nothing moves it.
    pub fn destination(&self, address: &Address) -> Option<Address> {
        let mut at = address.clone();
        // A cycle is reported elsewhere. Here it must only not loop for ever.
        for _ in &self.moved {
            match self
                .moved
                .iter()
                .find_map(|moved| moved.exactly(&at))
                .or_else(|| self.moved.iter().find_map(|moved| moved.with_its_block(&at)))
            {
                Some(next) => at = next,
                None => break,
            }
        }
        (at != *address).then_some(at)
    }

    /// The table that lets an object under this address stay when it leaves the state.
    pub fn released(&self, address: &Address) -> Option<&Removed> {
        self.removed.iter().find(|removed| !removed.destroy && address.is_meant_by(&removed.address))
    }

    /// Whether another move starts at this address, or at its block.
    fn leads_on(&self, address: &Address) -> bool {
        self.moved
            .iter()
            .any(|moved| moved.exactly(address).is_some() || moved.with_its_block(address).is_some())
    }

    /// Pushes a mistake for every table that contradicts itself, another one, or the blocks.
    pub(super) fn check(&self, blocks: &BTreeSet<BlockAddress>, mistakes: &mut Vec<Diagnostic>) {
        for (index, moved) in self.moved.iter().enumerate() {
            if moved.from == moved.to {
                mistakes.push(
                    Diagnostic::error(codes::BAD_VALUE, format!("`{}` moves to itself", moved.from))
                        .at(moved.to_span, "")
                        .help("remove the table, or correct one of the two addresses"),
                );
                continue;
            }
            self.check_against_others(index, moved, mistakes);
            if self.is_in_a_circle(&moved.from) {
                mistakes.push(
                    Diagnostic::error(codes::REFERENCE_CYCLE, format!("`{}` moves in a circle", moved.from))
                        .at(moved.from_span, "")
                        .help("each address moves on at most once, and never back; remove one of the tables"),
                );
            } else if !blocks.contains(&moved.to.block)
                && !self.leads_on(&moved.to)
                && !is_namespace(&moved.to)
            {
                mistakes.push(no_destination(moved, blocks));
            }
            if moved.from.object.is_none() && blocks.contains(&moved.from.block) {
                mistakes.push(still_there(&moved.from, moved.from_span, "moved"));
            }
        }
        for (index, removed) in self.removed.iter().enumerate() {
            let earlier = self.removed.get(..index).unwrap_or_default();
            if let Some(first) = earlier.iter().find(|first| first.address == removed.address) {
                mistakes.push(twice(&removed.address, removed.span, first.span, "removed"));
            }
            if let Some(moved) = self.moved.iter().find(|moved| moved.from == removed.address) {
                let message = format!("`{}` is both moved and removed", removed.address);
                mistakes.push(
                    Diagnostic::error(codes::CONFLICTING_KEYS, message)
                        .at(removed.span, "removed here")
                        .at(moved.from_span, "moved here")
                        .help("keep one of them"),
                );
            }
            if removed.address.object.is_none() && blocks.contains(&removed.address.block) {
                mistakes.push(still_there(&removed.address, removed.span, "removed"));
            }
        }
    }

    fn check_against_others(&self, index: usize, moved: &Moved, mistakes: &mut Vec<Diagnostic>) {
        let earlier = self.moved.get(..index).unwrap_or_default();
        if let Some(first) = earlier.iter().find(|first| first.from == moved.from) {
            mistakes.push(twice(&moved.from, moved.from_span, first.from_span, "moved"));
        } else if let Some(first) = earlier.iter().find(|first| first.to == moved.to) {
            let message = format!("`{}` and `{}` move to one address", first.from, moved.from);
            mistakes.push(
                Diagnostic::error(codes::CONFLICTING_KEYS, message)
                    .at(moved.to_span, "this one")
                    .at(first.to_span, "and this one")
                    .help("an address has one object: keep the table of the one that was applied"),
            );
        }
    }

    fn is_in_a_circle(&self, start: &Address) -> bool {
        let mut at = start.clone();
        for _ in &self.moved {
            let Some(next) = self.moved.iter().find_map(|moved| moved.exactly(&at)) else { return false };
            if next == *start {
                return true;
            }
            at = next;
        }
        false
    }
}

impl Moved {
    fn exactly(&self, address: &Address) -> Option<Address> {
        (self.from == *address).then(|| self.to.clone())
    }

    /// Objects move with their block by kind and name.
    fn with_its_block(&self, address: &Address) -> Option<Address> {
        let whole = self.from.object.is_none() && self.to.object.is_none();
        let moves = whole && address.object.is_some() && address.is_within(&self.from.block);
        moves.then(|| Address { block: self.to.block.clone(), object: address.object.clone() })
    }
}

/// Whether it is a shared namespace: these have addresses and no blocks.
pub(crate) fn is_namespace(address: &Address) -> bool {
    address.block.kind == "namespace"
}

fn no_destination(moved: &Moved, blocks: &BTreeSet<BlockAddress>) -> Diagnostic {
    let names: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    let wanted = moved.to.block.to_string();
    let help = suggest(&wanted, names.iter().map(String::as_str), "there are no blocks");
    Diagnostic::error(
        codes::UNKNOWN_REFERENCE,
        format!("`{}` moves to `{wanted}`, which is not in the configuration", moved.from),
    )
    .at(moved.to_span, "")
    .help(help)
}

/// The mistake for an address that a table says is gone, and that is still there.
pub(crate) fn still_there(address: &Address, span: Span, table: &str) -> Diagnostic {
    Diagnostic::error(
        codes::CONFLICTING_KEYS,
        format!("`{address}` stands in `[[{table}]]`, and is still in the configuration"),
    )
    .at(span, "")
    .help(format!("remove what makes `{address}`, or this `[[{table}]]`"))
}

fn twice(address: &Address, again: Span, first: Span, table: &str) -> Diagnostic {
    Diagnostic::error(codes::DUPLICATE_KEY, format!("`{address}` stands in `[[{table}]]` twice"))
        .at(again, "again here")
        .at(first, "first here")
        .help("keep one of them")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{fine, found};

    const NEW: &str = "[resource.new]\nkind = 'ConfigMap'\n";

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn moves_are_followed_object_before_block() {
        let config = fine(
            "[project]\nname = 'test'\n[registry.prod]\nhost = 'h'\nimage = 'a:b'\n\
             [[moved]]\nfrom = 'registry.main'\nto = 'registry.mid'\n\
             [[moved]]\nfrom = 'registry.mid'\nto = 'registry.prod'\n\
             [[moved]]\nfrom = 'registry.main/Service/registry'\nto = 'registry.prod/Service/web'\n\
             [[removed]]\naddress = 'resource.gone'\ndestroy = false\n",
        );
        let moves = config.moves;
        let to = |from: &str| moves.destination(&address(from)).map(|to| to.to_string());
        assert_eq!(to("registry.main/Deployment/registry").unwrap(), "registry.prod/Deployment/registry");
        assert_eq!(to("registry.main/Service/registry").unwrap(), "registry.prod/Service/web");
        assert_eq!(to("registry.mid").unwrap(), "registry.prod");
        assert_eq!(to("registry.prod/Service/web"), None);
        let removed = moves.released(&address("resource.gone")).unwrap();
        assert!(removed.place.ends_with("regplan.toml:16"), "{}", removed.place);
        assert_eq!(moves.released(&address("resource.new")), None);
    }

    #[test]
    fn what_contradicts_itself_is_told_at_its_place() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            (
                "[[moved]]\nfrom = 'resource.new'\nto = 'resource.new'\n",
                &[(codes::BAD_VALUE, "'resource.new'")],
            ),
            (
                "[[moved]]\nfrom = 'resource.a'\nto = 'resource.nwe'\n",
                &[(codes::UNKNOWN_REFERENCE, "'resource.nwe'")],
            ),
            ("[[moved]]\nfrom = 'nothing'\nto = 'resource.new'\n", &[(codes::BAD_REFERENCE, "'nothing'")]),
            ("[[moved]]\nfrom = 'resource.a'\n", &[(codes::MISSING_KEY, "[[moved]]")]),
            (
                "[[moved]]\nfrom = 'resource.a'\nto = 'resource.new'\nwhy = 1\n",
                &[(codes::UNKNOWN_KEY, "why")],
            ),
            ("[moved]\nfrom = 'resource.a'\nto = 'resource.new'\n", &[(codes::WRONG_TYPE, "[moved]")]),
            (
                "[[moved]]\nfrom = 'resource.a'\nto = 'resource.b'\n[[moved]]\nfrom = 'resource.b'\nto = 'resource.a'\n",
                &[(codes::REFERENCE_CYCLE, "'resource.a'"), (codes::REFERENCE_CYCLE, "'resource.b'")],
            ),
            (
                "[[moved]]\nfrom = 'resource.a'\nto = 'resource.new'\n[[moved]]\nfrom = 'resource.b'\nto = 'resource.new'\n",
                &[(codes::CONFLICTING_KEYS, "'resource.new'")],
            ),
            (
                "[[removed]]\naddress = 'resource.new'\ndestroy = false\n",
                &[(codes::CONFLICTING_KEYS, "'resource.new'")],
            ),
            ("[[removed]]\naddress = 'resource.a'\n", &[(codes::MISSING_KEY, "[[removed]]")]),
            (
                "[[removed]]\naddress = 'resource.a'\ndestroy = false\n[[removed]]\naddress = 'resource.a'\ndestroy = true\n",
                &[(codes::DUPLICATE_KEY, "'resource.a'")],
            ),
            (
                "[[moved]]\nfrom = 'resource.a'\nto = 'resource.new'\n[[removed]]\naddress = 'resource.a'\ndestroy = false\n",
                &[(codes::CONFLICTING_KEYS, "'resource.a'")],
            ),
            (
                "[[moved]]\nfrom = 'resource.a'\nto = 'resource.b'\n[[moved]]\nfrom = 'resource.b'\nto = 'resource.new'\n",
                &[],
            ),
        ];
        for (text, wanted) in cases {
            let wanted: Vec<_> = wanted.iter().map(|(code, place)| (*code, (*place).to_owned())).collect();
            assert_eq!(found(&format!("{NEW}{text}")), wanted, "{text}");
        }
        let twins =
            "[resource.old]\nkind = 'ConfigMap'\n[[moved]]\nfrom = 'resource.old'\nto = 'resource.new'\n";
        assert_eq!(found(&format!("{NEW}{twins}")), [(codes::CONFLICTING_KEYS, "'resource.old'".into())]);
    }
}
