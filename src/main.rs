//! The thin binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    regplan::cli::main(std::env::args_os())
}
