//! `regplan output`, and the outputs at the end of an apply.

use serde_json::Value;

use super::args::{Global, OutputArgs, OutputFormat};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use super::wording::{self, note};
use crate::engine::{Outputs, Settings, StateAccess, Workspace};
use crate::outputs::{OutputContent, OutputValue, Selection};
use crate::report::{self, Label, Styled, escape};

pub(super) async fn run(global: &Global, args: &OutputArgs, output: Output) -> Result<Exit, Failure> {
    let selection = args.name.clone().map_or(Selection::All, Selection::Named);
    if selection == Selection::All && args.format == OutputFormat::Raw {
        return Err(Failure::message("`--format raw` prints one value, and no output is named")
            .help("name one: `regplan output NAME --format raw`; `--format json` prints all of them"));
    }
    let project = project::load(global, Settings::from(global), output).await?;
    let outputs = project.open().await?.outputs(&selection).await?;
    tell_what_is_ahead(&outputs, output)?;
    match (selection, outputs.values.first()) {
        (Selection::Named(_), Some(value)) => one(value, args.format, output),
        _ => all(&outputs.values, args.format, output),
    }
}

/// Says which values are those of the file, where it has changed since it was applied.
fn tell_what_is_ahead(outputs: &Outputs, output: Output) -> Result<(), Failure> {
    let is_of_file = |value: &&OutputValue| value.of_file && matches!(value.content, OutputContent::Known(_));
    let of_file = outputs.values.iter().filter(is_of_file);
    let names: Vec<String> = of_file.map(|value| format!("`output.{}`", value.name)).collect();
    match outputs.changed_since {
        Some(revision) if !names.is_empty() => Ok(output.message(&note(format!(
            "the configuration has changed since revision {revision}; {} may tell what is not applied yet.",
            names.join(", ")
        )))?),
        _ => Ok(()),
    }
}

fn all(values: &[OutputValue], format: OutputFormat, output: Output) -> Result<Exit, Failure> {
    if format == OutputFormat::Json {
        let json = format!("{:#}\n", report::outputs_json(values));
        Failure::unless_closed(Output::json(&json).map_err(Into::into))?;
    } else {
        Failure::unless_closed(output.data(&report::outputs_text(values)).map_err(Into::into))?;
        if values.is_empty() {
            output.message(&note("the configuration has no `[output.NAME]`."))?;
        }
    }
    let is_unreadable = |value: &OutputValue| matches!(value.content, OutputContent::Unreadable(_));
    Ok(if values.iter().any(is_unreadable) { Exit::Failed } else { Exit::Done })
}

fn one(value: &OutputValue, format: OutputFormat, output: Output) -> Result<Exit, Failure> {
    let known = known(value)?;
    match (format, known) {
        // A script that forgets the format must not take a word for the value.
        (OutputFormat::Text, _) if value.sensitive => return Err(hidden(&value.name)),
        (OutputFormat::Text, Value::String(text)) => {
            output.data(Styled::default().line(Label::Plain, report::escape_lines(text)))?;
        }
        (OutputFormat::Text | OutputFormat::Json, known) => Output::json(&format!("{known:#}\n"))?,
        (OutputFormat::Raw, Value::String(text)) => Output::raw_data(text)?,
        (OutputFormat::Raw, Value::Number(_) | Value::Bool(_)) => Output::raw_data(&known.to_string())?,
        (OutputFormat::Raw, _) => {
            return Err(Failure::message(format!("`output.{}` is not a single value", value.name)).help(
                "`--format raw` prints a text, a number, true or false; `--format json` prints everything",
            ));
        }
    }
    Ok(Exit::Done)
}

fn hidden(name: &str) -> Failure {
    Failure::message(format!("`output.{name}` is sensitive, and is not printed without a `--format`"))
        .help(format!("`regplan output {name} --format raw` prints it, `--format json` too"))
}

/// The value, or the failure that says why there is none.
fn known(value: &OutputValue) -> Result<&Value, Failure> {
    let name = &value.name;
    match &value.content {
        OutputContent::Known(known) => Ok(known),
        OutputContent::Missing(missing) => {
            let message = format!("`output.{name}` is not known: {}", report::missing_text(missing));
            Err(Failure::message(message).help(wording::next_step(missing)))
        }
        OutputContent::Unreadable(problem) => {
            let failure = Failure::message(format!("`output.{name}` cannot be read: {}", problem.message));
            Err(match &problem.help {
                Some(help) => failure.help(help.as_str()),
                None => failure,
            })
        }
        OutputContent::Withheld => Err(Failure::message(format!("`output.{name}` is sensitive"))),
    }
}

/// Shows the outputs at the end of an apply. That they cannot be read makes the apply no failure.
pub(super) async fn show_after_apply<S: StateAccess>(
    workspace: &Workspace<S>,
    output: Output,
) -> Result<(), Failure> {
    if !workspace.has_outputs() {
        return Ok(());
    }
    match workspace.outputs(&Selection::All).await {
        Ok(values) => {
            let mut text = Styled::default();
            text.end().line(Label::Strong, "Outputs:").append(report::outputs_text(&values));
            output.data(&text)?;
        }
        Err(error) => {
            let reason = escape(&wording::words(&error).message);
            output.message(&note(format!(
                "the outputs cannot be read: {reason}; `regplan output` reads them again."
            )))?;
        }
    }
    Ok(())
}
