//! What the configuration is read from: files and folders, `--var`, `--var-file`, the environment.

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::codes;
use super::presence::is_absent;
use crate::diagnostic::{Diagnostic, Source, SourceId, Sources};

/// The name of the configuration's file where none is named.
pub const DEFAULT_FILE: &str = "regplan.toml";

/// How many bytes a file may have. A larger one is a mistake, such as a disk image, or a device that never ends.
const LARGEST: usize = 8 << 20;

/// Where the configuration is read from.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// Files and folders (`-f`); later ones win. Without any, `regplan.toml` in `base` is read.
    pub files: &'a [PathBuf],
    /// `--var NAME=VALUE`, as they were written.
    pub vars: &'a [String],
    /// `--var-file`, later ones win.
    pub var_files: &'a [PathBuf],
    /// Looks up a variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The folder that relative paths of the command line start from.
    pub base: &'a Path,
    /// Whether a sensitive variable may be without a value (`validate`, `render`, a plan for a pull
    /// request from a fork): it is then missing in [`Config::sensitive_variables`](super::Config).
    pub sensitive_may_be_unset: bool,
}

impl fmt::Debug for Inputs<'_> {
    /// Shows no variables: they may be secrets, and what is shown may end in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("files", &self.files)
            .field("var_files", &self.var_files)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// One `-f`: a file, or the files of a folder.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) files: Vec<SourceId>,
}

/// The files as they were read.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) sources: Sources,
}

impl Files {
    /// Reads every file that the inputs name; what cannot be read is pushed.
    pub(super) fn read_layers(&mut self, inputs: &Inputs<'_>, mistakes: &mut Vec<Diagnostic>) -> Vec<Layer> {
        if inputs.files.is_empty() {
            let name = Path::new(DEFAULT_FILE);
            if is_absent(&inputs.base.join(name)) {
                mistakes.push(
                    Diagnostic::error(
                        codes::NO_CONFIGURATION,
                        format!("there is no `{DEFAULT_FILE}` in {}", inputs.base.display()),
                    )
                    .help("write one with `regplan init`, or name another with `-f FILE`"),
                );
                return Vec::new();
            }
            return vec![self.layer(inputs.base, name, mistakes)];
        }
        inputs.files.iter().map(|path| self.layer(inputs.base, path, mistakes)).collect()
    }

    fn layer(&mut self, base: &Path, path: &Path, mistakes: &mut Vec<Diagnostic>) -> Layer {
        let absolute = base.join(path);
        if !absolute.is_dir() {
            return Layer { files: self.read(base, path, mistakes).into_iter().collect() };
        }
        let names = match toml_files(&absolute) {
            Ok(names) => names,
            Err(error) => {
                mistakes.push(unreadable(path, Purpose::Configuration, &error));
                return Layer::default();
            }
        };
        if names.is_empty() {
            mistakes.push(
                Diagnostic::error(
                    codes::NO_CONFIGURATION,
                    format!("the folder {} has no `*.toml` file", path.display()),
                )
                .help("write one with `regplan init`, or name another folder"),
            );
        }
        let files = names.iter().filter_map(|name| self.read(base, &path.join(name), mistakes)).collect();
        Layer { files }
    }

    /// Reads one file; `None` where that fails, with the reason pushed.
    pub(super) fn read(
        &mut self,
        base: &Path,
        path: &Path,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<SourceId> {
        Some(self.sources.push(source(base, path, Purpose::Configuration, mistakes)?))
    }

    /// The same for a file that gives values to variables. No line of it is drawn: it may hold secrets, also under a
    /// name that is misspelt.
    pub(super) fn read_values(
        &mut self,
        base: &Path,
        path: &Path,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<SourceId> {
        Some(self.sources.push(source(base, path, Purpose::Values, mistakes)?.all_hidden()))
    }
}

/// What a file is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// It is a part of the configuration.
    Configuration,
    /// It gives values to variables.
    Values,
}

impl Purpose {
    /// What to do where there is no such file.
    fn instead(self) -> &'static str {
        match self {
            Self::Configuration => "name one that is there, or write one with `regplan init`",
            Self::Values => {
                "name one that is there with `--var-file`; it has a line `NAME = VALUE` for each variable"
            }
        }
    }

    /// What a file for this is, where it is too large to be one.
    fn meant(self) -> &'static str {
        match self {
            Self::Configuration => {
                "name a configuration; objects of Kubernetes go into files for `[manifest.NAME]`"
            }
            Self::Values => "name a file that has a line `NAME = VALUE` for each variable, and nothing else",
        }
    }
}

/// One file; `None` where it cannot be read, with the reason pushed.
fn source(base: &Path, path: &Path, purpose: Purpose, mistakes: &mut Vec<Diagnostic>) -> Option<Source> {
    let text = text(base, path, purpose, mistakes)?;
    let folder = base.join(path).parent().map(Path::to_path_buf).unwrap_or_default();
    Some(Source { path: path.to_path_buf(), folder, text: text.into(), hidden: Vec::new() })
}

/// The text of a file; `None` where it cannot be read, with the reason pushed.
fn text(base: &Path, path: &Path, purpose: Purpose, mistakes: &mut Vec<Diagnostic>) -> Option<String> {
    let bytes = match limited(&base.join(path)) {
        Ok(bytes) if bytes.len() > LARGEST => {
            mistakes.push(
                Diagnostic::error(
                    codes::TOO_LARGE,
                    format!("{} is larger than {} MiB", path.display(), LARGEST >> 20),
                )
                .help(purpose.meant()),
            );
            return None;
        }
        Ok(bytes) => bytes,
        Err(error) => {
            mistakes.push(unreadable(path, purpose, &error));
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.split(|byte| *byte == b'\n').count();
            mistakes.push(
                Diagnostic::error(
                    codes::NOT_UTF8,
                    format!("{} is not UTF-8: the first wrong byte is in line {line}", path.display()),
                )
                .help("save the file as UTF-8, as TOML demands"),
            );
            None
        }
    }
}

/// The bytes of a file, or one byte more than it may have, so that a larger file is noticed.
fn limited(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The names of a folder's `*.toml` files, sorted; hidden ones are left out.
fn toml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if is_read_in_folder(Path::new(name)) && !path.is_dir() {
            names.push(PathBuf::from(name));
        }
    }
    names.sort();
    Ok(names)
}

/// Whether a file of this name is read where its folder is named.
pub fn is_read_in_folder(path: &Path) -> bool {
    let is_hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    !is_hidden && path.extension().is_some_and(|extension| extension == "toml")
}

fn unreadable(path: &Path, purpose: Purpose, error: &io::Error) -> Diagnostic {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            let what = match purpose {
                Purpose::Configuration => "file or folder",
                Purpose::Values => "file",
            };
            Diagnostic::error(codes::MISSING_FILE, format!("there is no {what} {path}"))
                .help(purpose.instead())
        }
        io::ErrorKind::PermissionDenied => {
            Diagnostic::error(codes::UNREADABLE_FILE, format!("{path} may not be read"))
                .help("check its rights, and those of the folders that it lies in")
        }
        io::ErrorKind::IsADirectory => {
            Diagnostic::error(codes::UNREADABLE_FILE, format!("{path} is a folder")).help("name a file in it")
        }
        _ => Diagnostic::error(codes::UNREADABLE_FILE, format!("{path} cannot be read: {error}"))
            .help("check the file, and the disk that it lies on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(base: &Path, files: &[PathBuf]) -> (Files, Vec<Layer>, Vec<Diagnostic>) {
        let inputs =
            Inputs { files, vars: &[], var_files: &[], env: &|_| None, base, sensitive_may_be_unset: false };
        let (mut read, mut mistakes) = (Files::default(), Vec::new());
        let layers = read.read_layers(&inputs, &mut mistakes);
        (read, layers, mistakes)
    }

    #[test]
    fn without_a_file_init_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (_, _, mistakes) = read(folder.path(), &[]);
        assert_eq!(mistakes[0].code, codes::NO_CONFIGURATION);
        assert!(mistakes[0].help.as_ref().unwrap().contains("regplan init"));
    }

    #[test]
    fn a_folder_is_its_toml_files_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.toml", "a.toml", "c.txt", ".d.toml"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let (files, layers, mistakes) = read(folder.path(), &[PathBuf::from(".")]);
        assert_eq!(mistakes, []);
        let names: Vec<_> = layers[0]
            .files
            .iter()
            .map(|id| files.sources.get(*id).unwrap().path.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["a.toml", "b.toml"]);
    }

    #[test]
    fn each_file_that_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.toml"), b"a = 1\nb = \"\xff\"").unwrap();
        fs::create_dir(folder.path().join("empty")).unwrap();
        let (_, _, mistakes) = read(folder.path(), &["no.toml".into(), "x.toml".into(), "empty".into()]);
        let codes: Vec<_> = mistakes.iter().map(|mistake| mistake.code).collect();
        assert_eq!(codes, [codes::MISSING_FILE, codes::NOT_UTF8, codes::NO_CONFIGURATION]);
        assert!(mistakes[1].message.contains("line 2"));
    }

    #[test]
    fn a_file_of_values_that_is_not_there_is_no_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, mut mistakes) = (Files::default(), Vec::new());
        assert!(files.read_values(folder.path(), Path::new("no.toml"), &mut mistakes).is_none());
        let help = mistakes[0].help.as_deref().unwrap();
        assert!(help.contains("`--var-file`") && !help.contains("regplan init"), "{help}");
    }
}
