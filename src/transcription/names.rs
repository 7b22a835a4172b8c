//! The names of blocks and secrets.

use std::collections::BTreeSet;

/// Gives each thing a name that no other one has.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// The name as it is where it is free and may be a name, else the nearest to it; `kind` tells equal names apart.
    pub(super) fn take(&mut self, name: &str, kind: &str) -> String {
        let plain = as_name(name);
        let with_kind = format!("{plain}-{}", as_name(kind));
        let numbered = (2..).map(|number| format!("{with_kind}-{number}"));
        let mut candidates = [plain.clone(), with_kind.clone()].into_iter().chain(numbered);
        let free = candidates.find(|name| !self.0.contains(name)).unwrap_or(plain);
        self.0.insert(free.clone());
        free
    }
}

/// In the characters that the name of a block may have.
pub(super) fn as_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = text.chars().map(plain).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "object".to_owned() } else { name.to_owned() }
}

/// The name of an environment variable.
pub(super) fn as_variable(text: &str) -> String {
    let name = as_name(text).replace('-', "_").to_ascii_uppercase();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_things_share_a_name() {
        let mut names = Names::default();
        let taken = [
            ("web", "Service"),
            ("Web", "Deployment"),
            ("web", "Deployment"),
            ("a:b.c", "Role"),
            ("--", "X"),
        ];
        let taken = taken.map(|(name, kind)| names.take(name, kind));
        assert_eq!(taken, ["web", "web-deployment", "web-deployment-2", "a-b-c", "object"]);
        assert_eq!(["a-b", "1-a"].map(as_variable), ["A_B", "_1_A"]);
    }
}
