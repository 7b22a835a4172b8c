//! `regplan state migrate`.

use std::path::PathBuf;

use crate::cli::args::{Global, StateMigrateArgs};
use crate::cli::confirm;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::project;
use crate::cli::wording::{self, note};
use crate::engine::{Error, NotApplicable, Project, Settings};
use crate::report::{self, Label, Styled, escape, plural};
use crate::state::{Freshness, Migrated, NoRecord};

pub(super) async fn run(global: &Global, args: &StateMigrateArgs, output: Output) -> Result<Exit, Failure> {
    let here = project::load_without_blocks(global, Settings::from(global), output)?;
    let (old, new) = match (&args.from[..], &args.to[..]) {
        (from, []) => (other(global, from, output)?, here),
        (_, to) => (here, other(global, to, output)?),
    };
    expect_newest(&old, &new, output).await?;
    let mut text = Styled::default();
    if let Some(story) = left_behind(&old.values_left_behind(&new).await?) {
        output.message(&note(story))?;
    }
    let review = "make sure that both places are meant";
    if !args.auto_approve && !confirm::ask(&question(&old, &new).await?, review, global.into(), output)? {
        output.message(text.line(Label::Plain, "Not approved; nothing was done."))?;
        return Ok(Exit::Failed);
    }
    let migrated = old.move_state_to(&new).await?;
    for line in told(&migrated) {
        text.line(Label::Plain, line);
    }
    output.note(&text)?;
    if let Err(error) = new.record_move_from(&old, &migrated).await {
        output.message(&unrecorded(&error, new.config.state.recorded_in().is_some()))?;
    }
    Ok(Exit::Done)
}

/// Fails where the state that is to move is not the newest one: at a place of which there is but one nobody would find that out.
async fn expect_newest(old: &Project, new: &Project, output: Output) -> Result<(), Failure> {
    let reason = match new.freshness_of_move_from(old).await {
        Ok(Freshness::Stale(stale)) => return Err(Error::from(NotApplicable::Stale(stale)).into()),
        Ok(Freshness::Unknown(reason @ NoRecord::Unreadable { .. })) => reason,
        // Then nothing is recorded of the state, or it is the newest one.
        Ok(Freshness::Unknown(_) | Freshness::Newest | Freshness::Ahead) => return Ok(()),
        Err(error) => NoRecord::Unreadable { reason: wording::words(&error).message, help: None },
    };
    let told = report::freshness_told(&Freshness::Unknown(reason));
    Ok(output.message(&note(escape(&told.unwrap_or_default())))?)
}

/// The project as these files describe it.
fn other(global: &Global, files: &[PathBuf], output: Output) -> Result<Project, Failure> {
    let global = Global { files: files.to_vec(), ..global.clone() };
    project::load_without_blocks(&global, Settings::from(&global), output)
}

async fn question(old: &Project, new: &Project) -> Result<String, Failure> {
    let (old, new) = (old.state_place().await?, new.state_place().await?);
    Ok(format!(
        "Move the state from {} to {}, and retire the old one?",
        escape(&old.display().to_string()),
        escape(&new.display().to_string())
    ))
}

fn told(migrated: &Migrated) -> Vec<String> {
    let Migrated { from, to, serial, revisions } = migrated;
    let (from, to) = (escape(&from.display().to_string()), escape(&to.display().to_string()));
    if *revisions == 0 {
        return vec![format!("The state is at {to}, with serial {serial}; {from} is retired.")];
    }
    let noun = plural(*revisions, "revision", "revisions");
    vec![
        format!("Moved the state with serial {serial} and {revisions} {noun} to {to}."),
        format!("{from} is retired: a configuration that still names it is refused."),
    ]
}

/// What a move loses; `None` where that is nothing. A rollback to these revisions could not restore their secrets.
fn left_behind(revisions: &[u64]) -> Option<String> {
    let numbers: Vec<String> = revisions.iter().map(ToString::to_string).collect();
    let of = match numbers.as_slice() {
        [] => return None,
        [one] => format!("revision {one}"),
        several => format!("the revisions {}", several.join(", ")),
    };
    Some(format!(
        "the secret values of {of} are not moved: the new place keeps none. A rollback to {of} cannot restore its secrets. \
         Name recipients in `[state] encryption` of the new place to take them along."
    ))
}

/// That the cluster does not know of the move, and what follows from that.
fn unrecorded(error: &Error, is_local: bool) -> Styled {
    let what_follows = if is_local {
        "the next plan takes this state for an old copy"
    } else {
        "older copies of the folder are not told"
    };
    note(format!(
        "the state has moved, and that could not be recorded in the cluster, so {what_follows}; run the same command \
         once more: {}",
        escape(&wording::words(error).message)
    ))
}
