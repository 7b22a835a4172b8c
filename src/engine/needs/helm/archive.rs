//! Charts on this machine: folders and archives as they are, all others in a cache by their digests.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::program::Program;
use super::{HelmSettings, folder};
use crate::blocks::{ChartOrigin, ChartSource, LocalChart};
use crate::engine::needs::background::in_background;
use crate::resource::hex;

/// How long a download may take.
const DOWNLOAD_LIMIT: Duration = Duration::from_mins(2);

/// The chart on this machine; downloaded where the cache does not have it.
///
/// # Errors
/// It cannot be had, or is not the one that is meant: the reason in words.
pub(super) async fn fetch(
    settings: &HelmSettings,
    program: &Program<'_>,
    source: &ChartSource,
) -> Result<LocalChart, String> {
    let wanted = source.clone();
    if let ChartOrigin::Path(path) = source.origin.clone() {
        return in_background(move || at_path(&path, &wanted)).await;
    }
    let cache = Cache { folder: settings.cache.join("charts") };
    let looked_in = cache.clone();
    let found =
        in_background(move || looked_in.find(&wanted).map(|archive| checked(&archive, &wanted)).transpose());
    match found.await? {
        Some(chart) => Ok(chart),
        None => download(cache, program, source).await,
    }
}

/// The folder or the archive at a path.
fn at_path(path: &Path, source: &ChartSource) -> Result<LocalChart, String> {
    let there = path.metadata().map_err(|error| format!("{}: {}", path.display(), words(&error, path)))?;
    if !there.is_dir() {
        return checked(path, source);
    }
    if source.sha256.is_some() {
        return Err(format!("{} is a folder, and `sha256` is that of an archive", path.display()));
    }
    if !path.join("Chart.yaml").is_file() {
        return Err(format!("{} is no chart: there is no Chart.yaml in it", path.display()));
    }
    Ok(LocalChart { path: path.to_owned(), sha256: folder::digest(path)? })
}

fn words(error: &std::io::Error, path: &Path) -> String {
    let is_name = path.file_name().is_some() && path.extension().is_none();
    match error.kind() {
        std::io::ErrorKind::NotFound if is_name => {
            "there is no such folder. A chart by its name needs `repo`".to_owned()
        }
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    }
}

/// The archive, if it has the digest that is expected.
fn checked(path: &Path, source: &ChartSource) -> Result<LocalChart, String> {
    let bytes = read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let found = hex(&Sha256::digest(&bytes));
    match &source.sha256 {
        Some(expected) if *expected != found => Err(format!(
            "the archive of {source} has the SHA-256 {found}, and `sha256` says {expected}. Look at what changed in the \
             chart; if it is right, write its digest there"
        )),
        _ => Ok(LocalChart { path: path.to_owned(), sha256: Some(found) }),
    }
}

/// The bytes of an archive: of a file, and no larger than a chart can be.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let refuse = |reason: String| Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, reason));
    let there = path.metadata()?;
    if !there.is_file() {
        return refuse("it is neither a file nor a folder".to_owned());
    }
    if there.len() > folder::LARGEST {
        return refuse(format!("it is larger than {} MiB", folder::LARGEST >> 20));
    }
    fs::read(path)
}

async fn download(cache: Cache, program: &Program<'_>, source: &ChartSource) -> Result<LocalChart, String> {
    let folder = cache.folder_for_download().map_err(|error| cache.cannot(&error))?;
    program
        .run(&pull(source, folder.path()), "", DOWNLOAD_LIMIT, None)
        .await
        .map_err(|reason| format!("{source}: {reason}"))?;
    let source = source.clone();
    in_background(move || cache.take_in(folder.path(), &source)).await
}

/// The arguments with which Helm puts a chart into a folder.
fn pull(source: &ChartSource, folder: &Path) -> Vec<String> {
    let mut arguments = vec!["pull".to_owned()];
    match &source.origin {
        ChartOrigin::Oci(reference) => arguments.push(reference.clone()),
        ChartOrigin::Repository { url, name } => {
            arguments.extend([name.clone(), "--repo".to_owned(), url.clone()]);
        }
        ChartOrigin::Path(_) => {}
    }
    arguments.extend(source.version.iter().flat_map(|version| ["--version".to_owned(), version.clone()]));
    if source.plain_http {
        arguments.push("--plain-http".to_owned());
    }
    let authority = source.ca_file.iter();
    arguments.extend(authority.flat_map(|path| ["--ca-file".to_owned(), path.display().to_string()]));
    arguments.extend(["--destination".to_owned(), folder.display().to_string()]);
    arguments
}

/// Archives by their digests, and the digests by what was asked for.
#[derive(Clone)]
struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The archive of a chart that was downloaded before. A version of a chart is taken to be always the same; whoever
    /// does not believe that gives its digest.
    fn find(&self, source: &ChartSource) -> Option<PathBuf> {
        let digest = match &source.sha256 {
            Some(digest) => digest.clone(),
            None => fs::read_to_string(self.note(source)).ok()?.trim().to_owned(),
        };
        let archive = self.archive(&digest);
        // One that was cut off is downloaded anew.
        let bytes = fs::read(&archive).ok()?;
        (hex(&Sha256::digest(&bytes)) == digest).then_some(archive)
    }

    /// A new folder to download into; it lies in the cache, so that what was downloaded only has to be renamed.
    fn folder_for_download(&self) -> std::io::Result<TempDir> {
        fs::create_dir_all(&self.folder)?;
        tempfile::tempdir_in(&self.folder)
    }

    /// Takes in the archive that was downloaded into a folder, if it is the one that is meant.
    fn take_in(&self, downloaded: &Path, source: &ChartSource) -> Result<LocalChart, String> {
        let entries = fs::read_dir(downloaded).map_err(|error| self.cannot(&error))?;
        let mut paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        let archive = paths.find(|path| path.extension().is_some_and(|end| end == "tgz"));
        let archive = archive.ok_or_else(|| format!("{source}: Helm has downloaded nothing"))?;
        let chart = checked(&archive, source)?;
        let digest = chart.sha256.as_deref().unwrap_or_default();
        let path = self.keep(&archive, source, digest).map_err(|error| self.cannot(&error))?;
        Ok(LocalChart { path, ..chart })
    }

    /// Keeps an archive.
    fn keep(&self, archive: &Path, source: &ChartSource, digest: &str) -> std::io::Result<PathBuf> {
        let kept = self.archive(digest);
        fs::rename(archive, &kept)?;
        let note = tempfile::NamedTempFile::new_in(&self.folder)?;
        fs::write(note.path(), digest)?;
        note.persist(self.note(source)).map_err(|error| error.error)?;
        Ok(kept)
    }

    fn cannot(&self, error: &std::io::Error) -> String {
        format!("{}: {error}", self.folder.display())
    }

    fn archive(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}.tgz"))
    }

    /// The file that says which digest a chart by name and version has.
    fn note(&self, source: &ChartSource) -> PathBuf {
        let origin = match &source.origin {
            ChartOrigin::Oci(reference) => reference.clone(),
            ChartOrigin::Repository { url, name } => format!("{url} {name}"),
            ChartOrigin::Path(path) => path.display().to_string(),
        };
        let asked = format!("{origin} {}", source.version.as_deref().unwrap_or_default());
        self.folder.join(format!("{}.version", hex(&Sha256::digest(asked))))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::mpsc;

    use futures::FutureExt as _;

    use super::*;

    /// The only thread for work in the background is busy when the chart is asked for.
    #[test]
    fn charts_are_read_and_digested_beside_all_other_needs() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a.tgz");
        fs::write(&archive, "chart").unwrap();
        fs::write(folder.path().join("Chart.yaml"), "name: a").unwrap();
        let settings = HelmSettings {
            program: PathBuf::from("/nonexistent"),
            cache: folder.path().to_owned(),
            environment: BTreeMap::new(),
            wide_environment: BTreeMap::new(),
        };
        let program = Program::new(&settings);
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        for path in [archive, folder.path().to_owned()] {
            let (go_on, waits) = mpsc::channel::<()>();
            let origin = ChartOrigin::Path(path.clone());
            let source =
                ChartSource { origin, version: None, sha256: None, plain_http: false, ca_file: None };
            runtime.block_on(async {
                tokio::task::spawn_blocking(move || waits.recv());
                let mut chart = Box::pin(fetch(&settings, &program, &source));
                assert!(chart.as_mut().now_or_never().is_none(), "{}: it held up the others", path.display());
                go_on.send(()).unwrap();
                assert!(chart.await.unwrap().sha256.is_some());
            });
        }
    }
}
