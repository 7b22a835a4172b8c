//! The command line: arguments in, text and an exit code out. One file per command, and what the
//! commands share: settings from flags, output, progress, questions, the wording of errors.

mod apply;
mod applying;
mod args;
mod carry_out;
mod completions;
mod confirm;
mod destination;
mod destroy;
mod diagnostics;
mod drift;
mod exit;
mod failure;
mod foreign_words;
mod graph;
mod history;
mod host;
mod import;
mod init;
mod interrupt;
mod newest_state;
mod output;
mod outputs;
mod plan;
mod plan_file;
mod progress;
mod project;
mod render;
mod rollback;
mod rotate;
mod schema;
mod settings;
mod show;
mod state;
mod undoing;
mod unlock;
mod validate;
mod verbose;
mod verify;
mod wording;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

use args::{Cli, Command, When};
use exit::Exit;
use failure::Failure;
use output::Output;
use verbose::Verbose;

use crate::state::locks_released;

/// Runs the program with these arguments, the first of which is its name.
///
/// The exit codes are: 0 done; 1 an error (also of usage); 2 changes, with `--detailed-exitcode`, drift, or a check of
/// `verify` that failed; 3 where `drift` could not read everything, and what it read is in sync, or `verify` could not do
/// every check, and none failed.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(word) = foreign_words::one_dash(&args) {
        return exit::foreign_word(&word);
    }
    let cli = match Cli::try_parse_from(&args).and_then(Cli::consistent) {
        Ok(cli) => cli,
        Err(error) => {
            let word = foreign_words::refused(&error);
            return exit::usage(error, word.as_ref(), When::told(&args));
        }
    };
    let output = Output::new(&cli.global);
    let verbose = Verbose::begin(cli.global.verbose);
    let result = run(cli, output);
    // What was said before the end stands before it.
    drop(verbose);
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => failure::print(&failure, output),
    }
}

fn run(cli: Cli, output: Output) -> Result<Exit, Failure> {
    let Cli { global, command } = cli;
    match command {
        Command::Init(args) => init::run(&args, output),
        Command::Schema => schema::run(),
        Command::Completions(args) => completions::run(&args),
        Command::Validate => asynchronously(validate::run(&global, output)),
        Command::Render(args) => asynchronously(render::run(&global, &args, output)),
        Command::Unlock(args) => asynchronously(unlock::run(&global, &args, output)),
        Command::Graph(args) => asynchronously(graph::run(&global, &args, output)),
        Command::State(command) => asynchronously(state::run(&global, command, output)),
        Command::Plan(args) => asynchronously(plan::run(&global, &args, output)),
        Command::Apply(args) => asynchronously(apply::run(&global, &args, output)),
        Command::Show(args) => asynchronously(show::run(&global, &args, output)),
        Command::Destroy(args) => asynchronously(destroy::run(&global, &args, output)),
        Command::History(args) => asynchronously(history::run(&global, &args, output)),
        Command::Rotate(args) => asynchronously(rotate::run(&global, &args, output)),
        Command::Rollback(args) => asynchronously(rollback::run(&global, &args, output)),
        Command::Import(args) => asynchronously(import::run(&global, &args, output)),
        Command::Output(args) => asynchronously(outputs::run(&global, &args, output)),
        Command::Drift(args) => asynchronously(drift::run(&global, &args, output)),
        Command::Verify(args) => asynchronously(verify::run(&global, &args, output)),
    }
}

/// The stack of each thread, of which only what is used takes memory. The usual 2 MB are too little for the reader of
/// YAML where a file is nested [as deeply as it may be](crate::resource::DEEPEST_SENT).
const STACK: usize = 32 << 20;

/// The threads for what goes on beside the command: connections, signals, the lock. The command itself has the main thread,
/// and what takes long has threads of its own. More of them do no more work: they wake one another for each answer, and
/// that takes time from the server where it shares the machine.
const BESIDE: usize = 1;

/// How long the end of the program waits for the release of a lock. One that is not released runs out.
const RELEASE_LIMIT: Duration = Duration::from_secs(5);

fn asynchronously(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(BESIDE)
        .thread_stack_size(STACK)
        .enable_all()
        .build()
        .map_err(|error| Failure::caused("the runtime does not start", error))?;
    let result = runtime.block_on(async {
        let result = command.await;
        locks_released(RELEASE_LIMIT).await;
        result
    });
    // A name look-up that hangs must not keep the program alive when its work is done.
    runtime.shutdown_background();
    result
}
