//! Outputs, as text and as JSON.

use serde_json::{Map, Value, json};

use crate::outputs::{Missing, OutputContent, OutputValue};
use crate::report::format::escape::escape;
use crate::report::format::styled::{Label, Styled};
use crate::report::plan::value::one_line;

/// The version of the JSON. It is raised when an existing key changes its meaning or is removed.
pub const OUTPUTS_FORMAT_VERSION: &str = "1";

/// All outputs: a line each, and its description below.
pub fn outputs_text(outputs: &[OutputValue]) -> Styled {
    let mut text = Styled::default();
    let width = outputs.iter().map(|output| output.name.chars().count()).max().unwrap_or(0);
    for output in outputs {
        text.push(Label::Strong, format!("{:width$}", output.name)).push(Label::Plain, " = ");
        match &output.content {
            OutputContent::Known(value) => text.line(Label::Plain, one_line(value)),
            OutputContent::Withheld => text.line(Label::Dim, "(sensitive)"),
            OutputContent::Missing(missing) => {
                text.line(Label::Dim, escape(&format!("(not known: {})", missing_text(missing))))
            }
            OutputContent::Unreadable(problem) => {
                text.line(Label::Warning, escape(&format!("(not read: {})", problem.message)))
            }
        };
        if let Some(description) = &output.description {
            text.line(Label::Dim, format!("{:width$}   {}", "", escape(description)));
        }
    }
    text
}

/// Why an output is not known.
pub fn missing_text(missing: &Missing) -> String {
    match missing {
        Missing::NotApplied(address) => format!("`{address}` is not applied yet"),
        Missing::Gone(address) => format!("`{address}` was applied, and is gone"),
        Missing::Remade(address) => {
            format!("`{address}` is not the object that was applied: others have made it anew")
        }
        Missing::Field(address, path) => format!("`{address}` has no `{path}` yet"),
        Missing::Unknown(reason) => reason.clone(),
        Missing::Unmarked => "it is a secret, and the output is not marked as `sensitive`".to_owned(),
    }
}

/// All outputs as JSON. One that is not known, or is sensitive, has no `value`.
pub fn outputs_json(outputs: &[OutputValue]) -> Value {
    let outputs = outputs.iter().map(|output| (output.name.clone(), output_json(output)));
    json!({
        "format_version": OUTPUTS_FORMAT_VERSION,
        "outputs": outputs.collect::<Map<String, Value>>(),
    })
}

fn output_json(output: &OutputValue) -> Value {
    let mut json = json!({ "sensitive": output.sensitive });
    if let Some(description) = &output.description {
        json["description"] = Value::from(description.as_str());
    }
    match &output.content {
        OutputContent::Known(value) => json["value"] = value.clone(),
        OutputContent::Withheld => {}
        OutputContent::Missing(missing) => json["not_known"] = Value::from(missing_text(missing)),
        OutputContent::Unreadable(problem) => json["not_read"] = Value::from(problem.message.as_str()),
    }
    json
}
