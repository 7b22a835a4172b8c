//! Which users of an htpasswd file change. Their names are no secret; everything else in it is.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::plan::model::field_change::{After, UserChange, UserFate};

/// The users that change, by name. Both files stand in the `data` of a Secret.
pub(super) fn changed_users(before: Option<&Value>, after: &After) -> Vec<UserChange> {
    let After::Value(after) = after else { return Vec::new() };
    let (before, after) = (before.map(users).unwrap_or_default(), users(after));
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let gone = gone.map(|name| (name.clone(), UserFate::Removed));
    let there = after.iter().filter_map(|(name, hash)| match before.get(name) {
        None => Some((name.clone(), UserFate::Added)),
        Some(old) if old != hash => Some((name.clone(), UserFate::Changed)),
        Some(_) => None,
    });
    let all: BTreeMap<String, UserFate> = gone.chain(there).collect();
    all.into_iter().map(|(name, change)| UserChange { name, change }).collect()
}

/// The hashes by user. Whatever does not look like a user is left out: nobody knows what it is, and it is not shown.
fn users(value: &Value) -> BTreeMap<String, String> {
    let text = value.as_str().and_then(|text| STANDARD.decode(text).ok());
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.trim().split_once(':'));
    let users =
        lines.filter(|(name, hash)| !name.is_empty() && !name.starts_with('#') && hash.starts_with("$2"));
    users.map(|(name, hash)| (name.to_owned(), hash.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(before: &str, after: &str) -> Vec<(String, UserFate)> {
        let encoded = |text: &str| Value::from(STANDARD.encode(text));
        let changed = changed_users(Some(&encoded(before)), &After::Value(encoded(after)));
        changed.into_iter().map(|user| (user.name, user.change)).collect()
    }

    #[test]
    fn users_are_added_changed_and_removed() {
        let found = changes("a:$2y$1\nb:$2y$2\nc:$2y$3\n", "b:$2y$2\nc:$2y$4\nd:$2y$5\n");
        let expected = [("a", UserFate::Removed), ("c", UserFate::Changed), ("d", UserFate::Added)];
        assert_eq!(found, expected.map(|(name, fate)| (name.to_owned(), fate)));
        assert_eq!(changes("a:$2y$1\n", "# users\na:$2y$1\n"), []);
    }

    #[test]
    fn what_is_no_user_is_not_shown() {
        assert_eq!(
            changes("token:hunter2\nhunter3\n:$2y$1\n", "a:$2y$1\n"),
            [("a".to_owned(), UserFate::Added)]
        );
        assert_eq!(changed_users(Some(&Value::from("no base64!")), &After::Absent), []);
    }
}
