//! Does the mark of an object belong to its content? Some stores keep the two apart, and for a moment show the mark of the
//! new content with the old content. A process that took a lock by such an answer would write over a lock that it has never seen.
//!
//! Most stores take the MD5 digest of the content as its entity tag, and then a torn answer shows. A tag of the same form
//! that is none, as that of a content that the store has encrypted, stays what it is. An answer that stays torn, as after a
//! crash of the store, is taken too: nobody could ever get on otherwise.
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use md5::{Digest as _, Md5};
use tokio::time::sleep;

use crate::state::shared::shelf::{Kept, ShelfError};

/// For how long is waited before each further look.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(60), Duration::from_millis(120)];

/// What is known of the marks of a store.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Set once a mark was the digest of its content. That is no chance, so this store takes digests.
    are_digests: AtomicBool,
    /// Set once an object has stayed as it was, and its mark is no digest of it. Nothing follows from it where others are:
    /// then it was torn for long.
    are_no_digests: AtomicBool,
}

impl Marks {
    /// The object with the mark that belongs to it.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) async fn whole<R>(&self, mut read: impl FnMut() -> R) -> Result<Option<Kept>, ShelfError>
    where
        R: Future<Output = Result<Option<Kept>, ShelfError>>,
    {
        let first = read().await?;
        if !self.may_be_torn(first.as_ref()) {
            return Ok(first);
        }
        let mut found = None;
        for pause in PAUSES {
            sleep(pause).await;
            found = read().await?;
            if !self.may_be_torn(found.as_ref()) {
                return Ok(found);
            }
        }
        if found == first {
            self.are_no_digests.store(true, Ordering::Relaxed);
        }
        Ok(found)
    }

    /// Whether the mark may be that of another content.
    fn may_be_torn(&self, kept: Option<&Kept>) -> bool {
        match kept.and_then(is_digest_of_content) {
            None => false,
            Some(true) => {
                self.are_digests.store(true, Ordering::Relaxed);
                false
            }
            Some(false) => {
                self.are_digests.load(Ordering::Relaxed) || !self.are_no_digests.load(Ordering::Relaxed)
            }
        }
    }
}

/// Whether the mark is the digest of the content; `None` where it has not the form of one.
fn is_digest_of_content(kept: &Kept) -> Option<bool> {
    let mark = kept.version.0.trim_matches('"');
    let has_form = mark.len() == 32 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    has_form
        .then(|| u128::from_str_radix(mark, 16) == Ok(u128::from_be_bytes(Md5::digest(&kept.bytes).into())))
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::slice;

    use super::*;
    use crate::state::shared::shelf::ItemVersion;

    /// The MD5 digests of `old` and `new`.
    const OLD: &str = "\"149603e6c03516362a8da23f624db945\"";
    const NEW: &str = "\"22af645d1859cb5ca6da0c484f1f37ea\"";

    fn kept(content: &str, mark: &str) -> Kept {
        Kept { bytes: content.into(), version: ItemVersion(mark.to_owned()) }
    }

    /// What is taken where these are read one after the other, the last one again and again; and how often was read.
    async fn taken(marks: &Marks, answers: &[Kept]) -> (Kept, usize) {
        let mut reads = 0;
        let read = || {
            reads += 1;
            ready(Ok(Some(answers[reads.min(answers.len()) - 1].clone())))
        };
        (marks.whole(read).await.unwrap().unwrap(), reads)
    }

    #[tokio::test]
    async fn an_old_content_with_a_new_mark_is_read_again() {
        let (torn, whole) = (kept("old", NEW), kept("new", NEW));
        let marks = Marks::default();
        assert_eq!(taken(&marks, &[torn.clone(), torn.clone(), whole.clone()]).await, (whole.clone(), 3));
        assert_eq!(taken(&marks, &[torn, whole.clone()]).await, (whole.clone(), 2));
        assert_eq!(taken(&marks, slice::from_ref(&whole)).await, (whole, 1));
    }

    #[tokio::test]
    async fn a_mark_that_is_no_digest_is_taken_as_it_is() {
        let marks = Marks::default();
        for mark in ["\"7\"", "\"149603e6c03516362a8da23f624db945-2\"", OLD] {
            let plain = kept("old", mark);
            assert_eq!(taken(&marks, slice::from_ref(&plain)).await, (plain, 1));
        }
    }

    #[tokio::test]
    async fn where_no_mark_is_a_digest_that_is_found_out_once() {
        let marks = Marks::default();
        // Of an encrypted content, it has the same form.
        let (encrypted, other) = (kept("old", NEW), kept("new", OLD));
        assert_eq!(
            taken(&marks, &[encrypted.clone(), other.clone()]).await,
            (other, 4),
            "it has changed meanwhile"
        );
        assert_eq!(taken(&marks, slice::from_ref(&encrypted)).await, (encrypted.clone(), 4));
        assert_eq!(taken(&marks, slice::from_ref(&encrypted)).await, (encrypted, 1));
    }

    #[tokio::test]
    async fn a_long_tear_is_taken_and_the_next_one_is_found_out_all_the_same() {
        let (torn, whole) = (kept("old", NEW), kept("new", NEW));
        // Whether a digest was seen before it or only after it.
        for before in [true, false] {
            let marks = Marks::default();
            if before {
                assert_eq!(taken(&marks, slice::from_ref(&whole)).await, (whole.clone(), 1));
            }
            assert_eq!(taken(&marks, slice::from_ref(&torn)).await, (torn.clone(), 4), "nobody is held up");
            if !before {
                assert_eq!(taken(&marks, slice::from_ref(&whole)).await, (whole.clone(), 1));
            }
            assert_eq!(taken(&marks, &[torn.clone(), whole.clone()]).await, (whole.clone(), 2), "{before}");
        }
    }
}
