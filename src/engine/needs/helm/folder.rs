//! The folder of a chart.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::resource::hex;

/// The largest size of a chart in bytes; that of Helm itself is about as large.
pub(super) const LARGEST: u64 = 100 << 20;

/// What is no part of a chart, and changes by itself.
const LEFT_OUT: &str = ".git";

/// The SHA-256 of all files of a folder, with their paths; `None` for a folder that is larger than a chart can be.
///
/// # Errors
/// It cannot be read, or a link in it leads out of it: Helm would follow that, and what is there may be anything.
pub(super) fn digest(folder: &Path) -> Result<Option<String>, String> {
    let mut files = files(folder)?;
    files.sort();
    let (mut digest, mut size) = (Sha256::new(), 0);
    for path in files {
        let bytes = fs::read(&path).map_err(|error| cannot(&path, &error))?;
        size += bytes.len() as u64;
        if size > LARGEST {
            return Ok(None);
        }
        let within = path.strip_prefix(folder).unwrap_or(&path);
        digest.update(within.as_os_str().as_encoded_bytes());
        // No path has it, and no number of bytes: so no two folders look alike.
        digest.update([0]);
        digest.update(bytes.len().to_le_bytes());
        digest.update(&bytes);
    }
    Ok(Some(hex(&digest.finalize())))
}

/// The files of a folder. Links stay inside of it, or are refused; one to a folder is not followed, since what it leads to
/// is there anyway.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let root = folder.canonicalize().map_err(|error| cannot(folder, &error))?;
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).map_err(|error| cannot(&next, &error))? {
            let entry = entry.map_err(|error| cannot(&next, &error))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| cannot(&path, &error))?;
            if kind.is_dir() {
                open.push(path);
                continue;
            }
            if kind.is_symlink() {
                stays_inside(&path, &root)?;
            }
            let is_left_out = path.iter().any(|name| name == LEFT_OUT);
            found.extend((path.is_file() && !is_left_out).then_some(path));
        }
    }
    Ok(found)
}

fn stays_inside(link: &Path, root: &Path) -> Result<(), String> {
    let target = link.canonicalize().map_err(|error| cannot(link, &error))?;
    if target.starts_with(root) {
        return Ok(());
    }
    Err(format!(
        "{} is a link that leads out of the chart, to {}: put what it leads to into the chart",
        link.display(),
        target.display()
    ))
}

fn cannot(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_counts_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let digest = || digest(folder.path()).unwrap().unwrap();
        fs::write(at("Chart.yaml"), "name: a").unwrap();
        let first = digest();
        fs::create_dir(at("templates")).unwrap();
        fs::write(at("templates/x"), "b").unwrap();
        let second = digest();
        assert_ne!(first, second);
        fs::rename(at("templates/x"), at("templates/y")).unwrap();
        assert_ne!(digest(), second);
        fs::rename(at("templates/y"), at("templates/x")).unwrap();
        fs::create_dir(at(".git")).unwrap();
        fs::write(at(".git/index"), "c").unwrap();
        assert_eq!(digest(), second);
        std::os::unix::fs::symlink("/etc/hostname", at("templates/z")).unwrap();
        assert!(super::digest(folder.path()).unwrap_err().contains("leads out of the chart"));
    }
}
