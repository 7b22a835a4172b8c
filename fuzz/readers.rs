//! What reads text that others may have written: each of them takes any bytes, and neither panics nor takes them for
//! something that they do not say. `cargo fuzz` runs each by its target, and the integration tests run them all on the
//! corpus and on changed copies of it.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regplan::approval::PlanFile;
use regplan::blocks::{self, FileLines, ManifestFile};
use regplan::config::{self, BlockSchema, Inputs};
use regplan::diagnostic::{Diagnostics, Sources};
use regplan::resource::digest;
use regplan::state::{self, Backend as _, LocalBackend, Location, to_file};

static SCHEMAS: LazyLock<Vec<BlockSchema>> = LazyLock::new(blocks::schemas);

/// A configuration: what is wrong with it is shown at places that are there.
pub fn configuration(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(config::DEFAULT_FILE), bytes).expect("room for the file");
    let inputs = Inputs {
        files: &[],
        vars: &[],
        var_files: &[],
        env: &|_| None,
        base: folder.path(),
        sensitive_may_be_unset: true,
    };
    let loaded = config::load(&inputs, &SCHEMAS);
    match &loaded.outcome {
        Ok((_, warnings)) => are_shown(warnings, &loaded.sources),
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "refused without a reason");
            are_shown(mistakes, &loaded.sources);
        }
    }
    let _ = config::load_head(&inputs, &SCHEMAS);
}

/// Fails where a mistake points to something that is not in the file.
fn are_shown(mistakes: &Diagnostics, sources: &Sources) {
    for label in mistakes.iter().flat_map(|mistake| &mistake.labels) {
        let source = sources.get(label.span.source).expect("a file that was read");
        let excerpt = source.text.get(label.span.start..label.span.end);
        assert!(excerpt.is_some(), "{:?} is no place in the file", label.span);
    }
}

/// A state, as it is and with the checksum that its content should have: what is read is written as it was read.
pub fn state(bytes: &[u8]) {
    read_state(bytes);
    if let Some(content) = content(bytes) {
        let checksum = digest(content);
        read_state(
            format!("{{\"format_version\":2,\"checksum\":\"{checksum}\",\"content\":{content}}}").as_bytes(),
        );
    }
}

fn read_state(bytes: &[u8]) {
    let path = Path::new("state.json");
    if let Ok(read) = state::from_file(path, bytes) {
        let written = to_file(path, &read).expect("a state that was read can be written");
        let again = state::from_file(path, written.as_bytes()).expect("a state that was written can be read");
        assert_eq!(again, read);
    }
}

/// What stands behind the first `"content":` of a file, without the brace that ends the file.
fn content(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (_, rest) = text.split_once("\"content\":")?;
    rest.trim().strip_suffix('}')
}

/// A journal, as it is and with the checksums that its lines should have: whatever is read of it, what is in doubt can
/// be told.
pub fn journal(bytes: &[u8]) {
    read_journal(bytes);
    read_journal(&with_checksums(&String::from_utf8_lossy(bytes)));
}

fn read_journal(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let location = Location::at(folder.path());
    std::fs::write(location.journal(), bytes).expect("room for the file");
    if let Ok(Some(journal)) = futures::executor::block_on(LocalBackend::new(location).journal()) {
        let _ = journal.in_doubt();
    }
}

/// The same lines, each with the checksum that fits it and the one before.
fn with_checksums(text: &str) -> Vec<u8> {
    let mut chain = String::new();
    let mut lines = String::new();
    for line in text.lines() {
        let json = line.split_once(' ').map_or(line, |(_, json)| json);
        let whole = digest(&format!("{chain}{json}"));
        chain = whole.trim_start_matches("sha256:").chars().take(16).collect();
        lines.extend([&chain, " ", json, "\n"]);
    }
    lines.into_bytes()
}

/// A plan file, as it is and with the checksum that its content should have: what is read is what its text says.
pub fn plan_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    read_plan_file(text);
    if let Some(content) = content(bytes) {
        let (digest, seal) = (digest(""), digest(content));
        read_plan_file(&format!(
            "{{\"format_version\":2,\"digest\":\"{digest}\",\"checksum\":\"{seal}\",\"seal\":\"\",\"content\":{content}}}"
        ));
    }
}

fn read_plan_file(text: &str) {
    let _ = PlanFile::is_one(text);
    if let Ok(file) = PlanFile::from_text(text) {
        let again = PlanFile::from_text(file.as_text()).expect("a plan file that was read can be read again");
        assert_eq!(again.digest(), file.digest());
        let _ = (file.plan(), file.unchecked().count());
    }
}

/// A manifest, under either of the names by which it may be called.
pub fn manifest(bytes: &[u8]) {
    for name in ["manifest.yaml", "manifest.json"] {
        let _ = ManifestFile::parse(PathBuf::from(name), bytes);
    }
    let _ = FileLines::read(bytes);
}

/// An answer of a name server: what it says is about names and values that can be written.
pub fn dns_answer(bytes: &[u8]) {
    let _ = regplan::provider::dns::read_answer(bytes);
}
