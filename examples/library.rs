//! Plans and applies a configuration from a program of your own.
//!
//! ```text
//! cargo run --example library -- FOLDER     the folder with `regplan.toml`; the current one where none is named
//! ```
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "a program that shows something")]

use std::path::PathBuf;
use std::process::ExitCode;

use regplan::apply::Stop;
use regplan::engine::{self, Approval, ConfigInputs, Error, Host, PlanRequest, Settings};
use regplan::plan::Mode;
use regplan::report::{self, Page, SourceLine};

#[tokio::main]
async fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    match run(folder, Settings::default(), &|text| print!("{text}")).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Loads the configuration in a folder, shows the plan, and applies it without asking anybody.
pub(crate) async fn run(
    folder: PathBuf,
    settings: Settings,
    say: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), Error> {
    let project = engine::load(&ConfigInputs::in_folder(folder), settings, Host::of_process()).await?;
    let mut workspace = project.open_locked("apply").await?.connect().await?;

    let planned = workspace.plan(PlanRequest::all(Mode::Apply)).await?;
    let places = SourceLine::within(&workspace.config().sources);
    say(&report::plan_text(&planned.plan, Page { width: 80, level: &report::Level::Brief, places: &places })
        .to_string());
    drop(places);

    let applicable = planned.applicable(&Approval::Caller)?;
    let emit = |event| {
        if let Some(line) = report::event_line(&event) {
            say(&format!("{line}\n"));
        }
    };
    let report = workspace.apply(&applicable, &emit, &Stop::default()).await?;
    say(&report::report_text(&report).to_string());
    Ok(())
}
