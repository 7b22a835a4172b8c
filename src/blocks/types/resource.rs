//! `[resource.NAME]`: any Kubernetes object, in TOML.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use crate::blocks::block_type::{BlockType, CompileContext, Defaults};
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::Need;
use crate::blocks::keys::{each_value, key_text, span_of};
use crate::blocks::{codes, scope};
use crate::config::{BLOCK_KEYS, Block, Node, NodeValue};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::nearest;
use crate::kubernetes::server_fields::SERVER_FIELDS;
use crate::resource::{FieldPath, Origin};

/// The block type `resource`.
pub(in crate::blocks) struct ResourceBlock;

/// Of which kind the object is. All else is read from the tree, where every value knows its place.
pub(in crate::blocks) struct ResourceSpec {
    api_version: String,
    kind: String,
}

/// Any Kubernetes object, with its keys as Kubernetes spells them: `apiVersion`, `kind`, `metadata`, and
/// what the kind has beyond these (`spec`, `data`, …).
#[derive(JsonSchema)]
#[schemars(rename = "Resource", extend("additionalProperties" = true))]
#[expect(dead_code, reason = "the object is read from the tree, where every value knows its place")]
pub(in crate::blocks) struct ResourceKeys {
    /// The group and version of the kind: `v1`, `apps/v1`.
    #[schemars(
        rename = "apiVersion",
        regex(pattern = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9][a-z0-9]*$"),
        extend("x-rule" = "a group and a version, as in `apps/v1`, or a version alone, as in `v1`")
    )]
    api_version: String,
    /// The kind: `ConfigMap`.
    #[schemars(
        regex(pattern = "^[A-Z][A-Za-z0-9]*$"),
        extend("x-rule" = "a kind, as in `ConfigMap`")
    )]
    kind: String,
    /// Name, namespace, labels and annotations.
    metadata: Option<Metadata>,
}

/// What every Kubernetes object has.
#[derive(JsonSchema)]
#[schemars(rename = "Metadata", extend("additionalProperties" = true))]
#[expect(dead_code, reason = "the object is read from the tree, where every value knows its place")]
struct Metadata {
    /// The object's name. Default: the name of the block.
    #[schemars(regex(pattern = "^[^/%]+$"), extend("x-rule" = "a name without `/` and `%`"))]
    name: Option<String>,
    /// The object's namespace, where its kind has one. Default: `[cluster] namespace`.
    #[schemars(
        regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
        extend("x-rule" = "at most 63 lower-case letters, digits and `-`, neither first nor last a `-`")
    )]
    namespace: Option<String>,
    /// Labels, by key.
    labels: Option<BTreeMap<String, String>>,
    /// Annotations, by key.
    annotations: Option<BTreeMap<String, String>>,
}

impl BlockType for ResourceBlock {
    const KIND: &'static str = "resource";
    type Keys = ResourceKeys;
    type Spec = ResourceSpec;

    fn read(&self, block: &Block, _: Defaults<'_>, _: &mut Vec<Diagnostic>) -> Option<ResourceSpec> {
        let text = |key| block.body.at([key]).and_then(Node::as_str).unwrap_or_default().to_owned();
        Some(ResourceSpec { api_version: text("apiVersion"), kind: text("kind") })
    }

    fn needs(&self, _block: &Block, spec: &ResourceSpec, _context: &CompileContext<'_>) -> Vec<Need> {
        let object = json!({"apiVersion": spec.api_version, "kind": spec.kind});
        scope::needs([&object]).into_iter().collect()
    }

    fn compile(
        &self,
        block: &Block,
        _spec: &ResourceSpec,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let mut draft =
            Draft::new(block, block.body.to_json(), Addressing::AsBlock, context.defaults.namespace);
        origins(block, &mut draft, mistakes);
        server_fields(block, &draft.object, mistakes);
        doubtful_keys(block, mistakes);
        let Value::Object(object) = &mut draft.object else { return Vec::new() };
        let metadata = object.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(metadata) = metadata {
            metadata.entry("name").or_insert_with(|| Value::from(block.address.name.as_str()));
        }
        for keys in [["metadata", "name"], ["metadata", "namespace"]] {
            let path = FieldPath::keys(keys);
            if draft.origins.get(&path).is_none() {
                let key = key_text(block, &path);
                draft.origins.insert(path, Origin::of_key(key, None));
            }
        }
        vec![draft]
    }
}

/// Notes where every value stands. Numbers that JSON does not have are mistakes.
fn origins(block: &Block, draft: &mut Draft, mistakes: &mut Vec<Diagnostic>) {
    each_value(&FieldPath::root(), &block.body, &mut |path, span, node| {
        draft.origins.insert(path.clone(), Origin::of_key(key_text(block, path), Some(span)));
        draft.settable.insert(path.clone(), ());
        if let NodeValue::Float(number) = &node.value
            && !number.is_finite()
        {
            let message = format!("`{path}` is {number}, which Kubernetes cannot take");
            mistakes.push(Diagnostic::error(codes::BAD_VALUE, message).at(node.span, ""));
        }
    });
}

/// Warns of keys that are nearly `depends_on` or `lifecycle`. It is no error, because the kind may have a key of
/// this name.
fn doubtful_keys(block: &Block, mistakes: &mut Vec<Diagnostic>) {
    let Some(table) = block.body.as_table() else { return };
    for (key, entry) in &table.entries {
        if let Some(meant) = nearest(key, BLOCK_KEYS.iter().copied()) {
            mistakes.push(
                Diagnostic::warning(
                    codes::DOUBTFUL_KEY,
                    format!("`{key}` is sent as a field of the object, and regplan does nothing with it"),
                )
                .at(entry.key_span, "")
                .help(format!("did you mean `{meant}`?")),
            );
        }
    }
}

/// Refuses keys that only the server writes.
fn server_fields(block: &Block, object: &Value, mistakes: &mut Vec<Diagnostic>) {
    for keys in SERVER_FIELDS {
        let path = FieldPath::keys(keys.iter().copied());
        if path.get(object).is_some() {
            mistakes.push(
                Diagnostic::error(codes::SERVER_FIELD, format!("`{path}` is written by the server alone"))
                    .at(span_of(block, keys.iter().copied()), "")
                    .help("remove the key"),
            );
        }
    }
}
