//! Plan files: kept by `plan --out`, shown by `show`, applied by `apply PLANFILE`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::output::Output;
use super::wording::{self, Words};
use crate::approval::{Mismatch, Moved, PlanFile};
use crate::engine::{self, Admitted, Approval, PlanFileRefusal, Planned, StateAccess, Workspace};
use crate::report::{Label, SourceLine, Styled};
use crate::resource::Origin;
use crate::state::Store;

/// Keeps a plan in a file, unless it cannot be applied anyway.
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
    let content = file.to_text().map_err(|error| Failure::caused("the plan cannot be kept", error))?;
    Output::replace_private_file(path, &content).map_err(|error| Failure::unwritten(path, error))?;
    text.line(
        Label::Plain,
        format!("Kept in `{}`: `regplan apply {0}` does this and nothing else.", path.display()),
    );
    text.line(Label::Dim, format!("Digest of this plan: {}", planned.plan.digest));
    Ok(output.note(&text)?)
}

/// A plan file that was read.
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

    /// Where a key of the configuration stood when the plan was made.
    pub(super) fn place(&self, origin: &Origin) -> Option<SourceLine> {
        let (file, line) = self.file.places.get(&origin.key)?;
        Some(SourceLine { file: file.clone(), line: *line })
    }

    /// Admits it, before anything is planned.
    pub(super) async fn admit(
        &self,
        workspace: &mut Workspace<Store>,
        output: Output,
    ) -> Result<Admitted<'_>, Failure> {
        let admitted = workspace.admit(&self.file).await.map_err(|error| self.failure(error))?;
        if admitted.is_resumed() {
            output.note(&wording::note("an earlier run of this plan was interrupted, and is resumed."))?;
        }
        Ok(admitted)
    }

    /// Holds the plan that was made anew against it.
    pub(super) fn hold_against(
        &self,
        workspace: &Workspace<Store>,
        admitted: &Admitted<'_>,
        planned: &Planned,
    ) -> Result<Approval, Failure> {
        workspace.hold_against(admitted, planned).map_err(|error| self.failure(error))
    }

    /// An error of the engine; where it is about the file, its words name it.
    fn failure(&self, error: engine::Error) -> Failure {
        match error {
            engine::Error::PlanFile(refusal) => Failure::PlanFile { path: self.path.clone(), refusal },
            other => other.into(),
        }
    }
}

/// The words for a plan file that is not applied.
pub(super) fn refused(path: &Path, refusal: &PlanFileRefusal) -> Words {
    let (why, help) = reason(refusal);
    Words::new(format!("`{}` is not applied, and nothing was done: {why}", path.display()), help)
}

/// Why it is not applied, and what to do next.
fn reason(refusal: &PlanFileRefusal) -> (String, &'static str) {
    let again = "plan again, and have the new plan approved";
    match refusal {
        PlanFileRefusal::NoKey => (
            "there is no key here to check it with".to_owned(),
            "a plan is applied where its state is: keep the folder `.regplan` from the plan to the apply",
        ),
        PlanFileRefusal::NotSealed => (
            "it was not written here, or was changed since".to_owned(),
            "plan again with `--out`; a plan is applied where its state is, since the key that seals it stays with \
             the state",
        ),
        PlanFileRefusal::Completed { revision, at } => (
            format!("it was applied already, as revision {revision} at {at}"),
            "a plan file is applied once; plan again to see what has changed since",
        ),
        PlanFileRefusal::Unchecked(fields) => (
            format!("not everything could be checked when it was made:\n  {}", wording::unchecked(fields)),
            "plan again where the secrets are set",
        ),
        PlanFileRefusal::Mismatch(mismatches) => {
            (mismatches.iter().map(story).collect::<Vec<_>>().join("; "), again)
        }
        PlanFileRefusal::Moved(moved) => {
            let mut lines = "this has moved since the plan was made:".to_owned();
            for line in moved.iter().flat_map(told) {
                let _ = write!(lines, "\n  {line}"); // writing to a String does not fail
            }
            (lines, again)
        }
    }
}

fn story(mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Version { made_by } => format!(
            "it was made by regplan {made_by}, and this is {}: another version may plan differently",
            env!("CARGO_PKG_VERSION")
        ),
        Mismatch::Project { of } => format!("it is about the project `{of}`"),
        Mismatch::Lineage { of } => format!("it was made from another state (lineage {of})"),
        Mismatch::Cluster { of } => format!("it was made for {}", wording::named(of)),
        Mismatch::Configuration => "the configuration has changed since".to_owned(),
        Mismatch::Secrets(names) => format!("a secret is another one than it was then: {}", names.join(", ")),
    }
}

fn told(moved: &Moved) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", moved.address, moved.story)];
    lines.extend(moved.fields.iter().map(|(path, managers)| match managers.as_deref() {
        None => format!("  {path}"),
        Some([]) => format!("  {path} (by unknown)"),
        Some(managers) => {
            let managers: Vec<&str> = managers.iter().map(|manager| manager.name.as_str()).collect();
            format!("  {path} (by {})", managers.join(", "))
        }
    }));
    lines
}
