//! The thin binary: everything is in the library.

use std::process::ExitCode;

/// A plan is made of many small texts and maps; with the system's allocator it takes a quarter longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    regplan::cli::main(std::env::args_os())
}
