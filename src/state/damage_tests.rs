//! Files that a disk has damaged: cut at any byte, or with a flipped bit in any byte. What is read from them is refused, or
//! it is what was written; never something else.

use std::fmt::Debug;
use std::path::Path;

use super::format::{self, Content};
use super::shared::{Index, index_from_bytes};
use super::test_support::*;
use super::*;
use crate::resource::from_json;

/// The head of a file: the version of its format and the checksum. Each bit of it is tried.
const HEAD: usize = 130;

/// A file of the current format.
fn stored(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formats/2").join(name)).unwrap()
}

/// The bytes, cut before each of them.
fn cuts(whole: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..whole.len()).map(|at| &whole[..at])
}

/// The bytes with a flipped bit: one of each byte, each time another one; and each bit of the head. With each comes the
/// place of the byte.
fn flips(whole: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let bits = |at: usize| if at < HEAD { 0..8 } else { at % 8..at % 8 + 1 };
    (0..whole.len()).flat_map(move |at| {
        bits(at).map(move |bit| {
            let mut flipped = whole.to_vec();
            flipped[at] ^= 1 << bit;
            (at, flipped)
        })
    })
}

/// What is cut off, or flipped, may be white space between two tokens and nothing else.
fn is_never_something_else<T: Content + PartialEq + Debug>(name: &str, content: &T) {
    let whole = stored(name);
    let read = |bytes: &[u8]| format::read::<T>(&place(), bytes);
    assert_eq!(&read(&whole).unwrap(), content, "{name}");
    for cut in cuts(&whole) {
        if let Ok(found) = read(cut) {
            assert_eq!(&found, content, "{name}, cut at byte {}", cut.len());
            let lost = &whole[cut.len()..];
            assert!(lost.iter().all(u8::is_ascii_whitespace), "{name}, cut at byte {}", cut.len());
        }
    }
    for (at, flipped) in flips(&whole) {
        if let Ok(found) = read(&flipped) {
            assert_eq!(&found, content, "{name}, a flipped bit in byte {at}");
            assert!(whole[at].is_ascii_whitespace(), "{name}, a flipped bit in byte {at}");
        }
    }
}

#[test]
fn a_damaged_state_is_refused_or_whole() {
    is_never_something_else("state.json", &sample::state());
    // A replacement reads nothing but the version of what it replaces.
    is_never_something_else("state.json", &sample::state().version());
}

#[test]
fn a_damaged_revision_is_refused_or_whole() {
    is_never_something_else("revisions/000001.json", &sample::revision());
}

#[test]
fn damaged_secret_values_are_refused_or_whole() {
    is_never_something_else("revisions/000001.values.json", &sample::values());
}

/// Whatever is damaged in it, it is no state, and it names no other place.
#[test]
fn a_damaged_note_of_a_move_leads_nowhere_else() {
    let whole = stored("moved.json");
    for bytes in cuts(&whole).map(<[u8]>::to_vec).chain(flips(&whole).map(|(_, flipped)| flipped)) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match format::read::<State>(&place(), &bytes) {
            Ok(_) => panic!("a state: {text}"),
            Err(StateError::Retired { to, .. }) => assert_eq!(to, Path::new(sample::MOVED_TO), "{text}"),
            Err(error) => assert!(!error.help().contains("`[state]` name the place"), "{text}"),
        }
    }
    let other = String::from_utf8(whole).unwrap().replace("states/registry", "states/rfgistry");
    let error = format::read::<State>(&place(), other.as_bytes()).unwrap_err();
    assert!(matches!(error, StateError::NoteDamaged { .. }), "{error}");
    assert!(error.help().contains("make sure where the state is"), "{}", error.help());
}

fn index(bytes: &[u8]) -> Result<Index, String> {
    index_from_bytes(&place(), bytes).unwrap_or_else(|error| Err(error.to_string()))
}

#[test]
fn a_damaged_index_is_refused_or_whole() {
    let whole = stored("revisions/index.json");
    assert_eq!(index(&whole), Ok(sample::index()));
    let cuts = cuts(&whole).map(|cut| (cut.len(), cut.to_vec()));
    for (at, damaged) in cuts.chain(flips(&whole)) {
        if let Ok(found) = index(&damaged) {
            assert_eq!(found, sample::index(), "byte {at}");
            assert!(whole[at].is_ascii_whitespace(), "byte {at}");
        }
    }
}

/// A store keeps it without a checksum. Where it is cut, it is refused.
#[test]
fn a_lock_that_is_cut_is_refused() {
    let lock = stored("lock.json");
    assert_eq!(from_json::<LockRecord>(&lock).unwrap(), sample::lock());
    for cut in cuts(&lock) {
        assert!(from_json::<LockRecord>(cut).is_err(), "{}", String::from_utf8_lossy(cut));
    }
}

fn journal(bytes: &[u8]) -> Result<Option<Journal>, StateError> {
    journal_text::parse(&place(), bytes)
}

/// The journal as it was when it had so many lines, each of them complete.
fn so_far(whole: &[u8], lines: usize) -> Option<Journal> {
    let until: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').take(lines).collect();
    journal(&until.concat()).unwrap()
}

/// How many lines are complete before this byte. The last of them needs no line end.
fn lines_before(whole: &[u8], at: usize) -> usize {
    let ends = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(end, _)| end);
    ends.take_while(|end| *end <= at).count()
}

/// The run was killed there: all lines before it count, and half a line does not.
#[test]
fn a_journal_that_is_cut_is_the_one_of_before() {
    let whole = stored("journal");
    for cut in cuts(&whole) {
        let expected = so_far(&whole, lines_before(&whole, cut.len()));
        let found = journal(cut).unwrap();
        let untorn = found.clone().map(|found| Journal { torn: false, ..found });
        assert_eq!(untorn, expected, "cut at byte {}", cut.len());
        let is_half = cut.last().is_some_and(|byte| *byte != b'\n');
        let is_complete = whole.get(cut.len()) == Some(&b'\n');
        assert_eq!(
            found.is_some_and(|found| found.torn),
            expected.is_some() && is_half && !is_complete,
            "cut at byte {}",
            cut.len()
        );
    }
}

/// Only the last line may have been under way, so only that one is dropped, and what it told is in doubt then. Where the line
/// end before it is damaged, the last two lines are one.
#[test]
fn a_journal_with_a_flipped_bit_is_refused_or_lacks_its_last_line() {
    let whole = stored("journal");
    let lines = lines_before(&whole, whole.len());
    let last = whole.len() - whole.split_inclusive(|byte| *byte == b'\n').next_back().unwrap().len();
    let without = |count: usize| so_far(&whole, lines - count).map(|found| Journal { torn: true, ..found });
    let (without_one, without_two) = (without(1), without(2));
    for (at, flipped) in flips(&whole) {
        let Ok(found) = journal(&flipped) else { continue };
        let expected = if at + 1 == last { &without_two } else { &without_one };
        assert!(at + 1 >= last, "a flipped bit in byte {at} of {}", whole.len());
        assert_eq!(&found, expected, "a flipped bit in byte {at}");
    }
}
