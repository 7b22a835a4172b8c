//! Where a command may write: a path that is a slip of the hand must not cost a file.

use std::fs;
use std::io;
use std::path::{self, Component, Path, PathBuf};

use super::failure::Failure;
use crate::approval::PlanFile;
use crate::engine::{self, BackendSettings};

/// Words that other tools take after `-o`, for the form of what they print.
const FORMS: &[&str] = &["json", "markdown", "md", "name", "prometheus", "text", "wide", "yaml", "yml"];
/// The same with something behind them: `jsonpath={.x}`.
const FORMS_WITH_TEMPLATE: &[&str] = &[
    "custom-columns",
    "custom-columns-file",
    "go-template",
    "go-template-file",
    "jsonpath",
    "jsonpath-as-json",
];

/// Refuses a path to which no plan file may be written. Nothing is replaced there but a plan file.
pub(super) fn check_plan_file(path: &Path) -> Result<(), Failure> {
    check_word(path, "--out")?;
    let name = path.display();
    let refused = |what: &str| {
        Err(Failure::message(format!("`{name}` {what}, and `--out` replaces nothing but a plan file"))
            .help("give the plan file another name, or remove that file first"))
    };
    match content(path) {
        Ok(None) => Ok(()),
        Ok(Some(text)) if text.is_empty() || PlanFile::is_one(&text) => Ok(()),
        Ok(Some(_)) => refused("is there already and is not a plan file"),
        Err(why) => refused(&format!("is there already and cannot be read ({why})")),
    }
}

/// Refuses a path to which no report may be written: what the run reads, and what regplan keeps. `inputs` are the
/// files of the configuration.
pub(super) fn check_report<'p>(
    path: &Path,
    inputs: impl IntoIterator<Item = &'p PathBuf>,
) -> Result<(), Failure> {
    check_word(path, "--output")?;
    let name = path.display();
    let refused = |what: &str| {
        Err(Failure::message(format!("`{name}` is {what}, and a report does not replace it"))
            .help("give the report another name"))
    };
    // What is not there cannot be lost, and what cannot be read as text is told when it is written.
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    let is_toml = real.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    if is_toml || inputs.into_iter().any(|file| file.canonicalize().is_ok_and(|file| file == real)) {
        return refused("a configuration");
    }
    match content(path) {
        Ok(Some(text)) if PlanFile::is_one(&text) => refused("a plan file"),
        Ok(Some(text)) if is_kept_by_regplan(&text) => refused("a file of the state"),
        _ => Ok(()),
    }
}

/// Refuses a path in the folder in which regplan keeps the state: also where nothing is there yet, since the next run
/// would take it for its own.
pub(super) fn check_beside_state(path: &Path, flag: &str, state: &BackendSettings) -> Result<(), Failure> {
    let Some(location) = state.location().map_err(engine::Error::from)? else { return Ok(()) };
    let kept = real(location.kept_folder());
    // The path may be a link, or lie behind one.
    let parent = path.parent().map(real).unwrap_or_default();
    let written = path.file_name().map_or_else(|| parent.clone(), |name| parent.join(name));
    let target = fs::read_link(path).map(|target| real(&parent.join(target)));
    if !written.starts_with(&kept) && !target.is_ok_and(|target| target.starts_with(&kept)) {
        return Ok(());
    }
    Err(Failure::message(format!(
        "`{flag} {}` is in the folder of the state, in which only regplan writes",
        path.display()
    ))
    .help("name a file outside of that folder"))
}

/// The path without links and without `..`, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let mut real = path::absolute(".").and_then(|here| here.canonicalize()).unwrap_or_default();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(real.pop()),
            Component::CurDir => {}
            other => real.push(other),
        }
        if let Ok(there) = real.canonicalize() {
            real = there;
        }
    }
    real
}

/// Whether the text is a state, a revision or the like. All of them have a checksum, or, in format 1, a lineage
/// and no verdict, which every report has.
fn is_kept_by_regplan(text: &str) -> bool {
    let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
    value.is_some_and(|value| {
        let has = |key| value.get(key).is_some();
        has("format_version") && (has("checksum") || has("lineage") && !has("verdict"))
    })
}

/// Refuses what is no path but a word of another tool.
fn check_word(path: &Path, flag: &str) -> Result<(), Failure> {
    let Some(text) = path.to_str() else { return Ok(()) };
    if text == "-" {
        return Err(Failure::message(format!("`{flag} -` names no file"))
            .help("without the flag, the text goes to standard output: `--format json` is for programs"));
    }
    let word = text.trim_start_matches('=').split('=').next().unwrap_or_default();
    let is_template = text.contains('=') && FORMS_WITH_TEMPLATE.contains(&word);
    if !is_template && !FORMS.contains(&text.trim_start_matches('=')) {
        return Ok(());
    }
    let form = if is_template { "json" } else { word };
    Err(Failure::message(format!("`{flag}` takes the name of a file, and `{text}` is the name of a form"))
        .help(format!(
            "write `--format {form}` for the form; for a file of that name, write `{flag} ./{text}`"
        )))
}

/// The text of a file that is there; `None` where there is none. What is no text is an error.
fn content(path: &Path) -> io::Result<Option<String>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    // A device or a pipe would never end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    fs::read(path).map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<(), Failure>) -> String {
        match result {
            Err(Failure::Refused(words)) => words.message,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_plan_replaces_nothing_but_a_plan() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let plan = at("old.regplan", r#"{"format_version": 1, "seal": "x", "content": {}}"#);
        assert!(check_plan_file(&plan).is_ok());
        assert!(check_plan_file(&at("empty", "")).is_ok());
        assert!(check_plan_file(&folder.path().join("new")).is_ok());
        for other in [
            at("regplan.toml", "[project]\n"),
            at("state.json", r#"{"format_version": 2, "lineage": "x"}"#),
            at("binary", "\0"),
            at("broken.regplan", r#"{"format_version": 2, "seal": "#),
            folder.path().to_owned(),
            "/dev/null".into(),
        ] {
            let said = message(check_plan_file(&other));
            assert!(said.contains("replaces nothing but a plan file"), "{said}");
        }
        #[cfg(unix)]
        {
            let dangling = folder.path().join("dangling");
            std::os::unix::fs::symlink("/nowhere/at/all", &dangling).unwrap();
            assert!(check_plan_file(&dangling).is_err());
        }
    }

    #[test]
    fn a_report_replaces_a_report_and_no_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let read = [at("values.conf", "a = 1\n")];
        let none: [PathBuf; 0] = [];
        assert!(check_report(&at("drift.prom", "# HELP x\n"), &read).is_ok());
        assert!(
            check_report(
                &at("drift.json", r#"{"format_version": 1, "lineage": "x", "verdict": "drift"}"#),
                &read
            )
            .is_ok()
        );
        assert!(check_report(&folder.path().join("new"), &read).is_ok());
        assert!(message(check_report(&read[0], &read)).contains("a configuration"));
        assert!(message(check_report(&at("x.toml", ""), &none)).contains("a configuration"));
        let plan = at("x.regplan", r#"{"format_version": 2, "seal": "x", "content": {}}"#);
        assert!(message(check_report(&plan, &none)).contains("a plan file"));
        let state = at("state.json", r#"{"format_version": 2, "checksum": "x", "content": {}}"#);
        assert!(message(check_report(&state, &none)).contains("a file of the state"));
    }

    #[test]
    fn the_name_of_a_form_is_no_file() {
        for word in ["json", "yaml", "wide", "=json", "jsonpath={.x}", "-", "markdown"] {
            assert!(check_plan_file(Path::new(word)).is_err(), "{word}");
            assert!(check_report(Path::new(word), &[] as &[PathBuf]).is_err(), "{word}");
        }
        for path in ["./json", "plan.json", "a=b", "json.plan"] {
            assert!(check_plan_file(Path::new(path)).is_ok(), "{path}");
        }
    }
}
