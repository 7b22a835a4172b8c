//! Plan files: kept by `plan --out`, shown by `show`, held against what is at hand by `apply PLANFILE`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::args::{PlanningArgs, RunArgs};
use super::exit::Failure;
use super::output::Output;
use super::session::{self, Planned, Session};
use crate::approval::{self, Asked, Attempt, PlanFile, Preconditions};
use crate::plan::{Keep, Mode, Plan};
use crate::report::{self, Label, SourceLine, Styled};
use crate::resource::{Key, Origin};
use crate::state::{Backend as _, LocalBackend};

/// Keeps a plan in a file, unless it cannot be applied anyway.
pub(super) async fn keep(
    path: &Path,
    session: &Session,
    planned: &Planned,
    asked: Asked,
    output: Output,
) -> Result<(), Failure> {
    let Planned { plan, given } = planned;
    if !plan.refusals.is_empty() {
        let mut text = Styled::default();
        let story = format!("`{}` was not written: nothing of this plan can be applied.", path.display());
        return Ok(output.message(text.line(Label::Plain, story))?);
    }
    let key = LocalBackend::new(session::location(&session.config)?).make_key().await?;
    let preconditions = Preconditions::of(plan, &session.config, given, asked, &key);
    let file = PlanFile::new(plan, preconditions, places(session, plan), &key)
        .map_err(|error| Failure::message(format!("the plan cannot be kept: {error}")))?;
    Output::replace_private_file(path, file.as_text()).map_err(|error| {
        Failure::message(format!("`{}` cannot be written: {error}", path.display())).help(
            "its folder must be there, and writable: the file is made anew beside the old one, then renamed",
        )
    })?;
    let mut text = Styled::default();
    text.line(
        Label::Plain,
        format!("Kept in `{}`: `regplan apply {0}` does this and nothing else.", path.display()),
    );
    text.line(Label::Dim, format!("Digest of this plan: {}", plan.digest));
    Ok(output.note(&text)?)
}

/// Where the keys stand that the plan names.
fn places(session: &Session, plan: &Plan) -> BTreeMap<String, (String, usize)> {
    let place = SourceLine::within(&session.config.sources);
    let fields = plan.changes.iter().flat_map(|change| &change.fields);
    let origins = fields.flat_map(|field| {
        let keep = field.keep.iter().filter_map(|keep| match keep {
            Keep::Key(origin) => Some(origin),
            Keep::Ignore(_) => None,
        });
        keep.chain(&field.origin)
    });
    origins
        .filter_map(|origin| {
            let SourceLine { file, line } = place(origin)?;
            Some((origin.key.clone(), (file, line)))
        })
        .collect()
}

/// A plan file that was read.
pub(super) struct Approved {
    path: PathBuf,
    file: PlanFile,
}

impl Approved {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::message(format!("the plan file `{}` cannot be read: {error}", path.display()))
                .help("`regplan plan --out FILE` writes one")
        })?;
        let file = PlanFile::from_text(&text).map_err(|damage| {
            Failure::message(format!("`{}` cannot be used: {damage}", path.display()))
                .help("plan again with `--out`, and have the new plan approved")
        })?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(super) fn plan(&self) -> Plan {
        self.file.plan()
    }

    /// Where a key of the configuration stood when the plan was made.
    pub(super) fn place(&self, origin: &Origin) -> Option<SourceLine> {
        let (file, line) = self.file.place(&origin.key)?;
        Some(SourceLine { file: file.clone(), line: *line })
    }

    pub(super) fn mode(&self) -> Mode {
        self.file.preconditions().asked.mode
    }

    /// By what the run that applies it is known.
    pub(super) fn digest(&self) -> &str {
        self.file.digest()
    }

    /// How it is to be planned again.
    pub(super) fn run_args(&self, given: &RunArgs) -> RunArgs {
        let Asked { targets, replace, adopt, consent, .. } = self.file.preconditions().asked.clone();
        let planning = PlanningArgs { adopt, consent, target: targets, replace, ..given.planning.clone() };
        RunArgs { planning, ..*given }
    }

    /// Refuses a file that cannot be applied, before anything is planned.
    pub(super) async fn admit(&self, session: &mut Session, output: Output) -> Result<(), Failure> {
        let store = session.store()?;
        let key = self.key(store.key().await?)?;
        if !self.file.is_sealed_by(&key) {
            return Err(self.refuse("it was not written here, or was changed since").help(
                "plan again with `--out`; a plan is applied where its state is, since the key that seals it stays with \
                 the state",
            ));
        }
        if let Some(completed) = store.completed(self.digest()).await? {
            return Err(self
                .refuse(&format!(
                    "it was applied already, as revision {} at {}",
                    completed.revision, completed.at
                ))
                .help("a plan file is applied once; plan again to see what has changed since"));
        }
        let mut unchecked: Vec<String> =
            self.file.unchecked().map(|(address, path, why)| format!("{address} {path}: {why}")).collect();
        unchecked.dedup();
        if !unchecked.is_empty() {
            let why =
                format!("not everything could be checked when it was made:\n  {}", unchecked.join("\n  "));
            return Err(self.refuse(&why).help("plan again where the secrets are set"));
        }
        // The plan of a project that has no state yet has drawn the lineage that its objects will carry.
        if let Ok(lineage) = self.file.preconditions().lineage.parse() {
            store.assume_lineage(&lineage)?;
        }
        if self.attempt(session)? == Attempt::Resumed {
            let mut text = Styled::default();
            text.push(Label::Warning, "Note: ");
            output.note(
                text.line(Label::Plain, "an earlier run of this plan was interrupted, and is resumed."),
            )?;
        }
        Ok(())
    }

    /// Refuses to go on where anything is other than it was approved.
    pub(super) async fn hold_against(&self, planned: &Planned, session: &mut Session) -> Result<(), Failure> {
        let attempt = self.attempt(session)?;
        let key = self.key(session.store()?.key().await?)?;
        let preconditions = Preconditions::of(
            &planned.plan,
            &session.config,
            &planned.given,
            self.file.preconditions().asked.clone(),
            &key,
        );
        let mismatches = self.file.preconditions().mismatches(&preconditions);
        if !mismatches.is_empty() {
            let stories: Vec<String> = mismatches.iter().map(report::mismatch_text).collect();
            return Err(self.refuse(&stories.join("; ")).help("plan again, and have the new plan approved"));
        }
        // What stands in the way of the new plan is shown with it.
        if !planned.plan.refusals.is_empty() {
            return Ok(());
        }
        let divergences = approval::check(&self.file, &planned.plan, attempt, &key);
        if divergences.is_empty() {
            return Ok(());
        }
        let mut lines = "this has moved since the plan was made:".to_owned();
        for line in divergences.iter().flat_map(report::divergence_lines) {
            let _ = write!(lines, "\n  {line}"); // writing to a String does not fail
        }
        Err(self.refuse(&lines).help("plan again, and have the new plan approved"))
    }

    fn attempt(&self, session: &mut Session) -> Result<Attempt, Failure> {
        let unfinished = session.store()?.state().unfinished.as_ref();
        let is_ours = unfinished.is_some_and(|run| run.plan == self.digest());
        Ok(if is_ours { Attempt::Resumed } else { Attempt::Fresh })
    }

    fn key(&self, key: Option<Key>) -> Result<Key, Failure> {
        key.ok_or_else(|| {
            self.refuse("there is no key here to check it with").help(
                "a plan is applied where its state is: keep the folder `.regplan` from the plan to the apply",
            )
        })
    }

    fn refuse(&self, why: &str) -> Failure {
        Failure::message(format!("`{}` is not applied, and nothing was done: {why}", self.path.display()))
    }
}
