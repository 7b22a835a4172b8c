//! `regplan show`.

use std::path::Path;

use serde_json::Value;

use super::args::{FormArgs, Global, PlanFormat, ShowArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::plan::{self, Form};
use super::plan_file::{NamedPlanFile, in_history};
use super::project;
use super::render;
use crate::engine::{Project, Settings};
use crate::report::{self, Label, Styled};
use crate::state::Revision;

/// What can be shown.
enum Shown<'a> {
    /// `state`.
    State,
    /// A revision, by its number.
    Revision(u64),
    /// A plan file. One whose name is a number has a path with `/`.
    PlanFile(&'a Path),
}

impl<'a> Shown<'a> {
    fn of(path: &'a Path) -> Self {
        match path.to_str() {
            Some("state") => Self::State,
            text => text.and_then(|text| text.parse().ok()).map_or(Self::PlanFile(path), Self::Revision),
        }
    }
}

pub(super) async fn run(global: &Global, args: &ShowArgs, output: Output) -> Result<Exit, Failure> {
    match Shown::of(&args.what) {
        Shown::PlanFile(path) => {
            let named = NamedPlanFile::read(path)?;
            plan::show(&named.file.plan(), &Form::from(&args.form), &|origin| named.place(origin), output)?;
            let mut text = Styled::default();
            output.note(text.line(Label::Dim, in_history(&named.file)))?;
        }
        Shown::State => {
            let project = project(global, output)?;
            let view = project.view_state().await?;
            match format(&args.form)? {
                TextOrJson::Text => {
                    let open_run = project.fate_of_last_run(&view).await;
                    output.data(&report::state_text(&view.state, &open_run))?;
                }
                TextOrJson::Json => Output::json(&format!("{:#}\n", report::state_json(&view.state)))?,
            }
        }
        Shown::Revision(number) => {
            let revision = project(global, output)?.revision(number).await?;
            match format(&args.form)? {
                TextOrJson::Text => {
                    output.data(&report::revision_head_text(&revision))?;
                    Output::raw_data(&objects(&revision)?)?;
                }
                TextOrJson::Json => Output::json(&format!("{:#}\n", report::whole_revision_json(&revision)))?,
            }
        }
    }
    Ok(Exit::Done)
}

fn project(global: &Global, output: Output) -> Result<Project, Failure> {
    project::load_without_blocks(global, Settings::from(global), output)
}

enum TextOrJson {
    Text,
    Json,
}

fn format(form: &FormArgs) -> Result<TextOrJson, Failure> {
    match form.format {
        PlanFormat::Text => Ok(TextOrJson::Text),
        PlanFormat::Json => Ok(TextOrJson::Json),
        PlanFormat::Markdown => {
            Err(Failure::message("a state or a revision is shown as text or as JSON, and not as Markdown")
                .help("leave `--format` out, or use `--format json`"))
        }
    }
}

/// The objects that were desired, without their secret values.
fn objects(revision: &Revision) -> Result<String, Failure> {
    let objects = revision.desired.values().map(|stored| {
        let mut object = stored.object.clone();
        for (path, expression) in &stored.unresolved {
            path.set(&mut object, Value::from(expression.to_string()));
        }
        object
    });
    objects.map(|object| render::yaml(&object)).collect()
}
