//! How the state names the files that a configuration is read from: the same in every checkout of them.

use std::path::{Component, Path, PathBuf};

use super::inputs::{DEFAULT_FILE, Inputs};

/// The names of all `-f` and `--var-file`, each once, relative to this folder: the one of the first file. A file
/// elsewhere on the machine has its last name only, since its path says nothing to others.
pub(super) fn file_names(inputs: &Inputs<'_>, folder: &Path) -> Vec<String> {
    let usual = [PathBuf::from(DEFAULT_FILE)];
    let files = if inputs.files.is_empty() { &usual } else { inputs.files };
    let is_relative = files.iter().take(1).all(|first| first.is_relative());
    let folder = plain(&inputs.base.join(folder));
    let mut names: Vec<String> = Vec::new();
    for file in files.iter().chain(inputs.var_files) {
        let path = plain(&inputs.base.join(file));
        let name = match path.strip_prefix(&folder) {
            Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
            Ok(inside) => text(inside),
            Err(_) if is_relative && file.is_relative() => text(&from(&folder, &path)),
            Err(_) => path.file_name().map_or_else(|| text(&path), |name| text(Path::new(name))),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// The way from a folder to a path that is not in it.
fn from(folder: &Path, path: &Path) -> PathBuf {
    let common = folder.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    up.chain(path.components().skip(common)).collect()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: &[&str], var_files: &[&str], folder: &str) -> Vec<String> {
        let paths = |texts: &[&str]| texts.iter().map(PathBuf::from).collect::<Vec<_>>();
        let (files, var_files) = (paths(files), paths(var_files));
        let inputs = Inputs {
            files: &files,
            vars: &[],
            var_files: &var_files,
            env: &|_| None,
            base: Path::new("/home/kim/web"),
            sensitive_may_be_unset: false,
        };
        file_names(&inputs, Path::new(folder))
    }

    #[test]
    fn a_file_has_one_name_in_every_checkout() {
        let folder = "/home/kim/web";
        assert_eq!(names(&[], &["prod.vars"], folder), ["regplan.toml", "prod.vars"]);
        assert_eq!(
            names(&["base.toml", "./prod.toml", "base.toml"], &[], folder),
            ["base.toml", "prod.toml"]
        );
        let absolute = ["/home/kim/web/base.toml", "/home/kim/web/envs/../prod.toml"];
        assert_eq!(names(&absolute, &[], folder), ["base.toml", "prod.toml"]);
        let elsewhere = ["conf/base.toml", "envs/prod.toml"];
        assert_eq!(names(&elsewhere, &[], "/home/kim/web/conf"), ["base.toml", "../envs/prod.toml"]);
        assert_eq!(names(&["conf", "envs"], &[], "/home/kim/web/conf"), [".", "../envs"]);
    }

    #[test]
    fn no_path_of_the_machine_is_in_a_name() {
        assert_eq!(
            names(&["base.toml"], &["/run/ci/prod.vars"], "/home/kim/web"),
            ["base.toml", "prod.vars"]
        );
        assert_eq!(names(&["/srv/base.toml", "prod.toml"], &[], "/srv"), ["base.toml", "prod.toml"]);
    }
}
