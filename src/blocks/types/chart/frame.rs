//! What stands beside what is random in a field: does a value that is kept still have it?
//!
//! Two renderings of the same show what is the same each time. The value in the cluster comes from an earlier rendering: where
//! nothing but chance has changed, it has all of that, in the same order, and nothing more.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::time_words;
use crate::kubernetes::certificate_texts::{certificates, decoded, next_pem};
use crate::resource::{FieldPath, Segment, hex};

/// How many letters of an end must be the same, so that it is no chance.
const LEAST_END: usize = 2;
/// How many letters in the middle of a text, where one of its ends, or a line, is the same.
const LEAST_WITHIN: usize = 3;
/// How many letters where nothing else says that only a part of the text is random.
const LEAST_ALONE: usize = 5;
/// A text that stands for bytes and is at least as long is a key store or the like, of which nothing can be told.
const LEAST_BYTES: usize = 200;
/// By how many bytes random parts differ in length: numbers by a few, encoded certificates by one in so many.
const SLACK: usize = 2;
const SLACK_IN: usize = 100;
/// Tables into which others write as well.
const SHARED_TABLES: [&str; 2] = ["labels", "annotations"];

/// A field as two renderings of the same have it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    one: Value,
    other: Value,
    /// Whether others write into it.
    is_shared: bool,
}

/// What a time says that stands beside something random.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// That the text has changed, like anything else in it.
    Count,
    /// Nothing: it is another one at each rendering.
    Pass,
}

/// A part of a text.
enum Part<'t> {
    /// It is the same each time.
    Same(Vec<&'t str>),
    /// It is random: as both renderings have it.
    Random(Vec<&'t str>, Vec<&'t str>),
}

/// A run of pieces that two texts have, by where it begins in both.
#[derive(Default)]
struct Run {
    at: usize,
    at_other: usize,
    pieces: usize,
}

impl Frame {
    /// That of two renderings of the field at this path.
    pub(super) fn of(path: &FieldPath, one: Value, other: Value) -> Self {
        let last = path.segments().last();
        let is_shared = matches!(last, Some(Segment::Key(key)) if SHARED_TABLES.contains(&key.as_str()));
        Self { one, other, is_shared }
    }

    /// Whether a value has all that is the same each time, and nothing more.
    pub(super) fn fits(&self, kept: &Value, times: Times) -> bool {
        let length = |value: &Value| match value {
            Value::Array(items) => items.len(),
            Value::Object(table) => table.len(),
            _ => 0,
        };
        let has_more = length(kept) > length(&self.one).max(length(&self.other));
        fits(&self.one, &self.other, kept, times) && (self.is_shared || !has_more)
    }
}

fn fits(one: &Value, other: &Value, kept: &Value, times: Times) -> bool {
    match (one, other, kept) {
        (Value::String(one), Value::String(other), Value::String(kept)) => text_fits(one, other, kept, times),
        (Value::Object(one), Value::Object(other), Value::Object(kept)) => one.iter().all(|(key, one)| {
            let Some(other) = other.get(key) else { return true };
            kept.get(key).is_some_and(|kept| fits(one, other, kept, times))
        }),
        (Value::Array(one), Value::Array(other), Value::Array(kept)) => {
            one.iter().all(|item| !other.contains(item) || kept.contains(item))
        }
        // Numbers and the like are random as a whole.
        _ => one != other || one == kept || times == Times::Pass && time_words::is_later(one, kept),
    }
}

/// Whether a text has what two others have in common. What is encoded is compared as it is decoded.
fn text_fits(one: &str, other: &str, kept: &str, times: Times) -> bool {
    if let (Some(one), Some(other)) = (decoded(one), decoded(other)) {
        return match decoded(kept) {
            Some(kept) => text_fits(&one, &other, &kept, times),
            None => !has_something_same(&parts(&shortened(&one), &shortened(&other))),
        };
    }
    if one == other {
        return one == kept || times == Times::Pass && time_words::is_later_text(one, kept);
    }
    if is_bytes(one) && is_bytes(other) {
        return true;
    }
    let served = certified(one);
    if served == certified(other) && served != certified(kept) {
        return false;
    }
    let (one, other, kept) = (shortened(one), shortened(other), shortened(kept));
    let parts = parts(&one, &other);
    if !has_something_same(&parts) {
        return true;
    }
    match times {
        Times::Count => has_parts(&kept, &parts),
        Times::Pass => has_parts(&kept, &without_times(parts)),
    }
}

/// The same parts, but that anything may stand for the numbers and names of a line with a time.
fn without_times(parts: Vec<Part<'_>>) -> Vec<Part<'_>> {
    let mut open = Vec::new();
    for part in parts {
        match part {
            Part::Random(one, other) => push_random(one, other, &mut open),
            Part::Same(run) => {
                for line in run.split_inclusive(|piece| piece.ends_with('\n')) {
                    if time_words::holds_time(&line.concat()) {
                        push_without_time(line, &mut open);
                    } else {
                        push_same(line, &mut open);
                    }
                }
            }
        }
    }
    open
}

fn push_without_time<'t>(line: &[&'t str], parts: &mut Vec<Part<'t>>) {
    for word in line.iter().flat_map(|piece| time_words::words(piece)) {
        match time_words::widest(word) {
            Some(widest) => push_random(vec![widest], vec![widest], parts),
            None => push_same(&[word], parts),
        }
    }
}

/// Adds to what is random before it: there is nothing in between by which both could be told apart.
fn push_random<'t>(one: Vec<&'t str>, other: Vec<&'t str>, parts: &mut Vec<Part<'t>>) {
    if let Some(Part::Random(before, before_other)) = parts.last_mut() {
        before.extend(one);
        before_other.extend(other);
    } else {
        parts.push(Part::Random(one, other));
    }
}

fn is_bytes(text: &str) -> bool {
    text.len() >= LEAST_BYTES && STANDARD.decode(text).is_ok()
}

/// A text with a digest in the place of each key and certificate: of what is in them, nothing is the same by its letters.
fn shortened(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, body, behind)) = next_pem(rest) {
        short.push_str(before);
        short.push_str(&hex(&Sha256::digest(body)));
        short.push('\n');
        rest = behind;
    }
    short + rest
}

/// For whom the certificates in a text are.
fn certified(text: &str) -> Vec<(String, Vec<String>)> {
    certificates(text).into_iter().map(|found| (found.subject, found.names)).collect()
}

/// The parts of two texts: lines first, and what is the same within lines that are not.
fn parts<'t>(one: &'t str, other: &'t str) -> Vec<Part<'t>> {
    let (one, other): (Vec<_>, Vec<_>) =
        (one.split_inclusive('\n').collect(), other.split_inclusive('\n').collect());
    let mut lines = Vec::new();
    align(&one, &other, LEAST_WITHIN, &mut lines);
    let least = if has_something_same(&lines) { LEAST_WITHIN } else { LEAST_ALONE };
    let mut parts = Vec::new();
    for line in lines {
        match line {
            Part::Random(one, other) => align(&words(&one), &words(&other), least, &mut parts),
            same @ Part::Same(_) => parts.push(same),
        }
    }
    parts
}

/// Letters and digits that stand together, and every other character by itself.
fn words<'t>(pieces: &[&'t str]) -> Vec<&'t str> {
    let mut words = Vec::new();
    for mut rest in pieces.iter().copied() {
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(rest.len());
            let (word, behind) =
                rest.split_at(end.max(if first.is_alphanumeric() { 0 } else { first.len_utf8() }));
            words.push(word);
            rest = behind;
        }
    }
    words
}

/// Takes two texts apart: their ends, and the longest runs in between that both have.
fn align<'t>(one: &[&'t str], other: &[&'t str], least: usize, parts: &mut Vec<Part<'t>>) {
    let pairs = one.iter().zip(other);
    let before = pairs.take_while(|(one, other)| one == other).count();
    let before = if is_telling(&one[..before], LEAST_END) { before } else { 0 };
    let (head, one) = one.split_at(before);
    let other = &other[before..];
    let pairs = one.iter().rev().zip(other.iter().rev());
    let behind = pairs.take_while(|(one, other)| one == other).count();
    let behind = if is_telling(&one[one.len() - behind..], LEAST_END) { behind } else { 0 };
    let (one, tail) = one.split_at(one.len() - behind);
    let other = &other[..other.len() - behind];
    let least = if head.is_empty() && tail.is_empty() { least } else { LEAST_WITHIN };
    push_same(head, parts);
    align_middle(one, other, least, parts);
    push_same(tail, parts);
}

fn align_middle<'t>(one: &[&'t str], other: &[&'t str], least: usize, parts: &mut Vec<Part<'t>>) {
    let is_telling = |run: &Run| is_telling(&one[run.at..run.at + run.pieces], least);
    // Mostly each piece stands at the same place in both.
    let run = Some(longest_in_place(one, other)).filter(is_telling);
    let run = run.or_else(|| Some(longest_run(one, other)).filter(is_telling));
    if let Some(Run { at, at_other, pieces }) = run {
        align_middle(&one[..at], &other[..at_other], least, parts);
        push_same(&one[at..at + pieces], parts);
        align_middle(&one[at + pieces..], &other[at_other + pieces..], least, parts);
    } else if !one.is_empty() || !other.is_empty() {
        parts.push(Part::Random(one.to_vec(), other.to_vec()));
    }
}

fn push_same<'t>(run: &[&'t str], parts: &mut Vec<Part<'t>>) {
    match parts.last_mut() {
        _ if run.is_empty() => {}
        Some(Part::Same(before)) => before.extend(run),
        _ => parts.push(Part::Same(run.to_vec())),
    }
}

/// The run of most bytes that stands at the same place in both.
fn longest_in_place(one: &[&str], other: &[&str]) -> Run {
    let (mut best, mut most, mut bytes, mut pieces) = (Run::default(), 0, 0, 0);
    let pairs = one.iter().zip(other).take(if one.len() == other.len() { one.len() } else { 0 });
    for (at, (piece, twin)) in pairs.enumerate() {
        (bytes, pieces) = if piece == twin { (bytes + piece.len(), pieces + 1) } else { (0, 0) };
        if bytes > most {
            let begin = at + 1 - pieces;
            (best, most) = (Run { at: begin, at_other: begin, pieces }, bytes);
        }
    }
    best
}

/// The run of most bytes that both have.
fn longest_run(one: &[&str], other: &[&str]) -> Run {
    let (mut best, mut most) = (Run::default(), 0);
    // For each piece of the other text: the pieces and bytes of the run that ends there.
    let mut above = vec![(0, 0); other.len() + 1];
    for (at, piece) in one.iter().enumerate() {
        let mut here = vec![(0, 0); other.len() + 1];
        for (at_other, _) in other.iter().enumerate().filter(|(_, twin)| *twin == piece) {
            let (pieces, bytes) = (above[at_other].0 + 1, above[at_other].1 + piece.len());
            here[at_other + 1] = (pieces, bytes);
            if bytes > most {
                (best, most) = (Run { at: at + 1 - pieces, at_other: at_other + 1 - pieces, pieces }, bytes);
            }
        }
        above = here;
    }
    best
}

/// Whether it is no chance that both texts have this.
fn is_telling(run: &[&str], least: usize) -> bool {
    let letters = || run.iter().flat_map(|piece| piece.chars());
    letters().any(|letter| letter == '\n')
        || letters().any(char::is_alphanumeric) && letters().count() >= least
}

fn has_something_same(parts: &[Part<'_>]) -> bool {
    parts.iter().any(|part| matches!(part, Part::Same(_)))
}

/// Whether a text is made of these parts, and no random part has become longer than it can be by chance.
fn has_parts(text: &str, parts: &[Part<'_>]) -> bool {
    let mut rest = text;
    let mut random = None;
    for (number, part) in parts.iter().enumerate() {
        let run = match part {
            Part::Random(one, other) => {
                random = Some(Room::of(one, other));
                continue;
            }
            Part::Same(run) => run.concat(),
        };
        let is_last = number + 1 == parts.len();
        let found = match random.take() {
            // Where nothing random stands before it, it comes next.
            None => rest.starts_with(&run).then_some(0),
            Some(room) => {
                let last = || rest.ends_with(&run).then(|| rest.len() - run.len());
                let found = if is_last { last() } else { rest.find(&run) };
                found.filter(|at| room.holds(&rest[..*at]))
            }
        };
        let Some(at) = found else { return false };
        rest = &rest[at + run.len()..];
    }
    match random {
        None => rest.is_empty(),
        Some(room) => room.holds(rest),
    }
}

/// How much a random part may be.
struct Room {
    bytes: usize,
    lines: usize,
}

impl Room {
    fn of(one: &[&str], other: &[&str]) -> Self {
        let most = |count: fn(&str) -> usize| {
            let of_text = |pieces: &[&str]| pieces.iter().map(|piece| count(piece)).sum::<usize>();
            of_text(one).max(of_text(other))
        };
        Self { bytes: most(str::len), lines: most(lines) }
    }

    fn holds(&self, text: &str) -> bool {
        text.len() <= self.bytes + SLACK + self.bytes / SLACK_IN && lines(text) <= self.lines
    }
}

fn lines(text: &str) -> usize {
    text.matches('\n').count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn frame(one: &Value, other: &Value) -> Frame {
        Frame::of(&FieldPath::keys(["data"]), one.clone(), other.clone())
    }

    /// Whether a text fits two that are made by putting other random texts in the place of `R` and `S`.
    fn fits(template: &str, kept: &str) -> bool {
        let made = |first: &str, second: &str| template.replace('R', first).replace('S', second);
        let (one, other) = (made("k3JxQ9", "p0Lm2a"), made("Zt81bW", "uY6cc4"));
        let plain = frame(&json!(one), &json!(other)).fits(&json!(kept), Times::Count);
        let encoded = |text: &str| json!(STANDARD.encode(text));
        let coded = frame(&encoded(&one), &encoded(&other)).fits(&encoded(kept), Times::Count);
        assert_eq!(plain, coded, "{template:?} {kept:?}");
        plain
    }

    #[test]
    fn what_is_random_may_be_anything() {
        for kept in ["q", "aaaaaaaa", "a b", "ab@cd"] {
            assert!(fits("R", kept), "{kept}");
        }
        assert!(fits("cookie: R\nlevel: 1\n", "cookie: 7hhG5f\nlevel: 1\n"));
        assert!(fits("{\"a\":\"R\",\"b\":\"S\"}", "{\"a\":\"7hhG5f\",\"b\":\"pPpPpP\"}"));
    }

    #[test]
    fn a_change_of_the_rest_is_seen_wherever_it_is() {
        let template = "cookie: R\nsmtp:\n  host: old\nkey: S\nlevel: 1\n";
        let kept =
            |from: &str, to: &str| template.replace('R', "7hhG5f").replace('S', "pPpPpP").replace(from, to);
        assert!(fits(template, &kept("", "")));
        for (from, to) in [
            ("cookie", "cake"),
            ("level: 1", "level: 2"),
            ("old", "new"),
            ("smtp", "imap"),
            ("key:", "key: extra"),
            ("smtp:\n", "smtp:\n  port: 1\n"),
            ("  host: old\n", ""),
            ("level: 1\n", ""),
            ("7hhG5f\n", "7hhG5f\nmore: 1\n"),
            ("pPpPpP", "pPpPpP, more: 1"),
        ] {
            assert!(!fits(template, &kept(from, to)), "{from} {to}");
        }
        assert!(!fits("a=R,b=S", "a=7hhG5f,c=pPpPpP"));
        assert!(!fits("postgres://user:R@host/db?x=S", "postgres://user:7hhG5f@host/dc?x=pPpPpP"));
    }

    #[test]
    fn a_time_beside_something_random_may_pass() {
        let found = frame(
            &json!("key: k3JxQ9 made Fri, Nov 27 at 2026-11-27T10:00:05.123Z\nlevel: 1\n"),
            &json!("key: Zt81bW made Fri, Nov 27 at 2026-11-27T10:00:05.2Z\nlevel: 1\n"),
        );
        let kept = |when: &str, level: u8| json!(format!("key: p0Lm2a made {when}\nlevel: {level}\n"));
        let earlier = "Wednesday, September 9 at 2025-09-10T09:13:40.77Z";
        assert!(found.fits(&kept(earlier, 1), Times::Pass));
        assert!(!found.fits(&kept(earlier, 1), Times::Count));
        assert!(!found.fits(&kept(earlier, 2), Times::Pass));
        assert!(!found.fits(&kept("never", 1), Times::Pass));
        let coded = |text: &str| json!(STANDARD.encode(text));
        let found = frame(&coded("at 2026-11-27 k3JxQ9"), &coded("at 2026-11-27 Zt81bW"));
        assert!(found.fits(&coded("at 2025-01-02 p0Lm2a"), Times::Pass));
    }

    #[test]
    fn tables_and_lists_have_a_rest_as_well() {
        let found = frame(&json!({"k1": "a", "fixed": "x"}), &json!({"k2": "a", "fixed": "x"}));
        assert!(found.fits(&json!({"k3": "a", "fixed": "x"}), Times::Count));
        for kept in [
            json!({"k3": "a", "fixed": "y"}),
            json!({"k3": "a"}),
            json!({"k": "a", "fixed": "x", "more": "z"}),
        ] {
            assert!(!found.fits(&kept, Times::Count), "{kept}");
        }
        let found = frame(&json!(["x", "r1"]), &json!(["x", "r2", "r3"]));
        assert!(
            found.fits(&json!(["x", "q"]), Times::Count) && !found.fits(&json!(["y", "q"]), Times::Count)
        );
        // Others write into annotations.
        let path = FieldPath::keys(["metadata", "annotations"]);
        let found = Frame::of(&path, json!({"k1": "a"}), json!({"k2": "a"}));
        assert!(found.fits(&json!({"k3": "a", "theirs": "x"}), Times::Count));
    }

    #[test]
    fn a_certificate_is_for_the_same_names() {
        let signed = |name: &str| {
            let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
            params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
        };
        let text = |name: &str| json!(format!("ca: |\n{}level: 1\n", signed(name)));
        let found = frame(&text("a.example.com"), &text("a.example.com"));
        assert!(
            found.fits(&text("a.example.com"), Times::Count)
                && !found.fits(&text("b.example.com"), Times::Count)
        );
        // One that is given, beside something random.
        let (given, new) = (signed("a.example.com"), signed("a.example.com"));
        let beside = |given: &str, random: &str| json!(format!("{given}key: {random}\n"));
        let found = frame(&beside(&given, "k3JxQ9"), &beside(&given, "Zt81bW"));
        assert!(
            found.fits(&beside(&given, "7hhG5f"), Times::Count)
                && !found.fits(&beside(&new, "7hhG5f"), Times::Count)
        );
    }

    #[test]
    fn of_bytes_nothing_is_told() {
        let bytes = |seed: u8| {
            let noise = (0..300u32).map(|at| Sha256::digest(format!("{seed} {at}"))[0]);
            json!(STANDARD.encode(noise.collect::<Vec<u8>>()))
        };
        assert!(frame(&bytes(1), &bytes(2)).fits(&bytes(3), Times::Count));
    }
}
