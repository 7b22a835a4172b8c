//! A folder with a configuration, in which regplan runs.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::command::{Command, home_folder};
use super::output::{Ended, Output};
use super::{Namespace, Proxy, snapshot};

/// A temporary folder, and how regplan runs in it.
pub(crate) struct Project<'n> {
    ns: &'n Namespace,
    folder: tempfile::TempDir,
    kubeconfig: PathBuf,
    env: Vec<(OsString, OsString)>,
}

impl<'n> Project<'n> {
    pub(super) fn new(ns: &'n Namespace) -> Self {
        let folder = tempfile::Builder::new().prefix("regplan-test-").tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        Self { ns, folder, kubeconfig: ns.cluster().kubeconfig().to_owned(), env: Vec::new() }
    }

    /// Writes a file (and its folders), with `{ns}` and the like replaced.
    #[track_caller]
    pub(crate) fn write(self, path: &str, text: &str) -> Self {
        self.rewrite(path, text);
        self
    }

    /// Writes a file again.
    #[track_caller]
    pub(crate) fn rewrite(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.ns.fill(text)).unwrap();
    }

    /// Replaces a text in a file. The text has to be there.
    #[track_caller]
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let (from, text) = (self.ns.fill(from), self.read(path));
        assert!(text.contains(&from), "{path} does not contain `{from}`:\n{text}");
        self.rewrite(path, &text.replace(&from, to));
    }

    /// Reads a file.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        match fs::read_to_string(self.path(path)) {
            Ok(text) => text,
            Err(error) => panic!("cannot read {path}: {error}"),
        }
    }

    /// The content of a state, a revision or a plan file, without its version, checksum and digest.
    #[track_caller]
    pub(crate) fn content(&self, path: &str) -> Value {
        let file: Value = serde_json::from_str(&self.read(path)).unwrap();
        assert_eq!(file["format_version"], 2, "{path}");
        file["content"].clone()
    }

    /// Changes the content of a state or a revision, and computes its checksum again.
    #[track_caller]
    pub(crate) fn edit_content(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut content = self.content(path);
        change(&mut content);
        let checksum = regplan::resource::digest(&content.to_string());
        let file = json!({ "format_version": 2, "checksum": checksum, "content": content });
        self.rewrite(path, &file.to_string());
    }

    /// Removes a file.
    #[track_caller]
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// Where a file of the project is.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    /// The folder in which regplan runs.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Uses this kubeconfig from now on.
    pub(crate) fn kubeconfig(mut self, path: impl AsRef<Path>) -> Self {
        path.as_ref().clone_into(&mut self.kubeconfig);
        self
    }

    /// Goes through this proxy from now on.
    pub(crate) fn through(self, proxy: &Proxy) -> Self {
        self.kubeconfig(proxy.kubeconfig())
    }

    /// Sets an environment variable for all commands.
    pub(crate) fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// `regplan ARGS`, to which a test can add more before it runs it.
    pub(crate) fn regplan<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let command = Command::new(env!("CARGO_BIN_EXE_regplan"))
            .args(args.into_iter().map(|arg| self.ns.fill(arg)))
            .folder(self.folder())
            .env("HOME", home_folder(self.folder.path()))
            .env("KUBECONFIG", &self.kubeconfig);
        self.env.iter().fold(command, |command, (key, value)| command.env(key, value))
    }

    /// Runs `regplan ARGS`.
    #[track_caller]
    pub(crate) fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Output {
        self.regplan(args).run()
    }

    /// Applies all that there is to change, without a question.
    #[track_caller]
    pub(crate) fn apply(&self) -> Ended {
        self.run(["apply", "--auto-approve"]).success()
    }

    /// Fails unless there is nothing to change, by the state and not by annotations, and the plan says so.
    #[track_caller]
    pub(crate) fn expect_settled(&self) {
        let plan = self.run(["plan", "--detailed-exitcode"]).success();
        plan.stdout_contains("Nothing to change").stdout_lacks("There is no state here");
    }

    /// The path of the state file in the project's folder, where nothing says otherwise.
    pub(crate) fn state_path(&self) -> String {
        self.ns.fill(".regplan/{project}/state.json")
    }

    /// The content of the state.
    #[track_caller]
    pub(crate) fn state(&self) -> Value {
        self.content(&self.state_path())
    }

    /// Changes the content of the state.
    #[track_caller]
    pub(crate) fn edit_state(&self, change: impl FnOnce(&mut Value)) {
        self.edit_content(&self.state_path(), change);
    }

    /// Compares a text with the snapshot of this name. What differs between two runs is replaced first.
    #[track_caller]
    pub(crate) fn snapshot(&self, name: &str, text: &str) {
        let folder = self.folder.path().to_string_lossy().into_owned();
        snapshot::check(self.ns, &[(folder, "[folder]")], name, text);
    }
}
