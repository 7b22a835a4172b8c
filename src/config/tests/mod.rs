//! What spans several files of this room, with stand-ins for the block types.

mod loading;
mod mistakes;
mod properties;
mod references;
mod state;

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::config::{BLOCK_KEYS, BlockSchema, Config, Inputs, Loaded, SecretSource, load, load_head};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Something like a registry (closed), a resource (open), a manifest and a secret.
pub(super) fn schemas() -> Vec<BlockSchema> {
    let mut source = schemars::schema_for!(SecretSource).to_value();
    let secret = source.clone();
    let defs = source.as_object_mut().and_then(|source| source.remove("$defs"));
    let mut registry = json!({
        "type": "object",
        "description": "A registry.",
        "required": ["host", "image"],
        "additionalProperties": false,
        "properties": {
            "host": {"type": "string", "description": "The name under which it is reached."},
            "image": {"type": "string", "pattern": "^[^ ]+[:@][^ ]+$", "x-rule": "an image with a tag or a digest"},
            "replicas": {"type": "integer", "minimum": 1, "default": 1},
            "namespace": {"type": "string", "pattern": "^[a-z0-9-]+$"},
            "debug": {"type": "boolean"},
            "ports": {"type": "array", "items": {"type": "integer"}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "storage": {
                "type": "object", "additionalProperties": false,
                "properties": {
                    "volume": {"anyOf": [{"$ref": "#/$defs/Volume"}, {"type": "null"}]},
                    "s3": {"type": "object", "additionalProperties": false,
                           "properties": {"bucket": {"type": "string"}}},
                },
            },
            "ingress": {
                "type": "object", "additionalProperties": false,
                "properties": {"class": {"type": "string"}, "body_size": {"type": "string"}},
            },
            "tls": {
                "type": "object", "additionalProperties": false,
                "properties": {"secret": {"type": "string"}},
            },
            "auth": {
                "type": "object", "additionalProperties": false,
                "properties": {
                    "users": {"type": "object", "additionalProperties": {"$ref": "#/$defs/SecretSource"}},
                    "htpasswd": {"type": ["string", "null"], "x-path": true},
                },
            },
        },
        "$defs": defs.unwrap_or_else(|| json!({})),
    });
    registry["$defs"]["SecretSource"] = source;
    registry["$defs"]["Volume"] = json!({
        "type": "object", "additionalProperties": false, "required": ["size"],
        "properties": {
            "size": {"type": "string"},
            "access": {"oneOf": [{"const": "ReadWriteOnce"}, {"const": "ReadWriteMany"}]},
        },
    });
    vec![
        BlockSchema {
            kind: "registry",
            schema: registry,
            alternatives: &[&["storage.volume", "storage.s3"]],
            common_keys: BLOCK_KEYS,
            properties: &[],
        },
        BlockSchema {
            kind: "resource",
            schema: json!({"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}),
            alternatives: &[],
            common_keys: BLOCK_KEYS,
            properties: &[],
        },
        BlockSchema {
            kind: "manifest",
            schema: json!({
                "type": "object", "required": ["path"], "additionalProperties": false,
                "properties": {"path": {"type": "string", "x-path": true}},
            }),
            alternatives: &[],
            common_keys: BLOCK_KEYS,
            properties: &[],
        },
        BlockSchema { kind: "secret", schema: secret, alternatives: &[], common_keys: &[], properties: &[] },
    ]
}

/// Files of a folder of their own, loaded.
pub(super) fn load_files(files: &[(&str, &str)], named: &[&str], vars: &[&str]) -> (Loaded, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let named: Vec<PathBuf> = named.iter().map(PathBuf::from).collect();
    let vars: Vec<String> = vars.iter().map(ToString::to_string).collect();
    let loaded = load_in(folder.path(), &named, &vars);
    (loaded, folder.path().to_path_buf())
}

fn load_in(base: &Path, files: &[PathBuf], vars: &[String]) -> Loaded {
    let inputs = Inputs { files, vars, var_files: &[], env: &|_| None, base, sensitive_may_be_unset: false };
    load(&inputs, &schemas())
}

/// One file, of which only the head is read.
pub(super) fn load_head_of(text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("regplan.toml"), text).unwrap();
    let env = |_: &str| None;
    let base = folder.path();
    let inputs =
        Inputs { files: &[], vars: &[], var_files: &[], env: &env, base, sensitive_may_be_unset: false };
    load_head(&inputs, &schemas())
}

/// One file, loaded.
pub(super) fn load_text(text: &str) -> Loaded {
    load_files(&[("regplan.toml", text)], &[], &[]).0
}

/// What is wrong with one file.
pub(super) fn mistakes(text: &str) -> Vec<Diagnostic> {
    match load_text(text).outcome {
        Ok((_, warnings)) => warnings.into_iter().collect(),
        Err(mistakes) => mistakes.into_iter().collect(),
    }
}

/// What is wrong with blocks, below a project that is fine: code and the text of the main place.
pub(super) fn found(blocks: &str) -> Vec<(&'static str, String)> {
    let text = format!("[project]\nname = 'test'\n{blocks}");
    mistakes(&text)
        .iter()
        .map(|mistake| {
            let place = mistake.labels.first().map(|label| text[label.span.start..label.span.end].to_owned());
            (mistake.code, place.unwrap_or_default())
        })
        .collect()
}

/// One file that must be fine.
pub(super) fn fine(text: &str) -> Config {
    let outcome: Result<_, Diagnostics> = load_text(text).outcome;
    outcome.unwrap_or_else(|mistakes| panic!("{mistakes}")).0
}
