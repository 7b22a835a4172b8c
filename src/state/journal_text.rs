//! Writes the lines of a journal as text, and reads them back.
//!
//! Each record is one line: a checksum, a space, the record as JSON. The checksum covers the line before
//! as well, so that a line that is lost or moved shows like one that is changed.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::StateError;
use super::journal::{Journal, JournalLine};
use super::old_logins;
use super::version::FORMAT_VERSION;
use crate::resource::{from_json, hex};

/// The number of hexadecimal digits of a checksum. It protects against accidents, not against people.
const DIGITS: usize = 16;

/// The checksum of the line before, which the next line's checksum covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chain(String);

impl Chain {
    fn checksum(&self, json: &[u8]) -> String {
        let mut digest = Sha256::new();
        digest.update(self.0.as_bytes());
        digest.update(json);
        let mut text = hex(&digest.finalize());
        text.truncate(DIGITS);
        text
    }

    /// The record as a line with its newline, and the chain for the next line.
    pub(super) fn line(&self, record: &JournalLine) -> serde_json::Result<(Vec<u8>, Self)> {
        let json = serde_json::to_vec(record)?;
        let checksum = self.checksum(&json);
        let mut line = Vec::with_capacity(json.len() + DIGITS + 2);
        line.extend_from_slice(checksum.as_bytes());
        line.push(b' ');
        line.extend_from_slice(&json);
        line.push(b'\n');
        Ok((line, Self(checksum)))
    }

    /// The records as lines, and the chain for the line after them.
    pub(super) fn lines(&self, records: &[JournalLine]) -> serde_json::Result<(Vec<u8>, Self)> {
        let (mut lines, mut chain) = (Vec::new(), self.clone());
        for record in records {
            let (line, next) = chain.line(record)?;
            lines.extend_from_slice(&line);
            chain = next;
        }
        Ok((lines, chain))
    }

    /// The JSON of a line without its newline, and the chain for the next line; `None` where the checksum
    /// differs.
    fn open<'a>(&self, line: &'a [u8]) -> Option<(&'a [u8], Self)> {
        let (checksum, rest) = line.split_at_checked(DIGITS)?;
        let json = rest.strip_prefix(b" ")?;
        let expected = self.checksum(json);
        (expected.as_bytes() == checksum).then_some((json, Self(expected)))
    }
}

/// Reads a journal; `None` where not even the first line is complete: then nothing was done yet.
///
/// A last line whose checksum does not fit was being written when the process was killed, and is dropped: it
/// was never synced, so nobody was told that it is recorded. Any other line with a wrong checksum is damage.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Option<Journal>, StateError> {
    let damaged = |line, reason: String| StateError::JournalDamaged { path: path.to_owned(), line, reason };
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if text.is_empty() {
        return Ok(None);
    }
    let mut lines = text.split(|byte| *byte == b'\n').enumerate().peekable();
    let mut chain = Chain::default();
    let mut journal: Option<Journal> = None;
    while let Some((index, line)) = lines.next() {
        let number = index + 1;
        let Some((json, next)) = chain.open(line) else {
            if lines.peek().is_some() {
                return Err(damaged(number, "its checksum does not fit".to_owned()));
            }
            if let Some(journal) = &mut journal {
                journal.torn = true;
            }
            return Ok(journal);
        };
        chain = next;
        let value: Value = from_json(json).map_err(|error| damaged(number, error.to_string()))?;
        // The version is checked first: what a newer version writes may look like damage to us.
        if let Some(found) = value.get("format_version").and_then(Value::as_u64)
            && found > u64::from(FORMAT_VERSION)
        {
            return Err(StateError::NewerFormat { path: path.to_owned(), found, known: FORMAT_VERSION });
        }
        let record = serde_json::from_value(value).map_err(|error| damaged(number, error.to_string()))?;
        match (&mut journal, record) {
            (None, JournalLine::Begin(begin)) => journal = Some(Journal::new(*begin)),
            (Some(journal), JournalLine::Outcome { address, mut outcome }) if journal.end.is_none() => {
                old_logins::leave_outcome(&mut outcome);
                journal.outcomes.push((address, *outcome));
            }
            (Some(journal), JournalLine::End { end, in_flight }) if journal.end.is_none() => {
                journal.end = Some(end);
                journal.in_flight = in_flight;
            }
            (None, _) => {
                return Err(damaged(number, "a journal begins with what is going to be done".to_owned()));
            }
            (Some(_), _) => return Err(damaged(number, "it stands where no such line can stand".to_owned())),
        }
    }
    Ok(journal)
}
