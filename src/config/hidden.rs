//! What of the files nobody may see. A mistake is drawn with the lines around it, and these may hold a secret that
//! should not stand there: each file is searched for such places as it was read, whatever else is wrong with it.
//!
//! | File | The question that it answers |
//! |---|---|
//! | this one | What is not drawn, and what is drawn as `*`? |
//! | `blocks` | Which blocks may be secrets, so that none of their lines is drawn? |
//! | `broken_lines` | Which values may be secrets where the text is not wholly in the tree? |
//! | `broken_urls` | Where does a URL have a login where the text is not wholly in the tree? |
//! | `comments` | Where do comments stand? |
//! | `lines` | Which lines belong to a block? |
//! | `values` | Which values may be secrets in a block of which the schema says where secrets stand? |
//! | `words` | What sounds like a secret? |

mod blocks;
mod broken_lines;
mod broken_urls;
mod comments;
mod lines;
mod values;
mod words;

use std::ops::Range;

use super::node::Node;
use super::outline::Outline;
use crate::diagnostic::{Source, SourceId, Sources};

/// A file of the configuration, as it was read.
#[derive(Debug)]
pub(super) struct ReadFile {
    pub(super) source: SourceId,
    pub(super) root: Node,
    /// Whether all of its text is in the tree: there is no mistake of syntax, and no key stands twice.
    pub(super) is_whole: bool,
}

/// The sources without what nobody may see: it is replaced by `*`, and its lines are noted as hidden. Every place stays
/// where it is.
pub(super) fn without_secrets(sources: &Sources, files: &[ReadFile], outline: &Outline<'_>) -> Sources {
    let mut values = Vec::new();
    for file in files {
        values::find(&file.root, outline, &mut values);
    }
    let blocks = blocks::secret_ones(files, outline);
    let mut shown = Sources::default();
    for id in (0..).map(SourceId) {
        let Some(source) = sources.get(id) else { break };
        let mut source = source.clone();
        match files.iter().find(|file| file.source == id) {
            Some(file) if file.is_whole => source.hidden.extend(lines::of(&source.text, file, &blocks)),
            // Nobody can say which block a line belongs to.
            Some(_) if words::any_sounds_secret(sources, files) => source = source.all_hidden(),
            _ => {}
        }
        let mut here: Vec<Range<usize>> = Vec::new();
        if let Some(file) = files.iter().find(|file| file.source == id) {
            here.extend(comments::of(&source.text, file));
            if !file.is_whole {
                here.extend(broken_lines::of(&source.text, outline));
                here.extend(broken_urls::of(&source.text));
            }
        }
        here.extend(values.iter().filter(|span| span.source == id).map(|span| span.start..span.end));
        source.text = starred(&source, here).into();
        shown.push(source);
    }
    shown
}

/// The text of a source with these ranges and all hidden lines replaced.
fn starred(source: &Source, ranges: Vec<Range<usize>>) -> String {
    let mut text = source.text.to_string();
    for range in ranges.into_iter().chain(source.hidden.iter().cloned()) {
        if let Some(secret) = text.get(range.clone()) {
            let stars = stars(secret);
            text.replace_range(range, &stars);
        }
    }
    text
}

/// As many bytes in as many lines.
fn stars(secret: &str) -> String {
    secret.chars().map(|c| if c == '\n' { "\n".to_owned() } else { "*".repeat(c.len_utf8()) }).collect()
}
