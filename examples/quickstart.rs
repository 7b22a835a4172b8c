//! A registry's whole life in a minute: plan, apply, nothing to change, drift, repair, destroy.
//!
//! ```text
//! cargo run --release --example quickstart                       on a control plane of its own
//! cargo run --release --example quickstart -- --context NAME     on a cluster that is already there
//! cargo run --release --example quickstart -- --only-cluster     the control plane alone, to try things on
//! ```
//!
//! It prints each command, runs it, and shows its output. Without a cluster it starts the real Kubernetes
//! programs that the tests use too (built once, from source). All of them end with it, also after Ctrl-C.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "a program that shows something")]

#[path = "../tests/control-plane/plane/mod.rs"]
#[allow(dead_code, reason = "shared with the tests, which use other parts of it")]
mod plane;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use clap::Parser;

use plane::{Error, Nodes, Plane, parent_death};

/// Shows the whole life of the registry in `examples/registry`.
#[derive(Debug, Parser)]
struct Options {
    /// Use the cluster of this kubeconfig context instead of starting a control plane
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Use the cluster of this kubeconfig instead of starting a control plane
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Only start a control plane, say how to reach it, and keep it until Ctrl-C
    #[arg(long, conflicts_with_all = ["context", "kubeconfig"])]
    only_cluster: bool,
}

fn main() -> ExitCode {
    plane::child_main().unwrap_or_else(|| match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nquickstart: {error}");
            ExitCode::FAILURE
        }
    })
}

fn run(options: &Options) -> Result<(), Error> {
    if options.only_cluster {
        keep(&bring_up()?);
    }
    say("Build regplan in release mode.");
    let regplan = build_regplan()?;
    if options.context.is_some() || options.kubeconfig.is_some() {
        return on_a_cluster_that_is_there(options, regplan);
    }
    let plane = bring_up()?;
    let facts = plane.facts();
    let stage = Stage {
        // In the plane's folder, which goes with the plane, however this program ends.
        folder: facts.folder.join("quickstart"),
        regplan,
        kubectl: facts.program("kubectl"),
        kubeconfig: Some(facts.kubeconfig.clone()),
        context: None,
    };
    stage.play()
}

fn bring_up() -> Result<Plane, Error> {
    say("Bring up a Kubernetes control plane of our own, on loopback.");
    let programs = plane::build(&["--plane"])?;
    let started = Instant::now();
    let plane = Plane::start(&programs, Nodes::Simulated)?;
    println!("etcd, API server, controllers, scheduler: up after {:.1} s", started.elapsed().as_secs_f64());
    Ok(plane)
}

/// Keeps the plane until this program is stopped. The plane ends with it.
fn keep(plane: &Plane) -> ! {
    let facts = plane.facts();
    say("In another terminal, until Ctrl-C here:");
    println!("export KUBECONFIG={}", facts.kubeconfig.display());
    println!("alias kubectl={}", facts.program("kubectl").display());
    loop {
        std::thread::park();
    }
}

fn on_a_cluster_that_is_there(options: &Options, regplan: PathBuf) -> Result<(), Error> {
    let folder = tempfile::Builder::new().prefix("regplan-quickstart-").tempdir()?;
    let stage = Stage {
        folder: folder.path().join("registry"),
        regplan,
        kubectl: "kubectl".into(),
        kubeconfig: options.kubeconfig.as_ref().map(fs::canonicalize).transpose()?,
        context: options.context.clone(),
    };
    stage.play().map_err(|error| {
        // The objects in the cluster can only be destroyed with this state.
        format!("{error}\nThe configuration and its state are kept in {}", folder.keep().display()).into()
    })
}

/// Builds the binary with the cargo that runs this example, and returns its path.
fn build_regplan() -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // The example is built along, because without it the dependencies have fewer features, and all of them would
    // be built once more.
    let what = ["build", "--release", "--bin", "regplan", "--example", "quickstart"];
    println!("$ cargo {}", what.join(" "));
    let mut command = parent_death::command(cargo);
    // With the variables that `cargo run` has set for this program, build scripts would run again.
    let names = std::env::vars_os().map(|(name, _)| name);
    let is_of_this_program =
        |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for name in names.filter(|name| name.to_str().is_some_and(is_of_this_program)) {
        command.env_remove(name);
    }
    let status = command
        .args(what)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()?;
    if !status.status.success() {
        return Err("regplan does not build; cargo's messages are above".into());
    }
    executable(&String::from_utf8(status.stdout)?).ok_or_else(|| "cargo does not say where regplan is".into())
}

/// The path of the binary in cargo's messages (one JSON object per line). The target folder may be anywhere.
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut programs = messages.filter(|message| message["target"]["name"] == "regplan");
    programs.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// The cluster that the commands use, and the folder that they run in.
struct Stage {
    folder: PathBuf,
    regplan: PathBuf,
    kubectl: PathBuf,
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
}

impl Stage {
    fn play(&self) -> Result<(), Error> {
        let started = Instant::now();
        self.set()?;
        self.make()?;
        self.drift()?;
        self.take_away()?;
        say(&format!("That was all, in {:.0} s.", started.elapsed().as_secs_f64()));
        Ok(())
    }

    /// Copies the example to a folder of its own.
    fn set(&self) -> Result<(), Error> {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/registry/regplan.toml");
        fs::create_dir_all(&self.folder)?;
        fs::copy(example, self.folder.join("regplan.toml"))?;
        Ok(())
    }

    fn make(&self) -> Result<(), Error> {
        say("What would have to be made? Exit code 2: there are changes.");
        self.regplan(&["plan", "--detailed-exitcode"], 2)?;
        say("Make it, in dependency order, and wait until it is ready.");
        self.regplan(&["apply", "--auto-approve"], 0)?;
        say("And now? Exit code 0: there is nothing to change.");
        self.regplan(&["plan", "--detailed-exitcode"], 0)
    }

    fn drift(&self) -> Result<(), Error> {
        say("Somebody else changes two things by hand.");
        self.kubectl(&["--namespace", "registry", "scale", "deployment/registry", "--replicas=0"])?;
        self.kubectl(&[
            "--namespace",
            "registry",
            "set",
            "image",
            "deployment/registry",
            "registry=registry:2",
        ])?;
        say("The plan shows exactly these two.");
        self.regplan(&["plan", "--detailed-exitcode"], 2)?;
        say("Put them right.");
        self.regplan(&["apply", "--auto-approve"], 0)
    }

    fn take_away(&self) -> Result<(), Error> {
        say("Take it all away, in reverse order; the volume claim is protected, and stays.");
        self.regplan(&["destroy", "--auto-approve"], 0)?;
        self.kubectl(&[
            "--namespace",
            "registry",
            "get",
            "all,configmaps,secrets,ingresses,persistentvolumeclaims",
        ])
    }

    /// Runs regplan. It has to end with this code.
    fn regplan(&self, args: &[&str], code: i32) -> Result<(), Error> {
        self.show("regplan", &self.regplan, args, code)
    }

    fn kubectl(&self, args: &[&str]) -> Result<(), Error> {
        self.show("kubectl", &self.kubectl, args, 0)
    }

    /// Prints the command as a user types it, and runs it with the terminal's standard output.
    fn show(&self, name: &str, program: &Path, args: &[&str], code: i32) -> Result<(), Error> {
        let context = self.context.iter().flat_map(|context| ["--context", context.as_str()]);
        let args: Vec<&str> = args.iter().copied().chain(context).collect();
        let typed = format!("{name} {}", args.join(" "));
        println!("$ {typed}");
        let status = self.command(program).args(&args).status()?;
        if status.code() == Some(code) {
            return Ok(());
        }
        Err(format!("`{typed}` should have ended with {code}, and ended with {status}").into())
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = parent_death::command(program);
        command.current_dir(&self.folder).env("CI_PASSWORD", "only for this example").stdin(Stdio::null());
        if let Some(kubeconfig) = &self.kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        command
    }
}

/// Prints what comes next, in a sentence.
fn say(sentence: &str) {
    println!("\n# {sentence}");
}
