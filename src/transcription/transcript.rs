//! All objects as one file.

use serde::ser::Error as _;
use serde_json::{Value, json};

use super::cleaned::cleaned;
use super::names::{Names, as_name};
use super::others::{Derived, LeftOut, why_left_out};
use super::references::escaped;
use super::registry::{Registry, registries};
use super::secrets::{Source, hide};
use crate::kubernetes::secret_data::is_secret;
use crate::resource::{Address, Identity, Live};

/// What stands in a namespace, as a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The file.
    pub text: String,
    /// The objects that are in it, sorted.
    pub written: Vec<Identity>,
    /// What is not in it, and why; sorted.
    pub left_out: Vec<(Identity, LeftOut)>,
}

/// One piece of the file: a block, and the tables that it needs.
struct Piece {
    text: String,
    imports: Vec<(Identity, Address)>,
}

type Omissions = Vec<(Identity, LeftOut)>;
type Written = Result<String, toml::ser::Error>;

/// Writes the objects of a namespace down. `context` is the one of the kubeconfig by which the cluster was chosen.
///
/// # Errors
/// The names of the namespace or the context are no text that TOML can hold.
pub fn transcribe(
    namespace: &str,
    context: Option<&str>,
    found: &[Live],
) -> Result<Transcript, toml::ser::Error> {
    let (found, mut left_out) = sorted_out(found);
    let mut secret_names = Names::default();
    let mut registries = registries(namespace, &found);
    for registry in &mut registries {
        registry.name_passwords(&mut secret_names);
    }
    let mut pieces: Vec<Piece> = registries.iter().map(of_registry).collect::<Result<_, _>>()?;
    let is_part =
        |identity: &Identity| registries.iter().any(|registry| registry.objects.contains_key(identity));
    let mut names = Names::default();
    for (identity, live) in found.into_iter().filter(|(identity, _)| !is_part(identity)) {
        match of_object(&identity, live, &mut names, &mut secret_names) {
            Ok(piece) => pieces.push(piece),
            Err(error) => left_out.push((identity, LeftOut::NoToml(error.to_string()))),
        }
    }
    left_out.sort();
    let mut text = head(namespace, context)?;
    for piece in &pieces {
        text.push_str(&piece.text);
    }
    let imports: Vec<&(Identity, Address)> = pieces.iter().flat_map(|piece| &piece.imports).collect();
    if !imports.is_empty() {
        text.push_str(
            "\n# Each of these tables takes one object over. `regplan plan` shows that nothing of it would change.\n\
             # Once they are applied, the tables can go.\n",
        );
    }
    for (identity, address) in &imports {
        text.push_str(&import(identity, address)?);
    }
    let mut written: Vec<Identity> = imports.into_iter().map(|(identity, _)| identity.clone()).collect();
    written.sort();
    Ok(Transcript { text, written, left_out })
}

/// What belongs into a file, and what does not.
fn sorted_out(found: &[Live]) -> (Vec<(Identity, &Live)>, Omissions) {
    let derived = Derived::of(found);
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for live in found {
        let Some(identity) = Identity::of(&live.object) else { continue };
        match why_left_out(&identity, live, &derived) {
            Some(why) => left_out.push((identity, why)),
            None => kept.push((identity, live)),
        }
    }
    (kept, left_out)
}

/// What is no part of a registry.
fn of_object(
    identity: &Identity,
    live: &Live,
    names: &mut Names,
    secret_names: &mut Names,
) -> Result<Piece, toml::ser::Error> {
    let name = names.take(&identity.name, &identity.kind);
    let mut object = escaped(&cleaned(identity, &live.object));
    let sources = if is_secret(identity) { hide(&name, &mut object, secret_names) } else { Vec::new() };
    let address = Address::block("resource", name.as_str());
    Ok(Piece { text: resource(&name, &object, &sources)?, imports: vec![(identity.clone(), address)] })
}

fn head(namespace: &str, context: Option<&str>) -> Written {
    let mut cluster = json!({ "namespace": namespace });
    if let Some(context) = context {
        cluster["context"] = Value::from(context);
    }
    let project = toml::to_string(&json!({"project": {"name": as_name(namespace)}}))?;
    let cluster = toml::to_string(&json!({ "cluster": cluster }))?;
    Ok(format!("# What stands in the namespace {namespace}.\n\n{project}\n{cluster}"))
}

fn of_registry(registry: &Registry) -> Result<Piece, toml::ser::Error> {
    let block = json!({ registry.name.as_str(): escaped(&registry.keys) });
    let block = toml::to_string_pretty(&json!({ "registry": block }))?;
    let note = if registry.has_passwords() {
        "# Passwords of users and keys of a store are not written down: set these variables, or write `file = \"PATH\"`.\n"
    } else {
        ""
    };
    let imports = registry.objects.iter().map(|(identity, address)| (identity.clone(), address.clone()));
    Ok(Piece { text: format!("\n{note}{block}"), imports: imports.collect() })
}

fn resource(name: &str, object: &Value, sources: &[Source]) -> Written {
    if has_large_number(object) {
        return Err(toml::ser::Error::custom("a number is larger than 64 bits with a sign can hold"));
    }
    let block = json!({ name: without_usual_name(name, object) });
    let block = toml::to_string_pretty(&json!({ "resource": block }))?;
    let sources: String = sources.iter().map(source).collect();
    Ok(format!("{sources}\n{block}"))
}

/// Whether a number is in it that TOML would be written with, and not read.
fn has_large_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_u64() && !number.is_i64(),
        Value::Array(items) => items.iter().any(has_large_number),
        Value::Object(map) => map.values().any(has_large_number),
        _ => false,
    }
}

fn source(source: &Source) -> String {
    let Source { name, variable, key, is_base64 } = source;
    let form = if *is_base64 { ", in base64" } else { "" };
    let key = key.escape_debug();
    format!(
        "\n# The value of `{key}`{form}: set the variable, or write `file = \"PATH\"`.\n\
         [secret.{name}]\nenv = \"{variable}\"\n"
    )
}

/// The name of a block is that of its object where it says none.
fn without_usual_name(block: &str, object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        && metadata.get("name").is_some_and(|name| name == block)
    {
        metadata.remove("name");
        if metadata.is_empty() {
            object.as_object_mut().map(|map| map.remove("metadata"));
        }
    }
    object
}

fn import(identity: &Identity, address: &Address) -> Written {
    let from = Address::object(address.block.clone(), identity, None).object;
    let from = from.map(|object| object.to_string()).unwrap_or_default();
    Ok(format!("\n{}", toml::to_string(&json!({"import": [{"to": address, "from": from}]}))?))
}
