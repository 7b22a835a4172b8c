//! Which of its two users a pull secret with `rotate` gives to nodes, and which the registry takes meanwhile.
//!
//! The users are `USER-a` and `USER-b`. Their passwords are kept in one Secret in the registry's namespace, each under the
//! side and the word of `rotate` for which it was made (`a.2026-10`). With a new word the side that no node uses gets a new
//! password. The other one stays in the password file until no pull Secret of the cluster has it any more. So nothing is
//! remembered that the cluster does not show, and a run that was killed is gone on with.

use std::collections::BTreeSet;
use std::fmt;

use crate::blocks::facts::{HtpasswdUser, Need, SecretKeyRef};
use crate::config::{Generate, SecretSource};
use crate::resource::Identity;

/// The characters of a password.
const LENGTH: u16 = 32;

/// One of the two users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    A,
    B,
}

impl Side {
    /// Both of them.
    pub(super) const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The user on this side.
    pub(super) fn user(self, stem: &str) -> String {
        format!("{stem}-{self}")
    }

    /// With what the names of a user and of its partner begin; `None` for a name that no rotation gives.
    pub(super) fn stem_of(user: &str) -> Option<&str> {
        Self::BOTH.into_iter().find_map(|side| user.strip_suffix(&side.user("")))
    }

    /// The side of a user; `None` for any other name.
    pub(super) fn of_user(stem: &str, user: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|side| side.user(stem) == user)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

/// A password: of which user, and for which word of `rotate` it was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Made {
    pub(super) side: Side,
    pub(super) word: String,
}

impl Made {
    /// The key under which it is kept.
    pub(super) fn key(&self) -> String {
        format!("{}.{}", self.side, self.word)
    }

    /// The password that is kept under a key; `None` for a key that is none of ours.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        let (side, word) = key.split_once('.')?;
        let side = Side::BOTH.into_iter().find(|known| known.to_string() == side)?;
        Some(Self { side, word: word.to_owned() })
    }

    /// The question for it.
    pub(super) fn need(&self, kept_in: &Identity) -> Need {
        let stored_at = SecretKeyRef { secret: kept_in.clone(), key: self.key() };
        Need::Secret { source: source(), stored_at: Some(stored_at) }
    }

    /// The user of the registry that has it.
    pub(super) fn user(&self, stem: &str, kept_in: &Identity) -> HtpasswdUser {
        HtpasswdUser {
            name: self.side.user(stem),
            source: source(),
            stored_at: Some(SecretKeyRef { secret: kept_in.clone(), key: self.key() }),
        }
    }
}

/// Where passwords come from.
fn source() -> SecretSource {
    SecretSource::Generate(Generate { length: LENGTH })
}

/// Where a rotation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    /// What nodes get.
    pub(super) current: Made,
    /// What nodes still have, and the registry takes beside it.
    pub(super) leaving: Vec<Made>,
}

impl Turn {
    /// Where it stands with this word: `stored` are the passwords that are kept, `used` the sides that pull Secrets of the
    /// cluster have.
    ///
    /// # Errors
    /// Both sides are used, and the word is that of neither: the words of an unfinished rotation.
    pub(super) fn of(word: &str, stored: &[Made], used: &BTreeSet<Side>) -> Result<Self, Vec<String>> {
        let current = match stored.iter().find(|made| made.word == word) {
            Some(made) => made.clone(),
            None => Self::begun(word, stored, used)?,
        };
        let is_leaving = |made: &&Made| made.side != current.side && used.contains(&made.side);
        let leaving = stored.iter().filter(is_leaving).cloned().collect();
        Ok(Self { current, leaving })
    }

    /// A new password on the side that no node uses; where that is either, on the one that has none.
    fn begun(word: &str, stored: &[Made], used: &BTreeSet<Side>) -> Result<Made, Vec<String>> {
        let free = Side::BOTH.into_iter().filter(|side| !used.contains(side));
        let has_none = |side: &Side| !stored.iter().any(|made| made.side == *side);
        let side = free.clone().find(has_none).or_else(|| free.clone().next());
        side.map(|side| Made { side, word: word.to_owned() })
            .ok_or_else(|| stored.iter().map(|made| made.word.clone()).collect())
    }

    /// All passwords that are kept.
    pub(super) fn all(&self) -> impl Iterator<Item = &Made> {
        [&self.current].into_iter().chain(&self.leaving)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(word: &str, stored: &[&str], used: &[Side]) -> Result<Vec<String>, Vec<String>> {
        let stored: Vec<Made> = stored.iter().map(|key| Made::of_key(key).unwrap()).collect();
        let turn = Turn::of(word, &stored, &used.iter().copied().collect())?;
        Ok(turn.all().map(Made::key).collect())
    }

    #[test]
    fn a_rotation_goes_from_side_to_side_and_retires_what_nobody_uses() {
        use Side::{A, B};
        assert_eq!(turn("1", &[], &[]).unwrap(), ["a.1"], "the first one");
        assert_eq!(turn("1", &["a.1"], &[A]).unwrap(), ["a.1"], "nothing to do");
        assert_eq!(turn("2", &["a.1"], &[A]).unwrap(), ["b.2", "a.1"], "it begins");
        assert_eq!(turn("2", &["a.1", "b.2"], &[A]).unwrap(), ["b.2", "a.1"], "killed before the Secrets");
        assert_eq!(turn("2", &["a.1", "b.2"], &[A, B]).unwrap(), ["b.2", "a.1"], "killed among the Secrets");
        assert_eq!(turn("2", &["a.1", "b.2"], &[B]).unwrap(), ["b.2"], "the old one is retired");
        assert_eq!(
            turn("3", &["a.1", "b.2"], &[B]).unwrap(),
            ["a.3", "b.2"],
            "the next one, without a plan between"
        );
        assert_eq!(turn("3", &["b.2"], &[B]).unwrap(), ["a.3", "b.2"]);
        assert_eq!(turn("1", &["a.1", "b.2"], &[A, B]).unwrap(), ["a.1", "b.2"], "it goes back");
        assert_eq!(turn("1", &["a.1", "b.2"], &[B]).unwrap(), ["a.1", "b.2"]);
    }

    #[test]
    fn a_third_password_waits_until_the_second_has_reached_all_nodes() {
        let words = turn("3", &["a.1", "b.2"], &[Side::A, Side::B]).unwrap_err();
        assert_eq!(words, ["1", "2"]);
        assert_eq!(turn("3", &["a.1", "b.2"], &[Side::A]).unwrap(), ["b.3", "a.1"], "no node has the second");
    }

    #[test]
    fn what_nodes_use_is_no_free_side_even_where_its_password_is_lost() {
        assert_eq!(turn("1", &[], &[Side::A]).unwrap(), ["b.1"]);
        assert_eq!(Made::of_key("ci.1"), None);
        assert_eq!(Made::of_key("a.2026.1").unwrap().word, "2026.1");
        assert_eq!(Side::of_user("ci", "ci-b"), Some(Side::B));
        assert_eq!(Side::of_user("ci", "ci-c"), None);
        assert_eq!((Side::stem_of("my-ci-b"), Side::stem_of("ci")), (Some("my-ci"), None));
    }
}
