//! Suggests the name that the user probably meant.

/// The candidate that was probably meant by `word`: a few letters differ, at most a third of them.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '.'], "_");
    let wanted = plain(word);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| {
            *distance <= word.chars().count().max(candidate.len()).div_ceil(3).min(4)
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// The help for a name that does not exist: the nearest candidate, or else the first twelve of all
/// candidates.
pub(crate) fn suggest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str> + Clone,
    none: &str,
) -> String {
    if let Some(near) = nearest(word, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let names = list(candidates);
    if names.is_empty() { none.to_owned() } else { format!("known: {names}") }
}

/// A list of names, shortened where there are many.
pub(crate) fn list<'c>(names: impl IntoIterator<Item = &'c str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        return format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN);
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_near() {
        assert_eq!(nearest("hots", ["host", "image"]), Some("host"));
        assert_eq!(nearest("nameSpace", ["name", "namespace"]), Some("namespace"));
        assert_eq!(nearest("depends-on", ["depends_on"]), Some("depends_on"));
        assert_eq!(nearest("x", ["host", "image"]), None);
        assert_eq!(suggest("x", ["host"], "-"), "known: `host`");
        assert_eq!(suggest("x", [], "nothing"), "nothing");
    }
}
