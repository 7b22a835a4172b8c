//! `regplan render`.

use serde_json::{Value, json};

use super::args::{Global, RenderArgs, RenderFormat};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use crate::resource::{Desired, FieldPath};

/// The text in place of a secret value.
const SENSITIVE: &str = "(sensitive)";

pub(super) async fn run(global: &Global, args: &RenderArgs, output: Output) -> Result<Exit, Failure> {
    let (_, compiled) = project::compile(global, output).await?;
    let graph = &compiled.graph;
    let order = graph.order();
    let objects: Vec<Value> =
        order.iter().filter_map(|address| graph.get(address)).map(|desired| shown(desired)).collect();
    let text = match args.format {
        RenderFormat::Json => {
            format!("{:#}\n", json!({"apiVersion": "v1", "kind": "List", "items": objects}))
        }
        RenderFormat::Yaml => objects.iter().map(yaml).collect::<Result<_, _>>()?,
    };
    Output::raw_data(&text)?;
    Ok(Exit::Done)
}

fn yaml(object: &Value) -> Result<String, Failure> {
    let text = serde_saphyr::to_string(object)
        .map_err(|error| Failure::caused("an object cannot be written as YAML", error))?;
    Ok(format!("---\n{}\n", text.trim_end()))
}

/// The object as it is printed: secrets are hidden, and values that are not known yet are printed as they are
/// written in the configuration.
fn shown(desired: &Desired) -> Value {
    let mut object = desired.object.clone();
    for (path, expression) in desired.unresolved.iter() {
        path.set(&mut object, Value::from(expression.to_string()));
    }
    for (path, ()) in desired.sensitive.iter() {
        hide(&mut object, path);
    }
    object
}

fn hide(object: &mut Value, path: &FieldPath) {
    match path.get_mut(object) {
        Some(Value::Object(map)) => map.values_mut().for_each(|value| *value = Value::from(SENSITIVE)),
        Some(value) => *value = Value::from(SENSITIVE),
        None => {}
    }
}
