//! `regplan state rm`.

use std::collections::BTreeSet;

use super::open::{lock_state, named};
use crate::cli::args::{Global, StateRmArgs};
use crate::cli::confirm;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::report::{Label, Styled, escape, plural};
use crate::resource::Address;
use crate::state::State;

pub(super) async fn run(global: &Global, args: &StateRmArgs, output: Output) -> Result<Exit, Failure> {
    let (_, mut store) = lock_state(global, "state rm", output).await?;
    let mut leaving: BTreeSet<Address> = BTreeSet::new();
    for address in &args.addresses {
        leaving.extend(named(store.state(), address)?);
    }
    output.message(&listed(store.state(), &leaving))?;
    let question = "Forget these? Their objects stay in the cluster.";
    let review = "make sure that all of the listed resources are to be forgotten";
    if !args.auto_approve && !confirm::ask(question, review, global.into(), output)? {
        let mut text = Styled::default();
        output.message(text.line(Label::Plain, "Not approved; nothing was done."))?;
        return Ok(Exit::Failed);
    }
    store.edit(|state| state.resources.retain(|address, _| !leaving.contains(address))).await?;
    store.close().await?;
    let count = leaving.len();
    let mut text = Styled::default();
    text.line(Label::Plain, format!("Forgot {count} {}.", plural(count, "resource", "resources")));
    output.note(&text)?;
    Ok(Exit::Done)
}

fn listed(state: &State, leaving: &BTreeSet<Address>) -> Styled {
    let mut text = Styled::default();
    for (address, resource) in state.resources.iter().filter(|(address, _)| leaving.contains(*address)) {
        text.push(Label::Strong, format!("  {address}"));
        text.line(Label::Dim, format!("  {}", escape(&resource.identity.to_string())));
    }
    text
}
