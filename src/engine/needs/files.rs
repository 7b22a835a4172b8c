//! Reads the files that a path, a folder or a pattern names.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use futures::future::try_join_all;
use globset::GlobBuilder;

use crate::blocks::{Fact, FileSet, ManifestFile};

/// The extensions of the files of a folder that are read.
const EXTENSIONS: &[&str] = &["yaml", "yml", "json"];
/// The largest size of a file in bytes. A larger one is a mistake, such as a disk image that a pattern
/// matches.
const LARGEST: u64 = 64 << 20;
/// How many files a pattern may match.
const MOST: usize = 10_000;

/// Reads a file, the files of a folder, or those that match a pattern, in the order of their paths.
///
/// # Errors
/// The reason why a path cannot be read, in words.
pub(super) fn read(path: &Path) -> Result<FileSet, String> {
    let paths = match fs::metadata(path) {
        Ok(there) if there.is_dir() => in_folder(path)?,
        Ok(_) => vec![path.to_path_buf()],
        Err(_) if is_pattern(path) => matching(path)?,
        Err(error) => return Err(format!("{}: {}", path.display(), reason(&error))),
    };
    paths.into_iter().map(read_one).collect()
}

/// Reads these files and parses them, several at once, because this is the slowest part of loading a
/// configuration.
pub(super) async fn manifests(path: PathBuf) -> Fact {
    let files = match in_background(move || read(&path)).await {
        Ok(files) => files,
        Err(reason) => return Fact::Failed(reason),
    };
    let parsing =
        files.into_iter().map(|(path, text)| in_background(move || Ok(ManifestFile::parse(path, &text))));
    let parsed: Result<Vec<ManifestFile>, String> = try_join_all(parsing).await;
    parsed.map_or_else(Fact::Failed, |files| Fact::Manifests(files.into()))
}

/// Reads these files as they are.
pub(super) async fn texts(path: PathBuf) -> Fact {
    in_background(move || read(&path)).await.map_or_else(Fact::Failed, Fact::Files)
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(format!("the files could not be read: {error}")))
}

fn read_one(path: PathBuf) -> Result<(PathBuf, Arc<str>), String> {
    match text(&path, LARGEST) {
        Ok(text) => Ok((path, Arc::from(text))),
        Err(reason) => Err(format!("{}: {reason}", path.display())),
    }
}

/// The text of a file, or why it cannot be read.
pub(super) fn text(path: &Path, largest: u64) -> Result<String, String> {
    let mut bytes = Vec::new();
    // The size is not asked for first: a device reports the size 0, and can be read without end.
    let read = fs::File::open(path).and_then(|file| file.take(largest + 1).read_to_end(&mut bytes));
    if read.map_err(|error| reason(&error))? as u64 > largest {
        return Err(format!("it is larger than {} MiB", largest >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut paths: Vec<PathBuf> = entries(folder)?
        .into_iter()
        .filter(|path| path.is_file() && !is_hidden(path))
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension
                .is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
        })
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{}: there is no .yaml, .yml or .json file in it", folder.display()));
    }
    Ok(paths)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let fail = |error: io::Error| format!("{}: {}", folder.display(), reason(&error));
    let entries = fs::read_dir(folder).map_err(fail)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(fail)).collect()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[', '{'])
}

fn matching(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let text = pattern.to_string_lossy();
    let glob = GlobBuilder::new(&text)
        .literal_separator(true)
        .build()
        .map_err(|error| format!("{text}: it is not a pattern: {}", error.kind()))?
        .compile_matcher();
    let plain = |component: &Component<'_>| !is_pattern(Path::new(component.as_os_str()));
    let start: PathBuf = pattern.components().take_while(plain).collect();
    let deepest = if text.contains("**") { usize::MAX } else { pattern.components().count() };
    let mut found = Vec::new();
    let mut folders = vec![start];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            // Links to folders are not followed: a link to a parent folder would lead back here for ever.
            let is_link = path.symlink_metadata().is_ok_and(|there| there.is_symlink());
            if path.is_dir() {
                if !is_link && !is_hidden(&path) && path.components().count() < deepest {
                    folders.push(path);
                }
            } else if glob.is_match(&path) {
                found.push(path);
            }
        }
        if found.len() > MOST {
            return Err(format!("{text}: more than {MOST} files fit"));
        }
    }
    found.sort();
    if found.is_empty() { Err(format!("{text}: no file fits")) } else { Ok(found) }
}

/// Why a file cannot be read, without the operating system's numbers.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_owned()
        }
    }
}
