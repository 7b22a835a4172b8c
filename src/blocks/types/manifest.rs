//! `[manifest.NAME]`: Kubernetes objects from YAML and JSON files, as they are.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::blocks::block_type::{BlockType, CompileContext, Defaults};
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::{Document, Fact, Facts, FilePattern, ManifestFile, Need};
use crate::blocks::keys::{self, item_span, key_text, span_of};
use crate::blocks::object_filter::{ObjectFilter, name_of};
use crate::blocks::{codes, scope};
use crate::config::Block;
use crate::diagnostic::nearest::list;
use crate::diagnostic::{Diagnostic, Span};
use crate::kubernetes::controlled::chosen_in_an_export;
use crate::kubernetes::marks::HELM_HOOK;
use crate::kubernetes::server_fields::remove_server_fields;
use crate::resource::{FieldPath, FilePlace, Identity, Origin};

/// The block type `manifest`.
pub(in crate::blocks) struct ManifestBlock;

/// Kubernetes objects from YAML or JSON files. A file may hold several documents; lists (`kind: List`) are
/// taken apart, empty documents skipped. The files are taken as they are: `${…}` in them is plain text.
/// What only the server writes (`status`, `metadata.uid`, `metadata.resourceVersion`, …) is left out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Manifest")]
pub(in crate::blocks) struct ManifestKeys {
    /// A file, a folder (its `.yaml`, `.yml` and `.json` files, not those of folders below it), or a
    /// pattern with `*`, `?`, `[…]`, `{a,b}` and `**` for any number of folders. Each name that `{a,b}` stands
    /// for must be there. A relative path starts at the folder of the file that names it.
    #[schemars(length(min = 1), extend("x-pattern" = true))]
    path: String,
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
    /// The objects that are taken; all others are left out. An object is named by kind and name (`Job`,
    /// `Job/setup`, `*/setup-*`), by a field as a plan prints it (`metadata.labels.tier=test`,
    /// `metadata.annotations["helm.sh/hook"]`), or by both (`Job:metadata.labels.tier=test`).
    #[serde(default)]
    #[schemars(length(min = 1))]
    only: Option<Vec<String>>,
    /// The objects that are left out, named as in `only`. What was applied before is then deleted, as if it had left
    /// the file.
    #[serde(default)]
    #[schemars(length(min = 1))]
    exclude: Option<Vec<String>>,
}

/// What a block says: its keys, with what they name.
pub(in crate::blocks) struct ManifestSpec {
    path: FilePattern,
    sha256: Option<String>,
    namespace: Option<String>,
    only: Option<Vec<ObjectFilter>>,
    exclude: Vec<ObjectFilter>,
}

/// The filters of a key. What names nothing is a mistake at its place.
fn filters(
    block: &Block,
    key: &str,
    texts: Option<Vec<String>>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<Vec<ObjectFilter>> {
    let filters = texts?.into_iter().enumerate().filter_map(|(index, text)| {
        let filter = ObjectFilter::parse(&text);
        let said = |reason| {
            Diagnostic::error(codes::BAD_VALUE, reason)
                .at(item_span(block, [key], index), "")
                .help("name kind and name (`Job/setup`), or a field (`metadata.labels.tier=test`)")
        };
        filter.map_err(|reason| mistakes.push(said(reason))).ok()
    });
    Some(filters.collect())
}

type Documents<'f> = Vec<(&'f Path, &'f Document)>;

/// Those documents that `only` and `exclude` leave.
fn selected<'f>(
    block: &Block,
    spec: &ManifestSpec,
    namespace: &str,
    mut documents: Documents<'f>,
    mistakes: &mut Vec<Diagnostic>,
) -> Documents<'f> {
    let only = spec.only.as_deref().unwrap_or_default();
    for (key, filters) in [("only", only), ("exclude", spec.exclude.as_slice())] {
        for (index, filter) in filters.iter().enumerate() {
            if !documents.iter().any(|(_, document)| filter.matches(&document.object, namespace)) {
                mistakes.push(without_object(block, filter, item_span(block, [key], index), &documents));
            }
        }
    }
    let is_meant = |filters: &[ObjectFilter], document: &Document| {
        filters.iter().any(|filter| filter.matches(&document.object, namespace))
    };
    documents.retain(|(_, document)| {
        (spec.only.is_none() || is_meant(only, document)) && !is_meant(&spec.exclude, document)
    });
    documents
}

fn without_object(block: &Block, filter: &ObjectFilter, at: Span, documents: &Documents<'_>) -> Diagnostic {
    let names: Vec<String> = documents.iter().filter_map(|(_, document)| name_of(&document.object)).collect();
    let message = format!("`{}` means no object of `{}`", filter.text(), block.address);
    let help = match list(names.iter().map(String::as_str)) {
        names if names.is_empty() => "its files have no objects".to_owned(),
        names => format!("correct it, or take it out; there are {names}"),
    };
    Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(at, "").help(help)
}

/// Says which objects are hooks of Helm: they are applied, and stay, like all others.
fn warn_of_hooks(block: &Block, documents: &Documents<'_>, mistakes: &mut Vec<Diagnostic>) {
    let hook = FieldPath::keys(["metadata", "annotations", HELM_HOOK]);
    let hooks = documents.iter().filter_map(|(_, document)| {
        let moments = hook.get(&document.object)?.as_str()?;
        Some(format!("{} ({moments})", name_of(&document.object)?))
    });
    let hooks: Vec<String> = hooks.collect();
    if hooks.is_empty() {
        return;
    }
    let named = list(hooks.iter().map(String::as_str));
    let message = format!("`{}` has objects that are hooks of Helm: {named}", block.address);
    mistakes.push(
        Diagnostic::warning(codes::HELM_HOOKS, message).at(span_of(block, ["path"]), "").help(format!(
            "Helm runs each only at the moment that its annotation names; here they are applied together with all \
             other objects. To leave them out: `exclude = ['{hook}']`"
        )),
    );
}

/// The documents of all files, as far as they are known.
fn documents<'f>(
    block: &Block,
    spec: &ManifestSpec,
    facts: &'f Facts,
    mistakes: &mut Vec<Diagnostic>,
) -> Documents<'f> {
    let at = span_of(block, ["path"]);
    let files = match facts.get(&spec.need()) {
        Some(Fact::Manifests(files)) => files,
        Some(Fact::Failed(reason)) => {
            mistakes.push(Diagnostic::error(codes::BAD_FILE, reason.clone()).at(at, ""));
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    check_digest(block, spec, files, mistakes);
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

/// Checks that the file has the SHA-256 that the block says, if it says one.
fn check_digest(block: &Block, spec: &ManifestSpec, files: &[ManifestFile], mistakes: &mut Vec<Diagnostic>) {
    let Some(expected) = &spec.sha256 else { return };
    let at = span_of(block, ["sha256"]);
    let [file] = files else {
        let message = format!("`sha256` stands for one file, and `path` names {}", files.len());
        mistakes.push(Diagnostic::error(codes::WRONG_DIGEST, message).at(at, ""));
        return;
    };
    let ManifestFile { path, sha256: found, .. } = file;
    if !found.eq_ignore_ascii_case(expected) {
        mistakes.push(
            Diagnostic::error(codes::WRONG_DIGEST, format!("{} has the SHA-256 {found}", path.display()))
                .at(at, "another one is expected here")
                .help("look at what changed in the file; if it is right, write its digest here"),
        );
    }
}

impl ManifestSpec {
    /// What to ask for the files.
    fn need(&self) -> Need {
        Need::Manifests(self.path.clone())
    }

    /// The namespace of objects that name none.
    fn namespace<'a>(&'a self, context: &CompileContext<'a>) -> &'a str {
        self.namespace.as_deref().unwrap_or(context.defaults.namespace)
    }
}

impl BlockType for ManifestBlock {
    const KIND: &'static str = "manifest";
    type Keys = ManifestKeys;
    type Spec = ManifestSpec;

    fn read(
        &self,
        block: &Block,
        defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<ManifestSpec> {
        let ManifestKeys { path, sha256, namespace, only, exclude } = keys::read(block, mistakes)?;
        let folder = defaults.sources.folder(span_of(block, ["path"]).source).to_path_buf();
        let path = FilePattern { folder, text: path };
        let only = filters(block, "only", only, mistakes);
        let exclude = filters(block, "exclude", exclude, mistakes).unwrap_or_default();
        Some(ManifestSpec { path, sha256, namespace, only, exclude })
    }

    fn needs(&self, block: &Block, spec: &ManifestSpec, context: &CompileContext<'_>) -> Vec<Need> {
        // Mistakes in the files are reported when the block compiles.
        let documents = documents(block, spec, context.facts, &mut Vec::new());
        let documents = selected(block, spec, spec.namespace(context), documents, &mut Vec::new());
        let mut needs = scope::needs(documents.iter().map(|(_, document)| &document.object));
        needs.insert(spec.need());
        needs.into_iter().collect()
    }

    fn compile(
        &self,
        block: &Block,
        spec: &ManifestSpec,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let namespace = spec.namespace(context);
        let mut unread = Vec::new();
        let documents = documents(block, spec, context.facts, &mut unread);
        let mut unmatched = Vec::new();
        let documents = selected(block, spec, namespace, documents, &mut unmatched);
        // What a broken file holds is not known.
        mistakes.extend(if unread.is_empty() { unmatched } else { unread });
        warn_of_hooks(block, &documents, mistakes);
        let several = documents.iter().any(|(file, _)| Some(file) != documents.first().map(|(file, _)| file));
        // Of several files the name is enough: they are all where the key says.
        let shown = |file: &Path| match file.file_name() {
            Some(name) if several => name.to_string_lossy().into_owned(),
            _ => file.display().to_string(),
        };
        documents
            .into_iter()
            .map(|(file, document)| draft(block, namespace, file, &shown(file), document))
            .collect()
    }

    fn is_interpolated(&self) -> bool {
        false
    }
}

/// The draft of one object, which comes from this file.
fn draft(block: &Block, namespace: &str, file: &Path, shown: &str, document: &Document) -> Draft {
    let Document { object, number, item: item_numbers, line } = document;
    let mut object = object.clone();
    let controlled = Identity::of(&object).map(|identity| chosen_in_an_export(&identity, &object));
    remove_server_fields(&mut object);
    let addressing = Addressing::WithinBlock { block_namespace: namespace.to_owned() };
    let mut draft = Draft::new(block, object, addressing, namespace);
    draft.controlled = controlled.unwrap_or_default();
    let path = FieldPath::keys(["path"]);
    let item: Vec<String> = item_numbers.iter().map(ToString::to_string).collect();
    let item = if item.is_empty() { String::new() } else { format!(", item {}", item.join(".")) };
    let key = format!("{} ({shown}, document {number}{item}, line {line})", key_text(block, &path));
    let place = FilePlace {
        path: file.to_owned(),
        line: usize::try_from(*line).unwrap_or(usize::MAX),
        item: item_numbers.clone(),
    };
    let span = Some(span_of(block, ["path"]));
    draft.origins.insert(FieldPath::root(), Origin { file: Some(place), ..Origin::of_key(key, span) });
    if block.body.at(["namespace"]).is_some()
        && FieldPath::keys(["metadata", "namespace"]).get(&draft.object).is_none()
    {
        draft = draft.from(block, FieldPath::keys(["metadata", "namespace"]), ["namespace"]);
    }
    draft
}
