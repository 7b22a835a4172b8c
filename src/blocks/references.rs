//! Whether the addresses that the configuration names lead to objects.

use std::collections::BTreeSet;

use super::codes;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::suggest;
use crate::resource::{Address, BlockAddress, Desired, FieldPath, LiveReference, Reference};

/// Pushes every address and live field of blocks that leads to no object.
pub(super) fn check(
    config: &Config,
    known: &KnownAddresses,
    resources: &[Desired],
    mistakes: &mut Vec<Diagnostic>,
) {
    for block in &config.blocks {
        let triggers = block.lifecycle.replace_triggered_by.iter().map(|address| (address, block.span));
        let depends = block.depends_on.iter().map(|(address, span)| (address, *span));
        for (address, span) in depends.chain(triggers) {
            if !known.has(address) {
                let message = format!("there is no `{address}`");
                mistakes.push(
                    Diagnostic::error(codes::UNKNOWN_REFERENCE, message)
                        .at(span, "")
                        .help(known.suggest(&address.to_string(), &address.block)),
                );
            }
        }
    }
    for desired in resources {
        for (path, expression) in desired.unresolved.iter() {
            for reference in expression.references() {
                if let Reference::Live(live) = reference
                    && let Err(mistake) = known.check_live(live)
                {
                    let span = desired.origin(path).and_then(|origin| origin.span);
                    mistakes.push(mistake.at_opt(span, ""));
                }
            }
        }
    }
}

/// Every address that the configuration has.
pub(super) struct KnownAddresses {
    objects: BTreeSet<Address>,
    blocks: BTreeSet<BlockAddress>,
}

impl KnownAddresses {
    /// Those of the blocks and of their resources.
    pub(super) fn of(config: &Config, resources: &[Desired]) -> Self {
        let blocks = config.blocks.iter().map(|block| &block.address);
        let blocks = blocks.chain(resources.iter().map(|desired| &desired.address.block));
        let objects = resources.iter().map(|desired| desired.address.clone());
        Self { objects: objects.collect(), blocks: blocks.cloned().collect() }
    }

    fn has(&self, address: &Address) -> bool {
        self.objects.contains(address) || (address.object.is_none() && self.blocks.contains(&address.block))
    }

    /// Whether a live reference leads to a field of an object; else the mistake.
    pub(super) fn check_live(&self, live: &LiveReference) -> Result<(), Diagnostic> {
        let fail = |message: String| Diagnostic::error(codes::UNKNOWN_REFERENCE, message);
        match live.split(|address| self.objects.contains(address)) {
            Some((_, path)) if path != FieldPath::root() => return Ok(()),
            Some((address, _)) => {
                return Err(fail(format!("`{address}` names an object, and not a field of it"))
                    .help(format!("name a field: `${{{address}.metadata.uid}}`")));
            }
            None => {}
        }
        let Some(block) = live.block() else {
            return Err(fail(format!("`{}` is not a reference", live.text)));
        };
        let exists = self.blocks.contains(&block);
        let single = self.objects.contains(&Address { block: block.clone(), object: None });
        Err(if exists && single {
            fail(format!("what follows `{block}` in `{}` is not a field", live.text))
                .help("write it as the plan prints it: `status.loadBalancer.ingress[0].ip`")
        } else if exists && !live.text.contains('/') {
            fail(format!("`{block}` has no such key, and `{}` names no object of it", live.text))
                .help(self.suggest(&live.text, &block))
        } else {
            fail(format!("`{}` leads to no object", live.text)).help(self.suggest(&live.text, &block))
        })
    }

    /// The nearest address: within the block where there is one, among all otherwise.
    fn suggest(&self, word: &str, block: &BlockAddress) -> String {
        let within: Vec<String> =
            self.objects.iter().filter(|address| address.is_within(block)).map(Address::to_string).collect();
        let candidates = if within.is_empty() {
            let objects = self.objects.iter().map(Address::to_string);
            objects.chain(self.blocks.iter().map(BlockAddress::to_string)).collect()
        } else {
            within
        };
        // Of a live reference only the beginning can be compared: where the path begins is not known.
        let head = likeliest_head(word, &candidates);
        suggest(&head, candidates.iter().map(String::as_str), "there are no objects")
    }
}

/// The beginning of a reference, up to a dot or a bracket, that is most like one of the candidates.
fn likeliest_head(word: &str, candidates: &[String]) -> String {
    let ends = word.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(at, _)| at);
    ends.chain([word.len()])
        .map(|end| &word[..end])
        .min_by_key(|head| candidates.iter().map(|text| strsim::levenshtein(head, text)).min())
        .unwrap_or(word)
        .to_owned()
}
