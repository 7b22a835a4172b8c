//! Plan files: written by `plan --out`, shown by `show`, applied by `apply PLANFILE`.

use std::fs;
use std::path::{Path, PathBuf};

use super::destination;
use super::failure::Failure;
use super::output::Output;
use crate::approval::PlanFile;
use crate::engine::{self, Admitted, Approval, Planned, StateAccess, Workspace};
use crate::report::{Label, SourceLine, Styled};
use crate::resource::Origin;
use crate::state::Store;

/// Writes a plan into a file, unless it cannot be applied anyway.
pub(super) async fn keep<S: StateAccess>(
    path: &Path,
    workspace: &Workspace<S>,
    planned: &Planned,
    output: Output,
) -> Result<(), Failure> {
    let mut text = Styled::default();
    let Some(file) = workspace.plan_file(planned).await? else {
        let story = format!("`{}` was not written: nothing of this plan can be applied.", path.display());
        return Ok(output.message(text.line(Label::Plain, story))?);
    };
    destination::check_plan_file(path)?;
    Output::replace_private_file(path, file.as_text()).map_err(|error| Failure::unwritten(path, error))?;
    text.line(
        Label::Plain,
        format!("Kept in `{}`: `regplan apply {0}` does this and nothing else.", path.display()),
    );
    text.line(Label::Dim, format!("Digest of this plan: {}", planned.plan.digest));
    text.line(Label::Dim, in_history(&file));
    Ok(output.note(&text)?)
}

/// How the run of a plan file is found in the history: the file binds more than the plan says.
pub(super) fn in_history(file: &PlanFile) -> String {
    format!("Digest of this file, by which the history names its apply: {}", file.digest())
}

/// A plan file that was read, with its path.
pub(super) struct NamedPlanFile {
    path: PathBuf,
    pub(super) file: PlanFile,
}

impl NamedPlanFile {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::caused(format!("the plan file `{}` cannot be read", path.display()), error)
                .help("`regplan plan --out FILE` writes one")
        })?;
        let file = PlanFile::from_text(&text).map_err(|damage| {
            Failure::caused(format!("`{}` cannot be used", path.display()), damage)
                .help("plan again with `--out`, and have the new plan approved")
        })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// The file and line of a configuration key when the plan was made.
    pub(super) fn place(&self, origin: &Origin) -> Option<SourceLine> {
        SourceLine::of_file(origin).or_else(|| {
            let (file, line) = self.file.place(&origin.key)?;
            Some(SourceLine { file: file.clone(), line: *line })
        })
    }

    /// Makes sure, before anything is planned, that the file may be applied here.
    pub(super) async fn admit(&self, workspace: &mut Workspace<Store>) -> Result<Admitted<'_>, Failure> {
        workspace.admit(&self.file).await.map_err(|error| self.failure(error))
    }

    /// Compares the new plan with the file.
    pub(super) async fn hold_against(
        &self,
        workspace: &Workspace<Store>,
        admitted: &Admitted<'_>,
        planned: &Planned,
    ) -> Result<Approval, Failure> {
        workspace.hold_against(admitted, planned).await.map_err(|error| self.failure(error))
    }

    /// The failure for an error of the engine. Where it is about the file, it names the file.
    fn failure(&self, error: engine::Error) -> Failure {
        match error {
            engine::Error::PlanFile(refusal) => Failure::PlanFile { path: self.path.clone(), refusal },
            other => other.into(),
        }
    }
}
