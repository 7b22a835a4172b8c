//! `regplan init [PATH]`.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use super::args::InitArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::config;
use crate::report::{Label, Styled};

pub(super) fn run(args: &InitArgs, output: Output) -> Result<Exit, Failure> {
    let path = args.path.display();
    // An existing configuration is never overwritten.
    let opened = OpenOptions::new().write(true).create_new(true).open(&args.path);
    let mut file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::message(format!("{path} exists already, and is never overwritten"))
                .help("name another file: `regplan init other.toml`")
        }
        _ => Failure::caused(format!("{path} cannot be written"), error),
    })?;
    file.write_all(config::starter(&project_name()).as_bytes())
        .map_err(|error| Failure::caused(format!("{path} cannot be written"), error))?;
    let mut text = Styled::default();
    let file =
        if args.path == Path::new(config::DEFAULT_FILE) { String::new() } else { format!(" --file {path}") };
    text.line(Label::Plain, format!("Wrote {path}. Edit it, then see what it would do: regplan plan{file}"));
    output.note(&text)?;
    Ok(Exit::Done)
}

/// The name of the current folder, if it can be a project's name; otherwise `registry`.
fn project_name() -> String {
    let folder = std::env::current_dir().ok();
    let name = folder.as_ref().and_then(|folder| folder.file_name()?.to_str()).unwrap_or_default();
    let letters = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect::<String>();
    let name: String = letters.trim_matches('-').chars().take(40).collect();
    let name = name.trim_end_matches('-');
    if name.is_empty() { "registry".to_owned() } else { name.to_owned() }
}
