//! Reads the files that a path, a folder or a pattern names.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use futures::future::try_join_all;
use globset::{GlobBuilder, GlobMatcher};

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
    paths(path)?.into_iter().map(read_text).collect()
}

/// The files of a path, in order. What the path names and cannot be looked at is an error: to leave it out would
/// mean that its objects are not wanted any more.
fn paths(path: &Path) -> Result<Vec<PathBuf>, String> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => in_folder(path),
        Ok(_) => Ok(vec![path.to_path_buf()]),
        Err(_) if is_pattern(path) && path.symlink_metadata().is_err() => matching(path),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// Reads these files and parses them, several at once, because this is the slowest part of loading a
/// configuration.
pub(super) async fn manifests(path: PathBuf) -> Fact {
    let paths = match in_background(move || paths(&path)).await {
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

fn read_text(path: PathBuf) -> Result<(PathBuf, Arc<str>), String> {
    match text(&path, LARGEST) {
        Ok(text) => Ok((path, Arc::from(text))),
        Err(reason) => Err(format!("{}: {reason}", path.display())),
    }
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

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[', '{'])
}

/// The files that fit a pattern. Links to folders are followed where the pattern names folders one by one; `**` does
/// not follow them, since a link to a folder above would lead back for ever.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let text = pattern.to_string_lossy();
    let levels = Levels::of(pattern)?;
    let plain = |component: &Component<'_>| !is_pattern(Path::new(component.as_os_str()));
    let start: PathBuf = pattern.components().take_while(plain).collect();
    let mut found = Vec::new();
    let mut folders = vec![start];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            let is_link = path.symlink_metadata().is_ok_and(|there| there.is_symlink());
            let leads_on = levels.lead_on(&path) && !is_hidden(&path) && !(is_link && levels.is_endless());
            let fits = levels.fit(&path);
            if !leads_on && !fits {
                continue;
            }
            match sort(&path)? {
                Sort::Folder if leads_on => folders.push(path),
                Sort::File if fits => found.push(path),
                Sort::Other if fits => return Err(not_a_file(&path)),
                _ => {}
            }
        }
        if found.len() > MOST {
            return Err(format!("{text}: more than {MOST} files fit"));
        }
    }
    found.sort();
    if found.is_empty() { Err(format!("{text}: no file fits")) } else { Ok(found) }
}

/// A pattern, level by level: what fits it, and which folders lead to what fits.
struct Levels {
    whole: GlobMatcher,
    /// The pattern's first parts, by their number of components.
    parts: Vec<(usize, GlobMatcher)>,
    is_endless: bool,
}

impl Levels {
    fn of(pattern: &Path) -> Result<Self, String> {
        let glob = |path: &Path| {
            let text = path.to_string_lossy();
            let glob = GlobBuilder::new(&text).literal_separator(true).build();
            glob.map(|glob| glob.compile_matcher())
                .map_err(|error| format!("{text}: it is not a pattern: {}", error.kind()))
        };
        let whole = glob(pattern)?;
        let is_endless = pattern.to_string_lossy().contains("**");
        let mut parts = Vec::new();
        // A part of a pattern with `{a/b,c}` need not be one: then every folder of that depth leads on.
        for part in pattern.ancestors().skip(1) {
            parts.extend(glob(part).ok().map(|matcher| (part.components().count(), matcher)));
        }
        Ok(Self { whole, parts, is_endless })
    }

    fn is_endless(&self) -> bool {
        self.is_endless
    }

    fn fit(&self, path: &Path) -> bool {
        self.whole.is_match(path)
    }

    /// Whether a folder may have what fits below it.
    fn lead_on(&self, folder: &Path) -> bool {
        if self.is_endless {
            return true;
        }
        let depth = folder.components().count();
        let deepest = self.parts.iter().map(|(depth, _)| *depth).max().unwrap_or(0);
        let part = self.parts.iter().find(|(of, _)| *of == depth);
        depth <= deepest && part.is_none_or(|(_, matcher)| matcher.is_match(folder))
    }
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
