//! `regplan state show`.

use super::open::{named, read_state};
use crate::cli::args::{Format, Global, StateShowArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::report::{self, Label, Styled, escape};
use crate::resource::{Address, Held};
use crate::state::{Provenance, StoredResource};

pub(super) async fn run(global: &Global, args: &StateShowArgs, output: Output) -> Result<Exit, Failure> {
    let state = read_state(global, output).await?;
    let addresses = named(&state, &args.address)?;
    let shown = addresses.iter().filter_map(|address| Some((address, state.resources.get(address)?)));
    match args.format {
        Format::Text => {
            let mut text = Styled::default();
            for (index, (address, resource)) in shown.enumerate() {
                if index > 0 {
                    text.end();
                }
                text.append(described(address, resource));
            }
            output.data(&text)?;
        }
        Format::Json => Output::json(&format!("{:#}\n", report::state_resources_json(shown)))?,
    }
    Ok(Exit::Done)
}

fn described(address: &Address, resource: &StoredResource) -> Styled {
    let mut text = Styled::default();
    text.line(Label::Strong, address.to_string());
    let mut line = |name: &str, value: &str| {
        text.push(Label::Dim, format!("  {name:<13}")).line(Label::Plain, escape(value));
    };
    line("object", &resource.identity.to_string());
    line("version", resource.version.as_deref().unwrap_or("as the server prefers"));
    line("uid", &resource.uid);
    let provenance = match resource.provenance {
        Provenance::Created => "created",
        Provenance::Adopted => "adopted",
        Provenance::Rebuilt => "known again by its annotations",
    };
    line("provenance", provenance);
    if resource.protect {
        line("protected", "yes");
    }
    for dependency in &resource.dependencies {
        line("stands on", &dependency.to_string());
    }
    for key in &resource.keys {
        line("key", key);
    }
    let Some(applied) = &resource.applied else { return text };
    line("applied at", &format!("resourceVersion {}", applied.resource_version));
    for (path, held) in &applied.fields {
        match held {
            Held::Value(value) => line("field", &format!("{path} = {value}")),
            Held::Hidden => line("field", &format!("{path} = (sensitive)")),
            Held::Nothing | Held::Parent => {}
        }
    }
    text
}
