//! `regplan verify`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::{Global, VerifyArgs, VerifyFormat};
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt;
use super::output::Output;
use super::project;
use super::wording::note;
use crate::engine::{Login, Reached, Settings, VerifyEvent, VerifyOptions};
use crate::report;
use crate::verify::{Verdict, Verification, shown};

pub(super) async fn run(global: &Global, args: &VerifyArgs, output: Output) -> Result<Exit, Failure> {
    let options = options(args)?;
    let project = project::load(global, Settings::from(global), output).await?;
    let Reached { workspace, unreached } = project.reach().await?;
    if let Some(problem) = unreached {
        output.message(&note(format!("{}; checks that take one are not done", problem.message)))?;
    }
    let signals = interrupt::listen(output);
    let progress = Progress::new(args, output);
    let all = workspace.verify(&options, &|event| progress.show(event), signals.stop()).await;
    progress.finish();
    let all = all?;
    Failure::unless_closed(publish(&all, args, output))?;
    Ok(match Verdict::of(&all) {
        Verdict::Passed => Exit::Done,
        Verdict::Failed => Exit::Drift,
        Verdict::Unknown => Exit::Unobserved,
    })
}

fn options(args: &VerifyArgs) -> Result<VerifyOptions, Failure> {
    let authorities: Vec<Vec<u8>> = args.ca_file.iter().map(authorities).collect::<Result<_, _>>()?;
    let login = match (&args.user, &args.password_env) {
        (Some(user), Some(variable)) => Some(Login { user: user.clone(), password: password(variable)? }),
        _ => None,
    };
    Ok(VerifyOptions {
        block: args.block.clone(),
        only: args.only.clone(),
        in_cluster: args.in_cluster,
        timeout: args.timeout,
        resolved: args.resolve.clone(),
        authorities,
        login,
        largest_body: args.largest_body,
    })
}

fn authorities(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    let pem = std::fs::read(path)
        .map_err(|error| Failure::caused(format!("`{}` cannot be read", path.display()), error))?;
    if !String::from_utf8_lossy(&pem).contains("BEGIN CERTIFICATE") {
        return Err(no_certificate(path));
    }
    Ok(pem)
}

fn no_certificate(path: &Path) -> Failure {
    Failure::message(format!("`{}` has no certificate in PEM", path.display())).help(
        "name a file with the certificate of the authority: it begins with `-----BEGIN CERTIFICATE-----`",
    )
}

fn password(variable: &str) -> Result<String, Failure> {
    std::env::var(variable).ok().filter(|password| !password.is_empty()).ok_or_else(|| {
        Failure::message(format!("the environment variable {variable} has no password"))
            .help(format!("set it for this command alone: `{variable}=… regplan verify`"))
    })
}

fn publish(all: &[Verification], args: &VerifyArgs, output: Output) -> Result<(), Failure> {
    match args.format {
        VerifyFormat::Text => Ok(output.data(&report::verify_summary(all))?),
        VerifyFormat::Json => Ok(Output::json(&format!("{:#}\n", report::verify_json(all)))?),
        VerifyFormat::Junit => {
            let text = report::verify_junit(all)
                .map_err(|error| Failure::caused("the result cannot be written as XML", error))?;
            Ok(Output::raw_data(&text)?)
        }
    }
}

/// Shows what goes on: each check as it ends, and on a terminal the one that is under way.
struct Progress {
    format: VerifyFormat,
    output: Output,
    bar: Option<Mutex<ProgressBar>>,
}

impl Progress {
    fn new(args: &VerifyArgs, output: Output) -> Self {
        let bar = output.is_watched().then(|| {
            let style = ProgressStyle::with_template("  {spinner} {msg} {elapsed:.dim}");
            let bar = ProgressBar::new_spinner();
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(120));
            Mutex::new(bar)
        });
        Self { format: args.format, output, bar }
    }

    /// That something cannot be shown is no reason to stop.
    fn show(&self, event: VerifyEvent<'_>) {
        let text = match event {
            VerifyEvent::Began(check) => return self.tell(check.name().to_owned()),
            VerifyEvent::Progress(check, bytes) => {
                return self.tell(format!("{}: {}", check.name(), shown(bytes)));
            }
            VerifyEvent::Block(block, url) => report::verify_head(block, url),
            VerifyEvent::Finished(finding) => report::verify_line(finding, Output::width()),
        };
        if self.format == VerifyFormat::Text {
            self.beside(|| drop(self.output.data(&text)));
        }
    }

    fn tell(&self, message: String) {
        if let Some(bar) = self.bar.as_ref().and_then(|bar| bar.lock().ok()) {
            bar.set_message(message);
        }
    }

    /// Prints something while the spinner is away.
    fn beside(&self, print: impl FnOnce()) {
        match self.bar.as_ref().and_then(|bar| bar.lock().ok()) {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn finish(&self) {
        if let Some(bar) = self.bar.as_ref().and_then(|bar| bar.lock().ok()) {
            bar.finish_and_clear();
        }
    }
}
