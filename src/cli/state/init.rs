//! `regplan state init`.

use crate::cli::args::{Global, StateInitArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::project;
use crate::cli::render::yaml;
use crate::cli::wording::note;
use crate::engine::{Project, Settings};
use crate::provider::kubernetes::{Ensured, Made};
use crate::report::{Label, Styled, escape};

pub(super) async fn run(global: &Global, args: &StateInitArgs, output: Output) -> Result<Exit, Failure> {
    let project = project::load_without_blocks(global, Settings::from(global), output)?;
    if args.print {
        return print(&project, output);
    }
    let ensured = project.prepare_state().await?;
    if ensured.is_empty() {
        output.note(&nothing_to_make())?;
    } else {
        Failure::unless_closed(output.data(&listed(&ensured)).map_err(Into::into))?;
    }
    Ok(Exit::Done)
}

/// Prints what it would make, for people who let somebody else make it.
fn print(project: &Project, output: Output) -> Result<Exit, Failure> {
    let manifests = project.state_manifests()?;
    if manifests.is_empty() {
        output.note(&nothing_to_print())?;
        return Ok(Exit::Done);
    }
    let text: String = manifests.iter().map(yaml).collect::<Result<_, _>>()?;
    Output::raw_data(&text)?;
    output.note(&note(
        "the key of plan files is a secret, and is not printed. `regplan state init` makes it when these are there.",
    ))?;
    Ok(Exit::Done)
}

fn nothing_to_make() -> Styled {
    let mut text = Styled::default();
    text.line(Label::Plain, "Nothing to make: the first apply makes the folder of the state by itself.");
    text
}

fn nothing_to_print() -> Styled {
    let mut text = Styled::default();
    text.line(Label::Plain, "Nothing to print: only a state in the cluster needs objects.");
    text
}

fn listed(ensured: &[Ensured]) -> Styled {
    let mut text = Styled::default();
    for Ensured { name, made } in ensured {
        let (label, what) = match made {
            Made::Now => (Label::Strong, "made"),
            Made::Changed => (Label::Strong, "given its rules"),
            Made::Before => (Label::Dim, "is there"),
        };
        text.push(Label::Plain, format!("  {}  ", escape(name))).line(label, what);
    }
    text
}
