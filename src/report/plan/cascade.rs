//! The objects that are deleted with a namespace or a definition, counted by kind.

use std::collections::BTreeMap;

use crate::resource::Identity;

/// How many objects of a kind are named.
const NAMED: usize = 3;

/// One line for each kind: `12 Secret (a, b, c and 9 more)`.
pub(in crate::report) fn lines(dying: &[Identity]) -> Vec<String> {
    let mut by_kind: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for identity in dying {
        let namespace = identity.namespace.as_ref().map(|namespace| format!("{namespace}/"));
        let name = namespace.unwrap_or_default() + &identity.name;
        by_kind.entry(identity.group_kind().to_string()).or_default().push(name);
    }
    by_kind.into_iter().map(|(kind, names)| line(&kind, &names)).collect()
}

fn line(kind: &str, names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => format!("{} {kind} ({shown})", names.len()),
        more => format!("{} {kind} ({shown} and {more} more)", names.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_of_a_kind_are_counted_and_some_named() {
        let mut dying: Vec<Identity> =
            (0..5).map(|index| Identity::namespaced("", "Secret", "a", format!("s{index}"))).collect();
        dying.push(Identity::namespaced("apps", "Deployment", "a", "web"));
        assert_eq!(lines(&dying), ["1 Deployment.apps (a/web)", "5 Secret (a/s0, a/s1, a/s2 and 2 more)"]);
        assert!(lines(&[]).is_empty());
    }
}
