//! `regplan state rebuild`.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::args::{Global, StateRebuildArgs};
use crate::cli::confirm;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::newest_state::catch_up;
use crate::cli::output::Output;
use crate::cli::project;
use crate::cli::wording::note;
use crate::engine::{Additions, Error, Opened, Settings, Workspace};
use crate::provider::MarkedObjects;
use crate::report::{self, Label, Styled, escape, plural};
use crate::resource::GroupKind;
use crate::state::{Freshness, Lineage, Stale, Store};

pub(super) async fn run(global: &Global, args: &StateRebuildArgs, output: Output) -> Result<Exit, Failure> {
    let mut workspace = opened(global, output).await?.connect().await?;
    let found = workspace.find_marked().await?;
    for (kind, reason) in &found.hidden {
        output.message(&note(format!("{kind} could not be looked at: {}", escape(reason))))?;
    }
    for sentence in &found.partly {
        output.message(&note(format!("{}.", escape(sentence))))?;
    }
    refuse_gaps(&found, args.partial)?;
    let lineage = lineage(&workspace, args, &found)?;
    let additions = workspace.additions(&found.seen, &lineage);
    let freshness = workspace.freshness().await;
    let stale = match &freshness {
        Freshness::Stale(stale) => Some(stale.as_ref()),
        Freshness::Newest | Freshness::Ahead | Freshness::Unknown(_) => None,
    };
    let mut text = Styled::default();
    if additions.is_empty() && stale.is_none() {
        catch_up(&workspace, &freshness, output).await?;
        output.message(text.line(Label::Plain, nothing_to_add(&lineage, &found)))?;
        return Ok(Exit::Done);
    }
    output.message(&listed(&additions))?;
    if let Some(stale) = stale {
        output.message(&note(format!("{}.", escape(&report::staleness(stale)))))?;
    }
    let question = question(&additions, stale);
    let review = "make sure that what is listed belongs into this state";
    if !args.auto_approve && !confirm::ask(question, review, global.into(), output)? {
        output.message(text.line(Label::Plain, "Not approved; nothing was done."))?;
        return Ok(Exit::Failed);
    }
    if !additions.is_empty() {
        workspace.rebuild(&lineage, &additions).await?;
    }
    workspace.become_newest("state rebuild").await?;
    text.line(Label::Plain, done(additions.len()));
    output.note(&text)?;
    Ok(Exit::Done)
}

/// The project with its state. Which records of DNS there may be is told by its blocks alone; everything else is found also
/// where these cannot be read.
async fn opened(global: &Global, output: Output) -> Result<Opened<Store>, Failure> {
    const COMMAND: &str = "state rebuild";
    let whole = match project::load(global, Settings::from(global), output).await {
        Ok(project) => project.open_locked(COMMAND).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match whole {
        Err(failure) if failure.is_of_configuration() => {
            output.message(&note(
                "the blocks of the configuration have mistakes, so records of DNS are not looked for: `regplan validate` \
                 names them",
            ))?;
            let project = project::load_without_blocks(global, Settings::from(global), output)?;
            Ok(project.open_locked(COMMAND).await?)
        }
        whole => whole,
    }
}

/// Refuses a look that could not see everything: what it has not seen, the state would not know. Whoever agrees to that
/// still has to see something.
fn refuse_gaps(found: &MarkedObjects, is_agreed: bool) -> Result<(), Failure> {
    if found.looked_at == 0 {
        let message = "no kind of the cluster could be looked at, so nothing can be told of its objects";
        return Err(Failure::message(message)
            .help("run this with the right to list objects of all kinds in all namespaces"));
    }
    if found.hidden.is_empty() || is_agreed {
        return Ok(());
    }
    let kinds: BTreeSet<&GroupKind> = found.hidden.iter().map(|(kind, _)| kind).collect();
    let hidden = format!("{} {}", kinds.len(), plural(kinds.len(), "kind", "kinds"));
    Err(Failure::message(format!("{hidden} could not be looked at, and the state would not know what there is of it")).help(
        "run this with the right to list objects of all kinds in all namespaces; or, where this project has none of these, \
         agree with `--partial` that they are left out",
    ))
}

fn nothing_to_add(lineage: &Lineage, found: &MarkedObjects) -> String {
    let seen = if found.hidden.is_empty() { "" } else { " that could be looked at" };
    format!("Nothing to add: the state knows everything of the lineage {lineage}{seen}.")
}

fn question(additions: &Additions, stale: Option<&Stale>) -> &'static str {
    match (additions.is_empty(), stale) {
        (false, None) => "Take these into the state?",
        (false, Some(_)) => "Take these into the state, and make it the newest one?",
        (true, _) => "Make the state here the newest one?",
    }
}

fn done(count: usize) -> String {
    let took = match count {
        0 => "The state here is the newest one now.".to_owned(),
        1 => "Took in 1 resource.".to_owned(),
        _ => format!("Took in {count} resources."),
    };
    format!("{took} `regplan plan` shows how it differs from the configuration.")
}

/// The lineage that is taken over: that of the state that is here, or the one that the user has named.
fn lineage(
    workspace: &Workspace<Store>,
    args: &StateRebuildArgs,
    found: &MarkedObjects,
) -> Result<Lineage, Failure> {
    let here = workspace.lineage();
    match (&args.adopt_lineage, here) {
        (Some(named), Some(here)) if *named != here => {
            Err(Error::OtherLineage { named: named.to_string(), found: here.to_string() }.into())
        }
        (_, Some(here)) => Ok(here),
        (Some(named), None)
            if found.seen.iter().any(|one| one.lineage.as_deref() == Some(named.as_str())) =>
        {
            Ok(named.clone())
        }
        (named, None) => Err(Failure::message(match named {
            Some(named) => format!("no object of this project carries the lineage {named}"),
            None => "there is no state here: name the lineage whose objects are to be taken over".to_owned(),
        })
        .help(known_lineages(found))),
    }
}

fn known_lineages(found: &MarkedObjects) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for lineage in found.seen.iter().filter_map(|one| one.lineage.as_deref()) {
        *counts.entry(lineage).or_default() += 1;
    }
    if counts.is_empty() {
        let seen = if found.hidden.is_empty() { "in the cluster" } else { "that could be looked at" };
        return format!("no object {seen} carries the annotations of this project");
    }
    let lines = counts.into_iter().map(|(lineage, count)| {
        let objects = plural(count, "object", "objects");
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
