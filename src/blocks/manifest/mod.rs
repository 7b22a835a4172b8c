//! `[manifest.NAME]`: Kubernetes objects from YAML and JSON files, as they are.

mod read;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use sha2::{Digest as _, Sha256};

use super::draft::{Draft, Naming, key_text, span_of};
use super::facts::{Fact, Facts, Need};
use super::{BlockType, CompileContext, codes, schema, scope};
use crate::config::{Block, BlockSchema, Node};
use crate::diagnostic::Diagnostic;
use crate::kubernetes::server_fields::remove_server_fields;
use crate::resource::{FieldPath, Origin};
pub use read::{Document, ReadError};

/// The block type `manifest`.
pub(super) struct Manifest;

/// Kubernetes objects from YAML or JSON files. A file may hold several documents; lists (`kind: List`) are
/// taken apart, empty documents skipped. The files are taken as they are: `${…}` in them is plain text.
/// What only the server writes (`status`, `metadata.uid`, `metadata.resourceVersion`, …) is left out.
#[derive(JsonSchema)]
#[schemars(rename = "Manifest", deny_unknown_fields)]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
struct Schema {
    /// A file, a folder (its `.yaml`, `.yml` and `.json` files, not those of folders below it), or a
    /// pattern with `*`, `?`, `[…]`, `{a,b}` and `**` for any number of folders. A relative path starts
    /// at the folder of the file that names it.
    #[schemars(length(min = 1), extend("x-path" = true))]
    path: PathBuf,
    /// The SHA-256 that the file must have, in hexadecimal; only where `path` is one file.
    #[schemars(
        regex(pattern = "^[0-9a-fA-F]{64}$"),
        extend("x-rule" = "a SHA-256: 64 hexadecimal digits")
    )]
    sha256: Option<String>,
    /// The namespace of objects that name none. Default: `[cluster] namespace`.
    #[schemars(
        length(max = 63),
        regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
        extend("x-rule" = "at most 63 lower-case letters, digits and `-`, neither first nor last a `-`")
    )]
    namespace: Option<String>,
}

fn path_of(block: &Block) -> Option<PathBuf> {
    block.body.at(["path"]).and_then(Node::as_str).map(PathBuf::from)
}

/// A file, and what it holds.
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
    /// Takes the text of a file apart.
    pub fn parse(path: PathBuf, text: &str) -> Self {
        let documents = read::documents(&path, text);
        Self { path, sha256: hex(&Sha256::digest(text.as_bytes())), documents }
    }
}

/// The documents of all files, as far as they are known.
fn documents<'f>(
    block: &Block,
    facts: &'f Facts,
    mistakes: &mut Vec<Diagnostic>,
) -> Vec<(&'f Path, &'f Document)> {
    let Some(path) = path_of(block) else { return Vec::new() };
    let at = span_of(block, ["path"]);
    let files = match facts.get(&Need::Manifests(path)) {
        Some(Fact::Manifests(files)) => files,
        Some(Fact::Failed(reason)) => {
            mistakes.push(Diagnostic::error(codes::BAD_FILE, reason.clone()).at(at, ""));
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    digest(block, files, mistakes);
    let mut found = Vec::new();
    for ManifestFile { path, documents, .. } in files.iter() {
        match documents {
            Ok(documents) => found.extend(documents.iter().map(|document| (path.as_path(), document))),
            Err(error) => {
                let message = format!("{}{error}", path.display());
                mistakes.push(Diagnostic::error(codes::BAD_FILE, message).at(at, "read from here"));
            }
        }
    }
    found
}

fn digest(block: &Block, files: &[ManifestFile], mistakes: &mut Vec<Diagnostic>) {
    let Some(node) = block.body.at(["sha256"]) else { return };
    let expected = node.as_str().unwrap_or_default();
    let [file] = files else {
        let message = format!("`sha256` stands for one file, and `path` names {}", files.len());
        mistakes.push(Diagnostic::error(codes::WRONG_DIGEST, message).at(node.span, ""));
        return;
    };
    let ManifestFile { path, sha256: found, .. } = file;
    if !found.eq_ignore_ascii_case(expected) {
        mistakes.push(
            Diagnostic::error(codes::WRONG_DIGEST, format!("{} has the SHA-256 {found}", path.display()))
                .at(node.span, "another one is expected here")
                .help("look at what changed in the file; if it is right, write its digest here"),
        );
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

impl BlockType for Manifest {
    fn schema(&self) -> BlockSchema {
        BlockSchema { kind: "manifest", schema: schema::of::<Schema>(), alternatives: &[] }
    }

    fn needs(&self, block: &Block, context: &CompileContext<'_>) -> Vec<Need> {
        let Some(path) = path_of(block) else { return Vec::new() };
        // Mistakes in the files are told when the block compiles.
        let documents = documents(block, context.facts, &mut Vec::new());
        let mut needs = scope::needs(documents.iter().map(|(_, document)| &document.object));
        needs.insert(Need::Manifests(path));
        needs.into_iter().collect()
    }

    fn compile(
        &self,
        block: &Block,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let namespace = block.body.at(["namespace"]).and_then(Node::as_str).unwrap_or(context.namespace);
        let documents = documents(block, context.facts, mistakes);
        let several = documents.iter().any(|(file, _)| Some(file) != documents.first().map(|(file, _)| file));
        documents
            .into_iter()
            .map(|(file, document)| draft(block, namespace, file, document, several))
            .collect()
    }

    fn is_interpolated(&self) -> bool {
        false
    }
}

fn draft(block: &Block, namespace: &str, file: &Path, document: &Document, several: bool) -> Draft {
    let Document { object, number, line } = document;
    let mut object = object.clone();
    remove_server_fields(&mut object);
    let naming = Naming::Object { home: namespace.to_owned() };
    let mut draft = Draft::new(block, object, naming, namespace);
    let path = FieldPath::keys(["path"]);
    let name =
        file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into());
    let place = if several { name } else { file.display().to_string() };
    let key = format!("{} ({place}, document {number}, line {line})", key_text(block, &path));
    draft.origins.insert(FieldPath::root(), Origin { key, span: Some(span_of(block, ["path"])) });
    if block.body.at(["namespace"]).is_some()
        && FieldPath::keys(["metadata", "namespace"]).get(&draft.object).is_none()
    {
        draft = draft.from(block, FieldPath::keys(["metadata", "namespace"]), ["namespace"]);
    }
    draft
}
