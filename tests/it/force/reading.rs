//! What reads text that others may have written is given changed copies of texts that are right. `cargo fuzz` does the
//! same with more cleverness, and needs a nightly compiler (`fuzz/`); this runs wherever the tests run.

#[path = "../../../fuzz/readers.rs"]
#[allow(unreachable_pub, reason = "it is a crate of its own as well")]
mod readers;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng as _};

use super::mode::Mode;

tests! {
    no_configuration_ends_the_program,
    no_state_ends_the_program,
    no_journal_ends_the_program,
    no_plan_file_ends_the_program,
    no_manifest_ends_the_program,
    no_dns_answer_ends_the_program,
}

/// How many changed copies the short mode reads.
const SHORT: usize = 100;
/// For how long the long mode reads.
const LONG: Duration = Duration::from_mins(2);

/// Pieces of text that mean something to one of the readers.
const WORDS: [&str; 22] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'''",
    "\\",
    "\n",
    "---\n",
    ": ",
    "= ",
    "&a ",
    "*a",
    "!!binary ",
    "${var.a}",
    "null",
    "-1",
    "1e999",
    "\u{feff}",
    "é",
    "\0",
    "999999999999999999999999",
];

fn no_configuration_ends_the_program() {
    each("configuration", readers::configuration);
}

fn no_state_ends_the_program() {
    each("state", readers::state);
}

fn no_journal_ends_the_program() {
    each("journal", readers::journal);
}

fn no_plan_file_ends_the_program() {
    each("plan_file", readers::plan_file);
}

fn no_manifest_ends_the_program() {
    each("manifest", readers::manifest);
}

fn no_dns_answer_ends_the_program() {
    each("dns_answer", readers::dns_answer);
}

/// Reads the corpus, and then changed copies of it.
fn each(name: &str, read: fn(&[u8])) {
    let corpus = corpus(name);
    for text in &corpus {
        try_to(read, text, name);
    }
    let mode = Mode::here();
    let seed = mode.seed(0);
    let mut rng = StdRng::seed_from_u64(seed);
    let (started, mut count) = (Instant::now(), 0_usize);
    while match mode {
        Mode::Short => count < SHORT,
        Mode::Long => started.elapsed() < LONG,
    } {
        let mut text = corpus.choose(&mut rng).unwrap().clone();
        for _ in 0..rng.random_range(1..4) {
            change(&mut rng, &mut text, &corpus);
        }
        try_to(read, &text, &format!("{name}, REGPLAN_FORCE_SEED={seed}, number {count}"));
        count += 1;
    }
    println!("{name}: {count} texts, REGPLAN_FORCE_SEED={seed}");
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Reads it. Where that panics, the text is kept, and its path is in the message.
#[track_caller]
fn try_to(read: fn(&[u8]), text: &[u8], context: &str) {
    if catch_unwind(|| read(text)).is_err() {
        let path = std::env::temp_dir().join(format!("regplan-unreadable-{:08x}", rand::random::<u32>()));
        fs::write(&path, text).unwrap();
        panic!("{context}: the reader panicked; the text is kept in {}", path.display());
    }
}

/// One random change.
fn change(rng: &mut StdRng, text: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    if text.is_empty() {
        return;
    }
    let at = rng.random_range(0..text.len());
    let until = (at + rng.random_range(1..40)).min(text.len());
    match rng.random_range(0..7) {
        0 => text[at] ^= 1 << rng.random_range(0..8),
        1 => drop(text.drain(at..until)),
        2 => text.truncate(at),
        3 => {
            let copy = text[at..until].to_vec();
            let place = rng.random_range(0..text.len());
            drop(text.splice(place..place, copy));
        }
        4 => {
            let other = corpus.choose(rng).unwrap();
            let from = rng.random_range(0..=other.len());
            text.truncate(at);
            text.extend(&other[from..]);
        }
        5 => text[at..until].shuffle(rng),
        _ => {
            let word = WORDS.choose(rng).unwrap();
            drop(text.splice(at..at, word.bytes()));
        }
    }
}
