//! `regplan drift`.

use super::args::{DriftArgs, DriftFormat, Global};
use super::destination;
use super::diagnostics;
use super::exit::Exit;
use super::failure::Failure;
use super::host;
use super::output::Output;
use super::settings as cli_settings;
use crate::drift::{Additions, Drift, HealthCheck, Verdict};
use crate::engine::{self, AppliedState, BackendSettings, DriftOptions, Head, Host, Secrets, Settings};
use crate::report;

/// How many requests are under way at once; more of them are hardly faster.
const CONNECTIONS: usize = 8;

pub(super) async fn run(global: &Global, args: &DriftArgs, output: Output) -> Result<Exit, Failure> {
    if let Some(path) = &args.output {
        destination::check_report(path, global.files.iter().chain(&global.var_files))?;
    }
    let settings =
        Settings { in_cluster: args.in_cluster, parallelism: CONNECTIONS, ..Settings::from(global) };
    let applied = find(global, args, &settings, output).await?;
    let secrets = if args.no_secrets { Secrets::LeaveOut } else { Secrets::Read };
    let additions = if args.strict { Additions::Drift } else { Additions::Told };
    let health = if args.no_health { HealthCheck::LeftOut } else { HealthCheck::Counts };
    let drift = applied.drift(&settings, DriftOptions { secrets, additions, health }).await?;
    Failure::unless_closed(publish(&drift, args, output))?;
    Ok(match drift.verdict() {
        Verdict::InSync => Exit::Done,
        Verdict::Drift => Exit::Drift,
        Verdict::Unobserved => Exit::Unobserved,
    })
}

/// Finds what was applied last. Of the configuration, only the places of its state and its cluster are read;
/// with `--state`, it may be missing.
async fn find(
    global: &Global,
    args: &DriftArgs,
    settings: &Settings,
    output: Output,
) -> Result<AppliedState, Failure> {
    let host = host::host(output);
    if let Some(folder) = &args.state {
        let backend = BackendSettings::folder(folder.clone());
        check_output(args, &backend)?;
        let head =
            if global.files.is_empty() { None } else { Some(load_head(global, settings, &host, output)?) };
        return Ok(AppliedState::find(host, &backend, head.as_ref()).await?);
    }
    let head = load_head(global, settings, &host, output)?;
    check_output(args, &head.backend)?;
    Ok(AppliedState::find(host, &head.backend, Some(&head)).await?)
}

fn check_output(args: &DriftArgs, state: &BackendSettings) -> Result<(), Failure> {
    args.output.as_deref().map_or(Ok(()), |path| destination::check_beside_state(path, "--output", state))
}

fn load_head(global: &Global, settings: &Settings, host: &Host, output: Output) -> Result<Head, Failure> {
    let head = engine::load_head(&cli_settings::inputs(global)?, settings, host)?;
    diagnostics::show_warnings(&head.sources, &head.warnings, output)?;
    Ok(head)
}

/// Prints the drift, or writes it into the file and prints only the summary.
fn publish(drift: &Drift, args: &DriftArgs, output: Output) -> Result<(), Failure> {
    let text = match args.format {
        DriftFormat::Text if args.output.is_none() => {
            return Ok(output.data(&report::drift_text(drift, Output::width()))?);
        }
        DriftFormat::Text => report::drift_text(drift, Output::width()).to_string(),
        DriftFormat::Json => report::escape_json(&format!("{:#}\n", report::drift_json(drift))),
        DriftFormat::Markdown => report::drift_markdown(drift, args.markdown_limit),
        DriftFormat::Prometheus => report::drift_prometheus(drift),
    };
    let Some(path) = &args.output else { return Ok(Output::raw_data(&text)?) };
    Output::replace_file(path, &text).map_err(|error| Failure::unwritten(path, error))?;
    Ok(output.note(&report::drift_summary(drift))?)
}
