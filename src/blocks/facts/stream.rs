//! A text of YAML or JSON documents. What is in it decides how it is read, not what the file is called, as `kubectl`
//! does it.

use serde_json::Value;
use serde_saphyr::budget::BudgetBreach;

use super::read_error::ReadError;
use super::strict_json::StrictValue;
use crate::resource::{DEEPEST_SENT, depth_of, too_deep};

/// One document, and the line at which it begins.
pub(super) struct StreamDocument {
    pub(super) object: Value,
    pub(super) line: u64,
}

/// As what a text is meant, by the name of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Called {
    /// JSON alone.
    Json,
    /// YAML, or anything else: it may be either.
    Either,
}

/// The documents of a text; empty ones are left out. Where nothing can be read, `called` says as what the mistake is told.
pub(super) fn read(text: &str, called: Called) -> Result<Vec<StreamDocument>, ReadError> {
    let json = is_json(text).then(|| json_documents(text));
    match json {
        Some(Ok(documents)) => return Ok(documents),
        Some(Err(error)) if called == Called::Json => return mixed_documents(text).unwrap_or(Err(error)),
        _ => {}
    }
    let yaml = match yaml_documents(text) {
        Ok(documents) => return Ok(documents),
        Err(error) => error,
    };
    if let Some(documents) = mixed_documents(text) {
        return documents;
    }
    // Whichever reader came further knows better what was meant.
    match json {
        Some(Err(json)) if json.place() > yaml.place() => Err(json),
        _ => Err(yaml),
    }
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// The documents of a text in which some parts between `---` are JSON objects, several of them one behind the other;
/// `None` where no part is JSON.
fn mixed_documents(text: &str) -> Option<Result<Vec<StreamDocument>, ReadError>> {
    let parts = parts(text);
    if parts.len() < 2 || !parts.iter().any(|(_, part)| is_json(without_marker(part))) {
        return None;
    }
    let read = parts.into_iter().map(|(above, part)| {
        let documents = if is_json(without_marker(part)) {
            json_documents(without_marker(part)).or_else(|_| yaml_documents(part))
        } else {
            yaml_documents(part)
        };
        let documents = documents.map_err(|error| error.below(above))?;
        Ok(documents
            .into_iter()
            .map(move |document| StreamDocument { line: document.line + above, ..document }))
    });
    let documents: Result<Vec<_>, ReadError> = read.collect();
    Some(documents.map(|documents| documents.into_iter().flatten().collect()))
}

/// The parts of a text, each from its line with `---` on, and how many lines stand above it.
fn parts(text: &str) -> Vec<(u64, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut above, mut at) = (0, 0, 0);
    for (number, line) in (0..).zip(text.split_inclusive('\n')) {
        let is_marker = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if is_marker && at > start {
            parts.push((above, &text[start..at]));
            (start, above) = (at, number);
        }
        at += line.len();
    }
    parts.push((above, &text[start..]));
    parts
}

/// A part without its line with `---`, of which a line break stays so that lines are counted right.
fn without_marker(part: &str) -> &str {
    let end = part.find('\n').unwrap_or(part.len());
    let (first, rest) = part.split_at(end);
    let is_bare = first.strip_prefix("---").is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.is_empty() || rest.starts_with('#')
    });
    if is_bare { rest } else { part }
}

fn json_documents(text: &str) -> Result<Vec<StreamDocument>, ReadError> {
    let depth = depth_of(text.as_bytes());
    let mut reader = serde_json::Deserializer::from_str(text);
    if depth <= DEEPEST_SENT {
        reader.disable_recursion_limit();
    }
    let mut stream = reader.into_iter::<StrictValue>();
    let mut documents = Vec::new();
    loop {
        let start = stream.byte_offset();
        let object = match stream.next() {
            None => return Ok(documents),
            Some(Ok(StrictValue(Value::Null))) => continue,
            Some(Ok(StrictValue(object))) => object,
            Some(Err(error)) => {
                let place = Some((error.line() as u64, error.column() as u64));
                let message = error.to_string();
                // The place stands before the message.
                let message = message.split(" at line ").next().unwrap_or_default().to_owned();
                let message = if depth > DEEPEST_SENT { too_deep(DEEPEST_SENT) } else { message };
                return Err(ReadError::new(place, message));
            }
        };
        let before = text.get(..start).unwrap_or_default();
        let blank = text.get(start..).map_or("", |rest| &rest[..rest.len() - rest.trim_start().len()]);
        let line = before.matches('\n').count() + blank.matches('\n').count() + 1;
        documents.push(StreamDocument { object, line: line as u64 });
    }
}

/// How many numbers may be too large: each costs another reading of the file.
const MOST_TOO_LARGE: usize = 100;

/// As `kubectl` reads it: YAML 1.1's `0644` is octal, and `yes`, `no`, `on`, `off` are true or false unless
/// they are quoted; what looks like a number and is too large for one (`7e12345`) is text.
fn yaml_documents(text: &str) -> Result<Vec<StreamDocument>, ReadError> {
    let mut quoted: Option<String> = None;
    for _ in 0..MOST_TOO_LARGE {
        let text = quoted.as_deref().unwrap_or(text);
        match parse_yaml(text) {
            Err(serde_saphyr::Error::NonFiniteFloat { value, location }) if is_in_digits(&value) => {
                match with_quotes(text, &value, location) {
                    Some(changed) => quoted = Some(changed),
                    None => break,
                }
            }
            other => return other.map_err(|error| read_error(&error)),
        }
    }
    parse_yaml(quoted.as_deref().unwrap_or(text)).map_err(|error| read_error(&error))
}

/// Whether it is no word such as `.inf`, which `kubectl` refuses too.
fn is_in_digits(number: &str) -> bool {
    number.contains(|c: char| c.is_ascii_digit())
}

/// The text with quotes around the number that stands here; `None` where it does not.
fn with_quotes(text: &str, number: &str, at: serde_saphyr::Location) -> Option<String> {
    let (lines, characters) = (at.line().checked_sub(1)?, at.column().checked_sub(1)?);
    let lines = text.split_inclusive('\n').take(usize::try_from(lines).ok()?);
    let above: usize = lines.map(str::len).sum();
    let (within, _) = text.get(above..)?.char_indices().nth(usize::try_from(characters).ok()?)?;
    let (before, rest) = text.split_at_checked(above + within)?;
    Some(format!("{before}'{number}'{}", rest.strip_prefix(number)?))
}

fn parse_yaml(text: &str) -> Result<Vec<StreamDocument>, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            // Bundles of CRDs are large. Aliases, by which a small file grows large in memory, stay limited.
            max_documents: 100_000,
            max_nodes: 10_000_000,
            max_events: 30_000_000,
            max_total_scalar_bytes: 256 << 20,
            max_depth: DEEPEST_SENT,
        },
        legacy_octal_numbers: true,
        with_snippet: false,
        // Nobody reads them, and their number would be limited.
        emit_comments: false,
    };
    let spanned: Vec<serde_saphyr::Spanned<Value>> = serde_saphyr::from_multiple_with_options(text, options)?;
    Ok(spanned
        .into_iter()
        .map(|document| StreamDocument { line: document.referenced.line(), object: document.value })
        .collect())
}

fn read_error(error: &serde_saphyr::Error) -> ReadError {
    let place = error.location().map(|at| (at.line(), at.column())).filter(|(line, _)| *line > 0);
    let error = error.without_snippet();
    let message = one_line(&error.render_with_formatter(&serde_saphyr::UserMessageFormatter), place);
    ReadError::new(place, if is_too_deep(error, &message) { too_deep(DEEPEST_SENT) } else { message })
}

/// Whether the levels are too many, of which those in brackets have a limit of their own.
fn is_too_deep(error: &serde_saphyr::Error, message: &str) -> bool {
    let is_breach = matches!(error, serde_saphyr::Error::Budget { breach: BudgetBreach::Depth { .. }, .. });
    is_breach || message == "recursion limit exceeded"
}

/// The message without the place, which stands before it.
fn one_line(message: &str, place: Option<(u64, u64)>) -> String {
    let message =
        message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let Some((line, column)) = place else { return message };
    message
        .replace(&format!(" at line {line}, column {column}"), "")
        .replace(&format!("line {line} column {column}: "), "")
}

#[cfg(test)]
mod scalars;
