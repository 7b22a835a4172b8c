//! A file of Kubernetes objects, and how its text becomes objects.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::resource::hex;

/// A file of Kubernetes objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// Its path.
    pub path: PathBuf,
    /// The SHA-256 of its text, in hexadecimal.
    pub sha256: String,
    /// Its objects, or why there are none.
    pub documents: Result<Vec<Document>, ReadError>,
}

impl ManifestFile {
    /// Reads the text of a file.
    pub fn parse(path: PathBuf, text: &str) -> Self {
        let documents = documents(&path, text);
        Self { path, sha256: hex(&Sha256::digest(text.as_bytes())), documents }
    }
}

/// One object of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The object.
    pub object: Value,
    /// The number of its document, from 1; empty documents are not counted.
    pub number: usize,
    /// The line at which the document begins.
    pub line: u64,
}

/// Why a file cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    place: Option<(u64, u64)>,
    message: String,
}

/// As it stands after the name of the file: `:3:7: …`.
impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, ":{line}:{column}: {}", self.message),
            None => write!(f, ": {}", self.message),
        }
    }
}

/// The objects of a file: JSON where the file is called `.json`, YAML otherwise.
fn documents(file: &Path, text: &str) -> Result<Vec<Document>, ReadError> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let documents = if json { json_documents(text)? } else { yaml_documents(text)? };
    let mut found = Vec::with_capacity(documents.len());
    for document in documents {
        expand(document, &mut found);
    }
    Ok(found)
}

fn json_documents(text: &str) -> Result<Vec<Document>, ReadError> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut documents = Vec::new();
    loop {
        let start = stream.byte_offset();
        let object = match stream.next() {
            None => return Ok(documents),
            Some(Ok(Value::Null)) => continue,
            Some(Ok(object)) => object,
            Some(Err(error)) => {
                let place = Some((error.line() as u64, error.column() as u64));
                let message = error.to_string();
                // The place stands before the message.
                let message = message.split(" at line ").next().unwrap_or_default().to_owned();
                return Err(ReadError { place, message });
            }
        };
        let before = text.get(..start).unwrap_or_default();
        let blank = text.get(start..).map_or("", |rest| &rest[..rest.len() - rest.trim_start().len()]);
        let line = before.matches('\n').count() + blank.matches('\n').count() + 1;
        documents.push(Document { object, number: documents.len() + 1, line: line as u64 });
    }
}

/// As `kubectl` reads it: YAML 1.1's `0644` is octal, and `yes`, `no`, `on`, `off` are true or false unless
/// they are quoted.
fn yaml_documents(text: &str) -> Result<Vec<Document>, ReadError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            // Bundles of CRDs are large. Aliases, by which a small file grows large in memory, stay limited.
            max_documents: 100_000,
            max_nodes: 10_000_000,
            max_events: 30_000_000,
            max_total_scalar_bytes: 256 << 20,
            max_depth: 256,
        },
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    let spanned: Vec<serde_saphyr::Spanned<Value>> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| {
            let place = error.location().map(|at| (at.line(), at.column())).filter(|(line, _)| *line > 0);
            ReadError {
                place,
                message: one_line(
                    &error.without_snippet().render_with_formatter(&serde_saphyr::UserMessageFormatter),
                    place,
                ),
            }
        })?;
    Ok(spanned
        .into_iter()
        .enumerate()
        .map(|(index, document)| Document {
            number: index + 1,
            line: document.referenced.line(),
            object: document.value,
        })
        .collect())
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

/// Replaces lists by their items: a `List`, and lists of one kind, whose items need not name it.
fn expand(document: Document, found: &mut Vec<Document>) {
    let Document { mut object, number, line } = document;
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let list = text("kind").and_then(|kind| kind.strip_suffix("List").map(str::to_owned));
    let (Some(kind), Some(Value::Array(_)), None) = (list, object.get("items"), object.get("spec")) else {
        found.push(Document { object, number, line });
        return;
    };
    let version = text("apiVersion");
    let items = object.get_mut("items").map(Value::take).unwrap_or_default();
    for mut item in Vec::<Value>::deserialize(items).unwrap_or_default() {
        if let (false, Value::Object(item)) = (kind.is_empty(), &mut item) {
            item.entry("kind").or_insert_with(|| Value::from(kind.as_str()));
            if let Some(version) = &version {
                item.entry("apiVersion").or_insert_with(|| Value::from(version.as_str()));
            }
        }
        if !item.is_null() {
            expand(Document { object: item, number, line }, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn yaml(text: &str) -> Result<Vec<Document>, ReadError> {
        documents(Path::new("x.yaml"), text)
    }

    fn objects(text: &str) -> Vec<Value> {
        yaml(text).unwrap().into_iter().map(|document| document.object).collect()
    }

    #[test]
    fn numbers_and_words_are_read_as_kubectl_reads_them() {
        let object = &objects(
            "mode: 0644\nzero: 0\nport: 5000\nquoted: '0644'\nyes: yes\non: 'on'\nsize: 1e3\nt: 12:30:45\nd: 2024-01-01\nnothing: ~\nhex: 0x1F\nbig: 18446744073709551615\n",
        )[0];
        assert_eq!(object["mode"], 420);
        assert_eq!(object["quoted"], "0644");
        assert_eq!(object["yes"], true);
        assert_eq!(object["on"], "on");
        assert_eq!(object["d"], "2024-01-01");
        assert_eq!(object["nothing"], Value::Null);
        assert_eq!(object["hex"], 31);
        assert_eq!(object["big"], u64::MAX);
    }

    #[test]
    fn documents_are_counted_and_empty_ones_skipped() {
        let found =
            yaml("\u{FEFF}# first\r\n---\r\na: 1\r\n---\r\n---\r\n# nothing\r\n---\r\nb: 2\r\n...\r\n")
                .unwrap();
        assert_eq!(
            found,
            [
                Document { object: json!({"a": 1}), number: 1, line: 3 },
                Document { object: json!({"b": 2}), number: 2, line: 8 },
            ]
        );
        assert_eq!(yaml("").unwrap(), []);
        assert_eq!(yaml("---\n").unwrap(), []);
    }

    #[test]
    fn two_thousand_documents_are_no_attack() {
        let text = "kind: ConfigMap\nmetadata: {name: x}\n---\n".repeat(2000);
        assert_eq!(yaml(&text).unwrap().len(), 2000);
    }

    #[test]
    fn anchors_are_followed_and_bombs_are_not() {
        let object = &objects("a: &x {k: v}\nb: *x\nc:\n  <<: *x\n  l: w\n")[0];
        assert_eq!(object["b"], json!({"k": "v"}));
        assert_eq!(object["c"], json!({"k": "v", "l": "w"}));
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..10 {
            let below = format!("*a{}", level - 1);
            bomb = format!("{bomb}a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(","));
        }
        assert!(yaml(&bomb).is_err());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let error = yaml("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!(error.place.map(|(line, _)| line), Some(3));
        insta::assert_snapshot!(error, @":3:1: duplicate mapping key `a` is not allowed here");
        let error = yaml("a: 1\n  b: [\n").unwrap_err();
        insta::assert_snapshot!(error, @":2:4: mapping values are not allowed in this context");
        let error = documents(Path::new("x.json"), "{\"a\": 1,\n}").unwrap_err();
        insta::assert_snapshot!(error, @":2:1: trailing comma");
    }

    #[test]
    fn lists_are_taken_apart() {
        let found = objects(
            "apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n---\n\
             apiVersion: v1\nkind: List\nitems:\n- {kind: A}\n- kind: List\n  items: [{kind: B}]\n",
        );
        assert_eq!(
            found,
            [
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}),
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}),
                json!({"kind": "A"}),
                json!({"kind": "B"}),
            ]
        );
    }

    #[test]
    fn json_may_hold_several_documents() {
        let found = documents(Path::new("x.JSON"), "{\"a\": 1}\n\n{\"b\": 2}\n").unwrap();
        assert_eq!(found[1], Document { object: json!({"b": 2}), number: 2, line: 3 });
    }
}
