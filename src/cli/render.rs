//! `regplan render`.

use serde_json::{Value, json};

use super::args::{Global, RenderArgs, RenderFormat};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use crate::report::{escape_json, escape_lines};
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
            escape_json(&format!("{:#}\n", json!({"apiVersion": "v1", "kind": "List", "items": objects})))
        }
        RenderFormat::Yaml => objects.iter().map(yaml).collect::<Result<_, _>>()?,
    };
    Output::raw_data(&text)?;
    Ok(Exit::Done)
}

/// An object as a document of YAML, in which nothing steers a terminal.
pub(super) fn yaml(object: &Value) -> Result<String, Failure> {
    let text = serde_saphyr::to_string(object)
        .map_err(|error| Failure::caused("an object cannot be written as YAML", error))?;
    let text = text.trim_end();
    // JSON is YAML too, and has an escape for every character.
    let text = if escape_lines(text) == text { text.to_owned() } else { escape_json(&format!("{object:#}")) };
    Ok(format!("---\n{text}\n"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_reads_as_it_was() {
        let object = json!({"k": "a\u{1b}[2J\u{7}\u{9b}\u{e0041}\nb", "open": "größe"});
        let text = yaml(&object).ok().unwrap();
        assert_eq!(escape_lines(&text), text);
        let read: Value = serde_saphyr::from_str(text.strip_prefix("---\n").unwrap()).unwrap();
        assert_eq!(read, object);
    }
}
