//! What sounds like a secret.

use super::ReadFile;
use crate::diagnostic::Sources;

/// Parts of words that stand beside secrets.
const PARTS: [&str; 8] = ["secret", "stringdata", "passw", "token", "users", "auth", "sensit", "credential"];
/// How many letters a misspelt word may differ in.
const MISSPELT: usize = 2;

/// Whether a kind is a Secret, has one in it, or may be a misspelt one.
pub(super) fn is_secret_kind(kind: &str) -> bool {
    let kind = kind.to_lowercase();
    kind.contains("secret") || is_near(&kind, "secret")
}

/// Whether a key is `stringData`, however it is spelt.
pub(super) fn is_string_data(key: &str) -> bool {
    is_near(&key.to_lowercase(), "stringdata")
}

/// Whether the files have a word that stands beside secrets.
pub(super) fn any_sounds_secret(sources: &Sources, files: &[ReadFile]) -> bool {
    let texts = files.iter().filter_map(|file| sources.get(file.source));
    texts.into_iter().any(|source| {
        let text = source.text.to_lowercase();
        let mut words = text.split(|char: char| !char.is_alphanumeric());
        PARTS.iter().any(|part| text.contains(part))
            || words.any(|word| is_near(word, "secret") || is_near(word, "stringdata"))
    })
}

fn is_near(word: &str, known: &str) -> bool {
    word.len().abs_diff(known.len()) <= MISSPELT && strsim::damerau_levenshtein(word, known) <= MISSPELT
}
