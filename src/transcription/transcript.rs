//! All objects as one file.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::cleaned::cleaned;
use super::names::{Names, as_name};
use super::others::{LeftOut, claims_of, why_left_out};
use super::registry::{Registry, registries};
use super::secrets::{self, Source};
use crate::kubernetes::secret_data::is_secret;
use crate::resource::{Address, Identity, Live};

/// What stands in a namespace, as a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The file.
    pub text: String,
    /// What is not in it, and why.
    pub left_out: Vec<(Identity, LeftOut)>,
}

/// A block of the file.
struct Block {
    name: String,
    identity: Identity,
    object: Value,
    sources: Vec<Source>,
}

/// Why the file cannot be written.
pub type Unwritable = toml::ser::Error;

/// Writes the objects of a namespace down.
///
/// # Errors
/// An object that TOML cannot say, such as one with a number that is too large.
pub fn transcribe(namespace: &str, found: &[Live]) -> Result<Transcript, Unwritable> {
    let registries = registries(namespace, found);
    let (blocks, left_out) = blocks(found, &registries);
    let mut text = head(namespace)?;
    for registry in &registries {
        write_registry(registry, &mut text)?;
    }
    for block in &blocks {
        write_block(block, &mut text)?;
    }
    let of_registries = registries.iter().flat_map(|registry| &registry.objects);
    let of_registries = of_registries.map(|(identity, address)| (identity, address.clone()));
    let of_blocks =
        blocks.iter().map(|block| (&block.identity, Address::block("resource", block.name.as_str())));
    for (identity, address) in of_registries.chain(of_blocks) {
        let from = Address::object(address.block.clone(), identity, None).object;
        let from = from.map(|object| object.to_string()).unwrap_or_default();
        let _ = write!(text, "\n{}", toml::to_string(&json!({"import": [{"to": address, "from": from}]}))?);
    }
    Ok(Transcript { text, left_out })
}

/// The blocks of what is no part of a registry; and what is left out.
fn blocks(found: &[Live], registries: &[Registry]) -> (Vec<Block>, Vec<(Identity, LeftOut)>) {
    let sets: Vec<&Value> =
        found.iter().map(|live| &live.object).filter(|object| object["kind"] == "StatefulSet").collect();
    let claims = claims_of(&sets);
    let (mut names, mut secret_names) = (Names::default(), Names::default());
    let (mut blocks, mut left_out) = (Vec::new(), Vec::new());
    for live in found {
        let Some(identity) = Identity::of(&live.object) else { continue };
        if let Some(why) = why_left_out(&identity, live, &claims) {
            left_out.push((identity, why));
            continue;
        }
        if registries.iter().any(|registry| registry.objects.contains_key(&identity)) {
            continue;
        }
        let mut object = cleaned(&identity, &live.object);
        let name = names.take(&identity.name, &identity.kind);
        let sources = if is_secret(&identity) {
            secrets::hide(&name, &mut object, &mut secret_names)
        } else {
            escape(&mut object);
            Vec::new()
        };
        blocks.push(Block { name, identity, object, sources });
    }
    left_out.sort();
    (blocks, left_out)
}

fn write_registry(registry: &Registry, text: &mut String) -> Result<(), Unwritable> {
    let mut keys = registry.keys.clone();
    escape(&mut keys);
    let mut blocks = Map::new();
    blocks.insert(registry.name.clone(), keys);
    let written = toml::to_string_pretty(&json!({"registry": blocks}))?;
    let _ =
        write!(text, "\n# The passwords stand nowhere: set the variables, or change the sources.\n{written}");
    Ok(())
}

fn head(namespace: &str) -> Result<String, Unwritable> {
    let tables = json!({"project": {"name": as_name(namespace)}, "cluster": {"namespace": namespace}});
    Ok(format!(
        "# What stands in the namespace {namespace}. `regplan plan` shows that nothing of it would change.\n\
         # Each `[[import]]` takes one object over; when that is applied, they can go.\n\n{}",
        toml::to_string_pretty(&tables)?
    ))
}

fn write_block(block: &Block, text: &mut String) -> Result<(), Unwritable> {
    for source in &block.sources {
        let form = if source.is_base64 { ", in base64" } else { "" };
        let Source { name, variable, key, .. } = source;
        let _ = write!(
            text,
            "\n# The value of `{}`{form}: set the variable, or write `file = \"PATH\"`.\n[secret.{name}]\nenv = \"{variable}\"\n",
            key.escape_debug()
        );
    }
    let mut object = block.object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        && metadata.get("name").and_then(Value::as_str) == Some(&block.name)
    {
        metadata.remove("name");
        if metadata.is_empty()
            && let Some(map) = object.as_object_mut()
        {
            map.remove("metadata");
        }
    }
    let mut blocks = Map::new();
    blocks.insert(block.name.clone(), object);
    let _ = write!(text, "\n{}", toml::to_string_pretty(&json!({"resource": blocks}))?);
    Ok(())
}

/// A `${` in a text of a file is a reference.
fn escape(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("${") => *text = text.replace("${", "$${"),
        Value::Array(items) => items.iter_mut().for_each(escape),
        Value::Object(map) => map.values_mut().for_each(escape),
        _ => {}
    }
}
