//! A file of Kubernetes objects, and how its text becomes objects.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::encoding::decode;
use super::read_error::ReadError;
use super::stream::{self, Called, StreamDocument};
use crate::resource::hex;

/// A file of Kubernetes objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// Its path.
    pub path: PathBuf,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its objects, or why there are none.
    pub documents: Result<Vec<Document>, ReadError>,
    bytes: Arc<[u8]>,
}

impl ManifestFile {
    /// Reads the bytes of a file.
    pub fn parse(path: PathBuf, bytes: &[u8]) -> Self {
        let documents = documents(&path, bytes);
        Self { path, sha256: hex(&Sha256::digest(bytes)), documents, bytes: bytes.into() }
    }

    /// Its bytes, in which the lines of its fields are looked up.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// One object of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The object.
    pub object: Value,
    /// The number of its document, from 1; empty documents are not counted.
    pub number: usize,
    /// Where it stands in a document that is a list: the number of its item, from 1, and in a list of lists those
    /// of all levels. Empty for what is no item.
    pub item: Vec<usize>,
    /// The line at which the document begins.
    pub line: u64,
}

/// The objects of a file.
fn documents(file: &Path, bytes: &[u8]) -> Result<Vec<Document>, ReadError> {
    let text = decode(bytes)?;
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let documents = stream::read(&text, if is_json { Called::Json } else { Called::Either })?;
    let mut found = Vec::with_capacity(documents.len());
    for (index, StreamDocument { object, line }) in documents.into_iter().enumerate() {
        expand(Document { object, number: index + 1, item: Vec::new(), line }, &mut found);
    }
    Ok(found)
}

/// Replaces lists by their items: a `List`, and lists of one kind, whose items need not name it.
fn expand(document: Document, found: &mut Vec<Document>) {
    let Document { mut object, number, item, line } = document;
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = text("kind").and_then(|kind| kind.strip_suffix("List").map(str::to_owned));
    let version = text("apiVersion");
    // A kind of its own may end in `List` and have items. A `List` can be nothing else.
    let is_list = kind.as_ref().is_some_and(|kind| kind.is_empty() || object.get("spec").is_none());
    let (Some(kind), true, Some(Value::Array(items))) = (kind, is_list, object.get_mut("items")) else {
        found.push(Document { object, number, item, line });
        return;
    };
    for (index, mut below) in std::mem::take(items).into_iter().enumerate() {
        if let (false, Value::Object(below)) = (kind.is_empty(), &mut below) {
            below.entry("kind").or_insert_with(|| Value::from(kind.as_str()));
            if let Some(version) = &version {
                below.entry("apiVersion").or_insert_with(|| Value::from(version.as_str()));
            }
        }
        let item = item.iter().copied().chain([index + 1]).collect();
        expand(Document { object: below, number, item, line }, found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn yaml(text: &str) -> Result<Vec<Document>, ReadError> {
        documents(Path::new("x.yaml"), text.as_bytes())
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
                Document { object: json!({"a": 1}), number: 1, item: vec![], line: 3 },
                Document { object: json!({"b": 2}), number: 2, item: vec![], line: 8 },
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
        assert_eq!(error.place().map(|(line, _)| line), Some(3));
        insta::assert_snapshot!(error, @":3:1: duplicate mapping key `a` is not allowed here");
        let error = yaml("a: 1\n  b: [\n").unwrap_err();
        insta::assert_snapshot!(error, @":2:4: mapping values are not allowed in this context");
        let error = documents(Path::new("x.json"), b"{\"a\": 1,\n}").unwrap_err();
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
        let found = documents(Path::new("x.JSON"), b"{\"a\": 1}\n\n{\"b\": 2}\n").unwrap();
        assert_eq!(found[1], Document { object: json!({"b": 2}), number: 2, item: vec![], line: 3 });
    }

    fn names(file: &str, text: &str) -> Vec<String> {
        let found = documents(Path::new(file), text.as_bytes()).unwrap();
        found.iter().map(|document| format!("{}:{}", document.object["n"], document.line)).collect()
    }

    #[test]
    fn what_a_file_is_called_does_not_say_what_is_in_it() {
        assert_eq!(names("x.yaml", "{\"n\": 1}\n{\"n\": 2}{\"n\": 3}\n"), ["1:1", "2:2", "3:2"]);
        assert_eq!(names("x.json", "# c\nn: 1\n---\nn: 2\n"), ["1:2", "2:4"]);
        assert_eq!(names("x.yaml", "{n: 1}\n---\n{n: 2}\n"), ["1:1", "2:3"]);
        let mixed = "n: 1\n---\n{\"n\": 2}\n{\"n\": 3}\n--- # c\nn: 4\n";
        assert_eq!(names("x.yaml", mixed), ["1:1", "2:3", "3:4", "4:6"]);
        for json in ["{\"n\": 1}\n---\nn: 2\n", "{\"n\": 1}\n--- # c\nn: 2\n", "---\n{\"n\": 1}\n---\nn: 2\n"]
        {
            assert_eq!(names("x.json", json).len(), 2, "{json}");
        }
        assert_eq!(
            names("x.json", "{\"n\": 1}\n---\nn: 2\n---\n{\"n\": 3}\n{\"n\": 4}\n"),
            ["1:1", "2:3", "3:5", "4:6"]
        );
        assert_eq!(names("x.yaml", "n: 1\n---\n\u{FEFF}n: 2\n"), ["1:1", "2:3"]);
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_in_json_too() {
        for file in ["x.json", "x.yaml"] {
            let error = documents(Path::new(file), b"{\"a\": {\n\"b\": 1, \"b\": 2}}").unwrap_err();
            assert!(error.to_string().starts_with(":2:"), "{error}");
            assert!(error.to_string().contains("`b`"), "{error}");
        }
    }

    #[test]
    fn many_comments_are_no_attack() {
        let text = format!("a:\n{}  b: 1\n", "  # c\n".repeat(5000));
        assert_eq!(objects(&text), [json!({"a": {"b": 1}})]);
    }

    /// As `kubectl patch --local` reads them.
    #[test]
    fn what_is_too_large_for_a_number_is_text() {
        let object = &objects(
            "sha: 7e12345\nminus: -1e999\nlist: [1e400, 1e3]\n\"quoted\": '7e12345'\nblock: |\n  7e12345\n7e12345: key\n",
        )[0];
        assert_eq!(object["sha"], "7e12345");
        assert_eq!(object["minus"], "-1e999");
        assert_eq!(object["list"], json!(["1e400", 1000.0]));
        assert_eq!(object["block"], "7e12345\n");
        assert_eq!(object["7e12345"], "key");
        assert!(yaml("a: .inf\n").is_err());
        assert!(yaml("a: .nan\n").is_err());
    }

    #[test]
    fn items_say_where_they_stand() {
        let found =
            yaml("kind: List\nitems:\n- kind: List\n  spec: {}\n  items: [{kind: A}, {kind: B}]\n- null\n")
                .unwrap();
        let items: Vec<_> = found.iter().map(|document| document.item.clone()).collect();
        assert_eq!(items, [vec![1, 1], vec![1, 2], vec![2]]);
    }

    #[test]
    fn what_is_nested_too_deeply_says_so_in_every_form() {
        let lists = |depth: usize| format!("{{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        let block = |depth: usize| {
            let lines: Vec<String> = (0..depth).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
            lines.concat()
        };
        let read = |file: &str, text: String| {
            // A thread of a test has a small stack, and the program's own ones are larger.
            let file = file.to_owned();
            let work =
                move || documents(Path::new(&file), text.as_bytes()).map_err(|error| error.to_string());
            std::thread::Builder::new().stack_size(32 << 20).spawn(work).unwrap().join().unwrap()
        };
        for (file, text) in [("a.json", lists(200)), ("a.yaml", lists(200)), ("a.yaml", block(200))] {
            assert_eq!(read(file, text).unwrap().len(), 1, "{file}");
        }
        for depth in [300, 1000, 9000] {
            for (file, text) in [("a.json", lists(depth)), ("a.yaml", lists(depth)), ("a.yaml", block(depth))]
            {
                let error = read(file, text).unwrap_err();
                assert!(error.ends_with("it is nested deeper than 256 levels"), "{file}, {depth}: {error}");
            }
        }
    }
}
