//! `regplan history`.

use super::args::{Format, Global, HistoryArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use super::wording;
use crate::engine::{Project, Settings};
use crate::report;
use crate::state::Revision;

pub(super) async fn run(global: &Global, args: &HistoryArgs, output: Output) -> Result<Exit, Failure> {
    let project = project::load_without_blocks(global, Settings::from(global), output)?;
    match args.revision {
        Some(number) => one(&project, number, args.format, output).await,
        None => all(&project, args.format, output).await,
    }
}

async fn all(project: &Project, format: Format, output: Output) -> Result<Exit, Failure> {
    let history = project.history().await?;
    for damage in &history.damaged {
        output.message(&wording::note(damage.to_string()))?;
    }
    let unfinished = history.unfinished.as_ref().map(|run| (run, &history.open_run));
    match format {
        Format::Text => output.data(&report::history_text(&history.heads, unfinished))?,
        Format::Json => Output::json(&format!("{:#}\n", report::history_json(&history.heads, unfinished)))?,
    }
    Ok(Exit::Done)
}

async fn one(project: &Project, number: u64, format: Format, output: Output) -> Result<Exit, Failure> {
    let revision = project.revision(number).await?;
    let before = before(project, number).await?;
    match format {
        Format::Text => output.data(&report::revision_text(&revision, before.as_ref(), Output::width()))?,
        Format::Json => Output::json(&format!("{:#}\n", report::revision_json(&revision, before.as_ref())))?,
    }
    Ok(Exit::Done)
}

/// The revision before this one, where it is still kept and can be read.
async fn before(project: &Project, number: u64) -> Result<Option<Revision>, Failure> {
    let history = project.history().await?;
    let before = history.heads.iter().rev().find(|head| head.number < number);
    match before {
        Some(head) => Ok(Some(project.revision(head.number).await?)),
        None => Ok(None),
    }
}
