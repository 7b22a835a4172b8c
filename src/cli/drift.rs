//! `regplan drift`.

use std::sync::Arc;

use super::args::{DriftArgs, DriftFormat, Global};
use super::exit::{Exit, Failure};
use super::output::Output;
use super::session;
use crate::config::ClusterSettings;
use crate::drift::{Drift, Verdict};
use crate::engine::{self, Secrets};
use crate::provider::kubernetes::Kubernetes;
use crate::provider::{Provider as _, Router};
use crate::report;
use crate::state::{self, Backend as _, LocalBackend, Location, View};

/// How many requests are under way at once; more buy little.
const CONNECTIONS: u16 = 8;

pub(super) async fn run(global: &Global, args: &DriftArgs, output: Output) -> Result<Exit, Failure> {
    let applied = Applied::find(global, args, output).await?;
    let settings = session::settings(global, &applied.cluster, CONNECTIONS)?;
    let provider = Router::new(Arc::new(Kubernetes::connect(&settings).await?));
    let cluster = provider.cluster().identity().await?;
    let state = &applied.view.state;
    engine::check_cluster(&applied.cluster, state.cluster.as_ref(), &cluster)?;
    let secrets = if args.no_secrets { Secrets::LeaveOut } else { Secrets::Read };
    let drift = engine::drift(state, &cluster, &provider, secrets).await;
    Failure::unless_closed(publish(&drift, args, output))?;
    Ok(match drift.verdict() {
        Verdict::InSync => Exit::Done,
        Verdict::Drift => Exit::Drift,
        Verdict::Unobserved => Exit::Unobserved,
    })
}

/// What was applied, and which cluster is meant.
struct Applied {
    view: View,
    cluster: ClusterSettings,
}

impl Applied {
    /// Of the configuration no more is read than where the two are; with `--state`, it need not be there.
    async fn find(global: &Global, args: &DriftArgs, output: Output) -> Result<Self, Failure> {
        let config = match &args.state {
            Some(_) if global.files.is_empty() => None,
            _ => Some(session::head(global, output)?),
        };
        let location = match (&args.state, &config) {
            (None, Some(config)) => session::location(config)?,
            (folder, _) => Location::at(folder.clone().unwrap_or_default()),
        };
        let backend = LocalBackend::new(location);
        let project = match &config {
            Some(config) => Some(config.project.clone()),
            // A state says itself whose it is.
            None => backend.load().await?.map(|state| state.project),
        };
        let Some(project) = project else { return Err(nothing_applied(&backend)) };
        let view = state::view(&backend, &project).await?;
        if !view.exists {
            return Err(nothing_applied(&backend));
        }
        Ok(Self { view, cluster: cluster(config.map(|config| config.cluster).unwrap_or_default(), args)? })
    }
}

fn nothing_applied(backend: &LocalBackend) -> Failure {
    let message =
        format!("there is no state at `{}`: nothing was applied from here", backend.place().display());
    Failure::message(message).help(
        "drift compares the cluster with what was applied last: run `regplan apply` first, or name the folder of its \
         state with `--state`",
    )
}

fn cluster(settings: ClusterSettings, args: &DriftArgs) -> Result<ClusterSettings, Failure> {
    if args.in_cluster && (settings.context.is_some() || settings.kubeconfig.is_some()) {
        let message = "`--in-cluster` contradicts the configuration, which means a context of a kubeconfig";
        return Err(Failure::message(message)
            .help("leave `--in-cluster` out, or name the state alone with `--state` and no `-f`"));
    }
    let in_cluster = settings.in_cluster || args.in_cluster;
    Ok(ClusterSettings { in_cluster, ..settings })
}

/// Prints what was found, or puts it into the file; then the summary still is said.
fn publish(drift: &Drift, args: &DriftArgs, output: Output) -> Result<(), Failure> {
    let text = match args.format {
        DriftFormat::Text if args.output.is_none() => {
            return Ok(output.data(&report::drift_text(drift, Output::width()))?);
        }
        DriftFormat::Text => report::drift_text(drift, Output::width()).to_string(),
        DriftFormat::Json => format!("{:#}\n", report::drift_json(drift)),
        DriftFormat::Markdown => report::drift_markdown(drift, args.markdown_limit),
        DriftFormat::Prometheus => report::drift_prometheus(drift),
    };
    let Some(path) = &args.output else { return Ok(Output::raw_data(&text)?) };
    Output::replace_file(path, &text).map_err(|error| {
        Failure::message(format!("`{}` cannot be written: {error}", path.display())).help(
            "its folder must be there, and writable: the file is made anew beside the old one, then renamed",
        )
    })?;
    Ok(output.note(&report::drift_summary(drift))?)
}
