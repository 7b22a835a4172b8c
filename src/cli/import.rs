//! `regplan import`.

use super::args::{Global, ImportArgs, PlanningArgs, RunArgs};
use super::carry_out::{self, Approver, Failures};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use super::wording::note;
use crate::engine::{PlanRequest, Settings};
use crate::report::escape;
use crate::resource::{Address, Identity};

pub(super) async fn run(global: &Global, args: &ImportArgs, output: Output) -> Result<Exit, Failure> {
    let ImportArgs { address, object, format, level, auto_approve } = args;
    if let Some((known, identity)) = known(global, args, output).await? {
        let object = escape(&identity.to_string());
        output
            .message(&note(format!("{known} is in the state already: it is {object}. Nothing was done.")))?;
        return Ok(Exit::Done);
    }
    let request = PlanRequest::import(address.clone(), object.clone());
    let run = RunArgs {
        planning: PlanningArgs::nothing(),
        format: *format,
        level: level.clone(),
        auto_approve: *auto_approve,
    };
    carry_out::run(global, &run, request, Approver::Person, Failures::default(), output).await
}

/// What the state knows of the object under this address.
async fn known(
    global: &Global,
    args: &ImportArgs,
    output: Output,
) -> Result<Option<(Address, Identity)>, Failure> {
    let project = project::load_without_blocks(global, Settings::from(global), output)?;
    let state = project.view_state().await?.state;
    let mut known = state.resources.into_iter().map(|(address, resource)| (address, resource.identity));
    Ok(known.find(|(known, identity)| known.is_meant_by(&args.address) && args.object.means(identity)))
}
