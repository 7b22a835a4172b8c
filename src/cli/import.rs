//! `regplan import`.

use super::args::{Global, ImportArgs, PlanningArgs, RunArgs};
use super::carry_out::{self, Approver, Failures};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use super::wording::note;
use crate::engine::{self, Host, PlanRequest, Settings};
use crate::provider::Inventory;
use crate::report::{escape, plural};
use crate::resource::{Address, Identity, ObjectName};
use crate::transcription::{LeftOut, transcribe};

/// How many requests are under way at once; more of them are hardly faster.
const CONNECTIONS: usize = 8;

pub(super) async fn run(global: &Global, args: &ImportArgs, output: Output) -> Result<Exit, Failure> {
    match (&args.from_cluster, &args.address, &args.object) {
        (Some(namespace), ..) => from_cluster(global, namespace, output).await,
        (None, Some(address), Some(object)) => one(global, args, address, object, output).await,
        // The parser wants one or the other.
        (None, ..) => Err(Failure::message("there is nothing to import")
            .help("name an address and an object, or a namespace: `--from-cluster NAMESPACE`")),
    }
}

/// Takes over one object.
async fn one(
    global: &Global,
    args: &ImportArgs,
    address: &Address,
    object: &ObjectName,
    output: Output,
) -> Result<Exit, Failure> {
    if let Some((known, identity)) = known(global, address, object, output).await? {
        let object = escape(&identity.to_string());
        output
            .message(&note(format!("{known} is in the state already: it is {object}. Nothing was done.")))?;
        return Ok(Exit::Done);
    }
    let request = PlanRequest::import(address.clone(), object.clone());
    let run = RunArgs {
        planning: PlanningArgs::nothing(),
        format: args.format,
        level: args.level.clone(),
        auto_approve: args.auto_approve,
        skip_manual: false,
    };
    carry_out::run(global, &run, request, Approver::Person, Failures::default(), output).await
}

/// What the state knows of the object under this address.
async fn known(
    global: &Global,
    address: &Address,
    object: &ObjectName,
    output: Output,
) -> Result<Option<(Address, Identity)>, Failure> {
    let project = project::load_without_blocks(global, Settings::from(global), output)?;
    let state = project.view_state().await?.state;
    let mut known = state.resources.into_iter().map(|(address, resource)| (address, resource.identity));
    Ok(known.find(|(known, identity)| known.is_meant_by(address) && object.means(identity)))
}

/// Prints what stands in a namespace as a configuration.
async fn from_cluster(global: &Global, namespace: &str, output: Output) -> Result<Exit, Failure> {
    let settings = Settings { parallelism: CONNECTIONS, ..Settings::from(global) };
    let Inventory { seen, hidden } = engine::inventory(&Host::of_process(), &settings, namespace).await?;
    let transcript = transcribe(namespace, global.context.as_deref(), &seen)
        .map_err(|error| Failure::caused("what stands there cannot be written as TOML", error))?;
    Output::raw_data(&transcript.text)?;
    for (kind, reason) in &hidden {
        output.message(&note(escape(&format!("{kind} could not be looked at: {reason}"))))?;
    }
    if transcript.written.is_empty() {
        output
            .message(&note(format!("There is nothing to import in the namespace {}.", escape(namespace))))?;
    }
    for line in left_out(&transcript.left_out) {
        output.note(&note(line))?;
    }
    Ok(Exit::Done)
}

/// Sentences about what the file does not have: what controllers make is counted, and what regplan does; everything else
/// is named.
fn left_out(all: &[(Identity, LeftOut)]) -> Vec<String> {
    let of = |why: &LeftOut| all.iter().filter(|(_, found)| found == why).count();
    let counted = [
        match of(&LeftOut::Controlled) {
            0 => None,
            count => Some(format!(
                "{count} {} left out: Kubernetes or a controller makes {}.",
                plural(count, "object is", "objects are"),
                plural(count, "it", "them")
            )),
        },
        match of(&LeftOut::OfRegplan) {
            0 => None,
            count => Some(format!(
                "{count} {} left out: regplan made {}.",
                plural(count, "object is", "objects are"),
                plural(count, "it for a state", "them for states")
            )),
        },
    ];
    let named = all.iter().filter_map(|(identity, why)| {
        let why = match why {
            LeftOut::Controlled | LeftOut::OfRegplan => return None,
            LeftOut::Ending => "it is being deleted".to_owned(),
            LeftOut::OfProject(project) => format!("it belongs to the project `{project}`"),
            LeftOut::OfHelm => "Helm keeps a release in it".to_owned(),
            LeftOut::NoToml(reason) => format!("it cannot be written as TOML: {reason}"),
            LeftOut::Pod => "most fields of a pod cannot be changed".to_owned(),
        };
        Some(escape(&format!("{identity} is left out: {why}.")))
    });
    counted.into_iter().flatten().chain(named).collect()
}
