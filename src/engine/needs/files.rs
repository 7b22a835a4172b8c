//! Finds the files that a path, a folder or a pattern names, and reads them.

mod routes;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use futures::future::try_join_all;

use self::routes::{Route, Step, is_pattern, routes};
use super::background::in_background;
use crate::blocks::{Fact, FilePattern, ManifestFile};

/// The extensions of the files of a folder that are read.
const EXTENSIONS: &[&str] = &["yaml", "yml", "json"];
/// The largest size of a file in bytes. A larger one is a mistake, such as a disk image that a pattern
/// matches.
const LARGEST: u64 = 64 << 20;
/// How many files a pattern may match.
const MOST: usize = 10_000;

/// The files that a pattern names: one file, those of a folder, or those that fit, in the order of their paths. What it
/// names and cannot be looked at is an error: to leave it out would mean that its objects are not wanted any more.
///
/// # Errors
/// The reason why they cannot be found, in words.
pub(super) fn paths(pattern: &FilePattern) -> Result<Vec<PathBuf>, String> {
    let path = pattern.path();
    if !is_pattern(&pattern.text) || path.symlink_metadata().is_ok() {
        return named(&path);
    }
    let mut found = BTreeSet::new();
    for route in routes(pattern)? {
        if route.steps.is_empty() {
            found.extend(named(&route.start)?);
        } else {
            found.extend(follow(&route)?);
        }
    }
    if found.is_empty() {
        Err(format!("{pattern}: no file matches"))
    } else {
        Ok(found.into_iter().collect())
    }
}

/// The files of a path: itself, or those of the folder that it is.
fn named(path: &Path) -> Result<Vec<PathBuf>, String> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => in_folder(path),
        Ok(_) => Ok(vec![path.to_path_buf()]),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// Reads these files and parses them, several at once, because this is the slowest part of loading a
/// configuration.
pub(super) async fn manifests(pattern: FilePattern) -> Fact {
    let paths = match in_background(move || paths(&pattern)).await {
        Ok(paths) => paths,
        Err(reason) => return Fact::Failed(reason),
    };
    let parsing = paths.into_iter().map(|path| {
        in_background(move || {
            let bytes = read_bytes(&path)?;
            Ok(ManifestFile::parse(path, &bytes))
        })
    });
    let parsed: Result<Vec<ManifestFile>, String> = try_join_all(parsing).await;
    parsed.map_or_else(Fact::Failed, |files| Fact::Manifests(files.into()))
}

/// Reads a file as it is.
pub(super) async fn whole_text(path: PathBuf) -> Fact {
    let read = move || text(&path, LARGEST).map_err(|reason| format!("{}: {reason}", path.display()));
    in_background(read).await.map_or_else(Fact::Failed, |text| Fact::File(text.into()))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    bytes(path, LARGEST).map_err(|reason| format!("{}: {reason}", path.display()))
}

/// The text of a file, or why it cannot be read.
pub(super) fn text(path: &Path, largest: u64) -> Result<String, String> {
    String::from_utf8(bytes(path, largest)?).map_err(|_| "it is not UTF-8".to_owned())
}

fn bytes(path: &Path, largest: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    // The size is not asked for first: a device reports the size 0, and can be read without end.
    let read = fs::File::open(path).and_then(|file| file.take(largest + 1).read_to_end(&mut bytes));
    if read.map_err(|error| reason(path, &error))? as u64 > largest {
        return Err(format!("it is larger than {} MiB", largest >> 20));
    }
    Ok(bytes)
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut paths = Vec::new();
    for path in entries(folder)? {
        if is_hidden(&path) || !has_known_extension(&path) {
            continue;
        }
        match sort(&path)? {
            Sort::File => paths.push(path),
            Sort::Folder => {}
            Sort::Other => return Err(not_a_file(&path)),
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{}: there is no .yaml, .yml or .json file in it", folder.display()));
    }
    Ok(paths)
}

fn has_known_extension(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// What an entry of a folder is.
enum Sort {
    File,
    Folder,
    /// A device, a pipe, a socket: it may never end.
    Other,
}

/// What an entry of a folder is; of a link, what it leads to. An error where nobody can say.
fn sort(path: &Path) -> Result<Sort, String> {
    let there = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    Ok(match (there.is_dir(), there.is_file()) {
        (true, _) => Sort::Folder,
        (_, true) => Sort::File,
        _ => Sort::Other,
    })
}

fn not_a_file(path: &Path) -> String {
    format!("{}: it is neither a file nor a folder", path.display())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let fail = |error: io::Error| unreadable(folder, &error);
    let entries = fs::read_dir(folder).map_err(fail)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(fail)).collect()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// The files that a route leads to. Links to folders are followed where the route names folders one by one; any depth
/// does not follow them, since a link to a folder above would lead back for ever.
fn follow(route: &Route) -> Result<BTreeSet<PathBuf>, String> {
    let mut found = BTreeSet::new();
    let mut open = vec![(route.start.clone(), route.steps.as_slice())];
    while let Some((folder, steps)) = open.pop() {
        let Some((step, further)) = steps.split_first() else { continue };
        let reached = match step {
            Step::AnyDepth => {
                open.push((folder.clone(), further));
                let below = folders_below(&folder)?;
                open.extend(below.into_iter().map(|below| (below, steps)));
                continue;
            }
            Step::Named(name) => present(folder.join(name))?,
            Step::Fitting(glob) => {
                let fits = |path: &PathBuf| path.file_name().is_some_and(|name| glob.is_match(name));
                let is_passed = |path: &PathBuf| further.is_empty() || !is_hidden(path);
                entries(&folder)?.into_iter().filter(|path| fits(path) && is_passed(path)).collect()
            }
        };
        for path in reached {
            match sort(&path)? {
                Sort::Folder => open.push((path, further)),
                Sort::File if further.is_empty() => drop(found.insert(path)),
                Sort::Other if further.is_empty() => return Err(not_a_file(&path)),
                Sort::File | Sort::Other => {}
            }
        }
        if found.len() > MOST {
            return Err(format!("{}: more than {MOST} files match below it", route.start.display()));
        }
    }
    Ok(found)
}

/// The path, if there is something. A read that fails is not taken for absence.
fn present(path: PathBuf) -> Result<Vec<PathBuf>, String> {
    match path.symlink_metadata() {
        Ok(_) => Ok(vec![path]),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unreadable(&path, &error)),
    }
}

/// The folders in a folder, without links and hidden ones.
fn folders_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut folders = Vec::new();
    for path in entries(folder)? {
        let there = path.symlink_metadata().map_err(|error| unreadable(&path, &error))?;
        if there.is_dir() && !is_hidden(&path) {
            folders.push(path);
        }
    }
    Ok(folders)
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("{}: {}", path.display(), reason(path, error))
}

/// Why a file cannot be read, without the operating system's numbers.
fn reason(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => match fs::read_link(path) {
            Ok(target) => format!("it is a link to {}, which is not there", target.display()),
            Err(_) => "there is no such file".to_owned(),
        },
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_owned()
        }
    }
}
