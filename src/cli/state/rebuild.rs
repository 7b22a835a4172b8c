//! `regplan state rebuild`.

use std::collections::BTreeMap;

use crate::cli::args::{Global, StateRebuildArgs};
use crate::cli::confirm;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::project;
use crate::cli::wording::note;
use crate::engine::{Additions, Error, Settings, Workspace};
use crate::provider::Marked;
use crate::report::{Label, Styled, escape};
use crate::state::{Lineage, Store};

pub(super) async fn run(global: &Global, args: &StateRebuildArgs, output: Output) -> Result<Exit, Failure> {
    let project = project::load_without_blocks(global, Settings::from(global), output)?;
    let mut workspace = project.open_locked("state rebuild").await?.connect().await?;
    let found = workspace.find_marked().await?;
    for (kind, reason) in &found.hidden {
        output.message(&note(format!("{kind} could not be looked at: {}", escape(reason))))?;
    }
    let lineage = lineage(&workspace, args, &found.seen)?;
    let additions = workspace.additions(&found.seen, &lineage);
    let mut text = Styled::default();
    if additions.is_empty() {
        output.message(text.line(
            Label::Plain,
            format!("Nothing to add: the state knows everything of the lineage {lineage}."),
        ))?;
        return Ok(Exit::Done);
    }
    output.message(&listed(&additions))?;
    if !args.auto_approve && !confirm::ask("Take these into the state?", global.into(), output)? {
        output.message(text.line(Label::Plain, "Not approved; nothing was done."))?;
        return Ok(Exit::Failed);
    }
    workspace.rebuild(&lineage, &additions).await?;
    let count = additions.len();
    text.line(
        Label::Plain,
        format!(
            "Took in {count} {}. `regplan plan` shows how they differ from the configuration.",
            if count == 1 { "resource" } else { "resources" }
        ),
    );
    output.note(&text)?;
    Ok(Exit::Done)
}

/// The lineage that is taken over: that of the state that is here, or the one that the user has named.
fn lineage(
    workspace: &Workspace<Store>,
    args: &StateRebuildArgs,
    found: &[Marked],
) -> Result<Lineage, Failure> {
    let here = workspace.lineage();
    match (&args.adopt_lineage, here) {
        (Some(named), Some(here)) if *named != here => {
            Err(Error::OtherLineage { named: named.to_string(), found: here.to_string() }.into())
        }
        (_, Some(here)) => Ok(here),
        (Some(named), None) if found.iter().any(|one| one.lineage.as_deref() == Some(named.as_str())) => {
            Ok(named.clone())
        }
        (named, None) => Err(Failure::message(match named {
            Some(named) => format!("no object of this project carries the lineage {named}"),
            None => "there is no state here: name the lineage whose objects are to be taken over".to_owned(),
        })
        .help(known_lineages(found))),
    }
}

fn known_lineages(found: &[Marked]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for lineage in found.iter().filter_map(|one| one.lineage.as_deref()) {
        *counts.entry(lineage).or_default() += 1;
    }
    if counts.is_empty() {
        return "no object in the cluster carries the annotations of this project".to_owned();
    }
    let lines = counts.into_iter().map(|(lineage, count)| {
        let objects = if count == 1 { "object" } else { "objects" };
        format!("`--adopt-lineage {lineage}` ({count} {objects})")
    });
    lines.collect::<Vec<_>>().join(", ")
}

fn listed(additions: &Additions) -> Styled {
    let mut text = Styled::default();
    for (address, marked) in additions {
        text.push(Label::Strong, format!("  {address}"));
        text.line(Label::Dim, format!("  {}", escape(&marked.identity.to_string())));
    }
    text
}
