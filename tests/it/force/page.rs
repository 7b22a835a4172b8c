//! `docs/reliability.md`: what was done to prove that nothing is lost, and with which result. It is made from the
//! figures of the last long run, and from the lists of tests and checks; so it says only what was run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::checks::{AFTER_A_KILL, AT_THE_END, OF_A_MOVE};
use super::exposure::OF_A_WAY;
use super::figures::{Figures, kept};
use super::{reading, together};
use crate::harness::Test;
use crate::messages::UPDATE;
use crate::safety;
use crate::stack::moments::OF_A_REQUEST;

tests! { the_page_tells_what_was_run }

fn the_page_tells_what_was_run() {
    let page = page(&kept());
    if std::env::var_os(UPDATE).is_some() {
        fs::write(path(), &page).unwrap();
    }
    let written = fs::read_to_string(path()).unwrap();
    assert!(written == page, "docs/reliability.md does not tell what is run; {UPDATE}=1 writes it anew");
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md")
}

fn page(all: &[Figures]) -> String {
    let mut text = String::from(
        "# Reliability\n\n\
         A run that is killed, a disk that is full, a server that is busy, somebody else who is faster: none of them may\n\
         lose anything, do anything twice, or take anything over. This page tells what was done to prove that. It is\n\
         generated from the tests and from the figures of their last long run, so it names nothing that was not run.\n\n\
         All of it runs against real Kubernetes programs (etcd, API server, controllers), never against an imitation, and\n\
         `s3` is a real server, too. The tests play the stores of `gcs` and `azblob` as their makers describe them.\n\
         `REGPLAN_FORCE=long` runs the long mode, and [Development](development.md) says how.\n\n",
    );
    let _ = write!(text, "## Kills\n\n{}", kills(all));
    let _ = write!(text, "After each kill:\n\n{}\n", list(AFTER_A_KILL));
    let _ = write!(text, "Each time that a run was let come to its end:\n\n{}\n", list(AT_THE_END));
    let _ = write!(
        text,
        "After each kill of a move, and each time that a move came to its end:\n\n{}\n",
        list(OF_A_MOVE)
    );
    let _ = write!(
        text,
        "After each kill of a change of how a registry is reached, at once and when the pods have followed:\n\n{}\n",
        list(OF_A_WAY)
    );
    let _ = write!(
        text,
        "Some of these changes are made behind a real ingress controller and a real Gateway, while somebody asks at its ports all the time:\n\n{}\n",
        list(OF_A_REQUEST)
    );
    for (title, tests) in chapters() {
        let _ = write!(text, "## {title}\n\n{}\n", list(tests.iter().map(|test| sentence(test.name()))));
    }
    let _ = write!(text, "{}", fuzzed());
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// The other tests of this kind, by subject. Every run of the tests has them all.
fn chapters() -> Vec<(&'static str, Vec<Test>)> {
    let stopped = [safety::interruption::tests(), safety::disk::tests()].concat();
    let others = [safety::concurrent::tests(), safety::races::tests(), together::tests()].concat();
    let secrets =
        [crate::secrets::tests(), crate::secrets::cycle::tests(), crate::secrets::verified::tests()].concat();
    vec![
        ("Faults of the network and of the server", crate::faults::tests()),
        ("Runs that are stopped, and disks that fail", stopped),
        ("Others who change the same objects, and two runs at once", others),
        ("Secrets", secrets),
        ("Readers of texts that others may have written", reading::tests()),
    ]
}

fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    items.into_iter().fold(String::new(), |text, item| text + "- " + item.as_ref() + "\n")
}

fn kills(all: &[Figures]) -> String {
    let total: usize = all.iter().map(Figures::kills).sum();
    let requests: usize = all.iter().map(|figures| figures.requests).sum();
    let mut text = format!(
        "The program was killed (SIGKILL) {total} times. {requests} requests of the server's audit log were held against\n\
         the journals, and those of runs that came to their end against their revisions.\n\n\
         | What was done | State | Objects | Seed | Kills | Runs to the end | Requests |\n|---|---|---|---|---|---|---|\n"
    );
    for figures in all {
        let seed = figures.seed.map_or_else(|| "none".to_owned(), |seed| seed.to_string());
        let objects =
            if figures.objects == 0 { "one registry".to_owned() } else { figures.objects.to_string() };
        let Figures { walk, backend, ended, requests, .. } = figures;
        let _ = writeln!(
            text,
            "| {walk} | {backend} | {objects} | {seed} | {} | {ended} | {requests} |",
            figures.kills()
        );
    }
    let _ = write!(text, "\n{}", table("Command", all, |figures| &figures.by_command));
    let _ = write!(text, "\n{}\n", table("Moment", all, |figures| &figures.by_moment));
    text
}

/// What `cargo fuzz` has done, target by target, as it said at its end.
fn fuzzed() -> String {
    #[derive(serde::Deserialize)]
    struct Fuzzed {
        target: String,
        seconds: u64,
        texts: u64,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/figures.json");
    let all: Vec<Fuzzed> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let head = "`cargo fuzz` looks for a text that ends one of these readers. It has found none:\n\n\
                | Target | Seconds | Texts |\n|---|---|---|\n";
    all.iter().fold(head.to_owned(), |lines, Fuzzed { target, seconds, texts }| {
        lines + &format!("| {target} | {seconds} | {texts} |\n")
    })
}

/// The sums of one kind of numbers.
fn table(title: &str, all: &[Figures], of: impl Fn(&Figures) -> &BTreeMap<String, usize>) -> String {
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, count) in all.iter().flat_map(of) {
        *sums.entry(name).or_default() += count;
    }
    let head = format!("| {title} | Kills |\n|---|---|\n");
    sums.iter().fold(head, |lines, (name, count)| lines + &format!("| {name} | {count} |\n"))
}

/// The name of a test as words.
fn sentence(name: &str) -> String {
    name.replace('_', " ")
}
